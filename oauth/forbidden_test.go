package oauth_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

// What docs/engine.md has no other test for: each is named after what must not
// be.

// A code goes to the redirect URI it was asked for, and to no other that the
// client has: the redemption names the same one.
func TestCodeIsNotRedeemedForAnotherRedirectURI(t *testing.T) {
	w := newTown(t)
	const second = callback + "/second"
	w.changeClient(w.id, func(c *oauth.Client) { c.RedirectURIs = []string{callback, second} })
	good := w.redeeming(w.code(w.asking()))
	for _, uri := range []string{second, "", strings.ToUpper(callback), "https://evil.example/"} {
		w.post("/oauth2/token", with(good, "redirect_uri", uri)).want(t, 400, "invalid_grant", saysRedirect)
	}
	if a := w.post("/oauth2/token", good); a.status != 200 {
		t.Errorf("the right one after these: %d %s", a.status, a.text)
	}
}

// No refresh token comes of a credential's authorization, and none of a login
// becomes one.
func TestRefreshCarriesNoCredential(t *testing.T) {
	w := newTown(t)
	credential := w.redeem(w.code(w.agreeing()))
	if credential.body["refresh_token"] != nil || len(w.refreshes.kept) > 0 {
		t.Fatalf("a refresh token of scope credential: %s", credential.text)
	}
	// The login's request has all that a credential's has, but for the scope.
	login := w.redeem(w.code(with(w.agreeing(), "scope", "service")))
	form := w.refreshing(login.is("refresh_token"))
	for _, scope := range []string{"credential", "service credential", "credential service"} {
		w.post("/oauth2/token", with(form, "scope", scope)).want(t, 400, "invalid_scope", tableInvalidScope)
	}
	for _, name := range []string{"credentialID", "hashes", "numSignatures", "signatureQualifier"} {
		form.Set(name, w.agreeing().Get(name))
	}
	next := w.post("/oauth2/token", form)
	who, err := w.provider.Bearer(t.Context(), csc.Secret(next.is("access_token")))
	if err != nil || who.GrantID != "" || len(who.CredentialIDs) > 0 || who.Scope != "service" {
		t.Errorf("the refreshed token stands for %+v, %v", who, err)
	}
	for _, member := range []string{"credentialID", "authorization_details"} {
		if next.body[member] != nil {
			t.Errorf("the answer has %s: %s", member, next.text)
		}
	}
}

// Neither the proofs of a client nor the client itself are in what is kept.
func TestProofsAreNotStored(t *testing.T) {
	spied := &spy{}
	w := newTown(t, func(h *house) { spied.Store = h.tokens; h.provider.Tokens = spied })
	a := newApplication(t, w.clock.Now)
	a.register(w.house, oauth.PrivateKeyJWT, func(c *oauth.Client) {
		c.Name = "A name of its own"
		c.RedirectURIs, c.Grants, c.Scopes = []string{callback}, []string{"authorization_code"}, []string{"service", "credential"}
	})
	pushed := a.proving(w.agreeing(), assertion{})
	uri := w.post("/oauth2/pushed_authorize", pushed).is("request_uri")
	code := w.browser().walk(url.Values{"client_id": {a.id}, "request_uri": {uri}}).told(t).Get("code")
	redeemed := a.proving(w.redeeming(code), assertion{})
	if got := w.post("/oauth2/token", redeemed); got.status != 200 {
		t.Fatalf("got %d %s", got.status, got.text)
	}
	own, _ := w.clients.Client(t.Context(), w.id)
	all := strings.Join(spied.seen, "\n")
	for name, text := range map[string]string{
		"pushed assertion": pushed.Get("client_assertion"), "redeemed assertion": redeemed.Get("client_assertion"),
		"signature of an assertion": pushed.Get("client_assertion")[strings.LastIndexByte(pushed.Get("client_assertion"), '.')+1:],
		"client's name":             "A name of its own", "verifier of a secret": base64.StdEncoding.EncodeToString(own.Verifiers[0]),
		"client_assertion": "client_assertion", "client_secret": "client_secret",
	} {
		if text == "" || strings.Contains(all, text) {
			t.Errorf("the store has the %s", name)
		}
	}
}

// Who reads what is kept of a login has no token for it: the hashes neither
// refresh, nor end the family, for its own client and with its own proof.
func TestWhatIsStoredRevokesNothing(t *testing.T) {
	w := newTown(t)
	token := w.redeem(w.code(w.asking())).is("refresh_token")
	family := slices.Collect(maps.Values(w.refreshes.kept))[0]
	parts := []string{family.ID, family.Hash}
	for _, text := range parts[:2] {
		raw, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(raw))
	}
	_, end, _ := strings.Cut(token, ".")
	for _, start := range parts {
		for _, rest := range append(parts, end, challenge, "x", "") {
			forged := start + "." + rest
			w.post("/oauth2/token", w.refreshing(forged)).want(t, 400, "invalid_grant", saysRefresh)
			w.post("/oauth2/revoke", with(w.good(), "token", forged)).want(t, 400, "invalid_request", "Invalid string parameter token")
		}
	}
	if a := w.post("/oauth2/token", w.refreshing(token)); a.status != 200 {
		t.Errorf("after these the token is dead: %d %s", a.status, a.text)
	}
}

