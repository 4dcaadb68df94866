package verify

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/pecete/pecete/sandbox"
	"github.com/pecete/pecete/signing/ades"
)

// A Sandbox has documents read where they can hurt nobody; *sandbox.Box is one.
type Sandbox interface {
	Do(ctx context.Context, work string, order any, document []byte, answer any) (product []byte, err error)
}

// An Inspector has the documents of strangers verified elsewhere.
type Inspector struct {
	Documents Sandbox
	Roots     []*x509.Certificate
	CRLs      []*x509.RevocationList
	// Fresh, if set, gives the list of an authority of ours as it is now. While there
	// is none nothing is told: a certificate that was revoked would pass for good.
	Fresh func(ctx context.Context) (*x509.RevocationList, error)
	Now   func() time.Time
}

// An UnreadableError says that there is nothing to tell of a file but why.
type UnreadableError struct {
	Why   Reason
	Cause error
}

// A Reason is why a file cannot be read.
type Reason string

// The reasons.
const (
	NotPDF    Reason = "notpdf"
	TooLarge  Reason = "large"
	Damaged   Reason = "damaged"
	Protected Reason = "password"
	Encrypted Reason = "encrypted"
	TooMany   Reason = "many"
	Hurting   Reason = "hurting" // it cost more than a document may
)

// reasons are those of the errors of reading.
var reasons = []struct {
	err error
	is  Reason
}{
	{ades.ErrNotPDF, NotPDF}, {ades.ErrTooLarge, TooLarge}, {ades.ErrPassword, Protected}, {ades.ErrEncryption, Encrypted},
	{ErrTooMany, TooMany}, {ades.ErrDamaged, Damaged},
}

func (e *UnreadableError) Error() string { return "this file cannot be read: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *UnreadableError) Unwrap() error { return e.Cause }

// PDF tells of a PDF.
func (i Inspector) PDF(ctx context.Context, pdf []byte) (Facts, error) {
	return i.do(ctx, workPDF, workOrder{}, pdf)
}

// CMS tells of a detached signature over content.
func (i Inspector) CMS(ctx context.Context, der, content []byte) (Facts, error) {
	return i.do(ctx, workCMS, workOrder{Signature: len(der)}, append(append([]byte{}, der...), content...))
}

func (i Inspector) do(ctx context.Context, work string, o workOrder, document []byte) (facts Facts, err error) {
	o.Now = i.Now()
	for _, root := range i.Roots {
		o.Roots = append(o.Roots, root.Raw)
	}
	lists := i.CRLs
	if i.Fresh != nil {
		fresh, err := i.Fresh(ctx)
		if err != nil {
			return Facts{}, err
		}
		lists = append(slices.Clone(lists), fresh)
	}
	for _, list := range lists {
		o.CRLs = append(o.CRLs, list.Raw)
	}
	_, err = i.Documents.Do(ctx, work, o, document, &facts)
	var refused *sandbox.Refusal
	var died *sandbox.DeathError
	switch {
	case errors.As(err, &refused):
		return Facts{}, &UnreadableError{Reason(refused.About), err}
	case errors.As(err, &died):
		return Facts{}, &UnreadableError{Hurting, err}
	case errors.Is(err, sandbox.ErrTooLarge):
		return Facts{}, &UnreadableError{TooLarge, err}
	}
	return facts, err
}

// The works.
const (
	workPDF = "verify/pdf"
	workCMS = "verify/cms"
)

// A workOrder is what a child needs to know.
type workOrder struct {
	Now       time.Time `json:"now"`
	Roots     [][]byte  `json:"roots"`
	CRLs      [][]byte  `json:"crls,omitempty"`
	Signature int       `json:"signature,omitempty"` // how many bytes of the document are it; the rest is the content
}

// Works are what a child must be able to do for an Inspector.
func Works() map[string]sandbox.Work {
	return map[string]sandbox.Work{
		workPDF: work(func(document []byte, _ int, o Options) (Report, error) { return PDF(document, o) }),
		workCMS: work(func(document []byte, signature int, o Options) (Report, error) {
			if signature < 0 || signature > len(document) {
				return Report{}, ades.ErrDamaged
			}
			s, err := CMS(document[:signature], document[signature:], o)
			return Report{Signatures: []Signature{s}}, err
		}),
	}
}

func work(judge func(document []byte, signature int, o Options) (Report, error)) sandbox.Work {
	return func(text json.RawMessage, document []byte) (any, []byte, error) {
		var o workOrder
		if err := json.Unmarshal(text, &o); err != nil {
			return nil, nil, err
		}
		options, err := o.options()
		if err != nil {
			return nil, nil, err
		}
		report, err := judge(document, o.Signature, options)
		if err == nil {
			return report.Facts(), nil, nil
		}
		for _, r := range reasons {
			if errors.Is(err, r.err) {
				return nil, nil, &sandbox.Refusal{About: string(r.is), Said: err.Error()}
			}
		}
		return nil, nil, err
	}
}

func (o workOrder) options() (Options, error) {
	options := Options{Now: o.Now, Roots: x509.NewCertPool()}
	for _, der := range o.Roots {
		root, err := x509.ParseCertificate(der)
		if err != nil {
			return Options{}, err
		}
		options.Roots.AddCert(root)
	}
	for _, der := range o.CRLs {
		list, err := x509.ParseRevocationList(der)
		if err != nil {
			return Options{}, err
		}
		options.CRLs = append(options.CRLs, list)
	}
	return options, nil
}
