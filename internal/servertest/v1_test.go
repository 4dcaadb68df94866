package servertest_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/csc/v1"
	"github.com/pecete/pecete/internal/browser"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

// An oldApp is an application that speaks v1, and the signer before it.
type oldApp struct {
	giver
	token string // of scope service
}

func newOldApp(t *testing.T) *oldApp {
	t.Helper()
	s, ctx := servertest.Raise(t), servertest.Context(t)
	a := &oldApp{giver: giver{t: t, s: s}}
	var err error
	a.signer, err = s.AddSigner(ctx, "demo.signer@example.org", "Demo", "Signer", "--factors", "PIN AND EMAIL")
	must(t, err)
	must(t, s.SetPassword(ctx, a.signer.ID, password))
	must(t, s.SetPIN(ctx, a.signer.ID, "270391"))
	out, err := s.Run(ctx, "client", "add", "Demo Application", "--profile", "csc-v1", "--redirect-uri", home, "-o", "json")
	must(t, err)
	must(t, json.Unmarshal(out, &a.app))
	return a
}

// comes back from the pages with a token, by the rules of v1: without PKCE.
func (a *oldApp) comesBack(asked url.Values) map[string]any {
	a.t.Helper()
	maps.Copy(asked, url.Values{"response_type": {"code"}, "client_id": {a.app.ID}, "redirect_uri": {home}, "state": {"12345678"}})
	told, err := a.browser(a.s).Agree(servertest.Context(a.t), a.s.URL+"/oauth2/authorize?"+asked.Encode(), browser.Signer{
		Email: "demo.signer@example.org", Password: password, Code: func(context.Context) (string, error) { return a.code(), nil },
	})
	must(a.t, err)
	if told.Get("state") != "12345678" {
		a.t.Errorf("told %v", told)
	}
	status, answer := a.post(a.s, "/oauth2/token", url.Values{"grant_type": {"authorization_code"}, "code": {told.Get("code")}, "redirect_uri": {home}})
	if status != http.StatusOK {
		a.t.Fatalf("no token: %d %v (told %v)", status, answer, told)
	}
	return answer
}

// ask calls a method of a version.
func (a *oldApp) ask(base string, m csc.Method, body map[string]any) (int, map[string]any) {
	a.t.Helper()
	text, err := json.Marshal(body)
	must(a.t, err)
	return a.call(a.s, base+"/"+string(m), "application/json", string(text), a.token)
}

// gets calls a method of v1 that must succeed.
func (a *oldApp) gets(status int, m csc.Method, body map[string]any) map[string]any {
	a.t.Helper()
	got, answer := a.ask(v1.BasePath, m, body)
	if got != status {
		a.t.Fatalf("%s: %d %v, want %d", m, got, answer, status)
	}
	return answer
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// opensslVerifies holds a signature over a text to a certificate, by openssl.
func opensslVerifies(t *testing.T, certificate, signature, text string) {
	t.Helper()
	folder := t.TempDir()
	for name, content := range map[string]string{"certificate": certificate, "signature": signature} {
		der, err := base64.StdEncoding.DecodeString(content)
		must(t, err)
		must(t, os.WriteFile(filepath.Join(folder, name), der, 0o600))
	}
	must(t, os.WriteFile(filepath.Join(folder, "text"), []byte(text), 0o600))
	out, err := shell(t, folder, `openssl x509 -inform DER -in certificate -noout -pubkey > key && openssl dgst -sha256 -verify key -signature signature text`)
	if err != nil || !strings.Contains(out, "Verified OK") {
		t.Errorf("openssl says %q, %v", out, err)
	}
}

// newestMail is the code in the newest message to an address.
func newestMail(t *testing.T, s *stage.Stage, address string) string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(s.Folder, "outbox", "* "+address+".*"))
	must(t, err)
	if len(all) == 0 {
		t.Fatal("nothing was sent")
	}
	slices.Sort(all)
	text, err := os.ReadFile(all[len(all)-1])
	must(t, err)
	match := regexp.MustCompile(`(?m)^\s*([0-9]{6})\s*$`).FindSubmatch(text)
	if match == nil {
		t.Fatalf("no code in %s", text)
	}
	return string(match[1])
}

func first(list any) string { s, _ := list.([]any)[0].(string); return s }

