package registry

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// The migrations, in order. One that was released is never changed: a registry
// somewhere has it.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrateUp brings the tables up to date, each migration in a transaction of its
// own. It touches nothing that a newer program made.
func migrateUp(ctx context.Context, dialect goose.Dialect, db *sql.DB, options ...goose.ProviderOption) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, db, files, append(options,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))...)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	has, knows, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read version: %w", err)
	}
	switch {
	case has > knows:
		return fmt.Errorf("%w: it has version %d, this program knows %d", ErrNewer, has, knows)
	case has == knows:
		return nil // without waiting for the turn to change nothing
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
