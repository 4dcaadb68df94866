package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
)

// A holder is a key, and a service token of the house's client that is bound to
// it.
type holder struct {
	h     *house
	key   *client.DPoP
	token string
}

func (h *house) holder() *holder {
	h.t.Helper()
	key, err := client.NewDPoP(nil)
	must(h.t, err)
	o := &holder{h: h, key: key}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {h.app.id}, "client_secret": {h.app.secret}}
	a := h.send(http.MethodPost, "/oauth2/token", form.Encode(), "Content-Type: application/x-www-form-urlencoded", "Authorization", "DPoP: "+o.proof("/oauth2/token", ""))
	granted := decode[struct {
		Token string `json:"access_token"`
		Type  string `json:"token_type"`
	}](h.t, a)
	if o.token = granted.Token; granted.Type != "DPoP" {
		h.t.Fatalf("got %s", a.body)
	}
	return o
}

// proof is one for a path of the server, as its clients know it.
func (o *holder) proof(path, token string) string {
	proof, err := o.key.Proof(http.MethodPost, "https://localhost"+path, csc.Secret(token), o.h.clock.Now())
	must(o.h.t, err)
	return proof
}

func path(m csc.Method) string { return csc.BasePath + "/" + string(m) }

// call calls a method with the bound token.
func (o *holder) call(m csc.Method, body string) answer {
	o.h.t.Helper()
	return o.h.call(m, body, "Authorization: DPoP "+o.token, "DPoP: "+o.proof(path(m), o.token))
}

