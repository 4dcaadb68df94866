package tsa

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"net"
	"net/http"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
)

// An Upstream asks another authority for time-stamps, over HTTP (RFC 3161 §3.4).
// It believes nothing that it is told: whatever is between here and there may
// answer in that authority's place.
type Upstream struct {
	// URL is http:// or https://. The answer is protected by its signature either
	// way; https hides who asks for what, and User and Password.
	URL   string
	Roots *x509.CertPool // what a token's certificate must lead to
	// Policy is the OID of the policy that is asked for and wanted; "" for any.
	Policy   string
	User     string // "" for none
	Password csc.Secret
	// Transport is NewTransport's.
	Transport http.RoundTripper
	// Patience bounds the whole exchange, to the last byte; 10 s if zero.
	Patience time.Duration
	// Skew is how far apart the two clocks may be; a minute if zero.
	Skew  time.Duration
	Audit Log
	Now   func() time.Time
}

var _ Stamper = (*Upstream)(nil)

// mostReply is how many bytes a reply may have. One with a chain and all has ten
// thousand.
const mostReply = 128 << 10

// NewTransport is one that suits an Upstream: without redirects, compression and
// long headers. It honours HTTPS_PROXY and its like.
func NewTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout:    5 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
		IdleConnTimeout:        30 * time.Second,
		MaxIdleConnsPerHost:    8,
		ForceAttemptHTTP2:      true,
	}
}

// An UpstreamError says that the other authority gave no answer that could be
// judged.
type UpstreamError struct {
	Cause  error
	passes bool
}

func (e *UpstreamError) Error() string { return "time-stamping authority: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *UpstreamError) Unwrap() error { return e.Cause }

// Unavailable reports whether it makes sense to ask again.
func (e *UpstreamError) Unavailable() bool { return e.passes }

// Stamp asks for a token. A request without a nonce is sent with one of ours:
// there is no other way to know that the answer is new.
func (u *Upstream) Stamp(ctx context.Context, who Asker, r Request) ([]byte, error) {
	if r.Policy != "" && u.Policy != "" && r.Policy != u.Policy {
		return nil, refuse(UnacceptedPolicy, "the policy here is "+u.Policy)
	}
	r.Policy, r.Certificates = cmp.Or(r.Policy, u.Policy), true
	if r.Nonce == nil {
		r.Nonce = newNonce()
	}
	query, err := r.marshal()
	if err != nil {
		return nil, err
	}
	err = u.Audit.Append(ctx, audit.Entry{
		Event: audit.StampAsked, Client: who.ClientID, User: who.UserID, Reason: u.URL,
		Hashes: csc.Hex([]csc.Digest{r.Digest}), HashOID: csc.OIDOfHash(r.Hash),
	})
	if err != nil {
		return nil, err
	}
	skew, begun := cmp.Or(u.Skew, time.Minute), u.Now()
	reply, err := u.ask(ctx, query)
	if err != nil {
		return nil, err
	}
	token, err := parseReply(reply)
	if err != nil {
		return nil, &UpstreamError{Cause: unlike(err)}
	}
	j := judge{roots: u.Roots, policy: r.Policy, from: begun.Add(-skew).Truncate(time.Second), to: u.Now().Add(skew)}
	if _, err := j.check(token, r); err != nil {
		return nil, &UpstreamError{Cause: err}
	}
	return token, nil
}

// unlike is a refusal by another authority, which is none by us.
func unlike(err error) error {
	var theirs *Refusal
	if errors.As(err, &theirs) {
		return errors.New(theirs.Error())
	}
	return err
}

// newNonce is a positive number of 64 random bits.
func newNonce() *big.Int {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return new(big.Int).SetBytes(b[:])
}

const (
	queryType = "application/timestamp-query"
	replyType = "application/timestamp-reply"
)

var (
	errTooLong  = fmt.Errorf("the answer is longer than %d bytes", mostReply)
	errNotReply = errors.New("the answer is not of the type " + replyType)
)

// ask sends a query and returns the body of the answer.
func (u *Upstream) ask(ctx context.Context, query []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(u.Patience, 10*time.Second))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.URL, bytes.NewReader(query))
	if err != nil {
		return nil, &UpstreamError{Cause: err}
	}
	req.Header.Set("Content-Type", queryType)
	req.Header.Set("Accept", replyType)
	if u.User != "" {
		req.SetBasicAuth(u.User, string(u.Password))
	}
	res, err := u.Transport.RoundTrip(req) // which follows no redirect
	if err != nil {
		return nil, &UpstreamError{Cause: err, passes: true}
	}
	defer func() { _ = res.Body.Close() }() // only read
	if res.StatusCode != http.StatusOK {
		passes := res.StatusCode >= http.StatusInternalServerError || res.StatusCode == http.StatusTooManyRequests
		return nil, &UpstreamError{Cause: fmt.Errorf("HTTP status %d", res.StatusCode), passes: passes}
	}
	media, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || media != replyType {
		return nil, &UpstreamError{Cause: errNotReply}
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, mostReply+1))
	if err != nil {
		return nil, &UpstreamError{Cause: err, passes: true}
	}
	if len(body) > mostReply {
		return nil, &UpstreamError{Cause: errTooLong}
	}
	return body, nil
}
