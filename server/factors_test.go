package server_test

import (
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
)

const (
	pin      = "270391"
	wrongPIN = "270392"
)

// withFactors is a credential that is authorized so, of a signer with a PIN.
func (h *house) withFactors(factors credentials.Factors) credentials.Credential {
	h.t.Helper()
	must(h.t, h.registrar().SetPIN(h.t.Context(), h.signer.ID, pin))
	return h.credential(h.signer, csc.P256, func(p *credentials.Profile) { p.Factors = factors })
}

// ask asks for one signature with authData: ids and values, with = between them.
func (h *house) ask(c credentials.Credential, data ...string) answer {
	h.t.Helper()
	body := map[string]any{
		"credentialID": c.ID, "numSignatures": 1, "hashes": []string{hash("a")}, "hashAlgorithmOID": csc.OIDSHA256,
	}
	objects := []map[string]string{}
	for _, d := range data {
		id, value, given := strings.Cut(d, "=")
		o := map[string]string{"id": id}
		if given {
			o["value"] = value
		}
		objects = append(objects, o)
	}
	if len(objects) > 0 {
		body["authData"] = objects
	}
	text, err := json.Marshal(body)
	must(h.t, err)
	return h.call(csc.MethodAuthorize, string(text))
}

const invalidProof = "The authentication data is invalid"

// With each expression, what authorizes and what does not. {OTP} stands for the
// code of a step of its own.
func TestWhatAuthorizes(t *testing.T) {
	tests := []struct {
		factors credentials.Factors
		data    string // with blanks between
		good    bool
	}{
		{"", "OTP={OTP}", true},
		{"", "PIN=" + pin, false},
		{"", "OTP={OTP} PIN=" + pin, false},
		{"OTP", "OTP={OTP}", true},
		{"PIN", "PIN=" + pin, true},
		{"PIN", "PIN=" + wrongPIN, false},
		{"PIN", "", false},
		{"PIN", "pin=" + pin, false},
		{"PIN", "PIN", false},
		{"PIN AND OTP", "PIN=" + pin + " OTP={OTP}", true},
		{"PIN AND OTP", "OTP={OTP} PIN=" + pin, true},
		{"PIN AND OTP", "PIN=" + pin, false},
		{"PIN AND OTP", "OTP={OTP}", false},
		{"PIN AND OTP", "PIN=" + wrongPIN + " OTP={OTP}", false},
		{"PIN AND OTP", "PIN=" + pin + " PIN=" + pin + " OTP={OTP}", false},
		{"PIN,OTP", "PIN=" + pin + " OTP={OTP}", true},
		{"PIN,OTP", "OTP={OTP}", false},
		{"PIN OR OTP", "PIN=" + pin, true},
		{"PIN OR OTP", "OTP={OTP}", true},
		{"PIN OR OTP", "PIN=" + pin + " OTP={OTP}", true},
		{"PIN OR OTP", "PIN=" + wrongPIN + " OTP={OTP}", false},
		{"PIN XOR OTP", "PIN=" + pin, true},
		{"PIN XOR OTP", "PIN=" + pin + " OTP={OTP}", false},
		{"none", "", true},
		{"none", "OTP={OTP}", false},
	}
	h := newHouse(t)
	for _, tt := range tests {
		c := h.withFactors(tt.factors)
		h.clock.advance(30 * time.Minute)
		h.app.token = h.token(h.app)
		a := h.ask(c, strings.Fields(strings.ReplaceAll(tt.data, "{OTP}", h.code()))...)
		if tt.good != (a.status == 200) {
			t.Errorf("%q with %q: %d %s", tt.factors, tt.data, a.status, a.body)
		}
		if !tt.good {
			wantRefusal(t, a, 400, "invalid_authentication_data", invalidProof)
		}
	}
}

