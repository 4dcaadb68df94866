package registry

import (
	"context"

	"github.com/pecete/pecete/credentials"
)

// DeleteCredential ends a credential for good; credentials.ErrUnknown if it is not
// there, or not any more. Its row stays, for its id, its key and what there is to
// say of its certificate.
func (r *Registry) DeleteCredential(ctx context.Context, id string, d credentials.Deletion) error {
	if !plain(id) {
		return credentials.ErrUnknown
	}
	var n *credentials.Notice
	if d.Told {
		n = &credentials.Notice{CredentialID: id, Fate: credentials.FateDeleted, Reason: d.Reason, ClientID: d.ClientID, At: d.At}
		if d.Revoked {
			n.Fate = credentials.FateDeletedRevoked
		}
	}
	rows, err := r.telling(ctx, n, `UPDATE credentials SET deleted = ?, disabled = TRUE,
		reason = CASE WHEN revoked THEN reason ELSE ? END,
		revoked_at = CASE WHEN revoked THEN revoked_at WHEN ? THEN ? ELSE 0 END,
		revoked = (revoked OR ?) WHERE id = ? AND deleted = 0`,
		micros(d.At), d.Reason, d.Revoked, micros(d.At), d.Revoked, id)
	if err == nil && rows == 0 {
		return credentials.ErrUnknown
	}
	return doing("delete credential", err)
}
