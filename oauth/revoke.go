package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/ory/fosite"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/failpoint"
)

// revoke implements oauth2/revoke (v2.0.0.2 §8.4.5). Which kind of token it is shows
// in the token, whatever the hint. Another client's is refused in the words for
// one that does not exist, and lives on.
func (e *endpoints) revoke(r *http.Request, form url.Values) (any, error) {
	switch hint := form.Get("token_type_hint"); {
	case !form.Has("token"):
		return nil, missing("token")
	case hint != "" && hint != "access_token" && hint != "refresh_token":
		return nil, csc.Invalid("token_type_hint")
	}
	ctx := r.Context()
	client, err := e.proven(ctx, r, form)
	if err != nil {
		return nil, err
	}
	if strings.Contains(form.Get("token"), ".") {
		return nil, e.revokeRefresh(ctx, form.Get("token"), client.ID)
	}
	return nil, e.revokeAccess(ctx, signatureOf(form.Get("token")), client.ID)
}

func errToken(cause error) error { return csc.Refused("Invalid string parameter token", cause) }

// revokeAccess ends an access token and the grants it is the SAD of; the refresh
// token lives on.
func (e *endpoints) revokeAccess(ctx context.Context, signature, clientID string) error {
	token, err := e.storage().GetAccessTokenSession(ctx, signature, nil)
	switch {
	case errors.Is(err, fosite.ErrNotFound):
		return errToken(err)
	case err != nil:
		return fmt.Errorf("look up access token: %w", err)
	case token.GetClient().GetID() != clientID:
		return errToken(errForeign)
	}
	if err := e.recordRevocation(ctx, clientID, token.GetSession().GetSubject(), "access token"); err != nil {
		return err
	}
	failpoint.Hit(failpoint.RevocationRecorded)
	if s, ok := token.GetSession().(*session); ok {
		if err := e.removeGrants(ctx, s.GrantID, s.Credentials); err != nil {
			return err
		}
	}
	err = e.storage().DeleteAccessTokenSession(ctx, signature)
	if err != nil && !errors.Is(err, fosite.ErrNotFound) { // somebody else was quicker
		return fmt.Errorf("revoke access token: %w", err)
	}
	return nil
}

// revokeRefresh ends a refresh token with all that came of its login, also by a
// token of the family that was replaced since.
func (e *endpoints) revokeRefresh(ctx context.Context, token, clientID string) error {
	if !e.refreshes() {
		return errToken(nil)
	}
	kept, _, err := e.findRefresh(ctx, token, clientID)
	if errors.Is(err, ErrUnknownRefresh) {
		return errToken(err)
	}
	if err != nil {
		return fmt.Errorf("look up refresh token: %w", err)
	}
	if err := e.recordRevocation(ctx, clientID, kept.UserID, "refresh token"); err != nil {
		return err
	}
	return e.kill(ctx, kept.ID, "", nil)
}

func (e *endpoints) recordRevocation(ctx context.Context, clientID, userID, why string) error {
	err := e.Audit.Append(ctx, audit.Entry{Event: audit.TokenRevoked, Client: clientID, User: userID, Reason: why})
	if err != nil {
		return fmt.Errorf("record the revocation: %w", err)
	}
	return nil
}

var errForeign = errors.New("of another client")
