package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/openapi"
	"github.com/pecete/pecete/server"
	"github.com/pecete/pecete/users"
)

const told = "https://ra.example.org/told"

// authority lets registration authorities in.
func (h *house) authority() *server.Authority {
	contract, err := openapi.LoadRA()
	must(h.t, err)
	return &server.Authority{
		Office: &enrolment.Office{
			Store: h.registry, Users: h.registry, Registrar: h.registrar(), Post: notify.Post{Mail: h.mails, SMS: h.sms},
			Audit: h.auditLog, Now: h.clock.Now, Key: make([]byte, 32), From: "Pecete", Terms: "1", Logger: slog.New(slog.DiscardHandler),
			Profiles: map[string]enrolment.Profile{enrolment.DefaultProfile: {Credential: func(time.Time) credentials.Profile { return credentials.Profile{} }}},
			Certifiable: func(u users.User) error {
				if strings.ContainsAny(u.Name(), ",=+") {
					return fmt.Errorf("%q cannot be certified", u.Name())
				}
				return nil
			},
			PairURL: "https://localhost/pair", ActivateURL: "https://localhost/activate", DownloadsURL: "https://localhost/downloads", LoginURL: "https://localhost/portal",
		},
		Contract: contract, By: h.registry.EnrolmentsBy,
		Recipient: func(_ context.Context, _, uri string) (bool, error) { return uri == told, nil },
	}
}

// An ra is a registration authority at work.
type ra struct {
	*house
	app
}

func (h *house) addRA(name string) ra {
	h.t.Helper()
	a := h.addApp(name)
	c, err := h.registry.Client(h.t.Context(), a.id)
	must(h.t, err)
	c.Scopes = append(c.Scopes, oauth.ScopeEnrolment)
	must(h.t, h.registry.UpdateClient(h.t.Context(), c))
	resp, err := http.PostForm(h.url+"/oauth2/token", url.Values{
		"grant_type": {"client_credentials"}, "scope": {oauth.ScopeEnrolment}, "client_id": {a.id}, "client_secret": {a.secret},
	})
	must(h.t, err)
	defer resp.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	must(h.t, json.NewDecoder(resp.Body).Decode(&answer))
	a.token = answer.Token
	return ra{h, a}
}

// ask sends a request and holds the answer to the contract.
func (r ra) ask(verb, path, body string, headers ...string) answer {
	r.t.Helper()
	got := r.send(verb, "/ra/v1/"+path, body, append(headers, "Authorization: Bearer "+r.app.token)...)
	m, _, _ := strings.Cut(path, "?")
	if parts := strings.Split(m, "/"); len(parts) > 1 {
		parts[1] = "{enrolmentID}"
		m = strings.Join(parts, "/")
	}
	if verb == http.MethodGet {
		m = "GET " + m
	}
	contract, err := openapi.LoadRA()
	must(r.t, err)
	if err := contract.CheckResponse(csc.Method(m), got.status, []byte(got.body)); err != nil {
		r.t.Error(err)
	}
	return got
}

type enrolled struct {
	EnrolmentID, State, Email, UserID, Profile, Identifier string
	Unsent                                                 bool
}

func read[T any](t *testing.T, a answer, status int) (v T) {
	t.Helper()
	if a.status != status {
		t.Fatalf("%d %s, want %d", a.status, a.body, status)
	}
	must(t, json.Unmarshal([]byte(a.body), &v))
	return v
}

const person = `{"givenName":"Semnatar","familyName":"Demo","email":"semnatar.demo@example.org","country":"RO","locale":"ro","identifier":"PNORO-1","responseURI":"` + told + `"}`

