package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/oauth"
)

var _ oauth.RefreshStore = (*Registry)(nil)

// A refreshRow is an oauth.Refresh in the table.
type refreshRow struct {
	bun.BaseModel `bun:"table:refreshes,alias:r"`

	ID       string `bun:"id,pk"`
	Hash     string `bun:"hash"`
	ClientID string `bun:"client_id"`
	UserID   string `bun:"user_id"`
	Scope    string `bun:"scope"`
	Holder   string `bun:"holder"`
	Used     int64  `bun:"used"`
	Expires  int64  `bun:"expires"`
	Standing string `bun:"standing"`
}

// AddRefresh keeps a new family; oauth.ErrRefreshExists if its ID is taken. It
// forgets those that ended more than a day before this one was used.
func (r *Registry) AddRefresh(ctx context.Context, f oauth.Refresh) error {
	if !plain(f.ID, f.Hash, f.ClientID, f.UserID, f.Scope, f.Holder, f.Standing) {
		return fmt.Errorf("add refresh token: %w", errText)
	}
	row := &refreshRow{
		ID: f.ID, Hash: f.Hash, ClientID: f.ClientID, UserID: f.UserID, Scope: f.Scope, Holder: f.Holder,
		Used: micros(f.Used), Expires: micros(f.Expires), Standing: f.Standing,
	}
	err := r.write.insert(ctx, row)
	if errors.Is(err, errUnique) {
		return oauth.ErrRefreshExists
	}
	if err != nil {
		return doing("add refresh token", err)
	}
	_, err = r.write.count(ctx, `DELETE FROM refreshes WHERE expires < ?`, micros(f.Used.Add(-24*time.Hour)))
	return doing("forget old refresh tokens", err)
}

// Refresh returns the family id; oauth.ErrUnknownRefresh if there is none.
func (r *Registry) Refresh(ctx context.Context, id string) (oauth.Refresh, error) {
	if !plain(id) {
		return oauth.Refresh{}, oauth.ErrUnknownRefresh
	}
	row, err := one[refreshRow](ctx, r.read, "refresh token", oauth.ErrUnknownRefresh, where("id = ?", id))
	if err != nil {
		return oauth.Refresh{}, err
	}
	return oauth.Refresh{
		ID: row.ID, Hash: row.Hash, ClientID: row.ClientID, UserID: row.UserID, Scope: row.Scope, Holder: row.Holder,
		Used: moment(row.Used), Expires: moment(row.Expires), Standing: row.Standing,
	}, nil
}

// SwapRefresh makes hash the good one if old still is; of any number of swaps
// from the same old one wins.
func (r *Registry) SwapRefresh(ctx context.Context, id, old, hash string, used time.Time) (bool, error) {
	if !plain(id, old, hash) {
		return false, nil
	}
	rows, err := r.write.count(ctx,
		`UPDATE refreshes SET hash = ?, used = ? WHERE id = ? AND hash = ?`, hash, micros(used), id, old)
	return rows == 1, doing("swap refresh token", err)
}

// RemoveRefresh forgets the family id, if there is one.
func (r *Registry) RemoveRefresh(ctx context.Context, id string) error {
	if !plain(id) {
		return nil
	}
	_, err := r.write.count(ctx, `DELETE FROM refreshes WHERE id = ?`, id)
	return doing("remove refresh token", err)
}
