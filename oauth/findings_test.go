package oauth_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

// Each of these forbids something that the engine, or what is usually built on
// it, does.

// A refresh token is none of the tokens that introspection knows, whoever asks
// and whatever the hint.
func TestIntrospectionTakesNoRefreshToken(t *testing.T) {
	w := newTown(t)
	server, secret := w.addClient(func(c *oauth.Client) { c.ResourceServer = true })
	refresh := w.redeem(w.code(w.asking())).is("refresh_token")
	for _, hint := range []string{"", "refresh_token", "access_token"} {
		form := url.Values{"token": {refresh}, "token_type_hint": {hint}}
		w.post("/oauth2/introspect", of(form, w.id, w.secret)).inactive(t, "its own client, hint "+hint)
		w.post("/oauth2/introspect", of(form, server, secret)).inactive(t, "a resource server, hint "+hint)
	}
}

// What a store cannot answer is 503 at every endpoint, with Retry-After: neither
// a success nor a rejection, and no client is told that it is none.
func TestOutageIsNoRejection(t *testing.T) {
	w, tokens, clients := fragileTown(t)
	a := newApplication(t, w.clock.Now)
	token, code := string(w.issue()), w.code(w.asking())
	all := map[string]url.Values{
		"/oauth2/token":            w.redeeming(code),
		"/oauth2/introspect":       with(w.good(), "token", token),
		"/oauth2/revoke":           with(w.good(), "token", token),
		"/oauth2/pushed_authorize": w.pushedForm(w.asking()),
	}
	for path, form := range all {
		for _, verb := range map[string][]string{
			"/oauth2/token": {"Get", "Swap"}, "/oauth2/introspect": {"Get"}, "/oauth2/revoke": {"Get", "Take"}, "/oauth2/pushed_authorize": {"Put"},
		}[path] {
			tokens.verb = verb
			w.post(path, form).wantUnavailable(t)
		}
		tokens.verb = "Put"
		if path == "/oauth2/token" || path == "/oauth2/pushed_authorize" { // where a proof is to be remembered
			w.post(path, form, a.with("")).wantUnavailable(t)
		}
		tokens.verb, clients.err = "", fmt.Errorf("read clients: %w", errGone)
		w.post(path, form).wantUnavailable(t)
		clients.err = nil
	}
	if !w.alive(token) {
		t.Error("revoked by an outage")
	}
	if got := w.post("/oauth2/token", all["/oauth2/token"]); got.status != 200 {
		t.Errorf("the code went with the outage: %d %s", got.status, got.text)
	}
}

// Who asks about a token proves itself as a client: no token of its own opens the
// endpoint, wherever it stands.
func TestIntrospectionTakesNoBearerToken(t *testing.T) {
	h := newHouse(t)
	token := string(h.issue())
	form := url.Values{"token": {token}}
	for says, change := range map[string]func(*http.Request){
		"in the header": header("Authorization", "Bearer "+token), "in the query": func(r *http.Request) { r.URL.RawQuery = "access_token=" + token },
		"in the query as token": func(r *http.Request) { r.URL.RawQuery = "token=" + token },
	} {
		if got := h.post("/oauth2/introspect", form, change); got.status != 400 && got.status != 401 || got.body["active"] != nil {
			t.Errorf("%s: %d %s", says, got.status, got.text)
		}
	}
	if got := h.post("/oauth2/introspect", with(form, "access_token", token)); got.status != 400 {
		t.Errorf("in the form: %d %s", got.status, got.text)
	}
}

// Who loses a race for a code or a refresh token is refused, and not told that
// the server broke.
func TestLostRaceIsNoServerError(t *testing.T) {
	onBoth(t, func(t *testing.T, change func(*house)) {
		w := newTown(t, change)
		for range 20 {
			login := w.redeem(w.code(w.asking()))
			for _, form := range []url.Values{w.redeeming(w.code(w.asking())), w.redeeming(w.code(w.agreeing())), w.refreshing(login.is("refresh_token"))} {
				var mu sync.Mutex
				statuses := map[int]int{}
				atOnce(func(int) bool {
					got := w.post("/oauth2/token", form)
					mu.Lock()
					defer mu.Unlock()
					statuses[got.status]++
					if got.status != 200 && got.body["error"] != "invalid_grant" {
						t.Errorf("got %d %s", got.status, got.text)
					}
					return true
				})
				if statuses[200] != 1 || statuses[400] != contenders-1 {
					t.Fatalf("statuses %v", statuses)
				}
			}
		}
	})
}

