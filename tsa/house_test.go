package tsa_test

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/audit/audittest"
	"github.com/pecete/pecete/ca"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/hsm/hsmtest"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/signing/ades/adestest"
	"github.com/pecete/pecete/tsa"
)

const policy = "1.3.6.1.4.1.32473.3161.1"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// keys is the device, and what a test has it do.
type keys struct {
	tsa.Keys
	// admitting and signing are called at their moments; an error is the device's
	// answer.
	admitting, signing func() error
	spoil              func(signature []byte)

	mu             sync.Mutex
	signed, within int
}

func (k *keys) Admit(n int) (func(), error) {
	if k.admitting != nil {
		if err := k.admitting(); err != nil {
			return nil, err
		}
	}
	release, err := k.Keys.Admit(n)
	if err != nil {
		return nil, err
	}
	k.count(&k.within, n)
	return func() { k.count(&k.within, -n); release() }, nil
}

func (k *keys) Sign(ctx context.Context, id []byte, alg csc.Algorithm, digest []byte) ([]byte, error) {
	k.count(&k.signed, 1)
	if k.signing != nil {
		if err := k.signing(); err != nil {
			return nil, err
		}
	}
	signature, err := k.Keys.Sign(ctx, id, alg, digest)
	if k.spoil != nil && err == nil {
		k.spoil(signature)
	}
	return signature, err
}

func (k *keys) count(what *int, by int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	*what += by
}

// A house is an authority whose key is in a device.
type house struct {
	t         *testing.T
	authority *tsa.Authority
	keys      *keys
	registry  *registry.Registry
	path      string // of its file
	log       *audittest.Log
	root      *x509.Certificate
	now       time.Time
}

// A device has a key that an authority has certified for time-stamps.
type device struct {
	token *hsm.Token
	key   []byte
	chain []*x509.Certificate
	now   time.Time
}

func newDevice(t *testing.T, spec csc.KeySpec) *device {
	t.Helper()
	d := &device{token: hsmtest.New(t), now: time.Now().UTC()}
	above, err := d.token.Generate(t.Context(), csc.P256, "ca")
	must(t, err)
	signer, err := d.token.Signer(t.Context(), above.ID)
	must(t, err)
	root, err := ca.SelfSign(signer, pkix.Name{CommonName: "Demo CA"}, d.now.AddDate(-1, 0, 0), d.now.AddDate(9, 0, 0))
	must(t, err)
	key, err := d.token.Generate(t.Context(), spec, "tsa")
	must(t, err)
	d.key = key.ID
	local := &ca.Local{Signer: signer, Certificate: root, Now: time.Now}
	chain, err := local.IssueStamper(t.Context(), ca.StamperRequest{
		Public: key.Public, Name: pkix.Name{CommonName: "Demo TSA"}, NotBefore: d.now.Add(-time.Hour), NotAfter: d.now.AddDate(5, 0, 0),
	})
	must(t, err)
	for _, der := range chain {
		cert, err := x509.ParseCertificate(der)
		must(t, err)
		d.chain = append(d.chain, cert)
	}
	return d
}

func newHouse(t *testing.T, spec csc.KeySpec) *house { return newDevice(t, spec).house(t) }

// house is a new authority with the device's key.
func (d *device) house(t *testing.T) *house {
	t.Helper()
	h := &house{
		t: t, log: audittest.Open(t), now: d.now, path: filepath.Join(t.TempDir(), "registry.db"),
		keys: &keys{Keys: d.token}, root: d.chain[1],
	}
	var err error
	h.registry, err = registry.Open(t.Context(), registry.Config{URL: h.path})
	must(t, err)
	t.Cleanup(func() { _ = h.registry.Close() }) // a test may have closed it
	h.authority = &tsa.Authority{
		Keys: h.keys, KeyID: d.key, Chain: slices.Clone(d.chain), Policy: policy, Accuracy: time.Second,
		Serials: h.registry, Audit: h.log, Now: func() time.Time { return h.now },
	}
	must(t, h.authority.Check())
	return h
}

func (h *house) events() (all []audit.Event) {
	h.t.Helper()
	for _, r := range h.log.Records(h.t) {
		all = append(all, r.Event)
	}
	return all
}

// serials is how many numbers were taken.
func (h *house) serials() int64 {
	h.t.Helper()
	n, err := h.registry.NextSerial(context.WithoutCancel(h.t.Context()))
	must(h.t, err)
	return n - 1
}

func (h *house) stamp(r tsa.Request) ([]byte, error) {
	return h.authority.Stamp(h.t.Context(), tsa.Asker{ClientID: "a_demo", UserID: "u_demo"}, r)
}

var document = []byte("what was there at the time\n")

// request asks for a time-stamp over the document.
func request(h crypto.Hash, change ...func(*tsa.Request)) tsa.Request {
	r := tsa.Request{Hash: h, Nonce: big.NewInt(0x5f1c9ad2e4b07731), Certificates: true}
	switch h {
	case crypto.SHA384:
		sum := sha512.Sum384(document)
		r.Digest = sum[:]
	case crypto.SHA512:
		sum := sha512.Sum512(document)
		r.Digest = sum[:]
	default:
		sum := sha256.Sum256(document)
		r.Digest = sum[:]
	}
	for _, f := range change {
		f(&r)
	}
	return r
}

var hashes = []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512}

// openssl runs it and gives what it says.
func openssl(t testing.TB, args ...string) (string, bool) {
	t.Helper()
	out, code := adestest.Run(t, "openssl", args...)
	return out, code == 0
}

// query is what openssl asks about the document.
func query(t testing.TB, args ...string) (path string, der []byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "query.tsq")
	args = append([]string{"ts", "-query", "-data", adestest.File(t, "document", document), "-out", path}, args...)
	if out, ok := openssl(t, args...); !ok {
		t.Fatalf("openssl: %s", out)
	}
	der, err := os.ReadFile(path)
	must(t, err)
	return path, der
}

// dashed is a hash as openssl has it: -sha256.
func dashed(h crypto.Hash) string {
	return "-" + strings.ToLower(strings.ReplaceAll(h.String(), "-", ""))
}
