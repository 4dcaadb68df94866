package ades

import "github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

// A Summary is what there is to know of a file before it is signed.
type Summary struct {
	Pages     int  `json:"pages"`
	Encrypted bool `json:"encrypted,omitempty"` // though no password is needed to read it
	Signed    bool `json:"signed,omitempty"`    // by somebody already
}

// maxPages is how many pages are counted: a tree of more is an attack.
const maxPages = 100_000

// Look reads a file and judges whether it can be signed, as PlacePDF does.
func Look(pdf []byte) (s Summary, err error) {
	defer rescue(&err)
	d, err := Open(pdf, "")
	if err != nil {
		return Summary{}, err
	}
	fields, err := d.Fields()
	if err != nil {
		return Summary{}, err
	}
	if err := d.mayBeSigned(fields, false); err != nil {
		return Summary{}, err
	}
	for _, f := range fields {
		s.Signed = s.Signed || f.Type == "Sig" && f.Value != nil
	}
	s.Encrypted = d.ctx.Encrypt != nil
	err = d.pages(func(types.IndirectRef, types.Dict, types.Dict) bool { s.Pages++; return s.Pages < maxPages })
	if err == nil && s.Pages == 0 {
		err = ErrNoPages
	}
	return s, err
}

// pages tells each of the pages in their order, with what they inherit, until it
// is told to stop.
func (d *Document) pages(tell func(ref types.IndirectRef, page, inherited types.Dict) bool) error {
	catalog, err := d.Catalog()
	if err != nil {
		return err
	}
	w := pageWalk{doc: d, seen: map[int]bool{}, tell: tell}
	_, err = w.node(catalog["Pages"], types.Dict{}, 0)
	return err
}

type pageWalk struct {
	doc  *Document
	seen map[int]bool
	tell func(ref types.IndirectRef, page, inherited types.Dict) bool
}

// inheritable are the entries that pages have from the nodes above them and that
// matter here (ISO 32000-1 §7.7.3.4).
var inheritable = []string{"MediaBox", "CropBox", "Rotate"}

func (w *pageWalk) node(o types.Object, above types.Dict, depth int) (on bool, err error) {
	ref, ok := o.(types.IndirectRef)
	if !ok || w.seen[ref.ObjectNumber.Value()] || depth > maxDepth {
		return false, ErrNoPages
	}
	w.seen[ref.ObjectNumber.Value()] = true
	node, err := w.doc.Dict(ref)
	if err != nil {
		return false, err
	}
	here := clone(above)
	for _, key := range inheritable {
		if value, found := node.Find(key); found && value != nil {
			here[key] = value
		}
	}
	if kind := node.Type(); kind != nil && *kind == "Page" || kind == nil && node.HasEntry("MediaBox") && !node.HasEntry("Kids") {
		return w.tell(ref, node, here), nil
	}
	kids, err := w.doc.Array(node["Kids"])
	if err != nil {
		return false, err
	}
	for _, kid := range kids {
		if on, err = w.node(kid, here, depth+1); err != nil || !on {
			return false, err
		}
	}
	return true, nil
}
