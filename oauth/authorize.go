package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/users"
)

// maxQuery is the longest query, in bytes; what is longer is to be pushed.
const maxQuery = 16 << 10

// A fault is why a browser is shown a page and not sent back to a client. Of
// what passes it has the cause.
type fault struct {
	status int
	says   sentence
	cause  error
	wait   time.Duration // before another try is worth it; retryAfter if zero
}

func (f *fault) Error() string { return fmt.Sprintf("%s: %v", f.says, f.cause) }

// Unwrap returns the cause.
func (f *fault) Unwrap() error { return f.cause }

// authorize implements oauth2/authorize (v2.0.0.2 §8.4.2): the start of an
// interaction, and with the parameter i the way on after each of its steps.
func (e *endpoints) authorize(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		e.fail(w, r, errMethod(http.MethodGet))
		return
	}
	pairs, err := readPairs(r.URL.RawQuery)
	if err != nil || len(r.URL.RawQuery) > maxQuery {
		e.page(w, r, &fault{status: http.StatusBadRequest, says: saysRequest, cause: err})
		return
	}
	if pairs.form.Has("i") {
		e.resume(w, r, pairs)
		return
	}
	if err := e.begun(r); err != nil {
		e.page(w, r, err)
		return
	}
	e.start(w, r, pairs)
}

// start opens an interaction and sends the browser to the login.
func (e *endpoints) start(w http.ResponseWriter, r *http.Request, in pairs) {
	browser := e.browser(r)
	var cookie *http.Cookie
	if browser == "" {
		cookie, browser = e.newBrowser()
	}
	s, err := e.asked(r, in, browser)
	var told *answered
	switch {
	case errors.As(err, &told):
		e.redirect(w, told.request, e.refused(r.Context(), told.cause))
	case err != nil:
		e.page(w, r, err)
	default:
		if cookie != nil {
			http.SetCookie(w, cookie)
		}
		e.onward(w, r, s)
	}
}

// An answered is a request that is answered to the client with an error.
type answered struct {
	request request
	cause   error
}

func (a *answered) Error() string { return "answered to the client: " + a.cause.Error() }

// Unwrap returns the cause.
func (a *answered) Unwrap() error { return a.cause }

// asked is the interaction of a request, which is either all in the query or,
// beside client_id, not in it at all.
func (e *endpoints) asked(r *http.Request, in pairs, browser string) (*saved, error) {
	ctx := r.Context()
	for _, name := range in.twice {
		if name == "client_id" || name == "redirect_uri" || name == "request_uri" {
			return nil, &fault{status: http.StatusBadRequest, says: saysRequest, cause: errTwice}
		}
	}
	c, err := e.storage().client(ctx, in.form.Get("client_id"))
	if errors.Is(err, ErrUnknownClient) {
		return nil, &fault{status: http.StatusBadRequest, says: saysClient, cause: err}
	}
	if err != nil {
		return nil, fmt.Errorf("look up client: %w", err)
	}
	if in.form.Get("request_uri") != "" {
		return e.askedBefore(r, c, in, browser)
	}
	redirect, err := e.redirectFor(c, in.form.Get("redirect_uri"))
	if err != nil {
		return nil, errUnanswerable(err)
	}
	s := &saved{Browser: browser}
	s.Request = request{Client: c.ID, RedirectURI: redirect, Given: in.form.Has("redirect_uri")}
	if err = s.Request.fill(c, in.form, in.twice); err == nil && c.mustPush() {
		err = csc.Refused("The request must be pushed", nil)
	}
	if err == nil {
		err = e.possible(s.Request)
	}
	if err == nil {
		err = e.bind(ctx, c, &s.Request, in.form.Get("account_token"))
	}
	if err == nil {
		err = e.open(ctx, s)
	}
	if err != nil {
		return nil, &answered{s.Request, err}
	}
	return s, nil
}

// mustPush reports whether c may ask by oauth2/pushed_authorize only.
func (c Client) mustPush() bool {
	return c.RequirePAR || c.RequireJAR || c.profile() == ProfileFAPI2
}

// askedBefore is the interaction of a pushed request. What stands beside it in
// the query is dropped unread, or refused where the profile knows no reason for
// it to be there.
func (e *endpoints) askedBefore(r *http.Request, c Client, in pairs, browser string) (*saved, error) {
	if c.profile() == ProfileFAPI2 && (len(in.form) > 2 || len(in.twice) > 0) {
		return nil, &fault{status: http.StatusBadRequest, says: saysRequest, cause: errBeside}
	}
	k, err := e.pushedRequest(r.Context(), in.form.Get("request_uri"))
	if err == nil && k.Request.Client != c.ID {
		err = ErrInteraction
	}
	if err == nil {
		err = e.answerable(c, k.Request.RedirectURI)
	}
	if err != nil {
		return nil, err
	}
	return e.loaded(r, k, browser)
}

