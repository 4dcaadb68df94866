package oauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

// asks is what the house's client asks about a token.
func (h *house) asks(token string, change ...func(*http.Request)) answer {
	h.t.Helper()
	return h.post("/oauth2/introspect", url.Values{"client_id": {h.id}, "client_secret": {string(h.secret)}, "token": {token}}, change...)
}

// inactive wants that and no word more.
func (a answer) inactive(t *testing.T, says string) {
	t.Helper()
	if a.status != 200 || a.text != `{"active":false}` {
		t.Errorf("%s: %d %s", says, a.status, a.text)
	}
}

// What is told of each kind of token (RFC 7662 §2.2).
func TestIntrospection(t *testing.T) {
	f := newFair(t)
	a, own := newApplication(t, f.clock.Now), f.authority.of(newKey(t))
	iat := float64(f.clock.Now().Unix())
	token := func(form url.Values, change ...func(*http.Request)) string {
		t.Helper()
		return f.post("/oauth2/token", form, change...).is("access_token")
	}
	v1, secret := f.changed(func(c *oauth.Client) { c.Profile = oauth.ProfileCSCv1 })
	mtls, mtlsSecret := f.changed(func(c *oauth.Client) { c.Bound = oauth.BoundMTLS })
	common := map[string]any{"active": true, "client_id": f.id, "iat": iat, "exp": iat + 600, "iss": issuer, "scope": "service", "token_type": "Bearer"}
	plus := func(more map[string]any) map[string]any {
		all := map[string]any{}
		for _, part := range []map[string]any{common, more} {
			for name, value := range part {
				all[name] = value
			}
		}
		return all
	}
	login, credential := f.code(f.asking()), f.code(f.agreeing())
	ofV1 := f.code(with(f.agreeing(), "client_id", v1))
	all := map[string]struct {
		token  string
		id     string
		secret csc.Secret
		want   map[string]any
	}{
		"of the client itself": {token(f.good()), f.id, f.secret, common},
		"of a signer":          {token(f.redeeming(login)), f.id, f.secret, plus(map[string]any{"sub": signer})},
		"of scope credential":  {token(f.redeeming(credential)), f.id, f.secret, plus(map[string]any{"sub": signer, "scope": "credential", "exp": iat + 300})},
		"of v1": {token(of(f.redeeming(ofV1), v1, secret)), v1, secret, plus(map[string]any{
			"sub": signer, "scope": "credential", "exp": iat + 300, "token_type": "SAD", "client_id": v1,
		})},
		"bound to a key": {token(f.good(), a.with("")), f.id, f.secret, plus(map[string]any{
			"token_type": "DPoP", "cnf": map[string]any{"jkt": a.thumbprint()},
		})},
		"bound to a certificate": {token(of(f.good(), mtls, mtlsSecret), over(own)), mtls, mtlsSecret, plus(map[string]any{
			"client_id": mtls, "cnf": map[string]any{"x5t#S256": thumbprintOf(own)},
		})},
		"bound to both": {token(of(f.good(), mtls, mtlsSecret), over(own), a.with("")), mtls, mtlsSecret, plus(map[string]any{
			"client_id": mtls, "token_type": "DPoP", "cnf": map[string]any{"jkt": a.thumbprint(), "x5t#S256": thumbprintOf(own)},
		})},
	}
	f.clock.move(time.Minute)
	for says, tt := range all {
		got := f.post("/oauth2/introspect", of(url.Values{"token": {tt.token}}, tt.id, tt.secret))
		if diff := cmp.Diff(tt.want, got.body); got.status != 200 || diff != "" {
			t.Errorf("%s: %d %s", says, got.status, diff)
		}
	}
}

