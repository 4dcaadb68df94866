// Package docs holds what the documents say against the code.
package docs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// named is a test as the documents name one: package and function.
var named = regexp.MustCompile("`([a-z0-9/]+)\\.((?:Test|Fuzz)[A-Za-z0-9_]+)`")

// A row of a table in a document.
type row []string

// tableOf reads the rows of a document's tables whose first column is head.
func tableOf(t *testing.T, document, head string) (rows []row) {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for line := range strings.Lines(string(text)) {
		cells := cellsOf(line)
		switch {
		case len(cells) == 0:
			inside = false
		case cells[0] == head:
			inside = true
		case inside && strings.Trim(cells[0], "-") != "":
			rows = append(rows, cells)
		}
	}
	if len(rows) == 0 {
		t.Fatalf("%s has no table of %q", document, head)
	}
	return rows
}

func cellsOf(line string) (cells row) {
	line, is := strings.CutPrefix(strings.TrimSpace(line), "|")
	if !is {
		return nil
	}
	for cell := range strings.SplitSeq(strings.TrimSuffix(line, "|"), "|") {
		cells = append(cells, strings.TrimSpace(cell))
	}
	return cells
}

// testsOf are the names of a package's tests.
func testsOf(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(folder), "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Errorf("package %s has no tests: %v", folder, err)
	}
	var names []string
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, is := d.(*ast.FuncDecl); is && f.Recv == nil {
				names = append(names, f.Name.Name)
			}
		}
	}
	return names
}

// exist demands that each row names a test, and that each of them is there.
func exist(t *testing.T, rows []row) {
	t.Helper()
	known := map[string][]string{}
	for _, r := range rows {
		found := named.FindAllStringSubmatch(strings.Join(r, " "), -1)
		if len(found) == 0 {
			t.Errorf("%s: no test is named", r[0])
		}
		for _, m := range found {
			if known[m[1]] == nil {
				known[m[1]] = testsOf(t, m[1])
			}
			if !slices.Contains(known[m[1]], m[2]) {
				t.Errorf("%s: there is no test %s in %s", r[0], m[2], m[1])
			}
		}
	}
}

// Each finding about the engine has a test, and the 26 are all there, in order.
func TestFindingsHaveTests(t *testing.T) {
	rows := tableOf(t, "engine.md", "#")
	for i, r := range rows {
		if r[0] != strconv.Itoa(i+1) || len(r) != 4 {
			t.Errorf("row %d is %q of %d cells", i+1, r[0], len(r))
		}
	}
	if len(rows) != 26 {
		t.Errorf("%d findings", len(rows))
	}
	exist(t, rows)
}

// Each threat has a test, and O-01 to O-15, H-01 to H-08, C-01 to C-04 and T-01 to T-13 are all
// there, and E-01 to E-07.
func TestThreatsHaveTests(t *testing.T) {
	rows := tableOf(t, "threats.md", "Id")
	var ids, want []string
	for _, r := range rows {
		ids = append(ids, r[0])
		if len(r) != 4 {
			t.Errorf("%s has %d cells", r[0], len(r))
		}
	}
	for _, kind := range []struct {
		letter string
		last   int
	}{{"O", 15}, {"H", 8}, {"C", 4}, {"T", 13}, {"E", 7}, {"D", 5}} {
		for n := range kind.last {
			want = append(want, fmt.Sprintf("%s-%02d", kind.letter, n+1))
		}
	}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Error(diff)
	}
	exist(t, rows)
}
