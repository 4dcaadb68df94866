package enrolment

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
)

// update writes what letters say anew.
var update = flag.Bool("update", false, "write what letters say into testdata")

// plain is what a mail reader shows of HTML that shows no HTML.
func plain(html string) string {
	_, html, _ = strings.Cut(html, "<body")
	_, html, _ = strings.Cut(html, ">")
	html = regexp.MustCompile(`<a href="([^"]*)"[^>]*>([^<]*)</a>`).ReplaceAllString(html, "$2:\n$1")
	html = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(html, "\n")
	html = strings.NewReplacer("&#39;", "'", "&#34;", `"`, "&amp;", "&").Replace(html)
	return strings.TrimSpace(regexp.MustCompile(`\n\s*\n\s*`).ReplaceAllString(html, "\n\n"))
}

// Each letter, as a reader without HTML shows it; and the HTML says the same.
func TestLetters(t *testing.T) {
	o := Office{
		From: "Pecete", PairURL: "https://pecete.example.org/welcome/pair", ActivateURL: "https://pecete.example.org/welcome/activate",
		DownloadsURL: "https://pecete.example.org/downloads", LoginURL: "https://pecete.example.org/portal",
	}
	for _, who := range []Identity{
		{GivenName: "Demo", FamilyName: "Signer", Email: "demo.signer@example.org", Locale: "en-GB"},
		{GivenName: "Semnatar", FamilyName: "Demo", Email: "semnatar.demo@example.org", Locale: "ro-RO"},
	} {
		e := Enrolment{Identity: who}
		for name, l := range map[string]letter{
			"pair": {link: LinkPair, token: "TOKEN"}, "activate": {link: LinkActivate, token: "TOKEN"},
			"paired": {kind: "paired"}, "issued": {kind: "issued"},
		} {
			written := o.written(e, l)
			m, err := written.Mail(who.Email)
			if err != nil {
				t.Fatal(err)
			}
			got := "To: " + m.To + "\nSubject: " + m.Subject + "\n\n" + m.Text
			path := filepath.Join("testdata", name+"."+written.Lang+".txt")
			if *update {
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
			if len([]rune(written.Short)) > 160 || (name == "paired") != (written.Short != "") {
				t.Errorf("%s by SMS: %q", name, written.Short)
			}
			if diff := cmp.Diff(strings.Replace(strings.TrimSpace(m.Text), "-- \n", "", 1), plain(m.HTML)); diff != "" {
				t.Errorf("%s: the HTML says something else (-text +html):\n%s", path, diff)
			}
			if strings.ContainsAny(got+m.HTML, "şţŞŢ") || strings.Contains(got+m.HTML, "!(") || strings.Contains(m.HTML, "<img") {
				t.Errorf("%s: a cedilla, a missing word or a picture", path)
			}
		}
	}
}

// Each language says all, and with the same arguments.
func TestWords(t *testing.T) {
	verbs := regexp.MustCompile(`%[a-z]`)
	for key, en := range words["en"] {
		ro, said := words["ro"][key]
		if !said {
			t.Errorf("%s is not said in Romanian", key)
		}
		if diff := cmp.Diff(verbs.FindAllString(en, -1), verbs.FindAllString(ro, -1)); diff != "" {
			t.Errorf("%s (-en +ro):\n%s", key, diff)
		}
	}
	if len(words["ro"]) != len(words["en"])+2 { // hour.few and minute.few
		t.Errorf("%d words in Romanian, %d in English", len(words["ro"]), len(words["en"]))
	}
}

func TestSpans(t *testing.T) {
	for _, test := range []struct {
		lang string
		span time.Duration
		want string
	}{
		{"ro", 24 * time.Hour, "24 de ore"}, {"ro", time.Hour, "1 oră"}, {"ro", 2 * time.Hour, "2 ore"}, {"ro", 19 * time.Hour, "19 ore"},
		{"ro", 101 * time.Hour, "101 ore"}, {"ro", 120 * time.Hour, "120 de ore"}, {"ro", 5 * time.Minute, "5 minute"}, {"ro", 20 * time.Minute, "20 de minute"},
		{"ro", time.Minute, "1 minut"}, {"en", 24 * time.Hour, "24 hours"}, {"en", time.Hour, "1 hour"}, {"en", 5 * time.Minute, "5 minutes"},
	} {
		if got := span(test.lang, test.span); got != test.want {
			t.Errorf("%v in %s is %q, want %q", test.span, test.lang, got, test.want)
		}
	}
}

// The code by SMS fits into one message and is no secret in the log.
func TestCodeLetter(t *testing.T) {
	for _, locale := range []string{"en", "ro"} {
		o := Office{From: "Pecete"}
		m := o.codeLetter(Enrolment{Identity: Identity{Locale: locale}}, "123456").SMS("+40700000000")
		if !strings.Contains(m.Text, "123456") || len([]rune(m.Text)) > 160 {
			t.Errorf("%q", m.Text)
		}
	}
	if got := address("https://a/b", csc.Secret("x")); got != "https://a/b?link=x" {
		t.Errorf("%q", got)
	}
}
