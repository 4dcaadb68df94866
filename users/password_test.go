package users_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

const password csc.Secret = "correct horse battery"

// withPassword enrols a signer who has the password.
func (h *house) withPassword(t testing.TB) users.User {
	t.Helper()
	user, _ := h.enrol(t)
	must(t, h.registrar.SetPassword(t.Context(), user.ID, password))
	return user
}

func TestPassword(t *testing.T) {
	h := newHouse(t)
	user := h.withPassword(t)
	tests := []struct {
		says     string
		email    string
		password csc.Secret
		want     error
	}{
		{"the right one", "demo.signer@example.org", password, nil},
		{"the address in capitals", "Demo.Signer@Example.ORG", password, nil},
		{"a wrong one", "demo.signer@example.org", "correct horse batterz", users.ErrWrong},
		{"none", "demo.signer@example.org", "", users.ErrWrong},
		{"the right one and a blank", "demo.signer@example.org", password + " ", users.ErrWrong},
		{"the right one and a NUL", "demo.signer@example.org", password + "\x00", users.ErrWrong},
		{"a mebibyte", "demo.signer@example.org", csc.Secret(strings.Repeat("a", 1<<20)), users.ErrWrong},
		{"not UTF-8", "demo.signer@example.org", "correct horse battery\xff", users.ErrWrong},
		{"of nobody", "nobody@example.org", password, users.ErrWrong},
		{"of no address", "demo.signer", password, users.ErrWrong},
		{"of an address with a NUL", "demo.signer@example.org\x00", password, users.ErrWrong},
		{"the right one again", "demo.signer@example.org", password, nil},
	}
	for _, test := range tests {
		got, err := h.Password(t.Context(), test.email, test.password)
		if !errors.Is(err, test.want) || (err == nil) != (got.ID == user.ID) {
			t.Errorf("%s: %s, %v", test.says, got.ID, err)
		}
	}
	if got := h.passwords(); got != (users.Attempts{}) {
		t.Errorf("a success leaves %+v", got)
	}
	wrong, unknown := slices.Repeat([]string{"refused wrong"}, 6), slices.Repeat([]string{"refused unknown address"}, 3)
	want := slices.Concat([]string{"verified", "verified"}, wrong, unknown, []string{"verified"})
	if diff := cmp.Diff(want, h.told(t)); diff != "" {
		t.Error(diff)
	}
	for _, r := range h.log.Records(t) {
		if r.Reason == "unknown address" && r.User != "" {
			t.Errorf("a stranger is %s", r.User)
		}
	}
}

func TestPasswordNeverSet(t *testing.T) {
	h := newHouse(t)
	h.enrol(t)
	for _, p := range []csc.Secret{"", password} {
		if _, err := h.Password(t.Context(), "demo.signer@example.org", p); !errors.Is(err, users.ErrWrong) {
			t.Errorf("%v", err)
		}
	}
}

func TestPasswordPausesAndLocks(t *testing.T) {
	h := newHouse(t)
	h.withPassword(t)
	h.PasswordLimits = users.Limits{Failures: 3, Window: time.Minute, InRow: 4}
	login := func(p csc.Secret) error {
		_, err := h.Password(t.Context(), "demo.signer@example.org", p)
		return err
	}
	for n, want := range []error{users.ErrWrong, users.ErrWrong, users.ErrWrong, users.ErrPaused} {
		if err := login("not the password"); !errors.Is(err, want) {
			t.Errorf("guess %d: %v", n+1, err)
		}
	}
	if err := login(password); !errors.Is(err, users.ErrPaused) {
		t.Errorf("the right one in a pause: %v", err)
	}
	h.after(time.Minute)
	if err := login("not the password"); !errors.Is(err, users.ErrWrong) {
		t.Errorf("after the pause: %v", err)
	}
	h.after(24 * time.Hour)
	if err := login(password); !errors.Is(err, users.ErrLocked) {
		t.Errorf("behind the lock: %v", err)
	}
	if h.attempts() != (users.Attempts{}) {
		t.Error("the code's attempts were counted")
	}
	must(t, h.registrar.Unlock(t.Context(), h.store.only().user.ID, users.FactorPassword))
	must(t, login(password))
}

func TestPasswordOfDisabled(t *testing.T) {
	h := newHouse(t)
	user := h.withPassword(t)
	must(t, h.store.SetUserDisabled(t.Context(), user.ID, true, users.NewStamp()))
	if _, err := h.Password(t.Context(), user.Email, password); !errors.Is(err, users.ErrDisabled) {
		t.Errorf("right: %v", err)
	}
	if _, err := h.Password(t.Context(), user.Email, "not the password"); !errors.Is(err, users.ErrWrong) {
		t.Errorf("wrong: %v", err)
	}
}

