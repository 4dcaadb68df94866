package registry_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/users"
)

func pair(t *testing.T, url string) *registry.Registry {
	t.Helper()
	r := open(t, url)
	for n := range 3 {
		u, c := user(n), client(n)
		u.Stamp, c.Name = fmt.Sprintf("stamp of %d", n), fmt.Sprintf("%c application", 'C'-n)
		must(t, r.AddUser(t.Context(), u))
		must(t, r.AddClient(t.Context(), c))
	}
	return r
}

func permissionsComeAndGo(t *testing.T, url string) {
	r := pair(t, url)
	want := func(says string, userN int, all ...oauth.Permission) {
		t.Helper()
		got, err := r.Permissions(t.Context(), user(userN).ID)
		must(t, err)
		if diff := cmp.Diff(append([]oauth.Permission{}, all...), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", says, diff)
		}
	}
	later := created.Add(time.Hour)
	one := oauth.Permission{ClientID: client(1).ID, Name: "B application", Scopes: []string{"service"}, Since: created, Used: created}
	want("before any", 1)
	must(t, r.Permit(t.Context(), client(1).ID, user(1).ID, "service", created))
	want("one", 1, one)
	want("another user has none", 2)
	must(t, r.Permit(t.Context(), client(1).ID, user(1).ID, "credential", later))
	one.Scopes, one.Used = []string{"credential", "service"}, later
	want("another scope, used later", 1, one)
	must(t, r.AddRefresh(t.Context(), oauth.Refresh{ID: "f", Hash: "h", ClientID: client(1).ID, UserID: user(1).ID, Used: later.Add(time.Hour), Expires: later.Add(2 * time.Hour)}))
	one.Used = later.Add(time.Hour)
	want("its refresh token was used", 1, one)
	must(t, r.Link(t.Context(), client(2).ID, user(1).ID))
	two := oauth.Permission{ClientID: client(2).ID, Name: "A application", Scopes: []string{}, Linked: true}
	want("one that is linked, by name", 1, two, one)

	must(t, r.Withdraw(t.Context(), client(1).ID, user(1).ID, "w"))
	want("withdrawn", 1, two)
	if _, err := r.Refresh(t.Context(), "f"); !errors.Is(err, oauth.ErrUnknownRefresh) {
		t.Errorf("the refresh token of a withdrawn permission: %v", err)
	}
	must(t, r.Permit(t.Context(), client(1).ID, user(1).ID, "service", later))
	one.Scopes, one.Since, one.Used = []string{"service"}, later, later
	want("permitted again", 1, two, one)
	must(t, r.RemoveClient(t.Context(), client(1).ID))
	want("the client is gone", 1, two)

	wantErr(t, r.Permit(t.Context(), id("app", 9), user(1).ID, "service", created), oauth.ErrUnknownClient)
	wantErr(t, r.Permit(t.Context(), client(0).ID, id("u", 9), "service", created), users.ErrUnknown)
	wantErr(t, r.Withdraw(t.Context(), id("app", 9), user(1).ID, "w"), oauth.ErrUnknownClient)
	wantErr(t, r.Withdraw(t.Context(), client(0).ID, id("u", 9), "w"), users.ErrUnknown)
	wantErr(t, r.Withdraw(t.Context(), client(0).ID, "\x00", "w"), users.ErrUnknown)
}

