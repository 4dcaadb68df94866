package enrolment_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/users"
)

const contact = "+40 21 000 0000"

// signed is a house with a signer who has a certificate, and his old invitation.
func signed(t *testing.T) (*house, enrolment.Enrolment, credentials.Credential) {
	t.Helper()
	h := newHouse(t)
	h.Office = h.office(h.store, newSealer(t), newSoftHSM(t), newAuthority(t, h.now))
	h.Recovery = enrolment.Recovery{Delay: 24 * time.Hour, Contact: contact}
	e, err := h.Invite(t.Context(), enrolment.Invitation{Identity: demoSigner(), Inviter: "app_1"})
	must(t, err)
	h.pair()
	h.activate()
	c, err := h.Issue(t.Context(), e.UserID)
	must(t, err)
	return h, e, c
}

// usable is what an application is told that wants to sign with a credential.
func (h *house) usable(c credentials.Credential) error {
	h.t.Helper()
	register := credentials.Register{Store: h.store, Users: h.store, Now: h.now}
	now, err := register.Owned(h.t.Context(), credentials.Caller{UserID: c.UserID}, c.ID)
	must(h.t, err)
	if now.Standing == users.Out {
		return users.ErrLocked
	}
	return now.Usable(h.now())
}

// Every way back of somebody who has lost something, whoever opens it: what he was
// given before ends at once, he is told on every way that is known, and signs only
// when the delay is over, unless an operator had him before him.
func TestWaysBack(t *testing.T) {
	again := func(i enrolment.Invitation) func(*house, string) error {
		return func(h *house, _ string) error {
			i.Identity, i.Again = demoSigner(), true
			e, err := h.Invite(h.t.Context(), i)
			if err != nil {
				return err
			}
			if told := h.box.all[len(h.box.all)-4:]; !strings.Contains(told[0].Subject, "A new way into your account") || told[1].To != phone {
				h.t.Errorf("before the links he is not told: %v", told)
			}
			if _, err := h.store.Attempts(h.t.Context(), e.UserID, users.FactorCode); err != nil {
				return err
			}
			h.pair()
			return nil
		}
	}
	replace := func(factor string, proven bool, set func(context.Context, users.Registrar, string) error) func(*house, string) error {
		return func(h *house, id string) error {
			_, err := h.Replace(h.t.Context(), id, factor, proven)
			return errors.Join(err, set(h.t.Context(), h.Registrar, id))
		}
	}
	pairs := func(ctx context.Context, r users.Registrar, id string) error {
		_, err := r.Pair(ctx, id)
		return err
	}
	for _, way := range []struct {
		says  string
		goes  func(*house, string) error
		delay time.Duration
		why   string
	}{
		{"an operator invites again", again(enrolment.Invitation{}), 24 * time.Hour, "recovery"},
		{"a registration authority invites again", again(enrolment.Invitation{Inviter: "app_1"}), 24 * time.Hour, "recovery"},
		{"identity proven in person", again(enrolment.Invitation{Proven: true}), 0, "identity proven in person"},
		{"signer pair", replace(users.FactorCode, false, pairs), 24 * time.Hour, "recovery"},
		{"signer pair, in person", replace(users.FactorCode, true, pairs), 0, "identity proven in person"},
		{"signer password", replace(users.FactorPassword, false, func(ctx context.Context, r users.Registrar, id string) error {
			return r.SetPassword(ctx, id, "another password")
		}), 24 * time.Hour, "recovery"},
		{"signer pin", replace(users.FactorPIN, false, func(ctx context.Context, r users.Registrar, id string) error {
			return r.SetPIN(ctx, id, "270392")
		}), 24 * time.Hour, "recovery"},
		{"signer phone", replace(users.FactorSMS, false, func(ctx context.Context, r users.Registrar, id string) error {
			return r.SetPhone(ctx, id, "+40711111111")
		}), 24 * time.Hour, "recovery"},
		{"no delay in the configuration", func(h *house, id string) error {
			h.Recovery.Delay = 0
			return replace(users.FactorCode, false, pairs)(h, id)
		}, 0, "recovery.delay is 0"},
	} {
		t.Run(way.says, func(t *testing.T) {
			h, first, c := signed(t)
			must(t, h.Registrar.SetPIN(t.Context(), first.UserID, "270391"))
			must(t, h.usable(c))
			before, err := h.store.User(t.Context(), first.UserID)
			must(t, err)
			sent, records := len(h.box.all), len(h.log.Records(t))
			must(t, way.goes(h, first.UserID))
			h.wantBack(before, way.delay, way.why, sent, records)
			if err := h.usable(c); (err != nil) != (way.delay > 0) {
				t.Errorf("at once: %v", err)
			}
			h.after(way.delay - time.Minute)
			if err := h.usable(c); way.delay > 0 && !disabled(err) {
				t.Errorf("a minute before: %v", err)
			}
			h.after(time.Minute)
			if err := h.usable(c); err != nil {
				t.Errorf("then: %v", err)
			}
		})
	}
}

func disabled(err error) bool {
	var refused *csc.Error
	return errors.As(err, &refused) && refused.Description == "The credential identified by credentialID is disabled"
}

