// Package sourcetest reads what packages declare, for tests that hold something
// against all of it.
package sourcetest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// Files are the parsed sources in a folder, by path, without its tests.
func Files(t testing.TB, folder string) map[string]*ast.File {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	files, positions := map[string]*ast.File{}, token.NewFileSet()
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		if files[path], err = parser.ParseFile(positions, path, nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	if len(files) == 0 {
		t.Fatalf("no sources in %s", folder)
	}
	return files
}

// Constants are the values of the string constants that file declares with the
// type's name.
func Constants(file *ast.File, kind string) (values []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); ok && of.Name == kind {
			for _, value := range spec.Values {
				if text, ok := value.(*ast.BasicLit); ok && text.Kind == token.STRING {
					values = append(values, strings.Trim(text.Value, `"`))
				}
			}
		}
		return true
	})
	return values
}
