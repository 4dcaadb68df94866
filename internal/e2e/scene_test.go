package e2e

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

// patience is for a machine that is busy with other tests.
const patience = 10 * time.Minute

const password = "a horse, a battery and a staple"

// A scene is a server, an application that sends signers to its pages, and a
// browser.
type scene struct {
	*stage.Stage
	t    *testing.T
	ctx  context.Context
	web  stage.Client
	home string // where the application wants its signers back

	mu      sync.Mutex
	program context.Context // Chromium
}

// newScene lays a server; it does not serve yet.
func newScene(t *testing.T) *scene {
	t.Helper()
	program := servertest.Plain(t) // which takes its time to build; patience begins after that
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	s := &scene{t: t, ctx: ctx}
	var err error
	s.Stage, err = stage.Raise(s.ctx, program, filepath.Join(t.TempDir(), "data"))
	must(t, err)
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<!DOCTYPE html><title>back</title><link rel="icon" href="data:,">`) // the browser is gone
	}))
	t.Cleanup(home.Close)
	s.home = home.URL + "/callback"
	s.web, err = s.AddWebClient(s.ctx, "Demo Application", s.home)
	must(t, err)
	must(t, s.Configure("limits:\n  loads: 100000\n")) // all come from here
	must(t, s.Configure("changes:\n  allow: true\n"))
	_, err = s.Run(s.ctx, "client", "change", s.web.ID, "--may", "create", "--may", "delete")
	must(t, err)
	s.program = openBrowser(t, s.ctx)
	return s
}

func (s *scene) viewer(t *testing.T, l look) *viewer {
	t.Helper()
	return newViewer(t, s.chromium(), l, s.URL, s.home)
}

// chromium is the browser. One that has ended by itself, as it does now and then on
// a busy machine, is started again.
func (s *scene) chromium() context.Context {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.program.Err() != nil && s.ctx.Err() == nil {
		s.t.Log("Chromium has ended by itself")
		s.program = openBrowser(s.t, s.ctx)
	}
	return s.program
}

// signer enrols somebody with a password.
func (s *scene) signer(l look, args ...string) (stage.Signer, string) {
	s.t.Helper()
	email := "demo." + l.String() + "@example.org"
	signer, err := s.AddSigner(s.ctx, email, "Demo", "Signer", append([]string{"--locale", l.lang}, args...)...)
	must(s.t, err)
	must(s.t, s.SetPassword(s.ctx, signer.ID, password))
	return signer, email
}

// authorize is where the application sends a signer.
func (s *scene) authorize(params ...string) string {
	query := url.Values{
		"response_type": {"code"}, "client_id": {s.web.ID}, "redirect_uri": {s.home}, "state": {"demo"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}, // RFC 7636 appendix B
	}
	for n := 0; n+1 < len(params); n += 2 {
		query.Set(params[n], params[n+1])
	}
	return s.URL + "/oauth2/authorize?" + query.Encode()
}

// secretOf is the secret in an otpauth URI, in Base32.
func secretOf(t testing.TB, otpauth string) string {
	t.Helper()
	uri, err := url.Parse(otpauth)
	must(t, err)
	return uri.Query().Get("secret")
}

// An app is an authenticator: another program's idea of the codes. Each is good
// once, and so is one of the step before and one of the step after.
type app struct {
	t      testing.TB
	secret string
	last   int64 // step of the last code that was given
}

// code is the first one that can be used for twenty seconds from now.
func (a *app) code() string {
	a.t.Helper()
	const period, long = 30, 20
	now := time.Now().Unix()
	first := now / period
	if period-now%period > long {
		first-- // the one before is still good
	}
	step := max(a.last+1, first)
	for ; step > time.Now().Unix()/period+1; time.Sleep(200 * time.Millisecond) {
	}
	a.last = step
	out, err := exec.Command("oathtool", "--totp", "-b", "--now", "@"+strconv.FormatInt(step*period, 10), a.secret).Output()
	if err != nil {
		a.t.Fatalf("oathtool (apt-get install oathtool): %v", err)
	}
	return strings.TrimSpace(string(out))
}
