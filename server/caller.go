package server

import (
	"context"
	"errors"
	"net/http"
	"regexp"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

// tokenHeader is the form §11 asks of the header, and with DPoP that of RFC 9449
// §7.1; the scheme in any case (RFC 9110 §11.1), the token as RFC 6750 §2.1 has it.
var tokenHeader = regexp.MustCompile(`^(?i:(dpop)|bearer) +([A-Za-z0-9._~+/-]+=*)$`)

// malformedHeader is what is told of a header of another form.
const malformedHeader = "Malformed authorization header."

// caller is who stands behind the request's access token. An address that
// fails too often is told only that; a store that is away is no failure of its,
// nor is a proof that is good but for the nonce, which it could not know.
func (s *Server) caller(r *http.Request) (credentials.Caller, error) {
	who, err := s.identify(r)
	if err != nil && !passing(err) && !wantsNonce(err) && !s.anonymous(r) {
		return who, tooMany()
	}
	return who, err
}

func wantsNonce(err error) bool {
	said := (*csc.Error)(nil)
	return errors.As(err, &said) && said.Code == csc.UseDPoPNonce
}

func (s *Server) identify(r *http.Request) (credentials.Caller, error) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return credentials.Caller{}, &refusal{status: http.StatusUnauthorized, told: csc.Fail(csc.InvalidToken, errNoHeader)}
	}
	match := tokenHeader.FindStringSubmatch(values[0])
	if len(values) > 1 || match == nil {
		return credentials.Caller{}, csc.Refused(malformedHeader, nil)
	}
	who, err := s.Callers.Caller(r, csc.Secret(match[2]), match[1] != "")
	if err != nil {
		return who, err
	}
	return who, s.alive(r.Context(), who)
}

// alive refuses a caller of scope credential whose token is dead: it dies with
// the last of the grants it stands for (§8.4).
func (s *Server) alive(ctx context.Context, who credentials.Caller) error {
	if who.GrantID == "" {
		return nil
	}
	for _, id := range sad.Parts(who.GrantID, who.CredentialIDs) {
		_, err := s.Signer.Grants.Get(ctx, id)
		if !errors.Is(err, sad.ErrUnknown) {
			return err
		}
	}
	return oauth.ErrTokenUnknown
}

// grantFor finds the SAD a signature is asked under, in the three ways of §11.10:
// a service token with a SAD, a service token with a credential token as SAD, a
// credential token alone. Two different ones are none. Which of its grants is
// spent, if it is of several, the credential says; whether the caller holds what
// that is bound to is judged where it is spent.
func grantFor(who credentials.Caller, value csc.Secret) (string, error) {
	switch {
	case who.GrantID == "" && value == "":
		return "", csc.Missing("string", "SAD")
	case who.GrantID == "":
		return sad.ID(value), nil
	case value != "" && sad.ID(value) != who.GrantID:
		return "", csc.Invalid("SAD")
	}
	return who.GrantID, nil
}
