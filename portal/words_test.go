package portal_test

import (
	"bytes"
	"html"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/internal/hostilepdf"
	"github.com/pecete/pecete/internal/samplepdf"
	"github.com/pecete/pecete/internal/sourcetest"
	"github.com/pecete/pecete/portal"
	"github.com/pecete/pecete/signing/ades"
	"github.com/pecete/pecete/signing/ades/adestest"
	"github.com/pecete/pecete/verify"
)

// Whatever can be found has a sentence in both languages, which is another in each,
// and none for what cannot be found.
func TestWordsForAllCodes(t *testing.T) {
	en, ro := portal.WordsIn("en"), portal.WordsIn("ro")
	codes := map[string]bool{}
	for _, code := range verify.Codes() {
		codes["found."+string(code)] = true
		english, err := en.Found(verify.Finding{Code: code})
		must(t, err)
		romanian, err := ro.Found(verify.Finding{Code: code})
		must(t, err)
		if english == romanian || !strings.HasSuffix(romanian, ".") || strings.ContainsAny(romanian, "şţŞŢ") || strings.Count(english, "%") != strings.Count(romanian, "%") {
			t.Errorf("%s: %q and %q", code, english, romanian)
		}
	}
	for key := range portal.Texts()["ro"] {
		if strings.HasPrefix(key, "found.") && !codes[key] {
			t.Errorf("%s is of nothing that can be found", key)
		}
	}
	for kind, prefix := range map[string]string{"Kind": "problem.", "Change": "since.", "Reason": "verify.error."} {
		for _, value := range ofVerify(t, kind) {
			for tag, texts := range portal.Texts() {
				if texts[prefix+value] == "" {
					t.Errorf("%s: no text for %s %q", tag, kind, value)
				}
			}
		}
	}
	for _, value := range ofVerify(t, "Revocation") {
		for _, words := range []portal.Words{en, ro} {
			if _, err := words.Revocation(verify.Revocation(value)); err != nil {
				t.Error(err)
			}
		}
	}
}

// ofVerify are the values of the constants of a type of package verify.
func ofVerify(t *testing.T, kind string) (values []string) {
	t.Helper()
	for _, file := range sourcetest.Files(t, "../verify") {
		values = append(values, sourcetest.Constants(file, kind)...)
	}
	if len(values) == 0 {
		t.Fatalf("no %s", kind)
	}
	return values
}

// What was found is put into the sentences, and a stranger's text is no format.
func TestWordsWithValues(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	for _, row := range []struct {
		found  verify.Finding
		en, ro string
	}{
		{verify.Finding{Code: "covers", Values: []string{"20", "3"}}, "Bytes covered: 20. Bytes added later: 3.", "Octeți acoperiți: 20. Octeți adăugați ulterior: 3."},
		{verify.Finding{Code: "suspended", At: at}, "was suspended on 22 November 2026, 09:30 UTC, and", "a fost suspendat la 22 noiembrie 2026, ora 09:30 UTC și"},
		{verify.Finding{Code: "stamp", Why: "tsa.imprint"}, "is not good. It is of something else.", "nu este bună. Este despre altceva."},
		{verify.Finding{Code: "certificate", Values: []string{"CN=100%d"}}, "chain: CN=100%d.", "semnatarului: CN=100%d."},
		{verify.Finding{Code: "certificate", Values: []string{""}}, "chain: .", "semnatarului: ."},
	} {
		for tag, want := range map[string]string{"en": row.en, "ro": row.ro} {
			got, err := portal.WordsIn(tag).Found(row.found)
			if err != nil || !strings.Contains(got, want) || strings.Contains(got, "%!") {
				t.Errorf("%s: got %q (%v), want %q", tag, got, err, want)
			}
		}
	}
	if said, err := portal.WordsIn("ro").Found(verify.Finding{Code: "a new one"}); err == nil {
		t.Errorf("what has no sentence is told as %q", said)
	}
}

// On the Romanian page nothing is told in English, whatever is wrong with a file.
func TestVerifyPageIsInOneLanguage(t *testing.T) {
	ca := adestest.NewCA(t)
	h := newHouse(t, verifying(t, ca))
	b := h.browser()
	var english []string
	for key, text := range portal.Texts()["en"] {
		first, _, _ := strings.Cut(text, "%")
		if room, _, _ := strings.Cut(key, "."); len(first) > 12 && (room == "found" || room == "since" || room == "problem" || room == "revocation") {
			english = append(english, first)
		}
	}
	once := ca.Signer(t, adestest.ECDSA()).SignPDF(t, samplepdf.New("A contract", "between two parties."), ades.PDFOptions{})
	strange := adestest.NewCA(t).Signer(t, adestest.ECDSA()).SignPDF(t, once, ades.PDFOptions{})
	told := map[string]bool{}
	for _, file := range append(hostilepdf.Signed(),
		hostilepdf.File{Name: "altered", PDF: bytes.Replace(once, []byte("two parties"), []byte("six parties"), 1)},
		hostilepdf.File{Name: "strange, and longer", PDF: append(strange, '\n')}) {
		resp, text := b.upload(file.Name, file.PDF, "Accept-Language", "ro")
		text = html.UnescapeString(text)
		if resp.StatusCode != 200 {
			continue
		}
		if strings.Contains(text, `<p lang="en"`) || strings.Contains(text, `quiet" lang="en"`) {
			t.Errorf("%s: a part is marked as English", file.Name)
		}
		for _, sentence := range english {
			if strings.Contains(text, sentence) {
				t.Errorf("%s: the Romanian page says %q", file.Name, sentence)
			}
		}
		for key, sentence := range portal.Texts()["ro"] {
			if strings.HasPrefix(key, "found.") && strings.Contains(text, sentence) {
				told[key] = true
			}
		}
	}
	if len(told) < 5 {
		t.Errorf("only %v were told", told)
	}
}
