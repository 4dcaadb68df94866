// Package client calls a CSC API v2 server over HTTPS, as any application
// would: service tokens by client credentials, then the methods with the types
// of package csc. Nothing it is told or sends gets into an error or a trace but
// the server's own error codes.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/pecete/pecete/csc"
)

// maxAnswer bounds an answer's body.
const maxAnswer = 8 << 20

// A Client talks to one server for one application. Its methods may be called
// at the same time.
type Client struct {
	BaseURL string // ends in csc.BasePath
	HTTP    *http.Client
	ID      string // OAuth client_id
	Secret  csc.Secret
	// Trace, if set, is told of every exchange when it is over.
	Trace func(Exchange)

	mu    sync.Mutex
	token csc.Secret
}

// An Exchange is a call as it looked from outside.
type Exchange struct {
	Method   string
	Path     string
	Status   int // 0 if there was no answer
	Duration time.Duration
}

// An Error is a refusal of the server's.
type Error struct {
	Status     int
	RetryAfter time.Duration // 0 if the server did not say
	// Code and Description are the server's words (v2.0.0.2 §10.1).
	Code        csc.Code
	Description string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Description)
}

// Authenticate asks for a service token (v2.0.0.2 §8.4.4), which the methods
// then carry. Where the server takes such requests is read from its info.
func (c *Client) Authenticate(ctx context.Context) error {
	base, err := c.issuer(ctx)
	if err != nil {
		return err
	}
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {csc.ScopeService}, "client_id": {c.ID}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(string(c.Secret)))
	var granted struct {
		Token csc.Secret `json:"access_token"`
	}
	if err := c.exchange(req, &granted); err != nil {
		return fmt.Errorf("ask for a service token: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = granted.Token
	return nil
}

// issuer is the base of the server's OAuth endpoints.
func (c *Client) issuer(ctx context.Context) (string, error) {
	quiet := &Client{BaseURL: c.BaseURL, HTTP: c.HTTP}
	info, err := quiet.Info(ctx, csc.InfoRequest{})
	if err != nil {
		return "", err
	}
	if info.OAuth2 == "" {
		return "", errors.New("the server's info names no OAuth 2.0 server")
	}
	return strings.TrimSuffix(info.OAuth2, "/"), nil
}

// Info calls info (v2.0.0.2 §11.1).
func (c *Client) Info(ctx context.Context, req csc.InfoRequest) (resp csc.InfoResponse, err error) {
	return resp, c.call(ctx, csc.MethodInfo, req, &resp)
}

// List calls credentials/list (v2.0.0.2 §11.4).
func (c *Client) List(ctx context.Context, req csc.ListRequest) (resp csc.ListResponse, err error) {
	return resp, c.call(ctx, csc.MethodList, req, &resp)
}

// CredentialInfo calls credentials/info (v2.0.0.2 §11.5).
func (c *Client) CredentialInfo(ctx context.Context, req csc.CredentialInfoRequest) (resp csc.CredentialInfo, err error) {
	return resp, c.call(ctx, csc.MethodCredentialInfo, req, &resp)
}

// Authorize calls credentials/authorize (v2.0.0.2 §11.6).
func (c *Client) Authorize(ctx context.Context, req csc.AuthorizeRequest) (resp csc.AuthorizeResponse, err error) {
	return resp, c.call(ctx, csc.MethodAuthorize, req, &resp)
}

// SignHash calls signatures/signHash (v2.0.0.2 §11.10). An answer with another
// number of signatures than hashes is an error.
func (c *Client) SignHash(ctx context.Context, req csc.SignHashRequest) (resp csc.SignHashResponse, err error) {
	if err := c.call(ctx, csc.MethodSignHash, req, &resp); err != nil {
		return resp, err
	}
	if len(resp.Signatures) != len(req.Hashes) {
		return resp, fmt.Errorf("%d signatures for %d hashes", len(resp.Signatures), len(req.Hashes))
	}
	return resp, nil
}

func (c *Client) call(ctx context.Context, m csc.Method, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("encode request of %s: %w", m, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.BaseURL+"/"+string(m), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	c.mu.Lock()
	token := c.token
	c.mu.Unlock()
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+string(token))
	}
	if err := c.exchange(req, answer); err != nil {
		return fmt.Errorf("%s: %w", m, err)
	}
	return nil
}

// exchange sends req and reads a good answer into answer, or the server's error.
func (c *Client) exchange(req *http.Request, answer any) error {
	trace := Exchange{Method: req.Method, Path: req.URL.Path}
	start := time.Now()
	defer func() {
		trace.Duration = time.Since(start)
		if c.Trace != nil {
			c.Trace(trace)
		}
	}()
	resp, err := c.direct().Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	trace.Status = resp.StatusCode
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if len(body) > maxAnswer {
		return fmt.Errorf("the answer is larger than %d bytes", maxAnswer)
	}
	if resp.StatusCode != http.StatusOK {
		return refusal(resp, body)
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	return nil
}

// direct is the HTTP client, following no redirects: the API has none, and a
// token must not go where they lead.
func (c *Client) direct() *http.Client {
	web := *c.HTTP
	web.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &web
}

func refusal(resp *http.Response, body []byte) error {
	var told csc.Error
	if err := json.Unmarshal(body, &told); err != nil || told.Code == "" {
		return fmt.Errorf("status %d without an error of the API", resp.StatusCode)
	}
	e := &Error{Status: resp.StatusCode, Code: told.Code, Description: told.Description}
	if wait, err := time.ParseDuration(resp.Header.Get("Retry-After") + "s"); err == nil {
		e.RetryAfter = wait
	}
	return e
}
