package servertest_test

import (
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/internal/samplepdf"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
	"github.com/pecete/pecete/internal/transcript"
)

// update writes what the commands print into the documents: make transcripts.
var update = flag.Bool("update", false, "write the transcripts in docs")

// A cast is who plays in the transcripts: their variables.
type cast []string

func (c *cast) knows(name, value string) { *c = append(*c, name+"="+value) }

// authenticator is the secret of a signer's, in Base32.
func authenticator(t *testing.T, signer stage.Signer) string {
	t.Helper()
	uri, err := url.Parse(signer.OTPAuth)
	must(t, err)
	return uri.Query().Get("secret")
}

// enlist makes the applications and signers that the transcripts speak of.
func enlist(t *testing.T, s *stage.Stage) (env cast) {
	t.Helper()
	ctx := servertest.Context(t)
	signer, err := s.AddSigner(ctx, "demo.signer@example.org", "Demo", "Signer")
	must(t, err)
	const phone, pin = "+40700000009", "270391"
	other, err := s.AddSigner(ctx, "other.signer@example.org", "Semnatar", "Demo", "--bare", "--phone", phone)
	must(t, err)
	for _, factor := range []string{"EMAIL", "APPROVAL"} {
		_, err := s.AddCredential(ctx, other.ID, "--factors", factor)
		must(t, err)
	}
	extendable, err := s.AddCredential(ctx, other.ID, "--factors", "PIN", "--scal", "1")
	must(t, err)
	_, err = s.Run(ctx, "credential", "extend", extendable, "allow")
	must(t, err)
	must(t, s.SetPIN(ctx, other.ID, pin))
	visitor, err := s.AddSigner(ctx, "visitor@example.org", "Demo", "Visitor", "--mode", "oauth2code")
	must(t, err)
	must(t, s.SetPassword(ctx, visitor.ID, password))
	must(t, s.AllowLogins(ctx))
	must(t, s.Configure("extend_transaction: true\nchanges:\n  allow: true\n"))
	maker, err := s.AddSigner(ctx, "maker@example.org", "Semnatar", "Demo", "--bare")
	must(t, err)
	must(t, s.SetPassword(ctx, maker.ID, password))
	const redirect = "https://app.example.org/callback"
	app, err := s.AddClient(ctx, "Demo Application", signer.ID, other.ID)
	must(t, err)
	web, err := s.AddWebClient(ctx, "Demo on the Web", redirect)
	must(t, err)
	for client, may := range map[string]string{web.ID: "create", app.ID: "delete"} {
		_, err := s.Run(ctx, "client", "change", client, "--may", may)
		must(t, err)
	}
	env.knows("URL", s.URL)
	env.knows("CLIENT_ID", app.ID)
	env.knows("CLIENT_SECRET", app.Secret)
	env.knows("WEB_ID", web.ID)
	env.knows("WEB_SECRET", web.Secret)
	env.knows("REDIRECT", redirect)
	env.knows("SIGNER", signer.ID)
	env.knows("TOTP", authenticator(t, signer))
	env.knows("OTHER", other.ID)
	env.knows("OTHER_TOTP", authenticator(t, other))
	env.knows("PHONE", phone)
	env.knows("EXTENDABLE", extendable)
	env.knows("PIN", pin)
	env.knows("EMAIL", "visitor@example.org")
	env.knows("PASSWORD", password)
	env.knows("MAKER", "maker@example.org")
	env.knows("MAKER_TOTP", authenticator(t, maker))
	env.knows("WEB_TOTP", authenticator(t, visitor))
	return env
}

// The transcripts in docs are what their commands do.
func TestTranscripts(t *testing.T) {
	documents, err := filepath.Glob("../../docs/transcript-*.md")
	must(t, err)
	if len(documents) == 0 {
		t.Fatal("there is no transcript")
	}
	for _, document := range documents {
		t.Run(filepath.Base(document), func(t *testing.T) {
			s := servertest.Raise(t)
			env := enlist(t, s)
			servertest.Serve(t, s)
			must(t, os.WriteFile(filepath.Join(s.Folder, "contract.pdf"), samplepdf.New("A contract", "between two parties."), 0o600))
			there, err := os.ReadFile(document)
			must(t, err)
			made, err := transcript.Run(servertest.Context(t), string(there), s.Folder, env)
			must(t, err)
			if *update {
				must(t, os.WriteFile(document, []byte(made), 0o644))
				return
			}
			if diff := cmp.Diff(strings.Split(string(there), "\n"), strings.Split(made, "\n")); diff != "" {
				t.Errorf("%s is old, run make transcripts (-there +made):\n%s", filepath.Base(document), diff)
			}
		})
	}
}
