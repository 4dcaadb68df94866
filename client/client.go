// Package client speaks the CSC API v2 as an application does: it learns from
// info where the authorization server is, gets a service token there, and calls
// the methods with csc's types.
//
// It is careful where an application easily is not: nothing goes anywhere but
// over HTTPS, redirects are not followed, answers have a greatest size, and no
// secret reaches an error or a trace.
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

// maxAnswer is the most bytes of an answer that are read: the signatures of a
// call with 10,000 hashes are less than half.
const maxAnswer = 16 << 20

// ErrAnswer says that the server answered, but not as the API says it does.
var ErrAnswer = errors.New("client: unexpected answer")

// A Client calls one server. It may be used by many at once; its fields are set
// before the first call. How long a call may take is its context's to say.
type Client struct {
	BaseURL string // https://…/csc/v2
	HTTP    *http.Client
	// ID and Secret are the application's own: with them the client gets itself
	// service tokens by client credentials (v2.0.0.2 §8.4.4).
	ID     string
	Secret csc.Secret
	// Token, if set, gives the access token of each call, in place of ID and
	// Secret: for a signer's token, or one of scope credential.
	Token func(ctx context.Context) (csc.Secret, error)
	// DPoP, if set, is the key that the access tokens are bound to: those that
	// the client gets itself, and those that Token gives.
	DPoP *DPoP
	// Trace, if set, is told of each exchange when it is over.
	Trace func(Exchange)
	// Now is the clock that tokens grow old by; time.Now if nil.
	Now func() time.Time

	once   sync.Once
	turn   chan struct{} // held by who reads or renews what is below
	oauth2 string        // info.oauth2
	token  csc.Secret
	until  time.Time // when token is renewed
}

// An Exchange is one request and its answer, without what was said in them.
type Exchange struct {
	Method   string // HTTP's
	Path     string
	Status   int // 0 if there was no answer
	Duration time.Duration
}

// Info asks what the server is and can do (info, v2.0.0.2 §11.1). No token is
// sent.
func (c *Client) Info(ctx context.Context, req csc.InfoRequest) (csc.InfoResponse, error) {
	info, err := call[csc.InfoResponse](ctx, c, csc.MethodInfo, req, "")
	if err == nil && c.lock(ctx) == nil {
		c.oauth2 = info.OAuth2
		c.unlock()
	}
	return info, err
}

// List asks for a signer's credentials (credentials/list, v2.0.0.2 §11.4).
func (c *Client) List(ctx context.Context, req csc.ListRequest) (csc.ListResponse, error) {
	return authorized[csc.ListResponse](ctx, c, csc.MethodList, req)
}

// CredentialInfo describes a credential (credentials/info, v2.0.0.2 §11.5).
func (c *Client) CredentialInfo(ctx context.Context, req csc.CredentialInfoRequest) (csc.CredentialInfo, error) {
	return authorized[csc.CredentialInfo](ctx, c, csc.MethodCredentialInfo, req)
}

// Authorize has a signer agree to signatures (credentials/authorize, v2.0.0.2
// §11.6). An authorization that goes on elsewhere, which is told with 202, is an
// *Error of that status.
func (c *Client) Authorize(ctx context.Context, req csc.AuthorizeRequest) (csc.AuthorizeResponse, error) {
	return granted(ctx, c, csc.MethodAuthorize, req)
}

func granted(ctx context.Context, c *Client, method csc.Method, req any) (csc.AuthorizeResponse, error) {
	answer, err := authorized[csc.AuthorizeResponse](ctx, c, method, req)
	if err == nil && answer.SAD == "" {
		err = fmt.Errorf("%s: %w: no SAD", method, ErrAnswer)
	}
	return answer, err
}

// Extend has what is left of an authorization go on under another SAD
// (credentials/extendTransaction, v2.0.0.2 §11.9). The one before is dead then.
func (c *Client) Extend(ctx context.Context, req csc.ExtendRequest) (csc.AuthorizeResponse, error) {
	return granted(ctx, c, csc.MethodExtendTransaction, req)
}

// SignHash has hashes signed (signatures/signHash, v2.0.0.2 §11.10): one
// signature for each hash, in the same order. In mode A the answer has a
// ResponseID alone, which Poll takes.
func (c *Client) SignHash(ctx context.Context, req csc.SignHashRequest) (csc.SignHashResponse, error) {
	answer, err := authorized[csc.SignHashResponse](ctx, c, csc.MethodSignHash, req)
	switch {
	case err != nil:
	case req.Asynchronous() && answer.ResponseID == "":
		err = fmt.Errorf("%s: %w: no responseID", csc.MethodSignHash, ErrAnswer)
	case !req.Asynchronous() && len(answer.Signatures) != len(req.Hashes):
		err = fmt.Errorf("%s: %w: %d signatures for %d hashes", csc.MethodSignHash, ErrAnswer, len(answer.Signatures), len(req.Hashes))
	}
	return answer, err
}

