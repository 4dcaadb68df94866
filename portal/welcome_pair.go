package portal

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/page"
)

// showPair draws the authenticator's secret anew with each load. After it is
// confirmed the link is used, and nothing shows it.
func (p *Pages) showPair(g guest) error {
	uri, name, err := p.Office.Draw(g.ctx, g.token)
	if err != nil {
		return err
	}
	shown := p.welcome(g, "welcome.pair.title").at(1)
	shown.Drawing = name
	if shown.Drawn, err = draw(string(uri)); err != nil {
		return err
	}
	p.book.Render(g.Visit, http.StatusOK, "welcome-pair.html", shown)
	return nil
}

// showPairCode asks for the code again, of what was drawn last, without showing it.
func (p *Pages) showPairCode(g guest) error {
	if g.enrolment.Progress.Drawn == nil {
		g.GoTo(PairPath)
		return nil
	}
	shown := p.welcome(g, "welcome.pair.title").at(1)
	shown.Drawing = audit.Mark(g.enrolment.Progress.Drawn)
	p.book.Render(g.Visit, http.StatusOK, "welcome-pair-code.html", shown)
	return nil
}

// confirmPair makes the drawn authenticator the signer's.
func (p *Pages) confirmPair(g guest, form url.Values) error {
	code := codeOf(form)
	if code == "" {
		return p.back(g, pairCodePath, page.Note{Kind: "code.error.shape"})
	}
	var wrong *enrolment.CodeError
	e, err := p.Office.ConfirmPairing(g.ctx, g.token, form.Get(fieldDrawing), code)
	switch {
	case errors.Is(err, enrolment.ErrStale):
		return p.back(g, PairPath, page.Note{Kind: "welcome.pair.stale"})
	case errors.As(err, &wrong) && wrong.Used:
		return p.back(g, pairCodePath, page.Note{Kind: "code.error.used"})
	case errors.Is(err, enrolment.ErrCode):
		return p.back(g, pairCodePath, page.Note{Kind: "pairing.wrong.code"})
	case err != nil:
		return err
	}
	if !e.Replaces { // else the office tells him
		p.tell(g.Visit, e.UserID, FirstAuthenticator)
	}
	return p.back(g, PairPath, page.Note{Kind: "welcome.pair.done", Good: true})
}

// showPaired says what comes after the authenticator.
func (p *Pages) showPaired(g guest) {
	shown := p.welcome(g, "welcome.paired.title").at(1)
	shown.Want = enrolment.LinkActivate
	token := known(g.R, links[enrolment.LinkActivate])
	if e, err := p.Office.Find(g.ctx, enrolment.LinkActivate, token); err == nil {
		shown.Other = e.ID == g.enrolment.ID
	}
	p.book.Render(g.Visit, http.StatusOK, "welcome-paired.html", shown)
}
