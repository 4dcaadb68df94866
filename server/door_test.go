package server_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
)

// places is how many requests for signatures are worked on.
const places = 128

// full is a house whose device holds up so many, until let is called.
func full(t *testing.T) (h *house, let func()) {
	t.Helper()
	h = newHouse(t)
	c := h.credential(h.signer, csc.P256, func(p *credentials.Profile) { p.SCAL, p.Multisign = csc.SCAL1, 100 })
	sads := []string{h.authorize(c, 100), h.authorize(c, 100)}
	hold := make(chan struct{})
	h.keys.setBefore(func() { <-hold })
	var all sync.WaitGroup
	for n := range places {
		all.Go(func() {
			if a := h.call(csc.MethodSignHash, signBody(c, sads[n%2], hash(fmt.Sprint(n)))); a.status != http.StatusOK {
				t.Errorf("what was begun was not finished: %d %s", a.status, a.body)
			}
		})
	}
	waitFor(t, func() bool { return h.api.Inside("signing") == places })
	let = sync.OnceFunc(func() {
		h.keys.setBefore(nil)
		close(hold)
		all.Wait()
	})
	return h, let
}

// waitFor waits until something is so.
func waitFor(t *testing.T, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come to be")
		}
	}
}

// wantBusy checks a refusal for want of a place.
func wantBusy(t *testing.T, a answer) {
	t.Helper()
	wantRefusal(t, a, http.StatusServiceUnavailable, "temporarily_unavailable", csc.TemporarilyUnavailable.Description())
	if wait := a.header.Get("Retry-After"); wait < "1" || wait > "4" || len(wait) != 1 {
		t.Errorf("Retry-After %q", wait)
	}
	if a.header.Get("Content-Type") != "application/json" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", a.header)
	}
}

// What is beyond the server's capacity is refused before anything of it is
// looked at, and has cost nothing; what was begun is finished.
func TestTooManySignatures(t *testing.T) {
	h, let := full(t)
	defer let()
	c := h.credential(h.signer, csc.P256, nil)
	sad := h.authorize(c, 1, hash("later")) // which is of another kind
	waits := map[string]bool{}
	for _, row := range []struct{ name, body, token string }{
		{"a good request", signBody(c, sad, hash("later")), "Bearer " + h.app.token},
		{"no token", signBody(c, sad, hash("later")), ""},
		{"a bad token", `{}`, "Bearer nobody"},
		{"no JSON", `###`, "Bearer " + h.app.token},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := h.call(csc.MethodSignHash, row.body, "Authorization: "+row.token)
			wantBusy(t, a)
			waits[a.header.Get("Retry-After")] = true
		})
	}
	if len(waits) != 4 {
		t.Errorf("those who are refused together are told to come back at %v", waits)
	}
	decode[csc.ListResponse](t, h.call(csc.MethodList, fmt.Sprintf(`{"userID":%q}`, h.signer.ID)))
	decode[csc.InfoResponse](t, h.call(csc.MethodInfo, `{}`))
	for _, path := range []string{"/healthz", "/readyz"} {
		if a := h.send(http.MethodGet, path, ""); a.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	let()
	if got := h.keys.count(); got != places {
		t.Errorf("%d signatures", got)
	}
	h.clock.advance(10 * time.Second) // nobody was refused, the gate is open
	decode[csc.SignHashResponse](t, h.call(csc.MethodSignHash, signBody(c, sad, hash("later"))))
	if log := h.log.String(); strings.Count(log, `"turned away"`) != 1 || !strings.Contains(log, `"signing":1`) {
		t.Errorf("the log tells of those who were turned away:\n%s", log)
	}
}

// The answer does not wait for a body that nobody wants.
func TestRefusedBeforeTheBody(t *testing.T) {
	h, let := full(t)
	defer let()
	for _, row := range []struct {
		length string
		closed bool
	}{
		{"Content-Length: 1000", false}, {"Content-Length: 1000000", true}, {"Transfer-Encoding: chunked", true},
	} {
		c, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
		must(t, err)
		must(t, c.SetDeadline(time.Now().Add(30*time.Second)))
		fmt.Fprintf(c, "POST /csc/v2/signatures/signHash HTTP/1.1\r\nHost: localhost\r\n%s\r\n\r\n", row.length)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		must(t, err)
		if resp.StatusCode != http.StatusServiceUnavailable || resp.Close != row.closed {
			t.Errorf("%s: %s, closed %t", row.length, resp.Status, resp.Close)
		}
		must(t, resp.Body.Close())
		must(t, c.Close())
	}
}

func TestFullDevice(t *testing.T) {
	h := newHouse(t)
	c := h.credential(h.signer, csc.P256, nil)
	sad := h.authorize(c, 1, hash("a"))
	h.api.DeviceFull = func() bool { return true }
	wantBusy(t, h.call(csc.MethodSignHash, signBody(c, sad, hash("a")), "Authorization: Bearer nobody"))
	h.api.DeviceFull = func() bool { return false }
	decode[csc.SignHashResponse](t, h.call(csc.MethodSignHash, signBody(c, sad, hash("a"))))
}

// A browser is told in words.
func TestBusyPage(t *testing.T) {
	h, let := full(t)
	defer let()
	h.api.Later = h.provider.Later
	w := httptest.NewRecorder()
	h.api.TurnAway(w, request(t, http.MethodGet, "/oauth2/authorize", "Accept: text/html", "Accept-Language: ro"))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" ||
		!strings.Contains(w.Body.String(), ">Serverul nu poate răspunde acum.") || w.Header().Get("Content-Security-Policy") == "" {
		t.Errorf("%d %v\n%s", w.Code, w.Header(), w.Body)
	}
	w = httptest.NewRecorder()
	h.api.TurnAway(w, request(t, http.MethodPost, "/csc/v2/info", "Accept: text/html"))
	wantBusy(t, answer{w.Code, w.Header(), w.Body.String()})
}

