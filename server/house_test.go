package server_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/edge"
	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/openapi"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/server"
	"github.com/pecete/pecete/signing"
	"github.com/pecete/pecete/tsa"
	"github.com/pecete/pecete/users"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// A house is a whole server but for the device: keys are in memory.
type house struct {
	t        *testing.T
	url      string
	api      *server.Server
	registry *registry.Registry
	tickets  onetime.Store
	keys     *softKeys
	log      *lines
	clock    *clock
	provider *oauth.Provider
	register credentials.Register
	hasher   *users.Hasher
	mails    *box
	sms      *box
	signer   users.User
	otpauth  string
	app      app
	auditLog *audit.Log
	path     string // of the audit log
	handler  http.Handler
	stamper  tsa.Stamper   // nil unless a test has one
	counter  quota.Counter // of what is limited; nil unless a test has one
	messages int           // of a kind that a signer is sent; the usual number if zero
	direct   *oauth.Client // of auth/login; nil unless a test has one
	changes  bool          // credentials may be made and deleted
	extends  bool          // there is credentials/extendTransaction
	seen     seen          // of its state
}

// An app is a client that may act for the house's signer.
type app struct{ id, secret, token string }

type clock struct{ now atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Unix(0, c.now.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.now.Add(int64(d)) }

// A box is where the messages of one kind arrive.
type box struct {
	mu   sync.Mutex
	full bool // it takes no more
	got  []notify.Message
}

var errFullBox = &notify.UnavailableError{Cause: errors.New("the box is full")}

func (b *box) Send(_ context.Context, m notify.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full {
		return errFullBox
	}
	b.got = append(b.got, m)
	return nil
}

func (b *box) setFull(full bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.full = full
}

// messages are what arrived.
func (b *box) messages() []notify.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got)
}

// lines is a log kept for looking at.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// newHouse makes one; change may replace its parts before they are put together.
func newHouse(t *testing.T, change ...func(*house)) *house {
	t.Helper()
	h := &house{t: t, clock: &clock{}, keys: newSoftKeys(), log: &lines{}, path: filepath.Join(t.TempDir(), "audit.log")}
	h.clock.now.Store(noon.UnixNano())
	h.openRegistry(t)
	h.tickets = onetime.NewMemory(h.clock.Now)
	var err error
	h.auditLog, err = audit.Open(t.Context(), audit.Config{
		Path: h.path, Signer: h.keys, Keeper: h.registry, Now: h.clock.Now, Logger: slog.New(slog.DiscardHandler),
	})
	must(t, err)
	t.Cleanup(func() { _ = h.auditLog.Close(context.WithoutCancel(t.Context())) }) // a test may have closed it
	for _, f := range change {
		f(h)
	}
	h.wire()
	h.enrol()
	h.app = h.addApp("Demo Application", h.signer.ID)
	return h
}

