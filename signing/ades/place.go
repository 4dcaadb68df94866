package ades

import (
	"bytes"
	"fmt"
	"slices"
)

// A PlacedPDF is a file with an empty place for a signature, whoever will sign
// it. From and To are where Contents begins with its < and ends behind its >.
type PlacedPDF struct {
	Increment []byte // what is appended to the original
	From, To  int
}

// PlacePDF is the half of PreparePDF that reads the file, and the only one: so it
// can be had from another process, which need not know who signs.
func PlacePDF(pdf []byte, o PDFOptions) (p PlacedPDF, err error) {
	defer rescue(&err)
	if !claimable(o.Time) {
		return PlacedPDF{}, ErrNoTime
	}
	o.Reserve = o.reserve()
	d, err := Open(pdf, o.Password)
	if err != nil {
		return PlacedPDF{}, err
	}
	fields, err := d.Fields()
	if err != nil {
		return PlacedPDF{}, err
	}
	if err := d.mayBeSigned(fields, o.Certify); err != nil {
		return PlacedPDF{}, err
	}
	if o.FieldName, err = fieldName(fields, o.FieldName); err != nil {
		return PlacedPDF{}, err
	}
	draft := &PreparedPDF{}
	if err := draft.write(d, o); err != nil {
		return PlacedPDF{}, err
	}
	if err := draft.check(pdf, o); err != nil {
		return PlacedPDF{}, err
	}
	return PlacedPDF{draft.pdf[len(pdf):], draft.hole.from, draft.hole.to}, nil
}

// Prepare decides what s signs. It relies on nothing that p says: the signature
// will cover original, all of it and before everything else, and the increment
// but for the empty place, which is in the increment and is what it says it
// covers.
func (p PlacedPDF) Prepare(original []byte, s Signer) (*PreparedPDF, error) {
	pdf := slices.Concat(original, p.Increment)
	if p.From <= len(original) || p.To-p.From < len("<>") || p.To > len(pdf) ||
		pdf[p.From] != '<' || pdf[p.To-1] != '>' || len(bytes.Trim(pdf[p.From+1:p.To-1], "0")) > 0 ||
		bytes.Count(p.Increment, byteRange(p.From, p.To, len(pdf))) != 1 {
		return nil, damaged("the signature would not cover the whole file")
	}
	prepared := &PreparedPDF{pdf: pdf, hole: hole{p.From, p.To}}
	if err := s.fits(prepared.room()); err != nil {
		return nil, err
	}
	var err error
	digest := sum(s.Algorithm.Hash, pdf[:p.From], pdf[p.To:])
	prepared.cms, err = NewCMS(CMSParams{Certificates: s.Certificates, Algorithm: s.Algorithm, ContentDigest: digest, Signed: s.Signed})
	return prepared, err
}

// room is how many bytes the place holds.
func (p *PreparedPDF) room() int { return (p.hole.to - p.hole.from - len("<>")) / 2 }

func (o PDFOptions) reserve() int {
	if o.Reserve <= 0 {
		return DefaultReserve
	}
	return o.Reserve
}

// byteRange is the ByteRange of a file with a hole, without its padding.
func byteRange(from, to, size int) []byte {
	return fmt.Appendf(nil, "/ByteRange [0 %d %d %d]", from, to, size-to)
}
