package soak

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/hsm/hsmtest/count"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

var (
	long   = flag.Bool("loss", false, "every fault of the loss campaign, several times")
	rounds = flag.Int("rounds", 3, "how often Redis loses the spending of a grant")
)

const (
	ecdsaSHA256 = "1.2.840.10045.4.3.2"
	// perGrant is how many signatures a grant is for.
	perGrant = 100
	// period is a step of an authenticator, in seconds.
	period = 30
	// fresh is how old the newest step may be when its code is sent.
	fresh = 10
	// forever is longer than anything here takes on a machine that works.
	forever = 3 * time.Minute
	// patience is how long a server is waited for that should be well again.
	patience = time.Minute
)

// A town is a server with everything it stands on, to be hurt.
type town struct {
	t *testing.T
	*stage.Stage
	redis    *proctest.RedisServer    // nil: memory
	postgres *proctest.PostgresServer // nil: SQLite
	database string                   // its URL
	web      *http.Client
	app      stage.Client
	log      string // the counting module's
	orders   string // likewise
	clock    string // file with what the server's clock is wrong by
	signers  []*signer
	spare    *signer
	agreed   map[string]bool // names of signatures, as in made
}

// A signer has an authenticator and a credential.
type signer struct {
	user       string
	credential string
	scal       string
	key        string // CKA_ID in hex
	public     *ecdsa.PublicKey
	secret     string // of the authenticator, in Base32

	mu   sync.Mutex
	last int64 // step that was used
}

// A plan is what a town is built with.
type plan struct {
	folder  string // for its data, "" for one of its own
	stores  bool   // Redis and PostgreSQL
	signers int
	redis   []string // options
}

// build builds a town that serves until the test ends.
func build(t *testing.T, p plan) *town {
	t.Helper()
	folder := t.TempDir()
	w := &town{
		t: t, log: filepath.Join(folder, "signatures.log"), orders: filepath.Join(folder, "orders"), clock: filepath.Join(folder, "clock"),
	}
	if p.folder == "" {
		p.folder = filepath.Join(folder, "data")
	}
	var err error
	w.Stage, err = stage.Raise(w.soon(), servertest.Tagged(t), p.folder)
	must(t, err)
	w.Env = append(w.Env, "PECETE_CLOCK_FILE="+w.clock)
	if p.stores {
		w.redis, w.postgres = proctest.Redis(t, p.redis...), proctest.StartPostgres(t)
		w.database = w.postgres.Database()
		w.configure("registry: registry.db", "registry: "+w.database)
		w.configure("onetime: memory", "onetime: "+w.redis.URL)
	}
	w.populate(p.signers)
	real := hsm.FindSoftHSM()
	w.configure("module: "+real, "module: "+count.Build(t))
	w.configure("  environment:\n", fmt.Sprintf(
		"  environment:\n    PECETE_COUNT_MODULE: %s\n    PECETE_COUNT_LOG: %s\n    PECETE_COUNT_CONTROL: %s\n", real, w.log, w.orders))
	w.web, err = w.HTTP()
	must(t, err)
	t.Cleanup(w.web.CloseIdleConnections)
	w.serve()
	w.introduce()
	return w
}

// serve serves until the test ends.
func (w *town) serve() {
	w.t.Helper()
	must(w.t, w.Serve(w.soon()))
	w.t.Cleanup(func() { _ = w.Stop() }) // a test may have ended it in its own way
}

// soon ends after forever.
func (w *town) soon() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), forever)
	w.t.Cleanup(cancel)
	return ctx
}

// configure replaces text of the configuration.
func (w *town) configure(from, to string) {
	w.t.Helper()
	text, err := os.ReadFile(w.Config())
	must(w.t, err)
	if !strings.Contains(string(text), from) {
		w.t.Fatalf("the configuration does not have %q", from)
	}
	must(w.t, os.WriteFile(w.Config(), []byte(strings.ReplaceAll(string(text), from, to)), 0o600))
}

