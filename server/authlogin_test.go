package server_test

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/quota"
)

const password = "correct: horse ă"

// A direct client is what logins count as.
func direct(h *house) {
	h.direct = &oauth.Client{
		ID: oauth.NewClientID(), Name: "Direct login", AuthMethod: oauth.NoAuth, RedirectURIs: []string{callback},
		Grants: []string{"authorization_code", "refresh_token"}, Scopes: []string{csc.ScopeService}, Created: noon,
	}
}

func newLoginHouse(t *testing.T, change ...func(*house)) *house {
	h := newHouse(t, append([]func(*house){direct}, change...)...)
	must(t, h.registrar().SetPassword(t.Context(), h.signer.ID, password))
	return h
}

func basicOf(pair string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair)) }

func (h *house) logIn(authorization, body string) answer {
	h.t.Helper()
	return h.call(csc.MethodAuthLogin, body, "Authorization: "+authorization)
}

// good logs the house's signer in.
func (h *house) good(body string) csc.LoginResponse {
	h.t.Helper()
	a := h.logIn(basicOf(h.signer.Email+":"+password), body)
	if got := a.header.Get("Cache-Control"); got != "no-store" {
		h.t.Errorf("Cache-Control %q", got)
	}
	return decode[csc.LoginResponse](h.t, a)
}

// Where nobody named a client there is no such method, and info is silent.
func TestNoLoginUnlessConfigured(t *testing.T) {
	h := newHouse(t)
	must(t, h.registrar().SetPassword(t.Context(), h.signer.ID, password))
	if got := h.logIn(basicOf(h.signer.Email+":"+password), `{}`); got.status != http.StatusNotImplemented {
		t.Errorf("%d %s", got.status, got.body)
	}
	info := decode[csc.InfoResponse](t, h.call(csc.MethodInfo, `{}`))
	if slices.Contains(info.Methods, csc.MethodAuthLogin) || slices.Contains(info.AuthType, "basic") {
		t.Errorf("info has %v and %v", info.Methods, info.AuthType)
	}
}

// A password opens what a login on the page opens, for the same signer, as the
// client that was named; and it is on record.
func TestLogin(t *testing.T) {
	h := newLoginHouse(t)
	c := h.credential(h.signer, csc.P256, nil)
	info := decode[csc.InfoResponse](t, h.call(csc.MethodInfo, `{}`))
	if !slices.Contains(info.Methods, csc.MethodAuthLogin) || !slices.Contains(info.AuthType, "basic") {
		t.Errorf("info has %v and %v", info.Methods, info.AuthType)
	}
	for name, body := range map[string]string{"an object": `{}`, "nothing": ``, "rememberMe false": `{"rememberMe":false}`, "rememberMe null": `{"rememberMe":null}`} {
		got := h.good(body)
		if got.ExpiresIn != 600 || len(got.AccessToken) != 43 || got.RefreshToken != "" {
			t.Errorf("%s: %d s, a refresh token %t", name, got.ExpiresIn, got.RefreshToken != "")
		}
		list := decode[csc.ListResponse](t, h.call(csc.MethodList, `{}`, "Authorization: Bearer "+string(got.AccessToken)))
		if len(list.CredentialIDs) != 1 || list.CredentialIDs[0] != c.ID {
			t.Errorf("%s: the list has %v", name, list.CredentialIDs)
		}
	}
	who := h.good(`{}`)
	h.clock.advance(10 * time.Minute)
	wantRefusal(t, h.call(csc.MethodList, `{}`, "Authorization: Bearer "+string(who.AccessToken)), http.StatusUnauthorized, "expired_token", "")
	for _, r := range h.records() {
		if r.Event == audit.TokenIssued && r.User != "" && (r.Client != h.direct.ID || r.User != h.signer.ID || r.Reason != "scope service, auth/login") {
			t.Errorf("recorded %+v", r.Entry)
		}
	}
	if strings.Contains(h.log.String(), "horse") {
		t.Error("the password is in the log")
	}
}

