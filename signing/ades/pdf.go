package ades

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"github.com/pecete/pecete/csc"
)

// PDFOptions says how a PDF is signed. Only Time is required.
type PDFOptions struct {
	Time        time.Time // claimed signing time, the M entry, to the second
	Name        string    // of the signer, as claimed
	Reason      string
	Location    string
	ContactInfo string
	FieldName   string     // of the new signature field; "" takes the next of Signature1, Signature2, …
	Reserve     int        // bytes kept free for the CMS; 0 is DefaultReserve
	Password    csc.Secret // owner or user password of an encrypted file
	Mark        *Mark      // where the signature is seen; nil for one that is not
	Certify     bool       // certify the document: after it only forms may be filled and signatures added
}

// DefaultReserve holds a CMS with a chain of several certificates.
const DefaultReserve = 16 << 10

// A Signer is who signs and how. Certificates are DER, the signer's first, then
// the chain to embed. Signed are further signed attributes.
type Signer struct {
	Certificates [][]byte
	Algorithm    csc.Algorithm
	Signed       []Attribute
}

// A PreparedPDF is a file with an empty place for its signature, and what is to
// be signed.
type PreparedPDF struct {
	pdf  []byte
	cms  *CMS
	hole hole
}

// A hole is the place of a signature's Contents: from its < up to and with its >.
type hole struct{ from, to int }

// PreparePDF appends a signature field, unseen on the first page or where o.Mark
// says, with a
// PAdES baseline B signature yet to be filled in (SubFilter ETSI.CAdES.detached).
// It refuses, with one of the errors of this package, what it cannot sign well;
// it does not panic. The same input gives the same output, except that the
// strings of AES-encrypted files draw random vectors.
func PreparePDF(pdf []byte, s Signer, o PDFOptions) (*PreparedPDF, error) {
	if !claimable(o.Time) {
		return nil, ErrNoTime
	}
	if err := s.fits(o.reserve()); err != nil {
		return nil, err
	}
	place, err := PlacePDF(pdf, o)
	if err != nil {
		return nil, err
	}
	return place.Prepare(pdf, s)
}

// fits refuses early what Finish would have to refuse.
func (s Signer) fits(reserve int) error {
	if !s.Algorithm.Hash.Available() {
		return fmt.Errorf("%w: no such hash", ErrAlgorithm)
	}
	cms, err := NewCMS(CMSParams{
		Certificates: s.Certificates, Algorithm: s.Algorithm, Signed: s.Signed, ContentDigest: make([]byte, s.Algorithm.Hash.Size()),
	})
	if err != nil {
		return err
	}
	size, err := cms.MaxSize()
	if err != nil {
		return err
	}
	if size > reserve {
		return fmt.Errorf("%w: up to %d bytes into %d", ErrReserve, size, reserve)
	}
	return nil
}

// write makes the increment and fills in its ByteRange.
func (p *PreparedPDF) write(d *Document, o PDFOptions) error {
	w := newIncrement(d, 2*o.Reserve+16<<10)
	signature, field := w.reserve(), w.reserve()
	seen, err := w.widget(o.Mark)
	if err != nil {
		return err
	}
	span, err := p.writeSignature(w, signature, o)
	if err != nil {
		return err
	}
	widget := types.Dict{
		"Type": types.Name("Annot"), "Subtype": types.Name("Widget"), "FT": types.Name("Sig"),
		"T": textString(o.FieldName), "V": signature, "P": seen.page,
		"F":    types.Integer(4 | 128), // print, locked
		"Rect": seen.rect,
	}
	if seen.look != nil {
		widget["AP"], widget["TU"] = seen.look, textString(seen.says)
	}
	if err := w.object(field, widget); err != nil {
		return err
	}
	if err := w.addTo(seen.page, seen.pageDict, "Annots", field); err != nil {
		return err
	}
	if err := w.addField(field, signature, o.Certify); err != nil {
		return err
	}
	p.pdf = w.close()
	rest := len(p.pdf) - p.hole.to
	copy(p.pdf[span:], fmt.Sprintf("[0 %d %d %d]", p.hole.from, p.hole.to, rest))
	return nil
}

