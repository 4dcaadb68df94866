package login_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/users"
)

// A form counts only as this browser got it for this request and this login.
func TestForgedForms(t *testing.T) {
	type edit func(h *house, form url.Values) (header []string)
	token := func(page string) string { return hidden(page).Get("token") }
	for _, row := range []struct {
		name string
		edit edit
		want int
		told string
	}{
		{"from another site", func(*house, url.Values) []string { return []string{"Sec-Fetch-Site", "cross-site"} }, 403, "Another page sent this"},
		{"from a sibling site", func(*house, url.Values) []string { return []string{"Sec-Fetch-Site", "same-site"} }, 403, "Another page sent this"},
		{"by an old browser from another origin", func(*house, url.Values) []string {
			return []string{"Sec-Fetch-Site", "", "Origin", "https://evil.example"}
		}, 403, "Another page sent this"},
		{"from no origin", func(*house, url.Values) []string { return []string{"Sec-Fetch-Site", "", "Origin", "null"} }, 403, "Another page sent this"},
		{"without the cookie", func(h *house, _ url.Values) []string { h.browser.Jar = nil; return nil }, 403, "out of date"},
		{"with another browser's cookie", func(h *house, _ url.Values) []string {
			h.browser.Jar = nil
			return []string{"Cookie", "__Host-pecete-form=" + strings.Repeat("A", 43)}
		}, 403, "out of date"},
		{"without a token", func(_ *house, f url.Values) []string { f.Del("token"); return nil }, 403, "out of date"},
		{"with an altered token", func(_ *house, f url.Values) []string { f.Set("token", "A"+f.Get("token")); return nil }, 403, "out of date"},
		{"with another request's token", func(h *house, f url.Values) []string {
			h.ask(numbered(1), func(i *oauth.Interaction) { i.ID = "two" })
			_, page := h.get("/consent?i=two")
			f.Set("token", token(page))
			return nil
		}, 403, "out of date"},
		{"with the login page's token", func(h *house, f url.Values) []string {
			h.ask(numbered(1), loggedOut)
			_, page := h.get("/login?i=one")
			f.Set("token", token(page))
			h.ask(numbered(1))
			return nil
		}, 403, "out of date"},
		{"of an earlier login", func(h *house, _ url.Values) []string {
			h.stranger("u_other")
			h.ask(numbered(1), func(i *oauth.Interaction) { i.UserID = "u_other" })
			return nil
		}, 403, "out of date"},
		{"with a field twice", func(_ *house, f url.Values) []string { f.Add("code", "000000"); return nil }, 400, "not one of our forms"},
		{"with a token twice", func(_ *house, f url.Values) []string { f.Add("token", f.Get("token")); return nil }, 400, "not one of our forms"},
		{"without a decision", func(_ *house, f url.Values) []string { f.Del("decision"); return nil }, 400, "not one of our forms"},
		{"with another decision", func(_ *house, f url.Values) []string { f.Set("decision", "Sign"); return nil }, 400, "not one of our forms"},
		{"as JSON", func(*house, url.Values) []string { return []string{"Content-Type", "application/json"} }, 400, "not one of our forms"},
		{"as plain text", func(*house, url.Values) []string { return []string{"Content-Type", "text/plain"} }, 400, "not one of our forms"},
		{"of no type", func(*house, url.Values) []string { return []string{"Content-Type", ""} }, 400, "not one of our forms"},
		{"of 20,000 bytes", func(_ *house, f url.Values) []string { f.Set("x", strings.Repeat("x", 20_000)); return nil }, 400, "not one of our forms"},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newHouse(t)
			h.credential("c_1")
			h.ask(numbered(1))
			_, page := h.get("/consent?i=one")
			form := hidden(page)
			form.Set("decision", "sign")
			form.Set("code", h.code())
			header := row.edit(h, form)
			resp, page := h.do(http.MethodPost, "/consent?i=one", form, header...)
			if resp.StatusCode != row.want {
				t.Errorf("answered with %d, want %d", resp.StatusCode, row.want)
			}
			wantTold(t, page, row.told)
			if len(h.desk.agreed)+h.desk.declined != 0 {
				t.Fatal("it counted")
			}
		})
	}
}

