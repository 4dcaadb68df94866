package portal_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/pecete/pecete/audit/audittest"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/portal"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/users"
)

const (
	email    = "demo.signer@example.org"
	password = "a password for the demo"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// A house is the pages over a real registry and real judges of factors.
type house struct {
	t        testing.TB
	pages    *portal.Pages
	store    *registry.Registry
	audit    *audittest.Log
	prover   *users.Prover
	operator users.Registrar
	signer   users.User
	secret   string // of the authenticator, in Base32
	server   *httptest.Server
	log      *lockedText

	mu      sync.Mutex
	now     time.Time
	notices []portal.Notice
	visited []string // paths that were asked for, and where answers led
}

func newHouse(t testing.TB, change ...func(*portal.Pages)) *house {
	t.Helper()
	return newHouseOn(t, filepath.Join(t.TempDir(), "registry.db"), change...)
}

// onBoth runs a test with both kinds of registry.
func onBoth(t *testing.T, run func(t *testing.T, h *house)) {
	t.Run("SQLite", func(t *testing.T) { run(t, newHouse(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { run(t, newHouseOn(t, proctest.Postgres(t))) })
}

// newHouseOn is a house with its registry at a URL.
func newHouseOn(t testing.TB, url string, change ...func(*portal.Pages)) *house {
	t.Helper()
	h := &house{t: t, now: noon, log: &lockedText{}, audit: audittest.Open(t)}
	store, err := registry.Open(t.Context(), registry.Config{URL: url})
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	hasher, err := users.NewHasher(users.HashCost{Memory: 7 << 10, Passes: 1, Threads: 1, AtOnce: 2, Waiting: 100})
	must(t, err)
	seal := newSealer(t)
	h.store = store
	h.prover = &users.Prover{Store: store, Sealer: seal, Audit: h.audit, Now: h.clock, Passwords: hasher}
	h.operator = users.Registrar{Store: store, Sealer: seal, Audit: h.audit, Now: h.clock, Issuer: "Pecete", Passwords: hasher}
	h.pages = &portal.Pages{
		House: page.House{
			Name: "Pecete", Demo: true, Key: []byte("32 bytes for the tests of portal"), Now: h.clock,
			Logger: slog.New(slog.NewJSONHandler(h.log, nil)),
		},
		Factors: h.prover, Registrar: h.operator, Signers: store, Applications: applications{store}, Certificates: store,
		Sessions: store, Tickets: onetime.NewMemory(h.clock), Audit: h.audit, Notifier: h,
		Failures: quota.NewShared(nil, "", 100, time.Hour, h.clock), Loads: quota.NewShared(nil, "", 120, time.Minute, h.clock),
	}
	for _, f := range change {
		f(h.pages)
	}
	h.enrol()
	mux := http.NewServeMux()
	h.pages.Mount(mux)
	h.server = httptest.NewTLSServer(mux)
	t.Cleanup(h.server.Close)
	return h
}

func (h *house) enrol() {
	h.t.Helper()
	user, uri, err := h.operator.Enrol(h.t.Context(), users.Person{Email: email, GivenName: "Demo", FamilyName: "Signer", Country: "RO", Locale: "en"})
	must(h.t, err)
	must(h.t, h.operator.SetPassword(h.t.Context(), user.ID, password))
	parsed, err := url.Parse(uri)
	must(h.t, err)
	h.signer, h.secret = user, parsed.Query().Get("secret")
}

// Notify remembers what signers were told.
func (h *house) Notify(_ context.Context, _ string, what portal.Notice, _ portal.Place) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.notices = append(h.notices, what)
	return errors.New("nobody delivers that")
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) after(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// code is the next one that the authenticator shows which nobody used.
func (h *house) code() string {
	h.t.Helper()
	h.after(30 * time.Second)
	return codeAt(h.t, h.secret, h.clock())
}

func codeAt(t testing.TB, secret string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, at)
	must(t, err)
	return code
}

// wrongCode is one that the authenticator does not show about now.
func (h *house) wrongCode() string {
	h.t.Helper()
	var near []string
	for step := -2; step <= 3; step++ {
		near = append(near, codeAt(h.t, h.secret, h.clock().Add(time.Duration(step)*30*time.Second)))
	}
	for n := range 10 {
		if code := fmt.Sprintf("%06d", n); !slices.Contains(near, code) {
			return code
		}
	}
	return ""
}

// A browser keeps its cookies.
type browser struct {
	*house
	web *http.Client
}

func (h *house) browser() *browser {
	h.t.Helper()
	jar, err := cookiejar.New(nil)
	must(h.t, err)
	web := *h.server.Client()
	web.Jar = jar
	web.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{h, &web}
}

// inside is a browser in which the signer is logged in.
func (h *house) inside() *browser {
	h.t.Helper()
	b := h.browser()
	resp, _ := b.send("/portal/login", fields("email", email, "password", password, "code", h.code()))
	home := "/portal/security"
	if h.pages.Desk != nil {
		home = "/portal/documents"
	}
	wantRedirect(h.t, resp, home)
	return b
}

func fields(pairs ...string) url.Values {
	form := url.Values{}
	for n := 0; n+1 < len(pairs); n += 2 {
		form.Set(pairs[n], pairs[n+1])
	}
	return form
}

func (b *browser) get(path string, header ...string) (*http.Response, string) {
	b.t.Helper()
	return b.do(http.MethodGet, path, nil, header...)
}

var tokenField = regexp.MustCompile(`name="token" value="([^"]+)"`)

func tokenOf(t testing.TB, text string) string {
	t.Helper()
	m := tokenField.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no form in\n%s", text)
	}
	return m[1]
}

// send sends a form of the page at path back to it.
func (b *browser) send(path string, form url.Values, header ...string) (*http.Response, string) {
	b.t.Helper()
	return b.sendTo(path, path, form, header...)
}

// sendTo sends a form of the page at from to another path.
func (b *browser) sendTo(from, path string, form url.Values, header ...string) (*http.Response, string) {
	b.t.Helper()
	_, text := b.get(from)
	form.Set("token", tokenOf(b.t, text))
	return b.do(http.MethodPost, path, form, header...)
}

func (b *browser) do(method, path string, form url.Values, header ...string) (*http.Response, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+path, strings.NewReader(form.Encode()))
	must(b.t, err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for n := 0; n+1 < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	resp, err := b.web.Do(r)
	must(b.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(b.t, err)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.visited = append(b.visited, path, resp.Header.Get("Location"))
	return resp, string(body)
}

// loggedIn reports whether the browser has a session.
func (b *browser) loggedIn() bool {
	b.t.Helper()
	resp, _ := b.get("/portal/security")
	return resp.StatusCode == http.StatusOK
}

// cookie is what a cookie of the browser holds.
func (b *browser) cookie(name string) string {
	b.t.Helper()
	at, err := url.Parse(b.server.URL)
	must(b.t, err)
	for _, c := range b.web.Jar.Cookies(at) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (b *browser) setCookie(name, value string) {
	b.t.Helper()
	at, err := url.Parse(b.server.URL)
	must(b.t, err)
	b.web.Jar.SetCookies(at, []*http.Cookie{{Name: name, Value: value, Path: "/", Secure: true}})
}

func wantRedirect(t testing.TB, resp *http.Response, to string) {
	t.Helper()
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != to {
		t.Fatalf("answered with %d to %q, want 303 to %q", resp.StatusCode, resp.Header.Get("Location"), to)
	}
}

func wantTold(t testing.TB, text string, told ...string) {
	t.Helper()
	plain := html.UnescapeString(text)
	for _, one := range told {
		if !strings.Contains(plain, one) {
			t.Errorf("the page does not say %q:\n%s", one, text)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// applications are those of the registry, as the program wires them.
type applications struct{ *registry.Registry }

func (a applications) Of(ctx context.Context, userID string) ([]portal.Application, error) {
	permitted, err := a.Permissions(ctx, userID)
	var all []portal.Application
	for _, p := range permitted {
		all = append(all, portal.Application{
			ID: p.ClientID, Name: p.Name, Since: p.Since, Used: p.Used, Linked: p.Linked,
			Reads: slices.Contains(p.Scopes, "service"), Asks: slices.Contains(p.Scopes, "credential"),
			Changes: slices.Contains(p.Scopes, "credential-creation") || slices.Contains(p.Scopes, "credential-deletion"),
		})
	}
	return all, err
}

func (a applications) Withdraw(ctx context.Context, userID, id string) error {
	return a.Registry.Withdraw(ctx, id, userID, users.NewStamp())
}

// credential adds a credential of a user.
func (h *house) credential(id, userID string, change ...func(*credentials.Credential)) credentials.Credential {
	h.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(h.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), NotBefore: noon.AddDate(0, -1, 0), NotAfter: noon.AddDate(1, 0, 0),
		Subject: pkix.Name{CommonName: "Demo Signer", Country: []string{"RO"}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(h.t, err)
	c := credentials.Credential{
		ID: id, UserID: userID, Description: "Demo certificate", KeyID: []byte(id), Key: csc.P256,
		Certificates: [][]byte{der, der}, SCAL: csc.SCAL2, Multisign: 1, Mode: csc.OAuth2Code, Created: noon,
	}
	for _, f := range change {
		f(&c)
	}
	must(h.t, h.store.AddCredential(h.t.Context(), c))
	return c
}

// stranger adds another user.
func (h *house) stranger() users.User {
	h.t.Helper()
	u, err := h.operator.Add(h.t.Context(), users.Person{Email: "semnatar.demo@example.org", GivenName: "Semnatar", FamilyName: "Demo", Country: "RO", Locale: "ro"})
	must(h.t, err)
	return u
}

// A sealer seals with AES-GCM, as the key in the HSM does, and counts.
type sealer struct {
	cipher.AEAD
}

func newSealer(t testing.TB) sealer {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	block, err := aes.NewCipher(key)
	must(t, err)
	aead, err := cipher.NewGCMWithRandomNonce(block)
	must(t, err)
	return sealer{aead}
}

func (s sealer) Seal(_ context.Context, plaintext, aad []byte) ([]byte, error) {
	return s.AEAD.Seal(nil, nil, plaintext, aad), nil
}

func (s sealer) Open(_ context.Context, sealed, aad []byte) ([]byte, error) {
	return s.AEAD.Open(nil, nil, sealed, aad)
}

type lockedText struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
