package servertest_test

import (
	"encoding/base64"
	"encoding/pem"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/freeport"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
	"github.com/pecete/pecete/notify"
)

// What an operator does with a certificate shows everywhere at once: to
// applications in the API, and to openssl, which knows no more than what stands in
// the certificate, by CRL and by OCSP.
func TestCertificatesTakenBack(t *testing.T) {
	s, ctx := servertest.Raise(t), servertest.Context(t)
	listen, err := freeport.Address()
	must(t, err)
	at := "http://" + listen
	reconfigure(t, s, map[string]string{
		"  # logins: true\n": "  logins: true\n", "  # url: http://ca.example.org\n": "  url: " + at + "\n", "  # listen: 127.0.0.1:8080\n": "  listen: " + listen + "\n",
	})
	signer, err := s.AddSigner(ctx, "demo.signer@example.org", "Demo", "Signer")
	must(t, err)
	login, err := s.AddCredential(ctx, signer.ID, "--for", "login")
	must(t, err)
	added, err := s.AddClient(ctx, "Demo Application", signer.ID)
	must(t, err)
	servertest.Serve(t, s)
	app, id := application(t, s, added), signer.Credentials[0]
	told := func(id string) csc.CertInfo {
		t.Helper()
		info, err := app.CredentialInfo(ctx, csc.CredentialInfoRequest{CredentialID: id, View: csc.View{CertInfo: true}})
		must(t, err)
		return info.Cert
	}
	for name, id := range map[string]string{"leaf.pem": id, "login.pem": login} {
		der, err := base64.StdEncoding.DecodeString(told(id).Certificates[0])
		must(t, err)
		must(t, os.WriteFile(filepath.Join(s.Folder, name), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	}
	run := func(line string) string {
		t.Helper()
		out, _ := shell(t, s.Folder, line) // what it says is what counts
		return out
	}
	uri := run("openssl x509 -in leaf.pem -noout -ocsp_uri -ext crlDistributionPoints,authorityInfoAccess")
	for _, want := range []string{at + "/ca/ocsp\n", "URI:" + at + "/ca/crl", "CA Issuers - URI:" + at + "/ca/certificate"} {
		if !strings.Contains(uri, want) {
			t.Errorf("no %q in the certificate: %s", want, uri)
		}
	}
	notice := run("openssl x509 -in leaf.pem -noout -ext certificatePolicies")
	if !strings.Contains(notice, "Demonstration certificate without legal value.") {
		t.Errorf("a demo certificate does not say what it is worth: %s", notice)
	}
	if out := run("openssl verify -crl_check -crl_download -purpose sslclient -CAfile ca.pem login.pem"); !strings.Contains(out, "login.pem: OK") {
		t.Errorf("a certificate for logins: %s", out)
	}
	for _, step := range []struct{ does, status, ocsp, crl string }{
		{"", csc.CertValid, "leaf.pem: good", "leaf.pem: OK"},
		{"suspend", csc.CertSuspended, "Reason: certificateHold", "certificate revoked"},
		{"resume", csc.CertValid, "leaf.pem: good", "leaf.pem: OK"},
		{"revoke --reason superseded", csc.CertRevoked, "Reason: superseded", "certificate revoked"},
	} {
		if step.does != "" {
			_, err := s.Run(ctx, append([]string{"credential"}, append(strings.Fields(step.does), id)...)...)
			must(t, err)
		}
		done := time.Now()
		if got := told(id).Status; got != step.status {
			t.Errorf("%s: cert.status %q", step.does, got)
		}
		out := run(`openssl ocsp -issuer ca.pem -cert leaf.pem -CAfile ca.pem -url "$(openssl x509 -in leaf.pem -noout -ocsp_uri)"`)
		if !strings.Contains(out, step.ocsp) || !strings.Contains(out, "Response verify OK") || strings.Contains(out, "WARNING") {
			t.Errorf("%s: openssl ocsp: %s", step.does, out)
		}
		verify := "openssl verify -crl_check -crl_download -CAfile ca.pem leaf.pem"
		for out = run(verify); !strings.Contains(out, step.crl) && ctx.Err() == nil; out = run(verify) {
			if time.Since(done) > 10*time.Second { // a list is made again after a second at the earliest
				t.Fatalf("%s: openssl verify: %s", step.does, out)
			}
		}
	}
	ownerIsTold(t, s, map[string]int{"your certificate was suspended": 1, "your certificate can be used again": 1, "your certificate was revoked": 1})
	if out := run(`openssl ocsp -issuer ca.pem -cert tsa.pem -CAfile ca.pem -url ` + at + `/ca/ocsp`); !strings.Contains(out, "tsa.pem: good") {
		t.Errorf("the time-stamping authority's: %s", out)
	}
	if out := run(`openssl ocsp -issuer ca.pem -serial 0x1234 -CAfile ca.pem -url ` + at + `/ca/ocsp`); !strings.Contains(out, "0x1234: unknown") {
		t.Errorf("a number that nobody has: %s", out)
	}
	resp, err := http.Get(at + "/csc/v2/info")
	must(t, err)
	if must(t, resp.Body.Close()); resp.StatusCode != http.StatusNotFound {
		t.Errorf("the API is there in plain HTTP: %s", resp.Status)
	}
}

// ownerIsTold wants so many mails of each subject in the outbox, soon and for good.
func ownerIsTold(t *testing.T, s *stage.Stage, want map[string]int) {
	t.Helper()
	var got map[string]int
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		kept, err := notify.Folder{Path: filepath.Join(s.Folder, "outbox")}.Kept(99)
		must(t, err)
		got = map[string]int{}
		for _, m := range kept {
			_, what, _ := strings.Cut(m.Subject, ": ")
			if strings.Contains(what, "certificate") && m.To == "demo.signer@example.org" && m.HTML != "" {
				got[what]++
			}
		}
		if maps.Equal(want, got) {
			return
		}
	}
	t.Errorf("mails to the owner: %v, want %v", got, want)
}
