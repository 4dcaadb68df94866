package oauth_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/onetime"
)

const issuer = "https://sign.example.test"

// A house is an authorization server with one client, whose parts a test can
// look into and take away.
type house struct {
	t        *testing.T
	clock    *clock
	clients  *shelf
	tokens   onetime.Store
	record   *notebook
	log      *lockedBuffer
	provider *oauth.Provider
	handler  http.Handler

	id     string
	secret csc.Secret
}

func newHouse(t *testing.T, change ...func(*house)) *house {
	t.Helper()
	h := &house{t: t, clock: newClock(), clients: newShelf(), record: &notebook{}, log: &lockedBuffer{}}
	h.tokens = newTokens(t, h.clock.Now)
	h.provider = &oauth.Provider{
		Issuer:  issuer,
		Clients: h.clients, Invitations: h.clients,
		Tokens: h.tokens,
		Pepper: []byte("a pepper for tests, 32 bytes long"),
		Audit:  h.record,
		Now:    h.clock.Now,
		Logger: slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range change {
		f(h)
	}
	h.id, h.secret = h.addClient()
	mux := http.NewServeMux()
	h.provider.Mount(mux)
	h.handler = mux
	return h
}

// addClient registers a confidential client for service tokens.
func (h *house) addClient(change ...func(*oauth.Client)) (string, csc.Secret) {
	h.t.Helper()
	secret, verifier := oauth.NewSecret(h.provider.Pepper)
	c := oauth.Client{
		ID:        oauth.NewClientID(),
		Name:      "Demo application",
		Verifiers: [][]byte{verifier},
		Grants:    []string{"client_credentials"},
		Scopes:    []string{"service"},
		Created:   h.clock.Now(),
	}
	for _, f := range change {
		f(&c)
	}
	if err := h.clients.AddClient(context.Background(), c); err != nil {
		h.t.Fatal(err)
	}
	return c.ID, secret
}

func (h *house) changeClient(id string, change func(*oauth.Client)) {
	h.t.Helper()
	c, err := h.clients.Client(context.Background(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	revision := c.Revision
	change(&c)
	c.Revision = revision
	if err := h.clients.UpdateClient(context.Background(), c); err != nil {
		h.t.Fatal(err)
	}
}

// good is the form of a request for a service token that succeeds.
func (h *house) good() url.Values {
	return url.Values{
		"grant_type": {"client_credentials"}, "client_id": {h.id}, "client_secret": {string(h.secret)},
	}
}

// An answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

// post sends form to a path; change may spoil the request.
func (h *house) post(path string, form url.Values, change ...func(*http.Request)) answer {
	h.t.Helper()
	return h.send(path, form.Encode(), change...)
}

func (h *house) send(path, body string, change ...func(*http.Request)) answer {
	h.t.Helper()
	r := httptest.NewRequest(http.MethodPost, issuer+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return read(h.t, w.Result())
}

func read(t *testing.T, resp *http.Response) answer {
	t.Helper()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(text)}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &a.body); err != nil {
			t.Fatalf("answer %d is not JSON: %v\n%s", a.status, err, text)
		}
		if got := a.header.Get("Content-Type"); got != "application/json" {
			t.Errorf("Content-Type %q, want application/json", got)
		}
	}
	if got := a.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q, want no-store", got)
	}
	return a
}

// issue gets a token for the house's client.
func (h *house) issue() csc.Secret {
	h.t.Helper()
	return h.token(h.good())
}

func (h *house) token(form url.Values) csc.Secret {
	h.t.Helper()
	a := h.post("/oauth2/token", form)
	token, _ := a.body["access_token"].(string)
	if a.status != http.StatusOK || token == "" {
		h.t.Fatalf("no token: %d %s", a.status, a.text)
	}
	return csc.Secret(token)
}

func (a answer) want(t *testing.T, status int, code, description string) {
	t.Helper()
	if a.status != status || a.body["error"] != code || a.body["error_description"] != description {
		t.Errorf("got %d %s\nwant %d %s: %s", a.status, a.text, status, code, description)
	}
	if len(a.body) != 2 {
		t.Errorf("members beside error and error_description: %s", a.text)
	}
	scheme := "Basic realm="
	if code == "invalid_token" {
		scheme = "Bearer realm="
	}
	if got := a.header.Get("WWW-Authenticate"); (status == http.StatusUnauthorized) != strings.HasPrefix(got, scheme) {
		t.Errorf("status %d with WWW-Authenticate %q", status, got)
	}
}

