package oauth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/failpoint"
)

// A renewal is the refresh_token grant: the token is good once and replaced by
// the next of its family. A second use of one ends the family, since either its
// client or who else has it is not who it was given to (RFC 9700 §4.14.2). Of a
// client that proves itself and whose tokens are bound it stays the same (FAPI
// 2.0 §5.3.2.1): who else has it has no use for it, and an answer that is lost
// on its way costs the client no login.
type renewal struct {
	*endpoints
	helper *oauth2.HandleHelper
}

var _ fosite.TokenEndpointHandler = (*renewal)(nil)

// CanHandleTokenEndpointRequest reports whether r brings a refresh token.
func (*renewal) CanHandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) bool {
	return r.GetGrantTypes().ExactOne("refresh_token")
}

// CanSkipClientAuth is false.
func (*renewal) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

// splitRefresh returns the family and the hash of a refresh token, "" if it
// cannot be one.
func splitRefresh(token string) (family, hash string) {
	start, end, _ := strings.Cut(token, ".")
	if family = signatureOf(start); family == "" || signatureOf(end) == "" {
		return "", ""
	}
	return family, signatureOf(end)
}

// nextRefresh makes a token of the family that begins with start, and its hash.
func nextRefresh(start string) (token, hash string) {
	end := base64.RawURLEncoding.EncodeToString(random(32))
	return start + "." + end, signatureOf(end)
}

// findRefresh returns the family a token is of, if it is the client's.
func (p *Provider) findRefresh(ctx context.Context, token, clientID string) (kept Refresh, hash string, err error) {
	family, hash := splitRefresh(token)
	if family == "" {
		return kept, "", ErrUnknownRefresh
	}
	kept, err = p.Refresh.Refresh(ctx, family)
	if err == nil && kept.ClientID != clientID {
		err = ErrUnknownRefresh
	}
	return kept, hash, err
}

// HandleTokenEndpointRequest judges the token and replaces it.
func (h *renewal) HandleTokenEndpointRequest(ctx context.Context, r fosite.AccessRequester) error {
	token := r.GetRequestForm().Get("refresh_token")
	if token == "" {
		return missing("refresh_token")
	}
	s, ok := r.GetSession().(*session)
	if !ok {
		return fmt.Errorf("replace refresh token: session is a %T", r.GetSession())
	}
	return h.renew(ctx, r.GetClient(), s, token, r.GetRequestedScopes())
}

// renew judges a refresh token of c's, replaces it, and fills in what the next
// access token will stand for. What that will be bound to is in s.
func (p *Provider) renew(ctx context.Context, c fosite.Client, s *session, token string, scopes fosite.Arguments) error {
	kept, hash, err := p.findRefresh(ctx, token, c.GetID())
	now := p.Now()
	switch {
	case errors.Is(err, ErrUnknownRefresh):
		return errRefresh(err)
	case err != nil:
		return fmt.Errorf("look up refresh token: %w", err)
	case hash != kept.Hash:
		return p.reused(ctx, kept)
	case endedFor(c, kept.Used):
		return errRefresh(errTooLate)
	case !now.Before(kept.Expires) || !now.Before(kept.Used.Add(p.refreshIdle())):
		return refusedGrant("Refresh token expired", errTooLate)
	case !scopes.MatchesExact(kept.Scope):
		return csc.Fail(csc.InvalidScope, nil)
	case kept.Holder != "" && kept.Holder != s.Bound.holder():
		return errRefresh(errKeyOfOther)
	}
	if err := p.still(ctx, kept.ClientID, kept.UserID, kept.Standing, "Invalid parameter refresh_token"); err != nil {
		return err
	}
	return p.replace(ctx, c, s, kept, token)
}

// rotates reports whether refresh tokens of c are good once.
func rotates(c fosite.Client) bool {
	own, ours := c.(registered)
	return !ours || !own.confidential() || own.mustBind() == ""
}

// replace makes the next token, or counts the use of one that stays.
func (p *Provider) replace(ctx context.Context, c fosite.Client, s *session, kept Refresh, token string) error {
	next, hash := "", kept.Hash
	if rotates(c) {
		start, _, _ := strings.Cut(token, ".")
		next, hash = nextRefresh(start)
	}
	swapped, err := p.Refresh.SwapRefresh(ctx, kept.ID, kept.Hash, hash, p.Now())
	switch {
	case err != nil:
		return fmt.Errorf("replace refresh token: %w", err)
	case !swapped && next == "": // revoked meanwhile
		return errRefresh(ErrUnknownRefresh)
	case !swapped: // somebody was quicker
		return p.reused(ctx, kept)
	}
	failpoint.Hit(failpoint.RefreshSwapped)
	s.UserID, s.Standing, s.Family, s.refresh, s.renewed = kept.UserID, kept.Standing, kept.ID, next, kept
	return nil
}

// restore makes the token good again whose successor nobody was given, so that
// an outage does not look like a second use afterwards.
func (p *Provider) restore(ctx context.Context, s *session) error {
	_, hash := splitRefresh(s.refresh)
	_, err := p.Refresh.SwapRefresh(context.WithoutCancel(ctx), s.renewed.ID, hash, s.renewed.Hash, s.renewed.Used)
	if err != nil {
		return fmt.Errorf("restore refresh token: %w", err)
	}
	return nil
}

func errRefresh(cause error) *csc.Error {
	return refusedGrant("Invalid parameter refresh_token", cause)
}

var errReused = errors.New("refresh token used again")

// reused ends a family.
func (p *Provider) reused(ctx context.Context, kept Refresh) error {
	if err := p.kill(ctx, kept.ID, "", nil); err != nil {
		return err
	}
	if err := p.recordRevocation(ctx, kept.ClientID, kept.UserID, "refresh token used again"); err != nil {
		return err
	}
	return errRefresh(errReused)
}

// PopulateTokenEndpointResponse makes the access token.
func (h *renewal) PopulateTokenEndpointResponse(ctx context.Context, r fosite.AccessRequester, w fosite.AccessResponder) error {
	if !h.CanHandleTokenEndpointRequest(ctx, r) {
		return fosite.ErrUnknownRequest
	}
	_, err := h.helper.IssueAccessToken(ctx, h.lifeOf(r), r, w)
	return err
}

// beginRefresh keeps a family that begins, and returns its first token. That of a
// client with nothing to prove is bound as the access token is (RFC 9449 §5, RFC
// 8705 §4); any other is bound to its client by what that proves.
func (p *Provider) beginRefresh(ctx context.Context, s *session, c fosite.Client) (string, error) {
	token, hash := nextRefresh(s.start)
	now := p.Now()
	family := Refresh{
		ID: s.Family, Hash: hash, ClientID: c.GetID(), UserID: s.UserID,
		Scope: csc.ScopeService, Used: now, Expires: now.Add(p.refreshLife()), Standing: s.Standing,
	}
	if c.IsPublic() {
		family.Holder = s.Bound.holder()
	}
	err := p.Refresh.AddRefresh(ctx, family)
	if err != nil {
		return "", fmt.Errorf("keep refresh token: %w", err)
	}
	return token, nil
}
