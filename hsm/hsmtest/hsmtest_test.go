package hsmtest_test

import (
	"crypto"
	"crypto/sha256"
	"testing"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm/hsmtest"
)

func TestTwoTokensAtATime(t *testing.T) {
	a, b := hsmtest.New(t), hsmtest.New(t)
	key, err := a.Generate(t.Context(), csc.P256, "Demo Signer")
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("Demo Signer"))
	alg := csc.Algorithm{Scheme: csc.ECDSA, Hash: crypto.SHA256}
	if _, err := a.Sign(t.Context(), key.ID, alg, digest[:]); err != nil {
		t.Error(err)
	}
	if _, err := b.Key(t.Context(), key.ID); err == nil {
		t.Error("a key of one token is on the other")
	}
}
