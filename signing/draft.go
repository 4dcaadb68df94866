package signing

import (
	"context"
	"errors"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/sandbox"
	"github.com/pecete/pecete/sandbox/pdf"
	"github.com/pecete/pecete/signing/ades"
)

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
	options := ades.PDFOptions{
		Time: now, Certify: w.kind.SignedEnvelopeProperty == csc.Certification, Reserve: ades.DefaultReserve,
		Name: w.texts["Name"], Reason: w.texts["Reason"], Location: w.texts["Location"], ContactInfo: w.texts["ContactInfo"],
	}
	for _, certificate := range c.Certificates {
		options.Reserve += len(certificate)
	}
	for _, a := range w.signed {
		options.Reserve += len(a.Values[0].FullBytes)
	}
	placed, err := pdf.Reader{In: s.Documents}.Place(ctx, w.document, options)
	if err != nil {
		return draft{}, unreadable(err)
	}
	prepared, err := placed.Prepare(w.document, ades.Signer{Certificates: c.Certificates, Algorithm: w.algorithm, Signed: w.signed})
	if errors.Is(err, ades.ErrDamaged) {
		return draft{}, unreadable(&sandbox.DeathError{How: "gave what cannot be"})
	}
	if err != nil {
		return draft{}, err
	}
	return draft{digest: prepared.Digest(), finish: prepared.Finish}, nil
}

// unreadable tells what is wrong with a document in the words there are for it;
// what is wrong with the server stays what it is.
func unreadable(err error) error {
	switch {
	case errors.Is(err, ades.ErrNotFirst):
		return because(csc.Invalid("signed_envelope_property"), err)
	case pdf.Unreadable(err):
		return csc.Refused("Invalid array parameter documents", err)
	}
	return err
}
