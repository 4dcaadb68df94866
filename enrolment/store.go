package enrolment

import (
	"context"
	"time"

	"github.com/pecete/pecete/credentials"
)

// A Store keeps enrolments, durably. One that was forgotten is not there any more,
// but for EnrolmentsOf.
type Store interface {
	// AddEnrolment keeps a new enrolment; ErrExists if its user has one that is
	// open, or its inviter one of that request.
	AddEnrolment(ctx context.Context, e Enrolment) error
	// Enrolment returns the enrolment id; ErrUnknown if there is none.
	Enrolment(ctx context.Context, id string) (Enrolment, error)
	// EnrolmentByLink returns that whose link has the hash; ErrUnknown.
	EnrolmentByLink(ctx context.Context, link Link, hash string) (Enrolment, error)
	// EnrolmentByRequest returns that which an inviter asked for; ErrUnknown.
	EnrolmentByRequest(ctx context.Context, inviter, request string) (Enrolment, error)
	// EnrolmentsOf returns those of a user, oldest first. Of one that was forgotten
	// it says who invited him, and what came of it.
	EnrolmentsOf(ctx context.Context, userID string) ([]Enrolment, error)
	// Enrolments returns all, oldest first.
	Enrolments(ctx context.Context) ([]Enrolment, error)
	// SwapEnrolment keeps e in the place of what has e's Revision, which it counts
	// up: of any number who do so one succeeds, ErrChanged for the others.
	SwapEnrolment(ctx context.Context, e Enrolment) error
	// FinishEnrolment is SwapEnrolment, and AddCredential with it: both or neither.
	FinishEnrolment(ctx context.Context, e Enrolment, c credentials.Credential) error

	// EndedEnrolments returns those that were over before a moment, issued, cancelled
	// or with links that are good no more, and of which nobody is still to be told; at
	// most so many.
	EndedEnrolments(ctx context.Context, before time.Time, most int) ([]Enrolment, error)
	// ForgetEnrolment takes out of what has e's Revision all that is of the person,
	// and the inviter's name for it; ErrChanged if nothing has it any more.
	ForgetEnrolment(ctx context.Context, e Enrolment) error
	// OnlyInvited returns users who never were more than invited, and whose enrolments
	// are all forgotten; at most so many.
	OnlyInvited(ctx context.Context, most int) ([]string, error)
	// RemoveOnlyInvited removes such a user, unless he is another meanwhile.
	RemoveOnlyInvited(ctx context.Context, userID string) error
}

// Keys are the keys in the device, by the label that Enroller gives them.
type Keys interface {
	Labelled(ctx context.Context, label string) (ids [][]byte, err error)
	Destroy(ctx context.Context, id []byte) error
}
