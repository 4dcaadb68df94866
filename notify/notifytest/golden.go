// Package notifytest helps tests of letters. It is for tests only.
package notifytest

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/notify"
)

// Golden holds a mail against a file, as a reader without HTML shows it, or writes
// the file; and the HTML must say the same.
func Golden(t testing.TB, update bool, path string, m notify.Message) {
	t.Helper()
	got := "To: " + m.To + "\nSubject: " + m.Subject + "\n\n" + m.Text
	if update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
	if diff := cmp.Diff(strings.Replace(strings.TrimSpace(m.Text), "-- \n", "", 1), plain(m.HTML)); diff != "" {
		t.Errorf("%s: the HTML says something else (-text +html):\n%s", path, diff)
	}
	if strings.ContainsAny(got+m.HTML, "şţŞŢ") || strings.Contains(got+m.HTML, "!(") || strings.Contains(m.HTML, "<img") {
		t.Errorf("%s: a cedilla, a missing word or a picture", path)
	}
}

// plain is what a mail reader shows of HTML that shows no HTML.
func plain(html string) string {
	_, html, _ = strings.Cut(html, "<body")
	_, html, _ = strings.Cut(html, ">")
	html = regexp.MustCompile(`<a href="([^"]*)"[^>]*>([^<]*)</a>`).ReplaceAllString(html, "$2:\n$1")
	html = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(html, "\n")
	html = strings.NewReplacer("&#39;", "'", "&#34;", `"`, "&amp;", "&").Replace(html)
	return strings.TrimSpace(regexp.MustCompile(`\n\s*\n\s*`).ReplaceAllString(html, "\n\n"))
}
