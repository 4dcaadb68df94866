package oauth_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

// changed is a registration as a client sends it to replace its own.
func changed(a answer, members string) string {
	return `{"client_id":"` + a.is("client_id") + `",` + members + `}`
}

const leastMembers = `"client_name":"Other name","redirect_uris":["https://other.example.com/cb"]`

func TestRegistrationIsShown(t *testing.T) {
	h := newHouse(t)
	a := h.registered(leastRegistration)
	want := a.body
	delete(want, "client_secret")
	delete(want, "client_secret_expires_at")
	got := h.manage(http.MethodGet, a, "")
	if diff := cmp.Diff(want, got.body); got.status != http.StatusOK || diff != "" {
		t.Errorf("got %d\n%s", got.status, diff)
	}
}

// A change replaces all that the client said, and the token; the secret stays
// what it was, and is not told again.
func TestRegistrationIsChanged(t *testing.T) {
	w := newTown(t)
	a := w.registered(`{"client_name":"Demo application","redirect_uris":["` + callback + `"],"logo_uri":"https://app.example.com/l.png",
		"token_endpoint_auth_method":"client_secret_post","grant_types":["authorization_code","client_credentials"],"dpop_bound_access_tokens":true}`)
	b := w.manage(http.MethodPut, a, changed(a, leastMembers+`,"token_endpoint_auth_method":"client_secret_post","grant_types":["authorization_code","client_credentials"]`))
	if b.status != http.StatusOK || b.is("client_name") != "Other name" || b.body["logo_uri"] != nil || b.body["dpop_bound_access_tokens"] != false ||
		b.is("client_id") != a.is("client_id") || b.body["client_secret"] != nil {
		t.Fatalf("got %d %s", b.status, b.text)
	}
	if b.is("registration_access_token") == a.is("registration_access_token") || len(b.is("registration_access_token")) != 43 {
		t.Error("the token is the old one")
	}
	w.manage(http.MethodGet, a, "").want(t, 401, "invalid_token", csc.InvalidToken.Description())
	if got := w.manage(http.MethodGet, b, ""); got.status != http.StatusOK || got.is("client_name") != "Other name" {
		t.Errorf("got %d %s", got.status, got.text)
	}
	w.id, w.secret = a.is("client_id"), csc.Secret(a.is("client_secret"))
	if got := w.post("/oauth2/token", w.good()); got.status != http.StatusOK {
		t.Errorf("the secret: %d %s", got.status, got.text)
	}
	w.browser().authorize(w.asking()).isPage(t, 400) // where it was answered before
	c, err := w.clients.Client(t.Context(), a.is("client_id"))
	entries := w.record.of(audit.ClientChanged)
	if err != nil || len(entries) != 1 || entries[0].Client != c.ID || cmp.Diff(c.Marks(), entries[0].Kept) != "" || !strings.HasPrefix(entries[0].Reason, "by itself: ") {
		t.Errorf("recorded %+v, %v", entries, err)
	}
}

// From a secret to keys and back: what does not count any more is gone, what is
// new is told once.
func TestMethodIsChanged(t *testing.T) {
	h := newHouse(t)
	app := newApplication(t, h.clock.Now)
	a := h.registered(leastRegistration)
	secret := a.is("client_secret")
	b := h.manage(http.MethodPut, a, changed(a, leastMembers+`,"token_endpoint_auth_method":"private_key_jwt","jwks":`+string(app.keys())))
	c, err := h.clients.Client(t.Context(), a.is("client_id"))
	if b.status != http.StatusOK || err != nil || len(c.Verifiers) != 0 || c.Keys == nil {
		t.Fatalf("got %d %s", b.status, b.text)
	}
	b = h.manage(http.MethodPut, b, changed(a, leastMembers))
	if c, err = h.clients.Client(t.Context(), a.is("client_id")); err != nil || c.Keys != nil || len(c.Verifiers) != 1 {
		t.Errorf("registered %+v, %v", c, err)
	}
	if again := b.is("client_secret"); len(again) != 43 || again == secret || b.body["client_secret_expires_at"] != 0.0 {
		t.Errorf("got %d %s", b.status, b.text)
	}
}

