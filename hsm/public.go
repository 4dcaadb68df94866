package hsm

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/asn1"
	"fmt"
	"math/big"

	"github.com/miekg/pkcs11"

	"github.com/pecete/pecete/csc"
)

// specs are the keys that may be on a token, as the token describes them.
var specs = []struct {
	spec  csc.KeySpec
	curve elliptic.Curve
	oid   asn1.ObjectIdentifier
}{
	{csc.RSA2048, nil, nil},
	{csc.RSA3072, nil, nil},
	{csc.RSA4096, nil, nil},
	{csc.P256, elliptic.P256(), asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}},
	{csc.P384, elliptic.P384(), asn1.ObjectIdentifier{1, 3, 132, 0, 34}},
	{csc.P521, elliptic.P521(), asn1.ObjectIdentifier{1, 3, 132, 0, 35}},
}

func curveOf(k csc.KeySpec) elliptic.Curve {
	for _, s := range specs {
		if s.spec == k {
			return s.curve
		}
	}
	return nil
}

// spec says what kind of key the private or public key h is.
func (s *session) spec(h pkcs11.ObjectHandle) (csc.KeySpec, error) {
	kind, err := s.number(h, pkcs11.CKA_KEY_TYPE)
	if err != nil {
		return "", err
	}
	switch kind {
	case pkcs11.CKK_RSA:
		modulus, err := s.attribute(h, pkcs11.CKA_MODULUS)
		if err != nil {
			return "", err
		}
		return specOfModulus(new(big.Int).SetBytes(modulus))
	case pkcs11.CKK_EC:
		params, err := s.attribute(h, pkcs11.CKA_EC_PARAMS)
		if err != nil {
			return "", err
		}
		return specOfCurve(params)
	}
	return "", fmt.Errorf("key of type %#x: %w", kind, ErrAlgorithm)
}

func specOfModulus(n *big.Int) (csc.KeySpec, error) {
	for _, s := range specs {
		if s.curve == nil && s.spec.Bits() == n.BitLen() {
			return s.spec, nil
		}
	}
	return "", fmt.Errorf("modulus of %d bits: %w", n.BitLen(), ErrAlgorithm)
}

func specOfCurve(params []byte) (csc.KeySpec, error) {
	for _, s := range specs {
		if s.curve != nil && bytes.Equal(params, curveParams(s.oid)) {
			return s.spec, nil
		}
	}
	return "", fmt.Errorf("curve with parameters %x: %w", params, ErrAlgorithm)
}

func curveParams(oid asn1.ObjectIdentifier) []byte {
	der, err := asn1.Marshal(oid)
	if err != nil {
		panic(err) // the table above is wrong
	}
	return der
}

// public reads the public key h.
func (s *session) public(h pkcs11.ObjectHandle) (csc.KeySpec, crypto.PublicKey, error) {
	spec, err := s.spec(h)
	if err != nil {
		return "", nil, err
	}
	if !spec.RSA() {
		point, err := s.attribute(h, pkcs11.CKA_EC_POINT)
		if err != nil {
			return "", nil, err
		}
		public, err := parsePoint(curveOf(spec), point)
		return spec, public, err
	}
	modulus, err := s.attribute(h, pkcs11.CKA_MODULUS)
	if err != nil {
		return "", nil, err
	}
	exponent, err := s.attribute(h, pkcs11.CKA_PUBLIC_EXPONENT)
	if err != nil {
		return "", nil, err
	}
	e := new(big.Int).SetBytes(exponent)
	if e.Cmp(big.NewInt(publicExponent)) != 0 {
		return "", nil, fmt.Errorf("public exponent %v, want %d", e, publicExponent)
	}
	return spec, &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: publicExponent}, nil
}

// parsePoint reads CKA_EC_POINT: a point in a DER OCTET STRING (PKCS#11 v2.40
// §2.3.3), although some modules leave the wrapping out.
func parsePoint(curve elliptic.Curve, value []byte) (*ecdsa.PublicKey, error) {
	var point []byte
	if rest, err := asn1.Unmarshal(value, &point); err != nil || len(rest) > 0 {
		point = value
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return nil, fmt.Errorf("read public point: %w", err)
	}
	return public, nil
}
