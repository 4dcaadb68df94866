package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/ory/fosite"

	"github.com/pecete/pecete/csc"
)

// retryAfter is what a client is asked to wait when a store or the audit log
// cannot be reached.
const retryAfter = 5 * time.Second

// statuses are those of the codes that are not 400.
var statuses = map[csc.Code]int{
	csc.InvalidClient:          http.StatusUnauthorized,
	csc.InvalidToken:           http.StatusUnauthorized,
	csc.ServerError:            http.StatusInternalServerError,
	csc.TemporarilyUnavailable: http.StatusServiceUnavailable,
}

// A refusal is an error whose status its code does not tell.
type refusal struct {
	status int
	says   *csc.Error
	retry  time.Duration
	allow  string // the methods there are
}

func (r *refusal) Error() string { return r.says.Error() }

func missing(parameter string) *csc.Error { return csc.Refused("Missing parameter "+parameter, nil) }

func errHeader() *csc.Error {
	return &csc.Error{Code: csc.InvalidClient, Description: "Invalid authorization header"}
}

func errMethodOfClient() *csc.Error {
	return &csc.Error{Code: csc.InvalidClient, Description: "Client authentication method is not supported"}
}

func errMethod(allow string) error {
	return &refusal{
		status: http.StatusMethodNotAllowed, allow: allow,
		says: csc.Refused("The HTTP method is not allowed here", nil),
	}
}

func errMediaType(want string) error {
	return &refusal{status: http.StatusUnsupportedMediaType, says: csc.Refused("The body must be "+want, nil)}
}

func errTooLarge() error {
	return &refusal{status: http.StatusRequestEntityTooLarge, says: csc.Refused("The body is too large", nil)}
}

func errTooOften(wait time.Duration) error {
	return &refusal{status: http.StatusTooManyRequests, says: csc.Refused("Too many failed client authentications", nil), retry: wait}
}

// serve is an endpoint made of a function from a form to an answer or an error.
// An answer goes with the status, no answer means 204.
func (e *endpoints) serve(status int, f func(*http.Request, url.Values) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.TellNonce(w.Header())
		form, err := readForm(w, r)
		var answer any
		if err == nil {
			answer, err = f(r, form)
		}
		e.answer(w, r, status, answer, err)
	})
}

// answer writes err or, if there is none, the answer: with the status, but 204 if
// it is nil.
func (e *endpoints) answer(w http.ResponseWriter, r *http.Request, status int, answer any, err error) {
	switch {
	case err != nil:
		e.fail(w, r, err)
	case answer == nil:
		write(w, http.StatusNoContent, nil)
	default:
		write(w, status, answer)
	}
}

// nothing answers for paths where there is none.
func (e *endpoints) nothing(w http.ResponseWriter, r *http.Request) {
	e.fail(w, r, &refusal{status: http.StatusNotFound, says: csc.Refused("There is nothing here", nil)})
}

// fail writes err. It is the only writer of errors: the client is told what
// worded makes of it, the log everything.
func (e *endpoints) fail(w http.ResponseWriter, r *http.Request, err error) {
	said := worded(err)
	switch said.status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", e.challenge(said.says.Code))
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", said.allow)
	}
	if said.retry > 0 {
		w.Header().Set("Retry-After", seconds(said.retry))
	}
	e.logFailure(r.Context(), r.URL.Path, said.status, err)
	write(w, said.status, said.says)
}

// challenge says what would have been good instead of what was not (RFC 7617 §2,
// RFC 6750 §3).
func (e *endpoints) challenge(code csc.Code) string {
	realm := "realm=" + strconv.QuoteToASCII(e.Issuer)
	if code == csc.InvalidToken {
		return "Bearer " + realm + `, error="invalid_token"`
	}
	return "Basic " + realm + `, charset="UTF-8"`
}

