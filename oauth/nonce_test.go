package oauth_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
)

// noncing demands nonces.
func noncing(h *house) { h.provider.NonceKey = []byte("a nonce key for tests, 32 bytes.") }

// claiming is what a proof with a nonce says.
func claiming(nonce string) proofOf {
	return proofOf{Claims: strings.TrimSuffix(goodProofClaims, "}") + `,"nonce":"` + nonce + `"}`}
}

const saysNonce = "The DPoP proof needs the nonce of the header DPoP-Nonce"

// Nobody can make a proof before its time: a proof needs a nonce, which every
// answer brings. What was to be spent beside one that lacked it is not.
func TestNonces(t *testing.T) {
	w := newTown(t, noncing)
	a := newApplication(t, w.clock.Now)
	const token, push = "/oauth2/token", "/oauth2/pushed_authorize"
	form := w.redeeming(w.code(w.asking()))
	got := w.post(token, form, a.with(""))
	got.want(t, 400, "use_dpop_nonce", saysNonce)
	nonce := got.header.Get("DPoP-Nonce")
	if len(nonce) != 22 || len(got.header.Values("DPoP-Nonce")) != 1 {
		t.Fatalf("nonce %q", got.header.Values("DPoP-Nonce"))
	}
	for _, wrong := range []string{"", "x", nonce + "x", nonce[1:], strings.ToLower(nonce) + strings.ToUpper(nonce)} {
		w.post(token, form, header("DPoP", a.prove(claiming(wrong), issuer+token, ""))).want(t, 400, "use_dpop_nonce", saysNonce)
	}
	got = w.post(token, form, header("DPoP", a.prove(claiming(nonce), issuer+token, ""))) // the code is as good as it was
	if got.status != 200 || got.is("token_type") != "DPoP" || got.header.Get("DPoP-Nonce") != nonce {
		t.Fatalf("got %d %s, nonce %q", got.status, got.text, got.header.Get("DPoP-Nonce"))
	}
	got2 := w.post(push, w.pushedForm(w.asking()), a.with(""))
	got2.want(t, 400, "use_dpop_nonce", saysNonce)
	if got := w.post(push, w.pushedForm(w.asking()), header("DPoP", a.prove(claiming(nonce), issuer+push, ""))); got.status != http.StatusCreated {
		t.Errorf("pushed: %d %s", got.status, got.text)
	}
	if got := w.post(token, w.good()); got.is("token_type") != "Bearer" { // without a proof nothing needs a nonce
		t.Errorf("got %d %s", got.status, got.text)
	}
	bound := csc.Secret(got.is("access_token"))
	_, err := w.provider.Caller(at(csc.MethodList, a.with(bound)), bound, true)
	wantProof(t, err, csc.UseDPoPNonce, saysNonce)
	told := http.Header{}
	w.provider.TellNonce(told)
	r := at(csc.MethodList)
	r.Header.Set("DPoP", a.prove(claiming(told.Get("DPoP-Nonce")), r.URL.String(), bound))
	if _, err := w.provider.Caller(r, bound, true); err != nil {
		t.Error(err)
	}
	_, err = w.provider.Caller(r, bound, true)
	wantProof(t, err, csc.InvalidDPoPProof, "it was used before")
}

// A nonce is good for its span of time, the one before and the one after, on any
// server that has the key, and on no other.
func TestNonceGrowsOld(t *testing.T) {
	h, same, other := newHouse(t, noncing), newHouse(t, noncing), newHouse(t, noncing)
	other.provider.NonceKey = []byte("another nonce key for 32 bytes..")
	nonce := func(h *house) string {
		told := http.Header{}
		h.provider.TellNonce(told)
		return told.Get("DPoP-Nonce")
	}
	const path = "/oauth2/token"
	takes := func(h *house, nonce string) bool {
		a := newApplication(t, h.clock.Now)
		return h.post(path, h.good(), header("DPoP", a.prove(claiming(nonce), issuer+path, ""))).status == 200
	}
	first := nonce(h)
	if first != nonce(same) || first == nonce(other) || !takes(same, first) || takes(other, first) {
		t.Error("it is not the key that makes the nonce")
	}
	h.clock.move(2*time.Minute - time.Second) // the clock began at a full span
	if nonce(h) != first || !takes(h, first) {
		t.Error("it changed within its span")
	}
	h.clock.move(time.Second)
	if nonce(h) == first || !takes(h, first) || !takes(same, nonce(h)) {
		t.Error("the one before, or the one after, is not taken")
	}
	h.clock.move(2*time.Minute - time.Second)
	if !takes(h, first) {
		t.Error("the one before is not taken to its end")
	}
	h.clock.move(time.Second)
	if takes(h, first) || takes(same, nonce(h)) {
		t.Error("a nonce of two spans away is taken")
	}
	told := http.Header{}
	newHouse(t).provider.TellNonce(told)
	if len(told) > 0 {
		t.Errorf("told %v without a key", told)
	}
}
