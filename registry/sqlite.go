package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
)

// The waits at a SQLite file. Only one may write at a time, in all processes:
// the other ones wait in line in this process, and at the file for the next.
const (
	sqliteReaders = 4
	sqliteQueue   = 10 * time.Second
	sqliteLock    = 5 * time.Second // for another process to finish its writing
)

func openSQLite(ctx context.Context, path string) (*Registry, error) {
	r, err := sqliteFile(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open registry %s: %w", path, err)
	}
	return r, nil
}

func sqliteFile(ctx context.Context, path string) (*Registry, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := makeFile(path); err != nil {
		return nil, err
	}
	r := &Registry{file: path}
	if r.opened, err = os.Stat(path); err != nil {
		return nil, err
	}
	if r.write, err = sqliteLane(path, 1); err != nil {
		return nil, err
	}
	if r.read, err = sqliteLane(path, sqliteReaders, "query_only(1)"); err != nil {
		_ = r.write.db.Close()
		return nil, err
	}
	watch, err := sqliteLane(path, 1, "query_only(1)")
	if err != nil {
		_ = r.Close()
		return nil, err
	}
	r.answers = &answers{lane: watch}
	if err := r.prepareSQLite(ctx); err != nil {
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

// prepareSQLite switches a new file to a write-ahead log and brings it up to
// date. Two processes that do so at once get in each other's way, which does no
// harm: the second look finds it done.
func (r *Registry) prepareSQLite(ctx context.Context) error {
	var err error
	for range 20 {
		err = r.migrateSQLite(ctx)
		if err == nil || ctx.Err() != nil || errors.Is(err, ErrNewer) {
			return sorted(ctx, err)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	return sorted(ctx, err)
}

func (r *Registry) migrateSQLite(ctx context.Context) error {
	var mode string
	if err := r.write.db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" { // a file system without shared memory
		return fmt.Errorf("the file has journal mode %q, and cannot be kept safe so", mode)
	}
	return migrateUp(ctx, goose.DialectSQLite3, r.write.db.DB)
}

// sqliteLane opens connections to the file. They do not make it: a file that
// went away is not replaced by an empty one.
func sqliteLane(path string, turns int, pragmas ...string) (*lane, error) {
	query := url.Values{"mode": {"rw"}, "_txlock": {"immediate"}, "_pragma": append(pragmas,
		fmt.Sprintf("busy_timeout(%d)", sqliteLock.Milliseconds()),
		"journal_mode(WAL)",
		"synchronous(FULL)", // a commit is on the disk before it is answered
		"foreign_keys(1)",
	)}
	name := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	l := newLane(bun.NewDB(db, sqlitedialect.New()), turns, sqliteQueue, sqliteLock+time.Second)
	l.prepares = true
	return l, nil
}

// makeFile makes an empty file that only its owner can read; SQLite gives its
// other files the same mode. The file appears under its name closed: closing it
// there would take away the locks of another Registry in this process.
func makeFile(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	empty, err := os.CreateTemp(filepath.Dir(path), ".registry-*") // mode 0600
	if err != nil {
		return fmt.Errorf("make the file: %w", strip(err))
	}
	err = empty.Close()
	if err == nil {
		err = os.Link(empty.Name(), path)
	}
	if errors.Is(err, os.ErrExist) {
		err = nil // another process was first
	}
	if err = errors.Join(err, os.Remove(empty.Name())); err != nil {
		return fmt.Errorf("make the file: %w", err)
	}
	return nil
}

// strip takes the name of the temporary file out of an error that is about its
// folder.
func strip(err error) error {
	var at *os.PathError
	if errors.As(err, &at) && strings.Contains(at.Path, ".registry-") {
		return at.Err
	}
	return err
}
