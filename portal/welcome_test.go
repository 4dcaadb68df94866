package portal_test

import (
	"encoding/pem"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/portal"
)

// The whole way, from the first mail to the certificate, in either language.
func TestWelcome(t *testing.T) {
	for _, row := range []struct{ lang, begin, paired, phone, account, active, issue, issued string }{
		{"en", "This invitation is for", "open the second mail", "Step 2 of 4", "Step 3 of 4", "Your account is ready", "Step 4 of 4", "Your certificate is issued"},
		{"ro", "Această invitație este pentru", "al doilea e-mail", "Pasul 2 din 4", "Pasul 3 din 4", "Contul este gata", "Pasul 4 din 4", "Certificatul este emis"},
	} {
		t.Run(row.lang, func(t *testing.T) {
			w := newWelcome(t)
			e := w.invite(func(i *enrolment.Identity) { i.Locale = row.lang })
			b := w.browser()
			_, text := b.get(w.link("pair"))
			wantTold(t, text, row.begin, "Semnatar Demo", `<html lang="`+row.lang+`"`)
			secret := w.pair(b)
			_, text = b.get(portal.PairPath)
			wantTold(t, text, row.paired)
			wantRedirect(t, b.begin(w.link("activate")), portal.ActivatePath)
			_, text = b.follow(b.begin(w.link("activate")))
			wantTold(t, text, row.phone, guestPhone, `autocomplete="tel"`)
			resp := b.pushOn(text, "/welcome/activate/phone", fields("phone", "0700 000 001"))
			_, text = b.follow(resp)
			wantTold(t, text, "+40700000001", `autocomplete="one-time-code"`)
			resp = b.pushOn(text, "/welcome/activate/phone/code", fields("code", w.last(`: ([0-9]{6}) `)))
			_, text = b.follow(resp)
			wantTold(t, text, row.account, "2026-11", `autocomplete="new-password"`)
			resp = b.pushOn(text, "/welcome/activate/account", fields("new", another, "again", another, "accept", "yes"))
			_, text = b.follow(resp)
			wantTold(t, text, row.active, `href="/portal/login"`)
			w.after(30 * time.Second)
			resp, _ = b.send("/portal/login", fields("email", guestEmail, "password", another, "code", codeAt(t, secret, w.clock())))
			wantRedirect(t, resp, "/portal/certificate")
			_, text = b.get("/portal/certificate")
			wantTold(t, text, row.issue, "Semnatar", "Demo")
			wantRedirect(t, b.pushOn(text, "/portal/certificate", fields("accept", "yes")), "/portal/certificate")
			_, text = b.get("/portal/certificate")
			wantTold(t, text, row.issued, "Demo CA, no legal value", "Semnatar Demo, "+strings.TrimPrefix(e.UserID, "u_")+", RO", "2026", "P-256")
			w.certificate(b, text, e)
		})
	}
}

// certificate downloads what was issued, in both forms.
func (w *welcome) certificate(b *browser, text string, e enrolment.Enrolment) {
	t := w.t
	t.Helper()
	id := regexp.MustCompile(`/portal/certificates/(c_[0-9a-f]{32})\?form=pem`).FindStringSubmatch(text)[1]
	_, der := b.get("/portal/certificates/" + id + "?form=der")
	_, chain := b.get("/portal/certificates/" + id + "?form=pem")
	block, _ := pem.Decode([]byte(chain))
	if block == nil || string(block.Bytes) != der {
		t.Error("the two downloads are not one certificate")
	}
	kept, err := w.store.Enrolment(t.Context(), e.ID)
	if err != nil || kept.State != enrolment.Issued || kept.CredentialID != id || w.device.made != 1 {
		t.Errorf("enrolment %+v, %v, %d keys", kept, err, w.device.made)
	}
	user, err := w.store.User(t.Context(), e.UserID)
	if err != nil || user.Phone != "+40700000001" {
		t.Errorf("phone %q, %v", user.Phone, err)
	}
	if kept.Progress.TermsVersion != "2026-11" || kept.Progress.TermsAt.IsZero() {
		t.Errorf("terms %q", kept.Progress.TermsVersion)
	}
}

