package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/users"
)

// holdingQuery is asked twice for each signature.
const holdingQuery = heldQuery + `c.deleted = 0`

const heldQuery = `
SELECT c.id, c.user_id, c.description, c.key_id, c.key_spec, c.certificates, c.qualifier, c.scal,
	c.multisign, c.mode, c.pkcs1v15, c.disabled, c.revoked, c.suspended, c.created, c.factors, c.extendable, u.disabled, u.signs_from,
	EXISTS (SELECT 1 FROM links l WHERE l.client_id = ? AND l.user_id = c.user_id),
	u.stamp, ` + userOut + ` OR EXISTS (SELECT 1 FROM attempts t WHERE t.user_id = u.id AND t.locked AND t.factor = c.id), ` + permissionStamp + `
FROM credentials c JOIN users u ON u.id = c.user_id WHERE c.id = ? AND `

// Holding returns the credential id as it stands between its owner and a
// client; credentials.ErrUnknown if there is none.
func (r *Registry) Holding(ctx context.Context, id, clientID string) (credentials.Holding, error) {
	return r.held(ctx, holdingQuery, id, clientID)
}

// Gone is Holding for a credential that was deleted; credentials.ErrUnknown if
// none of that id was.
func (r *Registry) Gone(ctx context.Context, id, clientID string) (credentials.Holding, error) {
	return r.held(ctx, heldQuery+`c.deleted <> 0`, id, clientID)
}

func (r *Registry) held(ctx context.Context, query, id, clientID string) (credentials.Holding, error) {
	if !plain(id) {
		return credentials.Holding{}, credentials.ErrUnknown
	}
	if !plain(clientID) {
		clientID = "" // which nobody has
	}
	h, err := lately(ctx, r.answers, question{query, id, clientID}, func() (credentials.Holding, error) {
		return r.holding(ctx, query, id, clientID)
	})
	h.Certificates = slices.Clone(h.Certificates)
	return h, err
}

// holding asks.
func (r *Registry) holding(ctx context.Context, query, id, clientID string) (credentials.Holding, error) {
	var h credentials.Holding
	var c credentialRow
	var standing oauth.Standing
	var from int64
	err := r.read.row(ctx, query, []any{clientID, clientID, id},
		&c.ID, &c.UserID, &c.Description, &c.KeyID, &c.KeySpec, &c.Certificates, &c.Qualifier, &c.SCAL,
		&c.Multisign, &c.Mode, &c.PKCS1v15, &c.Disabled, &c.Revoked, &c.Suspended, &c.Created, &c.Factors, &c.Extendable, &h.OwnerDisabled, &from, &h.Linked,
		&standing.User, &standing.Out, &standing.Permission)
	if errors.Is(err, sql.ErrNoRows) {
		return h, credentials.ErrUnknown
	}
	if err != nil {
		return h, fmt.Errorf("read credential: %w", err)
	}
	h.OwnerSignsFrom = instant(from)
	h.Credential, err = c.credential()
	if h.Standing = standing.String(); standing.Out {
		h.Standing = users.Out
	}
	return h, err
}
