package users_test

import (
	"encoding/base32"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

// The clock of the app is off by every second of ten minutes either way. The
// model: within a step it is good, beyond it is not.
func TestClockOffsets(t *testing.T) {
	h := newHouse(t)
	user, secret := h.enrol(t)
	h.CodeLimits = users.Limits{Failures: 1 << 30, Window: time.Minute, InRow: 1 << 30}
	good := 0
	for offset := -600; offset <= 600; offset++ {
		h.after(time.Hour) // so that no step was used
		shown := h.now().Add(time.Duration(offset) * time.Second)
		gap := shown.Unix()/30 - h.now().Unix()/30
		proof, err := h.Code(t.Context(), user.ID, codeAt(t, secret, shown))
		switch {
		case gap >= -1 && gap <= 1:
			good++
			if err != nil || proof.Step != shown.Unix()/30 {
				t.Errorf("offset %d: %+v, %v", offset, proof, err)
			}
		case !errors.Is(err, users.ErrWrong) && !sameCode(t, secret, h.now(), shown):
			t.Errorf("offset %d: %v", offset, err)
		}
	}
	if good != 90 {
		t.Errorf("%d offsets are good, want 90", good)
	}
}

// sameCode reports whether by chance a good code is the one shown.
func sameCode(t *testing.T, secret string, now, shown time.Time) bool {
	for step := -1; step <= 1; step++ {
		if codeAt(t, secret, now.Add(time.Duration(step)*30*time.Second)) == codeAt(t, secret, shown) {
			return true
		}
	}
	return false
}

// Whatever order codes come in and whatever the clock does, a step is accepted
// if it is near and later than every one before.
func TestStepsAscend(t *testing.T) {
	h := newHouse(t)
	user, secret := h.enrol(t)
	h.CodeLimits = users.Limits{Failures: 1 << 30, Window: time.Minute, InRow: 1 << 30}
	used := int64(-1)
	clock := []int{0, 0, 1, -1, 0, 1, 2, -120, -90, 120, 90, 60, 30, 0, 150, 149, 151, 600, -600, 630}
	for i, seconds := range clock {
		now := noon.Add(time.Duration(seconds) * time.Second)
		h.at(now)
		for _, drift := range []int64{1, -1, 0, 1} {
			step := now.Unix()/30 + drift
			proof, err := h.Code(t.Context(), user.ID, codeAt(t, secret, time.Unix(step*30, 0)))
			if step > used {
				if err != nil || proof.Step != step {
					t.Errorf("%d: step %d after %d: %v", i, step, used, err)
				}
				used = step
			} else if !errors.Is(err, users.ErrUsed) {
				t.Errorf("%d: step %d after %d: %v", i, step, used, err)
			}
		}
	}
}

// A backward step of the clock revives no code.
func TestClockGoesBack(t *testing.T) {
	h := newHouse(t)
	user, secret := h.enrol(t)
	code := codeAt(t, secret, noon)
	_, err := h.Code(t.Context(), user.ID, code)
	must(t, err)
	for back := 1; back <= 120; back++ {
		h.after(-time.Second)
		_, err := h.Code(t.Context(), user.ID, code)
		if err == nil {
			t.Fatalf("%d seconds back the code was good again", back)
		}
		must(t, h.registrar.Unlock(t.Context(), user.ID, users.FactorCode))
	}
}

// RFC 6238, appendix B, for SHA-1: the last six of its eight digits.
func TestRFC6238(t *testing.T) {
	h := newHouse(t)
	user, _ := h.enrol(t)
	sealed, err := h.Sealer.Seal(t.Context(), []byte("12345678901234567890"), []byte("users|"+user.ID+"|totp"))
	must(t, err)
	must(t, h.store.SetSecret(t.Context(), user.ID, sealed, users.NewStamp()))
	for _, test := range []struct {
		at   int64
		code csc.Secret
	}{
		{59, "287082"}, {1111111109, "081804"}, {1111111111, "050471"}, {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"},
	} {
		h.at(time.Unix(0, 0))
		h.Prover.Now = func() time.Time { return time.Unix(test.at, 0) }
		proof, err := h.Code(t.Context(), user.ID, test.code)
		if err != nil || proof.Step != test.at/30 {
			t.Errorf("%d: %+v, %v", test.at, proof, err)
		}
	}
}

// oathtool shows the codes that are good.
func TestOathtool(t *testing.T) {
	if _, err := exec.LookPath("oathtool"); err != nil {
		t.Fatal("install oathtool")
	}
	h := newHouse(t)
	user, secret := h.enrol(t)
	if raw, err := base32.StdEncoding.DecodeString(secret); err != nil || len(raw) != 20 {
		t.Fatalf("the secret has %d bytes: %v", len(raw), err)
	}
	for range 20 {
		h.after(59 * time.Second)
		out, err := exec.Command("oathtool", "--totp", "-b", "-N", h.now().UTC().Format("2006-01-02 15:04:05 UTC"), secret).Output()
		must(t, err)
		if _, err := h.Code(t.Context(), user.ID, csc.Secret(strings.TrimSpace(string(out)))); err != nil {
			t.Errorf("%v: %v", h.now(), err)
		}
	}
}

// Whatever comes as a code is answered, and only the right one is good.
func FuzzCode(f *testing.F) {
	h := newHouse(f)
	user, secret := h.enrol(f)
	h.CodeLimits = users.Limits{Failures: 1 << 30, Window: time.Minute, InRow: 1 << 30}
	var right []csc.Secret
	for _, drift := range []time.Duration{-30, 0, 30} {
		right = append(right, codeAt(f, secret, noon.Add(drift*time.Second)))
	}
	f.Add("000000")
	f.Add(" 123456")
	f.Add("１２３４５６")
	f.Add("12345\x00")
	f.Fuzz(func(t *testing.T, code string) {
		_, err := h.Code(t.Context(), user.ID, csc.Secret(code))
		if err != nil && !errors.Is(err, users.ErrWrong) && !errors.Is(err, users.ErrUsed) {
			t.Fatal(err)
		}
		if err == nil && !slices.Contains(right, csc.Secret(code)) {
			t.Fatalf("%q is good", code)
		}
	})
}
