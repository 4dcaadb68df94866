package ades

import (
	"bytes"
	"context"
	"fmt"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// An xref is what the cross-reference sections of a file say when they are read
// to the letter (ISO 32000-1 §7.5.4, §7.5.8), with nothing repaired or guessed.
type xref struct {
	start   int64 // where the newest section begins
	stream  bool  // the newest section is a stream, not a table
	size    int   // one more than the highest object number, or what Size claims
	trailer types.Dict
	entries entries
}

type entries map[int]place

// A place is where an object is: at offset in the file, or the index-th in the
// object stream of number stream, or, if free, nowhere.
type place struct {
	free       bool
	offset     int64
	generation int
	stream     int
	index      int
}

const (
	maxSections = 4096
	maxEntries  = 500_000
	maxTrailer  = 1 << 20 // bytes of the dictionary of a section
)

// readXRef follows the sections from the last startxref back to the first.
func readXRef(pdf []byte) (*xref, error) {
	start, err := startXRef(pdf)
	if err != nil {
		return nil, err
	}
	x := &xref{start: start, entries: entries{}}
	seen := map[int64]bool{}
	for next := start; next >= 0; {
		if seen[next] || len(seen) == maxSections {
			return nil, damaged("the cross-reference sections run in a circle or are too many")
		}
		seen[next] = true
		trailer, err := x.section(pdf, next)
		if err != nil {
			return nil, err
		}
		if next, err = previous(trailer); err != nil {
			return nil, err
		}
	}
	for number := range x.entries {
		x.size = max(x.size, number+1)
	}
	return x, nil
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w (%.200s)", ErrDamaged, fmt.Sprintf(format, args...))
}

// startXRef reads the offset between the last startxref and its %%EOF.
func startXRef(pdf []byte) (int64, error) {
	at := bytes.LastIndex(pdf, []byte("startxref"))
	if at < 0 {
		return 0, damaged("no startxref")
	}
	s := scanner{pdf, at + len("startxref")}
	offset, ok := s.integer()
	s.space()
	if !ok || !s.take("%%EOF") || offset <= 0 {
		return 0, damaged("startxref leads nowhere")
	}
	return int64(offset), nil
}

// section reads one section with the stream a hybrid file adds to it, and gives
// its trailer.
func (x *xref) section(pdf []byte, at int64) (types.Dict, error) {
	if at >= int64(len(pdf)) {
		return nil, damaged("a cross-reference section is said to be past the end")
	}
	said := entries{}
	table := bytes.HasPrefix(pdf[at:], []byte("xref"))
	read := said.readStream
	if table {
		read = said.readTable
	}
	trailer, err := read(pdf, at)
	if err != nil {
		return nil, err
	}
	if x.trailer == nil {
		x.trailer, x.stream = trailer, !table
		size := trailer.IntEntry("Size")
		if size == nil || *size < 1 || *size > maxEntries {
			return nil, damaged("a trailer has no valid Size")
		}
		x.size = *size
	}
	if hidden := trailer.Int64Entry("XRefStm"); table && hidden != nil {
		if *hidden <= 0 || *hidden >= int64(len(pdf)) {
			return nil, damaged("XRefStm leads nowhere")
		}
		if _, err = said.readStream(pdf, *hidden); err != nil {
			return nil, err
		}
	}
	return trailer, x.learn(said)
}

// learn keeps what an older section says about objects that no newer one spoke
// of.
func (x *xref) learn(said entries) error {
	for number, p := range said {
		if _, known := x.entries[number]; !known {
			x.entries[number] = p
		}
	}
	if len(x.entries) > maxEntries {
		return damaged("too many objects")
	}
	return nil
}

// previous gives where the section before is, -1 if there is none.
func previous(trailer types.Dict) (int64, error) {
	value, found := trailer.Find("Prev")
	if !found {
		return -1, nil
	}
	n, ok := value.(types.Integer)
	if !ok || n <= 0 {
		return 0, damaged("Prev leads nowhere")
	}
	return int64(n), nil
}

// put keeps the first word of a section about an object, unless that was free: in
// a hybrid file the stream reveals what the table hides.
func (e entries) put(number int, p place) error {
	if number < 0 || number >= 1<<31 || len(e) >= maxEntries {
		return damaged("too many objects")
	}
	if old, known := e[number]; !known || old.free {
		e[number] = p
	}
	return nil
}

func (e entries) readTable(pdf []byte, at int64) (types.Dict, error) {
	s := scanner{pdf, int(at) + len("xref")}
	for {
		s.space()
		if s.take("trailer") {
			break
		}
		first, ok := s.integer()
		count, ok2 := s.integer()
		if !ok || !ok2 || count > maxEntries {
			return nil, damaged("a cross-reference table is malformed")
		}
		for i := range count {
			if err := e.tableEntry(&s, first+i); err != nil {
				return nil, err
			}
		}
	}
	end := bytes.Index(pdf[s.at:], []byte("startxref"))
	if end < 0 || end > maxTrailer {
		return nil, damaged("a trailer has no end")
	}
	return parseDict(pdf[s.at : s.at+end])
}

func (e entries) tableEntry(s *scanner, number int) error {
	offset, ok := s.integer()
	generation, ok2 := s.integer()
	s.space()
	switch {
	case ok && ok2 && s.take("f"), ok && ok2 && offset == 0 && s.take("n"):
		return e.put(number, place{free: true})
	case ok && ok2 && s.take("n"):
		return e.put(number, place{offset: int64(offset), generation: generation})
	}
	return damaged("a cross-reference table is malformed")
}

// parseDict reads a dictionary that nothing but white space and comments may follow.
func parseDict(text []byte) (types.Dict, error) {
	rest := string(text)
	object, err := model.ParseObjectContext(context.Background(), &rest, 0)
	if err != nil {
		return nil, damaged("a cross-reference dictionary is malformed")
	}
	dict, ok := object.(types.Dict)
	after := scanner{text: []byte(rest)}
	after.space()
	if !ok || after.at < len(rest) && !after.take("%") {
		return nil, damaged("a cross-reference dictionary is malformed")
	}
	return dict, nil
}
