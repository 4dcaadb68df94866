package oauth_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/registry"
)

const leastRegistration = `{"client_name":"Demo application","redirect_uris":["` + callback + `"]}`

// everything is what an invitation can allow at the most, but for its profile.
var everything = oauth.Allowance{
	Profile: oauth.ProfileCSC, Grants: []string{"authorization_code", "refresh_token", "client_credentials"}, Scopes: []string{"service", "credential"},
}

var narrow = oauth.Allowance{Profile: oauth.ProfileCSC, Grants: []string{"authorization_code"}, Scopes: []string{"service"}}

func ofProfile(profile string) oauth.Allowance {
	a := everything
	a.Profile = profile
	return a
}

// invite makes a token that so many clients can register with.
func (h *house) invite(allows oauth.Allowance, uses int) csc.Secret {
	h.t.Helper()
	now := h.clock.Now()
	token, i, err := oauth.Invite(oauth.Invitation{Allows: allows, Uses: uses, Expires: now.Add(time.Hour)}, now)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.provider.Invitations.AddInvitation(h.t.Context(), i); err != nil {
		h.t.Fatal(err)
	}
	return token
}

func (h *house) sendJSON(verb, path, token, body string, change ...func(*http.Request)) answer {
	h.t.Helper()
	r := httptest.NewRequest(verb, issuer+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return read(h.t, w.Result())
}

func (h *house) register(token csc.Secret, body string) answer {
	h.t.Helper()
	return h.sendJSON(http.MethodPost, "/oauth2/register", string(token), body)
}

// registered is the answer to a registration that succeeds.
func (h *house) registered(body string) answer {
	h.t.Helper()
	a := h.register(h.invite(everything, 1), body)
	if a.status != http.StatusCreated {
		h.t.Fatalf("not registered: %d %s", a.status, a.text)
	}
	return a
}

// manage calls a client's own place, with its token.
func (h *house) manage(verb string, a answer, body string) answer {
	h.t.Helper()
	return h.sendJSON(verb, strings.TrimPrefix(a.is("registration_client_uri"), issuer), a.is("registration_access_token"), body)
}

func quoted(t *testing.T, text string) string {
	t.Helper()
	b, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// inRegistries runs a test with clients and invitations in both databases.
func inRegistries(t *testing.T, run func(t *testing.T, change func(*house))) {
	with := func(url func(*testing.T) string) func(*testing.T) {
		return func(t *testing.T) {
			r, err := registry.Open(t.Context(), registry.Config{URL: url(t)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = r.Close() })
			run(t, func(h *house) { h.provider.Clients, h.provider.Invitations = r, r })
		}
	}
	t.Run("sqlite", with(func(t *testing.T) string { return filepath.Join(t.TempDir(), "registry.db") }))
	t.Run("postgres", with(func(t *testing.T) string { return proctest.StartPostgres(t).Database() }))
}

type registrationRow struct {
	Says, Invitation, Body, Error string
	Status                        int
}

// Everything a client can say of itself.
func TestRegistrations(t *testing.T) {
	all := rows[registrationRow](t, "registrations.jsonl")
	if len(all) < 150 {
		t.Fatalf("%d rows", len(all))
	}
	onBoth(t, func(t *testing.T, change func(*house)) {
		h := newHouse(t, change, func(h *house) { h.provider.Loads = 1e6 })
		app := newApplication(t, h.clock.Now)
		private, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{KeyID: "a", Key: app.ec}}})
		if err != nil {
			t.Fatal(err)
		}
		tokens := map[string]csc.Secret{
			"": h.invite(everything, 1000), "narrow": h.invite(narrow, 1000),
			"fapi2": h.invite(ofProfile(oauth.ProfileFAPI2), 1000), "csc-v1": h.invite(ofProfile(oauth.ProfileCSCv1), 1000),
		}
		for _, row := range all {
			t.Run(row.Says, func(t *testing.T) {
				before := len(h.clients.clients)
				body := app.fill(strings.NewReplacer("$KEYS", string(app.keys()), "$PRIVATE", string(private)).Replace(row.Body), "ES256")
				a := h.register(tokens[row.Invitation], body)
				if a.status != row.Status || a.is("error") != row.Error {
					t.Errorf("got %d %s, want %d %s", a.status, a.text, row.Status, row.Error)
				}
				if added := len(h.clients.clients) - before; added != map[bool]int{true: 1}[row.Status == http.StatusCreated] {
					t.Errorf("%d clients were added", added)
				}
				if row.Status != http.StatusCreated {
					if said := a.is("error_description"); said == "" || strings.ContainsFunc(said, notTellable) {
						t.Errorf("error_description %q", said)
					}
					return
				}
				c, err := h.clients.Client(t.Context(), a.is("client_id"))
				if err != nil || c.Check() != nil || c.Profile != c.Managed.Allows.Profile {
					t.Errorf("registered %+v: %v, %v", c, err, c.Check())
				}
			})
		}
	})
}

