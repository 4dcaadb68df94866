package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pecete/pecete/onetime"
)

// FuzzProof: whatever stands in the header DPoP, only what a key signed shows
// that key, for one request, and once.
func FuzzProof(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tick := func() time.Time { return now }
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, &jose.SignerOptions{
		EmbedJWK: true, ExtraHeaders: map[jose.HeaderKey]any{"typ": "dpop+jwt"},
	})
	if err != nil {
		f.Fatal(err)
	}
	signed, err := signer.Sign([]byte(`{"jti":"x","htm":"POST","htu":"https://sign.example.test/oauth2/token","iat":1772366400}`))
	if err != nil {
		f.Fatal(err)
	}
	good, err := signed.CompactSerialize()
	if err != nil {
		f.Fatal(err)
	}
	said, signature := good[:strings.LastIndexByte(good, '.')], good[strings.LastIndexByte(good, '.'):]
	sum, err := (&jose.JSONWebKey{Key: key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		f.Fatal(err)
	}
	own := base64.RawURLEncoding.EncodeToString(sum)
	for _, seed := range []string{good, said + ".", signature, "..", "eyJhbGciOiJub25lIn0." + strings.Split(good, ".")[1] + ".", `{"payload":""}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, proof string) {
		p := &Provider{Issuer: "https://sign.example.test", Tokens: onetime.NewMemory(tick), Now: tick}
		r := httptest.NewRequest(http.MethodPost, "/oauth2/token", nil)
		r.Header["Dpop"] = []string{proof}
		shown, err := p.possessed(r, "")
		if proof == good && err != nil {
			t.Fatalf("the good one: %v", err)
		}
		if err != nil {
			return
		}
		if shown.key == own && !strings.HasPrefix(proof, said+".") {
			t.Errorf("%q is taken for one of the key", proof)
		}
		if p.use(t.Context(), shown) != nil || p.use(t.Context(), shown) == nil {
			t.Errorf("%q is not good once", proof)
		}
	})
}

// FuzzURL: a URL in its normal form is its own, and no two hosts share one.
func FuzzURL(f *testing.F) {
	for _, seed := range []string{"https://sign.example.test/oauth2/token", "HTTPS://A:443/%7e/./../x?y#z", "https://u@a/", "//a", "%", "https://[::1]:8443/%2F"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := normalURL(text)
		if once == "" {
			return
		}
		if again := normalURL(once); again != once {
			t.Errorf("%q: first %q, then %q", text, once, again)
		}
		if strings.ContainsAny(once, "?#") {
			t.Errorf("%q: %q", text, once)
		}
	})
}
