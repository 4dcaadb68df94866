// Package documents keeps what signers bring to their pages to be signed, and has
// it signed: as an application of the API does, over HTTPS, with a code that the
// signer types on the page of the authorization server. It has no other way to a
// signature.
//
// A Document is a file that a signer brought. It is kept encrypted under a key of
// its own, for as long as it is needed, and gone when its row in the index is: the
// key is made of what stands there. Some documents together are a Batch: one
// authorization is for all of them, and each step of a batch is made by one of all
// who try, so that two clicks, two windows or a server that was killed neither sign
// twice nor lose what was signed.
//
// No document is read in this process: see sandbox/pdf.
package documents

import (
	"context"
	"errors"
	"time"
)

// A Document is a file of a signer's.
type Document struct {
	ID     string // d_ and 16 random bytes in hex
	UserID string
	Name   string // as the signer calls the file, without what cannot be seen
	// Sealed and Salt are the name as the index has it, and what the keys are made
	// with.
	Sealed, Salt []byte
	Created      time.Time
	Expires      time.Time // when it is deleted
	Size         int64
	Digest       string // SHA-256 of what was brought, hex
	Pages        int
	Encrypted    bool  // it can be read without a password all the same
	Fault        Fault // why it was not taken; "" for one that was
	Mark         Mark
	Batch        string // it is in, or was signed in; "" if in none
	Place        int    // in the batch
	// SignedAt is zero as long as it is not signed, and the rest of the signed file.
	SignedAt     time.Time
	SignedSize   int64
	SignedDigest string
}

// Signed reports whether there is the signed file.
func (d Document) Signed() bool { return !d.SignedAt.IsZero() }

// Free reports whether the document waits to be signed and nobody is about to.
func (d Document) Free() bool { return d.Batch == "" && d.Fault == "" && !d.Signed() }

// A Fault is why a file was not taken: the end of the key of a text.
type Fault string

// The faults.
const (
	FaultEmpty    Fault = "empty"
	FaultLarge    Fault = "large"
	FaultKind     Fault = "kind" // it is not what it says
	FaultDamaged  Fault = "damaged"
	FaultPassword Fault = "password"
	FaultLocked   Fault = "locked" // its author allows no signature
	FaultForm     Fault = "form"   // of a kind that a signature cannot protect
	FaultHostile  Fault = "hostile"
	FaultFull     Fault = "full" // the signer has too many
)

// A Mark is where the signature is seen in a document.
type Mark struct {
	Page int `json:"page"` // from 1; 0 for a signature that is not seen
	// Left and Top are from the left upper corner of the page as it is shown, to
	// that of the mark, in millimetres.
	Left int `json:"left"`
	Top  int `json:"top"`
}

// Visible reports whether the signature is seen.
func (m Mark) Visible() bool { return m.Page > 0 }

// A State is how far a batch got.
type State string

// The states. From Agreed on the code is spent: then there are signatures, and
// from those signed documents, or the batch has failed and says so.
const (
	Preparing State = "preparing"
	Prepared  State = "prepared" // what is to be signed is decided
	Asked     State = "asked"    // the signer was sent to agree
	Agreed    State = "agreed"   // he is back; hashes are being signed
	Made      State = "made"     // the signatures are there, and go into the documents
	Done      State = "done"
	Failed    State = "failed"
)

// Over reports whether nothing happens any more.
func (s State) Over() bool { return s == Done || s == Failed }

// Waits reports whether the batch waits for its signer.
func (s State) Waits() bool { return s == Prepared || s == Asked }

// A Reason is why a batch failed: the end of the key of a text.
type Reason string

// The reasons. After each of them the documents are as they were before.
const (
	ReasonDeclined    Reason = "declined"
	ReasonDropped     Reason = "dropped" // the signer gave it up
	ReasonLate        Reason = "late"    // nobody went on with it
	ReasonChanged     Reason = "changed" // a document, or the certificate, is not there any more
	ReasonUnreadable  Reason = "unreadable"
	ReasonRefused     Reason = "refused"     // by the server that signs
	ReasonInterrupted Reason = "interrupted" // after the code was spent; what is signed stays so
)

