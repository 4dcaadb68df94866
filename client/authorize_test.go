package client

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
)

const home = "https://app.example.org/back"

var contract = AuthorizationRequest{
	RedirectURI: home, Lang: "ro",
	Details: []csc.AuthorizationDetail{{
		Type: csc.DetailCredential, CredentialID: "c_1", NumSignatures: 1, HashAlgorithmOID: csc.OIDSHA256,
		DocumentDigests: []csc.DocumentDigest{{Hash: csc.Digest{1, 2}, Label: "contract.pdf"}},
	}},
}

// What is pushed, and where the signer is sent: the browser sees neither what is
// asked for nor the verifier.
func TestPush(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.on("/as/oauth2/pushed_authorize", raw(201, `{"request_uri":"urn:ietf:params:oauth:request_uri:x","expires_in":90}`))
	away, err := s.client().Push(t.Context(), contract)
	if err != nil {
		t.Fatal(err)
	}
	form, err := url.ParseQuery(s.last("/as/oauth2/pushed_authorize").body)
	if err != nil {
		t.Fatal(err)
	}
	challenge := sha256.Sum256([]byte(away.Verifier))
	want := url.Values{
		"response_type": {"code"}, "client_id": {"app_1"}, "redirect_uri": {home}, "state": {string(away.State)}, "scope": {"credential"}, "lang": {"ro"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
		"authorization_details": {`[{"type":"credential","credentialID":"c_1","numSignatures":1,"documentDigests":[{"hash":"AQI=","label":"contract.pdf"}],"hashAlgorithmOID":"2.16.840.1.101.3.4.2.1"}]`},
	}
	if diff := cmp.Diff(want, form); diff != "" {
		t.Error(diff)
	}
	if want := s.URL + "/as/oauth2/authorize?client_id=app_1&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ax"; away.URL != want {
		t.Errorf("sent to %s", away.URL)
	}
	if away.Details != form.Get("authorization_details") {
		t.Errorf("kept are %s", away.Details)
	}
	again, err := s.client().Push(t.Context(), contract)
	if err != nil || again.State == away.State || again.Verifier == away.Verifier || len(again.Verifier) != 43 {
		t.Errorf("the second time: %v", err)
	}
}

func TestPushTrouble(t *testing.T) {
	t.Parallel()
	for says, h := range map[string]http.HandlerFunc{
		"a refusal":      raw(400, `{"error":"invalid_request","error_description":"Invalid parameter scope"}`),
		"no request_uri": raw(201, `{"expires_in":90}`),
		"no life":        raw(201, `{"request_uri":"x"}`),
		"no JSON":        raw(201, `x`),
		"a redirect":     raw(302, ``),
	} {
		s := serve(t)
		s.on("/as/oauth2/pushed_authorize", h)
		if away, err := s.client().Push(t.Context(), contract); err == nil {
			t.Errorf("%s: sent to %s", says, away.URL)
		} else {
			discreet(t, err.Error())
		}
	}
}

func TestRedeem(t *testing.T) {
	t.Parallel()
	back := func(change ...string) url.Values {
		v := url.Values{"code": {"the-code"}, "state": {"the-state"}}
		for i := 0; i < len(change); i += 2 {
			if v.Del(change[i]); change[i+1] != "" {
				v.Set(change[i], change[i+1])
			}
		}
		return v
	}
	for says, row := range map[string]struct {
		back   url.Values
		answer string
		want   error
		asked  int // how often the server is asked for a token
	}{
		"agreed":                    {back(), `{"access_token":"canary-token","token_type":"Bearer","expires_in":300,"credentialID":"c_1"}`, nil, 1},
		"agreed, and by whom":       {back("iss", "ISSUER"), `{"access_token":"canary-token","token_type":"Bearer"}`, nil, 1},
		"of another server":         {back("iss", "https://other.example.org"), ``, ErrForeign, 0},
		"of another request":        {back("state", "another"), ``, ErrForeign, 0},
		"without a state":           {back("state", ""), ``, ErrForeign, 0},
		"declined":                  {back("code", "", "error", "access_denied"), ``, ErrDeclined, 0},
		"declined, somewhere else":  {back("code", "", "error", "access_denied", "state", "another"), ``, ErrForeign, 0},
		"an error":                  {back("code", "", "error", "server_error"), ``, csc.Fail(csc.ServerError, nil), 0},
		"neither a code nor error":  {back("code", ""), ``, ErrAnswer, 0},
		"a code that was used":      {back(), `{"error":"invalid_grant"}`, &csc.Error{Code: csc.InvalidGrant}, 1},
		"a token of another kind":   {back(), `{"access_token":"canary-token","token_type":"DPoP"}`, ErrAnswer, 1},
		"a token that is no header": {back(), `{"access_token":"canary\r\ntoken","token_type":"Bearer"}`, ErrAnswer, 1},
	} {
		s := serve(t)
		status := 200
		if row.want != nil && !errors.Is(row.want, ErrAnswer) {
			status = 400
		}
		s.on("/as/oauth2/token", raw(status, row.answer))
		away := Away{State: "the-state", Verifier: "canary-token-verifier", RedirectURI: home, Issuer: s.URL + "/as"}
		if row.back.Get("iss") == "ISSUER" {
			row.back.Set("iss", away.Issuer)
		}
		got, err := s.client().Redeem(t.Context(), away, row.back)
		var told, want *csc.Error
		same := errors.Is(err, row.want)
		if errors.As(row.want, &want) {
			same = errors.As(err, &told) && told.Code == want.Code
		}
		if !same || (err == nil) != (got.Token == "canary-token") || s.count("/as/oauth2/token") != row.asked {
			t.Errorf("%s: %v after %d", says, err, s.count("/as/oauth2/token"))
		}
		if err != nil {
			discreet(t, err.Error())
		}
	}
}

// The code is redeemed with what was kept and with nothing that came back.
func TestRedeemSends(t *testing.T) {
	t.Parallel()
	s := serve(t)
	away := Away{State: "s", Verifier: "v", RedirectURI: home, Issuer: s.URL + "/as", Details: "[]"}
	got, err := s.client().Redeem(t.Context(), away, url.Values{"code": {"c"}, "state": {"s"}, "redirect_uri": {"https://evil.example.org"}})
	if err != nil || got.Token == "" {
		t.Fatal(err)
	}
	form, err := url.ParseQuery(s.last("/as/oauth2/token").body)
	want := url.Values{"grant_type": {"authorization_code"}, "code": {"c"}, "client_id": {"app_1"}, "redirect_uri": {home}, "code_verifier": {"v"}, "authorization_details": {"[]"}}
	if diff := cmp.Diff(want, form); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
