package server_test

import (
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/csc/v1"
	"github.com/pecete/pecete/users"
)

// v1 calls a method of v1, and holds the answer to its contract.
func (h *house) v1(method csc.Method, body string, headers ...string) answer {
	h.t.Helper()
	a := h.send(http.MethodPost, v1.BasePath+"/"+string(method), body, headers...)
	if err := h.api.V1.CheckResponse(method, a.status, []byte(a.body)); err != nil {
		h.t.Errorf("%s: %v", body, err)
	}
	return a
}

// signV1 is a signHash body of ECDSA with SHA-256.
func signV1(c credentials.Credential, sad string, hashes ...string) string {
	return fmt.Sprintf(`{"credentialID":%q,"SAD":%q,"hash":["%s"],"hashAlgo":%q,"signAlgo":"1.2.840.10045.4.3.2"}`,
		c.ID, sad, strings.Join(hashes, `","`), csc.OIDSHA256)
}

// authorizeV1 asks for one signature over "a", with more members.
func (h *house) authorizeV1(c credentials.Credential, more string) answer {
	h.t.Helper()
	return h.v1(csc.MethodAuthorize, fmt.Sprintf(`{"credentialID":%q,"numSignatures":1,"hash":[%q]%s}`, c.ID, hash("a"), more))
}

func sadOf(t *testing.T, a answer) string {
	t.Helper()
	return decode[struct{ SAD string }](t, a).SAD
}

func TestV1Info(t *testing.T) {
	h := newHouse(t)
	a := h.v1(csc.MethodInfo, `{"lang":"ro"}`, "Authorization: ")
	const want = `{"specs":"1.0.4.0","name":"Pecete","logo":"https://localhost/logo.png","region":"RO","lang":"ro","description":"Pentru teste",` +
		`"authType":["oauth2client"],"oauth2":"https://localhost","methods":["info","auth/revoke","credentials/list","credentials/info","credentials/authorize","credentials/sendOTP","signatures/signHash"]}`
	if a.status != 200 || a.body != want {
		t.Errorf("got  %d %s\nwant 200 %s", a.status, a.body, want)
	}
	text := h.send(http.MethodGet, "/openapi-v1.yaml", "")
	if text.status != 200 || text.body != string(h.api.V1.Served("https://localhost", h.api.HasV1)) || text.header.Get("Content-Type") != "application/yaml; charset=utf-8" {
		t.Errorf("%d %s", text.status, text.header.Get("Content-Type"))
	}
}

// What v1 does not have is not implemented under its path, in JSON, and nothing is
// there at all where it is not served.
func TestV1HasItsOwnMethods(t *testing.T) {
	h := newHouse(t)
	for _, m := range []csc.Method{csc.MethodSignDoc, csc.MethodAuthorizeCheck, csc.MethodGetChallenge, csc.MethodSignPolling, csc.MethodTimestamp, csc.MethodExtendTransaction, "nothing"} {
		wantRefusal(t, h.send(http.MethodPost, v1.BasePath+"/"+string(m), `{}`), http.StatusNotImplemented, "invalid_request", "The method is not implemented")
	}
	a := h.send(http.MethodGet, v1.BasePath+"/info", "")
	wantRefusal(t, a, http.StatusMethodNotAllowed, "invalid_request", "")
	if a.header.Get("Allow") != http.MethodPost {
		t.Errorf("Allow %q", a.header.Get("Allow"))
	}
	wantRefusal(t, h.send(http.MethodPost, csc.BasePath+"/credentials/sendOTP", `{}`), http.StatusNotImplemented, "invalid_request", "")
	h.api.V1, h.api.Mux = nil, http.NewServeMux()
	h.handler = h.api.Handler()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v1.BasePath+"/info", strings.NewReader(`{}`))
	must(t, err)
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, req)
	if w.Code != http.StatusNotImplemented {
		t.Errorf("where it is not served: %d %s", w.Code, w.Body)
	}
}

