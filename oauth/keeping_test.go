package oauth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

// A client that proves itself and has bound tokens keeps its refresh token (FAPI
// 2.0 §5.3.2.1): an answer that is lost costs it no login. It ends when it is
// not used, and in the end in any case.
func TestRefreshTokenStays(t *testing.T) {
	w := newTown(t, func(h *house) { h.provider.RefreshLife = 40 * time.Hour })
	a := newApplication(t, w.clock.Now)
	w.changeClient(w.id, func(c *oauth.Client) { c.Bound = oauth.BoundDPoP })
	first := w.post("/oauth2/token", w.redeeming(w.code(w.asking())), a.with(""))
	token := first.is("refresh_token")
	if len(token) != 87 {
		t.Fatalf("got %d %s", first.status, first.text)
	}
	for range 3 {
		got := w.post("/oauth2/token", w.refreshing(token), a.with(""))
		if got.status != 200 || got.body["refresh_token"] != nil || got.is("token_type") != "DPoP" || got.is("scope") != "service" {
			t.Fatalf("got %d %s", got.status, got.text)
		}
		if who, err := w.calls(a, got.is("access_token")); err != nil || who.UserID != signer || who.GrantID != "" {
			t.Errorf("%+v, %v", who, err)
		}
		w.clock.move(13 * time.Hour)
	}
	w.clock.move(time.Hour)
	w.post("/oauth2/token", w.refreshing(token), a.with("")).want(t, 400, "invalid_grant", "Refresh token expired") // after 40 hours
	idle := w.post("/oauth2/token", w.redeeming(w.code(w.asking())), a.with("")).is("refresh_token")
	w.clock.move(24 * time.Hour)
	w.post("/oauth2/token", w.refreshing(idle), a.with("")).want(t, 400, "invalid_grant", "Refresh token expired")
}

// It is the client that it is bound to, and not the key of a moment.
func TestRefreshTokenOfAClientOutlivesItsKey(t *testing.T) {
	w := newTown(t)
	a, b := newApplication(t, w.clock.Now), newApplication(t, w.clock.Now)
	w.changeClient(w.id, func(c *oauth.Client) { c.Bound = oauth.BoundDPoP })
	token := w.post("/oauth2/token", w.redeeming(w.code(w.asking())), a.with("")).is("refresh_token")
	got := w.post("/oauth2/token", w.refreshing(token), b.with(""))
	if _, err := w.calls(b, got.is("access_token")); err != nil {
		t.Error(err)
	}
	if _, err := w.calls(a, got.is("access_token")); err == nil {
		t.Error("the new token is of the old key too")
	}
}

// Of all others it is good once, whatever their tokens are bound to.
func TestRefreshTokenIsReplacedOfOthers(t *testing.T) {
	w := newTown(t)
	a := newApplication(t, w.clock.Now)
	native, _ := w.changed(func(c *oauth.Client) {
		c.Verifiers, c.AuthMethod, c.Bound, c.Grants = nil, oauth.NoAuth, oauth.BoundDPoP, []string{"authorization_code", "refresh_token"}
	})
	for says, client := range map[string]struct {
		id     string
		secret csc.Secret
	}{
		"a client that need not have bound tokens": {w.id, w.secret}, "one that proves nothing": {native, ""},
	} {
		first := w.post("/oauth2/token", of(w.redeeming(w.code(with(w.asking(), "client_id", client.id))), client.id, client.secret), a.with(""))
		again := of(w.refreshing(first.is("refresh_token")), client.id, client.secret)
		second := w.post("/oauth2/token", again, a.with(""))
		if second.status != 200 || second.is("refresh_token") == "" || second.is("refresh_token") == first.is("refresh_token") {
			t.Errorf("%s: %d %s", says, second.status, second.text)
		}
		w.post("/oauth2/token", again, a.with("")).want(t, 400, "invalid_grant", saysRefresh)
		if _, err := w.calls(a, second.is("access_token")); err == nil {
			t.Errorf("%s: the family lives after a second use", says)
		}
	}
}

