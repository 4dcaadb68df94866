package portal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/users"
)

const (
	pairingLife  = 10 * time.Minute
	pairingTries = 5
)

// A pairing is an authenticator that may be drawn, and, once it was, is not the
// signer's yet. It is of one session.
type pairing struct {
	Sealed  []byte    `json:"sealed,omitempty"` // what was drawn last
	First   int64     `json:"first,omitempty"`  // step of the last code of it that was right; 0 for none
	Tries   int       `json:"tries"`            // left, of codes in a row that are not right
	Expires time.Time `json:"expires"`

	raw []byte
}

func pairingKey(s Session) string { return "pairing:" + s.ID }

func (p *Pages) showAuthenticator(v visit) {
	p.book.Render(v.Visit, http.StatusOK, "authenticator.html", factorPage{frame: p.frame(v, "authenticator.title")})
}

// permit lets the signer draw the secret of a new authenticator, after a code of
// the old one.
func (p *Pages) permit(v visit) error {
	code := codeOf(v.R.PostForm)
	if code == "" {
		return p.refuse(v, page.Note{Kind: "code.error.shape"})
	}
	if _, err := p.Factors.Code(v.ctx, v.user.ID, code); err != nil {
		return p.refused(v, err, "code.error.wrong")
	}
	value, err := json.Marshal(pairing{Tries: pairingTries, Expires: p.Now().Add(pairingLife)})
	if err != nil {
		return fmt.Errorf("encode pairing: %w", err)
	}
	if err := p.forget(v.ctx, v.session); err != nil {
		return err
	}
	if err := p.Tickets.Put(v.ctx, pairingKey(v.session), value, pairingLife); err != nil {
		return fmt.Errorf("keep pairing: %w", err)
	}
	v.GoTo(pairingPath)
	return nil
}

// forget takes away what was drawn in a session.
func (p *Pages) forget(ctx context.Context, s Session) error {
	if _, err := p.Tickets.Take(ctx, pairingKey(s)); err != nil && !errors.Is(err, onetime.ErrUnknown) {
		return fmt.Errorf("forget pairing: %w", err)
	}
	return nil
}

// drawn is what was, or may be, drawn in the session; nil if that is nothing, or
// was too long ago.
func (p *Pages) drawn(v visit) (*pairing, error) {
	value, err := p.Tickets.Get(v.ctx, pairingKey(v.session))
	if errors.Is(err, onetime.ErrUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up pairing: %w", err)
	}
	d := &pairing{raw: value}
	if err := json.Unmarshal(value, d); err != nil {
		return nil, fmt.Errorf("decode pairing: %w", err)
	}
	if left := d.Expires.Sub(p.Now()); left <= 0 || left > pairingLife || d.Tries <= 0 {
		return nil, nil
	}
	return d, nil
}

// pairingPage is what the page with the new authenticator shows. This is the only
// place where its secret is seen, until it is confirmed; what the page of the code
// alone shows is without it.
type pairingPage struct {
	frame
	Drawn drawing
	Half  bool   // one code of two was right
	To    string // where the form goes
}

// showPairing draws the secret anew with each load, so that one that somebody saw
// before is good for nothing; but after a right code of it the next one is asked for.
func (p *Pages) showPairing(v visit) {
	d, err := p.drawn(v)
	if err == nil && d == nil {
		p.over(v)
		return
	}
	if err == nil && d.First != 0 {
		v.GoTo(pairingCodePath)
		return
	}
	shown := pairingPage{frame: p.frame(v, "pairing.title"), To: pairingPath}
	if err == nil {
		shown.Drawn, err = p.redraw(v)
	}
	switch {
	case errors.Is(err, errOver):
		p.over(v)
	case err != nil:
		p.book.Fail(v.Visit, err)
	default:
		p.book.Render(v.Visit, http.StatusOK, "pairing.html", shown)
	}
}

// redraw draws another secret in the place of the one before.
func (p *Pages) redraw(v visit) (drawing, error) {
	sealed, err := p.Registrar.Draw(v.ctx, v.user.ID)
	if err != nil {
		return drawing{}, err
	}
	uri, err := p.Registrar.Pairing(v.ctx, v.user.ID, sealed)
	if err != nil {
		return drawing{}, err
	}
	if _, err := p.edit(v, func(d *pairing) error { d.Sealed, d.First = sealed, 0; return nil }); err != nil {
		return drawing{}, err
	}
	return draw(uri)
}

