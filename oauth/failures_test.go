package oauth_test

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pecete/pecete/oauth"
)

// Of any number of failures at once the limit's many are judged; the rest are
// told to wait. The right secret passes all the while.
func TestFailuresAreLimited(t *testing.T) {
	h := newHouse(t, func(h *house) { h.provider.Failures = 10 })
	wrong := with(h.good(), "client_secret", "wrong")
	here := from("192.0.2.7:1000")
	var judged, waiting atomic.Int32
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			switch a := h.post("/oauth2/token", wrong, here); a.status {
			case http.StatusBadRequest:
				judged.Add(1)
			case http.StatusTooManyRequests:
				waiting.Add(1)
			default:
				t.Errorf("got %d %s", a.status, a.text)
			}
			if a := h.post("/oauth2/token", h.good(), here); a.status != http.StatusOK {
				t.Errorf("the right secret: %d %s", a.status, a.text)
			}
		})
	}
	wg.Wait()
	if judged.Load() != 10 || waiting.Load() != 90 {
		t.Errorf("%d judged, %d told to wait", judged.Load(), waiting.Load())
	}

	h.clock.move(30 * time.Second)
	a := h.post("/oauth2/token", wrong, here)
	a.want(t, 429, "invalid_request", "Too many failed client authentications")
	if got, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || got != 30 {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	h.post("/oauth2/revoke", with(wrong, "token", "x"), here).want(t, 429, "invalid_request", "Too many failed client authentications")

	h.post("/oauth2/token", wrong, from("192.0.2.8:1000")).want(t, 400, "invalid_request", "Invalid parameter client_secret")
	other, _ := h.addClient()
	h.post("/oauth2/token", with(wrong, "client_id", other), here).want(t, 400, "invalid_request", "Invalid parameter client_secret")
	h.clock.move(30 * time.Second)
	h.post("/oauth2/token", wrong, here).want(t, 400, "invalid_request", "Invalid parameter client_secret")
}

// Clients that do not exist share one count, however many are tried.
func TestGuessedClientsAreLimited(t *testing.T) {
	h := newHouse(t, func(h *house) { h.provider.Failures = 10 })
	last := 0
	for range 11 {
		last = h.post("/oauth2/token", with(h.good(), "client_id", oauth.NewClientID())).status
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the eleventh guess: %d", last)
	}
	for _, path := range []string{"/oauth2/token", "/oauth2/revoke"} {
		a := h.post(path, with(h.good(), "token", "x"), header("Authorization", "Basic ###"))
		a.want(t, 429, "invalid_request", "Too many failed client authentications")
	}
}
