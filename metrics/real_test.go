package metrics_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

// A town is a server that is measured, with people who each have an application.
// It knows all that must not be in a figure.
type town struct {
	*stage.Stage
	web     *http.Client
	metrics string // URL
	secrets map[string]string
	people  []person
}

type person struct {
	signer stage.Signer
	app    stage.Client
	email  string
}

func newTown(t *testing.T, people int) *town {
	t.Helper()
	d := &town{Stage: servertest.Raise(t), secrets: map[string]string{}}
	address := fmt.Sprintf("127.0.0.1:%d", proctest.FreePort(t))
	d.metrics = "http://" + address
	config, err := os.OpenFile(d.Config(), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = fmt.Fprintf(config, "\nmetrics: %s\n", address)
	must(t, err)
	must(t, config.Close())
	ctx := servertest.Context(t)
	for i := range people {
		p := person{email: fmt.Sprintf("demo.signer%d@example.org", i)}
		p.signer, err = d.AddSigner(ctx, p.email, "Demo", "Signer")
		must(t, err)
		p.app, err = d.AddClient(ctx, fmt.Sprint("Application ", i), p.signer.ID)
		must(t, err)
		d.people = append(d.people, p)
		key, err := otp.NewKeyFromURL(p.signer.OTPAuth)
		must(t, err)
		d.hide(map[string]string{
			"address": p.email, "signer": p.signer.ID, "credential": p.signer.Credentials[0], "seed": key.Secret(),
			"client": p.app.ID, "client's secret": p.app.Secret, "client's name": fmt.Sprint("Application ", i),
		})
	}
	files, err := filepath.Glob(filepath.Join(d.Folder, "secrets", "*"))
	must(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		d.hide(map[string]string{file: strings.TrimSpace(string(text))})
	}
	d.web, err = d.HTTP()
	must(t, err)
	t.Cleanup(d.web.CloseIdleConnections)
	servertest.Serve(t, d.Stage)
	return d
}

func (d *town) hide(secrets map[string]string) {
	for what, secret := range secrets {
		d.secrets[secret] = what
	}
}

// live has a person do what people do, right and wrong.
func (d *town) live(t *testing.T, p person) {
	ctx := servertest.Context(t)
	token := d.token(t, p.app)
	api := &client.Client{BaseURL: d.URL + csc.BasePath, HTTP: d.web, Token: func(context.Context) (csc.Secret, error) { return token, nil }}
	first, second, never := sha256.Sum256([]byte(p.email)), sha256.Sum256([]byte("b")), sha256.Sum256([]byte("c"))
	now := code(t, p.signer)
	granted, err := api.Authorize(ctx, csc.AuthorizeRequest{
		CredentialID: p.signer.Credentials[0], NumSignatures: 2, Hashes: []csc.Digest{first[:], second[:]}, HashAlgorithmOID: csc.OIDSHA256,
		AuthData: []csc.AuthData{{ID: "OTP", Value: now}},
	})
	must(t, err)
	d.hide(map[string]string{
		"SAD": string(granted.SAD), "token": string(token), "hash": hex.EncodeToString(first[:]),
		"network": "127.0.0.1", "path": "u_chosen_by_a_stranger", "request": "reg-of-nobody",
	})
	sign := func(sad csc.Secret, digest [32]byte) error {
		_, err := api.SignHash(ctx, csc.SignHashRequest{
			CredentialID: p.signer.Credentials[0], SAD: sad, Hashes: []csc.Digest{digest[:]}, SignAlgo: "1.2.840.10045.4.3.2",
		})
		return err
	}
	must(t, sign(granted.SAD, first))
	for says, err := range map[string]error{
		"a hash twice": sign(granted.SAD, first), "a hash not agreed to": sign(granted.SAD, never), "no grant": sign("nothing", second),
		"a code twice": func() error {
			_, err := api.Authorize(ctx, csc.AuthorizeRequest{
				CredentialID: p.signer.Credentials[0], NumSignatures: 1, Hashes: []csc.Digest{first[:]}, HashAlgorithmOID: csc.OIDSHA256,
				AuthData: []csc.AuthData{{ID: "OTP", Value: now}},
			})
			return err
		}(),
	} {
		if err == nil {
			t.Errorf("%s was accepted", says)
		}
	}
	for _, path := range []string{"/u_chosen_by_a_stranger", "/csc/v2/u_chosen_by_a_stranger", "/login?i=reg-of-nobody", "/oauth2/authorize?client_id=reg-of-nobody"} {
		resp, err := d.web.Get(d.URL + path)
		must(t, err)
		must(t, resp.Body.Close())
	}
	d.post(t, "/oauth2/revoke", url.Values{"token": {string(token)}, "client_id": {p.app.ID}, "client_secret": {p.app.Secret}})
}

// token gets an application a service token.
func (d *town) token(t *testing.T, app stage.Client) csc.Secret {
	t.Helper()
	var answer struct {
		Token csc.Secret `json:"access_token"`
	}
	body := d.post(t, "/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {app.ID}, "client_secret": {app.Secret}})
	must(t, json.Unmarshal(body, &answer))
	return answer.Token
}

func (d *town) post(t *testing.T, path string, form url.Values) []byte {
	t.Helper()
	resp, err := d.web.PostForm(d.URL+path, form)
	must(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	if resp.StatusCode/100 != 2 {
		t.Fatalf("%s: %s %s", path, resp.Status, body)
	}
	return body
}

func code(t *testing.T, s stage.Signer) csc.Secret {
	t.Helper()
	key, err := otp.NewKeyFromURL(s.OTPAuth)
	must(t, err)
	text, err := totp.GenerateCode(key.Secret(), time.Now())
	must(t, err)
	return csc.Secret(text)
}

// scrape reads the figures as Prometheus does, once nothing is under way.
func (d *town) scrape(t *testing.T) scrape {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		resp, err := http.Get(d.metrics + "/metrics")
		must(t, err)
		text, err := io.ReadAll(resp.Body)
		must(t, err)
		must(t, resp.Body.Close())
		if s := read(t, text); s.of(t, "pecete_http_requests_in_flight") == 0 {
			return s
		}
	}
	t.Fatal("something is always under way")
	return scrape{}
}

// lived is one real server for all tests that look at what it tells: before
// anybody did anything, after one person did, and after another did the same.
var lived struct {
	once           sync.Once
	town           *town
	born, one, two scrape
}

func live(t *testing.T) {
	t.Helper()
	lived.once.Do(func() {
		d := newTown(t, 2)
		lived.born = d.scrape(t)
		d.live(t, d.people[0])
		lived.one = d.scrape(t)
		d.live(t, d.people[1])
		lived.two = d.scrape(t)
		lived.town = d
	})
	if lived.town == nil {
		t.Fatal("the server did not live, see the test before")
	}
}

func TestARealServerPassesTheLinter(t *testing.T) {
	live(t)
	lived.two.lint(t)
}

// However many people there are, there are no more figures.
func TestPeopleAddNoSeries(t *testing.T) {
	live(t)
	if diff := cmp.Diff(lived.one.series(), lived.two.series()); diff != "" {
		t.Errorf("another person added series: %s", diff)
	}
	for _, was := range lived.born.series() {
		if !slices.Contains(lived.one.series(), was) {
			t.Errorf("%s is gone", was)
		}
	}
	if n := len(lived.two.series()); n < 100 || n > 400 {
		t.Errorf("there are %d series", n)
	}
	value := regexp.MustCompile(`^[A-Za-z0-9_./()+-]{0,48}$`)
	for name, family := range lived.two.families {
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				if !value.MatchString(l.GetValue()) {
					t.Errorf("%s has a label %s=%q", name, l.GetName(), l.GetValue())
				}
			}
		}
	}
}

