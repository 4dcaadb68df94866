package server_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
)

// What may sign with what, typed from RFC 3279, 4055, 5754 and 5758, and nothing
// of it taken from the table it judges. Bits are those of the hash: that of an
// algorithm which names one, 0 of one which does not.
var (
	mayNames = map[string]struct {
		rsa, pss bool
		bits     int
	}{
		"1.2.840.113549.1.1.1": {rsa: true}, "1.2.840.113549.1.1.10": {rsa: true, pss: true}, "1.2.840.10045.2.1": {},
		"1.2.840.113549.1.1.11": {rsa: true, bits: 256}, "1.2.840.113549.1.1.12": {rsa: true, bits: 384}, "1.2.840.113549.1.1.13": {rsa: true, bits: 512},
		"1.2.840.10045.4.3.2": {bits: 256}, "1.2.840.10045.4.3.3": {bits: 384}, "1.2.840.10045.4.3.4": {bits: 512},
	}
	mayHash   = map[string]int{"2.16.840.1.101.3.4.2.1": 256, "2.16.840.1.101.3.4.2.2": 384, "2.16.840.1.101.3.4.2.3": 512}
	curveBits = map[csc.KeySpec]int{csc.P256: 256, csc.P384: 384, csc.P521: 521}
	hashOf    = map[int]crypto.Hash{256: crypto.SHA256, 384: crypto.SHA384, 512: crypto.SHA512}
	oidOf     = map[int]string{256: csc.OIDSHA256, 384: csc.OIDSHA384, 512: csc.OIDSHA512}
)

// mayNot are names of algorithms that exist and that nobody may sign with here.
var mayNot = []string{
	"1.2.840.113549.1.1.4", "1.2.840.113549.1.1.5", "1.2.840.113549.1.1.14", // MD5, SHA-1, SHA-224 with RSA
	"1.2.840.10045.4.1", "1.2.840.10045.4.3.1", "2.16.840.1.101.3.4.3.10", // ECDSA with SHA-1, SHA-224, SHA3-256
	"2.16.840.1.101.3.4.3.14", "2.16.840.1.101.3.4.3.2", // RSA with SHA3-256, DSA with SHA-256
	"1.3.101.112", "1.3.101.113", csc.OIDSHA256, // Ed25519, Ed448, a hash
}

// everyHash are the names of hashes and the bytes of their digests; none is one
// of them.
var everyHash = []struct {
	oid  string
	size int
}{
	{"", 32}, {csc.OIDSHA256, 32}, {csc.OIDSHA384, 48}, {csc.OIDSHA512, 64},
	{"1.2.840.113549.2.5", 16}, {"1.3.14.3.2.26", 20}, {"1.3.36.3.2.1", 20}, {"2.16.840.1.101.3.4.2.4", 28}, // MD5, SHA-1, RIPEMD-160, SHA-224
	{"2.16.840.1.101.3.4.2.6", 32}, {"2.16.840.1.101.3.4.2.8", 32}, {"2.16.840.1.101.3.4.2.9", 48}, {"2.16.840.1.101.3.4.2.10", 64}, // SHA-512/256, SHA3
}

// A cell is a request of the matrix.
type cell struct {
	key           csc.KeySpec
	algo, hashOID string
	pss           int // bits of the hash that the parameters of PSS name
	size          int // bytes of the digest
}

func (c cell) String() string {
	return strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %d bytes", c.key, c.algo, c.hashOID, c.size)), " ")
}

// verdict is what must come of it: the bits of the hash that it is signed with,
// or what is told.
func (c cell) verdict() (bits int, told string) {
	curve := curveBits[c.key]
	a, known := mayNames[c.algo]
	if bits = a.bits; !known || a.rsa != (curve == 0) || !a.rsa && bits > curve {
		return 0, "Invalid parameter signAlgo"
	}
	if a.pss {
		bits = c.pss
	}
	named := mayHash[c.hashOID]
	switch {
	case c.hashOID == "" && bits == 0:
		return 0, "Missing (or invalid type) string parameter hashAlgorithmOID"
	case c.hashOID != "" && (named == 0 || bits > 0 && bits != named || !a.rsa && named > curve):
		return 0, "Invalid parameter hashAlgorithmOID"
	case bits == 0:
		bits = named
	}
	if c.size*8 != bits {
		return 0, "Invalid digest value length"
	}
	return bits, ""
}

func (c cell) digest() csc.Digest {
	d := make(csc.Digest, c.size)
	for i := range d {
		d[i] = byte(c.size + i)
	}
	return d
}

