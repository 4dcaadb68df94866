package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/openapi"
)

// The API of registration authorities: they invite people, and nothing here leads
// to a signature.
const (
	raPath    = "/ra/v1"
	raInvite  = csc.Method("enrolments")
	raCancel  = csc.Method("enrolments/{enrolmentID}/cancel")
	raResend  = csc.Method("enrolments/{enrolmentID}/resend")
	listed    = 100  // invitations in a list, if nothing else is asked
	mostList  = 1000 // and at most
	maxHeader = 255
)

// An Authority has what registration authorities ask for.
type Authority struct {
	Office   *enrolment.Office
	Contract *openapi.Contract
	// By returns the invitations of a client after one of them, oldest first, and at
	// most so many.
	By func(ctx context.Context, inviter, after string, most int) ([]enrolment.Enrolment, error)
	// Recipient reports whether a client may have a URI told.
	Recipient func(ctx context.Context, clientID, uri string) (bool, error)
}

// mountAuthority adds the API of registration authorities.
func (s *Server) mountAuthority() {
	if s.Authority == nil {
		return
	}
	const one = raPath + "/enrolments/{enrolmentID}"
	for pattern, method := range map[string]func(context.Context, credentials.Caller, *http.Request) (raAnswer, error){
		"POST " + raPath + "/enrolments": s.invite,
		"GET " + raPath + "/enrolments":  s.invitations,
		"GET " + one:                     s.invitation,
		"POST " + one + "/cancel":        s.cancelInvitation,
		"POST " + one + "/resend":        s.resendInvitation,
	} {
		s.Mux.HandleFunc(pattern, s.forAuthority(method))
	}
	text := s.Authority.Contract.Served(s.About.URL, func(csc.Method) bool { return true })
	s.Mux.HandleFunc("GET /openapi-ra.yaml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
		_, _ = w.Write(text) // a client that hung up
	})
}

// A raAnswer is what a method answers.
type raAnswer struct {
	status   int
	location string
	body     any
}

// forAuthority is serve for the methods of registration authorities.
func (s *Server) forAuthority(method func(context.Context, credentials.Caller, *http.Request) (raAnswer, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.Callers.TellNonce(w.Header())
		who, err := s.caller(r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		note(r.Context(), "client", who.ClientID)
		if who.Scope != oauth.ScopeEnrolment || who.UserID != "" {
			s.fail(w, r, &refusal{status: http.StatusForbidden, told: csc.Fail(csc.UnauthorizedClient, errScope)})
			return
		}
		answer, err := method(r.Context(), who, r)
		if err != nil {
			s.fail(w, r, raWords(err))
			return
		}
		body, err := json.Marshal(answer.body)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if answer.location != "" {
			w.Header().Set("Location", answer.location)
		}
		writeJSON(w, cmp.Or(answer.status, http.StatusOK), body)
	}
}

// A raInvitation is the body of an invitation.
type raInvitation struct {
	enrolment.Identity
	ResponseURI string `json:"responseURI"`
	Again       bool   `json:"again"`
}

// invite is POST enrolments.
func (s *Server) invite(ctx context.Context, who credentials.Caller, r *http.Request) (raAnswer, error) {
	asked, err := raBody[raInvitation](s, raInvite, r)
	if err != nil {
		return raAnswer{}, err
	}
	if asked.ResponseURI != "" {
		may, err := s.Authority.Recipient(ctx, who.ClientID, asked.ResponseURI)
		if err == nil && !may {
			err = csc.Invalid("responseURI")
		}
		if err != nil {
			return raAnswer{}, err
		}
	}
	key, err := idempotencyKey(r)
	if err != nil {
		return raAnswer{}, err
	}
	e, err := s.Authority.Office.Invite(ctx, enrolment.Invitation{
		Identity: asked.Identity, Inviter: who.ClientID, Request: key, Notify: asked.ResponseURI, Again: asked.Again,
	})
	answer, err := s.told(e, err)
	answer.status, answer.location = http.StatusCreated, s.About.URL+raPath+"/enrolments/"+e.ID
	return answer, err
}

// idempotencyKey is what the client knows a request again by, "" for none.
func idempotencyKey(r *http.Request) (string, error) {
	values := r.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return "", nil
	}
	hidden := func(c rune) bool { return c <= ' ' || c > '~' }
	if key := values[0]; len(values) == 1 && key != "" && len(key) <= maxHeader && !strings.ContainsFunc(key, hidden) {
		return key, nil
	}
	return "", csc.Refused("Invalid header Idempotency-Key", nil)
}

// own is the caller's enrolment that the path names; another's is not there.
func (s *Server) own(ctx context.Context, who credentials.Caller, r *http.Request) (enrolment.Enrolment, error) {
	e, err := s.Authority.Office.Get(ctx, r.PathValue("enrolmentID"))
	if err == nil && e.Inviter != who.ClientID {
		err = enrolment.ErrUnknown
	}
	return e, err
}

// invitation is GET enrolments/{enrolmentID}.
func (s *Server) invitation(ctx context.Context, who credentials.Caller, r *http.Request) (raAnswer, error) {
	return s.told(s.own(ctx, who, r))
}

// cancelInvitation is POST enrolments/{enrolmentID}/cancel.
func (s *Server) cancelInvitation(ctx context.Context, who credentials.Caller, r *http.Request) (raAnswer, error) {
	if _, err := raBody[struct{}](s, raCancel, r); err != nil {
		return raAnswer{}, err
	}
	e, err := s.own(ctx, who, r)
	if err != nil {
		return raAnswer{}, err
	}
	return s.told(s.Authority.Office.Cancel(ctx, e.ID))
}

// resendInvitation is POST enrolments/{enrolmentID}/resend.
func (s *Server) resendInvitation(ctx context.Context, who credentials.Caller, r *http.Request) (raAnswer, error) {
	asked, err := raBody[struct {
		Link enrolment.Link `json:"link"`
	}](s, raResend, r)
	if err != nil {
		return raAnswer{}, err
	}
	e, err := s.own(ctx, who, r)
	if err != nil {
		return raAnswer{}, err
	}
	return s.told(s.Authority.Office.Resend(ctx, e.ID, asked.Link))
}

// invitations is GET enrolments.
func (s *Server) invitations(ctx context.Context, who credentials.Caller, r *http.Request) (raAnswer, error) {
	query, most := r.URL.Query(), listed
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > mostList {
			return raAnswer{}, csc.Invalid("limit")
		}
		most = n
	}
	all, err := s.Authority.By(ctx, who.ClientID, query.Get("after"), most+1)
	if errors.Is(err, enrolment.ErrUnknown) { // an empty list would say that this is all
		return raAnswer{}, csc.Invalid("after")
	}
	if err != nil {
		return raAnswer{}, err
	}
	list := raList{Enrolments: []raEnrolment{}, More: len(all) > most}
	for _, e := range all[:min(len(all), most)] {
		list.Enrolments = append(list.Enrolments, raTold(e))
		if list.More {
			list.Next = e.Place()
		}
	}
	return raAnswer{body: list}, nil
}

// raBody is the body of a request as the contract allows it.
func raBody[T any](s *Server, m csc.Method, r *http.Request) (asked T, err error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return asked, unreadable(err)
	}
	if err := jsonContent(r, len(body)); err != nil {
		return asked, err
	}
	checked, err := s.Authority.Contract.Check(m, body)
	if err != nil {
		return asked, err
	}
	return openapi.Decode[T](checked)
}
