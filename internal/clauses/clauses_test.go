package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const root = "../.."

func open(t *testing.T) *book {
	t.Helper()
	b, err := newBook(root)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDocumentsAreNew(t *testing.T) {
	for name, made := range map[string]string{"clauses.md": open(t).text(), "cases.md": index()} {
		text, err := os.ReadFile(root + "/docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(text), "\n"), strings.Split(made, "\n")); diff != "" {
			t.Errorf("docs/%s is old, run make clauses (-there +made):\n%s", name, diff)
		}
	}
}

var named = regexp.MustCompile("`([a-z0-9/]+\\.(?:Test|Fuzz)[A-Za-z0-9_]+)`")

// A must has a case, a test that is there, or a word in a document; or the method
// is not there at all.
func TestMustsAreTried(t *testing.T) {
	b := open(t)
	for _, k := range b.checks {
		i := slices.IndexFunc(b.clauses, func(c clause) bool { return c.key == k.clause })
		if i < 0 {
			t.Errorf("%s is of clause %s, which is not in the list", k.id, k.clause)
			continue
		}
		if k.level == "M" && len(b.cases[k.id]) == 0 && k.by == "" && b.absent(b.clauses[i]) == "" {
			t.Errorf("%s (§%s) is a must, and nothing tries it", k.id, k.clause)
		}
		if k.by == "" {
			continue
		}
		if k.about == "" {
			t.Errorf("%s does not say what it is about", k.id)
		}
		if document, marked, is := strings.Cut(k.by, ": "); is {
			if !strings.Contains(b.documents[document], marked) {
				t.Errorf("%s: %s says nothing of %s", k.id, document, marked)
			}
			continue
		}
		tests := named.FindAllStringSubmatch(k.by, -1)
		if len(tests) == 0 {
			t.Errorf("%s names no test: %s", k.id, k.by)
		}
		for _, m := range tests {
			if !b.has(m[1]) {
				t.Errorf("%s: there is no %s", k.id, m[1])
			}
		}
	}
}

// Each case is of a requirement in the list, or of another standard, and each of
// those in the list is there once.
func TestCasesAreInTheList(t *testing.T) {
	b := open(t)
	ids := map[string]int{}
	for _, k := range b.checks {
		ids[k.id]++
	}
	for id, times := range ids {
		if times != 1 {
			t.Errorf("%s is there %d times", id, times)
		}
	}
	for id, cases := range b.cases {
		if ids[id] == 0 && !strings.HasPrefix(id, "RFC") {
			t.Errorf("%s of the case %s is not in the list", id, cases[0].ID)
		}
	}
}

// A reference is to the standard that is named before it.
func TestCitations(t *testing.T) {
	b := open(t)
	for _, tt := range []struct {
		text   string
		strict bool
		want   []string
	}{
		{"// List implements credentials/list (v2.0.0.2 §11.4).", false, []string{"11.4"}},
		{"// in the three ways of §11.10:", false, []string{"11.10"}},
		{"// (v2.0.0.2 §10, Table 2)", false, []string{"10"}},
		{"// of §11.4, §11.5 and §11.6", false, []string{"11.4", "11.5", "11.6"}},
		{"// the type of §8.3.1.5", false, []string{"8.3.1.5"}},
		{"// a clause that is not in the list, §11.10.4", false, []string{"11.10"}},
		{"// of v2.2 §11.4 and v2.2 §11.6", false, []string{"v2.2:11.4", "11.4"}},
		{"// (v1.0.4.0 §11.8)", false, []string{"v1:11.8"}},
		{"// RFC 9449 §7.1, §10 and §11", false, nil},
		{"// RFC 6749\n// §8.1", false, nil},
		{"// OpenID Connect Core 1.0 §10", false, nil},
		{"// EN 319 122-1 §5.2", false, nil},
		{"// RFC 9449 §7.1, and v2.0.0.2 §11.4", false, []string{"11.4"}},
		{"// X.690 (2021) §8.1", false, nil},
		{"// §8.1", true, nil},
		{"// v2.0.0.2 §8.1", true, []string{"8.1"}},
		{"// §4.1", false, nil},
	} {
		if diff := cmp.Diff(tt.want, b.cited(tt.text, tt.strict)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, diff)
		}
	}
}

func TestListsThatAreNone(t *testing.T) {
	if all, err := readClauses("11.4 11.6 credentials/list"); err == nil {
		t.Errorf("a clause without a subject: %v", all)
	}
	for _, list := range []string{"CSC-LIST-001 M", "CSC-LIST-001 X 11.4", "CSC-LIST-001 M 11.4 : about", "CSC-LIST-001 M 11.4 : about : by : more"} {
		if all, err := readChecks(list); err == nil {
			t.Errorf("%q: %v", list, all)
		}
	}
}
