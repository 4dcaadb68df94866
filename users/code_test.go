package users_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

// codeAt is what the app shows at t.
func codeAt(t testing.TB, secret string, at time.Time) csc.Secret {
	t.Helper()
	code, err := hotp.GenerateCodeCustom(secret, uint64(at.Unix()/30), hotp.ValidateOpts{Digits: otp.DigitsSix})
	must(t, err)
	return csc.Secret(code)
}

// wrongAt is a code that no step about t has.
func wrongAt(t testing.TB, secret string, at time.Time) csc.Secret {
	t.Helper()
	var right []csc.Secret
	for step := -1; step <= 1; step++ {
		right = append(right, codeAt(t, secret, at.Add(time.Duration(step)*30*time.Second)))
	}
	for n := 0; ; n++ {
		if code := csc.Secret(fmt.Sprintf("%06d", n)); !slices.Contains(right, code) {
			return code
		}
	}
}

func TestCode(t *testing.T) {
	h := newHouse(t)
	user, secret := h.enrol(t)
	proof, err := h.Code(t.Context(), user.ID, codeAt(t, secret, noon))
	must(t, err)
	if want := (users.Proof{Step: noon.Unix() / 30, Left: 5}); proof != want {
		t.Errorf("proof %+v, want %+v", proof, want)
	}
	_, err = h.Code(t.Context(), user.ID, codeAt(t, secret, noon))
	if !errors.Is(err, users.ErrUsed) || errors.Is(err, users.ErrWrong) || left(err) != 4 {
		t.Errorf("the same code again: %v", err)
	}
	_, err = h.Code(t.Context(), user.ID, codeAt(t, secret, noon.Add(-30*time.Second)))
	if !errors.Is(err, users.ErrUsed) || left(err) != 3 {
		t.Errorf("an earlier code: %v", err)
	}
	_, err = h.Code(t.Context(), user.ID, wrongAt(t, secret, noon))
	if !errors.Is(err, users.ErrWrong) || errors.Is(err, users.ErrUsed) || left(err) != 2 {
		t.Errorf("a wrong code: %v", err)
	}
	_, err = h.Code(t.Context(), user.ID, codeAt(t, secret, noon.Add(30*time.Second)))
	must(t, err)
	if got := h.attempts(); got != (users.Attempts{}) {
		t.Errorf("a success leaves %+v", got)
	}
	want := []string{"verified", "refused used before", "refused used before", "refused wrong", "verified"}
	if diff := cmp.Diff(want, h.told(t)); diff != "" {
		t.Error(diff)
	}
	steps := []int64{}
	for _, r := range h.log.Records(t) {
		if r.Event == audit.FactorVerified && r.User == user.ID && r.Factor == users.FactorCode {
			steps = append(steps, r.Step)
		}
	}
	if diff := cmp.Diff([]int64{proof.Step, proof.Step + 1}, steps); diff != "" {
		t.Error(diff)
	}
}

func TestCodePausesAndLocks(t *testing.T) {
	h := newHouse(t)
	user, secret := h.enrol(t)
	guess := func() error {
		_, err := h.Code(t.Context(), user.ID, wrongAt(t, secret, h.now()))
		return err
	}
	for round := range 2 {
		for n := range 5 {
			if err := guess(); !errors.Is(err, users.ErrWrong) || left(err) != 4-n {
				t.Errorf("round %d, guess %d: %v", round, n+1, err)
			}
		}
		if round == 0 {
			if err := guess(); !errors.Is(err, users.ErrPaused) {
				t.Errorf("sixth guess: %v", err)
			}
			if _, err := h.Code(t.Context(), user.ID, codeAt(t, secret, noon)); !errors.Is(err, users.ErrPaused) {
				t.Errorf("the right code in a pause: %v", err)
			}
			h.after(15 * time.Minute)
		}
	}
	h.after(24 * time.Hour)
	_, err := h.Code(t.Context(), user.ID, codeAt(t, secret, h.now()))
	if !errors.Is(err, users.ErrLocked) {
		t.Errorf("the right code behind a lock: %v", err)
	}
	must(t, h.registrar.Unlock(t.Context(), user.ID, users.FactorCode))
	_, err = h.Code(t.Context(), user.ID, codeAt(t, secret, h.now()))
	must(t, err)
	five := slices.Repeat([]string{"refused wrong"}, 5)
	want := slices.Concat(five, []string{"refused paused", "refused paused"}, five,
		[]string{"locked 10 failures in a row", "refused locked", "unlocked", "verified"})
	if diff := cmp.Diff(want, h.told(t)); diff != "" {
		t.Error(diff)
	}
}

// The tenth attempt in a row may still be right.
func TestTenthAttemptIsRight(t *testing.T) {
	h := newHouse(t)
	user, secret := h.enrol(t)
	for n := range 9 {
		if n == 5 {
			h.after(time.Hour)
		}
		if _, err := h.Code(t.Context(), user.ID, wrongAt(t, secret, h.now())); !errors.Is(err, users.ErrWrong) {
			t.Fatal(err)
		}
	}
	_, err := h.Code(t.Context(), user.ID, codeAt(t, secret, h.now()))
	must(t, err)
	if got := h.attempts(); got != (users.Attempts{}) {
		t.Errorf("left %+v", got)
	}
}

