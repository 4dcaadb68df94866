package hsm_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm/hsmtest"
)

func TestKeysAreListed(t *testing.T) {
	token := hsmtest.New(t)
	before, err := token.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]csc.KeySpec{}
	for spec, label := range map[csc.KeySpec]string{csc.P256: "one", csc.P384: "two"} {
		key, err := token.Generate(t.Context(), spec, label)
		if err != nil {
			t.Fatal(err)
		}
		want[string(key.ID)] = key.Spec
	}
	if _, err := token.GenerateSecret(t.Context(), "no pair"); err != nil {
		t.Fatal(err)
	}
	keys, err := token.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]csc.KeySpec{}
	for _, key := range keys {
		got[string(key.ID)] = key.Spec
		same, err := token.Key(t.Context(), key.ID)
		if diff := cmp.Diff(same, key); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
	}
	for _, key := range before {
		want[string(key.ID)] = key.Spec // the canary's
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
