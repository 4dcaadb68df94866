package csc_test

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
)

// pss is the DER of RSASSA-PSS-params, built byte by byte.
func pss(hash, mgf []byte, salt ...byte) []byte {
	return tlv(0x30, tlv(0xa0, hash), tlv(0xa1, tlv(0x30, mgf1, mgf)), tlv(0xa2, tlv(0x02, salt)))
}

func tlv(tag byte, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	if len(body) > 127 {
		panic("long form is not for this test")
	}
	return append([]byte{tag, byte(len(body))}, body...)
}

var mgf1 = []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08}

// sha is the AlgorithmIdentifier of SHA-256 (1), SHA-384 (2), SHA-512 (3) and
// their relatives, with NULL or without parameters.
func sha(n byte, null bool) []byte {
	oid := []byte{0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, n}
	if null {
		return tlv(0x30, oid, []byte{5, 0})
	}
	return tlv(0x30, oid)
}

func b64(der []byte) string { return base64.StdEncoding.EncodeToString(der) }

// The six values are those that clients send for salts of the digest's length:
// with NULL beside the hash's OID, and without (RFC 5754 §2).
func TestPSSKnownValues(t *testing.T) {
	values := []struct {
		hash          crypto.Hash
		with, without string
	}{
		{crypto.SHA256, "MDSgDzANBglghkgBZQMEAgEFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgEFAKIDAgEg", "MDCgDTALBglghkgBZQMEAgGhGjAYBgkqhkiG9w0BAQgwCwYJYIZIAWUDBAIBogMCASA="},
		{crypto.SHA384, "MDSgDzANBglghkgBZQMEAgIFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgIFAKIDAgEw", "MDCgDTALBglghkgBZQMEAgKhGjAYBgkqhkiG9w0BAQgwCwYJYIZIAWUDBAICogMCATA="},
		{crypto.SHA512, "MDSgDzANBglghkgBZQMEAgMFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgMFAKIDAgFA", "MDCgDTALBglghkgBZQMEAgOhGjAYBgkqhkiG9w0BAQgwCwYJYIZIAWUDBAIDogMCAUA="},
	}
	for _, v := range values {
		if got := csc.PSSParams(v.hash); got != v.with {
			t.Errorf("PSSParams(%v) = %s, want %s", v.hash, got, v.with)
		}
		for _, params := range []string{v.with, v.without} {
			for _, key := range []csc.KeySpec{csc.RSA2048, csc.RSA3072, csc.RSA4096} {
				want := csc.Algorithm{OID: csc.OIDRSASSAPSS, Scheme: csc.PSS, Hash: v.hash, SaltLength: v.hash.Size()}
				if got, err := planPSS(key, params); err != nil || got != want {
					t.Errorf("%s, %s = %+v, %v", key, params, got, err)
				}
			}
		}
	}
}

func planPSS(key csc.KeySpec, params string) (csc.Algorithm, error) {
	return key.Plan(key.SignAlgos(false), csc.SignAlgo{OID: csc.OIDRSASSAPSS, Params: params})
}

// A salt is obeyed from the digest's length to the longest that fits, computed
// here from RFC 8017 §9.1.1: emLen − hLen − 2.
func TestPSSSalts(t *testing.T) {
	for key, modulus := range rsaBytes {
		for i, h := range sha2 {
			longest := modulus - h.size - 2
			for salt := 0; salt <= longest+300; salt++ {
				integer := []byte{byte(salt)}
				if salt > 127 {
					integer = []byte{byte(salt >> 8), byte(salt)}
				}
				n := byte(i + 1)
				got, err := planPSS(key, b64(pss(sha(n, salt%2 == 0), sha(n, salt%3 == 0), integer...)))
				if want := salt >= h.size && salt <= longest; (err == nil) != want || want && got.SaltLength != salt {
					t.Fatalf("%s, %v, salt %d: %+v, %v", key, h.hash, salt, got, err)
				}
			}
		}
	}
	if got, err := planPSS(csc.RSA2048, b64(pss(sha(1, true), sha(1, true), 0, 222))); err != nil || got.SaltLength != 222 {
		t.Errorf("RSA-2048 with SHA-256 and the longest salt: %+v, %v", got, err)
	}
}

