package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
)

// wantRefusal compares an answer with an error of the API.
func wantRefusal(t *testing.T, a answer, status int, code, description string) {
	t.Helper()
	var told struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal([]byte(a.body), &told); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	if a.status != status || code != "" && told.Code != code || description != "" && told.Description != description {
		t.Errorf("got  %d %s: %s\nwant %d %s: %s", a.status, told.Code, told.Description, status, code, description)
	}
	if got := a.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %q", got)
	}
}

const long = "The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than once, or is otherwise malformed."

// A stand is what the rows below are said about.
type stand struct {
	*house
	ec, rsa, scal1, disabled, expired, early, strangers credentials.Credential
	sad                                                 string // of one hash "a" with ec
}

func newStand(t *testing.T, change ...func(*house)) *stand {
	s := &stand{house: newHouse(t, change...)}
	s.ec = s.credential(s.signer, csc.P256, nil)
	s.rsa = s.credential(s.signer, csc.RSA3072, nil)
	s.scal1 = s.credential(s.signer, csc.P384, func(p *credentials.Profile) { p.SCAL, p.Multisign = csc.SCAL1, 3 })
	s.disabled = s.credential(s.signer, csc.P256, nil)
	must(t, s.registry.SetCredentialDisabled(t.Context(), s.disabled.ID, true))
	s.expired = s.credential(s.signer, csc.P256, func(p *credentials.Profile) { p.NotAfter = noon.Add(-time.Minute) })
	s.early = s.credential(s.signer, csc.P256, func(p *credentials.Profile) { p.NotBefore = noon.Add(24 * time.Hour) })
	s.strangers = s.credential(s.stranger(), csc.P256, nil)
	s.sad = s.authorize(s.ec, 1, hash("a"))
	return s
}

// fill writes names into a body: EC, RSA, SCAL1, DISABLED, EXPIRED, EARLY,
// STRANGER, SAD, HASHA, HASHB.
func (s *stand) fill(body string) string {
	return strings.NewReplacer("$EC", s.ec.ID, "$RSA", s.rsa.ID, "$SCAL1", s.scal1.ID,
		"$DISABLED", s.disabled.ID, "$EXPIRED", s.expired.ID, "$EARLY", s.early.ID,
		"$STRANGER", s.strangers.ID, "$SAD", s.sad, "$HASHA", hash("a"), "$HASHB", hash("b"),
		"$CODE", s.code(), "$USER", s.signer.ID).Replace(body)
}

type refusalRow struct {
	name        string
	body        string
	description string
}

// TestRefusals: each body is refused in these words, and changes nothing: at
// the end the SAD still signs its hash, once.
func TestRefusals(t *testing.T) {
	s := newStand(t)
	s.clock.advance(30 * time.Second)
	for method, rows := range refusals {
		for _, row := range rows {
			t.Run(string(method)+"/"+row.name, func(t *testing.T) {
				wantRefusal(t, s.call(method, s.fill(row.body)), http.StatusBadRequest, "invalid_request", row.description)
			})
		}
	}
	if s.keys.count() != 0 {
		t.Errorf("the device signed %d times", s.keys.count())
	}
	decode[csc.SignHashResponse](t, s.call(csc.MethodSignHash, signBody(s.ec, s.sad, hash("a"))))
}

