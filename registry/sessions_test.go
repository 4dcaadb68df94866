package registry_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/portal"
	"github.com/pecete/pecete/users"
)

func session(n, userN int) portal.Session {
	return portal.Session{
		ID: fmt.Sprintf("%064x", n), UserID: user(userN).ID, Stamp: fmt.Sprintf("stamp of %d", userN),
		Created: created.Add(time.Duration(n) * time.Hour), Used: created.Add(time.Duration(n) * time.Hour),
		Address: "192.0.2.7", Agent: "Mozilla/5.0 \"ș' ?0 $1",
	}
}

func sessionsComeAndGo(t *testing.T, url string) {
	r := pair(t, url)
	want := func(says string, all ...portal.Session) {
		t.Helper()
		got, err := r.SessionsOf(t.Context(), user(1).ID)
		must(t, err)
		if diff := cmp.Diff(append([]portal.Session{}, all...), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", says, diff)
		}
	}
	one, two, other := session(1, 1), session(2, 1), session(3, 2)
	for _, s := range []portal.Session{one, two, other} {
		must(t, r.AddSession(t.Context(), s))
		got, err := r.Session(t.Context(), s.ID)
		must(t, err)
		if diff := cmp.Diff(s, got); diff != "" {
			t.Errorf("changed (-want +got):\n%s", diff)
		}
	}
	want("the one used last first", two, one)
	one.Used = created.Add(5 * time.Hour)
	must(t, r.TouchSession(t.Context(), one.ID, one.Used))
	must(t, r.TouchSession(t.Context(), one.ID, created)) // by somebody who is late
	want("the other was used", one, two)
	must(t, r.EndSession(t.Context(), user(2).ID, one.ID))
	want("ended by another", one, two)
	must(t, r.EndSession(t.Context(), user(1).ID, two.ID))
	must(t, r.EndSession(t.Context(), user(1).ID, two.ID))
	want("ended", one)
	_, err := r.Session(t.Context(), two.ID)
	wantErr(t, err, portal.ErrNoSession)
	must(t, r.ForgetSessions(t.Context(), one.Created))
	want("none is older", one)
	must(t, r.ForgetSessions(t.Context(), one.Created.Add(time.Microsecond)))
	want("one is")
	if _, err := r.Session(t.Context(), other.ID); err != nil {
		t.Errorf("another's: %v", err)
	}
	for _, id := range []string{"", "\x00", strings.Repeat("f", 64)} {
		_, err := r.Session(t.Context(), id)
		wantErr(t, err, portal.ErrNoSession)
	}
}

// A session is there for as long as its user stands by it.
func sessionsStand(t *testing.T, url string) {
	r := pair(t, url)
	s := session(1, 1)
	must(t, r.AddSession(t.Context(), s))
	there := func(says string, want bool) {
		t.Helper()
		_, err := r.Session(t.Context(), s.ID)
		all, listed := r.SessionsOf(t.Context(), s.UserID)
		if (err == nil) != want || listed != nil || (len(all) == 1) != want {
			t.Errorf("%s: %v, %d listed, %v", says, err, len(all), listed)
		}
	}
	there("at first", true)
	locked := users.Attempts{Locked: true}
	_, err := r.SwapAttempts(t.Context(), s.UserID, users.FactorCode, users.Attempts{}, locked)
	must(t, err)
	there("locked", false)
	_, err = r.SwapAttempts(t.Context(), s.UserID, users.FactorCode, locked, users.Attempts{})
	must(t, err)
	there("unlocked", true)
	must(t, r.SetStamp(t.Context(), s.UserID, "another"))
	there("with another stamp", false)
	must(t, r.SetStamp(t.Context(), s.UserID, s.Stamp))
	must(t, r.SetUserDisabled(t.Context(), s.UserID, true, s.Stamp))
	there("disabled", false)
}
