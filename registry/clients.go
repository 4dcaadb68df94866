package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/oauth"
)

var _ oauth.ClientStore = (*Registry)(nil)

// A clientRow is an oauth.Client in the table.
type clientRow struct {
	bun.BaseModel `bun:"table:clients,alias:c"`

	ID           string `bun:"id,pk"`
	Name         string `bun:"name"`
	Verifiers    string `bun:"verifiers"`
	RedirectURIs string `bun:"redirect_uris"`
	Grants       string `bun:"grants"`
	Scopes       string `bun:"scopes"`
	Disabled     bool   `bun:"disabled"`
	Created      int64  `bun:"created"`
}

func rowOfClient(c oauth.Client) (*clientRow, error) {
	if !plain(c.ID, c.Name) || !plain(c.RedirectURIs...) || !plain(c.Grants...) || !plain(c.Scopes...) {
		return nil, errText
	}
	return &clientRow{
		ID: c.ID, Name: c.Name, Verifiers: encode(c.Verifiers), RedirectURIs: encode(c.RedirectURIs),
		Grants: encode(c.Grants), Scopes: encode(c.Scopes), Disabled: c.Disabled, Created: micros(c.Created),
	}, nil
}

func (c clientRow) client() (oauth.Client, error) {
	full := oauth.Client{ID: c.ID, Name: c.Name, Disabled: c.Disabled, Created: moment(c.Created)}
	err := errors.Join(
		decode(c.Verifiers, &full.Verifiers),
		decode(c.RedirectURIs, &full.RedirectURIs),
		decode(c.Grants, &full.Grants),
		decode(c.Scopes, &full.Scopes),
	)
	if err != nil {
		return oauth.Client{}, fmt.Errorf("read client %s: %w", c.ID, err)
	}
	return full, nil
}

// AddClient keeps a new client; oauth.ErrClientExists if its ID is taken.
func (r *Registry) AddClient(ctx context.Context, c oauth.Client) error {
	row, err := rowOfClient(c)
	if err != nil {
		return fmt.Errorf("add client: %w", err)
	}
	err = r.write.do(ctx, func(ctx context.Context, db *bun.DB) error {
		_, err := db.NewInsert().Model(row).Exec(ctx)
		return err
	})
	if errors.Is(err, errUnique) {
		return oauth.ErrClientExists
	}
	return doing("add client", err)
}

// clientQuery is asked for each access token that comes.
const clientQuery = `
SELECT id, name, verifiers, redirect_uris, grants, scopes, disabled, created FROM clients WHERE id = ?`

// Client returns the client id; oauth.ErrUnknownClient if there is none.
func (r *Registry) Client(ctx context.Context, id string) (oauth.Client, error) {
	if !plain(id) {
		return oauth.Client{}, oauth.ErrUnknownClient
	}
	var c clientRow
	err := r.read.row(ctx, clientQuery, []any{id},
		&c.ID, &c.Name, &c.Verifiers, &c.RedirectURIs, &c.Grants, &c.Scopes, &c.Disabled, &c.Created)
	if errors.Is(err, sql.ErrNoRows) {
		return oauth.Client{}, oauth.ErrUnknownClient
	}
	if err != nil {
		return oauth.Client{}, fmt.Errorf("read client: %w", err)
	}
	return c.client()
}

// Clients returns all clients, oldest first.
func (r *Registry) Clients(ctx context.Context) ([]oauth.Client, error) {
	var rows []clientRow
	err := r.read.do(ctx, func(ctx context.Context, db *bun.DB) error {
		return db.NewSelect().Model(&rows).Order("created", "id").Scan(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("read clients: %w", err)
	}
	all := make([]oauth.Client, len(rows))
	for i, row := range rows {
		if all[i], err = row.client(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// UpdateClient replaces a client; oauth.ErrUnknownClient if there is none.
func (r *Registry) UpdateClient(ctx context.Context, c oauth.Client) error {
	row, err := rowOfClient(c)
	if err != nil {
		return fmt.Errorf("update client: %w", err)
	}
	var rows int64
	err = r.write.do(ctx, func(ctx context.Context, db *bun.DB) error {
		result, err := db.NewUpdate().Model(row).WherePK().Exec(ctx)
		if err != nil {
			return err
		}
		rows, err = result.RowsAffected()
		return err
	})
	if err == nil && rows == 0 {
		return oauth.ErrUnknownClient
	}
	return doing("update client", err)
}

// RemoveClient forgets a client and its links; oauth.ErrUnknownClient if there
// is none.
func (r *Registry) RemoveClient(ctx context.Context, id string) error {
	if !plain(id) {
		return oauth.ErrUnknownClient
	}
	rows, err := r.write.count(ctx, `DELETE FROM clients WHERE id = ?`, id) // the links follow
	if err == nil && rows == 0 {
		return oauth.ErrUnknownClient
	}
	return doing("remove client", err)
}