func TestNoFigureTellsWho(t *testing.T) {
	live(t)
	if len(lived.town.secrets) < 20 {
		t.Fatalf("only %d things to look for", len(lived.town.secrets))
	}
	for secret, what := range lived.town.secrets {
		if secret == "" || bytes.Contains(lived.two.text, []byte(secret)) {
			t.Errorf("the figures have the %s", what)
		}
	}
	for _, series := range lived.two.series() {
		if !strings.HasPrefix(series, "pecete_build_info") && regexp.MustCompile(`[0-9a-f]{16}`).MatchString(series) {
			t.Errorf("something like an id: %s", series)
		}
	}
}

// Two people did the same.
func TestFiguresAreWhatWasDone(t *testing.T) {
	live(t)
	want := map[string]float64{
		`pecete_signatures_total{outcome="done",reason=""}`:           1,
		`pecete_signatures_total{outcome="refused",reason="hash"}`:    2,
		`pecete_signatures_total{outcome="refused",reason="unknown"}`: 1,
		`pecete_grants_total`:                                                        1,
		`pecete_grant_signatures_total`:                                              2,
		`pecete_factor_verifications_total{factor="totp"}`:                           1,
		`pecete_factor_refusals_total{factor="totp",reason="used_before"}`:           1,
		`pecete_tokens_issued_total{scope="service"}`:                                1,
		`pecete_tokens_revoked_total{kind="access_token"}`:                           1,
		`pecete_http_requests_total{code="2xx",method="POST",route="/oauth2/token"}`: 1,
		`pecete_http_requests_total{code="4xx",method="GET",route="other"}`:          1,
		`pecete_http_requests_total{code="5xx",method="GET",route="other"}`:          1,
	}
	lived.one.want(t, want)
	for series := range want {
		want[series] *= 2
	}
	lived.two.want(t, want)
}

// The public listener does not tell, and this one tells nothing else.
func TestTheListenersAreApart(t *testing.T) {
	d := newTown(t, 0)
	for target, want := range map[string]int{
		d.URL + "/metrics":           404,
		d.URL + "/healthz":           200,
		d.metrics + "/metrics":       200,
		d.metrics + "/healthz":       200,
		d.metrics + "/readyz":        200,
		d.metrics + "/":              404,
		d.metrics + "/openapi.yaml":  404,
		d.metrics + "/csc/v2/info":   404,
		d.metrics + "/oauth2/token":  404,
		d.metrics + "/debug/pprof/":  404,
		d.metrics + "/metrics/other": 404,
	} {
		web := http.DefaultClient
		if strings.HasPrefix(target, d.URL) {
			web = d.web
		}
		resp, err := web.Get(target)
		must(t, err)
		must(t, resp.Body.Close())
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", target, resp.StatusCode, want)
		}
	}
	resp, err := http.Post(d.metrics+"/metrics", "text/plain", nil)
	must(t, err)
	must(t, resp.Body.Close())
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %s", resp.Status)
	}
}
