package login

import (
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/users"
)

// consentVisit is a visit by someone who logged in and is asked to agree to
// something; if it is not, the answer is given.
func (p *Pages) consentVisit(w http.ResponseWriter, r *http.Request) (visit, bool) {
	v, ok := p.visit(w, r, ConsentPath)
	switch {
	case !ok:
		return v, false
	case !v.i.Consent():
		p.fail(v, oauth.ErrInteraction)
		return v, false
	case v.i.UserID == "":
		v.goTo(LoginPath + "?" + url.Values{"i": {v.i.ID}}.Encode())
		return v, false
	}
	return v, true
}

func (p *Pages) showConsent(w http.ResponseWriter, r *http.Request) {
	v, ok := p.consentVisit(w, r)
	if !ok {
		return
	}
	if v.i.Change != nil {
		p.showChange(v)
		return
	}
	chosen, err := p.choose(r.Context(), v.i, strings.Split(r.URL.Query().Get(fieldCredential), ","))
	if err != nil {
		p.fail(v, err)
		return
	}
	signer, err := p.Users.User(r.Context(), v.i.UserID)
	if err != nil {
		p.fail(v, err)
		return
	}
	files, err := p.brought(r.Context(), v.i)
	if err != nil {
		p.fail(v, err)
		return
	}
	page, err := p.consentPage(v, chosen, signer, files)
	if err != nil {
		p.fail(v, err)
		return
	}
	p.render(v, http.StatusOK, "consent.html", page)
}

func (p *Pages) answerConsent(w http.ResponseWriter, r *http.Request) {
	v, ok := p.consentVisit(w, r)
	if !ok {
		return
	}
	form, err := p.form(v)
	if err != nil {
		p.fail(v, err)
		return
	}
	switch form.Get(fieldDecision) {
	case decline:
		next, err := p.OAuth.Declined(r.Context(), v.i)
		if err != nil {
			p.fail(v, err)
			return
		}
		v.goTo(next)
	case sign:
		if v.i.Change != nil {
			p.permit(v, form)
			return
		}
		p.agree(v, form)
	default:
		p.fail(v, errForm)
	}
}

// agree judges the code once everything else is found to be as it was shown,
// so that no other fault costs the signer a code.
func (p *Pages) agree(v visit, form url.Values) {
	ctx := v.r.Context()
	picked := form.Get(fieldCredential)
	chosen, err := p.choose(ctx, v.i, strings.Split(picked, ","))
	if err != nil {
		p.fail(v, err)
		return
	}
	files, err := p.brought(ctx, v.i)
	if err != nil {
		p.fail(v, err)
		return
	}
	digest := shown(v.i, chosen.credentials(), files)
	if chosen.bar() != "" || chosen.open() >= 0 || strings.Join(chosen.ids(), ",") != picked || !same(form.Get(fieldShown), hex.EncodeToString(digest)) {
		p.back(v, v.self(), note{Kind: noteChange})
		return
	}
	page := v.self()
	if slices.ContainsFunc(chosen, func(c choice) bool { return c.picked }) {
		page = v.choosing(picked)
	}
	p.prove(v, form, page, func(step int64) (string, error) {
		return p.OAuth.Agreed(ctx, v.i, chosen.ids(), digest, step)
	})
}

// prove judges the code, and with one that is right notes the agreement.
func (p *Pages) prove(v visit, form url.Values, page string, agreed func(step int64) (next string, err error)) {
	code := typed(form, fieldCode)
	if !digits(code, 6) {
		p.back(v, page, note{Kind: noteShape})
		return
	}
	step, err := p.spend(v, code)
	if n := refused(err); n.Kind != "" {
		p.back(v, page, n)
		return
	}
	if err != nil {
		p.fail(v, err)
		return
	}
	next, err := agreed(step)
	var unfit *csc.Error
	switch {
	case errors.As(err, &unfit): // since a moment ago; the page says why
		p.back(v, page, note{Kind: noteChange})
	case err != nil:
		p.fail(v, err)
	default:
		v.goTo(next)
	}
}

// spend judges the signer's code, and returns its step.
func (p *Pages) spend(v visit, code string) (step int64, err error) {
	err = p.coded(v, func() error {
		proof, err := p.Prover.Code(v.r.Context(), v.i.UserID, csc.Secret(code))
		step = proof.Step
		return err
	})
	return step, err
}

// refused words what the judge of codes answered.
func refused(err error) note {
	var wrong *users.RefusedError
	var pause *users.PausedError
	switch {
	case errors.As(err, &pause):
		return note{Kind: notePaused, Until: pause.Until}
	case errors.Is(err, users.ErrPaused):
		return note{Kind: notePaused}
	case errors.Is(err, users.ErrLocked):
		return note{Kind: noteLocked}
	case errors.As(err, &wrong) && wrong.Used:
		return note{Kind: noteUsed, Left: wrong.Left}
	case errors.As(err, &wrong):
		return note{Kind: noteCode, Left: wrong.Left}
	}
	return note{}
}

// choosing is the page with credentials chosen of several.
func (v visit) choosing(picked string) string {
	return v.path + "?" + url.Values{"i": {v.i.ID}, fieldCredential: {picked}}.Encode()
}