// Programs that look into mails open every link, again and again: nothing comes of
// it, and the signer goes on as if they had not.
func TestLinksArePrefetched(t *testing.T) {
	w := newWelcome(t)
	e := w.invite()
	before, err := w.store.Enrolment(t.Context(), e.ID)
	must(t, err)
	records := len(w.audit.Records(t))
	for range 200 {
		scanner := w.browser()
		for _, which := range []string{"pair", "activate"} {
			resp, text := scanner.get(w.link(which))
			if resp.StatusCode != http.StatusOK || len(scanner.cookie("__Host-pecete-"+which)) > 0 || strings.Contains(text, "otpauth") {
				t.Fatalf("a scanner is answered with %d", resp.StatusCode)
			}
			scanner.do(http.MethodHead, w.link(which), nil)
		}
	}
	after, err := w.store.Enrolment(t.Context(), e.ID)
	must(t, err)
	if after.Revision != before.Revision || len(w.audit.Records(t)) != records {
		t.Error("a GET changed something")
	}
	b := w.browser()
	w.pair(b)
	w.activate(b)
}

// What a link that is not good says, and what can be done then.
func TestLinksThatAreNotGood(t *testing.T) {
	type state struct {
		w    *welcome
		e    enrolment.Enrolment
		link string
	}
	for _, row := range []struct {
		says, which string
		make        func(s *state)
		status      int
		told, again string
	}{
		{"never sent", "pair", func(s *state) { s.link = "/welcome/pair?link=" + strings.Repeat("A", 43) }, 404, "good for nothing", ""},
		{"cut short", "activate", func(s *state) { s.link = s.link[:len(s.link)-3] }, 404, "not copied whole", ""},
		{"empty", "pair", func(s *state) { s.link = "/welcome/pair?link=" }, 404, "Open the link in the mail", ""},
		{"none at all", "activate", func(s *state) { s.link = "/welcome/activate" }, 404, "Open the link in the mail", ""},
		{"the other one's token", "activate", func(s *state) { s.link = "/welcome/activate?link=" + tokenIn(s.w.link("pair")) }, 404, "good for nothing", ""},
		{"a day old", "pair", func(s *state) { s.w.after(24 * time.Hour) }, 410, "too old", "pair"},
		{"a day old, the second", "activate", func(s *state) { s.w.after(24 * time.Hour) }, 410, "too old", "activate"},
		{"replaced", "pair", func(s *state) { _, _ = s.w.office.Resend(t.Context(), s.e.ID, enrolment.LinkPair) }, 404, "newer mail took its place", ""},
		{"cancelled", "activate", func(s *state) { _, _ = s.w.office.Cancel(t.Context(), s.e.ID) }, 410, "taken the invitation back", ""},
		{"used", "pair", func(s *state) { s.w.pair(s.w.browser()) }, 200, "Your app is paired", "activate"},
		{"used, the second", "activate", func(s *state) { s.w.pair(s.w.browser()); s.w.activate(s.w.browser()) }, 200, "Your account is ready", ""},
		{"used both", "pair", func(s *state) { s.w.pair(s.w.browser()); s.w.activate(s.w.browser()) }, 200, "Your account is ready", ""},
	} {
		t.Run(row.says, func(t *testing.T) {
			w := newWelcome(t)
			s := &state{w: w, e: w.invite()}
			s.link = w.link(row.which)
			row.make(s)
			b := w.browser()
			resp, text := b.get(s.link)
			if resp.StatusCode != row.status {
				t.Errorf("answered with %d, want %d", resp.StatusCode, row.status)
			}
			wantTold(t, text, row.told)
			if strings.Contains(text, "otpauth") || strings.Contains(text, "<svg") {
				t.Error("a secret is shown")
			}
			if again := strings.Contains(text, `action="/welcome/again"`); again != (row.again != "") {
				t.Fatalf("can be sent again: %t", again)
			}
			if row.again == "" {
				return
			}
			sent := len(w.box.got)
			if resp := b.pushOn(text, "/welcome/again", fields()); resp.StatusCode != http.StatusOK || len(w.box.got) != sent+1 {
				t.Fatalf("answered with %d, %d mails", resp.StatusCode, len(w.box.got)-sent)
			}
			if last := w.box.got[sent]; last.To != guestEmail || !strings.Contains(last.Text, "/welcome/"+row.again+"?") {
				t.Errorf("a mail to %s:\n%s", last.To, last.Text)
			}
			if resp := w.browser().begin(w.link(row.again)); resp.StatusCode != http.StatusSeeOther {
				t.Errorf("the new link is answered with %d", resp.StatusCode)
			}
		})
	}
}

