package portal

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/users"
)

// The pages that the two mails of an invitation lead to, with ?link= and the token.
// From there on the token is in no URL: a button sends it in the body of a form,
// and a cookie keeps it. Whoever only loads a page changes nothing.
const (
	PairPath     = "/welcome/pair"
	ActivatePath = "/welcome/activate"

	pairCodePath  = PairPath + "/code"
	phonePath     = ActivatePath + "/phone"
	phoneCodePath = phonePath + "/code"
	accountPath   = ActivatePath + "/account"
	againPath     = "/welcome/again"
)

// The cookies that keep the tokens of the two links.
const (
	pairCookie     = "__Host-pecete-pair"
	activateCookie = "__Host-pecete-activate"
)

// An Office sees the people who were invited through; *enrolment.Office does, and
// says what the errors are.
type Office interface {
	Find(ctx context.Context, link enrolment.Link, token csc.Secret) (enrolment.Enrolment, error)
	SendAgain(ctx context.Context, has enrolment.Link, token csc.Secret, want enrolment.Link) error
	Draw(ctx context.Context, token csc.Secret) (uri csc.Secret, drawing string, err error)
	ConfirmPairing(ctx context.Context, token csc.Secret, drawing string, code csc.Secret) (enrolment.Enrolment, error)
	Missing(e enrolment.Enrolment) []enrolment.Step
	SendCode(ctx context.Context, token csc.Secret, phone string) error
	ConfirmPhone(ctx context.Context, token, code csc.Secret) (enrolment.Enrolment, error)
	SetPassword(ctx context.Context, token, password csc.Secret) (enrolment.Enrolment, error)
	AcceptTerms(ctx context.Context, token csc.Secret, version string) (enrolment.Enrolment, error)
	Pending(ctx context.Context, userID string) (e enrolment.Enrolment, waits bool, err error)
	Issue(ctx context.Context, userID string) (credentials.Credential, error)
}

// Terms are what signers accept: paragraphs, by language.
type Terms struct {
	Version string
	Text    map[string][]string // those of the texts of these pages where there are none
}

// A link is one of the two as pages know it.
type link struct {
	enrolment.Link
	path, cookie string
	title        string // key
}

var links = map[enrolment.Link]link{
	enrolment.LinkPair:     {enrolment.LinkPair, PairPath, pairCookie, "welcome.pair.title"},
	enrolment.LinkActivate: {enrolment.LinkActivate, ActivatePath, activateCookie, "welcome.activate.title"},
}

// A guest is who came by a link and has no session.
type guest struct {
	page.Visit
	ctx       context.Context
	link      link
	token     csc.Secret
	enrolment enrolment.Enrolment
}

// mountWelcome adds the pages of who has no session yet.
func (p *Pages) mountWelcome(mux *http.ServeMux) {
	mux.Handle("GET "+DownloadsPath, page.Safe(p.showDownloads))
	if p.Office == nil {
		return
	}
	for _, l := range links {
		mux.Handle("GET "+l.path, page.Safe(p.arrive(l)))
		mux.Handle("POST "+l.path, page.Safe(p.begin(l)))
	}
	mux.Handle("POST "+againPath, page.Safe(p.sendAgain))
	pair, activate := links[enrolment.LinkPair], links[enrolment.LinkActivate]
	mux.Handle("GET "+pairCodePath, p.asked(pair, pairCodePath, p.showPairCode))
	mux.Handle("POST "+pairCodePath, p.asked(pair, pairCodePath, p.sent(p.confirmPair)))
	for path, show := range map[string]func(guest) error{phonePath: p.showPhone, phoneCodePath: p.showPhoneCode, accountPath: p.showAccount} {
		mux.Handle("GET "+path, p.asked(activate, path, show))
	}
	for path, answer := range map[string]func(guest, url.Values) error{
		phonePath: p.sendCode, phoneCodePath: p.confirmPhone, accountPath: p.setAccount,
	} {
		mux.Handle("POST "+path, p.asked(activate, path, p.sent(answer)))
	}
	mux.Handle("GET "+certificatePath, p.inside(certificatePath, p.showIssue))
	mux.Handle("POST "+certificatePath, p.inside(certificatePath, p.answered(p.issue)))
}

// guest is a visit by a link whose token is known.
func (p *Pages) guest(w http.ResponseWriter, r *http.Request, l link, path string, token csc.Secret) (guest, error) {
	e, err := p.Office.Find(r.Context(), l.Link, token)
	g := guest{Visit: p.visit(w, r, path), ctx: r.Context(), link: l, token: token, enrolment: e}
	g.Forms = "welcome" // one token is good for all forms of the way
	if e.ID != "" {
		g.T = p.book.Tongue(w, r, e.Identity.Locale)
		g.About = []slog.Attr{slog.String("enrolment", e.ID)}
	}
	return g, err
}

