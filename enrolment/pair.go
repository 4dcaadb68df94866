package enrolment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

// Draw makes an authenticator for the pair link and forgets the one drawn before.
// uri has the secret in it. The drawing names it when it is confirmed; it is good
// for ten minutes. The errors are Find's.
func (o *Office) Draw(ctx context.Context, token csc.Secret) (uri csc.Secret, drawing string, err error) {
	e, err := o.step(ctx, LinkPair, token, func(e *Enrolment) error {
		sealed, err := o.Registrar.Draw(ctx, e.UserID)
		e.Progress.draw(sealed, o.now().Add(drawingLife))
		return err
	})
	if err != nil {
		return "", "", err
	}
	text, err := o.Registrar.Pairing(ctx, e.UserID, e.Progress.Drawn)
	return csc.Secret(text), audit.Mark(e.Progress.Drawn), err
}

// step is change for who has a link that is good.
func (o *Office) step(ctx context.Context, link Link, token csc.Secret, edit func(*Enrolment) error) (Enrolment, error) {
	return o.changing(ctx, edit, func() (Enrolment, error) { return o.Find(ctx, link, token) })
}

// draw has a secret in the place of any before it; nil for none.
func (p *Progress) draw(sealed []byte, until time.Time) {
	p.Drawn, p.DrawnUntil, p.DrawnStep, p.DrawnTries = sealed, until, 0, 0
}

// Half reports whether one code of the drawn authenticator was right, and the next
// one is wanted.
func (p Progress) Half(now time.Time) bool { return p.DrawnStep != 0 && now.Before(p.DrawnUntil) }

// try counts a code of a drawing, before it is judged.
func (p *Progress) try(drawing string, now time.Time) error {
	if p.Drawn == nil || audit.Mark(p.Drawn) != drawing || !now.Before(p.DrawnUntil) || p.DrawnTries >= mostTries {
		return ErrStale
	}
	p.DrawnTries++
	return nil
}

// ConfirmPairing takes a code of the drawn authenticator. users.ErrNext wants the
// one right after it as well, and users.ErrApart does where this one was not right
// after the one before; with the second of two in a row the authenticator is the
// signer's, and the link is used. ErrStale wants another drawing, ErrCode another
// code; the others are Find's. What dies on the way is begun anew with the same link.
func (o *Office) ConfirmPairing(ctx context.Context, token csc.Secret, drawing string, code csc.Secret) (Enrolment, error) {
	e, err := o.step(ctx, LinkPair, token, func(e *Enrolment) error { return e.Progress.try(drawing, o.Now()) })
	if err != nil {
		return e, err
	}
	p := e.Progress
	if err := o.before(ctx, e); err != nil {
		return e, err
	}
	step, err := o.Registrar.Confirm(ctx, e.UserID, p.Drawn, p.DrawnStep, code, users.NewStamp())
	switch {
	case errors.Is(err, users.ErrNext), errors.Is(err, users.ErrApart):
		return o.half(ctx, e, step, err)
	case errors.Is(err, users.ErrWrong):
		return e, &CodeError{Left: mostTries - p.DrawnTries}
	case errors.Is(err, users.ErrUsed):
		return e, &CodeError{Left: mostTries - p.DrawnTries, Used: true}
	case err != nil:
		return e, fmt.Errorf("confirm authenticator: %w", err)
	}
	if err := o.record(ctx, audit.EnrolmentPaired, e, ""); err != nil {
		return e, err
	}
	e, err = o.change(ctx, e.ID, func(e *Enrolment) error {
		if e.State == Cancelled {
			return ErrCancelled
		}
		if e.State == Invited {
			e.State = Paired
		}
		e.Pair.Used = true
		e.Progress.draw(nil, time.Time{})
		return nil
	})
	if err != nil || !e.Replaces {
		return e, err
	}
	return e, o.paired(ctx, e)
}

// half keeps the step of a code that was right with the drawing that it is of, and
// returns what is wanted then.
func (o *Office) half(ctx context.Context, e Enrolment, step int64, wanted error) (Enrolment, error) {
	kept, err := o.change(ctx, e.ID, func(now *Enrolment) error {
		p := &now.Progress
		if !bytes.Equal(p.Drawn, e.Progress.Drawn) {
			return ErrStale
		}
		p.DrawnStep, p.DrawnTries = max(p.DrawnStep, step), 0
		return nil
	})
	if err == nil {
		err = wanted
	}
	return kept, err
}

// before has a signer who was one before sign later, before the second code of
// another authenticator can make it his.
func (o *Office) before(ctx context.Context, e Enrolment) error {
	if !e.Replaces || e.Progress.DrawnStep == 0 {
		return nil
	}
	user, err := o.Users.User(ctx, e.UserID)
	if err == nil {
		_, err = o.wait(ctx, user, e.Progress.Proven)
	}
	return err
}

// paired lets codes of a signer who was one before count again, and tells him, on the
// phone that he has too.
func (o *Office) paired(ctx context.Context, e Enrolment) error {
	if err := o.Registrar.Unlock(ctx, e.UserID, users.FactorCode); err != nil {
		return err
	}
	user, err := o.Users.User(ctx, e.UserID)
	if err != nil {
		return fmt.Errorf("read signer: %w", err)
	}
	o.warn(ctx, e, letter{kind: kindPaired, from: user.SignsFrom})
	return nil
}
