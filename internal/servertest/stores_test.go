package servertest_test

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/internal/servertest"
)

// The same server on PostgreSQL and on a Redis with a password, which stands in
// a file.
func TestOnPostgresAndRedis(t *testing.T) {
	s := servertest.Raise(t)
	ctx := servertest.Context(t)
	secret := filepath.Join(s.Folder, "secrets", "redis")
	must(t, os.WriteFile(secret, []byte("a password of Redis\n"), 0o600))
	reconfigure(t, s, map[string]string{
		"registry: registry.db": "registry: " + proctest.Postgres(t),
		"onetime: memory": "onetime: " + proctest.Redis(t, "--requirepass", "a password of Redis").URL +
			"\npasswords:\n  onetime: secrets/redis",
	})
	signer, err := s.AddSigner(ctx, "demo.signer@example.org", "Demo", "Signer")
	must(t, err)
	app, err := s.AddClient(ctx, "Demo Application", signer.ID)
	must(t, err)
	servertest.Serve(t, s)
	api := application(t, s, app)
	digest := sha256.Sum256([]byte("a document"))
	granted, err := api.Authorize(ctx, csc.AuthorizeRequest{
		CredentialID: signer.Credentials[0], NumSignatures: 1, Hashes: []csc.Digest{digest[:]}, HashAlgorithmOID: csc.OIDSHA256,
		AuthData: []csc.AuthData{{ID: "OTP", Value: code(t, signer.OTPAuth)}},
	})
	must(t, err)
	_, err = api.SignHash(ctx, csc.SignHashRequest{
		CredentialID: signer.Credentials[0], SAD: granted.SAD, Hashes: []csc.Digest{digest[:]}, SignAlgo: ecdsaSHA256,
	})
	must(t, err)
	if _, err := os.Stat(filepath.Join(s.Folder, "registry.db")); err == nil {
		t.Error("there is a SQLite file all the same")
	}
}
