package credentials

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

// A Register finds credentials for those who may use them.
type Register struct {
	Store Store
	Users users.Store
	Now   func() time.Time
	// Parsed may be nil.
	Parsed *Parsed
}

// Owned returns the credential id as it is at this moment. One that is not the
// caller's does not exist: ErrUnknown. A credential of a disabled signer is
// disabled, and so is one of a signer who does not sign yet, since he comes back from
// having lost what he proves himself with.
func (r Register) Owned(ctx context.Context, who Caller, id string) (Credential, error) {
	if len(who.CredentialIDs) > 0 && !slices.Contains(who.CredentialIDs, id) {
		return Credential{}, ErrUnknown
	}
	h, err := r.Store.Holding(ctx, id, who.ClientID)
	if err != nil {
		return Credential{}, err
	}
	if !h.isOf(who) {
		return Credential{}, ErrUnknown
	}
	h.Disabled = h.Disabled || h.OwnerDisabled || r.Now().Before(h.OwnerSignsFrom)
	if len(h.Certificates) > 0 { // what cannot be parsed is told by who needs it
		h.Parsed, _ = r.Parsed.Certificate(h.Certificates[0])
	}
	return h.Credential, nil
}

// isOf reports whether who is the owner, or a client that may act for him.
func (h Holding) isOf(who Caller) bool {
	return who.UserID == h.UserID || who.UserID == "" && h.Linked
}

// actsFor returns ErrUnknown unless who is the user, or a client that may act
// for the user.
func (r Register) actsFor(ctx context.Context, who Caller, userID string) error {
	if who.UserID != "" {
		if who.UserID != userID {
			return ErrUnknown
		}
		return nil
	}
	linked, err := r.Store.Linked(ctx, who.ClientID, userID)
	if err == nil && !linked {
		return ErrUnknown
	}
	return err
}

// find is Owned for a method whose error table says "Invalid parameter
// credentialID".
func (r Register) find(ctx context.Context, who Caller, id string) (Credential, error) {
	c, err := r.Owned(ctx, who, id)
	if errors.Is(err, ErrUnknown) {
		refusal := csc.Invalid("credentialID")
		refusal.Cause = err
		return c, refusal
	}
	return c, err
}

// Certificate is the parsed end-entity certificate.
func (c Credential) Certificate() (*x509.Certificate, error) {
	if len(c.Certificates) == 0 {
		return nil, fmt.Errorf("credential %s has no certificate", c.ID)
	}
	if c.Parsed != nil && bytes.Equal(c.Parsed.Raw, c.Certificates[0]) {
		return c.Parsed, nil
	}
	cert, err := x509.ParseCertificate(c.Certificates[0])
	if err != nil {
		return nil, fmt.Errorf("certificate of credential %s: %w", c.ID, err)
	}
	return cert, nil
}

// Fingerprint is the SHA-256 of the end-entity certificate, in hex.
func (c Credential) Fingerprint() string {
	if len(c.Certificates) == 0 {
		return ""
	}
	sum := sha256.Sum256(c.Certificates[0])
	return hex.EncodeToString(sum[:])
}

// SignAlgos are the OIDs the credential's key may sign with.
func (c Credential) SignAlgos() []string { return c.Key.SignAlgos(c.PKCS1v15) }

// Usable returns the refusal of a credential that may not sign at now, in the
// words of signatures/signHash (v2.0.0.2 §11.10) and credentials/authorize
// (§11.6).
func (c Credential) Usable(now time.Time) error {
	if c.Disabled {
		return csc.Refused("The credential identified by credentialID is disabled", nil)
	}
	cert, err := c.Certificate()
	if err != nil {
		return err
	}
	fault := ""
	switch {
	case c.Revoked:
		fault = "revoked"
	case now.After(cert.NotAfter):
		fault = "expired"
	case now.Before(cert.NotBefore):
		fault = "not yet valid"
	case c.Suspended:
		fault = "suspended"
	default:
		return nil
	}
	return csc.Refused(fmt.Sprintf("Signing certificate '%s' is %s.", shortName(cert), fault), nil)
}

// shortName is the subject as §11.10 prints it: O=…,CN=….
func shortName(cert *x509.Certificate) string {
	name := "CN=" + cert.Subject.CommonName
	if len(cert.Subject.Organization) > 0 {
		name = "O=" + cert.Subject.Organization[0] + "," + name
	}
	return name
}
