package login_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pecete/pecete/login"
	"github.com/pecete/pecete/oauth"
)

var verb = regexp.MustCompile(`%[a-z]`)

func TestLanguagesHaveTheSameTexts(t *testing.T) {
	texts, _ := login.Tongues()
	for tag, table := range texts {
		for key, text := range table {
			other, ok := texts["en"][key]
			if !ok {
				t.Errorf("%s has %q, English has not", tag, key)
			}
			if strings.TrimSpace(text) == "" || !slices.Equal(verb.FindAllString(text, -1), verb.FindAllString(other, -1)) {
				t.Errorf("%s: %q is %q, in English %q", tag, key, text, other)
			}
		}
		if len(table) != len(texts["en"]) {
			t.Errorf("%s has %d texts, English %d", tag, len(table), len(texts["en"]))
		}
	}
}

var (
	said    = regexp.MustCompile(`\.Say "([^"]+)"`)
	counted = regexp.MustCompile(`\.Count "([^"]+)"`)
	inCode  = regexp.MustCompile(`"((?:login|consent|approve|code|document|fail)\.[a-z.]+[a-z])"`)
)

// Every text that a page or the code names is there, and every text is named.
func TestEveryTextIsUsed(t *testing.T) {
	named := map[string]bool{}
	name := func(text string, r *regexp.Regexp, endings ...string) {
		for _, m := range r.FindAllStringSubmatch(text, -1) {
			for _, ending := range endings {
				named[m[1]+ending] = true
			}
		}
	}
	templates, err := filepath.Glob("templates/*.html")
	must(t, err)
	code, err := filepath.Glob("*.go")
	must(t, err)
	for _, file := range append(templates, code...) {
		if strings.HasSuffix(file, "_test.go") || file == "english.go" || file == "romanian.go" {
			continue
		}
		text, err := os.ReadFile(file)
		must(t, err)
		name(string(text), said, "")
		name(string(text), counted, ".one", ".few", ".other")
		if strings.HasSuffix(file, ".go") {
			name(string(text), inCode, "")
		}
	}
	for _, kind := range []string{"over", "stale", "foreign", "form", "away", "inside"} {
		named["fail."+kind+".title"], named["fail."+kind+".text"] = true, true
	}
	for _, file := range []string{"login.html", "consent.html", "fail.html"} {
		delete(named, file)
	}
	texts, _ := login.Tongues()
	for key := range named {
		if _, ok := texts["en"][key]; !ok {
			t.Errorf("there is no text %q", key)
		}
	}
	for key := range texts["en"] {
		if !named[key] {
			t.Errorf("nobody says %q", key)
		}
	}
}

func TestPlurals(t *testing.T) {
	_, plurals := login.Tongues()
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

func TestLanguageOfThePage(t *testing.T) {
	for _, row := range []struct {
		name, offered, query, cookie, asked, accept, want string
	}{
		{name: "nothing is asked for", want: "en"},
		{name: "the client asks", asked: "ro-RO", accept: "en", want: "ro"},
		{name: "the client asks for several", asked: "de fr", accept: "ro", want: "ro"},
		{name: "the client asks for what there is not", asked: "ja", accept: "ro-RO,ro;q=0.9,en;q=0.8", want: "ro"},
		{name: "the client asks for nonsense", asked: "\x00<script>", accept: "ro", want: "ro"},
		{name: "the browser asks", accept: "fr-FR,ro;q=0.5", want: "ro"},
		{name: "the browser asks for what there is not", accept: "ja", want: "en"},
		{name: "the browser asks for anything", accept: "*", want: "en"},
		{name: "the browser asks for nonsense", accept: ";;;q=x", want: "en"},
		{name: "the switch says", query: "ro", cookie: "en", asked: "en", accept: "en", want: "ro"},
		{name: "the switch said", cookie: "ro", asked: "en", accept: "en", want: "ro"},
		{name: "the switch says nonsense", query: "xx", cookie: "../", asked: "ro", want: "ro"},
		{name: "Romanian comes first", offered: "ro,en", want: "ro"},
		{name: "only English is offered", offered: "en", query: "ro", accept: "ro", want: "en"},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newHouse(t)
			if row.offered != "" {
				h.pages.Languages = strings.Split(row.offered, ",")
			}
			h.ask(numbered(1), loggedOut, func(i *oauth.Interaction) { i.Lang = row.asked })
			resp, page := h.get("/login?i=one&lang="+row.query, "Accept-Language", row.accept, "Cookie", "__Host-pecete-lang="+row.cookie)
			if got := resp.Header.Get("Content-Language"); got != row.want || !strings.Contains(page, `<html lang="`+row.want+`">`) {
				t.Errorf("the page is in %s, want %s", got, row.want)
			}
		})
	}
}

// The switch is kept for the pages after.
func TestSwitchIsKept(t *testing.T) {
	h := newHouse(t)
	h.credential("c_1")
	h.ask(numbered(2), loggedOut)
	_, page := h.get("/login?i=one")
	wantTold(t, page, `href="/login?i=one&lang=ro"`)
	h.send("/login?i=one&lang=ro", credentialsOf("demo.signer@example.org", password))
	_, page = h.get("/consent?i=one")
	wantTold(t, page, "2 documente de semnat", `href="/consent?i=one&lang=en"`)
}
