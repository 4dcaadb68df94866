package servertest_test

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm/hsmtest/count"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

// A server told to end while the device signs finishes what was spent: the
// client has its signature, and the audit log is whole and closed.
func TestShutdownFinishesWhatWasSpent(t *testing.T) {
	log := filepath.Join(t.TempDir(), "signatures.log")
	s := servertest.Raise(t)
	ctx := servertest.Context(t)
	signer, err := s.AddSigner(ctx, "demo.signer@example.org", "Demo", "Signer")
	must(t, err)
	app, err := s.AddClient(ctx, "Demo Application", signer.ID)
	must(t, err)
	countSignatures(t, s, log)
	const delay = 1500 // ms in each C_Sign
	reconfigure(t, s, map[string]string{"  environment:\n": fmt.Sprintf("  environment:\n    PECETE_COUNT_DELAY: \"%d\"\n", delay)})
	must(t, s.Serve(ctx))
	api := application(t, s, app)
	digest := sha256.Sum256([]byte("a document"))
	granted, err := api.Authorize(ctx, csc.AuthorizeRequest{
		CredentialID: signer.Credentials[0], NumSignatures: 1, Hashes: []csc.Digest{digest[:]}, HashAlgorithmOID: csc.OIDSHA256,
		AuthData: []csc.AuthData{{ID: "OTP", Value: code(t, signer.OTPAuth)}},
	})
	must(t, err)
	answered := make(chan error, 1)
	go func() {
		_, err := api.SignHash(ctx, csc.SignHashRequest{
			CredentialID: signer.Credentials[0], SAD: granted.SAD, Hashes: []csc.Digest{digest[:]}, SignAlgo: ecdsaSHA256,
		})
		answered <- err
	}()
	waitForSignature(t, s, signer.Credentials[0], log)
	must(t, s.Stop())
	must(t, <-answered)
	out, err := s.Run(ctx, "audit", "verify")
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// waitForSignature waits until the device has begun to sign with the
// credential's key.
func waitForSignature(t *testing.T, s *stage.Stage, credential, log string) {
	t.Helper()
	for range 600 {
		calls, err := count.Read(log)
		must(t, err)
		for _, call := range calls {
			if !call.Done && ofKey(t, s.Folder, credential, call.Key) {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the device was not asked to sign")
}