// The second mail may be opened first: it says so, and sends the first again, not
// more than three times an hour.
func TestSecondMailFirst(t *testing.T) {
	w := newWelcome(t)
	w.invite()
	b := w.browser()
	_, text := b.follow(b.begin(w.link("activate")))
	wantTold(t, text, "First the app, then the account", "Configure the authorisation mechanism")
	for _, path := range []string{"/welcome/activate/phone", "/welcome/activate/account", "/welcome/activate/phone/code"} {
		if resp, text := b.get(path); resp.StatusCode != http.StatusConflict {
			t.Errorf("%s: %d\n%s", path, resp.StatusCode, text)
		}
	}
	old := w.link("pair")
	for n, want := range []int{200, 200, 200, 429} {
		if resp := b.pushOn(text, "/welcome/again", fields()); resp.StatusCode != want {
			t.Fatalf("mail %d: %d", n, resp.StatusCode)
		}
	}
	if resp, _ := w.browser().get(old); resp.StatusCode != http.StatusNotFound {
		t.Errorf("the old link: %d", resp.StatusCode)
	}
	w.pair(b)
	_, text = b.get(portal.PairPath)
	wantTold(t, text, "opened the second mail already", `href="/welcome/activate"`)
	_, text = b.follow(&http.Response{Header: http.Header{"Location": {portal.ActivatePath}}})
	wantTold(t, text, "Your phone number")
}

// Each load draws another secret; only the last one is good, and after it is
// confirmed none is shown.
func TestPairingTabs(t *testing.T) {
	w := newWelcome(t)
	w.invite()
	b := w.browser()
	link := w.link("pair")
	b.begin(link)
	_, first := b.get(portal.PairPath)
	_, second := b.get(portal.PairPath) // another tab, a reload, the back button
	if secretOf(t, first) == secretOf(t, second) {
		t.Fatal("the same secret twice")
	}
	at := func(text string) string { return codeAt(t, secretOf(t, text), w.clock()) }
	_, text := b.follow(b.pushOn(first, "/welcome/pair/code", fields("code", at(first))))
	wantTold(t, text, "open twice", "delete the entry")
	third := text
	_, text = b.follow(b.pushOn(third, "/welcome/pair/code", fields("code", at(second))))
	wantTold(t, text, "not one of the new authenticator")
	if strings.Contains(text, "otpauth") || strings.Contains(text, "<svg") || secretCode.MatchString(text) {
		t.Error("the secret is shown after a wrong code")
	}
	for _, code := range []string{"", "12345", "1234567", "abcdef", "１２３４５６"} {
		_, text = b.follow(b.pushOn(text, "/welcome/pair/code", fields("code", code)))
		wantTold(t, text, "six digits")
	}
	w.after(30 * time.Second)
	right := at(third)
	resp := b.pushOn(text, "/welcome/pair/code", fields("code", right))
	wantRedirect(t, resp, "/welcome/pair/code")
	_, text = b.follow(b.pushOn(text, "/welcome/pair/code", fields("code", right))) // twice clicked
	wantTold(t, text, "used already", "wait until your app shows another code")
	w.after(30 * time.Second)
	right = at(third)
	resp = b.pushOn(third, "/welcome/pair/code", fields("code", right)) // in the tab with the picture
	wantRedirect(t, resp, portal.PairPath)
	_, after := b.get(portal.PairPath)
	wantTold(t, after, "The app is paired")
	_, text = b.follow(b.pushOn(text, "/welcome/pair/code", fields("code", right))) // twice clicked
	wantTold(t, text, "Your app is paired")
	for _, path := range []string{portal.PairPath, "/welcome/pair/code", link} {
		if _, text := b.get(path); strings.Contains(text, "otpauth") || strings.Contains(text, "<svg") {
			t.Errorf("%s shows the secret", path)
		}
	}
	other := w.browser()
	_, text = other.get(link) // forwarded, and too late
	wantTold(t, text, "Your app is paired")
}