// A refresh token that is used again finds its family in whatever state: gone, or
// not to be asked. The client is refused, or told to come again.
func TestReuseBreaksNothing(t *testing.T) {
	w, tokens, _ := fragileTown(t)
	first := w.redeem(w.code(w.asking()))
	w.post("/oauth2/token", w.refreshing(first.is("refresh_token")))
	tokens.verb = "Put" // the family cannot be marked as dead
	w.post("/oauth2/token", w.refreshing(first.is("refresh_token"))).wantUnavailable(t)
	tokens.verb = ""
	w.refreshes.err = fmt.Errorf("read families: %w", errGone)
	w.post("/oauth2/token", w.refreshing(first.is("refresh_token"))).wantUnavailable(t)
	w.refreshes.err = nil
	for range 3 {
		w.post("/oauth2/token", w.refreshing(first.is("refresh_token"))).want(t, 400, "invalid_grant", saysRefresh)
	}
	w.people.disable(signer, true)
	w.post("/oauth2/token", w.refreshing(first.is("refresh_token"))).want(t, 400, "invalid_grant", saysRefresh)
}

// What is kept of a token, or half of one, revokes nothing and is no second use.
func TestHalfATokenRevokesNothing(t *testing.T) {
	w := newTown(t)
	login := w.redeem(w.code(w.asking()))
	access, refresh := login.is("access_token"), login.is("refresh_token")
	start, end, _ := strings.Cut(refresh, ".")
	var halves []string
	for _, kept := range w.refreshes.kept {
		halves = append(halves, kept.ID, kept.Hash, kept.ID+"."+kept.Hash, "."+kept.Hash, kept.ID+".", challenge+"."+end)
	}
	for _, half := range append(halves, start, end, start+".", "."+end, start+".x", challenge+"."+end, "xxxx."+end, access[:42], access+"A") {
		w.post("/oauth2/revoke", with(w.good(), "token", half)).want(t, 400, "invalid_request", "Invalid string parameter token")
		if got := w.post("/oauth2/token", w.refreshing(half)); got.status != 400 {
			t.Errorf("%q: %d %s", half, got.status, got.text)
		}
	}
	if !w.alive(access) || w.post("/oauth2/token", w.refreshing(refresh)).status != 200 {
		t.Error("half a token revoked it")
	}
}

// The scope that a refresh asks for is held against what there is, and is not
// overlooked.
func TestRefreshScopeIsNotIgnored(t *testing.T) {
	w := newTown(t)
	token := w.redeem(w.code(w.asking())).is("refresh_token")
	for _, scope := range []string{"credential", "service credential", "x", "service service", "SERVICE", " service", "service "} {
		w.post("/oauth2/token", with(w.refreshing(token), "scope", scope)).want(t, 400, "invalid_scope", tableInvalidScope)
	}
	if got := w.post("/oauth2/token", with(w.refreshing(token), "scope", "service")); got.is("scope") != "service" {
		t.Errorf("got %d %s", got.status, got.text)
	}
}

// However often a login is refreshed, it ends.
func TestRefreshDoesNotSlideForEver(t *testing.T) {
	for _, bound := range []string{"", oauth.BoundDPoP} {
		w := newTown(t)
		a := newApplication(t, w.clock.Now)
		w.changeClient(w.id, func(c *oauth.Client) { c.Bound = bound })
		token := w.post("/oauth2/token", w.redeeming(w.code(w.asking())), a.with("")).is("refresh_token")
		began := w.clock.Now()
		for w.clock.Now().Before(began.Add(oauth.DefaultRefreshLife - 12*time.Hour)) {
			w.clock.move(12 * time.Hour)
			got := w.post("/oauth2/token", w.refreshing(token), a.with(""))
			if got.status != 200 {
				t.Fatalf("bound %q, after %v: %d %s", bound, w.clock.Now().Sub(began), got.status, got.text)
			}
			if next := got.is("refresh_token"); next != "" {
				token = next
			}
		}
		w.clock.move(12 * time.Hour)
		w.post("/oauth2/token", w.refreshing(token), a.with("")).want(t, 400, "invalid_grant", "Refresh token expired")
		if _, err := w.provider.Bearer(t.Context(), csc.Secret(token)); err != oauth.ErrTokenUnknown {
			t.Error(err)
		}
	}
}
