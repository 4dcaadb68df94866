package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
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

// Bearer says who stands behind an access token, or ErrTokenUnknown, or
// ErrTokenExpired. Any other error says nothing about the token: a store could
// not be asked.
func (p *Provider) Bearer(ctx context.Context, token csc.Secret) (credentials.Caller, error) {
	kept, err := p.storage().GetAccessTokenSession(ctx, signatureOf(string(token)), &session{})
	if errors.Is(err, fosite.ErrNotFound) {
		return credentials.Caller{}, ErrTokenUnknown
	}
	if err != nil {
		return credentials.Caller{}, fmt.Errorf("introspect access token: %w", err)
	}
	if (opaque{now: p.Now}).ValidateAccessToken(ctx, kept, string(token)) != nil {
		return credentials.Caller{}, ErrTokenExpired
	}
	for _, scope := range kept.GetGrantedScopes() {
		if !kept.GetClient().GetScopes().Has(scope) {
			return credentials.Caller{}, ErrTokenUnknown
		}
	}
	if c, ours := kept.GetClient().(registered); !ours || c.ended(kept.GetRequestedAt()) {
		return credentials.Caller{}, ErrTokenUnknown
	}
	s, ok := kept.GetSession().(*session)
	if !ok {
		return credentials.Caller{}, fmt.Errorf("introspect access token: session is a %T", kept.GetSession())
	}
	if s.UserID != "" {
		stands, err := p.stands(ctx, kept.GetClient().GetID(), s.UserID, s.Standing)
		if err == nil && !stands {
			err = ErrTokenUnknown
		}
		if err != nil {
			return credentials.Caller{}, err
		}
	}
	if dead, err := p.storage().dead(ctx, s.Family); err != nil {
		return credentials.Caller{}, err
	} else if dead {
		return credentials.Caller{}, ErrTokenUnknown
	}
	return credentials.Caller{
		ClientID: kept.GetClient().GetID(),
		Scope:    strings.Join(kept.GetGrantedScopes(), " "),
		UserID:   s.UserID,
		GrantID:  s.GrantID,

		CredentialIDs: s.Credentials,
	}, nil
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

// ValidateAccessToken reports a token whose time is over, or began later than
// now, as it seems when the clock went back.
func (o opaque) ValidateAccessToken(_ context.Context, r fosite.Requester, _ string) error {
	now := o.now()
	if !now.Before(r.GetSession().GetExpiresAt(fosite.AccessToken)) || now.Add(sad.Skew).Before(r.GetRequestedAt()) {
		return fosite.ErrTokenExpired
	}
	return nil
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