// notTellable are the characters an error_description cannot have (RFC 6749 §5.2).
func notTellable(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }

// What is answered is what is registered: all of it, and nothing that the client
// would have liked to be instead.
func TestRegistrationIsAnswered(t *testing.T) {
	h := newHouse(t)
	token := h.invite(everything, 1)
	a := h.register(token, `{"client_name":"Aplicație","redirect_uris":["`+callback+`"],"logo_uri":"https://app.example.com/l.png","scope":"credential",
		"grant_types":["authorization_code"],"client_id":"mine","client_secret":"mine","software_id":"x","dpop_bound_access_tokens":true}`)
	if a.status != http.StatusCreated {
		t.Fatalf("got %d %s", a.status, a.text)
	}
	id, secret, management := a.is("client_id"), a.is("client_secret"), a.is("registration_access_token")
	want := map[string]any{
		"client_id": id, "client_id_issued_at": float64(h.clock.Now().Unix()), "client_secret": secret, "client_secret_expires_at": 0.0,
		"registration_access_token": management, "registration_client_uri": issuer + "/oauth2/register/" + id,
		"client_name": "Aplicație", "redirect_uris": []any{callback}, "logo_uri": "https://app.example.com/l.png", "scope": "credential",
		"grant_types": []any{"authorization_code"}, "response_types": []any{"code"}, "token_endpoint_auth_method": "client_secret_basic",
		"dpop_bound_access_tokens": true, "tls_client_certificate_bound_access_tokens": false,
		"require_pushed_authorization_requests": false, "require_signed_request_object": false,
	}
	if diff := cmp.Diff(want, a.body); diff != "" {
		t.Error(diff)
	}
	for name, text := range map[string]string{"secret": secret, "registration access token": management} {
		if len(text) != 43 {
			t.Errorf("%s %q has not 256 bits", name, text)
		}
	}
	c, err := h.clients.Client(t.Context(), id)
	if err != nil || c.AuthMethod != oauth.SecretBasic || len(c.Verifiers) != 1 {
		t.Errorf("registered %+v, %v", c, err)
	}
	entries := h.record.of(audit.ClientAdded)
	if len(entries) != 1 || entries[0].Client != id || !strings.HasPrefix(entries[0].Reason, "invited by inv_") ||
		cmp.Diff(c.Marks(), entries[0].Kept) != "" || len(entries[0].Kept) != 2 {
		t.Errorf("recorded %+v", entries)
	}
	kept, _ := json.Marshal(c)
	for name, hidden := range map[string]string{"secret": secret, "registration access token": management, "invitation": string(token)} {
		record, _ := json.Marshal(h.record.entries)
		if strings.Contains(string(kept)+string(record)+h.log.String(), hidden) {
			t.Errorf("the %s is in the store, the record or the log", name)
		}
	}
}

// A client that registered itself goes the whole way of one that an operator
// added.
func TestRegisteredClientWorks(t *testing.T) {
	w := newTown(t)
	a := w.registered(`{"client_name":"Demo application","redirect_uris":["` + callback + `"],"token_endpoint_auth_method":"client_secret_post",
		"grant_types":["authorization_code","refresh_token","client_credentials"]}`)
	w.id, w.secret = a.is("client_id"), csc.Secret(a.is("client_secret"))
	service := w.redeem(w.code(w.asking()))
	if !w.alive(service.is("access_token")) || w.post("/oauth2/token", w.refreshing(service.is("refresh_token"))).status != 200 {
		t.Errorf("got %s", service.text)
	}
	if got := w.redeem(w.code(w.atPushed(w.push(w.agreeing())))); got.is("scope") != "credential" {
		t.Errorf("got %d %s", got.status, got.text)
	}
	if got := w.post("/oauth2/token", w.good()); got.status != 200 {
		t.Errorf("got %d %s", got.status, got.text)
	}
}

