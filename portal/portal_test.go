package portal_test

import (
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/page/pagetest"
	"github.com/pecete/pecete/portal"
	"github.com/pecete/pecete/users"
)

func TestTexts(t *testing.T) {
	all := portal.Texts()
	for _, texts := range all { // those of what can be found are named by codes: TestWordsForAllCodes
		maps.DeleteFunc(texts, func(key, _ string) bool { return strings.HasPrefix(key, "found.") })
	}
	pagetest.Texts(t, all, "verify", "verified", "signature", "since", "revocation", "problem", "nav", "login", "security", "sessions", "applications", "factors", "certificates", "certificate",
		"factor", "password", "authenticator", "pairing", "code", "notice", "outbox", "downloads", "welcome", "terms", "issue", "issued",
		"documents", "document", "sheet", "sign", "history", "receipt")
}

func TestLogIn(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	for _, path := range []string{"/portal/security", "/portal/password", "/portal/authenticator", "/portal/authenticator/new", "/portal/authenticator/new/code", "/portal/certificates/c_1"} {
		resp, _ := b.get(path)
		wantRedirect(t, resp, "/portal/login")
	}
	resp, _ := b.get("/portal")
	wantRedirect(t, resp, "/portal/security")
	_, text := b.get("/portal/login")
	wantTold(t, text, `autocomplete="username"`, `autocomplete="current-password"`, `autocomplete="one-time-code"`, "Nothing is signed here", "no legal value")
	code := h.code()
	resp, _ = b.send("/portal/login", fields("email", " "+strings.ToUpper(email)+" ", "password", password, "code", code[:3]+" "+code[3:]))
	wantRedirect(t, resp, "/portal/security")
	_, text = b.get("/portal/security")
	wantTold(t, text, "Demo Signer ("+email+")", "This one", "No application may do anything", "You have no certificate")
	resp, _ = b.get("/portal/login")
	wantRedirect(t, resp, "/portal/security")
	if diff := cmp.Diff([]portal.Notice{portal.NewSession}, h.notices); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(h.log.String(), "signer not notified") {
		t.Error("that nobody was told is not in the log")
	}
}

// Who comes back is told on his pages from when he can sign, until then.
func TestSignerWhoComesBack(t *testing.T) {
	h := newHouse(t)
	must(t, h.store.SetSignsFrom(t.Context(), h.signer.ID, h.clock().Add(24*time.Hour), "stamp"))
	b := h.browser()
	resp, _ := b.send("/portal/login", fields("email", email, "password", password, "code", h.code()))
	wantRedirect(t, resp, "/portal/security")
	_, text := b.get("/portal/security")
	wantTold(t, text, "can sign again from "+noon.Add(24*time.Hour).Format("2 January 2006"))
	_, text = b.get("/portal/security?lang=ro")
	wantTold(t, text, "puteți semna din nou de la")
	must(t, h.store.SetSignsFrom(t.Context(), h.signer.ID, h.clock(), "stamp"))
	if _, text = b.get("/portal/security"); strings.Contains(text, "can sign again") || strings.Contains(text, "puteți semna din nou") {
		t.Error("he signs, and is told to wait")
	}
}

var variable = regexp.MustCompile(`name="token" value="[^"]*"|value="[^"@]*@[^"]*"`)

