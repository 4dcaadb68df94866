package registry

import (
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/users"
)

// UseStep remembers step as the user's last used TOTP step if it is later than
// the one remembered, and reports whether it was; users.ErrUnknown if there is
// no such user. A step is never negative.
func (r *Registry) UseStep(ctx context.Context, userID string, step int64) (bool, error) {
	if !plain(userID) {
		return false, users.ErrUnknown
	}
	rows, err := r.write.count(ctx,
		`UPDATE users SET last_step = ? WHERE id = ? AND last_step < ?`, step, userID, step)
	if err != nil {
		return false, fmt.Errorf("use step: %w", err)
	}
	if rows == 0 {
		return false, r.known(ctx, userID)
	}
	return true, nil
}

// An attemptsRow is a users.Attempts in the table.
type attemptsRow struct {
	bun.BaseModel `bun:"table:attempts,alias:a"`

	UserID   string `bun:"user_id,pk"`
	Factor   string `bun:"factor,pk"`
	Began    int64  `bun:"began"`
	Failures int    `bun:"failures"`
	InRow    int    `bun:"in_row"`
	Locked   bool   `bun:"locked"`
}

// Attempts returns the user's counters for a factor; the zero Attempts if none
// were counted.
func (r *Registry) Attempts(ctx context.Context, userID, factor string) (users.Attempts, error) {
	if !plain(userID, factor) {
		return users.Attempts{}, nil
	}
	row, err := one[attemptsRow](ctx, r.read, "attempts", nil, where("user_id = ? AND factor = ?", userID, factor))
	if err != nil || row.UserID == "" {
		return users.Attempts{}, err
	}
	return users.Attempts{
		Window: moment(row.Began), Failures: row.Failures, InRow: row.InRow, Locked: row.Locked,
	}, nil
}

// SwapAttempts replaces old by new and reports whether old was still there;
// users.ErrUnknown if there is no such user. Windows are the same if they are so
// to the microsecond.
func (r *Registry) SwapAttempts(ctx context.Context, userID, factor string, old, new users.Attempts) (bool, error) {
	if !plain(userID, factor) {
		return false, users.ErrUnknown
	}
	query := `UPDATE attempts SET began = ?2, failures = ?3, in_row = ?4, locked = ?5
		WHERE user_id = ?0 AND factor = ?1 AND `
	if old == (users.Attempts{}) {
		// Nothing counted yet is no row, or one that was counted back to nothing.
		query = `INSERT INTO attempts (user_id, factor, began, failures, in_row, locked)
			VALUES (?0, ?1, ?2, ?3, ?4, ?5)
			ON CONFLICT (user_id, factor) DO UPDATE SET began = excluded.began,
				failures = excluded.failures, in_row = excluded.in_row, locked = excluded.locked
			WHERE `
	}
	query += `attempts.began = ?6 AND attempts.failures = ?7 AND attempts.in_row = ?8 AND attempts.locked = ?9`
	rows, err := r.write.count(ctx, query, userID, factor,
		micros(new.Window), new.Failures, new.InRow, new.Locked,
		micros(old.Window), old.Failures, old.InRow, old.Locked)
	if errors.Is(err, errForeign) {
		return false, users.ErrUnknown
	}
	if err != nil {
		return false, fmt.Errorf("count attempt: %w", err)
	}
	return rows == 1, nil
}
