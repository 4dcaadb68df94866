package server

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/csc/v1"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/signing"
)

var (
	errNoHeader = errors.New("no authorization header")
	errScope    = errors.New("a token of this scope does not open this method")
)

// A refusal is an error of the API with a status that its code alone does not
// have. Its sentence, with args, is told in other languages too if it is ours.
type refusal struct {
	status   int
	told     *csc.Error
	sentence string
	args     []any
	scheme   string // of 401, how to come instead; "" for with an access token
}

func (r *refusal) Error() string { return r.told.Error() }

func (r *refusal) Unwrap() error { return r.told }

// statuses are those of codes that are not 400 (v2.0.0.2 §10, Table 2).
var statuses = map[csc.Code]int{
	csc.AcceptedRequest:        http.StatusAccepted,
	csc.InvalidHash:            http.StatusForbidden,
	csc.InvalidToken:           http.StatusUnauthorized,
	csc.ExpiredToken:           http.StatusUnauthorized,
	csc.InvalidDPoPProof:       http.StatusUnauthorized,
	csc.UseDPoPNonce:           http.StatusUnauthorized,
	csc.ServerError:            http.StatusInternalServerError,
	csc.TemporarilyUnavailable: http.StatusServiceUnavailable,
}

// retryAfter is what a stranger who asks too often is told to wait, in seconds.
const retryAfter = "2"

// fail writes err. It is the only writer of errors: what is not a csc.Error or
// a known sentinel is told as a bare server_error, and to the log whole.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	said := tell(err)
	told, status := said.told, said.status
	note(r.Context(), "error", string(told.Code))
	note(r.Context(), "error_description", told.Description)
	if cause := err.Error(); cause != told.Error() {
		note(r.Context(), "cause", cause)
	}
	lang := s.wanted(r)
	if other, translated := said.in(lang); translated {
		told = other
		w.Header().Set("Content-Language", lang)
	}
	switch status {
	case http.StatusUnauthorized:
		challenge(w.Header(), r, told, schemeOf(err))
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", s.door.wait())
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", waitFor(err))
	}
	body, err := json.Marshal(told)
	if err != nil { // two strings
		status, body = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	writeJSON(w, status, body)
}

// An often is an error that passes when one has waited.
type often interface{ RetryAfter() time.Duration }

// waitFor is the Retry-After of an error that is told with 429.
func waitFor(err error) string {
	var told often
	if errors.As(err, &told) {
		return strconv.Itoa(int(math.Ceil(told.RetryAfter().Seconds())))
	}
	return retryAfter
}

// schemeOf is how to come where it is not with an access token.
func schemeOf(err error) string {
	special := (*refusal)(nil)
	if errors.As(err, &special) {
		return special.scheme
	}
	return ""
}

// challenge says how to come with an access token, and what was wrong with the one
// that came (RFC 6750 §3, RFC 9449 §7.1): in the scheme that was used, and beside it
// in the other. Where no token is wanted it says what is.
func challenge(header http.Header, r *http.Request, told *csc.Error, scheme string) {
	if scheme != "" {
		header.Set("WWW-Authenticate", scheme)
		return
	}
	bearer, dpop := `Bearer realm="CSC"`, `DPoP algs="`+strings.Join(oauth.ProofAlgorithms(), " ")+`"`
	wrong := ""
	if r.Header.Get("Authorization") != "" {
		code := told.Code
		if code == csc.ExpiredToken {
			code = csc.InvalidToken // the only one that these schemes have
		}
		wrong = `, error="` + string(code) + `", error_description=` + strconv.QuoteToASCII(told.Description)
	}
	if scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "DPoP") {
		dpop += wrong
	} else {
		bearer += wrong
	}
	header.Add("WWW-Authenticate", bearer)
	header.Add("WWW-Authenticate", dpop)
}

// tell is what the client learns of err.
func tell(err error) *refusal {
	var special *refusal
	var known *csc.Error
	var told often
	switch {
	case errors.As(err, &told):
		return refuse(http.StatusTooManyRequests, err, sayOften)
	case errors.As(err, &special):
		return special
	case errors.As(err, &known):
	case errors.Is(err, signing.ErrPending):
		known = csc.Fail(csc.AcceptedRequest, nil)
	case errors.Is(err, oauth.ErrTokenUnknown):
		known = csc.Fail(csc.InvalidToken, err)
	case errors.Is(err, oauth.ErrTokenExpired):
		known = csc.Fail(csc.ExpiredToken, err)
	case passing(err):
		known = csc.Fail(csc.TemporarilyUnavailable, err)
	default:
		known = csc.Fail(csc.ServerError, err)
	}
	if status, ok := statuses[known.Code]; ok {
		return &refusal{status: status, told: known}
	}
	return &refusal{status: http.StatusBadRequest, told: known}
}

// passing reports whether err says no more than that something cannot be asked
// now.
func passing(err error) bool {
	var away interface{ Unavailable() bool }
	return errors.As(err, &away) && away.Unavailable() ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

func (s *Server) noMethod(c *gin.Context) {
	c.Header("Allow", http.MethodPost)
	if _, is := methodAt(c.Request.URL.Path); !is {
		c.Header("Allow", http.MethodGet)
	}
	s.fail(c.Writer, c.Request, refuse(http.StatusMethodNotAllowed, nil, sayVerb))
}

func (s *Server) noRoute(c *gin.Context) { s.fail(c.Writer, c.Request, nothingHere(c.Request)) }

// methodAt is the method that a path is of, of whichever version.
func methodAt(path string) (csc.Method, bool) {
	for _, base := range []string{csc.BasePath, v1.BasePath} {
		if m, is := strings.CutPrefix(path, base+"/"); is {
			return csc.Method(m), true
		}
	}
	return "", false
}

// nothingHere is 501 where a method of the API could be (Table 2), 404
// elsewhere.
func nothingHere(r *http.Request) error {
	if _, is := methodAt(r.URL.Path); is {
		return refuse(http.StatusNotImplemented, nil, sayNoMethod)
	}
	return refuse(http.StatusNotFound, nil, sayNothing)
}
