package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/ca"
)

var _ ca.Register = (*Registry)(nil)
var _ ca.Ledger = (*Registry)(nil)

// crls is the series of the numbers of CRLs.
const crls = "crl"

// statusQuery finds the certificate of a number, of a deleted credential too, or one
// that no credential ever had; if there were several, the worst.
const statusQuery = `SELECT serial, revoked, revoked_at, suspended, reason FROM credentials WHERE serial = ?
	UNION ALL SELECT serial, TRUE, revoked_at, 0, reason FROM issuances WHERE serial = ? AND revoked_at <> 0
	ORDER BY 2 DESC, 4 DESC LIMIT 1`

// withdrawnQuery finds all that are not good.
const withdrawnQuery = `SELECT serial, revoked, revoked_at, suspended, reason FROM credentials
	WHERE serial <> '' AND (revoked OR suspended <> 0)
	UNION ALL SELECT serial, TRUE, revoked_at, 0, reason FROM issuances WHERE revoked_at <> 0
	ORDER BY 1`

// AddIssued notes the number of a certificate that is no signer's, once.
func (r *Registry) AddIssued(ctx context.Context, serial *big.Int, at time.Time) error {
	_, err := r.write.count(ctx, `INSERT INTO issued (serial, at) VALUES (?, ?) ON CONFLICT (serial) DO NOTHING`,
		fmt.Sprintf("%x", serial), micros(at))
	return doing("note certificate", err)
}

// CertificateStatus is that of the certificate with the number; ca.ErrUnissued if
// no credential has or had it, and it was neither abandoned nor noted as no signer's.
func (r *Registry) CertificateStatus(ctx context.Context, serial *big.Int) (ca.Status, error) {
	var row credentialRow
	number := fmt.Sprintf("%x", serial)
	err := r.read.row(ctx, statusQuery, []any{number, number},
		&row.Serial, &row.Revoked, &row.RevokedAt, &row.Suspended, &row.Reason)
	if errors.Is(err, sql.ErrNoRows) {
		return r.noted(ctx, serial)
	}
	if err != nil {
		return ca.Status{}, fmt.Errorf("read status of certificate: %w", err)
	}
	return row.status()
}

// noted is the status of a certificate that is no signer's: nobody takes such a one
// back.
func (r *Registry) noted(ctx context.Context, serial *big.Int) (ca.Status, error) {
	var at int64
	err := r.read.row(ctx, `SELECT at FROM issued WHERE serial = ?`, []any{fmt.Sprintf("%x", serial)}, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return ca.Status{}, ca.ErrUnissued
	}
	if err != nil {
		return ca.Status{}, fmt.Errorf("look for certificate: %w", err)
	}
	return ca.Status{Serial: serial, State: ca.Good}, nil
}

// Withdrawn are all that are suspended or revoked, those that no credential has among
// them, by their numbers as texts.
func (r *Registry) Withdrawn(ctx context.Context) ([]ca.Status, error) {
	var rows []credentialRow
	err := r.read.do(ctx, func(ctx context.Context, db *bun.DB) error {
		return db.NewRaw(withdrawnQuery).Scan(ctx, &rows)
	})
	if err != nil {
		return nil, fmt.Errorf("read withdrawn certificates: %w", err)
	}
	all := make([]ca.Status, len(rows))
	for i, row := range rows {
		if all[i], err = row.status(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// status is what the columns say. What is revoked while it is suspended is revoked
// since it was suspended.
func (c credentialRow) status() (ca.Status, error) {
	number, ok := new(big.Int).SetString(c.Serial, 16)
	if !ok {
		return ca.Status{}, fmt.Errorf("read status of certificate: %w", errUnreadable)
	}
	s := ca.Status{Serial: number}
	switch {
	case c.Revoked:
		s.State, s.At, s.Reason = ca.Revoked, moment(c.RevokedAt), c.Reason
		if c.Suspended != 0 {
			s.At = moment(c.Suspended)
		}
	case c.Suspended != 0:
		s.State, s.At = ca.Suspended, moment(c.Suspended)
	}
	return s, nil
}

// NextCRLNumber is greater than any it returned before, and not below floor. It is
// one statement, so that of any number who ask each gets another.
func (r *Registry) NextCRLNumber(ctx context.Context, floor int64) (n int64, err error) {
	err = r.write.do(ctx, func(ctx context.Context, db *bun.DB) error {
		return db.QueryRowContext(ctx,
			`INSERT INTO serials (name, last) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET
			last = CASE WHEN serials.last < excluded.last THEN excluded.last ELSE serials.last + 1 END RETURNING last`,
			crls, floor).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("next number of a CRL: %w", err)
	}
	return n, nil
}
