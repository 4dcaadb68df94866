package conformance

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// A Target is a server under test and what the suite may use of it. Its
// exported fields are set before the first run and not changed after.
type Target struct {
	Base     string         // https://host/csc/v2, without a slash at the end
	V1       bool           // Base is that of v1.0.4.0, https://host/csc/v1
	CA       *x509.CertPool // who vouches for the server; nil: those the system trusts
	Fixtures Fixtures
	// Patience is how long a case may wait for a token or a SAD to expire.
	Patience time.Duration
	// Timeout is how long an answer may take, a minute if zero.
	Timeout time.Duration
	// Interval is the least time between two requests; 0: none. It is for servers
	// that others work with.
	Interval time.Duration
	// Person, if not nil, is asked to open an address in a browser as a signer, to
	// do something there, and to tell the address of the application that it ends
	// at: for a server whose pages the suite cannot drive.
	Person func(ctx context.Context, signer, deed, address string) (string, error)
	// Setup, if not nil, is the same server reached another way: what cases
	// need beforehand is got there, so that only the call under test meets
	// Base. Targets with the same Setup share codes and authorizations.
	Setup *Target
	Now   func() time.Time                           // nil: time.Now
	Sleep func(context.Context, time.Duration) error // nil: waits

	start   sync.Once
	client  *http.Client
	http1   *http.Client
	secrets *secrets
	stock   *stock
	silence silence
	pace    pace

	mu   sync.Mutex
	seen map[string]sight // answers several cases look at
}

const (
	answerLimit = 4 << 20 // bytes; no answer of the API comes near
	callTimeout = 60 * time.Second
	mostRetries = 3 // of one call that was answered 429
	// mostVisits is the same for a page: signers who come at the pace of the
	// suite are a crowd to a server, which need not say for how long.
	mostVisits = 20
)

// ready makes what the exported fields leave out. It runs once.
func (t *Target) ready() {
	t.start.Do(func() {
		if t.Now == nil {
			t.Now = time.Now
		}
		if t.Sleep == nil {
			t.Sleep = sleep
		}
		if t.Timeout == 0 {
			t.Timeout = callTimeout
		}
		t.client, t.http1 = t.newClient(true), t.newClient(false)
		t.seen = map[string]sight{}
		if t.V1 {
			t.Fixtures.WebClient = t.Fixtures.V1WebClient
		}
		if t.Setup != nil {
			t.Setup.ready()
			t.stock, t.secrets = t.Setup.stock, t.Setup.secrets
			return
		}
		if t.Fixtures.codes == nil {
			t.Fixtures.codes = newCodes()
		}
		t.secrets = &secrets{}
		t.secrets.keepAll(t.Fixtures)
		t.stock = newStock(t)
	})
}