// The same text typed on another keyboard is the same password; its length is
// that of the form it is kept in.
func TestPasswordForms(t *testing.T) {
	h := newHouse(t)
	user, _ := h.enrol(t)
	tests := []struct {
		says string
		set  csc.Secret
		same csc.Secret
		ok   bool
	}{
		{"composed, then not", "ș\u021b\u00e9\u00e8 parola", "s\u0326t\u0326e\u0301e\u0300 parola", true},
		{"not composed, then composed", "s\u0326t\u0326e\u0301e\u0300 parola", "ș\u021b\u00e9\u00e8 parola", true},
		{"twelve bytes", "123456789012", "123456789012", true},
		{"eleven bytes", "12345678901", "", false},
		{"twelve bytes that compose to eleven", "123456789e\u0301", "", false},
		{"twelve bytes by accents", "123456789\u00e9a", "123456789e\u0301a", true},
		{"1024 bytes", csc.Secret(strings.Repeat("a", 1024)), csc.Secret(strings.Repeat("a", 1024)), true},
		{"1025 bytes", csc.Secret(strings.Repeat("a", 1025)), "", false},
		{"1536 bytes that compose to 1024", csc.Secret(strings.Repeat("e\u0301", 512)), csc.Secret(strings.Repeat("\u00e9", 512)), true},
		{"a mebibyte", csc.Secret(strings.Repeat("a", 1<<20)), "", false},
		{"not UTF-8", "correct horse battery\xff", "", false},
		{"only blanks, if somebody likes", "            ", "            ", true},
		{"NULs", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", true},
	}
	for _, test := range tests {
		err := h.registrar.SetPassword(t.Context(), user.ID, test.set)
		if (err == nil) != test.ok || err != nil && !errors.Is(err, users.ErrPassword) {
			t.Errorf("%s: set: %v", test.says, err)
		}
		if !test.ok {
			continue
		}
		if _, err := h.Password(t.Context(), user.Email, test.same); err != nil {
			t.Errorf("%s: %v", test.says, err)
		}
	}
}

// A hash of an older cost is replaced when its password comes by.
func TestPasswordIsHashedAnew(t *testing.T) {
	h := newHouse(t)
	user := h.withPassword(t)
	dearer, err := users.NewHasher(users.HashCost{Memory: 8 << 10, Passes: 2, Threads: 1, AtOnce: 2})
	must(t, err)
	h.Passwords = dearer
	for range 2 {
		got, err := h.Password(t.Context(), user.Email, password)
		must(t, err)
		if !strings.HasPrefix(h.store.only().user.PasswordHash, "$argon2id$v=19$m=8192,t=2,p=1$") || got.PasswordHash != h.store.only().user.PasswordHash {
			t.Errorf("hash %s", h.store.only().user.PasswordHash)
		}
	}
	must(t, h.store.SetPassword(t.Context(), user.ID, "$1$not$argon", users.NewStamp()))
	if _, err := h.Password(t.Context(), user.Email, password); err == nil || errors.Is(err, users.ErrWrong) || strings.Contains(err.Error(), "$") {
		t.Errorf("no hash: %v", err)
	}
}

func TestDefaultCost(t *testing.T) {
	hasher, err := users.NewHasher(users.DefaultCost())
	must(t, err)
	hash, err := hasher.Hash(t.Context(), password)
	must(t, err)
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %s", hash)
	}
	if ok, err := argon2id.ComparePasswordAndHash(string(password), hash); !ok || err != nil {
		t.Errorf("%t, %v", ok, err)
	}
	for _, cost := range []users.HashCost{
		{}, {Memory: 1 << 10, Passes: 2, Threads: 1, AtOnce: 2}, {Memory: 19 << 10, Threads: 1, AtOnce: 2},
		{Memory: 19 << 10, Passes: 2, AtOnce: 2}, {Memory: 19 << 10, Passes: 2, Threads: 1},
	} {
		if _, err := users.NewHasher(cost); err == nil {
			t.Errorf("%+v costs nothing", cost)
		}
	}
}

// A crowd is a store that knows how many read attempts at once, which a Prover
// does where it hashes, and can hold them up.
type crowd struct {
	*memory
	here, most atomic.Int64
	inside     chan struct{} // told of everybody who reads
	hold       chan struct{} // waited for by them
}

func (c *crowd) Attempts(ctx context.Context, id, factor string) (users.Attempts, error) {
	n := c.here.Add(1)
	defer c.here.Add(-1)
	for most := c.most.Load(); n > most && !c.most.CompareAndSwap(most, n); most = c.most.Load() {
	}
	if c.inside != nil {
		c.inside <- struct{}{}
		<-c.hold
	}
	return c.memory.Attempts(ctx, id, factor)
}