// The whole way of an application of v1: OAuth without PKCE, list, info, a code by
// mail, an authorization with PIN and code, a signature; and that of a credential
// whose signer agrees on the pages, whose token is the SAD.
func TestAnApplicationOfV1(t *testing.T) {
	a := newOldApp(t)
	paged, err := a.s.AddCredential(servertest.Context(t), a.signer.ID, "--mode", "oauth2code", "--key", "RSA-3072")
	must(t, err)
	servertest.Serve(t, a.s)

	info := a.gets(200, csc.MethodInfo, map[string]any{})
	if info["specs"] != "1.0.4.0" || info["oauth2"] != a.s.URL {
		t.Errorf("info: %v", info)
	}
	service := a.comesBack(url.Values{"scope": {"service"}})
	if service["token_type"] != "Bearer" {
		t.Errorf("token_type %v", service["token_type"])
	}
	a.token, _ = service["access_token"].(string)

	id := a.signer.Credentials[0]
	listed := a.gets(200, csc.MethodList, map[string]any{"maxResults": 1})
	if first(listed["credentialIDs"]) != id || listed["nextPageToken"] == nil {
		t.Errorf("the first page: %v", listed)
	}
	listed = a.gets(200, csc.MethodList, map[string]any{"maxResults": 1, "pageToken": listed["nextPageToken"]})
	if diff := cmp.Diff(map[string]any{"credentialIDs": []any{paged}}, listed); diff != "" {
		t.Error(diff)
	}

	described := a.gets(200, csc.MethodCredentialInfo, map[string]any{"credentialID": id, "certificates": "chain", "certInfo": true, "authInfo": true})
	pin, _ := described["PIN"].(map[string]any)
	otp, _ := described["OTP"].(map[string]any)
	if described["authMode"] != "explicit" || pin["presence"] != "true" || otp["presence"] != "true" || otp["type"] != "online" {
		t.Errorf("info: %v", described)
	}
	certificate := first(described["cert"].(map[string]any)["certificates"])

	a.gets(204, csc.MethodSendOTP, map[string]any{"credentialID": id})
	sad := a.gets(200, csc.MethodAuthorize, map[string]any{
		"credentialID": id, "numSignatures": 1, "hash": []string{hashOf("contract")}, "PIN": "270391", "OTP": newestMail(t, a.s, "demo.signer@example.org"),
	})["SAD"]
	sign := map[string]any{"credentialID": id, "SAD": sad, "hash": []string{hashOf("contract")}, "hashAlgo": csc.OIDSHA256, "signAlgo": "1.2.840.10045.4.3.2"}
	opensslVerifies(t, certificate, first(a.gets(200, csc.MethodSignHash, sign)["signatures"]), "contract")
	if answer := a.gets(400, csc.MethodSignHash, sign); answer["error_description"] != "Invalid parameter SAD" {
		t.Errorf("a second time: %v", answer)
	}

	a.pages(paged)
	if out, err := a.s.Run(servertest.Context(t), "audit", "verify"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// pages signs with a credential whose signer agrees on the server's pages.
func (a *oldApp) pages(id string) {
	a.t.Helper()
	sum := sha256.Sum256([]byte("invoice"))
	agreed := a.comesBack(url.Values{
		"scope": {"credential"}, "credentialID": {id}, "numSignatures": {"1"}, "hash": {base64.RawURLEncoding.EncodeToString(sum[:])},
	})
	if agreed["token_type"] != "SAD" {
		a.t.Errorf("token_type %v", agreed["token_type"])
	}
	described := a.gets(200, csc.MethodCredentialInfo, map[string]any{"credentialID": id, "authInfo": true})
	if described["authMode"] != "oauth2code" || described["PIN"] != nil || described["OTP"] != nil {
		a.t.Errorf("info: %v", described)
	}
	sign := map[string]any{"credentialID": id, "hash": []string{hashOf("invoice")}, "hashAlgo": csc.OIDSHA256, "signAlgo": "1.2.840.113549.1.1.1"}
	if answer := a.gets(400, csc.MethodSignHash, sign); answer["error_description"] != "Missing (or invalid type) string parameter SAD" {
		a.t.Errorf("without a SAD: %v", answer)
	}
	sign["SAD"] = agreed["access_token"]
	signed := a.gets(200, csc.MethodSignHash, sign)
	opensslVerifies(a.t, first(described["cert"].(map[string]any)["certificates"]), first(signed["signatures"]), "invoice")
}

// One SAD that is contended for over both versions is spent once in all.
func TestOneSADIsContendedForOverBothVersions(t *testing.T) {
	a := newOldApp(t)
	servertest.Serve(t, a.s)
	a.token, _ = a.comesBack(url.Values{"scope": {"service"}})["access_token"].(string)
	id := a.signer.Credentials[0]
	const rounds = 3
	for range rounds {
		a.gets(204, csc.MethodSendOTP, map[string]any{"credentialID": id})
		sad := a.gets(200, csc.MethodAuthorize, map[string]any{
			"credentialID": id, "numSignatures": 1, "hash": []string{hashOf("contract")}, "PIN": "270391", "OTP": newestMail(t, a.s, "demo.signer@example.org"),
		})["SAD"]
		var good atomic.Int64
		var all sync.WaitGroup
		for n := range 24 {
			all.Go(func() {
				base, name := v1.BasePath, "hash"
				if n%2 == 0 {
					base, name = csc.BasePath, "hashes"
				}
				status, answer := a.ask(base, csc.MethodSignHash, map[string]any{
					"credentialID": id, "SAD": sad, name: []string{hashOf("contract")}, "signAlgo": "1.2.840.10045.4.3.2",
				})
				switch {
				case status == http.StatusOK:
					good.Add(1)
				case answer["error_description"] != "Invalid parameter SAD":
					t.Errorf("%d %v", status, answer)
				}
			})
		}
		all.Wait()
		if good.Load() != 1 {
			t.Errorf("one SAD was good %d times", good.Load())
		}
	}
	out, err := a.s.Run(servertest.Context(t), "audit", "verify")
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(a.s.Folder, "audit", "server.log"))
	must(t, err)
	if made := strings.Count(string(text), `"sign.done"`); made != rounds {
		t.Errorf("the record has %d signatures, want %d", made, rounds)
	}
}
