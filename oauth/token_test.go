package oauth_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

const (
	tableInvalidRequest = "The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than once, or is otherwise malformed."
	tableInvalidScope   = "The requested scope is invalid, unknown, or malformed."
	tableUnauthorized   = "The client is not authorized to use this method."
	tableUnavailable    = "The authorization server is currently unable to handle the request due to a temporary overloading or maintenance of the server."
	tableServerError    = "The authorization server encountered an unexpected condition that prevented it from fulfilling the request."
)

// The whole answer, as text: §8.4.4 and RFC 6749 §5.1.
func TestServiceToken(t *testing.T) {
	h := newHouse(t)
	a := h.post("/oauth2/token", h.good())
	shape := regexp.MustCompile(`^\{"access_token":"[A-Za-z0-9_-]{43}","token_type":"Bearer","expires_in":600,"scope":"service"\}$`)
	if a.status != http.StatusOK || !shape.MatchString(a.text) {
		t.Fatalf("got %d %s", a.status, a.text)
	}
	if got := a.header.Get("Pragma"); got != "no-cache" {
		t.Errorf("Pragma %q", got)
	}
	who, err := h.provider.Bearer(t.Context(), csc.Secret(a.body["access_token"].(string)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(credentials.Caller{ClientID: h.id, Scope: "service"}, who); diff != "" {
		t.Error(diff)
	}
	want := []audit.Entry{{Event: audit.TokenIssued, Client: h.id, Reason: "scope service"}}
	if diff := cmp.Diff(want, h.record.of(audit.TokenIssued)); diff != "" {
		t.Error(diff)
	}
}

// The same over TLS and a real connection, as a client sees it.
func TestServiceTokenOverTLS(t *testing.T) {
	h := newHouse(t)
	srv := httptest.NewTLSServer(h.handler)
	defer srv.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/oauth2/token", strings.NewReader("grant_type=client_credentials&scope=service"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")
	r.SetBasicAuth(h.id, string(h.secret))
	resp, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if a := read(t, resp); a.status != http.StatusOK || a.body["token_type"] != "Bearer" {
		t.Errorf("got %d %s", a.status, a.text)
	}
}

func TestTokenAccepts(t *testing.T) {
	h := newHouse(t)
	inHeader := with(with(h.good(), "client_secret"), "client_id")
	tests := []struct {
		name   string
		form   url.Values
		change func(*http.Request)
	}{
		{"no scope", h.good(), nil},
		{"scope service", with(h.good(), "scope", "service"), nil},
		{"a scope without a value, which counts as absent", with(h.good(), "scope", ""), nil},
		{"the secret in the header", inHeader, basic(h.id, string(h.secret))},
		{"the secret in the header and the id in the form too", with(inHeader, "client_id", h.id), basic(h.id, string(h.secret))},
		{"the secret in the header and an empty one in the form", with(inHeader, "client_secret", ""), basic(h.id, string(h.secret))},
		{"the scheme in another case", inHeader, func(r *http.Request) {
			basic(h.id, string(h.secret))(r)
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "Basic", "bASIC", 1))
		}},
		{"an unknown parameter", with(h.good(), "audience", "https://elsewhere.example"), nil},
		{"clientData", with(h.good(), "clientData", "țăran\n\"'"), nil},
		{"parameters of another grant", with(h.good(), "code", "x"), nil},
		{"a media type with its charset", h.good(), func(r *http.Request) {
			r.Header.Set("Content-Type", `application/x-www-form-urlencoded; charset="utf-8"`)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var changes []func(*http.Request)
			if tt.change != nil {
				changes = append(changes, tt.change)
			}
			a := h.post("/oauth2/token", tt.form, changes...)
			if a.status != http.StatusOK {
				t.Fatalf("got %d %s", a.status, a.text)
			}
			who, err := h.provider.Bearer(t.Context(), csc.Secret(a.body["access_token"].(string)))
			if err != nil || who.ClientID != h.id || who.Scope != "service" {
				t.Errorf("token stands for %+v, %v", who, err)
			}
		})
	}
}

