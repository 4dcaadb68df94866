package oauth_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pecete/pecete/oauth"
)

func TestPush(t *testing.T) {
	w := newTown(t)
	a := w.post("/oauth2/pushed_authorize", w.pushedForm(w.agreeing()))
	shape := regexp.MustCompile(`^\{"request_uri":"urn:ietf:params:oauth:request_uri:[A-Za-z0-9_-]{43}","expires_in":90\}$`)
	if a.status != http.StatusCreated || !shape.MatchString(a.text) {
		t.Fatalf("got %d %s", a.status, a.text)
	}
	inHeader := with(with(w.asking(), "client_id"), "client_secret")
	if a := w.post("/oauth2/pushed_authorize", inHeader, basic(w.id, string(w.secret))); a.status != http.StatusCreated {
		t.Errorf("authenticated by the header: %d %s", a.status, a.text)
	}
}

func TestPushRefuses(t *testing.T) {
	w := newTown(t)
	other, otherSecret := w.addClient(func(c *oauth.Client) {
		c.RedirectURIs, c.Grants = []string{"https://other.example.com/"}, []string{"authorization_code"}
	})
	good := w.pushedForm(w.asking())
	bare := with(good, "client_secret")
	none := func(*http.Request) {}
	for _, tt := range []struct {
		name        string
		form        url.Values
		change      func(*http.Request)
		status      int
		code        string
		description string
	}{
		{"no client_id", with(good, "client_id"), none, 400, "invalid_request", "Missing parameter client_id"},
		{"client_id unknown", with(good, "client_id", oauth.NewClientID()), none, 400, "invalid_request", "Invalid parameter client_id"},
		{"client_id over-long", with(good, "client_id", strings.Repeat("x", 129)), none, 400, "invalid_request", "Invalid parameter client_id"},
		{"no secret", bare, none, 400, "invalid_request", "Client authorization required"},
		{"secret empty", with(good, "client_secret", ""), none, 400, "invalid_request", "Client authorization required"},
		{"a wrong secret", with(good, "client_secret", string(otherSecret)), none, 400, "invalid_request", "Invalid parameter client_secret"},
		{"a wrong secret in the header", bare, basic(w.id, "wrong"), 401, "invalid_client", "Invalid parameter client_secret"},
		{"one client in the header and another in the form", bare, basic(other, string(otherSecret)), 400, "invalid_request", "Invalid parameter client_id"},
		{"header and form secret", good, basic(w.id, string(w.secret)), 400, "invalid_request", tableInvalidRequest},
		{"another client's redirect_uri", with(good, "redirect_uri", "https://other.example.com/"), none, 400, "invalid_request", "Invalid parameter redirect_uri"},
		{"redirect_uri over-long", with(good, "redirect_uri", callback+strings.Repeat("x", 2048)), none, 400, "invalid_request", "Invalid parameter redirect_uri"},
		{"request_uri", with(good, "request_uri", w.push(w.asking())), none, 400, "invalid_request", "Invalid parameter request_uri"},
		{"state over-long", with(good, "state", strings.Repeat("x", 1025)), none, 400, "invalid_request", "Invalid parameter state"},
		{"parameters in the query", good, func(r *http.Request) { r.URL.RawQuery = "scope=service" }, 400, "invalid_request", tableInvalidRequest},
		{"JSON", good, func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, 415, "invalid_request", "The body must be application/x-www-form-urlencoded"},
		{"GET", good, func(r *http.Request) { r.Method = "GET" }, 405, "invalid_request", "The HTTP method is not allowed here"},
		{"a body beyond 64 KiB", with(good, "x", strings.Repeat("x", 64<<10)), none, 413, "invalid_request", "The body is too large"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.post("/oauth2/pushed_authorize", tt.form, tt.change).want(t, tt.status, tt.code, tt.description)
		})
	}
}

// A client cannot push in the name of another, whose name the signer would see.
func TestPushInAnothersName(t *testing.T) {
	w := newTown(t)
	other, secret := w.addClient(func(c *oauth.Client) {
		c.RedirectURIs, c.Grants, c.Scopes = []string{callback}, []string{"authorization_code"}, []string{"service", "credential"}
	})
	w.post("/oauth2/pushed_authorize", w.agreeing(), basic(other, string(secret))).want(t, 400, "invalid_request", "Invalid parameter client_id")
	a := w.post("/oauth2/pushed_authorize", with(w.agreeing(), "client_id"), basic(other, string(secret)))
	uri := a.is("request_uri")
	w.browser().authorize(w.atPushed(uri)).isPage(t, 400) // not the house's client's
	b := w.browser()
	form := with(w.atPushed(uri), "client_id", other)
	if i := b.picture(b.step(b.authorize(form), "/login")); i.Client.ID != other {
		t.Errorf("the signer is shown client %s", i.Client.ID)
	}
}

