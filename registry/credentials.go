package registry

import (
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

var _ credentials.Store = (*Registry)(nil)

// A credentialRow is a credentials.Credential in the table.
type credentialRow struct {
	bun.BaseModel `bun:"table:credentials,alias:c"`

	ID           string `bun:"id,pk"`
	UserID       string `bun:"user_id"`
	Description  string `bun:"description"`
	KeyID        []byte `bun:"key_id"`
	KeySpec      string `bun:"key_spec"`
	Certificates string `bun:"certificates"`
	Qualifier    string `bun:"qualifier"`
	SCAL         string `bun:"scal"`
	Multisign    int    `bun:"multisign"`
	Mode         string `bun:"mode"`
	PKCS1v15     bool   `bun:"pkcs1v15"`
	Disabled     bool   `bun:"disabled"`
	Revoked      bool   `bun:"revoked"`
	Created      int64  `bun:"created"`
	Factors      string `bun:"factors"`
	Extendable   bool   `bun:"extendable"`
	Deleted      int64  `bun:"deleted"`
	Reason       int    `bun:"reason"`
	Serial       string `bun:"serial"`
	Suspended    int64  `bun:"suspended"`
	RevokedAt    int64  `bun:"revoked_at"`
}

// AddCredential keeps a new credential in the place of its issuance;
// credentials.ErrExists if its ID or KeyID is taken, credentials.ErrEnded if the
// issuance was abandoned, users.ErrUnknown if its user is not there.
func (r *Registry) AddCredential(ctx context.Context, c credentials.Credential) error {
	row, err := rowOfCredential(c)
	if err != nil {
		return fmt.Errorf("add credential: %w", err)
	}
	err = r.write.do(ctx, func(ctx context.Context, db *bun.DB) error {
		return db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error { return keepCredential(ctx, tx, row) })
	})
	if errors.Is(err, errForeign) {
		return users.ErrUnknown
	}
	return doing("add credential", kept(err))
}

func rowOfCredential(c credentials.Credential) (*credentialRow, error) {
	row := &credentialRow{
		ID: c.ID, UserID: c.UserID, Description: c.Description, KeyID: c.KeyID, KeySpec: string(c.Key),
		Certificates: encode(c.Certificates), Qualifier: string(c.Qualifier), SCAL: string(c.SCAL),
		Multisign: c.Multisign, Mode: string(c.Mode), PKCS1v15: c.PKCS1v15,
		Disabled: c.Disabled, Revoked: c.Revoked, Created: micros(c.Created),
		Factors: string(c.Factors), Extendable: c.Extendable, Serial: serial(c),
	}
	if c.Suspended {
		row.Suspended = row.Created
	}
	if c.Revoked {
		row.RevokedAt = row.Created
	}
	if !plain(row.ID, row.UserID, row.Description, row.KeySpec, row.Qualifier, row.SCAL, row.Mode, row.Factors) {
		return nil, errText
	}
	return row, nil
}

// Credential returns the credential id; credentials.ErrUnknown if there is none.
func (r *Registry) Credential(ctx context.Context, id string) (credentials.Credential, error) {
	if !plain(id) {
		return credentials.Credential{}, credentials.ErrUnknown
	}
	row, err := one[credentialRow](ctx, r.read, "credential", credentials.ErrUnknown, where("id = ? AND deleted = 0", id))
	if err != nil {
		return credentials.Credential{}, err
	}
	return row.credential()
}

// CredentialsOf returns a user's credentials, oldest first.
func (r *Registry) CredentialsOf(ctx context.Context, userID string) ([]credentials.Credential, error) {
	if !plain(userID) {
		return nil, nil
	}
	return some(ctx, r.read, "credentials", func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("user_id = ? AND deleted = 0", userID).Order("created", "id")
	}, credentialRow.credential)
}

func (c credentialRow) credential() (credentials.Credential, error) {
	full := credentials.Credential{
		ID: c.ID, UserID: c.UserID, Description: c.Description, KeyID: c.KeyID, Key: csc.KeySpec(c.KeySpec),
		Qualifier: csc.Qualifier(c.Qualifier), SCAL: csc.SCAL(c.SCAL),
		Multisign: c.Multisign, Mode: csc.AuthMode(c.Mode), PKCS1v15: c.PKCS1v15,
		Disabled: c.Disabled, Revoked: c.Revoked, Suspended: c.Suspended != 0, Created: moment(c.Created),
		Factors: credentials.Factors(c.Factors), Extendable: c.Extendable,
	}
	if err := decode(c.Certificates, &full.Certificates); err != nil {
		return credentials.Credential{}, fmt.Errorf("read credential %s: %w", c.ID, err)
	}
	return full, nil
}

// SetCredentialDisabled disables a credential or ends that;
// credentials.ErrUnknown if there is none.
func (r *Registry) SetCredentialDisabled(ctx context.Context, id string, disabled bool) error {
	return doing("set status of credential", r.setCredential(ctx, id, "disabled", disabled))
}

// SetCredentialFactors says how a credential is authorized from now on;
// credentials.ErrUnknown if there is none.
func (r *Registry) SetCredentialFactors(ctx context.Context, id string, f credentials.Factors) error {
	if !plain(string(f)) {
		return fmt.Errorf("set factors of credential: %w", errText)
	}
	return doing("set factors of credential", r.setCredential(ctx, id, "factors", string(f)))
}

// SetCredentialExtendable lets authorizations of a credential be extended, or
// ends that; credentials.ErrUnknown if there is none.
func (r *Registry) SetCredentialExtendable(ctx context.Context, id string, extendable bool) error {
	return doing("set extension of credential", r.setCredential(ctx, id, "extendable", extendable))
}

func (r *Registry) setCredential(ctx context.Context, id, column string, value any) error {
	if !plain(id) {
		return credentials.ErrUnknown
	}
	rows, err := r.write.count(ctx, `UPDATE credentials SET ? = ? WHERE id = ? AND deleted = 0`, bun.Ident(column), value, id)
	if err == nil && rows == 0 {
		return credentials.ErrUnknown
	}
	return err
}
