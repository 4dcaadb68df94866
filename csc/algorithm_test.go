package csc_test

import (
	"crypto"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
)

// What follows is the reader's own knowledge of the algorithms, typed from RFC
// 8017, 5480, 5758 and 4055, and not taken from the package.
var (
	specs    = []csc.KeySpec{"RSA-2048", "RSA-3072", "RSA-4096", "P-256", "P-384", "P-521", "P-192", ""}
	rsaBytes = map[csc.KeySpec]int{"RSA-2048": 256, "RSA-3072": 384, "RSA-4096": 512}
	ecBits   = map[csc.KeySpec]int{"P-256": 256, "P-384": 384, "P-521": 521}
	sha2     = []struct {
		hash            crypto.Hash
		size            int
		oid, rsa, ecdsa string
	}{
		{crypto.SHA256, 32, "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.11", "1.2.840.10045.4.3.2"},
		{crypto.SHA384, 48, "2.16.840.1.101.3.4.2.2", "1.2.840.113549.1.1.12", "1.2.840.10045.4.3.3"},
		{crypto.SHA512, 64, "2.16.840.1.101.3.4.2.3", "1.2.840.113549.1.1.13", "1.2.840.10045.4.3.4"},
	}
	algoOIDs = []string{
		"1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.10045.2.1",
		"1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13",
		"1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3", "1.2.840.10045.4.3.4",
		"1.2.840.113549.1.1.4", "1.2.840.113549.1.1.5", "1.2.840.113549.1.1.14", // MD5, SHA-1, SHA-224 with RSA
		"1.2.840.10045.4.1", "1.2.840.10045.4.3.1", // ECDSA with SHA-1, SHA-224
		"2.16.840.1.101.3.4.3.10", "2.16.840.1.101.3.4.3.14", // ECDSA and RSA with SHA3-256
		"0.4.0.127.0.7.1.1.4.1.3", "1.3.101.112", "1.3.101.113", // ECDSA plain, Ed25519, Ed448
		"", "1.2.3", "1.2.840.113549.1.1.1 ", "sha256WithRSAEncryption",
	}
	hashOIDs = []string{
		"", "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2", "2.16.840.1.101.3.4.2.3",
		"1.3.14.3.2.26", "1.2.840.113549.2.5", "2.16.840.1.101.3.4.2.4", // SHA-1, MD5, SHA-224
		"2.16.840.1.101.3.4.2.6", "2.16.840.1.101.3.4.2.8", "2.16.840.1.101.3.4.2.9", // SHA-512/256, SHA3
		"1.2.3", "SHA-256", " 2.16.840.1.101.3.4.2.1",
	}
)

const null = "BQA="

// A request is one cell of the matrix.
type request struct {
	key   csc.KeySpec
	pkcs1 bool
	algo  csc.SignAlgo
}

// legal builds every request that may be signed, and what it must come to.
// What it does not build must be refused.
func legal() map[request]csc.Algorithm {
	all := map[request]csc.Algorithm{}
	add := func(key csc.KeySpec, pkcs1 []bool, a csc.SignAlgo, scheme csc.Scheme, h crypto.Hash, salt int) {
		for _, p := range pkcs1 {
			all[request{key: key, pkcs1: p, algo: a}] = csc.Algorithm{OID: a.OID, Scheme: scheme, Hash: h, SaltLength: salt}
		}
	}
	either, only := []bool{true, false}, []bool{true}
	for _, h := range sha2 {
		for _, params := range []string{"", null} {
			for key := range rsaBytes {
				add(key, only, csc.SignAlgo{OID: "1.2.840.113549.1.1.1", HashOID: h.oid, Params: params}, "RSASSA-PKCS1-v1_5", h.hash, 0)
				add(key, only, csc.SignAlgo{OID: h.rsa, Params: params}, "RSASSA-PKCS1-v1_5", h.hash, 0)
				add(key, only, csc.SignAlgo{OID: h.rsa, HashOID: h.oid, Params: params}, "RSASSA-PKCS1-v1_5", h.hash, 0)
			}
			for key, bits := range ecBits {
				if h.size*8 <= bits {
					add(key, either, csc.SignAlgo{OID: "1.2.840.10045.2.1", HashOID: h.oid, Params: params}, "ECDSA", h.hash, 0)
					add(key, either, csc.SignAlgo{OID: h.ecdsa, Params: params}, "ECDSA", h.hash, 0)
					add(key, either, csc.SignAlgo{OID: h.ecdsa, HashOID: h.oid, Params: params}, "ECDSA", h.hash, 0)
				}
			}
		}
		for key, modulus := range rsaBytes {
			for _, p := range pssParams() {
				if p.hash == h.hash && p.salt >= h.size && p.salt <= modulus-h.size-2 {
					add(key, either, csc.SignAlgo{OID: "1.2.840.113549.1.1.10", Params: p.text}, "RSASSA-PSS", h.hash, p.salt)
					add(key, either, csc.SignAlgo{OID: "1.2.840.113549.1.1.10", HashOID: h.oid, Params: p.text}, "RSASSA-PSS", h.hash, p.salt)
				}
			}
		}
	}
	return all
}

