package ca

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"
)

// oidDocumentSigning is id-kp-documentSigning (RFC 9336).
var oidDocumentSigning = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 36}

// A Local is an authority with a key of its own. It may be used by many at
// once, as far as Signer may.
type Local struct {
	Signer      crypto.Signer     // in the device
	Certificate *x509.Certificate // of Signer's key, as SelfSign makes it
	Now         func() time.Time
	// URL is where an Endpoint of the authority is, http://host[:port], which
	// signers' certificates say; "" if there is none.
	URL string
	// Ledger is where certificates are noted that are no signer's; nil before there
	// is one.
	Ledger Ledger
}

var _ Issuer = (*Local)(nil)

// Roots is the authority's own certificate.
func (l *Local) Roots() []*x509.Certificate { return []*x509.Certificate{l.Certificate} }

// Issue certifies the key of r. An error of the device is in the chain of the
// error.
func (l *Local) Issue(ctx context.Context, r Request) ([][]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	template, err := l.template(r)
	if err != nil {
		return nil, err
	}
	if r.Intend == nil {
		return nil, ErrIntend
	}
	f := frame{
		parent: l.Certificate, rules: signersRules[r.Profile.Use], asked: r.Profile, url: l.URL,
		intend: func(serial *big.Int) error { return r.Intend(ctx, serial) },
	}
	der, err := f.certify(template, r.Public, l.Signer)
	if err != nil {
		return nil, fmt.Errorf("certify %q: %w", r.Subject.CommonName, err)
	}
	return [][]byte{der, l.Certificate.Raw}, nil
}

// noting keeps the number of a certificate that is no signer's in the ledger, before
// it is signed.
func (l *Local) noting(ctx context.Context) func(serial *big.Int) error {
	if l.Ledger == nil {
		return nil
	}
	return func(serial *big.Int) error { return l.Ledger.AddIssued(ctx, serial, l.Now()) }
}

// Adopt notes a certificate that may have been made before there was a ledger, if
// it is this authority's.
func (l *Local) Adopt(ctx context.Context, cert *x509.Certificate) error {
	if cert.CheckSignatureFrom(l.Certificate) != nil {
		return nil
	}
	return l.Ledger.AddIssued(ctx, cert.SerialNumber, l.Now())
}

// template is the certificate of r before it is signed.
func (l *Local) template(r Request) (*x509.Certificate, error) {
	if err := checkKey(r.Public); err != nil {
		return nil, err
	}
	name, err := r.Subject.name()
	if err != nil {
		return nil, err
	}
	policies, err := r.Profile.policies()
	if err != nil {
		return nil, err
	}
	notice, err := r.Profile.notice()
	if err != nil {
		return nil, err
	}
	notBefore, notAfter, err := l.validity(r)
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		RawSubject: name, NotBefore: notBefore, NotAfter: notAfter,
		BasicConstraintsValid: true,
		Policies:              policies, ExtraExtensions: notice,
	}
	if err := r.Profile.Use.allow(c); err != nil {
		return nil, err
	}
	l.point(c)
	if r.Subject.Email != "" {
		c.EmailAddresses = []string{r.Subject.Email}
	}
	return c, nil
}

// allow says in a certificate what its key is for. For signing it is that of a
// natural person (EN 319 412-2) for documents; e-mail protection stands beside it
// because NSS, and with it poppler, and the CMS of OpenSSL know no other purpose
// for a signer of documents. For a login it is what TLS asks of clients.
func (u Use) allow(c *x509.Certificate) error {
	switch u {
	case Signing:
		c.KeyUsage = x509.KeyUsageContentCommitment
		c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{oidDocumentSigning}
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
	case Login:
		c.KeyUsage = x509.KeyUsageDigitalSignature
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	default:
		return fmt.Errorf("%w: unknown use %d", ErrProfile, u)
	}
	return nil
}

// point says in a certificate where the authority answers about it, if it does.
func (l *Local) point(c *x509.Certificate) {
	if l.URL == "" {
		return
	}
	c.CRLDistributionPoints = []string{l.URL + crlPath}
	c.OCSPServer = []string{l.URL + ocspPath}
	c.IssuingCertificateURL = []string{l.URL + certificatePath}
}

