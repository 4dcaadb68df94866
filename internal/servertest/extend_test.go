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

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm/hsmtest/count"
	"github.com/pecete/pecete/internal/failpoint"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

// Two processes extend one SAD, many times at once: one of all these calls has
// another SAD for it, and the device makes as many signatures as were agreed to,
// whoever signs with what.
func TestTwoProcessesExtendOneSAD(t *testing.T) {
	ctx := servertest.Context(t)
	log := filepath.Join(t.TempDir(), "signatures.log")
	s := servertest.Raise(t)
	reconfigure(t, s, map[string]string{"onetime: memory": "onetime: " + proctest.Redis(t).URL})
	must(t, s.Configure("extend_transaction: true\n"))
	signer, err := s.AddSigner(ctx, "demo.signer@example.org", "Demo", "Signer", "--scal", "1")
	must(t, err)
	app, err := s.AddClient(ctx, "Demo Application", signer.ID)
	must(t, err)
	_, err = s.Run(ctx, "credential", "extend", signer.Credentials[0], "allow")
	must(t, err)
	countSignatures(t, s, log)
	servertest.Serve(t, s)
	two, err := s.Join("two")
	must(t, err)
	servertest.Serve(t, two)
	apis := []*client.Client{application(t, s, app), application(t, two, app)}
	granted, err := apis[0].Authorize(ctx, csc.AuthorizeRequest{
		CredentialID: signer.Credentials[0], NumSignatures: 10,
		AuthData: []csc.AuthData{{ID: "OTP", Value: code(t, signer.OTPAuth)}},
	})
	must(t, err)
	next := extendAtOnce(t, apis, signer, granted.SAD)
	signed := 0
	for n, sad := range []csc.Secret{granted.SAD, next} {
		for i := range 8 {
			digest := sha256.Sum256(fmt.Append(nil, n, i))
			_, err := apis[i%2].SignHash(ctx, csc.SignHashRequest{
				CredentialID: signer.Credentials[0], SAD: sad, Hashes: []csc.Digest{digest[:], digest[:]}, SignAlgo: ecdsaSHA256,
			})
			if err == nil && n == 1 {
				signed += 2
			} else if err == nil {
				t.Error("the SAD before still signs")
			}
		}
	}
	made, err := count.Read(log)
	must(t, err)
	if ours := ofCredential(t, s, signer.Credentials[0], made); signed != 10 || ours != 10 {
		t.Errorf("%d signatures were given out, the device made %d; want 10 and 10", signed, ours)
	}
	if out, err := s.Run(ctx, "audit", "verify"); err != nil || !strings.Contains(string(out), "whole") {
		t.Errorf("%v\n%s", err, out)
	}
}

// extendAtOnce is the SAD that one of many calls has for another.
func extendAtOnce(t *testing.T, apis []*client.Client, signer stage.Signer, sad csc.Secret) csc.Secret {
	t.Helper()
	ctx := servertest.Context(t)
	won := make(chan csc.Secret, 40)
	var all sync.WaitGroup
	for i := range cap(won) {
		all.Go(func() {
			var answer csc.AuthorizeResponse
			err := insist(func() (err error) {
				answer, err = apis[i%2].Extend(ctx, csc.ExtendRequest{CredentialID: signer.Credentials[0], SAD: sad})
				return err
			})
			var told *client.Error
			switch {
			case err == nil:
				won <- answer.SAD
			case !errors.As(err, &told) || told.Status != 400 || told.Description != "Invalid parameter SAD":
				t.Errorf("call %d: %v", i, err)
			}
		})
	}
	all.Wait()
	close(won)
	if len(won) != 1 {
		t.Fatalf("%d of %d calls extended the SAD", len(won), cap(won))
	}
	return <-won
}

// A process that dies while it extends an authorization leaves none: neither the
// SAD before nor the one after signs, and the client asks the signer again.
func TestKilledWhileExtending(t *testing.T) {
	program := servertest.Tagged(t) // which takes its time
	ctx := servertest.Context(t)
	log, order := filepath.Join(t.TempDir(), "signatures.log"), filepath.Join(t.TempDir(), "failpoint")
	s, err := stage.Raise(ctx, program, filepath.Join(t.TempDir(), "data"))
	must(t, err)
	reconfigure(t, s, map[string]string{"onetime: memory": "onetime: " + proctest.Redis(t).URL})
	must(t, s.Configure("extend_transaction: true\n"))
	signer, err := s.AddSigner(ctx, "demo.signer@example.org", "Demo", "Signer", "--scal", "1")
	must(t, err)
	app, err := s.AddClient(ctx, "Demo Application", signer.ID)
	must(t, err)
	_, err = s.Run(ctx, "credential", "extend", signer.Credentials[0], "allow")
	must(t, err)
	countSignatures(t, s, log)
	s.Env = append(s.Env, "PECETE_FAILPOINT=@"+order)
	for n, point := range []string{failpoint.GrantEnded, failpoint.ExtensionRecorded} {
		must(t, s.Serve(ctx))
		api := application(t, s, app)
		granted, err := api.Authorize(ctx, csc.AuthorizeRequest{
			CredentialID: signer.Credentials[0], NumSignatures: 3, AuthData: []csc.AuthData{{ID: "OTP", Value: codeAt(t, signer.OTPAuth, time.Now().Add(time.Duration(n)*30*time.Second))}},
		})
		must(t, err)
		sign := func() error {
			digest := sha256.Sum256([]byte(point))
			_, err := api.SignHash(ctx, csc.SignHashRequest{
				CredentialID: signer.Credentials[0], SAD: granted.SAD, Hashes: []csc.Digest{digest[:]}, SignAlgo: ecdsaSHA256,
			})
			return err
		}
		must(t, sign())
		must(t, os.WriteFile(order, []byte(point), 0o600))
		extend := csc.ExtendRequest{CredentialID: signer.Credentials[0], SAD: granted.SAD}
		if _, err := api.Extend(ctx, extend); err == nil {
			t.Fatalf("at %s the process lives", point)
		}
		if err := s.Wait(ctx); err == nil {
			t.Fatalf("at %s the process ended by itself", point)
		}
		must(t, os.Remove(order))
		must(t, s.Serve(ctx))
		wantSaid(t, point+", signing", sign(), "Invalid parameter SAD")
		_, err = api.Extend(ctx, extend)
		wantSaid(t, point+", extending", err, "Invalid parameter SAD")
		must(t, s.Stop())
	}
	made, err := count.Read(log)
	must(t, err)
	if ours := ofCredential(t, s, signer.Credentials[0], made); ours != 2 {
		t.Errorf("the device made %d signatures, want 2", ours)
	}
	if out, err := s.Run(ctx, "audit", "verify"); err != nil || !strings.Contains(string(out), "whole") {
		t.Errorf("%v\n%s", err, out)
	}
}

// wantSaid demands a refusal in these words.
func wantSaid(t *testing.T, what string, err error, words string) {
	t.Helper()
	var told *client.Error
	if !errors.As(err, &told) || told.Status != 400 || told.Description != words {
		t.Errorf("%s: %v, want %q", what, err, words)
	}
}
