package oauth_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

func TestRenewal(t *testing.T) {
	w := newTown(t)
	a := w.redeem(w.code(w.asking()))
	for range 3 {
		w.clock.move(time.Hour)
		b := w.post("/oauth2/token", w.refreshing(a.is("refresh_token")))
		if b.status != 200 || b.is("refresh_token") == a.is("refresh_token") || b.body["expires_in"] != 600.0 || len(b.body) != 5 {
			t.Fatalf("got %d %s", b.status, b.text)
		}
		who, err := w.provider.Bearer(t.Context(), csc.Secret(b.is("access_token")))
		if diff := cmp.Diff(credentials.Caller{ClientID: w.id, UserID: signer, Scope: "service"}, who); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		a = b
	}
	if len(w.refreshes.kept) != 1 {
		t.Errorf("%d families", len(w.refreshes.kept))
	}
}

// A refresh token is kept only by hashes.
func TestRefreshIsNotKept(t *testing.T) {
	w := newTown(t)
	token := w.redeem(w.code(w.asking())).is("refresh_token")
	start, end, _ := strings.Cut(token, ".")
	for id, r := range w.refreshes.kept {
		if all := id + r.ID + r.Hash; strings.Contains(all, start) || strings.Contains(all, end) || len(all) != 192 {
			t.Errorf("kept %+v", r)
		}
	}
}

// A second use of a refresh token ends its family.
func TestReuse(t *testing.T) {
	w := newTown(t)
	first := w.redeem(w.code(w.asking()))
	second := w.post("/oauth2/token", w.refreshing(first.is("refresh_token")))
	other := w.redeem(w.code(w.asking()))
	w.post("/oauth2/token", w.refreshing(first.is("refresh_token"))).want(t, 400, "invalid_grant", saysRefresh)
	w.post("/oauth2/token", w.refreshing(second.is("refresh_token"))).want(t, 400, "invalid_grant", saysRefresh)
	want := []audit.Entry{{Event: audit.TokenRevoked, Client: w.id, User: signer, Reason: "refresh token used again"}}
	if diff := cmp.Diff(want, w.record.of(audit.TokenRevoked)); diff != "" {
		t.Error(diff)
	}
	if w.alive(first.is("access_token")) || w.alive(second.is("access_token")) {
		t.Error("an access token of the family is alive")
	}
	if !w.alive(other.is("access_token")) || w.post("/oauth2/token", w.refreshing(other.is("refresh_token"))).status != 200 {
		t.Error("another family is dead too")
	}
}

func TestRenewalRefuses(t *testing.T) {
	w := newTown(t)
	other, otherSecret := w.addClient(func(c *oauth.Client) { c.Grants = []string{"refresh_token"} })
	noGrant, noGrantSecret := w.addClient()
	a := w.redeem(w.code(w.asking()))
	good := w.refreshing(a.is("refresh_token"))
	as := func(id string, secret csc.Secret) url.Values {
		return with(with(good, "client_id", id), "client_secret", string(secret))
	}
	start, end, _ := strings.Cut(a.is("refresh_token"), ".")
	for _, tt := range []struct {
		name        string
		form        url.Values
		code        string
		description string
	}{
		{"no refresh_token", with(good, "refresh_token"), "invalid_request", "Missing parameter refresh_token"},
		{"refresh_token empty", with(good, "refresh_token", ""), "invalid_request", "Missing parameter refresh_token"},
		{"refresh_token misspelt as in the samples", with(with(good, "refresh_token"), "refreshToken", a.is("refresh_token")), "invalid_request", "Missing parameter refresh_token"},
		{"refresh_token of nobody", with(good, "refresh_token", challenge+"."+challenge), "invalid_grant", saysRefresh},
		{"refresh_token of no kind", with(good, "refresh_token", "x"), "invalid_grant", saysRefresh},
		{"its beginning alone", with(good, "refresh_token", start), "invalid_grant", saysRefresh},
		{"its end alone", with(good, "refresh_token", end), "invalid_grant", saysRefresh},
		{"its beginning with a bad end", with(good, "refresh_token", start+".x"), "invalid_grant", saysRefresh},
		{"with more at its end", with(good, "refresh_token", a.is("refresh_token")+"."+end), "invalid_grant", saysRefresh},
		{"refresh_token over-long", with(good, "refresh_token", strings.Repeat("x", 257)), "invalid_request", saysRefresh},
		{"an access token", with(good, "refresh_token", a.is("access_token")), "invalid_grant", saysRefresh},
		{"scope credential", with(good, "scope", "credential"), "invalid_scope", tableInvalidScope},
		{"both scopes", with(good, "scope", "service credential"), "invalid_scope", tableInvalidScope},
		{"authorization_details", with(good, "authorization_details", "[]"), "invalid_authorization_details", "Invalid parameter authorization_details"},
		{"another client", as(other, otherSecret), "invalid_grant", saysRefresh},
		{"a client without the grant", as(noGrant, noGrantSecret), "unauthorized_client", tableUnauthorized},
		{"no secret", with(good, "client_secret"), "invalid_request", "Client authorization required"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.post("/oauth2/token", tt.form).want(t, 400, tt.code, tt.description)
		})
	}
	w.send("/oauth2/token", good.Encode()+"&refresh_token=x").want(t, 400, "invalid_request", tableInvalidRequest)
	w.people.disable(signer, true)
	w.post("/oauth2/token", good).want(t, 400, "invalid_grant", saysRefresh)
	w.people.disable(signer, false)
	if a := w.post("/oauth2/token", with(good, "scope", "service")); a.status != 200 {
		t.Errorf("after all that: %d %s", a.status, a.text)
	}
}

