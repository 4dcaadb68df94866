package verify_test

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
	"github.com/pecete/pecete/signing/ades/adestest"
)

// A forge makes CMS signatures that no honest builder makes: everything in one
// can be changed, and is then signed with a real key.
type forge struct {
	version      int
	hashes       []pkix.AlgorithmIdentifier
	content      []byte // encapsulated
	contentType  asn1.ObjectIdentifier
	certificates [][]byte
	signers      int
	issuer       []byte
	serial       *big.Int
	digest       pkix.AlgorithmIdentifier
	attributes   [][]byte
	unsorted     bool
	bare         bool // no signed attributes
	algorithm    pkix.AlgorithmIdentifier
	unsigned     [][]byte
	hash         crypto.Hash // what is really signed with
	options      crypto.SignerOpts
	key          crypto.Signer
	after        []byte
}

var (
	sha256ID        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	sha1ID          = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	ecdsaSHA256     = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
	dataID          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	contentTypeID   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	messageDigestID = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	certificateID   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
)

// newForge is honest until it is changed.
func newForge(s *adestest.Signer, content []byte) *forge {
	sum := sha256.Sum256(content)
	f := &forge{
		version: 1, contentType: dataID, signers: 1, certificates: [][]byte{s.Cert.Raw},
		issuer: s.Cert.RawIssuer, serial: s.Cert.SerialNumber,
		hashes: []pkix.AlgorithmIdentifier{{Algorithm: sha256ID}}, digest: pkix.AlgorithmIdentifier{Algorithm: sha256ID},
		attributes: [][]byte{attr(contentTypeID, der(dataID)), attr(messageDigestID, der(sum[:])), attr(certificateID, essCert(s.Cert, crypto.SHA256))},
		algorithm:  pkix.AlgorithmIdentifier{Algorithm: ecdsaSHA256},
		hash:       crypto.SHA256, options: crypto.SHA256, key: s.Key,
	}
	if s.Algorithm.Scheme == csc.PSS {
		f.algorithm = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}, Parameters: asn1.RawValue{FullBytes: csc.MarshalPSS(crypto.SHA256, 32)}}
		f.options = &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256}
	}
	return f
}

func der(v any) []byte {
	out, err := asn1.Marshal(v)
	if err != nil {
		panic(err)
	}
	return out
}

func wrap(class, tag int, parts ...[]byte) []byte {
	return der(asn1.RawValue{Class: class, Tag: tag, IsCompound: true, Bytes: slices.Concat(parts...)})
}

func seq(parts ...[]byte) []byte { return wrap(asn1.ClassUniversal, asn1.TagSequence, parts...) }

func set(parts ...[]byte) []byte { return wrap(asn1.ClassUniversal, asn1.TagSet, parts...) }

func context(tag int, parts ...[]byte) []byte {
	return wrap(asn1.ClassContextSpecific, tag, parts...)
}

func attr(oid asn1.ObjectIdentifier, values ...[]byte) []byte { return seq(der(oid), set(values...)) }

// essCert is a SigningCertificateV2 for cert.
func essCert(cert *x509.Certificate, h crypto.Hash) []byte {
	state := h.New()
	state.Write(cert.Raw)
	hash := der(state.Sum(nil))
	names := seq(seq(context(4, cert.RawIssuer)), der(cert.SerialNumber))
	if h == crypto.SHA256 {
		return seq(seq(seq(hash, names)))
	}
	id := map[crypto.Hash]asn1.ObjectIdentifier{crypto.SHA512: {2, 16, 840, 1, 101, 3, 4, 2, 3}, crypto.SHA1: sha1ID}[h]
	return seq(seq(seq(seq(der(id)), hash, names)))
}

// essNames is a SigningCertificateV2 with the right hash and a name of choice.
func essNames(cert *x509.Certificate, issuer []byte, serial *big.Int) []byte {
	hash := sha256.Sum256(cert.Raw)
	return seq(seq(seq(der(hash[:]), seq(seq(context(4, issuer)), der(serial)))))
}

// make signs and encodes.
func (f *forge) make(t testing.TB) []byte {
	t.Helper()
	if !f.unsorted {
		slices.SortFunc(f.attributes, bytes.Compare)
	}
	state := f.hash.New()
	state.Write(set(f.attributes...))
	signature, err := f.key.Sign(rand.Reader, state.Sum(nil), f.options)
	if err != nil {
		t.Fatal(err)
	}
	info := [][]byte{der(1), seq(f.issuer, der(f.serial)), der(f.digest)}
	if !f.bare {
		info = append(info, context(0, f.attributes...))
	}
	info = append(info, der(f.algorithm), der(signature))
	if f.unsigned != nil {
		info = append(info, context(1, f.unsigned...))
	}
	var hashes, signers [][]byte
	for _, id := range f.hashes {
		hashes = append(hashes, der(id))
	}
	for range f.signers {
		signers = append(signers, seq(info...))
	}
	encapsulated := [][]byte{der(f.contentType)}
	if f.content != nil {
		encapsulated = append(encapsulated, context(0, der(f.content)))
	}
	signed := seq(der(f.version), set(hashes...), seq(encapsulated...), context(0, f.certificates...), set(signers...))
	return append(seq(der(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}), context(0, signed)), f.after...)
}
