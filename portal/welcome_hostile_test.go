package portal_test

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/page/pagetest"
	"github.com/pecete/pecete/portal"
)

// Whatever somebody is called, the pages have the same elements, and show what
// hides.
func TestHostileNames(t *testing.T) {
	w := newWelcome(t)
	w.invite()
	_, text := w.browser().get(w.link("pair"))
	harmless, seen := elements(text), 0
	for n, l := range pagetest.Labels(t) {
		who := guestOf("en")
		who.Email, who.FamilyName = fmt.Sprintf("guest.%d@example.org", n), l.Label
		_, err := w.office.Invite(t.Context(), enrolment.Invitation{Identity: who})
		if errors.Is(err, enrolment.ErrIdentity) {
			continue // no certificate could name him
		}
		must(t, err)
		seen++
		for _, which := range []string{"pair", "activate"} {
			_, text := w.browser().get(w.link(which))
			if which == "pair" && !slices.Equal(elements(text), harmless) {
				t.Errorf("%s: %+q changes the page", l.Family, l.Label)
			}
			if strings.ContainsAny(text, "\u202e\u202d\u200b\x1b\r\x00") {
				t.Errorf("%s: %+q is on the page as it is", l.Family, l.Label)
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d names were invited", seen)
	}
	w.logIsWhole()
}

// From the first button on no URL has a secret in it, and the log never has one,
// nor has the record.
func TestWelcomeTellsNoSecret(t *testing.T) {
	w := newWelcome(t)
	w.invite()
	b := w.browser()
	pair, activate := tokenIn(w.link("pair")), tokenIn(w.link("activate"))
	secret := w.pair(b)
	w.activate(b)
	secrets := []string{pair, activate, secret, w.sms(), another}
	w.after(30 * time.Second)
	code := codeAt(t, secret, w.clock())
	resp, _ := b.send("/portal/login", fields("email", guestEmail, "password", another, "code", code))
	wantRedirect(t, resp, "/portal/certificate")
	b.push("/portal/certificate", "/portal/certificate", fields("accept", "yes"))
	for _, link := range []string{"/welcome/pair?link=" + pair, "/welcome/activate?link=" + activate + "x"} { // and what leads nowhere
		b.get(link)
	}
	var record strings.Builder
	for _, r := range w.audit.Records(t) {
		fmt.Fprintf(&record, "%+v\n", r)
	}
	for _, hidden := range append(secrets, code) {
		if strings.Contains(w.log.String(), hidden) {
			t.Errorf("%.4s… is in the log", hidden)
		}
		if strings.Contains(record.String(), hidden) && len(hidden) > 6 {
			t.Errorf("%.4s… is in the record", hidden)
		}
		for _, url := range w.visited {
			if first := strings.Contains(url, "?link="); !first && strings.Contains(html.UnescapeString(url), hidden) {
				t.Errorf("%.4s… is in the URL %s", hidden, url)
			}
		}
	}
}

// A form of the way is good in the browser that it was shown to, and from this host.
func TestForgedWelcome(t *testing.T) {
	w := newWelcome(t)
	e := w.invite()
	b, other := w.browser(), w.browser()
	w.pair(b)
	b.begin(w.link("activate"))
	_, foreign := other.get(w.link("activate"))
	_, own := b.get("/welcome/activate/phone")
	before, err := w.store.Enrolment(t.Context(), e.ID)
	must(t, err)
	for _, row := range []struct {
		says, token string
		header      []string
		want        int
	}{
		{"without a token", "", nil, 403},
		{"with another browser's", tokenOf(t, foreign), nil, 403},
		{"from another site", tokenOf(t, own), []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"of another type", tokenOf(t, own), []string{"Content-Type", "text/plain"}, 400},
	} {
		for _, path := range []string{"/welcome/activate", "/welcome/again", "/welcome/activate/phone", "/welcome/activate/phone/code"} {
			form := fields("token", row.token, "phone", guestPhone, "code", "123456", "link", tokenIn(w.link("activate")), "has", "activate", "want", "activate")
			if resp, _ := b.do(http.MethodPost, path, form, row.header...); resp.StatusCode != row.want {
				t.Errorf("%s, to %s: %d, want %d", row.says, path, resp.StatusCode, row.want)
			}
		}
	}
	_, text := b.do(http.MethodPost, "/welcome/again", fields("token", ""))
	wantTold(t, text, "out of date", `href="/welcome/pair"`) // which is there
	after, err := w.store.Enrolment(t.Context(), e.ID)
	if must(t, err); after.Revision != before.Revision {
		t.Error("a forged form changed something")
	}
}

// Guessing links is answered with nothing, and then not at all.
func TestGuessedLinks(t *testing.T) {
	w := newWelcome(t)
	last := 0
	for n := range 121 {
		resp, _ := w.browser().get(fmt.Sprintf("%s?link=%043d", portal.PairPath, n))
		last = resp.StatusCode
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the 121st is answered with %d", last)
	}
}

// The answers of the way keep other pages away, and load nothing.
func TestWelcomeHeaders(t *testing.T) {
	w := newWelcome(t)
	w.invite()
	b := w.browser()
	b.begin(w.link("pair"))
	for _, path := range []string{w.link("pair"), portal.PairPath, portal.ActivatePath, "/welcome/pair/code", "/downloads"} {
		resp, text := b.get(path)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
			"Referrer-Policy":         "no-referrer", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if strings.Contains(text, "<script") || strings.Contains(text, " style=") || strings.Contains(text, "src=") {
			t.Errorf("%s has a script, a style or something that is loaded", path)
		}
	}
}
