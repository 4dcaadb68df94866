package users

import (
	"context"
	"errors"
	"fmt"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
)

// Password judges the password of the user with that e-mail address. It counts
// as a failure before it is judged.
//
// The errors are ErrWrong, ErrPaused, ErrLocked and, after a right password,
// ErrDisabled. A stranger must not learn who is a user: an unknown address is
// ErrWrong after the same work, and whoever answers a stranger says the same
// thing for ErrWrong, ErrPaused and ErrLocked.
func (p *Prover) Password(ctx context.Context, email string, password csc.Secret) (User, error) {
	if p.Passwords == nil {
		return User{}, errors.New("users: a Prover without Passwords")
	}
	user, err := p.byEmail(ctx, email)
	if err != nil {
		return User{}, err
	}
	leave, err := p.Passwords.enter(ctx)
	if err != nil {
		return User{}, err
	}
	defer leave()
	begun, refusal := Attempts{}, error(nil)
	hash := user.PasswordHash
	if user.ID != "" {
		if begun, refusal = p.begin(ctx, user.ID, FactorPassword, p.PasswordLimits.or(PasswordLimits())); refusal != nil {
			hash = "" // the same work for nothing
		}
	}
	right, stale, err := p.Passwords.matches(password, hash)
	switch {
	case err != nil:
		return User{}, fmt.Errorf("password of %s: %w", user.ID, err)
	case refusal != nil:
		return User{}, refusal
	case user.ID == "":
		return User{}, p.refuse(ctx, "", FactorPassword, "unknown address", Attempts{}, ErrWrong)
	case !right:
		return User{}, p.refuse(ctx, user.ID, FactorPassword, "wrong", begun, ErrWrong)
	case user.Disabled:
		return User{}, p.refuse(ctx, user.ID, FactorPassword, "disabled", begun, ErrDisabled)
	}
	if _, err := p.succeed(ctx, audit.Entry{User: user.ID, Factor: FactorPassword}, begun); err != nil {
		return User{}, err
	}
	if stale {
		return user, p.rehash(ctx, &user, password)
	}
	return user, nil
}

// byEmail returns the user with the address, or the zero User.
func (p *Prover) byEmail(ctx context.Context, email string) (User, error) {
	address, err := cleanEmail(email)
	if err != nil {
		return User{}, nil // nobody has it
	}
	user, err := p.Store.UserByEmail(ctx, address)
	if errors.Is(err, ErrUnknown) {
		return User{}, nil
	}
	if err != nil {
		return User{}, fmt.Errorf("read user: %w", err)
	}
	return user, nil
}

// rehash replaces a hash of another cost than hashes now are, while the password
// is at hand.
func (p *Prover) rehash(ctx context.Context, user *User, password csc.Secret) error {
	hash, err := p.Passwords.hash(password)
	if err != nil {
		return err
	}
	if err := p.Store.SetPassword(ctx, user.ID, hash); err != nil {
		return fmt.Errorf("renew password hash: %w", err)
	}
	user.PasswordHash = hash
	return nil
}