func (h *house) wire() {
	contract, err := openapi.Load()
	must(h.t, err)
	contractV1, err := openapi.LoadV1()
	must(h.t, err)
	h.hasher, err = users.NewHasher(users.HashCost{Memory: 7 << 10, Passes: 1, Threads: 1, AtOnce: 2, Waiting: 100})
	must(h.t, err)
	logger := slog.New(slog.NewJSONHandler(h.log, nil))
	h.register = credentials.Register{Store: h.registry, Users: h.registry, Now: h.clock.Now}
	grants := sad.Grants{Store: h.tickets, Now: h.clock.Now}
	h.provider = &oauth.Provider{
		Issuer: "https://localhost", Clients: h.registry, Tokens: h.tickets, Pepper: []byte("0123456789abcdef0123456789abcdef"),
		Audit: h.auditLog, Now: h.clock.Now, Logger: logger,
		StepKey: []byte("a step key for tests of 32 bytes"), Register: h.register, Grants: grants, Permissions: h.registry, Refresh: h.registry,
		Counter: h.counter,
	}
	prover := &users.Prover{Store: h.registry, Sealer: h.keys, Audit: h.auditLog, Now: h.clock.Now, Passwords: h.hasher}
	if h.direct != nil {
		must(h.t, h.registry.AddClient(h.t.Context(), *h.direct))
		h.provider.Direct = &oauth.Direct{Client: h.direct.ID, Prover: prover, Failures: quota.NewShared(h.counter, "failed logins", 5, time.Hour, h.clock.Now)}
	}
	if h.changes {
		h.provider.Changing = &oauth.Changing{Policy: demoPolicy}
	}
	mux := http.NewServeMux()
	h.provider.Mount(mux)
	h.mails, h.sms = &box{}, &box{}
	challenges := credentials.NewChallenges(credentials.Challenges{
		Store: h.tickets, Key: []byte("0123456789abcdef0123456789abcdef"), Post: notify.Post{Mail: h.mails, SMS: h.sms}, From: "Pecete",
		ClientName: func(ctx context.Context, id string) (string, error) {
			client, err := h.registry.Client(ctx, id)
			return client.Name, err
		},
		Now: h.clock.Now, Messages: h.messages, Counter: h.counter,
	})
	h.api = &server.Server{
		Contract: contract, V1: contractV1, Callers: h.provider, Mux: mux, Register: h.register, Stamper: h.stamper,
		Authorizer: credentials.Authorizer{
			Register: h.register, Grants: grants, Audit: h.auditLog, Now: h.clock.Now,
			Prover:     prover,
			Challenges: challenges, Extending: h.extends,
		},
		Signer: signing.Signer{Register: h.register, Grants: grants, Keys: h.keys, Audit: h.auditLog, Now: h.clock.Now},
		About: server.About{
			AuthType: []string{"oauth2client"},
			Name:     "Pecete", Region: "RO", URL: "https://localhost", Languages: []string{"en", "ro"},
			Description: map[string]string{"en": "For tests", "ro": "Pentru teste"},
			Keys:        []csc.KeySpec{csc.P256, csc.RSA3072}, PKCS1v15: true,
		},
		Checks: []server.Check{{Name: "audit", OK: h.auditLog.Ready}, {Name: "registry", OK: h.registry.Ready}},
		Limits: server.Limits{Anonymous: 1e6, Burst: 1e6, Approval: 4 * time.Second},
		Logger: logger, Now: h.clock.Now,
	}
	if h.direct != nil {
		h.api.Logins = h.provider
	}
	if h.changes {
		h.api.Creator, h.api.Deleter = h.changers()
	}
	h.api.Authority = h.authority()
	h.handler = h.api.Handler()
	web := httptest.NewUnstartedServer(nil)
	listener := &edge.Listener{Listener: web.Listener, Most: 1000, MostEach: 1000}
	web.Listener, web.Config = listener, edge.NewServer(h.handler, listener, logger)
	web.Start()
	h.t.Cleanup(web.Close)
	h.url = web.URL
}

func (h *house) registrar() users.Registrar {
	return users.Registrar{
		Store: h.registry, Sealer: h.keys, Audit: h.auditLog, Now: h.clock.Now, Issuer: "Pecete", Passwords: h.hasher,
	}
}

func (h *house) enrol() {
	var err error
	h.signer, h.otpauth, err = h.registrar().Enrol(h.t.Context(), users.Person{
		Email: "demo.signer@example.org", GivenName: "Demo", FamilyName: "Signer", Country: "RO", Locale: "en", Phone: "+40700000001",
	})
	must(h.t, err)
}

// stranger enrols another signer, whom no client acts for.
func (h *house) stranger() users.User {
	user, _, err := h.registrar().Enrol(h.t.Context(), users.Person{
		Email: "semnatar.demo@example.org", GivenName: "Semnatar", FamilyName: "Demo", Country: "RO", Locale: "ro",
	})
	must(h.t, err)
	return user
}

