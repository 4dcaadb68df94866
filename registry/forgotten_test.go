package registry_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/documents"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/users"
)

// over is an enrolment that was over at created, and that nobody is to be told of.
func over(n int, state enrolment.State) enrolment.Enrolment {
	e := anEnrolment(n)
	e.State, e.Replaces, e.Created, e.Changed, e.Notice.Due = state, false, created, created, time.Time{}
	e.Pair.Expires, e.Activate.Expires = created, created
	return e
}

// Those are over that came to their end, or whose links are good no more.
func enrolmentsEnd(t *testing.T, url string) {
	r := open(t, url)
	after := created.Add(time.Microsecond)
	for n, test := range []struct {
		says string
		e    func(*enrolment.Enrolment)
		want bool
	}{
		{"issued", func(e *enrolment.Enrolment) { e.State = enrolment.Issued }, true},
		{"cancelled", func(e *enrolment.Enrolment) { e.State = enrolment.Cancelled }, true},
		{"cancelled, with a link that was good for longer", func(e *enrolment.Enrolment) { e.State, e.Pair.Expires = enrolment.Cancelled, after }, true},
		{"cancelled later", func(e *enrolment.Enrolment) { e.State, e.Changed = enrolment.Cancelled, after }, false},
		{"issued, and somebody is to be told", func(e *enrolment.Enrolment) { e.State, e.Notice.Due = enrolment.Issued, created }, false},
		{"invited, and both links are over", func(e *enrolment.Enrolment) { e.State = enrolment.Invited }, true},
		{"invited, and one link is good", func(e *enrolment.Enrolment) { e.State, e.Activate.Expires = enrolment.Invited, after }, false},
		{"paired, and the links are over", func(e *enrolment.Enrolment) {}, true},
		{"paired, and changed later", func(e *enrolment.Enrolment) { e.Changed = after }, false},
		{"activated, and waits for a login", func(e *enrolment.Enrolment) { e.State = enrolment.Activated }, false},
		{"somebody makes the certificate", func(e *enrolment.Enrolment) { e.State = enrolment.Issuing }, false},
	} {
		must(t, r.AddUser(t.Context(), user(n)))
		e := over(n, enrolment.Paired)
		test.e(&e)
		must(t, r.AddEnrolment(t.Context(), e))
		all, err := r.EndedEnrolments(t.Context(), after, 100)
		must(t, err)
		found := len(all) > 0 && all[len(all)-1].ID == e.ID
		if found != test.want {
			t.Errorf("%s: over is %t", test.says, found)
		}
		if all, err := r.EndedEnrolments(t.Context(), created, 100); len(all) > 0 || err != nil {
			t.Errorf("%s: over too early: %v, %v", test.says, all, err)
		}
	}
	if all, err := r.EndedEnrolments(t.Context(), after, 2); len(all) != 2 || err != nil {
		t.Errorf("at most 2 are %d, %v", len(all), err)
	}
}

// What was forgotten is nowhere in the database, and not there for who asks; who
// invited whom, and what came of it, stays.
func enrolmentsAreForgotten(t *testing.T, url string) {
	r := open(t, url)
	for n, state := range []enrolment.State{enrolment.Issued, enrolment.Cancelled, enrolment.Invited, enrolment.Paired} {
		must(t, r.AddUser(t.Context(), user(n)))
		e := over(n, state)
		must(t, r.AddEnrolment(t.Context(), e))
		stale := e
		stale.Revision--
		wantErr(t, r.ForgetEnrolment(t.Context(), stale), enrolment.ErrChanged)
		must(t, r.ForgetEnrolment(t.Context(), e))
		wantErr(t, r.ForgetEnrolment(t.Context(), e), enrolment.ErrChanged)
		wantErr(t, r.SwapEnrolment(t.Context(), e), enrolment.ErrChanged)
		wantUnknown(t, r, e)
		wantOut(t, url, e.ID, e.Identity.GivenName, e.Identity.Email, e.Identity.Phone, e.Identity.Identifier, e.Identity.Reference, e.Progress.Phone, e.Request, e.Notice.URI)
		want := enrolment.Enrolment{
			ID: e.ID, UserID: e.UserID, Inviter: e.Inviter, State: enrolment.Cancelled, CredentialID: e.CredentialID,
			Created: e.Created, Changed: e.Changed, Revision: e.Revision + 1, Pair: e.Pair, Activate: e.Activate,
		}
		if state == enrolment.Issued {
			want.State = state
		}
		got, err := r.EnrolmentsOf(t.Context(), e.UserID)
		must(t, err)
		if diff := cmp.Diff([]enrolment.Enrolment{want}, got); diff != "" {
			t.Errorf("what stays (-want +got):\n%s", diff)
		}
		again := over(n+20, enrolment.Invited)
		again.UserID, again.Request, again.Created = e.UserID, e.Request, e.Created.Add(time.Hour)
		must(t, r.AddEnrolment(t.Context(), again)) // by the same request, which nobody remembers
		listed, err := r.EnrolmentsBy(t.Context(), e.Inviter, e.ID, 1)
		if len(listed) != 1 || listed[0].ID != again.ID {
			t.Errorf("the list after one that was forgotten: %v, %v", listed, err)
		}
		must(t, r.ForgetEnrolment(t.Context(), again))
	}
}