// Whatever is wrong with a login, it is refused in the same words: who has not
// both factors learns neither who is a user nor which of the two was right.
func TestRefusedLoginsAreAlike(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	refusal := func(email, password, code string) string {
		t.Helper()
		resp, _ := b.send("/portal/login", fields("email", email, "password", password, "code", code))
		wantRedirect(t, resp, "/portal/login")
		_, text := b.get("/portal/login")
		if b.loggedIn() {
			t.Fatal("logged in")
		}
		return variable.ReplaceAllString(text, "")
	}
	want := refusal("nobody@example.org", password, h.wrongCode())
	wantTold(t, want, "do not go together", `role="alert"`, "After 10 wrong passwords")
	used := h.code()
	if _, err := h.prover.Code(t.Context(), h.signer.ID, "000000"); err == nil {
		t.Fatal("a code by chance")
	}
	for _, row := range []struct{ says, email, password, code string }{
		{"no such user and his code", "nobody@example.org", password, used},
		{"a wrong password and a wrong code", email, "not the password", h.wrongCode()},
		{"a wrong password and the right code", email, "not the password", h.code()},
		{"the right password and a wrong code", email, password, h.wrongCode()},
		{"no address that there can be", "a..b@example.org", password, h.code()},
		{"a password of 4,000 bytes", email, strings.Repeat("a", 4000), h.code()},
	} {
		if got := refusal(row.email, row.password, row.code); got != want {
			t.Errorf("%s is refused in other words:\n%s", row.says, got)
		}
	}
	spent := h.code()
	if _, err := h.prover.LogIn(t.Context(), email, password, "123456"); err == nil {
		t.Fatal("a code by chance")
	}
	inside := h.browser()
	resp, _ := inside.send("/portal/login", fields("email", email, "password", password, "code", spent))
	wantRedirect(t, resp, "/portal/security")
	if got := refusal(email, password, spent); got != want {
		t.Errorf("a code that was used is refused in other words:\n%s", got)
	}
	for range 5 {
		refusal(email, password, h.wrongCode())
	}
	if got := refusal(email, password, h.code()); got != want {
		t.Errorf("in a pause of the codes what is right is refused in other words:\n%s", got)
	}
	h.after(16 * time.Minute)
	must(t, h.operator.Lock(t.Context(), h.signer.ID, users.FactorCode))
	if got := refusal(email, password, h.code()); got != want {
		t.Errorf("a locked signer is refused in other words:\n%s", got)
	}
	must(t, h.operator.Unlock(t.Context(), h.signer.ID, users.FactorCode))
	must(t, h.operator.Disable(t.Context(), h.signer.ID, true))
	if got := refusal(email, password, h.code()); got != want {
		t.Errorf("a disabled signer is refused in other words:\n%s", got)
	}
	if log := h.log.String(); strings.Contains(log, password) || strings.Contains(log, used) {
		t.Error("the log has what was typed")
	}
}

// Whoever guesses passwords cannot lock the signer's codes: those are judged, and
// counted, only after a right password.
func TestPasswordsLockNoCodes(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	for range 12 {
		b.send("/portal/login", fields("email", email, "password", "not the password", "code", h.wrongCode()))
	}
	counted, err := h.store.Attempts(t.Context(), h.signer.ID, users.FactorCode)
	if must(t, err); counted != (users.Attempts{}) {
		t.Errorf("codes were counted: %+v", counted)
	}
	h.after(16 * time.Minute)
	if !h.inside().loggedIn() {
		t.Error("the signer cannot log in")
	}
}

// What cannot be a login is not judged.
func TestLoginsThatAreNone(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	for _, row := range []struct{ email, password, code, want string }{
		{"", password, "123456", "Fill in"}, {email, "", "123456", "Fill in"}, {" ", password, "123456", "Fill in"},
		{email, password, "", "six digits"}, {email, password, "12345", "six digits"}, {email, password, "1234567", "six digits"},
		{email, password, "١٢٣٤٥٦", "six digits"}, {strings.Repeat("a", 300), password, "x", "six digits"},
	} {
		resp, _ := b.send("/portal/login", fields("email", row.email, "password", row.password, "code", row.code))
		wantRedirect(t, resp, "/portal/login")
		_, text := b.get("/portal/login")
		wantTold(t, text, row.want)
		if strings.Contains(text, strings.Repeat("a", 300)) {
			t.Error("an address of 300 bytes is given back")
		}
	}
	if records := h.audit.Records(t); slices.ContainsFunc(records, func(r audit.Record) bool { return r.Event == audit.FactorRefused }) {
		t.Error("one was judged")
	}
}

