package servertest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/browser"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

const newPassword = "another correct horse battery"

// A new password on the signer's own pages ends what he gave before at once: an
// access token, a refresh token, an authorization that is not spent yet, and the
// session in another browser. It is so in the process where it was set, in another
// one, and after that was killed and started again.
func TestANewPasswordEndsEverything(t *testing.T) {
	for name, on := range map[string]struct {
		stores func(t *testing.T) map[string]string
		two    bool
	}{
		"memory and SQLite": {func(*testing.T) map[string]string { return nil }, false},
		"Redis and PostgreSQL, two processes": {func(t *testing.T) map[string]string {
			return map[string]string{"registry: registry.db": "registry: " + proctest.Postgres(t), "onetime: memory": "onetime: " + proctest.Redis(t).URL}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := servertest.Raise(t)
			reconfigure(t, s, on.stores(t))
			g := newGiver(t, s)
			servertest.Serve(t, s)
			other := s
			if on.two {
				joined, err := s.Join("two")
				must(t, err)
				servertest.Serve(t, joined)
				other = joined
			}
			g.run(other)
		})
	}
}

// A giver is a signer who gave an application all there is to give.
type giver struct {
	t      *testing.T
	s      *stage.Stage
	signer stage.Signer
	app    stage.Client
	codes  int           // that were used
	ahead  time.Duration // that the server's clock is
}

func newGiver(t *testing.T, s *stage.Stage) *giver {
	t.Helper()
	ctx := servertest.Context(t)
	g := &giver{t: t, s: s}
	var err error
	g.signer, err = s.AddSigner(ctx, "demo.signer@example.org", "Demo", "Signer", "--mode", "oauth2code")
	must(t, err)
	must(t, s.SetPassword(ctx, g.signer.ID, password))
	g.app, err = s.AddWebClient(ctx, "Demo Application", home)
	must(t, err)
	return g
}

// code is one that nobody used: of the step before, of now, and of the next one.
func (g *giver) code() string {
	g.t.Helper()
	if g.codes == 3 {
		g.t.Fatal("the signer has no more codes now")
	}
	key, err := otp.NewKeyFromURL(g.signer.OTPAuth)
	must(g.t, err)
	code, err := totp.GenerateCode(key.Secret(), time.Now().Add(g.ahead+time.Duration(g.codes-1)*30*time.Second))
	must(g.t, err)
	g.codes++
	return code
}

func (g *giver) browser(s *stage.Stage) *browser.Browser {
	g.t.Helper()
	web, err := s.HTTP()
	must(g.t, err)
	g.t.Cleanup(web.CloseIdleConnections)
	return browser.New(home, browser.Always(web))
}

// authorize goes the signer's way, and returns what the code gave.
func (g *giver) authorize(asked url.Values) (access, refresh string) {
	g.t.Helper()
	challenge := sha256.Sum256([]byte(verifier))
	for name, value := range map[string]string{
		"response_type": "code", "client_id": g.app.ID, "redirect_uri": home, "code_challenge_method": "S256",
		"code_challenge": base64.RawURLEncoding.EncodeToString(challenge[:]),
	} {
		asked.Set(name, value)
	}
	ctx := servertest.Context(g.t)
	told, err := g.browser(g.s).Agree(ctx, g.s.URL+"/oauth2/authorize?"+asked.Encode(), browser.Signer{
		Email: "demo.signer@example.org", Password: password, Code: func(context.Context) (string, error) { return g.code(), nil },
	})
	must(g.t, err)
	status, answer := g.post(g.s, "/oauth2/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {told.Get("code")}, "redirect_uri": {home}, "code_verifier": {verifier},
	})
	if status != http.StatusOK {
		g.t.Fatalf("no token: %d %v (told %v)", status, answer, told)
	}
	access, _ = answer["access_token"].(string)
	refresh, _ = answer["refresh_token"].(string)
	return access, refresh
}

// post calls the authorization server as the application.
func (g *giver) post(s *stage.Stage, path string, form url.Values) (int, map[string]any) {
	g.t.Helper()
	form.Set("client_id", g.app.ID)
	form.Set("client_secret", g.app.Secret)
	return g.call(s, path, "application/x-www-form-urlencoded", form.Encode(), "")
}

