// Package enrolment leads a person from an accepted identity to a working
// certificate.
//
// Somebody who knows who the person is invites: an operator, or a registration
// authority over HTTP. Two mails go out. The first one's link pairs an
// authenticator; the second one's confirms the phone, sets the password and
// accepts the terms. The certificate is made at the first login that was proved
// with both.
//
// An Enrolment is one record, changed by comparing and swapping, so that whoever
// comes twice, or at once, or after a crash, finds what there is and goes on from
// there. Each step is in the audit log before it counts. What makes "exactly one
// certificate" is one claim and one transaction: issue.go.
//
// There is no way to a signature here.
package enrolment

import (
	"errors"
	"time"
)

// An Identity is a person whom somebody has identified, and what he is to get.
type Identity struct {
	GivenName  string `json:"givenName"`
	FamilyName string `json:"familyName"`
	Email      string `json:"email"`
	Phone      string `json:"phone,omitempty"` // E.164; the signer may correct it
	Country    string `json:"country"`         // ISO 3166-1 alpha-2
	// Identifier is as EN 319 412-1 §5.1.3 writes one, PNORO-1234567890123 or
	// PASRO-123456; "" for none. It is in the certificate only if the profile says
	// so.
	Identifier string `json:"identifier,omitempty"`
	Locale     string `json:"locale"`              // RFC 5646
	Profile    string `json:"profile"`             // of the credential, by its name in the configuration
	Reference  string `json:"reference,omitempty"` // to the proof of the identity, in the words of who has it
}

// A State says how far an enrolment is.
type State string

// The states, in their order; Cancelled may follow any but Issued.
const (
	Invited   State = "invited"   // the mails are out
	Paired    State = "paired"    // the authenticator is confirmed
	Activated State = "activated" // phone, password and terms are there
	Issuing   State = "issuing"   // somebody makes the certificate, or died at it
	Issued    State = "issued"    // there is a certificate
	Cancelled State = "cancelled"
)

// Open reports whether there is something left to do.
func (s State) Open() bool { return s != Issued && s != Cancelled }

// A Link is one of the two that mails bring.
type Link string

// The links.
const (
	LinkPair     Link = "pair"     // to pair an authenticator
	LinkActivate Link = "activate" // to activate the account
)

// A Step is what is missing from an activation.
type Step string

// The steps.
const (
	StepPhone    Step = "phone"
	StepPassword Step = "password"
	StepTerms    Step = "terms"
)

// An Enrolment is one person's way.
type Enrolment struct {
	ID       string // e_ and 16 random bytes in hex
	UserID   string
	Identity Identity
	Inviter  string // the client that invited; "" for an operator
	Request  string // by which the inviter knows the invitation again; "" for none
	State    State
	// Replaces says that the signer was one before, and was identified anew: the
	// authenticator takes the place of the one he had.
	Replaces     bool
	CredentialID string // once issued
	Created      time.Time
	Changed      time.Time
	Revision     int64 // counts the changes

	Pair     Sent
	Activate Sent
	Progress Progress
	Notice   Notice
}

// Next is until when the link is good that is to be used next.
func (e Enrolment) Next() time.Time {
	if e.Pair.Used {
		return e.Activate.Expires
	}
	return e.Pair.Expires
}

// A Sent is a link that is out.
type Sent struct {
	Hash    string // SHA-256 of the token, hex; "" if none is good
	Expires time.Time
	Used    bool // it has done what it is for
}

