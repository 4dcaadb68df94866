package page_test

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/pecete/pecete/page"
)

// leaves is a book of one page in two languages.
func leaves(key string, now time.Time) *page.Book {
	return page.NewBook(page.House{Key: []byte(key), Now: func() time.Time { return now }},
		fstest.MapFS{"templates/one.html": {Data: []byte(`{{define "main"}}{{end}}`)}}, map[string]map[string]string{"en": {}, "ro": {}}, nil)
}

// FuzzNote: a browser brings back a note that it was given, to the page it is of
// and not for long, and nothing else is one.
func FuzzNote(f *testing.F) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	given := func(key string) string {
		w := httptest.NewRecorder()
		v := page.Visit{W: w, R: httptest.NewRequest("POST", "/page", nil), Path: "/page", Of: []string{"somebody"}}
		leaves(key, now).Back(v, "/page", page.Note{Email: "demo.signer@example.org"})
		return w.Result().Cookies()[0].Value
	}
	name := noteName(f, now)
	f.Add(given("a key of another server, 32 bytes"), "/page", "somebody")
	f.Add("", "", "")
	f.Add(".", "/page", "somebody")
	f.Add("e30.e30", "/page", "somebody")
	f.Add(strings.Repeat("A", 4000), "/page", "somebody")
	mine := given("a key for tests of thirty-two byt")
	f.Fuzz(func(t *testing.T, value, path, of string) {
		r := httptest.NewRequest("GET", "/page", nil)
		r.Header.Set("Cookie", name+"="+value)
		v := page.Visit{W: httptest.NewRecorder(), R: r, Path: path, Of: []string{of}}
		if n := leaves("a key for tests of thirty-two byt", now).Note(v); n != (page.Note{}) && (value != mine || path != "/page" || of != "somebody") {
			t.Errorf("%q at %q for %q is the note %+v", value, path, of, n)
		}
	})
}

// noteName is what the cookie is called.
func noteName(f *testing.F, now time.Time) string {
	f.Helper()
	w := httptest.NewRecorder()
	leaves("any key will do for its name here", now).Back(page.Visit{W: w, R: httptest.NewRequest("POST", "/", nil), Path: "/"}, "/", page.Note{})
	return w.Result().Cookies()[0].Name
}

// FuzzTongue: whatever a browser and an application ask for, the page speaks one
// of its languages, and takes no time to find out which.
func FuzzTongue(f *testing.F) {
	for _, header := range []string{
		"", "ro", "ro-RO, en;q=0.5", "*", "en;q=2", "x-klingon", strings.Repeat("a-", 3000), strings.Repeat("en,", 5000), strings.Repeat("sr-Latn-", 1000), "ro\x00", "ș;q=",
	} {
		f.Add(header, header, "lang=ro", "language=ro")
		f.Add(header, "", "", "")
	}
	b := leaves("a key for tests of thirty-two byt", time.Now())
	f.Fuzz(func(t *testing.T, header, asked, query, cookie string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL = &url.URL{Path: "/", RawQuery: query}
		r.Header.Set("Accept-Language", header)
		r.Header.Set("Cookie", cookie)
		begun := time.Now()
		if got := b.Tongue(httptest.NewRecorder(), r, asked); got.Tag != "en" && got.Tag != "ro" {
			t.Errorf("speaks %q", got.Tag)
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("%d and %d bytes took %v", len(header), len(asked), took)
		}
	})
}
