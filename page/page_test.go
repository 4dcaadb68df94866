package page_test

import (
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/page"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// A shop has one page with a form, and lets a test say how the form is answered.
type shop struct {
	t       *testing.T
	book    *page.Book
	log     strings.Builder
	now     time.Time
	answer  func(v page.Visit, form url.Values)
	server  *httptest.Server
	browser *http.Client
}

func newShop(t *testing.T, languages ...string) *shop {
	s := &shop{t: t, now: noon}
	texts := map[string]string{"shop.title": "The shop", "shop.sold": "Sold: %d."}
	for _, kind := range []string{"stale", "foreign", "form", "away", "inside", "full"} {
		texts["fail."+kind+".title"], texts["fail."+kind+".text"] = "No page", "It is "+kind
	}
	texts["fail.stale.again"] = "Again"
	s.book = page.NewBook(page.House{
		Name: "Pecete", Languages: languages, Demo: true, Key: []byte("32 bytes for the tests of page!!"),
		Logger: slog.New(slog.NewTextHandler(&s.log, nil)), Now: func() time.Time { return s.now },
	}, fstest.MapFS{
		"templates/shop.html": {Data: []byte(`{{define "main"}}<h1>{{template "part" .}}</h1>{{if .Note.Kind}}<p role="alert">{{.T.Say .Note.Kind .Note.Left}}</p>{{end}}` +
			`<form method="post" action="{{.Action}}"><input type="hidden" name="token" value="{{.Token}}"></form>{{end}}`)},
		"templates/parts/part.html": {Data: []byte(`{{define "part"}}{{upper (.T.Say "shop.title")}}{{end}}`)},
	}, map[string]map[string]string{"en": texts, "ro": texts}, template.FuncMap{"upper": strings.ToUpper})
	mux := http.NewServeMux()
	visit := func(w http.ResponseWriter, r *http.Request) page.Visit {
		return page.Visit{
			W: w, R: r, T: s.book.Tongue(w, r, ""), Path: "/shop", Query: url.Values{"i": {r.URL.Query().Get("i")}},
			Of: []string{r.URL.Query().Get("i")}, About: []slog.Attr{slog.String("visitor", "of the test")},
		}
	}
	mux.Handle("GET /shop", page.Safe(func(w http.ResponseWriter, r *http.Request) {
		v := visit(w, r)
		s.book.Render(v, http.StatusOK, "shop.html", struct {
			page.Frame
			Note page.Note
		}{s.book.Frame(v, "shop.title"), s.book.Note(v)})
	}))
	mux.Handle("POST /shop", page.Safe(func(w http.ResponseWriter, r *http.Request) {
		v := visit(w, r)
		form, err := s.book.Form(v)
		if err != nil {
			s.book.Fail(v, err)
			return
		}
		s.answer(v, form)
	}))
	mux.HandleFunc("GET "+page.StylePath, page.Style)
	s.server = httptest.NewTLSServer(mux)
	t.Cleanup(s.server.Close)
	jar, err := cookiejar.New(nil)
	must(t, err)
	s.browser = s.server.Client()
	s.browser.Jar = jar
	s.browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return s
}

func (s *shop) do(method, path, body string, header ...string) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.server.URL+path, strings.NewReader(body))
	must(s.t, err)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for n := 0; n+1 < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	resp, err := s.browser.Do(r)
	must(s.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(s.t, err)
	return resp, string(text)
}

var tokenField = regexp.MustCompile(`name="token" value="([^"]+)"`)

// send sends the form that the page has.
func (s *shop) send(path string) (*http.Response, string) {
	s.t.Helper()
	_, text := s.do(http.MethodGet, path, "")
	return s.do(http.MethodPost, path, url.Values{"token": {tokenField.FindStringSubmatch(text)[1]}}.Encode())
}