func TestTokenRefuses(t *testing.T) {
	h := newHouse(t, func(h *house) { h.provider.Failures = 1000 })
	other, otherSecret := h.addClient()
	noGrant, noGrantSecret := h.addClient(func(c *oauth.Client) { c.Grants = []string{"authorization_code"} })
	noScope, noScopeSecret := h.addClient(func(c *oauth.Client) { c.Scopes = []string{"credential"} })
	public, _ := h.addClient(func(c *oauth.Client) { c.Verifiers = nil })
	disabled, disabledSecret := h.addClient(func(c *oauth.Client) { c.Disabled = true })
	good := h.good()
	bare := with(with(good, "client_id"), "client_secret") // for the header
	as := func(id string, secret csc.Secret) url.Values {
		return with(with(good, "client_id", id), "client_secret", string(secret))
	}
	none := func(*http.Request) {}
	tests := []struct {
		name        string
		form        url.Values
		change      func(*http.Request)
		status      int
		code        string
		description string
	}{
		// The order of the table of §8.4.4.
		{"nothing at all", url.Values{}, none, 400, "invalid_request", "Missing parameter client_id"},
		{"no client_id", with(good, "client_id"), none, 400, "invalid_request", "Missing parameter client_id"},
		{"client_id empty", with(good, "client_id", ""), none, 400, "invalid_request", "Missing parameter client_id"},
		{"no grant_type", with(good, "grant_type"), none, 400, "invalid_request", "Missing parameter grant_type"},
		{"no grant_type and an unknown client", with(as("app_nobody", h.secret), "grant_type"), none, 400, "invalid_request", "Missing parameter grant_type"},
		{"grant_type empty", with(good, "grant_type", ""), none, 400, "invalid_request", "Missing parameter grant_type"},
		{"grant_type unknown", with(good, "grant_type", "foo"), none, 400, "invalid_request", "Invalid parameter grant_type"},
		{"grant_type unknown and an unknown client", with(as("app_nobody", h.secret), "grant_type", "foo"), none, 400, "invalid_request", "Invalid parameter grant_type"},
		{"grant_type password", with(good, "grant_type", "password"), none, 400, "invalid_request", "Invalid parameter grant_type"},
		{"grant_type twice in one value", with(good, "grant_type", "client_credentials client_credentials"), none, 400, "invalid_request", "Invalid parameter grant_type"},
		{"grant_type with a space before it", with(good, "grant_type", " client_credentials"), none, 400, "invalid_request", "Invalid parameter grant_type"},
		{"grant_type in other case", with(good, "grant_type", "Client_Credentials"), none, 400, "invalid_request", "Invalid parameter grant_type"},
		{"grant_type over-long", with(good, "grant_type", strings.Repeat("g", 129)), none, 400, "invalid_request", "Invalid parameter grant_type"},
		{"client_id unknown", as(oauth.NewClientID(), h.secret), none, 400, "invalid_request", "Invalid parameter client_id"},
		{"client_id over-long", as(strings.Repeat("a", 129), h.secret), none, 400, "invalid_request", "Invalid parameter client_id"},
		{"client_id not printable", as("app_\n", h.secret), none, 400, "invalid_request", "Invalid parameter client_id"},
		{"client_id not ASCII", as("app_ș", h.secret), none, 400, "invalid_request", "Invalid parameter client_id"},
		{"client_id in other case", as(strings.ToUpper(h.id), h.secret), none, 400, "invalid_request", "Invalid parameter client_id"},
		{"client disabled", as(disabled, disabledSecret), none, 400, "invalid_request", "Invalid parameter client_id"},
		{"no secret and no header", with(good, "client_secret"), none, 400, "invalid_request", "Client authorization required"},
		{"client_secret empty", with(good, "client_secret", ""), none, 400, "invalid_request", "Client authorization required"},
		{"client_secret wrong", with(good, "client_secret", "wrong"), none, 400, "invalid_request", "Invalid parameter client_secret"},
		{"client_secret of another client", as(h.id, otherSecret), none, 400, "invalid_request", "Invalid parameter client_secret"},
		{"client_secret with a space after it", as(h.id, h.secret+" "), none, 400, "invalid_request", "Invalid parameter client_secret"},
		{"client_secret over-long", as(h.id, csc.Secret(strings.Repeat("s", 257))), none, 400, "invalid_request", "Invalid parameter client_secret"},
		{"a secret of a client that has none", as(public, "anything"), none, 400, "invalid_request", "Invalid parameter client_secret"},

		// What the client may ask.
		{"a public client", with(as(public, ""), "client_secret"), none, 400, "unauthorized_client", tableUnauthorized},
		{"a client without the grant", as(noGrant, noGrantSecret), none, 400, "unauthorized_client", tableUnauthorized},
		{"a client without the scope", as(noScope, noScopeSecret), none, 400, "unauthorized_client", tableUnauthorized},
		{"scope credential", with(good, "scope", "credential"), none, 400, "invalid_scope", tableInvalidScope},
		{"scope credential of a client that has it", with(as(noScope, noScopeSecret), "scope", "credential"), none, 400, "invalid_scope", tableInvalidScope},
		{"scope service and credential", with(good, "scope", "service credential"), none, 400, "invalid_scope", tableInvalidScope},
		{"scope unknown", with(good, "scope", "openid"), none, 400, "invalid_scope", tableInvalidScope},
		{"scope in other case", with(good, "scope", "Service"), none, 400, "invalid_scope", tableInvalidScope},
		{"scope twice in one value", with(good, "scope", "service service"), none, 400, "invalid_scope", tableInvalidScope},
		{"scope with a space after it", with(good, "scope", "service "), none, 400, "invalid_scope", tableInvalidScope},
		{"scope with a tab in it", with(good, "scope", "service\tservice"), none, 400, "invalid_scope", tableInvalidScope},
		{"scope over-long", with(good, "scope", strings.Repeat("s", 257)), none, 400, "invalid_request", "Invalid parameter scope"},
		{"authorization_details", with(good, "authorization_details", "[]"), none, 400, "invalid_authorization_details", "Invalid parameter authorization_details"},
		{"clientData over-long", with(good, "clientData", strings.Repeat("d", 8193)), none, 400, "invalid_request", "Invalid parameter clientData"},

		// Doubled parameters (RFC 6749 §3.2).
		{"grant_type doubled", with(good, "grant_type", "client_credentials", "client_credentials"), none, 400, "invalid_request", tableInvalidRequest},
		{"client_id doubled", with(good, "client_id", h.id, other), none, 400, "invalid_request", tableInvalidRequest},
		{"client_secret doubled", with(good, "client_secret", string(h.secret), "x"), none, 400, "invalid_request", tableInvalidRequest},
		{"scope doubled", with(good, "scope", "service", "credential"), none, 400, "invalid_request", tableInvalidRequest},
		{"scope doubled, one empty", with(good, "scope", "", "service"), none, 400, "invalid_request", tableInvalidRequest},
		{"an unknown parameter doubled", with(good, "x", "1", "2"), none, 400, "invalid_request", tableInvalidRequest},

		// The header (RFC 6749 §2.3.1 and §5.2).
		{"header with a wrong secret", bare, basic(h.id, "wrong"), 401, "invalid_client", "Invalid parameter client_secret"},
		{"header with an empty secret", bare, basic(h.id, ""), 401, "invalid_client", "Invalid parameter client_secret"},
		{"header with an empty secret of a public client", bare, basic(public, ""), 401, "invalid_client", "Invalid parameter client_secret"},
		{"header with an unknown client", bare, basic("app_nobody", string(h.secret)), 401, "invalid_client", "Invalid parameter client_id"},
		{"header with a disabled client", bare, basic(disabled, string(disabledSecret)), 401, "invalid_client", "Invalid parameter client_id"},
		{"header with an over-long client", bare, basic(strings.Repeat("a", 200), "x"), 401, "invalid_client", "Invalid parameter client_id"},
		{"header not Base64", bare, header("Authorization", "Basic ###"), 401, "invalid_client", "Invalid authorization header"},
		{"header without a colon", bare, header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("app_x"))), 401, "invalid_client", "Invalid authorization header"},
		{"header without a client", bare, header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(":x"))), 401, "invalid_client", "Invalid authorization header"},
		{"header with half an escape", bare, header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("app_x:%4"))), 401, "invalid_client", "Invalid authorization header"},
		{"header empty", bare, header("Authorization", ""), 401, "invalid_client", "Invalid authorization header"},
		{"header with the scheme alone", bare, header("Authorization", "Basic"), 401, "invalid_client", "Invalid authorization header"},
		{"header of another scheme", good, header("Authorization", "Bearer abc"), 401, "invalid_client", "Invalid authorization header"},
		{"header twice", bare, func(r *http.Request) {
			basic(h.id, string(h.secret))(r)
			r.Header.Add("Authorization", r.Header.Get("Authorization"))
		}, 401, "invalid_client", "Invalid authorization header"},
		{"header and client_secret", with(good, "client_id"), basic(h.id, string(h.secret)), 400, "invalid_request", tableInvalidRequest},
		{"header of one client, client_id of another", with(bare, "client_id", other), basic(h.id, string(h.secret)), 400, "invalid_request", "Invalid parameter client_id"},
		{"an assertion that is none", with(with(with(good, "client_secret"), "client_assertion", "a.b.c"), "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), none, 401, "invalid_client", "Invalid parameter client_assertion"},
		{"an assertion beside client_secret", with(with(good, "client_assertion", "a.b.c"), "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), none, 400, "invalid_request", tableInvalidRequest},
		{"an assertion beside the header", with(bare, "client_assertion", "a.b.c"), basic(h.id, string(h.secret)), 400, "invalid_request", tableInvalidRequest},
		{"a type of an assertion beside the header", with(bare, "client_assertion_type", "x"), basic(h.id, string(h.secret)), 400, "invalid_request", tableInvalidRequest},
		{"an assertion of no type", with(with(good, "client_secret"), "client_assertion", "a.b.c"), none, 400, "invalid_request", "Missing parameter client_assertion_type"},
		{"an assertion of another type", with(with(with(good, "client_secret"), "client_assertion", "a.b.c"), "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"), none, 400, "invalid_request", "Invalid parameter client_assertion_type"},
		{"a type of an assertion and none", with(with(good, "client_secret"), "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), none, 400, "invalid_request", "Missing parameter client_assertion"},

		// The request around the form.
		{"everything in the query", url.Values{}, func(r *http.Request) { r.URL.RawQuery = good.Encode() }, 400, "invalid_request", tableInvalidRequest},
		{"a good form and a parameter in the query", good, func(r *http.Request) { r.URL.RawQuery = "scope=service" }, 400, "invalid_request", tableInvalidRequest},
		{"JSON", good, func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, 415, "invalid_request", "The body must be application/x-www-form-urlencoded"},
		{"a multipart form", good, func(r *http.Request) { r.Header.Set("Content-Type", "multipart/form-data; boundary=x") }, 415, "invalid_request", "The body must be application/x-www-form-urlencoded"},
		{"no media type", good, func(r *http.Request) { r.Header.Del("Content-Type") }, 415, "invalid_request", "The body must be application/x-www-form-urlencoded"},
		{"two media types", good, header("Content-Type", "application/x-www-form-urlencoded"), 415, "invalid_request", "The body must be application/x-www-form-urlencoded"},
		{"another charset", good, func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=iso-8859-1")
		}, 415, "invalid_request", "The body must be application/x-www-form-urlencoded"},
		{"a body beyond 64 KiB", with(good, "x", strings.Repeat("x", 64<<10)), none, 413, "invalid_request", "The body is too large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h.post("/oauth2/token", tt.form, tt.change).want(t, tt.status, tt.code, tt.description)
		})
	}
	if got := h.record.of(audit.TokenIssued); len(got) > 0 {
		t.Errorf("%d tokens issued", len(got))
	}
}

// Bodies that url.Values cannot write.
func TestTokenRefusesRawBodies(t *testing.T) {
	h := newHouse(t)
	good := h.good().Encode()
	for name, body := range map[string]string{
		"an escape cut short":        good + "&x=%4",
		"an escape of no digits":     good + "&x=%zz",
		"bytes that are not UTF-8":   good + "&x=%ff",
		"a null byte":                good + "&x=%00",
		"a parameter without a name": good + "&=x",
		"a semicolon":                good + "&a=1;scope=credential",
		"a name doubled by escapes":  good + "&s%63ope=service&scope=service",
		"too many parameters":        good + numbered(62),
	} {
		t.Run(name, func(t *testing.T) {
			h.send("/oauth2/token", body).want(t, 400, "invalid_request", tableInvalidRequest)
		})
	}
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "&p%d=1", i)
	}
	return b.String()
}

