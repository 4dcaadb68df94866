package users

import (
	"context"
	"fmt"
	"slices"

	"github.com/pecete/pecete/audit"
)

// Unlock takes away the count of failures of a factor or a credential, and with
// it the lock and the pause. What the user gave before a lock stays over.
func (r Registrar) Unlock(ctx context.Context, userID, factor string) error {
	begun, err := r.attempts(ctx, userID, factor)
	if err != nil {
		return err
	}
	if err := r.Audit.Append(ctx, audit.Entry{Event: audit.FactorUnlocked, User: userID, Factor: factor}); err != nil {
		return err
	}
	if begun.Locked {
		if err := r.Store.SetStamp(ctx, userID, NewStamp()); err != nil {
			return fmt.Errorf("end what was given: %w", err)
		}
	}
	_, err = change(ctx, r.Store, userID, factor, func(Attempts) (Attempts, error) { return Attempts{}, nil })
	return err
}

// Lock locks a factor until it is unlocked. Whatever the user gave is over.
func (r Registrar) Lock(ctx context.Context, userID, factor string) error {
	if _, err := r.attempts(ctx, userID, factor); err != nil {
		return err
	}
	record := audit.Entry{Event: audit.FactorLocked, User: userID, Factor: factor, Reason: "by an operator"}
	if err := r.Audit.Append(ctx, record); err != nil {
		return err
	}
	_, err := change(ctx, r.Store, userID, factor, func(a Attempts) (Attempts, error) {
		a.Locked = true
		return a, nil
	})
	return err
}

// Disable refuses a user everything, or ends that. Whatever he gave is over.
func (r Registrar) Disable(ctx context.Context, userID string, disabled bool) error {
	if _, err := r.Store.User(ctx, userID); err != nil {
		return fmt.Errorf("read user: %w", err)
	}
	record := audit.Entry{Event: audit.UserChanged, User: userID, Reason: audit.Enabled}
	if disabled {
		record.Reason = audit.Disabled
	}
	if err := r.Audit.Append(ctx, record); err != nil {
		return err
	}
	if err := r.Store.SetUserDisabled(ctx, userID, disabled, NewStamp()); err != nil {
		return fmt.Errorf("disable user: %w", err)
	}
	return nil
}

// End ends whatever a user gave: his sessions, tokens and grants. He can begin
// anew.
func (r Registrar) End(ctx context.Context, userID string) error {
	if _, err := r.Store.User(ctx, userID); err != nil {
		return fmt.Errorf("read user: %w", err)
	}
	if err := r.Audit.Append(ctx, audit.Entry{Event: audit.UserChanged, User: userID, Reason: "all ended"}); err != nil {
		return err
	}
	if err := r.Store.SetStamp(ctx, userID, NewStamp()); err != nil {
		return fmt.Errorf("end what was given: %w", err)
	}
	return nil
}

// attempts are those of a user who is there, with a factor or a credential.
func (r Registrar) attempts(ctx context.Context, userID, factor string) (Attempts, error) {
	if !slices.Contains(Factors(), factor) && !credentialID.MatchString(factor) {
		return Attempts{}, fmt.Errorf("users: no factor %q", factor)
	}
	if _, err := r.Store.User(ctx, userID); err != nil {
		return Attempts{}, fmt.Errorf("read user: %w", err)
	}
	a, err := r.Store.Attempts(ctx, userID, factor)
	if err != nil {
		return Attempts{}, fmt.Errorf("read attempts: %w", err)
	}
	return a, nil
}