// Whoever invites another one opened the same link before: only what was drawn last
// counts, so that the loser sees that somebody was there.
func TestForwardedLink(t *testing.T) {
	w := newWelcome(t)
	w.invite()
	signer, thief := w.browser(), w.browser()
	signer.begin(w.link("pair"))
	thief.begin(w.link("pair"))
	_, his := signer.get(portal.PairPath)
	_, stolen := thief.get(portal.PairPath)
	_, text := signer.follow(signer.pushOn(his, "/welcome/pair/code", fields("code", codeAt(t, secretOf(t, his), w.clock()))))
	wantTold(t, text, "open twice")
	_, text = thief.follow(thief.pushOn(stolen, "/welcome/pair/code", fields("code", codeAt(t, secretOf(t, stolen), w.clock()))))
	wantTold(t, text, "open twice")
	notices := len(w.notices)
	w.pair(signer)
	if len(w.notices) != notices+1 || w.notices[notices] != portal.FirstAuthenticator {
		t.Errorf("told %v", w.notices)
	}
	_, text = thief.get(portal.PairPath)
	if strings.Contains(text, "otpauth") {
		t.Error("the thief goes on")
	}
}

// The second code is that of the step right after the first; until it comes a reload,
// the way back and another tab ask for it.
func TestSecondCodeOfTheFirstApp(t *testing.T) {
	for _, row := range []struct{ lang, right, wait, used, wrong, apart string }{
		{"en", "The first code is right", "wait until your app shows another code", "used already", "not one of the new authenticator", "not the one right after the code before"},
		{"ro", "Primul cod este corect", "așteptați până când aplicația arată alt cod", "deja folosit", "nu este al noului autentificator", "nu este cel care vine imediat după celălalt"},
	} {
		t.Run(row.lang, func(t *testing.T) {
			w := newWelcome(t)
			e := w.invite(func(i *enrolment.Identity) { i.Locale = row.lang })
			b := w.browser()
			b.begin(w.link("pair"))
			_, picture := b.get(portal.PairPath)
			secret := secretOf(t, picture)
			w.after(30 * time.Second)
			first := codeAt(t, secret, w.clock())
			_, text := b.follow(b.pushOn(picture, "/welcome/pair/code", fields("code", first)))
			for range 2 {
				wantTold(t, text, row.right, row.wait)
				_, text = b.follow(&http.Response{Header: http.Header{"Location": {portal.PairPath}}}) // back
			}
			_, text = b.follow(b.pushOn(text, "/welcome/pair/code", fields("code", first)))
			wantTold(t, text, row.used, row.wait)
			_, text = b.follow(b.pushOn(text, "/welcome/pair/code", fields("code", w.wrongCode())))
			wantTold(t, text, row.wrong, row.wait)
			w.after(time.Minute) // too late for the one that was wanted
			_, text = b.follow(w.typed(b, text, secret))
			wantTold(t, text, row.apart, row.wait)
			if user, err := w.store.User(t.Context(), e.UserID); err != nil || user.Secret != nil {
				t.Fatalf("it counts already: %v", err)
			}
			wantRedirect(t, w.typed(b, text, secret), portal.PairPath)
			if user, err := w.store.User(t.Context(), e.UserID); err != nil || user.Secret == nil {
				t.Errorf("two in a row do not count: %v", err)
			}
		})
	}
}

