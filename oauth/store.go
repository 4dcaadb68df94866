package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v3"
	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"

	"github.com/pecete/pecete/onetime"
)

// grace is how long an expired token is still known, so that it is told
// "expired" and not "invalid".
const grace = 10 * time.Minute

// storage is what fosite asks of our stores, on top of what they are. Whatever
// fosite gets of it is its own: no two requests share a session.
type storage struct {
	clients ClientStore
	tokens  onetime.Store
	now     func() time.Time
	read    *records
}

var (
	_ fosite.Storage            = storage{}
	_ oauth2.AccessTokenStorage = storage{}
)

// client returns a client that may act: one that is disabled is unknown, and so
// is one whose id no client can have.
func (s storage) client(ctx context.Context, id string) (Client, error) {
	if !possibleID(id) {
		return Client{}, ErrUnknownClient
	}
	c, err := s.clients.Client(ctx, id)
	if err == nil && c.Disabled {
		return Client{}, fmt.Errorf("disabled: %w", ErrUnknownClient)
	}
	return c, err
}

// possibleID keeps from the stores what they may not like: a client_id is
// printable ASCII (RFC 6749 appendix A.1).
func possibleID(id string) bool {
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return false
		}
	}
	return id != "" && len(id) <= 128
}

// GetClient is client in fosite's types; fosite.ErrNotFound if there is none.
func (s storage) GetClient(ctx context.Context, id string) (fosite.Client, error) {
	c, err := s.client(ctx, id)
	if errors.Is(err, ErrUnknownClient) {
		return nil, fosite.ErrNotFound.WithWrap(err)
	}
	if err != nil {
		return nil, fmt.Errorf("look up client: %w", err)
	}
	return registered{c}, nil
}

var errNoAssertions = errors.New("client assertions are not accepted")

// ClientAssertionJWTValid refuses: authenticate accepts no assertions, and
// fosite does not authenticate clients.
func (storage) ClientAssertionJWTValid(context.Context, string) error { return errNoAssertions }

// SetClientAssertionJWT refuses, as ClientAssertionJWTValid does.
func (storage) SetClientAssertionJWT(context.Context, string, time.Time) error {
	return errNoAssertions
}

var errNoEnd = errors.New("access token without an end")

// CreateAccessTokenSession keeps a token, known by its signature, until its end.
func (s storage) CreateAccessTokenSession(ctx context.Context, signature string, r fosite.Requester) error {
	what, ok := r.GetSession().(*session)
	if !ok {
		return fmt.Errorf("keep access token: session is a %T", r.GetSession())
	}
	now := s.now()
	left := what.GetExpiresAt(fosite.AccessToken).Sub(now)
	if left <= 0 {
		return errNoEnd
	}
	value, err := json.Marshal(record{
		Version: recordVersion,
		Request: r.GetID(),
		Client:  r.GetClient().GetID(),
		Scopes:  r.GetGrantedScopes(),
		Issued:  now,
		Session: *what,
	})
	if err != nil {
		return fmt.Errorf("encode access token: %w", err)
	}
	if err := s.tokens.Put(ctx, tokenKey(signature), value, left+grace); err != nil {
		return fmt.Errorf("keep access token: %w", err)
	}
	return nil
}

// GetAccessTokenSession returns what is kept of a token, also if its end has
// come; fosite.ErrNotFound if nothing is or its client is gone.
func (s storage) GetAccessTokenSession(ctx context.Context, signature string, into fosite.Session) (fosite.Requester, error) {
	kept, c, err := s.kept(ctx, signature, Client{})
	if err != nil {
		return nil, err
	}
	return kept.clone().requester(registered{c}, into), nil
}

