package credentials_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/audit/audittest"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/hsm/hsmtest"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/users"
)

const demoPolicy = "1.3.6.1.4.1.32473.1"

// device is a real one, and what a test has it do.
type device struct {
	*hsm.Token
	destroying func() error

	mu   sync.Mutex
	made [][]byte
}

func (d *device) Generate(ctx context.Context, spec csc.KeySpec, label string) ([]byte, crypto.PublicKey, error) {
	key, err := d.Token.Generate(ctx, spec, label)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.made = append(d.made, key.ID)
	return key.ID, key.Public, err
}

func (d *device) Destroy(ctx context.Context, id []byte) error {
	if d.destroying != nil {
		if err := d.destroying(); err != nil {
			return err
		}
	}
	if err := d.Token.Destroy(ctx, id); !errors.Is(err, hsm.ErrNoKey) {
		return err
	}
	return nil
}

// keys are those that are left of those that were made.
func (d *device) keys(t *testing.T) (all [][]byte) {
	t.Helper()
	for _, id := range d.made {
		switch _, err := d.Key(t.Context(), id); {
		case err == nil:
			all = append(all, id)
		case !errors.Is(err, hsm.ErrNoKey):
			t.Fatal(err)
		}
	}
	return all
}

// issuer certifies with a key of its own.
type issuer struct {
	key  *ecdsa.PrivateKey
	root *x509.Certificate
}

func (i issuer) Issue(ctx context.Context, signer users.User, public crypto.PublicKey, notBefore, notAfter time.Time, intend credentials.Intend) ([][]byte, error) {
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: notBefore, NotAfter: notAfter,
		Subject: pkix.Name{CommonName: signer.GivenName + " " + signer.FamilyName},
	}
	if err := intend(ctx, leaf.SerialNumber); err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, i.root, public, i.key)
	return [][]byte{der, i.root.Raw}, err
}

// A house has one signer, whom one application acts for.
type house struct {
	t        *testing.T
	device   *device
	registry *registry.Registry
	log      *audittest.Log
	creator  credentials.Creator
	deleter  credentials.Deleter
	signer   users.User
	later    time.Duration // that the clock of permits is ahead
}

func (h *house) now() time.Time { return time.Now().Add(h.later) }

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, device: &device{Token: hsmtest.New(t)}, log: audittest.Open(t)}
	var err error
	h.registry, err = registry.Open(t.Context(), registry.Config{URL: filepath.Join(t.TempDir(), "registry.db")})
	must(t, err)
	t.Cleanup(func() { _ = h.registry.Close() })
	h.signer = users.User{ID: "u_demo", Email: "demo.signer@example.org", GivenName: "Demo", FamilyName: "Signer", Country: "RO", Created: time.Now()}
	must(t, h.registry.AddUser(t.Context(), h.signer))
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	root := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(9, 0, 0), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	must(t, err)
	root, err = x509.ParseCertificate(der)
	must(t, err)
	register := credentials.Register{Store: h.registry, Users: h.registry, Now: time.Now}
	h.creator = credentials.Creator{
		Enroller: credentials.Enroller{Device: h.device, Issuer: issuer{key, root}, Store: h.registry, Audit: h.log, Now: time.Now},
		Register: register, Policy: demoPolicy, Most: 3,
		Permits: credentials.Permits{Store: onetime.NewMemory(h.now), Now: h.now},
		Profile: func(now time.Time) credentials.Profile {
			return credentials.Profile{
				Key: csc.P256, SCAL: csc.SCAL2, Multisign: 10, Mode: csc.OAuth2Code, NotBefore: now.Add(-time.Minute), NotAfter: now.AddDate(1, 0, 0),
			}
		},
	}
	h.deleter = credentials.Deleter{Register: register, Device: h.device, Audit: h.log}
	return h
}

// may is who stands behind a token for the creation.
func may(permit string, asked ...csc.CreationRequest) credentials.Caller {
	who := credentials.Caller{ClientID: "a_demo", UserID: "u_demo", Scope: csc.ScopeCreation, Permit: &credentials.Permit{ID: permit, Creation: &csc.CreationRequest{}}}
	if len(asked) > 0 {
		who.Permit.Creation = &asked[0]
	}
	return who
}

