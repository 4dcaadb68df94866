package soak_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"net/http"
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
	key    jose.SigningKey
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
	v.key = jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{KeyID: "a", Key: key}}
	return v
}

// proving is a form with an assertion of its own.
func (v *prover) proving(form url.Values) url.Values {
	v.t.Helper()
	now := time.Now()
	form = maps.Clone(form)
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", signed(v.t, v.key, "JWT", map[string]any{
		"iss": v.app.ID, "sub": v.app.ID, "aud": v.issuer, "jti": rand.Text(), "iat": dated(now), "exp": now.Add(time.Minute).Unix(),
	}))
	return form
}

// request is a request object of these parameters (RFC 9101).
func (v *prover) request(params url.Values) string {
	v.t.Helper()
	now := time.Now()
	claims := map[string]any{
		"iss": v.app.ID, "client_id": v.app.ID, "aud": v.issuer, "jti": rand.Text(), "iat": dated(now), "exp": now.Add(time.Minute).Unix(),
	}
	for name := range params {
		claims[name] = params.Get(name)
	}
	return signed(v.t, v.key, "oauth-authz-req+jwt", claims)
}

// account says which signer the visitor's application means by a name.
func (w *town) account(v *visitor, name string) {
	w.t.Helper()
	_, err := w.two[0].Run(w.t.Context(), "client", "account", v.app.ID, name, v.User)
	fine(w.t, err)
}

// accountToken names an account, as the application's secret proves (v2.0.0.2
// §8.4.1).
func (v *visitor) accountToken(name string) string {
	v.t.Helper()
	key := sha256.Sum256([]byte(v.app.Secret))
	return signed(v.t, jose.SigningKey{Algorithm: jose.HS256, Key: key[:]}, "JWT", map[string]any{
		"sub": name, "azp": v.app.ID, "jti": rand.Text(), "iat": dated(time.Now()),
	})
}

// invite makes an initial access token for one client.
func (w *town) invite() string {
	w.t.Helper()
	out, err := w.two[0].Run(w.t.Context(), "client", "invite", "-o", "json")
	fine(w.t, err)
	var made struct {
		Token string `json:"initial_access_token"`
	}
	fine(w.t, json.Unmarshal(out, &made))
	return made.Token
}

// register has a client register itself (RFC 7591).
func (p *process) register(ctx context.Context, token, name string) error {
	text, err := json.Marshal(map[string]any{"client_name": name, "redirect_uris": []string{"https://app.example.org/callback"}})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/oauth2/register", bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	return p.answered(req, nil)
}

// signed is a JWT of these claims.
func signed(t *testing.T, key jose.SigningKey, kind string, claims map[string]any) string {
	t.Helper()
	text, err := json.Marshal(claims)
	fine(t, err)
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType(jose.ContentType(kind)))
	fine(t, err)
	object, err := signer.Sign(text)
	fine(t, err)
	compact, err := object.CompactSerialize()
	fine(t, err)
	return compact
}

// dated is a NumericDate to the millisecond: in the first second of a store's run
// the server takes no proof that says only which second it was made in.
func dated(now time.Time) float64 { return float64(now.UnixMilli()) / 1000 }
