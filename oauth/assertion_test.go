package oauth_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/onetime"
)

// onBoth runs a test in both kinds of one-time store. Redis goes by its own
// clock, so the test's is the real one there, a moment after the store was
// opened: what is older is refused.
func onBoth(t *testing.T, run func(t *testing.T, change func(*house))) {
	t.Run("memory", func(t *testing.T) { run(t, func(*house) {}) })
	t.Run("redis", func(t *testing.T) {
		store := openRedis(t, proctest.Redis(t, "--appendfsync", "no"))
		run(t, func(h *house) {
			h.tokens, h.provider.Tokens = store, store
			h.clock.now = time.Now().Add(2 * time.Second)
		})
	})
}

func openRedis(t *testing.T, server *proctest.RedisServer) onetime.Store {
	t.Helper()
	store, err := onetime.OpenRedis(t.Context(), onetime.Config{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// rows reads a file of JSON objects, one a line.
func rows[T any](t testing.TB, name string) []T {
	t.Helper()
	file, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []T
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var row T
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatalf("%s: %v in %s", name, err, lines.Text())
		}
		all = append(all, row)
	}
	return all
}

type assertionRow struct {
	Says string
	assertion
	Status int
	Error  string
}

func (r *assertionRow) UnmarshalJSON(text []byte) error {
	var flat struct {
		Says, Header, Claims, Key, Error string
		Form                             *string
		Status                           int
	}
	err := json.Unmarshal(text, &flat)
	*r = assertionRow{flat.Says, assertion{flat.Header, flat.Claims, flat.Key, flat.Form}, flat.Status, flat.Error}
	return err
}

// Everything an assertion can be, at two endpoints: what is not one of the
// client for us and for now proves nothing, and is answered alike.
func TestAssertions(t *testing.T) {
	all := rows[assertionRow](t, "assertions.jsonl")
	if len(all) < 250 {
		t.Fatalf("%d rows", len(all))
	}
	onBoth(t, func(t *testing.T, change func(*house)) {
		h := newHouse(t, change, func(h *house) { h.provider.Failures = 1e6 })
		a := newApplication(t, h.clock.Now)
		a.register(h, oauth.PrivateKeyJWT)
		h.clock.move(time.Hour) // the store has run for longer than anything that is good
		for _, row := range all {
			got := h.post("/oauth2/token", a.proving(h.good(), row.assertion))
			if got.status != row.Status || row.Error != "" && got.body["error"] != row.Error {
				t.Errorf("%s: got %d %s, want %d %s", row.Says, got.status, got.text, row.Status, row.Error)
			}
			if row.Error == "invalid_client" {
				got.want(t, 401, "invalid_client", "Invalid parameter client_assertion")
			}
			got = h.post("/oauth2/revoke", with(a.proving(url.Values{}, row.assertion), "token", "x"))
			if wanted := map[int]int{200: 400, 400: 400, 401: 401}[row.Status]; got.status != wanted || row.Status == 200 && got.body["error_description"] != "Invalid string parameter token" {
				t.Errorf("%s, at revoke: got %d %s", row.Says, got.status, got.text)
			}
		}
	})
}

// An assertion is good once, at whichever endpoint and however long it would
// still be good, and another client's jti is in nobody's way.
func TestAssertionReplay(t *testing.T) {
	onBoth(t, func(t *testing.T, change func(*house)) {
		h := newHouse(t, change)
		a, b := newApplication(t, h.clock.Now), newApplication(t, h.clock.Now)
		a.register(h, oauth.PrivateKeyJWT)
		b.register(h, oauth.PrivateKeyJWT)
		one := assertion{Claims: strings.NewReplacer("$NOW+60", "$NOW+600", "$JTI", "one").Replace(goodClaims)}
		form := a.proving(h.good(), one)
		if got := h.post("/oauth2/token", form); got.status != 200 {
			t.Fatalf("got %d %s", got.status, got.text)
		}
		replayed := func(form url.Values) {
			t.Helper()
			h.post("/oauth2/token", form).want(t, 401, "invalid_client", "Invalid parameter client_assertion")
		}
		replayed(form)
		replayed(a.proving(h.good(), one)) // signed again, with the jti of before
		h.post("/oauth2/revoke", with(form, "token", "x")).want(t, 401, "invalid_client", "Invalid parameter client_assertion")
		if got := h.post("/oauth2/token", b.proving(h.good(), one)); got.status != 200 {
			t.Errorf("another client with the same jti: %d %s", got.status, got.text)
		}
		h.clock.move(599 * time.Second)
		replayed(form)
		h.clock.move(time.Second)
		replayed(form)
	})
}

// What was refused for another fault is not spent.
func TestAssertionIsSpentLast(t *testing.T) {
	h := newHouse(t)
	a := newApplication(t, h.clock.Now)
	a.register(h, oauth.PrivateKeyJWT)
	form := a.proving(h.good(), assertion{})
	for _, spoilt := range []url.Values{with(form, "grant_type", "x"), with(form, "client_id", h.id), with(form, "client_secret", "x")} {
		if got := h.post("/oauth2/token", spoilt); got.status == 200 {
			t.Fatal("a spoilt request passed")
		}
	}
	if got := h.post("/oauth2/token", with(form, "client_id")); got.status != 200 {
		t.Errorf("got %d %s", got.status, got.text)
	}
}

// Two servers on one Redis: of any number of uses of one assertion one passes.
// What was made before a restart passes nowhere after it.
func TestRaceForAssertion(t *testing.T) {
	server := proctest.Redis(t, "--appendfsync", "no")
	var two [2]*house
	for i := range two {
		store := openRedis(t, server)
		two[i] = newHouse(t, func(h *house) {
			h.tokens, h.provider.Tokens = store, store
			h.provider.Failures = 1e6
			h.clock.now = time.Now().Add(2 * time.Second)
			if i > 0 {
				h.clock, h.provider.Now = two[0].clock, two[0].clock.Now
				h.clients, h.provider.Clients = two[0].clients, two[0].clients
			}
		})
	}
	a := newApplication(t, two[0].clock.Now)
	a.register(two[0], oauth.PrivateKeyJWT)
	for round := range rounds {
		form := a.proving(two[0].good(), assertion{})
		if won := atOnce(func(i int) bool { return two[i%2].post("/oauth2/token", form).status == 200 }); won != 1 {
			t.Fatalf("round %d: one assertion passed %d times", round, won)
		}
	}
	spent, unused := a.proving(two[0].good(), assertion{}), a.proving(two[0].good(), assertion{})
	if got := two[0].post("/oauth2/token", spent); got.status != 200 {
		t.Fatalf("got %d %s", got.status, got.text)
	}
	for time.Now().Before(two[0].clock.Now()) { // the restart is after what was made
		time.Sleep(10 * time.Millisecond)
	}
	server.Restart()
	for i, h := range two {
		for says, form := range map[string]url.Values{"spent": spent, "unused": unused} {
			if got := h.post("/oauth2/token", form); got.status != 401 {
				t.Errorf("server %d, %s before the restart: %d %s", i, says, got.status, got.text)
			}
		}
	}
	server.Kill9()
	got := two[0].post("/oauth2/token", a.proving(two[0].good(), assertion{}))
	got.wantUnavailable(t)
}

// One proof in one request, and by the registered method only.
func TestOneMethod(t *testing.T) {
	h := newHouse(t, func(h *house) { h.provider.Failures = 1e6 })
	of := func(method string) (string, string) {
		id, secret := h.addClient(func(c *oauth.Client) { c.AuthMethod = method })
		return id, string(secret)
	}
	basicID, basicSecret := of(oauth.SecretBasic)
	postID, postSecret := of(oauth.SecretPost)
	fapiID, fapiSecret := h.addClient(func(c *oauth.Client) { c.AuthMethod, c.Profile = oauth.SecretPost, oauth.ProfileFAPI2 })
	a := newApplication(t, h.clock.Now)
	a.register(h, oauth.PrivateKeyJWT)
	keyed := a.id
	fapi := newApplication(t, h.clock.Now)
	fapi.register(h, oauth.PrivateKeyJWT, func(c *oauth.Client) { c.Profile = oauth.ProfileFAPI2 })
	v1ID, v1Secret := h.addClient(func(c *oauth.Client) { c.Profile = oauth.ProfileCSCv1 })
	bare := url.Values{"grant_type": {"client_credentials"}}
	form := func(id, secret string) url.Values {
		return with(with(bare, "client_id", id), "client_secret", secret)
	}
	const (
		notSupported = "Client authentication method is not supported"
		required     = "Client authorization required"
	)
	for _, tt := range []struct {
		says   string
		form   url.Values
		header func(*http.Request)
		status int
		code   string
		text   string
	}{
		{"basic by the header", bare, basic(basicID, basicSecret), 200, "", ""},
		{"basic by the form", form(basicID, basicSecret), nil, 401, "invalid_client", notSupported},
		{"basic with nothing", with(bare, "client_id", basicID), nil, 400, "invalid_request", required},
		{"post by the form", form(postID, postSecret), nil, 200, "", ""},
		{"post by the header", bare, basic(postID, postSecret), 401, "invalid_client", notSupported},
		{"post with nothing", with(bare, "client_id", postID), nil, 400, "invalid_request", required},
		{"post with a wrong secret", form(postID, "x"), nil, 400, "invalid_request", "Invalid parameter client_secret"},
		{"post with a wrong secret, in csc-v1", form(v1ID, "x"), nil, 400, "invalid_request", "Invalid parameter client_secret"},
		{"either with the right one, in csc-v1", form(v1ID, string(v1Secret)), nil, 200, "", ""},
		{"a key by an assertion", a.proving(bare, assertion{}), nil, 200, "", ""},
		{"a key, without client_id", with(a.proving(bare, assertion{}), "client_id"), nil, 200, "", ""},
		{"a key by a secret", form(keyed, "x"), nil, 401, "invalid_client", notSupported},
		{"a key by an empty secret in the header", bare, basic(keyed, ""), 401, "invalid_client", notSupported},
		{"a key with nothing", with(bare, "client_id", keyed), nil, 400, "invalid_request", required},
		{"a key, and client_id of another", with(a.proving(bare, assertion{}), "client_id", basicID), nil, 401, "invalid_client", "Invalid parameter client_assertion"},
		{"a key, and the header of another", with(a.proving(bare, assertion{}), "client_id"), basic(basicID, basicSecret), 400, "invalid_request", tableInvalidRequest},
		{"a key, and a secret", with(a.proving(bare, assertion{}), "client_secret", basicSecret), nil, 400, "invalid_request", tableInvalidRequest},
		{"a header, and a secret", with(bare, "client_secret", basicSecret), basic(basicID, basicSecret), 400, "invalid_request", tableInvalidRequest},
		{"a header, and client_id of another", with(bare, "client_id", postID), basic(basicID, basicSecret), 400, "invalid_request", "Invalid parameter client_id"},
		{"fapi2 by an assertion", fapi.proving(bare, assertion{}), fapi.with(""), 200, "", ""},
		{"fapi2 with nothing", with(bare, "client_id", fapi.id), nil, 401, "invalid_client", required},
		{"fapi2 with a wrong secret, had it one", form(fapiID, "x"), nil, 401, "invalid_client", notSupported},
		{"fapi2 with the right one, had it one", form(fapiID, string(fapiSecret)), fapi.with(""), 401, "invalid_client", notSupported},
		{"an assertion of nobody", with(bare, "client_assertion_type", assertionType, ""), nil, 400, "invalid_request", tableInvalidRequest},
	} {
		var change []func(*http.Request)
		if tt.header != nil {
			change = append(change, tt.header)
		}
		got := h.post("/oauth2/token", tt.form, change...)
		if tt.status == 200 {
			if got.status != 200 {
				t.Errorf("%s: %d %s", tt.says, got.status, got.text)
			}
			continue
		}
		t.Run(tt.says, func(t *testing.T) { got.want(t, tt.status, tt.code, tt.text) })
	}
	a.id = oauth.NewClientID()
	h.post("/oauth2/token", a.proving(bare, assertion{})).want(t, 401, "invalid_client", "Invalid parameter client_id")
}
