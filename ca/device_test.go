package ca

import (
	"crypto/x509/pkix"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm/hsmtest"
)

// The authority as it is in earnest: its key, and the signer's, in a device.
func TestKeysInDevice(t *testing.T) {
	t.Parallel()
	token := hsmtest.New(t)
	certified, err := token.Generate(t.Context(), csc.P256, "signer")
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range []csc.KeySpec{csc.P384, csc.RSA3072} {
		key, err := token.Generate(t.Context(), spec, string("authority "+spec))
		if err != nil {
			t.Fatal(err)
		}
		signer, err := token.Signer(t.Context(), key.ID)
		if err != nil {
			t.Fatal(err)
		}
		root, err := SelfSign(signer, pkix.Name{CommonName: "Demo CA, no legal value"}, noon.AddDate(-1, 0, 0), noon.AddDate(9, 0, 0))
		if err != nil {
			t.Fatal(err)
		}
		l := &Local{Signer: signer, Certificate: root, Now: func() time.Time { return noon }}
		leaf := issue(t, l, request(certified.Public))
		out, err := openssl(t, "verify", "-x509_strict", "-purpose", "smimesign", "-attime", fmt.Sprint(noon.Unix()),
			"-CAfile", pemFile(t, "root.pem", root), pemFile(t, "leaf.pem", leaf))
		if err != nil || !strings.HasSuffix(out, ": OK\n") {
			t.Errorf("%s: %s", spec, out)
		}
	}
}