// The details are told as the client was told them, whatever was spent since.
func TestIntrospectionOfDetails(t *testing.T) {
	w, tokens, _ := fragileTown(t)
	server, secret := w.addClient(func(c *oauth.Client) { c.ResourceServer = true })
	granted := w.detailed([]object{element("c_1", "one", "two"), element("c_scal1", "three")}, "c_1", "c_scal1")
	if granted.status != 200 {
		t.Fatalf("got %d %s", granted.status, granted.text)
	}
	token := granted.is("access_token")
	look := func() {
		t.Helper()
		for _, got := range []answer{w.asks(token), w.post("/oauth2/introspect", of(url.Values{"token": {token}}, server, secret))} {
			if diff := cmp.Diff(granted.body["authorization_details"], got.body["authorization_details"]); got.body["active"] != true || diff != "" {
				t.Errorf("got %d %s\n%s", got.status, got.text, diff)
			}
		}
	}
	look()
	ids := sad.Parts(sad.ID(csc.Secret(token)), []string{"c_1", "c_scal1"})
	for n, id := range ids {
		g, err := w.grants.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if spent, err := w.grants.Swap(t.Context(), g, sad.Grant{}); !spent || err != nil {
			t.Fatal(spent, err)
		}
		if n == 0 {
			look() // of two grants one is left
		}
	}
	w.asks(token).inactive(t, "both are spent")
	form := w.repeating(w.browserCode(element("c_1", "one", "two")), element("c_1", "one", "two"))
	tokens.only, tokens.verb = "details:", "Put"
	w.post("/oauth2/token", form).wantUnavailable(t)
	tokens.verb = ""
	token = w.detailed([]object{element("c_1", "one", "two")}, "c_1").is("access_token")
	tokens.verb = "Get"
	w.asks(token).wantUnavailable(t)
}

// browserCode is the code of a request with details that was agreed to.
func (w *town) browserCode(elements ...object) string {
	w.t.Helper()
	b := w.browser()
	return b.agree(b.login(b.authorize(w.detailing(elements...)), signer), "c_1").told(w.t).Get("code")
}

// Everything else is not active, and nothing is told of why.
func TestIntrospectionOfWhatIsDead(t *testing.T) {
	w := newTown(t)
	code := w.code(w.asking())
	login := w.redeem(code)
	refresh := login.is("refresh_token")
	start, end, _ := strings.Cut(refresh, ".")
	for says, token := range map[string]string{
		"nobody's": challenge, "no token": "x", "a refresh token": refresh, "its beginning": start, "its end": end, "a code": code,
		"one with more at its end": login.is("access_token") + "x", "one in another case": strings.ToUpper(login.is("access_token")),
	} {
		w.asks(token).inactive(t, says)
	}
	for _, hint := range []string{"refresh_token", "access_token", "x"} {
		form := url.Values{"client_id": {w.id}, "client_secret": {string(w.secret)}, "token": {refresh}, "token_type_hint": {hint}}
		w.post("/oauth2/introspect", form).inactive(t, "a refresh token with hint "+hint)
		if got := w.post("/oauth2/introspect", with(form, "token", login.is("access_token"))); got.body["active"] != true {
			t.Errorf("hint %s: %s", hint, got.text)
		}
	}
	revoked := w.issue()
	w.post("/oauth2/revoke", with(w.good(), "token", string(revoked)))
	w.asks(string(revoked)).inactive(t, "revoked")
	w.post("/oauth2/revoke", with(w.good(), "token", refresh))
	w.asks(login.is("access_token")).inactive(t, "of a login that was revoked")

	credential := w.redeem(w.code(w.agreeing())).is("access_token")
	if got := w.asks(credential); got.body["active"] != true {
		t.Fatalf("got %s", got.text)
	}
	g, err := w.grants.Get(t.Context(), sad.ID(csc.Secret(credential)))
	if err != nil {
		t.Fatal(err)
	}
	if spent, err := w.grants.Swap(t.Context(), g, sad.Grant{}); !spent || err != nil {
		t.Fatal(spent, err)
	}
	w.asks(credential).inactive(t, "of scope credential, and spent")

	old := w.issue()
	w.changeClient(w.id, func(c *oauth.Client) { c.Scopes = []string{"credential"} })
	w.asks(string(old)).inactive(t, "of a scope that its client has no more")
	w.changeClient(w.id, func(c *oauth.Client) { c.Scopes = []string{"service", "credential"} })
	w.clock.move(10 * time.Minute)
	w.asks(string(old)).inactive(t, "over")
	w.clock.move(time.Hour)
	w.asks(string(old)).inactive(t, "long over")
}

// A token is told of to its own client and to resource servers.
func TestIntrospectionIsNotForEverybody(t *testing.T) {
	w := newTown(t)
	other, otherSecret := w.changed(func(*oauth.Client) {})
	server, serverSecret := w.addClient(func(c *oauth.Client) { c.ResourceServer, c.Grants, c.Scopes = true, nil, nil })
	ask := func(id string, secret csc.Secret, token string) answer {
		return w.post("/oauth2/introspect", of(url.Values{"token": {token}}, id, secret))
	}
	for _, token := range []string{string(w.issue()), w.redeem(w.code(w.agreeing())).is("access_token")} {
		ask(other, otherSecret, token).inactive(t, "another client")
		if got := ask(server, serverSecret, token); got.body["active"] != true || got.body["client_id"] != w.id {
			t.Errorf("a resource server: %d %s", got.status, got.text)
		}
		if got := w.asks(token); got.body["active"] != true {
			t.Errorf("its own: %d %s", got.status, got.text)
		}
	}
	w.changeClient(server, func(c *oauth.Client) { c.Disabled = true })
	ask(server, serverSecret, string(w.issue())).want(t, 400, "invalid_request", "Invalid parameter client_id")
	// What it is for gives it no token itself.
	w.changeClient(server, func(c *oauth.Client) { c.Disabled = false })
	w.post("/oauth2/token", of(w.good(), server, serverSecret)).want(t, 400, "unauthorized_client", tableUnauthorized)
}