// What is refused changes nothing, and leaves the token good.
func TestChangeRefuses(t *testing.T) {
	h := newHouse(t, func(h *house) { h.provider.Loads = 1e6 })
	a := h.register(h.invite(narrow, 1), leastRegistration)
	other := h.registered(leastRegistration)
	before, _ := h.clients.Client(t.Context(), a.is("client_id"))
	for says, body := range map[string]string{
		"nothing":                        "",
		"no object":                      "[]",
		"no client_id":                   "{" + leastMembers + "}",
		"client_id of another":           changed(other, leastMembers),
		"client_id that is no text":      `{"client_id":1,` + leastMembers + "}",
		"client_id in other case":        `{"Client_ID":"` + a.is("client_id") + `",` + leastMembers + "}",
		"a secret of its own choice":     changed(a, leastMembers+`,"client_secret":"hunter2hunter2hunter2"`),
		"an empty secret":                changed(a, leastMembers+`,"client_secret":""`),
		"a secret that is no text":       changed(a, leastMembers+`,"client_secret":null`),
		"another's secret":               changed(a, leastMembers+`,"client_secret":"`+other.is("client_secret")+`"`),
		"registration_access_token":      changed(a, leastMembers+`,"registration_access_token":"`+a.is("registration_access_token")+`"`),
		"registration_client_uri":        changed(a, leastMembers+`,"registration_client_uri":"`+a.is("registration_client_uri")+`"`),
		"client_secret_expires_at":       changed(a, leastMembers+`,"client_secret_expires_at":0`),
		"client_id_issued_at":            changed(a, leastMembers+`,"client_id_issued_at":0`),
		"a scope that was not allowed":   changed(a, leastMembers+`,"scope":"service credential"`),
		"a grant that was not allowed":   changed(a, leastMembers+`,"grant_types":["authorization_code","refresh_token"]`),
		"a redirect URI that cannot be":  changed(a, `"client_name":"x","redirect_uris":["http://app.example.com/"]`),
		"no redirect URI":                changed(a, `"client_name":"x"`),
		"no name":                        changed(a, `"redirect_uris":["`+callback+`"]`),
		"jwks_uri":                       changed(a, leastMembers+`,"jwks_uri":"https://app.example.com/jwks"`),
		"a member twice":                 changed(a, leastMembers+`,"client_name":"x"`),
		"client_id twice":                `{"client_id":"` + other.is("client_id") + `",` + changed(a, leastMembers)[1:],
		"signed requests without a key":  changed(a, leastMembers+`,"require_signed_request_object":true`),
		"nothing to prove, with a scope": changed(a, leastMembers+`,"token_endpoint_auth_method":"none","grant_types":["client_credentials"]`),
	} {
		t.Run(says, func(t *testing.T) {
			got := h.manage(http.MethodPut, a, body)
			code := "invalid_client_metadata"
			if strings.Contains(says, "redirect URI") {
				code = "invalid_redirect_uri"
			}
			if got.status != 400 || got.is("error") != code || strings.ContainsFunc(got.is("error_description"), notTellable) {
				t.Errorf("got %d %s", got.status, got.text)
			}
		})
	}
	after, _ := h.clients.Client(t.Context(), a.is("client_id"))
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	if got := h.manage(http.MethodPut, a, changed(a, leastMembers+`,"client_secret":"`+a.is("client_secret")+`"`)); got.status != http.StatusOK {
		t.Errorf("with the right secret: %d %s", got.status, got.text)
	}
}

// A client that ends itself ends all it has: tokens, grants to come, codes.
func TestRegistrationIsRemoved(t *testing.T) {
	w := newTown(t)
	a := w.registered(`{"client_name":"Demo application","redirect_uris":["` + callback + `"],"token_endpoint_auth_method":"client_secret_post",
		"grant_types":["authorization_code","refresh_token","client_credentials"]}`)
	w.id, w.secret = a.is("client_id"), csc.Secret(a.is("client_secret"))
	service, credential := w.redeem(w.code(w.asking())), w.redeem(w.code(w.agreeing()))
	own, code, pushed := w.issue(), w.code(w.asking()), w.push(w.asking())
	if got := w.manage(http.MethodDelete, a, ""); got.status != http.StatusNoContent || got.text != "" {
		t.Fatalf("got %d %s", got.status, got.text)
	}
	for says, token := range map[string]string{"service": service.is("access_token"), "credential": credential.is("access_token"), "its own": string(own)} {
		if w.alive(token) {
			t.Errorf("the %s token is alive", says)
		}
	}
	for _, form := range []url.Values{w.good(), w.redeeming(code), w.refreshing(service.is("refresh_token"))} {
		w.post("/oauth2/token", form).want(t, 400, "invalid_request", "Invalid parameter client_id")
	}
	w.browser().authorize(w.atPushed(pushed)).isPage(t, 400)
	for _, verb := range []string{http.MethodGet, http.MethodDelete} {
		w.manage(verb, a, "").want(t, 401, "invalid_token", csc.InvalidToken.Description())
	}
	w.manage(http.MethodPut, a, changed(a, leastMembers)).want(t, 401, "invalid_token", csc.InvalidToken.Description())
	if entries := w.record.of(audit.ClientRemoved); len(entries) != 1 || entries[0].Client != w.id || entries[0].Reason != "by itself" {
		t.Errorf("recorded %+v", entries)
	}
}