type pssText struct {
	text string
	hash crypto.Hash
	salt int
}

// pssParams are well-formed parameters of every hash, with salts on both sides
// of every limit.
func pssParams() []pssText {
	var all []pssText
	for i, h := range sha2 {
		for _, salt := range []int{0, 20, 31, 32, 47, 48, 63, 64, 65, 127, 158, 159, 190, 191, 206, 207, 222, 223, 318, 319, 334, 350, 351, 446, 447, 462, 478, 479, 2048} {
			integer := []byte{byte(salt)}
			if salt > 127 {
				integer = []byte{byte(salt >> 8), byte(salt)}
			}
			der := pss(sha(byte(i+1), true), sha(byte(i+1), true), integer...)
			all = append(all, pssText{b64(der), h.hash, salt})
		}
	}
	return all
}

// TestPlanMatrix tries every key with every signAlgo, hashAlgorithmOID and set
// of parameters, offered as the key offers them.
func TestPlanMatrix(t *testing.T) {
	params := []string{"", null, "AAAA", "MAA=", "!", null + "\n"}
	for _, p := range pssParams() {
		params = append(params, p.text)
	}
	want, met, cells := legal(), 0, 0
	for _, key := range specs {
		for _, pkcs1 := range []bool{true, false} {
			offered := key.SignAlgos(pkcs1)
			for _, oid := range algoOIDs {
				for _, hash := range hashOIDs {
					for _, param := range params {
						cells++
						r := request{key: key, pkcs1: pkcs1, algo: csc.SignAlgo{OID: oid, HashOID: hash, Params: param}}
						got, err := key.Plan(offered, r.algo)
						if plan, ok := want[r]; ok {
							met++
							if err != nil || got != plan {
								t.Fatalf("%+v = %+v, %v; want %+v", r, got, err, plan)
							}
						} else if !refusesAlgorithm(err) {
							t.Fatalf("%+v = %+v, %v; want it refused by name", r, got, err)
						}
					}
				}
			}
		}
	}
	if met != len(want) {
		t.Errorf("met %d of %d legal requests", met, len(want))
	}
	t.Logf("%d cells, %d of them legal", cells, met)
}

// refusesAlgorithm reports whether err is a sentence about one of the three
// parameters.
func refusesAlgorithm(err error) bool {
	var refusal *csc.Error
	return errors.As(err, &refusal) && refusal.Code == "invalid_request" && slices.Contains([]string{
		"Invalid parameter signAlgo", "Invalid parameter signAlgoParams", "Invalid parameter hashAlgorithmOID",
		"Missing (or invalid type) string parameter signAlgoParams", "Missing (or invalid type) string parameter hashAlgorithmOID",
	}, refusal.Description)
}

