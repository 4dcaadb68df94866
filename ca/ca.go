// Package ca is the authority that certifies signers' keys, behind one
// interface: a Local one whose key is in the device, later others.
//
// The authority certifies what it is given or nothing: it never shortens,
// corrects or reorders a name. What a subject may hold is in subject.go and
// text.go; what a certificate must be, in lint.go, each rule with its source.
// Every certificate is rehearsed first with a key that is thrown away, and the
// rules are held against that one: a certificate that breaks a rule is never
// signed with the authority's own key.
//
// Nothing here can call a certificate qualified. An authority that may do so is
// another Issuer.
package ca

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"math/big"
	"time"
)

var (
	// ErrSubject says that a name cannot stand in a certificate.
	ErrSubject = errors.New("ca: subject refused")
	// ErrKey says that a key cannot be certified.
	ErrKey = errors.New("ca: key refused")
	// ErrValidity says that the authority cannot answer for a period.
	ErrValidity = errors.New("ca: validity refused")
	// ErrProfile says that a profile claims what it must not, or is malformed.
	ErrProfile = errors.New("ca: profile refused")
	// ErrIntend says that nobody would know of a certificate's number.
	ErrIntend = errors.New("ca: number not kept")
	// ErrLint says that the certificate would break one of the rules of lint.go.
	ErrLint = errors.New("ca: certificate breaks a rule")
)

// An Issuer certifies signers' keys.
type Issuer interface {
	// Issue certifies the key of r and returns the chain as DER, end entity
	// first, root last.
	Issue(ctx context.Context, r Request) (chain [][]byte, err error)
	// Roots are the certificates a verifier must trust.
	Roots() []*x509.Certificate
}

// A Request is what is to be certified. That the subject was verified, and
// that the key is the subject's, is the caller's to know.
type Request struct {
	Public    crypto.PublicKey // *rsa.PublicKey or *ecdsa.PublicKey
	Subject   Subject
	Profile   Profile
	NotBefore time.Time // fractions of a second are cut off
	NotAfter  time.Time // the last second of validity
	// Intend keeps the certificate's number when all was judged, before the
	// authority's key is used; its error ends it. So nothing was ever signed that
	// nobody knows how to revoke, whatever dies on the way.
	Intend func(ctx context.Context, serial *big.Int) error
}

// A Subject is the person a certificate names. CommonName and Country must be
// there, and of a natural person GivenName, FamilyName or both (EN 319 412-2
// §4.2.4), of a legal person Organization and OrganizationIdentifier (EN 319 412-3
// §4.2.1); the others may be empty. Each text is Unicode of normal form KC, at most 64 characters.
type Subject struct {
	GivenName    string
	FamilyName   string
	CommonName   string
	SerialNumber string // tells apart who has the same names; PrintableString only
	Country      string // ISO 3166-1 alpha-2
	Organization string
	// OrganizationIdentifier is as EN 319 412-1 §5.1.4 writes one: VATRO-12345678.
	OrganizationIdentifier string
	Email                  string // goes to the subject alternative name
}