// wantUnknown wants an enrolment not to be there.
func wantUnknown(t *testing.T, r *registry.Registry, e enrolment.Enrolment) {
	t.Helper()
	for says, find := range map[string]func() (enrolment.Enrolment, error){
		"by id":      func() (enrolment.Enrolment, error) { return r.Enrolment(t.Context(), e.ID) },
		"by request": func() (enrolment.Enrolment, error) { return r.EnrolmentByRequest(t.Context(), e.Inviter, e.Request) },
		"by link": func() (enrolment.Enrolment, error) {
			return r.EnrolmentByLink(t.Context(), enrolment.LinkPair, e.Pair.Hash)
		},
	} {
		if got, err := find(); !errors.Is(err, enrolment.ErrUnknown) {
			t.Errorf("%s: %+v, %v", says, got, err)
		}
	}
	for says, list := range map[string]func() ([]enrolment.Enrolment, error){
		"all":        func() ([]enrolment.Enrolment, error) { return r.Enrolments(t.Context()) },
		"an inviter": func() ([]enrolment.Enrolment, error) { return r.EnrolmentsBy(t.Context(), e.Inviter, "", 9) },
		"over": func() ([]enrolment.Enrolment, error) {
			return r.EndedEnrolments(t.Context(), created.AddDate(9, 0, 0), 9)
		},
	} {
		if got, err := list(); len(got) > 0 || err != nil {
			t.Errorf("%s: %v, %v", says, got, err)
		}
	}
}

