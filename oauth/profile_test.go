package oauth_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

// profiled makes the town's client one of a profile.
func (w *town) profiled(profile string) {
	w.t.Helper()
	w.changeClient(w.id, func(c *oauth.Client) { c.Profile = profile })
}

func unchallenged(form url.Values) url.Values {
	return with(with(form, "code_challenge"), "code_challenge_method")
}

// v1 knows no PKCE: without it, and with a SAD for a token of scope credential.
func TestV1Way(t *testing.T) {
	w := newTown(t)
	w.profiled(oauth.ProfileCSCv1)
	a := w.redeemWithout(w.code(unchallenged(w.agreeing())))
	if a.status != 200 || a.is("token_type") != "SAD" || a.is("scope") != "credential" || a.is("refresh_token") != "" {
		t.Errorf("got %d %s", a.status, a.text)
	}
	if _, err := w.provider.Bearer(t.Context(), csc.Secret(a.is("access_token"))); err != nil {
		t.Error(err)
	}
	a = w.redeemWithout(w.code(unchallenged(w.asking())))
	if a.status != 200 || a.is("token_type") != "Bearer" || a.is("refresh_token") == "" {
		t.Errorf("got %d %s", a.status, a.text)
	}
	if a := w.post("/oauth2/token", w.refreshing(a.is("refresh_token"))); a.status != 200 || a.is("token_type") != "Bearer" {
		t.Errorf("got %d %s", a.status, a.text)
	}
}

// v1 calls the hashes hash, and their length is all it says of the algorithm.
func TestV1Hashes(t *testing.T) {
	w := newTown(t)
	w.profiled(oauth.ProfileCSCv1)
	form := with(with(unchallenged(w.agreeing()), "hashes"), "hashAlgorithmOID")
	both := urlHash("one") + "," + urlHash("two")
	a := w.redeemWithout(w.code(with(form, "hash", both)))
	g, err := w.grants.Get(t.Context(), sad.ID(csc.Secret(a.is("access_token"))))
	if err != nil || g.HashOID != csc.OIDSHA256 || len(g.Hashes) != 2 || !g.Bound {
		t.Errorf("%d %s: %+v, %v", a.status, a.text, g, err)
	}
	refuse := func(says string, form url.Values, description string) {
		t.Helper()
		if told := w.browser().authorize(form).told(t); told.Get("error") != "invalid_request" || told.Get("error_description") != description {
			t.Errorf("%s: %v", says, told)
		}
	}
	refuse("hash beside hashes", with(with(form, "hash", both), "hashes", both), "Invalid parameter hash")
	refuse("hash in no alphabet", with(form, "hash", "!"), "Invalid parameter hash")
	refuse("hash of no length", with(form, "hash", "AAAA"), "Invalid digest value length")
	refuse("hashes of two lengths", with(form, "hash", urlHash("one")+","+strings.Repeat("A", 64)), "Invalid digest value length")
	refuse("one hash for two signatures", with(form, "hash", urlHash("one")), "Invalid value for parameter numSignatures")
	w.profiled(oauth.ProfileCSC)
	form.Set("code_challenge", challenge)
	form.Set("code_challenge_method", "S256")
	told := w.browser().walk(with(form, "hash", both)).told(t) // to whom it is a parameter nobody knows
	if told.Get("error_description") != "Missing parameter hashes" {
		t.Errorf("another profile: %v", told)
	}
}

func (w *town) redeemWithout(code string) answer {
	w.t.Helper()
	return w.post("/oauth2/token", with(w.redeeming(code), "code_verifier"))
}

// A challenge cannot be taken out of a request, nor a verifier be put beside
// none, whatever the profile (RFC 9700 §4.8.2).
func TestNoPKCEDowngrade(t *testing.T) {
	for _, profile := range []string{oauth.ProfileCSC, oauth.ProfileCSCv1} {
		w := newTown(t)
		w.profiled(profile)
		code := w.code(w.asking())
		w.redeemWithout(code).want(t, 400, "invalid_request", "Missing parameter code_verifier")
		w.post("/oauth2/token", with(w.redeeming(code), "code_verifier", strings.Repeat("x", 43))).want(t, 400, "invalid_grant", "Invalid parameter code_verifier")
		w.redeemWithout(code).want(t, 400, "invalid_request", "Missing parameter code_verifier") // still, after a wrong one
		if a := w.redeem(code); a.status != 200 {
			t.Errorf("%s: %d %s", profile, a.status, a.text)
		}
	}
	w := newTown(t)
	w.profiled(oauth.ProfileCSCv1)
	code := w.code(unchallenged(w.asking()))
	w.post("/oauth2/token", w.redeeming(code)).want(t, 400, "invalid_grant", "Invalid parameter code_verifier")
	if a := w.redeemWithout(code); a.status != 200 {
		t.Errorf("got %d %s", a.status, a.text)
	}
	code = w.code(unchallenged(w.asking()))
	w.profiled(oauth.ProfileCSC) // what was begun by the old rules does not end by them
	w.redeemWithout(code).want(t, 400, "invalid_grant", "Invalid parameter code_verifier")
}