func basic(id, secret string) func(*http.Request) {
	return func(r *http.Request) {
		pair := url.QueryEscape(id) + ":" + url.QueryEscape(secret)
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	}
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Add(name, value) }
}

func from(address string) func(*http.Request) {
	return func(r *http.Request) { r.RemoteAddr = address }
}

// with is form with the parameters changed; an empty list takes one away.
func with(form url.Values, name string, values ...string) url.Values {
	changed := maps.Clone(form)
	if changed[name] = values; len(values) == 0 {
		delete(changed, name)
	}
	return changed
}

// A clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A shelf is a client store in memory.
type shelf struct {
	mu          sync.Mutex
	clients     map[string]oauth.Client
	links       map[[2]string]bool
	invitations map[string]oauth.Invitation // by hash
}

var (
	_ oauth.ClientStore     = (*shelf)(nil)
	_ oauth.InvitationStore = (*shelf)(nil)
)

func newShelf() *shelf {
	return &shelf{clients: map[string]oauth.Client{}, links: map[[2]string]bool{}, invitations: map[string]oauth.Invitation{}}
}

func (s *shelf) AddInvitation(_ context.Context, i oauth.Invitation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.invitations[i.Hash] = i
	return nil
}

func (s *shelf) Invitation(_ context.Context, hash string) (oauth.Invitation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.invitations[hash]
	if !ok {
		return i, oauth.ErrUnknownInvitation
	}
	return i, nil
}

func (s *shelf) Invitations(context.Context) ([]oauth.Invitation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.invitations)), nil
}

func (s *shelf) RevokeInvitation(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for hash, i := range s.invitations {
		if i.ID == id {
			i.Revoked = true
			s.invitations[hash] = i
			return nil
		}
	}
	return oauth.ErrUnknownInvitation
}

func (s *shelf) AddInvited(_ context.Context, c oauth.Client, hash string, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.invitations[hash]
	if !ok || !i.Open(now) {
		return oauth.ErrUnknownInvitation
	}
	if _, taken := s.clients[c.ID]; taken {
		return oauth.ErrClientExists
	}
	i.Used++
	s.invitations[hash], s.clients[c.ID] = i, c
	return nil
}

func (s *shelf) AddClient(_ context.Context, c oauth.Client) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.clients[c.ID]; ok {
		return oauth.ErrClientExists
	}
	s.clients[c.ID] = c
	return nil
}

func (s *shelf) Client(_ context.Context, id string) (oauth.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.clients[id]
	if !ok {
		return c, oauth.ErrUnknownClient
	}
	c.Verifiers, c.Grants, c.Scopes = slices.Clone(c.Verifiers), slices.Clone(c.Grants), slices.Clone(c.Scopes)
	return c, nil
}

func (s *shelf) AtOnce(ctx context.Context) context.Context { return ctx }

func (s *shelf) Clients(context.Context) ([]oauth.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.clients), func(a, b oauth.Client) int { return a.Created.Compare(b.Created) }), nil
}

func (s *shelf) UpdateClient(_ context.Context, c oauth.Client) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, ok := s.clients[c.ID]
	if !ok {
		return oauth.ErrUnknownClient
	}
	if kept.Revision != c.Revision {
		return oauth.ErrClientChanged
	}
	c.Revision++
	s.clients[c.ID] = c
	return nil
}

func (s *shelf) RemoveClient(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.clients[id]; !ok {
		return oauth.ErrUnknownClient
	}
	delete(s.clients, id)
	maps.DeleteFunc(s.links, func(link [2]string, _ bool) bool { return link[0] == id })
	return nil
}

func (s *shelf) Link(_ context.Context, clientID, userID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.links[[2]string{clientID, userID}] = true
	return nil
}

func (s *shelf) Unlink(_ context.Context, clientID, userID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.links, [2]string{clientID, userID})
	return nil
}

// A notebook keeps audit entries where a test can read them.
type notebook struct {
	mu      sync.Mutex
	entries []audit.Entry
}

func (n *notebook) Append(_ context.Context, e audit.Entry) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.entries = append(n.entries, e)
	return nil
}

func (n *notebook) of(event audit.Event) []audit.Entry {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(n.entries), func(e audit.Entry) bool { return e.Event != event })
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
