package login_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/users"
)

// bound asks for the signer, or for another account.
func bound(userID string) func(*oauth.Interaction) {
	return func(i *oauth.Interaction) { i.UserID, i.Account = "", userID }
}

// Where the application named the signer, nobody else can log in, and nobody
// else's password is even looked at.
func TestLoginIsBoundToTheAccount(t *testing.T) {
	h := newHouse(t)
	h.ask(numbered(1), bound(h.signer.ID))
	_, page := h.get("/login?i=one")
	wantTold(t, page, `value="demo.signer@example.org" readonly`, "asks for this account", `aria-describedby="bound"`)
	if strings.Count(page, "autofocus") != 1 || !strings.Contains(page, `maxlength="1024" required autofocus`) {
		t.Error("the password is not where typing begins")
	}
	for _, email := range []string{"semnatar.demo@example.org", "nobody@example.org", "demo.signer@example.org.example.net"} {
		resp, _ := h.send("/login?i=one", credentialsOf(email, password))
		wantRedirect(t, resp, "/login?i=one")
		_, page = h.get("/login?i=one")
		wantTold(t, page, "asks for another account", `value="demo.signer@example.org" readonly`)
		if strings.Contains(page, email) && !strings.HasPrefix(email, "demo.signer") {
			t.Errorf("%s stays on the page", email)
		}
	}
	if a, err := h.store.Attempts(t.Context(), h.signer.ID, users.FactorPassword); err != nil || a.Failures != 0 {
		t.Errorf("another's password was judged: %+v, %v", a, err)
	}
	resp, _ := h.send("/login?i=one", credentialsOf("demo.signer@example.org", "wrong"))
	wantRedirect(t, resp, "/login?i=one")
	_, page = h.get("/login?i=one")
	wantTold(t, page, "do not go together", `aria-describedby="error bound"`)
	resp, _ = h.send("/login?i=one", credentialsOf("Demo.Signer@Example.org", password))
	wantRedirect(t, resp, next)
}

// An account whose signer is gone ends the request.
func TestAccountOfNobody(t *testing.T) {
	h := newHouse(t)
	h.ask(numbered(1), bound("u_gone"))
	if resp, page := h.get("/login?i=one"); resp.StatusCode != http.StatusBadRequest || strings.Contains(page, `name="password"`) {
		t.Errorf("answered with %d", resp.StatusCode)
	}
	h.ask(numbered(1), bound(h.signer.ID))
	_, page := h.get("/login?i=one")
	h.ask(numbered(1), bound("u_gone"))
	form := hidden(page)
	for name, values := range credentialsOf("demo.signer@example.org", password) {
		form[name] = values
	}
	if resp, _ := h.do(http.MethodPost, "/login?i=one", url.Values(form)); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("logged in with %d", resp.StatusCode)
	}
}