// PKCE is left out by nobody else, and half of it by nobody.
func TestPKCEIsDemanded(t *testing.T) {
	w := newTown(t)
	told := func(form url.Values) string {
		t.Helper()
		return w.browser().authorize(form).told(t).Get("error_description")
	}
	if got := told(unchallenged(w.asking())); got != "Missing parameter code_challenge" {
		t.Errorf("csc: %q", got)
	}
	w.profiled(oauth.ProfileCSCv1)
	for name, want := range map[string]string{"code_challenge": "Missing parameter code_challenge", "code_challenge_method": "Missing parameter code_challenge_method"} {
		if got := told(with(w.asking(), name)); got != want {
			t.Errorf("csc-v1 without %s: %q", name, got)
		}
	}
	if got := told(with(w.asking(), "code_challenge_method", "plain")); got != "Invalid parameter code_challenge_method" {
		t.Errorf("csc-v1 with plain: %q", got)
	}
	for _, method := range []string{"", oauth.NoAuth} {
		w.changeClient(w.id, func(c *oauth.Client) { c.Verifiers, c.AuthMethod = nil, method })
		if got := told(unchallenged(w.asking())); got != "Missing parameter code_challenge" {
			t.Errorf("csc-v1 without a secret, method %q: %q", method, got)
		}
	}
}

// A fapi2 client of the town, and its way.
func newFAPI(t *testing.T) (*town, *application) {
	w := newTown(t)
	a := newApplication(t, w.clock.Now)
	a.register(w.house, oauth.PrivateKeyJWT, func(c *oauth.Client) {
		c.Profile, c.RequirePAR, c.Bound = oauth.ProfileFAPI2, true, oauth.BoundDPoP
		c.RedirectURIs = []string{callback}
		c.Grants, c.Scopes = []string{"authorization_code", "refresh_token", "client_credentials"}, []string{"service", "credential"}
	})
	w.id = a.id
	return w, a
}

func (a *application) push(w *town, form url.Values) string {
	w.t.Helper()
	got := w.post("/oauth2/pushed_authorize", a.proving(form, assertion{}))
	uri, _ := got.body["request_uri"].(string)
	if got.status != http.StatusCreated || uri == "" {
		w.t.Fatalf("not pushed: %d %s", got.status, got.text)
	}
	return uri
}

// sees is what a client is told by 303.
func (v view) sees(t *testing.T) url.Values {
	t.Helper()
	if v.status != http.StatusSeeOther {
		t.Errorf("status %d, want 303", v.status)
	}
	v.status = http.StatusFound
	return v.told(t)
}

func TestFAPIWay(t *testing.T) {
	w, a := newFAPI(t)
	told := w.browser().walk(w.atPushed(a.push(w, w.agreeing()))).sees(t)
	got := w.post("/oauth2/token", a.proving(w.redeeming(told.Get("code")), assertion{}), a.with(""))
	if got.status != 200 || got.is("token_type") != "DPoP" || got.is("scope") != "credential" {
		t.Errorf("got %d %s", got.status, got.text)
	}
	if a := w.post("/oauth2/token", w.redeeming(told.Get("code"))); a.status != 401 || a.body["error"] != "invalid_client" {
		t.Errorf("by a secret: %d %s", a.status, a.text)
	}
}

// Errors go by the same redirect, with iss.
func TestFAPIErrors(t *testing.T) {
	w, a := newFAPI(t)
	b := w.browser()
	v := b.login(b.authorize(w.atPushed(a.push(w, w.agreeing()))), stranger)
	if told := v.sees(t); told.Get("error") == "" || told.Has("code") {
		t.Errorf("told %v", told)
	}
	b = w.browser()
	next, err := w.provider.Declined(t.Context(), b.picture(b.step(b.authorize(w.atPushed(a.push(w, w.asking()))), "/login")))
	if err != nil {
		t.Fatal(err)
	}
	if told := b.open(next).sees(t); told.Get("error") != "access_denied" {
		t.Errorf("told %v", told)
	}
}

// Who must push is told so, with iss and state, and no page opens.
func TestMustPush(t *testing.T) {
	w := newTown(t)
	w.changeClient(w.id, func(c *oauth.Client) { c.RequirePAR = true })
	told := w.browser().authorize(w.asking()).told(t)
	if told.Get("error") != "invalid_request" || told.Get("error_description") != "The request must be pushed" || told.Get("state") == "" {
		t.Errorf("told %v", told)
	}
	if w.browser().walk(w.atPushed(w.push(w.asking()))).told(t).Get("code") == "" {
		t.Error("no code for a pushed request")
	}
	w, _ = newFAPI(t)
	w.changeClient(w.id, func(c *oauth.Client) { c.RequirePAR = false })
	if told := w.browser().authorize(w.asking()).sees(t); told.Get("error_description") != "The request must be pushed" {
		t.Errorf("fapi2 is told %v", told)
	}
}