func TestMethods(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"/oauth2/token", "/oauth2/revoke"} {
		for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "post"} {
			t.Run(method+" "+path, func(t *testing.T) {
				a := h.post(path, h.good(), func(r *http.Request) { r.Method = method })
				a.want(t, 405, "invalid_request", "The HTTP method is not allowed here")
				if got := a.header.Get("Allow"); got != "POST" {
					t.Errorf("Allow %q", got)
				}
			})
		}
	}
}

func TestUnknownPath(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"/oauth2/", "/oauth2/tokens", "/oauth2/token/", "/oauth2/introspection"} {
		h.post(path, h.good()).want(t, 404, "invalid_request", "There is nothing here")
	}
}

func TestSecretRotation(t *testing.T) {
	h := newHouse(t)
	next, verifier := oauth.NewSecret(h.provider.Pepper)
	try := func(secret csc.Secret) int {
		return h.post("/oauth2/token", with(h.good(), "client_secret", string(secret))).status
	}
	h.changeClient(h.id, func(c *oauth.Client) { c.Verifiers = [][]byte{verifier, c.Verifiers[0]} })
	if old, new := try(h.secret), try(next); old != 200 || new != 200 {
		t.Errorf("while rotating: old %d, new %d", old, new)
	}
	h.changeClient(h.id, func(c *oauth.Client) { c.Verifiers = [][]byte{verifier} })
	if old, new := try(h.secret), try(next); old != 400 || new != 200 {
		t.Errorf("after: old %d, new %d", old, new)
	}
}

