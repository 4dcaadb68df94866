package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	picture = regexp.MustCompile(`pictures/([a-z-]+)\.(en|ro)\.png`)
	seen    = regexp.MustCompile(`see\("([a-z-]+)"\)`)
)

// The guide for signers shows pictures that the end-to-end test takes, the same in
// both languages, each in its own.
func TestGuideShowsWhatTheTestSees(t *testing.T) {
	sources, err := filepath.Glob("../internal/e2e/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	taken := map[string]bool{}
	for _, source := range sources {
		for _, m := range seen.FindAllStringSubmatch(read(t, source), -1) {
			taken[m[1]] = true
		}
	}
	shown := map[string][]string{}
	for _, lang := range []string{"en", "ro"} {
		text := read(t, filepath.Join("guide", lang+".md"))
		for _, m := range picture.FindAllStringSubmatch(text, -1) {
			if !taken[m[1]] || m[2] != lang {
				t.Errorf("guide/%s.md shows %s, which is not taken", lang, m[0])
			}
			if _, err := os.Stat(filepath.Join("guide", m[0])); err != nil {
				t.Error(err)
			}
			shown[lang] = append(shown[lang], m[1])
		}
		if n := strings.Count(text, "!["); n != len(shown[lang]) || n < 8 {
			t.Errorf("guide/%s.md shows %d pictures, %d of the test", lang, n, len(shown[lang]))
		}
	}
	if !slices.Equal(shown["en"], shown["ro"]) {
		t.Errorf("the guides show different pictures: %v", shown)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
