// Package reference is the contract as a page for people: every method with what
// it takes and gives, and a form to try it. All of it is made here, from the
// contract; it asks this host and no other, so that it works where there is no
// internet. It is the one page with a script.
package reference

import (
	"embed"
	"html/template"
	"net/http"
	"strings"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/openapi"
	"github.com/pecete/pecete/page"
)

// Path is where the page of v2 is, PathV1 that of v1.
const (
	Path   = "/docs"
	PathV1 = Path + "/v1"
)

const (
	stylePath  = Path + "/reference.css"
	scriptPath = Path + "/reference.js"
)

//go:embed templates
var templates embed.FS

//go:embed static/reference.css
var style []byte

//go:embed static/reference.js
var script []byte

// Pages show the contracts. Has reports whether this server has a method; one that
// it does not have is not shown.
type Pages struct {
	page.House
	V2    *openapi.Contract
	Has   func(csc.Method) bool
	V1    *openapi.Contract // nil where v1 is not served
	HasV1 func(csc.Method) bool
}

// texts are in English alone, as the API is.
var texts = map[string]map[string]string{"en": {"reference.title": "API reference"}}

// Mount adds the pages to a mux.
func (p Pages) Mount(mux *http.ServeMux) {
	p.Languages = []string{"en"}
	book := page.NewBook(p.House, templates, texts, template.FuncMap{"paragraphs": paragraphs, "anchor": anchor})
	show := func(path string, what shown) {
		mux.Handle("GET "+path, page.Safe(func(w http.ResponseWriter, r *http.Request) {
			v := page.Visit{W: w, R: r, T: book.Speak(r, ""), Path: path, Scripts: true}
			what.Frame = book.Plain(v, "reference.title")
			book.Render(v, http.StatusOK, "reference.html", what)
		}))
	}
	v2 := shown{Contract: described(p.V2, p.Has), File: "/openapi.yaml"}
	if p.V1 != nil {
		v2.Other = PathV1
		show(PathV1, shown{Contract: described(p.V1, p.HasV1), File: "/openapi-v1.yaml", Other: Path})
	}
	show(Path, v2)
	for path, file := range map[string]struct {
		media string
		text  []byte
	}{stylePath: {"text/css; charset=utf-8", style}, scriptPath: {"text/javascript; charset=utf-8", script}} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { page.Keep(w, r, file.media, file.text) })
	}
}

// shown is what the template is given.
type shown struct {
	page.Frame
	Contract openapi.Description
	File     string // where the contract itself is
	Other    string // the page of the other version, "" if there is none
}

func described(c *openapi.Contract, has func(csc.Method) bool) openapi.Description {
	d := c.Describe()
	all := d.Operations
	d.Operations = nil
	for _, op := range all {
		if op.Form || has(op.Method) {
			d.Operations = append(d.Operations, op)
		}
	}
	return d
}

// A paragraph is a text, or a list if it has items.
type paragraph struct {
	Text  string
	Items []string
}

// paragraphs reads the little of Markdown that the contract is written in.
func paragraphs(text string) (all []paragraph) {
	for block := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if !strings.HasPrefix(block, "* ") {
			all = append(all, paragraph{Text: block})
			continue
		}
		items := strings.Split("\n"+block, "\n* ")[1:]
		all = append(all, paragraph{Items: items})
	}
	return all
}

// anchor is the id of a method's section.
func anchor(m csc.Method) string { return strings.ReplaceAll(string(m), "/", "-") }
