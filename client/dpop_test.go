package client

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pecete/pecete/csc"
)

func newDPoP(t *testing.T) *DPoP {
	t.Helper()
	d, err := NewDPoP(nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// bound makes s a server whose tokens are bound, and returns a client of it.
func (s *server) bound() *Client {
	s.on("/as/oauth2/token", answer(200, map[string]any{"access_token": tokenBody, "token_type": "DPoP", "expires_in": 600}))
	c := s.client()
	c.DPoP = newDPoP(s.t)
	return c
}

// proofIn reads the proof of a request as another library does.
func proofIn(t *testing.T, a asked) (claims map[string]any, thumbprint string) {
	t.Helper()
	signed, err := jose.ParseSignedCompact(a.header.Get("DPoP"), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatalf("proof %q: %v", a.header.Get("DPoP"), err)
	}
	header := signed.Signatures[0].Header
	if header.ExtraHeaders["typ"] != "dpop+jwt" || header.JSONWebKey == nil || !header.JSONWebKey.IsPublic() {
		t.Fatalf("header %+v", header)
	}
	payload, err := signed.Verify(header.JSONWebKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	sum, err := header.JSONWebKey.Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return claims, base64.RawURLEncoding.EncodeToString(sum)
}

// Both the token and what is done with it need the key.
func TestRequestsAreProven(t *testing.T) {
	s := serve(t)
	c := s.bound()
	now := time.Unix(1_800_000_000, 0)
	c.Now = func() time.Time { return now }
	for range 2 {
		if _, err := c.List(t.Context(), csc.ListRequest{}); err != nil {
			t.Fatal(err)
		}
	}
	hash := sha256.Sum256([]byte(tokenBody))
	seen := map[any]bool{}
	for path, want := range map[string]struct{ ath, scheme string }{
		"/as/oauth2/token":         {"", "Basic "},
		"/csc/v2/credentials/list": {base64.RawURLEncoding.EncodeToString(hash[:]), "DPoP " + tokenBody},
	} {
		claims, thumbprint := proofIn(t, s.last(path))
		ath, _ := claims["ath"].(string)
		if claims["htm"] != "POST" || claims["htu"] != s.URL+path || claims["iat"] != 1.8e9 || ath != want.ath || claims["nonce"] != nil || seen[claims["jti"]] {
			t.Errorf("%s: claims %v", path, claims)
		}
		seen[claims["jti"]] = true
		if thumbprint != c.DPoP.Thumbprint() {
			t.Errorf("thumbprint %q, and the client says %q", thumbprint, c.DPoP.Thumbprint())
		}
		if got := s.last(path).header.Get("Authorization"); !strings.HasPrefix(got, want.scheme) {
			t.Errorf("%s: Authorization %q", path, got)
		}
	}
	if s.last("/csc/v2/info").header.Get("DPoP") != "" {
		t.Error("a proof for nothing")
	}
}

// A nonce that the server wants is learnt, and the request sent again with it,
// once; then it is known.
func TestNonceIsLearnt(t *testing.T) {
	s := serve(t)
	c := s.bound()
	nonce := "first"
	demanding := func(status int, next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("DPoP-Nonce", nonce)
			claims, _ := proofIn(t, asked{header: r.Header})
			if claims["nonce"] != nonce {
				write(w, status, map[string]any{"error": "use_dpop_nonce"})
				return
			}
			next(w, r)
		}
	}
	s.on("/as/oauth2/token", demanding(400, answer(200, map[string]any{"access_token": tokenBody, "token_type": "DPoP", "expires_in": 600})))
	s.on("/csc/v2/signatures/signHash", demanding(401, answer(200, map[string]any{"signatures": []string{"AA==", "AA=="}})))
	if _, err := c.SignHash(t.Context(), signHash); err != nil {
		t.Fatal(err)
	}
	if asked, signed := s.count("/as/oauth2/token"), s.count("/csc/v2/signatures/signHash"); asked != 2 || signed != 1 {
		t.Errorf("asked %d times for a token and %d for signatures", asked, signed)
	}
	if body := s.last("/as/oauth2/token").body; !strings.Contains(body, "grant_type=client_credentials") {
		t.Errorf("sent again as %q", body)
	}
	nonce = "second"
	if _, err := c.SignHash(t.Context(), signHash); err != nil {
		t.Fatal(err)
	}
	if body := s.last("/csc/v2/signatures/signHash").body; !strings.Contains(body, "c_1") || s.count("/csc/v2/signatures/signHash") != 3 || s.count("/as/oauth2/token") != 2 {
		t.Errorf("sent again as %q", body)
	}
	s.on("/csc/v2/signatures/signHash", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("DPoP-Nonce", "always another")
		write(w, 400, map[string]any{"error": "use_dpop_nonce"})
	})
	before := s.count("/csc/v2/signatures/signHash")
	_, err := c.SignHash(t.Context(), signHash)
	if told := (*Error)(nil); !errors.As(err, &told) || told.Code != csc.UseDPoPNonce || s.count("/csc/v2/signatures/signHash") != before+2 {
		t.Errorf("got %v after %d tries", err, s.count("/csc/v2/signatures/signHash")-before)
	}
}

// A token that Token gives is bound to the same key.
func TestGivenTokenIsProven(t *testing.T) {
	s := serve(t)
	c := s.bound()
	c.Token = func(context.Context) (csc.Secret, error) { return "given", nil }
	if _, err := c.List(t.Context(), csc.ListRequest{}); err != nil {
		t.Fatal(err)
	}
	if got := s.last("/csc/v2/credentials/list").header.Get("Authorization"); got != "DPoP given" || s.count("/as/oauth2/token") != 0 {
		t.Errorf("Authorization %q", got)
	}
}

// A server that binds nothing is not taken for one that does, nor the other way
// round.
func TestBearerIsNotTakenForDPoP(t *testing.T) {
	for kind, want := range map[string]bool{"Bearer": false, "DPoP": true, "dpop": true, "": false} {
		s := serve(t)
		c := s.bound()
		s.on("/as/oauth2/token", answer(200, map[string]any{"access_token": tokenBody, "token_type": kind}))
		if _, err := c.List(t.Context(), csc.ListRequest{}); (err == nil) != want || err != nil && !errors.Is(err, ErrAnswer) {
			t.Errorf("%q: %v", kind, err)
		}
		c.DPoP = nil
		if err := c.Authenticate(t.Context()); (err == nil) != (kind == "Bearer") {
			t.Errorf("%q without a key: %v", kind, err)
		}
	}
}

// A brokenSigner signs otherwise than ECDSA does.
type brokenSigner struct {
	crypto.Signer
	signature []byte
	err       error
}

func (b brokenSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return b.signature, b.err
}

func TestKeysOfDPoP(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for says, key := range map[string]crypto.Signer{"P-384": p384, "Ed25519": ed} {
		if _, err := NewDPoP(key); !errors.Is(err, errCurve) {
			t.Errorf("%s: %v", says, err)
		}
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for says, key := range map[string]brokenSigner{"an error": {p256, nil, io.ErrUnexpectedEOF}, "no ASN.1": {p256, []byte{1}, nil}, "more than one": {p256, []byte{0x30, 6, 2, 1, 1, 2, 1, 1, 0}, nil}} {
		d, err := NewDPoP(key)
		if err != nil {
			t.Fatal(err)
		}
		if proof, err := d.Proof("POST", "https://sign.example.test", "", time.Now()); err == nil {
			t.Errorf("%s: %q", says, proof)
		}
	}
	d, err := NewDPoP(p256)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := d.Proof("GET", "https://sign.example.test/a%2Fb?query=x#part", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if claims, _ := proofIn(t, asked{header: http.Header{"Dpop": {proof}}}); claims["htu"] != "https://sign.example.test/a%2Fb" || claims["htm"] != "GET" {
		t.Errorf("claims %v", claims)
	}
	if _, err := d.Proof("GET", "https://%", "", time.Now()); err == nil {
		t.Error("a proof for no address")
	}
}

// Many use one key at once, and each request has a proof of its own.
func TestProofsAtOnce(t *testing.T) {
	s := serve(t)
	c := s.bound()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := c.List(t.Context(), csc.ListRequest{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[any]bool{}
	for _, a := range s.asked {
		if a.header.Get("DPoP") == "" {
			continue
		}
		claims, _ := proofIn(t, a)
		if seen[claims["jti"]] {
			t.Errorf("jti %v twice", claims["jti"])
		}
		seen[claims["jti"]] = true
	}
	if len(seen) != 21 {
		t.Errorf("%d proofs", len(seen))
	}
}