// Who comes by the link after somebody typed a first code sees no page that asks for
// the second, but a picture of his own; so does who asks for one, or types too many
// wrong codes.
func TestHalfPaired(t *testing.T) {
	for says, comes := range map[string]func(w *welcome, thief *browser, text string) (told string){
		"the link, opened anew": func(w *welcome, _ *browser, _ string) string {
			signer := w.browser()
			_, text := signer.follow(signer.begin(w.link("pair")))
			return text
		},
		"a page from before": func(w *welcome, thief *browser, text string) string {
			old := regexp.MustCompile(`name="drawing" value="[^"]*"`).ReplaceAllString(text, `name="drawing" value="another"`)
			_, text = thief.follow(w.typed(thief, old, strings.Repeat("A", 32)))
			return text
		},
		"a new picture": func(_ *welcome, thief *browser, text string) string {
			_, text = thief.follow(thief.pushOn(text, "/welcome/pair/code", fields("redraw", "yes", "code", "")))
			return text
		},
		"five wrong codes": func(w *welcome, thief *browser, text string) string {
			for range 5 {
				_, text = thief.follow(thief.pushOn(text, "/welcome/pair/code", fields("code", w.wrongCode())))
			}
			return text
		},
	} {
		t.Run(says, func(t *testing.T) {
			w := newWelcome(t)
			e := w.invite()
			thief := w.browser()
			thief.begin(w.link("pair"))
			_, picture := thief.get(portal.PairPath)
			secret := secretOf(t, picture)
			_, text := thief.follow(w.typed(thief, picture, secret))
			wantTold(t, text, "The first code is right", "If you have not typed a code yet")
			if fresh := secretOf(t, comes(w, thief, text)); fresh == secret {
				t.Error("the same secret is shown again")
			}
			_, text = thief.follow(w.typed(thief, text, secret))
			wantTold(t, text, "open twice")
			if user, err := w.store.User(t.Context(), e.UserID); err != nil || user.Secret != nil {
				t.Errorf("his app is paired: %v", err)
			}
		})
	}
}

func TestPhone(t *testing.T) {
	w := newWelcome(t)
	w.invite()
	b := w.browser()
	w.pair(b)
	b.begin(w.link("activate"))
	phone := func(number string) string {
		_, text := b.follow(b.push("/welcome/activate/phone", "/welcome/activate/phone", fields("phone", number)))
		return text
	}
	code := func(code string) string {
		_, text := b.follow(b.push("/welcome/activate/phone/code", "/welcome/activate/phone/code", fields("code", code)))
		return text
	}
	for _, number := range []string{"", "12", "+0700000000", "+40 7oo", "tel:+40700000000", "+40700000000\r\nBcc: x", strings.Repeat("1", 40)} {
		wantTold(t, phone(number), "No SMS can be sent to this number")
	}
	if resp, _ := b.get("/welcome/activate/phone/code"); resp.StatusCode != http.StatusSeeOther {
		t.Error("a code is asked for, and none was sent")
	}
	wantTold(t, phone("0040 (700) 000-002"), "The SMS is on its way", "+40700000002")
	old := w.sms()
	wantTold(t, phone("+40 700 000 001"), "+40700000001")
	wrong := "000000"
	if wrong == w.sms() || wrong == old {
		wrong = "000001"
	}
	wantTold(t, code("12 34"), "six digits")
	wantTold(t, code(wrong), "not right", "4 more tries")
	if old != w.sms() {
		wantTold(t, code(old), "not right", "3 more tries") // of the number before
	}
	w.after(5 * time.Minute)
	wantTold(t, code(w.sms()), "too old")
	wantTold(t, phone(guestPhone), guestPhone)
	wantTold(t, phone(guestPhone), "No more codes are sent", "UTC")
	_, text := b.get("/welcome/activate/phone")
	wantTold(t, text, "I have a code")
	wantTold(t, code(w.sms()), "The number is confirmed")
	_, text = b.follow(b.push("/welcome/activate/account", "/welcome/activate/account", fields()))
	wantTold(t, text, "Fill in all of it")
	if resp, _ := b.get("/welcome/activate/phone"); resp.Header.Get("Location") != "/welcome/activate/account" { // the back button
		t.Error("the number is asked for again")
	}
}

