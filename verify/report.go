// Package verify tells who signed a PDF, and whether what was signed is intact.
//
// It judges the cryptography on its own: with the builders of signing/ades it
// shares the reading of the PDF's objects and the names in package cms, and no
// more. It takes only the encodings that DER allows, and trusts no root but those
// it is given. Every fact about a
// signature is a field of Signature, and whatever speaks against it is a code with
// values in Problems: sentences are for who knows the reader's language.
//
// A time-stamp in a signature is judged too: one that is trusted says when the
// certificate had to be valid, as without it nothing does but the present. What
// later versions of a file did to the one that was signed is told by kinds, and
// that pages were changed speaks against a signature. Of revocation it knows the
// lists that it is given.
package verify

import (
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/pecete/pecete/csc"
)

// Options say whom to trust and when.
type Options struct {
	Roots    *x509.CertPool // nil trusts nobody, not even the roots of the system
	Now      time.Time      // when certificates must be valid; required
	CRLs     []*x509.RevocationList
	Password csc.Secret // owner or user password of an encrypted file
}

// Why a file gets no report at all. Errors about reading the PDF are those of
// signing/ades.
var (
	ErrNoTime  = errors.New("the time of verification is missing")
	ErrTooMany = errors.New("this PDF has too many signatures")
)

// A Report is what there is to say about a file.
type Report struct {
	Signatures []Signature // in the order of the document's form
	Problems   Problems    // of the file, beside those of its signatures
}

// OK reports that the file is signed, that every signature is sound and
// trusted, and that nothing was added after the last one.
func (r Report) OK() bool {
	bad := func(s Signature) bool { return !s.OK() }
	return len(r.Signatures) > 0 && len(r.Problems) == 0 && !slices.ContainsFunc(r.Signatures, bad)
}

// A Signature is one of the signatures of a file. What was not reached is zero.
type Signature struct {
	Field     string              // full name of the form field
	SubFilter string              // how the signature is encoded, such as ETSI.CAdES.detached
	Claimed   time.Time           // signing time as the file claims it (M)
	Signer    *x509.Certificate   // as embedded
	Chain     []*x509.Certificate // from the signer to a trusted root
	Algorithm csc.Algorithm
	Covered   int64 // bytes from the beginning of the file that the ByteRange spans

	CoversDocument   bool // the ByteRange spans the whole file, its gap being exactly Contents
	DigestIntact     bool // the signed bytes have the digest that was signed
	SignatureValid   bool // the signature over that digest is by the key of Signer
	CertificateBound bool // Signer itself is among what was signed
	Trusted          bool // Chain leads to one of the roots

	Stamp      *Stamp     // nil if there is none
	Revocation Revocation // of Signer
	Changes    []Change   // what later versions of the file did

	unbound bool // of an old kind that binds no certificate

	Problems Problems  // why it is not to be relied on
	Notes    []Finding // what a careful reader wants to know
}

// A Stamp is a time-stamp: the word of an authority that the signature was there
// at its time.
type Stamp struct {
	Time      time.Time
	Authority *x509.Certificate
	Trusted   bool // Authority leads to one of the roots, and is for this
}

// OK reports that nothing speaks against the signature.
func (s Signature) OK() bool { return len(s.Problems) == 0 && s.Intact() && s.Trusted }

// Intact reports that the signed bytes are as they were signed by Signer,
// whoever that is.
func (s Signature) Intact() bool {
	return s.DigestIntact && s.SignatureValid && (s.CertificateBound || s.unbound)
}

func (s *Signature) problem(kind Kind, f Finding) {
	s.Problems = append(s.Problems, Problem{kind, f})
}

func (s *Signature) note(f Finding) { s.Notes = append(s.Notes, f) }