// The way of a v1 application: list, info, authorize, signHash. Its SAD is one of
// v2 as well.
func TestV1Way(t *testing.T) {
	h := newHouse(t)
	c := h.credential(h.signer, csc.P256, nil)
	listed := decode[v1.ListResponse](t, h.v1(csc.MethodList, fmt.Sprintf(`{"userID":%q}`, h.signer.ID)))
	if diff := cmp.Diff(v1.ListResponse{CredentialIDs: []string{c.ID}}, listed); diff != "" {
		t.Error(diff)
	}
	h.clock.advance(30 * time.Second)
	a := h.v1(csc.MethodAuthorize, fmt.Sprintf(`{"credentialID":%q,"numSignatures":2,"hash":[%q,%q],"OTP":%q}`, c.ID, hash("a"), hash("b"), h.code()))
	sad := sadOf(t, a)
	if a.body != fmt.Sprintf(`{"SAD":%q,"expiresIn":300}`, sad) {
		t.Error(a.body)
	}
	signed := decode[v1.SignHashResponse](t, h.v1(csc.MethodSignHash, signV1(c, sad, hash("a"))))
	cert, err := c.Certificate()
	must(t, err)
	digest, _ := csc.DecodeBase64(hash("a"))
	if len(signed.Signatures) != 1 || !ecdsa.VerifyASN1(cert.PublicKey.(*ecdsa.PublicKey), digest, signed.Signatures[0]) {
		t.Error("the signature does not verify with the certificate")
	}
	wantRefusal(t, h.v1(csc.MethodSignHash, signV1(c, sad, hash("a"))), 400, "invalid_request", "Hash is not authorized by the SAD.")
	decode[csc.SignHashResponse](t, h.call(csc.MethodSignHash, signBody(c, sad, hash("b"))))
	wantRefusal(t, h.v1(csc.MethodSignHash, signV1(c, sad, hash("b"))), 400, "invalid_request", "Invalid parameter SAD")
	if h.keys.count() != 2 {
		t.Errorf("the device signed %d times, want 2", h.keys.count())
	}
}

