package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
)

var (
	// ErrTokenUnknown says that a token was never issued, was revoked, that its
	// client is gone or may no longer have it, or that its user does not stand by
	// it any more.
	ErrTokenUnknown = errors.New("oauth: unknown access token")
	// ErrTokenExpired says that a token's time is over. It is said for some
	// minutes; after that the token is unknown.
	ErrTokenExpired = errors.New("oauth: access token expired")
)

// Bearer says who stands behind an access token that is bound to nothing, or
// ErrTokenUnknown, or ErrTokenExpired; one that is bound is refused. Any other
// error says nothing about the token: a store could not be asked.
func (p *Provider) Bearer(ctx context.Context, token csc.Secret) (credentials.Caller, error) {
	return p.Caller((&http.Request{URL: &url.URL{}}).WithContext(ctx), token, false)
}

// A liveToken is an access token that is good, if it comes from who may use it. Its
// session is read, by others too.
type liveToken struct {
	*session
	client Client
	scope  string
	issued time.Time
}

func (t liveToken) caller() credentials.Caller {
	return credentials.Caller{
		ClientID: t.client.ID, Scope: t.scope, UserID: t.UserID, GrantID: t.GrantID,
		CredentialIDs: slices.Clone(t.Credentials), Holder: t.Bound.holder(), Permit: t.Permit,
		Logins: slices.Contains(t.client.Scopes, ScopeLogins),
	}
}

// live is what stands behind an access token; ErrTokenUnknown, ErrTokenExpired,
// or an error that says nothing about it. known is a client that was just looked
// up, if any was.
func (p *Provider) live(ctx context.Context, token csc.Secret, known Client) (liveToken, error) {
	kept, c, err := p.storage().kept(ctx, signatureOf(string(token)), known)
	if errors.Is(err, fosite.ErrNotFound) {
		return liveToken{}, ErrTokenUnknown
	}
	if err != nil {
		return liveToken{}, fmt.Errorf("look up access token: %w", err)
	}
	s := &kept.Session
	if over(p.Now(), kept.Issued, s.GetExpiresAt(fosite.AccessToken)) {
		return liveToken{}, ErrTokenExpired
	}
	if !c.mayStillHave(kept.Scopes) || !c.binds(s.Bound) || c.ended(kept.Issued) {
		return liveToken{}, ErrTokenUnknown
	}
	if good, err := p.stillGood(ctx, c.ID, s); err != nil || !good {
		return liveToken{}, either(err, ErrTokenUnknown)
	}
	return liveToken{s, c, strings.Join(kept.Scopes, " "), kept.Issued}, nil
}

// stillGood reports whether the signer behind a token stands as he did, and
// nobody revoked what it came of.
func (p *Provider) stillGood(ctx context.Context, clientID string, s *session) (bool, error) {
	if s.UserID != "" {
		if stands, err := p.stands(ctx, clientID, s.UserID, s.Standing); err != nil || !stands {
			return false, err
		}
	}
	dead, err := p.storage().dead(ctx, s.Family)
	return err == nil && !dead, err
}

// mayStillHave reports whether c is registered for all of scopes.
func (c Client) mayStillHave(scopes []string) bool {
	return !slices.ContainsFunc(scopes, func(scope string) bool { return !slices.Contains(c.Scopes, scope) })
}

// opaque makes and judges access tokens: 256 random bits, and what fosite calls
// their signature is their SHA-256.
type opaque struct{ now func() time.Time }

var _ oauth2.AccessTokenStrategy = opaque{}

// GenerateAccessToken makes a token and its signature, unless the session has
// one ready.
func (opaque) GenerateAccessToken(_ context.Context, r fosite.Requester) (token, signature string, err error) {
	if s, ok := r.GetSession().(*session); ok && s.token != "" {
		return s.token, signatureOf(s.token), nil
	}
	token = base64.RawURLEncoding.EncodeToString(random(32))
	return token, signatureOf(token), nil
}

// AccessTokenSignature is what a token is kept under, "" if it cannot be one.
func (opaque) AccessTokenSignature(_ context.Context, token string) string {
	return signatureOf(token)
}

// ValidateAccessToken reports a token that is over.
func (o opaque) ValidateAccessToken(_ context.Context, r fosite.Requester, _ string) error {
	if over(o.now(), r.GetRequestedAt(), r.GetSession().GetExpiresAt(fosite.AccessToken)) {
		return fosite.ErrTokenExpired
	}
	return nil
}

// over reports whether the time of a token has ended, or began later than now, as
// it seems when the clock went back.
func over(now, issued, end time.Time) bool {
	return !now.Before(end) || now.Add(sad.Skew).Before(issued)
}

// signatureOf is the SHA-256 of a token in hex. What does not look like a token
// of ours has none, and no store is asked about it.
func signatureOf(token string) string {
	if b, err := base64.RawURLEncoding.Strict().DecodeString(token); err != nil || len(b) != 32 || len(token) != 43 {
		return ""
	}
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
