package oauth

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pecete/pecete/outbound"
)

var clientID = regexp.MustCompile(`^app_[0-9a-f]{32}$`)

const (
	maxName      = 100 // characters
	maxRedirects = 20
	maxSecrets   = 2
	verifierLen  = 32
)

// Check says what in c cannot be registered, whoever wants to register it. The
// stores do not ask it: whoever makes or changes a client does.
func (c Client) Check() error {
	if !clientID.MatchString(c.ID) {
		return fmt.Errorf("client id %q: not app_ and 32 hexadecimal digits", c.ID)
	}
	if err := c.sound(); err != nil {
		return fmt.Errorf("client %s: %w", c.ID, err)
	}
	return nil
}

// sound is Check for all but the ID, which is ours.
func (c Client) sound() error {
	for _, check := range []func() error{
		func() error { return checkName(c.Name) },
		c.checkLogo, c.checkRedirects, c.checkResponses, c.checkGrants, c.checkMethod, c.checkBound, c.checkSigned, c.checkProfile,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// A redirectFault is what is wrong with a client's redirect URIs.
type redirectFault struct{ error }

func (f redirectFault) Unwrap() error { return f.error }

// checkName refuses names that a signer could not read, or could take for
// something else than a name.
func checkName(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return errors.New("no name")
	case utf8.RuneCountInString(name) > maxName:
		return fmt.Errorf("its name is longer than %d characters", maxName)
	case strings.TrimSpace(name) != name || strings.Contains(name, "  "):
		return fmt.Errorf("its name %q has spaces that cannot be seen", name)
	case !utf8.ValidString(name) || !graphic(name):
		return fmt.Errorf("its name %q has characters that cannot be seen", name)
	}
	return nil
}

// graphic reports whether every character of s can be seen, and none turns or
// changes others.
func graphic(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsGraphic(r) || r != ' ' && unicode.IsSpace(r) || unicode.Is(unicode.Variation_Selector, r) ||
			unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || r == '\u2800' || r == utf8.RuneError
	})
}

// checkLogo takes what a page may show from another host: nothing here ever
// loads it.
func (c Client) checkLogo() error {
	if c.Logo == "" {
		return nil
	}
	u, err := url.Parse(c.Logo)
	if err == nil {
		err = checkRedirect(c.Logo)
	}
	if err == nil && (u.Scheme != "https" || !hostName.MatchString(u.Hostname())) {
		err = errors.New("not https and the name of a host")
	}
	if err != nil {
		return fmt.Errorf("logo %q: %w", c.Logo, err)
	}
	return nil
}

func (c Client) checkRedirects() error {
	if len(c.RedirectURIs) > maxRedirects {
		return redirectFault{fmt.Errorf("more than %d redirect URIs", maxRedirects)}
	}
	for i, uri := range c.RedirectURIs {
		if err := checkRedirect(uri); err != nil {
			return redirectFault{fmt.Errorf("redirect URI %q: %w", uri, err)}
		}
		if slices.Contains(c.RedirectURIs[:i], uri) {
			return redirectFault{fmt.Errorf("redirect URI %q twice", uri)}
		}
	}
	return nil
}

// checkLists takes the grants and scopes there are, each once.
func checkLists(grantTypes, asked []string) error {
	for i, g := range grantTypes {
		if _, is := grants[g]; !is || slices.Contains(grantTypes[:i], g) {
			return fmt.Errorf("there is no grant %q, or it is named twice", g)
		}
	}
	for i, s := range asked {
		if !slices.Contains(scopes(), s) || slices.Contains(asked[:i], s) {
			return fmt.Errorf("there is no scope %q, or it is named twice", s)
		}
	}
	return nil
}

// checkResponses takes what the server may be made to call.
func (c Client) checkResponses() error {
	if len(c.ResponseURIs) > maxRedirects {
		return fmt.Errorf("more than %d response URIs", maxRedirects)
	}
	for i, uri := range c.ResponseURIs {
		if _, err := outbound.Parse(uri); err != nil {
			return fmt.Errorf("response URI %q: %w", uri, err)
		}
		if slices.Contains(c.ResponseURIs[:i], uri) {
			return fmt.Errorf("response URI %q twice", uri)
		}
	}
	return nil
}

func (c Client) checkGrants() error {
	if err := checkLists(c.Grants, c.Scopes); err != nil {
		return err
	}
	code := slices.Contains(c.Grants, "authorization_code")
	switch {
	case code && len(c.RedirectURIs) == 0:
		return redirectFault{errors.New("authorization_code without a redirect URI")}
	case !code && slices.Contains(c.Grants, "refresh_token"):
		return errors.New("refresh_token without authorization_code, which gives them")
	case !c.confidential() && slices.Contains(c.Grants, "client_credentials"):
		return errors.New("client_credentials without a method of authentication")
	case !c.confidential() && c.ResourceServer:
		return errors.New("a resource server without a method of authentication")
	}
	return nil
}

// checkProfile holds c against the rules of its profile.
func (c Client) checkProfile() error {
	code := slices.Contains(c.Grants, "authorization_code")
	switch c.profile() {
	case ProfileCSC:
		return nil
	case ProfileCSCv1:
		if c.Bound == BoundDPoP {
			return errors.New("profile csc-v1: its token type cannot say DPoP")
		}
		return nil
	case ProfileFAPI2: // FAPI 2.0 §5.3.2
		switch {
		case !slices.Contains(fapiMethods, c.AuthMethod):
			return fmt.Errorf("profile fapi2: %s, %s or %s, no other method", PrivateKeyJWT, TLSAuth, SelfSignedTLS)
		case c.Bound == "":
			return errors.New("profile fapi2: its tokens must be bound to DPoP or mTLS")
		case code && !c.RequirePAR:
			return errors.New("profile fapi2: its requests must be pushed")
		}
		return nil
	}
	return fmt.Errorf("there is no profile %q", c.Profile)
}

func (c Client) checkBound() error {
	if c.Bound != "" && c.Bound != BoundDPoP && c.Bound != BoundMTLS {
		return fmt.Errorf("tokens bound to %q: not to dpop or mtls", c.Bound)
	}
	return nil
}

func (c Client) checkSigned() error {
	if c.RequireJAR && c.Keys == nil {
		return errors.New("signed requests without keys to sign them with")
	}
	return nil
}