// known is the token that a browser has of a link, "" if none.
func known(r *http.Request, l link) csc.Secret {
	cookies := r.CookiesNamed(l.cookie)
	if len(cookies) != 1 {
		return ""
	}
	return csc.Secret(cookies[0].Value)
}

// arrive shows what a mail leads to: first a button, since programs open links too;
// then, where the token is in the cookie, what is next.
func (p *Pages) arrive(l link) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, fresh := csc.Secret(r.URL.Query().Get("link")), r.URL.Query().Has("link")
		if !fresh {
			token = known(r, l)
		}
		g, err := p.guest(w, r, l, l.path, token)
		if fresh {
			g.Query = url.Values{"link": {string(token)}} // for the page in another language
		}
		switch {
		case err == nil && fresh:
			p.book.Render(g.Visit, http.StatusOK, "welcome-begin.html", p.welcome(g, l.title))
		case err == nil:
			err = p.next(g)
		}
		if err != nil {
			p.trouble(g, err)
		}
	}
}

// begin keeps the token in a cookie, and goes on without it in the URL.
func (p *Pages) begin(l link) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		at := p.visit(w, r, l.path)
		at.Forms = "welcome"
		form, err := p.book.Form(at)
		if err != nil {
			p.book.Fail(at, err)
			return
		}
		token := csc.Secret(form.Get(fieldLink))
		g, err := p.guest(w, r, l, l.path, token)
		if err != nil && !errors.Is(err, enrolment.ErrUsed) {
			p.trouble(g, err)
			return
		}
		page.SetCookie(w, l.cookie, string(token), 0)
		if err == nil && l.Link == enrolment.LinkPair && g.enrolment.Progress.Half(p.Now()) { // perhaps of somebody else
			if _, _, err := p.Office.Draw(r.Context(), token); err != nil {
				p.trouble(g, err)
				return
			}
		}
		at.GoTo(l.path)
	}
}

// next is what is to be done with a link that is good.
func (p *Pages) next(g guest) error {
	if g.link.Link == enrolment.LinkPair {
		return p.showPair(g)
	}
	return p.dispatch(g)
}

// asked shows a page to who has the token of a link in his cookie.
func (p *Pages) asked(l link, path string, show func(guest) error) http.Handler {
	return page.Safe(func(w http.ResponseWriter, r *http.Request) {
		g, err := p.guest(w, r, l, path, known(r, l))
		if err == nil {
			err = show(g)
		}
		switch {
		case err == nil:
		case errors.Is(err, enrolment.ErrUsed): // who clicked twice, too
			g.GoTo(l.path)
		default:
			p.trouble(g, err)
		}
	})
}

// sent reads the form that a page of the way is answered with.
func (p *Pages) sent(answer func(guest, url.Values) error) func(guest) error {
	return func(g guest) error {
		form, err := p.book.Form(g.Visit)
		if err != nil {
			return err
		}
		return answer(g, form)
	}
}

// back answers a form with the page at path, and a note there.
func (p *Pages) back(g guest, path string, n page.Note) error {
	g.Path, g.Query = path, nil
	p.book.Back(g.Visit, path, n)
	return nil
}

// A welcomePage is a page of the way.
type welcomePage struct {
	frame
	Step, Of int // of the way; 0 if it is on none
	Link     string
	Has      enrolment.Link // that the browser came by
	Want     enrolment.Link // that can be sent again, "" for none
	Expires  time.Time
	Drawn    drawing
	Drawing  string // which it is, for the form
	Half     bool   // one code of two was right
	Other    bool   // the other link is at hand too
	Phone    string
	Waits    bool // a code is under way
	Least    int  // bytes of a password
	Password bool // one is asked for
	Version  string
	Terms    []string
}

func (p *Pages) welcome(g guest, title string) welcomePage {
	shown := welcomePage{
		frame: frame{Frame: p.book.Frame(g.Visit, title), Note: p.book.Note(g.Visit), Email: g.enrolment.Identity.Email,
			Signer: strings.TrimSpace(g.enrolment.Identity.GivenName + " " + g.enrolment.Identity.FamilyName)},
		Has: g.link.Link, Link: string(g.token),
		Expires: g.enrolment.Pair.Expires, Of: p.steps(g.enrolment), Least: users.MinPassword,
	}
	if g.link.Link == enrolment.LinkActivate {
		shown.Expires = g.enrolment.Activate.Expires
	}
	return shown
}

// at is the page as a step of the way.
func (w welcomePage) at(step int) welcomePage {
	w.Step = step
	return w
}

// steps are how many there are: an authenticator, a phone where one is asked for,
// a password with the terms, and the certificate.
func (p *Pages) steps(e enrolment.Enrolment) int {
	fresh := e
	fresh.Progress.PhoneConfirmed = false
	for _, step := range p.Office.Missing(fresh) {
		if step == enrolment.StepPhone {
			return 4
		}
	}
	return 3
}