// mayDelete is who stands behind a token for the deletion.
func mayDelete(id string) credentials.Caller {
	return credentials.Caller{ClientID: "a_demo", UserID: "u_demo", Scope: csc.ScopeDeletion, Permit: &credentials.Permit{ID: "p_deletion", CredentialID: id}}
}

func (h *house) create(permit string) string {
	h.t.Helper()
	made, err := h.creator.Create(h.t.Context(), may(permit), csc.CreateRequest{})
	must(h.t, err)
	return made.CredentialID
}

func (h *house) events() (all []audit.Event) {
	h.t.Helper()
	for _, r := range h.log.Records(h.t) {
		all = append(all, r.Event)
	}
	return all
}

func TestCreate(t *testing.T) {
	h := newHouse(t)
	bare, err := h.creator.Create(t.Context(), may("one"), csc.CreateRequest{View: csc.View{Certificates: "chain", CertInfo: true}})
	must(t, err)
	if diff := cmp.Diff(csc.CreateResponse{CredentialID: bare.CredentialID}, bare); diff != "" {
		t.Errorf("told without being asked: %s", diff)
	}
	full, err := h.creator.Create(t.Context(), may("two"), csc.CreateRequest{
		CredentialInfo: true, View: csc.View{Certificates: "chain", CertInfo: true, AuthInfo: true, Lang: "ro"},
	})
	must(t, err)
	if full.CredentialID == bare.CredentialID || full.Key.Len != 256 || len(full.Cert.Certificates) != 2 || full.Cert.SubjectDN != "CN=Demo Signer" ||
		full.SCAL != csc.SCAL2 || full.Multisign != 10 || full.Auth.Mode != csc.OAuth2Code || full.Lang != "ro" {
		t.Errorf("told %+v", full)
	}
	all, err := h.registry.CredentialsOf(t.Context(), "u_demo")
	if err != nil || len(all) != 2 || len(h.device.keys(t)) != 2 {
		t.Errorf("%d credentials, %v", len(all), err)
	}
	for _, r := range h.log.Records(t) {
		if r.Client != "a_demo" || r.Grant == "" || r.User != "u_demo" {
			t.Errorf("the record says %+v", r)
		}
	}
}

// Whoever calls again with a permit gets what it made, and nothing more is made;
// not even when that was deleted.
func TestCreateAgain(t *testing.T) {
	h := newHouse(t)
	id := h.create("one")
	for range 3 {
		if again := h.create("one"); again != id {
			t.Errorf("another credential: %s after %s", again, id)
		}
	}
	if n := len(h.device.made); n != 1 {
		t.Errorf("%d keys were made", n)
	}
	must(t, h.deleter.Delete(t.Context(), mayDelete(id), csc.DeletionRequest{CredentialID: id}))
	var told *csc.Error
	if made, err := h.creator.Create(t.Context(), may("one"), csc.CreateRequest{}); !errors.As(err, &told) || told.Code != csc.AccessDenied {
		t.Errorf("after the deletion: %+v, %v", made, err)
	}
	if n := len(h.device.keys(t)); n != 0 || len(h.device.made) != 1 {
		t.Errorf("%d keys are left, %d were made", n, len(h.device.made))
	}
}

// Of many who call at once one makes the credential, and no key is left of the
// others.
func TestCreateRace(t *testing.T) {
	h := newHouse(t)
	var all sync.WaitGroup
	ids := make(chan string, 8)
	for range cap(ids) {
		all.Go(func() {
			made, err := h.creator.Create(context.WithoutCancel(t.Context()), may("one"), csc.CreateRequest{})
			if err != nil {
				t.Error(err)
			}
			ids <- made.CredentialID
		})
	}
	all.Wait()
	close(ids)
	if n := len(h.device.made); n != 1 {
		t.Errorf("%d keys were made", n)
	}
	first := <-ids
	for id := range ids {
		if id != first {
			t.Errorf("two credentials: %s and %s", first, id)
		}
	}
	kept, err := h.registry.Credential(t.Context(), first)
	must(t, err)
	if left := h.device.keys(t); len(left) != 1 || string(left[0]) != string(kept.KeyID) {
		t.Errorf("%d keys are left of %d", len(left), len(h.device.made))
	}
}

