package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/pecete/pecete/credentials"
)

// An UnavailableError says that the database could not be asked. It tells
// nothing about what was asked, nor whether it was done.
type UnavailableError struct{ Cause error }

func (e *UnavailableError) Error() string { return "registry unavailable: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *UnavailableError) Unwrap() error { return e.Cause }

// Unavailable marks the error as one that passes.
func (e *UnavailableError) Unavailable() bool { return true }

var (
	// errUnique: the row, or one of its unique columns, is there already.
	errUnique = errors.New("not unique")
	// errForeign: a row that this one refers to is not there.
	errForeign = errors.New("refers to nothing")
	// errSlow stands for our own deadline, which is nobody else's context error.
	errSlow = errors.New("no answer in time")
)

// sorted says what an error of the drivers means here: a broken constraint, the
// end of the caller's context, a database that cannot be asked, or, as it is, a
// fault of ours.
func sorted(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, sql.ErrNoRows) || errors.Is(err, errUnreadable) || errors.Is(err, credentials.ErrEnded) {
		return err
	}
	away := true
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		away = awayPostgres(e.Code)
		err = constraint(err, e.Code == "23505", e.Code == "23503")
	} else if e, ok := errors.AsType[*sqlite.Error](err); ok {
		away = awaySQLite(e.Code())
		err = constraint(err,
			e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
			e.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY)
	}
	if !away {
		return err
	}
	if gone := ctx.Err(); gone != nil {
		return gone
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		err = errSlow
	}
	return &UnavailableError{Cause: err}
}

func constraint(err error, unique, foreign bool) error {
	switch {
	case unique:
		return fmt.Errorf("%w: %w", errUnique, err)
	case foreign:
		return fmt.Errorf("%w: %w", errForeign, err)
	}
	return err
}

// awayPostgres tells by the class of SQLSTATE, or by all of it, whether the
// server is there but not able (PostgreSQL manual, appendix A).
func awayPostgres(state string) bool {
	switch state {
	case "25006", // read_only_sql_transaction: a standby
		"40001", "40P01", "55P03": // serialization_failure, deadlock_detected, lock_not_available
		return true
	}
	switch state[:min(2, len(state))] {
	case "08", // connection exception
		"28", "3D", // invalid authorization, no such database: both are the operator's
		"53", // insufficient resources
		"57", // operator intervention: shutdown, start, cancel
		"58", // system error
		"XX": // internal error, corrupted data
		return true
	}
	return false
}

// awaySQLite tells by the primary result code.
func awaySQLite(code int) bool {
	switch code & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY,
		sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH,
		sqlite3.SQLITE_NOTADB:
		return true
	}
	return false
}
