package login_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/login"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/users"
)

const mostGuesses = 5

// fewGuesses lets a network guess five times in a minute.
func fewGuesses(h **house) func(*login.Pages) {
	return func(p *login.Pages) {
		p.Guesses = quota.NewShared(nil, "", mostGuesses, time.Minute, func() time.Time { return (*h).clock() })
	}
}

// wantTooOften wants 429 with the wait in seconds, and says in the words of both
// languages.
func (h *house) wantTooOften(method, path string, form url.Values, wait string, says ...string) {
	h.t.Helper()
	joint := "?"
	if strings.Contains(path, "?") {
		joint = "&"
	}
	for n, lang := range []string{"en", "ro"} {
		resp, page := h.do(method, path+joint+"lang="+lang, form)
		if resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != wait {
			h.t.Errorf("%s %s in %s is answered with %d, Retry-After %q", method, path, lang, resp.StatusCode, resp.Header.Get("Retry-After"))
		}
		wantTold(h.t, page, says[n], `<html lang="`+lang+`">`)
	}
}

// failures are those of the signer's codes.
func (h *house) failures() users.Attempts {
	h.t.Helper()
	a, err := h.store.Attempts(h.t.Context(), h.signer.ID, users.FactorCode)
	must(h.t, err)
	return a
}

// Whoever tries ids, links and forms that are none is soon told no more, and who
// has the right one is let through all the same.
func TestGuessesOfOneNetwork(t *testing.T) {
	for _, row := range []struct{ name, method, path string }{
		{"an unknown request at the login", http.MethodGet, "/login?i=none"},
		{"no request at the login", http.MethodGet, "/login"},
		{"a login for an unknown request", http.MethodPost, "/login?i=none"},
		{"an unknown request at the consent", http.MethodGet, "/consent?i=none"},
		{"a consent to an unknown request", http.MethodPost, "/consent?i=none"},
		{"a forged form", http.MethodPost, "/consent?i=one"},
		{"an unknown link", http.MethodGet, "/approve?i=" + strings.Repeat("A", 43)},
		{"an approval by an unknown link", http.MethodPost, "/approve?i=" + strings.Repeat("A", 43)},
	} {
		t.Run(row.name, func(t *testing.T) {
			var h *house
			o := newOffice(t, "APPROVAL", fewGuesses(&h))
			h = o.house
			h.credential("c_2")
			h.ask(numbered(1), func(i *oauth.Interaction) { i.Details[0].CredentialID = "c_2" })
			var barred []string
			h.pages.Barred = func(path string) { barred = append(barred, path) }
			form := url.Values{"token": {"x"}, "decision": {"sign"}}
			if row.method == http.MethodGet {
				form = nil
			}
			for n := range mostGuesses {
				if resp, _ := h.do(row.method, row.path, form); resp.StatusCode != http.StatusBadRequest && resp.StatusCode != http.StatusForbidden {
					t.Fatalf("guess %d is answered with %d", n+1, resp.StatusCode)
				}
			}
			h.wantTooOften(row.method, row.path, form, "60", "is not known here", "nu sunt cunoscute aici")
			if path, _, _ := strings.Cut(row.path, "?"); len(barred) != 2 || barred[0] != path {
				t.Errorf("barred on %q", barred)
			}
			_, link := o.begin("APPROVAL")
			for _, right := range []string{"/consent?i=one", link} {
				if resp, _ := h.get(right); resp.StatusCode != http.StatusOK {
					t.Errorf("%s is answered with %d", right, resp.StatusCode)
				}
			}
			resp, _ := h.send("/consent?i=one", signWith(h.code()))
			wantRedirect(t, resp, next)
			h.after(time.Minute)
			if resp, _ := h.do(row.method, row.path, form); resp.StatusCode == http.StatusTooManyRequests {
				t.Error("a minute later it is still too often")
			}
		})
	}
}

// Right requests are no guesses, however many.
func TestRightRequestsAreNotCounted(t *testing.T) {
	var h *house
	h = newHouse(t, fewGuesses(&h))
	h.credential("c_1")
	h.ask(numbered(1))
	for n := range 3 * mostGuesses {
		if resp, _ := h.get("/consent?i=one"); resp.StatusCode != http.StatusOK {
			t.Fatalf("load %d is answered with %d", n+1, resp.StatusCode)
		}
	}
	h.desk.fails = errAway
	for range 2 * mostGuesses { // nor is what a store that is away makes of them
		if resp, _ := h.send("/consent?i=one", url.Values{"decision": {"decline"}}); resp.StatusCode != http.StatusServiceUnavailable {
			t.Fatalf("answered with %d", resp.StatusCode)
		}
	}
}

// A network that spreads wrong codes over many signers is not judged any more,
// on either page, whoever's turn it is.
func TestWrongCodesOfOneNetwork(t *testing.T) {
	o := newOffice(t, "APPROVAL")
	h := o.house
	h.credential("c_2")
	h.ask(numbered(1), func(i *oauth.Interaction) { i.Details[0].CredentialID = "c_2" })
	_, link := o.begin("APPROVAL")
	h.pages.Failures = quota.NewShared(nil, "", 2, time.Hour, h.clock)
	for _, path := range []string{"/consent?i=one", link} {
		resp, _ := h.send(path, signWith(h.wrongCode()))
		wantRedirect(t, resp, path)
	}
	before := h.failures()
	for _, path := range []string{"/consent?i=one", link} {
		_, page := h.get(path)
		form := hidden(page)
		form.Set("decision", "sign")
		form.Set("code", h.code())
		h.wantTooOften(http.MethodPost, path, form, "3600", "Too many codes from your network", "Prea multe coduri greșite")
	}
	if after := h.failures(); after != before {
		t.Errorf("what was not judged counts: %+v, was %+v", after, before)
	}
	resp, _ := h.send("/consent?i=one", url.Values{"decision": {"decline"}}) // needs no code
	wantRedirect(t, resp, next)
	h.ask(numbered(1), loggedOut)
	resp, _ = h.send("/login?i=one", credentialsOf("demo.signer@example.org", password)) // wrong codes are no failed logins
	wantRedirect(t, resp, next)
	h.after(time.Hour)
	h.ask(numbered(1), func(i *oauth.Interaction) { i.Details[0].CredentialID = "c_2" })
	resp, _ = h.send("/consent?i=one", signWith(h.code()))
	wantRedirect(t, resp, next)
}