func (h *house) addApp(name string, signers ...string) app {
	secret, verifier := oauth.NewSecret(h.provider.Pepper)
	client := oauth.Client{
		ID: oauth.NewClientID(), Name: name, Verifiers: [][]byte{verifier},
		Grants: []string{"client_credentials"}, Scopes: []string{csc.ScopeService}, Created: noon,
	}
	must(h.t, h.registry.AddClient(h.t.Context(), client))
	for _, signer := range signers {
		must(h.t, h.registry.Link(h.t.Context(), client.ID, signer))
	}
	a := app{id: client.ID, secret: string(secret)}
	a.token = h.token(a)
	return a
}

// token asks for a service token.
func (h *house) token(a app) string {
	h.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {a.id}, "client_secret": {a.secret}}
	resp, err := http.PostForm(h.url+"/oauth2/token", form)
	must(h.t, err)
	defer resp.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	must(h.t, json.NewDecoder(resp.Body).Decode(&answer))
	if answer.Token == "" {
		h.t.Fatalf("no token: %s", resp.Status)
	}
	return answer.Token
}

// credential makes a credential for a user; change may make it odd.
func (h *house) credential(user users.User, key csc.KeySpec, change func(*credentials.Profile)) credentials.Credential {
	h.t.Helper()
	p := credentials.Profile{
		Key: key, SCAL: csc.SCAL2, Multisign: 10, Mode: csc.Explicit, PKCS1v15: true,
		NotBefore: noon.Add(-time.Hour), NotAfter: noon.AddDate(1, 0, 0),
	}
	if change != nil {
		change(&p)
	}
	enroller := credentials.Enroller{Device: h.keys, Issuer: h.keys, Store: h.registry, Audit: h.auditLog, Now: h.clock.Now}
	c, err := enroller.Enroll(h.t.Context(), user, p)
	must(h.t, err)
	return c
}

// An answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// call posts a body with the house's token unless headers say otherwise.
func (h *house) call(method csc.Method, body string, headers ...string) answer {
	h.t.Helper()
	return h.send(http.MethodPost, csc.BasePath+"/"+string(method), body, headers...)
}

