package server

import (
	"net/http"
	"regexp"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
)

// bearerHeader is the form §11 asks of the header; the scheme in any case (RFC
// 9110 §11.1), the token as RFC 6750 §2.1 has it.
var bearerHeader = regexp.MustCompile(`^(?i:bearer) +([A-Za-z0-9._~+/-]+=*)$`)

// caller is who stands behind the request's access token. An address that
// fails too often is told only that.
func (s *Server) caller(r *http.Request) (credentials.Caller, error) {
	who, err := s.identify(r)
	if err != nil && !s.anonymous(r) {
		return who, tooMany()
	}
	return who, err
}

func (s *Server) identify(r *http.Request) (credentials.Caller, error) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return credentials.Caller{}, &refusal{status: http.StatusUnauthorized, told: csc.Fail(csc.InvalidToken, errNoHeader)}
	}
	match := bearerHeader.FindStringSubmatch(values[0])
	if len(values) > 1 || match == nil {
		return credentials.Caller{}, csc.Refused("Malformed authorization header.", nil)
	}
	return s.Bearer.Bearer(r.Context(), csc.Secret(match[1]))
}

// grantFor finds the grant a signature is asked under (§11.10): the SAD of the
// body, known by its hash.
func grantFor(value csc.Secret) (string, error) {
	if value == "" {
		return "", csc.Missing("string", "SAD")
	}
	return sad.ID(value), nil
}
