package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/failpoint"
)

// refusedGrant is the answer to a code or a refresh token that is not good.
func refusedGrant(sentence string, cause error) *csc.Error {
	return &csc.Error{Code: csc.InvalidGrant, Description: sentence, Cause: cause}
}

func errCodeOver(cause error) error {
	return refusedGrant("Authorization code is invalid or expired", cause)
}

var (
	errReplay  = errors.New("code redeemed before")
	errTooLate = errors.New("too late")
	errPKCE    = errors.New("verifier does not match the challenge")
	errNoUser  = errors.New("signer is gone, or does not stand by it any more")
)

// A redemption is the authorization_code grant. fosite's own would look first
// and delete later, and several could look at once.
type redemption struct {
	*endpoints
	helper *oauth2.HandleHelper
}

var _ fosite.TokenEndpointHandler = (*redemption)(nil)

// CanHandleTokenEndpointRequest reports whether r brings a code.
func (*redemption) CanHandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) bool {
	return r.GetGrantTypes().ExactOne("authorization_code")
}

// CanSkipClientAuth is false.
func (*redemption) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

// HandleTokenEndpointRequest judges the code, and last of all spends it: what
// was refused for another fault can be sent again, mended.
func (h *redemption) HandleTokenEndpointRequest(ctx context.Context, r fosite.AccessRequester) error {
	form := r.GetRequestForm()
	if !form.Has("code") {
		return missing("code")
	}
	k, err := h.findCode(ctx, form.Get("code"))
	if errors.Is(err, errNoCode) {
		return refusedGrant("Invalid parameter code", err)
	}
	if err != nil {
		return err
	}
	if k.Request.Client != r.GetClient().GetID() {
		return refusedGrant("Invalid parameter code", errForeign)
	}
	if k.Family != "" {
		return h.replayed(ctx, k)
	}
	if err := h.redeemable(k, r, form.Get("redirect_uri")); err != nil {
		return err
	}
	if err := k.verified(r.GetClient(), form.Get("code_verifier")); err != nil {
		return err
	}
	if err := k.Request.repeated(form.Get("authorization_details")); err != nil {
		return err
	}
	return h.redeem(ctx, r, k)
}

// redeemable judges what can be judged of a code that was not redeemed.
func (h *redemption) redeemable(k *code, r fosite.AccessRequester, redirect string) error {
	own, ours := r.GetClient().(registered)
	switch {
	case h.over(k.Expires, codeLife), endedFor(r.GetClient(), k.Expires.Add(-codeLife)):
		return errCodeOver(errTooLate)
	case !ours || h.answerable(own.Client, k.Request.RedirectURI) != nil:
		return errCodeOver(errRedirect)
	case redirect != k.Request.RedirectURI && (k.Request.Given || redirect != ""):
		return refusedGrant("redirect_uri parameter does not match redirect_uri parameter of authorization request", nil)
	case !r.GetClient().GetScopes().Has(k.Request.Scope):
		return csc.Fail(csc.UnauthorizedClient, nil)
	case k.Request.Key != "" && k.Request.Key != boundIn(r).JKT: // RFC 9449 §10
		return refusedGrant("The authorization code is bound to another key", errKeyOfOther)
	}
	return nil
}

// verified holds the verifier against the challenge. One without the other is
// refused, so that nobody can take the challenge out of a request (RFC 9700
// §4.8.2), and none at all is for a client that may still leave it out.
func (k *code) verified(c fosite.Client, verifier string) error {
	own, ours := c.(registered)
	switch challenge := k.Request.Challenge; {
	case challenge == "" && verifier == "" && ours && own.mayOmitPKCE():
		return nil
	case challenge == "":
		return refusedGrant("Invalid parameter code_verifier", errPKCE)
	case verifier == "":
		return missing("code_verifier")
	case !isVerifier(verifier) || challengeOf(verifier) != challenge:
		return refusedGrant("Invalid parameter code_verifier", errPKCE)
	}
	return nil
}

// redeem spends the code and fills in what the token will stand for.
func (h *redemption) redeem(ctx context.Context, r fosite.AccessRequester, k *code) error {
	s, ok := r.GetSession().(*session)
	if !ok {
		return fmt.Errorf("redeem code: session is a %T", r.GetSession())
	}
	if err := h.still(ctx, k.Request.Client, k.User, k.Standing, "Authorization code is invalid or expired"); err != nil {
		return err
	}
	start, family := newFamily()
	token := base64.RawURLEncoding.EncodeToString(random(32))
	s.UserID, s.Standing, s.Family, s.token = k.User, k.Standing, family, token
	if k.Request.Scope == csc.ScopeCredential {
		s.GrantID, s.Credentials = signatureOf(token), k.Credentials
	}
	s.Permit = k.permitOf(token)
	spent, err := h.spend(ctx, k, family, signatureOf(token))
	if err != nil {
		return err
	}
	if !spent { // somebody was quicker
		winner, err := h.findCode(ctx, r.GetRequestForm().Get("code"))
		if err != nil {
			return err
		}
		return h.replayed(ctx, winner)
	}
	failpoint.Hit(failpoint.CodeRedeemed)
	s.code, s.start = k, start
	r.SetRequestedScopes(fosite.Arguments{k.Request.Scope})
	return nil
}

// replayed revokes what a code gave (RFC 6749 §4.1.2).
func (h *redemption) replayed(ctx context.Context, k *code) error {
	if err := h.kill(ctx, k.Family, k.Token, k.Credentials); err != nil {
		return err
	}
	err := h.recordRevocation(ctx, k.Request.Client, k.User, "authorization code used again")
	if err != nil {
		return err
	}
	return errCodeOver(errReplay)
}

// PopulateTokenEndpointResponse makes the access token.
func (h *redemption) PopulateTokenEndpointResponse(ctx context.Context, r fosite.AccessRequester, w fosite.AccessResponder) error {
	if !h.CanHandleTokenEndpointRequest(ctx, r) {
		return fosite.ErrUnknownRequest
	}
	_, err := h.helper.IssueAccessToken(ctx, h.lifeOf(r), r, w)
	return err
}

// still refuses in a sentence unless the signer stands by what he gave.
func (p *Provider) still(ctx context.Context, clientID, userID, standing, sentence string) error {
	stands, err := p.stands(ctx, clientID, userID, standing)
	if err == nil && !stands {
		err = refusedGrant(sentence, errNoUser)
	}
	return err
}

// challengeOf is the S256 challenge of a verifier (RFC 7636 §4.2).
func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// isVerifier reports whether s has the form of RFC 7636 §4.1.
func isVerifier(s string) bool {
	odd := func(b byte) bool { return !isUnreserved(b) }
	return len(s) >= 43 && len(s) <= 128 && !slices.ContainsFunc([]byte(s), odd)
}
