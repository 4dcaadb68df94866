package conformance

import (
	"bytes"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
)

// algorithm is an AlgorithmIdentifier.
type algorithm struct {
	OID        asn1.ObjectIdentifier
	Parameters asn1.RawValue `asn1:"optional"`
}

// pssParams are RSASSA-PSS-params (RFC 4055 §3.1). The defaults name SHA-1, so
// the first three members are always there.
type pssParams struct {
	Hash    algorithm `asn1:"explicit,tag:0"`
	MGF     algorithm `asn1:"explicit,tag:1"`
	Salt    int       `asn1:"explicit,tag:2"`
	Trailer int       `asn1:"optional,explicit,tag:3,default:1"`
}

// newPSS encodes parameters with the same hash for MGF1, with NULL behind the
// hash's OID or without (RFC 5754 §2).
func newPSS(hashOID string, salt int, null bool) string {
	hash := algorithm{OID: oidOf(hashOID)}
	if null {
		hash.Parameters = asn1.NullRawValue
	}
	inner, err := asn1.Marshal(hash)
	if err != nil {
		panic(err) // constants
	}
	der, err := asn1.Marshal(pssParams{
		Hash: hash, Salt: salt, Trailer: 1,
		MGF: algorithm{oidOf(oidMGF1), asn1.RawValue{FullBytes: inner}},
	})
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// checkPSS is nil if text is Base64 of parameters that name a hash no weaker
// than SHA-256, twice the same.
func checkPSS(text string) error {
	der, err := decode(text)
	if err != nil {
		return err
	}
	var p pssParams
	rest, err := asn1.Unmarshal(der, &p)
	if err != nil || len(rest) > 0 {
		return errors.New("not RSASSA-PSS-params")
	}
	var inner algorithm
	if rest, err = asn1.Unmarshal(p.MGF.Parameters.FullBytes, &inner); err != nil || len(rest) > 0 {
		return errors.New("the mask generation function names no hash")
	}
	strong := []string{oidSHA256, oidSHA384, oidSHA512,
		"2.16.840.1.101.3.4.2.8", "2.16.840.1.101.3.4.2.9", "2.16.840.1.101.3.4.2.10"} // SHA-3
	for _, a := range []algorithm{p.Hash, inner} {
		if !slices.Contains(strong, a.OID.String()) {
			return fmt.Errorf("the hash %s is weaker than SHA-256", a.OID)
		}
		if null := a.Parameters.FullBytes; len(null) > 0 && !bytes.Equal(null, asn1.NullBytes) {
			return fmt.Errorf("the hash %s has parameters", a.OID)
		}
	}
	return nil
}

// oidOf reads an object identifier the suite itself wrote.
func oidOf(dotted string) asn1.ObjectIdentifier {
	oid, err := parseOID(dotted)
	if err != nil {
		panic(err)
	}
	return oid
}
