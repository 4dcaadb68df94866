package oauth

import (
	"maps"
	"net/http"
	"time"

	"github.com/ory/fosite"

	"github.com/pecete/pecete/credentials"
)

// A session is what a token stands for beside its client and scope.
type session struct {
	UserID  string `json:"user,omitempty"`  // "" where the client acts for itself
	GrantID string `json:"grant,omitempty"` // of the SAD that a token of scope credential is
	// Credentials are those it is good for, each with a grant: sad.Parts.
	Credentials []string            `json:"credentials,omitempty"`
	Permit      *credentials.Permit `json:"permit,omitempty"` // of a token that changes credentials
	Family      string              `json:"family,omitempty"` // "" where no code was redeemed
	// Standing is of the user before the client, when he last proved who he is.
	Standing string                         `json:"standing,omitempty"`
	Bound    confirmation                   `json:"cnf,omitzero"`
	Expires  map[fosite.TokenType]time.Time `json:"expires"`

	// What the answer to one token request is made of, never kept.
	request *http.Request
	token   string  // to be made, "" for any
	code    *code   // redeemed by it
	start   string  // of the refresh tokens of a family that begins
	refresh string  // to be handed out
	renewed Refresh // the family as it was before
}

var _ fosite.Session = (*session)(nil)

// SetExpiresAt sets the end of the session's token of a type.
func (s *session) SetExpiresAt(key fosite.TokenType, end time.Time) {
	if s.Expires == nil {
		s.Expires = make(map[fosite.TokenType]time.Time)
	}
	s.Expires[key] = end
}

// GetExpiresAt is the end of the session's token of a type, zero if it has none.
func (s *session) GetExpiresAt(key fosite.TokenType) time.Time { return s.Expires[key] }

// GetUsername is "": what a signer calls himself is not kept here.
func (s *session) GetUsername() string { return "" }

// GetSubject is the user's id.
func (s *session) GetSubject() string { return s.UserID }

// Clone is a copy that shares nothing with s.
func (s *session) Clone() fosite.Session {
	if s == nil {
		return nil
	}
	c := *s
	c.Expires = maps.Clone(s.Expires)
	return &c
}