func request(t *testing.T, verb, path string, headers ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), verb, path, nil)
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	return r
}

// A client that hangs up while the device signs interrupts nothing, and leaves
// nothing behind.
func TestHangingUp(t *testing.T) {
	h := newHouse(t)
	c := h.credential(h.signer, csc.P256, nil)
	hold, begun := make(chan struct{}), make(chan struct{}, 1)
	h.keys.setBefore(func() { begun <- struct{}{}; <-hold })
	sad := h.authorize(c, 1, hash("a"))
	ctx, hangUp := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url+"/csc/v2/signatures/signHash", strings.NewReader(signBody(c, sad, hash("a"))))
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+h.app.token)
	req.Header.Set("Content-Type", "application/json")
	ended := make(chan error, 1)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			err = resp.Body.Close()
		}
		ended <- err
	}()
	<-begun
	hangUp()
	if err := <-ended; err == nil {
		t.Error("there was an answer")
	}
	close(hold)
	waitFor(t, func() bool { return h.api.Inside("signing") == 0 })
	if h.keys.count() != 1 {
		t.Errorf("%d signatures", h.keys.count())
	}
	wantRefusal(t, h.call(csc.MethodSignHash, signBody(c, sad, hash("a"))), 400, "invalid_request", "Invalid parameter SAD")
}

// A slow reader holds no place while he reads.
func TestSlowReader(t *testing.T) {
	h := newHouse(t)
	c := h.credential(h.signer, csc.P256, nil)
	sad := h.authorize(c, 1, hash("a"))
	w := &slowWriter{ResponseRecorder: httptest.NewRecorder(), begun: make(chan struct{}), go_: make(chan struct{})}
	r := request(t, http.MethodPost, "/csc/v2/signatures/signHash", "Authorization: Bearer "+h.app.token, "Content-Type: application/json")
	r.Body = io.NopCloser(bytes.NewReader([]byte(signBody(c, sad, hash("a")))))
	done := make(chan struct{})
	go func() { h.handler.ServeHTTP(w, r); close(done) }()
	<-w.begun
	if n := h.api.Inside("signing"); n != 0 {
		t.Errorf("%d are inside while the answer is written", n)
	}
	close(w.go_)
	<-done
	decode[csc.SignHashResponse](t, answer{w.Code, w.Header(), w.Body.String()})
}

// A slowWriter waits before it writes.
type slowWriter struct {
	*httptest.ResponseRecorder
	begun, go_ chan struct{}
}

func (w *slowWriter) Write(b []byte) (int, error) {
	close(w.begun)
	<-w.go_
	return w.ResponseRecorder.Write(b)
}

// Bodies of all together take so much memory and no more.
func TestBodiesAreBounded(t *testing.T) {
	h := newHouse(t)
	h.api.SetBodies(1000)
	large := `{"userID":"` + strings.Repeat("x", 2000) + `"}`
	wantBusy(t, h.call(csc.MethodList, large))
	decode[csc.ListResponse](t, h.call(csc.MethodList, fmt.Sprintf(`{"userID":%q}`, h.signer.ID)))
}

// Who has a good token is not limited, and 429 is for who has none.
func TestGoodTokensAreNotLimited(t *testing.T) {
	h := newHouse(t)
	h.api.Limits.Anonymous, h.api.Limits.Burst = 0.001, 1
	wantRefusal(t, h.call(csc.MethodList, `{}`, "Authorization: "), 401, "invalid_token", "")
	for range 300 {
		decode[csc.ListResponse](t, h.call(csc.MethodList, fmt.Sprintf(`{"userID":%q}`, h.signer.ID)))
	}
	a := h.call(csc.MethodList, `{}`, "Authorization: ")
	wantRefusal(t, a, 429, "invalid_request", "Too many requests from this address")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// Methods and targets that are none of the API's.
func TestOddTargets(t *testing.T) {
	h := newHouse(t)
	for _, row := range []struct {
		line string
		want int
	}{
		{"CONNECT elsewhere.example:443 HTTP/1.1", 404},
		{"OPTIONS * HTTP/1.1", 404},
		{"TRACE /csc/v2/info HTTP/1.1", 405},
		{"PRI * HTTP/2.0", 404},
		{"GET https://elsewhere.example/healthz HTTP/1.1", 200},
		{"POST https://elsewhere.example/admin HTTP/1.1", 404},
		{strings.Repeat("A", 5000) + " /healthz HTTP/1.1", 405},
		{"GET /csc/v2/%2e%2e/%2e%2e/healthz HTTP/1.1", 501},
		{"GET //healthz HTTP/1.1", 404},
		{"GET /healthz%00 HTTP/1.1", 404},
	} {
		c, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
		must(t, err)
		must(t, c.SetDeadline(time.Now().Add(30*time.Second)))
		fmt.Fprintf(c, "%s\r\nHost: localhost\r\nConnection: close\r\n\r\n", row.line)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		must(t, err)
		if resp.StatusCode != row.want {
			t.Errorf("%.60s: %s, want %d", row.line, resp.Status, row.want)
		}
		must(t, resp.Body.Close())
		must(t, c.Close())
	}
}