// kept is GetAccessTokenSession in our own types. A client that was just looked up
// is not looked up again. The record may be others' too, who read it.
func (s storage) kept(ctx context.Context, signature string, known Client) (*record, Client, error) {
	if signature == "" {
		return nil, Client{}, fosite.ErrNotFound
	}
	value, err := s.tokens.Get(ctx, tokenKey(signature))
	if errors.Is(err, onetime.ErrUnknown) {
		return nil, Client{}, fosite.ErrNotFound.WithWrap(err)
	}
	if err != nil {
		return nil, Client{}, fmt.Errorf("look up access token: %w", err)
	}
	r, err := s.read.decode(value)
	if err != nil {
		return nil, Client{}, err
	}
	if r.Version != recordVersion { // of another release: the client asks for a new one
		return nil, Client{}, fosite.ErrNotFound
	}
	if known.ID != "" && known.ID == r.Client {
		return r, known, nil
	}
	c, err := s.client(ctx, r.Client)
	if errors.Is(err, ErrUnknownClient) {
		return nil, Client{}, fosite.ErrNotFound.WithWrap(err)
	}
	if err != nil {
		return nil, Client{}, fmt.Errorf("look up client: %w", err)
	}
	return r, c, nil
}

// requester is the record in fosite's types. A session of ours that is passed
// in is filled too, since some of fosite looks there.
func (k *record) requester(c fosite.Client, into fosite.Session) fosite.Requester {
	what := &k.Session
	if s, ok := into.(*session); ok && s != nil {
		*s = k.Session
		what = s
	}
	r := fosite.NewRequest()
	r.ID, r.Client, r.Session, r.RequestedAt = k.Request, c, what, k.Issued
	r.RequestedScope, r.GrantedScope = k.Scopes, k.Scopes
	return r
}

// DeleteAccessTokenSession forgets a token; fosite.ErrNotFound if it is not
// known.
func (s storage) DeleteAccessTokenSession(ctx context.Context, signature string) error {
	_, err := s.tokens.Take(ctx, tokenKey(signature))
	if errors.Is(err, onetime.ErrUnknown) {
		return fosite.ErrNotFound.WithWrap(err)
	}
	if err != nil {
		return fmt.Errorf("forget access token: %w", err)
	}
	return nil
}

func tokenKey(signature string) string { return "token:" + signature }

// registered is a Client as fosite knows one.
type registered struct{ Client }

var _ fosite.Client = registered{}

// endedFor is Client.ended for a client of fosite's.
func endedFor(c fosite.Client, issued time.Time) bool {
	own, ours := c.(registered)
	return !ours || own.ended(issued)
}

// GetID is the client's id.
func (c registered) GetID() string { return c.ID }

// GetHashedSecret is nil: authenticate judges secrets.
func (c registered) GetHashedSecret() []byte { return nil }

// GetRedirectURIs are the URIs the client may be answered at.
func (c registered) GetRedirectURIs() []string { return c.RedirectURIs }

// GetGrantTypes are the grants the client may use.
func (c registered) GetGrantTypes() fosite.Arguments { return c.Grants }

// GetResponseTypes is code: §8.4.2 knows no other.
func (c registered) GetResponseTypes() fosite.Arguments { return fosite.Arguments{"code"} }

// GetScopes are the scopes the client may ask.
func (c registered) GetScopes() fosite.Arguments { return c.Scopes }

// IsPublic reports whether the client proves nothing.
func (c registered) IsPublic() bool { return !c.confidential() }

// GetAudience is nil: our tokens are for the one API beside us.
func (c registered) GetAudience() fosite.Arguments { return nil }

// noHasher and noFetcher stand where fosite would put its own: bcrypt, and a
// fetcher of whatever URL a client names.
type noHasher struct{}

var errNotOurs = errors.New("not done by fosite here")

// Compare refuses: authenticate judges secrets.
func (noHasher) Compare(context.Context, []byte, []byte) error { return errNotOurs }

// Hash refuses: NewSecret makes verifiers.
func (noHasher) Hash(context.Context, []byte) ([]byte, error) { return nil, errNotOurs }

type noFetcher struct{}

// Resolve refuses: nothing is fetched for a client.
func (noFetcher) Resolve(context.Context, string, bool) (*jose.JSONWebKeySet, error) {
	return nil, errNotOurs
}
