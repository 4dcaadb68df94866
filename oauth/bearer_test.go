package oauth_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

func TestBearerRefuses(t *testing.T) {
	h := newHouse(t)
	token := string(h.issue())
	flipped := []byte(token)
	flipped[0] ^= 1
	for name, text := range map[string]string{
		"nothing":                   "",
		"another token":             string(flipped),
		"a token never issued":      base64.RawURLEncoding.EncodeToString(make([]byte, 32)),
		"a token cut short":         token[:42],
		"a token with more":         token + "A",
		"a token with a line break": token + "\n",
		"a space before it":         " " + token,
		"a secret":                  string(h.secret),
		"a very long text":          strings.Repeat("A", 1<<16),
	} {
		t.Run(name, func(t *testing.T) {
			if who, err := h.provider.Bearer(t.Context(), csc.Secret(text)); err != oauth.ErrTokenUnknown || who.ClientID != "" {
				t.Errorf("%+v, %v", who, err)
			}
		})
	}
	if _, err := h.provider.Bearer(t.Context(), csc.Secret(token)); err != nil {
		t.Errorf("the token itself: %v", err)
	}
}

// A token is worth what its client is worth at the moment it is used.
func TestBearerFollowsTheClient(t *testing.T) {
	for name, change := range map[string]func(*house){
		"disabled": func(h *house) { h.changeClient(h.id, func(c *oauth.Client) { c.Disabled = true }) },
		"removed": func(h *house) {
			if err := h.clients.RemoveClient(h.t.Context(), h.id); err != nil {
				h.t.Fatal(err)
			}
		},
		"ended all its tokens": func(h *house) {
			h.changeClient(h.id, func(c *oauth.Client) { c.TokensAfter = h.provider.Now().Add(time.Second) })
		},
		"without the scope": func(h *house) { h.changeClient(h.id, func(c *oauth.Client) { c.Scopes = []string{"credential"} }) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			token := h.issue()
			change(h)
			if _, err := h.provider.Bearer(t.Context(), token); err != oauth.ErrTokenUnknown {
				t.Errorf("got %v", err)
			}
		})
	}
}

// What was issued since its client ended all tokens is good.
func TestBearerAfterTheEnd(t *testing.T) {
	h := newHouse(t)
	h.changeClient(h.id, func(c *oauth.Client) { c.TokensAfter = h.provider.Now().Add(-time.Second) })
	if _, err := h.provider.Bearer(t.Context(), h.issue()); err != nil {
		t.Error(err)
	}
}

// Two processes over the same stores honour each other's tokens.
func TestBearerAtAnotherReplica(t *testing.T) {
	h := newHouse(t)
	token := h.issue()
	replica := *h.provider
	if who, err := replica.Bearer(t.Context(), token); err != nil || who.ClientID != h.id {
		t.Errorf("%+v, %v", who, err)
	}
}

// What the store holds is of no use to who reads it: neither token nor secret,
// under no key and in no value.
func TestStoreHoldsNoToken(t *testing.T) {
	watched := &spy{}
	h := newHouse(t, func(h *house) {
		watched.Store = h.tokens
		h.provider.Tokens = watched
	})
	token := h.issue()
	if len(watched.seen) == 0 {
		t.Fatal("nothing stored")
	}
	for _, text := range watched.seen {
		if strings.Contains(text, string(token)) || strings.Contains(text, string(h.secret)) {
			t.Errorf("stored: %s", text)
		}
	}
}

