package enrolment

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

// An Invitation is whom to invite, and on whose word.
type Invitation struct {
	Identity Identity
	Inviter  string // a client; "" for an operator
	Request  string // by which he knows the invitation again; "" for none
	Notify   string // where he wants to be told that it came to its end; "" for nowhere
	// Again says that the person may be a signer already, and was identified anew;
	// Proven, that this was done in person, so that he signs as soon as he can.
	Again, Proven bool
}

// Invite keeps an enrolment for a person who is no signer yet, or again for one
// who was identified anew, and sends both mails. A Request that is known is
// answered with what came of it. With ErrUnsent the enrolment is there. The other
// errors are ErrIdentity and ErrExists.
func (o *Office) Invite(ctx context.Context, i Invitation) (Enrolment, error) {
	identity, err := o.Check(i.Identity)
	if err != nil {
		return Enrolment{}, err
	}
	i.Identity = identity
	if known, err := o.requested(ctx, i); !errors.Is(err, ErrUnknown) {
		return known, err
	}
	e, err := o.invite(ctx, i)
	if errors.Is(err, users.ErrUnknown) { // who was removed at this moment
		e, err = o.invite(ctx, i)
	}
	if errors.Is(err, ErrExists) { // perhaps by the same request, at this moment
		if known, asked := o.requested(ctx, i); asked == nil {
			return known, nil
		}
	}
	return e, err
}

// invite invites somebody of whom no request is known.
func (o *Office) invite(ctx context.Context, i Invitation) (Enrolment, error) {
	signer, err := o.signer(ctx, i)
	if err != nil {
		return Enrolment{}, err
	}
	e, letters := o.enrolment(i, signer)
	if err := o.record(ctx, audit.EnrolmentInvited, e, i.Identity.Reference, e.Pair, e.Activate); err != nil {
		return Enrolment{}, err
	}
	if err := o.Store.AddEnrolment(ctx, e); err != nil {
		return Enrolment{}, fmt.Errorf("invite: %w", err)
	}
	return e, o.release(ctx, e, letters...)
}

// release posts letters that bring links. Before that nobody signs any more with
// what may be in other hands, and who has not asked for it is told.
func (o *Office) release(ctx context.Context, e Enrolment, letters ...letter) error {
	if e.Replaces && e.State == Invited {
		if err := o.Registrar.Lock(ctx, e.UserID, users.FactorCode); err != nil {
			return err
		}
		if slices.ContainsFunc(letters, func(l letter) bool { return l.link == LinkPair }) {
			o.warn(ctx, e, letter{kind: kindBegun})
		}
	}
	return o.post(ctx, e, letters...)
}

// requested is what came of a request before; ErrUnknown if there was none.
func (o *Office) requested(ctx context.Context, i Invitation) (Enrolment, error) {
	if i.Request == "" {
		return Enrolment{}, ErrUnknown
	}
	known, err := o.Store.EnrolmentByRequest(ctx, i.Inviter, i.Request)
	if err == nil && known.Identity != i.Identity {
		return Enrolment{}, fmt.Errorf("%w: this request was made before, for somebody else", ErrExists)
	}
	return known, err
}

// enrolment is a new one, and the letters that bring its links.
func (o *Office) enrolment(i Invitation, signer users.User) (Enrolment, []letter) {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	now := o.now()
	e := Enrolment{
		ID: "e_" + hex.EncodeToString(b[:]), UserID: signer.ID, Identity: i.Identity, Inviter: i.Inviter, Request: i.Request,
		State: Invited, Replaces: signer.Had(users.FactorCode), Created: now, Changed: now, Notice: Notice{URI: i.Notify},
		Progress: Progress{Proven: i.Proven},
	}
	return e, []letter{o.renew(&e, LinkPair), o.renew(&e, LinkActivate)}
}

// Admit says whether a person could be invited now, and changes nothing: nil, or
// what Invite would say.
func (o *Office) Admit(ctx context.Context, i Invitation) error {
	identity, err := o.Check(i.Identity)
	if err != nil {
		return err
	}
	i.Identity = identity
	_, _, err = o.known(ctx, i)
	return err
}

// signer is who is invited: a new user, or one who is known.
func (o *Office) signer(ctx context.Context, i Invitation) (users.User, error) {
	user, known, err := o.known(ctx, i)
	if err != nil || known {
		return user, err
	}
	user, err = o.Registrar.Add(ctx, i.Identity.person())
	if errors.Is(err, users.ErrExists) {
		return user, fmt.Errorf("%w: somebody invites %s at this moment", ErrExists, i.Identity.Email)
	}
	return user, err
}

