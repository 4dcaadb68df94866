package page

import (
	"net/http"
	"strings"
)

// Safe gives every answer of a page the headers that keep other pages away from
// it.
func Safe(page http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Guard(w.Header())
		page(w, r)
	})
}

// Guard sets those headers.
func Guard(h http.Header) {
	h.Set("Content-Security-Policy", policy(nil, false))
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY") // for who knows no frame-ancestors
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
}

// policy is the content security policy of a page whose forms end at one of
// the targets, and which has scripts of ours that ask this host, or has none.
//
// Chromium holds the redirects after a form to form-action too: where the last of
// them leads away from here, its origin has to be among the targets.
func policy(targets []string, scripts bool) string {
	sources := []string{
		"default-src 'none'",
		"style-src 'self'",
		"img-src 'self' data:",
		"form-action " + strings.Join(append([]string{"'self'"}, targets...), " "),
		"frame-ancestors 'none'",
		"base-uri 'none'",
	}
	if scripts {
		sources = append(sources, "script-src 'self'", "connect-src 'self'")
	}
	return strings.Join(sources, "; ")
}
