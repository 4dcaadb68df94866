package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
)

// What is another's is told of as what is not there, to the byte, whatever it is
// asked about with.
func TestNotYoursIsNotThere(t *testing.T) {
	s := newSafe(t, func(*house) {})
	const nobody = "c_00000000000000000000000000000000"
	bodies := map[csc.Method][]string{
		csc.MethodCredentialInfo: {`{"credentialID":"%s"}`, `{"credentialID":"%s","certificates":"chain","certInfo":true,"authInfo":true}`},
		csc.MethodAuthorize: {
			`{"credentialID":"%s","numSignatures":1,"hashes":["$HA"],"hashAlgorithmOID":"$SHA256","authData":[{"id":"OTP","value":"$CODE"}]}`,
			`{"credentialID":"%s","numSignatures":1}`, `{"credentialID":"%s","numSignatures":1000}`,
		},
		csc.MethodSignHash: {
			`{"credentialID":"%s","SAD":"$ONE","hashes":["$HA"],"signAlgo":"$P256"}`, `{"credentialID":"%s","SAD":"$NOBODYS","hashes":["$HA"],"signAlgo":"1.2.3"}`,
		},
	}
	for who, foreign := range map[string][]string{
		"the application":          {s.strangers.ID},
		"the signer":               {s.strangers.ID},
		"a stranger's application": {s.ec.ID, s.disabled.ID, s.expired.ID, s.paged.ID, s.strangers.ID},
		"another signer":           {s.ec.ID, s.disabled.ID, s.expired.ID, s.paged.ID},
		"a credential token":       {s.ec.ID, s.disabled.ID, s.strangers.ID},
	} {
		for method, all := range bodies {
			for _, body := range all {
				ask := func(id string) answer {
					return s.call(method, s.write(fmt.Sprintf(body, id)), "Authorization: Bearer "+s.bearers[who])
				}
				want := ask(nobody)
				for _, id := range foreign {
					if got := ask(id); got.status != want.status || got.body != want.body || got.status == http.StatusOK {
						t.Errorf("%s, %s of %s %s: %d %s\nof nobody's: %d %s", who, method, id, body, got.status, got.body, want.status, want.body)
					}
				}
			}
		}
	}
	for _, who := range []string{"a stranger's application", "another signer"} {
		ask := func(user string) answer {
			return s.call(csc.MethodList, fmt.Sprintf(`{"userID":%q,"credentialInfo":true}`, user), "Authorization: Bearer "+s.bearers[who])
		}
		want := ask("u_00000000000000000000000000000000")
		if got := ask(s.signer.ID); got.status != want.status || got.body != want.body || got.status == http.StatusOK {
			t.Errorf("%s, the list of a signer: %d %s\nof nobody: %d %s", who, got.status, got.body, want.status, want.body)
		}
	}
	own := decode[csc.ListResponse](t, s.call(csc.MethodList, `{}`, "Authorization: Bearer "+s.bearers["another signer"]))
	if len(own.CredentialIDs) != 1 || own.CredentialIDs[0] != s.strangers.ID {
		t.Errorf("another signer's list has %v", own.CredentialIDs)
	}
}

// A token counts in the header and nowhere else: URLs and bodies are kept by
// who stands between.
func TestATokenInTheURLIsNone(t *testing.T) {
	h := newHouse(t)
	list := csc.BasePath + "/" + string(csc.MethodList)
	query := "access_token=" + h.app.token
	for name, a := range map[string]answer{
		"in the query":           h.send(http.MethodPost, list+"?"+query, `{}`, "Authorization: "),
		"in the query, as token": h.send(http.MethodPost, list+"?token="+h.app.token, `{}`, "Authorization: "),
		"in the body":            h.call(csc.MethodList, fmt.Sprintf(`{"access_token":%q,"userID":%q}`, h.app.token, h.signer.ID), "Authorization: "),
		"in a cookie":            h.call(csc.MethodList, `{}`, "Authorization: ", "Cookie: "+query),
		"in a header of its own": h.call(csc.MethodList, `{}`, "Authorization: ", "X-Access-Token: "+h.app.token),
		"in a form":              h.call(csc.MethodList, query, "Authorization: ", "Content-Type: application/x-www-form-urlencoded"),
	} {
		if a.status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		if strings.Contains(a.body, h.app.token) {
			t.Errorf("%s: the answer has the token", name)
		}
	}
	if strings.Contains(h.log.String(), h.app.token) {
		t.Error("the log has the token")
	}
}

// Headers that a balancer might set, and anybody else can.
var forwarded = []string{
	"X-Forwarded-For", "X-Real-Ip", "Forwarded", "X-Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "X-Cluster-Client-Ip",
	"X-Forwarded", "Fastly-Client-Ip", "X-Original-Forwarded-For", "X-Appengine-Remote-Addr", "Via",
}

// No header says where a request comes from, nor what the server is called.
func TestForwardedHeadersAreNotBelieved(t *testing.T) {
	h := newHouse(t)
	h.api.Limits.Anonymous, h.api.Limits.Burst = 0.001, 3
	for n, name := range append(forwarded, forwarded...) {
		a := h.call(csc.MethodInfo, `{}`, fmt.Sprintf("%s: 192.0.2.%d", name, n+1))
		if want := n < 3; (a.status == http.StatusOK) != want {
			t.Errorf("call %d, by %s: %d", n+1, name, a.status)
		}
	}
	h.api.Limits.Burst = 1e6
	for _, path := range []string{"/.well-known/oauth-authorization-server", csc.BasePath + "/info"} {
		plain := h.send(map[bool]string{true: "POST", false: "GET"}[strings.HasPrefix(path, "/csc")], path, `{}`)
		for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Original-Url", "X-Rewrite-Url", "X-Http-Method-Override"} {
			got := h.send(map[bool]string{true: "POST", false: "GET"}[strings.HasPrefix(path, "/csc")], path, `{}`, name+": evil.example")
			if got.body != plain.body || strings.Contains(fmt.Sprint(got.header), "evil") {
				t.Errorf("%s with %s: %d %s", path, name, got.status, got.body)
			}
		}
	}
}

// Whatever stands in a request, the log has a line of JSON for it and no more.
func TestRequestsWriteNoLinesOfTheirOwn(t *testing.T) {
	h := newHouse(t)
	const forged = `%0a{"level":"INFO","msg":"forged"}`
	for _, path := range []string{
		csc.BasePath + "/" + forged, "/" + forged, "/oauth2/" + forged, csc.BasePath + "/%0d%0aSet-Cookie:%20a=b", "/%1b%5b2J", "/a%00b", "/%e2%80%a8x",
		csc.BasePath + "/credentials/list?" + forged,
	} {
		h.send(http.MethodPost, path, `{"userID":"\n{\"msg\":\"forged\"}"}`, "User-Agent: a\tb", "X-Request-Id: forged")
	}
	lines := 0
	for line := range strings.Lines(h.log.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Errorf("no line of ours: %q", line)
		}
		if record["msg"] == "forged" {
			t.Errorf("forged: %s", line)
		}
		lines++
	}
	if lines == 0 {
		t.Error("nothing was logged")
	}
}
