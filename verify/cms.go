package verify

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// What can be wrong with the encoding of a CMS. The wording is that of the
// report.
var (
	errCMS           = errors.New("the signature is not a well-formed CMS SignedData in DER")
	errTrailing      = errors.New("something follows the signature inside its place")
	errNotSignedData = errors.New("the signature is of a CMS type other than SignedData")
	errVersion       = errors.New("the signature is of an unknown version of CMS")
	errAttached      = errors.New("the signature brings a content of its own instead of signing the document")
	errSigners       = errors.New("the signature does not have exactly one signer")
	errCertificates  = errors.New("the signature carries a certificate that cannot be read")
	errNoCertificate = errors.New("the signature does not carry the certificate of its signer")
	errAmbiguous     = errors.New("the signature carries two certificates under the name of its signer")
	errNoSignedAttrs = errors.New("the signature has no signed attributes")
	errAttributes    = errors.New("the attributes of the signature are malformed")
	errOrder         = errors.New("the signed attributes are not in the order of DER")
	errTwiceAttr     = errors.New("an attribute of the signature is there twice")
)

var (
	oidData       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
)

// The constructed context tags [0], [1], [2] and [4].
const (
	explicit0 = tag.Tag(0xa0)
	explicit1 = tag.Tag(0xa1)
	explicit2 = tag.Tag(0xa2)
	explicit4 = tag.Tag(0xa4)
)

// signedData is what a detached SignedData of one signer says (RFC 5652 §5).
type signedData struct {
	certificates []*x509.Certificate
	signer       *x509.Certificate
	digest       identifier // AlgorithmIdentifier of the hash
	signature    identifier
	signedRaw    []byte // content of the SET OF signed attributes
	signed       []attribute
	unsigned     []attribute
	value        []byte // the signature
	revocation   bool   // it carries CRLs
}

// An identifier is an AlgorithmIdentifier; parameters is nil if there are none.
type identifier struct {
	oid        asn1.ObjectIdentifier
	parameters []byte
}

type attribute struct {
	oid    asn1.ObjectIdentifier
	values []cryptobyte.String // complete encodings
}

// parseCMS reads der, behind which nothing may follow.
func parseCMS(der []byte) (*signedData, error) {
	input := cryptobyte.String(der)
	var info, content, body cryptobyte.String
	var kind asn1.ObjectIdentifier
	if !input.ReadASN1(&info, tag.SEQUENCE) || !info.ReadASN1ObjectIdentifier(&kind) {
		return nil, errCMS
	}
	if !input.Empty() {
		return nil, errTrailing
	}
	if !kind.Equal(oidSignedData) {
		return nil, errNotSignedData
	}
	if !info.ReadASN1(&content, explicit0) || !info.Empty() || !content.ReadASN1(&body, tag.SEQUENCE) || !content.Empty() {
		return nil, errCMS
	}
	d := &signedData{}
	return d, d.parse(body)
}

func (d *signedData) parse(body cryptobyte.String) error {
	var version int
	var hashes, encapsulated, certificates, crls, signers cryptobyte.String
	if !body.ReadASN1Integer(&version) || !body.ReadASN1(&hashes, tag.SET) {
		return errCMS
	}
	if version != 1 {
		return errVersion
	}
	if !body.ReadASN1(&encapsulated, tag.SEQUENCE) {
		return errCMS
	}
	if err := detached(encapsulated); err != nil {
		return err
	}
	if !body.ReadOptionalASN1(&certificates, nil, explicit0) || !body.ReadOptionalASN1(&crls, &d.revocation, explicit1) ||
		!body.ReadASN1(&signers, tag.SET) || !body.Empty() {
		return errCMS
	}
	if err := d.parseCertificates(certificates); err != nil {
		return err
	}
	var signer cryptobyte.String
	if !signers.ReadASN1(&signer, tag.SEQUENCE) || !signers.Empty() {
		return errSigners
	}
	if err := d.parseSigner(signer); err != nil {
		return err
	}
	announced, ok := readIdentifier(&hashes)
	if !ok || !hashes.Empty() || !announced.oid.Equal(d.digest.oid) || !announced.plain() {
		return errCMS
	}
	return nil
}

