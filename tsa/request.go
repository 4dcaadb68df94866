package tsa

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/pecete/pecete/csc"
)

// A Request is what is asked in a TimeStampReq (RFC 3161 §2.4.1).
type Request struct {
	Hash         crypto.Hash // SHA-256, SHA-384 or SHA-512
	Digest       csc.Digest  // as long as Hash makes it
	Nonce        *big.Int    // nil for none
	Policy       string      // OID; "" for whichever
	Certificates bool        // the token is to bring the authority's along
}

// MaxRequest is how many bytes ParseRequest wants to see at most. The largest
// that it takes have a hundred and fifty.
const MaxRequest = 4096

// ParseRequest reads a TimeStampReq. What is wrong with it is a *Refusal.
func ParseRequest(der []byte) (Request, error) {
	var r Request
	var body cryptobyte.String
	var version int
	input := cryptobyte.String(der)
	if len(der) > MaxRequest || !input.ReadASN1(&body, tag.SEQUENCE) || !input.Empty() || !body.ReadASN1Integer(&version) {
		return r, refuse(BadDataFormat, "this is not one TimeStampReq in DER")
	}
	if version != 1 {
		return r, refuse(BadRequest, "the version of the request is not 1")
	}
	var err error
	if r.Hash, r.Digest, err = parseImprint(&body); err != nil {
		return r, err
	}
	if body.PeekASN1Tag(tag.OBJECT_IDENTIFIER) {
		if r.Policy, err = parsePolicy(&body); err != nil {
			return r, err
		}
	}
	if body.PeekASN1Tag(tag.INTEGER) {
		r.Nonce = new(big.Int)
		if !body.ReadASN1Integer(r.Nonce) || longNonce(r.Nonce) {
			return r, refuse(BadDataFormat, "the nonce is malformed, or longer than 64 bytes")
		}
	}
	if body.PeekASN1Tag(tag.BOOLEAN) && !body.ReadASN1Boolean(&r.Certificates) {
		return r, refuse(BadDataFormat, "certReq is malformed")
	}
	if body.PeekASN1Tag(explicit0) {
		return r, refuse(UnacceptedExtension, "no extension is known here")
	}
	if !body.Empty() {
		return r, refuse(BadDataFormat, "there is more in the request than belongs there")
	}
	return r, nil
}

// The constructed context tags [0] and [1].
const (
	explicit0 = tag.Tag(0xa0)
	explicit1 = tag.Tag(0xa1)
)

// parseImprint reads a MessageImprint with a hash of the table.
func parseImprint(from *cryptobyte.String) (crypto.Hash, csc.Digest, error) {
	var imprint, algorithm, oid, digest cryptobyte.String
	if !from.ReadASN1(&imprint, tag.SEQUENCE) || !imprint.ReadASN1(&algorithm, tag.SEQUENCE) ||
		!algorithm.ReadASN1(&oid, tag.OBJECT_IDENTIFIER) ||
		!imprint.ReadASN1(&digest, tag.OCTET_STRING) || !imprint.Empty() {
		return 0, nil, refuse(BadDataFormat, "the message imprint is malformed")
	}
	hash, known := csc.HashByOID(dotted(oid))
	if !known || len(algorithm) > 0 && !bytes.Equal(algorithm, asn1.NullBytes) {
		return 0, nil, refuse(BadAlg, "the hash is none of SHA-256, SHA-384 and SHA-512")
	}
	if len(digest) != hash.Size() {
		return 0, nil, refuse(BadDataFormat, fmt.Sprintf("the message imprint has %d bytes, %v has %d", len(digest), hash, hash.Size()))
	}
	return hash, csc.Digest(digest), nil
}

func parsePolicy(from *cryptobyte.String) (string, error) {
	var oid cryptobyte.String
	if from.ReadASN1(&oid, tag.OBJECT_IDENTIFIER) {
		if policy := dotted(oid); policy != "" {
			return policy, nil
		}
	}
	return "", refuse(BadDataFormat, "the policy is malformed")
}

// mostOID is how many bytes an OID may have here: to write one as text takes the
// square of them.
const mostOID = 64

// dotted is an OID as text, of arcs of any size; "" if it is none.
func dotted(content []byte) string {
	var oid x509.OID
	if len(content) > mostOID || oid.UnmarshalBinary(content) != nil {
		return ""
	}
	return oid.String()
}

// marshal is the TimeStampReq.
func (r Request) marshal() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		addImprint(b, r.Hash, r.Digest)
		if r.Policy != "" {
			addOID(b, r.Policy)
		}
		if r.Nonce != nil {
			b.AddASN1BigInt(r.Nonce)
		}
		if r.Certificates {
			b.AddASN1Boolean(true)
		}
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode time-stamp request: %w", err)
	}
	return der, nil
}

// addImprint writes NULL parameters, as openssl does: there are readers who want
// them.
func addImprint(b *cryptobyte.Builder, h crypto.Hash, digest csc.Digest) {
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			addOID(b, csc.OIDOfHash(h))
			b.AddASN1NULL()
		})
		b.AddASN1OctetString(digest)
	})
}

func addOID(b *cryptobyte.Builder, text string) {
	oid, err := x509.ParseOID(text)
	if err != nil {
		b.SetError(fmt.Errorf("OID %q: %w", text, err))
		return
	}
	der, err := oid.MarshalBinary()
	if err != nil {
		b.SetError(fmt.Errorf("OID %q: %w", text, err))
		return
	}
	b.AddASN1(tag.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes(der) })
}