// A standing is the same for as long as nothing was ended, and Out while nobody
// may give anything.
func standings(t *testing.T, url string) {
	r := pair(t, url)
	must(t, r.AddCredential(t.Context(), credential(1, 1)))
	want := func(says, stamp, permission string, out bool) {
		t.Helper()
		got, err := r.Standing(t.Context(), client(1).ID, user(1).ID)
		must(t, err)
		if diff := cmp.Diff(oauth.Standing{User: stamp, Permission: permission, Out: out}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", says, diff)
		}
		at := stamp + permission
		if out {
			at = users.Out
		}
		holding, err := r.Holding(t.Context(), id("c", 1), client(1).ID)
		if must(t, err); holding.Standing != at {
			t.Errorf("%s: the credential stands at %q, want %q", says, holding.Standing, at)
		}
		if other, err := r.Standing(t.Context(), "", user(1).ID); err != nil || other != (oauth.Standing{User: stamp, Out: out}) {
			t.Errorf("%s: before no client %+v, %v", says, other, err)
		}
	}
	want("at first", "stamp of 1", "", false)
	must(t, r.Permit(t.Context(), client(1).ID, user(1).ID, "service", created))
	want("permitted", "stamp of 1", "", false)
	must(t, r.Withdraw(t.Context(), client(2).ID, user(1).ID, "of another client"))
	must(t, r.Withdraw(t.Context(), client(1).ID, user(2).ID, "of another user"))
	want("withdrawn from another, and by another", "stamp of 1", "", false)
	must(t, r.Withdraw(t.Context(), client(1).ID, user(1).ID, "+1"))
	want("withdrawn", "stamp of 1", "+1", false)
	must(t, r.Permit(t.Context(), client(1).ID, user(1).ID, "service", created))
	want("permitted again", "stamp of 1", "+1", false)
	must(t, r.SetPassword(t.Context(), user(1).ID, "hash", "stamp 2"))
	want("another password", "stamp 2", "+1", false)
	must(t, r.SetUserDisabled(t.Context(), user(1).ID, true, "stamp 3"))
	want("disabled", "stamp 3", "+1", true)
	must(t, r.SetUserDisabled(t.Context(), user(1).ID, false, "stamp 4"))
	want("enabled", "stamp 4", "+1", false)
	for _, factor := range []string{users.FactorCode, users.FactorPassword} {
		tried := users.Attempts{Window: created, Failures: 1, InRow: 1}
		_, err := r.SwapAttempts(t.Context(), user(1).ID, factor, users.Attempts{}, tried)
		must(t, err)
		want("after an attempt", "stamp 4", "+1", false)
		locked := tried
		locked.Locked = true
		_, err = r.SwapAttempts(t.Context(), user(1).ID, factor, tried, locked)
		must(t, err)
		want("locked", "stamp 4", "+1", true)
		_, err = r.SwapAttempts(t.Context(), user(1).ID, factor, locked, users.Attempts{})
		must(t, err)
		want("unlocked", "stamp 4", "+1", false)
	}
	locked := users.Attempts{Locked: true}
	_, err := r.SwapAttempts(t.Context(), user(1).ID, id("c", 1), users.Attempts{}, locked)
	must(t, err)
	holding, err := r.Holding(t.Context(), id("c", 1), client(1).ID)
	if must(t, err); holding.Standing != users.Out {
		t.Errorf("a locked credential stands at %q", holding.Standing)
	}
	_, err = r.SwapAttempts(t.Context(), user(1).ID, id("c", 1), locked, users.Attempts{})
	must(t, err)
	_, err = r.SwapAttempts(t.Context(), user(1).ID, id("c", 2), users.Attempts{}, locked)
	must(t, err)
	want("another credential is locked", "stamp 4", "+1", false)
	for _, nobody := range []string{id("u", 9), "", "\x00"} {
		_, err := r.Standing(t.Context(), client(1).ID, nobody)
		wantErr(t, err, users.ErrUnknown)
	}
}

func racePermit(t *testing.T, url string) {
	r, other := pair(t, url), open(t, url)
	race(t, 20, func(i int) (bool, error) {
		at := r
		if i%2 == 0 {
			at = other
		}
		return true, at.Permit(t.Context(), client(1).ID, user(1).ID, fmt.Sprintf("scope %02d", i), created)
	})
	all, err := r.Permissions(t.Context(), user(1).ID)
	must(t, err)
	if len(all) != 1 || len(all[0].Scopes) != 20 {
		t.Errorf("permitted %+v", all)
	}
}

func swapPassword(t *testing.T, url string) {
	r := pair(t, url)
	for _, row := range []struct {
		says, id, old, new string
		want               bool
	}{
		{"nobody", id("u", 9), "", "x", false},
		{"from what it is", user(1).ID, "", "a", true},
		{"from what it was", user(1).ID, "", "b", false},
		{"once more", user(1).ID, "a", "b", true},
		{"to what cannot be kept", user(1).ID, "b", "\x00", false},
	} {
		if got, err := r.SwapPassword(t.Context(), row.id, row.old, row.new); got != row.want || err != nil {
			t.Errorf("%s: %t, %v", row.says, got, err)
		}
	}
	if u, err := r.User(t.Context(), user(1).ID); err != nil || u.PasswordHash != "b" || u.Stamp != "stamp of 1" {
		t.Errorf("%+v, %v", u, err)
	}
}