// A network that fails too often is told to wait, and not judged.
func TestNetworksAreLimited(t *testing.T) {
	barred := 0
	h := newHouse(t, func(p *portal.Pages) { p.Barred = func() { barred++ } })
	b := h.browser()
	for range 100 {
		_, err := h.pages.Failures.Count(t.Context(), "127.0.0.1")
		must(t, err)
	}
	resp, text := b.send("/portal/login", fields("email", email, "password", password, "code", h.code()))
	if resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "3570" || barred != 1 {
		t.Errorf("answered with %d, Retry-After %q, told %d times", resp.StatusCode, resp.Header.Get("Retry-After"), barred)
	}
	wantTold(t, text, "Too often")
	h.after(time.Hour)
	inside := h.inside()
	for range 130 {
		resp, _ = b.get("/portal/security")
	}
	if resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") == "" {
		t.Errorf("the 130th page of somebody outside: %d", resp.StatusCode)
	}
	if resp, _ = b.get("/portal/login"); resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("the login page after that: %d", resp.StatusCode)
	}
	if !inside.loggedIn() {
		t.Error("who is inside is turned away with them")
	}
}

// A session is 256 random bits of which only the hash is kept, in a cookie of this
// host alone, another one with each login.
func TestSessionsAreKeptHashed(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	b.setCookie("__Host-pecete-session", strings.Repeat("A", 43)) // fixed by somebody else
	before := b.cookie("__Host-pecete-form")
	resp, _ := b.send("/portal/login", fields("email", email, "password", password, "code", h.code()))
	wantRedirect(t, resp, "/portal/security")
	value := b.cookie("__Host-pecete-session")
	if len(value) != 43 || value == strings.Repeat("A", 43) || b.cookie("__Host-pecete-form") == before {
		t.Errorf("session %q", value)
	}
	for _, c := range resp.Header.Values("Set-Cookie") {
		for _, want := range []string{"__Host-", "Path=/", "Secure", "HttpOnly", "SameSite=Lax"} {
			if !strings.Contains(c, want) {
				t.Errorf("%s: no %s", c, want)
			}
		}
	}
	all, err := h.store.SessionsOf(t.Context(), h.signer.ID)
	if must(t, err); len(all) != 1 || strings.Contains(fmt.Sprint(all), value) || len(all[0].ID) != 64 {
		t.Errorf("kept: %+v", all)
	}
	for _, forged := range []string{"", "x", all[0].ID, value[:42], value + "A", strings.ToUpper(value), strings.Repeat("A", 43)} {
		other := h.browser()
		other.setCookie("__Host-pecete-session", forged)
		if other.loggedIn() {
			t.Errorf("%q is a session", forged)
		}
	}
	thief := h.browser()
	thief.setCookie("__Host-pecete-session", value)
	if !thief.loggedIn() {
		t.Fatal("the cookie is not what makes the session")
	}
}

func TestSessionsEnd(t *testing.T) {
	for _, row := range []struct {
		says string
		do   func(h *house, b *browser)
		over bool
	}{
		{"used within half an hour, for hours", func(h *house, b *browser) {
			for range 20 {
				h.after(29 * time.Minute)
				b.loggedIn()
			}
		}, false},
		{"not used for half an hour", func(h *house, _ *browser) { h.after(31 * time.Minute) }, true},
		{"of half a day", func(h *house, b *browser) {
			for range 25 {
				h.after(29 * time.Minute)
				b.loggedIn()
			}
		}, true},
		{"of tomorrow, since the clock went back", func(h *house, _ *browser) { h.after(-24 * time.Hour) }, true},
		{"logged out", func(_ *house, b *browser) { b.sendTo("/portal/security", "/portal/logout", fields()) }, true},
		{"another password by an operator", func(h *house, _ *browser) { must(h.t, h.operator.SetPassword(h.t.Context(), h.signer.ID, password)) }, true},
		{"another authenticator by an operator", func(h *house, _ *browser) {
			_, err := h.operator.Pair(h.t.Context(), h.signer.ID)
			must(h.t, err)
		}, true},
		{"locked", func(h *house, _ *browser) {
			must(h.t, h.operator.Lock(h.t.Context(), h.signer.ID, users.FactorPassword))
		}, true},
		{"disabled", func(h *house, _ *browser) { must(h.t, h.operator.Disable(h.t.Context(), h.signer.ID, true)) }, true},
		{"logged out by an operator", func(h *house, _ *browser) { must(h.t, h.operator.End(h.t.Context(), h.signer.ID)) }, true},
	} {
		h := newHouse(t)
		b := h.inside()
		row.do(h, b)
		if b.loggedIn() == row.over {
			t.Errorf("%s: over %t, want %t", row.says, !row.over, row.over)
		}
	}
}

