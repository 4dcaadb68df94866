package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/oauth"
)

var _ oauth.InvitationStore = (*Registry)(nil)

// An invitationRow is an oauth.Invitation in the table.
type invitationRow struct {
	bun.BaseModel `bun:"table:invitations,alias:i"`

	ID      string `bun:"id,pk"`
	Hash    string `bun:"hash"`
	Note    string `bun:"note"`
	Profile string `bun:"profile"`
	Grants  string `bun:"grants"`
	Scopes  string `bun:"scopes"`
	Uses    int64  `bun:"uses"`
	Used    int64  `bun:"used"`
	Expires int64  `bun:"expires"`
	Created int64  `bun:"created"`
	Revoked bool   `bun:"revoked"`
}

func (i invitationRow) invitation() (oauth.Invitation, error) {
	full := oauth.Invitation{
		ID: i.ID, Hash: i.Hash, Note: i.Note, Allows: oauth.Allowance{Profile: i.Profile}, Uses: int(i.Uses), Used: int(i.Used),
		Expires: moment(i.Expires), Created: moment(i.Created), Revoked: i.Revoked,
	}
	err := errors.Join(decode(i.Grants, &full.Allows.Grants), decode(i.Scopes, &full.Allows.Scopes))
	if err != nil {
		return oauth.Invitation{}, fmt.Errorf("read invitation %s: %w", i.ID, err)
	}
	return full, nil
}

// AddInvitation keeps a new invitation.
func (r *Registry) AddInvitation(ctx context.Context, i oauth.Invitation) error {
	if !plain(i.ID, i.Hash, i.Note, i.Allows.Profile) || !plain(i.Allows.Grants...) || !plain(i.Allows.Scopes...) {
		return fmt.Errorf("add invitation: %w", errText)
	}
	row := &invitationRow{
		ID: i.ID, Hash: i.Hash, Note: i.Note, Profile: i.Allows.Profile, Grants: encode(i.Allows.Grants), Scopes: encode(i.Allows.Scopes),
		Uses: int64(i.Uses), Used: int64(i.Used), Expires: micros(i.Expires), Created: micros(i.Created), Revoked: i.Revoked,
	}
	return doing("add invitation", r.write.insert(ctx, row))
}

// Invitation returns the invitation whose token has the hash;
// oauth.ErrUnknownInvitation if there is none.
func (r *Registry) Invitation(ctx context.Context, hash string) (oauth.Invitation, error) {
	if !plain(hash) {
		return oauth.Invitation{}, oauth.ErrUnknownInvitation
	}
	row, err := one[invitationRow](ctx, r.read, "invitation", oauth.ErrUnknownInvitation, where("hash = ?", hash))
	if err != nil {
		return oauth.Invitation{}, err
	}
	return row.invitation()
}

// Invitations returns all invitations, oldest first.
func (r *Registry) Invitations(ctx context.Context) ([]oauth.Invitation, error) {
	return some(ctx, r.read, "invitations", oldestFirst, invitationRow.invitation)
}

// RevokeInvitation ends the invitation id; oauth.ErrUnknownInvitation if there is
// none.
func (r *Registry) RevokeInvitation(ctx context.Context, id string) error {
	if !plain(id) {
		return oauth.ErrUnknownInvitation
	}
	rows, err := r.write.count(ctx, `UPDATE invitations SET revoked = TRUE WHERE id = ?`, id)
	if err == nil && rows == 0 {
		return oauth.ErrUnknownInvitation
	}
	return doing("revoke invitation", err)
}

// AddInvited keeps a new client and takes one use of the invitation whose token
// has the hash, both or neither; oauth.ErrUnknownInvitation if there is none with
// a use left at that time, oauth.ErrClientExists if the client's ID is taken.
func (r *Registry) AddInvited(ctx context.Context, c oauth.Client, hash string, now time.Time) error {
	row, err := rowOfClient(c)
	if err != nil {
		return fmt.Errorf("add client: %w", err)
	}
	if !plain(hash) {
		return oauth.ErrUnknownInvitation
	}
	spent := false
	err = r.write.do(ctx, func(ctx context.Context, db *bun.DB) error {
		return db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			result, err := tx.ExecContext(ctx,
				`UPDATE invitations SET used = used + 1 WHERE hash = ? AND used < uses AND expires > ? AND NOT revoked`, hash, micros(now))
			if err != nil {
				return err
			}
			rows, err := result.RowsAffected()
			if spent = rows == 1; err != nil || !spent {
				return err
			}
			_, err = tx.NewInsert().Model(row).Exec(ctx)
			return err
		})
	})
	switch {
	case errors.Is(err, errUnique):
		return oauth.ErrClientExists
	case err == nil && !spent:
		return oauth.ErrUnknownInvitation
	}
	return doing("add client", err)
}
