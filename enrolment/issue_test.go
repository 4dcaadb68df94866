package enrolment_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/users"
)

// activated is a signer who has been through all but the last step.
func (h *house) activated(n int) enrolment.Enrolment {
	h.t.Helper()
	i := demoSigner()
	i.Email = fmt.Sprintf("demo.signer.%d@example.org", n)
	e, err := h.Invite(h.t.Context(), enrolment.Invitation{Identity: i, Notify: "https://ra.example.org/told"})
	must(h.t, err)
	e.State, e.Pair.Used, e.Activate.Used = enrolment.Activated, true, true
	must(h.t, h.store.SwapEnrolment(h.t.Context(), e))
	return e
}

// wantOne wants one certificate, one key, and an end.
func (h *house) wantOne(says string, e enrolment.Enrolment, keys enrolment.Keys) {
	h.t.Helper()
	all, err := h.store.CredentialsOf(h.t.Context(), e.UserID)
	must(h.t, err)
	if len(all) != 1 || all[0].Usable(h.now()) != nil {
		h.t.Fatalf("%s: %d credentials: %+v", says, len(all), all)
	}
	held, err := keys.Labelled(h.t.Context(), all[0].ID)
	must(h.t, err)
	if len(held) != 1 || string(held[0]) != string(all[0].KeyID) {
		h.t.Errorf("%s: the device has the keys %x, want %x alone", says, held, all[0].KeyID)
	}
	kept, err := h.Get(h.t.Context(), e.ID)
	must(h.t, err)
	if kept.State != enrolment.Issued || kept.CredentialID != all[0].ID || kept.Notice.Due.IsZero() {
		h.t.Errorf("%s: %+v", says, kept)
	}
}

// issueAtOnce has many call, at several offices, and wants all to be told the same.
func issueAtOnce(t *testing.T, says string, n int, userID string, offices ...*enrolment.Office) {
	t.Helper()
	var all sync.WaitGroup
	start, made := make(chan struct{}), make([]credentials.Credential, n)
	for i := range n {
		all.Go(func() {
			<-start
			var err error
			if made[i], err = offices[i%len(offices)].Issue(t.Context(), userID); err != nil {
				t.Errorf("%s: login %d: %v", says, i, err)
			}
		})
	}
	close(start)
	all.Wait()
	for _, c := range made {
		if c.ID != made[0].ID || string(c.KeyID) != string(made[0].KeyID) {
			t.Errorf("%s: one was told of %s, another of %s", says, made[0].ID, c.ID)
		}
	}
}

// Of 25 first logins at two servers, on either database, one makes the certificate.
func TestParallelFirstLogins(t *testing.T) {
	device := newSoftHSM(t)
	for name, url := range map[string]string{
		"SQLite": filepath.Join(t.TempDir(), "registry.db"), "PostgreSQL": proctest.StartPostgres(t).Database(),
	} {
		h := newHouse(t)
		h.store = openRegistry(t, url)
		issuer := newAuthority(t, h.now)
		h.Office = h.office(h.store, newSealer(t), device, issuer)
		other := h.office(openRegistry(t, url), newSealer(t), device, issuer)
		for n := range 3 {
			e := h.activated(n)
			issueAtOnce(t, name, 25, e.UserID, h.Office, other)
			h.wantOne(name, e, device)
		}
	}
}

// A faulty device, or authority.
type faulty struct {
	softHSM
	credentials.Issuer
	mu       sync.Mutex
	making   func() error
	certify  func() error
	made     int
	destroys int
}

func (f *faulty) Generate(ctx context.Context, spec csc.KeySpec, label string) ([]byte, crypto.PublicKey, error) {
	if f.making != nil {
		if err := f.making(); err != nil {
			return nil, nil, err
		}
	}
	f.mu.Lock()
	f.made++
	f.mu.Unlock()
	return f.softHSM.Generate(ctx, spec, label)
}

func (f *faulty) Destroy(ctx context.Context, id []byte) error {
	f.mu.Lock()
	f.destroys++
	f.mu.Unlock()
	return f.softHSM.Destroy(ctx, id)
}

func (f *faulty) Issue(ctx context.Context, u users.User, public crypto.PublicKey, from, to time.Time, intend credentials.Intend) ([][]byte, error) {
	if f.certify != nil {
		if err := f.certify(); err != nil {
			return nil, err
		}
	}
	return f.Issuer.Issue(ctx, u, public, from, to, intend)
}

func newFaulty(t *testing.T) (*house, *faulty) {
	t.Helper()
	h := newHouse(t)
	f := &faulty{softHSM: newSoftHSM(t), Issuer: newAuthority(t, h.now)}
	h.Office = h.office(h.store, newSealer(t), f, f)
	return h, f
}

