package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"

	"github.com/ory/fosite"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
)

var (
	errKeyOfOther         = errors.New("of another key or certificate")
	errBoundOtherwise     = errors.New("not bound as its client's must be")
	errCertificateMissing = errors.New("no certificate to bind tokens to")
)

// A confirmation is what a token is bound to, as cnf has it (RFC 7800 §3.1): the
// key of a DPoP proof (RFC 9449 §6.1), a client's certificate (RFC 8705 §3.1),
// both, or nothing.
type confirmation struct {
	JKT string `json:"jkt,omitempty"`      // SHA-256 of the key (RFC 7638), base64url
	X5T string `json:"x5t#S256,omitempty"` // SHA-256 of the certificate, base64url
}

// holder is c as one text, "" for nothing: who can show that text holds the
// token.
func (c confirmation) holder() string {
	switch {
	case c == confirmation{}:
		return ""
	case c.X5T == "":
		return "jkt " + c.JKT
	case c.JKT == "":
		return "x5t#S256 " + c.X5T
	}
	return "jkt " + c.JKT + " x5t#S256 " + c.X5T
}

// mustBind is what the tokens of c must be bound to. FAPI 2.0 §5.3.2.1 knows no
// others, whatever is registered.
func (c Client) mustBind() string {
	if c.Bound == "" && c.profile() == ProfileFAPI2 {
		return BoundDPoP
	}
	return c.Bound
}

// binds reports whether a token that is bound to b may be one of c's.
func (c Client) binds(b confirmation) bool {
	switch c.mustBind() {
	case BoundDPoP:
		return b.JKT != ""
	case BoundMTLS:
		return b.X5T != ""
	}
	return true
}

// certificateOf is the thumbprint of the certificate of r's connection, "" if it
// has none. Headers that speak of one count nowhere.
func certificateOf(r *http.Request) string {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return ""
	}
	sum := sha256.Sum256(r.TLS.PeerCertificates[0].Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// bindTokens is what the tokens that r asks for will be bound to: what c's must be,
// and the key of a proof that comes without need.
func (e *endpoints) bindTokens(r *http.Request, c Client) (to confirmation, err error) {
	if to.JKT, err = e.keyOf(r, c); err != nil {
		return to, err
	}
	if c.mustBind() == BoundMTLS {
		to.X5T = certificateOf(r)
	}
	switch {
	case c.binds(to):
		return to, nil
	case c.mustBind() == BoundMTLS:
		return to, csc.Refused("Client certificate required", errCertificateMissing)
	}
	return to, errPossession(errNoDPoP)
}

// keyOf is the key whose possession r proves, "" if it brings no proof. The
// proof is used up.
func (e *endpoints) keyOf(r *http.Request, c Client) (string, error) {
	switch {
	case len(r.Header.Values("DPoP")) == 0:
		return "", nil
	case c.profile() == ProfileCSCv1:
		return "", errNoDPoPInV1()
	}
	shown, err := e.possessed(r, "")
	if err == nil {
		err = e.use(r.Context(), shown)
	}
	return shown.key, err
}

// errNoDPoPInV1 refuses what would be without effect: no token type of v1 can say
// it.
func errNoDPoPInV1() *csc.Error { return csc.Refused("DPoP is not for profile csc-v1", nil) }

// A binding is bindTokens as the second of fosite's handlers: the client is known to be
// entitled, and nothing is spent yet. It claims no request.
type binding struct{ *endpoints }

var _ fosite.TokenEndpointHandler = binding{}

// CanHandleTokenEndpointRequest is true: the rule is for every grant.
func (binding) CanHandleTokenEndpointRequest(context.Context, fosite.AccessRequester) bool {
	return true
}

// CanSkipClientAuth is false: it is about an authenticated client.
func (binding) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

// HandleTokenEndpointRequest notes in the session what is to be bound to.
func (h binding) HandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) error {
	s, ok := r.GetSession().(*session)
	c, ours := r.GetClient().(registered)
	if !ok || !ours || s.request == nil {
		return fmt.Errorf("bind token: session is a %T, client a %T", r.GetSession(), r.GetClient())
	}
	var err error
	if s.Bound, err = h.bindTokens(s.request, c.Client); err != nil {
		return err
	}
	return fosite.ErrUnknownRequest
}

// PopulateTokenEndpointResponse adds nothing.
func (binding) PopulateTokenEndpointResponse(context.Context, fosite.AccessRequester, fosite.AccessResponder) error {
	return fosite.ErrUnknownRequest
}

// boundIn is what a request's token will be bound to, once binding has seen it.
func boundIn(r fosite.AccessRequester) confirmation {
	s, ok := r.GetSession().(*session)
	if !ok {
		return confirmation{}
	}
	return s.Bound
}

func errBound(sentence string) *csc.Error {
	return &csc.Error{Code: csc.InvalidToken, Description: sentence, Cause: errKeyOfOther}
}

// Caller says who stands behind the access token that r brings, by the
// authorization scheme DPoP or by Bearer: ErrTokenUnknown, ErrTokenExpired, or a
// *csc.Error if it is not r's sender who may use it (RFC 9449 §7, RFC 8705 §3).
// Any other error says nothing about the token: a store could not be asked.
func (p *Provider) Caller(r *http.Request, token csc.Secret, dpop bool) (credentials.Caller, error) {
	s, err := p.live(r.Context(), token, Client{})
	if err != nil {
		return credentials.Caller{}, err
	}
	if err := p.held(r, token, s.Bound, dpop); err != nil {
		p.unheld(r, s.client.ID, err)
		return credentials.Caller{}, err
	}
	return s.caller(), nil
}

// held demands that the sender of r holds what its token is bound to, and shows
// it in the way that the binding has.
func (p *Provider) held(r *http.Request, token csc.Secret, by confirmation, dpop bool) error {
	switch {
	case by.JKT != "" && !dpop:
		return errBound("The access token is bound to a key: it is no bearer token")
	case by.JKT == "" && dpop:
		return errBound("The access token is bound to no key: it is not for DPoP")
	case by.X5T != "" && by.X5T != certificateOf(r):
		return errBound("The access token is bound to a certificate that is not this connection's")
	case !dpop:
		return nil
	}
	shown, err := p.possessed(r, token)
	if err != nil {
		return err
	}
	if shown.key != by.JKT {
		return errBound("The access token is bound to another key")
	}
	return p.use(r.Context(), shown)
}
