package portal

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"image/png"
	"net/http"
	"net/url"
	"time"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"

	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/users"
)

const (
	pairingLife  = 10 * time.Minute
	pairingTries = 5
)

// A pairing is an authenticator that was drawn and is not the signer's yet. It is
// of one session.
type pairing struct {
	Sealed  []byte    `json:"sealed"`
	Tries   int       `json:"tries"` // left
	Expires time.Time `json:"expires"`

	raw []byte
}

func pairingKey(s Session) string { return "pairing:" + s.ID }

func (p *Pages) showAuthenticator(v visit) {
	p.book.Render(v.Visit, http.StatusOK, "authenticator.html", factorPage{frame: p.frame(v, "authenticator.title")})
}

// draw makes the secret of a new authenticator, after a code of the old one.
func (p *Pages) draw(v visit) error {
	code := codeOf(v.R.PostForm)
	if code == "" {
		return p.refuse(v, page.Note{Kind: "code.error.shape"})
	}
	if _, err := p.Factors.Code(v.ctx, v.user.ID, code); err != nil {
		return p.refused(v, err, "code.error.wrong")
	}
	sealed, err := p.Registrar.Draw(v.ctx, v.user.ID)
	if err != nil {
		return err
	}
	value, err := json.Marshal(pairing{Sealed: sealed, Tries: pairingTries, Expires: p.Now().Add(pairingLife)})
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

// drawn is what was drawn in the session; nil if nothing was, or too long ago.
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
// place where its secret is seen, until it is confirmed.
type pairingPage struct {
	frame
	Picture template.URL // the QR code
	Link    template.URL // for the app on this very device
	Secret  []string     // in groups of four
}

func (p *Pages) showPairing(v visit) {
	d, err := p.drawn(v)
	if err == nil && d == nil {
		p.book.Back(v.on(authenticatorPath), authenticatorPath, page.Note{Kind: "authenticator.error.over"})
		return
	}
	shown := pairingPage{frame: p.frame(v, "pairing.title")}
	if err == nil {
		err = p.picture(v, d, &shown)
	}
	if err != nil {
		p.book.Fail(v.Visit, err)
		return
	}
	p.book.Render(v.Visit, http.StatusOK, "pairing.html", shown)
}

// picture draws what an app is paired with.
func (p *Pages) picture(v visit, d *pairing, shown *pairingPage) error {
	uri, err := p.Registrar.Pairing(v.ctx, v.user.ID, d.Sealed)
	if err != nil {
		return err
	}
	code, err := qr.Encode(uri, qr.M, qr.Auto)
	if err == nil {
		code, err = barcode.Scale(code, 6*code.Bounds().Dx(), 6*code.Bounds().Dy())
	}
	var drawn bytes.Buffer
	if err == nil {
		err = png.Encode(&drawn, code)
	}
	if err != nil {
		return errors.New("draw QR code") // the cause may have the secret in it
	}
	parsed, err := url.Parse(uri)
	if err != nil {
		return errors.New("read pairing URI")
	}
	shown.Picture = template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(drawn.Bytes()))
	shown.Link = template.URL(uri)
	for secret := parsed.Query().Get("secret"); secret != ""; secret = secret[min(4, len(secret)):] {
		shown.Secret = append(shown.Secret, secret[:min(4, len(secret))])
	}
	return nil
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
		p.book.Back(v.on(authenticatorPath), authenticatorPath, page.Note{Kind: "authenticator.error.over"})
		return nil
	case code == "":
		return p.refuse(v, page.Note{Kind: "code.error.shape"})
	}
	switch counted, err := p.try(v, d); {
	case err != nil:
		return err
	case !counted: // another try of the same session was quicker
		v.GoTo(pairingPath)
		return nil
	}
	stamp := users.NewStamp()
	err = p.Registrar.Confirm(v.ctx, v.user.ID, d.Sealed, code, stamp)
	if errors.Is(err, users.ErrWrong) || errors.Is(err, users.ErrUsed) {
		return p.refused(v, err, "code.error.wrong")
	}
	if err != nil {
		return err
	}
	if err := p.forget(v.ctx, v.session); err != nil {
		return err
	}
	p.tell(v.ctx, v.user.ID, NewAuthenticator)
	return p.renew(v, stamp, "security.done.authenticator")
}

// try takes a try from what was drawn.
func (p *Pages) try(v visit, d *pairing) (bool, error) {
	next := *d
	next.Tries--
	value, err := json.Marshal(next)
	if err != nil {
		return false, fmt.Errorf("encode pairing: %w", err)
	}
	counted, err := p.Tickets.Swap(v.ctx, pairingKey(v.session), d.raw, value, next.Expires.Sub(p.Now()))
	if err != nil {
		return false, fmt.Errorf("count try: %w", err)
	}
	return counted, nil
}
