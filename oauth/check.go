package oauth

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pecete/pecete/csc"
)

var clientID = regexp.MustCompile(`^app_[0-9a-f]{32}$`)

const (
	maxName     = 100 // characters
	maxRedirect = 2048
	verifierLen = 32
)

// Check says what in c cannot be registered. The stores do not ask it: whoever
// makes a client does.
func (c Client) Check() error {
	if !clientID.MatchString(c.ID) {
		return fmt.Errorf("client id %q: not app_ and 32 hexadecimal digits", c.ID)
	}
	if err := checkName(c.Name); err != nil {
		return err
	}
	for _, v := range c.Verifiers {
		if len(v) != verifierLen {
			return fmt.Errorf("client %s: a verifier of %d bytes", c.ID, len(v))
		}
	}
	for _, uri := range c.RedirectURIs {
		if err := checkRedirect(uri); err != nil {
			return fmt.Errorf("redirect URI %q: %w", uri, err)
		}
	}
	for _, g := range c.Grants {
		if !slices.Contains([]string{"authorization_code", "client_credentials", "refresh_token"}, g) {
			return fmt.Errorf("there is no grant %q", g)
		}
	}
	for _, s := range c.Scopes {
		if s != csc.ScopeService && s != csc.ScopeCredential {
			return fmt.Errorf("there is no scope %q", s)
		}
	}
	return nil
}

// checkName refuses names that a signer could not read, or could take for
// something else than a name.
func checkName(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return errors.New("a client needs a name")
	case utf8.RuneCountInString(name) > maxName:
		return fmt.Errorf("client name is longer than %d characters", maxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsGraphic(r) || r != ' ' && unicode.IsSpace(r) }):
		return fmt.Errorf("client name %q has characters that cannot be seen", name)
	}
	return nil
}

// checkRedirect takes https URLs, and http ones on a loopback address for
// programs on the signer's own machine (RFC 8252 §7.3), written as every parser
// reads them.
func checkRedirect(uri string) error {
	u, err := url.Parse(uri)
	odd := func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }
	switch {
	case err != nil || len(uri) > maxRedirect || strings.ContainsFunc(uri, odd) || u.String() != uri:
		return errors.New("not a plain URL")
	case u.User != nil || u.Hostname() == "" || u.Opaque != "":
		return errors.New("not a URL of a host and nothing before it")
	case strings.Contains(uri, "#"):
		return errors.New("with a fragment")
	}
	ip, err := netip.ParseAddr(u.Hostname())
	loopback := err == nil && ip.IsLoopback()
	if u.Scheme == "https" && !loopback || u.Scheme == "http" && loopback {
		return nil
	}
	return errors.New("neither https nor http to 127.0.0.1 or [::1]")
}