func TestIntrospectionRefuses(t *testing.T) {
	w := newTown(t)
	token := string(w.issue())
	public, _ := w.changed(func(c *oauth.Client) { c.AuthMethod, c.Verifiers, c.ResourceServer = oauth.NoAuth, nil, true })
	form := url.Values{"client_id": {w.id}, "client_secret": {string(w.secret)}, "token": {token}}
	for _, tt := range []struct {
		says   string
		form   url.Values
		change func(*http.Request)
		status int
		code   string
		text   string
	}{
		{"no token", with(form, "token"), nil, 400, "invalid_request", "Missing parameter token"},
		{"an empty token", with(form, "token", ""), nil, 400, "invalid_request", "Missing parameter token"},
		{"an over-long token", with(form, "token", strings.Repeat("x", 1025)), nil, 400, "invalid_request", "Invalid parameter token"},
		{"no client", with(with(form, "client_id"), "client_secret"), nil, 400, "invalid_request", "Missing parameter client_id"},
		{"no secret", with(form, "client_secret"), nil, 400, "invalid_request", "Client authorization required"},
		{"a wrong secret", with(form, "client_secret", "x"), nil, 400, "invalid_request", "Invalid parameter client_secret"},
		{"a wrong secret in the header", with(with(form, "client_id"), "client_secret"), basic(w.id, "x"), 401, "invalid_client", "Invalid parameter client_secret"},
		{"the token itself as the caller's", url.Values{"token": {token}}, header("Authorization", "Bearer "+token), 401, "invalid_client", "Invalid authorization header"},
		{"a client that proves nothing", of(form, public, ""), nil, 400, "unauthorized_client", tableUnauthorized},
		{"the token in the query", with(form, "token"), func(r *http.Request) { r.URL.RawQuery = "token=" + token }, 400, "invalid_request", tableInvalidRequest},
		{"the caller's token in the query", form, func(r *http.Request) { r.URL.RawQuery = "access_token=" + token }, 400, "invalid_request", tableInvalidRequest},
		{"by GET", form, func(r *http.Request) { r.Method = http.MethodGet }, 405, "invalid_request", "The HTTP method is not allowed here"},
	} {
		t.Run(tt.says, func(t *testing.T) {
			var change []func(*http.Request)
			if tt.change != nil {
				change = append(change, tt.change)
			}
			w.post("/oauth2/introspect", tt.form, change...).want(t, tt.status, tt.code, tt.text)
		})
	}
	w.send("/oauth2/introspect", form.Encode()+"&token=x").want(t, 400, "invalid_request", tableInvalidRequest)
}

// A store that cannot be asked says nothing of a token: 503, and never that it is
// not active.
func TestOutageIsNotInactive(t *testing.T) {
	w, tokens, clients := fragileTown(t)
	service, login, credential := string(w.issue()), w.redeem(w.code(w.asking())).is("access_token"), w.redeem(w.code(w.agreeing())).is("access_token")
	all := []string{service, login, credential}
	tokens.verb = "Get"
	for _, token := range all {
		w.asks(token).wantUnavailable(t)
	}
	tokens.verb = ""
	clients.err = fmt.Errorf("read clients: %w", errGone)
	for _, token := range append(all, challenge) {
		w.asks(token).wantUnavailable(t)
	}
	clients.err = errors.New("row cannot be read")
	w.asks(service).want(t, 500, "server_error", tableServerError)
	clients.err = nil
	w.provider.Grants = brokenGrants{w.grants}
	w.asks(credential).wantUnavailable(t)
	w.provider.Grants = w.grants
	for _, token := range all {
		if got := w.asks(token); got.body["active"] != true {
			t.Errorf("after the outage: %s", got.text)
		}
	}
}

// brokenGrants cannot be read.
type brokenGrants struct{ sad.Store }

func (brokenGrants) Get(context.Context, string) (sad.Grant, error) { return sad.Grant{}, errGone }
