package registry

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/tsa"
)

var _ tsa.Serials = (*Registry)(nil)

// timestamps is the series of the numbers of time-stamps, whatever key they are
// made with.
const timestamps = "timestamp"

// NextSerial returns a number that was never returned before, from 1 on. It is
// one statement, so that of any number who ask each gets another; one that is
// asked for and not received is lost.
func (r *Registry) NextSerial(ctx context.Context) (n int64, err error) {
	err = r.write.do(ctx, func(ctx context.Context, db *bun.DB) error {
		return db.QueryRowContext(ctx,
			`INSERT INTO serials (name, last) VALUES (?, 1)
			ON CONFLICT (name) DO UPDATE SET last = serials.last + 1 RETURNING last`, timestamps).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("next serial number: %w", err)
	}
	return n, nil
}