func TestPSSRefused(t *testing.T) {
	s := sha(1, true)
	good := pss(s, s, 0x20)
	hash, salt := tlv(0xa0, s), tlv(0xa2, []byte{2, 1, 0x20})
	mgf := tlv(0xa1, tlv(0x30, mgf1, s))
	sha1 := tlv(0x30, []byte{6, 5, 0x2b, 14, 3, 2, 26}, []byte{5, 0})
	long := func(der []byte) []byte { return append([]byte{der[0], 0x81, der[1]}, der[2:]...) }
	tests := []struct {
		says string
		der  []byte
	}{
		{"nothing", nil},
		{"NULL", []byte{5, 0}},
		{"all defaults: SHA-1 and a salt of 20", []byte{0x30, 0}},
		{"SHA-1, said aloud", pss(sha1, sha1, 20)},
		{"SHA-1 with a salt of 32", pss(sha1, sha1, 0x20)},
		{"SHA-224", pss(sha(4, true), sha(4, true), 0x20)},
		{"SHA-512/256", pss(sha(6, true), sha(6, true), 0x20)},
		{"SHA3-256", pss(sha(8, true), sha(8, true), 0x20)},
		{"no salt length, so 20", tlv(0x30, hash, mgf)},
		{"no mask, so SHA-1", tlv(0x30, hash, salt)},
		{"no hash, so SHA-1", tlv(0x30, mgf, salt)},
		{"another hash in the mask", pss(s, sha(2, true), 0x20)},
		{"SHA-1 in the mask", pss(s, sha1, 0x20)},
		{"another mask", tlv(0x30, hash, tlv(0xa1, tlv(0x30, []byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 9}, s)), salt)},
		{"a mask without its hash", tlv(0x30, hash, tlv(0xa1, tlv(0x30, mgf1)), salt)},
		{"the trailer field 1, which DER leaves out", tlv(0x30, hash, mgf, salt, tlv(0xa3, []byte{2, 1, 1}))},
		{"the trailer field 2", tlv(0x30, hash, mgf, salt, tlv(0xa3, []byte{2, 1, 2}))},
		{"a member too many", tlv(0x30, hash, mgf, salt, []byte{5, 0})},
		{"bytes after the end", append(slices.Clone(good), 0)},
		{"the same again after the end", append(slices.Clone(good), good...)},
		{"an empty salt", tlv(0x30, hash, mgf, tlv(0xa2, []byte{2, 0}))},
		{"a salt with a zero in front", pss(s, s, 0, 0x20)},
		{"a negative salt", pss(s, s, 0xe0)},
		{"a salt of minus one", pss(s, s, 0xff)},
		{"a salt of 2^31 and 32", pss(s, s, 0, 0x80, 0, 0, 0x20)},
		{"a salt of 2^32 and 32", pss(s, s, 1, 0, 0, 0, 0x20)},
		{"a salt of 2^64 and 32", pss(s, s, 1, 0, 0, 0, 0, 0, 0, 0, 0x20)},
		{"a salt that is an OCTET STRING", tlv(0x30, hash, mgf, tlv(0xa2, []byte{4, 1, 0x20}))},
		{"a salt with an IMPLICIT tag", tlv(0x30, hash, mgf, []byte{0x82, 1, 0x20})},
		{"two salts in one tag", tlv(0x30, hash, mgf, tlv(0xa2, []byte{2, 1, 0x20, 2, 1, 0x20}))},
		{"a hash with an IMPLICIT tag", tlv(0x30, append([]byte{0xa0}, s[1:]...), mgf, salt)},
		{"NULL that is not empty", pss(tlv(0x30, s[2:13], []byte{5, 1, 0}), s, 0x20)},
		{"NULL twice", pss(tlv(0x30, s[2:13], []byte{5, 0, 5, 0}), s, 0x20)},
		{"an integer for NULL", pss(tlv(0x30, s[2:13], []byte{2, 1, 0}), s, 0x20)},
		{"the members in another order", tlv(0x30, mgf, hash, salt)},
		{"a member twice", tlv(0x30, hash, hash, mgf, salt)},
		{"a SET", append([]byte{0x31}, good[1:]...)},
		{"an OID with a useless 0x80", pss(tlv(0x30, []byte{6, 10, 0x80, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1}, []byte{5, 0}), s, 0x20)},
		{"the long form of a short length", long(good)},
		{"the long form inside", tlv(0x30, long(hash), mgf, salt)},
		{"an indefinite length", append(append([]byte{0x30, 0x80}, good[2:]...), 0, 0)},
		{"an indefinite length inside", tlv(0x30, append(append([]byte{0xa0, 0x80}, s...), 0, 0), mgf, salt)},
		{"a length beyond the end", append([]byte{0x30, 0x7f}, good[2:]...)},
		{"the content alone", good[2:]},
		{"a DigestInfo", tlv(0x30, s, tlv(4, make([]byte, 32)))},
	}
	for _, test := range tests {
		t.Run(test.says, func(t *testing.T) {
			for key := range rsaBytes {
				got, err := key.Plan([]string{csc.OIDRSASSAPSS}, csc.SignAlgo{OID: csc.OIDRSASSAPSS, Params: b64(append([]byte{}, test.der...))})
				want := "Invalid parameter signAlgoParams"
				if len(test.der) == 0 {
					want = "Missing (or invalid type) string parameter signAlgoParams"
				}
				var refusal *csc.Error
				if !errors.As(err, &refusal) || refusal.Description != want {
					t.Errorf("%s: %s = %+v, %v; want %s", key, hex.EncodeToString(test.der), got, err, want)
				}
			}
		})
	}
	if _, err := planPSS(csc.RSA3072, b64(good)); err != nil {
		t.Errorf("what the rows were made from is refused as well: %v", err)
	}
	for _, text := range []string{"\n" + b64(good), b64(good) + "\r\n", " " + b64(good), strings.ToLower(b64(good)), hex.EncodeToString(good)} {
		if got, err := planPSS(csc.RSA3072, text); err == nil {
			t.Errorf("%q = %+v, want it refused", text, got)
		}
	}
}

