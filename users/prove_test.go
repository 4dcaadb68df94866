package users_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

const (
	rightPIN = csc.Secret("270391")
	wrongPIN = csc.Secret("270392")
	anyCred  = "c_0123456789abcdef0123456789abcdef"
)

// withPIN enrols a signer with both factors.
func (h *house) withPIN(t testing.TB) (users.User, string) {
	t.Helper()
	user, secret := h.enrol(t)
	must(t, h.registrar.SetPIN(t.Context(), user.ID, rightPIN))
	return user, secret
}

func TestPINsThatCanBeSet(t *testing.T) {
	h := newHouse(t)
	user, _ := h.enrol(t)
	for _, pin := range []csc.Secret{"270391", "0000001", "1234568", "1111112222222222", "135791"} {
		if err := h.registrar.SetPIN(t.Context(), user.ID, pin); err != nil {
			t.Errorf("%s is refused: %v", string(pin), err)
		}
	}
	for _, pin := range []csc.Secret{"", "27039", "12345678901234567", "000000", "123456", "987654", "0123456789", "27039a", "２７０３９１", "270391 ", "-27039"} {
		if err := h.registrar.SetPIN(t.Context(), user.ID, pin); !errors.Is(err, users.ErrPIN) {
			t.Errorf("%q is taken: %v", string(pin), err)
		}
	}
	if err := h.registrar.SetPIN(t.Context(), "u_nobody", rightPIN); !errors.Is(err, users.ErrUnknown) {
		t.Errorf("a PIN of nobody: %v", err)
	}
}

func TestPINAlone(t *testing.T) {
	h := newHouse(t)
	user, _ := h.withPIN(t)
	for range 2 { // it stays good
		proof, err := h.Prove(t.Context(), user.ID, "", users.ClaimPIN(rightPIN))
		must(t, err)
		if want := (users.Proof{Left: 5}); proof != want {
			t.Errorf("proof %+v, want %+v", proof, want)
		}
	}
	_, err := h.Prove(t.Context(), user.ID, "", users.ClaimPIN(wrongPIN))
	if !errors.Is(err, users.ErrWrong) || left(err) != 4 {
		t.Errorf("a wrong PIN: %v", err)
	}
	for _, odd := range []csc.Secret{"", "2703", "27039a", rightPIN + " ", "２７０３９１"} {
		if _, err := h.Prove(t.Context(), user.ID, "", users.ClaimPIN(odd)); !errors.Is(err, users.ErrWrong) || left(err) != 4 {
			t.Errorf("%q, which cannot be a PIN: %v", string(odd), err)
		}
	}
	if got := h.counts(users.FactorCode); got != (users.Attempts{}) {
		t.Errorf("codes are counted too: %+v", got)
	}
}

// Whoever does not have a factor is refused as if it were wrong, and nothing is
// counted.
func TestWhoHasNoPIN(t *testing.T) {
	h := newHouse(t)
	user, secret := h.enrol(t)
	_, err := h.Prove(t.Context(), user.ID, anyCred, users.ClaimPIN(rightPIN), users.ClaimCode(codeAt(t, secret, noon)))
	if !errors.Is(err, users.ErrWrong) || left(err) != 5 {
		t.Errorf("without a PIN: %v", err)
	}
	must(t, h.registrar.SetPIN(t.Context(), user.ID, rightPIN))
	must(t, h.store.SetUserDisabled(t.Context(), user.ID, true, users.NewStamp()))
	_, err = h.Prove(t.Context(), user.ID, anyCred, users.ClaimPIN(rightPIN), users.ClaimCode(codeAt(t, secret, noon)))
	if !errors.Is(err, users.ErrWrong) {
		t.Errorf("disabled: %v", err)
	}
	must(t, h.store.SetUserDisabled(t.Context(), user.ID, false, users.NewStamp()))
	for _, factor := range []string{users.FactorPIN, users.FactorCode, anyCred} {
		if got := h.counts(factor); got != (users.Attempts{}) {
			t.Errorf("%s was counted: %+v", factor, got)
		}
	}
	proof, err := h.Prove(t.Context(), user.ID, anyCred, users.ClaimPIN(rightPIN), users.ClaimCode(codeAt(t, secret, noon)))
	must(t, err)
	if proof.Step != noon.Unix()/30 {
		t.Errorf("the code was used before: %+v", proof)
	}
}