// showPairingCode asks for a code again, or for the second one, without showing what
// it is of.
func (p *Pages) showPairingCode(v visit) {
	switch d, err := p.drawn(v); {
	case err != nil:
		p.book.Fail(v.Visit, err)
	case d == nil:
		p.over(v)
	default:
		shown := pairingPage{Half: d.First != 0, To: pairingPath}
		title := "pairing.title"
		if shown.Half {
			title = "pairing.half.title"
		}
		shown.frame = p.frame(v, title)
		p.book.Render(v.Visit, http.StatusOK, "pairing-code.html", shown)
	}
}

// over sends the signer back to the beginning.
func (p *Pages) over(v visit) {
	p.book.Back(v.on(authenticatorPath), authenticatorPath, page.Note{Kind: "authenticator.error.over"})
}

// confirm makes the drawn authenticator the signer's, by two codes of it. Each is
// counted before it is judged.
func (p *Pages) confirm(v visit) error {
	code, again := codeOf(v.R.PostForm), v.R.PostForm.Has(fieldRedraw)
	d, err := p.edit(v, func(d *pairing) error {
		switch {
		case again:
			d.Sealed, d.First = nil, 0
		case code != "" && d.Sealed != nil:
			d.Tries--
		}
		return nil
	})
	switch {
	case errors.Is(err, errOver):
		p.over(v)
		return nil
	case err != nil:
		return err
	case again:
		v.GoTo(pairingPath)
		return nil
	case code == "" || d.Sealed == nil:
		return p.refuse(v.at(pairingCodePath), page.Note{Kind: "code.error.shape"})
	}
	stamp := users.NewStamp()
	step, err := p.Registrar.Confirm(v.ctx, v.user.ID, d.Sealed, d.First, code, stamp)
	switch {
	case errors.Is(err, users.ErrNext), errors.Is(err, users.ErrApart):
		return p.half(v, d, step, err)
	case errors.Is(err, users.ErrWrong), errors.Is(err, users.ErrUsed):
		refusal := &users.RefusedError{Left: d.Tries, Used: errors.Is(err, users.ErrUsed)}
		return p.refused(v.at(pairingCodePath), refusal, "pairing.wrong.code")
	case err != nil:
		return err
	}
	if err := p.forget(v.ctx, v.session); err != nil {
		return err
	}
	p.tell(v.Visit, v.user.ID, NewAuthenticator)
	return p.renew(v, stamp, "security.done.authenticator")
}

// half keeps the step of a code that was right with the drawing that it is of, and
// asks for the next one.
func (p *Pages) half(v visit, of *pairing, step int64, wanted error) error {
	_, err := p.edit(v, func(d *pairing) error {
		if !bytes.Equal(d.Sealed, of.Sealed) {
			return users.ErrWrong // another tab drew anew
		}
		d.First, d.Tries = max(d.First, step), pairingTries
		return nil
	})
	switch {
	case errors.Is(err, errOver):
		p.over(v)
		return nil
	case errors.Is(err, users.ErrWrong):
		return p.refused(v.at(pairingCodePath), err, "pairing.wrong.code")
	case err != nil:
		return err
	case errors.Is(wanted, users.ErrApart):
		return p.refuse(v.at(pairingCodePath), page.Note{Kind: "pairing.apart"})
	}
	v.GoTo(pairingCodePath)
	return nil
}

// errOver says that a session draws nothing, or not any more.
var errOver = errors.New("portal: nothing is drawn")

// busy is how often a change begins anew when another tab was quicker.
const busy = 50

// edit changes what was drawn in the session, whatever other tabs make of it
// meanwhile, and returns it; errOver if there is nothing.
func (p *Pages) edit(v visit, change func(*pairing) error) (*pairing, error) {
	for range busy {
		d, err := p.drawn(v)
		if err == nil && d == nil {
			err = errOver
		}
		if err == nil {
			err = change(d)
		}
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(d)
		if err != nil {
			return nil, fmt.Errorf("encode pairing: %w", err)
		}
		switch kept, err := p.Tickets.Swap(v.ctx, pairingKey(v.session), d.raw, value, d.Expires.Sub(p.Now())); {
		case err != nil:
			return nil, fmt.Errorf("keep pairing: %w", err)
		case kept:
			return d, nil
		}
	}
	return nil, errOver
}
