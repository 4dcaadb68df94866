package enrolment

import (
	"flag"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/notify/notifytest"
)

// update writes what letters say anew.
var update = flag.Bool("update", false, "write what letters say into testdata")

// Each letter, as a reader without HTML shows it; and the HTML says the same.
func TestLetters(t *testing.T) {
	o := Office{
		From: "Pecete", PairURL: "https://pecete.example.org/welcome/pair", ActivateURL: "https://pecete.example.org/welcome/activate",
		DownloadsURL: "https://pecete.example.org/downloads", LoginURL: "https://pecete.example.org/portal",
	}
	o.Recovery.Delay = DefaultDelay
	from := time.Date(2026, 6, 2, 12, 0, 0, 0, time.UTC)
	texted := map[string]bool{"paired": true, "recovers": true, "replaced": true}
	for _, who := range []Identity{
		{GivenName: "Demo", FamilyName: "Signer", Email: "demo.signer@example.org", Locale: "en-GB"},
		{GivenName: "Semnatar", FamilyName: "Demo", Email: "semnatar.demo@example.org", Locale: "ro-RO"},
	} {
		e := Enrolment{Identity: who}
		for name, l := range map[string]letter{
			"pair": {link: LinkPair, token: "TOKEN"}, "activate": {link: LinkActivate, token: "TOKEN"},
			"paired": {kind: "paired", from: from}, "issued": {kind: "issued"},
			"recovers": {kind: kindBegun}, "replaced": {kind: kindAgain, from: from}, "recovered": {kind: kindBack, from: from},
		} {
			written := o.written(e, l)
			m, err := written.Mail(who.Email)
			if err != nil {
				t.Fatal(err)
			}
			notifytest.Golden(t, *update, filepath.Join("testdata", name+"."+written.Lang+".txt"), m)
			if len([]rune(written.Short)) > 160 || texted[name] != (written.Short != "") {
				t.Errorf("%s by SMS: %q", name, written.Short)
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
