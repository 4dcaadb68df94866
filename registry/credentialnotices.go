package registry

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/credentials"
)

// A noticeRow is a credentials.Notice in the table.
type noticeRow struct {
	bun.BaseModel `bun:"table:credential_notices,alias:n"`

	ID           string `bun:"id,pk"`
	CredentialID string `bun:"credential_id"`
	Fate         string `bun:"fate"`
	Reason       int    `bun:"reason"`
	ClientID     string `bun:"client_id"`
	At           int64  `bun:"at"`
	Due          int64  `bun:"due"`
	Tries        int    `bun:"tries"`
}

// telling changes a credential by one statement and, in the same transaction, keeps
// what its owner is to be told of that, nil for nothing: neither is there without the
// other. A statement that changes nothing tells of nothing.
func (r *Registry) telling(ctx context.Context, n *credentials.Notice, query string, args ...any) (rows int64, err error) {
	if n == nil {
		return r.write.count(ctx, query, args...)
	}
	row := &noticeRow{
		ID: rand.Text(), CredentialID: n.CredentialID, Fate: string(n.Fate), Reason: n.Reason,
		ClientID: n.ClientID, At: micros(n.At), Due: micros(n.At),
	}
	err = r.write.do(ctx, func(ctx context.Context, db *bun.DB) error {
		return db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			result, err := tx.ExecContext(ctx, query, args...)
			if err != nil {
				return err
			}
			if rows, err = result.RowsAffected(); err != nil || rows == 0 {
				return err
			}
			_, err = tx.NewInsert().Model(row).Exec(ctx)
			return err
		})
	})
	return rows, err
}

// DueCredentialNotices returns those that owners are to be told by now, those first
// that are due longest.
func (r *Registry) DueCredentialNotices(ctx context.Context, now time.Time, most int) ([]credentials.Notice, error) {
	return some(ctx, r.read, "notices", func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("due <= ?", micros(now)).Order("due", "id").Limit(int64(most))
	}, sure(noticeRow.notice))
}

func (row noticeRow) notice() credentials.Notice {
	return credentials.Notice{
		ID: row.ID, CredentialID: row.CredentialID, Fate: credentials.Fate(row.Fate), Reason: row.Reason,
		ClientID: row.ClientID, At: moment(row.At), Due: moment(row.Due), Tries: row.Tries,
	}
}

// SwapCredentialNotice replaces when an owner is told, if that still is old, and how
// often it was tried; of any number of swaps from the same old one wins. One that is
// due no more is gone.
func (r *Registry) SwapCredentialNotice(ctx context.Context, id string, old, due time.Time, tries int) (bool, error) {
	query, args := `UPDATE credential_notices SET due = ?, tries = ? WHERE id = ? AND due = ?`, []any{micros(due), tries, id, micros(old)}
	if due.IsZero() {
		query, args = `DELETE FROM credential_notices WHERE id = ? AND due = ?`, args[2:]
	}
	rows, err := r.write.count(ctx, query, args...)
	return rows == 1, doing("swap notice", err)
}
