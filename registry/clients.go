package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

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
	RequireJAR   bool   `bun:"require_jar"`
	Bound        string `bun:"bound"`
	Resource     bool   `bun:"resource_server"`
	Logo         string `bun:"logo"`
	RedirectURIs string `bun:"redirect_uris"`
	ResponseURIs string `bun:"response_uris"`
	Grants       string `bun:"grants"`
	Scopes       string `bun:"scopes"`
	Disabled     bool   `bun:"disabled"`
	Created      int64  `bun:"created"`
	TokensAfter  int64  `bun:"tokens_after"` // 0: ends none
	Managed      string `bun:"managed"`      // "" for one that only operators change
	Revision     int64  `bun:"revision"`
}

func rowOfClient(c oauth.Client) (*clientRow, error) {
	tls, err := json.Marshal(c.TLS)
	if err != nil {
		return nil, err
	}
	managed, err := encodeManaged(c.Managed)
	if err != nil {
		return nil, err
	}
	if !plain(c.ID, c.Name, c.Profile, c.AuthMethod, c.Bound, c.Logo) ||
		!plain(c.RedirectURIs...) || !plain(c.ResponseURIs...) || !plain(c.Grants...) || !plain(c.Scopes...) || !plainTLS(c.TLS) {
		return nil, errText
	}
	row := &clientRow{
		ID: c.ID, Name: c.Name, Profile: c.Profile, AuthMethod: c.AuthMethod, Verifiers: encode(c.Verifiers), Keys: c.Keys,
		TLSName: string(tls), RequirePAR: c.RequirePAR, RequireJAR: c.RequireJAR, Bound: c.Bound, Resource: c.ResourceServer, Logo: c.Logo,
		RedirectURIs: encode(c.RedirectURIs), ResponseURIs: encode(c.ResponseURIs), Grants: encode(c.Grants), Scopes: encode(c.Scopes),
		Disabled: c.Disabled, Created: micros(c.Created), Managed: managed, Revision: c.Revision,
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

// A managedColumn is an oauth.Managed as its column has it.
type managedColumn struct {
	Invitation string   `json:"invitation"`
	Hash       string   `json:"hash"`
	Profile    string   `json:"profile"`
	Grants     []string `json:"grants"`
	Scopes     []string `json:"scopes"`
}

func encodeManaged(m *oauth.Managed) (string, error) {
	if m == nil {
		return "", nil
	}
	if !plain(m.Invitation, m.Hash, m.Allows.Profile) || !plain(m.Allows.Grants...) || !plain(m.Allows.Scopes...) {
		return "", errText
	}
	text, err := json.Marshal(managedColumn{m.Invitation, m.Hash, m.Allows.Profile, m.Allows.Grants, m.Allows.Scopes})
	return string(text), err
}

func decodeManaged(text string) (*oauth.Managed, error) {
	if text == "" {
		return nil, nil
	}
	var m managedColumn
	if err := decodeOne(text, &m); err != nil {
		return nil, err
	}
	return &oauth.Managed{
		Invitation: m.Invitation, Hash: m.Hash, Allows: oauth.Allowance{Profile: m.Profile, Grants: m.Grants, Scopes: m.Scopes},
	}, nil
}

func (c clientRow) client() (oauth.Client, error) {
	full := oauth.Client{
		ID: c.ID, Name: c.Name, Profile: c.Profile, AuthMethod: c.AuthMethod, Keys: c.Keys, RequirePAR: c.RequirePAR,
		RequireJAR: c.RequireJAR, Bound: c.Bound, ResourceServer: c.Resource, Logo: c.Logo, Disabled: c.Disabled, Created: moment(c.Created), Revision: c.Revision,
	}
	if c.TokensAfter != 0 {
		full.TokensAfter = moment(c.TokensAfter)
	}
	var err error
	full.Managed, err = decodeManaged(c.Managed)
	err = errors.Join(err,
		decodeOne(c.TLSName, &full.TLS),
		decode(c.Verifiers, &full.Verifiers),
		decode(c.RedirectURIs, &full.RedirectURIs),
		decode(c.ResponseURIs, &full.ResponseURIs),
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
	err = r.write.insert(ctx, row)
	if errors.Is(err, errUnique) {
		return oauth.ErrClientExists
	}
	return doing("add client", err)
}

// clientQuery is asked for each access token that comes.
const clientQuery = `
SELECT id, name, profile, auth_method, verifiers, jwks, tls_name, require_par, require_jar, bound, resource_server, logo,
	redirect_uris, response_uris, grants, scopes, disabled, created, tokens_after, managed, revision
FROM clients WHERE id = ?`

// Client returns the client id; oauth.ErrUnknownClient if there is none.
func (r *Registry) Client(ctx context.Context, id string) (oauth.Client, error) {
	if !plain(id) {
		return oauth.Client{}, oauth.ErrUnknownClient
	}
	c, err := lately(ctx, r.answers, question{query: clientQuery, first: id}, func() (oauth.Client, error) {
		return r.askClient(ctx, id)
	})
	return ownClient(c), err
}

// ownClient is c for somebody who may change it.
func ownClient(c oauth.Client) oauth.Client {
	for _, list := range []*[]string{&c.RedirectURIs, &c.ResponseURIs, &c.Grants, &c.Scopes} {
		*list = slices.Clone(*list)
	}
	c.Verifiers, c.Keys = slices.Clone(c.Verifiers), slices.Clone(c.Keys)
	for n, v := range c.Verifiers {
		c.Verifiers[n] = slices.Clone(v)
	}
	if c.Managed != nil {
		managed := *c.Managed
		managed.Allows.Grants, managed.Allows.Scopes = slices.Clone(managed.Allows.Grants), slices.Clone(managed.Allows.Scopes)
		c.Managed = &managed
	}
	return c
}

func (r *Registry) askClient(ctx context.Context, id string) (oauth.Client, error) {
	var c clientRow
	err := r.read.row(ctx, clientQuery, []any{id},
		&c.ID, &c.Name, &c.Profile, &c.AuthMethod, &c.Verifiers, &c.Keys, &c.TLSName, &c.RequirePAR, &c.RequireJAR,
		&c.Bound, &c.Resource, &c.Logo, &c.RedirectURIs, &c.ResponseURIs, &c.Grants, &c.Scopes, &c.Disabled, &c.Created, &c.TokensAfter, &c.Managed, &c.Revision)
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
	return some(ctx, r.read, "clients", oldestFirst, clientRow.client)
}

// UpdateClient replaces the client that has c's ID and Revision, and counts the
// Revision up; oauth.ErrUnknownClient if there is none with the ID,
// oauth.ErrClientChanged if its Revision is another.
func (r *Registry) UpdateClient(ctx context.Context, c oauth.Client) error {
	row, err := rowOfClient(c)
	if err != nil {
		return fmt.Errorf("update client: %w", err)
	}
	row.Revision++
	var rows int64
	err = r.write.do(ctx, func(ctx context.Context, db *bun.DB) error {
		result, err := db.NewUpdate().Model(row).WherePK().Where("revision = ?", c.Revision).Exec(ctx)
		if err != nil {
			return err
		}
		rows, err = result.RowsAffected()
		return err
	})
	if err == nil && rows == 0 {
		if _, err := r.Client(ctx, c.ID); err != nil {
			return err
		}
		return oauth.ErrClientChanged
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