func (h *house) send(verb, path, body string, headers ...string) answer {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), verb, h.url+path, strings.NewReader(body))
	must(h.t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+h.app.token)
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Del(name)
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	must(h.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(h.t, err)
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// decode reads a good answer.
func decode[T any](t *testing.T, a answer) (v T) {
	t.Helper()
	if a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	must(t, json.Unmarshal([]byte(a.body), &v))
	return v
}

// code is what the signer's authenticator shows now.
func (h *house) code() string {
	h.t.Helper()
	key, err := otp.NewKeyFromURL(h.otpauth)
	must(h.t, err)
	code, err := totp.GenerateCode(key.Secret(), h.clock.Now())
	must(h.t, err)
	return code
}

// authorize has the signer agree, with a code of a step of its own.
func (h *house) authorize(c credentials.Credential, count int, hashes ...string) string {
	h.t.Helper()
	h.clock.advance(30 * time.Second)
	body := fmt.Sprintf(`{"credentialID":%q,"numSignatures":%d,"authData":[{"id":"OTP","value":%q}]`, c.ID, count, h.code())
	if len(hashes) > 0 {
		body += fmt.Sprintf(`,"hashes":["%s"],"hashAlgorithmOID":%q`, strings.Join(hashes, `","`), csc.OIDSHA256)
	}
	granted := decode[struct{ SAD string }](h.t, h.call(csc.MethodAuthorize, body+"}"))
	return granted.SAD
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// softKeys is the device and the authority of these tests.
type softKeys struct {
	mu      sync.Mutex
	keys    map[string]crypto.Signer
	signed  int
	full    bool // no request is let in
	broken  func(signature []byte) []byte
	before  atomic.Value // func(): what happens before a signature
	root    *x509.Certificate
	rootKey *ecdsa.PrivateKey
	seal    cipher.AEAD
	rsa     bool // it has the first key of RSA, which all houses have
}

func newSoftKeys() *softKeys {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"},
		NotBefore: noon.AddDate(-1, 0, 0), NotAfter: noon.AddDate(5, 0, 0), IsCA: true, BasicConstraintsValid: true,
	}
	der, _ := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	root, _ = x509.ParseCertificate(der)
	block, _ := aes.NewCipher(make([]byte, 32))
	seal, _ := cipher.NewGCMWithRandomNonce(block)
	return &softKeys{keys: map[string]crypto.Signer{}, root: root, rootKey: key, seal: seal}
}

func (k *softKeys) Generate(_ context.Context, spec csc.KeySpec, _ string) ([]byte, crypto.PublicKey, error) {
	var key crypto.Signer
	var err error
	k.mu.Lock()
	first := spec == csc.RSA3072 && !k.rsa
	k.rsa = k.rsa || first
	k.mu.Unlock()
	if first {
		key, err = firstRSA()
	} else if spec.RSA() {
		key, err = rsa.GenerateKey(rand.Reader, spec.Bits())
	} else {
		key, err = ecdsa.GenerateKey(map[csc.KeySpec]elliptic.Curve{
			csc.P256: elliptic.P256(), csc.P384: elliptic.P384(), csc.P521: elliptic.P521(),
		}[spec], rand.Reader)
	}
	if err != nil {
		return nil, nil, err
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys[string(id)] = key
	return id, key.Public(), nil
}

func (k *softKeys) Destroy(_ context.Context, id []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.keys, string(id))
	return nil
}

func (k *softKeys) Sign(_ context.Context, id []byte, alg csc.Algorithm, digest []byte) ([]byte, error) {
	if before, ok := k.before.Load().(func()); ok && before != nil {
		before()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.signed++
	var opts crypto.SignerOpts = alg.Hash
	if alg.Scheme == csc.PSS {
		opts = &rsa.PSSOptions{SaltLength: alg.SaltLength, Hash: alg.Hash}
	}
	signature, err := k.keys[string(id)].Sign(rand.Reader, digest, opts)
	if k.broken != nil {
		signature = k.broken(signature)
	}
	return signature, err
}

func (k *softKeys) setBefore(f func()) { k.before.Store(f) }

var errFull = &hsmFull{}

// hsmFull passes by itself, as the device's own refusal does.
type hsmFull struct{}

func (*hsmFull) Error() string     { return "the device has no room" }
func (*hsmFull) Unavailable() bool { return true }

func (k *softKeys) Admit(int) (func(), error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.full {
		return nil, errFull
	}
	return func() {}, nil
}

func (k *softKeys) setFull(full bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.full = full
}

func (k *softKeys) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.signed
}

func (k *softKeys) Issue(ctx context.Context, signer users.User, public crypto.PublicKey, notBefore, notAfter time.Time, intend credentials.Intend) ([][]byte, error) {
	serial := make([]byte, 8)
	_, _ = rand.Read(serial)
	leaf := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial), NotBefore: notBefore, NotAfter: notAfter,
		Subject: pkix.Name{Organization: []string{"Demo"}, CommonName: signer.GivenName + " " + signer.FamilyName},
	}
	if err := intend(ctx, leaf.SerialNumber); err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, k.root, public, k.rootKey)
	return [][]byte{der, k.root.Raw}, err
}

func (k *softKeys) SignHead(_ context.Context, digest []byte) ([]byte, error) {
	return ecdsa.SignASN1(rand.Reader, k.rootKey, digest)
}

func (k *softKeys) Seal(_ context.Context, plaintext, aad []byte) ([]byte, error) {
	return k.seal.Seal(nil, nil, plaintext, aad), nil
}

func (k *softKeys) Open(_ context.Context, sealed, aad []byte) ([]byte, error) {
	return k.seal.Open(nil, nil, sealed, aad)
}