// wantOut wants none of the texts in an enrolment's row.
func wantOut(t *testing.T, url, id string, texts ...string) {
	t.Helper()
	rows, err := raw(t, url).QueryContext(t.Context(), "SELECT * FROM enrolments WHERE id = '"+id+"'")
	must(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	must(t, err)
	for rows.Next() {
		row := make([]any, len(columns))
		for i := range row {
			row[i] = new(sql.NullString)
		}
		must(t, rows.Scan(row...))
		for i := range row {
			for _, text := range texts {
				if strings.Contains(row[i].(*sql.NullString).String, text) {
					t.Errorf("%s is in %s", text, columns[i])
				}
			}
		}
	}
	must(t, rows.Err())
}

// Who was only invited is removed; whoever is more stays.
func onlyInvitedAreRemoved(t *testing.T, url string) {
	for _, test := range []struct {
		says string
		more func(t *testing.T, r *registry.Registry, e *enrolment.Enrolment)
		goes bool
	}{
		{"nothing else", nil, true},
		{"an authenticator and a password, and no certificate", func(t *testing.T, r *registry.Registry, e *enrolment.Enrolment) {
			must(t, r.SetSecret(t.Context(), e.UserID, []byte{1}, "stamp"))
			must(t, r.AddSession(t.Context(), session(1, 1)))
		}, true},
		{"invited twice", func(t *testing.T, r *registry.Registry, e *enrolment.Enrolment) {
			first := over(2, enrolment.Cancelled)
			first.UserID, e.Replaces = e.UserID, true
			must(t, r.AddEnrolment(t.Context(), first))
			must(t, r.ForgetEnrolment(t.Context(), first))
		}, true},
		{"a signer before", func(_ *testing.T, _ *registry.Registry, e *enrolment.Enrolment) { e.Replaces = true }, false},
		{"a certificate of the invitation", func(_ *testing.T, _ *registry.Registry, e *enrolment.Enrolment) { e.State = enrolment.Issued }, false},
		{"another invitation, which is remembered", func(t *testing.T, r *registry.Registry, e *enrolment.Enrolment) {
			other := over(2, enrolment.Invited)
			other.UserID = e.UserID
			must(t, r.AddEnrolment(t.Context(), other))
		}, false},
		{"a credential", func(t *testing.T, r *registry.Registry, _ *enrolment.Enrolment) {
			must(t, r.AddCredential(t.Context(), credential(1, 1)))
		}, false},
		{"a certificate that came to no credential", func(t *testing.T, r *registry.Registry, e *enrolment.Enrolment) {
			i := issuance(1)
			i.UserID = e.UserID
			must(t, r.BeginIssuance(t.Context(), i))
		}, false},
		{"an application", func(t *testing.T, r *registry.Registry, e *enrolment.Enrolment) {
			must(t, r.AddClient(t.Context(), client(1)))
			must(t, r.Link(t.Context(), client(1).ID, e.UserID))
		}, false},
		{"an account", func(t *testing.T, r *registry.Registry, e *enrolment.Enrolment) {
			must(t, r.AddClient(t.Context(), client(1)))
			must(t, r.SetAccount(t.Context(), client(1).ID, "account", e.UserID))
		}, false},
		{"a permission", func(t *testing.T, r *registry.Registry, e *enrolment.Enrolment) {
			must(t, r.AddClient(t.Context(), client(1)))
			must(t, r.Permit(t.Context(), client(1).ID, e.UserID, "service", created))
		}, false},
		{"a document", func(t *testing.T, r *registry.Registry, _ *enrolment.Enrolment) {
			must(t, r.AddDocument(t.Context(), aDocument(1, 1)))
		}, false},
		{"a receipt", func(t *testing.T, r *registry.Registry, e *enrolment.Enrolment) {
			must(t, r.AddReceipt(t.Context(), documents.Receipt{ID: "d_1", UserID: e.UserID, Sealed: []byte{1}, Salt: []byte{1}, At: created}))
		}, false},
		{"barred", func(t *testing.T, r *registry.Registry, e *enrolment.Enrolment) {
			must(t, r.SetUserDisabled(t.Context(), e.UserID, true, "stamp"))
		}, false},
	} {
		t.Run(test.says, func(t *testing.T) {
			r := emptied(t, url)
			must(t, r.AddUser(t.Context(), user(0))) // whom nobody invited
			must(t, r.AddUser(t.Context(), user(1)))
			e := over(1, enrolment.Cancelled)
			if test.more != nil {
				test.more(t, r, &e)
			}
			must(t, r.AddEnrolment(t.Context(), e))
			wantOnlyInvited(t, r, "before it is forgotten", nil)
			must(t, r.ForgetEnrolment(t.Context(), e))
			if test.goes {
				wantOnlyInvited(t, r, "then", []string{e.UserID})
			} else {
				wantOnlyInvited(t, r, "then", nil)
			}
			for _, id := range []string{user(0).ID, e.UserID, "u_nobody", "\x00"} {
				must(t, r.RemoveOnlyInvited(t.Context(), id))
			}
			_, err := r.User(t.Context(), e.UserID)
			if gone := errors.Is(err, users.ErrUnknown); gone != test.goes {
				t.Errorf("removed is %t, %v", gone, err)
			}
			left, err := r.EnrolmentsOf(t.Context(), e.UserID)
			if gone := len(left) == 0; gone != test.goes || err != nil {
				t.Errorf("enrolments left: %v, %v", left, err)
			}
			_, err = r.User(t.Context(), user(0).ID)
			must(t, err)
		})
	}
}

func wantOnlyInvited(t *testing.T, r *registry.Registry, says string, want []string) {
	t.Helper()
	got, err := r.OnlyInvited(t.Context(), 9)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s, only invited are (-want +got):\n%s", says, diff)
	}
}

// emptied is a registry in which there is nothing again.
func emptied(t *testing.T, url string) *registry.Registry {
	t.Helper()
	r, db := open(t, url), raw(t, url)
	for _, table := range []string{"issuances", "receipts", "documents", "permissions", "accounts", "links", "sessions", "enrolments", "credentials", "users", "clients"} {
		_, err := db.ExecContext(t.Context(), "DELETE FROM "+table)
		must(t, err)
	}
	must(t, db.Close())
	return r
}

// Of a removal and of what makes a user more than invited one comes first, and
// nothing is lost that somebody was told is kept.
func raceRemove(t *testing.T, url string) {
	r := open(t, url)
	for n := range 20 {
		must(t, r.AddUser(t.Context(), user(n)))
		e := over(n, enrolment.Cancelled)
		must(t, r.AddEnrolment(t.Context(), e))
		must(t, r.ForgetEnrolment(t.Context(), e))
		anew := over(100+n, enrolment.Invited)
		anew.UserID = e.UserID
		kept := race(t, 2, func(i int) (bool, error) {
			if i == 0 {
				return false, r.RemoveOnlyInvited(context.WithoutCancel(t.Context()), e.UserID)
			}
			err := r.AddEnrolment(t.Context(), anew)
			if errors.Is(err, users.ErrUnknown) {
				return false, nil
			}
			return err == nil, err
		})
		if _, err := r.Enrolment(t.Context(), anew.ID); (err == nil) != (kept == 1) {
			t.Error(fmt.Sprintf("kept %d, and then", kept), err)
		}
	}
}
