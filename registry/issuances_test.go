package registry_test

import (
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/ca"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/enrolment"
)

// issuance is of a certificate of the number n.
func issuance(n int) credentials.Issuance {
	return credentials.Issuance{
		Serial: fmt.Sprintf("%x", n), CredentialID: id("c", n), UserID: user(1).ID, KeyID: fmt.Appendf(nil, "key %d", n),
		Begun: created.Add(time.Duration(n) * time.Second),
	}
}

// issuancesEnd: with a credential that is kept, whoever keeps it, and then nobody can
// abandon it; or abandoned, and then no credential is kept, and the authority tells
// of it as soon as it is revoked, and never otherwise.
func issuancesEnd(t *testing.T, url string) {
	r, other := open(t, url), open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	e := anEnrolment(1)
	must(t, r.AddEnrolment(t.Context(), e))
	e.State = enrolment.Issued
	want := []credentials.Issuance{issuance(1), issuance(2), issuance(3), issuance(4)}
	for _, n := range []int{3, 1, 2, 4} {
		must(t, r.BeginIssuance(t.Context(), issuance(n)))
	}
	if err := other.BeginIssuance(t.Context(), issuance(1)); err == nil {
		t.Error("a number twice")
	}
	got, err := other.Issuances(t.Context())
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("begun (-want +got):\n%s", diff)
	}

	must(t, r.AddCredential(t.Context(), certified(t, 1, 1, 1)))
	must(t, r.AbandonIssuance(t.Context(), issuance(2).Serial))
	must(t, r.AbandonIssuance(t.Context(), issuance(2).Serial)) // it is not revoked yet
	wantErr(t, r.AddCredential(t.Context(), certified(t, 2, 1, 2)), credentials.ErrEnded)
	must(t, r.AbandonIssuance(t.Context(), issuance(3).Serial))
	wantErr(t, r.FinishEnrolment(t.Context(), e, certified(t, 3, 1, 3)), credentials.ErrEnded)
	if kept, err := r.Enrolment(t.Context(), e.ID); err != nil || kept.Revision != e.Revision {
		t.Errorf("the enrolment has ended without its credential: %+v, %v", kept, err)
	}
	must(t, r.FinishEnrolment(t.Context(), e, certified(t, 4, 1, 4)))
	for _, ended := range []int{1, 4, 99} {
		wantErr(t, other.AbandonIssuance(t.Context(), issuance(ended).Serial), credentials.ErrEnded)
	}

	for n, want := range map[int64]ca.State{1: ca.Good, 4: ca.Good} {
		if s, err := r.CertificateStatus(t.Context(), big.NewInt(n)); err != nil || s.State != want {
			t.Errorf("certificate %d: %+v, %v", n, s, err)
		}
	}
	must(t, r.RevokeIssuance(t.Context(), issuance(1).Serial, created, 5)) // which has ended
	must(t, r.BeginIssuance(t.Context(), issuance(5)))
	must(t, r.RevokeIssuance(t.Context(), issuance(5).Serial, created, 5)) // which may still end well
	for _, n := range []int64{2, 3, 5} {
		_, err := r.CertificateStatus(t.Context(), big.NewInt(n))
		wantErr(t, err, ca.ErrUnissued)
	}
	must(t, r.SuspendCredential(t.Context(), id("c", 4), created))
	must(t, r.RevokeIssuance(t.Context(), issuance(3).Serial, created, 5))
	must(t, r.RevokeIssuance(t.Context(), issuance(3).Serial, created.Add(time.Hour), 1))
	told := []ca.Status{
		{Serial: big.NewInt(3), State: ca.Revoked, At: created, Reason: 5},
		{Serial: big.NewInt(4), State: ca.Suspended, At: created},
	}
	compare := cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })
	withdrawn, err := other.Withdrawn(t.Context())
	must(t, err)
	if diff := cmp.Diff(told, withdrawn, compare); diff != "" {
		t.Errorf("withdrawn (-want +got):\n%s", diff)
	}
	status, err := other.CertificateStatus(t.Context(), big.NewInt(3))
	must(t, err)
	if diff := cmp.Diff(told[0], status, compare); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	wantErr(t, r.AbandonIssuance(t.Context(), issuance(3).Serial), credentials.ErrEnded)
	got, err = other.Issuances(t.Context())
	must(t, err)
	if diff := cmp.Diff([]credentials.Issuance{issuance(2), issuance(5)}, got); diff != "" {
		t.Errorf("not ended (-want +got):\n%s", diff)
	}
}

// raceIssuance: of who keeps the credential and who abandons its certificate, at the
// same moment, one does it.
func raceIssuance(t *testing.T, url string) {
	r, other := open(t, url), open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	for n := 1; n < 20; n++ {
		must(t, r.BeginIssuance(t.Context(), issuance(n)))
		c := certified(t, n, 1, int64(n))
		if wins := race(t, 2, func(way int) (bool, error) {
			err := error(nil)
			if way == 0 {
				err = r.AddCredential(t.Context(), c)
			} else {
				err = other.AbandonIssuance(t.Context(), issuance(n).Serial)
			}
			if errors.Is(err, credentials.ErrEnded) {
				return false, nil
			}
			return err == nil, err
		}); wins != 1 {
			t.Errorf("%d decided about one issuance", wins)
		}
	}
}
