package portal_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/onetime/onetimetest"
	"github.com/pecete/pecete/portal"
	"github.com/pecete/pecete/quota"
)

// Without the store in which processes count together nobody's password is judged,
// and who is to log in is told to come back. Pages that need nothing of it are shown,
// and counted here; who is logged in stays so.
func TestCounterAway(t *testing.T) {
	gone := onetimetest.Gone(t)
	h := newHouse(t)
	inside := h.inside()
	h.pages.Failures = quota.NewShared(gone, "failed logins", 100, time.Hour, h.clock)
	h.pages.Loads = quota.NewShared(gone, "portal loads", 4, time.Minute, h.clock).OrHere()
	b := h.browser()
	resp, text := b.send("/portal/login", fields("email", email, "password", password, "code", h.code())) // after a load
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" || strings.Contains(text, "Redis") {
		t.Errorf("the login is answered with %d, Retry-After %q\n%s", resp.StatusCode, resp.Header.Get("Retry-After"), text)
	}
	if records := h.audit.Records(t); slices.ContainsFunc(records, func(r audit.Record) bool { return r.Event == audit.FactorRefused }) {
		t.Error("it was judged")
	}
	for n, want := range []int{200, 200, 200, 429} {
		if resp, _ := b.get("/portal/login"); resp.StatusCode != want {
			t.Errorf("load %d is answered with %d, want %d", n+2, resp.StatusCode, want)
		}
	}
	if resp, _ := inside.get(portal.SecurityPath); resp.StatusCode != http.StatusOK {
		t.Errorf("inside: %d", resp.StatusCode)
	}
}
