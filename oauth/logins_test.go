package oauth_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/pecete/pecete/oauth"
)

// That a client may use credentials for logins is the operator's word: it is told of
// whoever holds one of the client's tokens for as long as it stands, no token is for
// it, and no invitation is to it.
func TestLoginsAreTheClients(t *testing.T) {
	h := newHouse(t)
	may := func() bool {
		t.Helper()
		who, err := h.provider.Bearer(t.Context(), h.issue())
		if err != nil {
			t.Fatal(err)
		}
		return who.Logins
	}
	if may() {
		t.Error("a client that nobody let may")
	}
	h.changeClient(h.id, func(c *oauth.Client) { c.Scopes = append(c.Scopes, oauth.ScopeLogins) })
	if c, err := h.clients.Client(t.Context(), h.id); err != nil || c.Check() != nil || !may() {
		t.Errorf("a client that may does not: %v, %v", err, c.Check())
	}
	h.post("/oauth2/token", with(h.good(), "scope", oauth.ScopeLogins)).want(t, 400, "invalid_scope", tableInvalidScope)
	token := h.issue()
	h.changeClient(h.id, func(c *oauth.Client) { c.Scopes = []string{"service"} })
	if who, err := h.provider.Bearer(t.Context(), token); err != nil || who.Logins {
		t.Errorf("a client that may no more does, by a token from before: %+v, %v", who, err)
	}

	w := newTown(t)
	w.changeClient(w.id, func(c *oauth.Client) { c.Scopes = append(c.Scopes, oauth.ScopeLogins) })
	asked := w.browser().authorize(with(w.asking(), "scope", oauth.ScopeLogins)).told(t)
	if asked.Get("error") != "invalid_scope" || asked.Has("code") {
		t.Errorf("a code for logins: %v", url.Values(asked))
	}
	invitation := oauth.Invitation{Allows: everything, Uses: 1, Expires: h.clock.Now().Add(time.Hour)}
	invitation.Allows.Scopes = append([]string{oauth.ScopeLogins}, everything.Scopes...)
	if _, _, err := oauth.Invite(invitation, h.clock.Now()); err == nil {
		t.Error("an invitation to use credentials for logins")
	}
}
