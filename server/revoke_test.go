package server_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
)

func (h *house) revoke(bearer, token string, hint ...string) answer {
	h.t.Helper()
	body := fmt.Sprintf(`{"token":%q}`, token)
	if len(hint) > 0 {
		body = fmt.Sprintf(`{"token":%q,"token_type_hint":%q}`, token, hint[0])
	}
	return h.call(csc.MethodAuthRevoke, body, "Authorization: Bearer "+bearer)
}

// opens reports whether a service token still does, for a client or a signer.
func (h *house) opens(token string) bool {
	h.t.Helper()
	return h.call(csc.MethodCredentialInfo, `{"credentialID":"c_0"}`, "Authorization: Bearer "+token).status == http.StatusBadRequest
}

// renewed is what a refresh token gives.
func (h *house) renewed(a app, refresh string) answer {
	h.t.Helper()
	form := "grant_type=refresh_token&client_id=" + a.id + "&client_secret=" + a.secret + "&refresh_token=" + refresh
	return h.send(http.MethodPost, "/oauth2/token", form, "Content-Type: application/x-www-form-urlencoded", "Authorization: ")
}

// Which tokens a caller can end: his client's, and with a signer's token of that
// signer only. What he cannot end lives on, and is told of as what is not there.
func TestRevokeWhose(t *testing.T) {
	h := newHouse(t)
	web, other := h.addWebApp("Web"), h.addWebApp("Other")
	stranger := h.stranger()
	held := func(name string) (bearer, token string) {
		switch name {
		case "the application itself":
			return h.token(web), h.token(web)
		case "the signer in it":
			bearer, _ = h.tokens(web, h.signer.ID, nil)
			token, _ = h.tokens(web, h.signer.ID, nil)
		case "another signer in it":
			bearer, _ = h.tokens(web, stranger.ID, nil)
			token, _ = h.tokens(web, stranger.ID, nil)
		case "the signer elsewhere":
			bearer, _ = h.tokens(other, h.signer.ID, nil)
			token, _ = h.tokens(other, h.signer.ID, nil)
		case "another application":
			return h.token(other), h.token(other)
		}
		return bearer, token
	}
	all := []string{"the application itself", "the signer in it", "another signer in it", "the signer elsewhere", "another application"}
	may := map[string][]string{
		all[0]: {all[0], all[1], all[2]}, all[1]: {all[1]}, all[2]: {all[2]}, all[3]: {all[3]}, all[4]: {all[3], all[4]},
	}
	for _, who := range all {
		for _, whose := range all {
			t.Run(who+" ends that of "+whose, func(t *testing.T) {
				bearer, _ := held(who)
				_, token := held(whose)
				got, allowed := h.revoke(bearer, token), false
				for _, one := range may[who] {
					allowed = allowed || one == whose
				}
				if allowed {
					if got.status != http.StatusNoContent || got.body != "" || got.header.Get("Cache-Control") != "no-store" {
						t.Errorf("%d %s", got.status, got.body)
					}
				} else {
					wantRefusal(t, got, http.StatusBadRequest, "invalid_request", "Invalid string parameter token")
				}
				if h.opens(token) == allowed {
					t.Errorf("the token lives: %t", !allowed)
				}
				if !h.opens(bearer) {
					t.Error("the caller's own token is dead")
				}
			})
		}
	}
}

// An access token ends alone, a refresh token takes its login along, whatever the
// hint; and a token may end itself.
func TestRevokeKinds(t *testing.T) {
	h := newHouse(t)
	web := h.addWebApp("Web")
	for _, hint := range []string{"access_token", "refresh_token"} {
		access, refresh := h.tokens(web, h.signer.ID, nil)
		if got := h.revoke(access, access, hint); got.status != http.StatusNoContent || h.opens(access) {
			t.Errorf("an access token, hint %s: %d %s", hint, got.status, got.body)
		}
		wantRefusal(t, h.revoke(access, access), http.StatusUnauthorized, "invalid_token", "")
		next := decode[struct {
			Access  string `json:"access_token"`
			Refresh string `json:"refresh_token"`
		}](t, h.renewed(web, refresh))
		if got := h.revoke(next.Access, next.Refresh, hint); got.status != http.StatusNoContent || h.opens(next.Access) {
			t.Errorf("a refresh token, hint %s: %d %s", hint, got.status, got.body)
		}
		wantRefusal(t, h.renewed(web, next.Refresh), http.StatusBadRequest, "invalid_grant", "")
	}
}

// A token of scope credential that is ended signs nothing, and opens no auth/revoke
// itself; every end is on record before it comes.
func TestRevokeACredentialToken(t *testing.T) {
	h := newHouse(t)
	web := h.addWebApp("Web")
	c := h.credential(h.signer, csc.P256, func(p *credentials.Profile) { p.Mode = csc.OAuth2Code })
	service, _ := h.tokens(web, h.signer.ID, nil)
	token, _ := h.tokens(web, h.signer.ID, agreeing(c.ID, hash("a")))
	wantRefusal(t, h.revoke(token, token), http.StatusForbidden, "unauthorized_client", "")
	if got := h.revoke(service, token); got.status != http.StatusNoContent {
		t.Fatalf("%d %s", got.status, got.body)
	}
	wantRefusal(t, h.call(csc.MethodSignHash, signBody(c, "", hash("a")), "Authorization: Bearer "+token), http.StatusUnauthorized, "invalid_token", "")
	wantRefusal(t, h.call(csc.MethodSignHash, signBody(c, token, hash("a")), "Authorization: Bearer "+service), http.StatusBadRequest, "invalid_request", "Invalid parameter SAD")
	if n := h.keys.count(); n != 0 {
		t.Errorf("the device signed %d times", n)
	}
	var ended []audit.Record
	for _, r := range h.records() {
		if r.Event == audit.TokenRevoked {
			ended = append(ended, r)
		}
	}
	if len(ended) != 1 || ended[0].Client != web.id || ended[0].User != h.signer.ID {
		t.Errorf("recorded %+v", ended)
	}
}
