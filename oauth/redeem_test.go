package oauth_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

const (
	saysCode     = "Invalid parameter code"
	saysCodeOver = "Authorization code is invalid or expired"
	saysRedirect = "redirect_uri parameter does not match redirect_uri parameter of authorization request"
	saysVerifier = "Invalid parameter code_verifier"
	saysRefresh  = "Invalid parameter refresh_token"
)

// Every parameter of a redemption. None of these faults costs the code: the
// request without it succeeds after them all.
func TestRedemptionRefuses(t *testing.T) {
	w := newTown(t)
	other, otherSecret := w.addClient(func(c *oauth.Client) {
		c.Grants, c.RedirectURIs = []string{"authorization_code"}, []string{callback}
	})
	noGrant, noGrantSecret := w.addClient()
	good := w.redeeming(w.code(w.asking()))
	as := func(id string, secret csc.Secret) url.Values {
		return with(with(good, "client_id", id), "client_secret", string(secret))
	}
	long := func(n int) string { return strings.Repeat("x", n) }
	for _, tt := range []struct {
		name        string
		form        url.Values
		code        string
		description string
	}{
		{"no code", with(good, "code"), "invalid_request", "Missing parameter code"},
		{"code empty", with(good, "code", ""), "invalid_request", "Missing parameter code"},
		{"code unknown", with(good, "code", challenge), "invalid_grant", saysCode},
		{"code of no code", with(good, "code", "x"), "invalid_grant", saysCode},
		{"code over-long", with(good, "code", long(129)), "invalid_request", saysCode},
		{"no redirect_uri", with(good, "redirect_uri"), "invalid_grant", saysRedirect},
		{"redirect_uri empty", with(good, "redirect_uri", ""), "invalid_grant", saysRedirect},
		{"redirect_uri another", with(good, "redirect_uri", callback+"/"), "invalid_grant", saysRedirect},
		{"redirect_uri in another case", with(good, "redirect_uri", "https://APP.example.com/cb"), "invalid_grant", saysRedirect},
		{"redirect_uri over-long", with(good, "redirect_uri", "https://"+long(2048)), "invalid_request", "Invalid parameter redirect_uri"},
		{"no code_verifier", with(good, "code_verifier"), "invalid_request", "Missing parameter code_verifier"},
		{"code_verifier empty", with(good, "code_verifier", ""), "invalid_request", "Missing parameter code_verifier"},
		{"code_verifier another", with(good, "code_verifier", challenge), "invalid_grant", saysVerifier},
		{"code_verifier short", with(good, "code_verifier", verifier[:42]), "invalid_grant", saysVerifier},
		{"code_verifier over-long", with(good, "code_verifier", long(129)), "invalid_request", saysVerifier},
		{"code_verifier with odd signs", with(good, "code_verifier", verifier+"="), "invalid_grant", saysVerifier},
		{"the challenge for the verifier", with(good, "code_verifier", challenge), "invalid_grant", saysVerifier},
		{"no client_id", with(good, "client_id"), "invalid_request", "Missing parameter client_id"},
		{"client unknown", with(good, "client_id", oauth.NewClientID()), "invalid_request", "Invalid parameter client_id"},
		{"no secret", with(good, "client_secret"), "invalid_request", "Client authorization required"},
		{"a wrong secret", with(good, "client_secret", string(otherSecret)), "invalid_request", "Invalid parameter client_secret"},
		{"another client", as(other, otherSecret), "invalid_grant", saysCode},
		{"a client without the grant", as(noGrant, noGrantSecret), "unauthorized_client", tableUnauthorized},
		{"authorization_details, which was not in the request", with(good, "authorization_details", "[]"), "invalid_authorization_details", "Invalid parameter authorization_details"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.post("/oauth2/token", tt.form).want(t, 400, tt.code, tt.description)
		})
	}
	for _, name := range []string{"grant_type", "client_id", "client_secret", "code", "redirect_uri", "code_verifier"} {
		w.send("/oauth2/token", good.Encode()+"&"+name+"="+url.QueryEscape(good.Get(name))).want(t, 400, "invalid_request", tableInvalidRequest)
	}
	// A scope means nothing here: it cannot widen what the signer saw.
	if a := w.post("/oauth2/token", with(good, "scope", "credential")); a.status != 200 || a.is("scope") != "service" {
		t.Errorf("got %d %s", a.status, a.text)
	}
}

