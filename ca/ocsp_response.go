package ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"
)

// The statuses of answers that answer nothing (RFC 6960 §4.2.1); they are not
// signed.
const (
	ocspMalformed = 1
	ocspInternal  = 2
	ocspTryLater  = 3
)

var (
	oidOCSPBasic       = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidOCSPCutoff      = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 6}
	oidECDSAWithSHA256 = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
)

// ocspFailure is an answer without one.
func ocspFailure(status byte) []byte { return []byte{0x30, 3, 0x0a, 1, status} }

// A singleResponse is what is said of one certificate (RFC 6960 §4.2.1).
type singleResponse struct {
	Cert       asn1.RawValue // as it was asked about
	Status     asn1.RawValue
	ThisUpdate time.Time        `asn1:"generalized"`
	NextUpdate time.Time        `asn1:"generalized,explicit,tag:0"`
	Extensions []pkix.Extension `asn1:"explicit,tag:1,optional"`
}

type responseData struct {
	Responder  asn1.RawValue
	ProducedAt time.Time `asn1:"generalized"`
	Responses  []singleResponse
	Extensions []pkix.Extension `asn1:"explicit,tag:1,optional"`
}

type basicResponse struct {
	Body         asn1.RawValue
	Algorithm    pkix.AlgorithmIdentifier
	Signature    asn1.BitString
	Certificates []asn1.RawValue `asn1:"explicit,tag:0"`
}

type ocspResponse struct {
	Status asn1.Enumerated
	Bytes  struct {
		Type  asn1.ObjectIdentifier
		Basic []byte
	} `asn1:"explicit,tag:0"`
}

type revokedInfo struct {
	At     time.Time       `asn1:"generalized"`
	Reason asn1.Enumerated `asn1:"explicit,tag:0,optional"` // unspecified is not said
}

// certStatus is the CertStatus of s; known is whether there is such a certificate.
func certStatus(s Status, known bool) (asn1.RawValue, error) {
	const good, revoked, unknown = 0, 1, 2
	switch {
	case !known:
		return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: unknown}, nil
	case s.State == Good:
		return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: good}, nil
	}
	der, err := asn1.MarshalWithParams(revokedInfo{s.At.UTC().Truncate(time.Second), asn1.Enumerated(s.reason())}, fmt.Sprintf("tag:%d", revoked))
	return asn1.RawValue{FullBytes: der}, err
}

// signOCSP signs what is said, in the name of the certificate of the signer's
// key, and lets nothing go that this key did not sign.
func signOCSP(data responseData, certificate *x509.Certificate, signer crypto.Signer) ([]byte, error) {
	body, err := asn1.Marshal(data)
	if err != nil {
		return nil, fmt.Errorf("encode OCSP response: %w", err)
	}
	sum := sha256.Sum256(body)
	signature, err := signer.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("sign OCSP response: %w", err)
	}
	public, ok := certificate.PublicKey.(*ecdsa.PublicKey)
	if !ok || !ecdsa.VerifyASN1(public, sum[:], signature) {
		return nil, errors.New("sign OCSP response: the signature is not by the key of the responder's certificate")
	}
	basic, err := asn1.Marshal(basicResponse{
		Body: asn1.RawValue{FullBytes: body}, Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidECDSAWithSHA256},
		Signature:    asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)},
		Certificates: []asn1.RawValue{{FullBytes: certificate.Raw}},
	})
	if err != nil {
		return nil, fmt.Errorf("encode OCSP response: %w", err)
	}
	var out ocspResponse
	out.Bytes.Type, out.Bytes.Basic = oidOCSPBasic, basic
	return asn1.Marshal(out)
}
