package enrolment_test

import (
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509/pkix"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/audit/audittest"
	"github.com/pecete/pecete/ca"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/hsm/hsmtest"
	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/users"
)

const (
	password = "a password for the demo"
	phone    = "+40700000000"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func demoSigner() enrolment.Identity {
	return enrolment.Identity{
		GivenName: "Demo", FamilyName: "Signer", Email: "demo.signer@example.org", Phone: phone, Country: "RO",
		Identifier: "PNORO-1234567890123", Locale: "en", Profile: "default", Reference: "file 7",
	}
}

// A house is an office over a real registry, a device that is real where keys are
// made, and post that is kept.
type house struct {
	*enrolment.Office
	t     testing.TB
	store *registry.Registry
	path  string // of the registry
	log   *audittest.Log
	box   *box
	ticks *atomic.Int64
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, log: audittest.Open(t), box: &box{}, ticks: &atomic.Int64{}}
	h.ticks.Store(noon.UnixNano())
	h.path = emptyRegistry(t)
	h.store = openRegistry(t, h.path)
	h.Office = h.office(h.store, newSealer(t), noDevice{}, newAuthority(t, h.now))
	return h
}

func (h *house) now() time.Time        { return time.Unix(0, h.ticks.Load()).UTC() }
func (h *house) after(d time.Duration) { h.ticks.Add(int64(d)) }

// emptyRegistry is the path of a new one whose tables are there already.
func emptyRegistry(t testing.TB) string {
	t.Helper()
	empty, err := template()
	must(t, err)
	path := filepath.Join(t.TempDir(), "registry.db")
	must(t, os.WriteFile(path, empty, 0o600))
	return path
}

// template is a registry that nobody has used, made once for all tests.
var template = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "pecete-enrolment-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "registry.db")
	r, err := registry.Open(context.Background(), registry.Config{URL: path})
	if err != nil {
		return nil, err
	}
	if err := r.Close(); err != nil { // which leaves nothing in other files
		return nil, err
	}
	return os.ReadFile(path)
})

func openRegistry(t testing.TB, url string) *registry.Registry {
	t.Helper()
	r, err := registry.Open(t.Context(), registry.Config{URL: url})
	must(t, err)
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// A device is what the office asks of one.
type device interface {
	credentials.Device
	enrolment.Keys
}

func (h *house) office(store *registry.Registry, seal users.Sealer, keys device, issuer credentials.Issuer) *enrolment.Office {
	hasher, err := users.NewHasher(users.HashCost{Memory: 7 << 10, Passes: 1, Threads: 1, AtOnce: 2, Waiting: 100})
	must(h.t, err)
	profile := func(now time.Time) credentials.Profile {
		return credentials.Profile{
			Key: csc.P256, SCAL: csc.SCAL2, Multisign: 10, Mode: csc.OAuth2Code, NotBefore: now.Add(-time.Minute), NotAfter: now.AddDate(1, 0, 0),
		}
	}
	return &enrolment.Office{
		Store: store, Users: store, Audit: h.log, Now: h.now, Keys: keys, Key: make([]byte, 32), From: "Pecete", Terms: "1",
		Registrar:   users.Registrar{Store: store, Sealer: seal, Audit: h.log, Now: h.now, Issuer: "Pecete", Passwords: hasher},
		Enroller:    credentials.Enroller{Device: keys, Issuer: issuer, Store: store, Audit: h.log, Now: h.now},
		Post:        notify.Post{Mail: h.box, SMS: h.box},
		Profiles:    map[string]enrolment.Profile{"default": {Credential: profile}, "named": {Credential: profile, Identifier: true}},
		Certifiable: func(u users.User) error { return subject(u).Check() },
		PairURL:     "https://pecete.example.org/welcome/pair", ActivateURL: "https://pecete.example.org/welcome/activate",
		DownloadsURL: "https://pecete.example.org/downloads", LoginURL: "https://pecete.example.org/portal",
		Logger: slog.New(slog.DiscardHandler),
	}
}

// An authority certifies for real, with a key in software.
type authority struct{ *ca.Local }

func newAuthority(t testing.TB, now func() time.Time) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	root, err := ca.SelfSign(key, pkix.Name{CommonName: "Demo CA, no legal value", Organization: []string{"Demo"}, Country: []string{"RO"}},
		time.Now().AddDate(-2, 0, 0), time.Now().AddDate(9, 0, 0))
	must(t, err)
	return authority{&ca.Local{Signer: key, Certificate: root, Now: now}}
}

func subject(u users.User) ca.Subject {
	s := ca.Subject{GivenName: u.GivenName, FamilyName: u.FamilyName, CommonName: u.Name(), SerialNumber: strings.TrimPrefix(u.ID, "u_"), Country: u.Country}
	if u.Identifier != "" {
		s.SerialNumber = u.Identifier
	}
	return s
}

func (a authority) Issue(ctx context.Context, u users.User, public crypto.PublicKey, from, to time.Time, intend credentials.Intend) ([][]byte, error) {
	return a.Local.Issue(ctx, ca.Request{Public: public, Subject: subject(u), NotBefore: from, NotAfter: to, Intend: intend})
}

// noDevice is for tests that make no key.
type noDevice struct{}

var errNoDevice = errors.New("there is no device")

