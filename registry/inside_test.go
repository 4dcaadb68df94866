package registry

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/uptrace/bun"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// TestSQLiteConnections asks every connection for the settings that nothing else
// would show the lack of.
func TestSQLiteConnections(t *testing.T) {
	r, err := Open(t.Context(), Config{URL: filepath.Join(t.TempDir(), "registry.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for pragma, want := range map[string]string{
		"journal_mode": "wal",
		"synchronous":  "2", // FULL
		"foreign_keys": "1",
		"busy_timeout": "5000",
	} {
		for name, l := range map[string]*lane{"read": r.read, "write": r.write} {
			var got string
			if err := l.db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s lane: %s is %q, %v; want %q", name, pragma, got, err, want)
			}
		}
	}
	if _, err := r.read.db.ExecContext(t.Context(), "DELETE FROM users"); err == nil {
		t.Error("the read lane writes")
	}
	tx, err := r.write.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if !lockedFor(t, r.file) {
		t.Error("a transaction that has not written yet is in nobody's way")
	}
	if n := r.write.db.Stats().MaxOpenConnections; n != 1 {
		t.Errorf("%d may write at once", n)
	}
}

// lockedFor reports whether another connection may not write.
func lockedFor(t *testing.T, path string) bool {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.ExecContext(t.Context(), "DELETE FROM users")
	e, is := errors.AsType[*sqlite.Error](err)
	return is && e.Code() == sqlite3.SQLITE_BUSY
}

func TestLaneBoundsBothWaits(t *testing.T) {
	r, err := Open(t.Context(), Config{URL: filepath.Join(t.TempDir(), "registry.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	l := newLane(r.write.db, 1, 50*time.Millisecond, 50*time.Millisecond)
	slow := func(ctx context.Context, _ *bun.DB) error { <-ctx.Done(); return ctx.Err() }
	err = l.do(t.Context(), slow)
	if _, away := errors.AsType[*UnavailableError](err); !away || !errors.Is(err, errSlow) {
		t.Errorf("no answer: %v", err)
	}

	in, out := make(chan struct{}), make(chan struct{})
	go func() {
		_ = l.do(context.Background(), func(context.Context, *bun.DB) error { close(in); <-out; return nil })
	}()
	<-in
	if err := l.do(t.Context(), slow); !errors.Is(err, errBusy) {
		t.Errorf("no turn: %v", err)
	}
	soon, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := l.do(soon, slow); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the caller's deadline in the queue: %v", err)
	}
	close(out)
}
