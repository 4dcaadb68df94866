package registry

import (
	"context"
	"database/sql"
	"encoding/json"
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
	Profile      string `bun:"profile"`
	AuthMethod   string `bun:"auth_method"`
	Verifiers    string `bun:"verifiers"`
	Keys         []byte `bun:"jwks"`
	TLSName      string `bun:"tls_name"`
	RequirePAR   bool   `bun:"require_par"`
	Bound        string `bun:"bound"`
	Logo         string `bun:"logo"`
	RedirectURIs string `bun:"redirect_uris"`
	Grants       string `bun:"grants"`
	Scopes       string `bun:"scopes"`
	Disabled     bool   `bun:"disabled"`
	Created      int64  `bun:"created"`
	TokensAfter  int64  `bun:"tokens_after"` // 0: ends none
}

func rowOfClient(c oauth.Client) (*clientRow, error) {
	tls, err := json.Marshal(c.TLS)
	if err != nil {
		return nil, err
	}
	if !plain(c.ID, c.Name, c.Profile, c.AuthMethod, c.Bound, c.Logo) ||
		!plain(c.RedirectURIs...) || !plain(c.Grants...) || !plain(c.Scopes...) || !plainTLS(c.TLS) {
		return nil, errText
	}
	row := &clientRow{
		ID: c.ID, Name: c.Name, Profile: c.Profile, AuthMethod: c.AuthMethod, Verifiers: encode(c.Verifiers), Keys: c.Keys,
		TLSName: string(tls), RequirePAR: c.RequirePAR, Bound: c.Bound, Logo: c.Logo, RedirectURIs: encode(c.RedirectURIs),
		Grants: encode(c.Grants), Scopes: encode(c.Scopes), Disabled: c.Disabled, Created: micros(c.Created),
	}
	if !c.TokensAfter.IsZero() {
		row.TokensAfter = micros(c.TokensAfter)
	}
	return row, nil
}

// plainTLS keeps a name from coming back as another: JSON would replace what is
// not UTF-8.
func plainTLS(n oauth.TLSName) bool {
	return plain(n.SubjectDN, n.SANDNS, n.SANURI, n.SANIP, n.SANEmail)
}

func (c clientRow) client() (oauth.Client, error) {
	full := oauth.Client{
		ID: c.ID, Name: c.Name, Profile: c.Profile, AuthMethod: c.AuthMethod, Keys: c.Keys, RequirePAR: c.RequirePAR,
		Bound: c.Bound, Logo: c.Logo, Disabled: c.Disabled, Created: moment(c.Created),
	}
	if c.TokensAfter != 0 {
		full.TokensAfter = moment(c.TokensAfter)
	}
	err := errors.Join(
		decodeOne(c.TLSName, &full.TLS),
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
SELECT id, name, profile, auth_method, verifiers, jwks, tls_name, require_par, bound, logo,
	redirect_uris, grants, scopes, disabled, created, tokens_after
FROM clients WHERE id = ?`

// Client returns the client id; oauth.ErrUnknownClient if there is none.
func (r *Registry) Client(ctx context.Context, id string) (oauth.Client, error) {
	if !plain(id) {
		return oauth.Client{}, oauth.ErrUnknownClient
	}
	var c clientRow
	err := r.read.row(ctx, clientQuery, []any{id},
		&c.ID, &c.Name, &c.Profile, &c.AuthMethod, &c.Verifiers, &c.Keys, &c.TLSName, &c.RequirePAR, &c.Bound, &c.Logo,
		&c.RedirectURIs, &c.Grants, &c.Scopes, &c.Disabled, &c.Created, &c.TokensAfter)
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
