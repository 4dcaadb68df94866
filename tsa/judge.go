package tsa

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pecete/pecete/cms"
)

// ErrToken says that a token is not to be relied on, or not the one that was asked
// for. It is in the chain of every error of the judge.
var ErrToken = errors.New("the time-stamp is not good")

// A Fault is what is wrong with a token by itself. Its text is for logs; who tells
// people has words of his own for each.
type Fault string

// The faults, beside those of package cms.
const (
	errType     Fault = "type"
	errChanged  Fault = "changed"
	errMade     Fault = "made"
	errImprint  Fault = "imprint"
	errPurpose  Fault = "purpose"
	errKeyUsage Fault = "key-usage"
	errInfo     Fault = "info"
	errCritical Fault = "critical"
)

var faults = map[Fault]string{
	errType:     "the content of the token is not a TSTInfo",
	errChanged:  "the content was changed after it was signed",
	errMade:     "the signature was not made by the key of the certificate it carries",
	errImprint:  "it is of another digest",
	errPurpose:  "its certificate is not for time-stamps alone, with a critical extended key usage",
	errKeyUsage: "its certificate's key is not for signing",
	errInfo:     "the content of the time-stamp is not a TSTInfo in DER",
	errCritical: "the time-stamp has a critical extension that is unknown here",
}

func (f Fault) Error() string { return faults[f] }

// Faults are all there are.
func Faults() []Fault { return slices.Sorted(maps.Keys(faults)) }

// What makes a token another answer than the one to a request.
var (
	errNonce  = errors.New("its nonce is not the one that was sent")
	errPolicy = errors.New("it is under another policy")
	errTime   = errors.New("its time is not the time of the request")
)

var (
	oidTSTInfo          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidExtendedKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}
)

// A judge holds tokens against requests.
type judge struct {
	roots    *x509.CertPool
	known    []*x509.Certificate // of the authority, where a token brings none along
	policy   string              // "" for any
	from, to time.Time           // the times a token may tell, both included
}

// check returns what token says if it is the answer to r, or ErrToken.
func (j judge) check(token []byte, r Request) (Info, error) {
	d, info, err := open(token, j.known)
	if err == nil {
		err = j.checkInfo(info, r)
	}
	if err == nil {
		_, err = j.checkChain(d, info.Time)
	}
	if err != nil {
		return Info{}, fmt.Errorf("%w: %w", ErrToken, err)
	}
	return info, nil
}

// open reads a token, and judges all of it but what it is about and whom it leads
// to.
func open(token []byte, known []*x509.Certificate) (*cms.SignedData, Info, error) {
	d, err := cms.Parse(token, known...)
	if err == nil {
		err = checkSignature(d)
	}
	if err == nil {
		err = checkPurpose(d.Signer)
	}
	if err != nil {
		return nil, Info{}, err
	}
	info, err := parseInfo(d.Content)
	return d, info, err
}

// A Stamp is a token that somebody else asked for.
type Stamp struct {
	Info
	Authority *x509.Certificate
	Chain     []*x509.Certificate // from Authority to a root
	Untrusted error               // why there is no Chain
}

// Verify judges a token that was found beside what it is over, which are parts one
// behind the other. One that is not sound or is over something else is ErrToken.
func Verify(token []byte, parts [][]byte, roots *x509.CertPool) (Stamp, error) {
	d, info, err := open(token, nil)
	if err != nil {
		return Stamp{}, fmt.Errorf("%w: %w", ErrToken, err)
	}
	state := info.Hash.New()
	for _, part := range parts {
		state.Write(part)
	}
	if !bytes.Equal(info.Digest, state.Sum(nil)) {
		return Stamp{}, fmt.Errorf("%w: %w", ErrToken, errImprint)
	}
	s := Stamp{Info: info, Authority: d.Signer}
	if roots == nil {
		roots = x509.NewCertPool() // and not those of the system
	}
	s.Chain, s.Untrusted = judge{roots: roots}.checkChain(d, info.Time)
	return s, nil
}

// checkSignature judges what is signed and by which key, and that the certificate
// of that key is named in it (RFC 3161 §2.4.2, RFC 5816 §2.2.1).
func checkSignature(d *cms.SignedData) error {
	if !d.ContentType.Equal(oidTSTInfo) || d.Content == nil {
		return errType
	}
	a, err := d.Algorithm()
	if err != nil {
		return err
	}
	if err := d.CheckContentType(); err != nil {
		return err
	}
	digest, err := d.MessageDigest()
	if err != nil {
		return err
	}
	state := a.Hash.New()
	state.Write(d.Content)
	if !bytes.Equal(digest, state.Sum(nil)) {
		return errChanged
	}
	if !d.Verifies(a) {
		return errMade
	}
	if d.Has(cms.OIDSigningCertificate) {
		if err := d.CheckOldBinding(); err != nil || !d.Has(cms.OIDSigningCertificateV2) {
			return err
		}
	}
	return d.CheckBinding()
}

// checkPurpose holds a certificate to RFC 3161 §2.3.
func checkPurpose(cert *x509.Certificate) error {
	if len(cert.ExtKeyUsage) != 1 || cert.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || len(cert.UnknownExtKeyUsage) > 0 {
		return errPurpose
	}
	for _, e := range cert.Extensions {
		if e.Id.Equal(oidExtendedKeyUsage) && !e.Critical {
			return errPurpose
		}
	}
	const signing = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	if cert.KeyUsage != 0 && (cert.KeyUsage&signing == 0 || cert.KeyUsage&^signing != 0) {
		return errKeyUsage
	}
	return nil
}

func (j judge) checkInfo(i Info, r Request) error {
	switch {
	case i.Hash != r.Hash || !bytes.Equal(i.Digest, r.Digest):
		return errImprint
	case r.Nonce != nil && (i.Nonce == nil || i.Nonce.Cmp(r.Nonce) != 0):
		return errNonce
	case j.policy != "" && i.Policy != j.policy:
		return errPolicy
	case i.Time.Before(j.from) || i.Time.After(j.to):
		return fmt.Errorf("%w: %s, not %s to %s", errTime,
			i.Time.Format(time.RFC3339), j.from.Format(time.RFC3339), j.to.Format(time.RFC3339))
	}
	return nil
}

// checkChain wants the certificate to lead to a root at the time of the token.
func (j judge) checkChain(d *cms.SignedData, at time.Time) ([]*x509.Certificate, error) {
	intermediates := x509.NewCertPool()
	for _, cert := range append(d.Certificates, j.known...) {
		intermediates.AddCert(cert)
	}
	chains, err := d.Signer.Verify(x509.VerifyOptions{
		Roots: j.roots, Intermediates: intermediates, CurrentTime: at,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
	})
	if err != nil {
		return nil, err
	}
	return chains[0], nil
}
