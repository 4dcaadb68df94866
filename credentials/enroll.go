package credentials

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/failpoint"
	"github.com/pecete/pecete/users"
)

// MaxMultisign and MaxSealed are the most signatures one authorization may be for,
// of a person and of an organization.
const (
	MaxMultisign = 100
	MaxSealed    = 10_000
)

// A Device makes keys that never leave it.
type Device interface {
	Generate(ctx context.Context, spec csc.KeySpec, label string) (id []byte, public crypto.PublicKey, err error)
	Destroy(ctx context.Context, id []byte) error
}

// An Intend keeps the number of a certificate that is about to be signed.
type Intend func(ctx context.Context, serial *big.Int) error

// An Issuer certifies a signer's key; the chain is DER, end entity first. It signs
// nothing whose number was not kept before.
type Issuer interface {
	Issue(ctx context.Context, signer users.User, public crypto.PublicKey, notBefore, notAfter time.Time, intend Intend) (chain [][]byte, err error)
}

// An Enroller makes credentials: a key in the device, its certificate, and the
// rules of their use.
type Enroller struct {
	Device Device
	Issuer Issuer
	// Logins certifies keys that signers log in to sites with; nil if there are none.
	Logins Issuer
	Store  Store
	Audit  Log
	Now    func() time.Time
}

// ErrNoLogins says that credentials for logins are not made here.
var ErrNoLogins = errors.New("credentials: there are no credentials for logins")

// ErrTyped says that a credential for logins is to be authorized where signers are told
// that they sign.
var ErrTyped = fmt.Errorf("credentials: one for logins is of mode explicit, and its factors are %s, %s or both", FactorPIN, FactorCode)

// A Profile is what a new credential shall be.
type Profile struct {
	Description string
	Key         csc.KeySpec
	SCAL        csc.SCAL
	Multisign   int
	Mode        csc.AuthMode
	Factors     Factors // of mode explicit
	Qualifier   csc.Qualifier
	PKCS1v15    bool
	Login       bool // to sites, and nothing that is signed for its content
	NotBefore   time.Time
	NotAfter    time.Time
}

// Check returns what is wrong with the profile, of a seal or of a person's
// credential. Machines authorize a seal, with a PIN or nothing (§8.5.2.3).
func (p Profile) Check(seal bool) error {
	most := MaxMultisign
	if seal {
		most = MaxSealed
	}
	switch {
	case !p.Key.Known():
		return fmt.Errorf("unknown kind of key %q", p.Key)
	case p.SCAL != csc.SCAL1 && p.SCAL != csc.SCAL2:
		return fmt.Errorf("SCAL is %q, not 1 or 2", p.SCAL)
	case p.Mode != csc.Explicit && p.Mode != csc.OAuth2Code:
		return fmt.Errorf("mode is %q, not explicit or oauth2code", p.Mode)
	case p.Login && (seal || p.Qualifier != ""):
		return errors.New("a credential for logins is a person's, and claims no qualifier of signatures")
	case p.Login && (p.Mode != csc.Explicit || !p.Factors.Typed()):
		return ErrTyped
	case seal && (p.Mode != csc.Explicit || !p.Factors.Mechanical()):
		return ErrSealed
	case p.Multisign < 1 || p.Multisign > most:
		return fmt.Errorf("multisign is %d, not 1 to %d", p.Multisign, most)
	case len([]rune(p.Description)) > 255:
		return errors.New("the description is longer than 255 characters")
	case p.Mode != csc.Explicit && p.Factors != "":
		return errors.New("factors are of mode explicit only")
	case !p.NotAfter.After(p.NotBefore):
		return errors.New("the validity ends before it begins")
	}
	_, err := p.Factors.Check()
	return err
}

// Enroll makes a credential for the signer. A key whose certificate or record
// could not be made is destroyed again, and what was signed for it revoked.
func (e Enroller) Enroll(ctx context.Context, signer users.User, p Profile) (Credential, error) {
	return e.enroll(ctx, newID(), signer, p, audit.Entry{})
}

// EnrollAs is Enroll with the ID of the credential, c_ and 16 bytes in hex.
func (e Enroller) EnrollAs(ctx context.Context, id string, signer users.User, p Profile) (Credential, error) {
	if !keyLabel.MatchString(id) {
		return Credential{}, fmt.Errorf("credentials: %q is not the ID of a credential", id)
	}
	return e.enroll(ctx, id, signer, p, audit.Entry{})
}

