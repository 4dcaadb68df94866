package enrolment_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/users"
)

const keep = 30 * 24 * time.Hour

// forgetting is a house that keeps what is over for a while.
func forgetting(t *testing.T) *house {
	h := newHouse(t)
	h.Keep = keep
	return h
}

// whole is an office whose certificates are made for real.
func (h *house) whole() {
	h.Office = h.office(h.store, newSealer(h.t), newSoftHSM(h.t), newAuthority(h.t, h.now))
	h.Keep = keep
}

// What is over stays for its time, and then nothing of the person does, if he never
// became a signer: neither here nor in what the log tells of that.
func TestForgotten(t *testing.T) {
	for _, test := range []struct {
		says string
		do   func(h *house) enrolment.Enrolment
		life time.Duration // of links that are to be over first
		how  string
	}{
		{"nobody came", (*house).invite, 24 * time.Hour, "expired"},
		{"an authenticator was paired", func(h *house) enrolment.Enrolment { h.invite(); return h.pair() }, 24 * time.Hour, "expired"},
		{"taken back", func(h *house) enrolment.Enrolment { return h.cancelled(h.invite()) }, 0, "cancelled"},
		{"taken back, with an account", func(h *house) enrolment.Enrolment { h.invite(); h.pair(); return h.cancelled(h.activate()) }, 0, "cancelled"},
	} {
		t.Run(test.says, func(t *testing.T) {
			h := forgetting(t)
			e := test.do(h)
			h.after(keep + test.life - time.Minute)
			must(t, h.Forget(t.Context()))
			_, err := h.Get(t.Context(), e.ID)
			must(t, err)
			from := len(h.log.Records(t))
			h.after(2 * time.Minute)
			must(t, h.Forget(t.Context()))
			if diff := cmp.Diff([]audit.Event{audit.EnrolmentForgotten, audit.UserRemoved}, h.told(from)); diff != "" {
				t.Errorf("the log (-want +got):\n%s", diff)
			}
			records := h.log.Records(t)[from:]
			if r := records[0]; r.Reason != e.ID+": "+test.how || r.User != e.UserID {
				t.Errorf("the log tells %+v", r)
			}
			text, err := json.Marshal(records)
			must(t, err)
			for _, personal := range []string{"Demo", "Signer", "demo.signer", phone, "PNORO", "file 7"} {
				if strings.Contains(string(text), personal) {
					t.Errorf("%s is in %s", personal, text)
				}
			}
			h.wantForgotten(e)
			if _, err := h.store.User(t.Context(), e.UserID); !errors.Is(err, users.ErrUnknown) {
				t.Errorf("the user is there: %v", err)
			}
			must(t, h.Forget(t.Context()))
			if all := h.told(from); len(all) != 2 {
				t.Errorf("forgotten again: %v", all)
			}
			if again := h.invite(); again.ID == e.ID || again.UserID == e.UserID {
				t.Errorf("invited again: %+v", again)
			}
		})
	}
}

func (h *house) cancelled(e enrolment.Enrolment) enrolment.Enrolment {
	h.t.Helper()
	e, err := h.Cancel(h.t.Context(), e.ID)
	must(h.t, err)
	return e
}

// wantForgotten wants an enrolment not to be there, for anybody who asks for it.
func (h *house) wantForgotten(e enrolment.Enrolment) {
	h.t.Helper()
	ctx := h.t.Context()
	for says, ask := range map[string]func() error{
		"get":    func() error { return second(h.Get(ctx, e.ID)) },
		"cancel": func() error { return second(h.Cancel(ctx, e.ID)) },
		"resend": func() error { return second(h.Resend(ctx, e.ID, enrolment.LinkActivate)) },
	} {
		wantErr(h.t, says, ask(), enrolment.ErrUnknown)
	}
	for _, link := range []enrolment.Link{enrolment.LinkPair, enrolment.LinkActivate} {
		wantErr(h.t, string(link), second(h.Find(ctx, link, h.token(link))), enrolment.ErrLink)
		wantErr(h.t, "again "+string(link), h.SendAgain(ctx, link, h.token(link), link), enrolment.ErrLink)
	}
	all, err := h.List(ctx)
	must(h.t, err)
	if slices.ContainsFunc(all, func(one enrolment.Enrolment) bool { return one.ID == e.ID }) {
		h.t.Error("it is listed")
	}
}