// The refresh token of a client with nothing to prove is good with its key alone:
// who has read it has nothing.
func TestRefreshTokenOfAKey(t *testing.T) {
	w := newTown(t)
	a, b := newApplication(t, w.clock.Now), newApplication(t, w.clock.Now)
	id, _ := w.changed(func(c *oauth.Client) {
		c.Verifiers, c.AuthMethod, c.Grants = nil, oauth.NoAuth, []string{"authorization_code", "refresh_token"}
	})
	code := w.code(with(w.asking(), "client_id", id))
	token := w.post("/oauth2/token", of(w.redeeming(code), id, ""), a.with("")).is("refresh_token")
	form := of(w.refreshing(token), id, "")
	w.post("/oauth2/token", form).want(t, 400, "invalid_grant", saysRefresh)
	w.post("/oauth2/token", form, b.with("")).want(t, 400, "invalid_grant", saysRefresh)
	next := w.post("/oauth2/token", form, a.with("")) // it was not spent by those
	if next.status != 200 {
		t.Fatalf("got %d %s", next.status, next.text)
	}
	form = of(w.refreshing(next.is("refresh_token")), id, "")
	w.post("/oauth2/token", form, b.with("")).want(t, 400, "invalid_grant", saysRefresh) // and so is the next one
	if got := w.post("/oauth2/token", form, a.with("")); got.status != 200 {
		t.Errorf("got %d %s", got.status, got.text)
	}
}

// One that stays can be used by many at once, and a revocation that meets them
// leaves nothing alive.
func TestRaceOfUsesThatStay(t *testing.T) {
	onBoth(t, func(t *testing.T, change func(*house)) {
		w := newTown(t, change)
		a := newApplication(t, w.clock.Now)
		w.changeClient(w.id, func(c *oauth.Client) { c.Bound = oauth.BoundDPoP })
		token := w.post("/oauth2/token", w.redeeming(w.code(w.asking())), a.with("")).is("refresh_token")
		if won := atOnce(func(int) bool { return w.post("/oauth2/token", w.refreshing(token), a.with("")).status == 200 }); won != contenders {
			t.Errorf("%d of %d uses at once", won, contenders)
		}
		for round := range 20 {
			token := w.post("/oauth2/token", w.redeeming(w.code(w.asking())), a.with("")).is("refresh_token")
			answers := make([]answer, contenders)
			atOnce(func(i int) bool {
				if i == 0 {
					answers[i] = w.post("/oauth2/revoke", with(w.good(), "token", token))
				} else {
					answers[i] = w.post("/oauth2/token", w.refreshing(token), a.with(""))
				}
				return true
			})
			if answers[0].status != 204 {
				t.Fatalf("round %d: revoked: %d %s", round, answers[0].status, answers[0].text)
			}
			for _, got := range answers[1:] {
				if got.status != 200 {
					got.want(t, 400, "invalid_grant", saysRefresh)
				} else if _, err := w.calls(a, got.is("access_token")); err == nil {
					t.Fatalf("round %d: alive after revocation", round)
				}
			}
		}
	})
}

// An outage of the one-time store costs it nothing.
func TestOutageOfATokenThatStays(t *testing.T) {
	w, tokens, _ := fragileTown(t)
	a := newApplication(t, w.clock.Now)
	w.changeClient(w.id, func(c *oauth.Client) { c.Bound = oauth.BoundDPoP })
	token := w.post("/oauth2/token", w.redeeming(w.code(w.asking())), a.with("")).is("refresh_token")
	w.refreshes.err = fmt.Errorf("read families: %w", errGone)
	w.post("/oauth2/token", w.refreshing(token), a.with("")).wantUnavailable(t)
	w.refreshes.err, tokens.verb = nil, "Put"
	w.post("/oauth2/token", w.refreshing(token), a.with("")).wantUnavailable(t)
	tokens.verb = ""
	if got := w.post("/oauth2/token", w.refreshing(token), a.with("")); got.status != 200 {
		t.Errorf("got %d %s", got.status, got.text)
	}
}
