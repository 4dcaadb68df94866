package verify

import (
	"bytes"
	"fmt"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"github.com/pecete/pecete/signing/ades"
)

const maxSignatures = 100 // each may cost a hash over the whole file

// PDF reports on all signatures of pdf. An error means that the file could not
// be read; a bad signature is not an error. It does not panic.
func PDF(pdf []byte, o Options) (report Report, err error) {
	defer func() {
		if r := recover(); r != nil {
			report, err = Report{}, fmt.Errorf("%w (%v)", ades.ErrDamaged, r)
		}
	}()
	if o.Now.IsZero() {
		return Report{}, ErrNoTime
	}
	doc, err := ades.Open(pdf, o.Password)
	if err != nil {
		return Report{}, err
	}
	fields, err := doc.Fields()
	if err != nil {
		return Report{}, err
	}
	shown := map[int]bool{}
	for _, field := range fields {
		if field.Type != "Sig" || field.Value == nil {
			continue
		}
		if len(report.Signatures) == maxSignatures {
			return Report{}, ErrTooMany
		}
		if ref, ok := field.Value.(types.IndirectRef); ok {
			shown[ref.ObjectNumber.Value()] = true
		}
		report.Signatures = append(report.Signatures, one(doc, pdf, field, o))
	}
	report.Problems = hidden(doc, shown)
	report.extent(int64(len(pdf)))
	return report, nil
}

// hidden finds signatures that the form does not show, as is left when somebody
// takes the form away.
func hidden(doc *ades.Document, shown map[int]bool) Problems {
	for _, number := range doc.Numbers() {
		if _, ok := doc.Offset(number); !ok || shown[number] {
			continue
		}
		object, err := doc.Object(number)
		if err != nil {
			continue // what cannot be read cannot be shown either
		}
		if dict, ok := object.(types.Dict); ok && dict.HasEntry("ByteRange") && dict.HasEntry("Contents") {
			return Problems{{Hidden, found(formless)}}
		}
	}
	return nil
}

// extent says of each signature what came after it, and of the file whether
// anything came after all of them.
func (r *Report) extent(size int64) {
	var sound int64
	for _, s := range r.Signatures {
		if s.Intact() && s.Covered > sound {
			sound = s.Covered
		}
	}
	for i := range r.Signatures {
		if s := &r.Signatures[i]; s.Covered > 0 && s.Covered < size {
			s.note(found(coversFirst, s.Covered, size-s.Covered))
		}
	}
	if len(r.Signatures) > 0 && sound < size {
		r.Problems = append(r.Problems, Problem{Uncovered, found(uncovered, size-sound)})
	}
}

// one judges the signature in field.
func one(doc *ades.Document, pdf []byte, field ades.Field, o Options) (s Signature) {
	s.Field = field.Name
	dict, err := doc.Dict(field.Value)
	if err != nil || dict == nil {
		s.problem(Malformed, found(fieldUnread))
		return s
	}
	s.describe(doc, dict)
	ref, ok := field.Value.(types.IndirectRef)
	at, inFile := int64(0), false
	if ok {
		at, inFile = doc.Offset(ref.ObjectNumber.Value())
	}
	if !inFile {
		s.problem(Malformed, found(notInFile))
		return s
	}
	place, fault := locate(pdf, at)
	if fault != "" {
		s.problem(Malformed, found(fault))
		return s
	}
	if !s.span(pdf, place) {
		return s
	}
	der, ok := plainHex(pdf[place.from+1 : place.to-1])
	if !ok {
		s.problem(Malformed, found(contentsOdd))
		return s
	}
	parts := [][]byte{pdf[:place.from], pdf[place.to:s.Covered]}
	s.judge(der, parts, o)
	s.compare(doc, pdf, o)
	return s
}

// describe takes what the signature dictionary says about itself.
func (s *Signature) describe(doc *ades.Document, dict types.Dict) {
	if name := dict.NameEntry("SubFilter"); name != nil {
		s.SubFilter = *name
	}
	claimed, err := doc.Text(dict["M"])
	if err != nil || claimed == "" {
		s.note(found(noClaim))
		return
	}
	at, ok := types.DateTime(claimed, true)
	if !ok {
		s.note(found(claimUnread))
		return
	}
	s.Claimed = at
}

// span checks that the ByteRange is one of a whole version of the file, from its
// first byte to its end, with no gap but Contents.
func (s *Signature) span(pdf []byte, p place) bool {
	r := p.byteRange
	end := r[2] + r[3]
	if r[0] != 0 || r[1] != p.from || r[2] != p.to || end < r[2] || end > len(pdf) {
		s.problem(Malformed, found(gapOdd))
		return false
	}
	s.Covered = int64(end)
	s.CoversDocument = end == len(pdf)
	if !bytes.HasSuffix(bytes.TrimRight(pdf[:end], "\r\n"), []byte("%%EOF")) && !s.CoversDocument {
		s.problem(Malformed, found(endsElsewhere))
	}
	return true
}