func TestRegisteredKeysWork(t *testing.T) {
	w := newTown(t)
	a := newApplication(t, w.clock.Now)
	got := w.register(w.invite(ofProfile(oauth.ProfileFAPI2), 1), `{"client_name":"Wallet","redirect_uris":["`+callback+`"],"require_signed_request_object":true,"jwks":`+string(a.keys())+`}`)
	want := map[string]any{"token_endpoint_auth_method": "private_key_jwt", "require_pushed_authorization_requests": true, "dpop_bound_access_tokens": true}
	for name, value := range want {
		if got.body[name] != value {
			t.Errorf("%s is %v", name, got.body[name])
		}
	}
	if a.id = got.is("client_id"); got.is("client_secret") != "" {
		t.Error("a secret for a client with keys")
	}
	if got := w.pushSigned(a, signing{}); got.status != http.StatusCreated {
		t.Errorf("signed: %d %s", got.status, got.text)
	}
	w.post("/oauth2/pushed_authorize", a.proving(w.asking(), assertion{})).want(t, 400, "invalid_request", "The request must be signed")
}

// Nobody registers without an open invitation, and nothing of who tries is read.
func TestRegistrationIsClosed(t *testing.T) {
	h := newHouse(t, func(h *house) { h.provider.Failures = 1e6 })
	_, other := h.addClient()
	spent, revoked, over := h.invite(everything, 1), h.invite(everything, 1), h.invite(everything, 1)
	if a := h.register(spent, leastRegistration); a.status != http.StatusCreated {
		t.Fatalf("got %d %s", a.status, a.text)
	}
	own := h.registered(leastRegistration)
	for hash, i := range h.clients.invitations {
		if oauth.SignatureOf(string(revoked)) == hash {
			if err := h.clients.RevokeInvitation(t.Context(), i.ID); err != nil {
				t.Fatal(err)
			}
		}
		if oauth.SignatureOf(string(over)) == hash {
			i.Expires = h.clock.Now()
			h.clients.invitations[hash] = i
		}
	}
	good := h.invite(everything, 1)
	before := len(h.clients.clients)
	for says, change := range map[string]func(*http.Request){
		"no header":                func(r *http.Request) { r.Header.Del("Authorization") },
		"an empty token":           func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") },
		"a token of nobody":        func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+strings.Repeat("A", 43)) },
		"a token that is spent":    func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+string(spent)) },
		"a token that is revoked":  func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+string(revoked)) },
		"a token that is over":     func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+string(over)) },
		"a registration's token":   func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+own.is("registration_access_token")) },
		"an access token":          func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+string(h.issue())) },
		"a client's secret":        func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+string(other)) },
		"a client's own proof":     basic(h.id, string(h.secret)),
		"the hash of a token":      func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+oauth.SignatureOf(string(good))) },
		"the token by DPoP":        func(r *http.Request) { r.Header.Set("Authorization", "DPoP "+string(good)) },
		"the token and a space":    func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+string(good)+" ") },
		"the token twice":          func(r *http.Request) { r.Header.Add("Authorization", "Bearer "+string(good)) },
		"the token in other case":  func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+strings.ToLower(string(good))) },
		"the token and more of it": func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+string(good)+"A") },
		"a token with a null byte": func(r *http.Request) { r.Header["Authorization"] = []string{"Bearer \x00" + string(good)} },
		"a token longer than any":  func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+strings.Repeat("A", 1<<16)) },
		"the token with no scheme": func(r *http.Request) { r.Header.Set("Authorization", string(good)) },
		"the token in a cookie": func(r *http.Request) {
			r.Header.Del("Authorization")
			r.Header.Set("Cookie", "access_token="+string(good))
		},
		"the token as a client's": basic(string(good), string(good)),
		"the token in another name": func(r *http.Request) {
			r.Header.Del("Authorization")
			r.Header.Set("X-Authorization", "Bearer "+string(good))
		},
	} {
		t.Run(says, func(t *testing.T) {
			unread := &unreadBody{}
			a := h.sendJSON(http.MethodPost, "/oauth2/register", string(good), leastRegistration, change, func(r *http.Request) { r.Body = unread })
			a.want(t, 401, "invalid_token", csc.InvalidToken.Description())
			if unread.read {
				t.Error("the body of a stranger was read")
			}
		})
	}
	if len(h.clients.clients) != before {
		t.Error("a client was added")
	}
	if a := h.sendJSON(http.MethodPost, "/oauth2/register", "", leastRegistration, func(r *http.Request) { r.Header.Set("Authorization", "bEARER  "+string(good)) }); a.status != http.StatusCreated {
		t.Errorf("the scheme in other case, two spaces: %d %s", a.status, a.text)
	}
}