var refusals = map[csc.Method][]refusalRow{
	csc.MethodList: {
		{"no userID for a client", `{}`, "Invalid parameter userID"},
		{"userID of nobody", `{"userID":"u_0"}`, "Invalid parameter userID"},
		{"userID not a string", `{"userID":5}`, "Invalid parameter userID"},
		{"certificates unknown", `{"userID":"$USER","credentialInfo":true,"certificates":"all"}`, "Invalid parameter certificates"},
		{"not an object", `[]`, long},
		{"cut short", `{"userID":`, long},
		{"a member twice", `{"userID":"a","userID":"b"}`, long},
		{"trailing data", `{"userID":"$USER"} {}`, long},
		{"empty body", ``, long},
	},
	csc.MethodCredentialInfo: {
		{"no credentialID", `{}`, "Missing (or invalid type) string parameter credentialID"},
		{"credentialID null", `{"credentialID":null}`, "Missing (or invalid type) string parameter credentialID"},
		{"credentialID a number", `{"credentialID":5}`, "Missing (or invalid type) string parameter credentialID"},
		{"credentialID in other case", `{"CredentialID":"$EC"}`, "Missing (or invalid type) string parameter credentialID"},
		{"credentialID empty", `{"credentialID":""}`, "Invalid parameter credentialID"},
		{"credentialID unknown", `{"credentialID":"c_0"}`, "Invalid parameter credentialID"},
		{"another signer's credential", `{"credentialID":"$STRANGER"}`, "Invalid parameter credentialID"},
		{"certificates unknown", `{"credentialID":"$EC","certificates":"x"}`, "Invalid parameter certificates"},
	},
	csc.MethodAuthorize: {
		{"no credentialID", `{"numSignatures":1}`, "Missing (or invalid type) string parameter credentialID"},
		{"another signer's credential", `{"credentialID":"$STRANGER","numSignatures":1}`, "Invalid parameter credentialID"},
		{"disabled", `{"credentialID":"$DISABLED","numSignatures":1}`, "The credential identified by credentialID is disabled"},
		{"expired", `{"credentialID":"$EXPIRED","numSignatures":1}`, "Signing certificate 'O=Demo,CN=Demo Signer' is expired."},
		{"not yet valid", `{"credentialID":"$EARLY","numSignatures":1}`, "Signing certificate 'O=Demo,CN=Demo Signer' is not yet valid."},
		{"no numSignatures", `{"credentialID":"$EC"}`, "Missing (or invalid type) integer parameter numSignatures"},
		{"numSignatures a string", `{"credentialID":"$EC","numSignatures":"1"}`, "Missing (or invalid type) integer parameter numSignatures"},
		{"numSignatures a fraction", `{"credentialID":"$EC","numSignatures":1.5}`, "Missing (or invalid type) integer parameter numSignatures"},
		{"numSignatures zero", `{"credentialID":"$EC","numSignatures":0}`, "Invalid value for parameter numSignatures"},
		{"numSignatures negative", `{"credentialID":"$EC","numSignatures":-1}`, "Invalid value for parameter numSignatures"},
		{"numSignatures above multisign", `{"credentialID":"$EC","numSignatures":11}`, "Numbers of signatures is too high"},
		{"SCAL 2 without hashes", `{"credentialID":"$EC","numSignatures":1,"authData":[{"id":"OTP","value":"$CODE"}]}`, "Missing (or invalid type) array parameter hashes"},
		{"fewer hashes than signatures", `{"credentialID":"$EC","numSignatures":2,"hashes":["$HASHA"],"hashAlgorithmOID":"2.16.840.1.101.3.4.2.1"}`, "Invalid value for parameter numSignatures"},
		{"more hashes than signatures", `{"credentialID":"$SCAL1","numSignatures":1,"hashes":["$HASHA","$HASHB"],"hashAlgorithmOID":"2.16.840.1.101.3.4.2.1"}`, "Invalid value for parameter numSignatures"},
		{"hashes without their algorithm", `{"credentialID":"$EC","numSignatures":1,"hashes":["$HASHA"]}`, "Missing (or invalid type) string parameter hashAlgorithmOID"},
		{"hashes of SHA-1", `{"credentialID":"$EC","numSignatures":1,"hashes":["$HASHA"],"hashAlgorithmOID":"1.3.14.3.2.26"}`, "Invalid parameter hashAlgorithmOID"},
		{"a hash too short", `{"credentialID":"$EC","numSignatures":1,"hashes":["AAAA"],"hashAlgorithmOID":"2.16.840.1.101.3.4.2.1"}`, "Invalid digest value length"},
		{"a hash of another length", `{"credentialID":"$EC","numSignatures":1,"hashes":["$HASHA"],"hashAlgorithmOID":"2.16.840.1.101.3.4.2.2"}`, "Invalid digest value length"},
	},
	csc.MethodSignHash: {
		{"no SAD", `{"credentialID":"$EC","hashes":["$HASHA"],"signAlgo":"1.2.840.10045.4.3.2"}`, "Missing (or invalid type) string parameter SAD"},
		{"SAD empty", `{"credentialID":"$EC","SAD":"","hashes":["$HASHA"],"signAlgo":"1.2.840.10045.4.3.2"}`, "Missing (or invalid type) string parameter SAD"},
		{"SAD a number", `{"credentialID":"$EC","SAD":5,"hashes":["$HASHA"],"signAlgo":"1.2.840.10045.4.3.2"}`, "Missing (or invalid type) string parameter SAD"},
		{"SAD unknown", `{"credentialID":"$EC","SAD":"x","hashes":["$HASHA"],"signAlgo":"1.2.840.10045.4.3.2"}`, "Invalid parameter SAD"},
		{"SAD of another credential", `{"credentialID":"$RSA","SAD":"$SAD","hashes":["$HASHA"],"signAlgo":"1.2.840.113549.1.1.11"}`, "Invalid parameter SAD"},
		{"no credentialID", `{"SAD":"$SAD","hashes":["$HASHA"],"signAlgo":"1.2.840.10045.4.3.2"}`, "Missing (or invalid type) string parameter credentialID"},
		{"another signer's credential", `{"credentialID":"$STRANGER","SAD":"$SAD","hashes":["$HASHA"],"signAlgo":"1.2.840.10045.4.3.2"}`, "Invalid parameter credentialID"},
		{"expired certificate", `{"credentialID":"$EXPIRED","SAD":"$SAD","hashes":["$HASHA"],"signAlgo":"1.2.840.10045.4.3.2"}`, "Signing certificate 'O=Demo,CN=Demo Signer' is expired."},
		{"disabled key", `{"credentialID":"$DISABLED","SAD":"$SAD","hashes":["$HASHA"],"signAlgo":"1.2.840.10045.4.3.2"}`, "The credential identified by credentialID is disabled"},
		{"no hashes", `{"credentialID":"$EC","SAD":"$SAD","signAlgo":"1.2.840.10045.4.3.2"}`, "Missing (or invalid type) array parameter hash"},
		{"hashes a string", `{"credentialID":"$EC","SAD":"$SAD","hashes":"$HASHA","signAlgo":"1.2.840.10045.4.3.2"}`, "Missing (or invalid type) array parameter hash"},
		{"hashes empty", `{"credentialID":"$EC","SAD":"$SAD","hashes":[],"signAlgo":"1.2.840.10045.4.3.2"}`, "Empty hash array"},
		{"a hash not Base64", `{"credentialID":"$EC","SAD":"$SAD","hashes":["***"],"signAlgo":"1.2.840.10045.4.3.2"}`, "Invalid Base64 hash string parameter"},
		{"a hash with a line break", `{"credentialID":"$EC","SAD":"$SAD","hashes":["$HASHA\n"],"signAlgo":"1.2.840.10045.4.3.2"}`, "Invalid Base64 hash string parameter"},
		{"a hash in the url alphabet", `{"credentialID":"$EC","SAD":"$SAD","hashes":["ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0="],"signAlgo":"1.2.840.10045.4.3.2"}`, "Invalid Base64 hash string parameter"},
		{"a hash with spare bits", `{"credentialID":"$EC","SAD":"$SAD","hashes":["ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa1="],"signAlgo":"1.2.840.10045.4.3.2"}`, "Invalid Base64 hash string parameter"},
		{"a hash not agreed to", `{"credentialID":"$EC","SAD":"$SAD","hashes":["$HASHB"],"signAlgo":"1.2.840.10045.4.3.2"}`, "Hash is not authorized by the SAD."},
		{"a hash agreed to and one not", `{"credentialID":"$EC","SAD":"$SAD","hashes":["$HASHA","$HASHB"],"signAlgo":"1.2.840.10045.4.3.2"}`, "Hash is not authorized by the SAD."},
		{"a hash twice", `{"credentialID":"$EC","SAD":"$SAD","hashes":["$HASHA","$HASHA"],"signAlgo":"1.2.840.10045.4.3.2"}`, "Hash is not authorized by the SAD."},
		{"a hash too short", `{"credentialID":"$EC","SAD":"$SAD","hashes":["AAAA"],"signAlgo":"1.2.840.10045.4.3.2"}`, "Invalid digest value length"},
		{"no signAlgo", `{"credentialID":"$EC","SAD":"$SAD","hashes":["$HASHA"]}`, "Missing (or invalid type) string parameter signAlgo"},
		{"signAlgo unknown", `{"credentialID":"$EC","SAD":"$SAD","hashes":["$HASHA"],"signAlgo":"1.2.3"}`, "Invalid parameter signAlgo"},
		{"signAlgo of another key", `{"credentialID":"$EC","SAD":"$SAD","hashes":["$HASHA"],"signAlgo":"1.2.840.113549.1.1.11"}`, "Invalid parameter signAlgo"},
		{"a hash longer than the curve", `{"credentialID":"$EC","SAD":"$SAD","hashes":["$HASHA"],"signAlgo":"1.2.840.10045.4.3.4"}`, "Invalid parameter signAlgo"},
		{"bare key OID without a hash OID", `{"credentialID":"$RSA","SAD":"$SAD","hashes":["$HASHA"],"signAlgo":"1.2.840.113549.1.1.1"}`, "Missing (or invalid type) string parameter hashAlgorithmOID"},
		{"SHA-1", `{"credentialID":"$RSA","SAD":"$SAD","hashes":["$HASHA"],"signAlgo":"1.2.840.113549.1.1.1","hashAlgorithmOID":"1.3.14.3.2.26"}`, "Invalid parameter hashAlgorithmOID"},
		{"a contradicting hash OID", `{"credentialID":"$EC","SAD":"$SAD","hashes":["$HASHA"],"signAlgo":"1.2.840.10045.4.3.2","hashAlgorithmOID":"2.16.840.1.101.3.4.2.3"}`, "Invalid parameter hashAlgorithmOID"},
		{"PSS without parameters", `{"credentialID":"$RSA","SAD":"$SAD","hashes":["$HASHA"],"signAlgo":"1.2.840.113549.1.1.10"}`, "Missing (or invalid type) string parameter signAlgoParams"},
		{"PSS with garbage", `{"credentialID":"$RSA","SAD":"$SAD","hashes":["$HASHA"],"signAlgo":"1.2.840.113549.1.1.10","signAlgoParams":"AAAA"}`, "Invalid parameter signAlgoParams"},
		{"operationMode A", `{"credentialID":"$EC","SAD":"$SAD","hashes":["$HASHA"],"signAlgo":"1.2.840.10045.4.3.2","operationMode":"A"}`, "Invalid parameter operationMode"},
		{"operationMode unknown", `{"credentialID":"$EC","SAD":"$SAD","hashes":["$HASHA"],"signAlgo":"1.2.840.10045.4.3.2","operationMode":"X"}`, "Invalid parameter operationMode"},
		{"clientData a number", `{"credentialID":"$EC","SAD":"$SAD","hashes":["$HASHA"],"signAlgo":"1.2.840.10045.4.3.2","clientData":5}`, "Invalid parameter clientData"},
	},
}

