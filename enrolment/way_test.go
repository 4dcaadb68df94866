package enrolment_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/users"
)

// The whole way, with all that the log tells of it.
func TestTheWholeWay(t *testing.T) {
	h := newHouse(t)
	device := newSoftHSM(t)
	h.Office = h.office(h.store, newSealer(t), device, newAuthority(t, h.now))
	e := h.invite()
	if e.State != enrolment.Invited || len(h.box.all) != 2 {
		t.Errorf("%+v after %d mails", e, len(h.box.all))
	}
	if e = h.pair(); e.State != enrolment.Paired {
		t.Errorf("paired: %+v", e)
	}
	if _, waits, err := h.Pending(t.Context(), e.UserID); waits || err != nil {
		t.Errorf("waits for a certificate before its activation: %t, %v", waits, err)
	}
	_, err := h.Issue(t.Context(), e.UserID)
	wantErr(t, "issue before activation", err, enrolment.ErrNotActivated)
	if e = h.activate(); e.State != enrolment.Activated {
		t.Errorf("activated: %+v", e)
	}
	if found, waits, err := h.Pending(t.Context(), e.UserID); !waits || err != nil || found.ID != e.ID {
		t.Errorf("pending: %+v %t, %v", found, waits, err)
	}
	c, err := h.Issue(t.Context(), e.UserID)
	must(t, err)
	again, err := h.Issue(t.Context(), e.UserID)
	must(t, err)
	if c.ID != again.ID || c.UserID != e.UserID {
		t.Errorf("%+v, and then %+v", c, again)
	}
	cert, err := again.Certificate()
	must(t, err)
	if cert.Subject.CommonName != "Demo Signer" || cert.Subject.SerialNumber != strings.TrimPrefix(e.UserID, "u_") {
		t.Errorf("certificate of %s", cert.Subject)
	}
	if user, err := h.store.User(t.Context(), e.UserID); err != nil || user.Phone != phone || user.Secret == nil || user.PasswordHash == "" {
		t.Errorf("the signer has %+v, %v", user, err)
	}
	if e, err := h.Get(t.Context(), e.ID); err != nil || e.State != enrolment.Issued || e.CredentialID != c.ID {
		t.Errorf("%+v, %v", e, err)
	}
	want := []audit.Event{
		audit.UserAdded, audit.EnrolmentInvited, audit.FactorVerified, audit.FactorVerified, audit.FactorPaired, audit.EnrolmentPaired,
		audit.ChallengeSent, audit.FactorPaired, audit.EnrolmentChanged, audit.FactorPaired, audit.EnrolmentChanged,
		audit.EnrolmentChanged, audit.EnrolmentActivated,
		audit.KeyGenerated, audit.CertificateIssued, audit.CredentialAdded, audit.EnrolmentIssued,
	}
	if diff := cmp.Diff(want, h.told(0)); diff != "" {
		t.Errorf("the log (-want +got):\n%s", diff)
	}
	const to = "demo.signer@example.org "
	if diff := cmp.Diff([]string{
		to + "Configure the authorisation mechanism – Pecete", to + "Invitation to create the account – Pecete", to + "Your signing certificate – Pecete",
	}, h.subjects()); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
	for _, l := range []enrolment.Link{enrolment.LinkPair, enrolment.LinkActivate} {
		_, err := h.Find(t.Context(), l, h.token(l))
		wantErr(t, string(l)+" once more", err, enrolment.ErrUsed)
	}
}

// A scanner of mails opens links as often as it likes; the signer's click is as
// good after it.
func TestLookingChangesNothing(t *testing.T) {
	h := newHouse(t)
	e := h.invite()
	before := len(h.told(0))
	for range 200 {
		for _, l := range []enrolment.Link{enrolment.LinkPair, enrolment.LinkActivate} {
			found, err := h.Find(t.Context(), l, h.token(l))
			must(t, err)
			if found.Revision != e.Revision {
				t.Fatal("it was changed")
			}
		}
	}
	if len(h.told(0)) != before {
		t.Error("there are records of it")
	}
	h.pair()
}

