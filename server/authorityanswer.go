package server

import (
	"errors"
	"net/http"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/enrolment"
)

// A raList is a list of invitations.
type raList struct {
	Enrolments []raEnrolment `json:"enrolments"`
	More       bool          `json:"more"`
	Next       string        `json:"next,omitempty"`
}

// A raEnrolment is an enrolment as its registration authority sees it.
type raEnrolment struct {
	ID    string          `json:"enrolmentID"`
	State enrolment.State `json:"state"`
	enrolment.Identity
	UserID       string    `json:"userID"`
	CredentialID string    `json:"credentialID,omitempty"`
	Created      time.Time `json:"created"`
	Changed      time.Time `json:"changed"`
	Expires      time.Time `json:"expires"`
	Unsent       bool      `json:"unsent,omitempty"`
}

func raTold(e enrolment.Enrolment) raEnrolment {
	return raEnrolment{
		ID: e.ID, State: e.State, Identity: e.Identity, UserID: e.UserID, CredentialID: e.CredentialID,
		Created: e.Created, Changed: e.Changed, Expires: e.Next(),
	}
}

// told is the answer that is an enrolment, also if a mail of it did not leave.
func (s *Server) told(e enrolment.Enrolment, err error) (raAnswer, error) {
	if err != nil && !errors.Is(err, enrolment.ErrUnsent) {
		return raAnswer{}, err
	}
	body := raTold(e)
	body.Unsent = err != nil
	return raAnswer{body: body}, nil
}

// raWords says an error of enrolment to a registration authority.
func raWords(err error) error {
	switch {
	case errors.Is(err, enrolment.ErrUnknown):
		return refuse(http.StatusNotFound, err, sayNothing)
	case errors.Is(err, enrolment.ErrIdentity):
		return csc.Refused(enrolment.Told(err), err)
	case errors.Is(err, enrolment.ErrExists):
		return &refusal{status: http.StatusConflict, told: csc.Refused("The person is invited, or a signer already", err)}
	case errors.Is(err, enrolment.ErrState):
		return &refusal{status: http.StatusConflict, told: csc.Refused("The enrolment is too far for that", err)}
	}
	return err
}