// TestRefusedProofs: what authData cannot be, and that a SAD of one client is
// none of another's.
func TestRefusedProofs(t *testing.T) {
	s := newStand(t)
	proofs := map[string]string{
		"no authData":       ``,
		"empty authData":    `,"authData":[]`,
		"another object":    `,"authData":[{"id":"PIN","value":"1234"}]`,
		"the object twice":  `,"authData":[{"id":"OTP","value":"$CODE"},{"id":"OTP","value":"$CODE"}]`,
		"no value":          `,"authData":[{"id":"OTP"}]`,
		"letters":           `,"authData":[{"id":"OTP","value":"abcdef"}]`,
		"seven digits":      `,"authData":[{"id":"OTP","value":"$CODE0"}]`,
		"full-width digits": `,"authData":[{"id":"OTP","value":"１２３４５６"}]`,
		"a blank before it": `,"authData":[{"id":"OTP","value":" $CODE"}]`,
	}
	for name, proof := range proofs {
		t.Run(name, func(t *testing.T) {
			s.clock.advance(16 * time.Minute) // a new window of failures
			s.app.token = s.token(s.app)
			body := fmt.Sprintf(`{"credentialID":"$EC","numSignatures":1,"hashes":["$HASHA"],"hashAlgorithmOID":%q%s}`, csc.OIDSHA256, proof)
			wantRefusal(t, s.call(csc.MethodAuthorize, s.fill(body)), 400, "invalid_authentication_data", "The authentication data is invalid")
		})
	}
	t.Run("a code twice", func(t *testing.T) {
		s.authorize(s.ec, 1, hash("a"))
		body := `{"credentialID":"$EC","numSignatures":1,"hashes":["$HASHA"],"hashAlgorithmOID":"2.16.840.1.101.3.4.2.1","authData":[{"id":"OTP","value":"$CODE"}]}`
		wantRefusal(t, s.call(csc.MethodAuthorize, s.fill(body)), 400, "invalid_authentication_data", "The authentication data is invalid")
	})
	t.Run("another client's SAD", func(t *testing.T) {
		other := s.addApp("Other Application", s.signer.ID)
		sad := s.authorize(s.ec, 1, hash("a"))
		a := s.call(csc.MethodSignHash, signBody(s.ec, sad, hash("a")), "Authorization: Bearer "+other.token)
		wantRefusal(t, a, 400, "invalid_request", "Invalid parameter SAD")
		decode[csc.SignHashResponse](t, s.call(csc.MethodSignHash, signBody(s.ec, sad, hash("a"))))
	})
}

