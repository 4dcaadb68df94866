package oauth_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

const (
	callback  = "https://app.example.com/cb"
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	signer    = "u_0001"
	stranger  = "u_0002"
)

// A town is a house with signers, their credentials and the pages of a login,
// which are played by the tests.
type town struct {
	*house
	vault     *vault
	people    *people
	refreshes *families
	grants    sad.Grants
}

func newTown(t *testing.T, change ...func(*house)) *town {
	t.Helper()
	owners := newPeople()
	w := &town{vault: newVault(t, owners), people: owners, refreshes: &families{kept: map[string]oauth.Refresh{}}}
	w.house = newHouse(t, append([]func(*house){func(h *house) {
		p := h.provider
		p.StepKey = []byte("a step key for tests of 32 bytes")
		p.Register = credentials.Register{Store: w.vault, Users: w.people, Now: h.clock.Now}
		p.Permissions = w.people
		p.Refresh, p.Failures, p.Loads, p.Signers = w.refreshes, 1e6, 1e6, 1e6
		w.grants = sad.Grants{Store: h.tokens, Now: h.clock.Now}
		p.Grants = w.grants
	}}, change...)...)
	w.changeClient(w.id, func(c *oauth.Client) {
		c.RedirectURIs = []string{callback}
		c.Grants = []string{"authorization_code", "refresh_token", "client_credentials"}
		c.Scopes = []string{"service", "credential"}
	})
	return w
}

// asking is a request of scope service that succeeds.
func (w *town) asking() url.Values {
	return url.Values{
		"response_type": {"code"}, "client_id": {w.id}, "redirect_uri": {callback}, "state": {"a b&c=ț"},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
}

func digest(s string) csc.Digest {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

func urlHash(s string) string { return base64.RawURLEncoding.EncodeToString(digest(s)) }

// agreeing is a request of scope credential over two hashes that succeeds.
func (w *town) agreeing() url.Values {
	form := w.asking()
	for name, value := range map[string]string{
		"scope": "credential", "credentialID": "c_1", "numSignatures": "2",
		"hashes": urlHash("one") + "," + urlHash("two"), "hashAlgorithmOID": csc.OIDSHA256,
		"description": "Contract", "clientData": "order 7",
	} {
		form.Set(name, value)
	}
	return form
}

// pushedForm is form as the house's client pushes it.
func (w *town) pushedForm(form url.Values) url.Values {
	return with(form, "client_secret", string(w.secret))
}

func (w *town) push(form url.Values) string {
	w.t.Helper()
	a := w.post("/oauth2/pushed_authorize", w.pushedForm(form))
	uri, _ := a.body["request_uri"].(string)
	if a.status != http.StatusCreated || uri == "" {
		w.t.Fatalf("not pushed: %d %s", a.status, a.text)
	}
	return uri
}

func (w *town) atPushed(uri string) url.Values {
	return url.Values{"client_id": {w.id}, "request_uri": {uri}}
}

// redeeming is a token request for a code that succeeds.
func (w *town) redeeming(code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "client_id": {w.id}, "client_secret": {string(w.secret)},
		"code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
	}
}

func (w *town) refreshing(token string) url.Values {
	return url.Values{
		"grant_type": {"refresh_token"}, "client_id": {w.id}, "client_secret": {string(w.secret)}, "refresh_token": {token},
	}
}

// A browser keeps its cookie.
type browser struct {
	w      *town
	cookie *http.Cookie
}

func (w *town) browser() *browser { return &browser{w: w} }

type view struct {
	status int
	header http.Header
	text   string
}

func (b *browser) request(path string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if b.cookie != nil {
		r.AddCookie(b.cookie)
	}
	return r
}

func (b *browser) open(path string) view {
	rec := httptest.NewRecorder()
	b.w.handler.ServeHTTP(rec, b.request(path))
	resp := rec.Result()
	for _, c := range resp.Cookies() {
		b.cookie = c
	}
	text, _ := io.ReadAll(resp.Body)
	return view{status: resp.StatusCode, header: resp.Header, text: string(text)}
}

func (b *browser) authorize(form url.Values) view {
	return b.open("/oauth2/authorize?" + form.Encode())
}

// step is where v leads to within our pages.
func (b *browser) step(v view, page string) string {
	b.w.t.Helper()
	to := v.header.Get("Location")
	if v.status != http.StatusSeeOther || !strings.HasPrefix(to, page+"?i=") {
		b.w.t.Fatalf("got %d to %q, want 303 to %s\n%s", v.status, to, page, v.text)
	}
	return to
}

func (b *browser) picture(path string) oauth.Interaction {
	b.w.t.Helper()
	i, err := b.w.provider.Interaction(b.request(path))
	if err != nil {
		b.w.t.Fatal(err)
	}
	return i
}

// login plays the login page.
func (b *browser) login(v view, userID string) view {
	b.w.t.Helper()
	i := b.picture(b.step(v, "/login"))
	next, err := b.w.provider.LoggedIn(context.Background(), i, b.w.people.now(userID))
	if err != nil {
		b.w.t.Fatal(err)
	}
	return b.open(next)
}

// agree plays the consent page.
func (b *browser) agree(v view, credentialIDs ...string) view {
	b.w.t.Helper()
	i := b.picture(b.step(v, "/consent"))
	next, err := b.w.provider.Agreed(context.Background(), i, credentialIDs, digest("page"), 5)
	if err != nil {
		b.w.t.Fatal(err)
	}
	return b.open(next)
}

// walk goes the whole way of a request as the signer.
func (b *browser) walk(form url.Values) view {
	b.w.t.Helper()
	v := b.login(b.authorize(form), signer)
	if strings.HasPrefix(v.header.Get("Location"), "/consent") {
		v = b.agree(v, "c_1")
	}
	return v
}

// told is what the client is told by a redirect to callback.
func (v view) told(t *testing.T) url.Values {
	t.Helper()
	start, query, _ := strings.Cut(v.header.Get("Location"), "?")
	told, err := url.ParseQuery(query)
	if v.status != http.StatusFound || start != callback || err != nil {
		t.Fatalf("got %d to %q (%v), want 302 to %s\n%s", v.status, v.header.Get("Location"), err, callback, v.text)
	}
	if got := told["iss"]; len(got) != 1 || got[0] != issuer {
		t.Errorf("iss %q", got)
	}
	return told
}

// code is the code of a finished way.
func (w *town) code(form url.Values) string {
	w.t.Helper()
	code := w.browser().walk(form).told(w.t).Get("code")
	if len(code) != 43 {
		w.t.Fatalf("code %q", code)
	}
	return code
}

// tokens redeems a code.
func (w *town) redeem(code string) answer {
	w.t.Helper()
	a := w.post("/oauth2/token", w.redeeming(code))
	if a.status != http.StatusOK {
		w.t.Fatalf("not redeemed: %d %s", a.status, a.text)
	}
	return a
}

func (a answer) is(name string) string {
	s, _ := a.body[name].(string)
	return s
}

// alive reports whether a token stands for anybody.
func (w *town) alive(token string) bool {
	_, err := w.provider.Bearer(context.Background(), csc.Secret(token))
	return err == nil
}
