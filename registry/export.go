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
)

// ErrNotEmpty says that a registry has rows already.
var ErrNotEmpty = errors.New("registry: not empty")

// Schema is the number of the newest migration that this program knows. An open
// registry has it.
func Schema() (int64, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(files) == 0 {
		return 0, errors.Join(errors.New("no migrations"), err)
	}
	newest := strings.TrimPrefix(files[len(files)-1], "migrations/")
	digits, _, _ := strings.Cut(newest, "_")
	return strconv.ParseInt(digits, 10, 64)
}

// Export hands out every row as it stands at one moment, table by table as in
// Tables and by primary key, while others go on writing.
func (r *Registry) Export(ctx context.Context, each func(Row) error) error {
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
		for _, t := range relations {
			err := r.exportTable(ctx, tx, t, func(row Row) error {
				theirs = each(row)
				return theirs
			})
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
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
func (r *Registry) exportTable(ctx context.Context, tx bun.Tx, t relation, each func(Row) error) error {
	bytewise := ""
	if r.postgres() {
		bytewise = ` COLLATE "C"`
	}
	var names, order []string
	for i, f := range t.fields {
		names = append(names, f.name)
		if i < t.keys {
			order = append(order, f.name+bytewise)
		}
	}
	rows, err := tx.QueryContext(ctx,
		"SELECT "+strings.Join(names, ", ")+" FROM "+t.name+" ORDER BY "+strings.Join(order, ", "))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // read only
	for rows.Next() {
		row, err := t.scan(rows)
		if err != nil {
			return err
		}
		if err := each(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (t relation) scan(rows *sql.Rows) (Row, error) {
	into := make([]any, len(t.fields))
	for i, f := range t.fields {
		switch f.kind {
		case text:
			into[i] = new(string)
		case binary:
			into[i] = new([]byte)
		case truth:
			into[i] = new(bool)
		case number:
			into[i] = new(int64)
		}
	}
	if err := rows.Scan(into...); err != nil {
		return Row{}, err
	}
	row := Row{Table: t.name, Values: make(map[string]any, len(t.fields))}
	for i, f := range t.fields {
		switch v := into[i].(type) {
		case *string:
			row.Values[f.name] = *v
		case *[]byte:
			row.Values[f.name] = *v
		case *bool:
			row.Values[f.name] = *v
		case *int64:
			row.Values[f.name] = *v
		}
	}
	return row, nil
}
