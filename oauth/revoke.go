package oauth

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/ory/fosite"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
)

// revoke implements oauth2/revoke (v2.0.0.2 §8.4.5) for access tokens. Another
// client's token is refused in the words for one that does not exist, and
// lives on.
func (e *endpoints) revoke(r *http.Request, form url.Values) (any, error) {
	switch hint := form.Get("token_type_hint"); {
	case !form.Has("token"):
		return nil, missing("token")
	case hint != "" && hint != "access_token" && hint != "refresh_token":
		return nil, csc.Invalid("token_type_hint")
	}
	ctx := r.Context()
	client, err := e.authenticate(ctx, r, form)
	if err != nil {
		return nil, err
	}
	signature := signatureOf(form.Get("token"))
	token, err := e.storage().GetAccessTokenSession(ctx, signature, nil)
	switch {
	case errors.Is(err, fosite.ErrNotFound):
		return nil, csc.Refused("Invalid string parameter token", err)
	case err != nil:
		return nil, fmt.Errorf("look up access token: %w", err)
	case token.GetClient().GetID() != client.GetID():
		return nil, csc.Refused("Invalid string parameter token", errForeign)
	}
	err = e.Audit.Append(ctx, audit.Entry{
		Event:  audit.TokenRevoked,
		Client: client.GetID(),
		User:   token.GetSession().GetSubject(),
	})
	if err != nil {
		return nil, fmt.Errorf("record the revocation: %w", err)
	}
	err = e.storage().DeleteAccessTokenSession(ctx, signature)
	if err != nil && !errors.Is(err, fosite.ErrNotFound) { // somebody else was quicker
		return nil, fmt.Errorf("revoke access token: %w", err)
	}
	return nil, nil
}

var errForeign = errors.New("token of another client")
