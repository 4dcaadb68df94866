package registry

import (
	"context"
	"database/sql"
	"errors"

	"github.com/uptrace/bun"
)

// A which narrows the rows of a table down to those that are asked for.
type which = func(*bun.SelectQuery) *bun.SelectQuery

// where is a which that is no more than a condition.
func where(condition string, args ...any) which {
	return func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where(condition, args...) }
}

// oldestFirst is a which of all there are.
func oldestFirst(q *bun.SelectQuery) *bun.SelectQuery { return q.Order("created", "id") }

// one reads the row that is asked for. If there is none it is the zero Row, and
// the error is none, which may be nil.
func one[Row any](ctx context.Context, l *lane, what string, none error, which which) (row Row, err error) {
	err = l.do(ctx, func(ctx context.Context, db *bun.DB) error {
		return which(db.NewSelect().Model(&row)).Limit(1).Scan(ctx)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return row, none
	}
	return row, doing("read "+what, err)
}

// some reads the rows that are asked for, each as the whole that it stands for.
func some[Row, T any](ctx context.Context, l *lane, what string, which which, whole func(Row) (T, error)) ([]T, error) {
	var rows []Row
	err := l.do(ctx, func(ctx context.Context, db *bun.DB) error {
		return which(db.NewSelect().Model(&rows)).Scan(ctx)
	})
	if err != nil {
		return nil, doing("read "+what, err)
	}
	all := make([]T, len(rows))
	for i, row := range rows {
		if all[i], err = whole(row); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// sure is for rows of which every one stands for a whole.
func sure[Row, T any](whole func(Row) T) func(Row) (T, error) {
	return func(row Row) (T, error) { return whole(row), nil }
}
