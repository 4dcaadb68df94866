package sample_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/conformance"
	"github.com/pecete/pecete/conformance/sample"
)

// start raises a server with rules turned off.
func start(t *testing.T, off ...sample.Rule) *conformance.Target {
	t.Helper()
	var s *sample.Server
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.ServeHTTP(w, r) }))
	web.EnableHTTP2 = true
	web.StartTLS()
	t.Cleanup(web.Close)
	clock := &clock{now: time.Now()}
	var err error
	if s, err = sample.New(web.URL, clock.read, off...); err != nil {
		t.Fatal(err)
	}
	ca := x509.NewCertPool()
	ca.AddCert(web.Certificate())
	text, err := sample.Fixtures()
	if err != nil {
		t.Fatal(err)
	}
	fixtures, err := conformance.ParseFixtures(text)
	if err != nil {
		t.Fatal(err)
	}
	return &conformance.Target{Base: web.URL + "/csc/v2", CA: ca, Fixtures: fixtures, Timeout: 5 * time.Second, Patience: time.Hour, Now: clock.read, Sleep: clock.sleep}
}

// A clock goes on when somebody sleeps by it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}

// outcomes are those of all cases, or of those named.
func outcomes(t *testing.T, target *conformance.Target, only ...string) map[string]conformance.Result {
	t.Helper()
	report, err := conformance.Run(t.Context(), target, conformance.Options{Only: only})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]conformance.Result{}
	for _, r := range report.Results {
		all[r.ID] = r
	}
	return all
}

// The server with all its rules on is right, says a suite that knows nothing of
// it. What is turned off is noticed, by name.
func TestRules(t *testing.T) {
	right := outcomes(t, start(t))
	passed := 0
	for id, r := range right {
		if r.Outcome == conformance.Fail || r.Outcome == conformance.Warn {
			t.Errorf("%s: %s", id, r.Detail)
		}
		if r.Outcome == conformance.Pass {
			passed++
		}
	}
	if passed < 200 {
		t.Errorf("only %d cases passed", passed)
	}
	named := map[sample.Rule]string{
		sample.Replays: "signHash/sad-spent", sample.AnyHash: "signHash/unauthorized-hash", sample.HashSet: "signHash/hash-twice",
		sample.NeverExpires: "signHash/sad-expired", sample.AnyProof: "authorize/wrong-proof", sample.AnyUser: "list/foreign-user",
		sample.AnyClient: "signHash/sad-of-another-client", sample.NoPKCE: "token/verifier-wrong", sample.CodeTwice: "token/code-used",
		sample.AnyRedirect: "oauth/redirect-path", sample.BadSignature: "signHash/verifies", sample.WrongOrder: "signHash/order", sample.FirstOnly: "signHash/order",
		sample.Fails500: "general/error-body", sample.Traces: "credentialInfo/foreign", sample.Misspells: "authorize/explicit", sample.CountIsText: "authorize/explicit",
		sample.Boasts: "info/methods-answer", sample.CreatesOnList: "general/client-data", sample.GetInfoOnly: "info/exists", sample.PlainBase64: "general/base64-out",
		sample.ErrorsInHTML: "general/error-body", sample.TellsPasswords: "authorize/proof-not-echoed",
	}
	for _, rule := range sample.Rules() {
		t.Run(string(rule), func(t *testing.T) {
			t.Parallel()
			id := named[rule]
			if r := outcomes(t, start(t, rule), id)[id]; right[id].Outcome != conformance.Pass || r.Outcome != conformance.Fail && r.Outcome != conformance.Doubtful {
				t.Errorf("%q: %s is %s, and %s on the right server", rule.Says(), id, r.Outcome, right[id].Outcome)
			}
		})
	}
}

// What was seen of servers in the field is noticed when it comes together, too.
func TestHabits(t *testing.T) {
	named := map[string][]string{
		"relay":     {"signHash/sad-spent", "signHash/unauthorized-hash", "credentialInfo/foreign"},
		"counter":   {"list/foreign-user", "signHash/sad-of-another-client", "general/error-body"},
		"prototype": {"authorize/explicit", "info/methods-answer", "oauth/several-hashes", "general/expired-token"},
		"promiser":  {"info/methods-answer", "general/client-data", "signHash/sad-spent"},
	}
	for _, habit := range sample.Habits() {
		t.Run(habit.Name, func(t *testing.T) {
			t.Parallel()
			seen := outcomes(t, start(t, habit.Off...), named[habit.Name]...)
			for _, id := range named[habit.Name] {
				if seen[id].Outcome != conformance.Fail {
					t.Errorf("%s is %s", id, seen[id].Outcome)
				}
			}
		})
	}
}

// A person's browser does as well as the suite's own.
func TestPerson(t *testing.T) {
	target := start(t)
	asked := 0
	target.Person = func(ctx context.Context, _, _, address string) (string, error) {
		asked++
		return drive(ctx, target, address)
	}
	all := outcomes(t, target, "oauth/service", "token/code", "oauth/state")
	for id, r := range all {
		if r.Outcome != conformance.Pass {
			t.Errorf("%s is %s: %s", id, r.Outcome, r.Detail)
		}
	}
	if asked == 0 {
		t.Error("nobody was asked")
	}
	target = start(t)
	target.Person = func(context.Context, string, string, string) (string, error) {
		return "https://elsewhere.example/?code=x", nil
	}
	if r := outcomes(t, target, "oauth/service")["oauth/service"]; r.Outcome != conformance.Fail {
		t.Errorf("a browser that ended elsewhere: %s", r.Outcome)
	}
}

// drive logs in on the sample's page and stops at the way back.
func drive(ctx context.Context, t *conformance.Target, address string) (string, error) {
	client := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: t.CA}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	form := url.Values{"email": {sample.User}, "password": {sample.Password}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	return resp.Header.Get("Location") + "\n", resp.Body.Close()
}
