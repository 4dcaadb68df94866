package oauth

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
)

// wentTo reports whether uri is where r went: on one of our listeners, whatever
// its query (RFC 9449 §4.3). What r itself says of the host does not count:
// where we are is what clients are told.
func (p *Provider) wentTo(r *http.Request, uri string) bool {
	said := normalURL(uri)
	if said == "" {
		return false
	}
	for _, base := range []string{p.Issuer, p.MutualURL} {
		if base != "" && said == normalURL(base+r.URL.EscapedPath()) {
			return true
		}
	}
	return false
}

// normalURL is a URL of a host without its query and fragment, in the form that
// all its spellings share (RFC 3986 §6.2.2, §6.2.3); "" if it is none.
func normalURL(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Opaque != "" {
		return ""
	}
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	plain, err := url.Parse(u.Scheme + "://" + strings.TrimSuffix(host, ":") + normalEscapes(u.EscapedPath()))
	if err != nil {
		return ""
	}
	plain = plain.ResolveReference(plain) // which takes out the segments of dots
	if plain.Path == "" {
		plain.Path = "/"
	}
	return plain.String()
}

// normalEscapes undoes the escapes that nobody needs, and writes the others in
// one way.
func normalEscapes(path string) string {
	var out strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' || i+2 >= len(path) {
			out.WriteByte(path[i])
			continue
		}
		b, err := hex.DecodeString(path[i+1 : i+3])
		switch {
		case err != nil:
			out.WriteByte(path[i])
			continue
		case isUnreserved(b[0]):
			out.WriteByte(b[0])
		default:
			out.WriteString(strings.ToUpper(path[i : i+3]))
		}
		i += 2
	}
	return out.String()
}

// isUnreserved reports whether b stands for itself in every URL (RFC 3986 §2.3).
func isUnreserved(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("-._~", b) >= 0
}
