package cms

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// The constructed context tags [0], [1], [2] and [4].
const (
	explicit0 = tag.Tag(0xa0)
	explicit1 = tag.Tag(0xa1)
	explicit2 = tag.Tag(0xa2)
	explicit4 = tag.Tag(0xa4)
)

// A SignedData is what was read (RFC 5652 §5).
type SignedData struct {
	Version      int // 1 or 3
	ContentType  asn1.ObjectIdentifier
	Content      []byte // nil: it is elsewhere
	Certificates []*x509.Certificate
	Signer       *x509.Certificate
	Signed       []Attribute // each type once, in the order of DER
	Unsigned     []Attribute
	Revocation   bool // it carries revocation lists

	digest    identifier // AlgorithmIdentifier of the hash
	signature identifier
	signedRaw []byte // content of the SET OF signed attributes
	value     []byte // the signature
}

// An identifier is an AlgorithmIdentifier; parameters is nil if there are none.
type identifier struct {
	oid        asn1.ObjectIdentifier
	parameters []byte
}

// Parse reads der, behind which nothing may follow. The signer's certificate may
// be one of known where it does not come along.
func Parse(der []byte, known ...*x509.Certificate) (*SignedData, error) {
	input := cryptobyte.String(der)
	var info, content, body cryptobyte.String
	var kind asn1.ObjectIdentifier
	if !input.ReadASN1(&info, tag.SEQUENCE) || !info.ReadASN1ObjectIdentifier(&kind) {
		return nil, ErrEncoding
	}
	if !input.Empty() {
		return nil, ErrTrailing
	}
	if !kind.Equal(oidSignedData) {
		return nil, errNotSignedData
	}
	if !info.ReadASN1(&content, explicit0) || !info.Empty() || !content.ReadASN1(&body, tag.SEQUENCE) || !content.Empty() {
		return nil, ErrEncoding
	}
	d := &SignedData{}
	if err := d.parse(body, known); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *SignedData) parse(body cryptobyte.String, known []*x509.Certificate) error {
	var hashes, encapsulated, certificates, crls, signers cryptobyte.String
	if !body.ReadASN1Integer(&d.Version) || !body.ReadASN1(&hashes, tag.SET) {
		return ErrEncoding
	}
	if d.Version != 1 && d.Version != 3 {
		return ErrVersion
	}
	if !body.ReadASN1(&encapsulated, tag.SEQUENCE) || !d.parseContent(encapsulated) {
		return ErrEncoding
	}
	if !body.ReadOptionalASN1(&certificates, nil, explicit0) || !body.ReadOptionalASN1(&crls, &d.Revocation, explicit1) ||
		!body.ReadASN1(&signers, tag.SET) || !body.Empty() {
		return ErrEncoding
	}
	if err := d.parseCertificates(certificates); err != nil {
		return err
	}
	var signer cryptobyte.String
	if !signers.ReadASN1(&signer, tag.SEQUENCE) || !signers.Empty() {
		return errSigners
	}
	if err := d.parseSigner(signer, known); err != nil {
		return err
	}
	announced, ok := readIdentifier(&hashes)
	if !ok || !hashes.Empty() || !announced.oid.Equal(d.digest.oid) || !announced.plain() {
		return ErrEncoding
	}
	return nil
}

// parseContent reads an EncapsulatedContentInfo.
func (d *SignedData) parseContent(encapsulated cryptobyte.String) bool {
	if !encapsulated.ReadASN1ObjectIdentifier(&d.ContentType) {
		return false
	}
	if encapsulated.Empty() {
		return true
	}
	var explicit, content cryptobyte.String
	ok := encapsulated.ReadASN1(&explicit, explicit0) && encapsulated.Empty() &&
		explicit.ReadASN1(&content, tag.OCTET_STRING) && explicit.Empty()
	d.Content = append([]byte{}, content...) // not nil
	return ok
}

func (d *SignedData) parseCertificates(set cryptobyte.String) error {
	for !set.Empty() {
		var der cryptobyte.String
		if !set.ReadASN1Element(&der, tag.SEQUENCE) {
			return errCertificates
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return errCertificates
		}
		d.Certificates = append(d.Certificates, cert)
	}
	return nil
}

