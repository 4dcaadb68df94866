package registry_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/ca"
	"github.com/pecete/pecete/credentials"
)

// statuses: what the authority is told of each certificate, and of all that are
// not good, through whichever registry it was changed.
func statuses(t *testing.T, url string) {
	r, other := open(t, url), open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	for n := range 7 {
		must(t, r.AddCredential(t.Context(), certified(t, n, 1, int64(n+10))))
	}
	at := func(n int) time.Time { return created.Add(time.Duration(n) * time.Hour) }
	must(t, other.SetCredentialDisabled(t.Context(), id("c", 0), true))
	must(t, other.SuspendCredential(t.Context(), id("c", 1), at(1)))
	must(t, other.RevokeCredential(t.Context(), id("c", 2), at(2), 1))
	must(t, other.SuspendCredential(t.Context(), id("c", 3), at(3)))
	must(t, other.RevokeCredential(t.Context(), id("c", 3), at(4), 4))
	must(t, other.DeleteCredential(t.Context(), id("c", 4), credentials.Deletion{At: at(5), Revoked: true, Reason: 5}))
	must(t, other.DeleteCredential(t.Context(), id("c", 5), credentials.Deletion{At: at(6)}))
	must(t, other.SuspendCredential(t.Context(), id("c", 6), at(7)))
	must(t, other.ResumeCredential(t.Context(), id("c", 6), at(8)))
	all := []ca.Status{
		{State: ca.Good},
		{State: ca.Suspended, At: at(1)},
		{State: ca.Revoked, At: at(2), Reason: 1},
		{State: ca.Revoked, At: at(3), Reason: 4},
		{State: ca.Revoked, At: at(5), Reason: 5},
		{State: ca.Good},
		{State: ca.Good},
	}
	compare := cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })
	var withdrawn []ca.Status
	for n := range all {
		all[n].Serial = big.NewInt(int64(n + 10))
		if all[n].State != ca.Good {
			withdrawn = append(withdrawn, all[n])
		}
		got, err := r.CertificateStatus(t.Context(), all[n].Serial)
		must(t, err)
		if diff := cmp.Diff(all[n], got, compare); diff != "" {
			t.Errorf("certificate %d (-want +got):\n%s", n, diff)
		}
	}
	got, err := r.Withdrawn(t.Context())
	must(t, err)
	if diff := cmp.Diff(withdrawn, got, compare); diff != "" {
		t.Errorf("withdrawn (-want +got):\n%s", diff)
	}
	must(t, other.AddIssued(t.Context(), big.NewInt(77), at(8)))
	must(t, other.AddIssued(t.Context(), big.NewInt(77), at(9)))
	must(t, other.AddIssued(t.Context(), all[2].Serial, at(9))) // a signer's is noted too
	for n, want := range map[int64]ca.State{77: ca.Good, all[2].Serial.Int64(): ca.Revoked} {
		if got, err := r.CertificateStatus(t.Context(), big.NewInt(n)); err != nil || got.State != want || got.Serial.Int64() != n {
			t.Errorf("%d that was noted: %+v, %v", n, got, err)
		}
	}
	for _, nobody := range []int64{0, 1, -10, 99} {
		_, err := r.CertificateStatus(t.Context(), big.NewInt(nobody))
		wantErr(t, err, ca.ErrUnissued)
	}
}

// crlNumbers ascend, jump to the floor, and never go back to it.
func crlNumbers(t *testing.T, url string) {
	r, other := open(t, url), open(t, url)
	for _, step := range []struct{ floor, want int64 }{{100, 100}, {100, 101}, {50, 102}, {1_800_000_000, 1_800_000_000}, {0, 1_800_000_001}} {
		got, err := r.NextCRLNumber(t.Context(), step.floor)
		must(t, err)
		if got != step.want {
			t.Errorf("above %d: %d, want %d", step.floor, got, step.want)
		}
		r, other = other, r
	}
	if n, err := r.NextSerial(t.Context()); err != nil || n != 1 {
		t.Errorf("the first time-stamp has number %d: %v", n, err)
	}
}
