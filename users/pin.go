package users

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
)

// The bounds of a PIN, in digits.
const (
	MinPIN = 6
	MaxPIN = 16
)

// ErrPIN says that a PIN is not one that can be set.
var ErrPIN = fmt.Errorf("users: a PIN has %d to %d digits, not all the same and not counting up or down", MinPIN, MaxPIN)

// CheckPIN is ErrPIN if a PIN cannot be set.
func CheckPIN(pin csc.Secret) error {
	if !pinDigits(pin) || simple(string(pin)) {
		return ErrPIN
	}
	return nil
}

// SetPIN sets the PIN that a user signs with; ErrPIN if it cannot be one.
func (r Registrar) SetPIN(ctx context.Context, userID string, pin csc.Secret) error {
	if r.Passwords == nil {
		return errors.New("users: a Registrar without Passwords")
	}
	if err := CheckPIN(pin); err != nil {
		return err
	}
	if _, err := r.Store.User(ctx, userID); err != nil {
		return fmt.Errorf("read user: %w", err)
	}
	leave, err := r.Passwords.enter(ctx)
	if err != nil {
		return err
	}
	hash, err := r.Passwords.hashText(string(pin))
	leave()
	if err != nil {
		return err
	}
	record := audit.Entry{Event: audit.FactorPaired, User: userID, Factor: FactorPIN, Kept: []string{audit.Mark([]byte(hash))}}
	if err := r.Audit.Append(ctx, record); err != nil {
		return err
	}
	if err := r.Store.SetPIN(ctx, userID, hash, NewStamp()); err != nil {
		return fmt.Errorf("keep PIN hash: %w", err)
	}
	return nil
}

// pinDigits reports whether pin is as many ASCII digits as a PIN has.
func pinDigits(pin csc.Secret) bool {
	return len(pin) >= MinPIN && len(pin) <= MaxPIN && strings.Trim(string(pin), "0123456789") == ""
}

// simple reports whether each digit stands as far from the one before it, be it
// none: 000000, 123456, 987654.
func simple(pin string) bool {
	step := int(pin[1]) - int(pin[0])
	for i := 1; i < len(pin); i++ {
		if int(pin[i])-int(pin[i-1]) != step {
			return false
		}
	}
	return step >= -1 && step <= 1
}

// ClaimPIN claims that value is the user's PIN.
func ClaimPIN(value csc.Secret) Claim {
	return Claim{factor: FactorPIN, open: func(ctx context.Context, p *Prover, user User) (*Judge, error) {
		switch {
		case user.PINHash == "":
			return &Judge{Why: "no PIN"}, nil
		case !pinDigits(value):
			return &Judge{Why: "not the digits of a PIN"}, nil
		case p.Passwords == nil:
			return nil, errors.New("users: a Prover without Passwords")
		}
		leave, err := p.Passwords.enter(ctx)
		if err != nil {
			return nil, err
		}
		return &Judge{leave: leave, Right: func(context.Context) (bool, error) {
			right, _, err := p.Passwords.matchesText(string(value), user.PINHash)
			if err != nil {
				return false, fmt.Errorf("PIN of %s: %w", user.ID, err)
			}
			return right, nil
		}}, nil
	}}
}