// What is no code is refused and changes nothing.
func TestNoCode(t *testing.T) {
	h := newHouse(t)
	user, secret := h.enrol(t)
	right := string(codeAt(t, secret, noon))
	odd := []string{
		"", " ", right[:5], right + "0", "0" + right, right + " ", " " + right, right + "\n", right + "\x00", "\x00" + right[1:],
		"\u00a0" + right, right + "\u00a0", "+" + right[1:], "-" + right[1:], "0x1234", "1e5000", "12 345", "123.45", "12,345",
		strings.Map(func(r rune) rune { return r - '0' + '\uff10' }, right), // full-width digits
		strings.Map(func(r rune) rune { return r - '0' + '\u0660' }, right), // Arabic-Indic digits
		right[:5] + "\u0665", "\u0661\u0662\u0663", "abcdef", "¹²³", strings.Repeat(right, 1000), strings.Repeat("9", 1<<20), "\xff\xff\xff\xff\xff\xff",
	}
	for at := range 6 { // every byte that is no digit, at every place
		for b := range 256 {
			if b < '0' || b > '9' {
				odd = append(odd, right[:at]+string([]byte{byte(b)})+right[at+1:])
			}
		}
	}
	for _, code := range odd {
		_, err := h.Code(t.Context(), user.ID, csc.Secret(code))
		if !errors.Is(err, users.ErrWrong) || left(err) != 5 {
			t.Errorf("%q: %v", code, err)
		}
		if strings.Contains(fmt.Sprint(err), right) {
			t.Errorf("the code is in the error %v", err)
		}
	}
	if got := h.attempts(); got != (users.Attempts{}) || h.store.only().step != -1 {
		t.Errorf("left %+v and step %d", got, h.store.only().step)
	}
	proof, err := h.Code(t.Context(), user.ID, csc.Secret(right))
	if err != nil || proof.Left != 5 {
		t.Errorf("the right code: %+v, %v", proof, err)
	}
}

// In a pause and behind a lock what is no code is told so too: it is no way to
// learn more.
func TestNoCodeInAPause(t *testing.T) {
	h := newHouse(t)
	user, secret := h.enrol(t)
	for range 5 {
		_, _ = h.Code(t.Context(), user.ID, wrongAt(t, secret, noon))
	}
	before := h.attempts()
	if _, err := h.Code(t.Context(), user.ID, "12345"); !errors.Is(err, users.ErrPaused) || h.attempts() != before {
		t.Errorf("%v, %+v", err, h.attempts())
	}
}

func TestWhoHasNoCode(t *testing.T) {
	h := newHouse(t)
	user, secret := h.enrol(t)
	code := codeAt(t, secret, noon)
	if _, err := h.Code(t.Context(), "u_nobody", code); !errors.Is(err, users.ErrUnknown) {
		t.Errorf("nobody: %v", err)
	}
	must(t, h.store.SetUserDisabled(t.Context(), user.ID, true, users.NewStamp()))
	if _, err := h.Code(t.Context(), user.ID, code); !errors.Is(err, users.ErrWrong) {
		t.Errorf("disabled: %v", err)
	}
	must(t, h.store.SetUserDisabled(t.Context(), user.ID, false, users.NewStamp()))
	must(t, h.store.SetSecret(t.Context(), user.ID, nil, users.NewStamp()))
	if _, err := h.Code(t.Context(), user.ID, code); !errors.Is(err, users.ErrWrong) {
		t.Errorf("without an authenticator: %v", err)
	}
	if diff := cmp.Diff([]string{"refused disabled", "refused no authenticator"}, h.told(t)); diff != "" {
		t.Error(diff)
	}
}

// A secret that is not what was sealed for this user gives nobody a code, and
// costs the user no attempt.
func TestForeignSecrets(t *testing.T) {
	h := newHouse(t)
	user, secret := h.enrol(t)
	other := demoSigner()
	other.Email = "semnatar.demo@example.org"
	semnatar, _, err := h.registrar.Enrol(t.Context(), other)
	must(t, err)
	code := codeAt(t, secret, noon)
	seal := func(secret []byte, aad string) []byte {
		sealed, err := h.Sealer.Seal(t.Context(), secret, []byte(aad))
		must(t, err)
		return sealed
	}
	mine := "users|" + user.ID + "|totp"
	tests := []struct {
		says   string
		sealed []byte
		want   error // any if nil
	}{
		{"another user's", semnatar.Secret, nil},
		{"sealed for another use", seal(make([]byte, 20), "users|"+user.ID+"|backup"), nil},
		{"not sealed at all", make([]byte, 48), nil},
		{"cut", user.Secret[:len(user.Secret)-1], nil},
		{"one bit off", append(slices.Clone(user.Secret[:len(user.Secret)-1]), user.Secret[len(user.Secret)-1]^1), nil},
		{"empty", seal(nil, mine), users.ErrSecret},
		{"of 80 bits", seal(make([]byte, 10), mine), users.ErrSecret},
		{"of 152 bits", seal(make([]byte, 19), mine), users.ErrSecret},
		{"too long", seal(make([]byte, 21), mine), users.ErrSecret},
	}
	for _, test := range tests {
		must(t, h.store.SetSecret(t.Context(), user.ID, test.sealed, users.NewStamp()))
		_, err := h.Code(t.Context(), user.ID, code)
		if err == nil || errors.Is(err, users.ErrWrong) || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: %v", test.says, err)
		}
		if empty := codeAt(t, "", noon); test.want != nil {
			if _, err := h.Code(t.Context(), user.ID, empty); !errors.Is(err, users.ErrSecret) {
				t.Errorf("%s, with the code of the empty secret: %v", test.says, err)
			}
		}
	}
	if got := h.attempts(); got != (users.Attempts{}) {
		t.Errorf("attempts were counted: %+v", got)
	}
	must(t, h.store.SetSecret(t.Context(), user.ID, user.Secret, users.NewStamp()))
	if _, err := h.Code(t.Context(), user.ID, code); err != nil {
		t.Errorf("his own: %v", err)
	}
}