func TestCreateRefuses(t *testing.T) {
	given := csc.CreationRequest{SubjectData: &csc.SubjectData{GivenName: "Demo"}}
	for _, row := range []struct {
		name   string
		change func(h *house)
		who    credentials.Caller
		req    *csc.CreationRequest
		code   csc.Code
		says   string
	}{
		{"no permit", nil, credentials.Caller{ClientID: "a_demo", UserID: "u_demo", Scope: csc.ScopeCreation}, nil, csc.UnauthorizedClient, ""},
		{"a token of another scope", nil, func() credentials.Caller { who := may("p"); who.Scope = csc.ScopeService; return who }(), nil, csc.UnauthorizedClient, ""},
		{"a permit to delete", nil, mayDelete("c_1"), nil, csc.UnauthorizedClient, ""},
		{"another policy", nil, may("p"), &csc.CreationRequest{CertificatePolicy: "1.2.3"}, csc.InvalidRequest, "Invalid parameter certificatePolicy"},
		{"another policy, agreed to", nil, may("p", csc.CreationRequest{CertificatePolicy: "1.2.3"}), nil, csc.InvalidRequest, "Invalid parameter certificatePolicy"},
		{"another subject", nil, may("p", given), &csc.CreationRequest{SubjectData: &csc.SubjectData{GivenName: "Other"}}, csc.InvalidRequest, "Invalid parameter subjectData"},
		{"more of the subject", nil, may("p", given), &csc.CreationRequest{SubjectData: &csc.SubjectData{GivenName: "Demo", FamilyName: "Signer"}}, csc.InvalidRequest, "Invalid parameter subjectData"},
		{"as many as there may be", func(h *house) { h.creator.Most = 0 }, may("p"), nil, csc.InvalidRequest, "The signer has as many credentials as there may be"},
		{"a disabled signer", func(h *house) {
			must(h.t, h.registry.SetUserDisabled(h.t.Context(), "u_demo", true, users.NewStamp()))
		}, may("p"), nil, csc.AccessDenied, ""},
	} {
		h := newHouse(t)
		if row.change != nil {
			row.change(h)
		}
		made, err := h.creator.Create(t.Context(), row.who, csc.CreateRequest{Request: row.req})
		var told *csc.Error
		if !errors.As(err, &told) || told.Code != row.code || row.says != "" && told.Description != row.says {
			t.Errorf("%s: %+v, %v", row.name, made, err)
		}
		if len(h.device.made) != 0 || len(h.events()) != 0 {
			t.Errorf("%s: %d keys were made, log %v", row.name, len(h.device.made), h.events())
		}
	}
}

// What was agreed to, and what is asked again, is made.
func TestCreateAsAgreed(t *testing.T) {
	h := newHouse(t)
	given := csc.CreationRequest{CertificatePolicy: demoPolicy, SubjectData: &csc.SubjectData{GivenName: "Somebody", Address: &csc.Address{Country: "FR"}}}
	again := csc.CreationRequest{CertificatePolicy: demoPolicy, SubjectData: &csc.SubjectData{GivenName: "Somebody", Address: &csc.Address{Country: "FR"}}}
	made, err := h.creator.Create(t.Context(), may("p", given), csc.CreateRequest{Request: &again, CredentialInfo: true, View: csc.View{CertInfo: true}})
	must(t, err)
	if made.Cert.SubjectDN != "CN=Demo Signer" {
		t.Errorf("the certificate names %q, as nobody verified", made.Cert.SubjectDN)
	}
}

