package login

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pecete/pecete/oauth"
)

// safe gives every answer the headers that keep other pages away from it.
func (p *Pages) safe(page http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy(nil))
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY") // for who knows no frame-ancestors
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		page(w, r)
	})
}

// policy is the content security policy of a page whose forms end at one of
// the targets.
//
// Chromium holds the redirects after a form to form-action too, and the last of
// ours leads to the client: so its origin has to be among the targets.
func policy(targets []string) string {
	return strings.Join([]string{
		"default-src 'none'",
		"style-src 'self'",
		"img-src 'self' data:",
		"form-action " + strings.Join(append([]string{"'self'"}, targets...), " "),
		"frame-ancestors 'none'",
		"base-uri 'none'",
	}, "; ")
}

// targets are the sources, as a policy writes them, of where a client may be
// sent back to.
func targets(c oauth.Client) []string {
	var sources []string
	for _, uri := range c.RedirectURIs {
		if source := source(uri); source != "" && !slices.Contains(sources, source) {
			sources = append(sources, source)
		}
	}
	return sources
}

// source is the origin of uri; the scheme alone for the private scheme of an
// app, and for an IPv6 address, which no policy can name; "" for what is no URI.
// A program on this machine may listen on any port (RFC 8252 §7.3).
func source(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" {
		return ""
	}
	text := u.Scheme + ":"
	if u.Scheme == "https" || u.Scheme == "http" {
		switch name := u.Hostname(); {
		case name == "":
			return ""
		case strings.Contains(name, ":"):
			return text
		case name == "127.0.0.1":
			return text + "//" + name + ":*"
		}
		text += "//" + u.Host
	}
	if strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.:/") != "" {
		return ""
	}
	return text
}
