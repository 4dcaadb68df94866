package oauth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/onetime"
)

func newTokens(_ *testing.T, now func() time.Time) onetime.Store { return onetime.NewMemory(now) }

// A spy remembers what a store was given to keep (key, value, key, value) and
// counts what it was asked.
type spy struct {
	onetime.Store
	mu    sync.Mutex
	seen  []string
	asked int
}

func (s *spy) Get(ctx context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	s.asked++
	s.mu.Unlock()
	return s.Store.Get(ctx, key)
}

// An askedShelf counts what a client store was asked.
type askedShelf struct {
	oauth.ClientStore
	asked int
}

func (s *askedShelf) Client(ctx context.Context, id string) (oauth.Client, error) {
	s.asked++
	return s.ClientStore.Client(ctx, id)
}

func (s *spy) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	s.mu.Lock()
	s.seen = append(s.seen, key, string(value))
	s.mu.Unlock()
	return s.Store.Put(ctx, key, value, ttl)
}

func (a answer) wantUnavailable(t *testing.T) {
	t.Helper()
	a.want(t, 503, "temporarily_unavailable", tableUnavailable)
	if got := a.header.Get("Retry-After"); got != "5" {
		t.Errorf("Retry-After %q", got)
	}
}

// Whatever cannot be asked, the answer is that, and never a rejection or a
// success (RFC 6749 would have the client throw its secret away).
func TestStoreOutage(t *testing.T) {
	tokens, clients := &fragile{}, &shutShelf{}
	h := newHouse(t, func(h *house) {
		tokens.Store, clients.ClientStore = h.tokens, h.clients
		h.provider.Tokens, h.provider.Clients = tokens, clients
	})
	token := h.issue()
	revocation := with(h.good(), "token", string(token))

	tokens.verb = "Put"
	h.post("/oauth2/token", h.good()).wantUnavailable(t)
	tokens.verb = "Get"
	h.post("/oauth2/revoke", revocation).wantUnavailable(t)
	if _, err := h.provider.Bearer(t.Context(), token); !unavailable(err) || errors.Is(err, oauth.ErrTokenUnknown) {
		t.Errorf("Bearer: %v", err)
	}
	tokens.verb = "Take"
	h.post("/oauth2/revoke", revocation).wantUnavailable(t)
	tokens.verb = ""

	clients.err = fmt.Errorf("read clients: %w", errGone)
	h.post("/oauth2/token", h.good()).wantUnavailable(t)
	h.post("/oauth2/revoke", revocation).wantUnavailable(t)
	if _, err := h.provider.Bearer(t.Context(), token); !unavailable(err) || errors.Is(err, oauth.ErrTokenUnknown) {
		t.Errorf("Bearer: %v", err)
	}

	clients.err = errors.New("row cannot be read")
	h.post("/oauth2/token", h.good()).want(t, 500, "server_error", tableServerError)
	h.post("/oauth2/revoke", revocation).want(t, 500, "server_error", tableServerError)
	if !strings.Contains(h.log.String(), "row cannot be read") {
		t.Error("the cause is not in the log")
	}

	clients.err = nil
	if _, err := h.provider.Bearer(t.Context(), token); err != nil {
		t.Errorf("after all that the token is gone: %v", err)
	}
}

func unavailable(err error) bool {
	var u interface{ Unavailable() bool }
	return errors.As(err, &u) && u.Unavailable()
}

// The same with a real Redis that dies.
func TestRedisOutage(t *testing.T) {
	stop, url := startRedis(t)
	store, err := onetime.OpenRedis(t.Context(), onetime.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	h := newHouse(t, func(h *house) { h.provider.Tokens = store })
	token := h.issue()
	if who, err := h.provider.Bearer(t.Context(), token); err != nil || who.ClientID != h.id {
		t.Fatalf("%+v, %v", who, err)
	}
	dead := h.issue()
	if a := h.post("/oauth2/revoke", with(h.good(), "token", string(dead))); a.status != http.StatusNoContent {
		t.Fatalf("got %d %s", a.status, a.text)
	}
	if _, err := h.provider.Bearer(t.Context(), dead); err != oauth.ErrTokenUnknown {
		t.Errorf("revoked: %v", err)
	}
	stop()
	h.post("/oauth2/token", h.good()).wantUnavailable(t)
	h.post("/oauth2/revoke", with(h.good(), "token", string(token))).wantUnavailable(t)
	if _, err := h.provider.Bearer(t.Context(), token); !unavailable(err) {
		t.Errorf("Bearer: %v", err)
	}
	if log := h.log.String(); strings.Contains(log, string(token)) || strings.Contains(log, string(h.secret)) {
		t.Error("a secret in the log")
	}
}

// startRedis runs redis-server on a free port.
func startRedis(t *testing.T) (stop func(), url string) {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal("install redis-server: ", err)
	}
	socket := filepath.Join(t.TempDir(), "redis")
	cmd := exec.Command(program, "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	t.Cleanup(stop)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			_ = conn.Close()
			return stop, "unix://" + socket
		}
		if time.Now().After(deadline) {
			t.Fatal("redis-server does not answer: ", err)
		}
	}
}

// A ledger writes to a file; on /dev/full each write really fails.
type ledger struct{ f *os.File }

func (l ledger) Append(_ context.Context, e audit.Entry) error {
	if _, err := fmt.Fprintln(l.f, e); err != nil {
		return fmt.Errorf("write audit record: %w", err)
	}
	return l.f.Sync()
}

