// Package layout holds the code to its drawing. The drawing is dag.txt: who may
// import whom, one line a package, in order:
//
//	signing: audit credentials credentials/sad csc
//	signing test: onetime
//
// The first line is about the package's own files. The second is about its
// _test.go files: they may import the package itself and what its own files
// may, and beyond that only what stands there. A package whose line is empty
// imports nothing of ours, and still has a line.
//
// The drawing is exact: an import that is not in it is an error, and so is an
// arrow that no file needs, a package without a line, and a line without a
// package. Files are read with go/parser, whatever their build tags.
package layout

import (
	"cmp"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Module is the path that our own imports begin with.
const Module = "github.com/pecete/pecete/"

// A Graph says who imports whom: from a package's path below the module, with
// " test" behind it for its _test.go files, to the paths it imports.
type Graph map[string][]string

const testMark = " test"

// Parse reads a drawing.
func Parse(text string) (Graph, error) {
	g := Graph{}
	last := ""
	for n, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		name, list, colon := strings.Cut(line, ":")
		imports := strings.Fields(list)
		switch {
		case !colon || name != strings.TrimSpace(name) || strings.Join(append([]string{name + ":"}, imports...), " ") != line:
			return nil, fmt.Errorf("line %d is not of the form \"package: imports\": %q", n+1, line)
		case name <= last:
			return nil, fmt.Errorf("line %d is out of order, or there twice: %q", n+1, line)
		case !slices.IsSorted(imports) || len(slices.Compact(slices.Clone(imports))) != len(imports):
			return nil, fmt.Errorf("line %d has imports out of order, or twice: %q", n+1, line)
		case strings.HasSuffix(name, testMark) && len(imports) == 0:
			return nil, fmt.Errorf("line %d is for tests and says nothing: %q", n+1, line)
		}
		g[name], last = imports, name
	}
	return g, nil
}

// String is the drawing of g.
func (g Graph) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(g)) {
		b.WriteString(g.line(name) + "\n")
	}
	return b.String()
}

func (g Graph) line(name string) string {
	return strings.Join(append([]string{name + ":"}, g[name]...), " ")
}

// Scan reads the graph of the source tree fsys.
func Scan(fsys fs.FS) (Graph, error) {
	g := Graph{}
	err := fs.WalkDir(fsys, ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && skipped(file):
			return fs.SkipDir
		case d.IsDir() || path.Ext(file) != ".go":
			return nil
		}
		return g.read(fsys, file)
	})
	if err != nil {
		return nil, err
	}
	g.normalise()
	return g, nil
}

// skipped folders have no source of ours: what the go tool passes over too, and
// what the programs write.
func skipped(folder string) bool {
	name := path.Base(folder)
	return folder != "." && (name == "testdata" || name[0] == '.' || name[0] == '_') ||
		folder == "bin" || folder == "build" || folder == "data"
}

// read adds the imports of one file. A file beside go.mod belongs to the package
// ".", which is there only if it imports something of ours.
func (g Graph) read(fsys fs.FS, file string) error {
	source, err := fs.ReadFile(fsys, file)
	if err != nil {
		return err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ImportsOnly)
	if err != nil {
		return err
	}
	name := path.Dir(file)
	if name != "." {
		g[name] = append(g[name], []string{}...)
	}
	if strings.HasSuffix(file, "_test.go") {
		name += testMark
	}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if ours, ok := strings.CutPrefix(imported, Module); ok {
			g[name] = append(g[name], ours)
		}
	}
	return nil
}

// normalise sorts g, and leaves to a package's tests only what is beyond the
// package and its own imports.
func (g Graph) normalise() {
	for name, imports := range g {
		slices.Sort(imports)
		g[name] = slices.Compact(imports)
	}
	for name, imports := range g {
		tested, isTest := strings.CutSuffix(name, testMark)
		if !isTest {
			continue
		}
		g[name] = slices.DeleteFunc(imports, func(i string) bool { return i == tested || slices.Contains(g[tested], i) })
		if len(g[name]) == 0 {
			delete(g, name)
		}
	}
}

// Compare lists what is wrong between the drawing and the code.
func Compare(drawn, code Graph) (faults []string) {
	for _, name := range slices.Sorted(maps.Keys(code)) {
		if _, ok := drawn[name]; !ok {
			faults = append(faults, fmt.Sprintf("dag.txt has no line for %s; the code would have %q", name, code.line(name)))
			continue
		}
		for _, imported := range code[name] {
			if !slices.Contains(drawn[name], imported) {
				faults = append(faults, fmt.Sprintf("%s imports %s, which dag.txt forbids", name, imported))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(drawn)) {
		if _, ok := code[name]; !ok {
			faults = append(faults, fmt.Sprintf("dag.txt has a line for %s, and the code has none", name))
			continue
		}
		for _, imported := range drawn[name] {
			if !slices.Contains(code[name], imported) {
				faults = append(faults, fmt.Sprintf("dag.txt lets %s import %s, and no file does", name, imported))
			}
		}
	}
	return faults
}

// Reach is all that name imports, and what that imports, to the end.
func (g Graph) Reach(name string) map[string]bool {
	seen := map[string]bool{}
	var visit func(string)
	visit = func(name string) {
		for _, imported := range g[name] {
			if !seen[imported] {
				seen[imported] = true
				visit(imported)
			}
		}
	}
	visit(name)
	return seen
}

// Cycles lists the packages that reach themselves. Arrows of tests are not
// part of a cycle.
func (g Graph) Cycles() (names []string) {
	for name := range g {
		if g.Reach(name)[name] {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, cmp.Compare[string])
	return names
}
