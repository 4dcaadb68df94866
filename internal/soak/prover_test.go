package soak_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pecete/pecete/internal/stage"
)

// A prover is an application that signs what it says of itself.
type prover struct {
	t      *testing.T
	app    stage.Client
	issuer string
	signer jose.Signer
}

// prover adds one, and its key; args go to client add.
func (w *town) prover(name string, args ...string) *prover {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fine(w.t, err)
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{KeyID: "a", Key: key.Public()}}})
	fine(w.t, err)
	file := filepath.Join(w.t.TempDir(), "jwks.json")
	fine(w.t, os.WriteFile(file, set, 0o600))
	v := &prover{t: w.t, issuer: w.two[0].URL}
	out, err := w.two[0].Run(w.t.Context(), append([]string{
		"client", "add", name, "--auth-method", "private_key_jwt", "--jwks", file, "-o", "json",
	}, args...)...)
	fine(w.t, err)
	fine(w.t, json.Unmarshal(out, &v.app))
	v.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{KeyID: "a", Key: key}}, nil)
	fine(w.t, err)
	return v
}

// proving is a form with an assertion of its own.
func (v *prover) proving(form url.Values) url.Values {
	v.t.Helper()
	now := time.Now()
	form = maps.Clone(form)
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", v.sign(map[string]any{
		"iss": v.app.ID, "sub": v.app.ID, "aud": v.issuer, "jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}))
	return form
}

// sign is a JWT of these claims.
func (v *prover) sign(claims map[string]any) string {
	v.t.Helper()
	text, err := json.Marshal(claims)
	fine(v.t, err)
	signed, err := v.signer.Sign(text)
	fine(v.t, err)
	compact, err := signed.CompactSerialize()
	fine(v.t, err)
	return compact
}