func TestLinks(t *testing.T) {
	const pair, activate = enrolment.LinkPair, enrolment.LinkActivate
	for _, test := range []struct {
		says string
		link enrolment.Link
		do   func(h *house, e enrolment.Enrolment) (token csc.Secret)
		want error
	}{
		{"a link that was sent", pair, func(h *house, _ enrolment.Enrolment) csc.Secret { return h.token(pair) }, nil},
		{"one a moment before its end", pair, func(h *house, _ enrolment.Enrolment) csc.Secret {
			h.after(24*time.Hour - time.Microsecond)
			return h.token(pair)
		}, nil},
		{"one at its end", pair, func(h *house, _ enrolment.Enrolment) csc.Secret {
			h.after(24 * time.Hour)
			return h.token(pair)
		}, enrolment.ErrExpired},
		{"the other one in its place", pair, func(h *house, _ enrolment.Enrolment) csc.Secret { return h.token(activate) }, enrolment.ErrLink},
		{"one after a newer was sent", pair, func(h *house, e enrolment.Enrolment) csc.Secret {
			old := h.token(pair)
			_, err := h.Resend(t.Context(), e.ID, pair)
			must(t, err)
			return old
		}, enrolment.ErrLink},
		{"the newer one", pair, func(h *house, e enrolment.Enrolment) csc.Secret {
			_, err := h.Resend(t.Context(), e.ID, pair)
			must(t, err)
			return h.token(pair)
		}, nil},
		{"the other one after that", activate, func(h *house, e enrolment.Enrolment) csc.Secret {
			_, err := h.Resend(t.Context(), e.ID, pair)
			must(t, err)
			return h.token(activate)
		}, nil},
		{"one of what was cancelled", pair, func(h *house, e enrolment.Enrolment) csc.Secret {
			_, err := h.Cancel(t.Context(), e.ID)
			must(t, err)
			return h.token(pair)
		}, enrolment.ErrCancelled},
		{"the other one of that", activate, func(h *house, e enrolment.Enrolment) csc.Secret {
			_, err := h.Cancel(t.Context(), e.ID)
			must(t, err)
			return h.token(activate)
		}, enrolment.ErrCancelled},
		{"one that was used", pair, func(h *house, _ enrolment.Enrolment) csc.Secret {
			h.pair()
			return h.token(pair)
		}, enrolment.ErrUsed},
		{"its hash", pair, func(_ *house, e enrolment.Enrolment) csc.Secret { return csc.Secret(e.Pair.Hash) }, enrolment.ErrLink},
		{"one with a sign more", pair, func(h *house, _ enrolment.Enrolment) csc.Secret { return h.token(pair) + "A" }, enrolment.ErrLink},
		{"one of which the last sign differs in bits that nobody reads", pair, func(h *house, _ enrolment.Enrolment) csc.Secret {
			token, letters := h.token(pair), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
			return token[:42] + csc.Secret(letters[strings.IndexByte(letters, token[42])|1])
		}, enrolment.ErrLink},
		{"nothing", pair, func(*house, enrolment.Enrolment) csc.Secret { return "" }, enrolment.ErrLink},
	} {
		h := newHouse(t)
		token := test.do(h, h.invite())
		_, err := h.Find(t.Context(), test.link, token)
		wantErr(t, test.says, err, test.want)
		if test.want != nil && test.link == pair {
			_, _, err = h.Draw(t.Context(), token)
			wantErr(t, test.says+", drawing", err, test.want)
		}
	}
}

// Each drawing ends the one before, and none is shown once one is confirmed.
func TestDrawings(t *testing.T) {
	h := newHouse(t)
	e := h.invite()
	ctx, token := t.Context(), h.token(enrolment.LinkPair)
	first, one, err := h.Draw(ctx, token)
	must(t, err)
	second, two, err := h.Draw(ctx, token)
	must(t, err)
	if first == second || one == two {
		t.Fatal("the same was drawn twice")
	}
	_, err = h.ConfirmPairing(ctx, token, one, h.code(first))
	wantErr(t, "the first drawing in another tab", err, enrolment.ErrStale)
	_, err = h.ConfirmPairing(ctx, token, two, h.code(first))
	wantErr(t, "a code of the first drawing", err, enrolment.ErrCode)
	_, err = h.ConfirmPairing(ctx, token, two, "12345x")
	wantErr(t, "no code", err, enrolment.ErrCode)
	_, err = h.ConfirmPairing(ctx, token, "", h.code(second))
	wantErr(t, "no drawing", err, enrolment.ErrStale)
	h.after(10 * time.Minute)
	_, err = h.ConfirmPairing(ctx, token, two, h.code(second))
	wantErr(t, "after ten minutes", err, enrolment.ErrStale)
	if user, err := h.store.User(ctx, e.UserID); err != nil || user.Secret != nil {
		t.Errorf("what was drawn counts already: %v", err)
	}
	uri, drawing, err := h.Draw(ctx, token)
	must(t, err)
	code := h.code(uri)
	_, err = h.ConfirmPairing(ctx, token, drawing, code)
	wantErr(t, "the first code", err, users.ErrNext)
	_, err = h.ConfirmPairing(ctx, token, drawing, code)
	wantErr(t, "a double click", err, enrolment.ErrCode)
	code = h.code(uri)
	_, err = h.ConfirmPairing(ctx, token, drawing, code)
	must(t, err)
	_, err = h.ConfirmPairing(ctx, token, drawing, code)
	wantErr(t, "another double click", err, enrolment.ErrUsed)
	_, _, err = h.Draw(ctx, token)
	wantErr(t, "another drawing", err, enrolment.ErrUsed)
	kept, err := h.Get(ctx, e.ID)
	if must(t, err); kept.Progress.Drawn != nil || kept.Progress.Half(h.now()) {
		t.Error("the drawn secret is kept twice")
	}
}