func (d *SignedData) parseSigner(signer cryptobyte.String, known []*x509.Certificate) error {
	var version int
	var id, issuer, signed, unsigned, value cryptobyte.String
	serial := new(big.Int)
	if !signer.ReadASN1Integer(&version) || version != 1 {
		return ErrVersion
	}
	if !signer.ReadASN1(&id, tag.SEQUENCE) || !id.ReadASN1Element(&issuer, tag.SEQUENCE) || !id.ReadASN1Integer(serial) || !id.Empty() {
		return ErrEncoding
	}
	var ok bool
	if d.digest, ok = readIdentifier(&signer); !ok {
		return ErrEncoding
	}
	if !signer.ReadASN1(&signed, explicit0) {
		return errNoSignedAttrs
	}
	if d.signature, ok = readIdentifier(&signer); !ok {
		return ErrEncoding
	}
	if !signer.ReadASN1(&value, tag.OCTET_STRING) || !signer.ReadOptionalASN1(&unsigned, nil, explicit1) || !signer.Empty() {
		return ErrEncoding
	}
	d.value, d.signedRaw = value, signed
	var err error
	if d.Signed, err = parseAttributes(signed, true); err != nil {
		return err
	}
	if d.Unsigned, err = parseAttributes(unsigned, false); err != nil {
		return err
	}
	return d.findSigner(issuer, serial, known)
}

// findSigner takes the one certificate that bears issuer and serial.
func (d *SignedData) findSigner(issuer []byte, serial *big.Int, known []*x509.Certificate) error {
	for _, cert := range slices.Concat(d.Certificates, known) {
		if !bytes.Equal(cert.RawIssuer, issuer) || cert.SerialNumber.Cmp(serial) != 0 {
			continue
		}
		if d.Signer != nil && !d.Signer.Equal(cert) {
			return errAmbiguous
		}
		d.Signer = cert
	}
	if d.Signer == nil {
		return errNoCertificate
	}
	return nil
}

// parseAttributes reads a SET OF Attribute, which for signed ones must be in DER
// and name no attribute twice (RFC 5652 §5.3).
func parseAttributes(set cryptobyte.String, signed bool) ([]Attribute, error) {
	var all []Attribute
	var before []byte
	seen := map[string]bool{}
	for !set.Empty() {
		var element, body, values cryptobyte.String
		if !set.ReadASN1Element(&element, tag.SEQUENCE) {
			return nil, ErrAttributes
		}
		if signed && bytes.Compare(before, element) >= 0 {
			return nil, errOrder
		}
		before = element
		var a Attribute
		if !element.ReadASN1(&body, tag.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&a.Type) || !body.ReadASN1(&values, tag.SET) || !body.Empty() {
			return nil, ErrAttributes
		}
		for !values.Empty() {
			var value cryptobyte.String
			var kind tag.Tag
			if !values.ReadAnyASN1Element(&value, &kind) {
				return nil, ErrAttributes
			}
			a.Values = append(a.Values, asn1.RawValue{FullBytes: value})
		}
		if seen[a.Type.String()] && signed {
			return nil, errTwiceAttr
		}
		seen[a.Type.String()] = true
		if len(a.Values) == 0 {
			return nil, ErrAttributes
		}
		all = append(all, a)
	}
	return all, nil
}

func readIdentifier(s *cryptobyte.String) (id identifier, ok bool) {
	var body cryptobyte.String
	if !s.ReadASN1(&body, tag.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&id.oid) {
		return id, false
	}
	if body.Empty() {
		return id, true
	}
	var parameters cryptobyte.String
	var kind tag.Tag
	if !body.ReadAnyASN1Element(&parameters, &kind) || !body.Empty() {
		return id, false
	}
	id.parameters = parameters
	return id, true
}

// plain reports that id has no parameters, or the NULL that older writers put.
func (id identifier) plain() bool {
	return id.parameters == nil || bytes.Equal(id.parameters, asn1.NullBytes)
}
