package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/credentials"
)

// An issuanceRow is a credentials.Issuance in the table.
type issuanceRow struct {
	bun.BaseModel `bun:"table:issuances,alias:i"`

	Serial       string `bun:"serial,pk"`
	CredentialID string `bun:"credential_id"`
	UserID       string `bun:"user_id"`
	KeyID        []byte `bun:"key_id"`
	Begun        int64  `bun:"begun"`
	Abandoned    bool   `bun:"abandoned"`
	RevokedAt    int64  `bun:"revoked_at"`
	Reason       int    `bun:"reason"`
}

// BeginIssuance keeps that a certificate may be signed from now on.
func (r *Registry) BeginIssuance(ctx context.Context, i credentials.Issuance) error {
	row := &issuanceRow{Serial: i.Serial, CredentialID: i.CredentialID, UserID: i.UserID, KeyID: i.KeyID, Begun: micros(i.Begun)}
	if !plain(row.Serial, row.CredentialID, row.UserID) {
		return fmt.Errorf("begin issuance: %w", errText)
	}
	return doing("begin issuance", r.write.insert(ctx, row))
}

// AbandonIssuance keeps a credential from ever taking the place of an issuance;
// credentials.ErrEnded if there is none, one has, or it was revoked.
func (r *Registry) AbandonIssuance(ctx context.Context, serial string) error {
	rows, err := r.write.count(ctx, `UPDATE issuances SET abandoned = TRUE WHERE serial = ? AND revoked_at = 0`, serial)
	if err == nil && rows == 0 {
		return credentials.ErrEnded
	}
	return doing("abandon issuance", err)
}

// RevokeIssuance has an issuance that was abandoned told of as revoked. The first
// time stays.
func (r *Registry) RevokeIssuance(ctx context.Context, serial string, at time.Time, reason int) error {
	_, err := r.write.count(ctx,
		`UPDATE issuances SET revoked_at = ?, reason = ? WHERE serial = ? AND abandoned AND revoked_at = 0`, micros(at), reason, serial)
	return doing("revoke issuance", err)
}

// Issuances are those that have not ended, oldest first.
func (r *Registry) Issuances(ctx context.Context) ([]credentials.Issuance, error) {
	return some(ctx, r.read, "issuances", func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("revoked_at = 0").Order("begun", "serial")
	}, sure(issuanceRow.issuance))
}

func (row issuanceRow) issuance() credentials.Issuance {
	return credentials.Issuance{
		Serial: row.Serial, CredentialID: row.CredentialID, UserID: row.UserID, KeyID: row.KeyID, Begun: moment(row.Begun),
	}
}

// keepCredential puts a credential in the place of its issuance, within a
// transaction; credentials.ErrEnded if that was abandoned. Whoever abandons it at
// the same moment waits for the end of the transaction, or is waited for.
func keepCredential(ctx context.Context, tx bun.Tx, row *credentialRow) error {
	result, err := tx.ExecContext(ctx, `DELETE FROM issuances WHERE serial = ? AND NOT abandoned`, row.Serial)
	if err != nil {
		return err
	}
	if rows, err := result.RowsAffected(); err != nil {
		return err
	} else if rows == 0 { // an issuer that cannot tell its numbers keeps none
		left, err := tx.NewSelect().Model((*issuanceRow)(nil)).Where("serial = ?", row.Serial).Exists(ctx)
		if err != nil {
			return err
		}
		if left {
			return credentials.ErrEnded
		}
	}
	_, err = tx.NewInsert().Model(row).Exec(ctx)
	return err
}

// kept is the error of a transaction with keepCredential.
func kept(err error) error {
	switch {
	case errors.Is(err, credentials.ErrEnded):
		return credentials.ErrEnded
	case errors.Is(err, errUnique):
		return credentials.ErrExists
	}
	return err
}
