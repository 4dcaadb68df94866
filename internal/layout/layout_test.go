package layout

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func drawn(t *testing.T) Graph {
	t.Helper()
	text, err := os.ReadFile("dag.txt")
	if err != nil {
		t.Fatal(err)
	}
	g, err := Parse(string(text))
	if err != nil {
		t.Fatal("dag.txt:", err)
	}
	return g
}

func TestCodeIsAsDrawn(t *testing.T) {
	code, err := Scan(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range Compare(drawn(t), code) {
		t.Error(fault)
	}
	for _, name := range code.Cycles() {
		t.Errorf("%s imports itself in the end", name)
	}
}

// What no redrawing of dag.txt may change.
func TestPromises(t *testing.T) {
	g := drawn(t)
	t.Run("conformance tests from outside", func(t *testing.T) {
		for _, name := range []string{"conformance", "conformance/faults", "cmd/cscheck"} {
			for reached := range g.Reach(name) {
				if !strings.HasPrefix(reached, "conformance") {
					t.Errorf("%s reaches %s", name, reached)
				}
			}
		}
	})
	t.Run("an application sees the vocabulary alone", func(t *testing.T) {
		if reached := g.Reach("client"); !maps.Equal(reached, map[string]bool{"csc": true}) {
			t.Errorf("client reaches %v", slices.Sorted(maps.Keys(reached)))
		}
	})
	t.Run("the vocabulary imports nothing", func(t *testing.T) {
		if len(g["csc"]) != 0 {
			t.Errorf("csc imports %v", g["csc"])
		}
	})
	t.Run("the signers' pages have no private way to a signature", func(t *testing.T) {
		if !g.Reach("portal")["client"] {
			t.Error("portal does not come to signatures as an application does")
		}
		for _, private := range []string{"signing", "oauth", "server", "hsm"} {
			if g.Reach("portal")[private] {
				t.Errorf("portal reaches %s", private)
			}
		}
		for _, name := range []string{"portal", "documents", "client"} {
			if slices.Contains(g[name], "credentials/sad") {
				t.Errorf("%s imports credentials/sad", name)
			}
		}
	})
	t.Run("only the program knows which device and which database", func(t *testing.T) {
		for name := range g {
			for _, hidden := range []string{"hsm", "registry"} {
				measures := name == "internal/bench" && hidden == "hsm"
				if g.Reach(name)[hidden] && name != "cmd/pecete" && !measures && !forTests(name) {
					t.Errorf("%s reaches %s", name, hidden)
				}
			}
		}
	})
	t.Run("what is made for tests stays in tests", func(t *testing.T) {
		for name, imports := range g {
			for _, imported := range imports {
				if forTests(imported) && !forTests(name) {
					t.Errorf("%s imports %s", name, imported)
				}
			}
		}
	})
}

// forTests is whether name is the line of a package's tests, or a package whose
// path says that it is for tests.
func forTests(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool { return strings.HasSuffix(part, "test") })
}