// A signer keeps account and certificate, and whoever invited him may identify him
// anew, and nobody else.
func TestForgottenSigner(t *testing.T) {
	h := forgetting(t)
	h.whole()
	i := enrolment.Invitation{Identity: demoSigner(), Inviter: "app_1", Request: "r1"}
	must(t, second(h.Invite(t.Context(), i)))
	h.pair()
	e := h.activate()
	c, err := h.Issue(t.Context(), e.UserID)
	must(t, err)
	before, err := h.store.User(t.Context(), e.UserID)
	must(t, err)
	h.after(keep + time.Minute)
	must(t, h.Forget(t.Context()))
	h.wantForgotten(e)
	after, err := h.store.User(t.Context(), e.UserID)
	must(t, err)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the account (-before +after):\n%s", diff)
	}
	if kept, err := h.Issue(t.Context(), e.UserID); err != nil || kept.ID != c.ID || kept.Usable(h.now()) != nil {
		t.Errorf("the certificate: %+v, %v", kept, err)
	}
	if events := h.told(0); slices.Contains(events, audit.UserRemoved) {
		t.Errorf("the log tells %v", events)
	}
	wantErr(t, "the request again, which nobody remembers", second(h.Invite(t.Context(), i)), enrolment.ErrExists)
	i.Again, i.Inviter = true, "app_2"
	wantErr(t, "identified anew by others", second(h.Invite(t.Context(), i)), enrolment.ErrExists)
	i.Inviter = "app_1"
	again, err := h.Invite(t.Context(), i)
	if err != nil || again.ID == e.ID || !again.Replaces {
		t.Errorf("identified anew: %+v, %v", again, err)
	}
	h.after(keep + 25*time.Hour) // he never comes
	must(t, h.Forget(t.Context()))
	h.wantForgotten(again)
	_, err = h.store.User(t.Context(), e.UserID)
	must(t, err)
	must(t, second(h.Invite(t.Context(), i)))
}

// What is not over is not forgotten, however long it takes; and nothing is where all
// is kept for ever, or the log cannot tell of it.
func TestNotForgotten(t *testing.T) {
	h := forgetting(t)
	h.invite()
	h.pair()
	e := h.activate()
	h.after(10 * keep)
	must(t, h.Forget(t.Context()))
	must(t, second(h.Get(t.Context(), e.ID)))
	if _, waits, err := h.Pending(t.Context(), e.UserID); !waits || err != nil {
		t.Errorf("he waits for his certificate: %t, %v", waits, err)
	}
	h.cancelled(e)
	h.after(10 * keep)
	h.Keep = 0
	must(t, h.Forget(t.Context()))
	must(t, second(h.Get(t.Context(), e.ID)))
	h.Keep, h.Audit = keep, deaf{}
	wantErr(t, "without a log", h.Forget(t.Context()), errDeaf)
	must(t, second(h.Get(t.Context(), e.ID)))
	must(t, second(h.store.User(t.Context(), e.UserID)))
}

// deaf is a log that takes nothing.
type deaf struct{}

var errDeaf = errors.New("the disk is full")

func (deaf) Append(context.Context, audit.Entry) error { return errDeaf }

// Who is many is forgotten as a whole, and Run does so at once.
func TestForgetMany(t *testing.T) {
	h := forgetting(t)
	const many = 120
	for n := range many {
		id := demoSigner()
		id.Email = fmt.Sprintf("%d.%s", n, id.Email)
		must(t, second(h.Invite(t.Context(), enrolment.Invitation{Identity: id})))
	}
	h.after(keep + 25*time.Hour)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		h.Run(ctx)
	}()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if all, err := h.store.Users(t.Context()); err == nil && len(all) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("they are still there")
		}
	}
	stop()
	<-ended
	if all, err := h.List(t.Context()); len(all) > 0 || err != nil {
		t.Errorf("%d invitations, %v", len(all), err)
	}
}
