package signing

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/sandbox"
	"github.com/pecete/pecete/signing/ades"
)

// A Sandbox has documents read where they can hurt nobody; *sandbox.Box is one.
type Sandbox interface {
	Do(ctx context.Context, work string, order any, document []byte, answer any) (product []byte, err error)
}

// draft decides what the key signs for a wish at now.
func (s Signer) draft(ctx context.Context, c credentials.Credential, w wish, now time.Time) (draft, error) {
	if w.kind.SignatureFormat == csc.PAdES && w.isDocument {
		return s.draftPDF(ctx, c, w, now)
	}
	params := ades.CMSParams{Certificates: c.Certificates, Algorithm: w.algorithm, ContentDigest: w.hash, Signed: w.signed}
	if w.kind.SignatureFormat == csc.CAdES {
		params.Time = now
	}
	if w.isDocument {
		params.ContentDigest = sumOf(w.algorithm.Hash, w.document)
	}
	attached := w.kind.SignedEnvelopeProperty == csc.Attached
	if attached {
		params.Content = w.document
	}
	cms, err := ades.NewCMS(params)
	if err != nil {
		return draft{}, err
	}
	finish := func(signature []byte) ([]byte, error) { return cms.Finish(signature) }
	return draft{cms.Digest(), finish, !attached}, nil
}

// draftPDF has the file read elsewhere, and decides here what is signed.
func (s Signer) draftPDF(ctx context.Context, c credentials.Credential, w wish, now time.Time) (draft, error) {
	if s.Documents == nil {
		return draft{}, csc.Invalid("signature_format")
	}
	order := placeOrder{
		Time: now, Certify: w.kind.SignedEnvelopeProperty == csc.Certification, Reserve: ades.DefaultReserve,
		Name: w.texts["Name"], Reason: w.texts["Reason"], Location: w.texts["Location"], ContactInfo: w.texts["ContactInfo"],
	}
	for _, certificate := range c.Certificates {
		order.Reserve += len(certificate)
	}
	for _, a := range w.signed {
		order.Reserve += len(a.Values[0].FullBytes)
	}
	var place placeAnswer
	increment, err := s.Documents.Do(ctx, workPlace, order, w.document, &place)
	if err != nil {
		return draft{}, unreadable(err)
	}
	placed := ades.PlacedPDF{Increment: increment, From: place.From, To: place.To}
	pdf, err := placed.Prepare(w.document, ades.Signer{Certificates: c.Certificates, Algorithm: w.algorithm, Signed: w.signed})
	if errors.Is(err, ades.ErrDamaged) {
		return draft{}, unreadable(&sandbox.DeathError{How: "gave what cannot be"})
	}
	if err != nil {
		return draft{}, err
	}
	return draft{digest: pdf.Digest(), finish: pdf.Finish}, nil
}

// unreadable tells what is wrong with a document in the words there are for it;
// what is wrong with the server stays what it is.
func unreadable(err error) error {
	var refused *sandbox.Refusal
	var died *sandbox.DeathError
	switch {
	case errors.As(err, &refused) && refused.About == aboutEnvelope:
		return because(csc.Invalid("signed_envelope_property"), err)
	case errors.As(err, &refused), errors.As(err, &died), errors.Is(err, sandbox.ErrTooLarge):
		return csc.Refused("Invalid array parameter documents", err)
	}
	return err
}

// workPlace is the work of finding the place for a signature in a PDF.
const workPlace = "pdf/place"

// aboutEnvelope marks the refusal of a certification that cannot be; any other
// is about the document.
const aboutEnvelope = "envelope"

// A placeOrder is what a child needs to know: nothing of who signs, but what
// will be seen of him.
type placeOrder struct {
	Time        time.Time `json:"time"`
	Name        string    `json:"name,omitempty"`
	Reason      string    `json:"reason,omitempty"`
	Location    string    `json:"location,omitempty"`
	ContactInfo string    `json:"contactInfo,omitempty"`
	Certify     bool      `json:"certify,omitempty"`
	Reserve     int       `json:"reserve"`
}

// A placeAnswer says where the signature goes.
type placeAnswer struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Works are what a child must be able to do for a Signer.
func Works() map[string]sandbox.Work { return map[string]sandbox.Work{workPlace: place} }

func place(order json.RawMessage, document []byte) (any, []byte, error) {
	var o placeOrder
	if err := json.Unmarshal(order, &o); err != nil {
		return nil, nil, err
	}
	p, err := ades.PlacePDF(document, ades.PDFOptions{
		Time: o.Time, Name: o.Name, Reason: o.Reason, Location: o.Location, ContactInfo: o.ContactInfo, Certify: o.Certify, Reserve: o.Reserve,
	})
	switch {
	case errors.Is(err, ades.ErrNotFirst):
		return nil, nil, &sandbox.Refusal{About: aboutEnvelope, Said: err.Error()}
	case err != nil:
		return nil, nil, &sandbox.Refusal{About: "document", Said: err.Error()}
	}
	return placeAnswer{p.From, p.To}, p.Increment, nil
}
