// Package oauth is the authorization server: it knows the signature
// applications, hands out access tokens, and says who stands behind one
// (v2.0.0.2 §8.4, RFC 6749).
//
// fosite is the engine of the grants and nothing more. What a stranger sends is
// read by form.go and authenticate.go, which are stricter than fosite and hand
// it only the parameters of the grant; what a client may ask is decided by the
// table in entitle.go; what is kept is our own record and not fosite's request
// (store.go); and every answer, good or bad, is worded in wire.go. A new grant
// is a line in that table, a handler in engine, and what it must remember in
// session.go.
//
// An access token is 256 random bits. Only its SHA-256 is kept, in the one-time
// store, and the client behind it is looked up each time it is used, so that
// removing or disabling a client ends its tokens at once.
package oauth

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/onetime"
)

// DefaultServiceLife is how long a token of scope service lives if nothing else
// is configured.
const DefaultServiceLife = 10 * time.Minute

// A Recorder writes the audit record; *audit.Log is one.
type Recorder interface {
	// Append writes e durably, or says why it could not.
	Append(ctx context.Context, e audit.Entry) error
}

// A Provider is the authorization server. Its fields are set before the first
// use and not changed after.
type Provider struct {
	// Issuer is the https URL clients append /oauth2/… to, without a slash at
	// its end; info.oauth2 is the same string.
	Issuer  string
	Clients ClientStore
	Tokens  onetime.Store
	// Pepper keys the verifiers of client secrets: 32 random bytes or more, the
	// same for as long as the clients live. Without one no secret is right.
	Pepper []byte
	Audit  Recorder
	Now    func() time.Time
	// ServiceLife is how long a token of scope service lives, in whole seconds;
	// DefaultServiceLife if zero.
	ServiceLife time.Duration
	// Failures is how many failed authentications one client may make from one
	// address within a minute before it is answered 429; 20 if zero. The right
	// secret is never refused for them.
	Failures int
	Logger   *slog.Logger // nil for none
}

// Mount adds the endpoints to mux, and beside them an answer in JSON for every
// other path under /oauth2/.
func (p *Provider) Mount(mux *http.ServeMux) {
	e := newEndpoints(p)
	mux.Handle("/oauth2/token", e.serve(e.token))
	mux.Handle("/oauth2/revoke", e.serve(e.revoke))
	mux.HandleFunc("/oauth2/", e.nothing)
}

func (p *Provider) serviceLife() time.Duration {
	if p.ServiceLife == 0 {
		return DefaultServiceLife
	}
	return p.ServiceLife
}

func (p *Provider) storage() storage {
	return storage{clients: p.Clients, tokens: p.Tokens, now: p.Now}
}

// endpoints are a Provider at work.
type endpoints struct {
	*Provider
	engine   *fosite.Fosite
	failures *limiter
	log      *slog.Logger
}

func newEndpoints(p *Provider) *endpoints {
	most := p.Failures
	if most == 0 {
		most = defaultFailures
	}
	e := &endpoints{Provider: p, failures: newLimiter(most, time.Minute, p.Now), log: p.Logger}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	e.engine = &fosite.Fosite{Store: p.storage(), Config: e.config()}
	return e
}

// config composes fosite by hand: these handlers in this order and no others.
// The fields fosite would fill by itself at the first request are all set,
// since it fills them without a lock.
func (e *endpoints) config() *fosite.Config {
	c := &fosite.Config{
		AccessTokenLifespan:           e.serviceLife(),
		ClientAuthenticationStrategy:  e.authenticate,
		ClientSecretsHasher:           noHasher{},
		JWKSFetcherStrategy:           noFetcher{},
		ScopeStrategy:                 fosite.ExactScopeStrategy,
		AudienceMatchingStrategy:      fosite.ExactAudienceMatchingStrategy,
		RedirectSecureChecker:         fosite.IsRedirectURISecureStrict,
		EnforcePKCE:                   true,
		DisableRefreshTokenValidation: true,
	}
	c.TokenEndpointHandlers = fosite.TokenEndpointHandlers{
		entitlement{},
		&oauth2.ClientCredentialsGrantHandler{
			HandleHelper: &oauth2.HandleHelper{
				AccessTokenStrategy: opaque{now: e.Now},
				AccessTokenStorage:  e.storage(),
				Config:              c,
			},
			Config: c,
		},
	}
	return c
}