// What clients are told of how a credential is authorized.
func TestFactorsAreTold(t *testing.T) {
	const (
		otp = `{"type":"Password","id":"OTP","format":"N","generator":"totp","label":"Cod","description":"Cele șase cifre pe care le arată acum aplicația de autentificare"}`
		pin = `{"type":"Password","id":"PIN","format":"N","label":"PIN","description":"PIN-ul dumneavoastră de semnare"}`
	)
	h := newHouse(t)
	for factors, want := range map[credentials.Factors]string{
		"":              `{"mode":"explicit","objects":[` + otp + `]}`,
		"PIN":           `{"mode":"explicit","objects":[` + pin + `]}`,
		"OTP AND PIN":   `{"mode":"explicit","expression":"OTP AND PIN","objects":[` + pin + `,` + otp + `]}`,
		"OTP,PIN":       `{"mode":"explicit","objects":[` + pin + `,` + otp + `]}`,
		"(PIN XOR OTP)": `{"mode":"explicit","expression":"PIN XOR OTP","objects":[` + pin + `,` + otp + `]}`,
		"none":          `{"mode":"explicit","objects":[]}`,
	} {
		c := h.withFactors(factors)
		a := h.call(csc.MethodCredentialInfo, fmt.Sprintf(`{"credentialID":%q,"authInfo":true,"lang":"ro-MD"}`, c.ID))
		if !strings.Contains(a.body, `"auth":`+want+`,`) || !strings.Contains(a.body, `"lang":"ro"`) {
			t.Errorf("%q: %s, want %s", factors, a.body, want)
		}
		must(t, h.api.Contract.CheckResponse(csc.MethodCredentialInfo, a.status, []byte(a.body)))
	}
}

// The record of a grant says with which factors it was proved, and no secret.
func TestAGrantNamesItsFactors(t *testing.T) {
	h := newHouse(t)
	c := h.withFactors("PIN AND OTP")
	h.app.token = h.token(h.app)
	if a := h.ask(c, "PIN="+pin, "OTP="+h.code()); a.status != 200 {
		t.Fatal(a.body)
	}
	factors := ""
	for _, r := range h.records() {
		if r.Event == audit.GrantIssued {
			factors = r.Factor
			if r.Step == 0 {
				t.Error("the grant has no step")
			}
		}
	}
	if factors != "PIN OTP" {
		t.Errorf("the grant stands on %q", factors)
	}
	if strings.Contains(h.log.String(), pin) {
		t.Error("the PIN is in the log")
	}
}

// records are those of the audit log.
func (h *house) records() (all []audit.Record) {
	h.t.Helper()
	file, err := os.Open(h.path)
	must(h.t, err)
	defer file.Close()
	_, err = audit.Verify(file, audit.VerifyOptions{
		Keys: []*ecdsa.PublicKey{&h.keys.rootKey.PublicKey}, Live: true, Each: func(r audit.Record) { all = append(all, r) },
	})
	must(h.t, err)
	return all
}

// Without factors only a client that acts for itself may authorize.
func TestNoFactorsAreForSeals(t *testing.T) {
	h := newHouse(t)
	c := h.withFactors(credentials.NoFactors)
	who := credentials.Caller{ClientID: h.app.id, UserID: h.signer.ID, Scope: csc.ScopeService}
	req := csc.AuthorizeRequest{CredentialID: c.ID, NumSignatures: 1, HashAlgorithmOID: csc.OIDSHA256}
	digest, err := csc.DecodeBase64(hash("a"))
	must(t, err)
	req.Hashes = []csc.Digest{digest}
	if got, err := h.api.Authorizer.Authorize(t.Context(), who, req); err == nil || got.SAD != "" {
		t.Errorf("a signer's own token authorizes without a factor: %v", err)
	}
	who.UserID = ""
	if got, err := h.api.Authorizer.Authorize(t.Context(), who, req); err != nil || got.SAD == "" {
		t.Errorf("%v", err)
	}
}

// Wrong PINs lock, exactly, and the PIN does not lock the code.
func TestPINsLock(t *testing.T) {
	h := newHouse(t)
	c := h.withFactors("PIN OR OTP")
	var wrong, locked atomic.Int64
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			switch a := h.ask(c, "PIN="+wrongPIN); {
			case strings.Contains(a.body, invalidProof):
				wrong.Add(1)
			case strings.Contains(a.body, "Credential locked"):
				locked.Add(1)
			case a.status != 503:
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	all.Wait()
	if wrong.Load() > 5 {
		t.Errorf("%d wrong PINs were judged, %d were not", wrong.Load(), locked.Load())
	}
	for range 6 {
		h.ask(c, "PIN="+wrongPIN)
	}
	wantRefusal(t, h.ask(c, "PIN="+pin), 400, "invalid_request", "Credential locked")
	wantRefusal(t, h.ask(c, "OTP="+h.code()), 400, "invalid_request", "Credential locked") // the credential is
	other := h.credential(h.signer, csc.P256, nil)
	if a := h.ask(other, "OTP="+h.code()); a.status != 200 {
		t.Errorf("the code is locked for another credential: %s", a.body)
	}
}