// A registration authority invites, looks, sends again and takes back.
func TestAuthority(t *testing.T) {
	h := newHouse(t)
	r := h.addRA("Registration")
	made := r.ask("POST", "enrolments", person, "Idempotency-Key: dosar-7")
	e := read[enrolled](t, made, http.StatusCreated)
	if e.State != "invited" || e.Profile != "default" || e.Identifier != "PNORO-1" || made.header.Get("Location") != "https://localhost/ra/v1/enrolments/"+e.EnrolmentID {
		t.Errorf("%+v at %s", e, made.header.Get("Location"))
	}
	if mails := h.mails.messages(); len(mails) != 2 || mails[0].To != "semnatar.demo@example.org" || strings.Contains(made.body, "link=") {
		t.Errorf("%d mails", len(mails))
	}
	again := read[enrolled](t, r.ask("POST", "enrolments", person, "Idempotency-Key: dosar-7"), http.StatusCreated)
	if again.EnrolmentID != e.EnrolmentID || len(h.mails.messages()) != 2 {
		t.Errorf("the same again is %+v", again)
	}
	if got := read[enrolled](t, r.ask("GET", "enrolments/"+e.EnrolmentID, ""), http.StatusOK); got.EnrolmentID != e.EnrolmentID {
		t.Errorf("%+v", got)
	}
	read[enrolled](t, r.ask("POST", "enrolments/"+e.EnrolmentID+"/resend", `{"link":"activate"}`), http.StatusOK)
	h.mails.setFull(true)
	if got := read[enrolled](t, r.ask("POST", "enrolments/"+e.EnrolmentID+"/resend", `{"link":"pair"}`), http.StatusOK); !got.Unsent {
		t.Error("a mail that did not leave was told as sent")
	}
	if got := read[enrolled](t, r.ask("POST", "enrolments/"+e.EnrolmentID+"/cancel", ""), http.StatusOK); got.State != "cancelled" {
		t.Errorf("%+v", got)
	}
	for _, path := range []string{"/cancel", "/resend"} {
		if got := r.ask("POST", "enrolments/"+e.EnrolmentID+path, `{"link":"pair"}`); got.status != http.StatusConflict {
			t.Errorf("%s after its end: %d %s", path, got.status, got.body)
		}
	}
	if strings.Contains(h.log.String(), "semnatar.demo") {
		t.Error("the server's log has the person's address")
	}
	kept, err := h.registry.Enrolment(t.Context(), e.EnrolmentID)
	if err != nil || kept.Inviter != r.app.id || kept.Notice.URI != told {
		t.Errorf("%+v, %v", kept, err)
	}
}