type unreadBody struct{ read bool }

func (b *unreadBody) Read([]byte) (int, error) { b.read = true; return 0, http.ErrBodyReadAfterClose }
func (b *unreadBody) Close() error             { return nil }

// What is wrong with the call and not with what it says; none of it costs a use.
func TestRegistrationCall(t *testing.T) {
	h := newHouse(t, func(h *house) { h.provider.Loads, h.provider.Failures = 1e6, 1e6 })
	token := h.invite(everything, 1)
	none := func(*http.Request) {}
	for _, tt := range []struct {
		says, verb, body string
		change           func(*http.Request)
		status           int
		code, text       string
	}{
		{"GET", "GET", "", none, 405, "invalid_request", "The HTTP method is not allowed here"},
		{"PUT", "PUT", leastRegistration, none, 405, "invalid_request", "The HTTP method is not allowed here"},
		{"a form", "POST", "client_name=x", header2("Content-Type", "application/x-www-form-urlencoded"), 415, "invalid_request", "The body must be application/json"},
		{"no media type", "POST", leastRegistration, func(r *http.Request) { r.Header.Del("Content-Type") }, 415, "invalid_request", "The body must be application/json"},
		{"two media types", "POST", leastRegistration, header("Content-Type", "application/json"), 415, "invalid_request", "The body must be application/json"},
		{"another encoding", "POST", leastRegistration, header2("Content-Type", "application/json; charset=utf-16"), 415, "invalid_request", "The body must be application/json"},
		{"a signed registration", "POST", leastRegistration, header2("Content-Type", "application/jwt"), 415, "invalid_request", "The body must be application/json"},
		{"a query", "POST", leastRegistration, func(r *http.Request) { r.URL.RawQuery = "access_token=x" }, 400, "invalid_request", tableInvalidRequest},
		{"a body beyond 64 KiB", "POST", leastRegistration[:1] + strings.Repeat(" ", 64<<10) + leastRegistration[1:], none, 413, "invalid_request", "The body is too large"},
	} {
		t.Run(tt.says, func(t *testing.T) {
			h.sendJSON(tt.verb, "/oauth2/register", string(token), tt.body, tt.change).want(t, tt.status, tt.code, tt.text)
		})
	}
	deep := leastRegistration[:len(leastRegistration)-1] + `,"x":` + strings.Repeat("[", 30000) + strings.Repeat("]", 30000) + "}"
	if a := h.register(token, deep); a.status != 400 || a.is("error") != "invalid_client_metadata" {
		t.Errorf("a deep one: %d %s", a.status, a.text)
	}
	if a := h.sendJSON(http.MethodPost, "/oauth2/register", string(token), leastRegistration, header2("Content-Type", "Application/JSON; charset=UTF-8")); a.status != http.StatusCreated {
		t.Errorf("after all that: %d %s", a.status, a.text)
	}
}

