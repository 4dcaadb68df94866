package login

import (
	"net/url"
	"slices"
	"strings"

	"github.com/pecete/pecete/oauth"
)

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
