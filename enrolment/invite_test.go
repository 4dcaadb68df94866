package enrolment_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/users"
)

func TestIdentities(t *testing.T) {
	h := newHouse(t)
	for _, test := range []struct {
		says string
		edit func(*enrolment.Identity)
		good bool
	}{
		{"as it is", func(*enrolment.Identity) {}, true},
		{"no identifier, phone, profile and reference", func(i *enrolment.Identity) { i.Identifier, i.Phone, i.Profile, i.Reference = "", "", "", "" }, true},
		{"letters of Romanian", func(i *enrolment.Identity) { i.GivenName, i.FamilyName = "Ștefan-Țucu", "Bărbulescu" }, true},
		{"letters of Romanian in two parts", func(i *enrolment.Identity) { i.GivenName = "S\u0326tefan" }, true},
		{"a passport", func(i *enrolment.Identity) { i.Identifier = "PASRO-012345678" }, true},
		{"a national scheme", func(i *enrolment.Identity) { i.Identifier = "EI:SE-200007292386" }, true},
		{"both names at the limit of the common name", func(i *enrolment.Identity) {
			i.GivenName, i.FamilyName = strings.Repeat("a", 31), strings.Repeat("b", 32)
		}, true},
		{"both names beyond it", func(i *enrolment.Identity) {
			i.GivenName, i.FamilyName = strings.Repeat("a", 32), strings.Repeat("b", 32)
		}, false},
		{"a name of 65 letters", func(i *enrolment.Identity) { i.FamilyName = strings.Repeat("ș", 65) }, false},
		{"no given name", func(i *enrolment.Identity) { i.GivenName = "" }, false},
		{"a NUL", func(i *enrolment.Identity) { i.GivenName = "Demo\x00" }, false},
		{"a line end", func(i *enrolment.Identity) { i.GivenName = "Demo\nBcc: x" }, false},
		{"a letter that turns the direction", func(i *enrolment.Identity) { i.GivenName = "Demo\u202e" }, false},
		{"another attribute", func(i *enrolment.Identity) { i.FamilyName = "Signer,CN=Root" }, false},
		{"an escape", func(i *enrolment.Identity) { i.FamilyName = `Signer\2C` }, false},
		{"a plus", func(i *enrolment.Identity) { i.FamilyName = "Signer+OU" }, false},
		{"quotes", func(i *enrolment.Identity) { i.FamilyName = `"Signer"` }, false},
		{"no UTF-8", func(i *enrolment.Identity) { i.FamilyName = "Sign\xffer" }, false},
		{"letters of two scripts", func(i *enrolment.Identity) { i.FamilyName = "Sіgner" }, false},
		{"two addresses", func(i *enrolment.Identity) { i.Email = "a@example.org,b@example.org" }, false},
		{"an address with a header", func(i *enrolment.Identity) { i.Email = "a@example.org\r\nBcc: b@example.org" }, false},
		{"no address", func(i *enrolment.Identity) { i.Email = "" }, false},
		{"a country that is none", func(i *enrolment.Identity) { i.Country = "XX" }, false},
		{"a language that is none", func(i *enrolment.Identity) { i.Locale = "?" }, false},
		{"a phone that is none", func(i *enrolment.Identity) { i.Phone = "0700000000" }, false},
		{"an identifier without its kind", func(i *enrolment.Identity) { i.Identifier = "1234567890123" }, false},
		{"an identifier that is no PrintableString", func(i *enrolment.Identity) { i.Identifier = "PNORO-12*3" }, false},
		{"an identifier of an organization", func(i *enrolment.Identity) { i.Identifier = "VATRO-12345678" }, false},
		{"an identifier of 64", func(i *enrolment.Identity) { i.Identifier = "PNORO-" + strings.Repeat("1", 58) }, true},
		{"an identifier of 65", func(i *enrolment.Identity) { i.Identifier = "PNORO-" + strings.Repeat("1", 59) }, false},
		{"a profile that there is not", func(i *enrolment.Identity) { i.Profile = "gold" }, false},
		{"a profile that wants an identifier, and none", func(i *enrolment.Identity) { i.Profile, i.Identifier = "named", "" }, false},
		{"a reference of 201", func(i *enrolment.Identity) { i.Reference = strings.Repeat("x", 201) }, false},
		{"a reference that does not show", func(i *enrolment.Identity) { i.Reference = "a\tb" }, false},
	} {
		i := demoSigner()
		test.edit(&i)
		_, err := h.Check(i)
		if test.good != (err == nil) || err != nil && !errors.Is(err, enrolment.ErrIdentity) {
			t.Errorf("%s: %v", test.says, err)
		}
		if !test.good {
			if _, err := h.Invite(t.Context(), enrolment.Invitation{Identity: i}); !errors.Is(err, enrolment.ErrIdentity) {
				t.Errorf("%s was invited: %v", test.says, err)
			}
		}
	}
	if all, err := h.store.Users(t.Context()); err != nil || len(all) > 0 {
		t.Errorf("there are %d users, %v", len(all), err)
	}
}

