package server_test

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"slices"
	"testing"

	"github.com/pecete/pecete/csc"
)

// tlv is an element of DER of at most 127 bytes.
func tlv(tag byte, parts ...[]byte) []byte {
	content := bytes.Join(parts, nil)
	return append([]byte{tag, byte(len(content))}, content...)
}

// sequence is one of any length.
func sequence(parts ...[]byte) []byte {
	der, _ := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: bytes.Join(parts, nil)})
	return der
}

func octets(b []byte) []byte {
	der, _ := asn1.Marshal(b)
	return der
}

// ids are AlgorithmIdentifiers of hashes by a word.
var ids = map[string][]byte{
	"SHA-256":     tlv(0x30, []byte{6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1}, []byte{5, 0}),
	"SHA-384":     tlv(0x30, []byte{6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2}, []byte{5, 0}),
	"SHA-512":     tlv(0x30, []byte{6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3}, []byte{5, 0}),
	"SHA-224":     tlv(0x30, []byte{6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4}, []byte{5, 0}),
	"SHA-512/256": tlv(0x30, []byte{6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 6}, []byte{5, 0}),
	"SHA3-256":    tlv(0x30, []byte{6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 8}, []byte{5, 0}),
	"SHA-1":       tlv(0x30, []byte{6, 5, 0x2b, 14, 3, 2, 26}, []byte{5, 0}),
	"MD5":         tlv(0x30, []byte{6, 8, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5}, []byte{5, 0}),
	"no hash":     tlv(0x30, []byte{6, 2, 0x2a, 3}),
}

// weak are those of them that nobody signs with.
var weak = []string{"SHA-224", "SHA-512/256", "SHA3-256", "SHA-1", "MD5", "no hash"}

var mgf1 = []byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8}

// pss is RSASSA-PSS-params, made by hand of a hash, one for the mask, and the
// bytes of the salt's length.
func pss(hash, mask string, salt ...byte) []byte {
	return tlv(0x30, tlv(0xa0, ids[hash]), tlv(0xa1, tlv(0x30, mgf1, ids[mask])), tlv(0xa2, tlv(2, salt)))
}

func salt(n int) []byte {
	der, _ := asn1.Marshal(n)
	return der[2:]
}

// A parameter is what is sent as signAlgoParams.
type parameter struct {
	says string
	der  []byte
}

