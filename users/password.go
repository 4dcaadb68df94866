package users

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync/atomic"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/sync/semaphore"
	"golang.org/x/text/unicode/norm"

	"github.com/pecete/pecete/csc"
)

// The bounds of a password, in bytes of its NFC form. There are no others: what
// characters it has is the signer's business.
const (
	MinPassword = 12
	MaxPassword = 1024
)

// ErrPassword says that a password is not one that can be set.
var ErrPassword = fmt.Errorf("users: a password has %d to %d bytes of UTF-8", MinPassword, MaxPassword)

// HashCost is what hashing a password with argon2id costs.
type HashCost struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
	// AtOnce is how many passwords are hashed at once; the others wait. Without
	// this bound, logins would be a way to use up the memory.
	AtOnce int
	// Waiting is how many wait for their turn at most; who comes then is told to
	// come again (ErrBusy).
	Waiting int
}

// DefaultCost is OWASP's second choice for argon2id, two at once: 38 MiB. Those
// who wait have their turn within a second or two.
func DefaultCost() HashCost {
	return HashCost{Memory: 19 << 10, Passes: 2, Threads: 1, AtOnce: 2, Waiting: 64}
}

// ErrBusy says that so many passwords wait to be hashed that no more are taken.
// Nothing was judged or counted. It passes by itself.
var ErrBusy = fmt.Errorf("users: passwords wait to be hashed: %w", errPassing{})

// errPassing is what errors that pass by themselves have in their chain.
type errPassing struct{}

func (errPassing) Error() string     { return "too many at once" }
func (errPassing) Unavailable() bool { return true }

// A Hasher hashes passwords and compares them with their hashes. One of them is
// shared by all who do.
type Hasher struct {
	params argon2id.Params
	places *semaphore.Weighted
	queue  atomic.Int64 // who wait or hash
	most   int64        // of those
	nobody string       // the hash of a password that nobody has
	judged atomic.Int64 // how many were compared with a hash
}

// NewHasher returns a Hasher of that cost.
func NewHasher(cost HashCost) (*Hasher, error) {
	if cost.Memory < 7<<10 || cost.Memory > 4<<20 || cost.Passes < 1 || cost.Threads < 1 || cost.AtOnce < 1 || cost.Waiting < 0 {
		return nil, errors.New("users: argon2id needs 7 MiB to 4 GiB, a pass, a thread, and one at once")
	}
	h := &Hasher{
		params: argon2id.Params{
			Memory: cost.Memory, Iterations: cost.Passes, Parallelism: cost.Threads, SaltLength: 16, KeyLength: 32,
		},
		places: semaphore.NewWeighted(int64(cost.AtOnce)), most: int64(cost.AtOnce + cost.Waiting),
	}
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	var err error
	h.nobody, err = argon2id.CreateHash(hex.EncodeToString(b[:]), &h.params)
	return h, err
}

// Hash returns the hash of a password in PHC form; ErrPassword if it is too
// short or too long.
func (h *Hasher) Hash(ctx context.Context, password csc.Secret) (string, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	return h.hash(password)
}

// hash is Hash in a place that is held.
func (h *Hasher) hash(password csc.Secret) (string, error) {
	text, ok := normal(password)
	if !ok {
		return "", ErrPassword
	}
	return h.hashText(text)
}

func (h *Hasher) hashText(text string) (string, error) { return argon2id.CreateHash(text, &h.params) }

// enter waits for a place to hash in; ErrBusy if too many do already.
func (h *Hasher) enter(ctx context.Context) (leave func(), err error) {
	if h.queue.Add(1) > h.most {
		h.queue.Add(-1)
		return nil, ErrBusy
	}
	if err := h.places.Acquire(ctx, 1); err != nil {
		h.queue.Add(-1)
		return nil, fmt.Errorf("wait to hash a password: %w: %w", errPassing{}, err)
	}
	return func() {
		h.places.Release(1)
		h.queue.Add(-1)
	}, nil
}

// matches compares a password with a hash; with "" it does the same work and
// says no. A place to hash in must be held. stale says that the hash is of
// another cost than hashes now are.
func (h *Hasher) matches(password csc.Secret, hash string) (ok, stale bool, err error) {
	text, can := normal(password)
	if !can {
		text = "" // which no hash is of
	}
	return h.matchesText(text, hash)
}

// matchesText is matches for what is hashed as it is.
func (h *Hasher) matchesText(text, hash string) (ok, stale bool, err error) {
	known := hash != "" && text != ""
	if hash == "" {
		hash = h.nobody
	}
	h.judged.Add(1)
	ok, params, err := argon2id.CheckHash(text, hash)
	if err != nil {
		return false, false, errors.New("users: not a password's hash")
	}
	return ok && known, *params != h.params, nil
}

// Settable reports whether a password is one that can be set.
func Settable(password csc.Secret) bool {
	_, ok := normal(password)
	return ok
}

// normal is the form in which a password is hashed: however it was typed, the
// same text is the same password.
func normal(password csc.Secret) (string, bool) {
	if len(password) > 4*MaxPassword || !utf8.ValidString(string(password)) {
		return "", false
	}
	text := norm.NFC.String(string(password))
	return text, len(text) >= MinPassword && len(text) <= MaxPassword
}
