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
	cert := func(from, to time.Time) [][]byte {
		tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Semnatar Demo"}, NotBefore: from, NotAfter: to}
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
	return credentials.Holding{Credential: c, OwnerDisabled: owner.Disabled}, err
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

type people struct {
	users.Store
	mu  sync.Mutex
	all map[string]users.User
}

func newPeople() *people {
	return &people{all: map[string]users.User{signer: {ID: signer}, stranger: {ID: stranger}}}
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

func (p *people) disable(id string, disabled bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all[id] = users.User{ID: id, Disabled: disabled}
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
