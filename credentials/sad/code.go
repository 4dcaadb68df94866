package sad

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/pecete/pecete/csc"
)

// A grant is kept as a version, then its members in the order of the struct:
// numbers as varints, text and digests behind their length. Every spending
// reads a grant and writes it twice, and as JSON one of a hundred hashes took
// longer than its signature.
const codeVersion = 3

// errCode says that what is kept is no grant.
var errCode = errors.New("sad: not an encoded grant")

// encode is the one encoding of g: two grants are equal if it is.
func (g Grant) encode() []byte {
	b := make([]byte, 0, 256+40*len(g.Hashes))
	b = append(b, codeVersion)
	for _, text := range []string{g.ID, g.UserID, g.ClientID, g.CredentialID} {
		b = appendText(b, text)
	}
	b = binary.AppendVarint(b, g.Issued.UnixNano())
	b = binary.AppendVarint(b, g.Expires.UnixNano())
	b = binary.AppendVarint(b, int64(g.Count))
	b = binary.AppendVarint(b, int64(g.Left))
	bound := byte(0)
	if g.Bound {
		bound = 1
	}
	b = append(b, bound)
	b = binary.AppendUvarint(b, uint64(len(g.Hashes)))
	for _, a := range g.Hashes {
		b = appendText(b, a.Digest)
		b = appendText(b, a.Kind)
	}
	for _, text := range []string{g.HashOID, g.Standing, g.Holder} {
		b = appendText(b, text)
	}
	return b
}

func appendText[T ~string | ~[]byte](b []byte, text T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// decodeGrant reads what encode wrote. The digests are parts of b.
func decodeGrant(b []byte) (Grant, error) {
	if len(b) == 0 || b[0] != codeVersion {
		return Grant{}, errCode
	}
	in := reader{rest: b[1:]}
	g := Grant{
		ID: string(in.text()), UserID: string(in.text()), ClientID: string(in.text()), CredentialID: string(in.text()),
		Issued: time.Unix(0, in.number()).UTC(), Expires: time.Unix(0, in.number()).UTC(), Count: int(in.number()), Left: int(in.number()), Bound: in.flag(),
	}
	n := in.length()
	if n > len(in.rest) { // each takes two bytes at least
		return Grant{}, errCode
	}
	if n > 0 {
		g.Hashes = make([]Agreed, n)
	}
	for i := range g.Hashes {
		g.Hashes[i] = Agreed{Digest: in.text(), Kind: in.kind()}
	}
	g.HashOID, g.Standing, g.Holder = string(in.text()), string(in.text()), string(in.text())
	if in.broken || len(in.rest) > 0 {
		return Grant{}, errCode
	}
	return g, nil
}

// A reader takes members off the front of what rests, until it finds what
// cannot be.
type reader struct {
	rest   []byte
	broken bool
}

func (r *reader) number() int64 {
	v, n := binary.Varint(r.rest)
	r.skip(n)
	return v
}

func (r *reader) length() int {
	v, n := binary.Uvarint(r.rest)
	r.skip(n)
	if v > uint64(len(r.rest)) {
		r.broken = true
		return 0
	}
	return int(v)
}

func (r *reader) text() []byte {
	n := r.length()
	text := r.rest[:n:n]
	r.rest = r.rest[n:]
	return text
}

// kind makes no new text of those there are.
func (r *reader) kind() csc.HashKind {
	text := r.text()
	for _, known := range []csc.HashKind{"", csc.DTBSR, csc.SDR} {
		if string(text) == string(known) {
			return known
		}
	}
	return csc.HashKind(text)
}

func (r *reader) flag() bool {
	if len(r.rest) == 0 || r.rest[0] > 1 {
		r.broken = true
		return false
	}
	set := r.rest[0] == 1
	r.rest = r.rest[1:]
	return set
}

// skip passes over n bytes, of a number that is none if n is not positive.
func (r *reader) skip(n int) {
	if n <= 0 {
		r.broken, r.rest = true, nil
		return
	}
	r.rest = r.rest[n:]
}