// What fails on the way leaves no credential and no key, and has used its permit:
// a second call is told to wait while somebody may be at it, and then that it is
// over. Another permit makes one.
func TestCreateInterrupted(t *testing.T) {
	h := newHouse(t)
	must(t, h.log.Close(t.Context()))
	if made, err := h.creator.Create(t.Context(), may("one"), csc.CreateRequest{}); err == nil || made.CredentialID != "" {
		t.Errorf("without a record: %+v, %v", made, err)
	}
	if all, err := h.registry.CredentialsOf(t.Context(), "u_demo"); err != nil || len(all) != 0 || len(h.device.keys(t)) != 0 {
		t.Errorf("%d credentials and %d keys are left", len(all), len(h.device.keys(t)))
	}
	h.log = audittest.Open(t)
	h.creator.Audit = h.log
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if made, err := h.creator.Create(ctx, may("one"), csc.CreateRequest{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a moment later: %+v, %v", made, err)
	}
	h.later = time.Minute
	var told *csc.Error
	if made, err := h.creator.Create(t.Context(), may("one"), csc.CreateRequest{}); !errors.As(err, &told) || told.Code != csc.AccessDenied {
		t.Errorf("a minute later: %+v, %v", made, err)
	}
	h.create("two")
	if n := len(h.device.keys(t)); n != 1 {
		t.Errorf("%d keys are left", n)
	}
}

func TestDelete(t *testing.T) {
	reason := func(n int) *int { return &n }
	for _, row := range []struct {
		name    string
		req     csc.DeletionRequest
		revoked bool
		reason  int
		record  string
	}{
		{"and leaves the certificate", csc.DeletionRequest{}, false, 0, "certificate not revoked"},
		{"and revokes it", csc.DeletionRequest{Revoke: true, RevocationReason: reason(5)}, true, 5, "revoked: cessationOfOperation"},
		{"for no stated reason", csc.DeletionRequest{Revoke: true, RevocationReason: reason(0)}, true, 0, "revoked: unspecified"},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newHouse(t)
			id := h.create("one")
			row.req.CredentialID = id
			for range 3 { // as often as one likes
				must(t, h.deleter.Delete(t.Context(), mayDelete(id), row.req))
			}
			if n := len(h.device.keys(t)); n != 0 {
				t.Errorf("%d keys are left", n)
			}
			if _, err := h.registry.Credential(t.Context(), id); !errors.Is(err, credentials.ErrUnknown) {
				t.Errorf("it is found: %v", err)
			}
			gone, err := h.registry.Gone(t.Context(), id, "a_demo")
			if err != nil || gone.Revoked != row.revoked || !gone.Credential.Disabled || len(gone.Certificates) != 2 {
				t.Errorf("kept of it: %+v, %v", gone, err)
			}
			deleted := 0
			for _, r := range h.log.Records(t) {
				if r.Event == audit.CredentialDeleted {
					deleted++
					if r.Reason != row.record || r.Client != "a_demo" || r.Credential != id || r.Certificate == "" {
						t.Errorf("the record says %+v", r)
					}
				}
			}
			var told []credentials.Fate
			for _, n := range h.due() {
				told = append(told, n.Fate)
			}
			if deleted != 1 || len(told) > 1 || (len(told) == 1) != row.revoked {
				t.Errorf("%d deletions recorded, told %v", deleted, told)
			}
		})
	}
}

// A device that fails does not let the credential come back, and the next call
// destroys the key.
func TestDeleteInterrupted(t *testing.T) {
	h := newHouse(t)
	id := h.create("one")
	h.device.destroying = func() error { return errors.New("the device is away") }
	if err := h.deleter.Delete(t.Context(), mayDelete(id), csc.DeletionRequest{CredentialID: id}); err == nil {
		t.Error("a key that is there was destroyed")
	}
	if _, err := h.registry.Holding(t.Context(), id, ""); !errors.Is(err, credentials.ErrUnknown) || len(h.device.keys(t)) != 1 {
		t.Errorf("after a device that failed: %v, %d keys", err, len(h.device.keys(t)))
	}
	key := h.device.made[0]
	if orphan, err := credentials.Orphan(t.Context(), h.registry, key, id); err != nil || !orphan {
		t.Errorf("its key is an orphan: %v, %v", orphan, err)
	}
	h.device.destroying = nil
	must(t, h.deleter.Delete(t.Context(), mayDelete(id), csc.DeletionRequest{CredentialID: id}))
	if n := len(h.device.keys(t)); n != 0 {
		t.Errorf("%d keys are left", n)
	}
}