func TestLoginRefusals(t *testing.T) {
	h := newLoginHouse(t)
	malformed, name := "Malformed authentication parameter.", "Malformed username-password."
	for _, row := range []struct {
		name, header, body string
		status             int
		code, says         string
	}{
		{"no header", "", `{}`, 401, "invalid_request", malformed},
		{"another scheme", "Foo abc", `{}`, 401, "invalid_request", malformed},
		{"a bearer token", "Bearer " + h.app.token, `{}`, 401, "invalid_request", malformed},
		{"Digest", `Digest username="x"`, `{}`, 401, "invalid_request", malformed},
		{"Basic and nothing", "Basic", `{}`, 401, "invalid_request", malformed},
		{"Basic and no Base64", "Basic ###", `{}`, 401, "invalid_request", malformed},
		{"Basic and the other alphabet", "Basic _-==", `{}`, 401, "invalid_request", malformed},
		{"Basic and spare bits", "Basic YTpiYR==", `{}`, 401, "invalid_request", malformed},
		{"no colon", basicOf("abc"), `{}`, 400, "invalid_request", name},
		{"no name", basicOf(":" + password), `{}`, 400, "invalid_request", name},
		{"no password", basicOf(h.signer.Email + ":"), `{}`, 400, "invalid_request", name},
		{"not UTF-8", basicOf("a:\xff"), `{}`, 400, "invalid_request", name},
		{"the password up to its colon", basicOf(h.signer.Email + ":correct"), `{}`, 400, "authentication_error", "An error occurred during authentication process"},
		{"nobody's name", basicOf("nobody@example.org:" + password), `{}`, 400, "authentication_error", "An error occurred during authentication process"},
		{"what is no address", basicOf("nobody:" + password), `{}`, 400, "authentication_error", "An error occurred during authentication process"},
		{"a refresh token of another type", "", `{"refresh_token":5}`, 400, "invalid_request", "Invalid string parameter: refresh_token"},
		{"a refresh token of nobody", "", `{"refresh_token":"x"}`, 400, "invalid_request", "Invalid refresh_token"},
		{"a refresh token of the right form", "", `{"refresh_token":"` + strings.Repeat("A", 43) + "." + strings.Repeat("A", 43) + `"}`, 400, "invalid_request", "Invalid refresh_token"},
		{"both", basicOf(h.signer.Email + ":" + password), `{"refresh_token":"x"}`, 400, "invalid_request", long},
		{"rememberMe a text", basicOf(h.signer.Email + ":" + password), `{"rememberMe":"yes"}`, 400, "invalid_request", "Missing (or invalid type) boolean parameter rememberMe"},
		{"no object", basicOf(h.signer.Email + ":" + password), `[]`, 400, "invalid_request", long},
	} {
		a := h.logIn(row.header, row.body)
		wantRefusal(t, a, row.status, row.code, row.says)
		if got := a.header.Get("WWW-Authenticate"); (row.status == 401) != strings.HasPrefix(got, "Basic ") {
			t.Errorf("%s: WWW-Authenticate %q", row.name, got)
		}
	}
	if h.good(`{}`).AccessToken == "" {
		t.Error("the signer cannot log in any more")
	}
}

