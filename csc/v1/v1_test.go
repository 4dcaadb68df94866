package v1_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/csc/v1"
)

// v1 does not say which hash function it is where something is agreed to.
func TestTheFunctionShowsInTheLength(t *testing.T) {
	for bytes, want := range map[int]string{
		32: csc.OIDSHA256, 48: csc.OIDSHA384, 64: csc.OIDSHA512,
		0: csc.OIDSHA256, 20: csc.OIDSHA256, 31: csc.OIDSHA256, // whose length these are not: so they are refused
	} {
		hash := []csc.Digest{make([]byte, bytes)}
		if got := (v1.AuthorizeRequest{Hash: hash}).In().HashAlgorithmOID; got != want {
			t.Errorf("%d bytes agreed to: %q", bytes, got)
		}
		if got := (v1.ExtendRequest{Hash: hash}).In().HashAlgorithmOID; got != want {
			t.Errorf("%d bytes extended to: %q", bytes, got)
		}
	}
	if got := (v1.AuthorizeRequest{}).In().HashAlgorithmOID; got != "" {
		t.Errorf("no hash at all: %q", got)
	}
}

func TestSignHashIn(t *testing.T) {
	hash := []csc.Digest{{1}, {2}}
	got := v1.SignHashRequest{CredentialID: "c", SAD: "s", Hash: hash, HashAlgo: "h", SignAlgo: "a", SignAlgoParams: "p", ClientData: "d"}.In()
	want := csc.SignHashRequest{CredentialID: "c", SAD: "s", Hashes: hash, HashAlgorithmOID: "h", SignAlgo: "a", SignAlgoParams: "p", ClientData: "d"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// No request tells a log its secrets.
func TestSecrets(t *testing.T) {
	for _, told := range []any{
		v1.AuthorizeRequest{PIN: "hidden", OTP: "hidden", ClientData: "hidden"}.LogValue(),
		v1.ExtendRequest{SAD: "hidden", ClientData: "hidden"}.LogValue(), v1.SignHashRequest{SAD: "hidden", ClientData: "hidden"}.LogValue(),
	} {
		if text := fmt.Sprintf("%v %+v", told, told); strings.Contains(text, "hidden") {
			t.Error(text)
		}
	}
}
