package users

import (
	"context"
	"fmt"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
)

// Recovers reports whether the user lost what he proved himself with, has it anew,
// and signs with it only later.
func (u User) Recovers(now time.Time) bool { return now.Before(u.SignsFrom) }

// Recover has a user sign from a moment on, the zero time for at once, since he is
// given something to prove himself with in the place of what he lost; why is on
// whose word, or by which rule. Whatever he gave until then is over.
func (r Registrar) Recover(ctx context.Context, userID string, from time.Time, why string) error {
	if _, err := r.person(ctx, userID); err != nil {
		return err
	}
	when := "at once"
	if !from.IsZero() {
		from = from.UTC().Truncate(time.Second)
		when = from.Format(time.RFC3339)
	}
	if err := r.Audit.Append(ctx, audit.Entry{Event: audit.UserRecovers, User: userID, Reason: when + ": " + why}); err != nil {
		return err
	}
	if err := r.Store.SetSignsFrom(ctx, userID, from, NewStamp()); err != nil {
		return fmt.Errorf("keep from when he signs: %w", err)
	}
	return nil
}

// Strip takes a user's authenticator away, and locks his codes: nothing is signed until
// he has another one.
func (r Registrar) Strip(ctx context.Context, userID string) error {
	if err := r.Lock(ctx, userID, FactorCode); err != nil {
		return err
	}
	return r.give(ctx, userID, nil, NewStamp())
}

// Valid says of a value whether a factor can be that, before anything else is done for
// it: ErrPassword, ErrPIN, ErrPerson.
func Valid(factor string, value csc.Secret) error {
	switch factor {
	case FactorPassword:
		if !Settable(value) {
			return ErrPassword
		}
	case FactorPIN:
		return CheckPIN(value)
	case FactorSMS:
		if _, err := cleanPhone(string(value)); err != nil {
			return fmt.Errorf("%w: phone number %w", ErrPerson, err)
		}
	}
	return nil
}

// Had reports whether a factor that the user is given takes the place of one that he
// has, so that he comes back by it. An authenticator does so for whoever proved
// himself with anything. What an organization is given is its operator's.
func (u User) Had(factor string) bool {
	if u.Organization != "" {
		return false
	}
	switch factor {
	case FactorCode:
		return u.Secret != nil || u.PasswordHash != "" || u.PINHash != ""
	case FactorPassword:
		return u.PasswordHash != ""
	case FactorPIN:
		return u.PINHash != ""
	case FactorSMS:
		return u.Phone != ""
	}
	return false
}
