package users_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pecete/pecete/users"
)

func TestBegin(t *testing.T) {
	limits := users.Limits{Failures: 5, Window: 15 * time.Minute, InRow: 10}
	four := users.Attempts{Window: noon, Failures: 4, InRow: 4}
	five := users.Attempts{Window: noon, Failures: 5, InRow: 5}
	nine := users.Attempts{Window: noon, Failures: 4, InRow: 9}
	tests := []struct {
		says  string
		from  users.Attempts
		after time.Duration
		want  users.Attempts
		err   error
	}{
		{"the first attempt begins a window", users.Attempts{}, 0, users.Attempts{Window: noon, Failures: 1, InRow: 1}, nil},
		{"the fifth is judged", four, time.Minute, five, nil},
		{"the sixth is not", five, time.Minute, five, users.ErrPaused},
		{"one moment before the window is over", five, 15*time.Minute - time.Microsecond, five, users.ErrPaused},
		{"the window is over", five, 15 * time.Minute, users.Attempts{Window: noon.Add(15 * time.Minute), Failures: 1, InRow: 6}, nil},
		{"a window that was not used up is over", four, 20 * time.Minute, users.Attempts{Window: noon.Add(20 * time.Minute), Failures: 1, InRow: 5}, nil},
		{"the tenth in a row is judged and locks", nine, time.Minute, users.Attempts{Window: noon, Failures: 5, InRow: 10, Locked: true}, nil},
		{"after it nothing is", users.Attempts{Window: noon, Failures: 5, InRow: 10, Locked: true}, 24 * time.Hour,
			users.Attempts{Window: noon, Failures: 5, InRow: 10, Locked: true}, users.ErrLocked},
		{"a clock that went back ends no pause", five, -time.Hour, five, users.ErrPaused},
		{"less than a microsecond is not kept", users.Attempts{}, 999, users.Attempts{Window: noon, Failures: 1, InRow: 1}, nil},
	}
	for _, test := range tests {
		got, err := test.from.Begin(noon.Add(test.after).In(time.FixedZone("EEST", 3*3600)), limits)
		if got != test.want || !errors.Is(err, test.err) {
			t.Errorf("%s: %+v, %v", test.says, got, err)
		}
	}
	var paused *users.PausedError
	if _, err := five.Begin(noon, limits); !errors.As(err, &paused) || !paused.Until.Equal(noon.Add(15*time.Minute)) {
		t.Errorf("paused until %v", paused)
	}
}

func TestSucceedAndLeft(t *testing.T) {
	limits := users.CodeLimits()
	begun := users.Attempts{Window: noon, Failures: 5, InRow: 9}
	locked := users.Attempts{Window: noon, Failures: 5, InRow: 10, Locked: true}
	if got := begun.Succeed(begun); got != (users.Attempts{}) {
		t.Errorf("a success leaves %+v", got)
	}
	if got := locked.Succeed(begun); got != locked {
		t.Errorf("a success takes away another attempt's lock: %+v", got)
	}
	if got := locked.Succeed(locked); got != (users.Attempts{}) {
		t.Errorf("the attempt that locked was right: %+v", got)
	}
	for _, test := range []struct {
		of   users.Attempts
		want int
	}{
		{users.Attempts{}, 5}, {users.Attempts{Window: noon, Failures: 2, InRow: 2}, 3}, {begun, 0}, {locked, 0},
		{users.Attempts{Window: noon, Failures: 1, InRow: 8}, 2},
	} {
		if got := test.of.Left(limits); got != test.want {
			t.Errorf("%+v leaves %d, want %d", test.of, got, test.want)
		}
	}
}

// A million guesses over a year: ten are judged, so that whoever guesses has
// three codes in a million at most ten times.
func TestGuessesOverAYear(t *testing.T) {
	limits, chance := users.CodeLimits(), rand.New(rand.NewPCG(1, 2))
	var a users.Attempts
	judged, moment := 0, noon
	for range 1_000_000 {
		moment = moment.Add(time.Duration(chance.IntN(60_000)) * time.Millisecond)
		next, err := a.Begin(moment, limits)
		if err == nil {
			judged++
			a = next
		}
	}
	if judged != 10 || !a.Locked {
		t.Errorf("%d judged, %+v", judged, a)
	}
}

// No window of attempts that all fail has more of them than the limit.
func TestWindowsNeverHaveMore(t *testing.T) {
	limits := users.Limits{Failures: 5, Window: 15 * time.Minute, InRow: 1 << 30}
	chance := rand.New(rand.NewPCG(3, 4))
	var a users.Attempts
	counts := make(map[time.Time]int)
	moment := noon
	for range 100_000 {
		moment = moment.Add(time.Duration(chance.IntN(300)) * time.Second)
		next, err := a.Begin(moment, limits)
		if err != nil {
			continue
		}
		a = next
		if counts[a.Window]++; counts[a.Window] > 5 || moment.Sub(a.Window) >= limits.Window {
			t.Fatalf("%d in the window of %v at %v", counts[a.Window], a.Window, moment)
		}
	}
}
