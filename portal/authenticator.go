package portal

import (
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
	Sealed  []byte    `json:"sealed,omitempty"` // of the last load
	Tries   int       `json:"tries"`            // left
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
	To    string // where the form goes
}

// showPairing draws the secret anew with each load, so that one that somebody saw
// before is good for nothing.
func (p *Pages) showPairing(v visit) {
	d, err := p.drawn(v)
	if err == nil && d == nil {
		p.over(v)
		return
	}
	shown := pairingPage{frame: p.frame(v, "pairing.title"), To: pairingPath}
	if err == nil {
		shown.Drawn, err = p.redraw(v, d)
	}
	switch {
	case errors.Is(err, errOtherLoad):
		v.GoTo(pairingPath)
	case err != nil:
		p.book.Fail(v.Visit, err)
	default:
		p.book.Render(v.Visit, http.StatusOK, "pairing.html", shown)
	}
}

// errOtherLoad says that another load of the same session was quicker.
var errOtherLoad = errors.New("portal: drawn by another load")

func (p *Pages) redraw(v visit, d *pairing) (drawing, error) {
	next := *d
	var err error
	if next.Sealed, err = p.Registrar.Draw(v.ctx, v.user.ID); err != nil {
		return drawing{}, err
	}
	uri, err := p.Registrar.Pairing(v.ctx, v.user.ID, next.Sealed)
	if err != nil {
		return drawing{}, err
	}
	switch kept, err := p.swap(v, d, next); {
	case err != nil:
		return drawing{}, err
	case !kept:
		return drawing{}, errOtherLoad
	}
	return draw(uri)
}

// showPairingCode asks for the code again, without showing what it is of.
func (p *Pages) showPairingCode(v visit) {
	switch d, err := p.drawn(v); {
	case err != nil:
		p.book.Fail(v.Visit, err)
	case d == nil:
		p.over(v)
	default:
		p.book.Render(v.Visit, http.StatusOK, "pairing-code.html", pairingPage{frame: p.frame(v, "pairing.title"), To: pairingPath})
	}
}

// over sends the signer back to the beginning.
func (p *Pages) over(v visit) {
	p.book.Back(v.on(authenticatorPath), authenticatorPath, page.Note{Kind: "authenticator.error.over"})
}

// confirm makes the drawn authenticator the signer's, by a code of it. Each try is
// counted before it is judged.
func (p *Pages) confirm(v visit) error {
	d, err := p.drawn(v)
	if err != nil {
		return err
	}
	code := codeOf(v.R.PostForm)
	switch {
	case d == nil:
		p.over(v)
		return nil
	case code == "" || d.Sealed == nil:
		return p.refuse(v.at(pairingCodePath), page.Note{Kind: "code.error.shape"})
	}
	next := *d
	next.Tries--
	switch counted, err := p.swap(v, d, next); {
	case err != nil:
		return err
	case !counted: // another try of the same session was quicker
		v.GoTo(pairingCodePath)
		return nil
	}
	stamp := users.NewStamp()
	err = p.Registrar.Confirm(v.ctx, v.user.ID, d.Sealed, code, stamp)
	if errors.Is(err, users.ErrWrong) || errors.Is(err, users.ErrUsed) {
		return p.refused(v.at(pairingCodePath), err, "pairing.wrong.code")
	}
	if err != nil {
		return err
	}
	if err := p.forget(v.ctx, v.session); err != nil {
		return err
	}
	p.tell(v.Visit, v.user.ID, NewAuthenticator)
	return p.renew(v, stamp, "security.done.authenticator")
}

// swap puts next in the place of what was drawn, unless that is another by now.
func (p *Pages) swap(v visit, d *pairing, next pairing) (bool, error) {
	value, err := json.Marshal(next)
	if err != nil {
		return false, fmt.Errorf("encode pairing: %w", err)
	}
	swapped, err := p.Tickets.Swap(v.ctx, pairingKey(v.session), d.raw, value, next.Expires.Sub(p.Now()))
	if err != nil {
		return false, fmt.Errorf("keep pairing: %w", err)
	}
	return swapped, nil
}
