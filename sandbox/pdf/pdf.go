// Package pdf has PDFs of strangers read in the sandbox: what a child can do with
// one, and the half of it that asks. What a child says is checked where that
// matters, by ades.PlacedPDF.Prepare; the rest is only told to people.
package pdf

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pecete/pecete/sandbox"
	"github.com/pecete/pecete/signing/ades"
)

// A Sandbox has documents read where they can hurt nobody; *sandbox.Box is one.
type Sandbox interface {
	Do(ctx context.Context, work string, order any, document []byte, answer any) (product []byte, err error)
}

// A Reader has PDFs read in a Sandbox. What is wrong with a file is one of the
// errors of ades, sandbox.ErrTooLarge or a *sandbox.DeathError: Unreadable tells
// these from what is wrong with us.
type Reader struct{ In Sandbox }

// The works of a child.
const (
	workLook  = "pdf/look"
	workPlace = "pdf/place"
)

// Works are what a child can do with PDFs.
func Works() map[string]sandbox.Work {
	return map[string]sandbox.Work{workLook: look, workPlace: place}
}

// A Summary is what there is to know of a PDF before it is signed.
type Summary = ades.Summary

// Look reads a file that somebody wants to sign.
func (r Reader) Look(ctx context.Context, file []byte) (Summary, error) {
	var s Summary
	_, err := r.do(ctx, workLook, struct{}{}, file, &s)
	return s, err
}

func look(_ json.RawMessage, file []byte) (any, []byte, error) {
	s, err := ades.Look(file)
	if err != nil {
		return nil, nil, refusal(err)
	}
	return s, nil, nil
}

// A placed says where the signature goes.
type placed struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Place is ades.PlacePDF, elsewhere. Options have no password.
func (r Reader) Place(ctx context.Context, file []byte, o ades.PDFOptions) (ades.PlacedPDF, error) {
	var at placed
	increment, err := r.do(ctx, workPlace, o, file, &at)
	return ades.PlacedPDF{Increment: increment, From: at.From, To: at.To}, err
}

func place(order json.RawMessage, file []byte) (any, []byte, error) {
	var o ades.PDFOptions
	if err := json.Unmarshal(order, &o); err != nil {
		return nil, nil, err
	}
	p, err := ades.PlacePDF(file, o)
	if err != nil {
		return nil, nil, refusal(err)
	}
	return placed{p.From, p.To}, p.Increment, nil
}

// do has a child do a piece of work, and finds the error that it meant.
func (r Reader) do(ctx context.Context, work string, order any, file []byte, answer any) ([]byte, error) {
	product, err := r.In.Do(ctx, work, order, file, answer)
	var refused *sandbox.Refusal
	if errors.As(err, &refused) {
		if cause, known := refusals[refused.About]; known {
			return nil, fmt.Errorf("%w (%s)", cause, refused.Said)
		}
		return nil, fmt.Errorf("%w (%s)", ades.ErrDamaged, refused.Said)
	}
	return product, err
}

// refusals are the errors about a file, by the word for each.
var refusals = map[string]error{
	"no pdf": ades.ErrNotPDF, "large": ades.ErrTooLarge, "damaged": ades.ErrDamaged, "password": ades.ErrPassword, "encryption": ades.ErrEncryption,
	"pages": ades.ErrNoPages, "xfa": ades.ErrXFA, "locked": ades.ErrLocked, "usage rights": ades.ErrUsageRights, "field": ades.ErrFieldTaken,
	"first": ades.ErrNotFirst, "page": ades.ErrNoSuchPage, "secret": ades.ErrMarkSecret,
}

// refusal is what a child says of a file that is not good; any other error is its
// own.
func refusal(err error) error {
	for about, cause := range refusals {
		if errors.Is(err, cause) {
			return &sandbox.Refusal{About: about, Said: err.Error()}
		}
	}
	return err
}

// Unreadable reports whether err is about the file, and not about who was to read
// it.
func Unreadable(err error) bool {
	var died *sandbox.DeathError
	if errors.As(err, &died) || errors.Is(err, sandbox.ErrTooLarge) {
		return true
	}
	for _, cause := range refusals {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}
