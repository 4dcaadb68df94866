package servertest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/failpoint"
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

// A process that dies when it has made the key and nothing else leaves an orphan that
// the operator finds, and a permit that is used up: no second key comes of it.
func TestKilledBetweenKeyAndCredential(t *testing.T) {
	program := servertest.Tagged(t) // which takes its time
	ctx := servertest.Context(t)
	order := filepath.Join(t.TempDir(), "failpoint")
	s, err := stage.Raise(ctx, program, filepath.Join(t.TempDir(), "data"))
	must(t, err)
	reconfigure(t, s, map[string]string{"onetime: memory": "onetime: " + proctest.Redis(t).URL})
	must(t, s.Configure("changes:\n  allow: true\n"))
	g := newGiver(t, s)
	_, err = s.Run(ctx, "client", "change", g.app.ID, "--may", "create")
	must(t, err)
	s.Env = append(s.Env, "PECETE_FAILPOINT=@"+order)
	must(t, s.Serve(ctx))
	token, _ := g.authorize(url.Values{"scope": {csc.ScopeCreation}})
	must(t, os.WriteFile(order, []byte(failpoint.KeyGenerated), 0o600))
	if status := create(t, s, token); status != 0 {
		t.Fatalf("the process lives, and answers %d", status)
	}
	if err := s.Wait(ctx); err == nil {
		t.Fatal("the process ended by itself")
	}
	must(t, os.Remove(order))
	servertest.Serve(t, s)
	ctx = servertest.Context(t)
	for range 2 {
		if status := create(t, s, token); status < 400 {
			t.Errorf("the permit is used up, and the answer %d", status)
		}
	}
	out, err := s.Run(ctx, "credential", "orphans")
	if keys := strings.Count(string(out), "c_"); err != nil || keys != 1 {
		t.Errorf("%d orphans, %v\n%s", keys, err, out)
	}
	for _, command := range []string{"credential orphans --remove --wait 1s", "credential orphans", "audit verify"} {
		if out, err = s.Run(ctx, strings.Fields(command)...); err != nil || command == "credential orphans" && len(out) > 0 {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
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