// The downgrade of PKCE: a wrong verifier must not open the way for none.
func TestPKCEDowngrade(t *testing.T) {
	w := newTown(t)
	good := w.redeeming(w.code(w.asking()))
	w.post("/oauth2/token", with(good, "code_verifier", challenge)).want(t, 400, "invalid_grant", saysVerifier)
	w.post("/oauth2/token", with(good, "code_verifier")).want(t, 400, "invalid_request", "Missing parameter code_verifier")
}

func TestCodeExpiry(t *testing.T) {
	w := newTown(t)
	first, second := w.code(w.asking()), w.code(w.asking())
	w.clock.move(60*time.Second - 1)
	w.redeem(first)
	w.clock.move(1)
	w.post("/oauth2/token", w.redeeming(second)).want(t, 400, "invalid_grant", saysCodeOver)
	w.clock.move(time.Hour)
	w.post("/oauth2/token", w.redeeming(second)).want(t, 400, "invalid_grant", saysCode)
}

// A code does not live longer, nor again, when the clock goes back.
func TestCodeAndTheClock(t *testing.T) {
	w := newTown(t)
	first, second := w.code(w.asking()), w.code(w.asking())
	w.clock.move(-time.Minute)
	w.post("/oauth2/token", w.redeeming(first)).want(t, 400, "invalid_grant", saysCodeOver)
	w.clock.move(2*time.Minute + time.Second)
	w.post("/oauth2/token", w.redeeming(second)).want(t, 400, "invalid_grant", saysCodeOver)
	w.clock.move(-time.Hour)
	w.post("/oauth2/token", w.redeeming(second)).want(t, 400, "invalid_grant", saysCodeOver)
	w.redeem(w.code(w.asking()))
}

// A replay ends everything the code gave, for both scopes, and also what was
// renewed since.
func TestReplay(t *testing.T) {
	w := newTown(t)
	form := w.redeeming(w.code(w.asking()))
	a := w.post("/oauth2/token", form)
	renewed := w.post("/oauth2/token", w.refreshing(a.is("refresh_token")))
	if !w.alive(a.is("access_token")) || !w.alive(renewed.is("access_token")) {
		t.Fatal("not alive before")
	}
	w.post("/oauth2/token", form).want(t, 400, "invalid_grant", saysCodeOver)
	if w.alive(a.is("access_token")) || w.alive(renewed.is("access_token")) {
		t.Error("an access token is alive after a replay")
	}
	w.post("/oauth2/token", w.refreshing(renewed.is("refresh_token"))).want(t, 400, "invalid_grant", saysRefresh)

	form = w.redeeming(w.code(w.agreeing()))
	token := w.post("/oauth2/token", form).is("access_token")
	if _, err := w.grants.Get(t.Context(), sad.ID(csc.Secret(token))); err != nil {
		t.Fatal(err)
	}
	w.clock.move(2 * time.Minute) // the code is long over
	w.post("/oauth2/token", form).want(t, 400, "invalid_grant", saysCodeOver)
	if _, err := w.grants.Get(t.Context(), sad.ID(csc.Secret(token))); err != sad.ErrUnknown || w.alive(token) {
		t.Errorf("after a replay the grant is there: %v", err)
	}
	w.post("/oauth2/token", form).want(t, 400, "invalid_grant", saysCodeOver)
}

