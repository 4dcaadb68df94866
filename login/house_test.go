package login_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/pecete/pecete/audit/audittest"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/login"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/users"
)

const (
	password = "a password for the demo"
	next     = "/oauth2/authorize?i=one"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// A house is the pages over a real registry and a real judge of factors; only
// the keeper of interactions is of the tests.
type house struct {
	t       testing.TB
	pages   *login.Pages
	desk    *desk
	store   *registry.Registry
	signer  users.User
	secret  string // of the authenticator, in Base32
	server  *httptest.Server
	browser *http.Client
	log     *strings.Builder

	mu  sync.Mutex
	now time.Time
}

func newHouse(t testing.TB, change ...func(*login.Pages)) *house {
	t.Helper()
	h := &house{t: t, now: noon, log: &strings.Builder{}, desk: &desk{kept: map[string]oauth.Interaction{}}}
	store, err := registry.Open(t.Context(), registry.Config{URL: filepath.Join(t.TempDir(), "registry.db")})
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	h.store = store
	hasher, err := users.NewHasher(users.HashCost{Memory: 7 << 10, Passes: 1, Threads: 1, AtOnce: 2, Waiting: 100})
	must(t, err)
	seal, audit := newSealer(t), audittest.Open(t)
	h.pages = &login.Pages{
		OAuth:    h.desk,
		Prover:   &users.Prover{Store: store, Sealer: seal, Audit: audit, Now: h.clock, Passwords: hasher},
		Users:    store,
		Register: credentials.Register{Store: store, Users: store, Now: h.clock},
		Key:      []byte("32 bytes for the tests of login!"),
		Name:     "Pecete",
		Demo:     true,
		Logger:   slog.New(slog.NewTextHandler(h.log, nil)),
		Now:      h.clock,
	}
	h.enrol(users.Registrar{Store: store, Sealer: seal, Audit: audit, Now: h.clock, Issuer: "Pecete", Passwords: hasher})
	for _, f := range change {
		f(h.pages)
	}
	h.serve()
	return h
}

func (h *house) enrol(r users.Registrar) {
	h.t.Helper()
	user, uri, err := r.Enrol(h.t.Context(), users.Person{
		Email: "demo.signer@example.org", GivenName: "Demo", FamilyName: "Signer", Country: "RO", Locale: "en",
	})
	must(h.t, err)
	hash, err := r.Passwords.Hash(h.t.Context(), password)
	must(h.t, err)
	must(h.t, h.store.SetPassword(h.t.Context(), user.ID, hash, users.NewStamp()))
	parsed, err := url.Parse(uri)
	must(h.t, err)
	h.signer, h.secret = user, parsed.Query().Get("secret")
}

// setPIN gives the signer a PIN.
func (h *house) setPIN(pin csc.Secret) {
	h.t.Helper()
	r := users.Registrar{Store: h.store, Audit: h.pages.Prover.Audit, Now: h.clock, Passwords: h.pages.Prover.Passwords}
	must(h.t, r.SetPIN(h.t.Context(), h.signer.ID, pin))
}

func (h *house) serve() {
	mux := http.NewServeMux()
	h.pages.Mount(mux)
	mux.HandleFunc("GET /oauth2/authorize", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "dispatcher") })
	h.server = httptest.NewTLSServer(mux)
	h.t.Cleanup(h.server.Close)
	jar, err := cookiejar.New(nil)
	must(h.t, err)
	h.browser = h.server.Client()
	h.browser.Jar = jar
	h.browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
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

// code is the one that the authenticator shows now.
func (h *house) code() string {
	h.t.Helper()
	c, err := totp.GenerateCode(h.secret, h.clock())
	must(h.t, err)
	return c
}

// wrongCode is one that it does not show about now.
func (h *house) wrongCode() string {
	h.t.Helper()
	near := map[string]bool{}
	for step := -2; step <= 2; step++ {
		c, err := totp.GenerateCode(h.secret, h.clock().Add(time.Duration(step)*30*time.Second))
		must(h.t, err)
		near[c] = true
	}
	for n := range 10 {
		if c := fmt.Sprintf("%06d", n); !near[c] {
			return c
		}
	}
	return ""
}

// credential adds a credential of the signer.
func (h *house) credential(id string, change ...func(*credentials.Credential)) credentials.Credential {
	h.t.Helper()
	c := credentials.Credential{
		ID: id, UserID: h.signer.ID, Description: "Demo certificate", KeyID: []byte(id), Key: csc.P256,
		Certificates: [][]byte{certificate(h.t, noon.AddDate(0, -1, 0), noon.AddDate(1, 0, 0))},
		SCAL:         csc.SCAL2, Multisign: 100, Mode: csc.OAuth2Code, Created: noon,
	}
	for _, f := range change {
		f(&c)
	}
	must(h.t, h.store.AddCredential(h.t.Context(), c))
	return c
}

