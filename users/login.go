package users

import (
	"context"
	"errors"
	"fmt"
	"time"

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
func (p *Prover) Password(ctx context.Context, email string, password csc.Secret) (user User, err error) {
	defer p.level(ctx, time.Now(), &err)
	return p.password(ctx, email, password)
}

// LogIn judges a password and a code of six digits together. Of one that is right
// the other is all that is missing: so whatever was wrong, and if there is no such
// user or he is paused, locked or disabled, the error is ErrWrong, after the same
// hashing, the same opening of a secret and as many records.
//
// A code is judged, and counted, only after a right password: nobody can lock a
// user's codes who does not know that.
func (p *Prover) LogIn(ctx context.Context, email string, password, code csc.Secret) (user User, err error) {
	defer p.level(ctx, time.Now(), &err)
	user, err = p.password(ctx, email, password)
	if refused(err) {
		return User{}, p.feign(ctx)
	}
	if err != nil {
		return User{}, err
	}
	if _, err := p.Code(ctx, user.ID, code); refused(err) {
		return User{}, ErrWrong
	} else if err != nil {
		return User{}, err
	}
	return user, nil
}

// refused reports whether err is a judgement.
func refused(err error) bool {
	for _, refusal := range []error{ErrWrong, ErrUsed, ErrPaused, ErrLocked, ErrDisabled} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

// feign does for a code that is not judged what Code does for one that is.
func (p *Prover) feign(ctx context.Context) error {
	sealed, err := p.decoy(ctx)
	if err == nil {
		_, err = p.Sealer.Open(ctx, sealed, sealedFor(""))
	}
	if err != nil {
		return fmt.Errorf("open decoy: %w", err)
	}
	return p.refuse(ctx, "", FactorCode, "not judged", Attempts{}, ErrWrong)
}

// decoy is a sealed secret of nobody.
func (p *Prover) decoy(ctx context.Context) ([]byte, error) {
	p.sealing.Lock()
	defer p.sealing.Unlock()
	if p.sealed == nil {
		sealed, err := p.Sealer.Seal(ctx, newSecret(), sealedFor(""))
		if err != nil {
			return nil, err
		}
		p.sealed = sealed
	}
	return p.sealed, nil
}

// level waits until a refusal has taken as long as any.
func (p *Prover) level(ctx context.Context, begun time.Time, err *error) {
	left := p.Floor - time.Since(begun)
	if left <= 0 || !refused(*err) {
		return
	}
	enough := time.NewTimer(left)
	defer enough.Stop()
	select {
	case <-enough.C:
	case <-ctx.Done():
	}
}

// password is Password in its own time.
func (p *Prover) password(ctx context.Context, email string, password csc.Secret) (User, error) {
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
	renewed, err := p.Store.SwapPassword(ctx, user.ID, user.PasswordHash, hash)
	if err != nil {
		return fmt.Errorf("renew password hash: %w", err)
	}
	if renewed { // else he has another password by now
		user.PasswordHash = hash
	}
	return nil
}
