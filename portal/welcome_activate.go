package portal

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/page"
)

// dispatch sends the guest to what is missing.
func (p *Pages) dispatch(g guest) error {
	if g.enrolment.State == enrolment.Invited {
		return enrolment.ErrNotPaired
	}
	if slices.Contains(p.Office.Missing(g.enrolment), enrolment.StepPhone) {
		g.GoTo(phonePath)
		return nil
	}
	g.GoTo(accountPath)
	return nil
}

// missing reports whether a step of the activation is what the guest is at. If it
// is not he has been sent on.
func (p *Pages) missing(g guest, steps ...enrolment.Step) (bool, error) {
	all := p.Office.Missing(g.enrolment)
	early := slices.Contains(all, enrolment.StepPhone) && !slices.Contains(steps, enrolment.StepPhone)
	if g.enrolment.State == enrolment.Invited || early || !slices.ContainsFunc(steps, func(s enrolment.Step) bool { return slices.Contains(all, s) }) {
		return false, p.dispatch(g)
	}
	return true, nil
}

func (p *Pages) showPhone(g guest) error {
	here, err := p.missing(g, enrolment.StepPhone)
	if !here {
		return err
	}
	shown := p.welcome(g, "welcome.phone.title").at(2)
	shown.Phone, shown.Waits = g.enrolment.Identity.Phone, p.waits(g)
	if g.enrolment.Progress.Phone != "" {
		shown.Phone = g.enrolment.Progress.Phone
	}
	p.book.Render(g.Visit, http.StatusOK, "welcome-phone.html", shown)
	return nil
}

// waits reports whether a code is under way that can still be typed.
func (p *Pages) waits(g guest) bool {
	return g.enrolment.Progress.Code != nil && p.Now().Before(g.enrolment.Progress.CodeUntil)
}

func (p *Pages) sendCode(g guest, form url.Values) error {
	phone := phoneOf(form.Get(fieldPhone))
	var often *enrolment.OftenError
	switch err := p.Office.SendCode(g.ctx, g.token, phone); {
	case errors.Is(err, enrolment.ErrNumber):
		return p.back(g, phonePath, page.Note{Kind: "welcome.phone.number"})
	case errors.As(err, &often):
		return p.back(g, phonePath, page.Note{Kind: "welcome.phone.often", Until: p.Now().Add(often.Wait)})
	case err != nil:
		return err
	}
	return p.back(g, phoneCodePath, page.Note{Kind: "welcome.phone.sent", Good: true})
}

// phoneOf is a number as people write it, as E.164 has it: without what only parts
// it, with a plus for two zeros. One that begins with a single zero is of Romania,
// where numbers have nine digits behind it.
func phoneOf(written string) string {
	number := strings.NewReplacer(" ", "", "\u00a0", "", "-", "", ".", "", "/", "", "(", "", ")", "").Replace(strings.TrimSpace(written))
	if rest, is := strings.CutPrefix(number, "00"); is {
		return "+" + rest
	}
	if rest, is := strings.CutPrefix(number, "0"); is && len(rest) == 9 {
		return "+40" + rest
	}
	return number
}

func (p *Pages) showPhoneCode(g guest) error {
	here, err := p.missing(g, enrolment.StepPhone)
	if !here {
		return err
	}
	if g.enrolment.Progress.Phone == "" {
		g.GoTo(phonePath)
		return nil
	}
	shown := p.welcome(g, "welcome.phone.title").at(2)
	shown.Phone = g.enrolment.Progress.Phone
	p.book.Render(g.Visit, http.StatusOK, "welcome-phone-code.html", shown)
	return nil
}

func (p *Pages) confirmPhone(g guest, form url.Values) error {
	if here, err := p.missing(g, enrolment.StepPhone); !here {
		return err
	}
	code := codeOf(form)
	if code == "" {
		return p.back(g, phoneCodePath, page.Note{Kind: "code.error.shape"})
	}
	var wrong *enrolment.CodeError
	switch _, err := p.Office.ConfirmPhone(g.ctx, g.token, code); {
	case errors.As(err, &wrong) && wrong.Left == 0:
		return p.back(g, phonePath, page.Note{Kind: "welcome.phone.over"})
	case errors.As(err, &wrong):
		return p.back(g, phoneCodePath, page.Note{Kind: "code.error.wrong", Left: wrong.Left})
	case err != nil:
		return err
	}
	return p.back(g, accountPath, page.Note{Kind: "welcome.phone.done", Good: true})
}

func (p *Pages) showAccount(g guest) error {
	here, err := p.missing(g, enrolment.StepPassword, enrolment.StepTerms)
	if !here {
		return err
	}
	missing := p.Office.Missing(g.enrolment)
	shown := p.welcome(g, "welcome.account.title")
	shown = shown.at(shown.Of - 1)
	shown.Password = slices.Contains(missing, enrolment.StepPassword)
	shown.Version, shown.Terms = p.Terms.Version, p.terms(g.T)
	p.book.Render(g.Visit, http.StatusOK, "welcome-account.html", shown)
	return nil
}

// terms are the paragraphs of what is to be accepted.
func (p *Pages) terms(t page.Tongue) []string {
	if text := p.Terms.Text[t.Tag]; len(text) > 0 {
		return text
	}
	var all []string
	for _, key := range []string{"terms.sole", "terms.lost", "terms.code", "terms.end", "terms.data"} {
		if text, err := t.Say(key); err == nil {
			all = append(all, text)
		}
	}
	return all
}

// setAccount sets the password and keeps that the terms were accepted; what can be
// judged is judged before either.
func (p *Pages) setAccount(g guest, form url.Values) error {
	here, err := p.missing(g, enrolment.StepPassword, enrolment.StepTerms)
	if !here {
		return err
	}
	wanted := slices.Contains(p.Office.Missing(g.enrolment), enrolment.StepPassword)
	password := csc.Secret(form.Get(fieldNew))
	kind := ""
	if wanted {
		if kind, err = p.judged(g, password, csc.Secret(form.Get(fieldAgain))); err != nil {
			return err
		}
	}
	if kind == "" && form.Get(fieldAccept) != "yes" {
		kind = "welcome.account.accept"
	}
	if kind != "" {
		return p.back(g, accountPath, page.Note{Kind: kind})
	}
	if wanted {
		if _, err := p.Office.SetPassword(g.ctx, g.token, password); err != nil {
			return err
		}
	}
	switch _, err := p.Office.AcceptTerms(g.ctx, g.token, form.Get(fieldVersion)); {
	case errors.Is(err, enrolment.ErrTerms):
		return p.back(g, accountPath, page.Note{Kind: "welcome.account.terms"})
	case err != nil:
		return err
	}
	g.GoTo(ActivatePath)
	return nil
}

// judged is what is wrong with a password, "" if it can be set.
func (p *Pages) judged(g guest, password, again csc.Secret) (string, error) {
	switch {
	case password == "":
		return "password.error.empty", nil
	case password != again:
		return "password.error.differ", nil
	}
	return p.advised(g.ctx, g.enrolment.UserID, password)
}
