package oauth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"

	"github.com/pecete/pecete/csc"
)

// NewClientID makes an id for a client: app_ and 128 random bits in hex.
func NewClientID() string {
	return "app_" + hex.EncodeToString(random(16))
}

// NewSecret makes a client secret of 256 random bits and the verifier to keep
// in its stead. Secrets are made here and never chosen by people: that is why
// one HMAC over one SHA-256 is enough against whoever reads the store, and why
// a wrong guess costs us a microsecond and not the time of a password hash.
func NewSecret(pepper []byte) (secret csc.Secret, verifier []byte) {
	secret = csc.Secret(base64.RawURLEncoding.EncodeToString(random(32)))
	return secret, Verifier(pepper, secret)
}

// Verifier is what is kept of a secret.
func Verifier(pepper []byte, secret csc.Secret) []byte {
	digest := sha256.Sum256([]byte(secret))
	mac := hmac.New(sha256.New, pepper)
	mac.Write([]byte("pecete client secret\x00"))
	mac.Write(digest[:])
	return mac.Sum(nil)
}

// NewToken makes a token of 256 random bits, and the hash to keep in its stead.
func NewToken() (token csc.Secret, hash string) {
	text := base64.RawURLEncoding.EncodeToString(random(32))
	return csc.Secret(text), signatureOf(text)
}

// verifies reports whether secret is one of c's, in a time that tells nothing
// of which it is or how nearly.
func (c Client) verifies(pepper []byte, secret csc.Secret) bool {
	if len(pepper) == 0 || secret == "" {
		return false
	}
	mine := Verifier(pepper, secret)
	right := false
	for _, v := range c.Verifiers {
		right = hmac.Equal(mine, v) || right
	}
	return right
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}