func TestAccount(t *testing.T) {
	w := newWelcome(t, func(o *enrolment.Office) { o.Post.SMS = nil })
	e := w.invite()
	b := w.browser()
	w.pair(b)
	b.begin(w.link("activate"))
	_, text := b.follow(&http.Response{Header: http.Header{"Location": {portal.ActivatePath}}})
	wantTold(t, text, "Step 2 of 3", "Choose a password", "I have read the terms")
	set := func(fresh, again, accept string) string {
		_, text := b.follow(b.push("/welcome/activate/account", "/welcome/activate/account", fields("new", fresh, "again", again, "accept", accept)))
		return text
	}
	wantTold(t, set("", "", "yes"), "Fill in all of it")
	wantTold(t, set(another, another+"x", "yes"), "not the same both times")
	wantTold(t, set("eleven byte", "eleven byte", "yes"), "too short or too long")
	wantTold(t, set(another, another, ""), "say that you accept them")
	if user, err := w.store.User(t.Context(), e.UserID); err != nil || user.PasswordHash != "" {
		t.Error("a password was set without the terms")
	}
	resp := b.push("/welcome/activate/account", "/welcome/activate/account", fields("new", another, "again", another, "accept", "yes", "version", "2020-01"))
	_, text = b.follow(resp)
	wantTold(t, text, "The terms have changed")
	if strings.Contains(text, `name="new"`) {
		t.Error("a password that is set is asked for again")
	}
	_, text = b.follow(b.pushOn(text, "/welcome/activate/account", fields("accept", "yes")))
	wantTold(t, text, "Your account is ready")
	kept, err := w.store.Enrolment(t.Context(), e.ID)
	if err != nil || kept.State != enrolment.Activated {
		t.Errorf("%+v, %v", kept, err)
	}
}

// Whoever logs in twice, in two windows, and clicks twice, gets one certificate.
func TestIssueOnce(t *testing.T) {
	w := newWelcome(t)
	e := w.invite()
	b := w.browser()
	secret := w.pair(b)
	w.activate(b)
	in := func() *browser {
		t.Helper()
		w.after(30 * time.Second)
		b := w.browser()
		resp, _ := b.send("/portal/login", fields("email", guestEmail, "password", another, "code", codeAt(t, secret, w.clock())))
		wantRedirect(t, resp, "/portal/certificate")
		return b
	}
	one, other := in(), in()
	_, waits := one.get("/portal/security")
	wantTold(t, waits, "A certificate waits for you", `href="/portal/certificate"`)
	_, text := one.follow(one.push("/portal/certificate", "/portal/certificate", fields()))
	wantTold(t, text, "say whether they are right")
	_, first := one.get("/portal/certificate")
	_, second := other.get("/portal/certificate")
	done := make(chan int, 8)
	for n := range 8 {
		go func() {
			b, page := one, first
			if n%2 == 1 {
				b, page = other, second
			}
			resp, _ := b.do(http.MethodPost, "/portal/certificate", fields("token", tokenOf(t, page), "accept", "yes"))
			done <- resp.StatusCode
		}()
	}
	for range 8 {
		if status := <-done; status != http.StatusSeeOther {
			t.Errorf("answered with %d", status)
		}
	}
	all, err := w.store.CredentialsOf(t.Context(), e.UserID)
	if err != nil || len(all) != 1 || w.device.made != 1 {
		t.Errorf("%d certificates of %d keys, %v", len(all), w.device.made, err)
	}
	_, text = other.get("/portal/certificate")
	wantTold(t, text, "Your certificate is issued")
	w.after(30 * time.Second)
	resp, _ := w.browser().send("/portal/login", fields("email", guestEmail, "password", another, "code", codeAt(t, secret, w.clock())))
	wantRedirect(t, resp, "/portal/security")
}

// Who was never invited has no such page.
func TestNoEnrolment(t *testing.T) {
	w := newWelcome(t)
	b := w.inside()
	resp, _ := b.get("/portal/certificate")
	wantRedirect(t, resp, "/portal/security")
	resp, _ = b.sendTo("/portal/security", "/portal/certificate", fields("accept", "yes"))
	wantRedirect(t, resp, "/portal/security")
	resp, _ = w.browser().get("/portal/certificate")
	wantRedirect(t, resp, "/portal/login")
	plain := newHouse(t)
	for _, path := range []string{portal.PairPath, portal.ActivatePath, "/portal/certificate"} {
		if resp, _ := plain.browser().get(path); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s without an office: %d", path, resp.StatusCode)
		}
	}
}