// What fails leaves nothing, and the next login need not wait.
func TestIssueFails(t *testing.T) {
	h, f := newFaulty(t)
	e, broken := h.activated(1), errors.New("broken")
	f.making = func() error { return broken }
	wantErr(t, "without a device", second(h.Issue(t.Context(), e.UserID)), broken)
	f.making, f.certify = nil, func() error { return broken }
	wantErr(t, "without an authority", second(h.Issue(t.Context(), e.UserID)), broken)
	if f.made != 1 || f.destroys != 1 {
		t.Errorf("%d keys were made, %d destroyed", f.made, f.destroys)
	}
	f.certify = nil
	must(t, second(h.Issue(t.Context(), e.UserID)))
	h.wantOne("after two failures", e, f)

	e = h.activated(2)
	must(t, h.Registrar.Disable(t.Context(), e.UserID, true))
	wantErr(t, "a disabled signer", second(h.Issue(t.Context(), e.UserID)), enrolment.ErrNothing)
	wantErr(t, "somebody else", second(h.Issue(t.Context(), "u_nobody")), enrolment.ErrNothing)
	e = h.activated(3)
	must(t, second(h.Cancel(t.Context(), e.ID)))
	wantErr(t, "what was cancelled", second(h.Issue(t.Context(), e.UserID)), enrolment.ErrNothing)
	e = h.activated(4)
	must(t, h.log.Close(t.Context()))
	if _, err := h.Issue(t.Context(), e.UserID); err == nil {
		t.Error("issued without a record")
	}
}

// Who was taken for dead, and comes back after another has finished, adds nothing;
// nor does who finds that it was cancelled meanwhile.
func TestTakenForDead(t *testing.T) {
	for _, test := range []struct {
		says      string
		meanwhile func(h *house, e enrolment.Enrolment)
		one       bool
	}{
		{"another has finished", func(h *house, e enrolment.Enrolment) {
			h.after(31 * time.Second)
			must(t, second(h.Issue(t.Context(), e.UserID)))
		}, true},
		{"it was cancelled", func(h *house, e enrolment.Enrolment) { must(t, second(h.Cancel(t.Context(), e.ID))) }, false},
	} {
		h, f := newFaulty(t)
		e := h.activated(1)
		f.certify = func() error {
			f.certify = nil
			test.meanwhile(h, e)
			return nil
		}
		if _, err := h.Issue(t.Context(), e.UserID); !errors.Is(err, enrolment.ErrChanged) {
			t.Errorf("%s: %v", test.says, err)
		}
		revoked, err := h.store.Withdrawn(t.Context())
		must(t, err)
		if open, err := h.store.Issuances(t.Context()); err != nil || len(open) > 0 || len(revoked) != 1 {
			t.Errorf("%s: %d certificates are revoked, %d may be nobody's, %v", test.says, len(revoked), len(open), err)
		}
		if test.one {
			h.wantOne(test.says, e, f)
			continue
		}
		all, err := h.store.CredentialsOf(t.Context(), e.UserID)
		must(t, err)
		if left := f.signers(t); len(all) > 0 || left > 0 {
			t.Errorf("%s: %d credentials, %d keys", test.says, len(all), left)
		}
	}
}

// The identifier is in the certificate where the profile says so, and nowhere else.
func TestIdentifierInCertificate(t *testing.T) {
	h, _ := newFaulty(t)
	for profile, want := range map[string]string{"named": "PNORO-1234567890123", "default": ""} {
		i := demoSigner()
		i.Email, i.Profile = profile+"@example.org", profile
		e, err := h.Invite(t.Context(), enrolment.Invitation{Identity: i})
		must(t, err)
		e.State = enrolment.Activated
		must(t, h.store.SwapEnrolment(t.Context(), e))
		c, err := h.Issue(t.Context(), e.UserID)
		must(t, err)
		cert, err := c.Certificate()
		must(t, err)
		if want == "" {
			want = e.UserID[2:]
		}
		if cert.Subject.SerialNumber != want {
			t.Errorf("%s: serial number %s", profile, cert.Subject.SerialNumber)
		}
		if user, err := h.store.User(t.Context(), e.UserID); err != nil || user.Identifier != "" {
			t.Errorf("%s: the user has %q, %v", profile, user.Identifier, err)
		}
	}
}

// A credential that is good for logins alone is none that a signer who was identified
// anew signs with: he gets one.
func TestLoginsAreAdoptedByNobody(t *testing.T) {
	h, _ := newFaulty(t)
	for n, purposes := range [][]x509.ExtKeyUsage{nil, {x509.ExtKeyUsageClientAuth}} {
		e := h.activated(n)
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(t, err)
		leaf := &x509.Certificate{SerialNumber: big.NewInt(int64(n + 1)), NotBefore: noon, NotAfter: noon.AddDate(1, 0, 0), ExtKeyUsage: purposes}
		der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
		must(t, err)
		had := credentials.Credential{ID: fmt.Sprint("c_had_", n), UserID: e.UserID, KeyID: []byte{byte(n)}, Key: csc.P256, Certificates: [][]byte{der}, Created: noon}
		must(t, h.store.AddCredential(t.Context(), had))
		e, err = h.Get(t.Context(), e.ID)
		must(t, err)
		e.Replaces = true
		must(t, h.store.SwapEnrolment(t.Context(), e))
		c, err := h.Issue(t.Context(), e.UserID)
		must(t, err)
		if adopted := c.ID == had.ID; adopted != (purposes == nil) {
			t.Errorf("a certificate for %v: adopted %t", purposes, adopted)
		}
	}
}
