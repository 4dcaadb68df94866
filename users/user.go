// Package users keeps signers and what they prove: who they are, the password
// they log in with, the authenticator whose codes and the PIN they sign with,
// and how often they failed.
//
// A Prover judges, a Registrar enrols; both stand on a Store, which only keeps
// and compares. Three rules make a code worth a signature. An attempt is
// counted before it is judged, so that guessing many at once is no use. A step
// of the authenticator is spent for good, for all purposes together, and never
// after a later one. And nothing counts before the audit record has it.
//
// The secrets of authenticators are sealed with a key in the HSM and bound to
// their users: neither a stolen database nor a row copied to another user gives
// anybody a code.
package users

import (
	"crypto/rand"
	"time"
)

// A User is a signer.
type User struct {
	ID           string // u_ and 16 random bytes in hex
	Email        string // lower case; unique
	GivenName    string
	FamilyName   string
	Organization string // of a seal's owner, who is no person; then there are no names
	Identifier   string // of the organization: VATRO-12345678; of a person only on his way into a certificate
	Country      string // ISO 3166-1 alpha-2
	Locale       string // RFC 5646
	PasswordHash string // argon2id in PHC form; "" until one is set
	PINHash      string // argon2id in PHC form; "" until one is set
	// Secret is the sealed TOTP secret; nil until an authenticator is paired.
	// It opens only with the key in the HSM and this user's ID.
	Secret   []byte
	Phone    string    // E.164, which messages go to; "" if none is known
	PhoneSet time.Time // when; zero without one
	Disabled bool
	// SignsFrom is when he signs again who was given something to prove himself with
	// in the place of what he lost: before that nothing is authorized. Zero for others.
	SignsFrom time.Time
	Created   time.Time
	// Stamp is random. Whatever is given on the user's word (sessions, tokens,
	// grants) bears the stamp he had then, and is good for as long as he has it:
	// who gives him another one ends it all, at once and everywhere.
	Stamp string
}

// Name is what people call the user.
func (u User) Name() string {
	if u.Organization != "" {
		return u.Organization
	}
	return u.GivenName + " " + u.FamilyName
}

// Out is the stamp of a user who is disabled or has a locked factor. Nothing is
// ever given on it, so that nothing stands.
const Out = "out"

// NewStamp makes a stamp that nobody ever had.
func NewStamp() string { return rand.Text() }
