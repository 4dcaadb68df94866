package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A source is what a Go file says about clauses and methods.
type source struct {
	path string
	// cites are the keys of the clauses that it names, of a test file by test.
	cites map[string][]string // the file is ""
	// calls are the methods that its tests name, by test.
	calls map[string][]string
}

// foreign are packages that cite other standards by their clauses alone.
var foreign = regexp.MustCompile(`^(audit|balancer|ca|cms|edge|hsm|metrics|page|signing/ades|tsa|verify|internal)/`)

// skipped are the sources that are not searched: the suite is read through its
// cases, and this program writes of clauses all the time.
var skipped = regexp.MustCompile(`^(conformance|internal/clauses|build|bin|\.[a-z]+)(/|$)`)

// scan reads all Go files under a folder.
func (b *book) scan(root string) error {
	files := os.DirFS(root)
	return fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && skipped.MatchString(name):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		s, err := b.read(name, text)
		if err == nil {
			b.sources = append(b.sources, s)
		}
		return err
	})
}

// read finds what one file says.
func (b *book) read(name string, text []byte) (source, error) {
	s := source{path: name, cites: map[string][]string{}, calls: map[string][]string{}}
	if !strings.HasSuffix(name, "_test.go") {
		s.cites[""] = b.cited(string(text), foreign.MatchString(name))
		return s, nil
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return s, err
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") && !strings.HasPrefix(f.Name.Name, "Fuzz") {
			continue
		}
		from := f.Pos()
		if f.Doc != nil {
			from = f.Doc.Pos()
		}
		test := path.Dir(name) + "." + f.Name.Name
		s.cites[test] = b.cited(string(text[set.Position(from).Offset:set.Position(f.End()).Offset]), foreign.MatchString(name))
		s.calls[test] = b.called(f)
	}
	return s, nil
}

// called are the methods that a test names, by csc's constants.
func (b *book) called(f *ast.FuncDecl) (methods []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if of, ok := s.X.(*ast.Ident); ok && of.Name == "csc" && b.constants[s.Sel.Name] != "" && !slices.Contains(methods, b.constants[s.Sel.Name]) {
				methods = append(methods, b.constants[s.Sel.Name])
			}
		}
		return true
	})
	return methods
}

var (
	wrapped   = regexp.MustCompile(`\n\s*// ?`)
	reference = regexp.MustCompile(`§ ?(\d+(?:\.\d+)*)`)
	listed    = regexp.MustCompile(`§ ?[\d.]+(?:,| and| or| to|;)? $`)
	standard  = regexp.MustCompile(`[\d][\d.\-]*(?: \([^)]*\))?,? $`) // a number that ends a name: RFC 6749, Core 1.0
)

// cited are the keys of the clauses of the CSC API that a text names. What stands
// behind the number of another standard is that one's; strict texts have to name
// the version of the API.
func (b *book) cited(text string, strict bool) (keys []string) {
	text = wrapped.ReplaceAllString(text, " ")
	version := ""
	for _, at := range reference.FindAllStringSubmatchIndex(text, -1) {
		before, number := text[max(0, at[0]-48):at[0]], text[at[2]:at[3]]
		if !listed.MatchString(before) {
			version = versionBefore(before, strict)
		}
		if key := b.keyOf(version, number); key != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// versionBefore says of which version the next reference is, "" if it is of
// another standard.
func versionBefore(before string, strict bool) string {
	before = strings.TrimRight(before, " ") + " "
	for ending, version := range map[string]string{
		"v2.0.0.2 ": "v2.0", "v2.2 ": "v2.2", "v2.2.0.0 ": "v2.2", "v1 ": "v1", "v1.0.4.0 ": "v1", "v1.0.4 ": "v1",
	} {
		if strings.HasSuffix(before, ending) {
			return version
		}
	}
	if strict || standard.MatchString(before) {
		return ""
	}
	return "v2.0"
}

// keyOf is the key of a clause by its number in a version; a number that is not in
// the list stands for the one it is under.
func (b *book) keyOf(version, number string) string {
	for number != "" {
		for _, c := range b.clauses {
			of, own := c.number()
			switch {
			case version == "v2.0" && c.key == number,
				version == "v2.2" && (c.later == number && c.later != "" || of == "v2.2.0.0" && own == number),
				version == "v1" && of == "v1.0.4.0" && own == number:
				return c.key
			}
		}
		number = number[:max(0, strings.LastIndexByte(number, '.'))]
	}
	return ""
}
