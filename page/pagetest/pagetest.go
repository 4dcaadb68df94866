// Package pagetest holds the texts of a book of pages to what its templates and
// its code say.
package pagetest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pecete/pecete/page"
)

var (
	verb    = regexp.MustCompile(`%[a-z]`)
	said    = regexp.MustCompile(`\.Say "([^"]+)"`)
	counted = regexp.MustCompile(`\.Count[ (]"([^"]+)"`)
	faults  = regexp.MustCompile(`Kind: "([a-z]+)"`)
)

// always are the kinds of faults that every book has words for.
var always = []string{"stale", "foreign", "form", "away", "inside"}

// Texts says what is wrong with the texts of the package in this folder, by
// language and key: that a language lacks one or has it with other places for
// numbers and names, that a text is named and not there, that one is there and
// named by nobody. Keys begin with one of the prefixes, and "fail".
func Texts(t *testing.T, texts map[string]map[string]string, prefixes ...string) {
	t.Helper()
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
	named := keys(t, prefixes)
	for key := range named {
		if texts["en"][key] == "" && page.Texts()["en"][key] == "" {
			t.Errorf("there is no text %q", key)
		}
	}
	for key := range texts["en"] {
		if !named[key] {
			t.Errorf("nobody says %q", key)
		}
	}
}

// keys are all that templates and code name.
func keys(t *testing.T, prefixes []string) map[string]bool {
	t.Helper()
	inCode := regexp.MustCompile(`"((?:` + strings.Join(prefixes, "|") + `)\.[a-z.]+[a-z])"`)
	named := map[string]bool{}
	name := func(text string, r *regexp.Regexp, before string, endings ...string) {
		for _, m := range r.FindAllStringSubmatch(text, -1) {
			for _, ending := range endings {
				named[before+m[1]+ending] = true
			}
		}
	}
	for _, kind := range always {
		named["fail."+kind+".title"], named["fail."+kind+".text"] = true, true
	}
	named["fail.stale.again"] = true
	for _, file := range sources(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name(string(text), said, "", "")
		name(string(text), counted, "", ".one", ".few", ".other")
		if strings.HasSuffix(file, ".go") {
			text = counted.ReplaceAll(text, nil) // named already, in its forms
			name(string(text), inCode, "", "")
			name(string(text), faults, "fail.", ".title", ".text")
		}
	}
	for key := range named {
		if strings.HasSuffix(key, ".html") {
			delete(named, key)
		}
	}
	return named
}

// sources are the templates, and the code but for tests and the texts themselves.
func sources(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"templates/*.html", "templates/parts/*.html", "*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, files...)
	}
	return slices.DeleteFunc(all, func(file string) bool {
		return strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "english.go") || strings.HasSuffix(file, "romanian.go")
	})
}