// The scheme of a loopback address is the one that was registered, whatever the
// port, and https to it cannot be registered at all.
func TestLoopbackKeepsItsScheme(t *testing.T) {
	w := newTown(t)
	for _, row := range [][2]string{
		{"https://127.0.0.1/cb", "http://127.0.0.1/cb"}, {"https://127.0.0.1:8443/cb", "http://127.0.0.1:8443/cb"},
		{"https://[::1]/cb", "http://[::1]/cb"}, {"http://127.0.0.1/cb", "https://127.0.0.1/cb"}, {"http://127.0.0.1/cb", "http://[::1]/cb"},
	} {
		w.changeClient(w.id, func(c *oauth.Client) { c.RedirectURIs = []string{row[0]} })
		w.browser().authorize(with(w.asking(), "redirect_uri", row[1])).isPage(t, 400)
		w.post("/oauth2/pushed_authorize", w.pushedForm(with(w.asking(), "redirect_uri", row[1]))).
			want(t, 400, "invalid_request", "Invalid parameter redirect_uri")
	}
}

// Nothing that a stranger or a client names is fetched: a listener hears nobody.
func TestNothingIsFetched(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var heard atomic.Int64
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			heard.Add(1)
			_ = conn.Close()
		}
	}()
	w := newTown(t)
	for _, scheme := range []string{"http://", "https://"} {
		bait := scheme + listener.Addr().String() + "/"
		w.browser().authorize(w.atPushed(bait)).isPage(t, 400)
		w.browser().authorize(with(w.atPushed(bait), "client_id", bait)).isPage(t, 400)
		for _, name := range []string{"request_uri", "redirect_uri", "jwks_uri", "logo_uri", "sector_identifier_uri", "client_id", "response_uri"} {
			form := with(w.pushedForm(w.asking()), name, bait)
			w.post("/oauth2/pushed_authorize", form)
			w.browser().authorize(with(w.asking(), name, bait))
		}
		a := newApplication(t, w.clock.Now)
		a.register(w.house, oauth.PrivateKeyJWT)
		for _, member := range []string{"jku", "x5u", "kid"} {
			header := `{"alg":"$ALG","typ":"JWT","` + member + `":"` + bait + `"}`
			if got := w.post("/oauth2/token", a.proving(w.good(), assertion{Header: header, Key: "stranger"})); got.status != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", member, got.status, got.text)
			}
		}
	}
	if n := heard.Load(); n > 0 {
		t.Errorf("%d connections", n)
	}
}

// Whatever the client is told, it is told who tells it: once, in success and in
// each kind of error, by each kind of redirect (RFC 9207).
func TestEveryAnswerNamesItsIssuer(t *testing.T) {
	w := newTown(t)
	declined := func() view {
		b := w.browser()
		i := b.picture(b.step(b.login(b.authorize(w.agreeing()), signer), "/consent"))
		next, err := w.provider.Declined(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		return b.open(next)
	}
	for says, v := range map[string]view{
		"a login":                     w.browser().walk(w.asking()),
		"an agreement":                w.browser().walk(w.atPushed(w.push(w.agreeing()))),
		"a refusal":                   declined(),
		"a fault of the request":      w.browser().authorize(with(w.asking(), "response_type", "token")),
		"a scope that is none":        w.browser().authorize(with(w.asking(), "scope", "openid")),
		"a parameter twice":           w.browser().open("/oauth2/authorize?" + w.asking().Encode() + "&scope=a&scope=b"),
		"an issuer of the client's":   w.browser().authorize(with(with(w.asking(), "iss", "https://evil.example"), "scope", "x")),
		"a credential that is unfit":  w.browser().walk(with(w.agreeing(), "credentialID", "c_explicit")),
		"a credential of a stranger":  w.browser().walk(with(w.agreeing(), "credentialID", "c_strange")),
		"a request without its state": w.browser().walk(with(w.asking(), "state")),
	} {
		_, query, _ := strings.Cut(v.header.Get("Location"), "?")
		told, err := url.ParseQuery(query)
		if err != nil || len(told["iss"]) != 1 || told.Get("iss") != issuer || told.Has("code") == told.Has("error") {
			t.Errorf("%s: %d to %q", says, v.status, v.header.Get("Location"))
		}
	}
}

// No header says from which network a request comes: loads and failures are
// counted by the connection.
func TestForwardedHeadersAreNotCounted(t *testing.T) {
	w := newTown(t, func(h *house) { h.provider.Loads, h.provider.Failures = 5, 5 })
	wrong := with(w.good(), "client_secret", "wrong")
	for n := range 10 {
		for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "Cf-Connecting-Ip", "True-Client-Ip"} {
			told := header(name, fmt.Sprintf("192.0.2.%d", n))
			a := w.post("/oauth2/token", wrong, told)
			r := w.browser().request("/oauth2/authorize?" + w.asking().Encode())
			told(r)
			rec := httptest.NewRecorder()
			w.handler.ServeHTTP(rec, r)
			if n > 0 && (a.status != http.StatusTooManyRequests || rec.Code != http.StatusTooManyRequests) {
				t.Fatalf("request %d by %s: %d and %d", n, name, a.status, rec.Code)
			}
		}
	}
}
