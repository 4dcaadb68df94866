package registry_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/users"
)

func fill(t *testing.T, r *registry.Registry) {
	t.Helper()
	must(t, r.AddUser(t.Context(), user(1)))
	must(t, r.AddClient(t.Context(), client(1)))
}

// wantUnavailable: every verb says, within about a second, that the database
// cannot be asked.
func wantUnavailable(t *testing.T, r *registry.Registry) {
	t.Helper()
	var all sync.WaitGroup
	turns := make(chan struct{}, 12) // fewer than there are connections: none waits for another
	for verb, do := range verbs(t.Context(), r) {
		all.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			start := time.Now()
			err := do()
			if took := time.Since(start); took > 1500*time.Millisecond {
				t.Errorf("%s took %s", verb, took)
			}
			if !unavailable(err) {
				t.Errorf("%s: %v, want an UnavailableError", verb, err)
			}
			if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v is not the caller's context's", verb, err)
			}
		})
	}
	all.Wait()
}

// awaitWorking: it recovers by itself.
func awaitWorking(t *testing.T, r *registry.Registry) {
	t.Helper()
	var err error
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = r.Ready(t.Context()); err == nil {
			break
		}
	}
	must(t, err)
	for verb, do := range verbs(t.Context(), r) {
		// What it did not answer it may have done all the same.
		if err := do(); err != nil && !errors.Is(err, users.ErrExists) && !errors.Is(err, oauth.ErrClientChanged) { // what was not heard of may be done
			t.Errorf("%s after it came back: %v", verb, err)
		}
	}
}

func TestPostgresAway(t *testing.T) {
	t.Parallel() // it waits most of the time
	server := proctest.StartPostgres(t)
	url := server.Database()
	r := open(t, url)
	fill(t, r)
	race(t, 16, func(int) (bool, error) { return true, r.Ready(t.Context()) }) // connections to lose
	server.Kill9()
	wantUnavailable(t, r)
	if _, err := registry.Open(t.Context(), registry.Config{URL: url}); !unavailable(err) {
		t.Errorf("Open: %v, want an UnavailableError", err)
	}
	server.Restart()
	awaitWorking(t, r)
}

// TestPostgresSilent: the server is there and does not answer.
func TestPostgresSilent(t *testing.T) {
	t.Parallel() // it waits most of the time
	url := proctest.Postgres(t)
	r := open(t, url)
	fill(t, r)
	tx, err := raw(t, url).Begin()
	must(t, err)
	_, err = tx.Exec("LOCK TABLE users, attempts, clients, invitations, links, accounts, account_keys, heads IN ACCESS EXCLUSIVE MODE")
	must(t, err)
	wantUnavailable(t, r)
	must(t, tx.Rollback())
	awaitWorking(t, r)
}

// TestPostgresDeaf: what listens does not speak.
func TestPostgresDeaf(t *testing.T) {
	t.Parallel() // it waits most of the time
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	start := time.Now()
	_, err = registry.Open(t.Context(), registry.Config{URL: "postgres://demo:parola@" + l.Addr().String() + "/demo?sslmode=disable"})
	if took := time.Since(start); !unavailable(err) || took > 2*time.Second {
		t.Errorf("Open: %v after %s, want an UnavailableError", err, took)
	}
}

// TestSQLiteLocked: another process does not end its writing. Who reads is not
// in its way, who writes is told.
func TestSQLiteLocked(t *testing.T) {
	t.Parallel() // it waits most of the time
	url := "sqlite://" + filepath.Join(t.TempDir(), "registry.db")
	r := open(t, url)
	fill(t, r)
	db := raw(t, url)
	lock, err := db.Conn(t.Context())
	must(t, err)
	_, err = lock.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	must(t, err)
	if _, err := r.User(t.Context(), user(1).ID); err != nil {
		t.Errorf("User: %v", err)
	}
	if err := r.AddUser(t.Context(), user(2)); !unavailable(err) {
		t.Errorf("AddUser: %v, want an UnavailableError", err)
	}
	_, err = lock.ExecContext(t.Context(), "ROLLBACK")
	must(t, err)
	must(t, lock.Close())
	must(t, r.AddUser(t.Context(), user(2)))
}

// TestSQLiteRemoved: who goes on writing into a file that was removed or
// replaced writes for nobody.
func TestSQLiteRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	r := open(t, path)
	must(t, r.Ready(t.Context()))
	must(t, os.Rename(path, path+".moved"))
	if err := r.Ready(t.Context()); !unavailable(err) {
		t.Errorf("Ready without the file: %v, want an UnavailableError", err)
	}
	race(t, 20, func(int) (bool, error) { _, _ = r.User(t.Context(), user(1).ID); return true, nil })
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a new connection made a new file: %v", err)
	}
	must(t, os.WriteFile(path, nil, 0o600))
	if err := r.Ready(t.Context()); !unavailable(err) {
		t.Errorf("Ready with another file: %v, want an UnavailableError", err)
	}
}

func TestSQLiteUnreadable(t *testing.T) {
	t.Parallel() // it waits most of the time
	path := filepath.Join(t.TempDir(), "registry.db")
	must(t, os.WriteFile(path, []byte(strings.Repeat("not a database ", 1000)), 0o600))
	if _, err := registry.Open(t.Context(), registry.Config{URL: path}); !unavailable(err) {
		t.Errorf("Open: %v, want an UnavailableError", err)
	}
}

// TestSQLiteIsKeptSafe looks at what the durability of the file rests on.
func TestSQLiteIsKeptSafe(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "registru ș?#%.db")
	r := open(t, "sqlite://"+path)
	must(t, r.AddUser(t.Context(), user(1)))
	files, err := os.ReadDir(dir)
	must(t, err)
	if len(files) != 3 {
		t.Errorf("%d files, want the database, its log and its index: %v", len(files), files)
	}
	for _, f := range files {
		info, err := f.Info()
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", f.Name(), info.Mode())
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, test := range map[string]struct{ url, says string }{
		"no URL":                {"", "no URL"},
		"another scheme":        {"mysql://demo:parola-rea@localhost/demo", "postgres://"},
		"a database in memory":  {":memory:", "no path"},
		"an address of SQLite":  {"file:x.db?mode=memory", "no path"},
		"a folder that is none": {filepath.Join(t.TempDir(), "none", "registry.db"), "no such file"},
		"a folder":              {t.TempDir(), "registry"},
		"a wrong port":          {"postgres://demo:parola-rea@localhost:x/demo", "URL of PostgreSQL"},
		"a wrong escape":        {"postgres://demo:parola-rea%@localhost/demo", "URL of PostgreSQL"},
		"half a password":       {"postgres://demo:x/parola-rea@localhost/demo", "URL of PostgreSQL"},
		"a wrong setting":       {"postgres://demo:parola-rea@localhost/demo?sslmode=maybe", "sslmode"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := registry.Open(t.Context(), registry.Config{URL: test.url})
			if err == nil {
				_ = r.Close()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %q, want one with %q", err, test.says)
			}
			if strings.Contains(err.Error(), "parola-rea") {
				t.Errorf("the password is in the error: %v", err)
			}
		})
	}
}