// known is the user who is invited, if he is there already and may be: one who has
// nothing yet, or, again, one who was identified anew.
func (o *Office) known(ctx context.Context, i Invitation) (users.User, bool, error) {
	person := i.Identity.person()
	user, err := o.Users.UserByEmail(ctx, person.Email)
	if errors.Is(err, users.ErrUnknown) {
		return user, false, nil
	}
	if err != nil {
		return user, false, fmt.Errorf("look up signer: %w", err)
	}
	switch {
	case user.Organization != "" || user.Disabled:
		return user, false, fmt.Errorf("%w: %s is of an organization, or disabled", ErrExists, person.Email)
	case user.GivenName != person.GivenName || user.FamilyName != person.FamilyName || user.Country != person.Country:
		return user, false, fmt.Errorf("%w: %s is of a signer of another name or country", ErrExists, person.Email)
	case user.Had(users.FactorCode) && !i.Again:
		return user, false, fmt.Errorf("%w: %s is a signer already: invite again only who was identified anew", ErrExists, person.Email)
	}
	all, err := o.Store.EnrolmentsOf(ctx, user.ID)
	before := i.Inviter == "" || !user.Had(users.FactorCode)
	for _, e := range all {
		if e.State.Open() {
			return user, false, fmt.Errorf("%w: %s is invited, as %s: resend or cancel that", ErrExists, person.Email, e.ID)
		}
		before = before || e.Inviter == i.Inviter
	}
	if err == nil && !before { // whom others know, others identify anew
		err = fmt.Errorf("%w: %s is a signer whom %s has not invited before", ErrExists, person.Email, i.Inviter)
	}
	return user, err == nil, err
}

// Resend sends a mail with a new link, which kills the one before: on the word of
// who invites. ErrUnknown, ErrState, ErrUnsent.
func (o *Office) Resend(ctx context.Context, id string, link Link) (Enrolment, error) {
	return o.send(ctx, link, func(edit func(*Enrolment) error) (Enrolment, error) { return o.change(ctx, id, edit) })
}

// send renews a link within a change, and posts its letter.
func (o *Office) send(ctx context.Context, link Link, change func(func(*Enrolment) error) (Enrolment, error)) (Enrolment, error) {
	var l letter
	e, err := change(func(e *Enrolment) error {
		if !e.wants(link) {
			return fmt.Errorf("%w: %s is %s", ErrState, e.ID, e.State)
		}
		l = o.renew(e, link)
		return o.record(ctx, audit.EnrolmentSent, *e, string(link), *e.sent(link))
	})
	if err != nil {
		return e, err
	}
	return e, o.release(ctx, e, l)
}

// Wanted are the links that have still to do what they are for.
func (e *Enrolment) Wanted() (links []Link) {
	for _, link := range []Link{LinkPair, LinkActivate} {
		if e.wants(link) {
			links = append(links, link)
		}
	}
	return links
}

// wants reports whether a link has still to do what it is for.
func (e *Enrolment) wants(link Link) bool {
	return e.State == Invited || e.State == Paired && link == LinkActivate
}

// SendAgain is Resend on the word of a signer who has one of the links, which may
// be over: to the address that he was invited at, three times an hour.
func (o *Office) SendAgain(ctx context.Context, has Link, token csc.Secret, want Link) error {
	_, err := o.send(ctx, want, func(edit func(*Enrolment) error) (Enrolment, error) {
		return o.changing(ctx, func(e *Enrolment) error {
			wait, p := time.Duration(0), &e.Progress
			if p.Mails, p.MailsSince, wait = another(p.Mails, p.MailsSince, o.now()); wait > 0 {
				return &OftenError{wait}
			}
			return edit(e)
		}, func() (Enrolment, error) {
			e, err := o.Find(ctx, has, token)
			if errors.Is(err, ErrExpired) || errors.Is(err, ErrUsed) {
				err = nil
			}
			return e, err
		})
	})
	return err
}

// another counts one that is sent more, or says how long to wait.
func another(sent int, since, now time.Time) (int, time.Time, time.Duration) {
	switch over := since.Add(sentIn); {
	case sent == 0 || !now.Before(over):
		return 1, now, 0
	case sent >= mostSent:
		return sent, since, over.Sub(now)
	}
	return sent + 1, since, 0
}

// Cancel ends an enrolment, and both links: ErrUnknown, ErrState if it is over.
func (o *Office) Cancel(ctx context.Context, id string) (Enrolment, error) {
	e, err := o.change(ctx, id, func(e *Enrolment) error {
		if !e.State.Open() {
			return fmt.Errorf("%w: %s is %s", ErrState, e.ID, e.State)
		}
		e.State, e.Progress.Drawn, e.Progress.Code = Cancelled, nil, nil
		return o.record(ctx, audit.EnrolmentCancelled, *e, "")
	})
	if err != nil || e.Progress.Claims == 0 {
		return e, err
	}
	return e, o.sweep(ctx, e)
}

// Get returns the enrolment id; ErrUnknown if there is none.
func (o *Office) Get(ctx context.Context, id string) (Enrolment, error) {
	return o.Store.Enrolment(ctx, id)
}

// List returns all enrolments, oldest first.
func (o *Office) List(ctx context.Context) ([]Enrolment, error) { return o.Store.Enrolments(ctx) }
