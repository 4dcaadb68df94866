package credentials

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
)

// An Issuance is a certificate that is about to be signed, or was, and that no
// credential has yet. It is kept before the authority's key is used, and comes to one
// of two ends: a credential that is kept takes its place, in one step, or it is
// abandoned, and then no credential can; what may have been signed is revoked.
type Issuance struct {
	Serial       string // of the certificate, hex without zeros before it
	CredentialID string // what it is to be
	UserID       string
	KeyID        []byte
	Begun        time.Time
}

// ErrEnded says that an issuance came to its end: to a credential, or it was abandoned
// and revoked.
var ErrEnded = errors.New("credentials: the issuance has ended")

// cessation is cessationOfOperation (RFC 5280 §5.3.1): the key was never anybody's, and
// nobody has it any more.
const cessation = 5

// Forsaken is after how long whoever began an issuance counts as dead. One who was
// not finds that his certificate is nobody's any more.
const Forsaken = 2 * time.Minute

// Abandon ends an issuance whose credential does not come to be, and revokes what may
// have been signed: ErrEnded if it has ended already.
func (w Withdrawer) Abandon(ctx context.Context, i Issuance) error {
	if err := w.Store.AbandonIssuance(ctx, i.Serial); err != nil {
		return err
	}
	return w.revokeAbandoned(ctx, i)
}

// AbandonAll abandons those issuances that which picks. Others may do the same.
func (w Withdrawer) AbandonAll(ctx context.Context, which func(Issuance) bool) error {
	open, err := w.Store.Issuances(ctx)
	if err != nil {
		return err
	}
	for _, i := range open {
		if !which(i) {
			continue
		}
		if err := w.Abandon(ctx, i); err != nil && !errors.Is(err, ErrEnded) {
			return err
		}
	}
	return nil
}

// AbandonForsaken abandons what the dead left behind.
func (w Withdrawer) AbandonForsaken(ctx context.Context) error {
	before := w.Now().Add(-Forsaken)
	return w.AbandonAll(ctx, func(i Issuance) bool { return i.Begun.Before(before) })
}

// revokeAbandoned is for one that no credential can have any more. The record comes
// before the deed.
func (w Withdrawer) revokeAbandoned(ctx context.Context, i Issuance) error {
	err := w.Audit.Append(ctx, audit.Entry{
		Event: audit.CertificateAbandoned, User: i.UserID, Credential: i.CredentialID, Key: hex.EncodeToString(i.KeyID),
		Serial: i.Serial, Reason: audit.Revoked + ": " + csc.RevocationReason(cessation),
	})
	if err != nil {
		return err
	}
	return w.Store.RevokeIssuance(ctx, i.Serial, w.Now(), cessation)
}
