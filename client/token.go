package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pecete/pecete/csc"
)

// early is how long before its end a token is renewed.
const early = 10 * time.Second

// A tokenAnswer is the answer of oauth2/token (v2.0.0.2 §8.4.4).
type tokenAnswer struct {
	AccessToken  csc.Secret `json:"access_token"`
	RefreshToken csc.Secret `json:"refresh_token"`
	TokenType    string     `json:"token_type"`
	ExpiresIn    *int64     `json:"expires_in"` // seconds; 3600 if absent
	CredentialID string     `json:"credentialID"`
}

func (a tokenAnswer) life() time.Duration {
	if a.ExpiresIn == nil {
		return time.Hour
	}
	return time.Duration(*a.ExpiresIn) * time.Second
}

// Authenticate gets a fresh service token now. Calls that need one do so by
// themselves.
func (c *Client) Authenticate(ctx context.Context) error {
	if err := c.lock(ctx); err != nil {
		return err
	}
	defer c.unlock()
	return c.authenticate(ctx)
}

// accessToken is the token for a call, and whether it is not worth renewing:
// because it is new, or not the client's to renew.
func (c *Client) accessToken(ctx context.Context) (token csc.Secret, fresh bool, err error) {
	if c.Token != nil {
		token, err = c.Token(ctx)
		if err != nil {
			return "", true, fmt.Errorf("access token: %w", err)
		}
		return token, true, nil
	}
	if err := c.lock(ctx); err != nil {
		return "", false, err
	}
	defer c.unlock()
	if c.token != "" && c.now().Before(c.until) {
		return c.token, false, nil
	}
	if err := c.authenticate(ctx); err != nil {
		return "", false, err
	}
	return c.token, true, nil
}

// renew replaces the token dead, unless somebody else has done so already.
func (c *Client) renew(ctx context.Context, dead csc.Secret) (csc.Secret, error) {
	if err := c.lock(ctx); err != nil {
		return "", err
	}
	defer c.unlock()
	if c.token == dead {
		if err := c.authenticate(ctx); err != nil {
			return "", err
		}
	}
	return c.token, nil
}

// authenticate gets a service token; c is locked.
func (c *Client) authenticate(ctx context.Context) error {
	c.token = ""
	if err := c.learn(ctx); err != nil {
		return err
	}
	answer, err := c.clientCredentials(ctx)
	if err != nil {
		return fmt.Errorf("oauth2/token: %w", err)
	}
	c.token, c.until = answer.AccessToken, c.now().Add(answer.life()-early)
	return nil
}

// learn asks where the authorization server is, once; c is locked.
func (c *Client) learn(ctx context.Context) error {
	if c.oauth2 != "" {
		return nil
	}
	info, err := call[csc.InfoResponse](ctx, c, csc.MethodInfo, csc.InfoRequest{}, "")
	if err != nil {
		return err
	}
	if c.oauth2 = info.OAuth2; c.oauth2 == "" {
		return fmt.Errorf("info: %w: no oauth2", ErrAnswer)
	}
	return nil
}

// clientCredentials asks for a service token (RFC 6749 §4.4): the secret goes
// in the header, client_id in the body too, as the table of §8.4.4 wants it.
func (c *Client) clientCredentials(ctx context.Context) (answer tokenAnswer, err error) {
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {csc.ScopeService}, "client_id": {c.ID}}
	if err := c.postForm(ctx, strings.TrimSuffix(c.oauth2, "/")+"/oauth2/token", form, &answer); err != nil {
		return tokenAnswer{}, err
	}
	return answer, c.judge(answer)
}

// judge refuses a token that is of another kind than was asked for.
func (c *Client) judge(answer tokenAnswer) error {
	kind := "Bearer"
	if c.DPoP != nil { // a server that knows no DPoP must not be taken for one that does
		kind = "DPoP"
	}
	if !tokenText(answer.AccessToken) || !strings.EqualFold(answer.TokenType, kind) {
		return fmt.Errorf("%w: no %s token", ErrAnswer, kind)
	}
	return nil
}

// tokenText is whether a token can stand in a header: b64token of RFC 6750
// §2.1.
func tokenText(token csc.Secret) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/"
	return token != "" && strings.Trim(strings.TrimRight(string(token), "="), letters) == ""
}

// lock gives c's token to one caller, or gives up with ctx.
func (c *Client) lock(ctx context.Context) error {
	c.once.Do(func() { c.turn = make(chan struct{}, 1) })
	select {
	case c.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Client) unlock() { <-c.turn }

func (c *Client) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

// retryAfter reads the header in both its forms (RFC 9110 §10.2.3).
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := header.Get("Retry-After")
	if wait, err := time.ParseDuration(text + "s"); err == nil && wait > 0 && strings.Trim(text, "0123456789") == "" {
		return wait
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}