// badPSS are parameters of PSS that a key of 3072 bits does not sign with.
func badPSS() (all []parameter) {
	add := func(says string, der []byte) { all = append(all, parameter{says, der}) }
	hashes := []string{"SHA-256", "SHA-384", "SHA-512"}
	for i, h := range hashes {
		size := 32 + 16*i
		for _, n := range []int{-1, 0, 1, 8, 16, 20, size - 1, 384 - size - 1, 384 - size, 384, 385, 1 << 15, 1 << 31, 1<<32 + size} {
			add(fmt.Sprintf("%s with a salt of %d", h, n), pss(h, h, salt(n)...))
		}
		add(h+" with a salt of 2^64 and its length", pss(h, h, 1, 0, 0, 0, 0, 0, 0, 0, byte(size)))
		add(h+" with a zero before the salt", pss(h, h, 0, byte(size)))
		add(h+" with an empty salt", pss(h, h))
		for _, other := range append(slices.Clone(weak), hashes...) {
			if other != h {
				add(fmt.Sprintf("%s with a mask of %s", h, other), pss(h, other, byte(size)))
			}
		}
		hash, mask, length := tlv(0xa0, ids[h]), tlv(0xa1, tlv(0x30, mgf1, ids[h])), tlv(0xa2, tlv(2, []byte{byte(size)}))
		for trailer := range 4 {
			add(fmt.Sprintf("%s with the trailer %d", h, trailer), tlv(0x30, hash, mask, length, tlv(0xa3, tlv(2, []byte{byte(trailer)}))))
		}
		add(h+" without a hash", tlv(0x30, mask, length))
		add(h+" without a mask", tlv(0x30, hash, length))
		add(h+" without a salt", tlv(0x30, hash, mask))
		add(h+" in another order", tlv(0x30, length, mask, hash))
		add(h+" with the hash twice", tlv(0x30, hash, hash, mask, length))
		add(h+" with a mask that has no hash", tlv(0x30, hash, tlv(0xa1, tlv(0x30, mgf1)), length))
		add(h+" with another mask", tlv(0x30, hash, tlv(0xa1, tlv(0x30, slices.Concat(mgf1[:10], []byte{9}), ids[h])), length))
		add(h+" as a SET", slices.Concat([]byte{0x31}, pss(h, h, byte(size))[1:]))
		add(h+" without its frame", pss(h, h, byte(size))[2:])
		add(h+" in an octet string", tlv(4, pss(h, h, byte(size))))
		add(h+" as an AlgorithmIdentifier", tlv(0x30, []byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10}, pss(h, h, byte(size))))
		add(h+" with a length in the long form", slices.Concat([]byte{0x30, 0x81}, pss(h, h, byte(size))[1:]))
		add(h+" with a length in two bytes", slices.Concat([]byte{0x30, 0x82, 0}, pss(h, h, byte(size))[1:]))
		add(h+" of no definite length", slices.Concat([]byte{0x30, 0x80}, pss(h, h, byte(size))[2:], []byte{0, 0}))
		add(h+" twice", slices.Concat(pss(h, h, byte(size)), pss(h, h, byte(size))))
		add(h+" with a zero behind", append(pss(h, h, byte(size)), 0))
		add(h+" alone", ids[h])
		for cut := 1; cut < len(pss(h, h, byte(size))); cut += 3 {
			add(fmt.Sprintf("%s after %d bytes", h, cut), pss(h, h, byte(size))[:cut])
		}
	}
	for _, h := range weak {
		for _, n := range []byte{16, 20, 28, 32, 64} {
			add(fmt.Sprintf("%s with a salt of %d", h, n), pss(h, h, n))
		}
	}
	add("all defaults", []byte{0x30, 0})
	add("NULL", []byte{5, 0})
	return all
}

// Parameters of PSS that are not, byte for byte, those of one of our hashes with
// the same mask and a salt that fits, and any change of one bit of good ones.
func TestParametersOfPSS(t *testing.T) {
	t.Parallel()
	r, n := newTrial(t), 0
	all := badPSS()
	good := pss("SHA-256", "SHA-256", 32)
	for i := range good {
		for bit := range 8 {
			other := slices.Clone(good)
			other[i] ^= 1 << bit
			if last := i == len(good)-1; !last || other[i] < 32 || other[i] > 127 { // other salts may be as long
				all = append(all, parameter{fmt.Sprintf("bit %d of byte %d another", bit, i), other})
			}
		}
	}
	for _, p := range all {
		for _, size := range []int{32, 48, 64} {
			if size != 32 && len(p.der) == len(good) {
				continue // a bit of those of SHA-256
			}
			n++
			t.Run(fmt.Sprintf("%s, %d bytes", p.says, size), func(t *testing.T) {
				r.bad(t, r.call(csc.MethodSignHash, fmt.Sprintf(`{%s,"hashes":[%q],"signAlgo":%q,"signAlgoParams":%q}`,
					r.asks(csc.RSA3072), base64.StdEncoding.EncodeToString(make([]byte, size)), csc.OIDRSASSAPSS, base64.StdEncoding.EncodeToString(p.der))),
					"Invalid parameter signAlgoParams")
			})
		}
	}
	counted(t, "parameters of PSS", n, 700)
}