// An authenticator is paired by two codes of it, of one step and of the next. The
// first one is kept with the enrolment, whichever process is asked then.
func TestTwoCodes(t *testing.T) {
	type try struct {
		*house
		token, uri, first csc.Secret
		drawing, userID   string
	}
	for _, row := range []struct {
		says string
		do   func(d *try) (code csc.Secret)
		want error
	}{
		{"the next one", func(d *try) csc.Secret { return d.code(d.uri) }, nil},
		{"the same again", func(d *try) csc.Secret { return d.first }, enrolment.ErrCode},
		{"the one after the next", func(d *try) csc.Secret { d.code(d.uri); return d.code(d.uri) }, users.ErrApart},
		{"the next one, of another secret", func(d *try) csc.Secret {
			other, err := d.Registrar.Draw(d.t.Context(), d.userID)
			must(d.t, err)
			uri, err := d.Registrar.Pairing(d.t.Context(), d.userID, other)
			must(d.t, err)
			return d.code(csc.Secret(uri))
		}, enrolment.ErrCode},
		{"the next one, of what was drawn in another tab meanwhile", func(d *try) csc.Secret {
			var err error
			d.uri, d.drawing, err = d.Draw(d.t.Context(), d.token)
			must(d.t, err)
			return d.code(d.uri)
		}, users.ErrNext},
		{"the next one, after another was drawn", func(d *try) csc.Secret {
			_, _, err := d.Draw(d.t.Context(), d.token)
			must(d.t, err)
			return d.code(d.uri)
		}, enrolment.ErrStale},
		{"the next one, after a wrong one", func(d *try) csc.Secret {
			wantErr(d.t, "no code", second(d.ConfirmPairing(d.t.Context(), d.token, d.drawing, "12345x")), enrolment.ErrCode)
			return d.code(d.uri)
		}, nil},
		{"the next one, after five wrong ones", func(d *try) csc.Secret {
			for n := 4; n >= 0; n-- {
				if got := left(second(d.ConfirmPairing(d.t.Context(), d.token, d.drawing, "12345x"))); got != n {
					d.t.Errorf("%d tries left, want %d", got, n)
				}
			}
			return d.code(d.uri)
		}, enrolment.ErrStale},
		{"the next one, to another process after the first has ended", func(d *try) csc.Secret {
			must(d.t, d.store.Close())
			d.store = openRegistry(d.t, d.path)
			d.Office = d.office(d.store, newSealer(d.t), noDevice{}, newAuthority(d.t, d.now))
			return d.code(d.uri)
		}, nil},
	} {
		t.Run(row.says, func(t *testing.T) {
			h := newHouse(t)
			e := h.invite()
			d := &try{house: h, token: h.token(enrolment.LinkPair), userID: e.UserID}
			var err error
			d.uri, d.drawing, err = h.Draw(t.Context(), d.token)
			must(t, err)
			d.first = h.code(d.uri)
			wantErr(t, "the first", second(h.ConfirmPairing(t.Context(), d.token, d.drawing, d.first)), users.ErrNext)
			code := row.do(d)
			got, err := d.ConfirmPairing(t.Context(), d.token, d.drawing, code)
			wantErr(t, row.says, err, row.want)
			user, failed := d.store.User(t.Context(), e.UserID)
			if must(t, failed); (user.Secret != nil) != (row.want == nil) || (got.State == enrolment.Paired) != (row.want == nil) {
				t.Fatalf("the signer has an authenticator: %t, %s", user.Secret != nil, got.State)
			}
			if errors.Is(err, users.ErrApart) || errors.Is(err, users.ErrNext) { // it is the first one now
				must(t, second(d.ConfirmPairing(t.Context(), d.token, d.drawing, d.code(d.uri))))
			}
		})
	}
}

// An opener opens while something else is done.
type opener struct {
	users.Sealer
	meanwhile func()
}