// Beside a request_uri everything but client_id is dropped unread: no parameter
// of the front channel reaches the request, one that it has or one it has not.
func TestFrontChannelInjection(t *testing.T) {
	w := newTown(t)
	evil := map[string]string{
		"response_type": "token", "redirect_uri": "https://evil.example/", "scope": "credential", "state": "evil",
		"code_challenge": strings.Repeat("A", 43), "code_challenge_method": "plain", "response_mode": "fragment",
		"credentialID": "c_scal1", "signatureQualifier": "eu_eidas_qes", "numSignatures": "9", "hashes": urlHash("evil"),
		"hashAlgorithmOID": "1.2.3", "description": "evil", "clientData": "evil", "lang": "ro", "account_token": "e.e.e",
		"authorization_details": `[{"type":"credential"}]`, "request": "e.e.e", "nonce": "evil", "claims": "{}",
	}
	for _, base := range []url.Values{w.asking(), w.agreeing(), with(w.asking(), "state")} {
		open := func(extra func(url.Values)) (oauth.Interaction, view) {
			b := w.browser()
			form := w.atPushed(w.push(base))
			extra(form)
			v := b.authorize(form)
			i := b.picture(b.step(v, "/login"))
			if v = b.login(v, signer); i.Scope == "credential" {
				v = b.agree(v, "c_1")
			}
			return i, v
		}
		want, plain := open(func(url.Values) {})
		for name, value := range evil {
			t.Run(name, func(t *testing.T) {
				got, v := open(func(form url.Values) { form.Set(name, value) })
				got.ID = want.ID
				if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(oauth.Interaction{})); diff != "" {
					t.Error(diff)
				}
				told, wantTold := v.told(t), plain.told(t)
				code := told.Get("code")
				told.Del("code")
				wantTold.Del("code")
				if diff := cmp.Diff(wantTold, told); diff != "" {
					t.Error(diff)
				}
				w.redeem(code) // with the verifier of the pushed challenge
			})
		}
		t.Run("state doubled in the query", func(t *testing.T) {
			b := w.browser()
			b.step(b.open("/oauth2/authorize?"+w.atPushed(w.push(base)).Encode()+"&state=a&state=b"), "/login")
		})
	}
}

// A reload finds the interaction again, also when the 90 seconds are over; once
// a code was made there is nothing to find.
func TestReload(t *testing.T) {
	w := newTown(t)
	b := w.browser()
	form := w.atPushed(w.push(w.agreeing()))
	first := b.step(b.authorize(form), "/login")
	w.clock.move(2 * time.Minute)
	again := b.authorize(form)
	if got := b.step(again, "/login"); got != first {
		t.Errorf("reloaded %s, want %s", got, first)
	}
	w.browser().authorize(form).isPage(t, 400) // another browser
	v := b.login(again, signer)
	consent := b.step(v, "/consent")
	if got := b.step(b.authorize(form), "/consent"); got != consent {
		t.Errorf("reloaded %s, want %s", got, consent)
	}
	if b.agree(v, "c_1").told(t).Get("code") == "" {
		t.Error("no code")
	}
	b.authorize(form).isPage(t, 400)
	b.open("/oauth2/authorize"+strings.TrimPrefix(consent, "/consent")).isPage(t, 400)
}

func TestPushedExpiry(t *testing.T) {
	w := newTown(t)
	first, second, third := w.push(w.asking()), w.push(w.asking()), w.push(w.asking())
	w.clock.move(90*time.Second - 1)
	b := w.browser()
	b.step(b.authorize(w.atPushed(first)), "/login")
	w.clock.move(1)
	w.browser().authorize(w.atPushed(second)).isPage(t, 400)
	b.step(b.authorize(w.atPushed(first)), "/login")
	w.clock.move(10 * time.Minute)
	b.authorize(w.atPushed(first)).isPage(t, 400)
	w.browser().authorize(w.atPushed(third)).isPage(t, 400)
}

// Another client neither opens a request_uri nor burns it.
func TestPushedIsBoundToItsClient(t *testing.T) {
	w := newTown(t)
	other, _ := w.addClient(func(c *oauth.Client) { c.RedirectURIs = []string{callback} })
	uri := w.push(w.asking())
	w.browser().authorize(with(w.atPushed(uri), "client_id", other)).isPage(t, 400)
	w.browser().authorize(with(w.atPushed(uri), "client_id")).isPage(t, 400)
	w.browser().walk(w.atPushed(uri)).told(t)
}

// No secret of anybody reaches the store, nor a key that is one.
func TestSecretsAreNotStored(t *testing.T) {
	spied := &spy{}
	w := newTown(t, func(h *house) { spied.Store = h.tokens; h.provider.Tokens = spied })
	b := w.browser()
	uri := w.push(w.agreeing())
	code := b.walk(w.atPushed(uri)).told(t).Get("code")
	a := w.redeem(code)
	refresh := w.redeem(w.code(w.asking())).is("refresh_token")
	start, _, _ := strings.Cut(refresh, ".")
	all := strings.Join(spied.seen, "\n") + w.log.String()
	for name, secret := range map[string]string{
		"client_secret": string(w.secret), "code": code, "access token": a.is("access_token"), "cookie": b.cookie.Value,
		"request_uri": strings.TrimPrefix(uri, "urn:ietf:params:oauth:request_uri:"), "verifier": verifier, "refresh token": start,
	} {
		if strings.Contains(all, secret) {
			t.Errorf("the store or the log has the %s", name)
		}
	}
}
