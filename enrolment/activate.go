package enrolment

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/users"
)

// Missing are the steps that are missing from an activation. A phone is asked for
// only where SMS leave.
func (o *Office) Missing(e Enrolment) []Step {
	var steps []Step
	if o.Post.SMS != nil && !e.Progress.PhoneConfirmed {
		steps = append(steps, StepPhone)
	}
	if !e.Progress.PasswordSet {
		steps = append(steps, StepPassword)
	}
	if e.Progress.TermsVersion != o.Terms || e.Progress.TermsAt.IsZero() {
		steps = append(steps, StepTerms)
	}
	return steps
}

// activating is the enrolment whose activate link that is, if it is that far.
func (o *Office) activating(ctx context.Context, token csc.Secret) (Enrolment, error) {
	e, err := o.Find(ctx, LinkActivate, token)
	if err == nil && e.State == Invited {
		err = ErrNotPaired
	}
	return e, err
}

func (o *Office) activation(ctx context.Context, token csc.Secret, edit func(*Enrolment) error) (Enrolment, error) {
	return o.changing(ctx, edit, func() (Enrolment, error) { return o.activating(ctx, token) })
}

// SendCode sends a code to a phone, which is the signer's once it is confirmed:
// Find's errors, ErrNotPaired, ErrNumber, an OftenError. A signer who was one
// before names no number that nobody but himself has named.
func (o *Office) SendCode(ctx context.Context, token csc.Secret, phone string) error {
	if !notify.Number(phone) || o.Post.SMS == nil {
		return ErrNumber
	}
	code, err := newCode()
	if err != nil {
		return err
	}
	e, err := o.activation(ctx, token, func(e *Enrolment) error {
		if e.Replaces && !o.named(ctx, *e, phone) {
			return ErrNumber
		}
		p, wait := &e.Progress, time.Duration(0)
		if p.Codes, p.CodesSince, wait = another(p.Codes, p.CodesSince, o.now()); wait > 0 {
			return &OftenError{wait}
		}
		p.Phone, p.PhoneConfirmed, p.Code, p.CodeTries = phone, false, o.mac(e.ID, phone, code), 0
		p.CodeUntil = o.now().Add(codeLife)
		return o.Audit.Append(ctx, audit.Entry{Event: audit.ChallengeSent, User: e.UserID, Factor: users.FactorSMS, Reason: e.ID})
	})
	if err != nil {
		return err
	}
	err = o.Post.SMS.Send(ctx, o.codeLetter(e, code).SMS(phone))
	if errors.Is(err, notify.ErrMessage) {
		return fmt.Errorf("%w: %w", ErrNumber, err)
	}
	return err
}

// named reports whether a number is the inviter's word, or was confirmed before.
func (o *Office) named(ctx context.Context, e Enrolment, phone string) bool {
	user, err := o.Users.User(ctx, e.UserID)
	return phone == e.Identity.Phone || err == nil && phone == user.Phone
}

func newCode() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("make code: %w", err)
	}
	return fmt.Sprintf("%06d", n), nil
}

func (o *Office) mac(id, phone, code string) []byte {
	mac := hmac.New(sha256.New, o.Key)
	_, _ = mac.Write([]byte("enrolment code " + id + " " + phone + " " + code)) // never fails
	return mac.Sum(nil)
}

// ConfirmPhone takes the code that was sent, which is good for five minutes and
// five tries: Find's errors, ErrNotPaired, ErrCode. A try is counted before it is
// judged.
func (o *Office) ConfirmPhone(ctx context.Context, token, code csc.Secret) (Enrolment, error) {
	e, err := o.activation(ctx, token, func(e *Enrolment) error {
		p := &e.Progress
		if p.Code == nil || p.CodeTries >= mostTries || !o.Now().Before(p.CodeUntil) {
			return &CodeError{}
		}
		p.CodeTries++
		return nil
	})
	if err != nil {
		return e, err
	}
	p := e.Progress
	if !hmac.Equal(p.Code, o.mac(e.ID, p.Phone, string(code))) {
		return e, &CodeError{Left: mostTries - p.CodeTries}
	}
	if err := o.Registrar.SetPhone(ctx, e.UserID, p.Phone); err != nil {
		return e, err
	}
	return o.progress(ctx, e.ID, "phone confirmed", func(now *Progress) {
		if now.Phone == p.Phone { // not another that was named meanwhile
			now.PhoneConfirmed, now.Code = true, nil
		}
	})
}

// SetPassword sets the password: Find's errors, ErrNotPaired, ErrPassword,
// users.ErrBusy.
func (o *Office) SetPassword(ctx context.Context, token, password csc.Secret) (Enrolment, error) {
	e, err := o.activating(ctx, token)
	if err != nil {
		return e, err
	}
	if !users.Settable(password) {
		return e, ErrPassword
	}
	if err := o.Registrar.SetPassword(ctx, e.UserID, password); err != nil {
		return e, fmt.Errorf("set password: %w", err)
	}
	return o.progress(ctx, e.ID, "password set", func(p *Progress) { p.PasswordSet = true })
}

// AcceptTerms records which terms were accepted: Find's errors, ErrNotPaired,
// ErrTerms. With the last of phone, password and terms, in whatever order, the
// account is activated and the link used.
func (o *Office) AcceptTerms(ctx context.Context, token csc.Secret, version string) (Enrolment, error) {
	e, err := o.activating(ctx, token)
	switch {
	case err != nil:
		return e, err
	case version != o.Terms:
		return e, ErrTerms
	}
	at := o.now()
	return o.progress(ctx, e.ID, "terms "+version+" accepted", func(p *Progress) { p.TermsVersion, p.TermsAt = version, at })
}

// progress records a step of an activation and keeps it; the last one activates.
func (o *Office) progress(ctx context.Context, id, what string, edit func(*Progress)) (Enrolment, error) {
	e, err := o.change(ctx, id, func(e *Enrolment) error {
		if e.State != Paired {
			return late(*e)
		}
		if err := o.record(ctx, audit.EnrolmentChanged, *e, what); err != nil {
			return err
		}
		if edit(&e.Progress); len(o.Missing(*e)) > 0 {
			return nil
		}
		e.State, e.Activate.Used = Activated, true
		return o.record(ctx, audit.EnrolmentActivated, *e, "")
	})
	return e, err
}

// late is why an enrolment cannot be activated any more.
func late(e Enrolment) error {
	if e.State == Cancelled {
		return ErrCancelled
	}
	return ErrUsed
}
