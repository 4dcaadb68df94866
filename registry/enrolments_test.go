package registry_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/users"
)

// anEnrolment is the n-th, of the n-th user, with something in every member.
func anEnrolment(n int) enrolment.Enrolment {
	at := created.Add(time.Duration(n) * time.Second)
	return enrolment.Enrolment{
		ID: id("e", n), UserID: user(n).ID, Inviter: "client", Request: id("request", n), State: enrolment.Paired, Replaces: true,
		Identity: enrolment.Identity{
			GivenName: "Ștefan", FamilyName: "Țăran", Email: "a@example.org", Phone: "+40700000000", Country: "RO",
			Identifier: "PNORO-1", Locale: "ro", Profile: "default", Reference: "dosar „7”",
		},
		CredentialID: "c", Created: at, Changed: at, Revision: 7,
		Pair:     enrolment.Sent{Hash: id("pair", n), Expires: at, Used: true},
		Activate: enrolment.Sent{Hash: id("active", n), Expires: at.Add(time.Hour), Used: true},
		Progress: enrolment.Progress{
			Drawn: []byte{0, 1}, DrawnUntil: at, DrawnStep: 3, DrawnTries: 2, Phone: "+40711111111", PhoneConfirmed: true, Code: []byte{2}, CodeUntil: at, CodeTries: 1,
			Codes: 2, CodesSince: at, PasswordSet: true, TermsVersion: "1", TermsAt: at, Mails: 3, MailsSince: at,
			Claim: "x", ClaimUntil: at, Claims: 4,
		},
		Notice: enrolment.Notice{URI: "https://example.org/told", Due: at, Tries: 5},
	}
}

func enrolmentsComeBack(t *testing.T, url string) {
	r := open(t, url)
	var all []enrolment.Enrolment
	for n := range 3 {
		must(t, r.AddUser(t.Context(), user(n)))
		e := anEnrolment(n)
		if n == 2 {
			e = enrolment.Enrolment{ID: e.ID, UserID: e.UserID, Created: e.Created, Changed: e.Changed, Pair: e.Pair, Activate: e.Activate}
		}
		must(t, r.AddEnrolment(t.Context(), e))
		all = append(all, e)
	}
	got, err := r.Enrolments(t.Context())
	must(t, err)
	if diff := cmp.Diff(all, got); diff != "" {
		t.Errorf("all, oldest first (-want +got):\n%s", diff)
	}
	want := all[1]
	for says, find := range map[string]func() (enrolment.Enrolment, error){
		"by id": func() (enrolment.Enrolment, error) { return r.Enrolment(t.Context(), want.ID) },
		"by link": func() (enrolment.Enrolment, error) {
			return r.EnrolmentByLink(t.Context(), enrolment.LinkPair, want.Pair.Hash)
		},
		"by another": func() (enrolment.Enrolment, error) {
			return r.EnrolmentByLink(t.Context(), enrolment.LinkActivate, want.Activate.Hash)
		},
		"by request": func() (enrolment.Enrolment, error) {
			return r.EnrolmentByRequest(t.Context(), want.Inviter, want.Request)
		},
		"by user": func() (enrolment.Enrolment, error) {
			of, err := r.EnrolmentsOf(t.Context(), want.UserID)
			if len(of) != 1 {
				return enrolment.Enrolment{}, err
			}
			return of[0], err
		},
	} {
		got, err := find()
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", says, diff)
		}
	}
	for _, text := range []string{"", "\x00", "\xff", want.Pair.Hash + "0"} {
		_, err := r.EnrolmentByLink(t.Context(), enrolment.LinkPair, text)
		wantErr(t, err, enrolment.ErrUnknown)
		_, err = r.Enrolment(t.Context(), text)
		wantErr(t, err, enrolment.ErrUnknown)
		_, err = r.EnrolmentByRequest(t.Context(), "client", text)
		wantErr(t, err, enrolment.ErrUnknown)
	}
	_, err = r.EnrolmentByLink(t.Context(), enrolment.LinkActivate, want.Pair.Hash)
	wantErr(t, err, enrolment.ErrUnknown)
}

