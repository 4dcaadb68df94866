package backup

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A log in which ¦ stands where the registry was copied, and | where the log
// was. g1 is the issue of grant 1, s1 an intent under it, v1 a code of step 1,
// p1 the issue of a grant that it proved; x is anything else.
func TestCut(t *testing.T) {
	for _, test := range []struct {
		name string
		logs []string
		want []int // records in the copies
	}{
		{"nothing was going on", []string{"g1 s1 ¦ |", "x ¦ |"}, []int{2, 1}},
		{"what came in between stays", []string{"g1 ¦ s1 g2 s2 |", "x ¦ s2 x |"}, []int{4, 3}},
		{"what came after is left out", []string{"g1 ¦ x | s1", "x ¦ | g2"}, []int{2, 1}},
		{"an intent whose grant came too late", []string{"x ¦ x s1 x x |", "x ¦ x | g1"}, []int{2, 2}},
		{"in the first log, of a grant in the second", []string{"x ¦ s1 |", "x ¦ | x g1"}, []int{1, 1}},
		{"a grant whose code came too late", []string{"x ¦ p1 |", "x ¦ | v1"}, []int{1, 1}},
		{"a chain of them", []string{"x ¦ x p1 |", "x ¦ x s1 |", "x ¦ x | v1"}, []int{2, 2, 2}},
		{"a chain the other way", []string{"x ¦ x | v1", "x ¦ x s1 |", "x ¦ x p1 |"}, []int{2, 2, 2}},
		{"what was there before the registry stays", []string{"s1 ¦ s1 |", "x ¦ | g1"}, []int{1, 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var logs []*source
			for i, drawn := range test.logs {
				logs = append(logs, draw(t, fmt.Sprintf("%d.log", i), drawn))
			}
			if err := cut(logs); err != nil {
				t.Fatal(err)
			}
			var got []int
			for _, l := range logs {
				text := make([]byte, l.size)
				if _, err := l.file.ReadAt(text, 0); err != nil {
					t.Fatal(err)
				}
				got = append(got, strings.Count(string(text), "\n"))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// draw writes a log, and a torn line at its end.
func draw(t *testing.T, name, drawn string) *source {
	t.Helper()
	l := &source{name: name, path: filepath.Join(t.TempDir(), name)}
	var text strings.Builder
	for _, word := range strings.Fields(drawn) {
		switch word[0] {
		case '|':
			l.size = int64(text.Len())
		case "¦"[0]:
			l.before = int64(text.Len())
		case 'g':
			fmt.Fprintf(&text, `{"event":"grant.issued","grant":"%s"}`+"\n", word[1:])
		case 's':
			fmt.Fprintf(&text, `{"event":"sign.intent","grant":"%s"}`+"\n", word[1:])
		case 'v':
			fmt.Fprintf(&text, `{"event":"factor.verified","user":"u","step":%s}`+"\n", word[1:])
		case 'p':
			fmt.Fprintf(&text, `{"event":"grant.issued","grant":"%s","user":"u","step":%s}`+"\n", word[1:], word[1:])
		default:
			text.WriteString(`{"event":"x.y"}` + "\n")
		}
	}
	text.WriteString(`{"event":"grant.issued","grant":"1"`)
	if err := os.WriteFile(l.path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if l.file, err = os.Open(l.path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.file.Close() })
	return l
}
