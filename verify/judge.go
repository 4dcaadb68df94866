package verify

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	errContentType = errors.New("the signature is over content of another type")
	errNoDigest    = errors.New("the signature does not hold the digest of what it signs")
	errNoBinding   = errors.New("the signature does not name the certificate it was made with")
	errBinding     = errors.New("the signature names another certificate than the one it carries")
	errSigningTime = errors.New("the signature holds a signing-time, which PAdES forbids")
)

var (
	oidContentType          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidSigningCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
)

const pades = "ETSI.CAdES.detached"

// CMS judges a detached CAdES signature over content, encoded as der with
// nothing behind it.
func CMS(der, content []byte, o Options) (Signature, error) {
	if o.Now.IsZero() {
		return Signature{}, ErrNoTime
	}
	s := Signature{SubFilter: pades, Covered: int64(len(content)), CoversDocument: true}
	d, err := parseCMS(der)
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
		s.problem(sentence(errCMS))
		return
	}
	if len(bytes.Trim(rest, "\x00")) > 0 {
		s.problem(sentence(errTrailing))
		return
	}
	d, err := parseCMS(der)
	if err != nil {
		s.problem(sentence(err))
		return
	}
	s.judgeCMS(d, parts, o)
}

func (s *Signature) judgeCMS(d *signedData, parts [][]byte, o Options) {
	s.Signer = d.signer
	var err error
	if s.Algorithm, err = decide(d.digest, d.signature); err != nil {
		s.problem(sentence(err))
		return
	}
	if err = checkKey(s.Algorithm, d.signer); err != nil {
		s.problem(sentence(err))
		return
	}
	set := []byte{0x31} // signed as the SET it is, not under its tag here (RFC 5652 §5.4)
	set = append(set, derLength(len(d.signedRaw))...)
	s.SignatureValid = checkSignature(s.Algorithm, d.signer, sum(s.Algorithm.Hash, set, d.signedRaw), d.value)
	if !s.SignatureValid {
		s.problem("The signature was not made by the key of the certificate it carries, or was changed.")
	}
	s.judgeSigned(d, parts)
	s.judgeTrust(d, o)
	if len(d.unsigned) > 0 {
		s.note("The signature carries unsigned attributes, such as a time-stamp, that were not looked at.")
	}
	if d.revocation {
		s.note("The signature carries revocation lists that were not looked at.")
	}
}

func sum(h crypto.Hash, parts ...[]byte) []byte {
	state := h.New()
	for _, part := range parts {
		state.Write(part)
	}
	return state.Sum(nil)
}

// derLength is n as DER writes a length.
func derLength(n int) []byte {
	if n < 0x80 {
		return []byte{byte(n)}
	}
	octets := big.NewInt(int64(n)).Bytes()
	return append([]byte{0x80 | byte(len(octets))}, octets...)
}

// judgeSigned looks at each signed attribute.
func (s *Signature) judgeSigned(d *signedData, parts [][]byte) {
	values := map[string]cryptobyte.String{}
	for _, a := range d.signed {
		if len(a.values) != 1 {
			s.problem(sentence(errAttributes))
			return
		}
		values[a.oid.String()] = a.values[0]
		known := []asn1.ObjectIdentifier{oidContentType, oidMessageDigest, oidSigningTime, oidSigningCertificateV2}
		if !slices.ContainsFunc(known, a.oid.Equal) {
			s.note(fmt.Sprintf("The signature holds a signed attribute (%s) that was not looked at.", a.oid))
		}
	}
	var kind asn1.ObjectIdentifier
	contentType := values[oidContentType.String()]
	if !contentType.ReadASN1ObjectIdentifier(&kind) || !kind.Equal(oidData) {
		s.problem(sentence(errContentType))
	}
	if values[oidSigningTime.String()] != nil && s.SubFilter == pades {
		s.problem(sentence(errSigningTime))
	}
	s.judgeDigest(values[oidMessageDigest.String()], parts)
	s.judgeBinding(values[oidSigningCertificateV2.String()])
}

func (s *Signature) judgeDigest(value cryptobyte.String, parts [][]byte) {
	var digest cryptobyte.String
	if !value.ReadASN1(&digest, tag.OCTET_STRING) {
		s.problem(sentence(errNoDigest))
		return
	}
	s.DigestIntact = bytes.Equal(digest, sum(s.Algorithm.Hash, parts...))
	if !s.DigestIntact {
		s.problem("The document was changed after it was signed.")
	}
}

// judgeBinding checks signing-certificate-v2 (RFC 5035 §3). Older signatures of
// PDF have none; CAdES demands it.
func (s *Signature) judgeBinding(value cryptobyte.String) {
	if value == nil && s.SubFilter != pades {
		s.unbound = true
		s.note("The signature does not name its certificate, as older signatures do not.")
		return
	}
	var err error
	if s.CertificateBound, err = bound(value, s.Signer); err != nil {
		s.problem(sentence(err))
	}
}

// bound reads the first ESSCertIDv2, which must be that of the signer.
func bound(value cryptobyte.String, signer *x509.Certificate) (bool, error) {
	var body, certs, first, digest, issuerSerial, policies cryptobyte.String
	var named bool
	if !value.ReadASN1(&body, tag.SEQUENCE) || !body.ReadASN1(&certs, tag.SEQUENCE) ||
		!body.ReadOptionalASN1(&policies, nil, tag.SEQUENCE) || !body.Empty() || !certs.ReadASN1(&first, tag.SEQUENCE) {
		return false, errNoBinding
	}
	h := crypto.SHA256 // the default
	if first.PeekASN1Tag(tag.SEQUENCE) {
		id, read := readIdentifier(&first)
		known, ok := hashes[id.oid.String()]
		if !read || !ok || !id.plain() {
			return false, errHash
		}
		h = known
	}
	if !first.ReadASN1(&digest, tag.OCTET_STRING) || !first.ReadOptionalASN1(&issuerSerial, &named, tag.SEQUENCE) || !first.Empty() {
		return false, errNoBinding
	}
	if !bytes.Equal(digest, sum(h, signer.Raw)) || named && !names(issuerSerial, signer) {
		return false, errBinding
	}
	return true, nil
}

// names reports whether an IssuerSerial is that of cert.
func names(issuerSerial cryptobyte.String, cert *x509.Certificate) bool {
	var general, directory cryptobyte.String
	serial := new(big.Int)
	return issuerSerial.ReadASN1(&general, tag.SEQUENCE) &&
		general.ReadASN1(&directory, explicit4) && general.Empty() &&
		issuerSerial.ReadASN1Integer(serial) && issuerSerial.Empty() &&
		bytes.Equal(directory, cert.RawIssuer) && serial.Cmp(cert.SerialNumber) == 0
}

// judgeTrust builds the chain from the certificates that came along.
func (s *Signature) judgeTrust(d *signedData, o Options) {
	const signing = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	if s.Signer.KeyUsage != 0 && s.Signer.KeyUsage&signing == 0 {
		s.problem("The certificate of the signer is not meant for signing.")
	}
	roots, intermediates := o.Roots, x509.NewCertPool()
	if roots == nil {
		roots = x509.NewCertPool()
	}
	for _, cert := range d.certificates {
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
	for _, cert := range d.certificates {
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
