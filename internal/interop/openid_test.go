package interop

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

// A script is an application in JavaScript that runs, and what it says a line of
// JSON at a time.
type script struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
	err   bytes.Buffer
}

// A line is one of these.
type line struct {
	Exchange *exchange `json:"exchange"`
	Go       string    `json:"go"`
	End      *end      `json:"end"`
}

// An end is what the application has in the end.
type end struct {
	Certificate string          `json:"certificate"`
	Signature   string          `json:"signature"`
	Again       int             `json:"again"` // the status of a second signature
	Types       []string        `json:"types"` // of its tokens
	Kept        bool            `json:"kept"`  // it renews with the same refresh token
	Refresh     bool            `json:"refresh"`
	Details     json.RawMessage `json:"details"`
}

// packages are where scripts/need installs what scripts are made with.
func packages(t *testing.T) string {
	t.Helper()
	folder, err := filepath.Abs(filepath.Join("..", "..", "build", "openid-client"))
	must(t, err)
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "openid-client")); err != nil {
		t.Fatalf("run scripts/need openid-client: %v", err)
	}
	return folder
}

// node is the Node.js that was installed there, or otherwise the machine's.
func node(folder string) string {
	own, err := filepath.Glob(filepath.Join(folder, "node_modules", "node-*", "bin", "node"))
	if err != nil || len(own) == 0 {
		return "node"
	}
	return own[0]
}

// start runs a script of openid beside its packages, where it finds them.
func (s *scene) start(ctx context.Context, name string, settings map[string]any) *script {
	s.t.Helper()
	folder := packages(s.t)
	text, err := os.ReadFile(filepath.Join("openid", name))
	must(s.t, err)
	path := filepath.Join(folder, name)
	must(s.t, os.WriteFile(path, text, 0o644))
	text, err = json.Marshal(settings)
	must(s.t, err)
	file := filepath.Join(s.t.TempDir(), "settings.json")
	must(s.t, os.WriteFile(file, text, 0o600))
	p := &script{cmd: exec.CommandContext(ctx, node(folder), path, file)}
	p.cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+filepath.Join(s.Folder, "tls.crt"))
	p.cmd.Stderr = &p.err
	p.in, err = p.cmd.StdinPipe()
	must(s.t, err)
	out, err := p.cmd.StdoutPipe()
	must(s.t, err)
	p.lines = bufio.NewScanner(out)
	p.lines.Buffer(nil, 1<<20)
	must(s.t, p.cmd.Start())
	return p
}

// goes has the signer go wherever the script sends him, until its end.
func (s *scene) goes(ctx context.Context, p *script) (last end) {
	s.t.Helper()
	for p.lines.Scan() {
		var said line
		must(s.t, json.Unmarshal(p.lines.Bytes(), &said))
		switch {
		case said.Exchange != nil:
			s.tell("app", said.Exchange.lines())
		case said.Go != "":
			_, err := fmt.Fprintln(p.in, s.agree(ctx, said.Go))
			must(s.t, err)
		case said.End != nil:
			last = *said.End
		}
	}
	if err := errors.Join(p.lines.Err(), p.cmd.Wait()); err != nil || last.Signature == "" {
		s.t.Fatalf("the application: %v\n%s", err, p.err.Bytes())
	}
	return last
}

// proving registers an application that keeps FAPI 2.0 and signs its requests,
// and returns its key.
func (s *scene) proving(name string) (app stage.Client, key jose.JSONWebKey) {
	s.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(s.t, err)
	key = jose.JSONWebKey{KeyID: "interop", Key: private}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}})
	must(s.t, err)
	file := filepath.Join(s.t.TempDir(), "jwks.json")
	must(s.t, os.WriteFile(file, set, 0o600))
	return s.application(name, "--profile", "fapi2", "--require-jar", "--jwks", file), key
}

// A client made with openid-client, which neither of us wrote, keeps FAPI 2.0:
// signed and pushed requests, private_key_jwt, DPoP, authorization_details.
func TestOpenIDClient(t *testing.T) {
	s := newScene(t)
	app, key := s.proving("Application of openid-client")
	servertest.Serve(t, s.Stage)
	time.Sleep(time.Second) // the library's proofs say in which second they were made, and in our first one none is good
	digest := digestOf("a contract")
	ctx := servertest.Context(t)
	got := s.goes(ctx, s.start(ctx, "sign.mjs", map[string]any{
		"issuer": s.URL, "api": s.URL + csc.BasePath, "client_id": app.ID, "redirect_uri": home, "jwk": key, "digest": inBase64(digest),
	}))
	signed(t, got.Certificate, digest, got.Signature)
	if got.Again != http.StatusUnauthorized {
		t.Errorf("a second signature is answered %d", got.Again)
	}
	if !slices.Equal(got.Types, []string{"dpop", "dpop", "dpop"}) || got.Refresh || !got.Kept {
		t.Errorf("tokens %v; of the credential a refresh token: %v; the refresh token stays: %v", got.Types, got.Refresh, got.Kept)
	}
	var details []csc.AuthorizationDetail
	must(t, json.Unmarshal(got.Details, &details))
	if len(details) != 1 || details[0].CredentialID == "" || len(details[0].DocumentDigests) != 1 || !bytes.Equal(details[0].DocumentDigests[0].Hash, digest) {
		t.Errorf("granted is %s", got.Details)
	}
}