func (r *trial) body(c cell) string {
	body := fmt.Sprintf(`{%s,"hashes":[%q],"signAlgo":%q`, r.asks(c.key), base64.StdEncoding.EncodeToString(c.digest()), c.algo)
	if c.hashOID != "" {
		body += fmt.Sprintf(`,"hashAlgorithmOID":%q`, c.hashOID)
	}
	if mayNames[c.algo].pss {
		body += fmt.Sprintf(`,"signAlgoParams":%q`, csc.PSSParams(hashOf[c.pss]))
	}
	return body + "}"
}

// try asks for a cell: it is signed, once and with what was asked for, or refused
// in the words it has to be, and nothing was changed.
func (r *trial) try(t *testing.T, c cell) (signed bool) {
	t.Helper()
	a := r.call(csc.MethodSignHash, r.body(c))
	bits, told := c.verdict()
	if told != "" {
		r.bad(t, a, told)
		return false
	}
	got := decode[csc.SignHashResponse](t, a)
	certificate, err := r.credentials[c.key].Certificate()
	must(t, err)
	if len(got.Signatures) != 1 || !holds(certificate.PublicKey, hashOf[bits], mayNames[c.algo].pss, c.digest(), got.Signatures[0]) {
		t.Errorf("%d signatures, or one that does not verify", len(got.Signatures))
	}
	after := r.state(r.watched)
	if after.Signed != r.before.Signed+1 {
		t.Errorf("the device has signed %d times, and now %d times", r.before.Signed, after.Signed)
	}
	r.before = after
	return true
}

// holds reports whether a signature is one over the digest, in just that way.
func holds(public crypto.PublicKey, h crypto.Hash, pss bool, digest, signature []byte) bool {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if pss {
			return rsa.VerifyPSS(key, h, digest, signature, &rsa.PSSOptions{SaltLength: h.Size(), Hash: h}) == nil
		}
		return rsa.VerifyPKCS1v15(key, h, digest, signature) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, digest, signature)
	}
	return false
}

// Every kind of key with every algorithm and every hash, and a digest of the
// length that goes with them.
func TestEveryAlgorithmWithEveryHash(t *testing.T) {
	t.Parallel()
	r, n, signed := newTrial(t), 0, 0
	algos := mayNot
	for algo := range mayNames {
		algos = append(algos, algo)
	}
	for key := range r.credentials {
		for _, algo := range algos {
			for _, h := range everyHash {
				c := cell{key: key, algo: algo, hashOID: h.oid, pss: 256, size: h.size}
				if bits := mayHash[h.oid]; bits > 0 {
					c.pss = bits
				} else if bits := mayNames[algo].bits; h.oid == "" && bits > 0 {
					c.size = bits / 8
				}
				n++
				t.Run(c.String(), func(t *testing.T) {
					if r.try(t, c) {
						signed++
					}
				})
			}
		}
	}
	// RSA: 3 hashes beside its own name, 3 algorithms with or without their hash,
	// and PSS with each hash named or, for SHA-256, not; P-256: 1 and 1·2, P-384: 2
	// and 2·2, P-521: 3 and 3·2.
	if want := 3 + 3*2 + 4 + 3*(1+2+3); signed != want {
		t.Errorf("%d cells are signed, want %d", signed, want)
	}
	counted(t, "algorithms and hashes", n, 960)
}

// With each of twelve good algorithms a digest of each length from none to 65
// bytes: of one length, and no other, there is a signature.
func TestEveryLengthOfADigest(t *testing.T) {
	t.Parallel()
	r, n := newTrial(t), 0
	var rows []cell
	for _, bits := range []int{256, 384, 512} {
		rows = append(rows,
			cell{key: csc.RSA3072, algo: "1.2.840.113549.1.1.1", hashOID: oidOf[bits]},
			cell{key: csc.RSA3072, algo: map[int]string{256: "1.2.840.113549.1.1.11", 384: "1.2.840.113549.1.1.12", 512: "1.2.840.113549.1.1.13"}[bits]},
			cell{key: csc.RSA3072, algo: "1.2.840.113549.1.1.10", pss: bits},
			cell{key: csc.P521, algo: "1.2.840.10045.2.1", hashOID: oidOf[bits]})
	}
	for _, row := range rows {
		lengths := 0
		for row.size = range 66 {
			n++
			t.Run(row.String(), func(t *testing.T) {
				if r.try(t, row) {
					lengths++
				}
			})
		}
		if lengths != 1 {
			t.Errorf("%s: signed at %d lengths", row, lengths)
		}
	}
	counted(t, "lengths of digests", n, 792)
}