// stranger adds another user.
func (h *house) stranger(id string) {
	h.t.Helper()
	must(h.t, h.store.AddUser(h.t.Context(), users.User{
		ID: id, Email: id + "@example.org", GivenName: "Other", FamilyName: "Signer", Country: "RO", Locale: "en", Created: noon,
	}))
}

func certificate(t testing.TB, from, until time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	ca := &x509.Certificate{Subject: pkix.Name{CommonName: "Demo Issuing CA", Organization: []string{"Demo"}, Country: []string{"RO"}}}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(7), NotBefore: from, NotAfter: until,
		Subject: pkix.Name{CommonName: "Demo Signer", Country: []string{"RO"}, SerialNumber: "TEST-0001"},
	}, ca, &key.PublicKey, key)
	must(t, err)
	return der
}

// ask opens an interaction that asks for signatures of labels.
func (h *house) ask(labels []string, change ...func(*oauth.Interaction)) oauth.Interaction {
	d := oauth.Detail{CredentialID: "c_1", Count: len(labels), HashOID: csc.OIDSHA256}
	for _, label := range labels {
		d.Digests = append(d.Digests, oauth.DocumentDigest{Digest: digest(label), Label: label, Kind: csc.DTBSR})
	}
	i := oauth.Interaction{
		ID: "one", Scope: csc.ScopeCredential, Details: []oauth.Detail{d}, UserID: h.signer.ID, Expires: noon.Add(10 * time.Minute),
		Client: oauth.Client{ID: "app_1", Name: "Demo application", RedirectURIs: []string{"https://app.example.org/back"}},
	}
	for _, f := range change {
		f(&i)
	}
	h.desk.put(i)
	return i
}

func digest(s string) csc.Digest {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

// get loads a page, which must be there.
func (h *house) get(path string, header ...string) (*http.Response, string) {
	h.t.Helper()
	return h.do(http.MethodGet, path, nil, header...)
}

// send sends the form of the page at path with fields changed; an empty value
// takes a field away.
func (h *house) send(path string, fields url.Values, header ...string) (*http.Response, string) {
	h.t.Helper()
	_, page := h.get(path)
	form := hidden(page)
	for name, values := range fields {
		form[name] = values
	}
	return h.do(http.MethodPost, path, form, header...)
}

func (h *house) do(method, path string, form url.Values, header ...string) (*http.Response, string) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.server.URL+path, strings.NewReader(form.Encode()))
	must(h.t, err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for n := 0; n+1 < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	resp, err := h.browser.Do(r)
	must(h.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(h.t, err)
	return resp, string(body)
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)

// hidden are the hidden fields of a page.
func hidden(page string) url.Values {
	form := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(page, -1) {
		form.Set(m[1], m[2])
	}
	return form
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A desk keeps interactions, as oauth.Provider does, and what became of them.
type desk struct {
	mu    sync.Mutex
	kept  map[string]oauth.Interaction
	fails error

	agreed   []agreement
	declined int
}

type agreement struct {
	credentials string
	shown       []byte
	step        int64
}

func (d *desk) put(i oauth.Interaction) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kept[i.ID] = i
}

func (d *desk) Interaction(r *http.Request) (oauth.Interaction, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i, ok := d.kept[r.URL.Query().Get("i")]
	if !ok {
		return i, fmt.Errorf("find: %w", oauth.ErrInteraction)
	}
	return i, nil
}

// advance takes one step from the picture that is i.
func (d *desk) advance(i oauth.Interaction, step func(*oauth.Interaction) bool) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fails != nil {
		return "", d.fails
	}
	now, ok := d.kept[i.ID]
	if !ok || now.UserID != i.UserID {
		return "", oauth.ErrInteraction
	}
	if step(&now) {
		delete(d.kept, i.ID)
	} else {
		d.kept[i.ID] = now
	}
	return "/oauth2/authorize?i=" + i.ID, nil
}

func (d *desk) LoggedIn(_ context.Context, i oauth.Interaction, user users.User) (string, error) {
	return d.advance(i, func(now *oauth.Interaction) bool { now.UserID = user.ID; return false })
}

func (d *desk) Agreed(_ context.Context, i oauth.Interaction, credentialIDs []string, shown []byte, step int64) (string, error) {
	return d.advance(i, func(*oauth.Interaction) bool {
		d.agreed = append(d.agreed, agreement{strings.Join(credentialIDs, ","), shown, step})
		return true
	})
}

func (d *desk) Declined(_ context.Context, i oauth.Interaction) (string, error) {
	return d.advance(i, func(*oauth.Interaction) bool { d.declined++; return true })
}

// A sealer seals with AES-GCM, as the key in the HSM does.
type sealer struct{ cipher.AEAD }

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

// An awayError is a store that cannot be asked.
type awayError struct{ error }

func (awayError) Unavailable() bool { return true }

var errAway = awayError{errors.New("store is away")}

func (d *desk) Permitted(_ context.Context, i oauth.Interaction, shown []byte, step int64) (string, error) {
	return d.advance(i, func(*oauth.Interaction) bool {
		d.agreed = append(d.agreed, agreement{"", shown, step})
		return true
	})
}