func TestAuthorityRefuses(t *testing.T) {
	h := newHouse(t)
	r := h.addRA("Registration")
	with := func(member, value string) string {
		var m map[string]any
		must(t, json.Unmarshal([]byte(person), &m))
		if m[member] = json.RawMessage(value); value == "" {
			delete(m, member)
		}
		text, err := json.Marshal(m)
		must(t, err)
		return string(text)
	}
	for _, test := range []struct {
		says, body string
		status     int
		want       string
		headers    []string
	}{
		{"no body", "", 400, "invalid_request", nil},
		{"no JSON", "{", 400, "invalid_request", nil},
		{"a name twice", `{"email":"a@b.org","email":"c@d.org"}`, 400, "invalid_request", nil},
		{"a name twice, one escaped", `{"email":"a@b.org","\u0065mail":"c@d.org"}`, 400, "invalid_request", nil},
		{"more behind it", person + "{}", 400, "invalid_request", nil},
		{"a form", "a=b", 415, "invalid_request", []string{"Content-Type: application/x-www-form-urlencoded"}},
		{"no given name", with("givenName", ""), 400, "Missing (or invalid type) string parameter givenName", nil},
		{"a number for a name", with("givenName", "5"), 400, "Missing (or invalid type) string parameter givenName", nil},
		{"a name of 65", with("familyName", `"`+strings.Repeat("ș", 65)+`"`), 400, "Invalid parameter familyName", nil},
		{"a country of three", with("country", `"ROU"`), 400, "Invalid parameter country", nil},
		{"a name with a control character", with("givenName", `"De\u0000mo"`), 400, "given name has characters that do not show", nil},
		{"a name with another attribute", with("familyName", `"Demo,CN=Root"`), 400, "a certificate cannot name the person", nil},
		{"no address", with("email", `"nobody"`), 400, "e-mail address is not one", nil},
		{"an identifier that is none", with("identifier", `"1"`), 400, "identifier is not of the form", nil},
		{"a profile that there is not", with("profile", `"gold"`), 400, "no profile", nil},
		{"a URI that is not registered", with("responseURI", `"https://elsewhere.example.org/"`), 400, "Invalid parameter responseURI", nil},
		{"a signer", with("email", `"demo.signer@example.org"`), 409, "The person is invited, or a signer already", nil},
		{"a key with blanks", person, 400, "Invalid header Idempotency-Key", []string{"Idempotency-Key: a b"}},
		{"a key too long", person, 400, "Invalid header Idempotency-Key", []string{"Idempotency-Key: " + strings.Repeat("k", 256)}},
	} {
		got := r.ask("POST", "enrolments", test.body, test.headers...)
		if got.status != test.status || !strings.Contains(got.body, test.want) {
			t.Errorf("%s: %d %s", test.says, got.status, got.body)
		}
		if strings.Contains(got.body, "Root") {
			t.Errorf("%s: the refusal quotes it: %s", test.says, got.body)
		}
	}
	for path, want := range map[string]int{
		"enrolments?limit=0": 400, "enrolments?limit=1001": 400, "enrolments?limit=x": 400, "enrolments/e_0": 404, "enrolments/%00": 404,
	} {
		if got := r.send("GET", "/ra/v1/"+path, "", "Authorization: Bearer "+r.app.token); got.status != want {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	if all, err := h.registry.Enrolments(t.Context()); err != nil || len(all) > 0 || len(h.mails.messages()) > 0 {
		t.Errorf("%d invitations, %d mails, %v", len(all), len(h.mails.messages()), err)
	}
}

// What was forgotten is what never was, and its Idempotency-Key is anybody's again.
func TestAuthorityForgets(t *testing.T) {
	h := newHouse(t)
	r := h.addRA("Registration")
	const key = "Idempotency-Key: dosar-7"
	e := read[enrolled](t, r.ask("POST", "enrolments", person, key), http.StatusCreated)
	read[enrolled](t, r.ask("POST", "enrolments/"+e.EnrolmentID+"/cancel", ""), http.StatusOK)
	office := h.authority().Office
	office.Keep = 24 * time.Hour
	must(t, office.Forget(t.Context()))
	read[enrolled](t, r.ask("GET", "enrolments/"+e.EnrolmentID, ""), http.StatusOK)
	office.Now = func() time.Time { return h.clock.Now().Add(25 * time.Hour) }
	must(t, office.Forget(t.Context()))
	nowhere := "e_" + strings.Repeat("0", 32)
	for _, ask := range [][3]string{{"GET", "", ""}, {"POST", "/cancel", ""}, {"POST", "/resend", `{"link":"pair"}`}} {
		got, want := r.ask(ask[0], "enrolments/"+e.EnrolmentID+ask[1], ask[2]), r.ask(ask[0], "enrolments/"+nowhere+ask[1], ask[2])
		if got.status != http.StatusNotFound || got.body != want.body {
			t.Errorf("%s %s: %d %s, of nobody %d %s", ask[0], ask[1], got.status, got.body, want.status, want.body)
		}
	}
	if got := r.ask("GET", "enrolments", "").body; got != `{"enrolments":[],"more":false}` {
		t.Errorf("the list is %s", got)
	}
	again := read[enrolled](t, r.ask("POST", "enrolments", person, key), http.StatusCreated)
	if again.EnrolmentID == e.EnrolmentID || again.UserID == e.UserID || len(h.mails.messages()) != 4 {
		t.Errorf("the same request then is %+v, after %d mails", again, len(h.mails.messages()))
	}
}

// A list that is read in parts goes on, whoever is removed meanwhile; what was no part
// of it is refused, since an empty part would be its end.
func TestListGoesOn(t *testing.T) {
	h := newHouse(t)
	r := h.addRA("Registration")
	var all []enrolled
	for _, name := range []string{"one", "two"} {
		h.clock.advance(time.Second)
		all = append(all, read[enrolled](t, r.ask("POST", "enrolments", strings.Replace(person, "semnatar.demo", name, 1)), http.StatusCreated))
	}
	type part struct {
		Enrolments []enrolled
		More       bool
		Next       string
	}
	first := read[part](t, r.ask("GET", "enrolments?limit=1", ""), http.StatusOK)
	read[enrolled](t, r.ask("POST", "enrolments/"+all[0].EnrolmentID+"/cancel", ""), http.StatusOK)
	office := h.authority().Office
	office.Keep, office.Now = 24*time.Hour, func() time.Time { return h.clock.Now().Add(24*time.Hour + time.Second) }
	office.Life = 99 * time.Hour
	must(t, office.Forget(t.Context())) // and removes who was only invited
	rest := read[part](t, r.ask("GET", "enrolments?limit=1&after="+first.Next, ""), http.StatusOK)
	if !first.More || len(rest.Enrolments) != 1 || rest.Enrolments[0].EnrolmentID != all[1].EnrolmentID || rest.More || rest.Next != "" {
		t.Errorf("after %+v: %+v", first, rest)
	}
	for _, after := range []string{all[0].EnrolmentID, "e_0", "0", "x.y"} {
		if got := r.ask("GET", "enrolments?after="+after, ""); got.status != http.StatusBadRequest || !strings.Contains(got.body, "Invalid parameter after") {
			t.Errorf("after %s: %d %s", after, got.status, got.body)
		}
	}
}

// A token of this scope opens nothing that leads to a signature, and no other opens
// this.
func TestAuthorityHasNoWayToASignature(t *testing.T) {
	h := newHouse(t)
	r := h.addRA("Registration")
	contract, err := openapi.Load()
	must(t, err)
	for _, m := range contract.Methods() {
		if m == csc.MethodInfo || !h.api.Has(m) {
			continue
		}
		if got := h.call(m, `{}`, "Authorization: Bearer "+r.app.token); got.status != http.StatusForbidden || !strings.Contains(got.body, "unauthorized_client") {
			t.Errorf("%s: %d %s", m, got.status, got.body)
		}
	}
	for says, header := range map[string]string{"a token of scope service": "Authorization: Bearer " + h.app.token, "no token": "Authorization: ", "a token that is none": "Authorization: Bearer x"} {
		want := http.StatusUnauthorized
		if says == "a token of scope service" {
			want = http.StatusForbidden
		}
		for _, ask := range [][2]string{{"POST", ""}, {"GET", ""}, {"GET", "/e_0"}, {"POST", "/e_0/cancel"}, {"POST", "/e_0/resend"}} {
			if got := h.send(ask[0], "/ra/v1/enrolments"+ask[1], person, header); got.status != want {
				t.Errorf("%s, %s %s: %d %s", says, ask[0], ask[1], got.status, got.body)
			}
		}
	}
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {oauth.ScopeEnrolment}, "client_id": {h.app.id}, "client_secret": {h.app.secret}}
	resp, err := http.PostForm(h.url+"/oauth2/token", form)
	must(t, err)
	if resp.Body.Close(); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("a client that may not was given a token: %s", resp.Status)
	}
}