func TestAPage(t *testing.T) {
	s := newShop(t)
	resp, text := s.do(http.MethodGet, "/shop?i=1&lang=ro", "")
	for _, want := range []string{
		`<html lang="ro">`, "<title>The shop – Pecete</title>", "<h1>THE SHOP</h1>", "Demonstrație", `action="/shop?i=1"`,
		`href="/shop?i=1&amp;lang=en"`, `href="/style.css"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if resp.Header.Get("Content-Language") != "ro" || !strings.Contains(resp.Header.Get("Content-Security-Policy"), "form-action 'self';") {
		t.Errorf("header %v", resp.Header)
	}
}

// A note is told once, on its own page, for two minutes.
func TestNotes(t *testing.T) {
	s := newShop(t)
	s.answer = func(v page.Visit, _ url.Values) { s.book.Back(v, v.Self(), page.Note{Kind: "shop.sold", Left: 7}) }
	for _, row := range []struct {
		says, path string
		after      time.Duration
		want       bool
	}{
		{"at once", "/shop?i=1", 0, true},
		{"on another page", "/shop?i=2", 0, false},
		{"much later", "/shop?i=1", 3 * time.Minute, false},
	} {
		s.now = noon
		if resp, _ := s.send("/shop?i=1"); resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/shop?i=1" {
			t.Fatalf("%s: answered with %d", row.says, resp.StatusCode)
		}
		s.now = noon.Add(row.after)
		for n := range 2 {
			if _, text := s.do(http.MethodGet, row.path, ""); strings.Contains(text, "Sold: 7.") != (row.want && n == 0) {
				t.Errorf("%s, time %d:\n%s", row.says, n, text)
			}
		}
	}
}

// What is wrong has its status and its words, and the log the cause.
func TestFaults(t *testing.T) {
	passing := awayError{errors.New("address of a database")}
	for _, row := range []struct {
		err    error
		status int
		kind   string
		retry  string
	}{
		{passing, 503, "away", "60"},
		{fmt.Errorf("read: %w", passing), 503, "away", "60"},
		{page.ErrForeign, 403, "foreign", ""},
		{page.ErrStale, 403, "stale", ""},
		{page.ErrForm, 400, "form", ""},
		{&page.Fault{Status: 429, Kind: "full", Wait: 1500 * time.Millisecond, Cause: errors.New("too many")}, 429, "full", "2"},
		{errors.New("a bug"), 500, "inside", ""},
	} {
		s := newShop(t)
		s.answer = func(v page.Visit, _ url.Values) { s.book.Fail(v, row.err) }
		resp, text := s.send("/shop?i=1")
		if resp.StatusCode != row.status || !strings.Contains(text, "It is "+row.kind) || resp.Header.Get("Retry-After") != row.retry {
			t.Errorf("%v: %d, Retry-After %q\n%s", row.err, resp.StatusCode, resp.Header.Get("Retry-After"), text)
		}
		if strings.Contains(text, "database") || strings.Contains(text, "bug") || !strings.Contains(s.log.String(), "of the test") {
			t.Errorf("%v: told\n%s\nand logged\n%s", row.err, text, s.log.String())
		}
		if strings.Contains(text, `href="/shop?i=1"`) != (row.kind == "stale") {
			t.Errorf("%v: a way back?\n%s", row.err, text)
		}
	}
}

type awayError struct{ error }

func (awayError) Unavailable() bool { return true }

// The form of another page, of another browser or from elsewhere is none.
func TestForms(t *testing.T) {
	s := newShop(t)
	counted := 0
	s.answer = func(page.Visit, url.Values) { counted++ }
	s.send("/shop?i=1")
	_, text := s.do(http.MethodGet, "/shop?i=1", "")
	good := url.Values{"token": {tokenField.FindStringSubmatch(text)[1]}}
	for _, row := range []struct {
		says, path string
		form       string
		header     []string
		status     int
	}{
		{"of another subject", "/shop?i=2", good.Encode(), nil, 403},
		{"from another site", "/shop?i=1", good.Encode(), []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"without a token", "/shop?i=1", "", nil, 403},
		{"of another type", "/shop?i=1", good.Encode(), []string{"Content-Type", "text/plain"}, 400},
		{"with a value twice", "/shop?i=1", good.Encode() + "&a=1&a=2", nil, 400},
		{"that cannot be decoded", "/shop?i=1", good.Encode() + "&a=%zz", nil, 400},
		{"of 20,000 bytes", "/shop?i=1", good.Encode() + "&a=" + strings.Repeat("x", 20_000), nil, 400},
	} {
		if resp, _ := s.do(http.MethodPost, row.path, row.form, row.header...); resp.StatusCode != row.status {
			t.Errorf("%s: answered with %d, want %d", row.says, resp.StatusCode, row.status)
		}
	}
	s.browser.Jar = nil
	if resp, _ := s.do(http.MethodPost, "/shop?i=1", good.Encode()); resp.StatusCode != http.StatusForbidden {
		t.Errorf("without the cookie: %d", resp.StatusCode)
	}
	if counted != 1 {
		t.Errorf("%d forms counted", counted)
	}
}

func TestStyle(t *testing.T) {
	s := newShop(t)
	resp, style := s.do(http.MethodGet, page.StylePath, "")
	if resp.Header.Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(style, ":focus-visible") {
		t.Errorf("no style sheet: %v", resp.Header)
	}
	if strings.Contains(style, "url(") || strings.Contains(style, "@import") {
		t.Error("the style sheet loads something")
	}
	resp, _ = s.do(http.MethodGet, page.StylePath, "", "If-None-Match", resp.Header.Get("ETag"))
	if resp.StatusCode != http.StatusNotModified {
		t.Errorf("asked again it is answered with %d", resp.StatusCode)
	}
}

func TestPolicy(t *testing.T) {
	want := "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self' a: b:; frame-ancestors 'none'; base-uri 'none'"
	if diff := cmp.Diff(want, page.Policy([]string{"a:", "b:"}, false)); diff != "" {
		t.Error(diff)
	}
	want += "; script-src 'self'; connect-src 'self'"
	if diff := cmp.Diff(want, page.Policy([]string{"a:", "b:"}, true)); diff != "" {
		t.Error(diff)
	}
}

func TestTheFrameHasTheSameTexts(t *testing.T) {
	texts := page.Texts()
	for tag, table := range texts {
		for key, text := range table {
			if texts["en"][key] == "" || text == "" {
				t.Errorf("%s: %q is %q, in English %q", tag, key, text, texts["en"][key])
			}
		}
		if len(table) != len(texts["en"]) {
			t.Errorf("%s has %d texts", tag, len(table))
		}
	}
}

func TestPlurals(t *testing.T) {
	plurals := page.Plurals()
	for _, row := range []struct {
		n        int
		english  string
		romanian string
	}{
		{0, "other", "few"}, {1, "one", "one"}, {2, "other", "few"}, {19, "other", "few"}, {20, "other", "other"},
		{21, "other", "other"}, {99, "other", "other"}, {100, "other", "other"}, {101, "other", "few"},
		{119, "other", "few"}, {120, "other", "other"}, {1000, "other", "other"}, {1001, "other", "few"},
	} {
		if got := plurals["en"](row.n); got != row.english {
			t.Errorf("en %d: %s, want %s", row.n, got, row.english)
		}
		if got := plurals["ro"](row.n); got != row.romanian {
			t.Errorf("ro %d: %s, want %s", row.n, got, row.romanian)
		}
	}
}

// Every cookie is of this host alone.
func TestCookies(t *testing.T) {
	s := newShop(t)
	s.answer = func(v page.Visit, _ url.Values) { s.book.Back(v, v.Self(), page.Note{Kind: "shop.sold"}) }
	all := []string{}
	resp, _ := s.do(http.MethodGet, "/shop?i=1&lang=ro", "")
	all = append(all, resp.Header.Values("Set-Cookie")...)
	resp, _ = s.send("/shop?i=1")
	all = append(all, resp.Header.Values("Set-Cookie")...)
	for _, c := range all {
		for _, want := range []string{"__Host-", "Path=/", "Secure", "HttpOnly", "SameSite=Lax"} {
			if !strings.Contains(c, want) {
				t.Errorf("%s: no %s", c, want)
			}
		}
	}
	if len(all) != 3 || slices.ContainsFunc(all, func(c string) bool { return strings.Contains(c, "Domain") }) {
		t.Errorf("cookies %q", all)
	}
}
