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
	var begun Attempts
	var refusal error
	hash := user.PasswordHash
	if user.ID != "" {
		begun, refusal = p.begin(ctx, user.ID, FactorPassword, p.PasswordLimits.or(PasswordLimits()))
	}
	if refusal != nil {
		hash = "" // the same work for nothing
	}
	right, stale, err := p.Passwords.matches(password, hash)
	if err != nil {
		return User{}, fmt.Errorf("password of %s: %w", user.ID, err)
	}
	if refusal == nil {
		refusal = p.admit(ctx, user, right, begun)
	}
	if refusal != nil {
		return User{}, refusal
	}
	if stale {
		return user, p.rehash(ctx, &user, password)
	}
	return user, nil
}

// admit records what came of an attempt that was judged.
func (p *Prover) admit(ctx context.Context, user User, right bool, begun Attempts) error {
	switch {
	case user.ID == "":
		return p.refuse(ctx, "", FactorPassword, "unknown address", begun, ErrWrong)
	case !right:
		return p.refuse(ctx, user.ID, FactorPassword, "wrong", begun, ErrWrong)
	case user.Disabled:
		return p.refuse(ctx, user.ID, FactorPassword, "disabled", begun, ErrDisabled)
	}
	_, err := p.succeed(ctx, audit.Entry{User: user.ID, Factor: FactorPassword}, begun)
	return err
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
	record := audit.Entry{
		Event: audit.FactorPaired, User: user.ID, Factor: FactorPassword, Reason: "the same, hashed anew",
		Kept: []string{audit.Mark([]byte(hash))},
	}
	if err := p.Audit.Append(ctx, record); err != nil {
		return err
	}
	if err := p.Store.SetPassword(ctx, user.ID, hash); err != nil {
		return fmt.Errorf("renew password hash: %w", err)
	}
	user.PasswordHash = hash
	return nil
}