// Nothing in a URL agrees to anything.
func TestFieldsInTheURLDoNotCount(t *testing.T) {
	h := newHouse(t)
	h.credential("c_1")
	h.ask(numbered(1))
	_, page := h.get("/consent?i=one")
	form := hidden(page)
	form.Set("decision", "sign")
	form.Set("code", h.code())
	h.get("/consent?i=one&" + form.Encode())
	h.do(http.MethodPost, "/consent?i=one&"+form.Encode(), url.Values{})
	said := url.Values{"code": form["code"], "decision": form["decision"]}
	h.do(http.MethodPost, "/consent?i=one&"+said.Encode(), hidden(page)) // and the rest where it belongs
	form.Set("decision", "decline")
	h.get("/consent?i=one&" + form.Encode())
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch} {
		if resp, _ := h.do(method, "/consent?i=one", form); resp.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s is answered with %d", method, resp.StatusCode)
		}
	}
	if len(h.desk.agreed)+h.desk.declined != 0 {
		t.Error("it counted")
	}
}

// After the login no form from before it is good, also for who knew the cookie.
func TestLoginChangesTheCookie(t *testing.T) {
	h := newHouse(t)
	h.ask(numbered(1), loggedOut)
	cookie := func() string {
		u, err := url.Parse(h.server.URL)
		must(t, err)
		for _, c := range h.browser.Jar.Cookies(u) {
			if c.Name == "__Host-pecete-form" {
				return c.Value
			}
		}
		return ""
	}
	h.get("/login?i=one")
	before := cookie()
	h.get("/login?i=one")
	if cookie() != before {
		t.Error("a second window would spoil the first")
	}
	h.send("/login?i=one", credentialsOf("demo.signer@example.org", password))
	if after := cookie(); after == before || after == "" {
		t.Errorf("the cookie was %q and is %q", before, after)
	}
}

func TestCookiesAreOfThisHostAlone(t *testing.T) {
	h := newHouse(t)
	h.ask(numbered(1), loggedOut)
	resp, _ := h.send("/login?i=one&lang=ro", credentialsOf("nobody@example.org", "x"))
	all := resp.Header.Values("Set-Cookie")
	resp, _ = h.get("/login?i=one&lang=ro", "Cookie", "__Host-pecete-form=short")
	all = append(all, resp.Header.Values("Set-Cookie")...)
	if len(all) < 3 {
		t.Fatalf("only %d cookies", len(all))
	}
	for _, c := range all {
		for _, want := range []string{"__Host-", "Path=/", "Secure", "HttpOnly", "SameSite=Lax"} {
			if !strings.Contains(c, want) {
				t.Errorf("%s: no %s", c, want)
			}
		}
		if strings.Contains(c, "Domain") {
			t.Errorf("%s: has a domain", c)
		}
	}
}

func TestOutages(t *testing.T) {
	secret := errors.New("the address of a database")
	for _, row := range []struct {
		name string
		fail error
		want int
		told string
	}{
		{"a store is away", errAway, 503, "try again in a minute"},
		{"the request is over", oauth.ErrInteraction, 400, "This request is over"},
		{"a bug", secret, 500, "Something went wrong here"},
	} {
		h := newHouse(t)
		h.credential("c_1")
		h.ask(numbered(1))
		h.desk.fails = row.fail
		for _, form := range []url.Values{{"decision": {"decline"}}, signWith(h.code())} {
			resp, page := h.send("/consent?i=one", form)
			if resp.StatusCode != row.want || row.want == 503 && resp.Header.Get("Retry-After") == "" {
				t.Errorf("%s: answered with %d", row.name, resp.StatusCode)
			}
			wantTold(t, page, row.told)
			if strings.Contains(page, secret.Error()) {
				t.Errorf("%s: the page has the error", row.name)
			}
		}
		h.ask(numbered(1), loggedOut)
		resp, _ := h.send("/login?i=one", credentialsOf("demo.signer@example.org", password))
		if resp.StatusCode != row.want {
			t.Errorf("%s: login answered with %d", row.name, resp.StatusCode)
		}
	}
}

func TestRefusalAtTheLastStepShowsThePageAgain(t *testing.T) {
	h := newHouse(t)
	h.credential("c_1")
	h.ask(numbered(1))
	h.desk.fails = csc.Refused("no longer fit", nil)
	wantTold(t, h.told(h.code()), "Read it again")
}

func TestRegistryAway(t *testing.T) {
	h := newHouse(t)
	h.credential("c_1")
	h.ask(numbered(1))
	h.pages.Users = awayUsers{h.store}
	resp, page := h.get("/consent?i=one")
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("answered with %d", resp.StatusCode)
	}
	wantTold(t, page, "Not now")
}

type awayUsers struct{ users.Store }

func (awayUsers) User(context.Context, string) (users.User, error) { return users.User{}, errAway }
