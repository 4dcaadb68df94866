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
// The way of a signer: an authorization request is read once, from the query
// (authorize.go) or from a push (push.go), into a request (request.go) and
// becomes an interaction tied to the browser (interaction.go). The pages of the
// login tell it who the signer is and what he agreed to; then a code goes to
// the client (code.go) and is redeemed for a token, and in scope credential for
// a grant (redeem.go). All that comes of one code is a family (family.go), and
// dies as one.
//
// Clients are added by operators, or register themselves with an invitation
// (register.go) and look after their own registration from then on (manage.go);
// what a client can be is in check.go, for both. What they sign, which is
// assertions and requests (assertion.go, jar.go), is held against keys that they
// registered: nothing that a client names is ever fetched.
//
// An access token is 256 random bits. Only its SHA-256 is kept, in the one-time
// store, and the client behind it is looked up each time it is used, so that
// removing or disabling a client ends its tokens at once.
package oauth

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net/http"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/users"
)

// How often one network may fail to authenticate as a client, and open
// authorization requests, and how many codes one signer may have made, in a
// minute.
const (
	defaultFailures = 20
	DefaultLoads    = 120
	defaultSigners  = 60
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

	// StepKey keys what ties an interaction to its browser and its steps to each
	// other: 32 random bytes, the same on every server that shares Tokens. With
	// it, Register, Grants and Permissions the authorization code grant is offered,
	// with Refresh too the refresh token grant.
	StepKey     []byte
	Register    credentials.Register
	Grants      sad.Store
	Permissions PermissionStore
	Refresh     RefreshStore
	// Accounts and Sealer are for account_token; without them it is refused.
	Accounts AccountStore
	Sealer   users.Sealer
	// LoginURL and ConsentURL are the pages of the login, "/login" and "/consent"
	// if empty. They are sent to with the interaction in the parameter i.
	LoginURL, ConsentURL string
	// CredentialLife is how long a token of scope credential lives, in whole
	// seconds; sad.DefaultLife if zero, and never more than sad.MaxLife.
	CredentialLife time.Duration
	// RefreshIdle is how long a refresh token waits to be used, RefreshLife how
	// long after the login it and those that replace it end; DefaultRefreshIdle
	// and DefaultRefreshLife if zero.
	RefreshIdle, RefreshLife time.Duration
	// Loads is how many authorization requests one address may open, and how
	// often it may call as clients without a secret, within a minute before it is
	// answered 429; 120 if zero.
	Loads int
	// Signers is how many codes may be made for one signer within a minute before
	// he is answered 429; 60 if zero.
	Signers int
	// Calls is how often one client may call within a minute, with a good proof,
	// before it is answered 429; no limit if zero.
	Calls int
	// Counter counts all these together with the other processes that answer for
	// Issuer; nil if there are none.
	Counter quota.Counter

	// Invitations let clients register themselves; nil if none shall.
	Invitations InvitationStore

	// MutualURL is the https URL of the listener that asks clients for
	// certificates, without a slash at its end; "" if there is none. With it
	// self_signed_tls_client_auth is offered, with ClientCAs too tls_client_auth.
	MutualURL string
	// NonceKey keys the nonces that DPoP proofs must have: 32 random bytes, the
	// same on every server that shares Tokens. None are demanded without it.
	NonceKey []byte
	// ClientCAs issue the certificates of clients for tls_client_auth.
	ClientCAs *x509.CertPool
	// Changing lets clients ask for new credentials, and for the end of credentials;
	// nil if none shall.
	Changing *Changing
	// Direct is auth/login; nil if there is none.
	Direct *Direct
	// House is what pages show. Of these pages none has a form, so that its Key is
	// not used; its Logger is the one above if it has none.
	House page.House

	pages     *page.Book    // read when it is mounted
	perSigner *quota.Shared // codes and direct logins, by signer; of the same moment
	read      *records      // of tokens; of the same moment
}

// Mount adds the endpoints to mux, and beside them an answer in JSON for every
// other path under /oauth2/.
func (p *Provider) Mount(mux *http.ServeMux) {
	e := newEndpoints(p)
	for _, r := range e.routes() {
		mux.Handle(r.path, r.handler)
	}
	mux.HandleFunc("/oauth2/", e.nothing)
}

// A route is a path with who answers it, and the member of the metadata it is
// announced in.
type route struct {
	path    string
	member  string
	handler http.Handler
}

// routes are the endpoints there are: what is mounted and what is announced.
func (e *endpoints) routes() []route {
	all := []route{
		{"/oauth2/token", "token_endpoint", e.serve(http.StatusOK, e.token)},
		{"/oauth2/revoke", "revocation_endpoint", e.serve(http.StatusOK, e.revoke)},
		{"/oauth2/introspect", "introspection_endpoint", e.serve(http.StatusOK, e.introspect)},
		{e.metadataPath(), "", http.HandlerFunc(e.metadata)},
	}
	if e.interactive() {
		all = append(all,
			route{"/oauth2/authorize", "authorization_endpoint", http.HandlerFunc(e.authorize)},
			route{"/oauth2/pushed_authorize", "pushed_authorization_request_endpoint", e.serve(http.StatusCreated, e.push)})
	}
	if e.Invitations != nil {
		all = append(all,
			route{RegisterPath, "registration_endpoint", http.HandlerFunc(e.register)},
			route{RegisterPath + "/{client}", "", http.HandlerFunc(e.manage)})
	}
	return all
}

// interactive reports whether there is what the authorization code grant needs.
func (p *Provider) interactive() bool {
	return len(p.StepKey) > 0 && p.Register.Store != nil && p.Grants != nil && p.Permissions != nil
}

func (p *Provider) serviceLife() time.Duration { return either(p.ServiceLife, DefaultServiceLife) }

func (p *Provider) credentialLife() time.Duration {
	return min(either(p.CredentialLife, sad.DefaultLife), sad.MaxLife)
}

func (p *Provider) loginURL() string   { return either(p.LoginURL, "/login") }
func (p *Provider) consentURL() string { return either(p.ConsentURL, "/consent") }

// either is set, or otherwise if that is nothing.
func either[T comparable](set, otherwise T) T {
	var nothing T
	if set == nothing {
		return otherwise
	}
	return set
}

func (p *Provider) storage() storage {
	return storage{clients: p.Clients, tokens: p.Tokens, now: p.Now, read: p.read}
}

// endpoints are a Provider at work.
type endpoints struct {
	*Provider
	limits
	engine *fosite.Fosite
	log    *slog.Logger
}

func newEndpoints(p *Provider) *endpoints {
	e := &endpoints{
		Provider: p,
		limits:   newLimits(p),
		log:      p.Logger,
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	p.pages, p.perSigner, p.read = p.newBook(), e.limits.signers, &records{}
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
	helper := &oauth2.HandleHelper{
		AccessTokenStrategy: opaque{now: e.Now},
		AccessTokenStorage:  e.storage(),
		Config:              c,
	}
	c.TokenEndpointHandlers = fosite.TokenEndpointHandlers{
		entitlement{},
		binding{e},
		&oauth2.ClientCredentialsGrantHandler{HandleHelper: helper, Config: c},
	}
	if e.interactive() {
		c.TokenEndpointHandlers = append(c.TokenEndpointHandlers, &redemption{e, helper})
	}
	if e.refreshes() {
		c.TokenEndpointHandlers = append(c.TokenEndpointHandlers, &renewal{e, helper})
	}
	return c
}
