package oauth

import (
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ory/fosite"
)

const maxRedirect = 2048

var (
	errRedirect = errors.New("redirect URI is not registered")
	errNoURL    = errors.New("not a plain URL")
	errNoHost   = errors.New("not a URL of a host and nothing before it")
	errHost     = errors.New("neither https nor http to 127.0.0.1 or [::1]")
	errPort     = errors.New("with a port no application answers at")
	errPath     = errors.New("with a path that has other spellings")
	errOurs     = errors.New("with a parameter of ours in its query")
)

// hostName is a name of two labels or more, the last of which cannot be read as
// part of a number (RFC 1123 §2.1).
var hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

// ourParams are what the answer to an authorization request consists of.
var ourParams = []string{"code", "state", "iss", "error", "error_description"}

// redirectFor is redirectOf, but that a client whose pages are this server's own is
// answered there, whatever host that is: what is at the issuer needs no other proof.
func (p *Provider) redirectFor(c Client, named string) (string, error) {
	if strings.HasPrefix(named, p.Issuer+"/") && slices.Contains(c.RedirectURIs, named) {
		return named, nil
	}
	return redirectOf(c, named)
}

// redirectOf is where c is answered: the URI it names, which must be one of
// those it registered, or else the only one it registered. Of one on a loopback
// address the port is free (RFC 8252 §7.3).
func redirectOf(c Client, named string) (string, error) {
	if named == "" && len(c.RedirectURIs) == 1 {
		named = c.RedirectURIs[0]
	}
	if err := checkRedirect(named); err != nil {
		return "", errors.Join(errRedirect, err)
	}
	// For a loopback address the engine would overlook the scheme.
	scheme, _, _ := strings.Cut(named, "://")
	c.RedirectURIs = slices.DeleteFunc(slices.Clone(c.RedirectURIs), func(uri string) bool {
		return !strings.HasPrefix(uri, scheme+"://")
	})
	if _, err := fosite.MatchRedirectURIWithClientRedirectURIs(named, registered{c}); err != nil {
		return "", errRedirect
	}
	return named, nil
}

// checkRedirect takes https URLs, and http ones on a loopback address for
// programs on the signer's own machine (RFC 8252 §7.3), written in the one way
// that every parser reads alike.
func checkRedirect(uri string) error {
	u, err := url.Parse(uri)
	odd := func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("\\\"<>^`{|}#", r) }
	switch {
	case err != nil || len(uri) > maxRedirect || strings.ContainsFunc(uri, odd) || u.String() != uri:
		return errNoURL
	case u.User != nil || u.Hostname() == "" || u.Opaque != "":
		return errNoHost
	case !reachable(u):
		return errHost
	case !plainPort(u):
		return errPort
	case !plainPath(u.EscapedPath()):
		return errPath
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errNoURL
	}
	for _, name := range ourParams {
		if query.Has(name) {
			return errOurs
		}
	}
	return nil
}

// reachable judges scheme and host together.
func reachable(u *url.URL) bool {
	ip, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		host := u.Hostname()
		return u.Scheme == "https" && len(host) <= 253 && hostName.MatchString(host) && !strings.HasSuffix(host, ".localhost")
	}
	if ip.Zone() != "" || ip.Is4In6() || ip.String() != u.Hostname() {
		return false
	}
	return u.Scheme == "http" && ip.IsLoopback() || u.Scheme == "https" && ip.IsGlobalUnicast()
}

// plainPort takes none, the one of https, and those above the well-known ones
// but for Redis's, which would read a request line by line.
func plainPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.Atoi(u.Port())
	switch {
	case err != nil || strconv.Itoa(n) != u.Port() || n > 65535 || n == 6379:
		return false
	case n == 80 || n == 443:
		return true
	}
	return n >= 1024
}

// plainPath refuses the segments that parsers take away.
func plainPath(path string) bool {
	for segment := range strings.SplitSeq(strings.ToLower(path), "/") {
		if dots := strings.ReplaceAll(segment, "%2e", "."); dots == "." || dots == ".." {
			return false
		}
	}
	return true
}