// The signer sees where he is logged in, and ends one session or all others.
func TestSessionsAreSeenAndEnded(t *testing.T) {
	h := newHouse(t)
	agent := func(b *browser, name string) {
		resp, _ := b.send("/portal/login", fields("email", email, "password", password, "code", h.code()), "User-Agent", name)
		wantRedirect(t, resp, "/portal/security")
	}
	own, phone, odd, fourth := h.browser(), h.browser(), h.browser(), h.browser()
	agent(phone, "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36")
	agent(odd, "<script>alert(1)</script>\u202e")
	agent(fourth, "")
	agent(own, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	_, text := own.get("/portal/security")
	wantTold(t, text, "Firefox, Linux", "Chrome, Android", "127.0.0.1", "⟦U+202E⟧", "does not say what it is", "22 November 2026")
	if strings.Contains(text, "<script") || strings.Count(text, "This one") != 1 {
		t.Errorf("the page:\n%s", text)
	}
	ids := regexp.MustCompile(`name="session" value="([0-9a-f]{64})"`).FindAllStringSubmatch(text, -1)
	if len(ids) != 3 {
		t.Fatalf("%d sessions can be ended, want 3", len(ids))
	}
	resp, _ := own.sendTo("/portal/security", "/portal/sessions", fields("session", ids[0][1]))
	wantRedirect(t, resp, "/portal/security")
	_, text = own.get("/portal/security")
	wantTold(t, text, "is logged out", `role="status"`)
	if n := strings.Count(fmt.Sprint(phone.loggedIn(), odd.loggedIn(), fourth.loggedIn()), "true"); n != 2 || !own.loggedIn() {
		t.Errorf("of three others %d are left, own %t", n, own.loggedIn())
	}
	own.sendTo("/portal/security", "/portal/sessions", fields())
	if phone.loggedIn() || odd.loggedIn() || fourth.loggedIn() || !own.loggedIn() {
		t.Error("others are left, or the own session ended")
	}
	var ended []string
	for _, r := range h.audit.Records(t) {
		if r.Event == audit.SessionEnded {
			ended = append(ended, r.User+" "+r.Reason)
		}
	}
	if diff := cmp.Diff(slices.Repeat([]string{h.signer.ID + " ended by the signer"}, 3), ended); diff != "" {
		t.Error(diff)
	}
}

// Another signer's session, application or certificate is not there.
func TestOthersAreNotThere(t *testing.T) {
	h := newHouse(t)
	b := h.inside()
	other := h.stranger()
	must(t, h.store.AddSession(t.Context(), portal.Session{ID: strings.Repeat("ab", 32), UserID: other.ID, Stamp: other.Stamp, Created: noon, Used: h.clock()}))
	must(t, h.store.AddClient(t.Context(), oauth.Client{ID: "app_1", Name: "Other application", Created: noon}))
	must(t, h.store.Permit(t.Context(), "app_1", other.ID, "service", noon))
	h.credential("c_2", other.ID)
	_, text := b.get("/portal/security")
	if strings.Contains(text, "Other application") || strings.Contains(text, "abab") || strings.Contains(text, "Demo certificate") {
		t.Errorf("another's:\n%s", text)
	}
	b.sendTo("/portal/security", "/portal/sessions", fields("session", strings.Repeat("ab", 32)))
	if all, err := h.store.SessionsOf(t.Context(), other.ID); err != nil || len(all) != 1 {
		t.Errorf("another's session was ended: %v, %v", all, err)
	}
	resp, _ := b.sendTo("/portal/security", "/portal/applications", fields("application", "app_1"))
	wantRedirect(t, resp, "/portal/security")
	if all, err := h.store.Permissions(t.Context(), other.ID); err != nil || len(all) != 1 {
		t.Errorf("another's application was ended: %v, %v", all, err)
	}
	mine, none := "", ""
	if resp, mine = b.get("/portal/certificates/c_2"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("another's certificate: %d", resp.StatusCode)
	}
	if resp, none = b.get("/portal/certificates/c_9"); resp.StatusCode != http.StatusNotFound || mine != none {
		t.Errorf("no certificate: %d, in other words", resp.StatusCode)
	}
}

func TestApplications(t *testing.T) {
	h := newHouse(t)
	for n, name := range []string{"A wallet", "A <b>bank</b>\u202e", "An old application"} {
		must(t, h.store.AddClient(t.Context(), oauth.Client{ID: fmt.Sprintf("app_%d", n), Name: name, Created: noon}))
	}
	must(t, h.store.Permit(t.Context(), "app_0", h.signer.ID, "service", noon.AddDate(0, -1, 0)))
	must(t, h.store.Permit(t.Context(), "app_0", h.signer.ID, "credential", noon))
	must(t, h.store.Permit(t.Context(), "app_0", h.signer.ID, "credential-deletion", noon))
	must(t, h.store.Permit(t.Context(), "app_1", h.signer.ID, "service", noon))
	must(t, h.store.Link(t.Context(), "app_2", h.signer.ID))
	b := h.inside()
	_, text := b.get("/portal/security")
	wantTold(t, text, "A wallet", "Since 22 October 2026", "Last used 22 November 2026", "Asks you to sign", "Asks you for a new certificate, or to delete one", "A <b>bank</b>", "⟦U+202E⟧", "May use codes that you give it")
	if strings.Contains(text, "<b>bank") {
		t.Error("a name is markup")
	}
	before, err := h.store.Standing(t.Context(), "app_0", h.signer.ID)
	must(t, err)
	resp, _ := b.sendTo("/portal/security", "/portal/applications", fields("application", "app_0"))
	wantRedirect(t, resp, "/portal/security")
	_, text = b.get("/portal/security")
	wantTold(t, text, "The application can do nothing in your name", "An old application")
	if strings.Contains(text, "A wallet") {
		t.Error("it is there still")
	}
	if now, err := h.store.Standing(t.Context(), "app_0", h.signer.ID); err != nil || now.String() == before.String() {
		t.Errorf("what it was given stands still: %v", err)
	}
	must(t, h.store.Permit(t.Context(), "app_0", h.signer.ID, "service", noon))
	b.sendTo("/portal/security", "/portal/applications", fields("application", "app_0"))
	b.sendTo("/portal/security", "/portal/applications", fields("application", "app_0")) // gone already
}

func TestCertificates(t *testing.T) {
	h := newHouse(t)
	first := h.credential("c_1", h.signer.ID)
	h.credential("c_2", h.signer.ID, func(c *credentials.Credential) { c.Description, c.Revoked = "", true })
	h.credential("c_3", h.signer.ID, func(c *credentials.Credential) { c.Disabled = true })
	h.credential("c_4", h.signer.ID)
	must(t, h.store.SuspendCredential(t.Context(), "c_4", noon))
	b := h.inside()
	_, text := b.get("/portal/security")
	wantTold(t, text, "Demo certificate", "Valid from 22 October 2026", "Revoked", "Disabled", "Suspended")
	resp, body := b.get("/portal/certificates/c_1?form=der")
	if body != string(first.Certificates[0]) || resp.Header.Get("Content-Type") != "application/pkix-cert" ||
		resp.Header.Get("Content-Disposition") != `attachment; filename="c_1.cer"` || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("DER: %v, %d bytes", resp.Header, len(body))
	}
	resp, body = b.get("/portal/certificates/c_9")
	if wantTold(t, body, "There is nothing here", `href="/portal">To your pages`); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a certificate that is not there: %s", resp.Status)
	}
	resp, body = b.get("/portal/certificates/c_1")
	block, rest := pem.Decode([]byte(body))
	if block == nil || string(block.Bytes) != string(first.Certificates[0]) || !strings.Contains(string(rest), "BEGIN CERTIFICATE") ||
		resp.Header.Get("Content-Disposition") != `attachment; filename="c_1.pem"` {
		t.Errorf("PEM: %v\n%s", resp.Header, body)
	}
}

