package verify

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/pecete/pecete/cms"
)

var (
	errAttached    = errors.New("the signature brings a content of its own instead of signing the document")
	errSigningTime = errors.New("the signature holds a signing-time, which PAdES forbids")
)

const pades = "ETSI.CAdES.detached"

// CMS judges a detached CAdES signature over content, encoded as der with
// nothing behind it.
func CMS(der, content []byte, o Options) (Signature, error) {
	if o.Now.IsZero() {
		return Signature{}, ErrNoTime
	}
	s := Signature{SubFilter: pades, Covered: int64(len(content)), CoversDocument: true}
	d, err := parse(der)
	if err != nil {
		s.problem(sentence(err))
		return s, nil
	}
	s.judgeCMS(d, [][]byte{content}, o)
	return s, nil
}

// judge takes the DER out of its place in a PDF, where only zeros may follow.
func (s *Signature) judge(padded []byte, parts [][]byte, o Options) {
	if s.SubFilter != pades && s.SubFilter != "adbe.pkcs7.detached" {
		s.problem("The signature is encoded in a way that is not supported.")
		return
	}
	rest := cryptobyte.String(padded)
	var der cryptobyte.String
	if !rest.ReadASN1Element(&der, tag.SEQUENCE) {
		s.problem(sentence(cms.ErrEncoding))
		return
	}
	if len(bytes.Trim(rest, "\x00")) > 0 {
		s.problem(sentence(cms.ErrTrailing))
		return
	}
	d, err := parse(der)
	if err != nil {
		s.problem(sentence(err))
		return
	}
	s.judgeCMS(d, parts, o)
}

// parse reads a SignedData over content that is elsewhere and has no type.
func parse(der []byte) (*cms.SignedData, error) {
	d, err := cms.Parse(der)
	switch {
	case err != nil:
		return nil, err
	case d.Version != 1:
		return nil, cms.ErrVersion
	case !d.ContentType.Equal(cms.OIDData):
		return nil, cms.ErrEncoding
	case d.Content != nil:
		return nil, errAttached
	}
	return d, nil
}

func (s *Signature) judgeCMS(d *cms.SignedData, parts [][]byte, o Options) {
	s.Signer = d.Signer
	var err error
	if s.Algorithm, err = d.Algorithm(); err != nil {
		s.problem(sentence(err))
		return
	}
	s.SignatureValid = d.Verifies(s.Algorithm)
	if !s.SignatureValid {
		s.problem("The signature was not made by the key of the certificate it carries, or was changed.")
	}
	s.judgeSigned(d, parts)
	s.judgeTrust(d, o)
	if len(d.Unsigned) > 0 {
		s.note("The signature carries unsigned attributes, such as a time-stamp, that were not looked at.")
	}
	if d.Revocation {
		s.note("The signature carries revocation lists that were not looked at.")
	}
}

// judgeSigned looks at each signed attribute.
func (s *Signature) judgeSigned(d *cms.SignedData, parts [][]byte) {
	known := []asn1.ObjectIdentifier{cms.OIDContentType, cms.OIDMessageDigest, cms.OIDSigningTime, cms.OIDSigningCertificateV2}
	for _, a := range d.Signed {
		if len(a.Values) != 1 {
			s.problem(sentence(cms.ErrAttributes))
			return
		}
		if !slices.ContainsFunc(known, a.Type.Equal) {
			s.note(fmt.Sprintf("The signature holds a signed attribute (%s) that was not looked at.", a.Type))
		}
	}
	if err := d.CheckContentType(); err != nil {
		s.problem(sentence(err))
	}
	if d.Has(cms.OIDSigningTime) && s.SubFilter == pades {
		s.problem(sentence(errSigningTime))
	}
	s.judgeDigest(d, parts)
	s.judgeBinding(d)
}

func (s *Signature) judgeDigest(d *cms.SignedData, parts [][]byte) {
	digest, err := d.MessageDigest()
	if err != nil {
		s.problem(sentence(err))
		return
	}
	state := s.Algorithm.Hash.New()
	for _, part := range parts {
		state.Write(part)
	}
	s.DigestIntact = bytes.Equal(digest, state.Sum(nil))
	if !s.DigestIntact {
		s.problem("The document was changed after it was signed.")
	}
}

// judgeBinding checks signing-certificate-v2 (RFC 5035 §3). Older signatures of
// PDF have none; CAdES demands it.
func (s *Signature) judgeBinding(d *cms.SignedData) {
	if !d.Has(cms.OIDSigningCertificateV2) && s.SubFilter != pades {
		s.unbound = true
		s.note("The signature does not name its certificate, as older signatures do not.")
		return
	}
	err := d.CheckBinding()
	s.CertificateBound = err == nil
	if err != nil {
		s.problem(sentence(err))
	}
}

// judgeTrust builds the chain from the certificates that came along.
func (s *Signature) judgeTrust(d *cms.SignedData, o Options) {
	const signing = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	if s.Signer.KeyUsage != 0 && s.Signer.KeyUsage&signing == 0 {
		s.problem("The certificate of the signer is not meant for signing.")
	}
	roots, intermediates := o.Roots, x509.NewCertPool()
	if roots == nil {
		roots = x509.NewCertPool()
	}
	for _, cert := range d.Certificates {
		intermediates.AddCert(cert)
	}
	chains, err := s.Signer.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: o.Now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		s.problem("The certificate of the signer does not lead to a trusted root: " + reason(err) + ".")
		return
	}
	s.Trusted, s.Chain = true, chains[0]
	for _, cert := range d.Certificates {
		if !slices.ContainsFunc(s.Chain, cert.Equal) {
			s.note("The signature carries a certificate that is not in the signer's chain: " + cert.Subject.String() + ".")
		}
	}
}

// reason says in short why there is no chain.
func reason(err error) string {
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return "it or one above it is expired or not yet valid"
	}
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		return "its issuer is unknown"
	}
	return err.Error()
}
