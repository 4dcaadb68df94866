package login_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/pecete/pecete/login"
	"github.com/pecete/pecete/oauth"
)

func TestHeaders(t *testing.T) {
	h := newHouse(t)
	h.credential("c_1")
	h.ask(numbered(1))
	h.ask(numbered(1), loggedOut, func(i *oauth.Interaction) { i.ID = "two" })
	for _, row := range []struct{ method, path, target string }{
		{http.MethodGet, "/login?i=two", " https://app.example.org"},
		{http.MethodHead, "/login?i=two", " https://app.example.org"},
		{http.MethodPost, "/login?i=two", ""},
		{http.MethodGet, "/consent?i=one", " https://app.example.org"},
		{http.MethodPost, "/consent?i=one", ""},
		{http.MethodGet, "/consent?i=two", ""},
		{http.MethodGet, "/consent?i=none", ""},
		{http.MethodGet, "/login", ""},
	} {
		resp, page := h.do(row.method, row.path, nil)
		want := map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'" + row.target +
				"; frame-ancestors 'none'; base-uri 'none'",
			"Referrer-Policy":              "no-referrer",
			"Cache-Control":                "no-store",
			"X-Content-Type-Options":       "nosniff",
			"X-Frame-Options":              "DENY",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
		}
		for name, value := range want {
			if got := resp.Header.Get(name); got != value {
				t.Errorf("%s %s: %s is %q, want %q", row.method, row.path, name, got, value)
			}
		}
		if active := activeContent.FindString(page); active != "" {
			t.Errorf("%s %s has %q", row.method, row.path, active)
		}
	}
}

// activeContent is what the policy would forbid, and what is not there anyway.
var activeContent = regexp.MustCompile(`(?i)<script|<style|<iframe|<object|<embed| style=| on[a-z]+=|javascript:|https?://`)

// Chromium stops the redirect to a client whose origin is not in form-action.
func TestTargets(t *testing.T) {
	for uri, want := range map[string]string{
		"https://app.example.org/back":          "https://app.example.org",
		"https://app.example.org:8443/back?x=1": "https://app.example.org:8443",
		"http://127.0.0.1/back":                 "http://127.0.0.1:*",
		"http://127.0.0.1:7001/back":            "http://127.0.0.1:*",
		"http://[::1]/back":                     "http:",
		"org.example.app:/back":                 "org.example.app:",
		"https://user:secret@app.example.org/":  "https://app.example.org",
		"https:///back":                         "",
		"/back":                                 "",
		"":                                      "",
		"https://a.example;script-src *":        "",
		"https://a.example 'unsafe-inline'/":    "",
		"https://a.example,https://b.example/":  "",
		"https://*.example.org/":                "",
		"https://%3Bscript-src/":                "",
		"https://a.example\n/":                  "",
		"https://exämple.org/":                  "",
	} {
		got := strings.Join(login.Targets(oauth.Client{RedirectURIs: []string{uri, uri}}), " ")
		if got != want {
			t.Errorf("targets of %q are %q, want %q", uri, got, want)
		}
	}
}
