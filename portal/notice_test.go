package portal_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/portal"
	"github.com/pecete/pecete/users"
)

// A letterbox takes mails, or none.
type letterbox struct {
	mu    sync.Mutex
	got   []notify.Message
	fails error
	wait  chan struct{} // until it is closed no mail is taken
}

func (l *letterbox) Send(_ context.Context, m notify.Message) error {
	if l.wait != nil {
		<-l.wait
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got = append(l.got, m)
	return l.fails
}

// mailed is a house that tells signers by mail.
func mailed(t *testing.T, box *letterbox) (*house, *portal.Mailer) {
	t.Helper()
	var mailer *portal.Mailer
	h := newHouse(t, func(p *portal.Pages) {
		mailer = portal.NewMailer(&portal.Mailer{Mail: box, Signers: p.Signers, From: p.Name, URL: "https://localhost/portal/security", Logger: p.Logger})
		p.Notifier = mailer
	})
	return h, mailer
}

// What is done in a signer's name is told by mail, in the language that the signer
// reads, with when and where it was.
func TestMails(t *testing.T) {
	box := &letterbox{}
	h, mailer := mailed(t, box)
	b := h.inside()
	b.change(password, another, another, h.code())
	secret := b.half()
	h.after(30 * time.Second)
	b.confirm(codeAt(t, secret, h.clock()))
	must(t, mailer.Close())
	subjects := map[string]string{}
	for _, m := range box.got {
		subjects[m.Subject] = m.Text
		if m.To != email || m.HTML == "" {
			t.Errorf("a mail to %s, HTML %t", m.To, m.HTML != "")
		}
	}
	for subject, says := range map[string]string{
		"Pecete: you logged in":                  "with your password and a code",
		"Pecete: your password was changed":      "Your password was changed",
		"Pecete: you have another authenticator": "codes of the old one are good for nothing",
	} {
		text, told := subjects[subject]
		if !told {
			t.Errorf("no mail %q among %v", subject, subjects)
		}
		wantTold(t, text, says, "When: 22 November 2026", "A browser that does not say what it is", "127.0.0.1", "https://localhost/portal/security", "Nobody who works for us")
		for _, hidden := range []string{secret, password, another} {
			if strings.Contains(text, hidden) {
				t.Errorf("%q has a secret in it", subject)
			}
		}
	}
}

// Another authenticator is told by SMS too, to the phone that the signer has; nothing
// else is, and nobody is who has none.
func TestSMS(t *testing.T) {
	for _, row := range []struct{ locale, phone, says string }{
		{"en", "+40700000000", "Pecete: another authenticator app was paired with your account."},
		{"ro", "+40700000000", "Pecete: contului i-a fost asociată altă aplicație de autentificare."},
		{"ro", "", ""},
	} {
		mails, texts := &letterbox{}, &letterbox{}
		h, mailer := mailed(t, mails)
		mailer.SMS = texts
		user, err := h.operator.Add(t.Context(), users.Person{
			Email: "semnatar.demo@example.org", GivenName: "Semnatar", FamilyName: "Demo", Country: "RO", Locale: row.locale, Phone: row.phone,
		})
		must(t, err)
		for _, what := range []portal.Notice{portal.NewSession, portal.NewPassword, portal.FirstAuthenticator, portal.NewAuthenticator} {
			must(t, mailer.Notify(t.Context(), user.ID, what, portal.Place{At: noon}))
		}
		must(t, mailer.Close())
		if len(mails.got) != 4 {
			t.Errorf("%d mails", len(mails.got))
		}
		switch {
		case row.says == "" && len(texts.got) > 0:
			t.Errorf("an SMS to nobody: %v", texts.got)
		case row.says != "" && (len(texts.got) != 1 || texts.got[0].To != row.phone || !strings.HasPrefix(texts.got[0].Text, row.says) || len([]rune(texts.got[0].Text)) > 160):
			t.Errorf("SMS in %s: %v", row.locale, texts.got)
		}
	}
}

func TestMailsInRomanian(t *testing.T) {
	box := &letterbox{}
	h, mailer := mailed(t, box)
	user, err := h.operator.Add(t.Context(), users.Person{Email: "semnatar.demo@example.org", GivenName: "Semnatar", FamilyName: "Demo", Country: "RO", Locale: "ro-RO"})
	must(t, err)
	from := portal.Place{Address: "192.0.2.7", Agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", At: noon}
	must(t, mailer.Notify(t.Context(), user.ID, portal.NewPassword, from))
	must(t, mailer.Close())
	wantTold(t, box.got[0].Text, "Parola dumneavoastră a fost schimbată", "Când: 22 noiembrie 2026", "Firefox, Linux", "192.0.2.7")
	if strings.ContainsAny(box.got[0].Text, "şţ") {
		t.Error("a letter with a cedilla")
	}
}

// A browser may call itself anything: in the mail it is what we know it by.
func TestMailsQuoteNobody(t *testing.T) {
	box := &letterbox{}
	h, mailer := mailed(t, box)
	must(t, mailer.Notify(t.Context(), h.signer.ID, portal.NewSession, portal.Place{Agent: "https://evil.example/ Firefox/1", At: noon}))
	must(t, mailer.Close())
	if text := box.got[0].Text; strings.Contains(text, "evil") {
		t.Errorf("the mail says\n%s", text)
	}
}

// Nobody waits for a mail server, and what it does not take is in the log.
func TestMailServerIsAway(t *testing.T) {
	box := &letterbox{fails: errors.New("it is closed"), wait: make(chan struct{})}
	h, mailer := mailed(t, box)
	for range 32 {
		must(t, mailer.Notify(t.Context(), h.signer.ID, portal.NewSession, portal.Place{At: noon}))
	}
	if err := mailer.Notify(t.Context(), h.signer.ID, portal.NewSession, portal.Place{At: noon}); err == nil {
		t.Error("there is no bound on mails under way")
	}
	if resp, _ := h.inside().get("/portal/security"); resp.StatusCode != http.StatusOK {
		t.Errorf("answered with %d", resp.StatusCode)
	}
	close(box.wait)
	must(t, mailer.Close())
	if n := strings.Count(h.log.String(), "signer not notified"); n != 33 {
		t.Errorf("%d lines in the log:\n%s", n, h.log.String())
	}
	if err := mailer.Notify(t.Context(), "u_none", portal.NewSession, portal.Place{}); !errors.Is(err, users.ErrUnknown) {
		t.Errorf("told nobody: %v", err)
	}
	if err := mailer.Notify(t.Context(), h.signer.ID, "new-moon", portal.Place{}); err == nil {
		t.Error("there is a letter for anything")
	}
}
