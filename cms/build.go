package cms

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
	"time"

	"github.com/pecete/pecete/csc"
)

// Params says what a signature is over and by whom. Certificates are DER, the
// signer's first, then its chain as far as it is to be embedded. ContentDigest is
// the hash of the content by Algorithm.Hash.
type Params struct {
	Certificates  [][]byte
	Algorithm     csc.Algorithm
	ContentDigest csc.Digest // may be left out beside Content
	// Content is put into the signature, if it is not nil, which is detached
	// otherwise.
	Content []byte
	// Time is the claimed signing time, which CAdES baseline asks for and PAdES
	// forbids (EN 319 122-1 §6.3, EN 319 142-1 §6.3); none if zero.
	Time time.Time
	// Signed are further signed attributes, each of another type than all others.
	Signed []Attribute
	// ContentType is OIDData if nil.
	ContentType asn1.ObjectIdentifier
	// Bare leaves all certificates out.
	Bare bool
}

// A Prepared is a SignedData that waits for its signature value.
type Prepared struct {
	algorithm    csc.Algorithm
	signer       *x509.Certificate
	certificates []asn1.RawValue
	contentType  asn1.ObjectIdentifier
	content      []byte
	signed       []Attribute
	digest       []byte
}

// Prepare decides everything that is signed: content-type, message-digest,
// signing-certificate-v2 and what p adds. The same p gives the same digest,
// always.
func Prepare(p Params) (*Prepared, error) {
	if p.ContentType == nil {
		p.ContentType = OIDData
	}
	c := &Prepared{algorithm: p.Algorithm, contentType: p.ContentType, content: p.Content}
	if err := c.embed(p.Certificates); err != nil {
		return nil, err
	}
	if err := checkAlgorithm(p.Algorithm, c.signer); err != nil {
		return nil, err
	}
	if p.Bare {
		c.certificates = nil
	}
	if err := p.digestContent(); err != nil {
		return nil, err
	}
	var err error
	if c.signed, err = signedAttributes(p, c.signer); err != nil {
		return nil, err
	}
	der, err := marshalAttributes(c.signed, "set")
	if err != nil {
		return nil, err
	}
	c.digest = sum(p.Algorithm.Hash, der)
	return c, nil
}

// digestContent makes the digest of a content that is there, and checks the one of
// a content that is not.
func (p *Params) digestContent() error {
	if p.Content != nil {
		digest := sum(p.Algorithm.Hash, p.Content)
		if p.ContentDigest != nil && !bytes.Equal(digest, p.ContentDigest) {
			return fmt.Errorf("%w: it is not that of the content", ErrDigest)
		}
		p.ContentDigest = digest
	}
	if len(p.ContentDigest) != p.Algorithm.Hash.Size() {
		return fmt.Errorf("%w: %d bytes for %s", ErrDigest, len(p.ContentDigest), p.Algorithm.Hash)
	}
	return nil
}

// embed parses certificates and keeps each once. Their order in the encoding is
// that of DER; which one signed is told by the SignerInfo.
func (c *Prepared) embed(certificates [][]byte) error {
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
func (c *Prepared) Digest() csc.Digest { return slices.Clone(c.digest) }

// Finish puts signature in and gives the DER of the whole ContentInfo. RSA
// signatures are blocks of the modulus's length, ECDSA ones DER. A signature that
// the signer's certificate does not verify is refused.
func (c *Prepared) Finish(signature []byte, unsigned ...Attribute) ([]byte, error) {
	if err := checkMade(c.algorithm, c.signer, c.digest, signature); err != nil {
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
	EncapContentInfo encapsulated
	Certificates     []asn1.RawValue `asn1:"set,optional,omitempty,tag:0"`
	SignerInfos      []signerInfo    `asn1:"set"`
}

// encapsulated is EncapsulatedContentInfo; a detached signature has no Content.
type encapsulated struct {
	ContentType asn1.ObjectIdentifier
	Content     asn1.RawValue `asn1:"optional"`
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

// version is RFC 5652 §5.1's: certificates are X.509 and signers are named by
// issuer and serial number, so that it hangs on the content alone.
func (c *Prepared) version() int {
	if c.contentType.Equal(OIDData) {
		return 1
	}
	return 3
}

// encapsulate is the content as it stands in the signature.
func (c *Prepared) encapsulate() (encapsulated, error) {
	e := encapsulated{ContentType: c.contentType}
	if c.content == nil {
		return e, nil
	}
	octets, err := asn1.Marshal(c.content)
	if err != nil {
		return e, fmt.Errorf("encode content: %w", err)
	}
	e.Content = asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: octets}
	return e, nil
}

func (c *Prepared) marshal(signature []byte, unsigned []Attribute) ([]byte, error) {
	content, err := c.encapsulate()
	if err != nil {
		return nil, err
	}
	hash := pkix.AlgorithmIdentifier{Algorithm: oidsByHash[c.algorithm.Hash]}
	info := contentInfo{oidSignedData, signedData{
		Version:          c.version(),
		DigestAlgorithms: []pkix.AlgorithmIdentifier{hash},
		EncapContentInfo: content,
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
	der, err := asn1.Marshal(info)
	if err != nil {
		return nil, fmt.Errorf("encode CMS: %w", err)
	}
	return der, nil
}

// MaxSize bounds the length of what Finish will give without unsigned
// attributes.
func (c *Prepared) MaxSize() (int, error) {
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