// A registration is for who has its token, and for nobody when the client is
// disabled, or was added by an operator.
func TestRegistrationIsTheClientsOwn(t *testing.T) {
	h := newHouse(t, func(h *house) { h.provider.Loads, h.provider.Failures = 1e6, 1e6 })
	invitation := h.invite(everything, 3)
	a, other, disabled := h.register(invitation, leastRegistration), h.register(invitation, leastRegistration), h.registered(leastRegistration)
	h.changeClient(disabled.is("client_id"), func(c *oauth.Client) { c.Disabled = true })
	// As a restore leaves one whose token was replaced since.
	restored := h.registered(leastRegistration)
	h.changeClient(restored.is("client_id"), func(c *oauth.Client) { c.Managed = &oauth.Managed{Allows: c.Managed.Allows} })
	place := func(of answer) string { return strings.TrimPrefix(of.is("registration_client_uri"), issuer) }
	for says, at := range map[string][2]string{
		"another's token":                    {place(a), other.is("registration_access_token")},
		"the invitation's":                   {place(a), string(invitation)},
		"none":                               {place(a), ""},
		"its secret":                         {place(a), a.is("client_secret")},
		"the hash of its own":                {place(a), oauth.SignatureOf(a.is("registration_access_token"))},
		"its own, at a client there is not":  {"/oauth2/register/" + oauth.NewClientID(), a.is("registration_access_token")},
		"its own, at an operator's":          {"/oauth2/register/" + h.id, a.is("registration_access_token")},
		"none, at an operator's":             {"/oauth2/register/" + h.id, ""},
		"its own, at an id that is none":     {"/oauth2/register/%00%ff", a.is("registration_access_token")},
		"none, where none is left":           {place(restored), ""},
		"its old one, where none is left":    {place(restored), restored.is("registration_access_token")},
		"its own, of a client that is off":   {place(disabled), disabled.is("registration_access_token")},
		"its own, at a path that looks like": {place(a) + "%20", a.is("registration_access_token")},
	} {
		for _, verb := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
			h.sendJSON(verb, at[0], at[1], changed(a, leastMembers)).want(t, 401, "invalid_token", csc.InvalidToken.Description())
		}
		if _, err := h.clients.Client(t.Context(), a.is("client_id")); err != nil {
			t.Fatalf("%s: %v", says, err)
		}
	}
	for _, verb := range []string{http.MethodPost, http.MethodPatch, http.MethodHead, "TRACE"} {
		got := h.manage(verb, a, leastRegistration)
		got.want(t, 405, "invalid_request", "The HTTP method is not allowed here")
		if got.header.Get("Allow") != "GET, PUT, DELETE" {
			t.Errorf("Allow %q", got.header.Get("Allow"))
		}
	}
}

// Of parallel changes with one token one is made, whose token is the good one and
// whose name is registered, and the record ends with what is.
func TestRaceForRegistration(t *testing.T) {
	inRegistries(t, func(t *testing.T, change func(*house)) {
		h := newHouse(t, change, func(h *house) { h.provider.Loads, h.provider.Failures = 1e6, 1e6 })
		for round := range 25 {
			a := h.registered(leastRegistration)
			answers := make([]answer, contenders)
			if won := atOnce(func(i int) bool {
				answers[i] = h.manage(http.MethodPut, a, changed(a, `"client_name":"Name `+string(rune('A'+i))+`","redirect_uris":["`+callback+`"]`))
				return answers[i].status == http.StatusOK
			}); won != 1 {
				t.Fatalf("round %d: %d changes with one token", round, won)
			}
			c, err := h.provider.Clients.Client(t.Context(), a.is("client_id"))
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range answers {
				if b.status != http.StatusOK {
					b.want(t, 401, "invalid_token", csc.InvalidToken.Description())
				} else if b.is("client_name") != c.Name || h.manage(http.MethodGet, b, "").status != http.StatusOK {
					t.Errorf("round %d: registered %q, the winner's %q", round, c.Name, b.is("client_name"))
				}
			}
			entries := slices.DeleteFunc(h.record.of(audit.ClientChanged), func(e audit.Entry) bool { return e.Client != c.ID })
			if last := entries[len(entries)-1]; cmp.Diff(c.Marks(), last.Kept) != "" {
				t.Errorf("round %d: the last record is of something else: %+v", round, last)
			}
		}
	})
}

