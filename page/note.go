package page

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// noteCookie carries what a form led to over the redirect to the page.
const noteCookie = "__Host-pecete-note"

const noteLife = 2 * time.Minute

// A Note says what became of the last form. Its Kind is the key of a text.
type Note struct {
	Kind  string    `json:"kind"`
	Good  bool      `json:"good,omitempty"` // it is no refusal
	Left  int       `json:"left,omitempty"`
	Until time.Time `json:"until,omitzero"`
	Email string    `json:"email,omitempty"` // to be filled in again
	Made  time.Time `json:"made"`
}

// Back answers a form with a page, and a note there: the one that v is of.
func (b *Book) Back(v Visit, url string, n Note) {
	n.Made = b.Now().UTC()
	body, err := json.Marshal(n)
	if err != nil {
		b.Fail(v, err)
		return
	}
	value := encode(body)
	SetCookie(v.W, noteCookie, value+"."+b.noteMAC(v, value), int(noteLife.Seconds()))
	v.GoTo(url)
}

// Note takes the note for this page, or the zero note.
func (b *Book) Note(v Visit) Note {
	cookie, err := v.R.Cookie(noteCookie)
	if err != nil {
		return Note{}
	}
	value, mac, _ := strings.Cut(cookie.Value, ".")
	if !Same(mac, b.noteMAC(v, value)) {
		return Note{} // of another window
	}
	SetCookie(v.W, noteCookie, "", -1)
	body, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return Note{}
	}
	var n Note
	if json.Unmarshal(body, &n) != nil || b.Now().Sub(n.Made) > noteLife {
		return Note{}
	}
	return n
}

func (b *Book) noteMAC(v Visit, value string) string {
	return encode(b.mac("note", append([]string{v.Path, value}, v.Of...)...))
}