func (t *Target) newClient(http2 bool) *http.Client {
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: t.CA, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: http2,
		Protocols:         new(http.Protocols),
	}
	transport.Protocols.SetHTTP1(true)
	transport.Protocols.SetHTTP2(http2)
	return &http.Client{
		Transport:     transport,
		Timeout:       t.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// A call is a request as it goes out, wrong ones included.
type call struct {
	verb   string // "": POST
	method string // of the API; or, with url, a name for reports
	url    string // "": Base and the method
	header http.Header
	body   []byte
	http1  bool // HTTP/1.1 and nothing newer
	tired  bool // take a 429 for an answer
	jar    http.CookieJar
	client *http.Client // nil: without a certificate
}

// do sends c. A 429 makes it wait as long as it is told, a few times.
func (t *Target) do(ctx context.Context, c call) *Answer {
	t.ready()
	most := mostRetries
	if c.jar != nil {
		most = mostVisits
	}
	if err := t.silence.ask(c.method); err != nil {
		return &Answer{request: c.method, err: err}
	}
	for try := 0; ; try++ {
		a := t.once(ctx, c)
		t.silence.heard(c.method, a)
		if a.Status != http.StatusTooManyRequests || c.tired || t.silence.refuses() {
			return a
		}
		if try == most {
			t.silence.tired()
			return a
		}
		wait, _ := strconv.Atoi(a.Header.Get("Retry-After"))
		if err := t.Sleep(ctx, min(time.Duration(max(wait, 1))*time.Second, time.Minute)); err != nil {
			a.err = err
			return a
		}
	}
}

func (t *Target) once(ctx context.Context, c call) *Answer {
	verb, url, client := c.verb, c.url, t.client
	if verb == "" {
		verb = http.MethodPost
	}
	if url == "" {
		url = t.Base + "/" + c.method
	}
	if c.http1 {
		client = t.http1
	}
	if c.client != nil {
		client = c.client
	}
	if c.jar != nil {
		visitor := *client
		visitor.Jar, client = c.jar, &visitor
	}
	a := &Answer{request: verb + " " + c.method}
	req, err := http.NewRequestWithContext(ctx, verb, url, bytes.NewReader(c.body))
	if err != nil {
		a.err = fmt.Errorf("%s: %w", a.request, err)
		return a
	}
	maps.Copy(req.Header, c.header)
	if a.err = t.pace.wait(ctx, t); a.err != nil {
		return a
	}
	a.take(client.Do(req))
	t.secrets.keepAnswer(a.Body)
	recordOf(ctx).add(exchange(req, c.body, a))
	t.stock.learn(originOf(t.knownAs(url)), a.Header.Get("DPoP-Nonce"))
	return a
}

// take fills a with what the client brought.
func (a *Answer) take(res *http.Response, err error) {
	if err != nil {
		a.err = fmt.Errorf("%s: %w", a.request, err)
		return
	}
	defer func() { _ = res.Body.Close() }() // only read
	a.Status, a.Header, a.Proto = res.StatusCode, res.Header, res.Proto
	switch a.Body, err = io.ReadAll(io.LimitReader(res.Body, answerLimit+1)); {
	case err != nil:
		a.err = fmt.Errorf("%s: read the answer: %w", a.request, err)
	case len(a.Body) > answerLimit:
		a.err = unmet("%s: the answer goes on after %d MiB", a.request, answerLimit>>20)
		a.Body = nil
	}
}

// post calls a method with a body, and with a bearer token unless it is "".
func (t *Target) post(ctx context.Context, method, token string, body any) *Answer {
	text, err := json.Marshal(body)
	if err != nil {
		return &Answer{request: "POST " + method, err: err}
	}
	return t.send(ctx, method, token, text)
}

// send is post for a body that need not be JSON.
func (t *Target) send(ctx context.Context, method, token string, body []byte) *Answer {
	return t.do(ctx, call{method: method, header: headers(token), body: body})
}

// headers are those of an API call.
func headers(token string) http.Header {
	h := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
	return h
}

// token is an access token of scope service for the suite's client.
func (t *Target) token(ctx context.Context) (string, error) {
	t.ready()
	return t.stock.token(ctx, t.Fixtures.Client)
}

// ask calls a method with the suite's token.
func (t *Target) ask(ctx context.Context, method string, body any) *Answer {
	token, err := t.token(ctx)
	if err != nil {
		return &Answer{request: "POST " + method, err: err}
	}
	return t.post(ctx, method, token, body)
}

// tiredly is ask, but takes a 429 for an answer.
func (t *Target) tiredly(ctx context.Context, method string, body Object) *Answer {
	token, err := t.token(ctx)
	if err != nil {
		return &Answer{request: "POST " + method, err: err}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return &Answer{request: "POST " + method, err: err}
	}
	return t.do(ctx, call{method: method, header: headers(token), body: text, tired: true})
}

// see is what is remembered under name, got by get the first time.
func see[T any](ctx context.Context, t *Target, name string, get func() T) T {
	t.ready()
	t.mu.Lock()
	v, ok := t.seen[name]
	t.mu.Unlock()
	exchanges := recordOf(ctx)
	if ok {
		exchanges.add(v.exchanges...)
		return v.what.(T)
	}
	before := exchanges.length()
	got := get()
	t.mu.Lock()
	t.seen[name] = sight{got, exchanges.since(before)}
	t.mu.Unlock()
	return got
}

// A sight is what several cases look at, and what was said to get it.
type sight struct {
	what      any
	exchanges []Exchange
}

// info is the server's answer to info, asked once.
func (t *Target) info(ctx context.Context) *Answer {
	return see(ctx, t, methodInfo, func() *Answer { return t.post(ctx, methodInfo, "", Object{}) })
}

// claims is what info says, nil if it says nothing readable.
func (t *Target) claims(ctx context.Context) Object {
	o, _ := t.info(ctx).WantOK()
	return o
}

// A pace keeps requests apart.
type pace struct {
	mu   sync.Mutex
	next time.Time
}

// wait waits for the turn of a request.
func (p *pace) wait(ctx context.Context, t *Target) error {
	if t.Interval <= 0 {
		return nil
	}
	p.mu.Lock()
	now := t.Now()
	turn := p.next
	if turn.Before(now) {
		turn = now
	}
	p.next = turn.Add(t.Interval)
	p.mu.Unlock()
	if turn.Equal(now) {
		return nil
	}
	return t.Sleep(ctx, turn.Sub(now))
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
