package reference_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/openapi"
	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/reference"
)

// open serves the page and returns how to get what is on it.
func open(t *testing.T, has func(csc.Method) bool) func(path string) (*http.Response, string) {
	t.Helper()
	v2, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	v1, err := openapi.LoadV1()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	reference.Pages{
		House: page.House{Name: "Pecete <b>", Logger: slog.New(slog.DiscardHandler), Now: time.Now, Languages: []string{"ro", "en"}},
		V2:    v2, Has: has, V1: v1, HasV1: has,
	}.Mount(mux)
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	return func(path string) (*http.Response, string) {
		resp, err := http.Get(web.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(text)
	}
}

func everything(csc.Method) bool { return true }

func parse(t *testing.T, text string) *html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func attribute(n *html.Node, name string) string {
	i := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
	if i < 0 {
		return ""
	}
	return n.Attr[i].Val
}

// The page and what it is made of come from this host; the policy allows nothing
// else, and nothing else is there.
func TestNothingComesFromElsewhere(t *testing.T) {
	get := open(t, everything)
	for _, path := range []string{reference.Path, reference.PathV1} {
		ofThisHost(t, get, path)
	}
	for path, media := range map[string]string{"/docs/reference.js": "text/javascript; charset=utf-8", "/docs/reference.css": "text/css; charset=utf-8"} {
		resp, text := get(path)
		if resp.Header.Get("Content-Type") != media || resp.Header.Get("X-Content-Type-Options") != "nosniff" || resp.Header.Get("ETag") == "" {
			t.Errorf("%s: %v", path, resp.Header)
		}
		for _, bad := range []string{"http:", "https:", "//cdn", "@import", "url(", "eval(", "innerHTML", "localStorage"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s has %q", path, bad)
			}
		}
	}
}

func ofThisHost(t *testing.T, get func(string) (*http.Response, string), path string) {
	t.Helper()
	resp, text := get(path)
	want := "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; script-src 'self'; connect-src 'self'"
	if got := resp.Header.Get("Content-Security-Policy"); got != want || resp.StatusCode != http.StatusOK {
		t.Errorf("%d with the policy %q", resp.StatusCode, got)
	}
	scripts := 0
	for n := range parse(t, text).Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "script" {
			scripts++
		}
		if n.Data == "style" || n.Data == "script" && (attribute(n, "src") == "" || n.FirstChild != nil) {
			t.Errorf("an inline %s", n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
				t.Errorf("%s has %s=%q", n.Data, a.Key, a.Val)
			}
			if leads := a.Key == "src" || a.Key == "href" || a.Key == "action"; leads && !strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "#") && a.Val != "data:," {
				t.Errorf("%s leads to %q", n.Data, a.Val)
			}
		}
	}
	if scripts != 1 || strings.Contains(text, "Pecete <b>") {
		t.Errorf("%d scripts", scripts)
	}
}

// Every method of this server is there, with all its parameters, and no other.
func TestMethodsAreShown(t *testing.T) {
	get := open(t, func(m csc.Method) bool { return m != csc.MethodTimestamp })
	for path, load := range map[string]func() (*openapi.Contract, error){reference.Path: openapi.Load, reference.PathV1: openapi.LoadV1} {
		contract, err := load()
		if err != nil {
			t.Fatal(err)
		}
		_, text := get(path)
		areShown(t, contract, text)
	}
	if _, text := get(reference.Path); !strings.Contains(text, "<li>null is the same as leaving the member out") {
		t.Error("the contract's own words are not there")
	}
}

func areShown(t *testing.T, contract *openapi.Contract, text string) {
	t.Helper()
	for _, op := range contract.Describe().Operations {
		shown, tried := strings.Contains(text, op.Verb+" "+op.Path+"<"), strings.Contains(text, `data-method="`+string(op.Method)+`"`)
		if shown != (op.Method != csc.MethodTimestamp) || tried != (shown && !op.Form) {
			t.Errorf("%s is shown: %v, and can be tried: %v", op.Method, shown, tried)
		}
		for _, m := range op.Request {
			if shown && !strings.Contains(text, "<dt><code>"+m.Name+"</code>") {
				t.Errorf("%s: %s is not there", op.Method, m.Name)
			}
		}
	}
}

// What a screen reader needs: a language, names for what is filled in, ids that
// are there once, headings without gaps.
func TestAccessible(t *testing.T) {
	_, text := open(t, everything)("/docs")
	ids, refers := map[string]int{}, []string{}
	level := 0
	for n := range parse(t, text).Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if id := attribute(n, "id"); id != "" {
			ids[id]++
		}
		for _, name := range []string{"for", "aria-labelledby", "aria-describedby"} {
			if to := attribute(n, name); to != "" {
				refers = append(refers, to)
			}
		}
		if to, inside := strings.CutPrefix(attribute(n, "href"), "#"); inside {
			refers = append(refers, to)
		}
		if len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
			if next := int(n.Data[1] - '0'); next > level+1 {
				t.Errorf("a heading of level %d comes after one of level %d", next, level)
			}
			level = int(n.Data[1] - '0')
		}
		if named := n.Data == "input" || n.Data == "textarea" || n.Data == "select"; named && !strings.Contains(text, `for="`+attribute(n, "id")+`"`) {
			t.Errorf("%s %q has no label", n.Data, attribute(n, "id"))
		}
		if n.Data == "html" && attribute(n, "lang") != "en" {
			t.Errorf("the page is in %q", attribute(n, "lang"))
		}
	}
	for id, times := range ids {
		if times != 1 {
			t.Errorf("%s is there %d times", id, times)
		}
	}
	for _, id := range refers {
		if ids[id] == 0 {
			t.Errorf("there is no %s", id)
		}
	}
}
