package page_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/page/pagetest"
)

func TestVisible(t *testing.T) {
	for _, l := range pagetest.Labels(t) {
		if got := page.Visible(l.Label); got != l.Seen {
			t.Errorf("%s: %+q is seen as %+q, want %+q", l.Family, l.Label, got, l.Seen)
		}
	}
}

func TestVisibleOfWhatIsNotUTF8(t *testing.T) {
	for in, want := range map[string]string{
		"a\xffb":                 "a⟦0xFF⟧b",
		"\xff\xff\xfe":           "⟦0xFF ×2⟧⟦0xFE⟧",
		"\xed\xa0\x80":           "⟦0xED⟧⟦0xA0⟧⟦0x80⟧", // a surrogate
		"\xc0\x80":               "⟦0xC0⟧⟦0x80⟧",       // NUL, over-long
		"contract\xe2\x80":       "contract⟦0xE2⟧⟦0x80⟧",
		"\xf4\x90\x80\x80":       "⟦0xF4⟧⟦0x90⟧⟦0x80 ×2⟧",
		"\xef\xbf\xbd":           "⟦U+FFFD⟧",
		"e\u0301\xff\u0301":      "e\u0301⟦0xFF⟧⟦U+0301⟧",
		" \xff ":                 "⟦U+0020⟧⟦0xFF⟧⟦U+0020⟧",
		"a \u202e b":             "a ⟦U+202E⟧ b",
		"\u202ea\u202e\u202eb":   "⟦U+202E⟧a⟦U+202E ×2⟧b",
		"Ofertă finală (v2).pdf": "Ofertă finală (v2).pdf",
		"ăâîșț ĂÂÎȘȚ „citat” – …": "ăâîșț ĂÂÎȘȚ „citat” – …",
	} {
		if got := page.Visible(in); got != want {
			t.Errorf("%+q is seen as %q, want %q", in, got, want)
		}
	}
}

// Unicode's own properties judge the table: whatever is default ignorable,
// directs, spaces or controls must be hidden.
func TestEveryInvisibleIsHidden(t *testing.T) {
	blind := []*unicode.RangeTable{
		unicode.C, unicode.Z, unicode.Me, unicode.Bidi_Control, unicode.Join_Control, unicode.Other_Default_Ignorable_Code_Point,
		unicode.Variation_Selector, unicode.White_Space, unicode.Noncharacter_Code_Point, unicode.Prepended_Concatenation_Mark,
	}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r != ' ' && unicode.In(r, blind...) && !page.Hidden(r) {
			t.Errorf("U+%04X is seen as it is", r)
		}
	}
	for _, r := range "aZ09ășțâîéñß ЖΩ漢字あ한אعक-_.,;:!?()[]{}<>&\"'/\\@#$%^*+=~`|€©™→😀\u0301" {
		if page.Hidden(r) {
			t.Errorf("%q is hidden", r)
		}
	}
}

func TestInvisibleIsInOrder(t *testing.T) {
	last := uint32(0)
	for n, r := range page.Invisible.R16 {
		if n > 0 && uint32(r.Lo) <= last || r.Hi < r.Lo {
			t.Errorf("range %04X out of order", r.Lo)
		}
		last = uint32(r.Hi)
		if low := r.Hi <= unicode.MaxLatin1; low != (n < page.Invisible.LatinOffset) {
			t.Errorf("range %04X and LatinOffset differ", r.Lo)
		}
	}
	for _, r := range page.Invisible.R32 {
		if r.Lo <= last || r.Hi < r.Lo {
			t.Errorf("range %04X out of order", r.Lo)
		}
		last = r.Hi
	}
}

func TestMixed(t *testing.T) {
	for label, want := range map[string]bool{
		"contract.pdf":           false,
		"contrаct.pdf":           true, // а is Cyrillic
		"раураl":                 true,
		"Договор contract.pdf":   false,
		"Договор-contract":       false,
		"дого\u200bvor":          true,
		"ΑΒC":                    true,
		"Ștefan Țepeș ofertă":    false,
		"Ꭰemo":                   true,
		"漢字kanji":                false,
		"":                       false,
		"a\u0301б":               true,
		"\xffa\xffб":             true,
		"5 µm, 3 kg":             false,
		"Сумма":                  false,
		strings.Repeat("a", 500): false,
	} {
		if got := page.Mixed(label); got != want {
			t.Errorf("mixed(%q) = %t", label, got)
		}
	}
}

func FuzzVisible(f *testing.F) {
	for _, l := range pagetest.Labels(f) {
		f.Add(l.Label)
	}
	f.Add("a\xffb")
	f.Fuzz(func(t *testing.T, s string) {
		runs := page.Runs(s)
		plain := ""
		for n, r := range runs {
			if r.Text == "" || n > 0 && !r.Mark && !runs[n-1].Mark {
				t.Fatalf("%+q: runs %+v", s, runs)
			}
			if r.Mark {
				if !strings.HasPrefix(r.Text, "⟦") || !strings.HasSuffix(r.Text, "⟧") {
					t.Fatalf("%+q: mark %q", s, r.Text)
				}
				continue
			}
			plain += r.Text
			if strings.ContainsFunc(r.Text, page.Hidden) || !utf8.ValidString(r.Text) || strings.Contains(r.Text, "  ") {
				t.Fatalf("%+q: %+q is shown as it is", s, r.Text)
			}
			if most := longestMarks(r.Text); most > 3 {
				t.Fatalf("%+q: %d combining marks in a row", s, most)
			}
		}
		if s != "" && len(runs) == 0 {
			t.Fatalf("%+q shows nothing", s)
		}
		if !isWithin(plain, s) {
			t.Fatalf("%+q became %+q", s, plain)
		}
	})
}

// longestMarks is how many combining marks follow each other at most.
func longestMarks(s string) int {
	most, now := 0, 0
	for _, r := range s {
		if now++; !unicode.Is(unicode.Mn, r) {
			now = 0
		}
		most = max(most, now)
	}
	return most
}

// isWithin reports whether the characters of part are in s, in their order.
func isWithin(part, s string) bool {
	rest := []rune(s)
	for _, r := range part {
		n := slices.Index(rest, r)
		if n < 0 {
			return false
		}
		rest = rest[n+1:]
	}
	return true
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
