package login

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// noteCookie carries what a form led to over the redirect to the page.
const noteCookie = "__Host-pecete-note"

const noteLife = 2 * time.Minute

// A note says what became of the last form. Its Kind is the key of a text.
type note struct {
	Kind  string    `json:"kind"`
	Left  int       `json:"left,omitempty"`
	Until time.Time `json:"until,omitzero"`
	Email string    `json:"email,omitempty"` // to be filled in again
	Made  time.Time `json:"made"`
}

// The notes.
const (
	noteEmpty    = "login.error.empty"
	noteWrong    = "login.error.wrong"
	noteDisabled = "login.error.disabled"
	noteAccount  = "login.error.account"

	noteShape  = "code.error.shape"
	noteCode   = "code.error.wrong"
	noteUsed   = "code.error.used"
	notePaused = "code.error.paused"
	noteLocked = "code.error.locked"
	noteChange = "code.error.changed"
	noteShapes = "code.error.shapes"
	noteEither = "code.error.either"
)

// back answers a form with the page that it is on, and a note there.
func (p *Pages) back(v visit, url string, n note) {
	n.Made = p.Now().UTC()
	body, err := json.Marshal(n)
	if err != nil {
		p.fail(v, err)
		return
	}
	value := encode(body)
	setCookie(v.w, noteCookie, value+"."+p.noteMAC(v, value), int(noteLife.Seconds()))
	v.goTo(url)
}

// note takes the note for this page, or the zero note.
func (p *Pages) note(v visit) note {
	cookie, err := v.r.Cookie(noteCookie)
	if err != nil {
		return note{}
	}
	value, mac, _ := strings.Cut(cookie.Value, ".")
	if !same(mac, p.noteMAC(v, value)) {
		return note{} // of another window
	}
	setCookie(v.w, noteCookie, "", -1)
	body, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return note{}
	}
	var n note
	if json.Unmarshal(body, &n) != nil || p.Now().Sub(n.Made) > noteLife {
		return note{}
	}
	return n
}

func (p *Pages) noteMAC(v visit, value string) string {
	return encode(p.mac("note", v.path, v.i.ID, v.i.UserID, value))
}