func TestWhoMayBeInvited(t *testing.T) {
	again := enrolment.Invitation{Identity: demoSigner(), Again: true}
	once := enrolment.Invitation{Identity: demoSigner()}
	renamed := again
	renamed.Identity.FamilyName = "Semnatar"
	byRA := again
	byRA.Inviter = "app_1"
	withPassword := func(h *house) users.User {
		user, err := h.Registrar.Add(t.Context(), users.Person{Email: "demo.signer@example.org", GivenName: "Demo", FamilyName: "Signer", Country: "RO", Locale: "en"})
		must(t, err)
		must(t, h.Registrar.SetPassword(t.Context(), user.ID, password))
		return user
	}
	ended := func(h *house, inviter string) {
		e, err := h.Invite(t.Context(), enrolment.Invitation{Identity: demoSigner(), Inviter: inviter})
		must(t, err)
		e.State = enrolment.Issued
		must(t, h.store.SwapEnrolment(t.Context(), e))
		must(t, h.Registrar.SetPassword(t.Context(), e.UserID, password))
	}
	signer := func(h *house) {
		_, _, err := h.Registrar.Enrol(t.Context(), users.Person{Email: "demo.signer@example.org", GivenName: "Demo", FamilyName: "Signer", Country: "RO", Locale: "en"})
		must(t, err)
	}
	for _, test := range []struct {
		says   string
		before func(h *house)
		invite enrolment.Invitation
		want   error
	}{
		{"nobody we know", func(*house) {}, once, nil},
		{"nobody we know, again", func(*house) {}, again, nil},
		{"somebody who is invited", func(h *house) { h.invite() }, once, enrolment.ErrExists},
		{"somebody who is invited, again", func(h *house) { h.invite() }, again, enrolment.ErrExists},
		{"somebody whose invitation was cancelled", func(h *house) { must(t, second(h.Cancel(t.Context(), h.invite().ID))) }, once, nil},
		{"somebody of whom a crash left nothing but the name", func(h *house) {
			_, err := h.Registrar.Add(t.Context(), users.Person{Email: "demo.signer@example.org", GivenName: "Demo", FamilyName: "Signer", Country: "RO", Locale: "ro"})
			must(t, err)
		}, once, nil},
		{"a signer", signer, once, enrolment.ErrExists},
		{"a signer who was identified anew", signer, again, nil},
		{"a signer of another name", signer, renamed, enrolment.ErrExists},
		{"somebody who has a password alone", func(h *house) { withPassword(h) }, once, enrolment.ErrExists},
		{"a signer whom another authority invited, again", func(h *house) { ended(h, "app_2") }, byRA, enrolment.ErrExists},
		{"a signer whom it invited itself, again", func(h *house) { ended(h, "app_1") }, byRA, nil},
		{"a signer who is disabled", func(h *house) {
			signer(h)
			user, err := h.store.UserByEmail(t.Context(), "demo.signer@example.org")
			must(t, err)
			must(t, h.Registrar.Disable(t.Context(), user.ID, true))
		}, again, enrolment.ErrExists},
	} {
		h := newHouse(t)
		test.before(h)
		_, err := h.Invite(t.Context(), test.invite)
		wantErr(t, test.says, err, test.want)
	}
}