func (o *opener) Open(ctx context.Context, sealed, aad []byte) ([]byte, error) {
	if meanwhile := o.meanwhile; meanwhile != nil {
		o.meanwhile = nil
		meanwhile()
	}
	return o.Sealer.Open(ctx, sealed, aad)
}

// A first code that is judged while another tab draws anew is of what was drawn
// before: the new authenticator needs two of its own.
func TestFirstCodeWhileAnotherIsDrawn(t *testing.T) {
	h := newHouse(t)
	e := h.invite()
	slow := &opener{Sealer: h.Registrar.Sealer}
	h.Registrar.Sealer = slow
	ctx, token := t.Context(), h.token(enrolment.LinkPair)
	first, one, err := h.Draw(ctx, token)
	must(t, err)
	code := h.code(first)
	var uri csc.Secret
	var two string
	slow.meanwhile = func() {
		uri, two, err = h.Draw(ctx, token)
		must(t, err)
	}
	wantErr(t, "the first code", second(h.ConfirmPairing(ctx, token, one, code)), enrolment.ErrStale)
	wantErr(t, "the next one, of the other", second(h.ConfirmPairing(ctx, token, two, h.code(uri))), users.ErrNext)
	if user, err := h.store.User(ctx, e.UserID); err != nil || user.Secret != nil {
		t.Errorf("one code of each is enough: %v", err)
	}
}

// The authenticator comes first, and the rest in any order.
func TestOrder(t *testing.T) {
	h := newHouse(t)
	h.invite()
	ctx, token := t.Context(), h.token(enrolment.LinkActivate)
	for says, err := range map[string]error{
		"a code":  h.SendCode(ctx, token, phone),
		"a phone": second(h.ConfirmPhone(ctx, token, "123456")), "a password": second(h.SetPassword(ctx, token, password)),
		"terms": second(h.AcceptTerms(ctx, token, "1")),
	} {
		wantErr(t, says+" before the authenticator", err, enrolment.ErrNotPaired)
	}
	h.pair()
	e, err := h.AcceptTerms(ctx, token, "1")
	must(t, err)
	if left := h.Missing(e); !slices.Equal(left, []enrolment.Step{enrolment.StepPhone, enrolment.StepPassword}) {
		t.Errorf("missing %v", left)
	}
	wantErr(t, "other terms", second(h.AcceptTerms(ctx, token, "2")), enrolment.ErrTerms)
	wantErr(t, "a short password", second(h.SetPassword(ctx, token, "short")), enrolment.ErrPassword)
	_, err = h.SetPassword(ctx, token, password)
	must(t, err)
	must(t, h.SendCode(ctx, token, phone))
	e, err = h.ConfirmPhone(ctx, token, h.sms())
	must(t, err)
	if e.State != enrolment.Activated || len(h.Missing(e)) != 0 {
		t.Errorf("%+v", e)
	}
	wantErr(t, "the password again", second(h.SetPassword(ctx, token, "another password")), enrolment.ErrUsed)

	h = newHouse(t)
	h.Post.SMS = nil
	h.invite()
	h.pair()
	token = h.token(enrolment.LinkActivate)
	wantErr(t, "a code where no SMS leave", h.SendCode(ctx, token, phone), enrolment.ErrNumber)
	_, err = h.SetPassword(ctx, token, password)
	must(t, err)
	if e, err = h.AcceptTerms(ctx, token, "1"); err != nil || e.State != enrolment.Activated {
		t.Errorf("without SMS: %+v, %v", e, err)
	}
}

func second[T any](_ T, err error) error { return err }

func left(err error) int {
	var refused *enrolment.CodeError
	if errors.As(err, &refused) {
		return refused.Left
	}
	return -1
}

