package login

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/users"
)

// maxEmail is the longest address there is, in bytes (RFC 5321 §4.5.3.1).
const maxEmail = 254

// loginPage is what the login page shows.
type loginPage struct {
	frame
	Client   string
	Alone    bool   // it registered itself
	Why      string // key of what the application wants
	Bound    string // address of the one signer who may log in
	Email    string // filled in
	Note     note
	Failures int
	Minutes  int
}

// loginVisit is a visit by someone who has yet to log in; if it is not, the
// answer is given.
func (p *Pages) loginVisit(w http.ResponseWriter, r *http.Request) (visit, bool) {
	v, ok := p.visit(w, r, LoginPath)
	switch {
	case !ok:
		return v, false
	case v.i.UserID != "" && v.i.Consent():
		v.goTo(ConsentPath + "?" + url.Values{"i": {v.i.ID}}.Encode())
		return v, false
	case v.i.UserID != "":
		p.fail(v, oauth.ErrInteraction)
		return v, false
	}
	return v, true
}

func (p *Pages) showLogin(w http.ResponseWriter, r *http.Request) {
	v, ok := p.loginVisit(w, r)
	if !ok {
		return
	}
	limits := p.Prover.PasswordLimits
	if limits == (users.Limits{}) {
		limits = users.PasswordLimits()
	}
	bound, err := p.account(r.Context(), v.i)
	if err != nil {
		p.fail(v, err)
		return
	}
	page := loginPage{
		frame:    p.frame(v, "login.title"),
		Client:   v.i.Client.Name,
		Alone:    v.i.Client.SelfRegistered(),
		Why:      why(v.i),
		Bound:    bound,
		Note:     p.note(v),
		Failures: limits.Failures,
		Minutes:  int(limits.Window.Minutes()),
	}
	page.Email = cmp.Or(bound, page.Note.Email)
	p.render(v, http.StatusOK, "login.html", page)
}

// why is the key of what an application wants with the login.
func why(i oauth.Interaction) string {
	switch {
	case i.Change != nil && i.Change.CredentialID != "":
		return "login.why.delete"
	case i.Change != nil:
		return "login.why.create"
	case len(i.Details) > 0:
		return "login.why.credential"
	}
	return "login.why.service"
}

// account is the address of the one signer who may log in, "" if anyone may.
func (p *Pages) account(ctx context.Context, i oauth.Interaction) (string, error) {
	if i.Account == "" {
		return "", nil
	}
	signer, err := p.Users.User(ctx, i.Account)
	if errors.Is(err, users.ErrUnknown) { // gone since the request
		return "", oauth.ErrInteraction
	}
	return signer.Email, err
}

func (p *Pages) logIn(w http.ResponseWriter, r *http.Request) {
	v, ok := p.loginVisit(w, r)
	if !ok {
		return
	}
	form, err := p.form(v)
	if err != nil {
		p.fail(v, err)
		return
	}
	email := strings.TrimSpace(form.Get(fieldEmail))
	password := csc.Secret(form.Get(fieldPassword))
	if email == "" || password == "" {
		p.back(v, v.self(), note{Kind: noteEmpty, Email: short(email)})
		return
	}
	bound, err := p.account(r.Context(), v.i)
	switch {
	case err != nil:
		p.fail(v, err)
	case bound != "" && !strings.EqualFold(bound, email): // not judged: whose it is was not asked
		p.back(v, v.self(), note{Kind: noteAccount})
	default:
		p.admit(v, email, password)
	}
}

// admit lets who has the password in.
func (p *Pages) admit(v visit, email string, password csc.Secret) {
	user, err := p.judge(v, email, password)
	switch {
	case errors.Is(err, users.ErrWrong), errors.Is(err, users.ErrPaused), errors.Is(err, users.ErrLocked):
		p.back(v, v.self(), note{Kind: noteWrong, Email: short(email)}) // one text: a stranger learns nothing
		return
	case errors.Is(err, users.ErrDisabled):
		p.back(v, v.self(), note{Kind: noteDisabled, Email: short(email)})
		return
	case err != nil:
		p.fail(v, err)
		return
	}
	next, err := p.OAuth.LoggedIn(v.r.Context(), v.i, user)
	if err != nil {
		p.fail(v, err)
		return
	}
	page.NewBrowser(v.w) // no form from before the login is good after it
	v.goTo(next)
}

// judge is the user whose password it is, unless the network failed too often.
func (p *Pages) judge(v visit, email string, password csc.Secret) (users.User, error) {
	ctx, from := v.r.Context(), quota.Network(v.r.RemoteAddr)
	wait, err := p.Failures.Over(ctx, from)
	switch {
	case err != nil:
		return users.User{}, err
	case wait > 0: // neither hashed nor recorded
		p.barred(v.path)
		return users.User{}, &page.Fault{Status: http.StatusTooManyRequests, Kind: "often", Wait: wait, Cause: errOften}
	}
	user, err := p.Prover.Password(ctx, email, password)
	if judged(err) {
		if _, uncounted := p.Failures.Count(ctx, from); uncounted != nil {
			return users.User{}, uncounted
		}
	}
	return user, err
}

// judged reports whether err is a password's fault. The network of somebody who
// could not be judged, because too many log in or the registry is away, has not
// failed.
func judged(err error) bool {
	var passing interface{ Unavailable() bool }
	return err != nil && !(errors.As(err, &passing) && passing.Unavailable())
}

// short is an address worth giving back.
func short(email string) string {
	if len(email) > maxEmail {
		return ""
	}
	return email
}