// A signer who was identified anew signs with nothing until he has paired another
// authenticator; nobody with his mails alone becomes him, and he keeps what he has.
func TestIdentifiedAnew(t *testing.T) {
	h := newHouse(t)
	h.Office = h.office(h.store, newSealer(t), newSoftHSM(t), newAuthority(t, h.now))
	first := h.invite()
	h.pair()
	if len(h.box.all) != 2 {
		t.Errorf("a first authenticator is told to a phone that nobody confirmed: %v", h.box.all[2:])
	}
	h.activate()
	had, err := h.Issue(t.Context(), first.UserID)
	must(t, err)
	old, err := h.store.User(t.Context(), first.UserID)
	must(t, err)

	e, err := h.Invite(t.Context(), enrolment.Invitation{Identity: demoSigner(), Again: true})
	must(t, err)
	if a, err := h.store.Attempts(t.Context(), e.UserID, users.FactorCode); err != nil || !a.Locked || !e.Replaces || e.UserID != first.UserID {
		t.Errorf("he signs on: %+v, %v", a, err)
	}
	must(t, h.Registrar.Unlock(t.Context(), e.UserID, users.FactorCode)) // as if nobody had locked it
	must(t, second(h.Resend(t.Context(), e.ID, enrolment.LinkPair)))
	if a, err := h.store.Attempts(t.Context(), e.UserID, users.FactorCode); err != nil || !a.Locked {
		t.Errorf("a mail is sent again, and he signs on: %+v, %v", a, err)
	}
	h.pair()
	user, err := h.store.User(t.Context(), e.UserID)
	must(t, err)
	if a, err := h.store.Attempts(t.Context(), e.UserID, users.FactorCode); err != nil || a.Locked || user.Stamp == old.Stamp {
		t.Errorf("the new authenticator does not count, or what the old one gave does: %+v, %v", a, err)
	}
	if told := h.subjects(); !strings.Contains(told[len(told)-1], "was replaced") {
		t.Errorf("he was not told: %v", told)
	}
	if text := h.box.all[len(h.box.all)-1]; text.To != phone || !strings.Contains(text.Text, "another authenticator app was paired") {
		t.Errorf("nor on his phone: %v", text)
	}
	token := h.token(enrolment.LinkActivate)
	wantErr(t, "a number that nobody named", h.SendCode(t.Context(), token, "+40711111111"), enrolment.ErrNumber)
	h.activate()
	has, err := h.Issue(t.Context(), e.UserID)
	must(t, err)
	if has.ID != had.ID {
		t.Errorf("another certificate beside %s: %s", had.ID, has.ID)
	}
	if kept, err := h.Get(t.Context(), e.ID); err != nil || kept.State != enrolment.Issued || kept.CredentialID != had.ID {
		t.Errorf("%+v, %v", kept, err)
	}
}

// Who asks twice for the same is told what came of it, and sends nothing.
func TestRequests(t *testing.T) {
	h := newHouse(t)
	i := enrolment.Invitation{Identity: demoSigner(), Inviter: "app_1", Request: "r1", Notify: "https://ra.example.org/told"}
	first, err := h.Invite(t.Context(), i)
	must(t, err)
	i.Identity.Profile = "" // which is the default
	same, err := h.Invite(t.Context(), i)
	if must(t, err); same.ID != first.ID || len(h.box.all) != 2 || same.Inviter != "app_1" || same.Notice.URI != i.Notify {
		t.Errorf("%+v, %d mails", same, len(h.box.all))
	}
	i.Identity.Phone = ""
	wantErr(t, "another person under the same name", second(h.Invite(t.Context(), i)), enrolment.ErrExists)
	i.Inviter, i.Identity = "app_2", demoSigner()
	wantErr(t, "the same request of another", second(h.Invite(t.Context(), i)), enrolment.ErrExists) // the person is invited
}

