package credentials

import (
	"context"
	"errors"
	"time"
)

var (
	// ErrUnknown says that there is no such credential.
	ErrUnknown = errors.New("credentials: unknown credential")
	// ErrExists says that the ID or the key is taken.
	ErrExists = errors.New("credentials: credential exists")
	// ErrWithdrawn says that a certificate is suspended or revoked already.
	ErrWithdrawn = errors.New("credentials: certificate is suspended or revoked already")
	// ErrNotSuspended says that there is nothing to resume.
	ErrNotSuspended = errors.New("credentials: certificate is not suspended")
)

// A Holding is a credential as it stands between its owner and a client.
type Holding struct {
	Credential
	OwnerDisabled  bool
	OwnerSignsFrom time.Time // zero if he does
	Linked         bool      // the client may act for the owner
}

// A Deletion says when a credential ended, and whether its certificate is revoked,
// for a reason of RFC 5280 §5.3.1.
type Deletion struct {
	At      time.Time
	Revoked bool
	Reason  int
	// Told says that the owner is to be told of it, and what ClientID did.
	Told     bool
	ClientID string
}

// A Store keeps credentials, durably.
type Store interface {
	// AddCredential keeps a new credential, and ends the issuance of its
	// certificate, both or neither; ErrExists if its ID or KeyID is taken, ErrEnded
	// if the issuance was abandoned.
	AddCredential(ctx context.Context, c Credential) error
	// BeginIssuance keeps that a certificate may be signed from now on.
	BeginIssuance(ctx context.Context, i Issuance) error
	// AbandonIssuance keeps a credential from ever taking the place of an issuance;
	// ErrEnded if there is none, one has, or it was revoked.
	AbandonIssuance(ctx context.Context, serial string) error
	// RevokeIssuance has the authority tell of an issuance that was abandoned what
	// it tells of a revoked certificate, for a reason of RFC 5280 §5.3.1.
	RevokeIssuance(ctx context.Context, serial string, at time.Time, reason int) error
	// Issuances are those that have not ended, oldest first.
	Issuances(ctx context.Context) ([]Issuance, error)
	// Credential returns the credential id; ErrUnknown if there is none.
	Credential(ctx context.Context, id string) (Credential, error)
	// Holding returns the credential id with what else says who may use it, all
	// as of one moment; ErrUnknown if there is no such credential.
	Holding(ctx context.Context, id, clientID string) (Holding, error)
	// DeleteCredential ends a credential for good: nothing here but Gone finds it
	// any more, and its ID stays taken. ErrUnknown if there is none, or no more; of
	// any number who delete it one does.
	DeleteCredential(ctx context.Context, id string, d Deletion) error
	// Gone is Holding for a credential that was deleted.
	Gone(ctx context.Context, id, clientID string) (Holding, error)
	// CredentialsOf returns a user's credentials, oldest first.
	CredentialsOf(ctx context.Context, userID string) ([]Credential, error)
	// SetCredentialDisabled disables a credential or ends that; ErrUnknown if
	// there is none.
	SetCredentialDisabled(ctx context.Context, id string, disabled bool) error
	// SuspendCredential, ResumeCredential and RevokeCredential keep a Notice with
	// what they do.
	//
	// SuspendCredential suspends a certificate; ErrWithdrawn if it is suspended or
	// revoked, ErrUnknown if there is no such credential.
	SuspendCredential(ctx context.Context, id string, at time.Time) error
	// ResumeCredential ends that; ErrNotSuspended if it is not suspended, or
	// revoked, ErrUnknown if there is no such credential.
	ResumeCredential(ctx context.Context, id string, at time.Time) error
	// RevokeCredential revokes a certificate for good, that of a deleted
	// credential too, for a reason of RFC 5280 §5.3.1; ErrWithdrawn if it is
	// revoked, ErrUnknown if there never was such a credential.
	RevokeCredential(ctx context.Context, id string, at time.Time, reason int) error
	// SetCredentialFactors says how a credential is authorized from now on;
	// ErrUnknown if there is none.
	SetCredentialFactors(ctx context.Context, id string, f Factors) error
	// SetCredentialExtendable lets authorizations of a credential be extended, or
	// ends that; ErrUnknown if there is none.
	SetCredentialExtendable(ctx context.Context, id string, extendable bool) error
	// Linked reports whether the client may act for the user.
	Linked(ctx context.Context, clientID, userID string) (bool, error)
}