// TestTransport: what is wrong before there is a method.
func TestTransport(t *testing.T) {
	h := newHouse(t)
	list := csc.BasePath + "/credentials/list"
	tests := []struct {
		name, verb, path, body string
		headers                []string
		status                 int
		code, description      string
	}{
		{"another scheme", "POST", list, `{}`, []string{"Authorization: Foo abc"}, 400, "invalid_request", "Malformed authorization header."},
		{"Bearer without a token", "POST", list, `{}`, []string{"Authorization: Bearer "}, 400, "invalid_request", "Malformed authorization header."},
		{"two tokens", "POST", list, `{}`, []string{"Authorization: Bearer a b"}, 400, "invalid_request", "Malformed authorization header."},
		{"no header", "POST", list, `{}`, []string{"Authorization: "}, 401, "invalid_token", ""},
		{"unknown token", "POST", list, `{}`, []string{"Authorization: Bearer abc"}, 401, "invalid_token", csc.InvalidToken.Description()},
		{"a bad token comes before a bad body", "POST", list, `[`, []string{"Authorization: Bearer abc"}, 401, "invalid_token", ""},
		{"plain text", "POST", list, `{}`, []string{"Content-Type: text/plain"}, 415, "invalid_request", "The body must be application/json"},
		{"no content type", "POST", list, `{}`, []string{"Content-Type: "}, 415, "invalid_request", "The body must be application/json"},
		{"another charset", "POST", list, `{}`, []string{"Content-Type: application/json; charset=utf-16"}, 415, "invalid_request", ""},
		{"compressed", "POST", list, `{}`, []string{"Content-Encoding: gzip"}, 415, "invalid_request", ""},
		{"too large", "POST", list, `{"userID":"` + strings.Repeat("x", 1<<20) + `"}`, nil, 413, "invalid_request", "The body is larger than 1048576 bytes"},
		{"GET", "GET", list, ``, nil, 405, "invalid_request", "The HTTP method is not allowed here"},
		{"a method of the API that is not there", "POST", csc.BasePath + "/signatures/none", `{}`, nil, 501, "invalid_request", "The method is not implemented"},
		{"no method of the API", "POST", csc.BasePath + "/credentials/steal", `{}`, nil, 501, "invalid_request", ""},
		{"a path elsewhere", "GET", "/admin", ``, nil, 404, "invalid_request", "There is nothing here"},
		{"a doubled slash", "POST", csc.BasePath + "//info", `{}`, nil, 501, "invalid_request", "The method is not implemented"},
		{"a doubled slash before the token", "POST", "/oauth2//token", ``, nil, 404, "invalid_request", "There is nothing here"},
		{"dots in the path", "POST", "/oauth2/../csc/v2/info", `{}`, nil, 404, "invalid_request", ""},
		{"a slash behind the method", "POST", list + "/", `{}`, nil, 501, "invalid_request", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantRefusal(t, h.send(tt.verb, tt.path, tt.body, tt.headers...), tt.status, tt.code, tt.description)
		})
	}
}