// A user has one enrolment that is open, and one request is for one enrolment.
func enrolmentsAreUnique(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	must(t, r.AddUser(t.Context(), user(2)))
	first := anEnrolment(1)
	must(t, r.AddEnrolment(t.Context(), first))
	of := func(n int, change func(*enrolment.Enrolment)) error {
		e := anEnrolment(n)
		e.UserID = first.UserID
		change(&e)
		return r.AddEnrolment(t.Context(), e)
	}
	for says, err := range map[string]error{
		"another open one of the user": of(2, func(*enrolment.Enrolment) {}),
		"the request again":            of(2, func(e *enrolment.Enrolment) { e.UserID, e.Request = user(2).ID, first.Request }),
		"the id again":                 of(2, func(e *enrolment.Enrolment) { e.UserID, e.ID = user(2).ID, first.ID }),
		"the link again":               of(2, func(e *enrolment.Enrolment) { e.UserID, e.Pair.Hash = user(2).ID, first.Pair.Hash }),
	} {
		if !errors.Is(err, enrolment.ErrExists) {
			t.Errorf("%s: %v", says, err)
		}
	}
	wantErr(t, of(9, func(e *enrolment.Enrolment) { e.UserID = "u_nobody" }), users.ErrUnknown)
	must(t, of(3, func(e *enrolment.Enrolment) { e.State = enrolment.Issued }))
	must(t, of(4, func(e *enrolment.Enrolment) { e.State = enrolment.Cancelled }))
	must(t, of(5, func(e *enrolment.Enrolment) { e.UserID, e.Request, e.Inviter = user(2).ID, first.Request, "another" }))
	if err := of(6, func(e *enrolment.Enrolment) { e.Identity.Reference = "\x00" }); err == nil || unavailable(err) || errors.Is(err, enrolment.ErrExists) {
		t.Logf("JSON takes care of it: %v", err)
	}
	if err := of(7, func(e *enrolment.Enrolment) { e.Request, e.State = "\xff", enrolment.Issued }); err == nil || unavailable(err) {
		t.Errorf("what cannot be kept: %v", err)
	}
}

func enrolmentsFinish(t *testing.T, url string) {
	r := open(t, url)
	for n := range 3 {
		must(t, r.AddUser(t.Context(), user(n)))
	}
	e := anEnrolment(1)
	must(t, r.AddEnrolment(t.Context(), e))
	stale := e
	stale.Revision--
	wantErr(t, r.FinishEnrolment(t.Context(), stale, credential(1, 1)), enrolment.ErrChanged)
	_, err := r.Credential(t.Context(), credential(1, 1).ID)
	wantErr(t, err, credentials.ErrUnknown)

	must(t, r.AddCredential(t.Context(), credential(2, 2)))
	e.State, e.CredentialID = enrolment.Issued, credential(2, 2).ID
	wantErr(t, r.FinishEnrolment(t.Context(), e, credential(2, 2)), credentials.ErrExists)
	if kept, err := r.Enrolment(t.Context(), e.ID); err != nil || kept.State != enrolment.Paired || kept.Revision != e.Revision {
		t.Errorf("ended without its credential: %+v, %v", kept, err)
	}

	e.CredentialID = credential(1, 1).ID
	must(t, r.FinishEnrolment(t.Context(), e, credential(1, 1)))
	kept, err := r.Enrolment(t.Context(), e.ID)
	must(t, err)
	if e.Revision++; !cmp.Equal(e, kept) {
		t.Errorf("(-want +got):\n%s", cmp.Diff(e, kept))
	}
	if c, err := r.Credential(t.Context(), e.CredentialID); err != nil || c.UserID != e.UserID {
		t.Errorf("%+v, %v", c, err)
	}
}

