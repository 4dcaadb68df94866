package enrolment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pecete/pecete/audit"
)

// NoIdentity is the Identity, as it is kept, of an enrolment that was forgotten.
const NoIdentity = `{}`

// DefaultKeep is how long enrolments that are over are kept, where nothing else is
// said.
const DefaultKeep = 90 * 24 * time.Hour

// How often is looked for what is to be forgotten, and how many are at a time.
const (
	forgetEvery = time.Hour
	together    = 100
)

// Run forgets what was kept for long enough until ctx ends, now and then.
func (o *Office) Run(ctx context.Context) {
	for {
		if err := o.Forget(ctx); err != nil && ctx.Err() == nil {
			o.Logger.LogAttrs(ctx, slog.LevelError, "invitations not forgotten", slog.String("error", err.Error()))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(forgetEvery):
		}
	}
}

// Forget does it once: of enrolments that are over for as long as they are kept
// nothing of the person stays, and those who never were more than invited are
// removed. Who has a certificate, or anything else, keeps it and his account.
func (o *Office) Forget(ctx context.Context) error {
	if o.Keep <= 0 {
		return nil // for ever
	}
	before := o.now().Add(-o.Keep)
	err := inTurn(func() (int, error) {
		all, err := o.Store.EndedEnrolments(ctx, before, together)
		for _, e := range all {
			err = errors.Join(err, o.forget(ctx, e))
		}
		return len(all), err
	})
	return errors.Join(err, inTurn(func() (int, error) {
		all, err := o.Store.OnlyInvited(ctx, together)
		for _, id := range all {
			err = errors.Join(err, o.remove(ctx, id))
		}
		return len(all), err
	}))
}

// inTurn does something until there was less to do than it does at a time.
func inTurn(some func() (int, error)) error {
	for {
		if n, err := some(); err != nil || n < together {
			return err
		}
	}
}

// forget forgets one enrolment. Somebody who changed it meanwhile wants it.
func (o *Office) forget(ctx context.Context, e Enrolment) error {
	how := string(e.State)
	if e.State.Open() {
		how = "expired"
	}
	if err := o.record(ctx, audit.EnrolmentForgotten, e, how); err != nil {
		return err
	}
	if err := o.Store.ForgetEnrolment(ctx, e); err != nil && !errors.Is(err, ErrChanged) {
		return fmt.Errorf("forget %s: %w", e.ID, err)
	}
	return nil
}

// remove removes a user who was only invited, unless he is more meanwhile.
func (o *Office) remove(ctx context.Context, userID string) error {
	record := audit.Entry{Event: audit.UserRemoved, User: userID, Reason: "was only invited"}
	if err := o.Audit.Append(ctx, record); err != nil {
		return err
	}
	if err := o.Store.RemoveOnlyInvited(ctx, userID); err != nil {
		return fmt.Errorf("remove %s: %w", userID, err)
	}
	return nil
}