// A record of another release is not read as one of ours.
func TestForeignRecords(t *testing.T) {
	watched := &spy{}
	h := newHouse(t, func(h *house) {
		watched.Store = h.tokens
		h.provider.Tokens = watched
	})
	token := h.issue()
	key, value := watched.seen[0], watched.seen[1]
	for name, tt := range map[string]struct {
		value   string
		unknown bool
	}{
		"of an earlier version": {strings.Replace(value, `"v":2`, `"v":1`, 1), true},
		"of a later version":    {strings.Replace(value, `"v":2`, `"v":3`, 1), true},
		"of no version":         {strings.Replace(value, `"v":2,`, ``, 1), true},
		"of an unknown client":  {strings.Replace(value, h.id, oauth.NewClientID(), 1), true},
		"not JSON":              {"x", false},
	} {
		t.Run(name, func(t *testing.T) {
			old, err := h.tokens.Take(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			if err := h.tokens.Put(t.Context(), key, []byte(tt.value), 1<<40); err != nil {
				t.Fatal(err)
			}
			_, err = h.provider.Bearer(t.Context(), token)
			if err == nil || errors.Is(err, oauth.ErrTokenUnknown) != tt.unknown {
				t.Errorf("got %v", err)
			}
			if _, err := h.tokens.Take(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			if err := h.tokens.Put(t.Context(), key, old, 1<<40); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestRevoke(t *testing.T) {
	h := newHouse(t)
	token := h.issue()
	form := with(h.good(), "token", string(token))
	a := h.post("/oauth2/revoke", form)
	if a.status != http.StatusNoContent || a.text != "" {
		t.Fatalf("got %d %q", a.status, a.text)
	}
	if _, err := h.provider.Bearer(t.Context(), token); err != oauth.ErrTokenUnknown {
		t.Errorf("after: %v", err)
	}
	if got := h.record.of(audit.TokenRevoked); len(got) != 1 || got[0].Client != h.id {
		t.Errorf("recorded %+v", got)
	}
	h.post("/oauth2/revoke", form).want(t, 400, "invalid_request", "Invalid string parameter token")
}

// Whoever loses the race to revoke a token has what he wanted.
func TestRevokeBesideAnother(t *testing.T) {
	tokens := &fragile{}
	h := newHouse(t, func(h *house) {
		tokens.Store = h.tokens
		h.provider.Tokens = tokens
	})
	form := with(h.good(), "token", string(h.issue()))
	tokens.rival = true
	if a := h.post("/oauth2/revoke", form); a.status != http.StatusNoContent {
		t.Errorf("got %d %s", a.status, a.text)
	}
}

// A token whose time is over is not unknown yet, and may be revoked.
func TestRevokeExpired(t *testing.T) {
	h := newHouse(t)
	form := with(h.good(), "token", string(h.issue()))
	h.clock.move(oauth.DefaultServiceLife)
	if a := h.post("/oauth2/revoke", form); a.status != http.StatusNoContent {
		t.Errorf("got %d %s", a.status, a.text)
	}
}

func TestRevokeAccepts(t *testing.T) {
	h := newHouse(t)
	for name, hint := range map[string]string{"no hint": "", "the right hint": "access_token", "the wrong hint": "refresh_token"} {
		t.Run(name, func(t *testing.T) {
			form := with(with(h.good(), "token", string(h.issue())), "token_type_hint", hint)
			if a := h.post("/oauth2/revoke", form); a.status != http.StatusNoContent {
				t.Errorf("got %d %s", a.status, a.text)
			}
		})
	}
	t.Run("the header", func(t *testing.T) {
		form := map[string][]string{"token": {string(h.issue())}}
		if a := h.post("/oauth2/revoke", form, basic(h.id, string(h.secret))); a.status != http.StatusNoContent {
			t.Errorf("got %d %s", a.status, a.text)
		}
	})
}

func TestRevokeRefuses(t *testing.T) {
	h := newHouse(t)
	token := h.issue()
	other, otherSecret := h.addClient()
	good := with(h.good(), "token", string(token))
	foreign := with(with(good, "client_id", other), "client_secret", string(otherSecret))
	bare := with(with(good, "client_id"), "client_secret")
	never := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	none := func(*http.Request) {}
	tests := []struct {
		name        string
		form        map[string][]string
		change      func(*http.Request)
		status      int
		code        string
		description string
	}{
		{"no token", with(good, "token"), none, 400, "invalid_request", "Missing parameter token"},
		{"token empty", with(good, "token", ""), none, 400, "invalid_request", "Missing parameter token"},
		{"token doubled", with(good, "token", string(token), string(token)), none, 400, "invalid_request", tableInvalidRequest},
		{"token over-long", with(good, "token", strings.Repeat("t", 1025)), none, 400, "invalid_request", "Invalid parameter token"},
		{"a hint of no token type", with(good, "token_type_hint", "x"), none, 400, "invalid_request", "Invalid parameter token_type_hint"},
		{"no client_id and no header", bare, none, 400, "invalid_request", "Missing parameter client_id"},
		{"client_id unknown", with(good, "client_id", "app_nobody"), none, 400, "invalid_request", "Invalid parameter client_id"},
		{"no secret and no header", with(good, "client_secret"), none, 400, "invalid_request", "Client authorization required"},
		{"client_secret wrong", with(good, "client_secret", "wrong"), none, 400, "invalid_request", "Invalid parameter client_secret"},
		{"header wrong", bare, basic(h.id, "wrong"), 401, "invalid_client", "Invalid parameter client_secret"},
		{"header malformed", bare, header("Authorization", "Basic ###"), 401, "invalid_client", "Invalid authorization header"},
		{"a token never issued", with(good, "token", never), none, 400, "invalid_request", "Invalid string parameter token"},
		{"not a token", with(good, "token", "random"), none, 400, "invalid_request", "Invalid string parameter token"},
		{"another client's token", foreign, none, 400, "invalid_request", "Invalid string parameter token"},
		{"the token in the query", with(good, "token"), func(r *http.Request) { r.URL.RawQuery = "token=" + string(token) }, 400, "invalid_request", tableInvalidRequest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h.post("/oauth2/revoke", tt.form, tt.change).want(t, tt.status, tt.code, tt.description)
		})
	}
	if _, err := h.provider.Bearer(t.Context(), token); err != nil {
		t.Errorf("the token died: %v", err)
	}
	if got := h.record.of(audit.TokenRevoked); len(got) > 0 {
		t.Errorf("recorded %+v", got)
	}
}

// Many at once, from the very first request on: every token is its own, and a
// token revoked by many is dead for all who saw it die.
func TestRaces(t *testing.T) {
	h := newHouse(t)
	var all sync.Map
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			token := h.issue()
			if _, twice := all.LoadOrStore(token, true); twice {
				t.Error("the same token twice")
			}
			if who, err := h.provider.Bearer(t.Context(), token); err != nil || who.ClientID != h.id {
				t.Errorf("%+v, %v", who, err)
			}
		})
	}
	wg.Wait()
	token := h.issue()
	for range 32 {
		wg.Go(func() {
			a := h.post("/oauth2/revoke", with(h.good(), "token", string(token)))
			if a.status != http.StatusNoContent && a.body["error_description"] != "Invalid string parameter token" {
				t.Errorf("got %d %s", a.status, a.text)
			}
			if _, err := h.provider.Bearer(t.Context(), token); err != oauth.ErrTokenUnknown {
				t.Errorf("after its revocation: %v", err)
			}
		})
	}
	wg.Wait()
}

// What cannot be a token or a client is not looked up: not every store likes
// every byte, and none needs the work.
func TestNonsenseIsNotLookedUp(t *testing.T) {
	tokens, clients := &spy{}, &askedShelf{}
	h := newHouse(t, func(h *house) {
		tokens.Store, clients.ClientStore = h.tokens, h.clients
		h.provider.Tokens, h.provider.Clients = tokens, clients
		h.provider.Failures = 1000
	})
	token := string(h.issue())
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	spare := token[:42] + string(digits[strings.IndexByte(digits, token[42])|1])
	tokens.asked = 0
	for _, text := range []string{"", "x", token + "A", token[:42], token + "\n", token[:20] + "\n" + token[20:], spare} {
		if _, err := h.provider.Bearer(t.Context(), csc.Secret(text)); err != oauth.ErrTokenUnknown {
			t.Errorf("%q: %v", text, err)
		}
	}
	if tokens.asked != 0 {
		t.Errorf("the store was asked %d times", tokens.asked)
	}
	clients.asked = 0
	for _, id := range []string{"a b", "a\x7f", "a\n", "ă", " "} {
		h.post("/oauth2/token", with(h.good(), "client_id", id)).want(t, 400, "invalid_request", "Invalid parameter client_id")
	}
	if clients.asked != 0 {
		t.Errorf("the clients were asked %d times", clients.asked)
	}
}