// Another client that found a code can neither redeem it nor end what it gave.
func TestReplayByAnother(t *testing.T) {
	w := newTown(t)
	other, secret := w.addClient(func(c *oauth.Client) { c.Grants = []string{"authorization_code"} })
	form := w.redeeming(w.code(w.asking()))
	token := w.post("/oauth2/token", form).is("access_token")
	w.post("/oauth2/token", with(with(form, "client_id", other), "client_secret", string(secret))).want(t, 400, "invalid_grant", saysCode)
	if !w.alive(token) {
		t.Error("another client ended the token")
	}
}

// What changes between the consent and the redemption counts.
func TestChangedBeforeRedemption(t *testing.T) {
	w := newTown(t)
	for name, change := range map[string]func(undo bool){
		"the signer is disabled": func(undo bool) { w.people.disable(signer, !undo) },
		"the credential is disabled": func(undo bool) {
			w.vault.change("c_1", func(c *credential) { c.Disabled = !undo })
		},
		"the credential became explicit": func(undo bool) {
			w.vault.change("c_1", func(c *credential) {
				if c.Mode = csc.Explicit; undo {
					c.Mode = csc.OAuth2Code
				}
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			code := w.code(w.agreeing())
			before := len(w.record.of(audit.GrantIssued))
			change(false)
			w.post("/oauth2/token", w.redeeming(code)).want(t, 400, "invalid_grant", saysCodeOver)
			change(true)
			if got := len(w.record.of(audit.GrantIssued)); got != before {
				t.Error("a grant was recorded")
			}
		})
	}
	code := w.code(w.agreeing())
	w.changeClient(w.id, func(c *oauth.Client) { c.Scopes = []string{"service"} })
	w.post("/oauth2/token", w.redeeming(code)).want(t, 400, "unauthorized_client", tableUnauthorized)
}

// The token of scope credential is the SAD: it can be spent for what was agreed
// to and for nothing else.
func TestCredentialTokenIsSAD(t *testing.T) {
	w := newTown(t)
	token := csc.Secret(w.redeem(w.code(w.agreeing())).is("access_token"))
	use := sad.Use{UserID: signer, ClientID: w.id, CredentialID: "c_1", Kind: csc.DTBSR, Hashes: []csc.Digest{digest("three")}, HashOID: csc.OIDSHA256, Standing: "one"}
	if _, err := sad.Spend(t.Context(), w.grants, sad.ID(token), use, w.clock.Now()); err != sad.ErrHash {
		t.Errorf("a hash not agreed to: %v", err)
	}
	use.Hashes = []csc.Digest{digest("two"), digest("one")}
	if _, err := sad.Spend(t.Context(), w.grants, sad.ID(token), use, w.clock.Now()); err != nil {
		t.Errorf("both in another order: %v", err)
	}
	if _, err := sad.Spend(t.Context(), w.grants, sad.ID(token), use, w.clock.Now()); err != sad.ErrUnknown {
		t.Errorf("again: %v", err)
	}
}

func TestCredentialLife(t *testing.T) {
	for _, tt := range []struct{ set, want time.Duration }{{0, 300 * time.Second}, {60 * time.Second, 60 * time.Second}, {time.Hour, 900 * time.Second}} {
		w := newTown(t, func(h *house) { h.provider.CredentialLife = tt.set })
		a := w.redeem(w.code(w.agreeing()))
		g, err := w.grants.Get(t.Context(), sad.ID(csc.Secret(a.is("access_token"))))
		if err != nil || a.body["expires_in"] != tt.want.Seconds() || !g.Expires.Equal(w.clock.Now().Add(tt.want)) {
			t.Errorf("%v: expires_in %v, grant to %v, %v", tt.set, a.body["expires_in"], g.Expires, err)
		}
	}
}

// Without the pages of a login there is no authorization code, and nobody says
// there is.
func TestWithoutPages(t *testing.T) {
	h := newHouse(t)
	for _, grant := range []string{"authorization_code", "refresh_token"} {
		h.post("/oauth2/token", with(h.good(), "grant_type", grant)).want(t, 400, "invalid_request", "Invalid parameter grant_type")
	}
	h.post("/oauth2/pushed_authorize", h.good()).want(t, 404, "invalid_request", "There is nothing here")
}
