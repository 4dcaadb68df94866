package client

import (
	"context"
	"fmt"

	"github.com/pecete/pecete/csc"
)

// LogIn tells the server a signer's e-mail address and password, and gets a
// service token for them (auth/login, v2.0.0.2 §11.2). With a refresh token in req
// the signer need not say them again, and both are "". The tokens are the caller's
// to keep, and to give as Token.
func (c *Client) LogIn(ctx context.Context, email string, password csc.Secret, req csc.LoginRequest) (csc.LoginResponse, error) {
	var answer csc.LoginResponse
	post, err := c.request(ctx, csc.MethodAuthLogin, req)
	if err != nil {
		return answer, err
	}
	if email != "" {
		post.SetBasicAuth(email, string(password))
	}
	if err := c.exchange(post, &answer); err != nil {
		return answer, fmt.Errorf("%s: %w", csc.MethodAuthLogin, err)
	}
	if answer.AccessToken == "" {
		return answer, fmt.Errorf("%s: %w: no access_token", csc.MethodAuthLogin, ErrAnswer)
	}
	return answer, nil
}

// Revoke ends a token that the client has (auth/revoke, v2.0.0.2 §11.3), with the
// access token of its calls, which may be the same.
func (c *Client) Revoke(ctx context.Context, req csc.RevokeRequest) error {
	_, err := authorized[nothing](ctx, c, csc.MethodAuthRevoke, req)
	return err
}