// A Progress is what a signer has done, and what he is at.
type Progress struct {
	Proven bool `json:"proven,omitempty"` // of Replaces: his identity, in person

	// Drawn is the sealed secret of an authenticator that is not confirmed, and
	// DrawnUntil how long it can be. DrawnStep is the step of the last code of it that
	// was right, 0 if none was, and DrawnTries counts those that came since.
	Drawn      []byte    `json:"drawn,omitempty"`
	DrawnUntil time.Time `json:"drawnUntil,omitzero"`
	DrawnStep  int64     `json:"drawnStep,omitempty"`
	DrawnTries int       `json:"drawnTries,omitempty"`

	Phone          string    `json:"phone,omitempty"` // that a code went to
	PhoneConfirmed bool      `json:"phoneConfirmed,omitempty"`
	Code           []byte    `json:"code,omitempty"` // MAC of the code that is out
	CodeUntil      time.Time `json:"codeUntil,omitzero"`
	CodeTries      int       `json:"codeTries,omitempty"`
	Codes          int       `json:"codes,omitempty"` // sent since CodesSince
	CodesSince     time.Time `json:"codesSince,omitzero"`

	PasswordSet  bool      `json:"passwordSet,omitempty"`
	TermsVersion string    `json:"termsVersion,omitempty"`
	TermsAt      time.Time `json:"termsAt,omitzero"`

	Mails      int       `json:"mails,omitempty"` // the signer asked for since MailsSince
	MailsSince time.Time `json:"mailsSince,omitzero"`

	Claim      string    `json:"claim,omitempty"` // of who makes the certificate
	ClaimUntil time.Time `json:"claimUntil,omitzero"`
	Claims     int       `json:"claims,omitempty"` // how many there were
}

// A Notice is what the inviter is to be told, at an address of his.
type Notice struct {
	URI   string
	Due   time.Time // zero if there is nothing to tell
	Tries int
}

// The refusals that a page says what to do about.
var (
	// ErrLink says that a link is unknown, or that a newer one was sent.
	ErrLink = errors.New("enrolment: unknown link, or a newer one was sent")
	// ErrUsed says that a link has done what it is for.
	ErrUsed = errors.New("enrolment: the link was used")
	// ErrExpired says that a link was good for too short.
	ErrExpired = errors.New("enrolment: the link is over")
	// ErrCancelled says that whoever invited took it back.
	ErrCancelled = errors.New("enrolment: cancelled")
	// ErrNotPaired says that the authenticator comes first.
	ErrNotPaired = errors.New("enrolment: no authenticator is paired yet")
	// ErrStale says that another secret is to be drawn, or was: a newer page is open,
	// this one was for too long, or too many codes were not right.
	ErrStale = errors.New("enrolment: a newer QR code took the place of this one, or its time or its tries are over")
	// ErrCode says that a code is wrong, used, over, or was tried too often; a
	// CodeError says more.
	ErrCode = errors.New("enrolment: wrong code")
	// ErrNumber says that a phone number is none, or none that is sent to.
	ErrNumber = errors.New("enrolment: no phone number that can be sent to")
	// ErrPassword says that a password cannot be set: users.MinPassword.
	ErrPassword = errors.New("enrolment: not a password that can be set")
	// ErrTerms says that other terms are to be accepted.
	ErrTerms = errors.New("enrolment: not the terms of now")
	// ErrNotActivated says that a certificate is asked for too early.
	ErrNotActivated = errors.New("enrolment: the account is not activated yet")
	// ErrNothing says that a signer has no enrolment.
	ErrNothing = errors.New("enrolment: the signer has none")
)

// The refusals to who invites.
var (
	// ErrIdentity says that a person cannot be invited as described; what is wrong
	// stands behind it.
	ErrIdentity = errors.New("enrolment: cannot be invited")
	// ErrUnknown says that there is no such enrolment.
	ErrUnknown = errors.New("enrolment: there is no such invitation")
	// ErrExists says that the person has one that is open, or is a signer already.
	ErrExists = errors.New("enrolment: exists")
	// ErrState says that an enrolment is too far for what is asked.
	ErrState = errors.New("enrolment: not in this state")
	// ErrUnsent says that all is kept, and a mail did not leave: it can be sent
	// again.
	ErrUnsent = errors.New("enrolment: a mail was not taken")
	// ErrChanged says that somebody else changed an enrolment meanwhile.
	ErrChanged = errors.New("enrolment: changed meanwhile")
)

// A CodeError is an ErrCode.
type CodeError struct {
	Left int  // tries; 0 if another code must be sent, or another secret drawn
	Used bool // the code was right, and was used before: the next one is wanted
}

func (e *CodeError) Error() string { return ErrCode.Error() }

// Is reports whether target is ErrCode.
func (e *CodeError) Is(target error) bool { return target == ErrCode }

// An OftenError says that no more is sent for now.
type OftenError struct{ Wait time.Duration }

func (e *OftenError) Error() string { return "enrolment: too much was sent, wait " + e.Wait.String() }

// RetryAfter is how long to wait.
func (e *OftenError) RetryAfter() time.Duration { return e.Wait }
