package oauth_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

// Who must have bound tokens gets no others, from any grant, and what was issued
// before is over.
func TestBindingIsDemanded(t *testing.T) {
	w := newTown(t)
	a := newApplication(t, w.clock.Now)
	before := w.redeem(w.code(w.asking()))
	code := w.code(w.asking())
	w.changeClient(w.id, func(c *oauth.Client) { c.Bound = oauth.BoundDPoP })
	const missing = "Invalid DPoP proof: it is missing"
	w.post("/oauth2/token", w.good()).want(t, 400, "invalid_dpop_proof", missing)
	w.post("/oauth2/token", w.redeeming(code)).want(t, 400, "invalid_dpop_proof", missing)
	w.post("/oauth2/token", w.refreshing(before.is("refresh_token"))).want(t, 400, "invalid_dpop_proof", missing)
	if w.alive(before.is("access_token")) {
		t.Error("a token that is not bound lives on")
	}
	if got := w.post("/oauth2/token", w.redeeming(code), a.with("")); got.is("token_type") != "DPoP" { // the code was not spent
		t.Errorf("got %d %s", got.status, got.text)
	}
	if got := w.post("/oauth2/token", w.refreshing(before.is("refresh_token")), a.with("")); got.is("token_type") != "DPoP" {
		t.Errorf("got %d %s", got.status, got.text)
	}
	w.changeClient(w.id, func(c *oauth.Client) { c.Bound = oauth.BoundMTLS })
	const certificate = "Client certificate required"
	w.post("/oauth2/token", w.good()).want(t, 400, "invalid_request", certificate)
	w.post("/oauth2/token", w.good(), a.with("")).want(t, 400, "invalid_request", certificate)
}

// A client of API v1, whose token types cannot say it, is not let believe that
// its tokens are bound.
func TestV1HasNoDPoP(t *testing.T) {
	w := newTown(t)
	a := newApplication(t, w.clock.Now)
	w.profiled(oauth.ProfileCSCv1)
	const says = "DPoP is not for profile csc-v1"
	w.post("/oauth2/token", w.good(), a.with("")).want(t, 400, "invalid_request", says)
	w.post("/oauth2/pushed_authorize", w.pushedForm(w.asking()), a.with("")).want(t, 400, "invalid_request", says)
	w.post("/oauth2/pushed_authorize", w.pushedForm(with(w.asking(), "dpop_jkt", a.thumbprint()))).want(t, 400, "invalid_request", says)
	if told := w.browser().authorize(with(w.asking(), "dpop_jkt", a.thumbprint())).told(t); told.Get("error_description") != says {
		t.Errorf("told %v", told)
	}
}

// A code that was asked for with a key is redeemed with it and no other,
// whichever way the key was named.
func TestCodeOfAKey(t *testing.T) {
	w := newTown(t)
	a, b := newApplication(t, w.clock.Now), newApplication(t, w.clock.Now)
	pushed := func(form map[string][]string, change ...func(*http.Request)) string {
		t.Helper()
		got := w.post("/oauth2/pushed_authorize", w.pushedForm(form), change...)
		if got.status != 201 {
			t.Fatalf("not pushed: %d %s", got.status, got.text)
		}
		return w.code(w.atPushed(got.is("request_uri")))
	}
	named := with(w.asking(), "dpop_jkt", a.thumbprint())
	for says, code := range map[string]string{
		"in the query": w.code(named), "in the form": pushed(named), "by a proof": pushed(w.asking(), a.with("")), "by both": pushed(named, a.with("")),
	} {
		const other = "The authorization code is bound to another key"
		w.post("/oauth2/token", w.redeeming(code)).want(t, 400, "invalid_grant", other)
		w.post("/oauth2/token", w.redeeming(code), b.with("")).want(t, 400, "invalid_grant", other)
		if got := w.post("/oauth2/token", w.redeeming(code), a.with("")); got.is("token_type") != "DPoP" {
			t.Errorf("%s: %d %s", says, got.status, got.text)
		}
	}
	push := func(form map[string][]string, change ...func(*http.Request)) answer {
		return w.post("/oauth2/pushed_authorize", w.pushedForm(form), change...)
	}
	push(named, b.with("")).want(t, 400, "invalid_request", "Invalid parameter dpop_jkt")
	for _, jkt := range []string{"x", a.thumbprint() + "A", a.thumbprint()[1:], a.thumbprint() + "=", strings.Repeat("x", 44)} {
		push(with(w.asking(), "dpop_jkt", jkt)).want(t, 400, "invalid_request", "Invalid parameter dpop_jkt")
		if told := w.browser().authorize(with(w.asking(), "dpop_jkt", jkt)).told(t); told.Get("error_description") != "Invalid parameter dpop_jkt" {
			t.Errorf("%q: told %v", jkt, told)
		}
	}
	// Beside request_uri the query names none.
	uri := w.push(w.asking())
	code := w.code(with(w.atPushed(uri), "dpop_jkt", b.thumbprint()))
	if got := w.post("/oauth2/token", w.redeeming(code), a.with("")); got.status != 200 {
		t.Errorf("got %d %s", got.status, got.text)
	}
}

