package conformance

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
)

func jwtPart(o Object) string {
	text, err := json.Marshal(maps.Clone(o))
	if err != nil {
		panic(err) // it is made of texts and numbers
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// signed is a JWT with the claims, by ES256 (RFC 7515 §7.1, RFC 7518 §3.4).
func signed(key *ecdsa.PrivateKey, header, claims Object) (string, error) {
	input := jwtPart(header) + "." + jwtPart(claims)
	digest := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		return "", err
	}
	signature := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	return input + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}
