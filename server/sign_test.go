package server_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// signBody is a signHash body of ECDSA with SHA-256.
func signBody(c credentials.Credential, sad string, hashes ...string) string {
	return fmt.Sprintf(`{"credentialID":%q,"SAD":%q,"hashes":["%s"],"signAlgo":"1.2.840.10045.4.3.2"}`,
		c.ID, sad, strings.Join(hashes, `","`))
}

func TestAHashAgreedToIsSignedOnce(t *testing.T) {
	h := newHouse(t)
	c := h.credential(h.signer, csc.P256, nil)
	sad := h.authorize(c, 1, hash("a"))
	signed := decode[csc.SignHashResponse](t, h.call(csc.MethodSignHash, signBody(c, sad, hash("a"))))
	cert, err := c.Certificate()
	must(t, err)
	digest, _ := csc.DecodeBase64(hash("a"))
	if len(signed.Signatures) != 1 || !ecdsa.VerifyASN1(cert.PublicKey.(*ecdsa.PublicKey), digest, signed.Signatures[0]) {
		t.Fatal("the signature does not verify with the certificate")
	}
	wantRefusal(t, h.call(csc.MethodSignHash, signBody(c, sad, hash("a"))), 400, "invalid_request", "Invalid parameter SAD")
	if h.keys.count() != 1 {
		t.Errorf("the device signed %d times", h.keys.count())
	}
}

// A device with no room costs the caller nothing: the same SAD signs later, and
// the log knows of one signature.
func TestAFullDeviceSpendsNothing(t *testing.T) {
	h := newHouse(t)
	c := h.credential(h.signer, csc.P256, nil)
	sad := h.authorize(c, 1, hash("a"))
	before, err := os.ReadFile(h.path)
	must(t, err)
	h.keys.setFull(true)
	for range 3 {
		busy := h.call(csc.MethodSignHash, signBody(c, sad, hash("a")))
		if busy.status != http.StatusServiceUnavailable || busy.header.Get("Retry-After") == "" {
			t.Errorf("%d, Retry-After %q: %s; want 503 and a time", busy.status, busy.header.Get("Retry-After"), busy.body)
		}
	}
	after, err := os.ReadFile(h.path)
	must(t, err)
	if string(before) != string(after) {
		t.Errorf("the audit log has grown by %s", after[len(before):])
	}
	h.keys.setFull(false)
	decode[csc.SignHashResponse](t, h.call(csc.MethodSignHash, signBody(c, sad, hash("a"))))
	wantRefusal(t, h.call(csc.MethodSignHash, signBody(c, sad, hash("a"))), 400, "invalid_request", "Invalid parameter SAD")
	if h.keys.count() != 1 {
		t.Errorf("the device signed %d times, want once", h.keys.count())
	}
}

func TestSignaturesKeepTheRequestsOrder(t *testing.T) {
	h := newHouse(t)
	c := h.credential(h.signer, csc.RSA3072, nil)
	all := []string{hash("a"), hash("b"), hash("c"), hash("d")}
	sad := h.authorize(c, 4, all[2], all[0], all[3], all[1])
	body := fmt.Sprintf(`{"credentialID":%q,"SAD":%q,"hashes":["%s"],"signAlgo":%q,"signAlgoParams":%q}`,
		c.ID, sad, strings.Join(all, `","`), csc.OIDRSASSAPSS, csc.PSSParams(crypto.SHA256))
	signed := decode[csc.SignHashResponse](t, h.call(csc.MethodSignHash, body))
	cert, err := c.Certificate()
	must(t, err)
	for i, signature := range signed.Signatures {
		digest, _ := csc.DecodeBase64(all[i])
		opts := &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256}
		if err := rsa.VerifyPSS(cert.PublicKey.(*rsa.PublicKey), crypto.SHA256, digest, signature, opts); err != nil {
			t.Errorf("signature %d: %v", i, err)
		}
	}
}

// A grant of ten, a hundred at once: the others are told that the SAD is no
// good, and by nothing else.
func TestSpendingRace(t *testing.T) {
	h := newHouse(t)
	c := h.credential(h.signer, csc.P256, func(p *credentials.Profile) { p.SCAL = csc.SCAL1 })
	sad := h.authorize(c, 10)
	var signed, refused sync.Map
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			a := h.call(csc.MethodSignHash, signBody(c, sad, hash(fmt.Sprint(i))))
			if a.status == http.StatusOK {
				signed.Store(i, true)
			} else {
				refused.Store(i, a.body)
			}
		})
	}
	all.Wait()
	if n := size(&signed); n != 10 || h.keys.count() != 10 {
		t.Errorf("%d calls were answered with a signature, the device made %d; want 10", n, h.keys.count())
	}
	refused.Range(func(i, body any) bool {
		if !strings.Contains(body.(string), "Invalid parameter SAD") {
			t.Errorf("call %v: %v", i, body)
		}
		return true
	})
}