// A token that is bound to a certificate is good over a connection with it (RFC
// 8705 §3), for every scope and however its client proved itself.
func TestCertificateBoundTokens(t *testing.T) {
	f := newFair(t)
	key := newKey(t)
	own := f.authority.of(key)
	renewed := f.authority.of(key) // of the same key and name
	self := f.authority.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "self"}}, nil, key.Public(), key)
	f.changeClient(f.id, func(c *oauth.Client) { c.Bound = oauth.BoundMTLS })
	for says, shown := range map[string]*x509.Certificate{"of an authority": own, "of its own": self} {
		for scope, form := range map[string]map[string][]string{
			"service": f.good(), "credential": f.redeeming(f.code(f.agreeing())), "service with a signer": f.redeeming(f.code(f.asking())),
		} {
			got := f.post("/oauth2/token", form, over(shown))
			if got.status != 200 || got.is("token_type") != "Bearer" {
				t.Fatalf("%s, %s: %d %s", says, scope, got.status, got.text)
			}
			token := csc.Secret(got.is("access_token"))
			who, err := f.provider.Caller(at(csc.MethodList, over(shown)), token, false)
			if err != nil || who.Holder != "x5t#S256 "+thumbprintOf(shown) {
				t.Errorf("%s, %s: held by %q, %v", says, scope, who.Holder, err)
			}
			for wrong, change := range map[string]func(*http.Request){
				"no TLS": func(*http.Request) {}, "no certificate": over(), "another": over(f.authority.of(newKey(t))), "another of the same key": over(renewed),
				"the right one behind another": over(renewed, shown), "a header that has it": header("X-Forwarded-Client-Cert", "Hash="+thumbprintOf(shown)),
			} {
				_, err := f.provider.Caller(at(csc.MethodList, change), token, false)
				wantProof(t, err, csc.InvalidToken, "bound to a certificate")
				if err == nil {
					t.Errorf("%s, %s: passes with %s", says, scope, wrong)
				}
			}
			_, err = f.provider.Bearer(t.Context(), token)
			wantProof(t, err, csc.InvalidToken, "bound to a certificate")
		}
	}
	// Who need not have bound tokens has none bound because it came by a certificate.
	id, secret := f.changed(func(*oauth.Client) {})
	if got := f.post("/oauth2/token", of(f.good(), id, secret), over(own)); got.status != 200 || !f.alive(got.is("access_token")) {
		t.Errorf("got %d %s", got.status, got.text)
	}
}

// A token may be bound to both, and then it needs both.
func TestTokenBoundToBoth(t *testing.T) {
	f := newFair(t)
	a := newApplication(t, f.clock.Now)
	own := f.authority.of(newKey(t))
	f.changeClient(f.id, func(c *oauth.Client) { c.Bound = oauth.BoundMTLS })
	got := f.post("/oauth2/token", f.good(), over(own), a.with(""))
	if got.is("token_type") != "DPoP" {
		t.Fatalf("got %d %s", got.status, got.text)
	}
	token := csc.Secret(got.is("access_token"))
	if who, err := f.provider.Caller(at(csc.MethodList, over(own), a.with(token)), token, true); err != nil || who.Holder != "jkt "+a.thumbprint()+" x5t#S256 "+thumbprintOf(own) {
		t.Errorf("held by %q, %v", who.Holder, err)
	}
	_, err := f.provider.Caller(at(csc.MethodList, over(own)), token, false)
	wantProof(t, err, csc.InvalidToken, "bound to a key")
	_, err = f.provider.Caller(at(csc.MethodList, a.with(token)), token, true)
	wantProof(t, err, csc.InvalidToken, "bound to a certificate")
}