// A code given a hundred times at once is good once.
func TestSameCodeAtOnce(t *testing.T) {
	for range 20 {
		h := newHouse(t)
		user, secret := h.enrol(t)
		code := codeAt(t, secret, noon)
		var good, other atomic.Int64
		atOnce(100, func() {
			_, err := h.Code(t.Context(), user.ID, code)
			switch {
			case err == nil:
				good.Add(1)
			case !errors.Is(err, users.ErrUsed) && !errors.Is(err, users.ErrPaused):
				other.Add(1)
			}
		})
		if good.Load() != 1 || other.Load() != 0 {
			t.Fatalf("%d good, %d others", good.Load(), other.Load())
		}
		verified := 0
		for _, line := range h.told(t) {
			if line == "verified" {
				verified++
			}
		}
		if verified != 1 {
			t.Fatalf("%d verified in the record", verified)
		}
	}
}

// Of a thousand guesses at once five are judged.
func TestGuessesAtOnce(t *testing.T) {
	for range 5 {
		h := newHouse(t)
		user, secret := h.enrol(t)
		guess := wrongAt(t, secret, noon)
		var judged, paused, other atomic.Int64
		atOnce(1000, func() {
			_, err := h.Code(t.Context(), user.ID, guess)
			switch {
			case errors.Is(err, users.ErrWrong):
				judged.Add(1)
			case errors.Is(err, users.ErrPaused):
				paused.Add(1)
			default:
				other.Add(1)
			}
		})
		if judged.Load() != 5 || paused.Load() != 995 || other.Load() != 0 {
			t.Fatalf("%d judged, %d paused, %d others", judged.Load(), paused.Load(), other.Load())
		}
	}
}

// Counted first means that what is refused was never looked at: of a thousand
// guesses at once as many are compared as may fail.
func TestGuessesAreCountedBeforeTheyAreCompared(t *testing.T) {
	h := newHouse(t)
	user, _ := h.enrol(t)
	var compared atomic.Int64
	guess := users.ClaimOther("another factor", func(context.Context) (*users.Judge, error) {
		return &users.Judge{Right: func(context.Context) (bool, error) { compared.Add(1); return false, nil }}, nil
	})
	atOnce(1000, func() { _, _ = h.Prove(t.Context(), user.ID, "", guess) })
	if n := compared.Load(); n != 5 {
		t.Errorf("%d guesses were compared", n)
	}
}

func atOnce(n int, do func()) {
	var wait sync.WaitGroup
	start := make(chan struct{})
	for range n {
		wait.Go(func() {
			<-start
			do()
		})
	}
	close(start)
	wait.Wait()
}

// While the device or the log is away there is no proof, and neither is there
// when the record could not be written though the code was right.
func TestNoRecordNoProof(t *testing.T) {
	h := newHouse(t)
	user, secret := h.enrol(t)
	h.Sealer.(*sealer).away.Store(true)
	for range 20 {
		if _, err := h.Code(t.Context(), user.ID, codeAt(t, secret, noon)); !errors.Is(err, errAway) {
			t.Fatalf("device away: %v", err)
		}
	}
	if got := h.attempts(); got != (users.Attempts{}) {
		t.Errorf("a device that is away costs attempts: %+v", got)
	}
	h.Sealer.(*sealer).away.Store(false)
	must(t, h.log.Close(context.Background()))
	before := h.store.only().step
	for _, code := range []csc.Secret{codeAt(t, secret, noon), wrongAt(t, secret, noon), "12345"} {
		proof, err := h.Code(t.Context(), user.ID, code)
		var passing interface{ Unavailable() bool }
		if !errors.As(err, &passing) || !passing.Unavailable() || proof != (users.Proof{}) || errors.Is(err, users.ErrWrong) {
			t.Errorf("log away: %+v, %v", proof, err)
		}
	}
	if got := h.attempts(); got != (users.Attempts{}) || h.store.only().step != before {
		t.Errorf("a log that is away costs attempts or a step: %+v", got)
	}
}