// Whoever waits for a place to hash in can go away, and is not counted.
func TestWaitingToHash(t *testing.T) {
	h := newHouse(t)
	user := h.withPassword(t)
	c := &crowd{memory: h.store, inside: make(chan struct{}, 2), hold: make(chan struct{})}
	h.Store = c
	done := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := h.Password(t.Context(), user.Email, password)
			done <- err
		}()
		<-c.inside
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := h.Password(ctx, user.Email, password); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if got := h.passwords(); got != (users.Attempts{}) {
		t.Errorf("counted: %+v", got)
	}
	c.inside = nil
	close(c.hold)
	must(t, <-done)
	must(t, <-done)
}

// Of two hundred who log in at once some are hashed, some wait, and the others
// are told to come again, at once and uncounted.
func TestTooManyWaitToHash(t *testing.T) {
	h := newHouse(t)
	user := h.withPassword(t)
	hasher, err := users.NewHasher(users.HashCost{Memory: 7 << 10, Passes: 1, Threads: 1, AtOnce: 2, Waiting: 30})
	must(t, err)
	h.Passwords = hasher
	c := &crowd{memory: h.store, inside: make(chan struct{}, 200), hold: make(chan struct{})}
	h.Store = c
	answers := make(chan error, 200)
	for range 200 {
		go func() {
			_, err := h.Password(t.Context(), user.Email, password)
			answers <- err
		}()
	}
	for range 168 { // nobody has been judged yet
		err := <-answers
		var passing interface{ Unavailable() bool }
		if !errors.Is(err, users.ErrBusy) || !errors.As(err, &passing) || !passing.Unavailable() {
			t.Fatalf("%v", err)
		}
	}
	close(c.hold)
	for range 32 {
		if err := <-answers; err != nil && !errors.Is(err, users.ErrPaused) {
			t.Errorf("%v", err)
		}
	}
	if got := h.passwords(); got.Failures > 1 {
		t.Errorf("counted: %+v", got)
	}
}

// Of a hundred guesses at once ten are judged, and never more than two are
// being hashed: the others leave the machine its memory.
func TestPasswordsAtOnce(t *testing.T) {
	h := newHouse(t)
	user := h.withPassword(t)
	c := &crowd{memory: h.store}
	h.Store = c
	var judged, paused atomic.Int64
	atOnce(100, func() {
		_, err := h.Password(t.Context(), user.Email, "not the password")
		switch {
		case errors.Is(err, users.ErrWrong):
			judged.Add(1)
		case errors.Is(err, users.ErrPaused):
			paused.Add(1)
		default:
			t.Error(err)
		}
	})
	if judged.Load() != 10 || paused.Load() != 90 || c.most.Load() > 2 {
		t.Errorf("%d judged, %d paused, %d at once", judged.Load(), paused.Load(), c.most.Load())
	}
}

// Somebody unknown costs the same work as somebody known, paused ones too:
// measured in the processor's time, of which hashing takes far the most.
func TestEqualWorkForStrangers(t *testing.T) {
	h := newHouse(t)
	user := h.withPassword(t)
	heavy, err := users.NewHasher(users.HashCost{Memory: 32 << 10, Passes: 3, Threads: 1, AtOnce: 1})
	must(t, err)
	h.Passwords = heavy
	must(t, h.store.SetPassword(t.Context(), user.ID, hashOf(t, heavy), users.NewStamp()))
	spent := func(email string, p csc.Secret, want error) time.Duration {
		best := time.Hour
		for range 5 {
			start := processor(t)
			_, err := h.Password(t.Context(), email, p)
			best = min(best, processor(t)-start)
			if !errors.Is(err, want) {
				t.Fatal(err)
			}
		}
		return best
	}
	known := spent(user.Email, "not the password", users.ErrWrong)
	for says, other := range map[string]time.Duration{
		"unknown":       spent("nobody@example.org", "not the password", users.ErrWrong),
		"no address":    spent("nobody", "not the password", users.ErrWrong),
		"too short":     spent("nobody@example.org", "short", users.ErrWrong),
		"known, short":  spent(user.Email, "short", users.ErrWrong),
		"known, paused": spent(user.Email, password, users.ErrPaused),
	} {
		if other < known/2 || other > known*2 {
			t.Errorf("%s takes %v, known takes %v", says, other, known)
		}
	}
}

// processor is the time that this process has computed.
func processor(t *testing.T) time.Duration {
	var used syscall.Rusage
	must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano())
}

func hashOf(t *testing.T, h *users.Hasher) string {
	hash, err := h.Hash(t.Context(), password)
	must(t, err)
	return hash
}

func TestPasswordWithoutARecord(t *testing.T) {
	h := newHouse(t)
	user := h.withPassword(t)
	must(t, h.log.Close(context.Background()))
	for _, email := range []string{user.Email, "nobody@example.org"} {
		for _, p := range []csc.Secret{password, "not the password"} {
			if _, err := h.Password(t.Context(), email, p); !errors.Is(err, audit.ErrClosed) || errors.Is(err, users.ErrWrong) {
				t.Errorf("%v", err)
			}
		}
	}
}
