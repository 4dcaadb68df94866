package login_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/pecete/pecete/login"
	"github.com/pecete/pecete/onetime/onetimetest"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/users"
)

// Without the store in which processes count together neither passwords nor codes
// are judged. Guesses, which lead nowhere, are counted here.
func TestCounterAway(t *testing.T) {
	gone := onetimetest.Gone(t)
	var h *house
	h = newHouse(t, func(p *login.Pages) {
		p.Failures = login.NewFailures(gone, p.Now)
		p.Guesses = quota.NewShared(gone, "guesses", mostGuesses, time.Minute, func() time.Time { return h.clock() }).OrHere()
	})
	h.credential("c_1")
	h.ask(numbered(1))
	wantAway := func(what, path string, form url.Values) {
		t.Helper()
		if resp, _ := h.send(path, form); resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
			t.Errorf("%s is answered with %d, Retry-After %q", what, resp.StatusCode, resp.Header.Get("Retry-After"))
		}
	}
	wantAway("a wrong code", "/consent?i=one", signWith(h.wrongCode()))
	wantAway("the right code", "/consent?i=one", signWith(h.code()))
	h.ask(numbered(1), loggedOut)
	wantAway("a wrong password", "/login?i=one", credentialsOf("demo.signer@example.org", "a wrong password"))
	wantAway("the right password", "/login?i=one", credentialsOf("demo.signer@example.org", password))
	for _, factor := range []string{users.FactorCode, users.FactorPassword} {
		if got, err := h.store.Attempts(t.Context(), h.signer.ID, factor); err != nil || got != (users.Attempts{}) {
			t.Errorf("%s was judged: %+v, %v", factor, got, err)
		}
	}
	for range mostGuesses {
		if resp, _ := h.get("/login?i=none"); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("a guess is answered with %d", resp.StatusCode)
		}
	}
	if resp, _ := h.get("/login?i=none"); resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("one guess too many is answered with %d", resp.StatusCode)
	}
}