func TestDeadTokens(t *testing.T) {
	h := newHouse(t)
	body := fmt.Sprintf(`{"userID":%q}`, h.signer.ID)
	decode[csc.ListResponse](t, h.call(csc.MethodList, body))
	decode[csc.ListResponse](t, h.call(csc.MethodList, body, "Authorization: bEaReR "+h.app.token))
	t.Run("of a disabled client", func(t *testing.T) {
		client, err := h.registry.Client(t.Context(), h.app.id)
		must(t, err)
		client.Disabled = true
		must(t, h.registry.UpdateClient(t.Context(), client))
		wantRefusal(t, h.call(csc.MethodList, body), 401, "invalid_token", "")
		client.Disabled, client.Revision = false, client.Revision+1
		must(t, h.registry.UpdateClient(t.Context(), client))
	})
	t.Run("too old", func(t *testing.T) {
		h.clock.advance(10 * time.Minute)
		a := h.call(csc.MethodList, body)
		wantRefusal(t, a, 401, "expired_token", csc.ExpiredToken.Description())
		if a.header.Get("WWW-Authenticate") == "" {
			t.Error("no WWW-Authenticate")
		}
	})
}

func TestStrangersAreLimited(t *testing.T) {
	h := newHouse(t)
	h.api.Limits.Anonymous, h.api.Limits.Burst = 0.001, 3
	for range 3 {
		wantRefusal(t, h.call(csc.MethodList, `{}`, "Authorization: Bearer x"), 401, "invalid_token", "")
	}
	a := h.call(csc.MethodInfo, `{}`)
	wantRefusal(t, a, 429, "invalid_request", "Too many requests from this address")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	decode[csc.ListResponse](t, h.call(csc.MethodList, fmt.Sprintf(`{"userID":%q}`, h.signer.ID)))
}

// A store that is away is no stranger's fault: whoever asks meanwhile has not
// used up what strangers may ask.
func TestAnOutageCountsAgainstNobody(t *testing.T) {
	h := newHouse(t)
	h.api.Limits.Anonymous, h.api.Limits.Burst = 0.001, 3
	must(t, h.registry.Close())
	for range 10 {
		wantRefusal(t, h.call(csc.MethodList, `{}`), 503, "temporarily_unavailable", csc.TemporarilyUnavailable.Description())
	}
	if a := h.call(csc.MethodInfo, `{}`); a.status != 200 {
		t.Errorf("info: %d %s", a.status, a.body)
	}
}
