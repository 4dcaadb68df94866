package main

import (
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

// clientFlags say what a new client shall be.
type clientFlags struct {
	profile, method, jwks, bound, logo string
	requirePAR, requireJAR             bool
	resourceServer                     bool
	tls                                oauth.TLSName
	redirects, responses, signers, may []string
}

func (f *clientFlags) bind(flags *pflag.FlagSet) {
	f.bindWays(flags)
	flags.StringArrayVar(&f.signers, "signer", nil, "`SIGNER` it may act for; can be given several times")
	flags.StringVar(&f.profile, "profile", oauth.ProfileCSC, "`RULES` it keeps: csc, fapi2, or csc-v1 for applications of API v1")
	flags.StringVar(&f.method, "auth-method", "", "`METHOD` it proves itself by: client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth, "+
		"self_signed_tls_client_auth, none (default a secret in the header or the form; private_key_jwt with --profile fapi2)")
	flags.StringVar(&f.jwks, "jwks", "", "`FILE` with its public keys, a JWK set")
	flags.StringVar(&f.tls.SubjectDN, "tls-subject-dn", "", "subject of its certificate, as RFC 4514 writes a `DN`")
	flags.StringVar(&f.tls.SANDNS, "tls-san-dns", "", "or: a DNS `NAME` in it")
	flags.StringVar(&f.tls.SANURI, "tls-san-uri", "", "or: a `URI` in it")
	flags.StringVar(&f.tls.SANIP, "tls-san-ip", "", "or: an `ADDRESS` in it")
	flags.StringVar(&f.tls.SANEmail, "tls-san-email", "", "or: an e-mail `ADDRESS` in it")
}

// bindWays binds the flags of what may be changed later too.
func (f *clientFlags) bindWays(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.redirects, "redirect-uri", nil, "`URI` signers are sent back to: https, or http on 127.0.0.1; can be given several times")
	flags.StringArrayVar(&f.responses, "response-uri", nil, "https `URI` that may be told when a request of mode A has ended; can be given several times")
	flags.BoolVar(&f.requirePAR, "require-par", false, "refuse requests that were not pushed; always so with --profile fapi2")
	flags.BoolVar(&f.requireJAR, "require-jar", false, "refuse requests that it did not sign with one of its keys")
	flags.StringVar(&f.bound, "bound", "", "`WHAT` its tokens must be bound to: dpop or mtls (with --profile fapi2 dpop, or mtls if it proves itself by a certificate)")
	flags.BoolVar(&f.resourceServer, "resource-server", false, "let it ask about the tokens of every client (RFC 7662)")
	flags.StringArrayVar(&f.may, "may", nil, "`WHAT` it may beside signatures: ask signers to create or delete credentials, enrol people as a registration authority, or login: use credentials for logins to sites; can be given several times")
	flags.StringVar(&f.logo, "logo", "", "https `URI` of its logo, which only browsers load")
}

// client is what the flags say, without what it will prove itself with.
func (f *clientFlags) client(name string, now time.Time) (oauth.Client, error) {
	c := oauth.Client{
		ID: oauth.NewClientID(), Name: name, Profile: f.profile, AuthMethod: f.method, TLS: f.tls,
		RequirePAR: f.requirePAR, RequireJAR: f.requireJAR, Bound: f.bound, ResourceServer: f.resourceServer, Logo: f.logo, RedirectURIs: f.redirects,
		ResponseURIs: f.responses, Created: now.UTC().Truncate(time.Microsecond),
	}
	c = c.Completed()
	scopes, err := mayScopes(f.may)
	if err != nil {
		return c, err
	}
	c.Scopes = scopes
	grant(&c)
	if f.jwks == "" {
		return c, nil
	}
	c.Keys, err = os.ReadFile(f.jwks)
	return c, err
}

// mayScopes are the scopes of what --may names.
func mayScopes(may []string) (scopes []string, err error) {
	for _, what := range may {
		scope, known := map[string]string{"create": csc.ScopeCreation, "delete": csc.ScopeDeletion, "enrol": oauth.ScopeEnrolment, "login": oauth.ScopeLogins}[what]
		if !known || slices.Contains(scopes, scope) {
			return nil, fmt.Errorf("--may %s: not create, delete, enrol or login, or twice", what)
		}
		scopes = append(scopes, scope)
	}
	return scopes, nil
}

// grant lets a client do what it has the means for, and what it may beside that.
func grant(c *oauth.Client) {
	may := slices.DeleteFunc(slices.Clone(c.Scopes), func(s string) bool { return s == csc.ScopeService || s == csc.ScopeCredential })
	c.Grants, c.Scopes = nil, []string{csc.ScopeService}
	if c.AuthMethod != oauth.NoAuth {
		c.Grants = append(c.Grants, "client_credentials")
	}
	if len(c.RedirectURIs) > 0 {
		c.Grants = append(c.Grants, "authorization_code", "refresh_token")
		c.Scopes = append(c.Scopes, csc.ScopeCredential)
	}
	c.Scopes = append(c.Scopes, may...)
}
