package portal

import (
	"context"
	"errors"
	"net/http"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/users"
)

// A factorPage is a form that asks for what the signer proves himself by.
type factorPage struct {
	frame
	Least int // bytes of a password
}

func (p *Pages) showPassword(v visit) {
	p.book.Render(v.Visit, http.StatusOK, "password.html", factorPage{p.frame(v, "password.title"), users.MinPassword})
}

// changePassword sets a new password, after the old one and a code. What can be
// judged without them is judged before.
func (p *Pages) changePassword(v visit) error {
	form := v.R.PostForm
	old, fresh, code := csc.Secret(form.Get(fieldPassword)), csc.Secret(form.Get(fieldNew)), codeOf(form)
	kind := ""
	switch {
	case old == "" || fresh == "":
		kind = "password.error.empty"
	case fresh != csc.Secret(form.Get(fieldAgain)):
		kind = "password.error.differ"
	case fresh == old:
		kind = "password.error.same"
	case !users.Settable(fresh):
		kind = "password.error.length"
	case code == "":
		kind = "code.error.shape"
	}
	if kind == "" {
		var err error
		if kind, err = p.advised(v.ctx, v.user.ID, fresh); err != nil {
			return err
		}
	}
	if kind != "" {
		return p.refuse(v, page.Note{Kind: kind})
	}
	if _, err := p.Factors.Password(v.ctx, v.user.Email, old); err != nil {
		return p.refused(v, err, "password.error.wrong")
	}
	if _, err := p.Factors.Code(v.ctx, v.user.ID, code); err != nil {
		return p.refused(v, err, "code.error.wrong")
	}
	stamp := users.NewStamp()
	if err := p.Registrar.ChangePassword(v.ctx, v.user.ID, fresh, stamp); err != nil {
		return err
	}
	p.tell(v.Visit, v.user.ID, NewPassword)
	return p.renew(v, stamp, "security.done.password")
}

// advised is what is to be said against a password, "" if nothing.
func (p *Pages) advised(ctx context.Context, userID string, password csc.Secret) (string, error) {
	switch err := p.Registrar.Advise(ctx, userID, password); {
	case errors.Is(err, users.ErrPassword):
		return "password.error.length", nil
	case errors.Is(err, users.ErrBreached):
		return "password.error.stolen", nil
	case errors.Is(err, users.ErrGuessable):
		return "password.error.guessed", nil
	default:
		return "", err
	}
}

// refuse shows the page again, with a note.
func (p *Pages) refuse(v visit, n page.Note) error {
	p.book.Back(v.Visit, v.Self(), n)
	return nil
}

// refused words what the judge of factors answered; an error that is no judgement
// is one here too. wrong is what a wrong factor is called.
func (p *Pages) refused(v visit, err error, wrong string) error {
	var refusal *users.RefusedError
	var pause *users.PausedError
	n := page.Note{}
	switch {
	case errors.As(err, &pause):
		n = page.Note{Kind: "factor.error.paused", Until: pause.Until}
	case errors.Is(err, users.ErrPaused):
		n.Kind = "factor.error.paused"
	case errors.Is(err, users.ErrLocked), errors.Is(err, users.ErrDisabled):
		n.Kind = "factor.error.locked"
	case errors.Is(err, users.ErrUsed):
		n.Kind = "code.error.used"
		if errors.As(err, &refusal) {
			n.Left = refusal.Left
		}
	case errors.Is(err, users.ErrWrong):
		n.Kind = wrong
		if errors.As(err, &refusal) {
			n.Left = refusal.Left
		}
	default:
		return err
	}
	return p.refuse(v, n)
}