// Poll asks what came of a request of mode A (signatures/signPolling, v2.0.0.2
// §11.12). One that has not ended yet, which is told with 202, is an *Error of
// that status.
func (c *Client) Poll(ctx context.Context, req csc.SignPollingRequest) (csc.SignPollingResponse, error) {
	return authorized[csc.SignPollingResponse](ctx, c, csc.MethodSignPolling, req)
}

// Timestamp asks for a time-stamp over a hash (signatures/timestamp, v2.0.0.2
// §11.13). Whether it is a good one, of this hash and with this nonce, is the
// caller's to look at.
func (c *Client) Timestamp(ctx context.Context, req csc.TimestampRequest) (csc.TimestampResponse, error) {
	answer, err := authorized[csc.TimestampResponse](ctx, c, csc.MethodTimestamp, req)
	if err == nil && len(answer.Timestamp) == 0 {
		err = fmt.Errorf("%s: %w: no time-stamp", csc.MethodTimestamp, ErrAnswer)
	}
	return answer, err
}

// authorized calls a method with an access token. A token the client got
// itself and that died before its time is renewed, once: a call with a dead
// token did nothing.
func authorized[Resp any](ctx context.Context, c *Client, method csc.Method, req any) (Resp, error) {
	var none Resp
	token, fresh, err := c.accessToken(ctx)
	if err != nil {
		return none, err
	}
	answer, err := call[Resp](ctx, c, method, req, token)
	var told *Error
	if fresh || !errors.As(err, &told) || told.Status != http.StatusUnauthorized {
		return answer, err
	}
	if token, err = c.renew(ctx, token); err != nil {
		return none, err
	}
	return call[Resp](ctx, c, method, req, token)
}

// call posts req to a method and reads its answer; no token is sent if it is
// empty.
func call[Resp any](ctx context.Context, c *Client, method csc.Method, req any, token csc.Secret) (Resp, error) {
	var answer Resp
	post, err := c.request(ctx, method, req)
	if err != nil {
		return answer, err
	}
	send := c.exchange
	if token != "" {
		post.Header.Set("Authorization", "Bearer "+string(token))
		send = func(post *http.Request, answer any) error { return c.exchangeProven(post, token, answer) }
	}
	if err := send(post, &answer); err != nil {
		return answer, fmt.Errorf("%s: %w", method, err)
	}
	return answer, nil
}

// request is one of a method, without a token.
func (c *Client) request(ctx context.Context, method csc.Method, req any) (*http.Request, error) {
	body, err := json.Marshal(req)
	if err != nil {
		return nil, fmt.Errorf("%s: encode request: %w", method, err)
	}
	post, err := c.post(ctx, strings.TrimSuffix(c.BaseURL, "/")+"/"+string(method), "application/json", body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	return post, nil
}

var errPlain = errors.New("address is not https, or names a user")

func (c *Client) post(ctx context.Context, address, mediaType string, body []byte) (*http.Request, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if parsed.Scheme != "https" || parsed.Host == "" || parsed.User != nil {
		return nil, errPlain
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", mediaType)
	req.Header.Set("Accept", "application/json")
	return req, nil
}

// exchange sends req and decodes an answer of 200 into answer, of nothing 204, of
// what was made also 201.
// Any other is an *Error.
func (c *Client) exchange(req *http.Request, answer any) error {
	web := http.Client{}
	if c.HTTP != nil {
		web = *c.HTTP
	}
	web.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	told := Exchange{Method: req.Method, Path: req.URL.Path}
	began := time.Now()
	if c.Trace != nil {
		defer func() {
			told.Duration = time.Since(began)
			c.Trace(told)
		}()
	}
	resp, err := web.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // all that is wanted was read
	told.Status = resp.StatusCode
	if c.DPoP != nil {
		c.DPoP.Learn(req.URL, resp.Header)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return fmt.Errorf("read answer: %w", err)
	case len(body) > maxAnswer:
		return fmt.Errorf("%w: more than %d bytes", ErrAnswer, maxAnswer)
	case resp.StatusCode == http.StatusNoContent && expectsNothing(answer):
		return nil
	case resp.StatusCode == http.StatusCreated && expectsCreated(answer):
	case resp.StatusCode != http.StatusOK || expectsNothing(answer):
		return newError(resp, body)
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("%w: %w", ErrAnswer, withoutValues(err))
	}
	return nil
}
