package registry_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/credentials"
)

// A credential that was deleted is found by nobody but Gone, and cannot be changed
// or come again.
func credentialsAreDeleted(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	must(t, r.AddCredential(t.Context(), credential(1, 1)))
	must(t, r.AddCredential(t.Context(), credential(2, 1)))
	name := id("c", 1)
	_, err := r.Gone(t.Context(), name, "")
	wantErr(t, err, credentials.ErrUnknown)
	must(t, r.DeleteCredential(t.Context(), name, credentials.Deletion{At: created, Revoked: true, Reason: 4}))
	wantErr(t, r.DeleteCredential(t.Context(), name, credentials.Deletion{At: created}), credentials.ErrUnknown)
	wantErr(t, r.DeleteCredential(t.Context(), id("c", 9), credentials.Deletion{At: created}), credentials.ErrUnknown)
	_, err = r.Credential(t.Context(), name)
	wantErr(t, err, credentials.ErrUnknown)
	_, err = r.Holding(t.Context(), name, "")
	wantErr(t, err, credentials.ErrUnknown)
	wantErr(t, r.SetCredentialDisabled(t.Context(), name, false), credentials.ErrUnknown)
	wantErr(t, r.SuspendCredential(t.Context(), name, created), credentials.ErrUnknown)
	wantErr(t, r.ResumeCredential(t.Context(), name, created), credentials.ErrUnknown)
	wantErr(t, r.RevokeCredential(t.Context(), name, created, 1), credentials.ErrWithdrawn)
	wantErr(t, r.SetCredentialFactors(t.Context(), name, "OTP"), credentials.ErrUnknown)
	wantErr(t, r.SetCredentialExtendable(t.Context(), name, true), credentials.ErrUnknown)
	wantErr(t, r.AddCredential(t.Context(), credential(1, 1)), credentials.ErrExists)
	again := credential(3, 1)
	again.KeyID = credential(1, 1).KeyID
	wantErr(t, r.AddCredential(t.Context(), again), credentials.ErrExists)
	all, err := r.CredentialsOf(t.Context(), user(1).ID)
	must(t, err)
	if diff := cmp.Diff([]credentials.Credential{credential(2, 1)}, all); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	want := credential(1, 1)
	want.Disabled, want.Revoked = true, true
	gone, err := r.Gone(t.Context(), name, "")
	if diff := cmp.Diff(credentials.Holding{Credential: want}, gone); diff != "" || err != nil {
		t.Errorf("gone: %v (-want +got):\n%s", err, diff)
	}
}

func raceDeleteCredential(t *testing.T, url string) {
	r, other := open(t, url), open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	must(t, r.AddCredential(t.Context(), credential(1, 1)))
	won := race(t, 20, func(i int) (bool, error) {
		at := r
		if i%2 == 0 {
			at = other
		}
		err := at.DeleteCredential(t.Context(), id("c", 1), credentials.Deletion{At: created})
		if errors.Is(err, credentials.ErrUnknown) {
			return false, nil
		}
		return err == nil, err
	})
	if won != 1 {
		t.Errorf("%d deleted it", won)
	}
}
