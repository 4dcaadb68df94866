package oauth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/users"
)

// A vault is a credential store in memory: of one good credential, its variants
// each with one fault, and one of a stranger.
type vault struct {
	credentials.Store
	people *people // who owns them
	mu     sync.Mutex
	all    []credentials.Credential
}

func newVault(t *testing.T, owners *people) *vault {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := func(from, to time.Time, purposes ...x509.ExtKeyUsage) [][]byte {
		tmpl := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Semnatar Demo"}, NotBefore: from, NotAfter: to, ExtKeyUsage: purposes,
		}
		der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		return [][]byte{der}
	}
	year := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	good := credentials.Credential{
		UserID: signer, Key: csc.P256, Certificates: cert(year, year.AddDate(1, 0, 0)), Qualifier: "eu_eidas_aes",
		SCAL: csc.SCAL2, Multisign: 10, Mode: csc.OAuth2Code,
	}
	v := &vault{people: owners}
	add := func(id string, change func(*credentials.Credential)) {
		c := good
		c.ID = id
		change(&c)
		v.all = append(v.all, c)
	}
	add("c_1", func(*credentials.Credential) {})
	add("c_2", func(c *credentials.Credential) { c.Qualifier = "eu_eidas_aesqc" })
	add("c_scal1", func(c *credentials.Credential) { c.SCAL = csc.SCAL1 })
	add("c_explicit", func(c *credentials.Credential) { c.Mode = csc.Explicit })
	add("c_disabled", func(c *credentials.Credential) { c.Disabled = true })
	add("c_revoked", func(c *credentials.Credential) { c.Revoked = true })
	add("c_expired", func(c *credentials.Credential) { c.Certificates = cert(year, year.AddDate(0, 1, 0)) })
	add("c_login", func(c *credentials.Credential) {
		c.Certificates, c.Qualifier = cert(year, year.AddDate(1, 0, 0), x509.ExtKeyUsageClientAuth), "ro_law_login"
	})
	add("c_qes", func(c *credentials.Credential) { c.Qualifier = "eu_eidas_qes"; c.Multisign = 1 })
	add("c_strange", func(c *credentials.Credential) { c.UserID = stranger })
	return v
}

func (v *vault) Credential(_ context.Context, id string) (credentials.Credential, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range v.all {
		if c.ID == id {
			return c, nil
		}
	}
	return credentials.Credential{}, credentials.ErrUnknown
}

func (v *vault) Holding(ctx context.Context, id, _ string) (credentials.Holding, error) {
	c, err := v.Credential(ctx, id)
	if err != nil {
		return credentials.Holding{}, err
	}
	owner, err := v.people.User(ctx, c.UserID)
	return credentials.Holding{Credential: c, OwnerDisabled: owner.Disabled, OwnerSignsFrom: owner.SignsFrom}, err
}

func (v *vault) Linked(_ context.Context, clientID, userID string) (bool, error) {
	return v.people.linked(clientID, userID), nil
}

func (v *vault) CredentialsOf(_ context.Context, userID string) (own []credentials.Credential, _ error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range v.all {
		if c.UserID == userID {
			own = append(own, c)
		}
	}
	return own, nil
}

type credential = credentials.Credential

func (v *vault) change(id string, change func(*credential)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range v.all {
		if v.all[i].ID == id {
			change(&v.all[i])
		}
	}
}

// People are signers and whom they permit of, in memory.
type people struct {
	users.Store
	mu          sync.Mutex
	all         map[string]users.User
	permissions map[[2]string]permission // of a client by a user
	links       map[[2]string]bool
	err         error
}

type permission struct {
	oauth.Permission
	stamp string
}

var _ oauth.PermissionStore = (*people)(nil)

func newPeople() *people {
	return &people{
		all:         map[string]users.User{signer: {ID: signer, Stamp: "one"}, stranger: {ID: stranger, Stamp: "two"}},
		permissions: map[[2]string]permission{}, links: map[[2]string]bool{},
	}
}

// now is who has the id at this moment, as the login page would find him.
func (p *people) now(id string) users.User {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all[id]
}

func (p *people) linked(clientID, userID string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.links[[2]string{clientID, userID}]
}

func (p *people) Standing(_ context.Context, clientID, userID string) (oauth.Standing, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u, ok := p.all[userID]
	switch {
	case p.err != nil:
		return oauth.Standing{}, p.err
	case !ok:
		return oauth.Standing{}, users.ErrUnknown
	}
	return oauth.Standing{User: u.Stamp, Out: u.Disabled, Permission: p.permissions[[2]string{clientID, userID}].stamp}, nil
}

func (p *people) Permit(_ context.Context, clientID, userID, scope string, now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.permissions[[2]string{clientID, userID}]
	a.ClientID, a.Scopes, a.Since, a.Used = clientID, append(a.Scopes, scope), now, now
	p.permissions[[2]string{clientID, userID}] = a
	return p.err
}

func (p *people) Withdraw(_ context.Context, clientID, userID, stamp string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.permissions[[2]string{clientID, userID}] = permission{stamp: stamp}
	return p.err
}

func (p *people) Permissions(_ context.Context, userID string) (all []oauth.Permission, _ error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for of, a := range p.permissions {
		if of[1] == userID && !a.Since.IsZero() {
			all = append(all, a.Permission)
		}
	}
	return all, p.err
}

func (p *people) User(_ context.Context, id string) (users.User, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u, ok := p.all[id]
	if !ok {
		return u, users.ErrUnknown
	}
	return u, nil
}

func (p *people) recover(id string, from time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.all[id]
	u.SignsFrom = from
	p.all[id] = u
}

func (p *people) disable(id string, disabled bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.all[id]
	u.ID, u.Disabled = id, disabled
	p.all[id] = u
}

// Families are a refresh store in memory.
type families struct {
	mu   sync.Mutex
	kept map[string]oauth.Refresh
	err  error
}

var _ oauth.RefreshStore = (*families)(nil)

func (f *families) AddRefresh(_ context.Context, r oauth.Refresh) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.kept[r.ID]; ok {
		return oauth.ErrRefreshExists
	}
	if f.err == nil {
		f.kept[r.ID] = r
	}
	return f.err
}

func (f *families) Refresh(_ context.Context, id string) (oauth.Refresh, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.kept[id]
	if f.err == nil && !ok {
		return r, oauth.ErrUnknownRefresh
	}
	return r, f.err
}

func (f *families) SwapRefresh(_ context.Context, id, old, hash string, used time.Time) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.kept[id]
	if f.err != nil || !ok || r.Hash != old {
		return false, f.err
	}
	r.Hash, r.Used = hash, used
	f.kept[id] = r
	return true, nil
}

func (f *families) RemoveRefresh(_ context.Context, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		delete(f.kept, id)
	}
	return f.err
}