// An authority sees its own, page by page, and of others' what is not there.
func TestAuthoritiesApart(t *testing.T) {
	h := newHouse(t)
	one, other := h.addRA("One"), h.addRA("Other")
	var ids []string
	for n := range 5 {
		h.clock.advance(time.Second)
		body := strings.Replace(person, "semnatar.demo", fmt.Sprintf("semnatar.%d", n), 1)
		ids = append(ids, read[enrolled](t, one.ask("POST", "enrolments", body), http.StatusCreated).EnrolmentID)
	}
	var pages [][]string
	for after := ""; ; {
		list := read[struct {
			Enrolments []enrolled
			More       bool
			Next       string
		}](t, one.ask("GET", "enrolments?limit=2&after="+after, ""), http.StatusOK)
		var page []string
		for _, e := range list.Enrolments {
			page = append(page, e.EnrolmentID)
		}
		if pages = append(pages, page); !list.More {
			break
		}
		after = list.Next
	}
	if diff := cmp.Diff([][]string{ids[:2], ids[2:4], ids[4:]}, pages); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := other.ask("GET", "enrolments", "").body; got != `{"enrolments":[],"more":false}` {
		t.Errorf("the other sees %s", got)
	}
	nowhere := "e_" + strings.Repeat("0", 32)
	for _, ask := range [][3]string{{"GET", "", ""}, {"POST", "/cancel", ""}, {"POST", "/resend", `{"link":"pair"}`}} {
		got, want := other.ask(ask[0], "enrolments/"+ids[0]+ask[1], ask[2]), other.ask(ask[0], "enrolments/"+nowhere+ask[1], ask[2])
		if got.status != http.StatusNotFound || got.body != want.body {
			t.Errorf("%s %s: %d %s, of nobody %d %s", ask[0], ask[1], got.status, got.body, want.status, want.body)
		}
	}
	wantErr := func(says string, err, want error) {
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", says, err)
		}
	}
	identity := enrolment.Identity{GivenName: "Demo", FamilyName: "Signer", Email: "demo.signer@example.org", Country: "RO", Locale: "en"}
	_, err := h.api.Authority.Office.Invite(t.Context(), enrolment.Invitation{Identity: identity, Inviter: one.app.id, Again: true})
	wantErr("a signer whom it has not invited, identified anew", err, enrolment.ErrExists)
	if got := h.send("GET", "/openapi-ra.yaml", ""); got.status != http.StatusOK || !strings.Contains(got.body, "url: https://localhost/ra/v1") {
		t.Errorf("the contract: %d", got.status)
	}
}
