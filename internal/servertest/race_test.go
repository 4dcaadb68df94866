package servertest_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/hsm/hsmtest/count"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

const ecdsaSHA256 = "1.2.840.10045.4.3.2"

// The judge is a pass-through module between the server and its device: how
// many signatures there are is what its log says, not what the server says.
func TestAHundredSpendAGrantOfTen(t *testing.T) {
	stores := map[string]func(t *testing.T) string{
		"memory": func(*testing.T) string { return "memory" },
		"redis":  func(t *testing.T) string { return proctest.Redis(t).URL },
	}
	for name, store := range stores {
		t.Run(name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "signatures.log")
			s := servertest.Raise(t)
			reconfigure(t, s, map[string]string{"onetime: memory": "onetime: " + store(t)})
			signer, err := s.AddSigner(servertest.Context(t), "demo.signer@example.org", "Demo", "Signer", "--scal", "1")
			must(t, err)
			app, err := s.AddClient(servertest.Context(t), "Demo Application", signer.ID)
			must(t, err)
			countSignatures(t, s, log)
			servertest.Serve(t, s)
			race(t, s, signer, app, log)
		})
	}
}

func race(t *testing.T, s *stage.Stage, signer stage.Signer, app stage.Client, log string) {
	ctx := servertest.Context(t)
	api := application(t, s, app)
	granted, err := api.Authorize(ctx, csc.AuthorizeRequest{
		CredentialID: signer.Credentials[0], NumSignatures: 10,
		AuthData: []csc.AuthData{{ID: "OTP", Value: code(t, signer.OTPAuth)}},
	})
	must(t, err)
	var mu sync.Mutex
	var signed int
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			digest := sha256.Sum256(fmt.Append(nil, i))
			err := insist(func() error {
				_, err := api.SignHash(ctx, csc.SignHashRequest{
					CredentialID: signer.Credentials[0], SAD: granted.SAD,
					Hashes: []csc.Digest{digest[:]}, SignAlgo: ecdsaSHA256,
				})
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			var told *client.Error
			switch {
			case err == nil:
				signed++
			case !errors.As(err, &told) || told.Status != 400 || told.Description != "Invalid parameter SAD":
				t.Errorf("call %d: %v", i, err)
			}
		})
	}
	all.Wait()
	made, err := count.Read(log)
	must(t, err)
	ours := ofCredential(t, s, signer.Credentials[0], made)
	if out, err := s.Run(ctx, "audit", "verify"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if signed != 10 || ours != 10 {
		t.Errorf("%d calls were answered with a signature, the device made %d; want 10 and 10", signed, ours)
	}
}

// insist tries again while the answer is that there is no room now, which it is
// for some of so many at once: nothing was spent then.
func insist(try func() error) error {
	for {
		var told *client.Error
		if err := try(); !errors.As(err, &told) || told.Status != 503 {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// countSignatures puts the counting module between the server and its device.
func countSignatures(t *testing.T, s *stage.Stage, log string) {
	t.Helper()
	real := hsm.FindSoftHSM()
	reconfigure(t, s, map[string]string{
		"module: " + real:  "module: " + count.Build(t),
		"  environment:\n": fmt.Sprintf("  environment:\n    PECETE_COUNT_MODULE: %s\n    PECETE_COUNT_LOG: %s\n", real, log),
	})
}

// ofCredential counts the signatures made with a credential's key.
func ofCredential(t *testing.T, s *stage.Stage, credential string, calls []count.Call) (n int) {
	t.Helper()
	for _, call := range calls {
		if call.Signed() && ofKey(t, s.Folder, credential, call.Key) {
			n++
		}
	}
	return n
}

// ofKey reports whether a key is the credential's: the audit log says which
// that is.
func ofKey(t *testing.T, folder, credential, key string) bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "audit", "operator.log"))
	must(t, err)
	for line := range strings.Lines(string(text)) {
		if key != "" && strings.Contains(line, `"key.generated"`) && strings.Contains(line, credential) && strings.Contains(line, key) {
			return true
		}
	}
	return false
}

// reconfigure replaces text in the server's configuration.
func reconfigure(t *testing.T, s *stage.Stage, changes map[string]string) {
	t.Helper()
	text, err := os.ReadFile(s.Config())
	must(t, err)
	for from, to := range changes {
		if !strings.Contains(string(text), from) {
			t.Fatalf("the configuration does not have %q", from)
		}
		text = []byte(strings.ReplaceAll(string(text), from, to))
	}
	must(t, os.WriteFile(s.Config(), text, 0o600))
}

// application is a client of the server with a service token.
func application(t *testing.T, s *stage.Stage, app stage.Client) *client.Client {
	t.Helper()
	web, err := s.HTTP()
	must(t, err)
	t.Cleanup(web.CloseIdleConnections)
	c := &client.Client{BaseURL: s.URL + csc.BasePath, HTTP: web, ID: app.ID, Secret: csc.Secret(app.Secret)}
	must(t, c.Authenticate(servertest.Context(t)))
	return c
}

// code is what the signer's authenticator shows now.
func code(t *testing.T, otpauth string) csc.Secret {
	t.Helper()
	return codeAt(t, otpauth, time.Now())
}

func codeAt(t *testing.T, otpauth string, now time.Time) csc.Secret {
	t.Helper()
	key, err := otp.NewKeyFromURL(otpauth)
	must(t, err)
	text, err := totp.GenerateCode(key.Secret(), now)
	must(t, err)
	return csc.Secret(text)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
