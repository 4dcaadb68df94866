package sad

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
)

func hundred() Grant {
	g := Grant{
		ID: "1", UserID: "u1", ClientID: "app1", CredentialID: "c1", Count: 100, Left: 98, Bound: true,
		Issued:  time.Date(2026, 6, 1, 11, 55, 0, 7, time.UTC),
		Expires: time.Date(2026, 6, 1, 12, 0, 0, 123456789, time.UTC), HashOID: csc.OIDSHA256, Standing: "a stamp",
	}
	for n := range 98 {
		sum := sha256.Sum256(fmt.Append(nil, n))
		g.Hashes = append(g.Hashes, Agreed{Digest: sum[:], Kind: csc.DTBSR})
	}
	return g
}

func TestGrantsComeBack(t *testing.T) {
	few := hundred()
	few.Hashes = few.Hashes[:2]
	few.Hashes[1].Kind = ""
	held := few
	held.Holder = "jkt x"
	for name, g := range map[string]Grant{
		"held":      held,
		"a hundred": hundred(), "two": few, "a bare number": {ID: "2", Count: 3, Left: 3, Issued: few.Issued, Expires: few.Expires},
		"negative": {ID: "3", Left: -1, Issued: few.Issued, Expires: few.Expires},
	} {
		code := g.encode()
		got, err := decodeGrant(code)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(g, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if !bytes.Equal(got.encode(), code) {
			t.Errorf("%s is encoded in two ways", name)
		}
	}
	local := hundred()
	local.Expires = local.Expires.In(time.FixedZone("EEST", 3*3600))
	if !bytes.Equal(local.encode(), hundred().encode()) {
		t.Error("a zone makes another grant")
	}
}

// A grant that was cut, or has something behind it, is none.
func TestBrokenGrants(t *testing.T) {
	code := hundred().encode()
	for n := range code {
		if g, err := decodeGrant(code[:n]); err == nil {
			t.Fatalf("the first %d bytes of %d are a grant of %d", n, len(code), g.Left)
		}
	}
	for name, b := range map[string][]byte{
		"something behind it": append(bytes.Clone(code), 0), "an earlier version": append([]byte{2}, code[1:]...),
		"JSON": []byte(`{"id":"1"}`),
	} {
		if _, err := decodeGrant(b); err == nil {
			t.Errorf("%s is a grant", name)
		}
	}
}

// What any bytes are taken for comes back as it was taken.
func FuzzDecodeGrant(f *testing.F) {
	f.Add(hundred().encode())
	f.Add(Grant{}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := decodeGrant(b)
		if err != nil {
			return
		}
		again, err := decodeGrant(g.encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(g, again); diff != "" {
			t.Error(diff)
		}
	})
}

func BenchmarkSpend(b *testing.B) {
	code := hundred().encode()
	b.ReportAllocs()
	for b.Loop() {
		g, err := decodeGrant(code)
		if err != nil {
			b.Fatal(err)
		}
		g.encode()
		g.encode()
	}
}