// A form counts only in the session whose it is, from this very host.
func TestForgedForms(t *testing.T) {
	h := newHouse(t)
	b, other := h.inside(), h.inside()
	_, text := other.get("/portal/password")
	foreign := tokenOf(t, text)
	_, text = b.get("/portal/password")
	own := tokenOf(t, text)
	outside := h.browser()
	_, text = outside.get("/portal/login")
	login := tokenOf(t, text)
	for _, row := range []struct {
		says, token string
		header      []string
		want        int
	}{
		{"without a token", "", nil, 403},
		{"with another session's", foreign, nil, 403},
		{"with the login page's", login, nil, 403},
		{"from another site", own, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"from a sibling", own, []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"from another origin", own, []string{"Sec-Fetch-Site", "", "Origin", "https://evil.example"}, 403},
		{"of another type", own, []string{"Content-Type", "text/plain"}, 400},
	} {
		for _, path := range []string{
			"/portal/logout", "/portal/sessions", "/portal/applications", "/portal/password", "/portal/authenticator", "/portal/authenticator/new",
		} {
			if resp, _ := b.do(http.MethodPost, path, url.Values{"token": {row.token}}, row.header...); resp.StatusCode != row.want {
				t.Errorf("%s, to %s: %d, want %d", row.says, path, resp.StatusCode, row.want)
			}
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		for _, path := range []string{"/portal/logout", "/portal/sessions", "/portal/applications"} {
			if resp, _ := b.do(method, path+"?token="+own, nil); resp.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d", method, path, resp.StatusCode)
			}
		}
	}
	if !b.loggedIn() || !other.loggedIn() {
		t.Error("a session ended")
	}
	resp, _ := b.do(http.MethodPost, "/portal/logout", url.Values{"token": {own}})
	wantRedirect(t, resp, "/portal/login") // one token is good for all forms of a session
}

