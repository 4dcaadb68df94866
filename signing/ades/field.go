package ades

import (
	"strconv"
	"strings"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// A Field is a field of a document's form. Type is the inherited FT, "Sig" for a
// signature; Value is the inherited V, as a reference where it is one, and nil
// where the field is empty.
type Field struct {
	Name  string // the names from the root down, joined by full stops
	Type  string
	Value types.Object
}

const maxDepth = 64 // of the tree of pages and that of fields

// Fields gives the fields of the document's form, in their order. A document
// without a form has none.
func (d *Document) Fields() (fields []Field, err error) {
	defer rescue(&err)
	form, err := d.form()
	if err != nil || form == nil {
		return nil, err
	}
	roots, err := d.Array(form["Fields"])
	if err != nil {
		return nil, err
	}
	walk := fieldWalk{doc: d, seen: map[int]bool{}}
	err = walk.all(roots, Field{}, true)
	return walk.fields, err
}

// form is the AcroForm of the catalog, nil if there is none.
func (d *Document) form() (types.Dict, error) {
	catalog, err := d.Catalog()
	if err != nil {
		return nil, err
	}
	return d.Dict(catalog["AcroForm"])
}

type fieldWalk struct {
	doc    *Document
	seen   map[int]bool
	depth  int
	fields []Field
}

func (w *fieldWalk) all(kids types.Array, parent Field, root bool) error {
	if w.depth++; w.depth > maxDepth {
		return damaged("the form is nested too deeply")
	}
	defer func() { w.depth-- }()
	for _, kid := range kids {
		if ref, ok := kid.(types.IndirectRef); ok {
			if w.seen[ref.ObjectNumber.Value()] {
				return damaged("a form field stands in two places")
			}
			w.seen[ref.ObjectNumber.Value()] = true
		}
		if err := w.one(kid, parent, root); err != nil {
			return err
		}
	}
	return nil
}

// one takes a node of the tree. One without a name is not a field but a widget
// of its parent.
func (w *fieldWalk) one(node types.Object, parent Field, root bool) error {
	dict, err := w.doc.Dict(node)
	if err != nil || dict == nil {
		return err
	}
	if !dict.HasEntry("T") && !root {
		return nil
	}
	field := parent
	if name, err := w.doc.Text(dict["T"]); err != nil {
		return err
	} else if parent.Name == "" {
		field.Name = name
	} else {
		field.Name += "." + name
	}
	if kind := dict.NameEntry("FT"); kind != nil {
		field.Type = *kind
	}
	if value, found := dict.Find("V"); found && value != nil {
		field.Value = value
	}
	w.fields = append(w.fields, field)
	kids, err := w.doc.Array(dict["Kids"])
	if err != nil {
		return err
	}
	return w.all(kids, field, false)
}

// Text resolves o to a text string, "" if it is null.
func (d *Document) Text(o types.Object) (string, error) {
	o, err := d.Resolve(o)
	if err != nil || o == nil {
		return "", err
	}
	s, err := model.Text(o)
	if err != nil {
		return "", damaged("a text is something else")
	}
	return s, nil
}

// fieldName checks that wanted is free, or finds the first free name of the row
// Signature1, Signature2, …
func fieldName(fields []Field, wanted string) (string, error) {
	taken := map[string]bool{}
	for _, field := range fields {
		taken[field.Name] = field.Name != ""
	}
	switch {
	case taken[wanted]:
		return "", ErrFieldTaken
	case strings.Contains(wanted, "."):
		return "", ErrFieldName
	case wanted != "":
		return wanted, nil
	}
	for i := 1; ; i++ {
		if name := "Signature" + strconv.Itoa(i); !taken[name] {
			return name, nil
		}
	}
}

// firstPage finds the first page of the document and the reference to it.
func (d *Document) firstPage() (ref types.IndirectRef, page types.Dict, err error) {
	err = d.pages(func(r types.IndirectRef, p, _ types.Dict) bool { ref, page = r, p; return false })
	if err == nil && page == nil {
		err = ErrNoPages
	}
	return ref, page, err
}