func TestPlanSentences(t *testing.T) {
	const (
		bare, sha256RSA, pssOID      = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.10"
		ecKey, ecSHA256, ecSHA512    = "1.2.840.10045.2.1", "1.2.840.10045.4.3.2", "1.2.840.10045.4.3.4"
		sha1, sha256, sha384, sha512 = "1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2", "2.16.840.1.101.3.4.2.3"
	)
	pss256 := csc.PSSParams(crypto.SHA256)
	tests := []struct {
		says    string
		key     csc.KeySpec
		offered []string
		algo    csc.SignAlgo
		want    string
	}{
		{"an algorithm nobody knows", "RSA-3072", nil, csc.SignAlgo{OID: "1.2.3"}, "Invalid parameter signAlgo"},
		{"ECDSA with an RSA key", "RSA-3072", nil, csc.SignAlgo{OID: ecSHA256}, "Invalid parameter signAlgo"},
		{"RSA with an EC key", "P-256", nil, csc.SignAlgo{OID: sha256RSA}, "Invalid parameter signAlgo"},
		{"PKCS#1 where it is not offered", "RSA-3072", []string{pssOID}, csc.SignAlgo{OID: sha256RSA}, "Invalid parameter signAlgo"},
		{"ECDSA offered by mistake for an RSA key", "RSA-3072", []string{ecSHA256}, csc.SignAlgo{OID: ecSHA256}, "Invalid parameter signAlgo"},
		{"SHA-512 offered by mistake for P-256", "P-256", []string{ecSHA512}, csc.SignAlgo{OID: ecSHA512}, "Invalid parameter signAlgo"},
		{"the same with the hash named", "P-256", []string{ecSHA512}, csc.SignAlgo{OID: ecSHA512, HashOID: sha512}, "Invalid parameter signAlgo"},
		{"a key of no kind", "", []string{ecSHA256}, csc.SignAlgo{OID: ecSHA256}, "Invalid parameter signAlgo"},
		{"an algorithm offered but in no table", "P-256", []string{"1.3.101.112"}, csc.SignAlgo{OID: "1.3.101.112"}, "Invalid parameter signAlgo"},
		{"rsaEncryption without a hash", "RSA-3072", nil, csc.SignAlgo{OID: bare}, "Missing (or invalid type) string parameter hashAlgorithmOID"},
		{"id-ecPublicKey without a hash", "P-256", nil, csc.SignAlgo{OID: ecKey}, "Missing (or invalid type) string parameter hashAlgorithmOID"},
		{"SHA-1", "RSA-3072", nil, csc.SignAlgo{OID: bare, HashOID: sha1}, "Invalid parameter hashAlgorithmOID"},
		{"a hash nobody knows", "RSA-3072", nil, csc.SignAlgo{OID: bare, HashOID: "1.2.3"}, "Invalid parameter hashAlgorithmOID"},
		{"a hash that contradicts signAlgo", "RSA-3072", nil, csc.SignAlgo{OID: sha256RSA, HashOID: sha512}, "Invalid parameter hashAlgorithmOID"},
		{"a hash that contradicts ECDSA", "P-521", nil, csc.SignAlgo{OID: ecSHA256, HashOID: sha384}, "Invalid parameter hashAlgorithmOID"},
		{"a hash that contradicts the parameters", "RSA-3072", nil, csc.SignAlgo{OID: pssOID, HashOID: sha384, Params: pss256}, "Invalid parameter hashAlgorithmOID"},
		{"a hash longer than the curve", "P-256", nil, csc.SignAlgo{OID: ecKey, HashOID: sha384}, "Invalid parameter hashAlgorithmOID"},
		{"PSS without parameters", "RSA-3072", nil, csc.SignAlgo{OID: pssOID}, "Missing (or invalid type) string parameter signAlgoParams"},
		{"PSS without parameters, with a hash", "RSA-3072", nil, csc.SignAlgo{OID: pssOID, HashOID: sha256}, "Missing (or invalid type) string parameter signAlgoParams"},
		{"PSS with garbage", "RSA-3072", nil, csc.SignAlgo{OID: pssOID, Params: "AAAA"}, "Invalid parameter signAlgoParams"},
		{"PSS with parameters of PKCS#1", "RSA-3072", nil, csc.SignAlgo{OID: pssOID, Params: null}, "Invalid parameter signAlgoParams"},
		{"PKCS#1 with parameters of PSS", "RSA-3072", nil, csc.SignAlgo{OID: sha256RSA, Params: pss256}, "Invalid parameter signAlgoParams"},
		{"ECDSA with a curve for parameters", "P-256", nil, csc.SignAlgo{OID: ecSHA256, Params: "BggqhkjOPQMBBw=="}, "Invalid parameter signAlgoParams"},
	}
	for _, test := range tests {
		t.Run(test.says, func(t *testing.T) {
			offered := test.offered
			if offered == nil {
				offered = test.key.SignAlgos(true)
			}
			_, err := test.key.Plan(offered, test.algo)
			var refusal *csc.Error
			if !errors.As(err, &refusal) || refusal.Code != csc.InvalidRequest || refusal.Description != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestSignAlgos(t *testing.T) {
	pkcs1 := []string{"1.2.840.113549.1.1.1", "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13"}
	pssOnly := []string{"1.2.840.113549.1.1.10"}
	rsa := append(slices.Clone(pkcs1), pssOnly...)
	ec := []string{"1.2.840.10045.2.1", "1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3", "1.2.840.10045.4.3.4"}
	tests := []struct {
		key         csc.KeySpec
		with, never []string // PKCS#1 v1.5 allowed, and not
	}{
		{"RSA-2048", rsa, pssOnly},
		{"RSA-3072", rsa, pssOnly},
		{"RSA-4096", rsa, pssOnly},
		{"P-256", ec[:2], ec[:2]},
		{"P-384", ec[:3], ec[:3]},
		{"P-521", ec, ec},
		{"P-192", nil, nil},
		{"", nil, nil},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.with, test.key.SignAlgos(true)); diff != "" {
			t.Errorf("%q with PKCS#1 v1.5 (-want +got):\n%s", test.key, diff)
		}
		if diff := cmp.Diff(test.never, test.key.SignAlgos(false)); diff != "" {
			t.Errorf("%q without PKCS#1 v1.5 (-want +got):\n%s", test.key, diff)
		}
	}
}

func TestKeySpec(t *testing.T) {
	tests := []struct {
		key   csc.KeySpec
		known bool
		rsa   bool
		bits  int
		curve string
	}{
		{csc.RSA2048, true, true, 2048, ""},
		{csc.RSA3072, true, true, 3072, ""},
		{csc.RSA4096, true, true, 4096, ""},
		{csc.P256, true, false, 256, "1.2.840.10045.3.1.7"},
		{csc.P384, true, false, 384, "1.3.132.0.34"},
		{csc.P521, true, false, 521, "1.3.132.0.35"},
		{"secp256k1", false, false, 0, ""},
		{"", false, false, 0, ""},
	}
	for _, test := range tests {
		k := test.key
		if k.Known() != test.known || k.RSA() != test.rsa || k.Bits() != test.bits || k.Curve() != test.curve {
			t.Errorf("%q: known %v, RSA %v, %d bits, curve %q", k, k.Known(), k.RSA(), k.Bits(), k.Curve())
		}
	}
}

func TestHashOIDs(t *testing.T) {
	for _, h := range sha2 {
		if got, ok := csc.HashByOID(h.oid); !ok || got != h.hash || !got.Available() {
			t.Errorf("%s is %v, %v", h.oid, got, ok)
		}
		if got := csc.OIDOfHash(h.hash); got != h.oid {
			t.Errorf("%v is %s", h.hash, got)
		}
	}
	for _, h := range []crypto.Hash{0, crypto.MD5, crypto.SHA1, crypto.SHA224, crypto.SHA512_256, crypto.SHA3_256} {
		if got := csc.OIDOfHash(h); got != "" {
			t.Errorf("%d may be signed as %s", h, got)
		}
	}
	for _, oid := range hashOIDs[4:] {
		if h, ok := csc.HashByOID(oid); ok {
			t.Errorf("%s is %v", oid, h)
		}
	}
}

// FuzzPlan: nothing panics, and what is taken was offered, fits the key and
// uses a hash that was asked for or implied.
func FuzzPlan(f *testing.F) {
	for i, oid := range algoOIDs {
		f.Add(uint8(i), oid, hashOIDs[i%len(hashOIDs)], csc.PSSParams(crypto.SHA256))
	}
	f.Fuzz(func(t *testing.T, n uint8, oid, hash, params string) {
		key := specs[int(n)%len(specs)]
		got, err := key.Plan(key.SignAlgos(n&128 == 0), csc.SignAlgo{OID: oid, HashOID: hash, Params: params})
		if err != nil {
			if !refusesAlgorithm(err) {
				t.Fatal(err)
			}
			return
		}
		if named := csc.OIDOfHash(got.Hash); named == "" || hash != "" && hash != named {
			t.Fatalf("%s %q %q %q signs %v", key, oid, hash, params, got.Hash)
		}
		if bits, ok := ecBits[key]; ok && (got.Scheme != csc.ECDSA || got.Hash.Size()*8 > bits) {
			t.Fatalf("%s %q %q %q is %+v", key, oid, hash, params, got)
		}
		if got.OID != oid || (got.SaltLength != 0) != (got.Scheme == csc.PSS) {
			t.Fatalf("%s %q %q %q is %+v", key, oid, hash, params, got)
		}
	})
}
