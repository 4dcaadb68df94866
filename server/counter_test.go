package server_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/onetime/onetimetest"
	"github.com/pecete/pecete/users"
)

// Without the store in which processes count together no message leaves, and no
// password is judged: one that is right is answered as one that is wrong. What needs
// no count goes on.
func TestNothingUncountedIsDone(t *testing.T) {
	h := newLoginHouse(t, func(h *house) { h.counter = onetimetest.Gone(t) })
	c := h.withFactors("SMS")
	wantRefusal(t, h.challenge(c, "SMS"), 503, "temporarily_unavailable", "")
	if n := len(h.sms.messages()); n != 0 {
		t.Errorf("%d messages were sent", n)
	}
	for _, pair := range []string{h.signer.Email + ":wrong", h.signer.Email + ":" + password, "nobody@example.org:wrong"} {
		a := h.logIn(basicOf(pair), `{}`)
		wantRefusal(t, a, 503, "temporarily_unavailable", "")
		if a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	if tried, err := h.registry.Attempts(t.Context(), h.signer.ID, users.FactorPassword); err != nil || tried.Failures != 0 {
		t.Errorf("%+v, %v", tried, err)
	}
	for _, r := range h.records() {
		if r.Event == audit.ChallengeSent || r.Event == audit.FactorRefused {
			t.Errorf("the record has %s", r.Event)
		}
	}
	if a := h.call(csc.MethodList, fmt.Sprintf(`{"userID":%q}`, h.signer.ID)); a.status != 200 { // a good token
		t.Errorf("credentials/list: %d %s", a.status, a.body)
	}
}

// Failed logins of a network are counted by all processes together.
func TestFailedLoginsAreCountedTogether(t *testing.T) {
	redis, err := onetime.OpenRedis(t.Context(), onetime.Config{URL: proctest.Redis(t).URL})
	must(t, err)
	t.Cleanup(func() { _ = redis.Close() })
	one := newLoginHouse(t, func(h *house) { h.counter = redis })
	for range 5 {
		wantRefusal(t, one.logIn(basicOf("nobody@example.org:wrong"), `{}`), 400, "authentication_error", "An error occurred during authentication process")
	}
	two := newLoginHouse(t, func(h *house) { h.counter = redis })
	a := two.logIn(basicOf(two.signer.Email+":"+password), `{}`)
	wantRefusal(t, a, 429, "", "")
	// Argon2id on a busy machine takes seconds of the hour.
	if wait, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || wait < 3000 || wait > 3600 {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
}