// A meddler changes each client once, between a look at it and its change.
type meddler struct {
	oauth.ClientStore
	change func(*oauth.Client)
	done   bool
}

func (m *meddler) UpdateClient(ctx context.Context, c oauth.Client) error {
	if !m.done {
		m.done = true
		now, err := m.Client(ctx, c.ID)
		if err != nil {
			return err
		}
		m.change(&now)
		if err := m.ClientStore.UpdateClient(ctx, now); err != nil {
			return err
		}
	}
	return m.ClientStore.UpdateClient(ctx, c)
}

// What an operator does meanwhile stays done.
func TestChangeDoesNotUndoAnOperators(t *testing.T) {
	h := newHouse(t)
	meddling := &meddler{ClientStore: h.clients, change: func(c *oauth.Client) { c.Disabled = true }}
	a, b := h.registered(leastRegistration), h.registered(leastRegistration)
	h.provider.Clients = meddling
	h.manage(http.MethodPut, a, changed(a, leastMembers)).want(t, 401, "invalid_token", csc.InvalidToken.Description())
	if c, err := h.clients.Client(t.Context(), a.is("client_id")); err != nil || !c.Disabled || c.Name != "Demo application" {
		t.Errorf("disabled meanwhile: %+v, %v", c, err)
	}
	meddling.done, meddling.change = false, func(c *oauth.Client) { c.Verifiers = append([][]byte{make([]byte, 32)}, c.Verifiers...) }
	if got := h.manage(http.MethodPut, b, changed(b, leastMembers)); got.status != http.StatusOK {
		t.Errorf("a secret added meanwhile: %d %s", got.status, got.text)
	}
	if c, err := h.clients.Client(t.Context(), b.is("client_id")); err != nil || len(c.Verifiers) != 2 || c.Name != "Other name" {
		t.Errorf("a secret added meanwhile: %+v, %v", c, err)
	}
}

func TestOutageOfRegistrations(t *testing.T) {
	h := newHouse(t)
	a := h.registered(leastRegistration)
	shut := &shutShelf{ClientStore: h.clients, err: errGone}
	h.provider.Clients = shut
	body := changed(a, leastMembers)
	for _, verb := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		h.manage(verb, a, body).wantUnavailable(t)
	}
	shut.err = nil
	for verb, event := range map[string]audit.Event{http.MethodPut: audit.ClientChanged, http.MethodDelete: audit.ClientRemoved} {
		h.provider.Audit = &blankBook{refuses: event}
		h.manage(verb, a, body).wantUnavailable(t)
	}
	h.provider.Audit = h.record
	if got := h.manage(http.MethodGet, a, ""); got.status != http.StatusOK || got.is("client_name") != "Demo application" {
		t.Errorf("after the outage: %d %s", got.status, got.text)
	}
}

// FuzzRegistration: whatever a client says of itself, what comes of it can be
// registered, is within what was allowed, and is answered as JSON.
func FuzzRegistration(f *testing.F) {
	for _, row := range rows[registrationRow](f, "registrations.jsonl") {
		f.Add(row.Body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		h := newHouse(t)
		a := h.register(h.invite(narrow, 1), body)
		if a.status != http.StatusCreated {
			if code := a.is("error"); a.status < 400 || a.status > 499 || code == "" || a.header.Get("Retry-After") != "" {
				t.Errorf("got %d %s", a.status, a.text)
			}
			return
		}
		c, err := h.clients.Client(t.Context(), a.is("client_id"))
		if err != nil || c.Check() != nil || !slices.Equal(c.Scopes, []string{"service"}) || !slices.Equal(c.Grants, []string{"authorization_code"}) {
			t.Errorf("%s: registered %+v, %v", body, c, c.Check())
		}
		again, err := json.Marshal(a.body)
		if err != nil || !json.Valid(again) {
			t.Errorf("answered %s", a.text)
		}
	})
}
