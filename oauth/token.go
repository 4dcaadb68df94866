package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
)

// tokenParams are the parameters that reach fosite. What is not among them it
// never sees, whatever it would have made of it.
var tokenParams = []string{"grant_type", "client_id", "client_secret", "scope"}

// A tokenAnswer is the answer of oauth2/token (§8.4.4). ExpiresIn is in seconds
// and always stated.
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"`
	Scope       string `json:"scope"`
}

// token implements oauth2/token (v2.0.0.2 §8.4.4). Its checks are in the order
// of the clause's table: up to grant_type here, the client's and all that comes
// after once fosite has called authenticate.
func (e *endpoints) token(r *http.Request, form url.Values) (any, error) {
	if _, err := e.presented(r, form); err != nil {
		return nil, err
	}
	grant := form.Get("grant_type")
	if grant == "" {
		return nil, missing("grant_type")
	}
	if _, known := grants[grant]; !known {
		return nil, csc.Invalid("grant_type")
	}
	if grant == "client_credentials" && form.Has("authorization_details") {
		return nil, csc.Invalid("authorization_details") // §8.4.2: of a credential, which this grant cannot give
	}
	if !form.Has("scope") {
		form.Set("scope", csc.ScopeService)
	}
	asked, err := e.engine.NewAccessRequest(r.Context(), forFosite(r, form), &session{})
	if err != nil {
		return nil, err
	}
	return e.issue(r.Context(), asked)
}

// forFosite is r as fosite is to see it.
func forFosite(r *http.Request, form url.Values) *http.Request {
	picked := url.Values{}
	for _, name := range tokenParams {
		if form.Has(name) {
			picked.Set(name, form.Get(name))
		}
	}
	inner := r.WithContext(r.Context())
	inner.Form, inner.PostForm = picked, picked
	return inner
}

// issue makes the token that was found to be due. The record is written before
// the token leaves, and a token without one does not live.
func (e *endpoints) issue(ctx context.Context, asked fosite.AccessRequester) (any, error) {
	for _, scope := range asked.GetRequestedScopes() {
		asked.GrantScope(scope)
	}
	life := e.serviceLife()
	asked.GetSession().SetExpiresAt(fosite.AccessToken, e.Now().Add(life))
	made, err := e.engine.NewAccessResponse(ctx, asked)
	if err != nil {
		return nil, fmt.Errorf("issue access token: %w", err)
	}
	scope := strings.Join(asked.GetGrantedScopes(), " ")
	err = e.Audit.Append(ctx, audit.Entry{
		Event:  audit.TokenIssued,
		Client: asked.GetClient().GetID(),
		User:   asked.GetSession().GetSubject(),
		Reason: "scope " + scope,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("record the token: %w", err), e.withdraw(ctx, made.GetAccessToken()))
	}
	return tokenAnswer{
		AccessToken: made.GetAccessToken(),
		TokenType:   "Bearer",
		ExpiresIn:   int64(life / time.Second),
		Scope:       scope,
	}, nil
}

// withdraw forgets a token that nobody was given.
func (e *endpoints) withdraw(ctx context.Context, token string) error {
	err := e.storage().DeleteAccessTokenSession(context.WithoutCancel(ctx), signatureOf(token))
	if err != nil {
		return fmt.Errorf("withdraw the token: %w", err)
	}
	return nil
}
