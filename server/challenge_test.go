package server_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

// challenge asks for a challenge of an object.
func (h *house) challenge(c credentials.Credential, object string, headers ...string) answer {
	h.t.Helper()
	return h.call(csc.MethodGetChallenge, fmt.Sprintf(`{"credentialID":%q,"authObjectID":%q}`, c.ID, object), headers...)
}

var sixDigits = regexp.MustCompile(`\b[0-9]{6}\b`)

// sent is the code in the newest message.
func (h *house) sent(b *box) string {
	h.t.Helper()
	all := b.messages()
	if len(all) == 0 {
		h.t.Fatal("nothing was sent")
	}
	return sixDigits.FindString(all[len(all)-1].Text)
}

func wantSent(t *testing.T, a answer) {
	t.Helper()
	if a.status != http.StatusNoContent || a.body != "" || a.header.Get("Content-Type") != "" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %q %v, want 204 without a body", a.status, a.body, a.header)
	}
}

func TestCodesThatAreSent(t *testing.T) {
	h := newHouse(t)
	for object, to := range map[string]struct {
		box     *box
		address string
	}{"EMAIL": {h.mails, "demo.signer@example.org"}, "SMS": {h.sms, "+40700000001"}} {
		c := h.withFactors(credentials.Factors(object))
		wantSent(t, h.challenge(c, object))
		got := to.box.messages()
		if len(got) != 1 || got[0].To != to.address || !strings.Contains(got[0].Text, "Demo Application") {
			t.Fatalf("%s: %+v", object, got)
		}
		code := h.sent(to.box)
		if a := h.ask(c, object+"="+code); a.status != http.StatusOK {
			t.Errorf("%s: %d %s", object, a.status, a.body)
		}
		wantRefusal(t, h.ask(c, object+"="+code), 400, "invalid_authentication_data", invalidProof) // it is good once
		for _, secret := range []string{code, "demo.signer@example.org", "40700000001"} {
			if strings.Contains(h.log.String(), secret) {
				t.Errorf("%s: %q is in the log", object, secret)
			}
		}
	}
	var told []string
	for _, r := range h.records() {
		if r.Event == audit.ChallengeSent || r.Event == audit.GrantIssued {
			told = append(told, string(r.Event)+" "+r.Factor)
		}
	}
	if len(told) != 4 {
		t.Errorf("the record has %q", told)
	}
}

func TestChallengesNobodyCanHave(t *testing.T) {
	h := newHouse(t)
	c := h.withFactors("PIN AND SMS")
	other := h.credential(h.stranger(), csc.P256, func(p *credentials.Profile) { p.Factors = "SMS" })
	code := h.credential(h.signer, csc.P256, func(p *credentials.Profile) { p.Mode = csc.OAuth2Code })
	for name, want := range map[string]struct{ credential, object, says string }{
		"unknown credential":      {"c_1", "SMS", "Invalid parameter credentialID"},
		"another's credential":    {other.ID, "SMS", "Invalid parameter credentialID"},
		"unknown object":          {c.ID, "zz", "Invalid parameter authObjectID"},
		"no object":               {c.ID, "", "Invalid parameter authObjectID"},
		"an object of others":     {c.ID, "EMAIL", "Invalid parameter authObjectID"},
		"an object of its own":    {c.ID, "PIN", "Invalid parameter authObjectID"},
		"a credential of OAuth's": {code.ID, "SMS", "The credential identified by credentialID is authorized with OAuth 2.0"},
	} {
		a := h.call(csc.MethodGetChallenge, fmt.Sprintf(`{"credentialID":%q,"authObjectID":%q}`, want.credential, want.object))
		t.Run(name, func(t *testing.T) { wantRefusal(t, a, 400, "invalid_request", want.says) })
	}
	must(t, h.registry.SetPhone(t.Context(), h.signer.ID, "", noon, users.NewStamp()))
	wantRefusal(t, h.challenge(c, "SMS"), 400, "invalid_request", "Invalid parameter authObjectID")
	if got := len(h.sms.messages()) + len(h.mails.messages()); got != 0 {
		t.Errorf("%d messages were sent", got)
	}
}

