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
	"github.com/pecete/pecete/credentials"
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
	return nil, e.revokeToken(ctx, form.Get("token"), owner{client: client.ID})
}

// Revoke implements auth/revoke (v2.0.0.2 §11.3): it ends a token of who asks. A
// signer's token ends those that its client has of the same signer, a client's own
// all that the client has.
func (p *Provider) Revoke(ctx context.Context, who credentials.Caller, token csc.Secret) error {
	return p.revokeToken(ctx, string(token), owner{who.ClientID, who.UserID})
}

// An owner is whose tokens may be ended: a client's, of one user or, if that is "",
// of whomever.
type owner struct{ client, user string }

func (o owner) has(client, user string) bool {
	return o.client == client && (o.user == "" || o.user == user)
}

func (p *Provider) revokeToken(ctx context.Context, token string, of owner) error {
	if strings.Contains(token, ".") {
		return p.revokeRefresh(ctx, token, of)
	}
	return p.revokeAccess(ctx, signatureOf(token), of)
}

func errToken(cause error) error { return csc.Refused("Invalid string parameter token", cause) }

// revokeAccess ends an access token and the grants it is the SAD of; the refresh
// token lives on.
func (p *Provider) revokeAccess(ctx context.Context, signature string, of owner) error {
	token, err := p.storage().GetAccessTokenSession(ctx, signature, nil)
	switch {
	case errors.Is(err, fosite.ErrNotFound):
		return errToken(err)
	case err != nil:
		return fmt.Errorf("look up access token: %w", err)
	case !of.has(token.GetClient().GetID(), token.GetSession().GetSubject()):
		return errToken(errForeign)
	}
	if err := p.recordRevocation(ctx, of.client, token.GetSession().GetSubject(), "access token"); err != nil {
		return err
	}
	failpoint.Hit(failpoint.RevocationRecorded)
	if s, ok := token.GetSession().(*session); ok {
		if err := p.removeGrants(ctx, s.GrantID, s.Credentials); err != nil {
			return err
		}
	}
	err = p.storage().DeleteAccessTokenSession(ctx, signature)
	if err != nil && !errors.Is(err, fosite.ErrNotFound) { // somebody else was quicker
		return fmt.Errorf("revoke access token: %w", err)
	}
	return nil
}

// revokeRefresh ends a refresh token with all that came of its login, also by a
// token of the family that was replaced since.
func (p *Provider) revokeRefresh(ctx context.Context, token string, of owner) error {
	if !p.refreshes() {
		return errToken(nil)
	}
	kept, _, err := p.findRefresh(ctx, token, of.client)
	if err == nil && !of.has(kept.ClientID, kept.UserID) {
		err = ErrUnknownRefresh
	}
	if errors.Is(err, ErrUnknownRefresh) {
		return errToken(err)
	}
	if err != nil {
		return fmt.Errorf("look up refresh token: %w", err)
	}
	if err := p.recordRevocation(ctx, of.client, kept.UserID, "refresh token"); err != nil {
		return err
	}
	return p.kill(ctx, kept.ID, "", nil)
}

func (p *Provider) recordRevocation(ctx context.Context, clientID, userID, why string) error {
	err := p.Audit.Append(ctx, audit.Entry{Event: audit.TokenRevoked, Client: clientID, User: userID, Reason: why})
	if err != nil {
		return fmt.Errorf("record the revocation: %w", err)
	}
	return nil
}

var errForeign = errors.New("of another client")