// Ten wrong passwords pause the signer's, and five failures the network: the right
// one is told nothing else in the first case, and to wait in the second.
func TestLoginLimits(t *testing.T) {
	h := newLoginHouse(t)
	h.provider.Direct.Failures = noLimit(h)
	wrong := h.logIn(basicOf(h.signer.Email+":wrong"), `{}`)
	for range 9 {
		h.logIn(basicOf(h.signer.Email+":wrong"), `{}`)
	}
	if got := h.logIn(basicOf(h.signer.Email+":"+password), `{}`); got.status != wrong.status || got.body != wrong.body {
		t.Errorf("the right one while paused: %d %s", got.status, got.body)
	}
	h.clock.advance(15 * time.Minute)
	h.good(`{}`)

	h = newLoginHouse(t)
	for range 5 {
		h.logIn(basicOf("nobody@example.org:wrong"), `{}`)
	}
	a := h.logIn(basicOf(h.signer.Email+":"+password), `{}`)
	wantRefusal(t, a, http.StatusTooManyRequests, "", "")
	if a.header.Get("Retry-After") != "3600" {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
}

// Who is disabled, and whose client cannot be it any more, are refused.
func TestLoginOfWhoIsOut(t *testing.T) {
	h := newLoginHouse(t)
	before := h.good(`{"rememberMe":true}`)
	must(t, h.registrar().Disable(t.Context(), h.signer.ID, true))
	wantRefusal(t, h.logIn(basicOf(h.signer.Email+":"+password), `{}`), 400, "authentication_error", "An error occurred during authentication process")
	wantRefusal(t, h.logIn("", `{"refresh_token":"`+string(before.RefreshToken)+`"}`), 400, "invalid_request", "Invalid refresh_token")
	must(t, h.registrar().Disable(t.Context(), h.signer.ID, false))
	for name, change := range map[string]func(*oauth.Client){
		"disabled":            func(c *oauth.Client) { c.Disabled = true },
		"with a secret":       func(c *oauth.Client) { c.AuthMethod, c.Verifiers = "", [][]byte{make([]byte, 32)} },
		"with bound tokens":   func(c *oauth.Client) { c.Bound = oauth.BoundDPoP },
		"without its scope":   func(c *oauth.Client) { c.Scopes = []string{csc.ScopeCredential} },
		"as it was, and well": func(*oauth.Client) {},
	} {
		c, err := h.registry.Client(t.Context(), h.direct.ID)
		must(t, err)
		revision := c.Revision
		change(&c)
		must(t, h.registry.UpdateClient(t.Context(), c))
		got := h.logIn(basicOf(h.signer.Email+":"+password), `{}`)
		if strings.HasPrefix(name, "as it was") {
			decode[csc.LoginResponse](t, got)
		} else {
			wantRefusal(t, got, 400, "unauthorized_client", "")
		}
		c = *h.direct
		c.Revision = revision + 1
		must(t, h.registry.UpdateClient(t.Context(), c))
	}
}

// A refresh token is there if it is asked for, good once, and of this method only.
func TestLoginRemembered(t *testing.T) {
	h := newLoginHouse(t)
	again := func(token csc.Secret) answer { return h.logIn("", `{"refresh_token":"`+string(token)+`"}`) }
	first := h.good(`{"rememberMe":true}`)
	second := decode[csc.LoginResponse](t, again(first.RefreshToken))
	if second.AccessToken == first.AccessToken || second.RefreshToken == "" || second.RefreshToken == first.RefreshToken || !h.opens(string(second.AccessToken)) || !h.opens(string(first.AccessToken)) {
		t.Errorf("the second login gives %d s", second.ExpiresIn)
	}
	wantRefusal(t, again(first.RefreshToken), 400, "invalid_request", "Invalid refresh_token")
	wantRefusal(t, again(second.RefreshToken), 400, "invalid_request", "Invalid refresh_token") // the second use of one ended them all
	if h.opens(string(second.AccessToken)) {
		t.Error("the tokens of a stolen login live on")
	}
	_, other := h.tokens(h.addWebApp("Web"), h.signer.ID, nil)
	wantRefusal(t, again(csc.Secret(other)), 400, "invalid_request", "Invalid refresh_token")
	for name, end := range map[string]func(token csc.LoginResponse){
		"24 hours": func(csc.LoginResponse) { h.clock.advance(24 * time.Hour) },
		"auth/revoke": func(token csc.LoginResponse) {
			if got := h.revoke(string(token.AccessToken), string(token.RefreshToken)); got.status != http.StatusNoContent {
				t.Errorf("%d %s", got.status, got.body)
			}
		},
		"the signer's withdrawal": func(csc.LoginResponse) { must(t, h.provider.Withdraw(t.Context(), h.signer.ID, h.direct.ID)) },
		"another password":        func(csc.LoginResponse) { must(t, h.registrar().SetPassword(t.Context(), h.signer.ID, password)) },
	} {
		token := h.good(`{"rememberMe":true}`)
		end(token)
		wantRefusal(t, again(token.RefreshToken), 400, "invalid_request", "Invalid refresh_token")
		if h.opens(string(token.AccessToken)) {
			t.Errorf("the access token lives after %s", name)
		}
	}
}

// A client that may have no refresh tokens gets none, whatever is asked.
func TestLoginWithoutRefresh(t *testing.T) {
	h := newLoginHouse(t, func(h *house) { h.direct.Grants = []string{"authorization_code"} })
	if got := h.good(`{"rememberMe":true}`); got.RefreshToken != "" || got.AccessToken == "" {
		t.Error("a refresh token, or no access token")
	}
}

func noLimit(h *house) *quota.Shared { return quota.NewShared(nil, "", 1000, time.Hour, h.clock.Now) }
