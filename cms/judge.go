package cms

import (
	"bytes"
	"crypto"
	_ "crypto/sha1" // for the attribute that names certificates by it, and nothing else
	"crypto/x509"
	"encoding/asn1"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/pecete/pecete/csc"
)

// Verifies reports whether the signature is one over the signed attributes by
// the signer's key.
func (d *SignedData) Verifies(a csc.Algorithm) bool {
	set := []byte{0x31} // signed as the SET it is, not under its tag here (RFC 5652 §5.4)
	set = append(set, derLength(len(d.signedRaw))...)
	return checkSignature(a, d.Signer, sum(a.Hash, set, d.signedRaw), d.value)
}

// derLength is n as DER writes a length.
func derLength(n int) []byte {
	if n < 0x80 {
		return []byte{byte(n)}
	}
	octets := big.NewInt(int64(n)).Bytes()
	return append([]byte{0x80 | byte(len(octets))}, octets...)
}

// attribute is the one value of a signed attribute, nil if it is not there.
func (d *SignedData) attribute(kind asn1.ObjectIdentifier) cryptobyte.String {
	for _, a := range d.Signed {
		if a.Type.Equal(kind) && len(a.Values) == 1 {
			return a.Values[0].FullBytes
		}
	}
	return nil
}

// Value is the signature itself, which is what a time-stamp of it is over.
func (d *SignedData) Value() []byte { return d.value }

// CheckContentType wants the content to be signed as of its type.
func (d *SignedData) CheckContentType() error {
	var kind asn1.ObjectIdentifier
	value := d.attribute(OIDContentType)
	if !value.ReadASN1ObjectIdentifier(&kind) || !kind.Equal(d.ContentType) {
		return errOtherTypes
	}
	return nil
}

// MessageDigest is the digest of the content as it was signed.
func (d *SignedData) MessageDigest() (csc.Digest, error) {
	var digest cryptobyte.String
	value := d.attribute(OIDMessageDigest)
	if !value.ReadASN1(&digest, tag.OCTET_STRING) {
		return nil, errNoDigest
	}
	return csc.Digest(digest), nil
}

// CheckBinding wants the attribute signing-certificate-v2 (RFC 5035 §3) to name
// the signer's certificate first.
func (d *SignedData) CheckBinding() error {
	return checkBinding(d.attribute(OIDSigningCertificateV2), d.Signer, crypto.SHA256)
}

// CheckOldBinding is CheckBinding for signing-certificate (RFC 2634 §5.4), which
// knows no hash but SHA-1. Beside a signature with a better one it is weaker than
// that, but what it guards against is another certificate of the same key.
func (d *SignedData) CheckOldBinding() error {
	return checkBinding(d.attribute(OIDSigningCertificate), d.Signer, crypto.SHA1)
}

// Has reports whether an attribute of the type was signed.
func (d *SignedData) Has(kind asn1.ObjectIdentifier) bool { return d.attribute(kind) != nil }

// checkBinding reads the first ESSCertIDv2, or ESSCertID, which must be that of
// the signer. Its hash is byDefault unless it says otherwise.
func checkBinding(value cryptobyte.String, signer *x509.Certificate, byDefault crypto.Hash) error {
	var body, certs, first, digest, issuerSerial, policies cryptobyte.String
	var named bool
	if !value.ReadASN1(&body, tag.SEQUENCE) || !body.ReadASN1(&certs, tag.SEQUENCE) ||
		!body.ReadOptionalASN1(&policies, nil, tag.SEQUENCE) || !body.Empty() || !certs.ReadASN1(&first, tag.SEQUENCE) {
		return errNoBinding
	}
	h := byDefault
	if first.PeekASN1Tag(tag.SEQUENCE) {
		id, read := readIdentifier(&first)
		known, ok := hashes[id.oid.String()]
		if !read || !ok || !id.plain() {
			return errHash
		}
		h = known
	}
	if !first.ReadASN1(&digest, tag.OCTET_STRING) || !first.ReadOptionalASN1(&issuerSerial, &named, tag.SEQUENCE) || !first.Empty() {
		return errNoBinding
	}
	if !bytes.Equal(digest, sum(h, signer.Raw)) || named && !names(issuerSerial, signer) {
		return errBinding
	}
	return nil
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
