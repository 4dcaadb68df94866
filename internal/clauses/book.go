package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pecete/pecete/conformance"
	"github.com/pecete/pecete/openapi"
)

// A book is everything that docs/clauses.md is made of.
type book struct {
	clauses   []clause
	checks    []check
	cases     map[string][]conformance.Case // by check
	constants map[string]string             // methods by the names of csc's constants
	there     map[string]bool               // methods that there are
	sources   []source
	documents map[string]string // texts by path
}

func newBook(root string) (*book, error) {
	b := &book{cases: map[string][]conformance.Case{}, constants: map[string]string{}, there: map[string]bool{}, documents: map[string]string{}}
	var err error
	if b.clauses, err = readClauses(clauseList); err != nil {
		return nil, err
	}
	if b.checks, err = readChecks(checkList); err != nil {
		return nil, err
	}
	for _, c := range conformance.All() {
		b.cases[c.Check] = append(b.cases[c.Check], c)
	}
	contract, err := openapi.Load()
	if err != nil {
		return nil, err
	}
	for _, m := range contract.Methods() {
		b.there[string(m)] = true
	}
	if err := b.readConstants(filepath.Join(root, "csc", "method.go")); err != nil {
		return nil, err
	}
	for _, name := range []string{"docs/choices.md", "docs/divergences.md"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil, err
		}
		b.documents[name] = string(text)
	}
	return b, b.scan(root)
}

// readConstants finds what csc calls the methods.
func (b *book) readConstants(name string) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Method") && len(spec.Values) == 1 {
			if text, ok := spec.Values[0].(*ast.BasicLit); ok {
				b.constants[spec.Names[0].Name], _ = strconv.Unquote(text.Value)
			}
		}
		return true
	})
	if len(b.constants) == 0 {
		return fmt.Errorf("%s names no method", name)
	}
	return nil
}

// absent says why nothing can be tried of a clause, "" if it can. What v1 alone
// has is there once a file says so that is not of the core, where no way leads
// from outside.
func (b *book) absent(c clause) string {
	if version, _ := c.number(); version == "v1.0.4.0" {
		if slices.ContainsFunc(b.files(c.key), func(path string) bool { return !strings.HasPrefix(path, "credentials/") }) {
			return ""
		}
		return "v1 is not there"
	}
	if c.method == "" || strings.HasPrefix(c.method, "oauth2/") || b.there[c.method] {
		return ""
	}
	return "501: the method is not there"
}

// files are those that say they implement a clause.
func (b *book) files(key string) (paths []string) {
	for _, s := range b.sources {
		if slices.Contains(s.cites[""], key) {
			paths = append(paths, s.path)
		}
	}
	slices.Sort(paths)
	return paths
}

// tests are those that name a clause, or the method that is the clause.
func (b *book) tests(c clause) (names []string) {
	for _, s := range b.sources {
		for test, keys := range s.cites {
			calls := c.method != "" && !strings.HasPrefix(c.key, "v1:") && slices.Contains(s.calls[test], c.method)
			if test != "" && (calls || slices.Contains(keys, c.key)) {
				names = append(names, test)
			}
		}
	}
	slices.Sort(names)
	return names
}

// has reports whether there is a test of that name.
func (b *book) has(test string) bool {
	return slices.ContainsFunc(b.sources, func(s source) bool { _, ok := s.cites[test]; return ok })
}
