package hsm_test

import (
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/hsm/hsmtest"
)

// A key pair is listed once, and half of one as well.
func TestListHasEveryKeyPair(t *testing.T) {
	c := hsmtest.Config(t)
	token := open(t, c)
	want := map[string]string{}
	for _, label := range []string{"whole", "half"} {
		key, err := token.Generate(t.Context(), csc.P256, label)
		must(t, err)
		want[hex.EncodeToString(key.ID)] = label
		if label == "half" {
			otherProcess(t, c, "--delete-object", "--type", "privkey", "--id", hex.EncodeToString(key.ID))
		}
	}
	held, err := token.List(t.Context())
	must(t, err)
	got := map[string]string{}
	for _, key := range held {
		if key.Label == hsm.CanaryLabel {
			continue
		}
		if _, twice := got[hex.EncodeToString(key.ID)]; twice {
			t.Errorf("key %q is listed twice", key.Label)
		}
		got[hex.EncodeToString(key.ID)] = key.Label
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