func TestDeleteRefuses(t *testing.T) {
	h := newHouse(t)
	id, other := h.create("one"), h.create("two")
	before := len(h.events())
	reason := func(n int) *int { return &n }
	trusted := credentials.Caller{ClientID: "a_demo", Scope: csc.ScopeDeletion}
	const badID, badReason = "Invalid parameter credentialID", "Invalid parameter revocationReason"
	for _, row := range []struct {
		name string
		who  credentials.Caller
		req  csc.DeletionRequest
		says string
	}{
		{"revoked for no reason", mayDelete(id), csc.DeletionRequest{CredentialID: id, Revoke: true}, "Missing (or invalid type) integer parameter revocationReason"},
		{"reason 6", mayDelete(id), csc.DeletionRequest{CredentialID: id, Revoke: true, RevocationReason: reason(6)}, badReason},
		{"reason 7", mayDelete(id), csc.DeletionRequest{CredentialID: id, Revoke: true, RevocationReason: reason(7)}, badReason},
		{"reason 8", mayDelete(id), csc.DeletionRequest{CredentialID: id, Revoke: true, RevocationReason: reason(8)}, badReason},
		{"reason 11", mayDelete(id), csc.DeletionRequest{CredentialID: id, Revoke: true, RevocationReason: reason(11)}, badReason},
		{"reason -1", mayDelete(id), csc.DeletionRequest{CredentialID: id, Revoke: true, RevocationReason: reason(-1)}, badReason},
		{"a reason without a revocation", mayDelete(id), csc.DeletionRequest{CredentialID: id, RevocationReason: reason(1)}, badReason},
		{"another credential than was agreed to", mayDelete(id), csc.DeletionRequest{CredentialID: other}, badID},
		{"one that is not there", mayDelete("c_none"), csc.DeletionRequest{CredentialID: "c_none"}, badID},
		{"a permit to create", may("p"), csc.DeletionRequest{CredentialID: id}, csc.UnauthorizedClient.Description()},
		{"no permit", func() credentials.Caller { who := mayDelete(id); who.Permit = nil; return who }(), csc.DeletionRequest{CredentialID: id}, csc.UnauthorizedClient.Description()},
		{"a token of another scope", func() credentials.Caller { who := mayDelete(id); who.Scope = csc.ScopeService; return who }(), csc.DeletionRequest{CredentialID: id}, csc.UnauthorizedClient.Description()},
		{"a client by itself, of another scope", credentials.Caller{ClientID: "a_demo", Scope: csc.ScopeService}, csc.DeletionRequest{CredentialID: id}, csc.UnauthorizedClient.Description()},
		{"another's", func() credentials.Caller { who := mayDelete(id); who.UserID = "u_other"; return who }(), csc.DeletionRequest{CredentialID: id}, badID},
		{"a client nobody linked", trusted, csc.DeletionRequest{CredentialID: id}, badID},
	} {
		err := h.deleter.Delete(t.Context(), row.who, row.req)
		var told *csc.Error
		if !errors.As(err, &told) || told.Description != row.says {
			t.Errorf("%s: %v, want %q", row.name, err, row.says)
		}
	}
	if n := len(h.device.keys(t)); n != 2 || len(h.events()) != before {
		t.Errorf("%d keys are left, log %v", n, h.events()[before:])
	}
}

// Without a record nothing is deleted.
func TestNoAuditNoDeletion(t *testing.T) {
	h := newHouse(t)
	id := h.create("one")
	must(t, h.log.Close(t.Context()))
	var unkept *audit.UnavailableError
	if err := h.deleter.Delete(t.Context(), mayDelete(id), csc.DeletionRequest{CredentialID: id}); !errors.As(err, &unkept) {
		t.Errorf("%v", err)
	}
	if _, err := h.registry.Credential(t.Context(), id); err != nil || len(h.device.keys(t)) != 1 {
		t.Errorf("%v, %d keys", err, len(h.device.keys(t)))
	}
}

// due are the notices to owners that are still to be told.
func (h *house) due() []credentials.Notice {
	h.t.Helper()
	all, err := h.registry.DueCredentialNotices(h.t.Context(), time.Now().Add(time.Hour), 9)
	must(h.t, err)
	return all
}

// An owner who did not agree himself is to be told.
func TestOwnerIsTold(t *testing.T) {
	h := newHouse(t)
	id := h.create("one")
	must(t, h.registry.AddClient(t.Context(), demoClient()))
	must(t, h.registry.Link(t.Context(), "a_demo", "u_demo"))
	for range 2 {
		must(t, h.deleter.Delete(t.Context(), credentials.Caller{ClientID: "a_demo", Scope: csc.ScopeDeletion}, csc.DeletionRequest{CredentialID: id}))
	}
	due := h.due()
	if len(due) != 1 || due[0].ClientID != "a_demo" || due[0].CredentialID != id || due[0].Fate != credentials.FateDeleted || len(h.device.keys(t)) != 0 {
		t.Errorf("to be told: %+v", due)
	}
}