// A challenge is for one client, one credential, one time and five minutes, and
// the next takes its place.
func TestChallengesAreBound(t *testing.T) {
	h := newHouse(t)
	c := h.withFactors("SMS")
	twin := h.withFactors("SMS")
	other := h.addApp("Other Application", h.signer.ID)
	refused := func(a answer) {
		t.Helper()
		wantRefusal(t, a, 400, "invalid_authentication_data", invalidProof)
	}
	refused(h.ask(c, "SMS=123456")) // before any
	wantSent(t, h.challenge(c, "SMS"))
	first := h.sent(h.sms)
	refused(h.ask(twin, "SMS="+first))
	mine := h.app.token
	h.app.token = other.token
	refused(h.ask(c, "SMS="+first))
	h.app.token = mine
	for _, odd := range []string{"", first[1:], first + "0", " " + first, "x" + first[1:]} {
		refused(h.ask(c, "SMS="+odd))
	}
	if a, err := h.registry.Attempts(t.Context(), h.signer.ID, "sms"); err != nil || a.Failures != 0 {
		t.Errorf("what could be no guess was counted: %+v, %v", a, err)
	}
	wantSent(t, h.challenge(c, "SMS"))
	if second := h.sent(h.sms); second != first { // once in a million it is the same
		refused(h.ask(c, "SMS="+first))
	}
	h.clock.advance(5*time.Minute - time.Second)
	if a := h.ask(c, "SMS="+h.sent(h.sms)); a.status != http.StatusOK {
		t.Errorf("just before the end: %s", a.body)
	}
	wantSent(t, h.challenge(c, "SMS"))
	h.clock.advance(5 * time.Minute)
	refused(h.ask(c, "SMS="+h.sent(h.sms)))
}

// A signer is sent five messages of a kind in ten minutes, whoever asks.
func TestFewMessages(t *testing.T) {
	h := newHouse(t)
	c := h.withFactors("SMS OR EMAIL")
	var sent, often atomic.Int64
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			switch a := h.challenge(c, "SMS"); {
			case a.status == http.StatusNoContent:
				sent.Add(1)
			case a.status == http.StatusTooManyRequests && a.header.Get("Retry-After") != "":
				often.Add(1)
			default:
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	all.Wait()
	if sent.Load() != 5 || often.Load() != 15 || len(h.sms.messages()) != 5 {
		t.Errorf("%d sent, %d refused", sent.Load(), often.Load())
	}
	wantSent(t, h.challenge(c, "EMAIL"))
	h.clock.advance(10 * time.Minute)
	h.app.token = h.token(h.app)
	wantSent(t, h.challenge(c, "SMS"))
}

// Codes are counted as they are judged: of any number of guesses five, and then
// none is sent either.
func TestCodesThatAreSentLock(t *testing.T) {
	h := newHouse(t)
	c := h.withFactors("SMS")
	wantSent(t, h.challenge(c, "SMS"))
	right := h.sent(h.sms)
	wrong := "000000"
	if right == wrong {
		wrong = "000001"
	}
	var judged atomic.Int64
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			if a := h.ask(c, "SMS="+wrong); strings.Contains(a.body, invalidProof) {
				judged.Add(1)
			}
		})
	}
	all.Wait()
	if judged.Load() != 5 {
		t.Errorf("%d guesses were judged, want 5", judged.Load())
	}
	wantRefusal(t, h.ask(c, "SMS="+right), 400, "invalid_request", "Credential locked")
	wantRefusal(t, h.challenge(c, "SMS"), 400, "invalid_request", "Credential locked")
}

// Of many who give the right code at once one is believed.
func TestACodeThatIsSentIsUsedOnce(t *testing.T) {
	h := newHouse(t)
	for range 5 {
		c := h.withFactors("EMAIL")
		wantSent(t, h.challenge(c, "EMAIL"))
		code := h.sent(h.mails)
		var believed atomic.Int64
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if a := h.ask(c, "EMAIL="+code); a.status == http.StatusOK {
					believed.Add(1)
				}
			})
		}
		all.Wait()
		if believed.Load() != 1 {
			t.Fatalf("one code was believed %d times", believed.Load())
		}
		h.clock.advance(20 * time.Minute)
		h.app.token = h.token(h.app)
	}
}

// What cannot be sent is said to pass, and what cannot be recorded is not sent.
func TestMessagesThatDoNotLeave(t *testing.T) {
	h := newHouse(t)
	c := h.withFactors("EMAIL")
	h.mails.setFull(true)
	a := h.challenge(c, "EMAIL")
	wantRefusal(t, a, 503, "temporarily_unavailable", "")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	h.mails.setFull(false)
	must(t, h.auditLog.Close(t.Context()))
	if a := h.challenge(c, "EMAIL"); a.status < 500 || len(h.mails.messages()) != 0 {
		t.Errorf("%d %s, %d messages", a.status, a.body, len(h.mails.messages()))
	}
}