// No record, no token: neither in the answer nor in the store. And no record,
// no revocation.
func TestAuditFailure(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = full.Close() }()
	watched := &spy{}
	h := newHouse(t, func(h *house) {
		watched.Store = h.tokens
		h.provider.Tokens = watched
	})
	token := h.issue()
	h.provider.Audit = ledger{full}
	a := h.post("/oauth2/token", h.good())
	a.want(t, 500, "server_error", tableServerError)
	if len(watched.seen) != 4 {
		t.Fatalf("stored %d times", len(watched.seen)/2)
	}
	if _, err := h.tokens.Get(t.Context(), watched.seen[2]); !errors.Is(err, onetime.ErrUnknown) {
		t.Errorf("the token lives: %v", err)
	}
	h.post("/oauth2/revoke", with(h.good(), "token", string(token))).want(t, 500, "server_error", tableServerError)
	if _, err := h.provider.Bearer(t.Context(), token); err != nil {
		t.Errorf("revoked without a record: %v", err)
	}
}

// The log itself: an issued token is in it, and without it there is none.
func TestAuditLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	log, err := audit.Open(t.Context(), audit.Config{Path: path, Signer: headKey{newKey(t)}, Keeper: &drawer{}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close(context.Background()) }() // closed already, or the test failed
	h := newHouse(t, func(h *house) { h.provider.Audit = log })
	token := h.issue()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"event":"token.issued"`) || !strings.Contains(string(text), h.id) {
		t.Errorf("the record is not in the log:\n%s", text)
	}
	if strings.Contains(string(text), string(token)) {
		t.Error("the token is in the log")
	}
	if err := log.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.post("/oauth2/token", h.good()).wantUnavailable(t)
	h.post("/oauth2/revoke", with(h.good(), "token", string(token))).wantUnavailable(t)
}

// A headKey signs heads of an audit log.
type headKey struct{ key *ecdsa.PrivateKey }

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (k headKey) SignHead(_ context.Context, digest []byte) ([]byte, error) {
	return ecdsa.SignASN1(rand.Reader, k.key, digest)
}

// A drawer keeps the last head of one log.
type drawer struct {
	mu   sync.Mutex
	head *audit.Head
}

func (d *drawer) KeepHead(_ context.Context, h audit.Head) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.head != nil && h.Seq < d.head.Seq {
		return errors.New("an older head")
	}
	d.head = &h
	return nil
}

func (d *drawer) LastHead(context.Context, string) (audit.Head, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.head == nil {
		return audit.Head{}, false, nil
	}
	return *d.head, true, nil
}

// Nothing a client proves itself with and nothing it is given reaches a log, an
// error, an audit record, or an answer it was not the point of.
func TestSecretsStayOut(t *testing.T) {
	clients, tokens := &shutShelf{}, &fragile{}
	h := newHouse(t, func(h *house) {
		clients.ClientStore, tokens.Store = h.clients, h.tokens
		h.provider.Clients, h.provider.Tokens = clients, tokens
	})
	const canary = "canary-3f1c9d"
	wrong := with(h.good(), "client_secret", canary)
	bare := with(with(h.good(), "client_secret"), "client_id")
	token := string(h.issue())
	var answers strings.Builder
	try := func(path string, form map[string][]string, change ...func(*http.Request)) {
		a := h.post(path, form, change...)
		fmt.Fprintln(&answers, a.text, a.header)
	}
	ask := func(token string) {
		_, err := h.provider.Bearer(context.Background(), csc.Secret(token))
		fmt.Fprintf(&answers, "%v %+v %#v\n", err, err, err)
	}
	round := func() {
		for _, path := range []string{"/oauth2/token", "/oauth2/revoke"} {
			for _, form := range []map[string][]string{
				wrong, with(wrong, "client_id", "app_nobody"), with(wrong, "client_secret", canary, canary),
				with(wrong, "client_secret", strings.Repeat(canary, 99)), with(wrong, "scope", canary), with(wrong, "grant_type", canary),
				with(wrong, "client_assertion", canary), with(h.good(), "clientData", canary), with(h.good(), "scope", canary),
			} {
				try(path, form)
				try(path, with(form, "token", token))
				try(path, with(form, "token", canary))
				try(path, form, func(r *http.Request) { r.URL.RawQuery = "token=" + canary })
			}
			try(path, bare, basic(h.id, canary))
			try(path, with(bare, "token", token), basic(h.id, canary))
			try(path, wrong, basic(h.id, canary))
			try(path, bare, header("Authorization", "Basic "+canary))
			try(path, bare, header("Authorization", "Bearer "+token))
		}
		ask(token)
		ask(canary)
	}
	round()
	for _, verb := range []string{"Put", "Get", "Take"} {
		tokens.verb = verb
		round()
	}
	clients.err = errors.New("row cannot be read")
	round()
	h.provider.Audit = ledger{f: os.NewFile(^uintptr(0), "closed")}
	clients.err, tokens.verb = nil, ""
	round()

	for name, text := range map[string]string{
		"log": h.log.String(), "answers": answers.String(), "audit": fmt.Sprintf("%+v", h.record.entries),
	} {
		if text == "" {
			t.Errorf("%s is empty: nothing was tried", name)
		}
		for what, secret := range map[string]string{"wrong secret": canary, "right secret": string(h.secret), "token": token} {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds the %s", name, what)
			}
		}
	}
}

// A Provider without a Logger works.
func TestNoLogger(t *testing.T) {
	h := newHouse(t, func(h *house) { h.provider.Logger = nil })
	h.post("/oauth2/token", with(h.good(), "client_secret", "wrong")).want(t, 400, "invalid_request", "Invalid parameter client_secret")
	if h.provider.Logger != nil {
		t.Error("Mount changed the Provider")
	}
}