func TestHeaders(t *testing.T) {
	h := newHouse(t)
	b := h.inside()
	for _, path := range []string{"/portal/security", "/portal/password", "/portal/authenticator", "/portal/certificates/c_9"} {
		resp, text := b.get(path)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
			"Referrer-Policy":         "no-referrer", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if active := regexp.MustCompile(`(?i)<script|<style|<iframe|<object| style=| on[a-z]+=|javascript:|https?://`).FindString(text); active != "" {
			t.Errorf("%s has %q", path, active)
		}
	}
}

func TestBrowsers(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":                            "Chrome Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":              "Edge Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15":                      "Safari macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1":    "Safari iPhone",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.0.0 Mobile/15E148 Safari/604.1": "Chrome iPhone",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                                     "Firefox Linux",
		"Mozilla/5.0 (Linux; Android 15; SM-S931B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36": "Samsung Internet Android",
		"curl/8.5.0": " ", "": " ", "Firefox/": " ", "Linux": " ",
	} {
		browser, system := portal.BrowserOf(agent)
		if got := browser + " " + system; got != want {
			t.Errorf("%s is %q, want %q", agent, got, want)
		}
	}
}

// A store that is away is said to be, and lets nobody in or out.
func TestOutage(t *testing.T) {
	h := newHouse(t)
	b := h.inside()
	must(t, h.store.Close())
	for _, path := range []string{"/portal/security", "/portal/login"} {
		if resp, text := b.get(path); resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" || strings.Contains(text, "sql") {
			t.Errorf("%s: %d\n%s", path, resp.StatusCode, text)
		}
	}
}
