package interop

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/servertest"
)

// authorize has the signer agree to what an application asks, and returns the
// token.
func (s *scene) authorize(ctx context.Context, conf *oauth2.Config, asked, redeemed []oauth2.AuthCodeOption) *oauth2.Token {
	s.t.Helper()
	const state = "where we were"
	back := s.agree(ctx, conf.AuthCodeURL(state, asked...))
	if got := back.Query().Get("state"); got != state {
		s.t.Errorf("state %q", got)
	}
	if back.Query().Get("code") == "" {
		s.t.Fatalf("the application is told %v", back.Query())
	}
	token, err := conf.Exchange(ctx, back.Query().Get("code"), redeemed...)
	must(s.t, err)
	return token
}

// pkce is both halves of a challenge.
func pkce() (asked, redeemed oauth2.AuthCodeOption) {
	verifier := oauth2.GenerateVerifier()
	return oauth2.S256ChallengeOption(verifier), oauth2.VerifierOption(verifier)
}

// overHashes is what a credential's authorization asks, in flat parameters.
func overHashes(credential, hashes string, digests ...[]byte) (asked []oauth2.AuthCodeOption) {
	var all []string
	for _, digest := range digests {
		all = append(all, base64.RawURLEncoding.EncodeToString(digest))
	}
	return []oauth2.AuthCodeOption{
		oauth2.SetAuthURLParam("credentialID", credential), oauth2.SetAuthURLParam("numSignatures", "1"),
		oauth2.SetAuthURLParam(hashes, strings.Join(all, ",")),
	}
}

// A plain client, made with golang.org/x/oauth2: code and PKCE, the secret where
// the library likes it best.
func TestPlainClient(t *testing.T) {
	s := newScene(t)
	app := s.application("Plain Application")
	servertest.Serve(t, s.Stage)
	ctx := context.WithValue(servertest.Context(t), oauth2.HTTPClient, s.web)

	asked, redeemed := pkce()
	login := s.authorize(ctx, s.plain(app, csc.ScopeService), []oauth2.AuthCodeOption{asked}, []oauth2.AuthCodeOption{redeemed})
	id, certificate := find(ctx, t, s.plain(app, "").Client(ctx, login), s.URL)

	digest := digestOf("a contract")
	asked, redeemed = pkce()
	granted := s.authorize(ctx, s.plain(app, csc.ScopeCredential), append(overHashes(id, "hashes", digest), asked,
		oauth2.SetAuthURLParam("hashAlgorithmOID", csc.OIDSHA256), oauth2.SetAuthURLParam("description", "A contract")),
		[]oauth2.AuthCodeOption{redeemed})
	if granted.RefreshToken != "" || granted.Type() != "Bearer" {
		t.Errorf("the token of the credential is a %s with refresh token %q", granted.Type(), granted.RefreshToken)
	}
	body := map[string]any{"credentialID": id, "hashes": []string{inBase64(digest)}, "signAlgo": ecdsaSHA256}
	var answer csc.SignHashResponse
	bound := s.plain(app, "").Client(ctx, granted)
	must(t, call(ctx, bound, s.URL, "signatures/signHash", body, &answer))
	signed(t, certificate, digest, inBase64(answer.Signatures[0]))
	if err := call(ctx, bound, s.URL, "signatures/signHash", body, &answer); err == nil {
		t.Error("the token signs twice")
	}
	s.renews(ctx, s.plain(app, csc.ScopeService), login)
}

// renews has the library find that a token is over, and get the next.
func (s *scene) renews(ctx context.Context, conf *oauth2.Config, login *oauth2.Token) {
	s.t.Helper()
	old := *login
	old.Expiry = time.Now().Add(-time.Second)
	next, err := conf.TokenSource(ctx, &old).Token()
	must(s.t, err)
	if next.AccessToken == login.AccessToken || next.RefreshToken == login.RefreshToken {
		s.t.Error("nothing was renewed")
	}
	find(ctx, s.t, conf.Client(ctx, next), s.URL)
}

// A client as those of API v1 are: no PKCE, the hash under its old name, and a
// SAD for a token, which goes into the body beside the service token.
func TestV1Client(t *testing.T) {
	s := newScene(t)
	app := s.application("Application of v1", "--profile", "csc-v1")
	servertest.Serve(t, s.Stage)
	ctx := context.WithValue(servertest.Context(t), oauth2.HTTPClient, s.web)
	login := s.authorize(ctx, s.plain(app, csc.ScopeService), nil, nil)
	service := s.plain(app, "").Client(ctx, login)
	id, certificate := find(ctx, t, service, s.URL)

	digest := digestOf("a contract of old")
	granted := s.authorize(ctx, s.plain(app, csc.ScopeCredential), overHashes(id, "hash", digest), nil)
	if granted.TokenType != "SAD" || granted.RefreshToken != "" {
		t.Fatalf("token_type %q, refresh token %q", granted.TokenType, granted.RefreshToken)
	}
	var answer csc.SignHashResponse
	body := map[string]any{"credentialID": id, "hashes": []string{inBase64(digest)}, "signAlgo": ecdsaSHA256, "SAD": granted.AccessToken}
	must(t, call(ctx, service, s.URL, "signatures/signHash", body, &answer))
	signed(t, certificate, digest, inBase64(answer.Signatures[0]))
	if err := call(ctx, service, s.URL, "signatures/signHash", body, &answer); err == nil || !strings.Contains(err.Error(), http.StatusText(http.StatusBadRequest)) {
		t.Errorf("the SAD a second time: %v", err)
	}
}
