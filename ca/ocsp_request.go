package ca

import (
	"bytes"
	"crypto"
	_ "crypto/sha1" // that requests are made with
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
)

const (
	// maxOCSPRequest is the most bytes of a request.
	maxOCSPRequest = 8 << 10
	// maxOCSPAsked is the most certificates that one request may ask about.
	maxOCSPAsked = 20
	// maxNonce is the longest nonce (RFC 9654 §2.1).
	maxNonce = 128
)

var oidOCSPNonce = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}

// errMalformed says that a request is none (RFC 6960 §2.3).
var errMalformed = errors.New("ca: malformed OCSP request")

// An ocspRequest is what is asked.
type ocspRequest struct {
	certs []certID
	nonce []byte // as it came, the value of its extension; nil for none
}

// A certID names a certificate by its issuer and number (RFC 6960 §4.1.1).
type certID struct {
	Raw       asn1.RawContent
	Algorithm pkix.AlgorithmIdentifier
	NameHash  []byte
	KeyHash   []byte
	Serial    *big.Int
}

// ocspRequestDER is an OCSPRequest. Who signed it, if anybody did, is not looked
// at: what is answered is for everybody (RFC 6960 §4.1.2).
type ocspRequestDER struct {
	Body struct {
		Version   int           `asn1:"explicit,tag:0,default:0,optional"`
		Requestor asn1.RawValue `asn1:"explicit,tag:1,optional"`
		List      []struct {
			Cert       certID
			Extensions []pkix.Extension `asn1:"explicit,tag:0,optional"`
		}
		Extensions []pkix.Extension `asn1:"explicit,tag:2,optional"`
	}
	Signature asn1.RawValue `asn1:"explicit,tag:0,optional"`
}

// parseOCSPRequest reads what a stranger sent; errMalformed if it is no request,
// or asks for what it says must be understood and is not.
func parseOCSPRequest(der []byte) (ocspRequest, error) {
	var in ocspRequestDER
	rest, err := asn1.Unmarshal(der, &in)
	switch {
	case err != nil:
		return ocspRequest{}, fmt.Errorf("%w: %w", errMalformed, err)
	case len(rest) > 0:
		return ocspRequest{}, fmt.Errorf("%w: %d bytes behind it", errMalformed, len(rest))
	case in.Body.Version != 0:
		return ocspRequest{}, fmt.Errorf("%w: its version is %d", errMalformed, in.Body.Version)
	case len(in.Body.List) == 0 || len(in.Body.List) > maxOCSPAsked:
		return ocspRequest{}, fmt.Errorf("%w: it asks about %d certificates", errMalformed, len(in.Body.List))
	}
	var out ocspRequest
	for _, one := range in.Body.List {
		if _, err := extensionsOf(one.Extensions); err != nil {
			return ocspRequest{}, err
		}
		out.certs = append(out.certs, one.Cert)
	}
	out.nonce, err = extensionsOf(in.Body.Extensions)
	return out, err
}

// extensionsOf finds the nonce among extensions, and refuses those that must be
// understood and are not.
func extensionsOf(all []pkix.Extension) (nonce []byte, err error) {
	for _, e := range all {
		if !e.Id.Equal(oidOCSPNonce) {
			if e.Critical {
				return nil, fmt.Errorf("%w: extension %v is critical", errMalformed, e.Id)
			}
			continue
		}
		var value []byte
		rest, err := asn1.Unmarshal(e.Value, &value)
		if err != nil || len(rest) > 0 || len(value) == 0 || len(value) > maxNonce || nonce != nil {
			return nil, fmt.Errorf("%w: its nonce is not one of 1 to %d bytes", errMalformed, maxNonce)
		}
		nonce = e.Value
	}
	return nonce, nil
}

// ocspHashes are those that requests name issuers with.
var ocspHashes = map[string]crypto.Hash{
	"1.3.14.3.2.26":          crypto.SHA1,
	"2.16.840.1.101.3.4.2.1": crypto.SHA256,
	"2.16.840.1.101.3.4.2.2": crypto.SHA384,
	"2.16.840.1.101.3.4.2.3": crypto.SHA512,
}

// issuedBy reports whether the certificate is one of the issuer's.
func (c certID) issuedBy(issuer *x509.Certificate) bool {
	hash, known := ocspHashes[c.Algorithm.Algorithm.String()]
	if !known {
		return false
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(issuer.RawSubjectPublicKeyInfo, &info); err != nil {
		return false
	}
	sum := func(of []byte) []byte {
		h := hash.New()
		h.Write(of)
		return h.Sum(nil)
	}
	return bytes.Equal(c.NameHash, sum(issuer.RawSubject)) && bytes.Equal(c.KeyHash, sum(info.Key.RightAlign()))
}