// detached wants an EncapsulatedContentInfo of type data without content.
func detached(encapsulated cryptobyte.String) error {
	var kind asn1.ObjectIdentifier
	if !encapsulated.ReadASN1ObjectIdentifier(&kind) || !kind.Equal(oidData) {
		return errCMS
	}
	if !encapsulated.Empty() {
		return errAttached
	}
	return nil
}

func (d *signedData) parseCertificates(set cryptobyte.String) error {
	for !set.Empty() {
		var der cryptobyte.String
		if !set.ReadASN1Element(&der, tag.SEQUENCE) {
			return errCertificates
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return errCertificates
		}
		d.certificates = append(d.certificates, cert)
	}
	return nil
}

func (d *signedData) parseSigner(signer cryptobyte.String) error {
	var version int
	var id, issuer, signed, unsigned, value cryptobyte.String
	serial := new(big.Int)
	if !signer.ReadASN1Integer(&version) || version != 1 {
		return errVersion
	}
	if !signer.ReadASN1(&id, tag.SEQUENCE) || !id.ReadASN1Element(&issuer, tag.SEQUENCE) || !id.ReadASN1Integer(serial) || !id.Empty() {
		return errCMS
	}
	var ok bool
	if d.digest, ok = readIdentifier(&signer); !ok {
		return errCMS
	}
	if !signer.ReadASN1(&signed, explicit0) {
		return errNoSignedAttrs
	}
	if d.signature, ok = readIdentifier(&signer); !ok {
		return errCMS
	}
	if !signer.ReadASN1(&value, tag.OCTET_STRING) || !signer.ReadOptionalASN1(&unsigned, nil, explicit1) || !signer.Empty() {
		return errCMS
	}
	d.value, d.signedRaw = value, signed
	var err error
	if d.signed, err = parseAttributes(signed, true); err != nil {
		return err
	}
	if d.unsigned, err = parseAttributes(unsigned, false); err != nil {
		return err
	}
	return d.findSigner(issuer, serial)
}

// findSigner takes the one certificate that bears issuer and serial.
func (d *signedData) findSigner(issuer []byte, serial *big.Int) error {
	for _, cert := range d.certificates {
		if !bytes.Equal(cert.RawIssuer, issuer) || cert.SerialNumber.Cmp(serial) != 0 {
			continue
		}
		if d.signer != nil && !d.signer.Equal(cert) {
			return errAmbiguous
		}
		d.signer = cert
	}
	if d.signer == nil {
		return errNoCertificate
	}
	return nil
}

// parseAttributes reads a SET OF Attribute, which for signed ones must be in DER
// and name no attribute twice (RFC 5652 §5.3).
func parseAttributes(set cryptobyte.String, signed bool) ([]attribute, error) {
	var all []attribute
	var before []byte
	seen := map[string]bool{}
	for !set.Empty() {
		var element, body, values cryptobyte.String
		if !set.ReadASN1Element(&element, tag.SEQUENCE) {
			return nil, errAttributes
		}
		if signed && bytes.Compare(before, element) >= 0 {
			return nil, errOrder
		}
		before = element
		var a attribute
		if !element.ReadASN1(&body, tag.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&a.oid) || !body.ReadASN1(&values, tag.SET) || !body.Empty() {
			return nil, errAttributes
		}
		for !values.Empty() {
			var value cryptobyte.String
			var kind tag.Tag
			if !values.ReadAnyASN1Element(&value, &kind) {
				return nil, errAttributes
			}
			a.values = append(a.values, value)
		}
		if seen[a.oid.String()] && signed {
			return nil, errTwiceAttr
		}
		seen[a.oid.String()] = true
		if len(a.values) == 0 {
			return nil, errAttributes
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