// A verifier is worth nothing without the pepper, and to another pepper.
func TestPepper(t *testing.T) {
	h := newHouse(t)
	for name, pepper := range map[string][]byte{"another": []byte("another pepper"), "none": nil} {
		h.provider.Pepper = pepper
		a := h.post("/oauth2/token", h.good())
		t.Run(name, func(t *testing.T) { a.want(t, 400, "invalid_request", "Invalid parameter client_secret") })
	}
	h.provider.Pepper = nil
	secret, verifier := oauth.NewSecret(nil)
	h.changeClient(h.id, func(c *oauth.Client) { c.Verifiers = [][]byte{verifier, nil, {}} })
	a := h.post("/oauth2/token", with(h.good(), "client_secret", string(secret)))
	a.want(t, 400, "invalid_request", "Invalid parameter client_secret")
}

func TestNewSecret(t *testing.T) {
	secrets, verifiers := map[csc.Secret]bool{}, map[string]bool{}
	for range 1000 {
		secret, verifier := oauth.NewSecret([]byte("pepper"))
		if b, err := base64.RawURLEncoding.DecodeString(string(secret)); err != nil || len(b) != 32 {
			t.Fatalf("a secret of %d bytes, %v", len(b), err)
		}
		if len(verifier) != 32 || strings.Contains(string(verifier), string(secret)) {
			t.Fatal("not a verifier")
		}
		secrets[secret], verifiers[string(verifier)] = true, true
	}
	if len(secrets) != 1000 || len(verifiers) != 1000 {
		t.Error("repeated secrets")
	}
	if id := oauth.NewClientID(); !regexp.MustCompile(`^app_[0-9a-f]{32}$`).MatchString(id) {
		t.Errorf("client id %q", id)
	}
}

