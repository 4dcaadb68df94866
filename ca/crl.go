package ca

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/pecete/pecete/audit"
)

// How long a CRL may be used, and after how long it is made again although
// nothing has changed.
const (
	crlLife  = 24 * time.Hour
	crlRenew = time.Hour
	// crlLook is how long the register is not asked again.
	crlLook = time.Second
)

// oidExpiredCertsOnCRL says since when certificates stay on the list though they
// have expired (X.509 §9.5.2.8).
var oidExpiredCertsOnCRL = asn1.ObjectIdentifier{2, 5, 29, 60}

// A CRL is a list as it is handed out.
type CRL struct {
	DER        []byte
	Number     *big.Int
	ThisUpdate time.Time
	NextUpdate time.Time
}

// Lists makes the authority's CRL: anew as soon as somebody asks after a change,
// and otherwise every hour. It is for many at once.
type Lists struct {
	Authority *Local
	Register  Register
	Audit     Log

	mu     sync.Mutex
	now    CRL
	of     [sha256.Size]byte // what was withdrawn when it was made
	looked time.Time
	failed error // of the last look
}

// Current is the list as of this second. An error of the register is in the chain
// of the error: while it cannot be asked there is no list, and who waited for the
// answer of another is told the same.
func (l *Lists) Current(ctx context.Context) (CRL, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if since := l.Authority.Now().Sub(l.looked); l.looked.IsZero() || since < 0 || since >= crlLook {
		l.failed = l.look(context.WithoutCancel(ctx)) // others wait for it
		l.looked = l.Authority.Now()
	}
	if l.failed != nil {
		return CRL{}, l.failed
	}
	return l.now, nil
}

// look asks the register, and makes another list if there has to be one.
func (l *Lists) look(ctx context.Context) error {
	now := l.Authority.Now()
	withdrawn, err := l.Register.Withdrawn(ctx)
	if err != nil {
		return fmt.Errorf("list withdrawn certificates: %w", err)
	}
	age := now.Sub(l.now.ThisUpdate)
	if l.now.DER != nil && digest(withdrawn) == l.of && age >= 0 && age < crlRenew {
		return nil
	}
	made, err := l.make(ctx, now)
	if err == nil {
		l.now, l.of = made.CRL, made.of
	}
	return err
}

// digest tells lists apart.
func digest(withdrawn []Status) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, s := range withdrawn {
		fmt.Fprintf(h, "%x %d %d %d\n", s.Serial, s.State, s.At.Unix(), s.Reason)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// A made is a CRL and the digest of what is on it.
type made struct {
	CRL
	of [sha256.Size]byte
}

// make signs a list. Its number comes before what is on it: of two processes the
// one with the higher number does not know less than was known when the other
// began. The number is at least the time, so that a registry that was restored
// gives none that was given before.
func (l *Lists) make(ctx context.Context, now time.Time) (made, error) {
	n, err := l.Register.NextCRLNumber(ctx, now.Unix())
	if err != nil {
		return made{}, fmt.Errorf("number a CRL: %w", err)
	}
	withdrawn, err := l.Register.Withdrawn(ctx)
	if err != nil {
		return made{}, fmt.Errorf("list withdrawn certificates: %w", err)
	}
	crl := CRL{Number: big.NewInt(n), ThisUpdate: now.UTC().Truncate(time.Second)}
	crl.NextUpdate = crl.ThisUpdate.Add(crlLife)
	if crl.NextUpdate.After(l.Authority.Certificate.NotAfter) {
		crl.NextUpdate = l.Authority.Certificate.NotAfter
	}
	if !crl.NextUpdate.After(crl.ThisUpdate) || now.Before(l.Authority.Certificate.NotBefore) {
		return made{}, fmt.Errorf("%w: the authority's own certificate is not valid now", ErrValidity)
	}
	if err := l.record(ctx, crl.Number, len(withdrawn)); err != nil {
		return made{}, err
	}
	crl.DER, err = l.sign(crl, withdrawn)
	return made{crl, digest(withdrawn)}, err
}

// record comes before the list is signed.
func (l *Lists) record(ctx context.Context, number *big.Int, n int) error {
	sum := sha256.Sum256(l.Authority.Certificate.Raw)
	return l.Audit.Append(ctx, audit.Entry{
		Event: audit.CRLIssued, Certificate: hex.EncodeToString(sum[:]), Serial: fmt.Sprintf("%x", number),
		Reason: fmt.Sprintf("%d on it", n),
	})
}

// sign makes the list, and lets none go that is not the authority's.
func (l *Lists) sign(crl CRL, withdrawn []Status) ([]byte, error) {
	since, err := asn1.MarshalWithParams(l.Authority.Certificate.NotBefore.UTC(), "generalized")
	if err != nil {
		return nil, fmt.Errorf("encode CRL: %w", err)
	}
	template := &x509.RevocationList{
		Number: crl.Number, ThisUpdate: crl.ThisUpdate, NextUpdate: crl.NextUpdate,
		ExtraExtensions: []pkix.Extension{{Id: oidExpiredCertsOnCRL, Value: since}},
	}
	for _, s := range withdrawn {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: s.Serial, RevocationTime: s.At.UTC().Truncate(time.Second), ReasonCode: s.reason(),
		})
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, l.Authority.Certificate, l.Authority.Signer)
	if err != nil {
		return nil, fmt.Errorf("sign CRL: %w", err)
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return nil, fmt.Errorf("parse CRL: %w", err)
	}
	if err := list.CheckSignatureFrom(l.Authority.Certificate); err != nil {
		return nil, fmt.Errorf("verify the authority's signature of the CRL: %w", err)
	}
	return der, nil
}
