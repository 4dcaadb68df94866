// Package cmstest makes CMS signatures that no honest builder makes, for tests of
// those who judge them.
package cmstest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"

	"github.com/pecete/pecete/csc"
)

// A Forge makes signatures in which everything can be changed, and is then signed
// with a real key.
type Forge struct {
	Version      int
	Hashes       []pkix.AlgorithmIdentifier
	Content      []byte // encapsulated
	ContentType  asn1.ObjectIdentifier
	Certificates [][]byte
	Signers      int
	Issuer       []byte
	Serial       *big.Int
	Digest       pkix.AlgorithmIdentifier
	Attributes   [][]byte
	Unsorted     bool
	Bare         bool // no signed attributes
	Algorithm    pkix.AlgorithmIdentifier
	Unsigned     [][]byte
	Countersign  func(signature []byte) [][]byte // further unsigned attributes, of the signature
	Hash         crypto.Hash                     // what is really signed with
	Options      crypto.SignerOpts
	Key          crypto.Signer
	After        []byte
}

// Object identifiers that forgeries are made of.
var (
	SHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	SHA512        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
	SHA1          = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	ECDSASHA256   = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
	Data          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	ContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	MessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	Certificate   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
)

// New is a detached signature over content, with SHA-256 and ECDSA or PSS, and
// honest until it is changed.
func New(cert *x509.Certificate, key crypto.Signer, scheme csc.Scheme, content []byte) *Forge {
	sum := sha256.Sum256(content)
	f := &Forge{
		Version: 1, ContentType: Data, Signers: 1, Certificates: [][]byte{cert.Raw},
		Issuer: cert.RawIssuer, Serial: cert.SerialNumber,
		Hashes: []pkix.AlgorithmIdentifier{{Algorithm: SHA256}}, Digest: pkix.AlgorithmIdentifier{Algorithm: SHA256},
		Attributes: [][]byte{Attr(ContentType, DER(Data)), Attr(MessageDigest, DER(sum[:])), Attr(Certificate, ESSCert(cert, crypto.SHA256))},
		Algorithm:  pkix.AlgorithmIdentifier{Algorithm: ECDSASHA256},
		Hash:       crypto.SHA256, Options: crypto.SHA256, Key: key,
	}
	if scheme == csc.PSS {
		f.Algorithm = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}, Parameters: asn1.RawValue{FullBytes: csc.MarshalPSS(crypto.SHA256, 32)}}
		f.Options = &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256}
	}
	return f
}

// DER is the encoding of v.
func DER(v any) []byte {
	out, err := asn1.Marshal(v)
	if err != nil {
		panic(err)
	}
	return out
}

// Wrap puts encodings under a constructed tag.
func Wrap(class, tag int, parts ...[]byte) []byte {
	return DER(asn1.RawValue{Class: class, Tag: tag, IsCompound: true, Bytes: slices.Concat(parts...)})
}

// Seq is a SEQUENCE.
func Seq(parts ...[]byte) []byte { return Wrap(asn1.ClassUniversal, asn1.TagSequence, parts...) }

// Set is a SET, in the order given.
func Set(parts ...[]byte) []byte { return Wrap(asn1.ClassUniversal, asn1.TagSet, parts...) }

// Context puts encodings under a context tag.
func Context(tag int, parts ...[]byte) []byte {
	return Wrap(asn1.ClassContextSpecific, tag, parts...)
}

// Attr is an Attribute.
func Attr(oid asn1.ObjectIdentifier, values ...[]byte) []byte { return Seq(DER(oid), Set(values...)) }

// ESSCert is a SigningCertificateV2 for cert.
func ESSCert(cert *x509.Certificate, h crypto.Hash) []byte {
	state := h.New()
	state.Write(cert.Raw)
	hash := DER(state.Sum(nil))
	names := Seq(Seq(Context(4, cert.RawIssuer)), DER(cert.SerialNumber))
	if h == crypto.SHA256 {
		return Seq(Seq(Seq(hash, names)))
	}
	id := map[crypto.Hash]asn1.ObjectIdentifier{crypto.SHA512: SHA512, crypto.SHA1: SHA1}[h]
	return Seq(Seq(Seq(Seq(DER(id)), hash, names)))
}

// ESSNames is a SigningCertificateV2 with the right hash and a name of choice.
func ESSNames(cert *x509.Certificate, issuer []byte, serial *big.Int) []byte {
	hash := sha256.Sum256(cert.Raw)
	return Seq(Seq(Seq(DER(hash[:]), Seq(Seq(Context(4, issuer)), DER(serial)))))
}

// Make signs and encodes.
func (f *Forge) Make(t testing.TB) []byte {
	t.Helper()
	if !f.Unsorted {
		slices.SortFunc(f.Attributes, bytes.Compare)
	}
	state := f.Hash.New()
	state.Write(Set(f.Attributes...))
	signature, err := f.Key.Sign(rand.Reader, state.Sum(nil), f.Options)
	if err != nil {
		t.Fatal(err)
	}
	info := [][]byte{DER(1), Seq(f.Issuer, DER(f.Serial)), DER(f.Digest)}
	if !f.Bare {
		info = append(info, Context(0, f.Attributes...))
	}
	info = append(info, DER(f.Algorithm), DER(signature))
	if f.Countersign != nil {
		f.Unsigned = append(f.Unsigned, f.Countersign(signature)...)
	}
	if f.Unsigned != nil {
		info = append(info, Context(1, f.Unsigned...))
	}
	var hashes, signers [][]byte
	for _, id := range f.Hashes {
		hashes = append(hashes, DER(id))
	}
	for range f.Signers {
		signers = append(signers, Seq(info...))
	}
	encapsulated := [][]byte{DER(f.ContentType)}
	if f.Content != nil {
		encapsulated = append(encapsulated, Context(0, DER(f.Content)))
	}
	signed := Seq(DER(f.Version), Set(hashes...), Seq(encapsulated...), Context(0, f.Certificates...), Set(signers...))
	return append(Seq(DER(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}), Context(0, signed)), f.After...)
}