// A Batch is documents that are signed with one code.
type Batch struct {
	ID           string // b_ and 16 random bytes in hex
	UserID       string
	CredentialID string
	State        State
	Reason       Reason // of one that failed
	// Key is the SHA-256 of the state parameter of the request that the signer is
	// asked with, hex.
	Key      string
	Created  time.Time
	Changed  time.Time
	Revision int64
	// Sealed and Salt are what nobody else is told, and what its key is made with.
	Sealed, Salt []byte
}

// A Receipt is that a document was signed. It outlives the document, of which it
// has nothing but the name.
type Receipt struct {
	ID           string // of the document
	UserID       string
	CredentialID string
	Name         string
	Sealed, Salt []byte
	Brought      string // SHA-256 of what was brought, hex
	Signed       string // and of the signed file
	At           time.Time
}

var (
	// ErrUnknown says that the signer has no such document, or batch.
	ErrUnknown = errors.New("documents: unknown")
	// ErrBusy says that a document is in a batch, or signed, or gone.
	ErrBusy = errors.New("documents: busy")
	// ErrMark says that a document has no such place.
	ErrMark = errors.New("documents: no such place")
	// ErrExists says that there is such a batch already.
	ErrExists = errors.New("documents: exists")
)

// A Store keeps the index, durably. What is another signer's is not there.
type Store interface {
	AddDocument(ctx context.Context, d Document) error
	// Document returns a document; ErrUnknown if there is none.
	Document(ctx context.Context, userID, id string) (Document, error)
	// Documents returns those of a signer, oldest first.
	Documents(ctx context.Context, userID string) ([]Document, error)
	// DocumentsIn returns those of a batch, in their order.
	DocumentsIn(ctx context.Context, userID, batch string) ([]Document, error)
	// Known reports whether there is such a document, whosever it is.
	Known(ctx context.Context, id string) (bool, error)
	// SetMark changes the mark of a free document; ErrBusy if it is not free.
	SetMark(ctx context.Context, userID, id string, m Mark) error
	// RemoveDocument forgets a document that no batch is about to sign; ErrBusy if
	// one is. That there is none is no error.
	RemoveDocument(ctx context.Context, userID, id string) error
	// SetSigned keeps what signing a document of a batch came to; once.
	SetSigned(ctx context.Context, d Document) error
	// ExpiredDocuments returns those whose time is over and that no batch is about
	// to sign.
	ExpiredDocuments(ctx context.Context, now time.Time) ([]Document, error)

	// AddBatch keeps a new batch; ErrExists if its ID is taken.
	AddBatch(ctx context.Context, b Batch) error
	// Bind puts free documents into a batch, in this order: all, or it is ErrBusy.
	Bind(ctx context.Context, b Batch, ids []string) error
	// Release takes those that are not signed out of it again.
	Release(ctx context.Context, b Batch) error
	// ReleaseLeft takes out of batches that failed, or are gone, what was left in
	// them.
	ReleaseLeft(ctx context.Context) error
	// Batch returns a batch; ErrUnknown if there is none.
	Batch(ctx context.Context, userID, id string) (Batch, error)
	// BatchOf returns the batch whose signer was asked with a request.
	BatchOf(ctx context.Context, userID, key string) (Batch, error)
	// MoveBatch replaces the batch that has b's ID and Revision, and counts the
	// Revision up. Of any number of MoveBatches of the same Revision one moves.
	MoveBatch(ctx context.Context, b Batch) (moved bool, err error)
	// Batches returns those in a state that did not change since.
	Batches(ctx context.Context, in State, since time.Time) ([]Batch, error)
	// ForgetBatches forgets those that are over and did not change since.
	ForgetBatches(ctx context.Context, since time.Time) error

	// AddReceipt keeps a receipt, once.
	AddReceipt(ctx context.Context, r Receipt) error
	// Receipts returns a signer's, the newest first, at most so many.
	Receipts(ctx context.Context, userID string, most int) ([]Receipt, error)
}