// Two factors are right together or not at all: which of them was wrong shows
// neither in the answer nor in the counts, and a right code is not used up
// beside a wrong PIN.
func TestFactorsAreJudgedTogether(t *testing.T) {
	h := newHouse(t)
	user, secret := h.withPIN(t)
	code := codeAt(t, secret, noon)
	for _, claims := range [][]users.Claim{
		{users.ClaimPIN(wrongPIN), users.ClaimCode(code)},
		{users.ClaimPIN(rightPIN), users.ClaimCode(wrongAt(t, secret, noon))},
		{users.ClaimPIN(wrongPIN), users.ClaimCode(wrongAt(t, secret, noon))},
	} {
		before := h.counts(users.FactorPIN).InRow
		if _, err := h.Prove(t.Context(), user.ID, anyCred, claims...); !errors.Is(err, users.ErrWrong) || left(err) != 4-before {
			t.Errorf("%v, %d left", err, left(err))
		}
		for _, factor := range []string{users.FactorPIN, users.FactorCode, anyCred} {
			if got := h.counts(factor); got.InRow != before+1 || got.Failures != before+1 {
				t.Errorf("%s: %+v after %d", factor, got, before)
			}
		}
	}
	proof, err := h.Prove(t.Context(), user.ID, anyCred, users.ClaimPIN(rightPIN), users.ClaimCode(code))
	must(t, err)
	if want := (users.Proof{Step: noon.Unix() / 30, Left: 5}); proof != want {
		t.Errorf("proof %+v, want %+v", proof, want)
	}
	for _, factor := range []string{users.FactorPIN, users.FactorCode, anyCred} {
		if got := h.counts(factor); got != (users.Attempts{}) {
			t.Errorf("%s: %+v is left", factor, got)
		}
	}
	_, err = h.Prove(t.Context(), user.ID, anyCred, users.ClaimPIN(rightPIN), users.ClaimCode(code))
	if !errors.Is(err, users.ErrUsed) {
		t.Errorf("the same code again: %v", err)
	}
	want := []string{
		"refused wrong", "refused beside another that was not right", "refused beside another that was not right",
		"refused beside another that was not right", "refused wrong", "refused beside another that was not right",
		"refused wrong", "refused wrong", "refused beside another that was not right",
		"verified", "verified",
		"refused beside another that was not right", "refused used before", "refused beside another that was not right",
	}
	if diff := cmp.Diff(want, h.told(t)); diff != "" {
		t.Error(diff)
	}
}

// While one factor is barred the others are not judged, nor counted.
func TestABarredFactorCountsAgainstNoOther(t *testing.T) {
	h := newHouse(t)
	user, secret := h.withPIN(t)
	for range 5 {
		_, _ = h.Code(t.Context(), user.ID, wrongAt(t, secret, noon))
	}
	for range 3 {
		if _, err := h.Prove(t.Context(), user.ID, anyCred, users.ClaimPIN(wrongPIN), users.ClaimCode(codeAt(t, secret, noon))); !errors.Is(err, users.ErrPaused) {
			t.Errorf("%v, want a pause", err)
		}
	}
	for _, factor := range []string{users.FactorPIN, anyCred} {
		if got := h.counts(factor); got != (users.Attempts{}) {
			t.Errorf("%s was counted: %+v", factor, got)
		}
	}
}

