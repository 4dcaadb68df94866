package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

const (
	maxKeySet = 32 << 10 // bytes
	maxKeys   = 16
	maxKeyID  = 128
	leastRSA  = 2048 // bits
	mostRSA   = 8192
)

// clientAlgs are what clients sign with (FAPI 2.0 §5.4.1).
var clientAlgs = []jose.SignatureAlgorithm{jose.ES256, jose.PS256, jose.EdDSA}

// privateParts are the members of a JWK that nobody is to have (RFC 7518 §6).
var privateParts = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}

var (
	errKeySet  = errors.New("not a JWK set")
	errPrivate = errors.New("with a private part: only the public ones belong here")
	// errStoredKeys says that what is registered cannot be read: ours to mend, and
	// nothing a client did.
	errStoredKeys = errors.New("registered keys cannot be read")
)

// parseKeys reads a JWK set of public keys (RFC 7517 §5) that each fit one of
// clientAlgs, and have key IDs of their own.
func parseKeys(set []byte) ([]jose.JSONWebKey, error) {
	if len(set) > maxKeySet {
		return nil, fmt.Errorf("%w: longer than %d bytes", errKeySet, maxKeySet)
	}
	outer, err := members(set)
	if err != nil {
		return nil, errors.Join(errKeySet, err)
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(outer["keys"], &raw); err != nil {
		return nil, errors.Join(errKeySet, err)
	}
	if len(raw) == 0 || len(raw) > maxKeys {
		return nil, fmt.Errorf("%d keys, not 1 to %d", len(raw), maxKeys)
	}
	keys := make([]jose.JSONWebKey, len(raw))
	for i := range raw {
		if keys[i], err = parseKey(raw[i]); err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		if slices.ContainsFunc(keys[:i], func(k jose.JSONWebKey) bool { return k.KeyID == keys[i].KeyID }) {
			return nil, fmt.Errorf("key %d: its kid is another's", i+1)
		}
	}
	return keys, nil
}

// parseKey reads one public key.
func parseKey(text []byte) (key jose.JSONWebKey, err error) {
	parts, err := members(text)
	if err != nil {
		return key, err
	}
	for _, name := range privateParts {
		if _, has := parts[name]; has {
			return key, errPrivate
		}
	}
	if err := json.Unmarshal(text, &key); err != nil {
		return key, fmt.Errorf("not a key: %w", err)
	}
	alg, err := algOf(key.Key)
	switch {
	case err != nil:
	case key.Algorithm != "" && key.Algorithm != string(alg):
		err = fmt.Errorf("alg is %q, and the key is one for %s", key.Algorithm, alg)
	case key.Use != "" && key.Use != "sig":
		err = fmt.Errorf("use is %q, not sig", key.Use)
	case len(key.KeyID) > maxKeyID:
		err = fmt.Errorf("kid is longer than %d bytes", maxKeyID)
	case !key.Valid():
		err = errors.New("not on its curve, or incomplete")
	}
	return key, err
}

// algOf is the one algorithm a public key is for here.
func algOf(key crypto.PublicKey) (jose.SignatureAlgorithm, error) {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return jose.ES256, nil
		}
		return "", fmt.Errorf("curve %s, not P-256", k.Curve.Params().Name)
	case *rsa.PublicKey:
		if n := k.N.BitLen(); n < leastRSA || n > mostRSA {
			return "", fmt.Errorf("RSA of %d bits, not %d to %d", n, leastRSA, mostRSA)
		}
		if k.E < 3 || k.E%2 == 0 {
			return "", errors.New("RSA with a strange exponent")
		}
		return jose.PS256, nil
	case ed25519.PublicKey:
		return jose.EdDSA, nil
	}
	return "", errors.New("not a key for ES256, PS256 or EdDSA")
}

// keys are c's public keys; errStoredKeys if they cannot be read.
func (c Client) keys() ([]jose.JSONWebKey, error) {
	keys, err := parseKeys(c.Keys)
	if err != nil {
		return nil, fmt.Errorf("%w: client %s: %w", errStoredKeys, c.ID, err)
	}
	return keys, nil
}

// KeyIDs are the kids of c's keys.
func (c Client) KeyIDs() []string {
	keys, err := parseKeys(c.Keys)
	if err != nil {
		return nil
	}
	var all []string
	for _, key := range keys {
		all = append(all, key.KeyID)
	}
	return all
}
