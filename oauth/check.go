package oauth

import (
	"errors"
	"fmt"
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
	if slices.Contains(c.Grants, "authorization_code") && len(c.RedirectURIs) == 0 {
		return fmt.Errorf("client %s: authorization_code without a redirect URI", c.ID)
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
