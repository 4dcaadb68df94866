package oauth

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/ory/fosite"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
)

func recordOf(n int) []byte {
	text, err := json.Marshal(record{
		Version: recordVersion, Request: fmt.Sprint("r", n), Client: "app", Scopes: []string{"service"},
		Issued: time.Date(2026, 6, 1, 12, 0, 0, n, time.UTC),
		Session: session{
			UserID: "u", GrantID: "g", Credentials: []string{"c1", "c2"}, Family: "f", Standing: "s", Bound: confirmation{JKT: "k"},
			Expires: map[fosite.TokenType]time.Time{fosite.AccessToken: time.Date(2026, 6, 1, 13, 0, 0, 0, time.UTC)},
		},
	})
	if err != nil {
		panic(err)
	}
	return text
}

// A record that was decoded before is the one that it would be decoded to, and
// whoever changes a clone of it changes nobody else's.
func TestRecordsAreOnesOwn(t *testing.T) {
	kept := &records{}
	same := cmpopts.IgnoreUnexported(session{})
	for n := range 3 {
		for range 3 {
			want, err := decodeRecord(recordOf(n))
			if err != nil {
				t.Fatal(err)
			}
			got, err := kept.decode(recordOf(n))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, same); diff != "" {
				t.Errorf("record %d (-want +got):\n%s", n, diff)
			}
			own := got.clone()
			if diff := cmp.Diff(want, own, same); diff != "" {
				t.Errorf("clone of record %d (-want +got):\n%s", n, diff)
			}
			own.Scopes[0], own.Session.Credentials[0] = "another", "another"
			own.Session.SetExpiresAt(fosite.AccessToken, time.Time{})
		}
	}
	for _, broken := range []string{"", "{", `{"v":"2"}`, `[]`} {
		for range 2 {
			if _, err := kept.decode([]byte(broken)); err == nil {
				t.Errorf("%q is a record", broken)
			}
		}
	}
}

// Nor does whoever changes what a token permits.
func TestPermitsAreOnesOwn(t *testing.T) {
	text, err := json.Marshal(record{Session: session{Permit: &credentials.Permit{ID: "p", Creation: &csc.CreationRequest{}}}})
	if err != nil {
		t.Fatal(err)
	}
	kept := &records{}
	for range 3 {
		got, err := kept.decode(text)
		if err != nil || got.Session.Permit.ID != "p" || got.Session.Permit.Creation.CertificatePolicy != "" {
			t.Fatalf("%+v, %v", got.Session.Permit, err)
		}
		got.Session.Permit.ID, got.Session.Permit.Creation.CertificatePolicy = "another", "1.2.3"
	}
}

func TestRecordsAreFew(t *testing.T) {
	kept := &records{}
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := range mostRecords {
				if r, err := kept.decode(recordOf(2*n + i%2)); err != nil || r.Request != fmt.Sprint("r", 2*n+i%2) {
					t.Errorf("%+v, %v", r, err)
				}
			}
		})
	}
	all.Wait()
	if n := len(kept.byText); n == 0 || n > mostRecords {
		t.Errorf("%d records are kept", n)
	}
}

func BenchmarkDecodeRecord(b *testing.B) {
	text := recordOf(1)
	for name, kept := range map[string]*records{"anew": nil, "again": {}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := kept.decode(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
