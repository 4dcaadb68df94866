package enrolment

import (
	"context"
	"fmt"
	"time"

	"github.com/pecete/pecete/users"
)

// A signer who lost what he proves himself with comes back on the word of who
// identified him anew. That word can be wrong, or bought: so from the moment that it
// is given he signs nothing, he is told on every way that is known of him, and what he
// is given in the place of what he lost signs only after a while in which he, who
// lost nothing, can object.

// DefaultDelay is that while, where nothing else is said.
const DefaultDelay = 24 * time.Hour

// A Recovery is by which rules signers come back.
type Recovery struct {
	Delay   time.Duration // none if zero
	Contact string        // whom a signer calls who asked for nothing; "" for whoever runs the service
}

// Why a signer does, or does not, sign at once.
const (
	whyDelay   = "recovery"
	whyNone    = "recovery.delay is 0"
	whyProven  = "identity proven in person"
	kindBegun  = "recovers" // he is told that he signs nothing
	kindAgain  = "replaced" // he is told from when he signs
	kindBack   = "recovered"
	kindPaired = "paired"
)

// Replace goes before a factor that an operator gives a signer: if it takes the place
// of one that the signer has, he is told of it on every way, and signs only from the
// moment that is returned on. proven says that the operator had him before him.
func (o *Office) Replace(ctx context.Context, userID, factor string, proven bool) (from time.Time, err error) {
	user, err := o.Users.User(ctx, userID)
	if err != nil {
		return from, fmt.Errorf("read signer: %w", err)
	}
	if !user.Had(factor) {
		return from, nil
	}
	if from, err = o.wait(ctx, user, proven); err != nil {
		return from, err
	}
	e := Enrolment{UserID: user.ID, Identity: Identity{GivenName: user.GivenName, FamilyName: user.FamilyName, Email: user.Email, Locale: user.Locale}}
	o.warn(ctx, e, letter{kind: kindAgain, from: from})
	return from, nil
}

// wait has a signer sign from a moment on, which is returned: none before one that
// was said already, unless his identity was proven.
func (o *Office) wait(ctx context.Context, user users.User, proven bool) (from time.Time, err error) {
	why := whyDelay
	switch delay := o.Recovery.Delay; {
	case proven:
		why = whyProven
	case delay <= 0:
		why = whyNone
	default:
		from = o.now().Add(delay).Truncate(time.Second)
	}
	if !proven && user.SignsFrom.After(from) && user.Recovers(o.now()) {
		from, why = user.SignsFrom, whyDelay
	}
	return from, o.Registrar.Recover(ctx, user.ID, from, why)
}

// Stop ends the recovery of a signer who did not ask for it: ErrNothing if there is
// none. As long as nothing took the place of what he has, he signs with that as
// before; later what took it counts no more, and he signs with nothing until he is
// identified, and invited, anew.
func (o *Office) Stop(ctx context.Context, userID string) (asBefore bool, err error) {
	user, err := o.Users.User(ctx, userID)
	if err != nil {
		return false, fmt.Errorf("read signer: %w", err)
	}
	all, err := o.Store.EnrolmentsOf(ctx, userID)
	if err != nil {
		return false, err
	}
	given, open := user.Recovers(o.now()), false
	for _, e := range all {
		if !e.Replaces || !e.State.Open() {
			continue
		}
		if e, err = o.Cancel(ctx, e.ID); err != nil {
			return false, err
		}
		given, open = given || e.Pair.Used, true
	}
	switch {
	case given:
		return false, o.Registrar.Strip(ctx, userID)
	case open:
		return true, o.Registrar.Unlock(ctx, userID, users.FactorCode)
	}
	return false, ErrNothing
}

// warn tells a signer of something by mail, and by SMS if his phone is known.
func (o *Office) warn(ctx context.Context, e Enrolment, l letter) {
	o.tell(ctx, e, l)
	o.text(ctx, e, l)
}
