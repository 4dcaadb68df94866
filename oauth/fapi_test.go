package oauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

// What FAPI 2.0 §5.3.2.2 asks of a pushed request, and refuses in another. The
// same is refused to nobody else, but for what all are refused.
func TestFAPIPushes(t *testing.T) {
	w, a := newFAPI(t)
	for _, tt := range []struct {
		says string
		form url.Values
		code string
		text string
	}{
		{"without a redirect URI, though there is only one", with(w.asking(), "redirect_uri"), "invalid_request", "Missing parameter redirect_uri"},
		{"with a redirect URI that is not registered", with(w.asking(), "redirect_uri", callback+"/x"), "invalid_request", "Invalid parameter redirect_uri"},
		{"without a challenge", unchallenged(w.asking()), "invalid_request", "Missing parameter code_challenge"},
		{"with a challenge and no method", with(w.asking(), "code_challenge_method"), "invalid_request", "Missing parameter code_challenge_method"},
		{"with the method plain", with(w.asking(), "code_challenge_method", "plain"), "invalid_request", "Invalid parameter code_challenge_method"},
		{"for a token in the answer", with(w.asking(), "response_type", "token"), "unsupported_response_type", csc.UnsupportedResponseType.Description()},
		{"for code and token", with(w.asking(), "response_type", "code token"), "unsupported_response_type", csc.UnsupportedResponseType.Description()},
		{"for an answer in the fragment", with(w.asking(), "response_mode", "fragment"), "invalid_request", "Invalid parameter response_mode"},
		{"with a request_uri", with(w.asking(), "request_uri", "urn:x"), "invalid_request", "Invalid parameter request_uri"},
	} {
		t.Run(tt.says, func(t *testing.T) {
			w.post("/oauth2/pushed_authorize", a.proving(tt.form, assertion{})).want(t, 400, tt.code, tt.text)
		})
	}
	got := w.post("/oauth2/pushed_authorize", a.proving(w.asking(), assertion{}))
	if life, _ := got.body["expires_in"].(float64); got.status != http.StatusCreated || life < 5 || life >= 600 {
		t.Errorf("got %d %s", got.status, got.text)
	}
	csc := newTown(t)
	if got := csc.post("/oauth2/pushed_authorize", csc.pushedForm(with(csc.asking(), "redirect_uri"))); got.status != http.StatusCreated {
		t.Errorf("csc without a redirect URI: %d %s", got.status, got.text)
	}
}

// No token of such a client is a bearer token, whatever it was registered with.
func TestFAPITokensAreBound(t *testing.T) {
	w, a := newFAPI(t)
	asks := map[string]func() url.Values{
		"client_credentials": func() url.Values { return url.Values{"grant_type": {"client_credentials"}} },
		"service": func() url.Values {
			return w.redeeming(w.browser().walk(w.atPushed(a.push(w, w.asking()))).sees(t).Get("code"))
		},
		"credential": func() url.Values {
			return w.redeeming(w.browser().walk(w.atPushed(a.push(w, w.agreeing()))).sees(t).Get("code"))
		},
	}
	for _, bound := range []string{oauth.BoundDPoP, ""} { // Check refuses none, and here it is refused again
		w.changeClient(w.id, func(c *oauth.Client) { c.Bound = bound })
		for says, ask := range asks {
			form := ask()
			w.post("/oauth2/token", a.proving(form, assertion{})).want(t, 400, "invalid_dpop_proof", "Invalid DPoP proof: it is missing")
			got := w.post("/oauth2/token", a.proving(form, assertion{}), a.with(""))
			if got.is("token_type") != "DPoP" || w.alive(got.is("access_token")) {
				t.Errorf("%s, registered as %q: %d %s", says, bound, got.status, got.text)
			}
			if _, err := w.calls(a, got.is("access_token")); err != nil {
				t.Errorf("%s: %v", says, err)
			}
		}
	}
}

// Its refresh token stays, and needs the client's key.
func TestFAPIRefreshes(t *testing.T) {
	w, a := newFAPI(t)
	code := w.browser().walk(w.atPushed(a.push(w, w.asking()))).sees(t).Get("code")
	token := w.post("/oauth2/token", a.proving(w.redeeming(code), assertion{}), a.with("")).is("refresh_token")
	for range 2 {
		got := w.post("/oauth2/token", a.proving(w.refreshing(token), assertion{}), a.with(""))
		if got.status != 200 || got.body["refresh_token"] != nil || got.is("token_type") != "DPoP" {
			t.Errorf("got %d %s", got.status, got.text)
		}
	}
	w.post("/oauth2/token", w.refreshing(token), a.with("")).want(t, 401, "invalid_client", "Client authentication method is not supported")
	w.post("/oauth2/token", with(w.refreshing(token), "client_secret"), a.with("")).want(t, 401, "invalid_client", "Client authorization required")
}

