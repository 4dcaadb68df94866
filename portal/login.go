package portal

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/users"
)

// The names of the fields.
const (
	fieldEmail       = "email"
	fieldPassword    = "password"
	fieldCode        = "code"
	fieldNew         = "new"
	fieldAgain       = "again"
	fieldSession     = "session"
	fieldApplication = "application"
	fieldLink        = "link"
	fieldHas         = "has"
	fieldWant        = "want"
	fieldDrawing     = "drawing"
	fieldRedraw      = "redraw"
	fieldPhone       = "phone"
	fieldAccept      = "accept"
	fieldVersion     = "version"
)

// maxEmail is the longest address there is, in bytes (RFC 5321 §4.5.3.1).
const maxEmail = 254

// loginPage is what the login page shows.
type loginPage struct {
	frame
	Bound             string // nobody is asked for: always ""
	Failures, Minutes int
	Signs             bool // documents are signed on these pages
}

func (p *Pages) showLogin(w http.ResponseWriter, r *http.Request) {
	at := p.visit(w, r, loginPath)
	s, _, err := p.find(r)
	switch {
	case err != nil:
		p.book.Fail(at, err)
		return
	case s.ID != "":
		at.GoTo(p.start())
		return
	}
	if err := p.loaded(r); err != nil {
		p.book.Fail(at, err)
		return
	}
	limits := users.PasswordLimits()
	note := p.book.Note(at)
	p.book.Render(at, http.StatusOK, "login.html", loginPage{
		frame:    frame{Frame: p.book.Frame(at, "login.title"), Note: note, Email: note.Email},
		Failures: limits.Failures, Minutes: int(limits.Window.Minutes()),
		Signs: p.Desk != nil,
	})
}

func (p *Pages) logIn(w http.ResponseWriter, r *http.Request) {
	at := p.visit(w, r, loginPath)
	form, err := p.book.Form(at)
	if err == nil {
		err = p.admit(at, form)
	}
	if err != nil {
		p.book.Fail(at, err)
	}
}

// admit judges a login. Whatever was wrong with it, it is answered alike.
func (p *Pages) admit(at page.Visit, form url.Values) error {
	email := strings.TrimSpace(form.Get(fieldEmail))
	password, code := csc.Secret(form.Get(fieldPassword)), codeOf(form)
	refused := func(kind string) error {
		given := email
		if len(given) > maxEmail {
			given = ""
		}
		p.book.Back(at, loginPath, page.Note{Kind: kind, Email: given})
		return nil
	}
	switch {
	case email == "" || password == "":
		return refused("login.error.empty")
	case code == "":
		return refused("login.error.shape")
	}
	user, err := p.judge(at.R, email, password, code)
	if errors.Is(err, users.ErrWrong) {
		return refused("login.error.wrong")
	}
	if err != nil {
		return err
	}
	if _, err := p.open(at, user); err != nil {
		return err
	}
	p.tell(at, user.ID, NewSession)
	return p.goHome(at, user.ID)
}

// judge is the user who proved who it is. A network that failed too often is not
// judged: nothing is hashed, nor recorded.
func (p *Pages) judge(r *http.Request, email string, password, code csc.Secret) (users.User, error) {
	ctx, from := r.Context(), quota.Network(r.RemoteAddr)
	wait, err := p.Failures.Over(ctx, from)
	if wait > 0 && p.Barred != nil {
		p.Barred()
	}
	if err := tooOften(wait, err); err != nil {
		return users.User{}, err
	}
	user, err := p.Factors.LogIn(ctx, email, password, code)
	if errors.Is(err, users.ErrWrong) {
		if _, uncounted := p.Failures.Count(ctx, from); uncounted != nil {
			return user, uncounted
		}
	}
	return user, err
}

// codeOf is the code of a form, "" if there is none of six digits. Some apps show
// a blank in its middle.
func codeOf(form url.Values) csc.Secret {
	code := strings.ReplaceAll(form.Get(fieldCode), " ", "")
	if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		return ""
	}
	return csc.Secret(code)
}
