package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/signing"
)

// tally is what the house was told by its observers.
type tally struct {
	mu     sync.Mutex
	under  int // requests under way
	routes []string
	calls  []string
}

// observe has the house's server tell the tally.
func (h *house) observe() *tally {
	t := &tally{}
	h.api.Observe = func(route string) func(string, int) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.under++
		return func(verb string, status int) {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.under--
			t.routes = append(t.routes, fmt.Sprint(verb, " ", route, " ", status))
		}
	}
	h.api.Signer.Observe = func(o signing.Outcome, digests int, _ error) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.calls = append(t.calls, fmt.Sprint(o, " ", digests))
	}
	return t
}

// settled waits for the ends of requests whose answers have arrived already.
func (t *tally) settled(test *testing.T) {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		t.mu.Lock()
		under := t.under
		t.mu.Unlock()
		if under == 0 {
			return
		}
	}
	test.Fatal("a request never ended")
}

func TestRequestsAreObservedByTheirRoute(t *testing.T) {
	h := newHouse(t)
	seen := h.observe()
	h.call(csc.MethodInfo, `{}`)
	h.call(csc.MethodList, `{}`)
	h.call(csc.MethodList, `{}`, "Authorization: Bearer nobody")
	h.call("signatures/none", `{}`)
	h.send(http.MethodGet, "/csc/v2/info", "")
	h.send(http.MethodGet, "/healthz", "")
	h.send(http.MethodPost, "/oauth2/token", "")
	h.send(http.MethodGet, "/oauth2/u_0123456789/../secret", "")
	h.send(http.MethodGet, "/oauth2/u_0123456789", "")
	h.send(http.MethodGet, "/u_0123456789", "")
	h.send("BREW", "/healthz", "")
	seen.settled(t)
	want := []string{
		"POST /csc/v2/info 200", "POST /csc/v2/credentials/list 400", "POST /csc/v2/credentials/list 401",
		"POST other 501", "GET /csc/v2/info 405", "GET /healthz 200", "POST /oauth2/token 415",
		"GET /oauth2/ 404", "GET /oauth2/ 404", "GET other 404", "BREW /healthz 405",
	}
	slices.Sort(want)
	slices.Sort(seen.routes)
	if diff := cmp.Diff(want, seen.routes); diff != "" {
		t.Error(diff)
	}
}

// brokenKeys are a device that is away.
type brokenKeys struct{}

func (brokenKeys) Sign(context.Context, []byte, csc.Algorithm, []byte) ([]byte, error) {
	return nil, errors.New("the device is away")
}

func (brokenKeys) Admit(int) (func(), error) { return func() {}, nil }

// fullKeys are a device with a full queue.
type fullKeys struct{ brokenKeys }

func (fullKeys) Admit(int) (func(), error) { return nil, errors.New("no place") }

// How a call ended is told by what an operator has to do.
func TestSignaturesAreObservedByTheirOutcome(t *testing.T) {
	for _, tt := range []struct {
		says string
		do   func(h *house)
		want string
	}{
		{"a signature", func(*house) {}, "done 2"},
		{"a signature that does not verify", func(h *house) {
			h.keys.broken = func(s []byte) []byte { return bytes.Repeat([]byte{1}, len(s)) }
		}, "wrong_signature 2"},
		{"a device that fails", func(h *house) { h.api.Signer.Keys = brokenKeys{} }, "device_failed 2"},
		{"a device without a place", func(h *house) { h.api.Signer.Keys = fullKeys{} }, "busy 2"},
		{"a store that panics", func(h *house) { h.api.Signer.Grants = nil }, "failed 2"},
		{"a log that is closed", func(h *house) { must(h.t, h.auditLog.Close(h.t.Context())) }, "audit_failed 2"},
		{"a grant that is over", func(h *house) { h.clock.advance(300 * time.Second) }, "refused 2"},
	} {
		t.Run(tt.says, func(t *testing.T) {
			h := newHouse(t)
			seen := h.observe()
			c := h.credential(h.signer, csc.P256, nil)
			sad := h.authorize(c, 2, hash("a"), hash("b"))
			tt.do(h)
			h.call(csc.MethodSignHash, signBody(c, sad, hash("a"), hash("b")))
			seen.settled(t)
			if diff := cmp.Diff([]string{tt.want}, seen.calls); diff != "" {
				t.Error(diff)
			}
		})
	}
}