// answerable refuses a redirect URI that c does not have any more.
func (p *Provider) answerable(c Client, redirect string) error {
	if _, err := p.redirectFor(c, redirect); err != nil {
		return errUnanswerable(err)
	}
	return nil
}

func errUnanswerable(cause error) error {
	return &fault{status: http.StatusBadRequest, says: saysRedirect, cause: cause}
}

var errBeside = errors.New("parameters beside request_uri")

// refused is what a client is told of err; what it cannot be told the log is.
func (e *endpoints) refused(ctx context.Context, err error) url.Values {
	said := worded(err)
	e.logFailure(ctx, "/oauth2/authorize", said.status, err)
	told := url.Values{"error": {string(said.says.Code)}}
	if said.says.Description != "" {
		told.Set("error_description", said.says.Description)
	}
	return told
}

// resume goes on where the interaction i stands.
func (e *endpoints) resume(w http.ResponseWriter, r *http.Request, in pairs) {
	if len(in.twice) > 0 {
		e.page(w, r, &fault{status: http.StatusBadRequest, says: saysRequest, cause: errTwice})
		return
	}
	s, err := e.find(r, in.form.Get("i"))
	var c Client
	if err == nil {
		c, err = e.storage().client(r.Context(), s.Request.Client)
	}
	if errors.Is(err, ErrUnknownClient) {
		err = &fault{status: http.StatusBadRequest, says: saysClient, cause: err}
	}
	if err == nil { // it may have been taken away since
		err = e.answerable(c, s.Request.RedirectURI)
	}
	if err == nil && s.out {
		err = &fault{status: http.StatusForbidden, says: saysLocked, cause: users.ErrLocked}
	}
	if errors.Is(err, ErrInteraction) { // who guesses is stopped as who begins too many
		if often := e.begun(r); often != nil {
			err = often
		}
	}
	if err != nil {
		e.page(w, r, err)
		return
	}
	e.onward(w, r, s)
}

// onward sends the browser to the page that is next, or back to the client.
func (e *endpoints) onward(w http.ResponseWriter, r *http.Request, s *saved) {
	ctx := r.Context()
	switch {
	case s.Stage == stageAsked:
		e.step(w, e.loginURL(), s)
	case s.Stage == stageDeclined:
		e.finish(w, r, s, csc.Fail(csc.AccessDenied, nil))
	case !s.Request.consent() || s.Stage == stageAgreed:
		e.finish(w, r, s, nil)
	default:
		if err := e.changeable(ctx, s.Request, s.User); err != nil {
			e.finish(w, r, s, err)
			return
		}
		if err := e.choosable(ctx, s); err != nil {
			e.finish(w, r, s, err)
			return
		}
		e.step(w, e.consentURL(), s)
	}
}

// choosable returns the refusal that the client is told where the signer has nothing
// to sign with. Who comes back from a loss, and signs later, reads on the page from when
// he does: nobody else could tell him.
func (e *endpoints) choosable(ctx context.Context, s *saved) error {
	for _, d := range s.Request.Details {
		_, refusal := e.choices(ctx, d, s.User)
		if refusal == nil {
			continue
		}
		user, err := e.Register.Users.User(ctx, s.User)
		switch {
		case err != nil:
			return err
		case user.Recovers(e.Now()):
			return nil
		}
		return refusal
	}
	return nil
}

// finish ends the interaction and answers the client: with err, or with a code.
// Of any number of finishes of an interaction, and of a pushed request, one
// does.
func (e *endpoints) finish(w http.ResponseWriter, r *http.Request, s *saved, err error) {
	ctx := r.Context()
	if err == nil {
		err = e.permit(ctx, s)
	}
	if passes(err) { // it may be tried again
		e.page(w, r, err)
		return
	}
	if err == nil { // an error for the client makes no code
		if often := e.coded(ctx, s.User); often != nil {
			e.page(w, r, often)
			return
		}
	}
	if lost := e.end(ctx, s); lost != nil {
		e.page(w, r, lost)
		return
	}
	var code string
	if err == nil {
		code, err = e.makeCode(ctx, s)
	}
	if err != nil {
		e.redirect(w, s.Request, e.refused(ctx, err))
		return
	}
	e.redirect(w, s.Request, url.Values{"code": {code}})
}

// end forgets the interaction and takes the marker of its pushed request.
func (e *endpoints) end(ctx context.Context, s *saved) error {
	ended, err := e.Tokens.Swap(ctx, interactionKey(s.id), s.raw, nil, 0)
	if err != nil {
		return fmt.Errorf("end interaction: %w", err)
	}
	if !ended {
		return ErrInteraction
	}
	if s.Pushed == "" {
		return nil
	}
	_, err = e.Tokens.Take(ctx, s.Pushed)
	if errors.Is(err, onetime.ErrUnknown) {
		return ErrInteraction
	}
	if err != nil {
		return fmt.Errorf("take pushed request: %w", err)
	}
	return nil
}
