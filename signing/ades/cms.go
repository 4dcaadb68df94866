package ades

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"

	"github.com/pecete/pecete/csc"
)

// CMSParams says what a detached CMS signature is over and by whom.
// Certificates are DER, the signer's first, then its chain as far as it is to be
// embedded. ContentDigest is the hash of the content by Algorithm.Hash.
type CMSParams struct {
	Certificates  [][]byte
	Algorithm     csc.Algorithm
	ContentDigest csc.Digest
}

// A CMS is a SignedData that waits for its signature value.
type CMS struct {
	algorithm    csc.Algorithm
	signer       *x509.Certificate
	certificates []asn1.RawValue
	signed       []Attribute
	digest       []byte
}

// NewCMS decides everything that is signed: content-type, message-digest and
// signing-certificate-v2. The same p gives the same digest, always.
func NewCMS(p CMSParams) (*CMS, error) {
	c := &CMS{algorithm: p.Algorithm}
	if err := c.embed(p.Certificates); err != nil {
		return nil, err
	}
	if err := checkAlgorithm(p.Algorithm, c.signer); err != nil {
		return nil, err
	}
	if len(p.ContentDigest) != p.Algorithm.Hash.Size() {
		return nil, fmt.Errorf("%w: %d bytes for %s", ErrDigest, len(p.ContentDigest), p.Algorithm.Hash)
	}
	var err error
	if c.signed, err = signedAttributes(oidData, p.ContentDigest, c.signer); err != nil {
		return nil, err
	}
	der, err := marshalAttributes(c.signed, "set")
	if err != nil {
		return nil, err
	}
	c.digest = sum(p.Algorithm.Hash, der)
	return c, nil
}

// embed parses certificates and keeps each once. Their order in the encoding is
// that of DER; which one signed is told by the SignerInfo.
func (c *CMS) embed(certificates [][]byte) error {
	for i, der := range certificates {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("%w: certificate %d: %w", ErrCertificate, i+1, err)
		}
		if c.signer == nil {
			c.signer = cert
		}
		same := func(r asn1.RawValue) bool { return bytes.Equal(r.FullBytes, cert.Raw) }
		if !slices.ContainsFunc(c.certificates, same) {
			c.certificates = append(c.certificates, asn1.RawValue{FullBytes: cert.Raw})
		}
	}
	if c.signer == nil {
		return ErrCertificate
	}
	return nil
}

// Digest is the DTBS/R: the hash of the DER of the signed attributes. It is
// what the key signs, and what signatures/signHash wants in hashes.
func (c *CMS) Digest() csc.Digest { return slices.Clone(c.digest) }

// Finish puts signature in and gives the DER of the whole ContentInfo. RSA
// signatures are blocks of the modulus's length, ECDSA ones DER. A signature that
// the signer's certificate does not verify is refused.
func (c *CMS) Finish(signature []byte, unsigned ...Attribute) ([]byte, error) {
	if err := checkSignature(c.algorithm, c.signer, c.digest, signature); err != nil {
		return nil, err
	}
	return c.marshal(signature, unsigned)
}

type contentInfo struct {
	ContentType asn1.ObjectIdentifier
	Content     signedData `asn1:"explicit,tag:0"`
}

type signedData struct {
	Version          int
	DigestAlgorithms []pkix.AlgorithmIdentifier `asn1:"set"`
	EncapContentInfo struct{ ContentType asn1.ObjectIdentifier }
	Certificates     []asn1.RawValue `asn1:"set,tag:0"`
	SignerInfos      []signerInfo    `asn1:"set"`
}

type signerInfo struct {
	Version            int
	SID                issuerAndSerial
	DigestAlgorithm    pkix.AlgorithmIdentifier
	SignedAttrs        []Attribute `asn1:"set,tag:0"`
	SignatureAlgorithm pkix.AlgorithmIdentifier
	Signature          []byte
	UnsignedAttrs      []Attribute `asn1:"set,optional,omitempty,tag:1"`
}

type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

func (c *CMS) marshal(signature []byte, unsigned []Attribute) ([]byte, error) {
	hash := pkix.AlgorithmIdentifier{Algorithm: oidsByHash[c.algorithm.Hash]}
	info := contentInfo{oidSignedData, signedData{
		Version:          1, // certificates are X.509, signers named by issuer and serial (RFC 5652 §5.1)
		DigestAlgorithms: []pkix.AlgorithmIdentifier{hash},
		Certificates:     c.certificates,
		SignerInfos: []signerInfo{{
			Version:            1,
			SID:                issuerAndSerial{asn1.RawValue{FullBytes: c.signer.RawIssuer}, c.signer.SerialNumber},
			DigestAlgorithm:    hash,
			SignedAttrs:        c.signed,
			SignatureAlgorithm: signatureIdentifier(c.algorithm),
			Signature:          signature,
			UnsignedAttrs:      unsigned,
		}},
	}}
	info.Content.EncapContentInfo.ContentType = oidData
	der, err := asn1.Marshal(info)
	if err != nil {
		return nil, fmt.Errorf("encode CMS: %w", err)
	}
	return der, nil
}

// maxSize bounds the length of what Finish will give without unsigned
// attributes.
func (c *CMS) maxSize() (int, error) {
	size := 0
	switch key := c.signer.PublicKey.(type) {
	case *rsa.PublicKey:
		size = key.Size()
	case *ecdsa.PublicKey:
		size = 2*(key.Curve.Params().BitSize/8+2) + 8
	}
	der, err := c.marshal(make([]byte, size), nil)
	return len(der), err
}

// sum hashes parts one after another.
func sum(h crypto.Hash, parts ...[]byte) []byte {
	state := h.New()
	for _, part := range parts {
		state.Write(part)
	}
	return state.Sum(nil)
}
