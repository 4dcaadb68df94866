package portal

import (
	"cmp"
	"errors"
	"net/http"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/page"
)

// same says that the mail is the one of the link itself.
const same enrolment.Link = "same"

// troubles are why there is no way on by a link: what is said then, and whether
// the mail can be sent again.
var troubles = []struct {
	is          error
	status      int
	title, text string
	again       enrolment.Link
}{
	{errLost, http.StatusNotFound, "welcome.lost.title", "welcome.lost.text", ""},
	{enrolment.ErrLink, http.StatusNotFound, "welcome.unknown.title", "welcome.unknown.text", ""},
	{enrolment.ErrExpired, http.StatusGone, "welcome.expired.title", "welcome.expired.text", same},
	{enrolment.ErrCancelled, http.StatusGone, "welcome.cancelled.title", "welcome.cancelled.text", ""},
	{enrolment.ErrNotPaired, http.StatusConflict, "welcome.first.title", "welcome.first.text", enrolment.LinkPair},
}

// errLost says that a browser has no token.
var errLost = errors.New("portal: no link in the cookie")

// trouble says why there is no way on by a link, and what to do then. A link that
// has done what it is for leads to what comes after it.
func (p *Pages) trouble(g guest, err error) {
	if errors.Is(err, enrolment.ErrUsed) {
		p.showAfter(g)
		return
	}
	if errors.Is(err, enrolment.ErrLink) && g.token == "" {
		err = errLost
	} else if errors.Is(err, enrolment.ErrLink) {
		if often := p.loaded(g.R); often != nil {
			err = often
		}
	}
	for _, t := range troubles {
		if !errors.Is(err, t.is) {
			continue
		}
		shown := troublePage{p.welcome(g, t.title), t.text}
		if shown.Want = t.again; t.again == same {
			shown.Want = g.link.Link
		}
		p.book.Render(g.Visit, t.status, "welcome-trouble.html", shown)
		return
	}
	p.book.Fail(g.Visit, err)
}

// showAfter shows what comes after a link that was used.
func (p *Pages) showAfter(g guest) {
	if g.link.Link == enrolment.LinkPair && (g.enrolment.State == enrolment.Invited || g.enrolment.State == enrolment.Paired) {
		p.showPaired(g)
		return
	}
	p.book.Render(g.Visit, http.StatusOK, "welcome-active.html", p.welcome(g, "welcome.active.title").at(p.steps(g.enrolment)))
}

// A troublePage says why there is no way on by this link.
type troublePage struct {
	welcomePage
	Text string // key
}

// sendAgain sends one of the two mails again, to the address that it went to.
func (p *Pages) sendAgain(w http.ResponseWriter, r *http.Request) {
	at := p.visit(w, r, PairPath) // where to go on if this is no form of ours
	at.Forms = "welcome"
	form, err := p.book.Form(at)
	if err != nil {
		p.book.Fail(at, err)
		return
	}
	has := links[enrolment.LinkPair]
	if form.Get(fieldHas) == string(enrolment.LinkActivate) {
		has = links[enrolment.LinkActivate]
	}
	token := csc.Secret(cmp.Or(form.Get(fieldLink), string(known(r, has))))
	g, _ := p.guest(w, r, has, has.path, token) // whatever it is, SendAgain says so too
	want := enrolment.Link(form.Get(fieldWant))
	if want != enrolment.LinkPair {
		want = enrolment.LinkActivate
	}
	var often *enrolment.OftenError
	switch err := p.Office.SendAgain(g.ctx, has.Link, token, want); {
	case errors.As(err, &often):
		p.book.Fail(g.Visit, &page.Fault{Status: http.StatusTooManyRequests, Kind: "mails", Wait: often.Wait, Cause: err})
	case errors.Is(err, enrolment.ErrState):
		p.book.Fail(g.Visit, &page.Fault{Status: http.StatusConflict, Kind: "done", Cause: err})
	case errors.Is(err, enrolment.ErrUnsent):
		p.book.Fail(g.Visit, &page.Fault{Status: http.StatusServiceUnavailable, Kind: "unsent", Wait: time.Minute, Cause: err})
	case err != nil:
		p.trouble(g, err)
	default:
		p.book.Tell(g.Visit, http.StatusOK, "welcome.sent.title", "welcome.sent.text")
	}
}
