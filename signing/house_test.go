package signing_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/audit/audittest"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/signing"
	"github.com/pecete/pecete/users"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// softKeys is the device: one key, and what a test has it do.
type softKeys struct {
	key crypto.Signer
	// admitting and signing are called at their moments; an error is the
	// device's answer.
	admitting func(n int) error
	signing   func(ctx context.Context, n int) error // the n-th signature
	spoil     func(signature []byte)

	mu           sync.Mutex
	signed       int
	most, within int // requests that were let in at once, and are
}

func (k *softKeys) Admit(n int) (func(), error) {
	if k.admitting != nil {
		if err := k.admitting(n); err != nil {
			return nil, err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.within++
	k.most = max(k.most, k.within)
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.within--
	}, nil
}

func (k *softKeys) Sign(ctx context.Context, _ []byte, alg csc.Algorithm, digest []byte) ([]byte, error) {
	k.mu.Lock()
	k.signed++
	n := k.signed
	k.mu.Unlock()
	if k.signing != nil {
		if err := k.signing(ctx, n); err != nil {
			return nil, err
		}
	}
	var opts crypto.SignerOpts = alg.Hash
	if alg.Scheme == csc.PSS {
		opts = &rsa.PSSOptions{SaltLength: alg.SaltLength, Hash: alg.Hash}
	}
	signature, err := k.key.Sign(rand.Reader, digest, opts)
	if k.spoil != nil {
		k.spoil(signature)
	}
	return signature, err
}

// A house is a signer with one credential, and an application that may use it.
type house struct {
	t          *testing.T
	signer     signing.Signer
	keys       *softKeys
	registry   *registry.Registry
	grants     sad.Grants
	log        *audittest.Log
	now        time.Time
	credential credentials.Credential
	who        credentials.Caller
	mu         sync.Mutex // of now, and outcomes
	outcomes   []signing.Outcome
}

func newHouse(t *testing.T, spec csc.KeySpec) *house {
	t.Helper()
	h := &house{t: t, keys: &softKeys{key: newKey(t, spec)}, log: audittest.Open(t), now: noon}
	clock := func() time.Time {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.now
	}
	var err error
	h.registry, err = registry.Open(t.Context(), registry.Config{URL: filepath.Join(t.TempDir(), "registry.db")})
	must(t, err)
	t.Cleanup(func() { must(t, h.registry.Close()) })
	h.grants = sad.Grants{Store: onetime.NewMemory(clock), Now: clock}
	user := users.User{ID: "u_demo", Email: "demo.signer@example.org", GivenName: "Demo", FamilyName: "Signer", Country: "RO", Created: noon}
	must(t, h.registry.AddUser(t.Context(), user))
	h.credential = credentials.Credential{
		ID: "c_demo", UserID: user.ID, KeyID: []byte{1, 2, 3}, Key: spec, Certificates: [][]byte{certificate(t, h.keys.key)},
		SCAL: csc.SCAL1, Multisign: 10_000, Mode: csc.Explicit, PKCS1v15: true, Created: noon,
	}
	must(t, h.registry.AddCredential(t.Context(), h.credential))
	h.who = credentials.Caller{ClientID: "a_demo", UserID: user.ID, Scope: csc.ScopeService}
	h.signer = signing.Signer{
		Register: credentials.Register{Store: h.registry, Users: h.registry, Now: clock},
		Grants:   h.grants, Keys: h.keys, Audit: h.log, Now: clock,
		Observe: func(o signing.Outcome, _ int, _ error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.outcomes = append(h.outcomes, o)
		},
	}
	return h
}

// pass lets time pass, whoever looks at the clock meanwhile.
func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func newKey(t *testing.T, spec csc.KeySpec) crypto.Signer {
	t.Helper()
	if spec.RSA() {
		key, err := rsa.GenerateKey(rand.Reader, spec.Bits())
		must(t, err)
		return key
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

func certificate(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Demo Signer"},
		NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	must(t, err)
	return der
}

// digest is the n-th of as many as one needs.
func digest(n int) csc.Digest {
	sum := sha256.Sum256([]byte(fmt.Sprint("document ", n)))
	return sum[:]
}

func digests(n int) (all []csc.Digest) {
	for i := range n {
		all = append(all, digest(i))
	}
	return all
}

// grant has the signer agree to n signatures, over hashes if there are any.
func (h *house) grant(n int, hashes ...csc.Digest) string {
	h.t.Helper()
	_, id := sad.New()
	g := sad.Grant{
		ID: id, UserID: h.credential.UserID, ClientID: h.who.ClientID, CredentialID: h.credential.ID,
		Expires: h.now.Add(5 * time.Minute), Count: n, Left: n,
	}
	for _, d := range hashes {
		g.Bound, g.HashOID = true, csc.OIDSHA256
		g.Hashes = append(g.Hashes, sad.Agreed{Digest: d, Kind: csc.DTBSR})
	}
	must(h.t, h.grants.Put(h.t.Context(), g))
	return id
}

// left is what is left of a grant, 0 if nothing is.
func (h *house) left(grant string) int {
	h.t.Helper()
	g, err := h.grants.Get(context.WithoutCancel(h.t.Context()), grant)
	if err != nil {
		return 0
	}
	return g.Left
}

// events are those that the log has of signatures and grants.
func (h *house) events() (all []audit.Event) {
	h.t.Helper()
	for _, r := range h.log.Records(h.t) {
		all = append(all, r.Event)
	}
	return all
}

// request is a signHash of hashes with ECDSA and SHA-256.
func (h *house) request(hashes ...csc.Digest) csc.SignHashRequest {
	return csc.SignHashRequest{CredentialID: h.credential.ID, Hashes: hashes, SignAlgo: "1.2.840.10045.4.3.2"}
}

func (h *house) sign(grant string, request csc.SignHashRequest) ([][]byte, error) {
	answer, err := h.signer.SignHash(h.t.Context(), h.who, grant, request)
	return answer.Signatures, err
}