func size(m *sync.Map) (n int) {
	m.Range(func(any, any) bool { n++; return true })
	return n
}

func TestNoSignatureThatDoesNotVerifyLeaves(t *testing.T) {
	h := newHouse(t)
	c := h.credential(h.signer, csc.P256, nil)
	other := h.credential(h.signer, csc.P256, nil)
	breaks := map[string]func([]byte) []byte{
		"a bit flipped": func(s []byte) []byte { s[len(s)-1] ^= 1; return s },
		"cut short":     func(s []byte) []byte { return s[:len(s)-1] },
		"empty":         func([]byte) []byte { return nil },
		"another key's": func([]byte) []byte {
			digest, _ := csc.DecodeBase64(hash("a"))
			s, err := h.keys.keys[string(other.KeyID)].Sign(nil, digest, crypto.SHA256)
			must(t, err)
			return s
		},
	}
	for name, broken := range breaks {
		t.Run(name, func(t *testing.T) {
			sad := h.authorize(c, 1, hash("a"))
			h.keys.broken = broken
			a := h.call(csc.MethodSignHash, signBody(c, sad, hash("a")))
			h.keys.broken = nil
			wantRefusal(t, a, 500, "server_error", csc.ServerError.Description())
			wantRefusal(t, h.call(csc.MethodSignHash, signBody(c, sad, hash("a"))), 400, "invalid_request", "Invalid parameter SAD")
		})
	}
	if !strings.Contains(h.log.String(), "does not verify with the certificate") {
		t.Error("the log does not say what happened")
	}
}

func TestNoRecordNoSignature(t *testing.T) {
	h := newHouse(t)
	c := h.credential(h.signer, csc.P256, nil)
	granted := h.authorize(c, 2, hash("a"), hash("b"))
	must(t, h.auditLog.Close(t.Context()))
	a := h.call(csc.MethodSignHash, signBody(c, granted, hash("a")))
	wantRefusal(t, a, 503, "temporarily_unavailable", csc.TemporarilyUnavailable.Description())
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	if h.keys.count() != 0 {
		t.Error("a signature was made that no record tells of")
	}
	if kept, err := h.api.Signer.Grants.Get(t.Context(), sad.ID(csc.Secret(granted))); err != nil || kept.Left != 2 {
		t.Errorf("the grant was spent for it: %d left, %v", kept.Left, err)
	}
	if ready := h.send(http.MethodGet, "/readyz", ""); ready.status != 503 || !strings.Contains(ready.body, `"audit":"away"`) {
		t.Errorf("readyz: %d %s", ready.status, ready.body)
	}
}

// What changes between the agreement and the signature ends it, even after the
// grant was spent.
func TestWhatEndsAnAuthorization(t *testing.T) {
	tests := []struct {
		name string
		end  func(h *house, c credentials.Credential) error
		want string
	}{
		{"the credential is disabled", func(h *house, c credentials.Credential) error {
			return h.registry.SetCredentialDisabled(h.t.Context(), c.ID, true)
		}, "The credential identified by credentialID is disabled"},
		{"the credential is revoked", func(h *house, c credentials.Credential) error {
			return h.registry.RevokeCredential(h.t.Context(), c.ID, noon, 0)
		}, "Signing certificate 'O=Demo,CN=Demo Signer' is revoked."},
		{"the signer is disabled", func(h *house, _ credentials.Credential) error {
			return h.registry.SetUserDisabled(h.t.Context(), h.signer.ID, true, users.NewStamp())
		}, "The credential identified by credentialID is disabled"},
		{"the signer has another password", func(h *house, _ credentials.Credential) error {
			return h.registry.SetPassword(h.t.Context(), h.signer.ID, "", users.NewStamp())
		}, "Invalid parameter SAD"},
		{"the signer is locked", func(h *house, _ credentials.Credential) error {
			_, err := h.registry.SwapAttempts(h.t.Context(), h.signer.ID, users.FactorCode, users.Attempts{}, users.Attempts{Locked: true})
			return err
		}, "Invalid parameter SAD"},
		{"the signer withdrew what he approved of the client", func(h *house, _ credentials.Credential) error {
			return h.registry.Withdraw(h.t.Context(), h.app.id, h.signer.ID, users.NewStamp())
		}, "Invalid parameter SAD"},
		{"the client may no longer act for the signer", func(h *house, _ credentials.Credential) error {
			return h.registry.Unlink(h.t.Context(), h.app.id, h.signer.ID)
		}, "Invalid parameter credentialID"},
		{"the SAD is too old", func(h *house, _ credentials.Credential) error {
			h.clock.advance(300 * time.Second)
			return nil
		}, "SAD expired"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t)
			c := h.credential(h.signer, csc.P256, nil)
			sad := h.authorize(c, 1, hash("a"))
			must(t, tt.end(h, c))
			wantRefusal(t, h.call(csc.MethodSignHash, signBody(c, sad, hash("a"))), 400, "invalid_request", tt.want)
			if h.keys.count() != 0 {
				t.Error("the device signed")
			}
		})
	}
}

