package enrolment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/users"
)

// A Log takes audit records.
type Log interface {
	Append(ctx context.Context, e audit.Entry) error
}

// DefaultProfile is the Profile of an Identity that names none.
const DefaultProfile = "default"

// A Profile is a kind of credential that signers are invited to.
type Profile struct {
	// Credential is what a new one is, from now on.
	Credential func(now time.Time) credentials.Profile
	// Identifier puts the person's identifier into the certificate.
	Identifier bool
}

// An Office invites people and sees them through.
type Office struct {
	Store     Store
	Users     users.Store
	Registrar users.Registrar // with Passwords, for the signer's steps
	Enroller  credentials.Enroller
	Keys      Keys
	Post      notify.Post
	Audit     Log
	Now       func() time.Time
	Profiles  map[string]Profile
	// Certifiable says what of a signer cannot stand in a certificate.
	Certifiable func(signer users.User) error
	// Key keeps whoever reads the store from trying out all codes: 32 random bytes,
	// the same on every server.
	Key  []byte
	From string // what the service calls itself
	// PairURL, ActivateURL and DownloadsURL are pages, without a query; the token is
	// put behind the first two as ?link=. LoginURL is where signers log in.
	PairURL, ActivateURL, DownloadsURL, LoginURL string
	Terms                                        string        // version of the terms
	Life                                         time.Duration // of a link; 24h if zero
	Lease                                        time.Duration // of who makes a certificate; 30s if zero
	Keep                                         time.Duration // of what is over; for ever if zero
	Recovery                                     Recovery
	Logger                                       *slog.Logger
}

// How long things are good for, where nothing else is said.
const (
	linkLife    = 24 * time.Hour
	drawingLife = 10 * time.Minute
	codeLife    = 5 * time.Minute
	claimLease  = 30 * time.Second
)

// Of codes by SMS and of mails that a signer asks for, so many leave in so long;
// a code can be tried so often.
const (
	mostSent  = 3
	sentIn    = time.Hour
	mostTries = 5
)

// now is as precise as what is kept.
func (o *Office) now() time.Time { return o.Now().UTC().Truncate(time.Microsecond) }

// busy is how often a change begins anew when somebody else was quicker.
const busy = 50

// change changes the enrolment id, whatever others change meanwhile: edit is
// called again for what they made of it. An error of edit ends it.
func (o *Office) change(ctx context.Context, id string, edit func(*Enrolment) error) (Enrolment, error) {
	return o.changing(ctx, edit, func() (Enrolment, error) { return o.Store.Enrolment(ctx, id) })
}

func (o *Office) changing(ctx context.Context, edit func(*Enrolment) error, read func() (Enrolment, error)) (Enrolment, error) {
	for range busy {
		e, err := read()
		if err != nil {
			return e, err
		}
		if err := edit(&e); err != nil {
			return e, err
		}
		kept, err := o.swap(ctx, e)
		if !errors.Is(err, ErrChanged) {
			return kept, err
		}
	}
	return Enrolment{}, fmt.Errorf("change enrolment: %w", ErrChanged)
}

// swap keeps e, and returns it as it is then.
func (o *Office) swap(ctx context.Context, e Enrolment) (Enrolment, error) {
	e.Changed = o.now()
	if err := o.Store.SwapEnrolment(ctx, e); err != nil {
		return e, err
	}
	e.Revision++
	return e, nil
}

// record has a step in the audit log before it counts, with the links that are good
// from then on.
func (o *Office) record(ctx context.Context, event audit.Event, e Enrolment, what string, links ...Sent) error {
	reason := e.ID
	if what != "" {
		reason += ": " + what
	}
	var kept []string
	for _, l := range links {
		kept = append(kept, audit.Mark([]byte(l.Hash)))
	}
	return o.Audit.Append(ctx, audit.Entry{
		Event: event, Client: e.Inviter, User: e.UserID, Credential: e.CredentialID, Reason: reason, Kept: kept,
	})
}

// tell tells the signer of something. That he could not be told is in the log of
// the server, and stops nothing.
func (o *Office) tell(ctx context.Context, e Enrolment, l letter) {
	o.untold(ctx, e, l.kind, o.post(ctx, e, l))
}

// text is tell by SMS, to who has a phone that is known.
func (o *Office) text(ctx context.Context, e Enrolment, l letter) {
	user, err := o.Users.User(ctx, e.UserID)
	if err == nil && user.Phone != "" && o.Post.SMS != nil {
		err = o.Post.SMS.Send(ctx, o.written(e, l).SMS(user.Phone))
	}
	o.untold(ctx, e, l.kind, err)
}

func (o *Office) untold(ctx context.Context, e Enrolment, kind string, err error) {
	if err != nil {
		o.Logger.LogAttrs(ctx, slog.LevelWarn, "a signer was not told",
			slog.String("enrolment", e.ID), slog.String("of", kind), slog.String("cause", err.Error()))
	}
}
