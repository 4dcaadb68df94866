package server_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

// agreed has the signer agree on the pages, to a hash for each of the
// credentials at once, and returns the one token that comes of it.
func (h *house) agreed(web app, hashes map[string]string, chosen ...credentials.Credential) string {
	h.t.Helper()
	challenge := sha256.Sum256([]byte(verifier))
	var elements []csc.AuthorizationDetail
	var ids []string
	for _, c := range chosen {
		digest, err := csc.DecodeBase64(hashes[c.ID])
		must(h.t, err)
		elements = append(elements, csc.AuthorizationDetail{
			Type: csc.DetailCredential, CredentialID: c.ID, NumSignatures: 1, HashAlgorithmOID: csc.OIDSHA256,
			DocumentDigests: []csc.DocumentDigest{{Hash: digest, Label: "Contract"}},
		})
		ids = append(ids, c.ID)
	}
	details, err := json.Marshal(elements)
	must(h.t, err)
	var cookie *http.Cookie
	visit := func(path string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		if cookie != nil {
			r.AddCookie(cookie)
		}
		return r
	}
	open := func(path string) string {
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, visit(path))
		for _, c := range w.Result().Cookies() {
			cookie = c
		}
		return w.Result().Header.Get("Location")
	}
	page := open("/oauth2/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {web.id}, "authorization_details": {string(details)},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode())
	i, err := h.provider.Interaction(visit(page))
	must(h.t, err)
	next, err := h.provider.LoggedIn(h.t.Context(), i, h.signer)
	must(h.t, err)
	i, err = h.provider.Interaction(visit(open(next)))
	must(h.t, err)
	h.clock.advance(30 * time.Second)
	proof, err := h.api.Authorizer.Prover.(*users.Prover).Code(h.t.Context(), h.signer.ID, csc.Secret(h.code()))
	must(h.t, err)
	next, err = h.provider.Agreed(h.t.Context(), i, ids, challenge[:], proof.Step)
	must(h.t, err)
	home, err := url.Parse(open(next))
	must(h.t, err)
	resp, err := http.PostForm(h.url+"/oauth2/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {web.id}, "client_secret": {web.secret},
		"code": {home.Query().Get("code")}, "code_verifier": {verifier}, "authorization_details": {string(details)},
	})
	must(h.t, err)
	defer resp.Body.Close()
	var told struct {
		Token string `json:"access_token"`
	}
	must(h.t, json.NewDecoder(resp.Body).Decode(&told))
	if told.Token == "" {
		h.t.Fatalf("no token: %s", resp.Status)
	}
	return told.Token
}

