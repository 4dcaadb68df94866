package hsm_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/hsm/hsmtest"
)

func TestSealRoundTrip(t *testing.T) {
	token := hsmtest.New(t)
	id, err := token.GenerateSecret(t.Context(), "pecete sealing")
	must(t, err)
	for _, text := range []string{"", "x", "a secret of twenty b", strings.Repeat("long ", 20_000)} {
		for _, aad := range []string{"", "user Demo Signer"} {
			seen := map[string]bool{}
			for range 3 {
				sealed, err := token.Seal(t.Context(), id, []byte(text), []byte(aad))
				must(t, err)
				if seen[string(sealed)] || len(text) > 8 && bytes.Contains(sealed, []byte(text[:8])) {
					t.Errorf("%d bytes are sealed without a fresh nonce, or not at all", len(text))
				}
				seen[string(sealed)] = true
				got, err := token.OpenSealed(t.Context(), id, sealed, []byte(aad))
				if err != nil || string(got) != text {
					t.Errorf("%d bytes came back as %d: %v", len(text), len(got), err)
				}
			}
		}
	}
}

func TestOpenSealedRefuses(t *testing.T) {
	token := hsmtest.New(t)
	id, err := token.GenerateSecret(t.Context(), "pecete sealing")
	must(t, err)
	other, err := token.GenerateSecret(t.Context(), "pecete other")
	must(t, err)
	sealed, err := token.Seal(t.Context(), id, []byte("Demo Signer"), []byte("aad"))
	must(t, err)
	refused := func(name string, id, sealed, aad []byte) {
		t.Helper()
		if got, err := token.OpenSealed(t.Context(), id, sealed, aad); !errors.Is(err, hsm.ErrSealed) || isUnavailable(err) || got != nil {
			t.Errorf("%s: %q, %v; want ErrSealed", name, got, err)
		}
	}
	generation := token.Generation()
	for i := range sealed {
		altered := bytes.Clone(sealed)
		altered[i] ^= 1
		refused("an altered byte", id, altered, []byte("aad"))
	}
	for n := range sealed {
		if n%7 == 0 {
			refused("a cut", id, sealed[:n], []byte("aad"))
		}
	}
	refused("a byte more", id, append(bytes.Clone(sealed), 0), []byte("aad"))
	refused("another key", other, sealed, []byte("aad"))
	refused("other associated data", id, sealed, []byte("aae"))
	refused("no associated data", id, sealed, nil)
	refused("more associated data", id, sealed, []byte("aad "))
	if token.Generation() != generation {
		t.Error("a bad text had the module reloaded")
	}
	if _, err := token.OpenSealed(t.Context(), make([]byte, 16), sealed, []byte("aad")); !errors.Is(err, hsm.ErrNoKey) {
		t.Errorf("an unknown key: %v, want ErrNoKey", err)
	}
	if got, err := token.OpenSealed(t.Context(), id, sealed, []byte("aad")); err != nil || string(got) != "Demo Signer" {
		t.Errorf("after all that: %q, %v", got, err)
	}
}
