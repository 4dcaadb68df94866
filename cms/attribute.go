package cms

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// An Attribute of a SignerInfo, signed or unsigned (RFC 5652 §5.3). Values are
// complete DER encodings.
type Attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

// OIDData is id-data, the type of content that has no type of its own.
var OIDData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}

var oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}

// The types of signed attributes. SigningCertificate is the old one, by SHA-1.
var (
	OIDContentType          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	OIDMessageDigest        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	OIDSigningTime          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	OIDSigningCertificate   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	OIDSigningCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
)

// signingCertificateV2 is SigningCertificateV2 of RFC 5035 §3 with one ESSCertIDv2
// for the signing certificate. Its hash is SHA-256, the default, which DER leaves out.
type signingCertificateV2 struct {
	Certs []essCertIDv2
}

type essCertIDv2 struct {
	CertHash     []byte
	IssuerSerial issuerSerial
}

type issuerSerial struct {
	Issuer []asn1.RawValue // GeneralNames
	Serial *big.Int
}

// signedAttributes are those of a PAdES or CAdES baseline signature, and of a
// time-stamp: what is signed, its digest, by which certificate and, if p says so,
// when, and what else p has.
func signedAttributes(p Params, cert *x509.Certificate) ([]Attribute, error) {
	hash := sha256.Sum256(cert.Raw)
	directoryName := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: cert.RawIssuer}
	type row struct {
		oid   asn1.ObjectIdentifier
		value any
	}
	rows := []row{
		{OIDContentType, p.ContentType},
		{OIDMessageDigest, []byte(p.ContentDigest)},
		{OIDSigningCertificateV2, signingCertificateV2{[]essCertIDv2{{
			CertHash:     hash[:],
			IssuerSerial: issuerSerial{[]asn1.RawValue{directoryName}, cert.SerialNumber},
		}}}},
	}
	if !p.Time.IsZero() {
		rows = append(rows, row{OIDSigningTime, p.Time.UTC().Truncate(time.Second)})
	}
	attributes := make([]Attribute, len(rows))
	for i, row := range rows {
		der, err := asn1.Marshal(row.value)
		if err != nil {
			return nil, fmt.Errorf("encode signed attribute %v: %w", row.oid, err)
		}
		attributes[i] = Attribute{row.oid, []asn1.RawValue{{FullBytes: der}}}
	}
	for _, more := range p.Signed {
		if slices.ContainsFunc(attributes, func(a Attribute) bool { return a.Type.Equal(more.Type) }) {
			return nil, fmt.Errorf("%w: %v twice", ErrAttribute, more.Type)
		}
		attributes = append(attributes, more)
	}
	return attributes, nil
}

// marshalAttributes gives the DER of SET OF Attribute, under the universal tag
// SET for the digest and, inside a SignerInfo, under the context tag asked for.
func marshalAttributes(attributes []Attribute, params string) ([]byte, error) {
	der, err := asn1.MarshalWithParams(attributes, params)
	if err != nil {
		return nil, fmt.Errorf("encode attributes: %w", err)
	}
	return der, nil
}
