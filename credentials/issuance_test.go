package credentials_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/users"
)

// A fickle store does what a test says when it is to keep a credential, or to abandon
// one.
type fickle struct {
	*registry.Registry
	add     func(add func() error) error
	abandon error
}

func (f fickle) AddCredential(ctx context.Context, c credentials.Credential) error {
	return f.add(func() error { return f.Registry.AddCredential(ctx, c) })
}

func (f fickle) AbandonIssuance(ctx context.Context, serial string) error {
	if f.abandon != nil {
		return f.abandon
	}
	return f.Registry.AbandonIssuance(ctx, serial)
}

// A noting issuer notes the numbers of what it has signed.
type noting struct {
	credentials.Issuer
	serials []*big.Int
}

func (n *noting) Issue(ctx context.Context, signer users.User, public crypto.PublicKey, notBefore, notAfter time.Time, intend credentials.Intend) ([][]byte, error) {
	chain, err := n.Issuer.Issue(ctx, signer, public, notBefore, notAfter, intend)
	if err == nil {
		cert, err := x509.ParseCertificate(chain[0])
		if err != nil {
			return nil, err
		}
		n.serials = append(n.serials, cert.SerialNumber)
	}
	return chain, err
}

// Of what was signed and came to no credential the authority says that it is revoked,
// and its key is destroyed; what was kept all the same is a credential, whatever the
// store said; and while nobody can tell nothing is destroyed.
func TestSignedForNothing(t *testing.T) {
	broken := errors.New("broken")
	for _, test := range []struct {
		says  string
		store fickle
		log   bool   // is closed on the way
		is    string // what the authority says
		keys  int
		fails bool
		open  int // issuances that are not ended
	}{
		{"all is well", fickle{add: func(add func() error) error { return add() }}, false, "good", 1, false, 0},
		{"it is not kept", fickle{add: func(func() error) error { return broken }}, false, "revoked", 0, true, 0},
		{"it is kept, and the answer is lost", fickle{add: func(add func() error) error { return errors.Join(add(), broken) }}, false, "good", 1, false, 0},
		{"the store is away then", fickle{add: func(func() error) error { return broken }, abandon: broken}, false, "unknown", 1, true, 1},
		{"there is no record then", fickle{add: func(func() error) error { return broken }}, true, "unknown", 0, true, 1},
	} {
		h := newHouse(t)
		e := h.creator.Enroller
		note := &noting{Issuer: e.Issuer}
		test.store.Registry = h.registry
		if test.log {
			add := test.store.add
			test.store.add = func(f func() error) error {
				must(t, h.log.Close(t.Context()))
				return add(f)
			}
		}
		e.Store, e.Issuer = test.store, note
		c, err := e.Enroll(t.Context(), h.signer, h.creator.Profile(h.now()))
		if failed := err != nil; failed != test.fails || !failed && c.ID == "" {
			t.Errorf("%s: %+v, %v", test.says, c, err)
		}
		if left := len(h.device.keys(t)); left != test.keys {
			t.Errorf("%s: %d keys are left, want %d", test.says, left, test.keys)
		}
		revoked, err := h.registry.Withdrawn(t.Context())
		must(t, err)
		is := "good"
		if len(revoked) == 1 && revoked[0].Serial.Cmp(note.serials[0]) == 0 && revoked[0].Reason == 5 {
			is = "revoked"
		} else if _, err := h.registry.CertificateStatus(t.Context(), note.serials[0]); err != nil {
			is = "unknown"
		}
		if is != test.is {
			t.Errorf("%s: what was signed is %s", test.says, is)
		}
		open, err := h.registry.Issuances(t.Context())
		if err != nil || len(open) != test.open {
			t.Errorf("%s: %d are left open, %v", test.says, len(open), err)
		}
	}
}

// What the dead have left is revoked when its time has come, once, and not before:
// also where the record could not be written the first time. Who was not dead keeps
// nothing.
func TestForsaken(t *testing.T) {
	h := newHouse(t)
	begun := time.Now().UTC().Truncate(time.Microsecond)
	for n := range 3 {
		must(t, h.registry.BeginIssuance(t.Context(), credentials.Issuance{
			Serial: fmt.Sprintf("%x", 10+n), CredentialID: fmt.Sprint("c_", n), UserID: "u_demo", KeyID: []byte{1}, Begun: begun.Add(time.Duration(n) * time.Second),
		}))
	}
	must(t, h.registry.AbandonIssuance(t.Context(), "a")) // and nothing more
	now := begun
	w := credentials.Withdrawer{Store: h.registry, Audit: h.log, Now: func() time.Time { return now }}
	for _, step := range []struct {
		after   time.Duration
		revoked int
	}{{credentials.Forsaken, 0}, {credentials.Forsaken + time.Second + 1, 2}, {credentials.Forsaken + time.Second + 1, 2}, {time.Hour, 3}} {
		now = begun.Add(step.after)
		must(t, w.AbandonForsaken(t.Context()))
		all, err := h.registry.Withdrawn(t.Context())
		if err != nil || len(all) != step.revoked {
			t.Errorf("after %v %d are revoked, %v, want %d", step.after, len(all), err, step.revoked)
		}
	}
	var said []string
	for _, r := range h.log.Records(t) {
		if r.Event == audit.CertificateAbandoned {
			said = append(said, r.Credential+" "+r.Serial+" "+r.User+" "+r.Key+" "+r.Reason)
		}
	}
	if len(said) != 3 || said[2] != "c_2 c u_demo 01 revoked: cessationOfOperation" {
		t.Errorf("recorded: %q", said)
	}
	must(t, h.registry.BeginIssuance(t.Context(), credentials.Issuance{Serial: "ff", CredentialID: "c_9", UserID: "u_demo", KeyID: []byte{9}, Begun: now}))
	must(t, h.log.Close(t.Context()))
	now = now.Add(time.Hour)
	if err := w.AbandonForsaken(t.Context()); err == nil {
		t.Error("revoked without a record")
	}
	if all, err := h.registry.Withdrawn(t.Context()); err != nil || len(all) != 3 {
		t.Errorf("revoked without a record: %d, %v", len(all), err)
	}
}
