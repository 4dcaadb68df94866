package login_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/login"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/users"
)

func loggedOut(i *oauth.Interaction) { i.UserID = "" }

func credentialsOf(email, secret string) url.Values {
	return url.Values{"email": {email}, "password": {secret}}
}

func wantTold(t testing.TB, page string, texts ...string) {
	t.Helper()
	plain := html.UnescapeString(page)
	for _, text := range texts {
		if !strings.Contains(plain, text) {
			t.Errorf("the page does not say %q", text)
		}
	}
}

func wantRedirect(t *testing.T, resp *http.Response, to string) {
	t.Helper()
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != to {
		t.Fatalf("answered with %d to %q, want 303 to %q", resp.StatusCode, resp.Header.Get("Location"), to)
	}
}

func TestLogIn(t *testing.T) {
	h := newHouse(t)
	h.ask([]string{"a.pdf"}, loggedOut)
	_, page := h.get("/login?i=one")
	wantTold(t, page, "Demo application", "wants you to sign", `autocomplete="username"`, `autocomplete="current-password"`, "Demo – no legal value")
	resp, _ := h.send("/login?i=one", credentialsOf(" Demo.Signer@example.org ", password))
	wantRedirect(t, resp, next)
	if got := h.desk.kept["one"].UserID; got != h.signer.ID {
		t.Errorf("logged in as %q, want %q", got, h.signer.ID)
	}
	resp, _ = h.get("/login?i=one")
	wantRedirect(t, resp, "/consent?i=one")
}

func TestServiceLoginSaysThatNothingIsSigned(t *testing.T) {
	h := newHouse(t, func(p *login.Pages) { p.Demo = false })
	h.ask(nil, loggedOut, func(i *oauth.Interaction) { i.Details, i.Scope = nil, csc.ScopeService })
	_, page := h.get("/login?i=one")
	wantTold(t, page, "Nothing can be signed with this")
	if strings.Contains(page, "no legal value") {
		t.Error("a server that is no demo says it is")
	}
	resp, _ := h.send("/login?i=one", credentialsOf("demo.signer@example.org", password))
	wantRedirect(t, resp, next)
	for _, path := range []string{"/login?i=one", "/consent?i=one"} {
		if resp, _ := h.get(path); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s after the login: %d", path, resp.StatusCode)
		}
	}
}

var variable = regexp.MustCompile(`name="token" value="[^"]*"|value="[^"@]*@[^"]*"`)

// A stranger must not learn who is a user, and not from a pause either.
func TestLoginRefusalsAreOne(t *testing.T) {
	h := newHouse(t)
	h.ask([]string{"a.pdf"}, loggedOut)
	refusal := func(email, secret string) string {
		t.Helper()
		resp, _ := h.send("/login?i=one", credentialsOf(email, secret))
		wantRedirect(t, resp, "/login?i=one")
		_, page := h.get("/login?i=one")
		wantTold(t, page, `value="`+email+`"`, `role="alert"`, `aria-describedby="error"`)
		return variable.ReplaceAllString(page, "")
	}
	want := refusal("nobody@example.org", password)
	wantTold(t, want, "This e-mail and password do not go together.", "After 10 wrong passwords within 15 minutes")
	for n := range 10 {
		if got := refusal("demo.signer@example.org", "a wrong password"); got != want {
			t.Fatalf("wrong password %d is refused in other words:\n%s", n+1, got)
		}
	}
	if got := refusal("demo.signer@example.org", password); got != want {
		t.Errorf("in the pause the right password is refused in other words:\n%s", got)
	}
	h.after(16 * time.Minute)
	resp, _ := h.send("/login?i=one", credentialsOf("demo.signer@example.org", password))
	wantRedirect(t, resp, next)
}

// Whoever tries many names from one network is soon not judged any more; the
// names are nobody's, so that no user's own limit is what stops it.
func TestLoginFailuresOfOneNetwork(t *testing.T) {
	h := newHouse(t)
	h.ask([]string{"a.pdf"}, loggedOut)
	for n := range 100 {
		resp, _ := h.send("/login?i=one", credentialsOf(fmt.Sprintf("nobody%d@example.org", n), "a wrong password"))
		wantRedirect(t, resp, "/login?i=one")
	}
	resp, page := h.send("/login?i=one", credentialsOf("demo.signer@example.org", password))
	if resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "3600" {
		t.Errorf("answered with %d, Retry-After %q", resp.StatusCode, resp.Header.Get("Retry-After"))
	}
	wantTold(t, page, "Too many logins from your network")
	h.after(time.Hour)
	h.ask([]string{"a.pdf"}, loggedOut)
	resp, _ = h.send("/login?i=one", credentialsOf("demo.signer@example.org", password))
	wantRedirect(t, resp, next)
}

func TestLoginRefusals(t *testing.T) {
	h := newHouse(t)
	h.ask([]string{"a.pdf"}, loggedOut)
	must(t, h.store.SetUserDisabled(t.Context(), h.signer.ID, true, users.NewStamp()))
	for _, row := range []struct {
		name, email, password, want string
	}{
		{"nothing", "", "", "Fill in both"},
		{"no password", "demo.signer@example.org", "", "Fill in both"},
		{"no address", " ", password, "Fill in both"},
		{"a disabled user who proves who he is", "demo.signer@example.org", password, "Your account is disabled"},
		{"a disabled user who does not", "demo.signer@example.org", "x", "do not go together"},
		{"no address at all", "\x00\u202e", "x", "do not go together"},
		{"an address of 5,000 bytes", strings.Repeat("a", 5000), "x", "do not go together"},
		{"a password of 8,000 bytes", "demo.signer@example.org", strings.Repeat("a", 8000), "do not go together"},
	} {
		resp, _ := h.send("/login?i=one", credentialsOf(row.email, row.password))
		wantRedirect(t, resp, "/login?i=one")
		_, page := h.get("/login?i=one")
		wantTold(t, page, row.want)
		if _, again := h.get("/login?i=one"); strings.Contains(again, "alert") {
			t.Errorf("%s: the error stays after a reload", row.name)
		}
		if h.desk.kept["one"].UserID != "" {
			t.Fatalf("%s: logged in", row.name)
		}
	}
	if strings.Contains(h.log.String(), "demo.signer") || strings.Contains(h.log.String(), password) {
		t.Errorf("the log has what was typed: %s", h.log)
	}
}

// What happened elsewhere must not be told here.
func TestNoteIsOfItsInteraction(t *testing.T) {
	h := newHouse(t)
	h.ask([]string{"a.pdf"}, loggedOut)
	h.ask([]string{"a.pdf"}, loggedOut, func(i *oauth.Interaction) { i.ID = "two" })
	h.send("/login?i=one", credentialsOf("nobody@example.org", "x"))
	if _, page := h.get("/login?i=two"); strings.Contains(page, "alert") {
		t.Error("another interaction's page has the note")
	}
	h.after(3 * time.Minute)
	if _, page := h.get("/login?i=one"); strings.Contains(page, "alert") {
		t.Error("a note is shown after three minutes")
	}
	for _, forged := range []string{"", "x", ".", "e30.e30", "eyJraW5kIjoibG9naW4uZXJyb3IuZGlzYWJsZWQifQ.AAAA"} {
		if _, page := h.get("/login?i=two", "Cookie", "__Host-pecete-note="+forged); strings.Contains(page, "alert") {
			t.Errorf("a forged note %q is shown", forged)
		}
	}
}