func TestCodesBySMS(t *testing.T) {
	h := newHouse(t)
	h.invite()
	h.pair()
	ctx, token := t.Context(), h.token(enrolment.LinkActivate)
	wrong := func() csc.Secret {
		if code := h.sms(); code != "000000" {
			return "000000"
		}
		return "000001"
	}
	wantErr(t, "before one was sent", second(h.ConfirmPhone(ctx, token, "000000")), enrolment.ErrCode)
	for says, number := range map[string]string{"none": "", "letters": "+40x", "no plus": "0700000000", "two": "+40700000000,+40700000001"} {
		wantErr(t, says, h.SendCode(ctx, token, number), enrolment.ErrNumber)
	}
	must(t, h.SendCode(ctx, token, phone))
	for n := 4; n >= 0; n-- {
		if got := left(second(h.ConfirmPhone(ctx, token, wrong()))); got != n {
			t.Errorf("%d tries left, want %d", got, n)
		}
	}
	wantErr(t, "the right one after five", second(h.ConfirmPhone(ctx, token, h.sms())), enrolment.ErrCode)

	must(t, h.SendCode(ctx, token, phone))
	old := h.sms()
	must(t, h.SendCode(ctx, token, "+40711111111"))
	if code := h.sms(); code != old {
		wantErr(t, "the one before, of another number", second(h.ConfirmPhone(ctx, token, old)), enrolment.ErrCode)
	}
	var often *enrolment.OftenError
	if err := h.SendCode(ctx, token, phone); !errors.As(err, &often) || often.Wait <= 0 || often.Wait > time.Hour {
		t.Errorf("a fourth in an hour: %v", err)
	}
	h.after(5 * time.Minute)
	wantErr(t, "after five minutes", second(h.ConfirmPhone(ctx, token, h.sms())), enrolment.ErrCode)
	h.after(55 * time.Minute)
	must(t, h.SendCode(ctx, token, "+40711111111"))
	code := h.sms()
	e, err := h.ConfirmPhone(ctx, token, code)
	must(t, err)
	if user, err := h.store.User(ctx, e.UserID); err != nil || user.Phone != "+40711111111" {
		t.Errorf("the phone is %q, %v", user.Phone, err)
	}
	wantErr(t, "the right one twice", second(h.ConfirmPhone(ctx, token, code)), enrolment.ErrCode)
	h.box.full = errors.New("no credit")
	if err := h.SendCode(ctx, token, phone); err == nil || errors.Is(err, enrolment.ErrNumber) {
		t.Errorf("a gateway that takes nothing: %v", err)
	}
}

// A signer who has a link asks for mails, and not for many.
func TestSendAgain(t *testing.T) {
	h := newHouse(t)
	h.invite()
	ctx, activate := t.Context(), h.token(enrolment.LinkActivate)
	h.after(25 * time.Hour)
	old := h.token(enrolment.LinkPair)
	for range 3 {
		must(t, h.SendAgain(ctx, enrolment.LinkActivate, activate, enrolment.LinkPair))
	}
	var often *enrolment.OftenError
	if err := h.SendAgain(ctx, enrolment.LinkActivate, activate, enrolment.LinkPair); !errors.As(err, &often) {
		t.Errorf("a fourth: %v", err)
	}
	wantErr(t, "the first one", second(h.Find(ctx, enrolment.LinkPair, old)), enrolment.ErrLink)
	h.pair()
	h.after(time.Hour)
	wantErr(t, "a link that has done what it is for", h.SendAgain(ctx, enrolment.LinkActivate, activate, enrolment.LinkPair), enrolment.ErrState)
	must(t, h.SendAgain(ctx, enrolment.LinkPair, h.token(enrolment.LinkPair), enrolment.LinkActivate))
	wantErr(t, "the link that it took the place of", h.SendAgain(ctx, enrolment.LinkActivate, activate, enrolment.LinkActivate), enrolment.ErrLink)
	for _, m := range h.box.all {
		if m.To != demoSigner().Email {
			t.Errorf("a mail went to %s", m.To)
		}
	}
}

// Nothing counts without a record.
func TestNothingWithoutRecord(t *testing.T) {
	h := newHouse(t)
	e := h.invite()
	ctx, pair := t.Context(), h.token(enrolment.LinkPair)
	uri, drawing, err := h.Draw(ctx, pair)
	must(t, err)
	must(t, h.log.Close(ctx))
	for says, err := range map[string]error{
		"invited":   second(h.Invite(ctx, enrolment.Invitation{Identity: func() enrolment.Identity { i := demoSigner(); i.Email = "other@example.org"; return i }()})),
		"paired":    second(h.ConfirmPairing(ctx, pair, drawing, h.code(uri))),
		"sent":      second(h.Resend(ctx, e.ID, enrolment.LinkPair)),
		"cancelled": second(h.Cancel(ctx, e.ID)),
	} {
		wantErr(t, says, err, audit.ErrClosed)
	}
	kept, err := h.Get(ctx, e.ID)
	if must(t, err); kept.State != enrolment.Invited || len(h.box.all) != 2 {
		t.Errorf("%+v, %d mails", kept, len(h.box.all))
	}
	if user, err := h.store.User(ctx, e.UserID); err != nil || user.Secret != nil {
		t.Errorf("%v, %v", user.Secret, err)
	}
	_, err = h.store.UserByEmail(ctx, "other@example.org")
	wantErr(t, "the other one", err, users.ErrUnknown)
}