// wantBack looks at what became of a signer who comes back.
func (h *house) wantBack(before users.User, delay time.Duration, why string, sent, records int) {
	h.t.Helper()
	user, err := h.store.User(h.t.Context(), before.ID)
	must(h.t, err)
	if user.Stamp == before.Stamp {
		h.t.Error("what he gave before is good")
	}
	if from := user.SignsFrom; delay == 0 && !from.IsZero() || delay > 0 && (from.Before(h.now().Add(delay-time.Minute)) || from.After(h.now().Add(delay))) {
		h.t.Errorf("he signs from %v", from)
	}
	mailed, texted := false, false
	for _, m := range h.box.all[sent:] {
		mailed = mailed || m.To == before.Email && strings.Contains(m.Text, contact)
		texted = texted || m.To == before.Phone && strings.Contains(m.Text, contact)
	}
	if !mailed || !texted {
		h.t.Errorf("he is not told whom to call, by mail and SMS: %v", h.box.all[sent:])
	}
	for _, r := range h.log.Records(h.t)[records:] {
		if r.Event == audit.UserRecovers && r.User == before.ID && strings.HasSuffix(r.Reason, ": "+why) {
			return
		}
	}
	h.t.Errorf("the log does not say why: %s", why)
}

// What somebody is given for the first time, and what an organization is given, is
// nobody's way back.
func TestNoWayBack(t *testing.T) {
	h := newHouse(t)
	h.Recovery.Delay = 24 * time.Hour
	person, _, err := h.Registrar.Enrol(t.Context(), users.Person{Email: "demo@example.org", GivenName: "Demo", FamilyName: "Signer", Country: "RO", Locale: "en"})
	must(t, err)
	office, err := h.Registrar.Found(t.Context(), users.Organization{Name: "Demo", Identifier: "VATRO-12345678", Email: "seals@example.org", Country: "RO", Locale: "en"})
	must(t, err)
	must(t, h.Registrar.SetPIN(t.Context(), office.ID, "270391"))
	for _, row := range [][2]string{{person.ID, users.FactorPassword}, {person.ID, users.FactorPIN}, {person.ID, users.FactorSMS}, {person.ID, ""}, {office.ID, users.FactorPIN}} {
		if from, err := h.Replace(t.Context(), row[0], row[1], false); err != nil || !from.IsZero() || len(h.box.all) > 0 {
			t.Errorf("%v: %v, %v, %v", row, from, err, h.box.all)
		}
	}
	_, err = h.Replace(t.Context(), "u_nobody", users.FactorPIN, false)
	wantErr(t, "nobody", err, users.ErrUnknown)
}

// Who waits is not let in earlier by another way back, but by being seen.
func TestDelaysAreNotCutShort(t *testing.T) {
	h, first, _ := signed(t)
	from, err := h.Replace(t.Context(), first.UserID, users.FactorCode, false)
	must(t, err)
	h.Recovery.Delay = 0
	if again, err := h.Replace(t.Context(), first.UserID, users.FactorPassword, false); err != nil || !again.Equal(from) {
		t.Errorf("%v instead of %v: %v", again, from, err)
	}
	if again, err := h.Replace(t.Context(), first.UserID, users.FactorPassword, true); err != nil || !again.IsZero() {
		t.Errorf("seen in person: %v, %v", again, err)
	}
}

// Who did not ask for it has it stopped: before anything was given he signs as
// before, later with nothing.
func TestStopped(t *testing.T) {
	h, first, c := signed(t)
	_, err := h.Stop(t.Context(), first.UserID)
	wantErr(t, "nobody recovers", err, enrolment.ErrNothing)
	invite := func() {
		h.after(time.Second) // an invitation of the same moment as another is the later one by chance
		must(t, second(h.Invite(t.Context(), enrolment.Invitation{Identity: demoSigner(), Again: true})))
	}
	invite()
	wantErr(t, "invited", h.usable(c), users.ErrLocked)
	if asBefore, err := h.Stop(t.Context(), first.UserID); err != nil || !asBefore || h.usable(c) != nil {
		t.Errorf("stopped: %v, %v, %v", asBefore, err, h.usable(c))
	}
	for says, further := range map[string]func(){"paired": func() {}, "activated": func() { h.activate() }, "issued": func() {
		h.activate()
		must(t, second(h.Issue(t.Context(), first.UserID)))
	}} {
		invite()
		h.pair()
		further()
		if asBefore, err := h.Stop(t.Context(), first.UserID); err != nil || asBefore {
			t.Errorf("%s: %v, %v", says, asBefore, err)
		}
		h.after(48 * time.Hour)
		user, err := h.store.User(t.Context(), first.UserID)
		must(t, err)
		wantErr(t, says+", and two days later", h.usable(c), users.ErrLocked)
		if user.Secret != nil {
			t.Errorf("%s: the authenticator is the signer's", says)
		}
	}
	h.after(time.Second)
	must(t, second(h.Invite(t.Context(), enrolment.Invitation{Identity: demoSigner(), Again: true, Proven: true})))
	h.pair()
	h.activate()
	must(t, second(h.Issue(t.Context(), first.UserID)))
	must(t, h.usable(c))
}
