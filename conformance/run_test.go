package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestJudge(t *testing.T) {
	for _, row := range []struct {
		says   string
		err    error
		level  Level
		strict bool
		want   Outcome
	}{
		{"kept", nil, Must, true, Pass},
		{"a must not kept", unmet(""), Must, false, Fail},
		{"a claimed option not kept", unmet(""), Optional, false, Fail},
		{"a recommendation not followed", unmet(""), Should, false, Warn},
		{"a recommendation not followed, strictly", unmet(""), Should, true, Fail},
		{"other words", warning(""), Must, false, Warn},
		{"other words, strictly", warning(""), Must, true, Fail},
		{"a doubt, one way", unmet(""), Doubt, true, Doubtful},
		{"a doubt, in other words", warning(""), Doubt, true, Doubtful},
		{"not claimed", unclaimed(""), Must, true, Skip},
		{"not provided", unprovided(""), Doubt, true, Skip},
		{"no answer", errors.New("hung up"), Must, false, Fail},
		{"wrapped", fmt.Errorf("no token: %w", unprovided("")), Must, false, Skip},
	} {
		if got := judge(row.err, row.level, row.strict); got != row.want {
			t.Errorf("%s: %s, want %s", row.says, got, row.want)
		}
	}
}

// TestCases holds the table of cases to its own rules.
func TestCases(t *testing.T) {
	id := regexp.MustCompile(`^[a-z][A-Za-z]+/[a-z0-9]+(-[a-z0-9]+)*$`)
	check := regexp.MustCompile(`^(CSC-[A-Z]+-\d{3}|RFC\d{4}-\d+(\.\d+)*)$`)
	seen := map[string]bool{}
	for _, c := range Cases() {
		switch {
		case !id.MatchString(c.ID) || seen[c.ID]:
			t.Errorf("the id %q is of another form, or there twice", c.ID)
		case !check.MatchString(c.Check):
			t.Errorf("%s: the check %q", c.ID, c.Check)
		case c.Ref.Method == "" || c.Ref.Clause == "" || c.Level < Must || c.Level > Doubt || c.Run == nil:
			t.Errorf("%s is not complete", c.ID)
		case c.Says == "" || strings.HasSuffix(c.Says, "."):
			t.Errorf("%s says %q", c.ID, c.Says)
		}
		seen[c.ID] = true
	}
}

// stub answers calls of one method after the other as it is told.
type stub struct {
	answers []func(http.ResponseWriter, Object)
	bodies  []Object
}

// ServeHTTP answers info, tokens and descriptions well, all else from the list.
func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body Object
	_ = json.NewDecoder(r.Body).Decode(&body) // oauth2/token has none
	switch r.URL.Path {
	case "/csc/v2/info":
		fmt.Fprintf(w, `{"oauth2":"http://%s","methods":["credentials/list","credentials/info","credentials/authorize"]}`, r.Host)
	case "/oauth2/token":
		fmt.Fprint(w, `{"access_token":"a secret token","expires_in":100}`)
	case "/csc/v2/credentials/info":
		fmt.Fprint(w, `{"key":{"algo":["`+oidECSHA256+`"]},"multisign":3,"auth":{"objects":[{"type":"Password","id":"OTP"}]}}`)
	default:
		s.bodies = append(s.bodies, body)
		if len(s.answers) == 0 {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		s.answers[0](w, body)
		s.answers = s.answers[1:]
	}
}