// Of a request that comes many times at once, one invites; who is told that the
// person is invited asks again, and is told as what.
func TestRequestsAtOnce(t *testing.T) {
	h := newHouse(t)
	i, done := enrolment.Invitation{Identity: demoSigner(), Inviter: "app_1", Request: "r1"}, make(chan error)
	for range 10 {
		go func() { done <- second(h.Invite(t.Context(), i)) }()
	}
	for range 10 {
		if err := <-done; err != nil && !errors.Is(err, enrolment.ErrExists) {
			t.Error(err)
		}
	}
	must(t, second(h.Invite(t.Context(), i)))
	if all, err := h.List(t.Context()); err != nil || len(all) != 1 || len(h.box.all) != 2 {
		t.Errorf("%d invitations, %d mails, %v", len(all), len(h.box.all), err)
	}
}

// What cannot be sent now is sent later.
func TestUnsent(t *testing.T) {
	h := newHouse(t)
	h.box.full = errors.New("no route")
	e, err := h.Invite(t.Context(), enrolment.Invitation{Identity: demoSigner()})
	wantErr(t, "invited", err, enrolment.ErrUnsent)
	if strings.Contains(err.Error(), "link=") {
		t.Errorf("the link is in %v", err)
	}
	h.box.full = nil
	for _, link := range e.Wanted() {
		_, err := h.Resend(t.Context(), e.ID, link)
		must(t, err)
	}
	h.pair()
	e, err = h.Get(t.Context(), e.ID)
	must(t, err)
	if wanted := e.Wanted(); len(wanted) != 1 || wanted[0] != enrolment.LinkActivate {
		t.Errorf("wanted %v", wanted)
	}
	h.Post.Mail = nil
	_, err = h.Resend(t.Context(), e.ID, enrolment.LinkActivate)
	wantErr(t, "without mails", err, enrolment.ErrUnsent)
}

// Of many who confirm one drawing, or send the same mail, one link is good.
func TestManyTabs(t *testing.T) {
	h := newHouse(t)
	e := h.invite()
	token := h.token(enrolment.LinkPair)
	uri, drawing, err := h.Draw(t.Context(), token)
	must(t, err)
	done := make(chan error)
	for _, want := range []error{users.ErrNext, nil} {
		code, won := h.code(uri), 0
		for range 4 { // fewer than there are tries, also if three are left over from before
			go func() { done <- second(h.ConfirmPairing(t.Context(), token, drawing, code)) }()
		}
		for range 4 {
			switch err := <-done; {
			case errors.Is(err, want):
				won++
			case !errors.Is(err, enrolment.ErrCode) && !errors.Is(err, enrolment.ErrUsed) && !errors.Is(err, enrolment.ErrStale):
				t.Errorf("%v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d won %v", won, want)
		}
	}
	for range 10 {
		go func() { done <- second(h.Resend(t.Context(), e.ID, enrolment.LinkActivate)) }()
	}
	for range 10 {
		must(t, <-done)
	}
	kept, err := h.Get(t.Context(), e.ID)
	must(t, err)
	good := 0
	for _, m := range h.box.all {
		if _, token, ok := strings.Cut(m.Text, "/welcome/activate?link="); ok {
			if _, err := h.Find(t.Context(), enrolment.LinkActivate, csc.Secret(token[:43])); err == nil {
				good++
			}
		}
	}
	if good != 1 || kept.Activate.Expires.Sub(h.now()) != 24*time.Hour {
		t.Errorf("%d links are good", good)
	}
}

// A registry that was restored is held to the links that the log has the marks of.
func TestRecordsMarkLinks(t *testing.T) {
	h := newHouse(t)
	marks := func(links ...enrolment.Sent) (all []string) {
		for _, l := range links {
			all = append(all, audit.Mark([]byte(l.Hash)))
		}
		return all
	}
	e := h.invite()
	want := [][]string{marks(e.Pair, e.Activate)}
	for _, link := range e.Wanted() {
		sent, err := h.Resend(t.Context(), e.ID, link)
		must(t, err)
		want = append(want, marks(map[enrolment.Link]enrolment.Sent{enrolment.LinkPair: sent.Pair, enrolment.LinkActivate: sent.Activate}[link]))
	}
	var got [][]string
	for _, r := range h.log.Records(t) {
		if r.Event == audit.EnrolmentInvited || r.Event == audit.EnrolmentSent {
			got = append(got, r.Kept)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("marks of the links that are good (-want +got):\n%s", diff)
	}
}