// Any byte of the parameters changed, cut or added makes them something else;
// all that may change is the salt's length.
func TestPSSMutants(t *testing.T) {
	good := pss(sha(1, true), sha(1, true), 0x20)
	for i := range good {
		for change := 1; change < 256; change++ {
			der := slices.Clone(good)
			der[i] ^= byte(change)
			got, err := planPSS(csc.RSA4096, b64(der))
			salt := i == len(good)-1 && der[i] >= 32 && der[i] < 128
			if (err == nil) != salt || salt && got.SaltLength != int(der[i]) {
				t.Fatalf("byte %d changed to %02x: %+v, %v", i, der[i], got, err)
			}
		}
		if got, err := planPSS(csc.RSA4096, b64(good[:i])); err == nil {
			t.Errorf("cut after %d bytes: %+v", i, got)
		}
	}
}

// FuzzPlanPSS: whatever is taken is, byte for byte, what one of four honest
// encoders writes, and its salt fits.
func FuzzPlanPSS(f *testing.F) {
	for i := range sha2 {
		n := byte(i + 1)
		f.Add(pss(sha(n, true), sha(n, true), 0x40))
		f.Add(pss(sha(n, false), sha(n, false), 0, 190))
	}
	f.Add([]byte{0x30, 0})
	f.Fuzz(func(t *testing.T, der []byte) {
		for key, modulus := range rsaBytes {
			got, err := planPSS(key, b64(der))
			if err != nil {
				if !refusesAlgorithm(err) {
					t.Fatalf("%x: %v", der, err)
				}
				continue
			}
			if got.SaltLength < got.Hash.Size() || got.SaltLength > modulus-got.Hash.Size()-2 {
				t.Fatalf("%s, %x: salt %d", key, der, got.SaltLength)
			}
			if !honest(der, got) {
				t.Fatalf("%s took %x for %+v", key, der, got)
			}
		}
	})
}

// honest reports whether der is the encoding of a, with NULLs or without.
func honest(der []byte, a csc.Algorithm) bool {
	integer, err := asn1.Marshal(a.SaltLength)
	if err != nil {
		return false
	}
	for i, h := range sha2 {
		for nulls := range 4 {
			same := pss(sha(byte(i+1), nulls&1 == 0), sha(byte(i+1), nulls&2 == 0), integer[2:]...)
			if h.hash == a.Hash && bytes.Equal(same, der) {
				return true
			}
		}
	}
	return false
}

// MarshalPSS writes what a hand-made encoder writes.
func TestMarshalPSS(t *testing.T) {
	for i, h := range sha2 {
		for range 50 {
			salt := 128 + rand.IntN(400)
			n := byte(i + 1)
			want := pss(sha(n, true), sha(n, true), byte(salt>>8), byte(salt))
			if got := csc.MarshalPSS(h.hash, salt); !bytes.Equal(got, want) {
				t.Errorf("MarshalPSS(%v, %d) = %x, want %x", h.hash, salt, got, want)
			}
		}
	}
	if got := fmt.Sprintf("%x", csc.MarshalPSS(crypto.SHA256, 32)); got != hex.EncodeToString(pss(sha(1, true), sha(1, true), 32)) {
		t.Errorf("MarshalPSS(SHA-256, 32) = %s", got)
	}
}