func TestExpiry(t *testing.T) {
	h := newHouse(t, func(h *house) { h.provider.ServiceLife = 90 * time.Second })
	token := h.issue()
	if a := h.post("/oauth2/token", h.good()); a.body["expires_in"] != 90.0 {
		t.Errorf("expires_in %v", a.body["expires_in"])
	}
	ask := func() error { _, err := h.provider.Bearer(context.Background(), token); return err }
	for _, step := range []struct {
		name string
		move time.Duration
		want error
	}{
		{"at once", 0, nil},
		{"one moment before the end", 90*time.Second - 1, nil},
		{"at the very end", 1, oauth.ErrTokenExpired},
		{"some minutes later", 5 * time.Minute, oauth.ErrTokenExpired},
		{"when nobody remembers it", 6 * time.Minute, oauth.ErrTokenUnknown},
	} {
		h.clock.move(step.move)
		if err := ask(); err != step.want {
			t.Errorf("%s: %v, want %v", step.name, err, step.want)
		}
	}
}

// A token does not live longer, nor again, when the clock goes back.
func TestTokenAndTheClock(t *testing.T) {
	for says, steps := range map[string][]time.Duration{
		"back before it was issued":           {-time.Minute},
		"back an hour":                        {-time.Hour},
		"over, and back before it was issued": {95 * time.Second, -3 * time.Minute},
		"forward an hour and a bit more back": {time.Hour, -time.Hour - time.Minute},
	} {
		h := newHouse(t, func(h *house) { h.provider.ServiceLife = 90 * time.Second })
		token := h.issue()
		for _, step := range steps {
			h.clock.move(step)
			if _, err := h.provider.Bearer(context.Background(), token); err != oauth.ErrTokenExpired && err != oauth.ErrTokenUnknown {
				t.Errorf("%s: after %v: %v", says, step, err)
			}
		}
		if _, err := h.provider.Bearer(context.Background(), h.issue()); err != nil {
			t.Errorf("%s: a new token: %v", says, err)
		}
	}
}
