package ades

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"github.com/pecete/pecete/csc"
)

// MaxPDF is the largest file, in bytes, that is read.
const MaxPDF = 50 << 20

// A Document is a PDF opened for reading: its objects, decrypted. It belongs to
// one goroutine.
type Document struct {
	pdf  []byte
	xref *xref
	ctx  *model.Context
}

// Open reads pdf, with password as user or owner password where it is encrypted.
// What it cannot read to the letter it refuses, with one of the errors of this
// package; it does not panic.
func Open(pdf []byte, password csc.Secret) (doc *Document, err error) {
	defer rescue(&err)
	switch head := pdf[:min(len(pdf), 1024)]; {
	case len(pdf) > MaxPDF:
		return nil, fmt.Errorf("%w: it has %d MB, and %d are allowed", ErrTooLarge, len(pdf)>>20, MaxPDF>>20)
	case !bytes.Contains(head, []byte("%PDF-")):
		return nil, ErrNotPDF
	case !bytes.HasPrefix(head, []byte("%PDF-")):
		return nil, damaged("something stands before its first line")
	}
	x, err := readXRef(pdf)
	if err != nil {
		return nil, err
	}
	if encrypt, found := x.trailer.Find("Encrypt"); found {
		if _, ok := encrypt.(types.IndirectRef); !ok {
			return nil, fmt.Errorf("%w: its encryption dictionary has no object of its own", ErrEncryption)
		}
	}
	ctx, err := pdfcpu.Read(bytes.NewReader(pdf), configuration(password))
	if err != nil {
		return nil, readError(err)
	}
	if err := x.agrees(ctx); err != nil {
		return nil, err
	}
	return &Document{pdf, x, ctx}, nil
}

// rescue turns a panic, which a hostile file may cause in the parser, into
// ErrDamaged.
func rescue(err *error) {
	if r := recover(); r != nil {
		*err = damaged("%v", r)
	}
}

// configuration is pdfcpu's, with limits for files of strangers and without its
// configuration directory.
func configuration(password csc.Secret) *model.Configuration {
	limits := model.DefaultResourceLimits()
	limits.MaxStreamBytes = MaxPDF
	limits.MaxDecodeBytes = 256 << 20
	limits.MaxObjectCount = maxEntries
	limits.MaxObjectStreamCount = maxEntries
	limits.MaxXRefEntries = maxEntries
	return &model.Configuration{
		Reader15:       true,
		ValidationMode: model.ValidationRelaxed,
		Eol:            types.EolLF,
		UserPW:         string(password),
		OwnerPW:        string(password),
		Offline:        true,
		Limits:         limits,
		Cmd:            model.LISTINFO,
	}
}

func readError(err error) error {
	for _, encryption := range []error{pdfcpu.ErrUnsupportedEncryptionFeature, pdfcpu.ErrMalformedEncryption} {
		if errors.Is(err, encryption) {
			return fmt.Errorf("%w: %w", ErrEncryption, err)
		}
	}
	switch {
	case errors.Is(err, pdfcpu.ErrWrongPassword), errors.Is(err, pdfcpu.ErrPermissionDenied):
		return ErrPassword
	case errors.Is(err, pdfcpu.ErrCorruptHeader):
		return fmt.Errorf("%w: %w", ErrNotPDF, err)
	}
	return damaged("%v", err)
}

// agrees compares the parser's idea of where every object is with the literal
// one. A parser that repaired something has another idea.
func (x *xref) agrees(ctx *model.Context) error {
	for number, p := range x.entries {
		e := ctx.Table[number]
		if p.free && (e == nil || e.Free) {
			continue
		}
		if e == nil || e.Free != p.free || !p.is(e) {
			return damaged("object %d is not where the file says", number)
		}
	}
	for number, e := range ctx.Table {
		if _, ok := x.entries[number]; !ok && !e.Free {
			return damaged("object %d is not in the cross-reference sections", number)
		}
	}
	root, ok := x.trailer["Root"].(types.IndirectRef)
	if !ok || ctx.Root == nil || root != *ctx.Root {
		return damaged("the trailer has no Root")
	}
	return nil
}

// is reports whether e, an entry in use, says the same as p.
func (p place) is(e *model.XRefTableEntry) bool {
	if p.stream > 0 {
		return e.ObjectStream != nil && *e.ObjectStream == p.stream && e.ObjectStreamInd != nil && *e.ObjectStreamInd == p.index
	}
	return e.ObjectStream == nil && e.Offset != nil && *e.Offset == p.offset && e.Generation != nil && *e.Generation == p.generation
}

// Offset is where the object of that number begins in the file; it is false for
// one that is free, unknown or inside an object stream.
func (d *Document) Offset(number int) (int64, bool) {
	p, ok := d.xref.entries[number]
	if !ok || p.free || p.stream > 0 {
		return 0, false
	}
	s := scanner{d.pdf, int(min(p.offset, int64(len(d.pdf))))}
	n, generation, ok := s.header()
	return p.offset, ok && n == number && generation == p.generation
}

// Numbers are those of all objects that are in use, in no order.
func (d *Document) Numbers() []int {
	var numbers []int
	for number, p := range d.xref.entries {
		if !p.free {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// ChangedSince are the numbers of the objects that stand elsewhere than in older,
// which is the beginning of the same file, or are in only one of the two, in order.
func (d *Document) ChangedSince(older *Document) []int {
	var numbers []int
	for number, p := range d.xref.entries {
		if was, ok := older.xref.entries[number]; (ok && !was.free || !p.free) && was != p {
			numbers = append(numbers, number)
		}
	}
	for number, was := range older.xref.entries {
		if _, ok := d.xref.entries[number]; !ok && !was.free {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	return numbers
}

// Object is the object of that number, nil if there is none.
func (d *Document) Object(number int) (types.Object, error) {
	return d.Resolve(*types.NewIndirectRef(number, d.xref.entries[number].generation))
}

// Resolve follows references to the object itself; a reference to nothing is
// null, which is nil.
func (d *Document) Resolve(o types.Object) (types.Object, error) {
	for range 16 {
		ref, ok := o.(types.IndirectRef)
		if !ok {
			return o, nil
		}
		if p := d.xref.entries[ref.ObjectNumber.Value()]; p.generation != ref.GenerationNumber.Value() {
			return nil, nil // 7.3.10: a reference to an object that is not there
		}
		var err error
		if o, err = d.ctx.Dereference(ref); err != nil {
			return nil, damaged("object %d cannot be read", ref.ObjectNumber.Value())
		}
	}
	return nil, damaged("a reference leads to itself")
}

// Dict resolves o to a dictionary; nil if it is null.
func (d *Document) Dict(o types.Object) (types.Dict, error) {
	o, err := d.Resolve(o)
	if err != nil || o == nil {
		return nil, err
	}
	dict, ok := o.(types.Dict)
	if !ok {
		return nil, damaged("a dictionary is something else")
	}
	return dict, nil
}

// Array resolves o to an array; nil if it is null.
func (d *Document) Array(o types.Object) (types.Array, error) {
	o, err := d.Resolve(o)
	if err != nil || o == nil {
		return nil, err
	}
	array, ok := o.(types.Array)
	if !ok {
		return nil, damaged("an array is something else")
	}
	return array, nil
}

// Catalog is the root of the document.
func (d *Document) Catalog() (types.Dict, error) {
	catalog, err := d.Dict(*d.ctx.Root)
	if err == nil && catalog == nil {
		err = damaged("there is no catalog")
	}
	return catalog, err
}
