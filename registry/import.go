package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/backup"
)

// importBatch is how many rows go into one statement.
const importBatch = 100

// Empty says whether the registry has no row at all: nil, or backup.ErrNotEmpty with
// the table that has one.
func (r *Registry) Empty(ctx context.Context) error {
	var some error
	err := r.read.do(ctx, func(ctx context.Context, db *bun.DB) error {
		err := empty(ctx, db)
		if some = notEmpty(err); some != nil {
			return nil
		}
		return err
	})
	return errors.Join(some, err)
}

func empty(ctx context.Context, db bun.IDB) error {
	for _, table := range tables() {
		var some bool
		if err := db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM "+table+")").Scan(&some); err != nil {
			return fmt.Errorf("look into %s: %w", table, err)
		}
		if some {
			return fmt.Errorf("%w: there are %s", backup.ErrNotEmpty, table)
		}
	}
	return nil
}

// tables are all that have rows of ours, those that backups leave out too.
func tables() (names []string) {
	for _, left := range backup.Absences() {
		names = append(names, left.Table)
	}
	for _, t := range backup.Tables() {
		names = append(names, t.Name)
	}
	return names
}

// Import fills an empty registry, backup.ErrNotEmpty if it is not: with the rows that
// fill adds, those that others refer to first, all of them or, if fill returns
// an error, none. Others cannot write meanwhile.
func (r *Registry) Import(ctx context.Context, fill func(add func(backup.Row) error) error) error {
	var theirs error
	err := r.write.hold(ctx, func(db *bun.DB) error {
		return db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			if err := r.lockEmpty(ctx, tx); err != nil {
				theirs = notEmpty(err)
				return err
			}
			b := batch{tx: tx}
			if theirs = fill(func(row backup.Row) error { return b.add(ctx, row) }); theirs != nil {
				return theirs
			}
			return b.flush(ctx)
		})
	})
	if theirs != nil {
		return theirs
	}
	return doing("import", sorted(ctx, err))
}

// lockEmpty keeps others from writing, as a transaction of SQLite does anyway,
// and looks that there is nothing.
func (r *Registry) lockEmpty(ctx context.Context, tx bun.Tx) error {
	if r.postgres() {
		lock := "LOCK TABLE " + strings.Join(tables(), ", ") + " IN EXCLUSIVE MODE"
		if _, err := tx.ExecContext(ctx, lock); err != nil {
			return err
		}
	}
	return empty(ctx, tx)
}

// notEmpty is err if it is backup.ErrNotEmpty, and no error of the database.
func notEmpty(err error) error {
	if errors.Is(err, backup.ErrNotEmpty) {
		return err
	}
	return nil
}

// A batch collects rows of one table for one statement.
type batch struct {
	tx   bun.Tx
	rows []backup.Row
}

func (b *batch) add(ctx context.Context, row backup.Row) error {
	if len(b.rows) == importBatch || len(b.rows) > 0 && b.rows[0].Table != row.Table {
		if err := b.flush(ctx); err != nil {
			return err
		}
	}
	b.rows = append(b.rows, row)
	return nil
}

func (b *batch) flush(ctx context.Context) error {
	if len(b.rows) == 0 {
		return nil
	}
	t, err := backup.TableOf(b.rows[0].Table)
	if err != nil {
		return err
	}
	var names, places []string
	var values []any
	for _, f := range t.Columns {
		names = append(names, f.Name)
	}
	for _, row := range b.rows {
		places = append(places, "("+strings.Repeat("?, ", len(t.Columns)-1)+"?)")
		for _, f := range t.Columns {
			values = append(values, row.Values[f.Name])
		}
	}
	b.rows = b.rows[:0]
	query := "INSERT INTO " + t.Name + " (" + strings.Join(names, ", ") + ") VALUES " + strings.Join(places, ", ")
	if _, err := b.tx.ExecContext(ctx, query, values...); err != nil {
		return fmt.Errorf("fill %s: %w", t.Name, sorted(ctx, err))
	}
	return nil
}
