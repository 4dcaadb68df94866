package registry_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/credentials"
)

// ownersAreTold: what changes a certificate keeps a notice, exactly one, whichever
// process tells of it; what changes nothing keeps none.
func ownersAreTold(t *testing.T, url string) {
	r, other := open(t, url), open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	for n := range 4 {
		must(t, r.AddCredential(t.Context(), credential(n, 1)))
	}
	at := func(n int) time.Time { return created.Add(time.Duration(n) * time.Hour) }
	one := id("c", 1)
	must(t, r.SuspendCredential(t.Context(), one, at(1)))
	wantErr(t, r.SuspendCredential(t.Context(), one, at(2)), credentials.ErrWithdrawn)
	must(t, r.ResumeCredential(t.Context(), one, at(3)))
	wantErr(t, r.ResumeCredential(t.Context(), one, at(4)), credentials.ErrNotSuspended)
	must(t, r.RevokeCredential(t.Context(), one, at(5), 4))
	wantErr(t, r.RevokeCredential(t.Context(), one, at(6), 1), credentials.ErrWithdrawn)
	wantErr(t, r.RevokeCredential(t.Context(), id("c", 9), at(6), 1), credentials.ErrUnknown)
	must(t, r.DeleteCredential(t.Context(), id("c", 2), credentials.Deletion{At: at(7), Told: true, ClientID: "app"}))
	wantErr(t, r.DeleteCredential(t.Context(), id("c", 2), credentials.Deletion{At: at(8), Told: true}), credentials.ErrUnknown)
	must(t, r.DeleteCredential(t.Context(), id("c", 3), credentials.Deletion{At: at(8), Revoked: true, Reason: 5, Told: true, ClientID: "app"}))
	must(t, r.DeleteCredential(t.Context(), id("c", 0), credentials.Deletion{At: at(9)}))
	due := func(now time.Time, most int) (said []string) {
		all, err := other.DueCredentialNotices(t.Context(), now, most)
		must(t, err)
		for _, n := range all {
			said = append(said, fmt.Sprintf("%s %s %d %q %s %t %d", n.CredentialID, n.Fate, n.Reason, n.ClientID, n.At.Sub(created), n.Due.Equal(n.At), n.Tries))
		}
		return said
	}
	want := []string{
		one + ` suspended 0 "" 1h0m0s true 0`, one + ` resumed 0 "" 3h0m0s true 0`, one + ` revoked 4 "" 5h0m0s true 0`,
		id("c", 2) + ` deleted 0 "app" 7h0m0s true 0`, id("c", 3) + ` ended 5 "app" 8h0m0s true 0`,
	}
	if diff := cmp.Diff(want, due(at(10), 9)); diff != "" {
		t.Errorf("due (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[:2], due(at(4), 9)); diff != "" {
		t.Errorf("due early (-want +got):\n%s", diff)
	}
	if got := due(at(10), 3); len(got) != 3 {
		t.Errorf("of three at most: %v", got)
	}
	all, err := r.DueCredentialNotices(t.Context(), at(1), 1)
	must(t, err)
	first := all[0]
	if wins := race(t, 24, func(n int) (bool, error) {
		by := r
		if n%2 == 0 {
			by = other
		}
		return by.SwapCredentialNotice(t.Context(), first.ID, first.Due, at(20), 1)
	}); wins != 1 {
		t.Errorf("%d told of one", wins)
	}
	if diff := cmp.Diff(want[1:], due(at(10), 9)); diff != "" {
		t.Errorf("due while one is told (-want +got):\n%s", diff)
	}
	for n, swap := range []struct {
		old     time.Time
		swapped bool
	}{{first.Due, false}, {at(20), true}, {at(20), false}} {
		if swapped, err := r.SwapCredentialNotice(t.Context(), first.ID, swap.old, time.Time{}, 1); swapped != swap.swapped || err != nil {
			t.Errorf("%d told: %t, %v", n, swapped, err)
		}
	}
	if diff := cmp.Diff(want[1:], due(at(99), 9)); diff != "" {
		t.Errorf("due after that (-want +got):\n%s", diff)
	}
}
