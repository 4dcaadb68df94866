package callback_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/callback"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/outbound"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/users"
)

// keys are those of the server, in software.
type keys struct{ *ecdsa.PrivateKey }

func (k keys) Sign(_ context.Context, digest []byte) ([]byte, error) {
	return ecdsa.SignASN1(rand.Reader, k.PrivateKey, digest)
}

func (k keys) Public() []*ecdsa.PublicKey { return []*ecdsa.PublicKey{&k.PublicKey} }

// A registration authority is told that a person came to a certificate, once it
// listens, and no more after that; one that may not be told any more is not.
func TestEnrolmentsAreTold(t *testing.T) {
	store, err := registry.Open(t.Context(), registry.Config{URL: filepath.Join(t.TempDir(), "registry.db")})
	must(t, err)
	t.Cleanup(func() { _ = store.Close() })
	notices := make(chan string, 8)
	listener := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		notices <- r.Header.Get("Content-Type") + " " + string(body)
	}))
	t.Cleanup(listener.Close)
	now := time.Now().UTC().Truncate(time.Microsecond)
	add := func(id, client, uri string) {
		must(t, store.AddUser(t.Context(), users.User{ID: "u_" + id, Email: id + "@example.org", Created: now}))
		must(t, store.AddEnrolment(t.Context(), enrolment.Enrolment{
			ID: id, UserID: "u_" + id, Inviter: client, State: enrolment.Issued, Created: now, Changed: now,
			Identity: enrolment.Identity{GivenName: "Demo", FamilyName: "Signer", Email: id + "@example.org"},
			Pair:     enrolment.Sent{Hash: "pair " + id, Expires: now}, Activate: enrolment.Sent{Hash: "activate " + id, Expires: now},
			Notice: enrolment.Notice{URI: uri, Due: now},
		}))
	}
	add("e_1", "app_ra", listener.URL+"/told")
	add("e_2", "app_gone", listener.URL+"/gone")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(listener.Certificate())
	var outcomes atomic.Int64
	teller := &callback.Teller{
		Sources: []callback.Source{callback.Enrolments{Store: store}}, Keys: keys{key}, Issuer: "https://pecete.example.org",
		Client: &outbound.Client{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Roots: roots},
		May:    func(_ context.Context, client, _ string) (bool, error) { return client == "app_ra", nil },
		Now:    time.Now, Logger: slog.New(slog.DiscardHandler), Observe: func(callback.Outcome) { outcomes.Add(1) },
	}
	teller.Start(t.Context())
	wantToken(t, <-notices, key)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		due, err := store.DueEnrolments(t.Context(), time.Now().AddDate(1, 0, 0), 9)
		must(t, err)
		if len(due) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("still to be told: %+v", due)
		}
	}
	must(t, teller.Close())
	if len(notices) > 0 || outcomes.Load() != 2 {
		t.Errorf("%d more notices, %d outcomes", len(notices), outcomes.Load())
	}
}

// wantToken wants a notice of e_1 that the server's key vouches for.
func wantToken(t *testing.T, got string, key *ecdsa.PrivateKey) {
	t.Helper()
	const media = "application/jwt "
	token, err := jose.ParseSignedCompact(got[len(media):], []jose.SignatureAlgorithm{jose.ES256})
	must(t, err)
	claims, err := token.Verify(&key.PublicKey)
	must(t, err)
	var said map[string]any
	must(t, json.Unmarshal(claims, &said))
	delete(said, "iat")
	delete(said, "exp")
	want := map[string]any{"iss": "https://pecete.example.org", "aud": "app_ra", "jti": "e_1", "enrolmentID": "e_1", "state": "issued"}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if typ := token.Signatures[0].Protected.ExtraHeaders[jose.HeaderType]; typ != callback.TypeEnrolment || got[:len(media)] != media {
		t.Errorf("typ %v, %.20s", typ, got)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
