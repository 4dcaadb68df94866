package users_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/audit/audittest"
	"github.com/pecete/pecete/users"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// A house is a Prover and a Registrar on one memory, with a clock to turn.
type house struct {
	users.Prover
	registrar users.Registrar
	store     *memory
	log       *audittest.Log
	ticks     atomic.Int64
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{store: &memory{}, log: audittest.Open(t)}
	h.at(noon)
	hasher, err := users.NewHasher(users.HashCost{Memory: 7 << 10, Passes: 1, Threads: 1, AtOnce: 2, Waiting: 100})
	must(t, err)
	clock := func() time.Time { return time.Unix(0, h.ticks.Load()) }
	seal := newSealer(t)
	h.Prover = users.Prover{Store: h.store, Sealer: seal, Audit: h.log, Now: clock, Passwords: hasher}
	h.registrar = users.Registrar{Store: h.store, Sealer: seal, Audit: h.log, Now: clock, Issuer: "Pecete", Passwords: hasher}
	return h
}

func (h *house) at(t time.Time)            { h.ticks.Store(t.UnixNano()) }
func (h *house) after(d time.Duration)     { h.ticks.Add(int64(d)) }
func (h *house) now() time.Time            { return h.Prover.Now() }
func (h *house) attempts() users.Attempts  { return h.counts(users.FactorCode) }
func (h *house) passwords() users.Attempts { return h.counts(users.FactorPassword) }

// counts are those of the one signer.
func (h *house) counts(factor string) users.Attempts { return h.store.only().attempts[factor] }

func demoSigner() users.Person {
	return users.Person{Email: "demo.signer@example.org", GivenName: "Demo", FamilyName: "Signer", Country: "RO", Locale: "en"}
}

// enrol enrols a signer and returns the secret that his app was told, in
// Base32.
func (h *house) enrol(t testing.TB) (users.User, string) {
	t.Helper()
	user, uri, err := h.registrar.Enrol(t.Context(), demoSigner())
	must(t, err)
	parsed, err := url.Parse(uri)
	must(t, err)
	return user, parsed.Query().Get("secret")
}

// told are the records that the log has of factors, shortly.
func (h *house) told(t testing.TB) []string {
	t.Helper()
	var all []string
	for _, r := range h.log.Records(t) {
		if strings.HasPrefix(string(r.Event), "factor.") && r.Event != audit.FactorPaired {
			all = append(all, strings.TrimSpace(strings.TrimPrefix(string(r.Event), "factor.")+" "+r.Reason))
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

func left(err error) int {
	var refused *users.RefusedError
	if errors.As(err, &refused) {
		return refused.Left
	}
	return -1
}

// A sealer seals with AES-GCM, as the key in the HSM does.
type sealer struct {
	cipher.AEAD
	away atomic.Bool
}

func newSealer(t testing.TB) *sealer {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	block, err := aes.NewCipher(key)
	must(t, err)
	aead, err := cipher.NewGCMWithRandomNonce(block)
	must(t, err)
	return &sealer{AEAD: aead}
}

var errAway = errors.New("device is away")

func (s *sealer) Seal(_ context.Context, plaintext, aad []byte) ([]byte, error) {
	return s.AEAD.Seal(nil, nil, plaintext, aad), nil
}

func (s *sealer) Open(_ context.Context, sealed, aad []byte) ([]byte, error) {
	if s.away.Load() {
		return nil, errAway
	}
	return s.AEAD.Open(nil, nil, sealed, aad)
}

// A memory is an honest store.
type memory struct {
	mu   sync.Mutex
	rows []*row
}

type row struct {
	user     users.User
	step     int64
	attempts map[string]users.Attempts // by factor
}

var _ users.Store = (*memory)(nil)

// with calls do with the row that is asked for.
func (m *memory) with(is func(*row) bool, do func(*row)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.rows, is)
	if i < 0 {
		return users.ErrUnknown
	}
	do(m.rows[i])
	return nil
}

func (m *memory) only() *row { return m.rows[0] }

func byID(id string) func(*row) bool { return func(r *row) bool { return r.user.ID == id } }

func (m *memory) AddUser(_ context.Context, u users.User) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.ContainsFunc(m.rows, func(r *row) bool { return r.user.ID == u.ID || r.user.Email == u.Email }) {
		return users.ErrExists
	}
	m.rows = append(m.rows, &row{user: u, step: -1, attempts: map[string]users.Attempts{}})
	return nil
}

func (m *memory) User(_ context.Context, id string) (u users.User, err error) {
	err = m.with(byID(id), func(r *row) { u = r.user })
	return u, err
}

func (m *memory) UserByEmail(_ context.Context, email string) (u users.User, err error) {
	err = m.with(func(r *row) bool { return r.user.Email == email }, func(r *row) { u = r.user })
	return u, err
}

func (m *memory) Users(context.Context) (all []users.User, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.rows {
		all = append(all, r.user)
	}
	return all, nil
}

func (m *memory) SetPassword(_ context.Context, id, hash, stamp string) error {
	return m.with(byID(id), func(r *row) { r.user.PasswordHash, r.user.Stamp = hash, stamp })
}

func (m *memory) SwapPassword(_ context.Context, id, old, new string) (swapped bool, err error) {
	err = m.with(byID(id), func(r *row) {
		if swapped = r.user.PasswordHash == old; swapped {
			r.user.PasswordHash = new
		}
	})
	return swapped, err
}

func (m *memory) SetPIN(_ context.Context, id, hash, stamp string) error {
	return m.with(byID(id), func(r *row) { r.user.PINHash, r.user.Stamp = hash, stamp })
}

func (m *memory) SetPhone(_ context.Context, id, phone string, at time.Time, stamp string) error {
	return m.with(byID(id), func(r *row) { r.user.Phone, r.user.PhoneSet, r.user.Stamp = phone, at, stamp })
}

func (m *memory) SetSecret(_ context.Context, id string, sealed []byte, stamp string) error {
	return m.with(byID(id), func(r *row) { r.user.Secret, r.user.Stamp = sealed, stamp })
}

func (m *memory) SetUserDisabled(_ context.Context, id string, disabled bool, stamp string) error {
	return m.with(byID(id), func(r *row) { r.user.Disabled, r.user.Stamp = disabled, stamp })
}

func (m *memory) SetSignsFrom(_ context.Context, id string, from time.Time, stamp string) error {
	return m.with(byID(id), func(r *row) { r.user.SignsFrom, r.user.Stamp = from, stamp })
}

func (m *memory) SetStamp(_ context.Context, id, stamp string) error {
	return m.with(byID(id), func(r *row) { r.user.Stamp = stamp })
}

func (m *memory) UseStep(_ context.Context, id string, step int64) (later bool, err error) {
	err = m.with(byID(id), func(r *row) {
		if later = step > r.step; later {
			r.step = step
		}
	})
	return later, err
}

func (m *memory) Attempts(_ context.Context, id, factor string) (a users.Attempts, err error) {
	err = m.with(byID(id), func(r *row) { a = r.attempts[factor] })
	return a, err
}

func (m *memory) SwapAttempts(_ context.Context, id, factor string, old, new users.Attempts) (swapped bool, err error) {
	err = m.with(byID(id), func(r *row) {
		if swapped = r.attempts[factor] == old; swapped {
			r.attempts[factor] = new
		}
	})
	return swapped, err
}
