package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
)

// What signDoc refuses as signHash does, in its own words or the same.
func TestRefusedDocuments(t *testing.T) {
	s := newStand(t)
	const digests = `"documentDigests":[{"hashes":["$HASHA"],"signature_format":"C","signAlgo":"1.2.840.10045.4.3.2"}]`
	for _, tt := range []struct {
		says, body, want string
	}{
		{"neither a credential nor a kind of signature", `{"SAD":"$SAD",` + digests + `}`, "Missing (or invalid type) string parameter credentialID"},
		{"no SAD", `{"credentialID":"$EC",` + digests + `}`, "Missing (or invalid type) string parameter SAD"},
		{"a SAD that is none", `{"credentialID":"$EC","SAD":"x",` + digests + `}`, "Invalid parameter SAD"},
		{"a credential nobody knows", `{"credentialID":"c_1","SAD":"$SAD",` + digests + `}`, "Invalid parameter credentialID"},
		{"somebody else's", `{"credentialID":"$STRANGER","SAD":"$SAD",` + digests + `}`, "Invalid parameter credentialID"},
		{"an expired one", `{"credentialID":"$EXPIRED","SAD":"$SAD",` + digests + `}`, "Signing certificate 'O=Demo,CN=Demo Signer' is expired."},
		{"one that is disabled", `{"credentialID":"$DISABLED","SAD":"$SAD",` + digests + `}`, "The credential identified by credentialID is disabled"},
		{"neither digests nor documents", `{"credentialID":"$EC","SAD":"$SAD"}`, "Empty documentDigests and documents objects"},
		{"clientData that is no text", `{"credentialID":"$EC","SAD":"$SAD","clientData":5,` + digests + `}`, "Invalid parameter clientData"},
	} {
		wantRefusal(t, s.call(csc.MethodSignDoc, s.fill(tt.body)), 400, "invalid_request", tt.want)
	}
	signed := decode[csc.SignDocResponse](t, s.call(csc.MethodSignDoc, s.fill(`{"credentialID":"$EC","SAD":"$SAD",`+digests+`}`)))
	if len(signed.SignatureObject) != 1 {
		t.Errorf("the SAD signs %d documents", len(signed.SignatureObject))
	}
	qualified := s.credential(s.signer, csc.P256, func(p *credentials.Profile) { p.Qualifier = "eu_eidas_aes" })
	for qualifier, status := range map[string]int{"eu_eidas_qes": 400, "eu_eidas_aes": 200} {
		body := fmt.Sprintf(`{"credentialID":%q,"signatureQualifier":%q,"SAD":%q,`+digests+`}`, qualified.ID, qualifier, s.authorize(qualified, 1, hash("a")))
		if a := s.call(csc.MethodSignDoc, s.fill(body)); a.status != status {
			t.Errorf("with a credential of eu_eidas_aes, %s: %d %s", qualifier, a.status, a.body)
		}
	}
}

// Every method but info wants a header of one form.
func TestTheHeaderOfEveryMethod(t *testing.T) {
	h := newHouse(t, func(h *house) { h.stamper, h.extends, h.changes = &stamper{}, true, true })
	for _, m := range h.methods() {
		for _, header := range []string{"Foo abc", "Bearer", "Bearer ", "Bearer a b", "Basic YTpi", "Bearer " + strings.Repeat("\u00e4", 3)} {
			a := h.call(m, `{}`, "Authorization: "+header)
			if m == csc.MethodInfo {
				if a.status != 200 {
					t.Errorf("info with %q: %d %s", header, a.status, a.body)
				}
				continue
			}
			wantRefusal(t, a, 400, "invalid_request", "Malformed authorization header.")
		}
	}
	h.clock.advance(10 * time.Minute)
	for _, m := range h.methods() {
		if m != csc.MethodInfo {
			wantRefusal(t, h.call(m, `{}`), 401, "expired_token", csc.ExpiredToken.Description())
		}
	}
}
