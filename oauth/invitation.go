package oauth

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/pecete/pecete/csc"
)

const (
	// DefaultInvitationLife is how long an invitation is open if nothing else is said.
	DefaultInvitationLife = 24 * time.Hour
	maxInvitationLife     = 366 * 24 * time.Hour
	maxInvited            = 10_000
	maxNote               = 200 // characters
)

// An Allowance is what clients that register themselves may be: no registration,
// and no change of one, goes beyond it.
type Allowance struct {
	Profile string   // which they have
	Grants  []string // grant_type values they may ask for
	Scopes  []string
}

// An Invitation lets clients register themselves: an initial access token (RFC
// 7591 §1.2). The token is told once, when it is made.
type Invitation struct {
	ID      string // inv_ and 16 random bytes in hex
	Hash    string // SHA-256 of the token, hex
	Note    string // for operators
	Allows  Allowance
	Uses    int // so many clients may be registered with it
	Used    int // so many were
	Created time.Time
	Expires time.Time
	Revoked bool
}

var (
	// ErrUnknownInvitation says that there is no such invitation, or that it lets
	// in nobody any more.
	ErrUnknownInvitation = errors.New("oauth: unknown invitation")

	errUsedUp = errors.New("invitation is used up, over or revoked")
)

// An InvitationStore keeps invitations, durably.
type InvitationStore interface {
	// AddInvitation keeps a new invitation.
	AddInvitation(ctx context.Context, i Invitation) error
	// Invitation returns the invitation whose token has the hash, open or not;
	// ErrUnknownInvitation if there is none.
	Invitation(ctx context.Context, hash string) (Invitation, error)
	// Invitations returns all invitations, oldest first.
	Invitations(ctx context.Context) ([]Invitation, error)
	// RevokeInvitation ends the invitation id; ErrUnknownInvitation if there is none.
	RevokeInvitation(ctx context.Context, id string) error
	// AddInvited keeps a new client and takes one use of the invitation whose token
	// has the hash, both or neither. ErrUnknownInvitation if it lets in nobody at
	// that time, ErrClientExists if the client's ID is taken. Of any number of
	// AddInviteds as many succeed as uses are left.
	AddInvited(ctx context.Context, c Client, hash string, now time.Time) error
}

// Invite makes an invitation out of what it allows, and its token.
func Invite(i Invitation, now time.Time) (csc.Secret, Invitation, error) {
	token, hash := NewToken()
	i.ID, i.Hash, i.Created = "inv_"+hex.EncodeToString(random(16)), hash, now.UTC().Truncate(time.Microsecond)
	return token, i, i.check(now)
}

// Open reports whether i lets in another client.
func (i Invitation) Open(now time.Time) bool {
	return !i.Revoked && i.Used < i.Uses && now.Before(i.Expires)
}

// check says what in i cannot be.
func (i Invitation) check(now time.Time) error {
	switch left := i.Expires.Sub(now); {
	case left <= 0 || left > maxInvitationLife:
		return fmt.Errorf("an invitation ends within a year, and after now")
	case i.Uses < 1 || i.Uses > maxInvited:
		return fmt.Errorf("%d uses, not 1 to %d", i.Uses, maxInvited)
	case utf8.RuneCountInString(i.Note) > maxNote || !utf8.ValidString(i.Note) || !graphic(i.Note):
		return fmt.Errorf("a note of more than %d characters, or with some that cannot be seen", maxNote)
	}
	return i.Allows.check()
}

// check demands an allowance by which some client can be registered.
func (a Allowance) check() error {
	if !slices.Contains([]string{ProfileCSC, ProfileFAPI2, ProfileCSCv1}, a.Profile) {
		return fmt.Errorf("there is no profile %q", a.Profile)
	}
	if err := checkLists(a.Grants, a.Scopes); err != nil {
		return err
	}
	code := slices.Contains(a.Grants, "authorization_code")
	if slices.Contains(a.Scopes, ScopeEnrolment) || slices.Contains(a.Scopes, ScopeLogins) {
		return errors.New("who invites people, or uses credentials for logins, is registered by an operator")
	}
	service := slices.Contains(a.Scopes, csc.ScopeService)
	switch {
	case len(a.Grants) == 0 || len(a.Scopes) == 0:
		return errors.New("an invitation to nothing")
	case !code && slices.Contains(a.Grants, "refresh_token"):
		return errors.New("refresh_token without authorization_code, which gives them")
	case !service && (!code || len(a.Grants) > 1):
		return errors.New("refresh_token and client_credentials are for scope service")
	}
	return nil
}
