package registry

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/documents"
)

// A batchRow is a documents.Batch in the table.
type batchRow struct {
	bun.BaseModel `bun:"table:batches,alias:b"`

	ID           string `bun:"id,pk"`
	UserID       string `bun:"user_id"`
	CredentialID string `bun:"credential_id"`
	State        string `bun:"state"`
	Reason       string `bun:"reason"`
	Key          string `bun:"key"`
	Created      int64  `bun:"created"`
	Changed      int64  `bun:"changed"`
	Revision     int64  `bun:"revision"`
	Salt         []byte `bun:"salt"`
	Plan         []byte `bun:"plan"`
}

func (r batchRow) batch() documents.Batch {
	return documents.Batch{
		ID: r.ID, UserID: r.UserID, CredentialID: r.CredentialID, State: documents.State(r.State), Reason: documents.Reason(r.Reason),
		Key: r.Key, Created: moment(r.Created), Changed: moment(r.Changed), Revision: r.Revision, Salt: r.Salt, Sealed: r.Plan,
	}
}

// AddBatch keeps a new batch; documents.ErrExists if its ID is taken.
func (r *Registry) AddBatch(ctx context.Context, b documents.Batch) error {
	if !plain(b.ID, b.UserID, b.CredentialID, b.Key) {
		return documents.ErrUnknown
	}
	row := &batchRow{
		ID: b.ID, UserID: b.UserID, CredentialID: b.CredentialID, State: string(b.State), Reason: string(b.Reason), Key: b.Key,
		Created: micros(b.Created), Changed: micros(b.Changed), Revision: b.Revision, Salt: b.Salt, Plan: b.Sealed,
	}
	err := r.write.insert(ctx, row)
	if errors.Is(err, errUnique) {
		return documents.ErrExists
	}
	return doing("add batch", err)
}

// oneBatch asks for one of a user.
func (r *Registry) oneBatch(ctx context.Context, userID, column, value string) (documents.Batch, error) {
	if !plain(userID, value) || value == "" {
		return documents.Batch{}, documents.ErrUnknown
	}
	row, err := one[batchRow](ctx, r.read, "batch", documents.ErrUnknown, where("? = ? AND user_id = ?", bun.Ident(column), value, userID))
	if err != nil {
		return documents.Batch{}, err
	}
	return row.batch(), nil
}

// Batch returns a batch of a user; documents.ErrUnknown if there is none.
func (r *Registry) Batch(ctx context.Context, userID, id string) (documents.Batch, error) {
	return r.oneBatch(ctx, userID, "id", id)
}

// BatchOf returns the batch of a user whose request has the key.
func (r *Registry) BatchOf(ctx context.Context, userID, key string) (documents.Batch, error) {
	return r.oneBatch(ctx, userID, "key", key)
}

// MoveBatch replaces the batch that has b's ID and Revision, and counts the
// Revision up.
func (r *Registry) MoveBatch(ctx context.Context, b documents.Batch) (moved bool, err error) {
	if !plain(b.ID, string(b.State), string(b.Reason), b.Key) {
		return false, errText
	}
	rows, err := r.write.count(ctx, `UPDATE batches SET state = ?, reason = ?, key = ?, changed = ?, plan = ?, revision = revision + 1
		WHERE id = ? AND revision = ?`, string(b.State), string(b.Reason), b.Key, micros(b.Changed), b.Sealed, b.ID, b.Revision)
	return rows == 1, doing("move batch", err)
}

// Batches returns those in a state that did not change since.
func (r *Registry) Batches(ctx context.Context, in documents.State, since time.Time) ([]documents.Batch, error) {
	return some(ctx, r.read, "batches", func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("state = ? AND changed <= ?", string(in), micros(since)).Order("changed").Limit(100)
	}, sure(batchRow.batch))
}

// ForgetBatches forgets those that are over and did not change since.
func (r *Registry) ForgetBatches(ctx context.Context, since time.Time) error {
	_, err := r.write.count(ctx, `DELETE FROM batches WHERE state IN (?, ?) AND changed < ?`, string(documents.Done), string(documents.Failed), micros(since))
	return doing("forget batches", err)
}
