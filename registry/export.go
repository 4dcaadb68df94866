package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/pecete/pecete/backup"
)

var _ backup.Store = (*Registry)(nil)

// Schema is the number of the registry's newest migration: Open has made them
// all.
func (r *Registry) Schema() (int64, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(files) == 0 {
		return 0, errors.Join(errors.New("no migrations"), err)
	}
	newest := strings.TrimPrefix(files[len(files)-1], "migrations/")
	digits, _, _ := strings.Cut(newest, "_")
	return strconv.ParseInt(digits, 10, 64)
}

// Export hands out every row as it stands at one moment, table by table as in
// backup.Tables and by primary key, while others go on writing.
func (r *Registry) Export(ctx context.Context, each func(backup.Row) error) error {
	how := &sql.TxOptions{ReadOnly: true}
	if r.postgres() {
		how.Isolation = sql.LevelRepeatableRead // in SQLite it is so in any case
	}
	var theirs error
	err := r.read.hold(ctx, func(db *bun.DB) error {
		tx, err := db.BeginTx(ctx, how)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // nothing was written
		for _, t := range backup.Tables() {
			err := r.exportTable(ctx, tx, t, func(row backup.Row) error {
				theirs = each(row)
				return theirs
			})
			if err != nil {
				return fmt.Errorf("%s: %w", t.Name, err)
			}
		}
		return nil
	})
	if theirs != nil {
		return theirs
	}
	return doing("export", sorted(ctx, err))
}

func (r *Registry) postgres() bool { return r.read.db.Dialect().Name() == dialect.PG }

// exportTable orders by bytes, as SQLite does and PostgreSQL does on request.
func (r *Registry) exportTable(ctx context.Context, tx bun.Tx, t backup.Table, each func(backup.Row) error) error {
	bytewise := ""
	if r.postgres() {
		bytewise = ` COLLATE "C"`
	}
	var names, order []string
	for i, f := range t.Columns {
		names = append(names, f.Name)
		if i < t.Keys {
			order = append(order, f.Name+bytewise)
		}
	}
	rows, err := tx.QueryContext(ctx,
		"SELECT "+strings.Join(names, ", ")+" FROM "+t.Name+" ORDER BY "+strings.Join(order, ", "))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // read only
	for rows.Next() {
		row, err := scan(t, rows)
		if err != nil {
			return err
		}
		if err := each(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

func scan(t backup.Table, rows *sql.Rows) (backup.Row, error) {
	into := make([]any, len(t.Columns))
	for i, f := range t.Columns {
		switch f.Kind {
		case backup.Text:
			into[i] = new(string)
		case backup.Binary:
			into[i] = new([]byte)
		case backup.Truth:
			into[i] = new(bool)
		case backup.Number:
			into[i] = new(int64)
		}
	}
	if err := rows.Scan(into...); err != nil {
		return backup.Row{}, err
	}
	row := backup.Row{Table: t.Name, Values: make(map[string]any, len(t.Columns))}
	for i, f := range t.Columns {
		switch v := into[i].(type) {
		case *string:
			row.Values[f.Name] = *v
		case *[]byte:
			row.Values[f.Name] = *v
		case *bool:
			row.Values[f.Name] = *v
		case *int64:
			row.Values[f.Name] = *v
		}
	}
	return row, nil
}
