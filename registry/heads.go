package registry

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/audit"
)

var _ audit.Keeper = (*Registry)(nil)

// ErrHead says that a head does not follow the one that is kept: it is of an
// earlier record, or says that the same record was another one.
var ErrHead = errors.New("registry: head does not follow the kept one")

// A headRow is an audit.Head in the table. Its time is text: what was signed
// comes back to the last digit.
type headRow struct {
	bun.BaseModel `bun:"table:heads,alias:h"`

	Log       string `bun:"log,pk"`
	Seq       int64  `bun:"seq"`
	Hash      string `bun:"hash"`
	At        string `bun:"at"`
	Signature []byte `bun:"signature"`
}

// KeepHead replaces the kept head of h.Log; ErrHead if h does not follow it.
func (r *Registry) KeepHead(ctx context.Context, h audit.Head) error {
	if !plain(h.Log, h.Hash) {
		return fmt.Errorf("keep head: %w", errText)
	}
	if h.Seq > math.MaxInt64 {
		return fmt.Errorf("keep head: record %d is beyond all numbers kept here", h.Seq)
	}
	signature := h.Signature
	if signature == nil {
		signature = []byte{}
	}
	rows, err := r.write.count(ctx,
		`INSERT INTO heads (log, seq, hash, at, signature) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (log) DO UPDATE SET
			seq = excluded.seq, hash = excluded.hash, at = excluded.at, signature = excluded.signature
		WHERE heads.seq < excluded.seq OR (heads.seq = excluded.seq AND heads.hash = excluded.hash)`,
		h.Log, int64(h.Seq), h.Hash, h.Time.Format(time.RFC3339Nano), signature)
	if err == nil && rows == 0 {
		return fmt.Errorf("keep head of record %d: %w", h.Seq, ErrHead)
	}
	return doing("keep head", err)
}

// LastHead returns the kept head, and false if there is none.
func (r *Registry) LastHead(ctx context.Context, log string) (audit.Head, bool, error) {
	if !plain(log) {
		return audit.Head{}, false, nil
	}
	row, err := one[headRow](ctx, r.read, "head", nil, where("log = ?", log))
	if err != nil || row.Log == "" {
		return audit.Head{}, false, err
	}
	h, err := row.head()
	return h, err == nil, err
}

// Heads returns the kept head of every log, by the logs' ids.
func (r *Registry) Heads(ctx context.Context) ([]audit.Head, error) {
	return some(ctx, r.read, "heads", func(q *bun.SelectQuery) *bun.SelectQuery { return q.Order("log") }, headRow.head)
}

func (row headRow) head() (audit.Head, error) {
	at, err := time.Parse(time.RFC3339Nano, row.At)
	if err != nil {
		return audit.Head{}, fmt.Errorf("read head: %w: %w", errUnreadable, err)
	}
	return audit.Head{Log: row.Log, Seq: uint64(row.Seq), Hash: row.Hash, Time: at, Signature: row.Signature}, nil
}
