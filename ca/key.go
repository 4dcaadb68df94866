package ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
)

// checkKey takes the keys of csc's table: RSA of 2048 to 4096 bits with the
// exponent 65537, and three curves of NIST.
func checkKey(public crypto.PublicKey) error {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < 2048 || bits > 4096 || key.E != 65537 {
			return fmt.Errorf("%w: RSA of %d bits with exponent %d", ErrKey, bits, key.E)
		}
		return nil
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() && key.Curve != elliptic.P384() && key.Curve != elliptic.P521() {
			return fmt.Errorf("%w: curve is none of P-256, P-384 and P-521", ErrKey)
		}
		if _, err := key.ECDH(); err != nil { // says whether the point is on the curve
			return fmt.Errorf("%w: %w", ErrKey, err)
		}
		return nil
	}
	return fmt.Errorf("%w: it is a %T", ErrKey, public)
}

// throwAway makes a key with which the same signature algorithm is chosen as
// with the authority's.
func throwAway(authority crypto.PublicKey) (crypto.Signer, error) {
	switch key := authority.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.GenerateKey(key.Curve, rand.Reader)
	case *rsa.PublicKey:
		return rsa.GenerateKey(rand.Reader, 2048)
	}
	return nil, fmt.Errorf("%w: the authority's is a %T", ErrKey, authority)
}

// keyIdentifier is the first 160 bits of the SHA-256 of the key (RFC 7093 §2,
// method 1).
func keyIdentifier(public crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	sum := sha256.Sum256(info.Key.Bytes)
	return sum[:20], nil
}