// Algorithms without parameters take NULL at most: no curve, no parameters of
// another algorithm.
func TestParametersOfWhatHasNone(t *testing.T) {
	t.Parallel()
	r, n := newTrial(t), 0
	for _, row := range []struct {
		key  csc.KeySpec
		algo string
	}{
		{csc.P256, "1.2.840.10045.4.3.2"}, {csc.P256, "1.2.840.10045.2.1"}, {csc.P384, "1.2.840.10045.4.3.2"}, {csc.P521, "1.2.840.10045.4.3.2"},
		{csc.RSA3072, "1.2.840.113549.1.1.11"}, {csc.RSA3072, "1.2.840.113549.1.1.1"},
	} {
		for _, p := range []parameter{
			{"the curve P-256", []byte{6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7}},
			{"the curve secp256k1", []byte{6, 5, 0x2b, 0x81, 4, 0, 10}},
			{"the curve P-192", []byte{6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1}},
			{"explicit parameters of a curve", tlv(0x30, []byte{2, 1, 1}, tlv(0x30, []byte{6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 1, 1}))},
			{"an implicit curve", []byte{5, 1, 0}}, {"NULL in the long form", []byte{5, 0x81, 0}}, {"NULL twice", []byte{5, 0, 5, 0}},
			{"NULL with a byte behind", []byte{5, 0, 0}}, {"NULL in a sequence", []byte{0x30, 2, 5, 0}}, {"an empty sequence", []byte{0x30, 0}},
			{"zero", []byte{0}}, {"an integer", []byte{2, 1, 0}}, {"parameters of PSS", pss("SHA-256", "SHA-256", 32)}, {"a hash", ids["SHA-256"]}, {"SHA-1", ids["SHA-1"]},
			{"a thousand bytes", make([]byte, 1000)},
		} {
			n++
			t.Run(fmt.Sprintf("%s %s with %s", row.key, row.algo, p.says), func(t *testing.T) {
				r.bad(t, r.call(csc.MethodSignHash, fmt.Sprintf(`{%s,"hashes":[%q],"signAlgo":%q,"hashAlgorithmOID":%q,"signAlgoParams":%q}`,
					r.asks(row.key), stampHash, row.algo, csc.OIDSHA256, base64.StdEncoding.EncodeToString(p.der))), "Invalid parameter signAlgoParams")
			})
		}
	}
	counted(t, "parameters of what has none", n, 90)
}

// What is sent as a digest is never the block that the key signs: a DigestInfo,
// in DER or in any of the ways that a lazy reader takes for it, has not a digest's
// length.
func TestADigestInfoIsNoDigest(t *testing.T) {
	t.Parallel()
	r, n := newTrial(t), 0
	sizes := map[string]int{"SHA-256": 32, "SHA-384": 48, "SHA-512": 64, "SHA-224": 28, "SHA-512/256": 32, "SHA3-256": 32, "SHA-1": 20, "MD5": 16}
	for name, size := range sizes {
		id, sum := ids[name], make([]byte, size)
		bare := slices.Clone(id[:len(id)-2]) // without NULL
		bare[1] -= 2
		for _, info := range []parameter{
			{"a DigestInfo", sequence(id, octets(sum))},
			{"a DigestInfo without NULL", sequence(bare, octets(sum))},
			{"a DigestInfo with a byte behind", append(sequence(id, octets(sum)), 0)},
			{"a DigestInfo with a byte inside", sequence(id, octets(sum), []byte{0})},
			{"a DigestInfo with a short digest", sequence(id, octets(sum[1:]))},
			{"a DigestInfo of no definite length", slices.Concat([]byte{0x30, 0x80}, id, octets(sum), []byte{0, 0})},
			{"a DigestInfo with a length in the long form", slices.Concat([]byte{0x30, 0x81, byte(len(id) + 2 + size)}, id, octets(sum))},
			{"a DigestInfo in an octet string", octets(sequence(id, octets(sum)))},
			{"the prefix of a DigestInfo", sequence(id, octets(sum))[:len(id)+4]},
			{"a padded block of it", slices.Concat([]byte{0, 1}, bytes.Repeat([]byte{0xff}, 384-3-len(sequence(id, octets(sum)))), []byte{0}, sequence(id, octets(sum)))},
			{"an octet string of it", octets(sum)},
			{"the digest and its OID", append(slices.Clone(sum), id...)},
		} {
			for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
				if len(info.der) == h.Size() {
					continue // by chance, as any bytes could be
				}
				n++
				t.Run(fmt.Sprintf("%s of %s as %v", info.says, name, h), func(t *testing.T) {
					r.bad(t, r.call(csc.MethodSignHash, fmt.Sprintf(`{%s,"hashes":[%q],"signAlgo":%q,"hashAlgorithmOID":%q}`,
						r.asks(csc.RSA3072), base64.StdEncoding.EncodeToString(info.der), csc.OIDRSAEncryption, csc.OIDOfHash(h))), "Invalid digest value length")
				})
			}
		}
	}
	counted(t, "DigestInfos", n, 250)
}
