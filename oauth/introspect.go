package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/ory/fosite"

	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/onetime"
)

// An introspection is what is told of an access token (RFC 7662 §2.2): all of
// it, or that it is not active and no more.
type introspection struct {
	Active    bool          `json:"active"`
	Scope     string        `json:"scope,omitempty"`
	ClientID  string        `json:"client_id,omitempty"`
	Subject   string        `json:"sub,omitempty"` // "" where the client acts for itself
	TokenType string        `json:"token_type,omitempty"`
	Issued    int64         `json:"iat,omitempty"`
	Expires   int64         `json:"exp,omitempty"`
	Issuer    string        `json:"iss,omitempty"`
	Bound     *confirmation `json:"cnf,omitempty"`
	// Details are those that its client was told, of a request that had some (RFC
	// 9396 §9.2).
	Details json.RawMessage `json:"authorization_details,omitempty"`
}

var errUnproven = errors.New("nothing that its client could have proven")

// introspect answers what an access token is good for (RFC 7662). Who asks must
// prove who it is, and learns of its own tokens, or of all if it is a resource
// server. Whatever else is asked about is not active, in the same words: a
// refresh token, a dead one, another's.
func (e *endpoints) introspect(r *http.Request, form url.Values) (any, error) {
	if !form.Has("token") {
		return nil, missing("token")
	}
	ctx := e.Clients.AtOnce(r.Context())
	c, err := e.proven(ctx, r, form)
	if err != nil {
		return nil, err
	}
	if !c.confidential() {
		return nil, csc.Fail(csc.UnauthorizedClient, errUnproven)
	}
	token := form.Get("token")
	s, err := e.live(ctx, csc.Secret(token), c)
	if errors.Is(err, ErrTokenUnknown) || errors.Is(err, ErrTokenExpired) {
		return introspection{}, nil
	}
	if err != nil {
		return nil, err
	}
	if s.client.ID != c.ID && !c.ResourceServer {
		return introspection{}, nil
	}
	if spent, err := e.spent(ctx, s); err != nil || spent {
		return introspection{}, err
	}
	return e.told(ctx, s, token)
}

// spent reports whether nothing is left of the grants that a token stands for: it
// opens nothing then.
func (e *endpoints) spent(ctx context.Context, s liveToken) (bool, error) {
	if s.GrantID == "" {
		return false, nil
	}
	for _, id := range sad.Parts(s.GrantID, s.Credentials) {
		_, err := e.Grants.Get(ctx, id)
		if errors.Is(err, sad.ErrUnknown) {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("look up grant: %w", err)
		}
		return false, nil
	}
	return true, nil
}

func (e *endpoints) told(ctx context.Context, s liveToken, token string) (told introspection, err error) {
	told = introspection{
		Active: true, Scope: s.scope, ClientID: s.client.ID, Subject: s.UserID, TokenType: tokenType(s.client, s.scope, s.Bound),
		Issued: s.issued.Unix(), Expires: s.GetExpiresAt(fosite.AccessToken).Unix(), Issuer: e.Issuer,
	}
	if s.Bound != (confirmation{}) {
		told.Bound = &s.Bound
	}
	if s.GrantID != "" || s.Permit != nil {
		told.Details, err = e.details(ctx, token)
	}
	return told, err
}

func detailsKey(token string) string { return "details:" + signatureOf(token) }

// keepDetails keeps the authorization_details that the client of a token is told,
// for as long as the token, and beside it: nobody needs them at every call.
func (e *endpoints) keepDetails(ctx context.Context, s *session, told *tokenAnswer) error {
	if len(told.Details) == 0 {
		return nil
	}
	text, err := json.Marshal(told.Details)
	if err != nil {
		return fmt.Errorf("encode authorization_details: %w", err)
	}
	life := s.GetExpiresAt(fosite.AccessToken).Sub(e.Now())
	if err := e.Tokens.Put(ctx, detailsKey(told.AccessToken), text, life+grace); err != nil {
		return fmt.Errorf("keep authorization_details: %w", err)
	}
	return nil
}

// details are what keepDetails kept of a token, nil if there was nothing to keep.
func (e *endpoints) details(ctx context.Context, token string) (json.RawMessage, error) {
	text, err := e.Tokens.Get(ctx, detailsKey(token))
	if errors.Is(err, onetime.ErrUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up authorization_details: %w", err)
	}
	return text, nil
}