// validity is the period of r in whole seconds, which must be within the
// authority's own.
func (l *Local) validity(r Request) (notBefore, notAfter time.Time, err error) {
	notBefore, notAfter = r.NotBefore.UTC().Truncate(time.Second), r.NotAfter.UTC().Truncate(time.Second)
	now := l.Now()
	switch {
	case now.Before(l.Certificate.NotBefore) || now.After(l.Certificate.NotAfter):
		err = fmt.Errorf("%w: the authority's own certificate is not valid now", ErrValidity)
	case !notAfter.After(notBefore):
		err = fmt.Errorf("%w: it ends before it begins", ErrValidity)
	case notBefore.Before(l.Certificate.NotBefore) || notAfter.After(l.Certificate.NotAfter):
		err = fmt.Errorf("%w: %s to %s is not within the authority's own, %s to %s", ErrValidity,
			notBefore.Format(time.RFC3339), notAfter.Format(time.RFC3339),
			l.Certificate.NotBefore.Format(time.RFC3339), l.Certificate.NotAfter.Format(time.RFC3339))
	}
	return notBefore, notAfter, err
}

// SelfSign makes the certificate of a root authority that issues to end
// entities only. Its name is under the rules of subjects; one that could be
// taken for more than it is should say so in its common name.
func SelfSign(signer crypto.Signer, subject pkix.Name, notBefore, notAfter time.Time) (*x509.Certificate, error) {
	if err := checkKey(signer.Public()); err != nil {
		return nil, err
	}
	name, err := authorityName(subject)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		RawSubject: name,
		NotBefore:  notBefore.UTC().Truncate(time.Second), NotAfter: notAfter.UTC().Truncate(time.Second),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
	}
	if !template.NotAfter.After(template.NotBefore) {
		return nil, fmt.Errorf("%w: it ends before it begins", ErrValidity)
	}
	der, err := frame{rules: rootRules}.certify(template, signer.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("certify authority %q: %w", subject.CommonName, err)
	}
	return x509.ParseCertificate(der)
}

// A frame is what surrounds the signing of a certificate.
type frame struct {
	parent *x509.Certificate // nil: the certificate is its own
	rules  []rule
	asked  Profile
	url    string // where the authority answers about the certificate; "" if it does not
	kind   kind
	// intend is told the number before the certificate is signed; nil where nobody
	// keeps it.
	intend func(serial *big.Int) error
}

// certify rehearses with a key that is thrown away, tells the number, signs, and
// takes nothing but what was rehearsed: the certificate differs in its signature
// alone, and that is verified.
func (f frame) certify(template *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) ([]byte, error) {
	keyID, err := keyIdentifier(public)
	if err != nil {
		return nil, err
	}
	template.SubjectKeyId = keyID
	template.SerialNumber = serialNumber()
	rehearsed, err := f.rehearse(template, public, signer.Public())
	if err != nil {
		return nil, err
	}
	if f.intend != nil {
		if err := f.intend(template.SerialNumber); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrIntend, err)
		}
	}
	der, err := f.create(template, public, signer)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parse certificate: %w", err)
	}
	if !bytes.Equal(cert.RawTBSCertificate, rehearsed.RawTBSCertificate) {
		return nil, fmt.Errorf("%w: it is not the one that was rehearsed", ErrLint)
	}
	parent := f.parent
	if parent == nil {
		parent = cert
	}
	if err := cert.CheckSignatureFrom(parent); err != nil {
		return nil, fmt.Errorf("verify the authority's signature: %w", err)
	}
	return der, nil
}

// rehearse holds the rules against the certificate as a throw-away key of the
// authority's kind signs it.
func (f frame) rehearse(template *x509.Certificate, public, authority crypto.PublicKey) (*x509.Certificate, error) {
	key, err := throwAway(authority)
	if err != nil {
		return nil, err
	}
	understudy := frame{}
	if f.parent == nil {
		// Signed for, not by, the key that is certified.
		self := *template
		self.PublicKey = key.Public()
		understudy.parent = &self
	} else {
		parent := *f.parent
		parent.PublicKey = key.Public()
		understudy.parent = &parent
	}
	der, err := understudy.create(template, public, key)
	if err != nil {
		return nil, fmt.Errorf("rehearse: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parse rehearsed certificate: %w", err)
	}
	return cert, lint(f.rules, candidate{Certificate: cert, issuer: f.parent, asked: f.asked, url: f.url, kind: f.kind})
}

func (f frame) create(template *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) ([]byte, error) {
	parent := f.parent
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	return der, nil
}

// serialNumber is a positive number of 159 random bits: as long as the 20
// octets of RFC 5280 §4.1.2.2 allow.
func serialNumber() *big.Int {
	for {
		var b [20]byte
		_, _ = rand.Read(b[:]) // never fails
		b[0] &= 0x7f
		if n := new(big.Int).SetBytes(b[:]); n.BitLen() > 64 {
			return n
		}
	}
}
