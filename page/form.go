package page

import (
	"cmp"
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

// FieldToken is the name of the field with the token of a form.
const FieldToken = "token"

// browserCookie holds a random value that the tokens of forms are bound to.
const browserCookie = "__Host-pecete-form"

const maxForm = 16 << 10 // bytes

// Why a form is not one of ours.
var (
	ErrForeign = errors.New("page: the form was sent from elsewhere")
	ErrStale   = errors.New("page: the form is of another browser, another request or an earlier login")
	ErrForm    = errors.New("page: not one of our forms")
)

// Form reads what one of the page's own forms sent: the values of the body, each
// of which stands there once.
func (b *Book) Form(v Visit) (url.Values, error) {
	if err := http.NewCrossOriginProtection().Check(v.R); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForeign, err)
	}
	kind, _, err := mime.ParseMediaType(v.R.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, fmt.Errorf("%w: content type", ErrForm)
	}
	v.R.Body = http.MaxBytesReader(v.W, v.R.Body, maxForm)
	if err := v.R.ParseForm(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	for name, values := range v.R.PostForm {
		if len(values) > 1 {
			return nil, fmt.Errorf("%w: %q twice", ErrForm, name)
		}
	}
	cookie, err := v.R.Cookie(browserCookie)
	if err != nil {
		return nil, fmt.Errorf("%w: no cookie", ErrStale)
	}
	if !Same(v.R.PostForm.Get(FieldToken), b.token(v, cookie.Value)) {
		return nil, fmt.Errorf("%w: token", ErrStale)
	}
	return v.R.PostForm, nil
}

// token is what a form of this page must bring along: of what it is about, and of
// this browser.
func (b *Book) token(v Visit, browser string) string {
	return encode(b.mac("form", append([]string{cmp.Or(v.Forms, v.Path), browser}, v.Of...)...))
}

// newToken is the token for a form that is about to be shown. A browser keeps
// its cookie, so that a form in another window stays good.
func (b *Book) newToken(v Visit) string {
	cookie, err := v.R.Cookie(browserCookie)
	if err != nil || len(cookie.Value) != len(encode(make([]byte, 32))) {
		return b.token(v, NewBrowser(v.W))
	}
	return b.token(v, cookie.Value)
}

// NewBrowser gives the browser another random value: no form that it was given
// before is good any more.
func NewBrowser(w http.ResponseWriter) string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	SetCookie(w, browserCookie, encode(b[:]), 0)
	return encode(b[:])
}

// SetCookie sets a cookie that only this host gets, for so many seconds; 0 is
// until the browser is closed, -1 takes it away.
func SetCookie(w http.ResponseWriter, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: seconds,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// mac authenticates parts for one use of the key.
func (b *Book) mac(use string, parts ...string) []byte {
	h := hmac.New(sha256.New, b.Key)
	for _, part := range append([]string{"pecete page", use}, parts...) {
		_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part)))) // never fails
		_, _ = h.Write([]byte(part))
	}
	return h.Sum(nil)
}

// Same compares what a stranger sent with what is expected, in a time that tells
// nothing of it.
func Same(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