func TestSecretsStayOutOfTheLogs(t *testing.T) {
	h := newHouse(t)
	c := h.credential(h.signer, csc.P256, nil)
	h.clock.advance(30 * time.Second)
	code := h.code()
	wrong := fmt.Sprintf(`{"credentialID":%q,"numSignatures":1,"hashes":[%q],"hashAlgorithmOID":%q,"authData":[{"id":"OTP","value":"%s"}]}`,
		c.ID, hash("a"), csc.OIDSHA256, "wrong-"+code)
	wantRefusal(t, h.call(csc.MethodAuthorize, wrong), 400, "invalid_authentication_data", "The authentication data is invalid")
	sad := h.authorize(c, 1, hash("a"))
	h.call(csc.MethodSignHash, signBody(c, sad, hash("b")))
	h.call(csc.MethodSignHash, signBody(c, sad, hash("a")))
	h.call(csc.MethodList, `{}`, "Authorization: Bearer marked-token-of-nobody")
	record, err := os.ReadFile(h.path)
	must(t, err)
	for name, secret := range map[string]string{
		"code": "wrong-" + code, "SAD": sad, "token": h.app.token, "client secret": h.app.secret,
		"unknown token": "marked-token-of-nobody",
	} {
		if strings.Contains(h.log.String(), secret) {
			t.Errorf("the log has the %s", name)
		}
		if strings.Contains(string(record), secret) {
			t.Errorf("the audit log has the %s", name)
		}
	}
}

// The clock goes forward an hour: everything is over, and new things work. It
// goes back: what was issued does not live longer for it, and no code is good
// twice.
func TestClockSteps(t *testing.T) {
	for says, steps := range map[string][]time.Duration{
		"forward":                  {time.Hour},
		"back":                     {-time.Hour},
		"forward and back":         {time.Hour, -time.Hour - time.Minute},
		"back, in time and beyond": {-10 * time.Minute, -50 * time.Minute},
	} {
		t.Run(says, func(t *testing.T) {
			h := newHouse(t)
			c := h.credential(h.signer, csc.P256, nil)
			old := h.authorize(c, 2, hash("a"), hash("b"))
			code := h.code()
			for _, step := range steps {
				h.clock.advance(step)
				wantRefusal(t, h.call(csc.MethodSignHash, signBody(c, old, hash("a"))), 401, "", "")
				h.app.token = h.token(h.app)
				wantRefusal(t, h.call(csc.MethodSignHash, signBody(c, old, hash("a"))), 400, "invalid_request", "")
			}
			wantRefusal(t, h.call(csc.MethodAuthorize, fmt.Sprintf(
				`{"credentialID":%q,"numSignatures":1,"hashes":[%q],"hashAlgorithmOID":%q,"authData":[{"id":"OTP","value":%q}]}`,
				c.ID, hash("b"), csc.OIDSHA256, code)), 400, "invalid_authentication_data", "")
			if h.keys.count() != 0 {
				t.Errorf("%d signatures", h.keys.count())
			}
			h.clock.advance(2 * time.Hour)
			h.app.token = h.token(h.app)
			again := h.authorize(c, 1, hash("c"))
			decode[csc.SignHashResponse](t, h.call(csc.MethodSignHash, signBody(c, again, hash("c"))))
		})
	}
}
