package registry_test

import (
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/users"
)

func stepsAscend(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	must(t, r.AddUser(t.Context(), user(2)))
	use := func(user string, step int64, want bool) {
		t.Helper()
		if got, err := r.UseStep(t.Context(), user, step); got != want || err != nil {
			t.Errorf("UseStep(%d) = %t, %v; want %t", step, got, err, want)
		}
	}
	use(user(1).ID, 0, true)
	use(user(1).ID, 0, false)
	use(user(2).ID, 0, true)
	last := int64(0)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200 { // against a model
		step := rnd.Int64N(150)
		use(user(1).ID, step, step > last)
		last = max(last, step)
	}
	use(user(2).ID, 1<<62, true)
	use(user(2).ID, 1<<62-1, false)
	_, err := r.UseStep(t.Context(), id("u", 9), 1)
	wantErr(t, err, users.ErrUnknown)
}

func stepOutlivesSecret(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	if ok, err := r.UseStep(t.Context(), user(1).ID, 100); !ok || err != nil {
		t.Fatalf("UseStep = %t, %v", ok, err)
	}
	must(t, r.SetSecret(t.Context(), user(1).ID, nil, "a stamp"))
	must(t, r.SetSecret(t.Context(), user(1).ID, []byte("sealed"), "a stamp"))
	must(t, r.SetUserDisabled(t.Context(), user(1).ID, true, "a stamp"))
	if ok, err := r.UseStep(t.Context(), user(1).ID, 100); ok || err != nil {
		t.Errorf("the same step for a new secret: %t, %v", ok, err)
	}
}

func raceUseStep(t *testing.T, url string) {
	r, other := open(t, url), open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	for step := range int64(10) {
		wins := race(t, 100, func(i int) (bool, error) {
			if i%2 == 0 {
				return other.UseStep(t.Context(), user(1).ID, step)
			}
			return r.UseStep(t.Context(), user(1).ID, step)
		})
		if wins != 1 {
			t.Fatalf("step %d was used %d times", step, wins)
		}
	}
}

func attempts(n int) users.Attempts {
	return users.Attempts{Window: created, Failures: n, InRow: 2 * n, Locked: n > 4}
}

func attemptsComeBack(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	must(t, r.AddUser(t.Context(), user(2)))
	for _, factor := range []string{"totp", "password", "", "ă'\\"} {
		old := users.Attempts{}
		for _, want := range []users.Attempts{attempts(1), attempts(5), {InRow: 3}, {Locked: true}, {}, attempts(2)} {
			if ok, err := r.SwapAttempts(t.Context(), user(1).ID, factor, old, want); !ok || err != nil {
				t.Fatalf("SwapAttempts = %t, %v", ok, err)
			}
			got, err := r.Attempts(t.Context(), user(1).ID, factor)
			must(t, err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("attempts changed (-want +got):\n%s", diff)
			}
			old = want
		}
	}
	for _, who := range []string{user(2).ID, id("u", 9)} {
		if got, err := r.Attempts(t.Context(), who, "totp"); got != (users.Attempts{}) || err != nil {
			t.Errorf("attempts that nobody counted: %+v, %v", got, err)
		}
	}
}

func swapAttempts(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	here := attempts(1)
	if ok, err := r.SwapAttempts(t.Context(), user(1).ID, "totp", users.Attempts{}, here); !ok || err != nil {
		t.Fatalf("SwapAttempts = %t, %v", ok, err)
	}
	for name, old := range map[string]users.Attempts{
		"nothing":          {},
		"another window":   {Window: created.Add(time.Microsecond), Failures: 1, InRow: 2},
		"other failures":   {Window: created, Failures: 2, InRow: 2},
		"others in a row":  {Window: created, Failures: 1, InRow: 1},
		"locked":           {Window: created, Failures: 1, InRow: 2, Locked: true},
		"no window":        {Failures: 1, InRow: 2},
		"what was counted": attempts(2),
	} {
		if ok, err := r.SwapAttempts(t.Context(), user(1).ID, "totp", old, attempts(3)); ok || err != nil {
			t.Errorf("from %s: %t, %v", name, ok, err)
		}
	}
	if ok, err := r.SwapAttempts(t.Context(), user(1).ID, "password", here, attempts(3)); ok || err != nil {
		t.Errorf("of another factor: %t, %v", ok, err)
	}
	got, err := r.Attempts(t.Context(), user(1).ID, "totp")
	must(t, err)
	if diff := cmp.Diff(here, got); diff != "" {
		t.Errorf("attempts changed (-want +got):\n%s", diff)
	}
	// The same moment in another zone, and with digits that are not kept.
	here.Window = here.Window.Add(999).In(time.FixedZone("EET", 2*60*60))
	if ok, err := r.SwapAttempts(t.Context(), user(1).ID, "totp", here, attempts(3)); !ok || err != nil {
		t.Errorf("from what it is: %t, %v", ok, err)
	}
	_, err = r.SwapAttempts(t.Context(), id("u", 9), "totp", users.Attempts{}, here)
	wantErr(t, err, users.ErrUnknown)
}

func raceSwapAttempts(t *testing.T, url string) {
	r, other := open(t, url), open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	old := users.Attempts{}
	for round := 1; round <= 2; round++ { // from no row, then from a row
		var winner atomic.Int64
		wins := race(t, 1000, func(i int) (bool, error) {
			at := r
			if i%2 == 0 {
				at = other
			}
			ok, err := at.SwapAttempts(t.Context(), user(1).ID, "totp", old, attempts(10000*round+i))
			if ok {
				winner.Store(int64(10000*round + i))
			}
			return ok, err
		})
		if wins != 1 {
			t.Fatalf("%d of 1000 swaps won", wins)
		}
		got, err := r.Attempts(t.Context(), user(1).ID, "totp")
		must(t, err)
		if diff := cmp.Diff(attempts(int(winner.Load())), got); diff != "" {
			t.Errorf("not what the winner wrote (-want +got):\n%s", diff)
		}
		old = got
	}
}

func raceCountAttempts(t *testing.T, url string) {
	r, other := open(t, url), open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	const many = 40
	race(t, many, func(i int) (bool, error) {
		at := r
		if i%2 == 0 {
			at = other
		}
		for {
			old, err := at.Attempts(t.Context(), user(1).ID, "totp")
			if err != nil {
				return false, err
			}
			ok, err := at.SwapAttempts(t.Context(), user(1).ID, "totp", old, users.Attempts{InRow: old.InRow + 1})
			if ok || err != nil {
				return ok, err
			}
		}
	})
	if got, err := r.Attempts(t.Context(), user(1).ID, "totp"); err != nil || got.InRow != many {
		t.Errorf("%d of %d were counted, %v", got.InRow, many, err)
	}
}
