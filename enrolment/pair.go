package enrolment

import (
	"context"
	"errors"
	"fmt"

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
		e.Progress.Drawn, e.Progress.DrawnUntil = sealed, o.now().Add(drawingLife)
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

// ConfirmPairing makes the drawn authenticator the signer's, if the code is of it;
// then the link is used. ErrStale wants another drawing, ErrCode another code; the
// others are Find's. What dies on the way is begun anew with the same link.
func (o *Office) ConfirmPairing(ctx context.Context, token csc.Secret, drawing string, code csc.Secret) (Enrolment, error) {
	e, err := o.Find(ctx, LinkPair, token)
	if err != nil {
		return e, err
	}
	drawn := e.Progress.Drawn
	if drawn == nil || audit.Mark(drawn) != drawing || !o.Now().Before(e.Progress.DrawnUntil) {
		return e, ErrStale
	}
	switch err := o.Registrar.Confirm(ctx, e.UserID, drawn, code, users.NewStamp()); {
	case errors.Is(err, users.ErrWrong):
		return e, &CodeError{Left: mostTries}
	case errors.Is(err, users.ErrUsed):
		return e, &CodeError{Left: mostTries, Used: true}
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
		e.Pair.Used, e.Progress.Drawn = true, nil
		return nil
	})
	if err != nil || !e.Replaces {
		return e, err
	}
	return e, o.paired(ctx, e)
}

// paired lets a signer who was one before sign again, and tells him.
func (o *Office) paired(ctx context.Context, e Enrolment) error {
	if err := o.Registrar.Unlock(ctx, e.UserID, users.FactorCode); err != nil {
		return err
	}
	o.tell(ctx, e, "paired")
	return nil
}