// Beside request_uri: dropped unread, refused in fapi2; and the pushed request
// stays as it was.
func TestBesideRequestURI(t *testing.T) {
	w, a := newFAPI(t)
	uri := a.push(w, w.agreeing())
	for _, name := range []string{"scope", "state", "redirect_uri", "response_type", "credentialID", "hashes", "numSignatures", "x", "request", "nonce", "iss"} {
		w.browser().authorize(with(w.atPushed(uri), name, "x")).isPage(t, 400)
	}
	w.browser().open("/oauth2/authorize?"+w.atPushed(uri).Encode()+"&x=1&x=2").isPage(t, 400)
	if w.browser().walk(w.atPushed(uri)).sees(t).Get("code") == "" {
		t.Error("the refusals spent the request")
	}
	csc := newTown(t)
	uri = csc.push(csc.agreeing())
	if csc.browser().walk(with(with(csc.atPushed(uri), "state", "other"), "credentialID", "c_other")).told(t).Get("state") != "a b&c=ț" {
		t.Error("the query reached the request")
	}
}

// Who asks too often waits, and is told how long: a client with a good proof,
// one that has none to give, and a signer.
func TestCallsAreLimited(t *testing.T) {
	w := newTown(t, func(h *house) { h.provider.Calls, h.provider.Loads = 3, 5 })
	other, secret := w.addClient()
	wait := func(a answer) {
		t.Helper()
		a.want(t, 429, "invalid_request", "Too many requests")
		if n, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || n < 1 || n > 60 {
			t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
		}
	}
	w.issue()
	w.post("/oauth2/revoke", with(w.good(), "token", "x")).want(t, 400, "invalid_request", "Invalid string parameter token")
	w.push(w.asking())
	wait(w.post("/oauth2/token", w.good()))
	wait(w.post("/oauth2/pushed_authorize", w.pushedForm(w.asking()), from("192.0.2.9:1")))
	wait(w.post("/oauth2/revoke", with(w.good(), "token", "x")))
	if a := w.post("/oauth2/token", with(with(w.good(), "client_id", other), "client_secret", string(secret))); a.status != 200 {
		t.Errorf("another client: %d %s", a.status, a.text)
	}
	public, _ := w.addClient(func(c *oauth.Client) { c.AuthMethod, c.Verifiers = oauth.NoAuth, nil })
	for range 5 {
		w.post("/oauth2/revoke", url.Values{"client_id": {public}, "token": {"x"}}).want(t, 400, "invalid_request", "Invalid string parameter token")
	}
	wait(w.post("/oauth2/revoke", url.Values{"client_id": {public}, "token": {"x"}}))
	if a := w.post("/oauth2/revoke", url.Values{"client_id": {public}, "token": {"x"}}, from("192.0.2.9:1")); a.status != 400 {
		t.Errorf("from another network: %d %s", a.status, a.text)
	}
	w.clock.move(time.Minute)
	w.issue()
}

func TestSignersAreLimited(t *testing.T) {
	w := newTown(t, func(h *house) { h.provider.Signers = 2 })
	for range 2 {
		w.code(w.asking())
	}
	b := w.browser()
	v := b.authorize(w.asking())
	i := b.picture(b.step(v, "/login"))
	next, err := w.provider.LoggedIn(t.Context(), i, w.people.now(signer))
	if err != nil {
		t.Fatal(err)
	}
	v = b.open(next)
	v.isPage(t, 429)
	if n, err := strconv.Atoi(v.header.Get("Retry-After")); err != nil || n < 1 || n > 60 {
		t.Errorf("Retry-After %q", v.header.Get("Retry-After"))
	}
	other := w.browser()
	if told := other.login(other.authorize(w.asking()), stranger).told(t); told.Get("code") == "" {
		t.Errorf("another signer is told %v", told)
	}
	w.clock.move(time.Minute)
	if told := b.open(next).told(t); told.Get("code") == "" { // waiting costs no second login
		t.Errorf("a minute later: %v", told)
	}
}

// One client's failures and one network's are limited beyond what one of the
// other may do.
func TestFailuresAreLimitedAcross(t *testing.T) {
	h := newHouse(t, func(h *house) { h.provider.Failures = 2 })
	wrong := with(h.good(), "client_secret", "wrong")
	last := 0
	for n := range 21 { // one client, two from each network
		last = h.post("/oauth2/token", wrong, from("192.0.2."+strconv.Itoa(n/2+1)+":1")).status
	}
	if last != 429 {
		t.Errorf("the 21st failure of one client: %d", last)
	}
	if a := h.post("/oauth2/token", h.good(), from("192.0.2.1:1")); a.status != 200 {
		t.Errorf("the right secret: %d %s", a.status, a.text)
	}
	for range 11 { // one network, with new clients
		id, _ := h.addClient()
		last = h.post("/oauth2/token", with(wrong, "client_id", id), from("198.51.100.1:1")).status
	}
	if last != 429 {
		t.Errorf("the 11th failure of one network: %d", last)
	}
}
