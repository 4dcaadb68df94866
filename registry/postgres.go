package registry

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// The waits at PostgreSQL.
const (
	postgresTurns  = 16
	postgresQueue  = 5 * time.Second
	postgresAnswer = 900 * time.Millisecond // so that a client is told within a second
)

func openPostgres(ctx context.Context, address string) (*Registry, error) {
	c, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("open registry: %w", misread(err))
	}
	at := net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
	c.ConnectTimeout = postgresAnswer
	// bun writes values into the statement itself. Preparing each would cost a
	// second round trip; and what it writes is only right with this setting.
	c.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	c.RuntimeParams["standard_conforming_strings"] = "on"
	c.RuntimeParams["application_name"] = "pecete"

	db := bun.NewDB(stdlib.OpenDB(*c), pgdialect.New())
	both := newLane(db, postgresTurns, postgresQueue, postgresAnswer)
	r := &Registry{read: both, write: both}
	if err := r.preparePostgres(ctx); err != nil {
		_ = r.Close()
		return nil, fmt.Errorf("open registry at %s: %w", at, err)
	}
	return r, nil
}

// misread takes the address, which has the password in it, out of what is said
// about it. Of one that is no URL nothing can be repeated.
func misread(err error) error {
	_, about, found := strings.Cut(err.Error(), "`: ")
	if !found || strings.HasPrefix(about, "failed to parse") {
		about = "want postgres://user:password@host:port/database"
	}
	return fmt.Errorf("read URL of PostgreSQL: %s", about)
}

// preparePostgres finds out within a second whether the server is there, and
// then takes its time: of several processes one brings the tables up to date
// while the others wait.
func (r *Registry) preparePostgres(ctx context.Context) error {
	ping := func(ctx context.Context, db *bun.DB) error { return db.PingContext(ctx) }
	if err := r.write.do(ctx, ping); err != nil {
		return err
	}
	one, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
	if err != nil {
		return err
	}
	return sorted(ctx, migrateUp(ctx, goose.DialectPostgres, r.write.db.DB, goose.WithSessionLocker(one)))
}
