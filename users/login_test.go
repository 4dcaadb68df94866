package users_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

// A counting sealer knows how often it opened.
type countingSealer struct {
	users.Sealer
	opened atomic.Int64
}

func (s *countingSealer) Open(ctx context.Context, sealed, aad []byte) ([]byte, error) {
	s.opened.Add(1)
	return s.Sealer.Open(ctx, sealed, aad)
}

// A work is what a refusal took of what takes time.
type work struct{ Hashes, Opened, Records int64 }

// Whatever is wrong with a login, and whether there is such a user, the refusal
// is the same error after the same work: as many hashings, of the same cost, as
// many openings of a secret and as many records.
func TestEveryRefusedLoginTakesTheSameWork(t *testing.T) {
	h := newHouse(t)
	user, secret := h.enrol(t)
	must(t, h.registrar.SetPassword(t.Context(), user.ID, password))
	seal := &countingSealer{Sealer: h.Sealer}
	h.Sealer = seal
	wrong := func() csc.Secret { return wrongAt(t, secret, h.now()) }
	if _, err := h.LogIn(t.Context(), "nobody@example.org", password, wrong()); !errors.Is(err, users.ErrWrong) {
		t.Fatal(err) // the decoy is made by now
	}
	spent := func(says, email string, p, code csc.Secret) work {
		t.Helper()
		before := work{h.Passwords.Judged(), seal.opened.Load(), int64(len(h.log.Records(t)))}
		if _, err := h.LogIn(t.Context(), email, p, code); err != users.ErrWrong {
			t.Errorf("%s: %v", says, err)
		}
		return work{h.Passwords.Judged() - before.Hashes, seal.opened.Load() - before.Opened, int64(len(h.log.Records(t))) - before.Records}
	}
	want := work{Hashes: 1, Opened: 1, Records: 2}
	check := func(says, email string, p, code csc.Secret) {
		t.Helper()
		if diff := cmp.Diff(want, spent(says, email, p, code)); diff != "" {
			t.Errorf("%s:\n%s", says, diff)
		}
	}
	check("no such user", "nobody@example.org", password, wrong())
	check("no address", "nobody", password, wrong())
	check("a wrong password and a wrong code", user.Email, "not the password", wrong())
	check("a wrong password and the right code", user.Email, "not the password", codeAt(t, secret, h.now()))
	check("a password that nobody can have", user.Email, "short", wrong())
	check("the right password and a wrong code", user.Email, password, wrong())
	for range 10 {
		check("a wrong password", user.Email, "not the password", wrong())
	}
	check("in a pause of the password", user.Email, password, codeAt(t, secret, h.now()))
}

// A refusal of a password alone is the same work for a user and for nobody.
func TestEveryRefusedPasswordTakesTheSameWork(t *testing.T) {
	h := newHouse(t)
	user := h.withPassword(t)
	for says, email := range map[string]string{"known": user.Email, "unknown": "nobody@example.org", "no address": "nobody"} {
		before, records := h.Passwords.Judged(), len(h.log.Records(t))
		if _, err := h.Password(t.Context(), email, "not the password"); !errors.Is(err, users.ErrWrong) {
			t.Errorf("%s: %v", says, err)
		}
		if hashes, told := h.Passwords.Judged()-before, len(h.log.Records(t))-records; hashes != 1 || told != 1 {
			t.Errorf("%s: %d hashings and %d records", says, hashes, told)
		}
	}
}

