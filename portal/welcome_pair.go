package portal

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/users"
)

// showPair draws the authenticator's secret anew with each load; but after a right
// code of it the next one is asked for. After it is confirmed the link is used, and
// nothing shows it.
func (p *Pages) showPair(g guest) error {
	if g.enrolment.Progress.Half(p.Now()) {
		g.GoTo(pairCodePath)
		return nil
	}
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

// redrawPair shows another secret than the one that was drawn, even if a code of that
// was right.
func (p *Pages) redrawPair(g guest, n page.Note) error {
	if _, _, err := p.Office.Draw(g.ctx, g.token); err != nil {
		return err
	}
	return p.back(g, PairPath, n)
}

// showPairCode asks for a code again, or for the second one, of what was drawn last,
// without showing it.
func (p *Pages) showPairCode(g guest) error {
	if g.enrolment.Progress.Drawn == nil {
		g.GoTo(PairPath)
		return nil
	}
	half, title := g.enrolment.Progress.Half(p.Now()), "welcome.pair.title"
	if half {
		title = "pairing.half.title"
	}
	shown := p.welcome(g, title).at(1)
	shown.Drawing, shown.Half = audit.Mark(g.enrolment.Progress.Drawn), half
	p.book.Render(g.Visit, http.StatusOK, "welcome-pair-code.html", shown)
	return nil
}

// confirmPair makes the drawn authenticator the signer's.
func (p *Pages) confirmPair(g guest, form url.Values) error {
	if form.Has(fieldRedraw) {
		return p.redrawPair(g, page.Note{})
	}
	code := codeOf(form)
	if code == "" {
		return p.back(g, pairCodePath, page.Note{Kind: "code.error.shape"})
	}
	e, err := p.Office.ConfirmPairing(g.ctx, g.token, form.Get(fieldDrawing), code)
	if err != nil {
		return p.unpaired(g, err)
	}
	if !e.Replaces { // else the office tells him
		p.tell(g.Visit, e.UserID, FirstAuthenticator)
	}
	return p.back(g, PairPath, page.Note{Kind: "welcome.pair.done", Good: true})
}

// unpaired says what a code did not do, and what to do then.
func (p *Pages) unpaired(g guest, err error) error {
	var wrong *enrolment.CodeError
	switch {
	case errors.Is(err, users.ErrNext):
		g.GoTo(pairCodePath)
		return nil
	case errors.Is(err, users.ErrApart):
		return p.back(g, pairCodePath, page.Note{Kind: "pairing.apart"})
	case errors.Is(err, enrolment.ErrStale), errors.As(err, &wrong) && wrong.Left == 0:
		return p.redrawPair(g, page.Note{Kind: "welcome.pair.stale"})
	case wrong != nil && wrong.Used:
		return p.back(g, pairCodePath, page.Note{Kind: "code.error.used", Left: wrong.Left})
	case wrong != nil:
		return p.back(g, pairCodePath, page.Note{Kind: "pairing.wrong.code", Left: wrong.Left})
	}
	return err
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