func TestRefreshExpiry(t *testing.T) {
	w := newTown(t, func(h *house) { h.provider.RefreshLife = 40 * time.Hour })
	over := func(a answer) {
		t.Helper()
		w.post("/oauth2/token", w.refreshing(a.is("refresh_token"))).want(t, 400, "invalid_grant", "Refresh token expired")
	}
	idle, used := w.redeem(w.code(w.asking())), w.redeem(w.code(w.asking()))
	w.clock.move(24*time.Hour - 1)
	used = w.post("/oauth2/token", w.refreshing(used.is("refresh_token")))
	w.clock.move(1)
	over(idle) // a day without use
	w.clock.move(15 * time.Hour)
	used = w.post("/oauth2/token", w.refreshing(used.is("refresh_token")))
	if used.status != 200 {
		t.Fatal(used.text)
	}
	w.clock.move(time.Hour)
	over(used) // the absolute end
}

// A refresh token is no access token, and no hint makes it one; nor is a code.
func TestRefreshIsNoAccessToken(t *testing.T) {
	w := newTown(t)
	code := w.code(w.asking())
	refresh := w.redeem(code).is("refresh_token")
	start, end, _ := strings.Cut(refresh, ".")
	for _, token := range []string{refresh, start, end, code} {
		if _, err := w.provider.Bearer(t.Context(), csc.Secret(token)); err != oauth.ErrTokenUnknown {
			t.Errorf("Bearer: %v", err)
		}
	}
}

// Revoking an access token keeps the refresh token (§8.4.5); revoking that ends
// all there is of its login, whatever the hint.
func TestRevocation(t *testing.T) {
	w := newTown(t)
	revoke := func(token, hint string) answer {
		form := with(w.good(), "token", token)
		if hint != "" {
			form.Set("token_type_hint", hint)
		}
		return w.post("/oauth2/revoke", form)
	}
	for _, hint := range []string{"", "access_token", "refresh_token"} {
		a := w.redeem(w.code(w.asking()))
		if got := revoke(a.is("access_token"), hint); got.status != 204 || w.alive(a.is("access_token")) {
			t.Errorf("access token with hint %q: %d", hint, got.status)
		}
		b := w.post("/oauth2/token", w.refreshing(a.is("refresh_token")))
		if b.status != 200 {
			t.Fatalf("the refresh token went with it: %s", b.text)
		}
		if got := revoke(b.is("refresh_token"), hint); got.status != 204 || w.alive(b.is("access_token")) {
			t.Errorf("refresh token with hint %q: %d", hint, got.status)
		}
		w.post("/oauth2/token", w.refreshing(b.is("refresh_token"))).want(t, 400, "invalid_grant", saysRefresh)
		revoke(b.is("refresh_token"), hint).want(t, 400, "invalid_request", "Invalid string parameter token")
	}
	a := w.redeem(w.code(w.agreeing()))
	if got := revoke(a.is("access_token"), ""); got.status != 204 || w.alive(a.is("access_token")) {
		t.Errorf("credential token: %d", got.status)
	}
	if _, err := w.grants.Get(t.Context(), sad.ID(csc.Secret(a.is("access_token")))); err == nil {
		t.Error("the credential token can still be spent as SAD")
	}
}

// Another client's refresh token is refused in the words for none, and lives.
func TestForeignRevocation(t *testing.T) {
	w := newTown(t)
	other, secret := w.addClient()
	a := w.redeem(w.code(w.asking()))
	for _, token := range []string{a.is("refresh_token"), a.is("access_token"), "a.b", ".", challenge + "." + challenge} {
		w.post("/oauth2/revoke", url.Values{"client_id": {other}, "client_secret": {string(secret)}, "token": {token}}).
			want(t, 400, "invalid_request", "Invalid string parameter token")
	}
	if !w.alive(a.is("access_token")) || w.post("/oauth2/token", w.refreshing(a.is("refresh_token"))).status != 200 {
		t.Error("another client revoked it")
	}
	for _, name := range []string{"token", "client_id", "client_secret"} {
		form := with(w.good(), "token", a.is("access_token"))
		w.send("/oauth2/revoke", form.Encode()+"&"+name+"=x").want(t, 400, "invalid_request", tableInvalidRequest)
	}
}