func says(status int, body string, headers ...string) func(http.ResponseWriter, Object) {
	return func(w http.ResponseWriter, _ Object) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// aTarget is a target before s whose clock moves when it sleeps.
func aTarget(t *testing.T, s *stub, users ...User) (*Target, *time.Time) {
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	now := totpStart(100).Add(15 * time.Second)
	target := &Target{
		Base:     server.URL + "/csc/v2",
		Fixtures: Fixtures{Client: ClientKey{ID: "app", Secret: "a client's secret"}, Users: users},
		Now:      func() time.Time { return now },
		Sleep:    func(_ context.Context, d time.Duration) error { now = now.Add(d); return nil },
	}
	target.ready()
	return target, &now
}

func signer(id string) User {
	return User{ID: id, TOTPSecret: "GEZDGNBVGY3TQOJQ", Credentials: []Credential{{"c_" + id, []string{roleEC}}}}
}

func TestTooManyRequests(t *testing.T) {
	s := &stub{answers: []func(http.ResponseWriter, Object){
		says(429, `{}`, "Retry-After", "7"), says(429, `{}`), says(200, `{"credentialIDs":[]}`),
	}}
	target, now := aTarget(t, s)
	began := *now
	if _, err := target.ask(t.Context(), methodList, Object{}).WantOK(); err != nil {
		t.Error(err)
	}
	if waited := now.Sub(began); waited != 8*time.Second {
		t.Errorf("waited %v, want what the server said and then a second", waited)
	}
}

func TestObtainTriesAgainWhereTheCodeMayBeUsed(t *testing.T) {
	const wrong = `{"error":"invalid_authentication_data"}`
	s := &stub{answers: []func(http.ResponseWriter, Object){says(400, wrong), says(200, `{"SAD":"a secret SAD","expiresIn":300}`)}}
	target, _ := aTarget(t, s, signer("u"))
	g, err := target.obtain(t.Context(), roleEC, newDigests(1)...)
	if err != nil || g.sad != "a secret SAD" {
		t.Fatal(g, err)
	}
	key, _ := totpKey("GEZDGNBVGY3TQOJQ")
	for i, step := range []int64{99, 102} {
		if got := s.bodies[i]["authData"].([]any)[0].(map[string]any)["value"]; got != totpCode(key, step) {
			t.Errorf("the code of try %d is not that of step %d", i+1, step)
		}
	}
	s.answers = append(s.answers, says(400, wrong), says(200, `{"SAD":"another"}`))
	if _, err := target.obtain(t.Context(), roleEC, newDigests(1)...); err == nil {
		t.Error("a code that was fresh beyond doubt was refused(), and the suite tried again")
	}
}

// A second run right after the first finds the codes of all signers used.
func TestObtainAfterAnEarlierRun(t *testing.T) {
	const wrong = `{"error":"invalid_authentication_data"}`
	s := &stub{answers: []func(http.ResponseWriter, Object){says(400, wrong), says(400, wrong), says(200, `{"SAD":"a secret SAD"}`)}}
	target, now := aTarget(t, s, signer("u"), signer("v"))
	began := *now
	if _, err := target.obtain(t.Context(), roleEC, newDigests(1)...); err != nil {
		t.Fatal(err)
	}
	if waited := now.Sub(began); waited != 15*time.Second+margin {
		t.Errorf("waited %v, want the rest of the step and the margin", waited)
	}
	if s.bodies[0]["credentialID"] == s.bodies[1]["credentialID"] {
		t.Error("the same signer tried twice before the other did once")
	}
}

func TestObtainTakesSignersInTurn(t *testing.T) {
	s := &stub{}
	for range 6 {
		s.answers = append(s.answers, says(200, `{"SAD":"a secret SAD"}`))
	}
	target, now := aTarget(t, s, signer("u"), signer("v"))
	began := *now
	for range 6 {
		if _, err := target.obtain(t.Context(), roleEC, newDigests(1)...); err != nil {
			t.Fatal(err)
		}
	}
	asked := map[any]int{}
	for _, b := range s.bodies {
		asked[b["credentialID"]]++
	}
	if !now.Equal(began) || asked["c_u"] != 3 || asked["c_v"] != 3 {
		t.Errorf("waited %v; asked %v", now.Sub(began), asked)
	}
}

func TestTokensAreRenewed(t *testing.T) {
	target, now := aTarget(t, &stub{})
	first, err := target.token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	until := target.stock.tokens["app"].until
	if want := now.Add(90 * time.Second); !until.Equal(want) || first != "a secret token" {
		t.Errorf("%q until %v, want %v", first, until, want)
	}
	*now = until
	if _, err := target.token(t.Context()); err != nil || !target.stock.tokens["app"].until.After(until) {
		t.Error("the token was not renewed when it was about to expire", err)
	}
}

// What a server says may have secrets in it, whole or cut; a report has none.
func TestReportsHaveNoSecrets(t *testing.T) {
	s := &stub{answers: []func(http.ResponseWriter, Object){
		says(500, `{"error":"a secret token, a client's secret","SAD":"half a secret of a SAD"}`),
	}}
	target, _ := aTarget(t, s, signer("u"))
	c := Case{Ref: refGeneral("10"), Level: Must, Run: func(ctx context.Context, t *Target) error {
		return t.ask(ctx, methodList, Object{}).WantStatus(200)
	}}
	r := target.try(t.Context(), c, false)
	if r.Outcome != Fail || strings.Contains(r.Detail, "secret") {
		t.Errorf("%s %q", r.Outcome, r.Detail)
	}
}

func TestAPanicIsOneFailure(t *testing.T) {
	target, _ := aTarget(t, &stub{})
	r := target.try(t.Context(), Case{Ref: refGeneral("10"), Level: Doubt, Run: func(context.Context, *Target) error { panic("oh") }}, false)
	if r.Outcome != Doubtful || !strings.Contains(r.Detail, "oh at ") || !strings.Contains(r.Detail, "run_test.go") {
		t.Errorf("%+v", r)
	}
}

func TestNeeds(t *testing.T) {
	target, _ := aTarget(t, &stub{}, signer("u"), User{ID: "v"})
	for _, row := range []struct {
		need Feature
		kind verdictKind // -1: there
	}{
		{methodList, -1}, {methodSignHash, notClaimed}, {Client, -1}, {OtherClient, notProvided},
		{Signer, -1}, {RoleEC, -1}, {RoleRSA, notProvided}, {RoleSCAL1, notProvided}, {Stranger, notProvided},
		{EmptyUser, -1}, {TwoLanguages, notProvided}, {RateLimit, notProvided}, {Disabling, notProvided},
		{OverTLS, notClaimed}, {OAuth2Issuer, notClaimed}, {Synchronous, -1}, {Patience, -1},
		{"no such feature", notProvided},
	} {
		err := target.lacks(t.Context(), row.need)
		if (err == nil) != (row.kind < 0) || err != nil && kindOf(err) != row.kind {
			t.Errorf("%s: %v", row.need, err)
		}
	}
}

func TestPatience(t *testing.T) {
	target, now := aTarget(t, &stub{})
	target.Patience = 10 * time.Second
	began := *now
	if err := target.outlast(t.Context(), "a SAD", 300); kindOf(err) != notProvided || err == nil {
		t.Error("300 seconds were waited for with a patience of ten", err)
	}
	if err := target.outlast(t.Context(), "a SAD", 5); err != nil || now.Sub(began) < 5*time.Second {
		t.Error("it was not waited for", err)
	}
}