func (g *giver) call(s *stage.Stage, path, kind, body, token string) (int, map[string]any) {
	g.t.Helper()
	web, err := s.HTTP()
	must(g.t, err)
	defer web.CloseIdleConnections()
	r, err := http.NewRequestWithContext(servertest.Context(g.t), http.MethodPost, s.URL+path, strings.NewReader(body))
	must(g.t, err)
	r.Header.Set("Content-Type", kind)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := web.Do(r)
	must(g.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(g.t, err)
	answer := map[string]any{}
	if len(text) > 0 {
		must(g.t, json.Unmarshal(text, &answer))
	}
	return resp.StatusCode, answer
}

// list and sign use a token for what it is for.
func (g *giver) list(s *stage.Stage, token string) (int, map[string]any) {
	g.t.Helper()
	return g.call(s, csc.BasePath+"/credentials/list", "application/json", `{}`, token)
}

func (g *giver) sign(s *stage.Stage, token string, digest []byte) (int, map[string]any) {
	g.t.Helper()
	body, err := json.Marshal(map[string]any{
		"credentialID": g.signer.Credentials[0], "hashes": []string{base64.StdEncoding.EncodeToString(digest)}, "signAlgo": ecdsaSHA256,
	})
	must(g.t, err)
	return g.call(s, csc.BasePath+"/signatures/signHash", "application/json", string(body), token)
}

func (g *giver) run(other *stage.Stage) {
	t, ctx := g.t, servertest.Context(g.t)
	first, second := sha256.Sum256([]byte("one")), sha256.Sum256([]byte("two"))
	access, refresh := g.authorize(url.Values{})
	sad, _ := g.authorize(url.Values{
		"scope": {"credential"}, "credentialID": {g.signer.Credentials[0]}, "numSignatures": {"2"}, "hashAlgorithmOID": {csc.OIDSHA256},
		"hashes": {base64.RawURLEncoding.EncodeToString(first[:]) + "," + base64.RawURLEncoding.EncodeToString(second[:])},
	})
	if status, answer := g.list(other, access); status != http.StatusOK {
		t.Fatalf("the access token is not good to begin with: %d %v", status, answer)
	}
	if status, answer := g.sign(other, sad, first[:]); status != http.StatusOK {
		t.Fatalf("the authorization is not good to begin with: %d %v", status, answer)
	}

	own := g.browser(g.s)
	page, err := own.Open(ctx, g.s.URL+"/portal")
	must(t, err)
	page, err = own.Submit(ctx, page, url.Values{"email": {"demo.signer@example.org"}, "password": {password}, "code": {g.code()}})
	must(t, err)
	if page.At.Path != "/portal/documents" || page.Status != http.StatusOK {
		t.Fatalf("not logged in: %s %d", page.At, page.Status)
	}
	page, err = own.Open(ctx, g.s.URL+"/portal/password")
	must(t, err)
	page, err = own.Submit(ctx, page, url.Values{"password": {password}, "new": {newPassword}, "again": {newPassword}, "code": {g.code()}})
	must(t, err)
	if page.At.Path != "/portal/security" || page.Status != http.StatusOK {
		t.Fatalf("not changed: %s %d", page.At, page.Status)
	}
	g.told("Pecete: you logged in", "Pecete: your password was changed")

	g.ended(other, access, refresh, sad, second[:])
	g.ended(g.s, access, refresh, sad, second[:])
	must(t, g.s.Kill())
	must(t, g.s.Serve(ctx))
	g.ended(g.s, access, refresh, sad, second[:])
	if out, err := g.s.Run(ctx, "audit", "verify"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	g.secretsStayOut(access, refresh, sad)
}

// told waits until the signer was sent mails of these subjects, which whoever sits
// at the server's machine finds at /outbox.
func (g *giver) told(subjects ...string) {
	g.t.Helper()
	web, err := g.s.HTTP()
	must(g.t, err)
	defer web.CloseIdleConnections()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		resp, err := web.Get(g.s.URL + "/outbox")
		must(g.t, err)
		text, err := io.ReadAll(resp.Body)
		must(g.t, errors.Join(err, resp.Body.Close()))
		missing := slices.DeleteFunc(slices.Clone(subjects), func(s string) bool { return strings.Contains(string(text), s) })
		if len(missing) == 0 {
			return
		}
		if time.Now().After(deadline) {
			g.t.Fatalf("no mail %q, answered with %d:\n%s", missing, resp.StatusCode, text)
		}
	}
}

// ended holds that nothing that was given is good any more.
func (g *giver) ended(s *stage.Stage, access, refresh, sad string, digest []byte) {
	g.t.Helper()
	if status, answer := g.list(s, access); status != http.StatusUnauthorized {
		g.t.Errorf("%s: the access token: %d %v", s.Name, status, answer)
	}
	if status, answer := g.post(s, "/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}); status != http.StatusBadRequest || answer["error"] != "invalid_grant" {
		g.t.Errorf("%s: the refresh token: %d %v", s.Name, status, answer)
	}
	if status, answer := g.sign(s, sad, digest); status != http.StatusUnauthorized {
		g.t.Errorf("%s: the authorization: %d %v", s.Name, status, answer)
	}
}

// secretsStayOut looks for what must be in no log.
func (g *giver) secretsStayOut(secrets ...string) {
	g.t.Helper()
	logs, err := filepath.Glob(filepath.Join(g.s.Folder, "*.log"))
	must(g.t, err)
	more, err := filepath.Glob(filepath.Join(g.s.Folder, "audit", "*.log"))
	must(g.t, err)
	for _, path := range append(logs, more...) {
		text, err := os.ReadFile(path)
		must(g.t, err)
		for _, secret := range append(secrets, password, newPassword) {
			if bytes.Contains(text, []byte(secret)) {
				g.t.Errorf("%s has a secret", filepath.Base(path))
			}
		}
	}
}
