package oauth_test

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/onetime/onetimetest"
)

// Without the store in which processes count together nobody is told that a proof
// was wrong, since that would be an uncounted guess. Good ones need no count, unless
// the operator wants one.
func TestCounterAway(t *testing.T) {
	gone := onetimetest.Gone(t)
	h := newHouse(t, func(h *house) { h.provider.Counter = gone })
	token := h.issue()
	if a := h.post("/oauth2/introspect", with(h.good(), "token", string(token))); a.status != 200 {
		t.Errorf("introspection: %d %s", a.status, a.text)
	}
	h.post("/oauth2/token", with(h.good(), "client_secret", "wrong")).wantUnavailable(t)
	h.post("/oauth2/token", with(h.good(), "client_id", oauth.NewClientID())).wantUnavailable(t)
	public, _ := h.addClient(func(c *oauth.Client) { c.AuthMethod, c.Verifiers = oauth.NoAuth, nil })
	anybody := url.Values{"client_id": {public}, "token": {"x"}}
	h.post("/oauth2/revoke", anybody).want(t, 400, "invalid_request", "Invalid string parameter token")

	h = newHouse(t, func(h *house) { h.provider.Counter, h.provider.Calls = gone, 1000 })
	h.post("/oauth2/token", h.good()).wantUnavailable(t)
}

// Nor is there a code for a signer then, and the signer need not begin anew. Requests
// are begun, and counted here.
func TestNoUncountedCode(t *testing.T) {
	w := newTown(t, func(h *house) { h.provider.Counter, h.provider.Loads = onetimetest.Gone(t), 2 })
	b := w.browser()
	b.login(b.authorize(w.asking()), signer).isPage(t, 503)
	if v := b.authorize(w.asking()); v.status != 303 {
		t.Errorf("a second request: %d", v.status)
	}
	b.authorize(w.asking()).isPage(t, 429)
}

// Two servers with one counter allow together what one of them may.
func TestServersCountTogether(t *testing.T) {
	store, err := onetime.OpenRedis(t.Context(), onetime.Config{URL: proctest.Redis(t).URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	one := newTown(t, func(h *house) {
		h.provider.Counter, h.provider.Failures, h.provider.Calls, h.provider.Loads, h.provider.Signers = store, 2, 2, 3, 2
	})
	two := newTown(t, func(h *house) {
		provider := *one.provider
		h.provider, h.clients = &provider, one.clients
		h.provider.Tokens = h.tokens
	})
	good, wrong := one.good(), with(one.good(), "client_secret", "wrong")
	for range 2 {
		one.post("/oauth2/token", wrong).want(t, 400, "invalid_request", "Invalid parameter client_secret")
		one.issue()
		one.code(one.asking()) // and a load
	}
	waits := func(what string, header http.Header) {
		t.Helper()
		if n, err := strconv.Atoi(header.Get("Retry-After")); err != nil || n < 10 || n > 60 {
			t.Errorf("%s: Retry-After %q", what, header.Get("Retry-After"))
		}
	}
	a := two.post("/oauth2/token", wrong)
	a.want(t, 429, "invalid_request", "Too many failed client authentications")
	waits("failures", a.header)
	a = two.post("/oauth2/token", good)
	a.want(t, 429, "invalid_request", "Too many requests")
	waits("calls", a.header)
	b := two.browser()
	v := b.login(b.authorize(one.asking()), signer)
	v.isPage(t, 429)
	waits("codes", v.header)
	v = b.authorize(one.asking())
	v.isPage(t, 429)
	waits("loads", v.header)
}
