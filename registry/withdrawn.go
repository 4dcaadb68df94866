package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/credentials"
)

// SuspendCredential suspends a certificate; credentials.ErrWithdrawn if it is
// suspended or revoked.
func (r *Registry) SuspendCredential(ctx context.Context, id string, at time.Time) error {
	return doing("suspend credential", r.withdraw(ctx, id, credentials.ErrWithdrawn,
		&credentials.Notice{CredentialID: id, Fate: credentials.FateSuspended, At: at},
		`UPDATE credentials SET suspended = ? WHERE id = ? AND deleted = 0 AND suspended = 0 AND NOT revoked`, micros(at), id))
}

// ResumeCredential ends that; credentials.ErrNotSuspended if it is not suspended,
// or revoked.
func (r *Registry) ResumeCredential(ctx context.Context, id string, at time.Time) error {
	return doing("resume credential", r.withdraw(ctx, id, credentials.ErrNotSuspended,
		&credentials.Notice{CredentialID: id, Fate: credentials.FateResumed, At: at},
		`UPDATE credentials SET suspended = 0 WHERE id = ? AND deleted = 0 AND suspended <> 0 AND NOT revoked`, id))
}

// RevokeCredential revokes a certificate for good; credentials.ErrWithdrawn if
// that was done before. Since when it was suspended stays.
func (r *Registry) RevokeCredential(ctx context.Context, id string, at time.Time, reason int) error {
	err := r.withdraw(ctx, id, credentials.ErrWithdrawn,
		&credentials.Notice{CredentialID: id, Fate: credentials.FateRevoked, Reason: reason, At: at},
		`UPDATE credentials SET revoked = TRUE, revoked_at = ?, reason = ? WHERE id = ? AND NOT revoked`, micros(at), reason, id)
	if errors.Is(err, credentials.ErrUnknown) {
		if _, err = r.Gone(ctx, id, ""); err == nil { // deleted, and revoked
			err = credentials.ErrWithdrawn
		}
	}
	return doing("revoke credential", err)
}

// withdraw is one statement, so that of any number who do the same one does it.
// Who did not is told otherwise, or credentials.ErrUnknown.
func (r *Registry) withdraw(ctx context.Context, id string, otherwise error, n *credentials.Notice, query string, args ...any) error {
	if !plain(id) {
		return credentials.ErrUnknown
	}
	rows, err := r.telling(ctx, n, query, args...)
	if err != nil || rows > 0 {
		return err
	}
	if _, err := r.Credential(ctx, id); err != nil {
		return err
	}
	return otherwise
}

// serial is the number of a credential's certificate as it is kept and looked
// for; "" if there is no certificate.
func serial(c credentials.Credential) string {
	cert, err := c.Certificate()
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%x", cert.SerialNumber)
}

// completeCertificates writes down what a registry from before 00013 has not: the
// serial numbers, and a time for revocations, of which nobody wrote when. What is
// not a certificate stays as it is. Where nothing is missing it only reads, since
// many may open a registry at once.
func (r *Registry) completeCertificates(ctx context.Context) error {
	var rows []credentialRow
	err := r.read.hold(ctx, func(db *bun.DB) error {
		return db.NewSelect().Model(&rows).Column("id", "certificates", "serial", "revoked", "revoked_at").
			Where("serial = '' AND certificates NOT IN ('null', '[]')").WhereOr("revoked AND revoked_at = 0").Scan(ctx)
	})
	if err != nil {
		return doing("read certificates", sorted(ctx, err))
	}
	for _, row := range rows {
		c, err := row.credential()
		if err != nil {
			return err
		}
		number, at := serial(c), row.RevokedAt
		if row.Revoked && at == 0 {
			at = micros(time.Now())
		}
		if number == row.Serial && at == row.RevokedAt {
			continue
		}
		_, err = r.write.count(ctx, `UPDATE credentials SET serial = ?, revoked_at = ? WHERE id = ?`, number, at, row.ID)
		if err != nil {
			return doing("complete certificates", err)
		}
	}
	return nil
}
