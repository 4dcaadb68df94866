package documents_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/audit/audittest"
	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/documents"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/sandbox"
	"github.com/pecete/pecete/sandbox/pdf"
	"github.com/pecete/pecete/users"
	"github.com/pecete/pecete/verify"
)

// The test's own program is the child that reads documents.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "child" {
		works := pdf.Works()
		for name, work := range verify.Works() {
			works[name] = work
		}
		if err := sandbox.Serve(os.Stdin, os.Stdout, works); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// noon is near the real time, which certificates are verified at.
var noon = time.Now().UTC().Truncate(time.Second)

// A house is a desk over a real registry, with a real sandbox, in front of a server
// of the API.
type house struct {
	t      *testing.T
	desk   *documents.Desk
	store  *registry.Registry
	signer users.User
	other  users.User
	folder string
	server *server
	log    *strings.Builder

	mu  sync.Mutex
	now time.Time
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, now: noon, folder: t.TempDir(), log: &strings.Builder{}}
	store, err := registry.Open(t.Context(), registry.Config{URL: filepath.Join(t.TempDir(), "registry.db")})
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	h.store = store
	registrar := users.Registrar{Store: store, Audit: audittest.Open(t), Now: h.clock}
	for n, into := range []*users.User{&h.signer, &h.other} {
		*into, err = registrar.Add(t.Context(), users.Person{
			Email: fmt.Sprintf("demo%d@example.org", n), GivenName: "Demo", FamilyName: "Signer", Country: "RO", Locale: "en",
		})
		must(t, err)
	}
	h.server = newServer(t)
	h.addCredential()
	program, err := os.Executable()
	must(t, err)
	h.desk = &documents.Desk{
		Store: store, Vault: documents.Vault{Folder: h.folder, Key: []byte("32 bytes of a key for the tests.")},
		PDFs: pdf.Reader{In: &sandbox.Box{
			Program: program, Args: []string{"child"}, Limits: sandbox.Limits{Wall: time.Minute, CPU: 5 * time.Second, Memory: 512 << 20},
		}},
		API:         &client.Client{BaseURL: h.server.URL + "/csc/v2", HTTP: h.server.Client(), ID: "app_1", Secret: "secret"},
		RedirectURI: "https://localhost/portal/signed", Credentials: store, Now: h.clock,
		Logger: slog.New(slog.NewTextHandler(h.log, nil)),
	}
	return h
}

// addCredential adds one for documents, and one for logins, which is for none.
func (h *house) addCredential() {
	h.t.Helper()
	h.addCertified("c_1", x509.KeyUsageContentCommitment)
	h.addCertified("c_login", x509.KeyUsageDigitalSignature, x509.ExtKeyUsageClientAuth)
}

func (h *house) addCertified(id string, usage x509.KeyUsage, purposes ...x509.ExtKeyUsage) {
	h.t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), NotBefore: noon.Add(-time.Hour), NotAfter: noon.AddDate(1, 0, 0), KeyUsage: usage, ExtKeyUsage: purposes,
		Subject: pkix.Name{CommonName: "Demo Signer", Country: []string{"RO"}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &h.server.key.PublicKey, h.server.key)
	must(h.t, err)
	must(h.t, h.store.AddCredential(h.t.Context(), credentials.Credential{
		ID: id, UserID: h.signer.ID, KeyID: []byte(id), Key: csc.P256, Certificates: [][]byte{der}, SCAL: csc.SCAL2,
		Multisign: 10, Mode: csc.OAuth2Code, Created: noon,
	}))
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

func (h *house) take(name string, content []byte) documents.Document {
	h.t.Helper()
	d, err := h.desk.Take(h.t.Context(), h.signer.ID, name, strings.NewReader(string(content)))
	must(h.t, err)
	return d
}

// asked is a batch of these documents whose signer was sent to agree, and the query
// that his browser will bring back.
func (h *house) asked(all ...documents.Document) (documents.Batch, url.Values) {
	h.t.Helper()
	var ids []string
	for _, d := range all {
		ids = append(ids, d.ID)
	}
	b := documents.Batch{ID: documents.NewID("b"), UserID: h.signer.ID, CredentialID: "c_1"}
	b, err := h.desk.Begin(h.t.Context(), b, ids, printed)
	must(h.t, err)
	if b.State != documents.Prepared {
		h.t.Fatalf("the batch is %s (%s): %s", b.State, b.Reason, h.log)
	}
	_, err = h.desk.Ask(h.t.Context(), b, "en")
	must(h.t, err)
	return b, url.Values{"code": {"code"}, "state": {h.server.state()}}
}

func printed(at time.Time) (above, below string) { return "Signed by", at.Format(time.DateOnly) }

func (h *house) batch(id string) (documents.Batch, []documents.Document) {
	h.t.Helper()
	b, all, err := h.desk.Batch(h.t.Context(), h.signer.ID, id)
	must(h.t, err)
	return b, all
}

// signed is the signed file.
func (h *house) signed(d documents.Document) (content []byte) {
	h.t.Helper()
	must(h.t, h.desk.Content(h.t.Context(), d, documents.Signed, func(b []byte) error { content = append(content, b...); return nil }))
	return content
}

// A server of the API keeps a key and counts what it signs.
type server struct {
	*httptest.Server
	t   *testing.T
	key *ecdsa.PrivateKey

	mu     sync.Mutex
	pushed url.Values
	codes  int // redeemed
	hashes int // signed
	breaks string
}

func newServer(t *testing.T) *server {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	s := &server{t: t, key: key}
	mux := http.NewServeMux()
	s.Server = httptest.NewTLSServer(mux)
	t.Cleanup(s.Close)
	mux.HandleFunc("/csc/v2/info", s.answer("info", func(*http.Request) any { return map[string]any{"oauth2": s.URL} }))
	mux.HandleFunc("/oauth2/pushed_authorize", s.answer("push", func(r *http.Request) any {
		s.pushed = r.PostForm
		return map[string]any{"request_uri": "urn:x", "expires_in": 90}
	}))
	mux.HandleFunc("/oauth2/token", s.answer("token", func(*http.Request) any {
		s.codes++
		return map[string]any{"access_token": "token", "token_type": "Bearer", "expires_in": 300}
	}))
	mux.HandleFunc("/csc/v2/signatures/signHash", s.answer("sign", s.sign))
	return s
}

func (s *server) answer(name string, do func(*http.Request) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Type") != "application/json" {
			_ = r.ParseForm() // the test sees what it lacks
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case s.breaks == name:
			w.WriteHeader(http.StatusInternalServerError)
			return
		case s.breaks == "refuse "+name:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"error":"invalid_request"}`))
			return
		}
		said := do(r)
		if name == "push" {
			w.WriteHeader(http.StatusCreated)
		}
		_ = json.NewEncoder(w).Encode(said)
	}
}

func (s *server) sign(r *http.Request) any {
	var req csc.SignHashRequest
	_ = json.NewDecoder(r.Body).Decode(&req) // an empty one signs nothing
	var out csc.SignHashResponse
	for _, hash := range req.Hashes {
		signature, err := ecdsa.SignASN1(rand.Reader, s.key, hash)
		if err != nil {
			s.t.Error(err)
		}
		s.hashes++
		out.Signatures = append(out.Signatures, signature)
	}
	return out
}

// state is that of the request pushed last.
func (s *server) state() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pushed.Get("state")
}

func (s *server) breakAt(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.breaks = name
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
