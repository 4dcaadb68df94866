package portal_test

import (
	"strings"
	"testing"
	"time"
)

// At each step a reload shows the same step, and so does another browser that
// follows the link of the mail, hours later: nothing is lost on the way.
func TestResume(t *testing.T) {
	w := newWelcome(t)
	w.invite()
	b := w.browser()
	at := func(which, step string, told ...string) {
		t.Helper()
		w.after(2 * time.Hour)
		fresh := w.browser()
		for _, text := range []string{b.seen("/welcome/" + which), b.seen("/welcome/" + which), w.begun(fresh, which)} {
			wantTold(t, text, append(told, step)...)
		}
	}
	b.begin(w.link("pair"))
	at("pair", "Step 1 of 4", "Scan the picture")
	w.pair(b)
	at("pair", "Step 1 of 4", "open the second mail")
	b.begin(w.link("activate"))
	at("activate", "Step 2 of 4", "Mobile phone number", guestPhone)
	_, text := b.follow(b.push("/welcome/activate/phone", "/welcome/activate/phone", fields("phone", "+40700000009")))
	wantTold(t, text, "+40700000009")
	at("activate", "Step 2 of 4", `value="+40700000009"`)
	_, text = b.follow(b.push("/welcome/activate/phone", "/welcome/activate/phone", fields("phone", "+40700000009")))
	b.follow(b.pushOn(text, "/welcome/activate/phone/code", fields("code", w.sms())))
	at("activate", "Step 3 of 4", "Choose a password", "I have read the terms")
	b.follow(b.push("/welcome/activate/account", "/welcome/activate/account", fields("new", another, "again", another, "accept", "yes")))
	at("activate", "Step 4 of 4", "Your account is ready")
	at("pair", "Step 4 of 4", "Your account is ready")
}

// seen is the page at a path, wherever that leads.
func (b *browser) seen(path string) string {
	b.t.Helper()
	resp, text := b.get(path)
	if resp.Header.Get("Location") != "" {
		_, text = b.follow(resp)
	}
	return text
}

// begun is the page that the button of a link leads to, or the link itself if there
// is nothing left to begin.
func (w *welcome) begun(b *browser, which string) string {
	w.t.Helper()
	text := b.seen(w.link(which))
	if strings.Contains(text, `action="/welcome/`+which+`"`) {
		_, text = b.follow(b.begin(w.link(which)))
	}
	return text
}