// One token, two credentials: each signs what was agreed to for it, once, by the
// token as bearer or as the SAD beside a service token, and nothing else.
func TestOneTokenOfTwoCredentials(t *testing.T) {
	h := newHouse(t)
	onPages := func(p *credentials.Profile) { p.Mode = csc.OAuth2Code }
	one, two, third := h.credential(h.signer, csc.P256, onPages), h.credential(h.signer, csc.P256, onPages), h.credential(h.signer, csc.P256, onPages)
	web := h.addWebApp("Demo Application on the web")
	hashes := map[string]string{one.ID: hash("a"), two.ID: hash("b")}
	token := h.agreed(web, hashes, one, two)
	bearer := "Authorization: Bearer " + token
	other := h.agreed(web, hashes, one, two)
	badSAD, badID, badHash := "Invalid parameter SAD", "Invalid parameter credentialID", "Hash is not authorized by the SAD."
	bare := func(c credentials.Credential, hashes ...string) string {
		return strings.Replace(signBody(c, "", hashes...), `"SAD":"",`, "", 1)
	}
	for name, row := range map[string]struct{ body, says string }{
		"the hash of the other credential":  {bare(one, hash("b")), badHash},
		"both hashes with one credential":   {bare(two, hash("a"), hash("b")), badHash},
		"a credential that is not among it": {bare(third, hash("a")), badID},
		"another token beside it":           {signBody(one, other, hash("a")), badSAD},
		"the name its grant has in a log":   {signBody(one, sha256Hex(token)+"."+one.ID, hash("a")), badSAD},
	} {
		t.Run(name, func(t *testing.T) {
			wantRefusal(t, h.call(csc.MethodSignHash, row.body, bearer), 400, "invalid_request", row.says)
		})
	}
	for _, c := range []credentials.Credential{one, two} {
		decode[csc.CredentialInfo](t, h.call(csc.MethodCredentialInfo, fmt.Sprintf(`{"credentialID":%q}`, c.ID), bearer))
	}
	h.signed(t, one, hash("a"), h.call(csc.MethodSignHash, bare(one, hash("a")), bearer))
	wantRefusal(t, h.call(csc.MethodSignHash, bare(one, hash("a")), bearer), 400, "invalid_request", badSAD)
	service := "Authorization: Bearer " + h.token(web)
	must(t, h.registry.Link(t.Context(), web.id, h.signer.ID))
	h.signed(t, two, hash("b"), h.call(csc.MethodSignHash, signBody(two, token, hash("b")), service))
	wantRefusal(t, h.call(csc.MethodSignHash, signBody(two, token, hash("b")), service), 400, "invalid_request", badSAD)
	if a := h.call(csc.MethodSignHash, bare(two, hash("b")), bearer); a.status != http.StatusUnauthorized {
		t.Errorf("all is spent, and the token is answered with %d %s", a.status, a.body)
	}
	if h.keys.count() != 2 {
		t.Errorf("the device signed %d times, want 2", h.keys.count())
	}
	h.judged(t)
}

// Of many who sign with one token of two credentials at once, two get a
// signature: one for each.
func TestRaceForATokenOfTwoCredentials(t *testing.T) {
	h := newHouse(t)
	onPages := func(p *credentials.Profile) { p.Mode = csc.OAuth2Code }
	one, two := h.credential(h.signer, csc.P256, onPages), h.credential(h.signer, csc.P256, onPages)
	token := h.agreed(h.addWebApp("Demo Application on the web"), map[string]string{one.ID: hash("a"), two.ID: hash("b")}, one, two)
	var signed sync.Map
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			c, digest := one, hash("a")
			if i%2 == 1 {
				c, digest = two, hash("b")
			}
			a := h.call(csc.MethodSignHash, strings.Replace(signBody(c, "", digest), `"SAD":"",`, "", 1), "Authorization: Bearer "+token)
			if a.status == http.StatusOK {
				signed.Store(i, c.ID)
			}
		})
	}
	all.Wait()
	seen := map[any]int{}
	signed.Range(func(_, id any) bool { seen[id]++; return true })
	if seen[one.ID] != 1 || seen[two.ID] != 1 || h.keys.count() != 2 {
		t.Errorf("signed %v, the device %d times", seen, h.keys.count())
	}
	h.judged(t)
}

func sha256Hex(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }

// signed wants one signature over the hash that verifies.
func (h *house) signed(t *testing.T, c credentials.Credential, digest string, a answer) {
	t.Helper()
	made := decode[csc.SignHashResponse](t, a)
	cert, err := c.Certificate()
	must(t, err)
	raw, _ := csc.DecodeBase64(digest)
	if len(made.Signatures) != 1 || !ecdsa.VerifyASN1(cert.PublicKey.(*ecdsa.PublicKey), raw, made.Signatures[0]) {
		t.Error("the signature does not verify with the certificate")
	}
}

// judged wants a log in which nothing is what should not be.
func (h *house) judged(t *testing.T) {
	t.Helper()
	var ledger audit.Ledger
	text, err := os.ReadFile(h.path)
	must(t, err)
	for n, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		var r audit.Record
		must(t, json.Unmarshal([]byte(line), &r))
		r.Line = n + 1
		ledger.Add(r)
	}
	if found := ledger.Findings(); len(found) > 0 {
		t.Errorf("the log has %v", found)
	}
}
