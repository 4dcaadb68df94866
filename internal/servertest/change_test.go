package servertest_test

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/failpoint"
	"github.com/pecete/pecete/internal/freeport"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

// A signer has an application make a credential, signs with it, and has it deleted,
// on the pages and with a code each time; the key is gone from the device then, and
// the log is whole.
func TestACredentialFromItsPermitToItsEnd(t *testing.T) {
	ctx := servertest.Context(t)
	s := servertest.Raise(t)
	must(t, s.Configure("changes:\n  allow: true\n"))
	g := newGiver(t, s)
	_, err := s.Run(ctx, "client", "change", g.app.ID, "--may", "create", "--may", "delete")
	must(t, err)
	servertest.Serve(t, s)

	token, refresh := g.authorize(url.Values{"scope": {csc.ScopeCreation}})
	status, made := g.call(s, csc.BasePath+"/credentials/create", "application/json", `{"credentialInfo":true}`, token)
	id, _ := made["credentialID"].(string)
	if status != http.StatusCreated || id == "" || refresh != "" {
		t.Fatalf("%d %v", status, made)
	}
	if status, again := g.call(s, csc.BasePath+"/credentials/create", "application/json", `{}`, token); status != http.StatusCreated || again["credentialID"] != id {
		t.Errorf("again: %d %v", status, again)
	}
	g.signer.Credentials = []string{id}
	digest := sha256.Sum256([]byte("one"))
	sad, _ := g.authorize(url.Values{
		"scope": {csc.ScopeCredential}, "credentialID": {id}, "numSignatures": {"1"}, "hashAlgorithmOID": {csc.OIDSHA256},
		"hashes": {base64.RawURLEncoding.EncodeToString(digest[:])},
	})
	if status, answer := g.sign(s, sad, digest[:]); status != http.StatusOK {
		t.Errorf("signs: %d %v", status, answer)
	}
	token, _ = g.authorize(url.Values{"scope": {csc.ScopeDeletion}, "credentialID": {id}})
	request := fmt.Sprintf(`{"credentialDeletionRequest":{"credentialID":%q,"revoke":true,"revocationReason":5}}`, id)
	for range 2 {
		if status, answer := g.call(s, csc.BasePath+"/credentials/delete", "application/json", request, token); status != http.StatusNoContent {
			t.Errorf("deletes: %d %v", status, answer)
		}
	}
	if status, answer := g.sign(s, sad, digest[:]); status != http.StatusUnauthorized && status != http.StatusBadRequest {
		t.Errorf("signs when it is gone: %d %v", status, answer)
	}
	for command, want := range map[string]string{"credential orphans": "", "audit verify": "whole"} {
		out, err := s.Run(ctx, strings.Fields(command)...)
		if err != nil || want == "" && len(out) > 0 || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
	}
}

// A process that dies when it has made the key, or when the authority has signed its
// certificate, and nothing else leaves an orphan that the operator finds, and a permit
// that is used up: no second key comes of it. What was signed is revoked when the key
// is destroyed.
func TestKilledBetweenKeyAndCredential(t *testing.T) {
	program := servertest.Tagged(t) // which takes its time
	ctx := servertest.Context(t)
	order := filepath.Join(t.TempDir(), "failpoint")
	s, err := stage.Raise(ctx, program, filepath.Join(t.TempDir(), "data"))
	must(t, err)
	listen, err := freeport.Address()
	must(t, err)
	reconfigure(t, s, map[string]string{
		"onetime: memory":                  "onetime: " + proctest.Redis(t).URL,
		"  # url: http://ca.example.org\n": "  url: http://" + listen + "\n",
		"  # listen: 127.0.0.1:8080\n":     "  listen: " + listen + "\n",
	})
	must(t, s.Configure("changes:\n  allow: true\n"))
	g := newGiver(t, s)
	_, err = s.Run(ctx, "client", "change", g.app.ID, "--may", "create")
	must(t, err)
	s.Env = append(s.Env, "PECETE_FAILPOINT=@"+order)
	must(t, s.Serve(ctx))
	for _, point := range []string{failpoint.KeyGenerated, failpoint.CertificateSigned} {
		token, _ := g.authorize(url.Values{"scope": {csc.ScopeCreation}})
		must(t, os.WriteFile(order, []byte(point), 0o600))
		if status := create(t, s, token); status != 0 {
			t.Fatalf("%s: the process lives, and answers %d", point, status)
		}
		if err := s.Wait(ctx); err == nil {
			t.Fatalf("%s: the process ended by itself", point)
		}
		must(t, os.Remove(order))
		servertest.Serve(t, s)
		ctx = servertest.Context(t)
		for range 2 {
			if status := create(t, s, token); status < 400 {
				t.Errorf("%s: the permit is used up, and the answer %d", point, status)
			}
		}
		out, err := s.Run(ctx, "credential", "orphans")
		if keys := strings.Count(string(out), "c_"); err != nil || keys != 1 {
			t.Errorf("%s: %d orphans, %v\n%s", point, keys, err, out)
		}
		for _, command := range []string{"credential orphans --remove --wait 1s", "credential orphans", "audit verify"} {
			if out, err = s.Run(ctx, strings.Fields(command)...); err != nil || command == "credential orphans" && len(out) > 0 {
				t.Errorf("%s: %s: %v\n%s", point, command, err, out)
			}
		}
	}
	wantOneStray(t, s, "http://"+listen)
}

// wantOneStray wants one certificate to be revoked, of a key that was never anybody's,
// by CRL and by OCSP.
func wantOneStray(t *testing.T, s *stage.Stage, at string) {
	t.Helper()
	resp, err := http.Get(at + "/ca/crl")
	must(t, err)
	der, err := io.ReadAll(resp.Body)
	must(t, errors.Join(err, resp.Body.Close()))
	list, err := x509.ParseRevocationList(der)
	must(t, err)
	if len(list.RevokedCertificateEntries) != 1 || list.RevokedCertificateEntries[0].ReasonCode != 5 {
		t.Fatalf("on the list: %+v", list.RevokedCertificateEntries)
	}
	out, _ := shell(t, s.Folder, fmt.Sprintf("openssl ocsp -issuer ca.pem -serial 0x%x -CAfile ca.pem -url %s/ca/ocsp",
		list.RevokedCertificateEntries[0].SerialNumber, at)) // what it says is what counts
	if !strings.Contains(out, "revoked") || !strings.Contains(out, "Reason: cessationOfOperation") || !strings.Contains(out, "Response verify OK") {
		t.Errorf("openssl ocsp: %s", out)
	}
}

// create calls credentials/create, and is the status of the answer, 0 for none.
func create(t *testing.T, s *stage.Stage, token string) int {
	t.Helper()
	web, err := s.HTTP()
	must(t, err)
	defer web.CloseIdleConnections()
	r, err := http.NewRequestWithContext(servertest.Context(t), http.MethodPost, s.URL+csc.BasePath+"/credentials/create", strings.NewReader(`{}`))
	must(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := web.Do(r)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}