// A credential is locked by failures of whatever factor, and by as many as lock
// a factor.
func TestACredentialLocks(t *testing.T) {
	h := newHouse(t)
	user, secret := h.withPIN(t)
	for n := range 10 {
		claim := users.ClaimPIN(wrongPIN)
		if n%2 == 1 {
			claim = users.ClaimCode(wrongAt(t, secret, h.now()))
		}
		if _, err := h.Prove(t.Context(), user.ID, anyCred, claim); !errors.Is(err, users.ErrWrong) {
			t.Fatalf("failure %d: %v", n+1, err)
		}
		if n == 4 {
			h.after(15 * time.Minute)
		}
	}
	h.after(24 * time.Hour)
	if _, err := h.Prove(t.Context(), user.ID, anyCred, users.ClaimPIN(rightPIN)); !errors.Is(err, users.ErrLocked) {
		t.Errorf("the right PIN behind the lock: %v", err)
	}
	if _, err := h.Prove(t.Context(), user.ID, "", users.ClaimPIN(rightPIN)); err != nil {
		t.Errorf("the PIN itself is locked: %v", err)
	}
	must(t, h.registrar.Unlock(t.Context(), user.ID, anyCred))
	if _, err := h.Prove(t.Context(), user.ID, anyCred, users.ClaimPIN(rightPIN)); err != nil {
		t.Errorf("unlocked: %v", err)
	}
	locked := 0
	for _, r := range h.log.Records(t) {
		if r.Event == audit.FactorLocked && r.Factor == anyCred {
			locked++
		}
	}
	if locked != 1 {
		t.Errorf("the lock was recorded %d times", locked)
	}
	if err := h.registrar.Unlock(t.Context(), user.ID, "c_1"); err == nil {
		t.Error("anything can be unlocked")
	}
}

// Of a thousand guesses at once no more are judged than one after the other,
// whatever the factors, and one right proof among them is judged at most once.
func TestLimitsAreExactForManyFactors(t *testing.T) {
	h := newHouse(t)
	user, secret := h.withPIN(t)
	code := codeAt(t, secret, noon)
	var judged, proved atomic.Int64
	var all sync.WaitGroup
	for n := range 200 {
		all.Go(func() {
			pin := wrongPIN
			if n == 100 {
				pin = rightPIN
			}
			_, err := h.Prove(t.Context(), user.ID, anyCred, users.ClaimPIN(pin), users.ClaimCode(code))
			switch {
			case err == nil:
				proved.Add(1)
			case errors.Is(err, users.ErrWrong), errors.Is(err, users.ErrUsed):
				judged.Add(1)
			case errors.Is(err, users.ErrBusy):
			case !errors.Is(err, users.ErrPaused) && !errors.Is(err, users.ErrLocked):
				t.Error(err)
			}
		})
	}
	all.Wait()
	// The right one takes away the counts it found, so that five more may follow.
	if most := 5 * (1 + proved.Load()); judged.Load() > most || proved.Load() > 1 {
		t.Errorf("%d guesses were judged and %d proofs taken", judged.Load(), proved.Load())
	}
}

// One code proves one of many proofs, with whatever beside it.
func TestOneCodeOneProof(t *testing.T) {
	h := newHouse(t)
	h.Prover.CodeLimits = users.Limits{Failures: 1000, Window: time.Hour}
	user, secret := h.withPIN(t)
	code := codeAt(t, secret, noon)
	var proved atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			_, err := h.Prove(t.Context(), user.ID, "", users.ClaimPIN(rightPIN), users.ClaimCode(code))
			switch {
			case err == nil:
				proved.Add(1)
			case !errors.Is(err, users.ErrUsed) && !errors.Is(err, users.ErrBusy):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if proved.Load() != 1 {
		t.Errorf("%d proofs of one code", proved.Load())
	}
}

// A device that is away costs nobody a try of any factor.
func TestDeviceAwayCountsNothing(t *testing.T) {
	h := newHouse(t)
	user, secret := h.withPIN(t)
	h.Sealer.(*sealer).away.Store(true)
	if _, err := h.Prove(t.Context(), user.ID, anyCred, users.ClaimPIN(wrongPIN), users.ClaimCode(codeAt(t, secret, noon))); !errors.Is(err, errAway) {
		t.Errorf("%v, want the device's error", err)
	}
	for _, factor := range []string{users.FactorPIN, users.FactorCode, anyCred} {
		if got := h.counts(factor); got != (users.Attempts{}) {
			t.Errorf("%s was counted: %+v", factor, got)
		}
	}
}