// populate makes the signers, of SCAL 1 and 2 by turns, and their application.
func (w *town) populate(n int) {
	w.t.Helper()
	var ids []string
	for i := range n {
		s := &signer{scal: string("21"[i%2])}
		added, err := w.AddSigner(w.soon(), fmt.Sprintf("signer%d@example.org", i), "Demo", fmt.Sprintf("Signer %d", i),
			"--multisign", fmt.Sprint(perGrant), "--scal", s.scal)
		must(w.t, err)
		uri, err := url.Parse(added.OTPAuth)
		must(w.t, err)
		s.user, s.credential, s.secret = added.ID, added.Credentials[0], uri.Query().Get("secret")
		w.signers, ids = append(w.signers, s), append(ids, added.ID)
	}
	var err error
	w.app, err = w.AddClient(w.soon(), "Demo Application", ids...)
	must(w.t, err)
}

// introduce learns each signer's key: its public part from the certificate, its
// name in the device from the operator's audit log.
func (w *town) introduce() {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.Folder, "audit", "operator.log"))
	must(w.t, err)
	keys := map[string]string{}
	for line := range strings.Lines(string(text)) {
		var l struct{ Event, Credential, Key string }
		must(w.t, json.Unmarshal([]byte(line), &l))
		if l.Event == "key.generated" {
			keys[l.Credential] = l.Key
		}
	}
	api := &client.Client{BaseURL: w.URL + csc.BasePath, HTTP: w.web, ID: w.app.ID, Secret: csc.Secret(w.app.Secret)}
	for _, s := range w.signers {
		s.key = keys[s.credential]
		info, err := api.CredentialInfo(w.soon(), csc.CredentialInfoRequest{
			CredentialID: s.credential, View: csc.View{Certificates: csc.CertificatesSingle},
		})
		must(w.t, err)
		der, err := base64.StdEncoding.DecodeString(info.Cert.Certificates[0])
		must(w.t, err)
		certificate, err := x509.ParseCertificate(der)
		must(w.t, err)
		s.public = certificate.PublicKey.(*ecdsa.PublicKey)
	}
}

// code is of a step of the authenticator that was not used, "" if there is none
// yet.
func (s *signer) code() csc.Secret {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now().Unix()
	step := max(s.last+1, (now+fresh)/period-1)
	if step > now/period+1 {
		return ""
	}
	s.last = step
	text, _ := hotp.GenerateCodeCustom(s.secret, uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	return csc.Secret(text)
}

// serviceToken asks for a token. A refusal is a *client.Error.
func (w *town) serviceToken() (csc.Secret, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {w.app.ID}, "client_secret": {w.app.Secret}}
	resp, err := w.web.PostForm(w.URL+"/oauth2/token", form)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var answer struct {
		Token       csc.Secret `json:"access_token"`
		Code        csc.Code   `json:"error"`
		Description string     `json:"error_description"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return "", err
	}
	if resp.StatusCode == http.StatusOK {
		return answer.Token, nil
	}
	seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	return "", &client.Error{
		Status: resp.StatusCode, Code: answer.Code, Description: answer.Description, RetryAfter: time.Duration(seconds) * time.Second,
	}
}

// verified says that nothing is wrong with the audit logs.
func (w *town) verified() {
	w.t.Helper()
	if out, err := w.Run(w.soon(), "audit", "verify"); err != nil {
		w.t.Errorf("audit verify: %v\n%s", err, out)
	}
}

// made counts the signatures of the signers' keys, by key and digest.
func (w *town) made() map[string]int {
	w.t.Helper()
	calls, err := count.Read(w.log)
	must(w.t, err)
	ours, made := map[string]bool{}, map[string]int{}
	for _, s := range w.signers {
		ours[s.key] = true
	}
	for _, call := range calls {
		if ours[call.Key] && call.Signed() {
			made[call.Key+" "+call.Input]++
		}
	}
	return made
}

// known says that somebody agreed to a signature.
func (w *town) known(name string) {
	if w.agreed == nil {
		w.agreed = map[string]bool{}
	}
	w.agreed[name] = true
}

// named is the name of a signature in made: the module writes the hash of what
// was signed.
func (s *signer) named(digest csc.Digest) string {
	return fmt.Sprintf("%s %x", s.key, sha256.Sum256(digest))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// told is the refusal in err, nil if it is none.
func told(err error) *client.Error {
	var e *client.Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}