func raceSwapEnrolment(t *testing.T, url string) {
	r, other := open(t, url), open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	must(t, r.AddEnrolment(t.Context(), anEnrolment(1)))
	for range 5 {
		seen, err := r.Enrolment(t.Context(), anEnrolment(1).ID)
		must(t, err)
		if wins := race(t, 24, func(n int) (bool, error) {
			at, e := r, seen
			if n%2 == 0 {
				at = other
			}
			e.Progress.Claim = id("claim", n)
			err := at.SwapEnrolment(t.Context(), e)
			if errors.Is(err, enrolment.ErrChanged) {
				return false, nil
			}
			return err == nil, err
		}); wins != 1 {
			t.Errorf("%d changed one revision", wins)
		}
	}
}

// An inviter's are told in pages, and of those that are due one is told of each.
func enrolmentsAreTold(t *testing.T, url string) {
	r, other := open(t, url), open(t, url)
	for n := range 5 {
		must(t, r.AddUser(t.Context(), user(n)))
		e := anEnrolment(n)
		e.Created = created.Add(time.Duration(n/2) * time.Second) // two at a time
		e.Notice.Due = created.Add(time.Duration(5-n) * time.Minute)
		if n == 3 {
			e.Inviter, e.Notice.Due = "another", time.Time{}
		}
		must(t, r.AddEnrolment(t.Context(), e))
	}
	ids := func(all []enrolment.Enrolment, err error) (list []string) {
		must(t, err)
		for _, e := range all {
			list = append(list, e.ID)
		}
		return list
	}
	e := func(numbers ...int) (list []string) {
		for _, n := range numbers {
			list = append(list, anEnrolment(n).ID)
		}
		return list
	}
	place := func(n int) string {
		return enrolment.Enrolment{ID: anEnrolment(n).ID, Created: created.Add(time.Duration(n/2) * time.Second)}.Place()
	}
	for _, test := range []struct {
		says, inviter, after string
		want                 []string
	}{
		{"the first", "client", "", e(0, 1, 2)},
		{"those after one", "client", e(1)[0], e(2, 4)},
		{"those after the last", "client", e(4)[0], nil},
		{"those after a place", "client", place(1), e(2, 4)},
		{"those after the place of another's", "client", place(3), e(4)},
		{"those after the place of one that is not there", "client", place(2) + "0", e(4)},
		{"another's", "another", "", e(3)},
		{"nobody's", "", "", nil},
	} {
		if diff := cmp.Diff(test.want, ids(r.EnrolmentsBy(t.Context(), test.inviter, test.after, 3))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.says, diff)
		}
	}
	for _, after := range []string{e(3)[0], "e_nobody", "\xff", "1", "x.e_1"} { // no end of the list
		_, err := r.EnrolmentsBy(t.Context(), "client", after, 3)
		wantErr(t, err, enrolment.ErrUnknown)
	}
	if diff := cmp.Diff(e(4, 2), ids(r.DueEnrolments(t.Context(), created.Add(4*time.Minute), 2))); diff != "" {
		t.Errorf("due (-want +got):\n%s", diff)
	}
	first, err := r.Enrolment(t.Context(), e(4)[0])
	must(t, err)
	if wins := race(t, 24, func(n int) (bool, error) {
		at := r
		if n%2 == 0 {
			at = other
		}
		return at.SwapEnrolmentNotice(t.Context(), first.ID, first.Notice.Due, created.Add(time.Hour), 1)
	}); wins != 1 {
		t.Errorf("%d told of one", wins)
	}
	if swapped, err := r.SwapEnrolmentNotice(t.Context(), first.ID, created.Add(time.Hour), time.Time{}, 1); !swapped || err != nil {
		t.Errorf("told: %t, %v", swapped, err)
	}
	if diff := cmp.Diff(e(2, 1), ids(r.DueEnrolments(t.Context(), created.Add(time.Hour), 2))); diff != "" {
		t.Errorf("due after that (-want +got):\n%s", diff)
	}
}
