package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/portal"
)

var _ portal.SessionStore = (*Registry)(nil)

// A sessionRow is a portal.Session in the table.
type sessionRow struct {
	bun.BaseModel `bun:"table:sessions,alias:s"`

	ID      string `bun:"id,pk"`
	UserID  string `bun:"user_id"`
	Stamp   string `bun:"stamp"`
	Created int64  `bun:"created"`
	Used    int64  `bun:"used"`
	Address string `bun:"address"`
	Agent   string `bun:"agent"`
}

// AddSession keeps a new session.
func (r *Registry) AddSession(ctx context.Context, s portal.Session) error {
	if !plain(s.ID, s.UserID, s.Stamp, s.Address, s.Agent) {
		return fmt.Errorf("add session: %w", errText)
	}
	row := &sessionRow{
		ID: s.ID, UserID: s.UserID, Stamp: s.Stamp, Created: micros(s.Created), Used: micros(s.Used), Address: s.Address, Agent: s.Agent,
	}
	return doing("add session", r.write.insert(ctx, row))
}

// standingSessions are those that their users stand by.
func standingSessions(db *bun.DB, into any) *bun.SelectQuery {
	return db.NewSelect().Model(into).Join("JOIN users AS u ON u.id = s.user_id").Where("s.stamp = u.stamp AND NOT " + userOut)
}

// Session returns the session id; portal.ErrNoSession if there is none that its
// user stands by.
func (r *Registry) Session(ctx context.Context, id string) (portal.Session, error) {
	if !plain(id) {
		return portal.Session{}, portal.ErrNoSession
	}
	var row sessionRow
	err := r.read.do(ctx, func(ctx context.Context, db *bun.DB) error {
		return standingSessions(db, &row).Where("s.id = ?", id).Scan(ctx)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return portal.Session{}, portal.ErrNoSession
	}
	if err != nil {
		return portal.Session{}, doing("read session", err)
	}
	return row.session(), nil
}

// TouchSession notes that the session was used, if it still is there.
func (r *Registry) TouchSession(ctx context.Context, id string, used time.Time) error {
	if !plain(id) {
		return nil
	}
	_, err := r.write.count(ctx, `UPDATE sessions SET used = ? WHERE id = ? AND used < ?`, micros(used), id, micros(used))
	return doing("touch session", err)
}

// SessionsOf returns a user's sessions, the one used last first.
func (r *Registry) SessionsOf(ctx context.Context, userID string) ([]portal.Session, error) {
	if !plain(userID) {
		return nil, nil
	}
	var rows []sessionRow
	err := r.read.do(ctx, func(ctx context.Context, db *bun.DB) error {
		return standingSessions(db, &rows).Where("s.user_id = ?", userID).Order("s.used DESC", "s.id").Scan(ctx)
	})
	if err != nil {
		return nil, doing("read sessions", err)
	}
	all := make([]portal.Session, len(rows))
	for i, row := range rows {
		all[i] = row.session()
	}
	return all, nil
}

// EndSession forgets a session of the user, if there is one.
func (r *Registry) EndSession(ctx context.Context, userID, id string) error {
	if !plain(userID, id) {
		return nil
	}
	_, err := r.write.count(ctx, `DELETE FROM sessions WHERE id = ? AND user_id = ?`, id, userID)
	return doing("end session", err)
}

// ForgetSessions forgets all sessions that were created before.
func (r *Registry) ForgetSessions(ctx context.Context, before time.Time) error {
	_, err := r.write.count(ctx, `DELETE FROM sessions WHERE created < ?`, micros(before))
	return doing("forget sessions", err)
}

func (s sessionRow) session() portal.Session {
	return portal.Session{
		ID: s.ID, UserID: s.UserID, Stamp: s.Stamp, Created: moment(s.Created), Used: moment(s.Used), Address: s.Address, Agent: s.Agent,
	}
}
