// Package registry keeps what may not be lost: users with their TOTP steps and
// failure counters, credentials, clients, who may act for whom, and the last
// signed head of the audit log. It is one code over two databases, a SQLite
// file for a server that is alone and PostgreSQL for several.
//
// It implements the stores that users, credentials, oauth and audit declare and
// has no rule of its own. Whatever of many callers only one may do is one
// statement with a condition: who changed a row did it, who changed none did
// not. So no caller needs a transaction, and two servers are as safe as two
// goroutines.
//
// A database that cannot be asked is answered with an UnavailableError, which
// says nothing about the question. It recovers by itself.
package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// Config says where the registry is.
type Config struct {
	// URL is postgres://user:password@host:port/database?sslmode=verify-full, or
	// a SQLite file: sqlite:///path/to/file.db, or only its path. A file that is
	// not there is made, readable by its owner; its folder is not.
	URL string
	// Observe, if set, is told of every question put to the database: in which
	// lane, how long it took with the wait for its turn, and the error if the
	// database failed; that something is not there, or there already, is an
	// answer. It is called by many at once and must not wait.
	Observe func(lane string, took time.Duration, err error)
}

// A Registry is an open database. It is for any number of goroutines.
//
// A SQLite file that is open here must not be opened and closed by other means
// in the same process: POSIX would take its locks away.
type Registry struct {
	read, write *lane
	answers     *answers    // of SQLite, nil for PostgreSQL
	file        string      // of SQLite, "" for PostgreSQL
	opened      fs.FileInfo // of that file
}

// ErrNewer says that the database was made by a later version of the program.
var ErrNewer = errors.New("registry: made by a newer version of this program")

// Open opens the registry and brings its tables up to date; ErrNewer if they
// are of a program newer than this, an UnavailableError if nobody is there.
func Open(ctx context.Context, c Config) (*Registry, error) {
	r, err := open(ctx, c)
	if err == nil {
		if err = r.completeCertificates(ctx); err != nil {
			err = errors.Join(err, r.Close())
		}
	}
	if err == nil && c.Observe != nil {
		r.watch(c.Observe)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

func open(ctx context.Context, c Config) (*Registry, error) {
	scheme, rest, hasScheme := strings.Cut(c.URL, "://")
	switch {
	case c.URL == "":
		return nil, errors.New("open registry: no URL")
	case hasScheme && (scheme == "postgres" || scheme == "postgresql"):
		return openPostgres(ctx, c.URL)
	case hasScheme && scheme == "sqlite":
		return openSQLite(ctx, rest)
	case hasScheme, strings.HasPrefix(c.URL, "file:"), strings.HasPrefix(c.URL, ":"):
		return nil, fmt.Errorf("open registry: the URL begins neither with postgres:// nor with sqlite:// and is no path")
	default:
		return openSQLite(ctx, c.URL)
	}
}

// Close ends all connections, once what is under way is done.
func (r *Registry) Close() error {
	err := errors.Join(r.answers.close(), r.write.db.Close())
	if r.read != r.write {
		err = errors.Join(r.read.db.Close(), err)
	}
	return err
}

// Ready says whether the registry can be asked and written to.
func (r *Registry) Ready(ctx context.Context) error {
	if err := r.present(); err != nil {
		return err
	}
	// Nothing is deleted, but a database that is read-only or full of others'
	// locks says so.
	return r.write.do(ctx, func(ctx context.Context, db *bun.DB) error {
		_, err := db.NewDelete().Model((*linkRow)(nil)).Where("1 = 0").Exec(ctx)
		return err
	})
}

// present tells a SQLite file that was removed or replaced: what is open goes on
// as if nothing had happened, into a file that nobody will find again.
func (r *Registry) present() error {
	if r.file == "" {
		return nil
	}
	now, err := os.Stat(r.file)
	if err != nil {
		return &UnavailableError{Cause: err}
	}
	if !os.SameFile(now, r.opened) {
		return &UnavailableError{Cause: fmt.Errorf("%s is not the file that was opened", r.file)}
	}
	return nil
}