func header2(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// Of parallel registrations as many succeed as the invitation has uses, and what
// came to nothing is recorded as that.
func TestRaceForInvitation(t *testing.T) {
	inRegistries(t, func(t *testing.T, change func(*house)) {
		h := newHouse(t, change, func(h *house) { h.provider.Loads, h.provider.Failures = 1e6, 1e6 })
		for round := range 25 {
			uses := 1 + round%3
			token := h.invite(everything, uses)
			answers := make([]answer, contenders)
			if won := atOnce(func(i int) bool {
				answers[i] = h.register(token, leastRegistration)
				return answers[i].status == http.StatusCreated
			}); won != uses {
				t.Fatalf("round %d: %d registrations with %d uses", round, won, uses)
			}
			for _, a := range answers {
				if a.status != http.StatusCreated {
					a.want(t, 401, "invalid_token", csc.InvalidToken.Description())
				}
			}
		}
		all, err := h.provider.Clients.Clients(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		there := map[string]bool{}
		for _, e := range h.record.of(audit.ClientAdded) {
			there[e.Client] = true
		}
		for _, e := range h.record.of(audit.ClientRemoved) {
			delete(there, e.Client)
		}
		for _, c := range all {
			if !there[c.ID] {
				t.Errorf("client %s is there, and not in the record", c.ID)
			}
			delete(there, c.ID)
		}
		if len(there) > 0 {
			t.Errorf("in the record, and not there: %v", there)
		}
	})
}

// Who guesses tokens is told to wait, at both endpoints, and who has one is not.
func TestGuessedRegistrationTokensAreLimited(t *testing.T) {
	h := newHouse(t, func(h *house) { h.provider.Failures = 5 })
	good, own := h.invite(everything, 1), h.registered(leastRegistration)
	for range 5 {
		h.register(csc.Secret(strings.Repeat("A", 43)), leastRegistration).want(t, 401, "invalid_token", csc.InvalidToken.Description())
	}
	h.register(csc.Secret(strings.Repeat("A", 43)), leastRegistration).want(t, 429, "invalid_request", "Too many failed client authentications")
	guess := own
	guess.body = map[string]any{"registration_client_uri": own.is("registration_client_uri"), "registration_access_token": strings.Repeat("A", 43)}
	for range 5 {
		h.manage(http.MethodGet, guess, "").want(t, 401, "invalid_token", csc.InvalidToken.Description())
	}
	h.manage(http.MethodGet, guess, "").want(t, 429, "invalid_request", "Too many failed client authentications")
	if a := h.register(good, leastRegistration); a.status != http.StatusCreated {
		t.Errorf("a good one: %d %s", a.status, a.text)
	}
	if a := h.manage(http.MethodGet, own, ""); a.status != http.StatusOK {
		t.Errorf("a good one: %d %s", a.status, a.text)
	}
}

func TestRegistrationsAreLimited(t *testing.T) {
	h := newHouse(t, func(h *house) { h.provider.Loads = 3 })
	token := h.invite(everything, 10)
	for range 3 {
		h.register(token, "{}")
	}
	a := h.register(token, leastRegistration)
	a.want(t, 429, "invalid_request", "Too many requests")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

type addressRow struct {
	URI  string
	Logo bool // refused as one
}

// Nothing that a client names is ever fetched (the server has no way to, and a
// listener on this machine hears nothing), and what is not plainly the name of a
// host is not even kept.
func TestNothingIsFetchedForAClient(t *testing.T) {
	all := rows[addressRow](t, "addresses.jsonl")
	if len(all) < 150 {
		t.Fatalf("%d rows", len(all))
	}
	canary, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var heard atomic.Int32
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := canary.Accept()
			if err != nil {
				return
			}
			heard.Add(1)
			_ = c.Close()
		}
	}()
	onBoth(t, func(t *testing.T, change func(*house)) {
		h := newHouse(t, change, func(h *house) { h.provider.Loads = 1e6 })
		token := h.invite(everything, 1000)
		for _, row := range all {
			uri := quoted(t, strings.ReplaceAll(row.URI, "$CANARY", canary.Addr().String()))
			a := h.register(token, leastRegistration[:len(leastRegistration)-1]+`,"logo_uri":`+uri+`}`)
			if want := map[bool]int{true: 400, false: 201}[row.Logo]; a.status != want {
				t.Errorf("logo %s: %d %s", uri, a.status, a.text)
			}
			a = h.register(token, leastRegistration[:len(leastRegistration)-1]+`,"token_endpoint_auth_method":"private_key_jwt","jwks_uri":`+uri+`}`)
			if a.status != 400 || a.is("error") != "invalid_client_metadata" || !strings.HasPrefix(a.is("error_description"), "jwks_uri: nothing is fetched here") {
				t.Errorf("jwks_uri %s: %d %s", uri, a.status, a.text)
			}
			a = h.register(token, `{"client_name":"x","redirect_uris":[`+uri+`]}`)
			if a.status == 400 && (a.is("error") != "invalid_redirect_uri" || strings.Contains(a.text, "refused") || strings.Contains(a.text, "timeout")) {
				t.Errorf("redirect URI %s: %d %s", uri, a.status, a.text)
			}
		}
	})
	_ = canary.Close()
	if <-done; heard.Load() > 0 {
		t.Errorf("%d connections", heard.Load())
	}
}

// An outage is told as that, and costs no use.
func TestOutageAtRegistration(t *testing.T) {
	h := newHouse(t)
	stores := &shutInvitations{InvitationStore: h.clients}
	h.provider.Invitations = stores
	token := h.invite(everything, 1)
	stores.look = true
	h.register(token, leastRegistration).wantUnavailable(t)
	stores.look, stores.add = false, true
	h.register(token, leastRegistration).wantUnavailable(t)
	stores.add = false
	book := &blankBook{refuses: audit.ClientAdded}
	h.provider.Audit = book
	h.register(token, leastRegistration).wantUnavailable(t)
	h.provider.Audit = h.record
	if a := h.register(token, leastRegistration); a.status != http.StatusCreated {
		t.Errorf("after the outage: %d %s", a.status, a.text)
	}
}

type shutInvitations struct {
	oauth.InvitationStore
	look, add bool
}

func (s *shutInvitations) Invitation(ctx context.Context, hash string) (oauth.Invitation, error) {
	if s.look {
		return oauth.Invitation{}, errGone
	}
	return s.InvitationStore.Invitation(ctx, hash)
}

func (s *shutInvitations) AddInvited(ctx context.Context, c oauth.Client, hash string, now time.Time) error {
	if s.add {
		return errGone
	}
	return s.InvitationStore.AddInvited(ctx, c, hash, now)
}

// What cannot be allowed cannot be said by an invitation.
func TestInvite(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	good := oauth.Invitation{Allows: everything, Uses: 1, Expires: now.Add(time.Hour), Note: "for the wallet of the bank"}
	token, i, err := oauth.Invite(good, now)
	if err != nil || len(token) != 43 || i.Hash != oauth.SignatureOf(string(token)) || !strings.HasPrefix(i.ID, "inv_") || !i.Open(now) || i.Open(i.Expires) {
		t.Errorf("%+v, %v", i, err)
	}
	for says, spoil := range map[string]func(*oauth.Invitation){
		"no uses":                    func(i *oauth.Invitation) { i.Uses = 0 },
		"uses without end":           func(i *oauth.Invitation) { i.Uses = 10_001 },
		"over at once":               func(i *oauth.Invitation) { i.Expires = now },
		"open for ever":              func(i *oauth.Invitation) { i.Expires = now.AddDate(2, 0, 0) },
		"a note of two lines":        func(i *oauth.Invitation) { i.Note = "a\nb" },
		"a long note":                func(i *oauth.Invitation) { i.Note = strings.Repeat("x", 201) },
		"no profile":                 func(i *oauth.Invitation) { i.Allows.Profile = "" },
		"a profile there is not":     func(i *oauth.Invitation) { i.Allows.Profile = "fapi1" },
		"a grant there is not":       func(i *oauth.Invitation) { i.Allows.Grants = []string{"password"} },
		"a scope there is not":       func(i *oauth.Invitation) { i.Allows.Scopes = []string{"openid"} },
		"no grants":                  func(i *oauth.Invitation) { i.Allows.Grants = nil },
		"no scopes":                  func(i *oauth.Invitation) { i.Allows.Scopes = nil },
		"refresh_token from nowhere": func(i *oauth.Invitation) { i.Allows.Grants = []string{"refresh_token"} },
		"client credentials to sign": func(i *oauth.Invitation) {
			i.Allows.Grants, i.Allows.Scopes = []string{"client_credentials"}, []string{"credential"}
		},
	} {
		bad := good
		spoil(&bad)
		if _, _, err := oauth.Invite(bad, now); err == nil {
			t.Errorf("%s: no error", says)
		}
	}
}
