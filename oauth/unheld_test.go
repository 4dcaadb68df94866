package oauth_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

// toldUnheld are the lines of the event log of clients that did not show that they
// hold what their tokens are bound to.
func (l *lockedBuffer) toldUnheld(t *testing.T) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(l.String()) {
		var told map[string]any
		if err := json.Unmarshal([]byte(line), &told); err != nil {
			t.Fatal(err)
		}
		if told["msg"] == "possession not shown" {
			all = append(all, told)
		}
	}
	return all
}

// An unheld is a call without what its token is, or shall be, bound to.
type unheld struct {
	says, path, why string
	call            func()
}

// Whoever brings a token, a code or a refresh token without the key or the
// certificate that it is bound to is in the event log, with the client whose it
// is; and so is a proof that is not good. What they brought is not.
func TestUnheldIsLogged(t *testing.T) {
	f := newFair(t)
	a, thief := newApplication(t, f.clock.Now), newApplication(t, f.clock.Now)
	own := f.authority.of(newKey(t))
	const token, push = "/oauth2/token", "/oauth2/pushed_authorize"
	list := csc.BasePath + "/credentials/list"
	bound := csc.Secret(f.bound(a))
	code := f.code(with(f.asking(), "dpop_jkt", a.thumbprint()))
	public, _ := f.changed(func(c *oauth.Client) {
		c.AuthMethod, c.Verifiers, c.Grants = oauth.NoAuth, nil, []string{"authorization_code", "refresh_token"}
	})
	refresh := f.post(token, of(f.redeeming(f.code(with(f.asking(), "client_id", public))), public, ""), a.with("")).is("refresh_token")
	strict, secret := f.changed(func(c *oauth.Client) { c.Bound = oauth.BoundDPoP })
	mtls, mtlsSecret := f.changed(func(c *oauth.Client) { c.Bound = oauth.BoundMTLS })
	held := csc.Secret(f.post(token, of(f.good(), mtls, mtlsSecret), over(own)).is("access_token"))
	stale := a.prove(proofOf{}, issuer+token, "")
	f.post(token, f.good(), header("DPoP", stale))

	post := func(path string, form url.Values, change ...func(*http.Request)) func() {
		return func() { f.post(path, form, change...) }
	}
	calls := func(token csc.Secret, dpop bool, change ...func(*http.Request)) func() {
		return func() { _, _ = f.provider.Caller(at(csc.MethodList, change...), token, dpop) }
	}
	all := []unheld{
		{"a proof that was used before", token, "used before", post(token, f.good(), header("DPoP", stale))},
		{"a proof for another address", push, "htu", post(push, f.pushedForm(f.asking()), header("DPoP", a.prove(proofOf{}, issuer+token, "")))},
		{"no proof, of a client that needs one", token, "missing", post(token, of(f.good(), strict, secret))},
		{"no certificate, of a client that needs one", token, "no certificate", post(token, of(f.good(), mtls, mtlsSecret))},
		{"a code with another's key", token, "another key", post(token, f.redeeming(code), thief.with(""))},
		{"a refresh token with another's key", token, "another key", post(token, of(f.refreshing(refresh), public, ""), thief.with(""))},
		{"a bound token as a bearer token", list, "no bearer token", calls(bound, false)},
		{"a bound token with another's key", list, "another key", calls(bound, true, thief.with(bound))},
		{"a bound token without a proof", list, "missing", calls(bound, true)},
		{"a bound token with the proof of another token", list, "ath", calls(bound, true, a.with("another"))},
		{"a token without its certificate", list, "certificate", calls(held, false)},
		{"a token with another's certificate", list, "certificate", calls(held, false, over(f.authority.of(newKey(t))))},
	}
	clients := map[string]string{all[2].says: strict, all[3].says: mtls, all[5].says: public, all[10].says: mtls, all[11].says: mtls}
	for n, row := range all {
		row.call()
		told := f.log.toldUnheld(t)
		if len(told) != n+1 {
			t.Fatalf("%s: %d lines, want %d: %v", row.says, len(told), n+1, told)
		}
		last, client := told[n], f.id
		if named, other := clients[row.says]; other {
			client = named
		}
		why, _ := last["why"].(string)
		if last["client"] != client || last["path"] != row.path || last["level"] != "WARN" || !strings.Contains(why, row.why) {
			t.Errorf("%s: told %v, want client %s, path %s, why …%s…", row.says, last, client, row.path, row.why)
		}
	}
	for what, secret := range map[string]string{
		"proof": stale, "access token": string(bound), "token of the certificate": string(held), "code": code, "refresh token": refresh, "secret": string(secret),
	} {
		if secret == "" || strings.Contains(f.log.String(), secret) {
			t.Errorf("the log has the %s %q", what, secret)
		}
	}
}

// A nonce that a client could not know is no failure of its.
func TestWantedNonceIsNoFailure(t *testing.T) {
	w := newTown(t, noncing)
	a := newApplication(t, w.clock.Now)
	w.post("/oauth2/token", w.good(), a.with("")).want(t, 400, "use_dpop_nonce", saysNonce)
	w.post("/oauth2/token", w.good(), header("DPoP", "x")).want(t, 400, "invalid_dpop_proof", "Invalid DPoP proof: it is no signed JWT of type dpop+jwt with ES256, PS256 or EdDSA")
	if told := w.log.toldUnheld(t); len(told) != 1 {
		t.Errorf("told %v", told)
	}
}
