package oauth

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// A need is what a method of client authentication asks of a registration.
type need struct{ secret, keys, name bool }

// methods are the methods there are. None at all is a secret in either place.
var methods = []struct {
	name string
	need need
}{
	{"", need{secret: true}},
	{SecretBasic, need{secret: true}},
	{SecretPost, need{secret: true}},
	{PrivateKeyJWT, need{keys: true}},
	{TLSAuth, need{name: true}},
	{SelfSignedTLS, need{keys: true}},
	{NoAuth, need{}},
}

// fapiMethods are those that FAPI 2.0 §5.3.2.1 leaves: nothing that is sent
// there can be sent by whoever saw it.
var fapiMethods = []string{PrivateKeyJWT, TLSAuth, SelfSignedTLS}

// checkMethod holds what c has to prove itself with against what its method
// uses: all of that and, but for keys, which may be for requests, nothing else.
func (c Client) checkMethod() error {
	for _, v := range c.Verifiers {
		if len(v) != verifierLen {
			return fmt.Errorf("a verifier of %d bytes", len(v))
		}
	}
	if len(c.Verifiers) > maxSecrets {
		return fmt.Errorf("more than %d secrets", maxSecrets)
	}
	if c.Keys != nil {
		if _, err := parseKeys(c.Keys); err != nil {
			return fmt.Errorf("its keys: %w", err)
		}
	}
	for _, m := range methods {
		if m.name == c.AuthMethod {
			return m.need.met(c)
		}
	}
	return fmt.Errorf("there is no method of client authentication %q", c.AuthMethod)
}

func (n need) met(c Client) error {
	switch {
	case n.secret && len(c.Verifiers) == 0:
		return errors.New("a method that needs a secret, and none")
	case !n.secret && len(c.Verifiers) > 0:
		return fmt.Errorf("%s with a secret", c.AuthMethod)
	case n.keys && c.Keys == nil:
		return fmt.Errorf("%s without keys", c.AuthMethod)
	case !n.name && c.TLS != TLSName{}:
		return fmt.Errorf("%s with a name of a certificate", c.AuthMethod)
	case n.name:
		return c.TLS.check()
	}
	return nil
}

// check demands one name, written as it is compared.
func (n TLSName) check() error {
	set := 0
	for _, name := range []string{n.SubjectDN, n.SANDNS, n.SANURI, n.SANIP, n.SANEmail} {
		if name != "" {
			set++
		}
	}
	if set != 1 {
		return fmt.Errorf("%d names of a certificate, not one", set)
	}
	ip, ipErr := netip.ParseAddr(n.SANIP)
	uri, uriErr := url.Parse(n.SANURI)
	at := strings.LastIndexByte(n.SANEmail, '@')
	switch {
	case len(n.SubjectDN)+len(n.SANURI)+len(n.SANEmail) > maxTLSName:
		return errors.New("the name of its certificate is too long")
	case n.SANDNS != "" && (!hostName.MatchString(n.SANDNS) || len(n.SANDNS) > 253):
		return fmt.Errorf("DNS name %q: not a name of a host in lower case, whole and in ASCII", n.SANDNS)
	case n.SANIP != "" && (ipErr != nil || ip.String() != n.SANIP || ip.Zone() != "" || ip.Is4In6()):
		return fmt.Errorf("IP address %q: not one in its usual form", n.SANIP)
	case n.SANURI != "" && (uriErr != nil || !uri.IsAbs() || uri.String() != n.SANURI):
		return fmt.Errorf("URI %q: not one, or not in its usual form", n.SANURI)
	case n.SANEmail != "" && (at < 1 || strings.ContainsFunc(n.SANEmail, notGraphicASCII) || !hostName.MatchString(n.SANEmail[at+1:])):
		return fmt.Errorf("e-mail address %q: not one with its host in lower case", n.SANEmail)
	case n.SubjectDN != "":
		_, err := parseDN(n.SubjectDN)
		return err
	}
	return nil
}

const maxTLSName = 1024 // bytes

func notGraphicASCII(r rune) bool { return r <= ' ' || r > '~' }