// byteRangeRoom holds the longest ByteRange of a file of ten digits of bytes.
const byteRangeRoom = len("[0 0000000000 0000000000 0000000000]")

// writeSignature writes the signature dictionary by hand, since the places of
// ByteRange and Contents must be known; it gives that of ByteRange.
func (p *PreparedPDF) writeSignature(w *increment, ref types.IndirectRef, o PDFOptions) (span int, err error) {
	entries := types.Dict{
		"Type": types.Name("Sig"), "Filter": types.Name("Adobe.PPKLite"), "SubFilter": types.Name("ETSI.CAdES.detached"),
		"M": types.StringLiteral(o.Time.UTC().Format("D:20060102150405Z")),
	}
	for key, text := range map[string]string{"Name": o.Name, "Reason": o.Reason, "Location": o.Location, "ContactInfo": o.ContactInfo} {
		if text != "" {
			entries[key] = textString(text)
		}
	}
	if o.Certify {
		entries["Reference"] = types.Array{types.Dict{
			"Type": types.Name("SigRef"), "TransformMethod": types.Name("DocMDP"),
			"TransformParams": types.Dict{"Type": types.Name("TransformParams"), "P": types.Integer(2), "V": types.Name("1.2")},
		}}
	}
	c, err := w.doc.stringCipher(ref.ObjectNumber.Value(), 0)
	if err != nil {
		return 0, err
	}
	secret, err := c.encrypted(entries)
	if err != nil {
		return 0, err
	}
	w.begin(ref)
	w.out.WriteString(string(bytes.TrimSuffix([]byte(secret.PDFString()), []byte(">>"))) + "\n/ByteRange ")
	span = w.out.Len()
	w.out.Write(bytes.Repeat([]byte(" "), byteRangeRoom))
	w.out.WriteString("\n/Contents ")
	p.hole.from = w.out.Len()
	w.out.WriteString("<")
	w.out.Write(bytes.Repeat([]byte("0"), 2*o.Reserve))
	w.out.WriteString(">")
	p.hole.to = w.out.Len()
	w.out.WriteString("\n>>")
	w.end()
	return span, nil
}

// Digest is what the signer's key signs, and what signatures/signHash wants in
// hashes: the hash of the signed attributes, which hold that of the file.
func (p *PreparedPDF) Digest() csc.Digest { return p.cms.Digest() }

// Finish puts the signature in and gives the signed file. A signature that the
// signer's certificate does not verify is refused.
func (p *PreparedPDF) Finish(signature []byte) ([]byte, error) {
	der, err := p.cms.Finish(signature)
	if err != nil {
		return nil, err
	}
	if len(der) > p.room() {
		return nil, fmt.Errorf("%w: %d bytes into %d", ErrReserve, len(der), p.room())
	}
	signed := slices.Clone(p.pdf)
	hex.Encode(signed[p.hole.from+1:], der)
	return signed, nil
}

// check reads the file once more as a stranger would: the original is its
// untouched prefix, the ByteRange in it covers everything but Contents, and its
// form shows the new field with the new signature.
func (p *PreparedPDF) check(original []byte, o PDFOptions) error {
	if !bytes.HasPrefix(p.pdf, original) || bytes.Count(p.pdf[len(original):], byteRange(p.hole.from, p.hole.to, len(p.pdf))) != 1 {
		return damaged("the signature would not cover the whole file")
	}
	d, err := Open(p.pdf, o.Password)
	if err != nil {
		return err
	}
	fields, err := d.Fields()
	if err != nil {
		return err
	}
	for _, field := range fields {
		ref, ok := field.Value.(types.IndirectRef)
		if !ok || field.Name != o.FieldName || field.Type != "Sig" {
			continue
		}
		if at, ok := d.Offset(ref.ObjectNumber.Value()); ok && at >= int64(len(original)) && at < int64(p.hole.from) {
			return nil
		}
	}
	return damaged("the signature would not be shown")
}
