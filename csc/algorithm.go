package csc

import (
	"bytes"
	"crypto"
	_ "crypto/sha256" // the hashes of the table below must be linked in
	_ "crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"slices"
)

// A KeySpec names a kind of key: what is generated, and what the algorithms
// below may be used with.
type KeySpec string

// The kinds of key. RSA of 2048 bits is there for old credentials only.
const (
	RSA2048 KeySpec = "RSA-2048"
	RSA3072 KeySpec = "RSA-3072"
	RSA4096 KeySpec = "RSA-4096"
	P256    KeySpec = "P-256"
	P384    KeySpec = "P-384"
	P521    KeySpec = "P-521"
)

var keySpecs = map[KeySpec]struct {
	bits  int
	curve string
}{
	RSA2048: {2048, ""},
	RSA3072: {3072, ""},
	RSA4096: {4096, ""},
	P256:    {256, "1.2.840.10045.3.1.7"},
	P384:    {384, "1.3.132.0.34"},
	P521:    {521, "1.3.132.0.35"},
}

// Known reports whether k is in the table.
func (k KeySpec) Known() bool { _, ok := keySpecs[k]; return ok }

// Bits is the length of the modulus or of the curve's order.
func (k KeySpec) Bits() int { return keySpecs[k].bits }

// Curve is the OID of the curve, "" for RSA.
func (k KeySpec) Curve() string { return keySpecs[k].curve }

// RSA reports whether k is an RSA key.
func (k KeySpec) RSA() bool { return k.Known() && k.Curve() == "" }

// A Scheme is how a signature is made from a digest.
type Scheme string

// The schemes.
const (
	PKCS1v15 Scheme = "RSASSA-PKCS1-v1_5"
	PSS      Scheme = "RSASSA-PSS"
	ECDSA    Scheme = "ECDSA"
)

// The OIDs that name a key or a scheme without a hash.
const (
	OIDRSAEncryption = "1.2.840.113549.1.1.1"
	OIDRSASSAPSS     = "1.2.840.113549.1.1.10"
	OIDECPublicKey   = "1.2.840.10045.2.1"
)

// The OIDs of the hashes that may be signed; anything weaker than SHA-256 is
// refused (§11.10).
const (
	OIDSHA256 = "2.16.840.1.101.3.4.2.1"
	OIDSHA384 = "2.16.840.1.101.3.4.2.2"
	OIDSHA512 = "2.16.840.1.101.3.4.2.3"
)

var hashes = map[string]crypto.Hash{
	OIDSHA256: crypto.SHA256,
	OIDSHA384: crypto.SHA384,
	OIDSHA512: crypto.SHA512,
}

// HashByOID finds the hash that oid names.
func HashByOID(oid string) (crypto.Hash, bool) {
	h, ok := hashes[oid]
	return h, ok
}

// OIDOfHash is the OID of h, "" if h may not be signed.
func OIDOfHash(h crypto.Hash) string {
	for oid, hash := range hashes {
		if hash == h {
			return oid
		}
	}
	return ""
}

// OIDOfSize is the OID of the hash whose digests have so many bytes, "" if there
// is none: v1.0.4.0 does not say which hash is agreed to (§8.3.2, §11.6).
func OIDOfSize(bytes int) string {
	for oid, hash := range hashes {
		if hash.Size() == bytes {
			return oid
		}
	}
	return ""
}

// signAlgos is the table of signature algorithms, in the order they are
// offered. A zero hash is chosen apart: by hashAlgorithmOID, or for PSS by the
// parameters.
var signAlgos = []struct {
	oid    string
	scheme Scheme
	hash   crypto.Hash
}{
	{OIDRSAEncryption, PKCS1v15, 0},
	{"1.2.840.113549.1.1.11", PKCS1v15, crypto.SHA256},
	{"1.2.840.113549.1.1.12", PKCS1v15, crypto.SHA384},
	{"1.2.840.113549.1.1.13", PKCS1v15, crypto.SHA512},
	{OIDRSASSAPSS, PSS, 0},
	{OIDECPublicKey, ECDSA, 0},
	{"1.2.840.10045.4.3.2", ECDSA, crypto.SHA256},
	{"1.2.840.10045.4.3.3", ECDSA, crypto.SHA384},
	{"1.2.840.10045.4.3.4", ECDSA, crypto.SHA512},
}

// An Algorithm is a decided way to sign: what is left of signAlgo,
// hashAlgorithmOID and signAlgoParams once they were found to agree. SaltLength
// is in bytes and of PSS only.
type Algorithm struct {
	OID        string
	Scheme     Scheme
	Hash       crypto.Hash
	SaltLength int
}

// SignAlgos lists the OIDs that a key may sign with, the bare ones and those
// bound to a hash (§11.5, key.algo). PKCS#1 v1.5 is offered only where allowed.
func (k KeySpec) SignAlgos(pkcs1v15 bool) []string {
	var oids []string
	for _, a := range signAlgos {
		if !k.Known() || k.RSA() == (a.scheme == ECDSA) || a.scheme == PKCS1v15 && !pkcs1v15 {
			continue
		}
		if a.hash == 0 || k.fits(a.scheme, a.hash) {
			oids = append(oids, a.oid)
		}
	}
	return oids
}

// fits reports whether a digest of h may be signed by k: an ECDSA key would
// cut off what is longer than its curve.
func (k KeySpec) fits(s Scheme, h crypto.Hash) bool {
	return s != ECDSA || h.Size()*8 <= k.Bits()
}