// logFailure tells the log of what is no client's fault.
func (e *endpoints) logFailure(ctx context.Context, path string, status int, err error) {
	if status >= http.StatusInternalServerError {
		e.log.LogAttrs(ctx, slog.LevelError, "authorization server cannot answer",
			slog.String("path", path), slog.Int("status", status), slog.String("error", err.Error()))
	}
}

// redirect sends the browser back to its client, which has told q.
func (e *endpoints) redirect(w http.ResponseWriter, q request, told url.Values) {
	closed(w.Header())
	w.Header().Set("Location", q.answerURL(e.Issuer, told))
	if q.Profile == ProfileFAPI2 { // FAPI 2.0 §5.3.2.2
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	w.WriteHeader(http.StatusFound)
}

// step sends the browser to a page of ours.
func (e *endpoints) step(w http.ResponseWriter, page string, s *saved) {
	closed(w.Header())
	w.Header().Set("Location", page+"?i="+s.id)
	w.WriteHeader(http.StatusSeeOther)
}

// page shows the browser why it is not sent back to a client. It is the only
// writer of pages.
func (e *endpoints) page(w http.ResponseWriter, r *http.Request, err error) {
	said := &fault{status: http.StatusInternalServerError, says: saysBroken}
	switch {
	case errors.As(err, &said):
	case errors.Is(err, ErrInteraction):
		said = &fault{status: http.StatusBadRequest, says: saysOver}
	case passes(err):
		said = &fault{status: http.StatusServiceUnavailable, says: saysLater}
	}
	e.logFailure(r.Context(), r.URL.Path, said.status, err)
	wait := time.Duration(0)
	if said.status == http.StatusServiceUnavailable || said.status == http.StatusTooManyRequests {
		wait = either(said.wait, retryAfter)
	}
	e.tell(w, r, said.status, said.says, wait)
}

// seconds is a wait as Retry-After has it, never too short.
func seconds(wait time.Duration) string { return strconv.Itoa(int(math.Ceil(wait.Seconds()))) }

// closed sets what every answer to a browser has: it is kept by nobody, framed
// by nobody, runs nothing, and tells nobody where it was.
func closed(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}

// worded is what a client is told of err: our own refusals as they are, fosite's
// in the sentence of Table 3 for their code and without its hints, anything
// that passes as temporarily_unavailable, the rest as server_error.
func worded(err error) *refusal {
	var whole *refusal
	var known *csc.Error
	var engine *fosite.RFC6749Error
	switch {
	case errors.As(err, &whole):
		return whole
	case passes(err):
		return &refusal{status: http.StatusServiceUnavailable, says: csc.Fail(csc.TemporarilyUnavailable, err), retry: retryAfter}
	case errors.As(err, &known):
	case errors.As(err, &engine):
		known = translated(engine)
	default:
		known = csc.Fail(csc.ServerError, err)
	}
	if status, ok := statuses[known.Code]; ok {
		return &refusal{status: status, says: known}
	}
	return &refusal{status: http.StatusBadRequest, says: known}
}

// passes reports whether err says no more than that something cannot be asked
// now. It must never look like a rejection.
func passes(err error) bool {
	var passing interface{ Unavailable() bool }
	return errors.As(err, &passing) && passing.Unavailable() ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// translated takes the codes of fosite that are codes of §8.4 too; it has
// others, which no client knows.
func translated(engine *fosite.RFC6749Error) *csc.Error {
	switch code := csc.Code(engine.ErrorField); code {
	case csc.InvalidRequest, csc.UnauthorizedClient, csc.InvalidScope:
		return csc.Fail(code, engine)
	default:
		return csc.Fail(csc.ServerError, engine)
	}
}

// write sends an answer. None may be kept by anyone (RFC 6749 §5.1).
func write(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	if answer == nil {
		w.WriteHeader(status)
		return
	}
	body, err := json.Marshal(answer)
	if err != nil { // no answer of ours has what JSON cannot say
		status, body = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone, and nobody else to tell
}