func (noDevice) Generate(context.Context, csc.KeySpec, string) ([]byte, crypto.PublicKey, error) {
	return nil, nil, errNoDevice
}
func (noDevice) Destroy(context.Context, []byte) error              { return errNoDevice }
func (noDevice) Labelled(context.Context, string) ([][]byte, error) { return nil, nil }

// softHSM is a real device.
type softHSM struct{ *hsm.Token }

func newSoftHSM(t testing.TB) softHSM { return softHSM{hsmtest.New(t)} }

func (d softHSM) Generate(ctx context.Context, spec csc.KeySpec, label string) ([]byte, crypto.PublicKey, error) {
	key, err := d.Token.Generate(ctx, spec, label)
	return key.ID, key.Public, err
}

func (d softHSM) Labelled(ctx context.Context, label string) (ids [][]byte, err error) {
	keys, err := d.FindAll(ctx, label)
	for _, key := range keys {
		ids = append(ids, key.ID)
	}
	return ids, err
}

// signers counts the keys that are somebody's; the device has one of its own.
func (d softHSM) signers(t testing.TB) (n int) {
	t.Helper()
	all, err := d.List(t.Context())
	must(t, err)
	for _, key := range all {
		if strings.HasPrefix(key.Label, "c_") {
			n++
		}
	}
	return n
}

// sealer seals as the key in the device does.
type sealer struct{ cipher.AEAD }

func newSealer(t testing.TB) sealer {
	t.Helper()
	block, err := aes.NewCipher(make([]byte, 32))
	must(t, err)
	aead, err := cipher.NewGCMWithRandomNonce(block)
	must(t, err)
	return sealer{aead}
}

func (s sealer) Seal(_ context.Context, plaintext, aad []byte) ([]byte, error) {
	return s.AEAD.Seal(nil, nil, plaintext, aad), nil
}

func (s sealer) Open(_ context.Context, sealed, aad []byte) ([]byte, error) {
	return s.AEAD.Open(nil, nil, sealed, aad)
}

// A box keeps what was sent.
type box struct {
	mu   sync.Mutex
	all  []notify.Message
	full error // why nothing is taken
}

func (b *box) Send(_ context.Context, m notify.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full != nil {
		return b.full
	}
	b.all = append(b.all, m)
	return nil
}

// last is the last message to somebody whose text has a form, and what of it.
func (b *box) last(t testing.TB, form string) string {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range slices.Backward(b.all) {
		if found := regexp.MustCompile(form).FindStringSubmatch(m.Text); found != nil {
			return found[1]
		}
	}
	t.Fatalf("no message has %s", form)
	return ""
}

func (h *house) token(link enrolment.Link) csc.Secret {
	h.t.Helper()
	return csc.Secret(h.box.last(h.t, `/welcome/`+string(link)+`\?link=([A-Za-z0-9_-]{43})\n`))
}

func (h *house) sms() csc.Secret {
	h.t.Helper()
	return csc.Secret(h.box.last(h.t, `: ([0-9]{6}) is the code`))
}

func (h *house) subjects() (all []string) {
	for _, m := range h.box.all {
		if m.Subject != "" {
			all = append(all, m.To+" "+m.Subject)
		}
	}
	return all
}

// code is what an authenticator shows next.
func (h *house) code(uri csc.Secret) csc.Secret {
	h.t.Helper()
	h.after(30 * time.Second)
	parsed, err := url.Parse(string(uri))
	must(h.t, err)
	code, err := totp.GenerateCode(parsed.Query().Get("secret"), h.now())
	must(h.t, err)
	return csc.Secret(code)
}

func (h *house) invite() enrolment.Enrolment {
	h.t.Helper()
	e, err := h.Invite(h.t.Context(), enrolment.Invitation{Identity: demoSigner()})
	must(h.t, err)
	return e
}

// pair goes through the first mail.
func (h *house) pair() enrolment.Enrolment {
	h.t.Helper()
	token := h.token(enrolment.LinkPair)
	uri, drawing, err := h.Draw(h.t.Context(), token)
	must(h.t, err)
	_, err = h.ConfirmPairing(h.t.Context(), token, drawing, h.code(uri))
	wantErr(h.t, "the first code", err, users.ErrNext)
	e, err := h.ConfirmPairing(h.t.Context(), token, drawing, h.code(uri))
	must(h.t, err)
	return e
}

// activate goes through the second.
func (h *house) activate() enrolment.Enrolment {
	h.t.Helper()
	ctx, token := h.t.Context(), h.token(enrolment.LinkActivate)
	must(h.t, h.SendCode(ctx, token, phone))
	_, err := h.ConfirmPhone(ctx, token, h.sms())
	must(h.t, err)
	_, err = h.SetPassword(ctx, token, password)
	must(h.t, err)
	e, err := h.AcceptTerms(ctx, token, "1")
	must(h.t, err)
	return e
}

// told are the events of the log from a number on.
func (h *house) told(from int) (all []audit.Event) {
	h.t.Helper()
	for _, r := range h.log.Records(h.t)[from:] {
		if !strings.HasPrefix(string(r.Event), "audit.") {
			all = append(all, r.Event)
		}
	}
	return all
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, says string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", says, err, want)
	}
}
