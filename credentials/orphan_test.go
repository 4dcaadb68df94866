package credentials_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/users"
)

func TestOrphan(t *testing.T) {
	store, err := registry.Open(t.Context(), registry.Config{URL: filepath.Join(t.TempDir(), "registry.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	known := "c_" + strings.Repeat("a", 32)
	if err := store.AddUser(t.Context(), users.User{ID: "u_1", Email: "demo.signer@example.org", Created: time.Now()}); err != nil {
		t.Fatal(err)
	}
	err = store.AddCredential(t.Context(), credentials.Credential{ID: known, UserID: "u_1", Key: csc.P256, KeyID: []byte("its key")})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		says, label, id string
		want            bool
	}{
		{"a credential's key", known, "its key", false},
		{"a key with the label of a credential that has another", known, "another key", true},
		{"a key of no credential", "c_" + strings.Repeat("b", 32), "its key", true},
		{"a key of the server itself", "pecete ca", "a key", false},
		{"a key of somebody else", "c_something", "a key", false},
		{"a key without a label", "", "a key", false},
	} {
		got, err := credentials.Orphan(t.Context(), store, []byte(test.id), test.label)
		if err != nil || got != test.want {
			t.Errorf("%s: %v, %v, want %v", test.says, got, err, test.want)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if orphan, err := credentials.Orphan(t.Context(), store, []byte("its key"), known); err == nil || orphan {
		t.Errorf("of a store that is away: %v, %v", orphan, err)
	}
}
