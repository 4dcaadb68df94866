package servertest_test

import (
	"bytes"
	"encoding/base32"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/servertest"
)

// The secret of an authenticator is told when it is made. Nothing shows it
// again: no command, no method, no log, no file, and no backup.
func TestTheSecretIsToldOnce(t *testing.T) {
	s := servertest.Raise(t)
	ctx := servertest.Context(t)
	signer, err := s.AddSigner(ctx, "demo.signer@example.org", "Demo", "Signer")
	must(t, err)
	app, err := s.AddClient(ctx, "Demo Application", signer.ID)
	must(t, err)
	uri, err := url.Parse(signer.OTPAuth)
	must(t, err)
	text := uri.Query().Get("secret")
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	must(t, err)
	clean := func(where string, said []byte) {
		if bytes.Contains(said, []byte(text)) || bytes.Contains(said, raw) || bytes.Contains(bytes.ToLower(said), []byte("otpauth:")) {
			t.Errorf("%s tells the secret", where)
		}
	}
	servertest.Serve(t, s)
	api := application(t, s, app)
	info, err := api.CredentialInfo(ctx, csc.CredentialInfoRequest{CredentialID: signer.Credentials[0], View: csc.View{AuthInfo: true, CertInfo: true}})
	must(t, err)
	for _, factor := range *info.Auth.Objects {
		clean("credentials/info", []byte(strings.Join([]string{factor.ID, factor.Label, factor.Description, factor.Generator}, " ")))
	}
	for _, args := range [][]string{
		{"signer", "list"}, {"signer", "list", "-o", "json"}, {"client", "show", app.ID}, {"config", "check"}, {"audit", "verify"},
		{"signer", "disable", signer.ID}, {"signer", "enable", signer.ID}, {"signer", "unlock", signer.ID}, {"backup", t.TempDir()},
	} {
		out, err := s.Run(ctx, args...)
		must(t, err)
		clean(strings.Join(args, " "), out)
	}
	must(t, filepath.WalkDir(s.Folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		clean(path, content)
		return err
	}))
}