// maxSalt is the longest PSS salt that fits (RFC 8017 §9.1.1).
func (k KeySpec) maxSalt(h crypto.Hash) int { return (k.Bits()+6)/8 - h.Size() - 2 }

// A SignAlgo is how a request names an algorithm (§11.10).
type SignAlgo struct {
	OID     string // signAlgo
	HashOID string // hashAlgorithmOID
	Params  string // signAlgoParams, Base64 DER
}

// Plan decides how k signs when a is asked for, given the OIDs the credential
// offers, or says in the words of §11.10 which of the three parameters cannot
// be.
func (k KeySpec) Plan(offered []string, a SignAlgo) (Algorithm, error) {
	plan := Algorithm{OID: a.OID}
	if !slices.Contains(offered, a.OID) {
		return plan, Invalid("signAlgo")
	}
	for _, row := range signAlgos {
		if row.oid == a.OID {
			plan.Scheme, plan.Hash = row.scheme, row.hash
		}
	}
	if plan.Scheme == "" || k.RSA() == (plan.Scheme == ECDSA) || plan.Hash != 0 && !k.fits(plan.Scheme, plan.Hash) {
		return plan, Invalid("signAlgo")
	}
	if err := plan.params(k, a.Params); err != nil {
		return plan, err
	}
	return plan, plan.chooseHash(k, a.HashOID)
}

// params takes the parameters of PSS, and nothing but NULL for the others.
func (a *Algorithm) params(k KeySpec, params string) error {
	if a.Scheme != PSS {
		if params != "" && params != "BQA=" {
			return Invalid("signAlgoParams")
		}
		return nil
	}
	if params == "" {
		return Missing("string", "signAlgoParams")
	}
	der, err := DecodeBase64(params)
	if err != nil {
		return Invalid("signAlgoParams")
	}
	hash, salt, ok := parsePSS(der)
	if !ok || salt < hash.Size() || salt > k.maxSalt(hash) {
		return Invalid("signAlgoParams")
	}
	a.Hash, a.SaltLength = hash, salt
	return nil
}

// chooseHash takes hashAlgorithmOID where nothing else fixed the hash, and
// refuses one that says something else.
func (a *Algorithm) chooseHash(k KeySpec, oid string) error {
	if oid == "" {
		if a.Hash == 0 {
			return Missing("string", "hashAlgorithmOID")
		}
		return nil
	}
	h, ok := HashByOID(oid)
	if !ok || a.Hash != 0 && a.Hash != h || !k.fits(a.Scheme, h) {
		return Invalid("hashAlgorithmOID")
	}
	a.Hash = h
	return nil
}

// pssParams is RSASSA-PSS-params (RFC 4055 §3.1). The defaults are all SHA-1,
// so that none may be left out; trailerField must be its default, which DER
// leaves out.
type pssParams struct {
	Hash       pkix.AlgorithmIdentifier `asn1:"explicit,tag:0"`
	MGF        pkix.AlgorithmIdentifier `asn1:"explicit,tag:1"`
	SaltLength int                      `asn1:"explicit,tag:2"`
}

var (
	oidMGF1 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	derNull = asn1.RawValue{FullBytes: []byte{asn1.TagNull, 0}}
)

// MarshalPSS gives the DER of RSASSA-PSS-params for h, MGF1 with h, and a salt
// of so many bytes.
func MarshalPSS(h crypto.Hash, salt int) []byte { return marshalPSS(h, salt, true, true) }

// PSSParams is MarshalPSS with a salt of the digest's length, in the Base64 of
// signAlgoParams.
func PSSParams(h crypto.Hash) string {
	return base64.StdEncoding.EncodeToString(MarshalPSS(h, h.Size()))
}

func marshalPSS(h crypto.Hash, salt int, hashNull, mgfNull bool) []byte {
	mgf, err := asn1.Marshal(hashIdentifier(h, mgfNull))
	if err != nil {
		panic(err) // a table above is wrong
	}
	der, err := asn1.Marshal(pssParams{
		Hash:       hashIdentifier(h, hashNull),
		MGF:        pkix.AlgorithmIdentifier{Algorithm: oidMGF1, Parameters: asn1.RawValue{FullBytes: mgf}},
		SaltLength: salt,
	})
	if err != nil {
		panic(err)
	}
	return der
}

func hashIdentifier(h crypto.Hash, null bool) pkix.AlgorithmIdentifier {
	id := pkix.AlgorithmIdentifier{Algorithm: parseOID(OIDOfHash(h))}
	if null {
		id.Parameters = derNull
	}
	return id
}

// parsePSS reads params strictly: what it takes is, byte for byte, what
// marshalPSS writes for the same hash and salt, with the NULLs there or not.
func parsePSS(der []byte) (h crypto.Hash, salt int, ok bool) {
	var p pssParams
	if rest, err := asn1.Unmarshal(der, &p); err != nil || len(rest) > 0 {
		return 0, 0, false
	}
	h, ok = HashByOID(p.Hash.Algorithm.String())
	if !ok {
		return 0, 0, false
	}
	for _, null := range [][2]bool{{true, true}, {false, false}, {true, false}, {false, true}} {
		if bytes.Equal(der, marshalPSS(h, p.SaltLength, null[0], null[1])) {
			return h, p.SaltLength, true
		}
	}
	return 0, 0, false
}

func parseOID(s string) asn1.ObjectIdentifier {
	var oid asn1.ObjectIdentifier
	n := 0
	for _, c := range s + "." {
		if c == '.' {
			oid, n = append(oid, n), 0
			continue
		}
		n = n*10 + int(c-'0')
	}
	return oid
}
