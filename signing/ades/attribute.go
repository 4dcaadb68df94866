package ades

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
)

// An Attribute of a SignerInfo, signed or unsigned (RFC 5652 §5.3). Values are
// complete DER encodings.
type Attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

var (
	oidData                 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
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

// signedAttributes are those of a PAdES or CAdES baseline signature: what is
// signed, its digest, and by which certificate. There is no signing-time: EN 319
// 142-1 forbids it in a PDF, whose claimed time is the M entry.
func signedAttributes(content asn1.ObjectIdentifier, digest []byte, cert *x509.Certificate) ([]Attribute, error) {
	hash := sha256.Sum256(cert.Raw)
	directoryName := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: cert.RawIssuer}
	rows := []struct {
		oid   asn1.ObjectIdentifier
		value any
	}{
		{oidContentType, content},
		{oidMessageDigest, digest},
		{oidSigningCertificateV2, signingCertificateV2{[]essCertIDv2{{
			CertHash:     hash[:],
			IssuerSerial: issuerSerial{[]asn1.RawValue{directoryName}, cert.SerialNumber},
		}}}},
	}
	attributes := make([]Attribute, len(rows))
	for i, row := range rows {
		der, err := asn1.Marshal(row.value)
		if err != nil {
			return nil, fmt.Errorf("encode signed attribute %v: %w", row.oid, err)
		}
		attributes[i] = Attribute{row.oid, []asn1.RawValue{{FullBytes: der}}}
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