// A tree in which a stands on b, and a's tests on c.
func tree(changes map[string]string) fstest.MapFS {
	files := map[string]string{
		"a/a.go":            `package a; import _ "github.com/pecete/pecete/b"`,
		"a/a_test.go":       `package a_test; import ( _ "github.com/pecete/pecete/a"; _ "github.com/pecete/pecete/b"; _ "github.com/pecete/pecete/c" )`,
		"b/b.go":            `package b; import "fmt"; import _ "github.com/gin-gonic/gin"`,
		"c/c.go":            `package c`,
		"c/testdata/x.go":   `package x; import _ "github.com/pecete/pecete/nowhere"`,
		"build/made/x.go":   `package x; import _ "github.com/pecete/pecete/nowhere"`,
		".hidden/x.go":      `package x; import _ "github.com/pecete/pecete/nowhere"`,
		"deps.go":           `package pecete; import _ "github.com/gin-gonic/gin"`,
		"docs/words.txt":    `not Go`,
		"pecete.go.example": `not Go either`,
	}
	maps.Copy(files, changes)
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

const drawing = "a: b\na test: c\nb:\nc:\n"

func TestCompare(t *testing.T) {
	for _, tt := range []struct {
		says  string
		files map[string]string
		dag   string
		want  []string
	}{
		{"as drawn", nil, drawing, nil},
		{
			"a forbidden import", map[string]string{"b/more.go": `package b; import _ "github.com/pecete/pecete/c"`}, drawing,
			[]string{"b imports c, which dag.txt forbids"},
		},
		{
			"a forbidden import under a build tag", map[string]string{"b/other.go": "//go:build plan9\n\npackage b\n\nimport _ \"github.com/pecete/pecete/c\""}, drawing,
			[]string{"b imports c, which dag.txt forbids"},
		},
		{
			"a forbidden import by another name", map[string]string{"b/more.go": `package b; import . "github.com/pecete/pecete/c"`}, drawing,
			[]string{"b imports c, which dag.txt forbids"},
		},
		{
			"a forbidden import of a test", map[string]string{"c/c_test.go": `package c; import _ "github.com/pecete/pecete/b"`}, drawing,
			[]string{`dag.txt has no line for c test; the code would have "c test: b"`},
		},
		{
			"a test's import in the package", map[string]string{"a/more.go": `package a; import _ "github.com/pecete/pecete/c"`}, drawing,
			[]string{"a imports c, which dag.txt forbids", "dag.txt has a line for a test, and the code has none"},
		},
		{
			"a new package", map[string]string{"d/e/e.go": `package e`}, drawing,
			[]string{`dag.txt has no line for d/e; the code would have "d/e:"`},
		},
		{
			"a package of tests alone", map[string]string{"d/d_test.go": `package d`}, drawing,
			[]string{`dag.txt has no line for d; the code would have "d:"`},
		},
		{
			"imports beside go.mod", map[string]string{"main.go": `package main; import _ "github.com/pecete/pecete/c"`}, drawing,
			[]string{`dag.txt has no line for .; the code would have ".: c"`},
		},
		{"a package that is gone", nil, drawing + "d:\n", []string{"dag.txt has a line for d, and the code has none"}},
		{"an arrow nobody uses", nil, "a: b\na test: c\nb: c\nc:\n", []string{"dag.txt lets b import c, and no file does"}},
		{"a test's arrow nobody uses", nil, "a: b\na test: b c\nb:\nc:\n", []string{"dag.txt lets a test import b, and no file does"}},
	} {
		t.Run(tt.says, func(t *testing.T) {
			code, err := Scan(tree(tt.files))
			if err != nil {
				t.Fatal(err)
			}
			dag, err := Parse(tt.dag)
			if err != nil {
				t.Fatal(err)
			}
			if got := Compare(dag, code); !slices.Equal(got, tt.want) {
				t.Errorf("got %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestCycles(t *testing.T) {
	code, err := Scan(tree(map[string]string{
		"b/more.go": `package b; import _ "github.com/pecete/pecete/c"`,
		"c/more.go": `package c; import _ "github.com/pecete/pecete/a"`,
		"d/d.go":    `package d; import _ "github.com/pecete/pecete/a"`,
	}))
	if err != nil {
		t.Fatal(err)
	}
	if got := code.Cycles(); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("got %v", got)
	}
	if code, err = Scan(tree(nil)); err != nil || len(code.Cycles()) != 0 {
		t.Errorf("%v, %v", code.Cycles(), err)
	}
}

func TestScanRefusesBrokenFiles(t *testing.T) {
	if _, err := Scan(tree(map[string]string{"b/broken.go": `packag b`})); err == nil {
		t.Error("a file that is no Go was passed over")
	}
}

func TestParse(t *testing.T) {
	for says, text := range map[string]string{
		"no colon":                "a b\n",
		"spaces before the colon": "a : b\n",
		"two spaces":              "a:  b\n",
		"a space at the end":      "a: b \n",
		"a comma":                 "a: b, c\nb:\n  c:\n",
		"packages out of order":   "b:\na:\n",
		"a package twice":         "a: b\na: c\n",
		"imports out of order":    "a: c b\n",
		"an import twice":         "a: b b\n",
		"an empty line":           "a:\n\nb:\n",
		"tests without imports":   "a:\na test:\n",
	} {
		if g, err := Parse(text); err == nil {
			t.Errorf("%s: read as %v", says, g)
		}
	}
	g, err := Parse(drawing)
	if err != nil || g.String() != drawing {
		t.Errorf("%v: read and written it is %q", err, g.String())
	}
}
