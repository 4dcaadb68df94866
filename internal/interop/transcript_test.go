package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pecete/pecete/internal/browser"
)

// An exchange is a request with its answer, as it is told.
type exchange struct {
	Method string            `json:"method"`
	URL    string            `json:"url"`
	Header map[string]string `json:"header"`
	Body   string            `json:"body"`
	Status int               `json:"status"`
	Answer string            `json:"answer"`
}

// toldHeaders are those of a request that prove something.
var toldHeaders = []string{"authorization", "dpop"}

// secrets are the names whose values are cut: what proves who somebody is, or
// lets one do something.
var secrets = map[string]bool{
	"client_secret": true, "client_assertion": true, "request": true, "request_uri": true, "code": true, "code_verifier": true,
	"access_token": true, "refresh_token": true, "token": true, "SAD": true, "password": true, "authorization": true, "dpop": true,
	"i": true, "shown": true, "account_token": true, "state": true,
}

// most is how much is told of any value.
const most = 72

// cut is a value as it is told.
func cut(name, value string) string {
	if secrets[name] {
		scheme, rest, two := strings.Cut(value, " ")
		if two && name == "authorization" {
			return scheme + " " + cut(name, rest)
		}
		return value[:min(len(value)/5, 5)] + "…"
	}
	if len(value) > most {
		return value[:most] + "…"
	}
	return value
}

// pairs are the parameters of a form or a query, in order.
func pairs(form url.Values) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(form)) {
		all = append(all, name+"="+cut(name, form.Get(name)))
	}
	return strings.Join(all, " ")
}

// members are those of a JSON object, in order.
func members(text string) string {
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &object) != nil {
		return ""
	}
	form := url.Values{}
	for name, raw := range object {
		value := string(raw)
		_ = json.Unmarshal(raw, &value) // what is no text is told as it is
		form.Set(name, value)
	}
	return pairs(form)
}

// lines are what is told of an exchange.
func (e exchange) lines() string {
	at, err := url.Parse(e.URL)
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", e.Method, at.Path)
	for _, name := range toldHeaders {
		if value := e.Header[name]; value != "" {
			fmt.Fprintf(&b, "\n      %s: %s", name, cut(name, value))
		}
	}
	said := members(e.Body)
	if form, err := url.ParseQuery(e.Body); said == "" && err == nil {
		said = pairs(form)
	}
	for _, what := range []string{pairs(at.Query()), said} {
		if what != "" {
			b.WriteString("\n      " + what)
		}
	}
	fmt.Fprintf(&b, "\n   %d %s", e.Status, members(e.Answer))
	return b.String()
}

// A transcript is what went over the wire, told with -v and in a file.
type transcript struct {
	t    *testing.T
	file *os.File
}

// newTranscript begins the transcript of a test, in build/interop.
func newTranscript(t *testing.T) transcript {
	t.Helper()
	folder := filepath.Join("..", "..", "build", "interop")
	must(t, os.MkdirAll(folder, 0o755))
	file, err := os.Create(filepath.Join(folder, t.Name()+".txt"))
	must(t, err)
	t.Cleanup(func() { must(t, file.Close()) })
	return transcript{t, file}
}

// tell adds what somebody did.
func (s transcript) tell(who, what string) {
	s.t.Helper()
	line := fmt.Sprintf("%-9s%s", who+":", what)
	s.t.Log(line)
	_, err := fmt.Fprintln(s.file, line)
	must(s.t, err)
}

// A recorder tells of each exchange of an application.
type recorder struct {
	transcript transcript
	base       http.RoundTripper
}

// RoundTrip is the base's, and is told.
func (r recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	e := exchange{Method: req.Method, URL: req.URL.String(), Header: map[string]string{}}
	for _, name := range toldHeaders {
		e.Header[name] = req.Header.Get(name)
	}
	if req.Body != nil {
		text, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		e.Body, req.Body = string(text), io.NopCloser(bytes.NewReader(text))
	}
	resp, err := r.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(text))
	e.Status, e.Answer = resp.StatusCode, string(text)
	r.transcript.tell("app", e.lines())
	return resp, err
}

// seen tells what the signer's browser does.
func (s *scene) seen(a browser.Answer) {
	e := exchange{Method: a.Method, URL: a.URL.String(), Body: a.Form.Encode(), Status: a.Status}
	told := e.lines()
	if to := a.To; to != nil {
		told += "to " + to.Scheme + "://" + to.Host + to.Path + " " + pairs(to.Query())
	}
	s.tell("browser", told)
}

func TestTranscriptsHaveNoSecrets(t *testing.T) {
	const secret = "0123456789abcdefghijklmnop"
	if got := cut("password", "correct horse"); got != "co…" {
		t.Errorf("a password is told as %q", got)
	}
	if got := cut("code", "123456"); got != "1…" {
		t.Errorf("a code is told as %q", got)
	}
	for name := range secrets {
		e := exchange{
			Method: "POST", URL: "https://localhost/a?" + url.Values{name: {secret}}.Encode(),
			Header: map[string]string{"authorization": "DPoP " + secret, "dpop": secret},
			Body:   url.Values{name: {secret}}.Encode(), Answer: `{"` + name + `":"` + secret + `","n":5,"o":{"a":1}}`,
		}
		told := e.lines()
		if strings.Contains(told, secret[:6]) || strings.Contains(told, secret[20:]) || !strings.Contains(told, name+"="+secret[:5]+"…") || !strings.Contains(told, `n=5 o={"a":1}`) {
			t.Errorf("%s: %s", name, told)
		}
	}
}
