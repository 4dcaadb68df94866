package cms

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes of the table must be linked in
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/pecete/pecete/csc"
)

const minRSA = 2048

var hashes = map[string]crypto.Hash{
	"2.16.840.1.101.3.4.2.1": crypto.SHA256,
	"2.16.840.1.101.3.4.2.2": crypto.SHA384,
	"2.16.840.1.101.3.4.2.3": crypto.SHA512,
}

// algorithms are those a SignerInfo may name; a zero hash leaves it to the digest
// algorithm or the parameters.
var algorithms = map[string]struct {
	scheme csc.Scheme
	hash   crypto.Hash
}{
	"1.2.840.113549.1.1.1":  {csc.PKCS1v15, 0},
	"1.2.840.113549.1.1.11": {csc.PKCS1v15, crypto.SHA256},
	"1.2.840.113549.1.1.12": {csc.PKCS1v15, crypto.SHA384},
	"1.2.840.113549.1.1.13": {csc.PKCS1v15, crypto.SHA512},
	"1.2.840.113549.1.1.10": {csc.PSS, 0},
	"1.2.840.10045.4.3.2":   {csc.ECDSA, crypto.SHA256},
	"1.2.840.10045.4.3.3":   {csc.ECDSA, crypto.SHA384},
	"1.2.840.10045.4.3.4":   {csc.ECDSA, crypto.SHA512},
}

// Algorithm finds what the two identifiers of the SignerInfo mean together, and
// whether the signer's key can have been used so.
func (d *SignedData) Algorithm() (csc.Algorithm, error) {
	a, err := decide(d.digest, d.signature)
	if err == nil {
		err = checkKey(a, d.Signer)
	}
	return a, err
}

func decide(digest, signature identifier) (csc.Algorithm, error) {
	a := csc.Algorithm{OID: signature.oid.String()}
	hash, ok := hashes[digest.oid.String()]
	if !ok || !digest.plain() {
		return a, errHash
	}
	row, ok := algorithms[a.OID]
	if !ok {
		return a, errAlgorithm
	}
	a.Scheme, a.Hash = row.scheme, hash
	switch row.scheme {
	case csc.PSS:
		inner, salt, ok := parsePSS(signature.parameters)
		if !ok {
			return a, errAlgorithm
		}
		row.hash, a.SaltLength = inner, salt
	case csc.ECDSA:
		if signature.parameters != nil { // RFC 5758 §3.2
			return a, errAlgorithm
		}
	default:
		if !signature.plain() {
			return a, errAlgorithm
		}
	}
	if row.hash != 0 && row.hash != hash {
		return a, errMismatch
	}
	return a, nil
}

// parsePSS reads RSASSA-PSS-params (RFC 4055 §3.1) whose hash is that of MGF1
// too. The defaults, which are all SHA-1, are not taken.
func parsePSS(der []byte) (h crypto.Hash, salt int, ok bool) {
	input := cryptobyte.String(der)
	var body, hashField, mgfField, saltField cryptobyte.String
	if !input.ReadASN1(&body, tag.SEQUENCE) || !input.Empty() ||
		!body.ReadASN1(&hashField, explicit0) || !body.ReadASN1(&mgfField, explicit1) ||
		!body.ReadASN1(&saltField, explicit2) || !body.Empty() {
		return 0, 0, false
	}
	hash, ok1 := readIdentifier(&hashField)
	mgf, ok2 := readIdentifier(&mgfField)
	if !ok1 || !ok2 || !hashField.Empty() || !mgfField.Empty() || !hash.plain() ||
		!saltField.ReadASN1Integer(&salt) || !saltField.Empty() || salt < 0 {
		return 0, 0, false
	}
	parameters := cryptobyte.String(mgf.parameters)
	inner, ok := readIdentifier(&parameters)
	mgf1 := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	if !ok || !parameters.Empty() || !inner.plain() || !mgf.oid.Equal(mgf1) || !inner.oid.Equal(hash.oid) {
		return 0, 0, false
	}
	h, ok = hashes[hash.oid.String()]
	return h, salt, ok
}

// checkKey reports whether cert's key can have made a signature by a.
func checkKey(a csc.Algorithm, cert *x509.Certificate) error {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		if a.Scheme == csc.ECDSA {
			return errKey
		}
		if key.N.BitLen() < minRSA {
			return errWeak
		}
		return nil
	case *ecdsa.PublicKey:
		if a.Scheme == csc.ECDSA {
			return nil
		}
	}
	return errKey
}

// checkSignature verifies value over digest.
func checkSignature(a csc.Algorithm, cert *x509.Certificate, digest, value []byte) bool {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		if a.Scheme == csc.PSS {
			// A salt of 0 means another thing to the library than to the signer.
			return a.SaltLength > 0 && rsa.VerifyPSS(key, a.Hash, digest, value, &rsa.PSSOptions{SaltLength: a.SaltLength}) == nil
		}
		return rsa.VerifyPKCS1v15(key, a.Hash, digest, value) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, digest, value)
	}
	return false
}
