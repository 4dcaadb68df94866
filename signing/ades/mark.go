package ades

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"strings"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// A Mark is where a signature is seen, and what it says there: nothing that is
// relied on, but what people look for.
type Mark struct {
	Page int // from 1
	// Left and Top are from the left upper corner of the page as it is shown, to
	// that of the mark, in points. What would not lie on the page is moved there.
	Left, Top float64
	Says      string   // in small letters, above
	Name      string   // in large ones
	Adds      []string // in small ones, below
}

// How large a mark is on a page that has room for it, in points: 70 by 22 mm.
const (
	MarkWidth  = 198.0
	MarkHeight = 62.0
)

// Why a mark cannot be.
var (
	ErrNoSuchPage = errors.New("this PDF has no page of that number")
	ErrMarkSecret = errors.New("in an encrypted PDF a signature cannot be seen")
)

// A widget is the annotation of a signature field on its page.
type widget struct {
	page     types.IndirectRef
	pageDict types.Dict
	rect     types.Array
	look     types.Dict // AP; nil for a signature that is not seen
	says     string
}

// widget decides where the signature is, and writes what is seen of it.
func (w *increment) widget(m *Mark) (widget, error) {
	if m == nil {
		page, dict, err := w.doc.firstPage()
		zero := types.Integer(0)
		return widget{page: page, pageDict: dict, rect: types.Array{zero, zero, zero, zero}}, err
	}
	if w.doc.ctx.Encrypt != nil {
		return widget{}, ErrMarkSecret
	}
	at, err := w.doc.sheet(m.Page)
	if err != nil {
		return widget{}, err
	}
	look := w.reserve()
	rect, matrix := at.place(m.Left, m.Top)
	if err := w.picture(look, matrix, m.draw()); err != nil {
		return widget{}, err
	}
	return widget{
		page: at.ref, pageDict: at.dict, rect: rect, look: types.Dict{"N": look},
		says: strings.Join(append([]string{m.Says, m.Name}, m.Adds...), ", "),
	}, nil
}

// picture writes a form XObject of the size of a mark (ISO 32000-1 §8.10).
func (w *increment) picture(ref types.IndirectRef, matrix types.Array, content []byte) error {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, err := z.Write(content)
	if err = errors.Join(err, z.Close()); err != nil {
		return err
	}
	dict := types.Dict{
		"Type": types.Name("XObject"), "Subtype": types.Name("Form"), "Matrix": matrix, "Resources": types.Dict{},
		"BBox":   types.Array{types.Integer(0), types.Integer(0), types.Float(MarkWidth), types.Float(MarkHeight)},
		"Filter": types.Name("FlateDecode"), "Length": types.Integer(packed.Len()),
	}
	w.begin(ref)
	w.out.WriteString(dict.PDFString() + "\nstream\n")
	w.out.Write(packed.Bytes())
	w.out.WriteString("\nendstream")
	w.end()
	return nil
}

// A sheet is a page as it is shown: the part of it that is seen, and how it is
// turned.
type sheet struct {
	ref            types.IndirectRef
	dict           types.Dict
	x, y           float64 // lower left corner, before it is turned
	width, height  float64 // before it is turned
	quarters       int     // clockwise
	shownW, shownH float64
}

// sheet finds a page. One of no size that can be read is taken for A4.
func (d *Document) sheet(number int) (s sheet, err error) {
	n, found := 0, types.Dict(nil)
	err = d.pages(func(ref types.IndirectRef, page, inherited types.Dict) bool {
		if n++; n == number {
			s.ref, s.dict, found = ref, page, inherited
		}
		return n < number && n < maxPages
	})
	if err == nil && found == nil {
		err = ErrNoSuchPage
	}
	if err != nil {
		return s, err
	}
	box, ok := d.box(found["CropBox"])
	if !ok {
		if box, ok = d.box(found["MediaBox"]); !ok {
			box = [4]float64{0, 0, 595, 842}
		}
	}
	s.x, s.y, s.width, s.height = box[0], box[1], box[2]-box[0], box[3]-box[1]
	if turn, err := d.Resolve(found["Rotate"]); err == nil {
		if degrees, ok := turn.(types.Integer); ok && degrees%90 == 0 {
			s.quarters = (int(degrees/90)%4 + 4) % 4
		}
	}
	s.shownW, s.shownH = s.width, s.height
	if s.quarters%2 == 1 {
		s.shownW, s.shownH = s.height, s.width
	}
	return s, nil
}

// box reads a rectangle with room in it.
func (d *Document) box(o types.Object) (box [4]float64, ok bool) {
	array, err := d.Array(o)
	if err != nil || len(array) != 4 {
		return box, false
	}
	for i, o := range array {
		o, err := d.Resolve(o)
		if err != nil {
			return box, false
		}
		switch n := o.(type) {
		case types.Integer:
			box[i] = float64(n)
		case types.Float:
			box[i] = float64(n)
		default:
			return box, false
		}
	}
	box[0], box[2] = min(box[0], box[2]), max(box[0], box[2])
	box[1], box[3] = min(box[1], box[3]), max(box[1], box[3])
	const least, most = 1, 20_000
	fits := func(from, to float64) bool { return from > -most && to < most && to-from >= least }
	return box, fits(box[0], box[2]) && fits(box[1], box[3])
}

// place is where a mark is on the page, and how what it shows is turned so that it
// stands upright for who reads the page.
func (s sheet) place(left, top float64) (rect, matrix types.Array) {
	scale := min(1, s.shownW/MarkWidth, s.shownH/MarkHeight)
	w, h := MarkWidth*scale, MarkHeight*scale
	left, top = max(0, min(left, s.shownW-w)), max(0, min(top, s.shownH-h))
	var u, v float64
	turn := [4]int{1, 0, 0, 1}
	switch s.quarters {
	case 0:
		u, v = left, s.height-top-h
	case 1:
		u, v, turn = top, left, [4]int{0, 1, -1, 0}
	case 2:
		u, v, turn = s.width-left-w, top, [4]int{-1, 0, 0, -1}
	case 3:
		u, v, turn = s.width-top-h, s.height-left-w, [4]int{0, -1, 1, 0}
	}
	if s.quarters%2 == 1 {
		w, h = h, w
	}
	for _, n := range []float64{s.x + u, s.y + v, s.x + u + w, s.y + v + h} {
		rect = append(rect, types.Float(n))
	}
	for _, n := range turn {
		matrix = append(matrix, types.Integer(n))
	}
	return rect, append(matrix, types.Integer(0), types.Integer(0))
}

// draw is what a mark shows: a frame, a bar, and letters.
func (m Mark) draw() []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "1 1 1 rg 0 0 %v %v re f\n.46 .51 .48 RG .75 w .5 .5 %v %v re S\n.08 .33 .18 rg 0 0 4 %v re f\n",
		MarkWidth, MarkHeight, MarkWidth-1, MarkHeight-1, MarkHeight)
	const left, room = 12, MarkWidth - 18
	out.WriteString(".33 .38 .35 rg\n")
	letters(&out, m.Says, 8, left, MarkHeight-14, room)
	out.WriteString(".11 .14 .13 rg\n")
	letters(&out, m.Name, 13, left, MarkHeight-31, room)
	out.WriteString(".33 .38 .35 rg\n")
	for i, line := range m.Adds {
		letters(&out, line, 8, left, MarkHeight-46-float64(10*i), room)
	}
	return out.Bytes()
}
