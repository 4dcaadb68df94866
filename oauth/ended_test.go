package oauth_test

import (
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

// What a client was given before its tokens were ended does not come back with
// it: no token, no code, no refresh token. What it is given since is good.
func TestEndedTokensStayEnded(t *testing.T) {
	w := newTown(t)
	first := w.redeem(w.code(w.asking()))
	own, code := w.issue(), w.code(w.asking())
	w.clock.move(time.Millisecond)
	w.changeClient(w.id, func(c *oauth.Client) { c.Disabled, c.TokensAfter = true, w.clock.Now() })
	w.post("/oauth2/token", w.refreshing(first.is("refresh_token"))).want(t, 400, "invalid_request", "Invalid parameter client_id")
	w.changeClient(w.id, func(c *oauth.Client) { c.Disabled = false })
	for says, token := range map[string]csc.Secret{"signer's": csc.Secret(first.is("access_token")), "own": own} {
		if w.alive(string(token)) {
			t.Errorf("the %s token is alive again", says)
		}
	}
	w.post("/oauth2/token", w.redeeming(code)).want(t, 400, "invalid_grant", saysCodeOver)
	w.post("/oauth2/token", w.refreshing(first.is("refresh_token"))).want(t, 400, "invalid_grant", "Invalid parameter refresh_token")
	next := w.redeem(w.code(w.asking()))
	if !w.alive(next.is("access_token")) || !w.alive(string(w.issue())) {
		t.Error("what was issued since is dead")
	}
	if a := w.post("/oauth2/token", w.refreshing(next.is("refresh_token"))); a.status != 200 {
		t.Errorf("got %d %s", a.status, a.text)
	}
}