// A refusal takes as long as any, what is right does not wait for that, and who
// hangs up neither.
func TestRefusalsWait(t *testing.T) {
	h := newHouse(t)
	user, secret := h.enrol(t)
	must(t, h.registrar.SetPassword(t.Context(), user.ID, password))
	const floor = 300 * time.Millisecond
	for says, email := range map[string]string{"known": user.Email, "unknown": "nobody@example.org"} {
		h.Floor = floor
		begun := time.Now()
		_, _ = h.Password(t.Context(), email, "not the password")
		if took := time.Since(begun); took < floor {
			t.Errorf("%s: refused after %v", says, took)
		}
		begun = time.Now()
		_, _ = h.LogIn(t.Context(), email, "not the password", "123456")
		if took := time.Since(begun); took < floor {
			t.Errorf("%s: login refused after %v", says, took)
		}
	}
	h.Floor = time.Hour
	if _, err := h.LogIn(t.Context(), user.Email, password, codeAt(t, secret, h.now())); err != nil {
		t.Errorf("what is right: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, _ = h.Password(ctx, user.Email, "not the password") // or the test takes an hour
}

// A code is judged only after a right password, and spent only beside one.
func TestLogIn(t *testing.T) {
	h := newHouse(t)
	user, secret := h.enrol(t)
	must(t, h.registrar.SetPassword(t.Context(), user.ID, password))
	code := codeAt(t, secret, noon)
	for range 9 {
		if _, err := h.LogIn(t.Context(), user.Email, "not the password", code); err != users.ErrWrong {
			t.Fatal(err)
		}
	}
	if got := h.attempts(); got != (users.Attempts{}) {
		t.Errorf("codes were counted: %+v", got)
	}
	got, err := h.LogIn(t.Context(), user.Email, password, code)
	if err != nil || got.ID != user.ID || got.Stamp == "" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := h.LogIn(t.Context(), user.Email, password, code); err != users.ErrWrong {
		t.Errorf("the code again: %v", err)
	}
	must(t, h.registrar.Disable(t.Context(), user.ID, true))
	h.after(30 * time.Second)
	if _, err := h.LogIn(t.Context(), user.Email, password, codeAt(t, secret, h.now())); err != users.ErrWrong {
		t.Errorf("disabled: %v", err)
	}
	must(t, h.log.Close(context.Background()))
	if _, err := h.LogIn(t.Context(), "nobody@example.org", password, code); !errors.Is(err, audit.ErrClosed) {
		t.Errorf("without a record: %v", err)
	}
}

// A drawing is an authenticator that was drawn, and the step of the last code of it
// that was right.
type drawing struct {
	*house
	t      testing.TB
	userID string
	sealed []byte
	secret string
	first  int64
}

func (h *house) draw(t *testing.T, userID string) *drawing {
	t.Helper()
	sealed, err := h.registrar.Draw(t.Context(), userID)
	must(t, err)
	uri, err := h.registrar.Pairing(t.Context(), userID, sealed)
	must(t, err)
	return &drawing{house: h, t: t, userID: userID, sealed: sealed, secret: secretOf(t, uri)}
}

// confirm gives a code, as whoever keeps the drawing does.
func (d *drawing) confirm(code csc.Secret) error {
	step, err := d.registrar.Confirm(d.t.Context(), d.userID, d.sealed, d.first, code, "stamp")
	if errors.Is(err, users.ErrNext) || errors.Is(err, users.ErrApart) {
		d.first = step
	}
	return err
}

// code is that of a step from now.
func (d *drawing) code(from int) csc.Secret {
	return codeAt(d.t, d.secret, d.now().Add(time.Duration(from)*30*time.Second))
}

// An authenticator that was drawn is the user's once two codes of it were seen, one
// right after the other, which are used up by that.
func TestDrawnAuthenticator(t *testing.T) {
	h := newHouse(t)
	user, old := h.enrol(t)
	d := h.draw(t, user.ID)
	h.after(30 * time.Second)
	if err := d.confirm(codeAt(t, old, h.now())); !errors.Is(err, users.ErrWrong) {
		t.Errorf("a code of the old one: %v", err)
	}
	_, err := h.Code(t.Context(), user.ID, codeAt(t, old, h.now()))
	must(t, err)
	if err := d.confirm(d.code(0)); !errors.Is(err, users.ErrUsed) {
		t.Errorf("a step that was used: %v", err)
	}
	h.after(30 * time.Second)
	if err := d.confirm(d.code(0)); !errors.Is(err, users.ErrNext) || d.first != h.now().Unix()/30 {
		t.Errorf("the first code: %v, step %d", err, d.first)
	}
	if now := h.store.only().user; cmp.Equal(now.Secret, d.sealed) {
		t.Error("one code is enough")
	}
	second := d.code(1) // servers take codes of one step ahead
	must(t, d.confirm(second))
	if now := h.store.only().user; now.Stamp != "stamp" || !cmp.Equal(now.Secret, d.sealed) {
		t.Errorf("kept %+v", now)
	}
	if _, err := h.Code(t.Context(), user.ID, second); !errors.Is(err, users.ErrUsed) {
		t.Errorf("the code that confirmed: %v", err)
	}
	if _, err := h.registrar.Pairing(t.Context(), "u_other", d.sealed); err == nil {
		t.Error("another user's secret was opened")
	}
	d.sealed = []byte("nonsense")
	if err := d.confirm(second); err == nil || errors.Is(err, users.ErrWrong) {
		t.Errorf("nonsense: %v", err)
	}
}

// The second code is that of the step right after the first, and no other; one that
// is too late is the first of two again.
func TestTwoCodesInARow(t *testing.T) {
	for _, row := range []struct {
		says   string
		wait   time.Duration
		second func(*drawing) csc.Secret
		want   error
		moves  bool // the first code is another one from then on
	}{
		{"the one right after", 30 * time.Second, func(d *drawing) csc.Secret { return d.code(0) }, nil, false},
		{"the one right after, while it is good", 60 * time.Second, func(d *drawing) csc.Secret { return d.code(-1) }, nil, false},
		{"the one right after, when it is not good any more", 90 * time.Second, func(d *drawing) csc.Secret { return d.code(-2) }, users.ErrWrong, false},
		{"the first once more", 0, func(d *drawing) csc.Secret { return d.code(0) }, users.ErrUsed, false},
		{"the one before the first", 0, func(d *drawing) csc.Secret { return d.code(-1) }, users.ErrUsed, false},
		{"the second after it", 60 * time.Second, func(d *drawing) csc.Secret { return d.code(0) }, users.ErrApart, true},
		{"one of minutes later", 9 * time.Minute, func(d *drawing) csc.Secret { return d.code(0) }, users.ErrApart, true},
		{"the right step of another secret", 30 * time.Second, func(d *drawing) csc.Secret {
			return d.draw(t, d.userID).code(0)
		}, users.ErrWrong, false},
	} {
		t.Run(row.says, func(t *testing.T) {
			h := newHouse(t)
			user, _ := h.enrol(t)
			d := h.draw(t, user.ID)
			h.after(30 * time.Second)
			if err := d.confirm(d.code(0)); !errors.Is(err, users.ErrNext) {
				t.Fatal(err)
			}
			first := d.first
			h.after(row.wait)
			err := d.confirm(row.second(d))
			if !errors.Is(err, row.want) || (d.first != first) != row.moves {
				t.Errorf("%v, want %v; first was %d and is %d", err, row.want, first, d.first)
			}
			if paired := cmp.Equal(h.store.only().user.Secret, d.sealed); paired != (row.want == nil) {
				t.Fatalf("paired: %t", paired)
			}
			if row.moves {
				h.after(30 * time.Second)
				must(t, d.confirm(d.code(0)))
			}
		})
	}
}

func secretOf(t *testing.T, uri string) string {
	t.Helper()
	key, err := otp.NewKeyFromURL(uri)
	must(t, err)
	return key.Secret()
}
