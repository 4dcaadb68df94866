package login

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
)

// The names of the fields.
const (
	fieldToken      = "token"
	fieldEmail      = "email"
	fieldPassword   = "password"
	fieldCode       = "code"
	fieldNumber     = "number"
	fieldDecision   = "decision"
	fieldCredential = "credential"
	fieldShown      = "shown"

	sign    = "sign"
	decline = "decline"
)

// browserCookie holds a random value that the tokens of forms are bound to.
const browserCookie = "__Host-pecete-form"

const maxForm = 16 << 10 // bytes

var (
	errForeign = errors.New("login: the form was sent from elsewhere")
	errStale   = errors.New("login: the form is of another browser, another request or an earlier login")
	errForm    = errors.New("login: not one of our forms")
)

// form reads what one of our own forms sent.
func (p *Pages) form(v visit) (url.Values, error) {
	if err := http.NewCrossOriginProtection().Check(v.r); err != nil {
		return nil, fmt.Errorf("%w: %w", errForeign, err)
	}
	kind, _, err := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, fmt.Errorf("%w: content type", errForm)
	}
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
	if err := v.r.ParseForm(); err != nil {
		return nil, fmt.Errorf("%w: %w", errForm, err)
	}
	for name, values := range v.r.PostForm {
		if len(values) > 1 {
			return nil, fmt.Errorf("%w: %q twice", errForm, name)
		}
	}
	cookie, err := v.r.Cookie(browserCookie)
	if err != nil {
		return nil, fmt.Errorf("%w: no cookie", errStale)
	}
	if !same(v.r.PostForm.Get(fieldToken), p.token(v, cookie.Value)) {
		return nil, fmt.Errorf("%w: token", errStale)
	}
	return v.r.PostForm, nil
}

// token is what a form of this page must bring along: of this interaction, of
// who is logged in, and of this browser.
func (p *Pages) token(v visit, browser string) string {
	return encode(p.mac("form", v.path, v.i.ID, v.i.UserID, browser))
}

// newToken is the token for a form that is about to be shown. A browser keeps
// its cookie, so that a form in another window stays good.
func (p *Pages) newToken(v visit) string {
	cookie, err := v.r.Cookie(browserCookie)
	if err != nil || len(cookie.Value) != len(encode(make([]byte, 32))) {
		return p.token(v, newBrowser(v.w))
	}
	return p.token(v, cookie.Value)
}

// newBrowser gives the browser another random value.
func newBrowser(w http.ResponseWriter) string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	setCookie(w, browserCookie, encode(b[:]), 0)
	return encode(b[:])
}

// setCookie sets a cookie that only this host gets, for so many seconds; 0 is
// until the browser is closed, -1 takes it away.
func setCookie(w http.ResponseWriter, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: seconds,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// mac authenticates parts for one use of the key.
func (p *Pages) mac(use string, parts ...string) []byte {
	h := hmac.New(sha256.New, p.Key)
	for _, part := range append([]string{"pecete login", use}, parts...) {
		_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part)))) // never fails
		_, _ = h.Write([]byte(part))
	}
	return h.Sum(nil)
}

func same(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