func TestBoundTokens(t *testing.T) {
	h := newHouse(t)
	o, other := h.holder(), h.holder()
	list := fmt.Sprintf(`{"userID":%q}`, h.signer.ID)
	decode[csc.ListResponse](t, o.call(csc.MethodList, list))
	decode[csc.ListResponse](t, h.call(csc.MethodList, list, "Authorization: dPoP  "+o.token, "DPoP: "+o.proof(path(csc.MethodList), o.token)))
	decode[csc.ListResponse](t, h.call(csc.MethodList, list)) // a bearer token beside them
	const bearer, dpop = `Bearer realm="CSC"`, `DPoP algs="ES256 PS256 EdDSA"`
	used := o.proof(path(csc.MethodList), o.token)
	decode[csc.ListResponse](t, h.call(csc.MethodList, list, "Authorization: DPoP "+o.token, "DPoP: "+used))
	wrong := func(challenge, code, text string) string {
		return challenge + `, error="` + code + `", error_description="` + text + `"`
	}
	unknown := csc.InvalidToken.Description()
	for _, tt := range []struct {
		says    string
		headers []string
		code    string
		text    string
		told    []string
	}{
		{"no token", []string{"Authorization"}, "invalid_token", unknown, []string{bearer, dpop}},
		{"a bearer token of nobody", []string{"Authorization: Bearer x"}, "invalid_token", unknown, []string{wrong(bearer, "invalid_token", unknown), dpop}},
		{
			"a bound token of nobody", []string{"Authorization: DPoP x", "DPoP: " + o.proof(path(csc.MethodList), "x")}, "invalid_token", unknown,
			[]string{bearer, wrong(dpop, "invalid_token", unknown)},
		},
		{
			"a bound token as a bearer token", []string{"Authorization: Bearer " + o.token}, "invalid_token", "The access token is bound to a key: it is no bearer token",
			[]string{wrong(bearer, "invalid_token", "The access token is bound to a key: it is no bearer token"), dpop},
		},
		{
			"a bound token as a bearer token, with a proof", []string{"Authorization: Bearer " + o.token, "DPoP: " + o.proof(path(csc.MethodList), o.token)},
			"invalid_token", "The access token is bound to a key: it is no bearer token",
			[]string{wrong(bearer, "invalid_token", "The access token is bound to a key: it is no bearer token"), dpop},
		},
		{
			"a bearer token by DPoP", []string{"Authorization: DPoP " + h.app.token, "DPoP: " + o.proof(path(csc.MethodList), h.app.token)},
			"invalid_token", "The access token is bound to no key: it is not for DPoP",
			[]string{bearer, wrong(dpop, "invalid_token", "The access token is bound to no key: it is not for DPoP")},
		},
		{
			"without a proof", []string{"Authorization: DPoP " + o.token}, "invalid_dpop_proof", "Invalid DPoP proof: it is missing",
			[]string{bearer, wrong(dpop, "invalid_dpop_proof", "Invalid DPoP proof: it is missing")},
		},
		{
			"with a proof that was used", []string{"Authorization: DPoP " + o.token, "DPoP: " + used}, "invalid_dpop_proof", "Invalid DPoP proof: it was used before",
			[]string{bearer, wrong(dpop, "invalid_dpop_proof", "Invalid DPoP proof: it was used before")},
		},
		{
			"with another key", []string{"Authorization: DPoP " + o.token, "DPoP: " + other.proof(path(csc.MethodList), o.token)}, "invalid_token", "The access token is bound to another key",
			[]string{bearer, wrong(dpop, "invalid_token", "The access token is bound to another key")},
		},
		{
			"with a proof for another method", []string{"Authorization: DPoP " + o.token, "DPoP: " + o.proof(path(csc.MethodSignHash), o.token)},
			"invalid_dpop_proof", "Invalid DPoP proof: its htu is not the address of the request",
			[]string{bearer, wrong(dpop, "invalid_dpop_proof", "Invalid DPoP proof: its htu is not the address of the request")},
		},
		{
			"with a proof for another token", []string{"Authorization: DPoP " + o.token, "DPoP: " + o.proof(path(csc.MethodList), h.app.token)},
			"invalid_dpop_proof", "Invalid DPoP proof: its ath is not of the access token",
			[]string{bearer, wrong(dpop, "invalid_dpop_proof", "Invalid DPoP proof: its ath is not of the access token")},
		},
	} {
		t.Run(tt.says, func(t *testing.T) {
			a := h.call(csc.MethodList, list, tt.headers...)
			wantRefusal(t, a, 401, tt.code, tt.text)
			if diff := cmp.Diff(tt.told, a.header.Values("WWW-Authenticate")); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, header := range []string{"DPoP", "DPoP ", "DPoP  ", "DPoP " + o.token + " x", "DPoP:" + o.token, "DPoPs " + o.token, "Basic " + o.token} {
		wantRefusal(t, h.call(csc.MethodList, list, "Authorization: "+header, "DPoP: "+o.proof(path(csc.MethodList), o.token)), 400, "invalid_request", "Malformed authorization header.")
	}
}

// A SAD that came over a bound token is spent with its key, and by nobody who has
// but the SAD: not by the same client with another token, and not with another
// key. What is refused spends nothing.
func TestSADOfABoundToken(t *testing.T) {
	h := newHouse(t)
	c := h.credential(h.signer, csc.P256, nil)
	o, other := h.holder(), h.holder()
	grant := func(call func(csc.Method, string) answer, hashes ...string) string {
		body := fmt.Sprintf(`{"credentialID":%q,"numSignatures":%d,"authData":[{"id":"OTP","value":%q}],"hashes":["%s"],"hashAlgorithmOID":%q}`,
			c.ID, len(hashes), h.code(), strings.Join(hashes, `","`), csc.OIDSHA256)
		return decode[struct{ SAD string }](t, call(csc.MethodAuthorize, body)).SAD
	}
	spend := func(sad, hash string) string {
		return fmt.Sprintf(`{"credentialID":%q,"SAD":%q,"hashes":[%q],"hashAlgorithmOID":%q,"signAlgo":"1.2.840.10045.4.3.2"}`, c.ID, sad, hash, csc.OIDSHA256)
	}
	bearer := func(m csc.Method, body string) answer { return h.call(m, body) }
	sad := grant(o.call, hash("a"), hash("b"))
	wantRefusal(t, h.call(csc.MethodSignHash, spend(sad, hash("a"))), 400, "invalid_request", "Invalid parameter SAD")
	wantRefusal(t, other.call(csc.MethodSignHash, spend(sad, hash("a"))), 400, "invalid_request", "Invalid parameter SAD")
	if h.keys.count() != 0 {
		t.Errorf("%d signatures", h.keys.count())
	}
	for _, hash := range []string{hash("a"), hash("b")} {
		decode[csc.SignHashResponse](t, o.call(csc.MethodSignHash, spend(sad, hash)))
	}
	h.clock.advance(30e9)
	free := grant(bearer, hash("a"), hash("b")) // over a token that is not bound, the SAD is not either
	decode[csc.SignHashResponse](t, h.call(csc.MethodSignHash, spend(free, hash("a"))))
	decode[csc.SignHashResponse](t, o.call(csc.MethodSignHash, spend(free, hash("b"))))
	if h.keys.count() != 4 {
		t.Errorf("%d signatures", h.keys.count())
	}
}

// Where nonces are demanded every answer brings one, and who could not know it is
// not counted as a stranger.
func TestNonceAtTheAPI(t *testing.T) {
	h := newHouse(t)
	list := fmt.Sprintf(`{"userID":%q}`, h.signer.ID)
	if got := h.call(csc.MethodList, list).header.Get("DPoP-Nonce"); got != "" {
		t.Errorf("nonce %q where none is demanded", got)
	}
	o := h.holder()
	h.provider.NonceKey = []byte("a nonce key for tests, 32 bytes.")
	h.api.Limits.Anonymous, h.api.Limits.Burst = 0.001, 3
	for range 5 {
		a := o.call(csc.MethodList, list)
		wantRefusal(t, a, 401, "use_dpop_nonce", "The DPoP proof needs the nonce of the header DPoP-Nonce")
		if len(a.header.Get("DPoP-Nonce")) != 22 || !strings.Contains(a.header.Values("WWW-Authenticate")[1], `error="use_dpop_nonce"`) {
			t.Errorf("header %v", a.header)
		}
	}
	for _, call := range []answer{h.call(csc.MethodList, list), h.call(csc.MethodList, `{`), h.call(csc.MethodList, list, "Authorization: Bearer x")} {
		if call.header.Get("DPoP-Nonce") == "" {
			t.Errorf("%d without a nonce: %s", call.status, call.body)
		}
	}
}

// Where the store of proofs is away, nothing is accepted and nothing is said of
// the proof.
func TestOutageAtTheAPI(t *testing.T) {
	h := newHouse(t)
	o := h.holder()
	must(t, h.registry.Close())
	a := o.call(csc.MethodList, fmt.Sprintf(`{"userID":%q}`, h.signer.ID))
	wantRefusal(t, a, 503, "temporarily_unavailable", csc.TemporarilyUnavailable.Description())
	if a.header.Get("Retry-After") == "" || a.header.Get("WWW-Authenticate") != "" {
		t.Errorf("header %v", a.header)
	}
	if !json.Valid([]byte(a.body)) {
		t.Error(a.body)
	}
}