// A secret opens nothing, even where one was registered, and neither does having
// nothing to prove.
func TestFAPIHasNoSecrets(t *testing.T) {
	w, a := newFAPI(t)
	const says = "Client authentication method is not supported"
	for _, method := range []string{"", oauth.SecretBasic, oauth.SecretPost, oauth.NoAuth} {
		id, secret := w.changed(func(c *oauth.Client) {
			c.Profile, c.AuthMethod, c.Bound = oauth.ProfileFAPI2, method, oauth.BoundDPoP
			if method == oauth.NoAuth {
				c.Verifiers = nil
			}
		})
		form, change := of(w.good(), id, secret), []func(*http.Request){a.with("")}
		switch method {
		case oauth.SecretBasic:
			form, change = with(form, "client_secret"), append(change, basic(id, string(secret)))
		case oauth.NoAuth:
			form = with(form, "client_secret")
		}
		for _, path := range []string{"/oauth2/token", "/oauth2/pushed_authorize", "/oauth2/revoke", "/oauth2/introspect"} {
			w.post(path, with(form, "token", "x"), change...).want(t, 401, "invalid_client", says)
		}
	}
}

// A code is good for a minute at most, once, and for its client.
func TestFAPICodes(t *testing.T) {
	w, a := newFAPI(t)
	code := func() string { return w.browser().walk(w.atPushed(a.push(w, w.asking()))).sees(t).Get("code") }
	redeem := func(code string) answer {
		return w.post("/oauth2/token", a.proving(w.redeeming(code), assertion{}), a.with(""))
	}
	late := code()
	w.clock.move(60 * time.Second)
	redeem(late).want(t, 400, "invalid_grant", saysCodeOver)
	used := code()
	got := redeem(used)
	redeem(used).want(t, 400, "invalid_grant", saysCodeOver)
	if _, err := w.calls(a, got.is("access_token")); err == nil {
		t.Error("what a code gave lives after its second use")
	}
	other := newApplication(t, w.clock.Now)
	other.register(w.house, oauth.PrivateKeyJWT, func(c *oauth.Client) {
		c.Profile, c.RequirePAR, c.Bound, c.RedirectURIs = oauth.ProfileFAPI2, true, oauth.BoundDPoP, []string{callback}
		c.Grants, c.Scopes = []string{"authorization_code"}, []string{"service"}
	})
	w.post("/oauth2/token", other.proving(w.redeeming(code()), assertion{}), other.with("")).want(t, 400, "invalid_grant", saysCode)
}

// An access token comes in the header and nowhere else: what stands in the query
// or in the form of a request is none.
func TestFAPITokensStandInTheHeader(t *testing.T) {
	w, a := newFAPI(t)
	got := w.post("/oauth2/token", a.proving(url.Values{"grant_type": {"client_credentials"}}, assertion{}), a.with(""))
	for _, path := range []string{"/oauth2/token", "/oauth2/revoke", "/oauth2/introspect", "/oauth2/pushed_authorize"} {
		w.post(path, a.proving(with(w.asking(), "token", "x"), assertion{}), func(r *http.Request) {
			r.URL.RawQuery = "access_token=" + got.is("access_token")
		}).want(t, 400, "invalid_request", tableInvalidRequest)
	}
}

// Its answers to the signer's browser go by 303, to the client alone, and say who
// gives them: those with a code and those with an error.
func TestFAPIRedirects(t *testing.T) {
	w, a := newFAPI(t)
	good := w.browser().walk(w.atPushed(a.push(w, w.asking())))
	if told := good.sees(t); told.Get("code") == "" || told.Get("iss") != issuer {
		t.Errorf("told %v", told)
	}
	bad := w.browser().authorize(w.asking())
	if told := bad.sees(t); told.Get("error") != "invalid_request" || told.Get("iss") != issuer || told.Has("code") {
		t.Errorf("told %v", told)
	}
	for _, v := range []view{good, bad} {
		if to := v.header.Get("Location"); !strings.HasPrefix(to, callback+"?") || strings.Contains(to, "#") {
			t.Errorf("sent to %q", to)
		}
	}
}
