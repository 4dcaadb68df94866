package client

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pecete/pecete/csc"
)

var (
	// ErrForeign says that what a browser brings back is the answer to another
	// request, or of another server.
	ErrForeign = errors.New("client: not the answer to this request")
	// ErrDeclined says that the signer did not agree.
	ErrDeclined = errors.New("client: the signer declined")
)

// An AuthorizationRequest is what a signer is asked for on the server's pages
// (oauth2/authorize, v2.0.0.2 §8.4.2).
type AuthorizationRequest struct {
	RedirectURI string // where the signer is sent back to, as it is registered
	// Scope is csc.ScopeService, for a login, or what Details are of:
	// csc.ScopeCredential if empty.
	Scope string
	// Details name the documents and the credential (RFC 9396).
	Details     []csc.AuthorizationDetail
	Description string // shown to the signer
	ClientData  string
	Lang        string // RFC 5646; the browser's if empty
}

// An Away is a signer who was sent to the server's pages: what has to be kept
// until he is back, and shown to nobody. It is good once.
type Away struct {
	URL         string // where he is sent
	State       csc.Secret
	Verifier    csc.Secret
	RedirectURI string
	Issuer      string
	Details     string    // authorization_details as pushed, which the redemption repeats (v2.0.0.2 §8.4.4)
	Until       time.Time // when the URL is dead
}

// A Granted is what a signer's agreement came to.
type Granted struct {
	Token        csc.Secret
	Refresh      csc.Secret // "" if there is none
	CredentialID string     // of scope credential
	Until        time.Time
}

// Push tells the server out of the browser's reach what the signer will be asked
// for (RFC 9126), with PKCE (RFC 7636), and says where to send him.
func (c *Client) Push(ctx context.Context, ask AuthorizationRequest) (Away, error) {
	base, err := c.authorizationServer(ctx)
	if err != nil {
		return Away{}, err
	}
	away := Away{State: csc.Secret(drawn()), Verifier: csc.Secret(drawn()), RedirectURI: ask.RedirectURI, Issuer: base}
	form, err := ask.form(c.ID, away)
	if err != nil {
		return Away{}, err
	}
	away.Details = form.Get("authorization_details")
	var pushed struct {
		RequestURI string `json:"request_uri"`
		ExpiresIn  int64  `json:"expires_in"`
	}
	if err := c.postForm(ctx, base+"/oauth2/pushed_authorize", form, &createdAnswer{&pushed}); err != nil {
		return Away{}, fmt.Errorf("oauth2/pushed_authorize: %w", err)
	}
	if pushed.RequestURI == "" || pushed.ExpiresIn <= 0 {
		return Away{}, fmt.Errorf("oauth2/pushed_authorize: %w: no request_uri", ErrAnswer)
	}
	away.URL = base + "/oauth2/authorize?" + url.Values{"client_id": {c.ID}, "request_uri": {pushed.RequestURI}}.Encode()
	away.Until = c.now().Add(time.Duration(pushed.ExpiresIn) * time.Second)
	return away, nil
}

// form is the request as it is pushed.
func (ask AuthorizationRequest) form(id string, away Away) (url.Values, error) {
	challenge := sha256.Sum256([]byte(away.Verifier))
	form := url.Values{
		"response_type": {"code"}, "client_id": {id}, "redirect_uri": {ask.RedirectURI}, "state": {string(away.State)},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	for name, value := range map[string]string{"description": ask.Description, "clientData": ask.ClientData, "lang": ask.Lang} {
		if value != "" {
			form.Set(name, value)
		}
	}
	switch {
	case ask.Scope != "":
		form.Set("scope", ask.Scope)
	case len(ask.Details) > 0:
		form.Set("scope", csc.ScopeCredential)
	}
	if len(ask.Details) > 0 {
		text, err := json.Marshal(ask.Details)
		if err != nil {
			return nil, fmt.Errorf("encode authorization_details: %w", err)
		}
		form.Set("authorization_details", string(text))
	}
	return form, nil
}

// Redeem changes what the signer's browser brought back, the query of the redirect
// URI, for a token (oauth2/token, v2.0.0.2 §8.4.4). It is ErrForeign if that is not
// the answer to this request, and ErrDeclined if the signer did not agree; the
// token is good for what he agreed to.
func (c *Client) Redeem(ctx context.Context, away Away, back url.Values) (Granted, error) {
	same := subtle.ConstantTimeCompare([]byte(back.Get("state")), []byte(away.State)) == 1
	if !same || away.State == "" || back.Has("iss") && back.Get("iss") != away.Issuer {
		return Granted{}, ErrForeign
	}
	switch code := csc.Code(back.Get("error")); {
	case code == csc.AccessDenied:
		return Granted{}, ErrDeclined
	case code != "":
		return Granted{}, fmt.Errorf("oauth2/authorize: %w", &csc.Error{Code: code, Description: back.Get("error_description")})
	case back.Get("code") == "":
		return Granted{}, fmt.Errorf("oauth2/authorize: %w: no code", ErrAnswer)
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Get("code")}, "client_id": {c.ID},
		"redirect_uri": {away.RedirectURI}, "code_verifier": {string(away.Verifier)},
	}
	if away.Details != "" {
		form.Set("authorization_details", away.Details)
	}
	var answer tokenAnswer
	if err := c.postForm(ctx, away.Issuer+"/oauth2/token", form, &answer); err != nil {
		return Granted{}, fmt.Errorf("oauth2/token: %w", err)
	}
	if err := c.judge(answer); err != nil {
		return Granted{}, fmt.Errorf("oauth2/token: %w", err)
	}
	return Granted{answer.AccessToken, answer.RefreshToken, answer.CredentialID, c.now().Add(answer.life())}, nil
}

// authorizationServer is info.oauth2, asked for once.
func (c *Client) authorizationServer(ctx context.Context) (string, error) {
	if err := c.lock(ctx); err != nil {
		return "", err
	}
	defer c.unlock()
	if err := c.learn(ctx); err != nil {
		return "", err
	}
	return strings.TrimSuffix(c.oauth2, "/"), nil
}

// postForm sends a form with the client's secret in the header.
func (c *Client) postForm(ctx context.Context, address string, form url.Values, answer any) error {
	if c.ID == "" || c.Secret == "" {
		return errors.New("the client has no ID, or no secret")
	}
	req, err := c.post(ctx, address, "application/x-www-form-urlencoded", []byte(form.Encode()))
	if err != nil {
		return err
	}
	req.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(string(c.Secret)))
	return c.exchangeProven(req, "", answer)
}

// drawn are 256 random bits, as a verifier may be written (RFC 7636 §4.1).
func drawn() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}
