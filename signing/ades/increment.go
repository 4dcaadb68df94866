package ades

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// An increment is an incremental update in the making (ISO 32000-1 §7.5.6): the
// file as it was, then new versions of objects and new objects.
type increment struct {
	doc  *Document
	out  bytes.Buffer
	next int // the next object number never used before
	put  map[int]place
}

// newIncrement starts behind the last byte of the file, on a line of its own.
func newIncrement(d *Document, room int) *increment {
	w := &increment{doc: d, next: d.xref.size, put: map[int]place{}}
	w.out.Grow(len(d.pdf) + room)
	w.out.Write(d.pdf)
	if last := d.pdf[len(d.pdf)-1]; last != '\n' && last != '\r' {
		w.out.WriteByte('\n')
	}
	return w
}

// reserve gives the reference of a new object. Numbers that were freed are not
// used again.
func (w *increment) reserve() types.IndirectRef {
	ref := *types.NewIndirectRef(w.next, 0)
	w.next++
	return ref
}

// begin notes that the object ref starts here.
func (w *increment) begin(ref types.IndirectRef) {
	number, generation := ref.ObjectNumber.Value(), ref.GenerationNumber.Value()
	w.put[number] = place{offset: int64(w.out.Len()), generation: generation}
	fmt.Fprintf(&w.out, "%d %d obj\n", number, generation)
}

func (w *increment) end() { w.out.WriteString("\nendobj\n") }

// object writes o, its strings encrypted if those of the file are.
func (w *increment) object(ref types.IndirectRef, o types.Object) error {
	c, err := w.doc.stringCipher(ref.ObjectNumber.Value(), ref.GenerationNumber.Value())
	if err != nil {
		return err
	}
	if o, err = c.encrypted(o); err != nil {
		return err
	}
	w.begin(ref)
	w.out.WriteString(o.PDFString())
	w.end()
	return nil
}

// close writes the cross-reference section, of the kind of the one before, and
// gives the whole file.
func (w *increment) close() []byte {
	trailer := w.trailer()
	start := w.out.Len()
	if w.doc.xref.stream {
		w.stream(trailer)
	} else {
		w.table(trailer)
	}
	fmt.Fprintf(&w.out, "startxref\n%d\n%%%%EOF\n", start)
	return w.out.Bytes()
}

// trailer is the last one with Prev set and the second half of ID made anew.
func (w *increment) trailer() types.Dict {
	trailer := types.NewDict()
	for key, value := range w.doc.xref.trailer {
		switch key {
		case "Prev", "XRefStm", "Type", "Length", "Filter", "DecodeParms", "W", "Index", "DL":
		default:
			trailer[key] = value
		}
	}
	trailer["Prev"] = types.Integer(w.doc.xref.start)
	if id, ok := trailer["ID"].(types.Array); ok && len(id) == 2 {
		hash := sha256.Sum256(w.out.Bytes())
		trailer["ID"] = types.Array{id[0], types.NewHexLiteral(hash[:16])}
	}
	return trailer
}

// runs groups the numbers of the written objects into sections without gaps.
func (w *increment) runs() [][]int {
	var runs [][]int
	var numbers []int
	for number := range w.put {
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	for i, number := range numbers {
		if i == 0 || number != numbers[i-1]+1 {
			runs = append(runs, nil)
		}
		runs[len(runs)-1] = append(runs[len(runs)-1], number)
	}
	return runs
}

func (w *increment) table(trailer types.Dict) {
	trailer["Size"] = types.Integer(w.next)
	w.out.WriteString("xref\n")
	for _, run := range w.runs() {
		fmt.Fprintf(&w.out, "%d %d\n", run[0], len(run))
		for _, number := range run {
			fmt.Fprintf(&w.out, "%010d %05d n \n", w.put[number].offset, w.put[number].generation)
		}
	}
	fmt.Fprintf(&w.out, "trailer\n%s\n", trailer.PDFString())
}

func (w *increment) stream(trailer types.Dict) {
	self := w.reserve()
	w.begin(self)
	var rows []byte
	index := types.Array{}
	for _, run := range w.runs() {
		index = append(index, types.Integer(run[0]), types.Integer(len(run)))
		for _, number := range run {
			rows = append(rows, 1)
			rows = binary.BigEndian.AppendUint32(rows, uint32(w.put[number].offset))
			rows = binary.BigEndian.AppendUint16(rows, uint16(w.put[number].generation))
		}
	}
	trailer["Type"] = types.Name("XRef")
	trailer["Size"] = types.Integer(w.next)
	trailer["W"] = types.Array{types.Integer(1), types.Integer(4), types.Integer(2)}
	trailer["Index"] = index
	trailer["Length"] = types.Integer(len(rows))
	w.out.WriteString(trailer.PDFString() + "\nstream\n")
	w.out.Write(rows)
	w.out.WriteString("\nendstream")
	w.end()
}