// However many try in whichever version, one SAD of one signature is spent once.
func TestOneSADOverBothVersions(t *testing.T) {
	h := newHouse(t)
	c := h.credential(h.signer, csc.P256, nil)
	for round := range 5 {
		sad := h.authorize(c, 1, hash("a"))
		var good atomic.Int64
		var all sync.WaitGroup
		for n := range 32 {
			all.Go(func() {
				a := answer{}
				if n%2 == 0 {
					a = h.v1(csc.MethodSignHash, signV1(c, sad, hash("a")))
				} else {
					a = h.call(csc.MethodSignHash, signBody(c, sad, hash("a")))
				}
				if a.status == 200 {
					good.Add(1)
				} else if !strings.Contains(a.body, "Invalid parameter SAD") {
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		}
		all.Wait()
		if good.Load() != 1 || h.keys.count() != round+1 {
			t.Fatalf("%d good answers, %d signatures after %d rounds", good.Load(), h.keys.count(), round+1)
		}
	}
}

func TestV1Pages(t *testing.T) {
	h := newHouse(t)
	var want []string
	for range 5 {
		want = append(want, h.credential(h.signer, csc.P256, nil).ID)
		h.clock.advance(time.Second)
	}
	page := func(members string) v1.ListResponse {
		t.Helper()
		return decode[v1.ListResponse](t, h.v1(csc.MethodList, fmt.Sprintf(`{"userID":%q%s}`, h.signer.ID, members)))
	}
	for most := 1; most <= 6; most++ {
		var got []string
		for next, pages := "", 0; ; pages++ {
			members := fmt.Sprintf(`,"maxResults":%d`, most)
			if pages > 0 {
				members += fmt.Sprintf(`,"pageToken":%q`, next)
			}
			p := page(members)
			if len(p.CredentialIDs) > most || pages > 5 {
				t.Fatalf("%d on page %d of %d", len(p.CredentialIDs), pages, most)
			}
			got = append(got, p.CredentialIDs...)
			if next = p.NextPageToken; next == "" {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d at a time (-want +got):\n%s", most, diff)
		}
	}
	if p := page(`,"maxResults":1000000000`); len(p.CredentialIDs) != 5 || p.NextPageToken != "" {
		t.Errorf("more than there can be: %+v", p)
	}
	for range 100 {
		h.credential(h.signer, csc.P256, nil)
	}
	if p := page(`,"maxResults":1000`); len(p.CredentialIDs) != 100 || p.NextPageToken == "" {
		t.Errorf("%d on the server's own page", len(p.CredentialIDs))
	}
	strangers := h.credential(h.stranger(), csc.P256, nil)
	for _, token := range []string{"x", strangers.ID} {
		wantRefusal(t, h.v1(csc.MethodList, fmt.Sprintf(`{"userID":%q,"pageToken":%q}`, h.signer.ID, token)), 400, "invalid_request", "Invalid parameter pageToken")
	}
}

// What authorizes a credential, as v1 says it.
func TestV1CredentialInfo(t *testing.T) {
	const (
		pinTrue     = `"PIN":{"presence":"true","format":"N","label":"PIN","description":"Your PIN for signing"}`
		pinFalse    = `"PIN":{"presence":"false"}`
		otpTrue     = `"OTP":{"presence":"true","type":"offline","format":"N","label":"Code","description":"The six digits your authenticator app shows now","ID":"OTP","provider":"totp"}`
		otpFalse    = `"OTP":{"presence":"false"}`
		smsTrue     = `"OTP":{"presence":"true","type":"online","format":"N","label":"Code by SMS","description":"The six digits that were sent to your phone","ID":"SMS"}`
		mailTrue    = `"OTP":{"presence":"true","type":"online","format":"N","label":"Code by e-mail","description":"The six digits that were sent to your e-mail address","ID":"EMAIL"}`
		optionalPIN = `"PIN":{"presence":"optional","format":"N","label":"PIN","description":"Your PIN for signing"}`
		optionalOTP = `"OTP":{"presence":"optional","type":"offline","format":"N","label":"Code","description":"The six digits your authenticator app shows now","ID":"OTP","provider":"totp"}`
	)
	h := newHouse(t)
	for _, test := range []struct{ factors, want string }{
		{"", `"authMode":"explicit","SCAL":"2",` + pinFalse + `,` + otpTrue},
		{"PIN", `"authMode":"explicit","SCAL":"2",` + pinTrue + `,` + otpFalse},
		{"PIN AND OTP", `"authMode":"explicit","SCAL":"2",` + pinTrue + `,` + otpTrue},
		{"PIN,SMS", `"authMode":"explicit","SCAL":"2",` + pinTrue + `,` + smsTrue},
		{"PIN OR OTP", `"authMode":"explicit","SCAL":"2",` + optionalPIN + `,` + optionalOTP},
		{"PIN XOR OTP", `"authMode":"explicit","SCAL":"2",` + optionalPIN + `,` + optionalOTP},
		{"SMS OR EMAIL", `"authMode":"explicit","SCAL":"2",` + pinFalse + `,` + mailTrue},
		{"OTP OR SMS", `"authMode":"explicit","SCAL":"2",` + pinFalse + `,` + otpTrue},
		{"(OTP AND SMS) OR (PIN AND SMS)", `"authMode":"explicit","SCAL":"2",` + pinTrue + `,` + smsTrue},
		{"PIN OR (PIN AND OTP)", `"authMode":"explicit","SCAL":"2",` + pinTrue + `,` + optionalOTP},
		{"OTP AND SMS", `"authMode":"explicit","SCAL":"2",` + pinFalse + `,` + otpFalse}, // which v1 cannot say
		{"MATCH", `"authMode":"explicit","SCAL":"2",` + pinFalse + `,` + otpFalse},       // nor this
		{"APPROVAL", `"authMode":"implicit","SCAL":"2"`},
		{"PIN AND APPROVAL", `"authMode":"explicit","SCAL":"2",` + pinTrue + `,` + otpFalse},
		{"none", `"authMode":"implicit","SCAL":"2"`},
	} {
		c := h.withFactors(credentials.Factors(test.factors))
		a := h.v1(csc.MethodCredentialInfo, fmt.Sprintf(`{"credentialID":%q,"certificates":"none","authInfo":true}`, c.ID))
		want := `{"key":{"status":"enabled","algo":["1.2.840.10045.2.1","1.2.840.10045.4.3.2"],"len":256,"curve":"1.2.840.10045.3.1.7"},"cert":{"status":"valid"},` +
			test.want + `,"multisign":10,"lang":"en"}`
		if a.body != want {
			t.Errorf("%q\ngot  %s\nwant %s", test.factors, a.body, want)
		}
		a = h.v1(csc.MethodCredentialInfo, fmt.Sprintf(`{"credentialID":%q,"certificates":"none"}`, c.ID))
		if strings.Contains(a.body, `"PIN"`) || strings.Contains(a.body, `"OTP"`) || !strings.Contains(a.body, `"authMode":`) {
			t.Errorf("%q without authInfo: %s", test.factors, a.body)
		}
	}
	c := h.credential(h.signer, csc.P256, func(p *credentials.Profile) { p.Mode, p.SCAL = csc.OAuth2Code, csc.SCAL1 })
	a := h.v1(csc.MethodCredentialInfo, fmt.Sprintf(`{"credentialID":%q,"certificates":"chain","certInfo":true,"authInfo":true}`, c.ID))
	told := decode[v1.CredentialInfo](t, a)
	if told.AuthMode != v1.OAuth2Code || told.SCAL != csc.SCAL1 || told.PIN != nil || told.OTP != nil || len(told.Cert.Certificates) != 2 || told.Cert.ValidFrom == "" {
		t.Error(a.body)
	}
	both := decode[csc.CredentialInfo](t, h.call(csc.MethodCredentialInfo, fmt.Sprintf(`{"credentialID":%q,"certificates":"chain"}`, c.ID)))
	if diff := cmp.Diff(both.Cert.Certificates, told.Cert.Certificates); diff != "" {
		t.Errorf("the certificates of v2 and v1:\n%s", diff)
	}
}

// With each expression, what authorizes in v1 and in which words it does not.
func TestWhatAuthorizesInV1(t *testing.T) {
	const badPIN, badOTP = "The PIN is invalid", "The OTP is invalid"
	for _, test := range []struct{ factors, members, want string }{
		{"", `,"OTP":"{OTP}"`, ""},
		{"", `,"OTP":"{OTP}","PIN":""`, ""},
		{"", ``, badOTP},
		{"", `,"PIN":"` + pin + `"`, badOTP},
		{"", `,"OTP":"{OTP}","PIN":"` + pin + `"`, badOTP},
		{"PIN", `,"PIN":"` + pin + `"`, ""},
		{"PIN", `,"PIN":"` + wrongPIN + `"`, badPIN},
		{"PIN", ``, badPIN},
		{"PIN", `,"OTP":"{OTP}"`, badPIN},
		{"PIN AND OTP", `,"PIN":"` + pin + `","OTP":"{OTP}"`, ""},
		{"PIN AND OTP", `,"PIN":"` + wrongPIN + `","OTP":"{OTP}"`, badOTP}, // which of the two is told to nobody
		{"PIN AND OTP", `,"PIN":"` + pin + `","OTP":"000000"`, badOTP},
		{"PIN AND OTP", `,"PIN":"` + pin + `"`, badOTP},
		{"PIN AND OTP", `,"OTP":"{OTP}"`, badPIN},
		{"PIN OR OTP", `,"PIN":"` + pin + `"`, ""},
		{"PIN OR OTP", `,"OTP":"{OTP}"`, ""},
		{"PIN OR OTP", ``, badOTP},
		{"PIN OR OTP", `,"PIN":"` + wrongPIN + `"`, badPIN},
		{"PIN XOR OTP", `,"PIN":"` + pin + `","OTP":"{OTP}"`, badOTP},
		{"OTP AND SMS", `,"OTP":"{OTP}"`, badOTP},
		{"MATCH", ``, badOTP},
		{"none", ``, ""},
		{"none", `,"PIN":"` + pin + `"`, badPIN},
	} {
		t.Run(test.factors+test.members, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			c := h.withFactors(credentials.Factors(test.factors))
			h.clock.advance(30 * time.Second)
			a := h.authorizeV1(c, strings.ReplaceAll(test.members, "{OTP}", h.code()))
			switch test.want {
			case "":
				decode[v1.SignHashResponse](t, h.v1(csc.MethodSignHash, signV1(c, sadOf(t, a), hash("a"))))
			case badPIN:
				wantRefusal(t, a, 400, "invalid_pin", badPIN)
			default:
				wantRefusal(t, a, 400, "invalid_otp", badOTP)
			}
		})
	}
}

func TestV1Locks(t *testing.T) {
	h := newHouse(t)
	pins, both := h.withFactors("PIN"), h.withFactors("PIN AND OTP")
	for range 5 {
		wantRefusal(t, h.authorizeV1(pins, `,"PIN":"`+wrongPIN+`"`), 400, "invalid_pin", "")
	}
	wantRefusal(t, h.authorizeV1(pins, `,"PIN":"`+pin+`"`), 400, "invalid_request", "PIN locked")
	wantRefusal(t, h.authorizeV1(both, `,"PIN":"`+pin+`","OTP":"000000"`), 400, "invalid_request", "OTP locked")
}

// Each body is refused in these words of v1, and changes nothing.
func TestV1Refusals(t *testing.T) {
	s := newStand(t)
	s.clock.advance(30 * time.Second)
	const noID, badID = "Missing (or invalid type) string parameter credentialID", "Invalid parameter credentialID"
	for method, rows := range map[csc.Method][]refusalRow{
		csc.MethodList: {
			{"userID of nobody", `{"userID":"u_0"}`, "Invalid parameter userID"},
			{"no page", `{"userID":"$USER","maxResults":0}`, "Invalid parameter maxResults"},
			{"cut short", `{"userID":`, long},
		},
		csc.MethodCredentialInfo: {
			{"no credentialID", `{}`, noID},
			{"another signer's credential", `{"credentialID":"$STRANGER"}`, badID},
			{"certificates unknown", `{"credentialID":"$EC","certificates":"x"}`, "Invalid parameter certificates"},
		},
		csc.MethodAuthorize: {
			{"no credentialID", `{"numSignatures":1}`, noID},
			{"another signer's credential", `{"credentialID":"$STRANGER","numSignatures":1}`, badID},
			{"disabled", `{"credentialID":"$DISABLED","numSignatures":1}`, "The credential identified by credentialID is disabled"},
			{"expired", `{"credentialID":"$EXPIRED","numSignatures":1}`, "Signing certificate 'O=Demo,CN=Demo Signer' is expired."},
			{"no numSignatures", `{"credentialID":"$EC"}`, "Missing (or invalid type) integer parameter numSignatures"},
			{"numSignatures zero", `{"credentialID":"$EC","numSignatures":0}`, "Invalid value for parameter numSignatures"},
			{"too many", `{"credentialID":"$EC","numSignatures":11}`, "Numbers of signatures is too high"},
			{"SCAL 2 without hash", `{"credentialID":"$EC","numSignatures":1,"OTP":"$CODE"}`, "Missing (or invalid type) array parameter hash"},
			{"the names of v2", `{"credentialID":"$EC","numSignatures":1,"hashes":["$HASHA"],"OTP":"$CODE"}`, "Missing (or invalid type) array parameter hash"},
			{"hash not an array", `{"credentialID":"$EC","numSignatures":1,"hash":"$HASHA","OTP":"$CODE"}`, "Missing (or invalid type) array parameter hash"},
			{"no hash in it", `{"credentialID":"$EC","numSignatures":1,"hash":[],"OTP":"$CODE"}`, "Empty hash array"},
			{"hash of no length", `{"credentialID":"$EC","numSignatures":1,"hash":["YQ=="],"OTP":"$CODE"}`, "Invalid digest value length"},
			{"hashes of two lengths", `{"credentialID":"$EC","numSignatures":2,"hash":["$HASHA","YQ=="],"OTP":"$CODE"}`, "Invalid digest value length"},
			{"PIN a number", `{"credentialID":"$EC","numSignatures":1,"hash":["$HASHA"],"PIN":5}`, "Missing (or invalid type) string parameter PIN"},
			{"a credential of the pages", `{"credentialID":"$PAGED","numSignatures":1,"hash":["$HASHA"]}`, "The credential identified by credentialID is authorized with OAuth 2.0"},
		},
		csc.MethodSendOTP: {
			{"no credentialID", `{}`, noID},
			{"another signer's credential", `{"credentialID":"$STRANGER"}`, badID},
			{"a code that nobody sends", `{"credentialID":"$EC"}`, badID},
			{"a credential of the pages", `{"credentialID":"$PAGED"}`, "The credential identified by credentialID is authorized with OAuth 2.0"},
		},
		csc.MethodSignHash: {
			{"no SAD", `{"credentialID":"$EC","hash":["$HASHA"],"signAlgo":"1.2.840.10045.4.3.2"}`, "Missing (or invalid type) string parameter SAD"},
			{"another SAD", `{"credentialID":"$EC","SAD":"x","hash":["$HASHA"],"signAlgo":"1.2.840.10045.4.3.2"}`, "Invalid parameter SAD"},
			{"the names of v2", `{"credentialID":"$EC","SAD":"$SAD","hashes":["$HASHA"],"signAlgo":"1.2.840.10045.4.3.2"}`, "Missing (or invalid type) array parameter hash"},
			{"another hash", `{"credentialID":"$EC","SAD":"$SAD","hash":["$HASHB"],"signAlgo":"1.2.840.10045.4.3.2"}`, "Hash is not authorized by the SAD."},
			{"RSA without hashAlgo", `{"credentialID":"$RSA","SAD":"$SAD","hash":["$HASHA"],"signAlgo":"1.2.840.113549.1.1.1"}`, "Missing (or invalid type) string parameter hashAlgo"},
			{"hashAlgo unknown", `{"credentialID":"$RSA","SAD":"$SAD","hash":["$HASHA"],"signAlgo":"1.2.840.113549.1.1.1","hashAlgo":"1.2.3"}`, "Invalid parameter hashAlgo"},
			{"hashAlgo that contradicts", `{"credentialID":"$EC","SAD":"$SAD","hash":["$HASHA"],"signAlgo":"1.2.840.10045.4.3.2","hashAlgo":"2.16.840.1.101.3.4.2.2"}`, "Invalid parameter hashAlgo"},
			{"hashAlgo a number", `{"credentialID":"$EC","SAD":"$SAD","hash":["$HASHA"],"signAlgo":"1.2.840.10045.4.3.2","hashAlgo":5}`, "Missing (or invalid type) string parameter hashAlgo"},
			{"hash of no length", `{"credentialID":"$EC","SAD":"$SAD","hash":["YQ=="],"signAlgo":"1.2.840.10045.4.3.2"}`, "Invalid digest value length"},
			{"signAlgo unknown", `{"credentialID":"$EC","SAD":"$SAD","hash":["$HASHA"],"signAlgo":"1.2.3"}`, "Invalid parameter signAlgo"},
		},
	} {
		for _, row := range rows {
			t.Run(string(method)+"/"+row.name, func(t *testing.T) {
				body := strings.ReplaceAll(s.fill(row.body), "$PAGED", s.paged().ID)
				wantRefusal(t, s.v1(method, body), http.StatusBadRequest, "invalid_request", row.description)
			})
		}
	}
	if s.keys.count() != 0 {
		t.Errorf("the device signed %d times", s.keys.count())
	}
	decode[v1.SignHashResponse](t, s.v1(csc.MethodSignHash, signV1(s.ec, s.sad, hash("a"))))
}

// paged is a credential that is authorized on the pages.
func (h *house) paged() credentials.Credential {
	return h.credential(h.signer, csc.P256, func(p *credentials.Profile) { p.Mode = csc.OAuth2Code })
}

// The header is refused in the long words of Table 3, but in sendOTP.
func TestV1Headers(t *testing.T) {
	h := newHouse(t)
	for _, m := range []csc.Method{csc.MethodList, csc.MethodCredentialInfo, csc.MethodAuthorize, csc.MethodSignHash} {
		wantRefusal(t, h.v1(m, `{}`, "Authorization: Foo x"), 400, "invalid_request", long)
	}
	wantRefusal(t, h.v1(csc.MethodSendOTP, `{}`, "Authorization: Foo x"), 400, "invalid_request", "Malformed authroization header.")
	wantRefusal(t, h.v1(csc.MethodList, `{}`, "Authorization: Bearer x"), 401, "invalid_token", "")
	a := h.v1(csc.MethodList, `{}`, "Authorization: ")
	wantRefusal(t, a, 401, "invalid_token", "")
	if a.header.Get("WWW-Authenticate") == "" || a.header.Get("X-Request-Id") == "" {
		t.Errorf("%v", a.header)
	}
}

// A code by mail or SMS: the object that OTP is told to be, and no other.
func TestV1SendOTP(t *testing.T) {
	h := newHouse(t)
	send := func(c credentials.Credential) answer {
		t.Helper()
		return h.v1(csc.MethodSendOTP, fmt.Sprintf(`{"credentialID":%q}`, c.ID))
	}
	c := h.withFactors("PIN AND (SMS OR EMAIL)")
	wantSent(t, send(c))
	if len(h.mails.messages()) != 1 || len(h.sms.messages()) != 0 {
		t.Error("not by mail")
	}
	code := h.sent(h.mails)
	wantRefusal(t, h.authorizeV1(c, `,"OTP":"`+code+`"`), 400, "invalid_pin", "")
	sad := sadOf(t, h.authorizeV1(c, `,"PIN":"`+pin+`","OTP":"`+code+`"`))
	decode[v1.SignHashResponse](t, h.v1(csc.MethodSignHash, signV1(c, sad, hash("a"))))
	wantRefusal(t, h.authorizeV1(c, `,"PIN":"`+pin+`","OTP":"`+code+`"`), 400, "invalid_otp", "")

	wantRefusal(t, send(h.withFactors("PIN")), 400, "invalid_request", "Invalid parameter credentialID")
	wantRefusal(t, send(h.withFactors("OTP OR SMS")), 400, "invalid_request", "Invalid parameter credentialID")
	c = h.withFactors("SMS")
	wantSent(t, send(c))
	for range 5 {
		wantRefusal(t, h.authorizeV1(c, `,"OTP":"`+flipped(h.sent(h.sms))+`"`), 400, "invalid_otp", "")
	}
	wantRefusal(t, send(c), 400, "invalid_request", "OTP locked")
	wantRefusal(t, h.authorizeV1(c, `,"OTP":"`+h.sent(h.sms)+`"`), 400, "invalid_request", "OTP locked")
	if strings.Contains(h.log.String(), code) {
		t.Error("the code is in the log")
	}
}

// flipped is another code.
func flipped(code string) string {
	if code[0] == '0' {
		return "1" + code[1:]
	}
	return "0" + code[1:]
}

var linkID = regexp.MustCompile(`\?i=([A-Za-z0-9_-]+)`)

// approval is what the newest message asks the signer, who was not asked before it
// came.
func (h *house) approval() credentials.Approval {
	h.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		all := h.sms.messages()
		if len(all) == 0 {
			continue
		}
		match := linkID.FindStringSubmatch(all[len(all)-1].Text)
		p, err := h.api.Authorizer.Approval(h.t.Context(), csc.Secret(match[1]))
		must(h.t, err)
		return p
	}
	h.t.Fatal("nobody was asked")
	return credentials.Approval{}
}

// v1 has no handle: the answer comes when the signer has approved.
func TestV1WaitsForTheSigner(t *testing.T) {
	for name, test := range map[string]struct {
		decide func(*house, credentials.Approval) error
		want   string
	}{
		"approved": {func(h *house, p credentials.Approval) error {
			return h.api.Authorizer.Approve(h.t.Context(), p, "shown", csc.Secret(h.code()), "")
		}, ""},
		"declined":  {func(h *house, p credentials.Approval) error { return h.api.Authorizer.Decline(h.t.Context(), p) }, "access_denied"},
		"undecided": {func(*house, credentials.Approval) error { return nil }, "access_denied"},
		"disabled meanwhile": {func(h *house, p credentials.Approval) error {
			return h.registry.SetUserDisabled(h.t.Context(), p.UserID, true, users.NewStamp())
		}, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			c := h.withFactors("APPROVAL")
			h.clock.advance(30 * time.Second)
			came := make(chan answer, 1)
			go func() { came <- h.authorizeV1(c, ``) }()
			must(t, test.decide(h, h.approval()))
			a := <-came
			if test.want != "" {
				wantRefusal(t, a, 400, test.want, "")
				return
			}
			decode[v1.SignHashResponse](t, h.v1(csc.MethodSignHash, signV1(c, sadOf(t, a), hash("a"))))
		})
	}
}

// Few requests wait at once: those beyond are told to come again, and nobody is
// asked for them.
func TestFewWaitInV1(t *testing.T) {
	h := newHouse(t, func(h *house) { h.messages = 1000 })
	c := h.withFactors("APPROVAL")
	var busy, denied atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			switch a := h.authorizeV1(c, ``); {
			case a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "":
				busy.Add(1)
			case a.status == http.StatusBadRequest && strings.Contains(a.body, "access_denied"):
				denied.Add(1)
			default:
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	all.Wait()
	if busy.Load() != 18 || denied.Load() != 32 || len(h.sms.messages()) != 32 {
		t.Errorf("%d busy, %d denied, %d messages", busy.Load(), denied.Load(), len(h.sms.messages()))
	}
}

// Nothing of v1's own tells a log a secret.
func TestV1Secrets(t *testing.T) {
	h := newHouse(t)
	c := h.withFactors("PIN")
	sad := sadOf(t, h.authorizeV1(c, `,"PIN":"`+pin+`"`))
	decode[v1.SignHashResponse](t, h.v1(csc.MethodSignHash, signV1(c, sad, hash("a"))))
	var req v1.AuthorizeRequest
	must(t, json.Unmarshal([]byte(`{"PIN":"`+pin+`","OTP":"492039"}`), &req))
	told := fmt.Sprintf("%v %+v %v %v", req, req, req.LogValue(), v1.SignHashRequest{SAD: csc.Secret(sad)}.LogValue()) + h.log.String()
	for _, secret := range []string{pin, "492039", sad} {
		if strings.Contains(told, secret) {
			t.Errorf("%q is told", secret)
		}
	}
}

// What v2 has if it is configured, v1 has then too: a login whose token opens v1,
// the end of a token, and another SAD for what is left.
func TestV1HasWhatIsConfigured(t *testing.T) {
	h := newLoginHouse(t, func(h *house) { h.extends = true })
	c := h.credential(h.signer, csc.P256, func(p *credentials.Profile) { p.SCAL = csc.SCAL1 })
	must(t, h.registry.SetCredentialExtendable(t.Context(), c.ID, true))
	info := decode[v1.InfoResponse](t, h.v1(csc.MethodInfo, `{}`))
	want := []csc.Method{"info", "auth/login", "auth/revoke", "credentials/list", "credentials/info", "credentials/authorize", "credentials/extendTransaction", "credentials/sendOTP", "signatures/signHash"}
	if diff := cmp.Diff(want, info.Methods); diff != "" {
		t.Error(diff)
	}
	wantRefusal(t, h.v1(csc.MethodAuthLogin, `{}`, "Authorization: Foo x"), 401, "invalid_request", "Malformed authentication parameter.")
	wantRefusal(t, h.v1(csc.MethodAuthLogin, `{}`, "Authorization: "+basicOf(h.signer.Email+":wrong password")), 400, "authentication_error", "")
	token := decode[csc.LoginResponse](t, h.v1(csc.MethodAuthLogin, `{}`, "Authorization: "+basicOf(h.signer.Email+":"+password))).AccessToken
	bearer := "Authorization: Bearer " + string(token)
	if got := decode[v1.ListResponse](t, h.v1(csc.MethodList, `{}`, bearer)); len(got.CredentialIDs) != 1 {
		t.Errorf("%+v", got)
	}
	wantRefusal(t, h.v1(csc.MethodAuthRevoke, `{"token":"x"}`, bearer), 400, "invalid_request", "Invalid string parameter token")
	wantRefusal(t, h.v1(csc.MethodAuthRevoke, `{"token":"x"}`, "Authorization: Foo x"), 400, "invalid_request", long)
	wantSent(t, h.v1(csc.MethodAuthRevoke, fmt.Sprintf(`{"token":%q}`, string(token)), bearer))
	wantRefusal(t, h.v1(csc.MethodList, `{}`, bearer), 401, "", "")

	h.clock.advance(30 * time.Second)
	sad := sadOf(t, h.v1(csc.MethodAuthorize, fmt.Sprintf(`{"credentialID":%q,"numSignatures":1,"OTP":%q}`, c.ID, h.code())))
	next := func(sad string, hashes ...string) answer {
		t.Helper()
		return h.v1(csc.MethodExtendTransaction, fmt.Sprintf(`{"credentialID":%q,"SAD":%q,"hash":["%s"]}`, c.ID, sad, strings.Join(hashes, `","`)))
	}
	wantRefusal(t, next(sad, hash("a"), hash("b")), 400, "invalid_request", "Invalid parameter hash")
	other := sadOf(t, next(sad, hash("a")))
	wantRefusal(t, h.v1(csc.MethodSignHash, signV1(c, sad, hash("a"))), 400, "invalid_request", "Invalid parameter SAD")
	wantRefusal(t, h.v1(csc.MethodSignHash, signV1(c, other, hash("b"))), 400, "invalid_request", "Hash is not authorized by the SAD.")
	decode[v1.SignHashResponse](t, h.v1(csc.MethodSignHash, signV1(c, other, hash("a"))))
}
