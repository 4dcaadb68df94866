package servertest_test

import (
	"context"
	"encoding/json"
	"html"
	"io"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/pecete/pecete/internal/browser"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

// A registration authority invites over HTTP; the person goes the way that the mails
// show, and the authority is told of the certificate.
func TestARegistrationAuthorityInvites(t *testing.T) {
	notices := make(chan told, 8)
	listener := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		notices <- told{r.Header.Get("Content-Type"), string(body)}
	}))
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Listener.Addr().String())
	must(t, err)
	uri := "https://127.0.0.1:" + port + "/issued"
	s, _, app := raiseTold(t, listener, uri)
	_, err = s.Run(servertest.Context(t), "client", "change", app.ID, "--may", "enrol")
	must(t, err)
	web, err := s.HTTP()
	must(t, err)
	token := struct {
		Value string `json:"access_token"`
	}{}
	resp, err := web.PostForm(s.URL+"/oauth2/token", url.Values{
		"grant_type": {"client_credentials"}, "scope": {"enrolment"}, "client_id": {app.ID}, "client_secret": {app.Secret},
	})
	read(t, resp, err, http.StatusOK, &token)
	ask := func(verb, path, body string, status int, into any) {
		t.Helper()
		req, err := http.NewRequestWithContext(servertest.Context(t), verb, s.URL+"/ra/v1/enrolments"+path, strings.NewReader(body))
		must(t, err)
		req.Header.Set("Authorization", "Bearer "+token.Value)
		req.Header.Set("Content-Type", "application/json")
		resp, err := web.Do(req)
		read(t, resp, err, status, into)
	}
	var e struct{ EnrolmentID, State, CredentialID string }
	ask("POST", "", `{"givenName":"Semnatar","familyName":"Demo","email":"semnatar.demo@example.org","country":"RO","locale":"ro","responseURI":"`+uri+`"}`, http.StatusCreated, &e)

	p := &person{t: t, s: s, web: browser.New("https://nowhere.example.org/", browser.Always(web)), ctx: servertest.Context(t)}
	p.pair()
	p.activate()
	p.logIn()
	p.post("/portal/certificate", url.Values{"accept": {"yes"}})

	signed, err := jose.ParseSignedCompact(next(t, notices), []jose.SignatureAlgorithm{jose.ES256})
	must(t, err)
	var said map[string]any
	must(t, json.Unmarshal(signed.UnsafePayloadWithoutVerification(), &said))
	if said["enrolmentID"] != e.EnrolmentID || said["state"] != "issued" || said["aud"] != app.ID {
		t.Errorf("told %v", said)
	}
	if ask("GET", "/"+e.EnrolmentID, "", http.StatusOK, &e); e.State != "issued" || e.CredentialID == "" {
		t.Errorf("%+v", e)
	}
	if out, err := s.Run(p.ctx, "signer", "list"); err != nil || !strings.Contains(string(out), e.CredentialID) {
		t.Errorf("signer list: %v\n%s", err, out)
	}
	if out, err := s.Run(p.ctx, "audit", "verify"); err != nil {
		t.Errorf("audit verify: %v\n%s", err, out)
	}
}

func read(t *testing.T, resp *http.Response, err error, status int, into any) {
	t.Helper()
	must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	if resp.StatusCode != status {
		t.Fatalf("%s: %s", resp.Status, text)
	}
	must(t, json.Unmarshal(text, into))
}

// A person has mails, a phone, an authenticator and a browser.
type person struct {
	t    *testing.T
	s    *stage.Stage
	web  *browser.Browser
	ctx  context.Context //nolint:containedctx // of the test
	page string          // as it is
	app  string          // the authenticator's otpauth URI
}

// got is what the newest message has that is of a form.
func (p *person) got(form string) string {
	p.t.Helper()
	files, err := filepath.Glob(filepath.Join(p.s.Folder, "outbox", "*semnatar.demo*"))
	must(p.t, err)
	phone, err := filepath.Glob(filepath.Join(p.s.Folder, "outbox", "*+40700000009*"))
	must(p.t, err)
	for _, file := range slices.Backward(append(phone, files...)) {
		text, err := os.ReadFile(file)
		must(p.t, err)
		if plain, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(string(text)))); err == nil {
			text = plain
		}
		if found := regexp.MustCompile(form).FindStringSubmatch(string(text)); found != nil {
			return found[1]
		}
	}
	p.t.Fatalf("no message has %s", form)
	return ""
}

// open goes to an address, and on as far as it leads.
func (p *person) open(method, address string, form url.Values) {
	p.t.Helper()
	for range 5 {
		resp, err := p.web.Do(p.ctx, method, address, form)
		must(p.t, err)
		text, err := io.ReadAll(resp.Body)
		must(p.t, err)
		must(p.t, resp.Body.Close())
		location, err := resp.Location()
		if err != nil {
			if p.page = string(text); resp.StatusCode != http.StatusOK {
				p.t.Fatalf("%s %s: %s\n%s", method, address, resp.Status, text)
			}
			return
		}
		method, address, form = http.MethodGet, location.String(), nil
	}
	p.t.Fatal("the redirects do not end")
}

// post sends the form of the page, with what is filled in.
func (p *person) post(path string, fill url.Values) {
	p.t.Helper()
	for _, field := range regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`).FindAllStringSubmatch(p.page, -1) {
		if !fill.Has(field[1]) {
			fill.Set(field[1], html.UnescapeString(field[2]))
		}
	}
	p.open(http.MethodPost, p.s.URL+path, fill)
}

// code is what the authenticator shows at a time.
func (p *person) code(at time.Time) string {
	p.t.Helper()
	key, err := otp.NewKeyFromURL(p.app)
	must(p.t, err)
	code, err := totp.GenerateCode(key.Secret(), at)
	must(p.t, err)
	return code
}

func (p *person) pair() {
	p.t.Helper()
	p.open(http.MethodGet, p.got(`(https://[^\s]+/welcome/pair\?link=[A-Za-z0-9_-]{43})`), nil)
	p.post("/welcome/pair", url.Values{})
	uri := regexp.MustCompile(`otpauth://totp/[^"<\s]+`).FindString(p.page)
	if p.app = html.UnescapeString(uri); uri == "" {
		p.t.Fatalf("no secret is shown:\n%s", p.page)
	}
	now := time.Now() // the server takes the codes of one step before and after
	p.post("/welcome/pair/code", url.Values{"code": {p.code(now.Add(-30 * time.Second))}})
	p.post("/welcome/pair/code", url.Values{"code": {p.code(now)}})
}

func (p *person) activate() {
	p.t.Helper()
	p.open(http.MethodGet, p.got(`(https://[^\s]+/welcome/activate\?link=[A-Za-z0-9_-]{43})`), nil)
	p.post("/welcome/activate", url.Values{})
	p.post("/welcome/activate/phone", url.Values{"phone": {"+40700000009"}})
	p.post("/welcome/activate/phone/code", url.Values{"code": {p.got(`: ([0-9]{6}) `)}})
	p.post("/welcome/activate/account", url.Values{"new": {password}, "again": {password}, "accept": {"yes"}})
}

func (p *person) logIn() {
	p.t.Helper()
	p.open(http.MethodGet, p.s.URL+"/portal/login", nil)
	p.post("/portal/login", url.Values{"email": {"semnatar.demo@example.org"}, "password": {password}, "code": {p.code(time.Now().Add(30 * time.Second))}})
}