// enroll is EnrollAs; record has what its records say
// beside it.
func (e Enroller) enroll(ctx context.Context, id string, signer users.User, p Profile, record audit.Entry) (Credential, error) {
	if err := p.Check(signer.Organization != ""); err != nil {
		return Credential{}, err
	}
	if p.Login && e.Logins == nil {
		return Credential{}, ErrNoLogins
	}
	factors, err := p.Factors.Check()
	if err != nil {
		return Credential{}, err
	}
	c := Credential{
		ID: id, UserID: signer.ID, Description: p.Description, Key: p.Key,
		Qualifier: p.Qualifier, SCAL: p.SCAL, Multisign: p.Multisign, Mode: p.Mode, Factors: factors,
		PKCS1v15: p.PKCS1v15 && p.Key.RSA(), Created: e.Now().UTC().Truncate(time.Microsecond),
	}
	var public crypto.PublicKey
	if c.KeyID, public, err = e.Device.Generate(ctx, p.Key, c.ID); err != nil {
		return Credential{}, fmt.Errorf("generate %s key: %w", p.Key, err)
	}
	failpoint.Hit(failpoint.KeyGenerated)
	record.User, record.Credential, record.Key = c.UserID, c.ID, hex.EncodeToString(c.KeyID)
	begun := Issuance{CredentialID: c.ID, UserID: c.UserID, KeyID: c.KeyID}
	if err := e.certify(ctx, &c, &begun, signer, public, p, record); err != nil {
		kept, failed := e.giveUp(context.WithoutCancel(ctx), begun)
		if kept {
			return c, nil
		}
		return Credential{}, errors.Join(err, failed)
	}
	return c, nil
}

// giveUp leaves nothing of what was begun, unless it turns out that the store has
// kept the credential although it said something else. While that cannot be asked
// the key stays: it may be a credential's.
func (e Enroller) giveUp(ctx context.Context, begun Issuance) (kept bool, err error) {
	if begun.Serial == "" {
		return false, e.Device.Destroy(ctx, begun.KeyID)
	}
	err = e.Store.AbandonIssuance(ctx, begun.Serial)
	switch {
	case err == nil:
		err = Withdrawer{Store: e.Store, Audit: e.Audit, Now: e.Now}.revokeAbandoned(ctx, begun)
		return false, errors.Join(err, e.Device.Destroy(ctx, begun.KeyID))
	case !errors.Is(err, ErrEnded):
		return false, err
	}
	c, err := e.Store.Credential(ctx, begun.CredentialID)
	switch {
	case err == nil && bytes.Equal(c.KeyID, begun.KeyID):
		return true, nil
	case err == nil, errors.Is(err, ErrUnknown):
		return false, e.Device.Destroy(ctx, begun.KeyID)
	}
	return false, err
}

func (e Enroller) certify(ctx context.Context, c *Credential, begun *Issuance, signer users.User, public crypto.PublicKey, p Profile, record audit.Entry) error {
	if err := e.record(ctx, audit.KeyGenerated, record); err != nil {
		return err
	}
	issuer := e.Issuer
	if p.Login {
		issuer = e.Logins
	}
	chain, err := issuer.Issue(ctx, signer, public, p.NotBefore, p.NotAfter, func(ctx context.Context, serial *big.Int) error {
		begun.Serial, begun.Begun = fmt.Sprintf("%x", serial), c.Created
		if err := e.Store.BeginIssuance(ctx, *begun); err != nil {
			return err
		}
		failpoint.Hit(failpoint.IssuanceBegun)
		return nil
	})
	if err != nil {
		return fmt.Errorf("certify key of %s: %w", signer.ID, err)
	}
	failpoint.Hit(failpoint.CertificateSigned)
	c.Certificates = chain
	record.Certificate = c.Fingerprint()
	if err := e.record(ctx, audit.CertificateIssued, record); err != nil {
		return err
	}
	if err := e.record(ctx, audit.CredentialAdded, record); err != nil {
		return err
	}
	failpoint.Hit(failpoint.CredentialRecorded)
	return e.Store.AddCredential(ctx, *c)
}

func (e Enroller) record(ctx context.Context, event audit.Event, entry audit.Entry) error {
	entry.Event = event
	return e.Audit.Append(ctx, entry)
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return "c_" + hex.EncodeToString(b[:])
}
