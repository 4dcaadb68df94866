package oauth_test

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

// A proofOf is what a DPoP proof is made of; "" is what a good one has.
type proofOf struct {
	Header, Claims, Key string
	Form                *string // of $H, $P and $S
}

const (
	goodProofHeader = `{"typ":"dpop+jwt","alg":"$ALG","jwk":$JWK}`
	goodProofClaims = `{"jti":"$JTI","htm":"POST","htu":"$URI","iat":$NOW,"ath":"$ATH"}`
)

// jwk is the public key that the application signs with by an algorithm.
func (a *application) jwk(alg string) jose.JSONWebKey {
	switch alg {
	case "PS256":
		return jose.JSONWebKey{Key: a.rsa.Public()}
	case "EdDSA":
		return jose.JSONWebKey{Key: a.ed.Public()}
	}
	return jose.JSONWebKey{Key: a.ec.Public()}
}

// thumbprint is the key's name in cnf (RFC 7638), as jose has it.
func (a *application) thumbprint() string {
	sum, err := (&jose.JSONWebKey{Key: a.ec.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		a.t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

func mustJSON(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// prove writes a proof for an address and an access token, "" for none.
func (a *application) prove(what proofOf, uri string, token csc.Secret) string {
	alg, _, _ := strings.Cut(what.Key, " ")
	sum := sha256.Sum256([]byte(token))
	own := mustJSON(a.t, a.jwk(alg))
	said := strings.NewReplacer(
		"$JWK", own, "$OPEN", strings.TrimSuffix(own, "}"), "$URI", uri, "$ATH", base64.RawURLEncoding.EncodeToString(sum[:]),
		"$PRIVATE", mustJSON(a.t, jose.JSONWebKey{Key: a.ec}), "$PS256JWK", mustJSON(a.t, a.jwk("PS256")),
		"$HOST", strings.TrimPrefix(issuer, "https://"), "$PATH", strings.TrimPrefix(uri, issuer), "$LONG", strings.Repeat("x", 257), "$HUGE", strings.Repeat("x", 9000),
	)
	if what.Header == "" {
		what.Header = goodProofHeader
	}
	if what.Claims == "" {
		what.Claims = goodProofClaims
	}
	return a.assert(assertion{said.Replace(what.Header), said.Replace(what.Claims), what.Key, what.Form})
}

// with proves that the sender of a request has the application's key.
func (a *application) with(token csc.Secret) func(*http.Request) {
	return func(r *http.Request) {
		at := *r.URL
		at.RawQuery = ""
		r.Header.Set("DPoP", a.prove(proofOf{}, at.String(), token))
	}
}

// setHeader replaces what header adds to.
func setHeader(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// at is a request to the API.
func at(method csc.Method, change ...func(*http.Request)) *http.Request {
	r, _ := http.NewRequest(http.MethodPost, issuer+csc.BasePath+"/"+string(method), nil)
	for _, f := range change {
		f(r)
	}
	return r
}

// calls asks as the API does who brings a token by the scheme DPoP, with a proof
// of the application's.
func (h *house) calls(a *application, token string) (credentials.Caller, error) {
	return h.provider.Caller(at(csc.MethodList, a.with(csc.Secret(token))), csc.Secret(token), true)
}

// bound gets a service token that is bound to the application's key.
func (h *house) bound(a *application) string {
	h.t.Helper()
	got := h.post("/oauth2/token", h.good(), a.with(""))
	if got.status != 200 || got.is("token_type") != "DPoP" {
		h.t.Fatalf("no bound token: %d %s", got.status, got.text)
	}
	return got.is("access_token")
}

// wantProof wants a refusal in the words of RFC 9449, as the API or as an
// endpoint gives it.
func wantProof(t *testing.T, err error, code csc.Code, why string) {
	t.Helper()
	var said *csc.Error
	if !errors.As(err, &said) || said.Code != code || !strings.Contains(said.Description, why) {
		t.Errorf("got %v, want %s: …%s…", err, code, why)
	}
}

func thumbprintOf(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// changed is a client of the town with a change.
func (w *town) changed(change func(*oauth.Client)) (string, csc.Secret) {
	w.t.Helper()
	own, err := w.clients.Client(w.t.Context(), w.id)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.addClient(func(c *oauth.Client) {
		c.RedirectURIs, c.Grants, c.Scopes = own.RedirectURIs, own.Grants, own.Scopes
		change(c)
	})
}

// of is form as another client sends it, "" for one without a secret.
func of(form url.Values, id string, secret csc.Secret) url.Values {
	form = with(form, "client_id", id)
	if secret == "" {
		return with(form, "client_secret")
	}
	return with(form, "client_secret", string(secret))
}
