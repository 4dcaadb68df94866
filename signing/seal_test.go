package signing_test

import (
	"bytes"
	"testing"

	"github.com/pecete/pecete/signing"
)

// FuzzSealedName: whatever stands in the registry in the place of a job's sealed
// name is no name, unless it was sealed with the key, for that job.
func FuzzSealedName(f *testing.F) {
	seal, err := signing.NewSeal(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		f.Fatal(err)
	}
	f.Add("id", "client", "user", []byte(nil))
	f.Add("id", "client", "user", make([]byte, 12))
	f.Add("id", "client", "user", make([]byte, 28))
	f.Add("id", "client", "user", bytes.Repeat([]byte("x"), 200))
	f.Fuzz(func(t *testing.T, id, client, user string, name []byte) {
		job := signing.Job{ID: id, ClientID: client, UserID: user, Notice: signing.Notice{Name: name}}
		if got, err := job.ResponseID(seal); err == nil {
			t.Fatalf("%x is the name %q", name, got)
		}
	})
}
