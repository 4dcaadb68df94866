package onetime_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/onetime"
)

// wantCount wants so many under "n", in a window of a minute that has begun.
func wantCount(t *testing.T, what string, want, deeds int, left time.Duration, err error) {
	t.Helper()
	if err != nil || deeds != want || (left > 0) != (want > 0) || left > time.Minute {
		t.Errorf("%s: %d, %v left, %v; want %d", what, deeds, left, err, want)
	}
}

// Two clients of one server count together, and none of their counts is lost.
func TestCount(t *testing.T) {
	server := proctest.Redis(t)
	a, b := open(t, onetime.Config{URL: server.URL}), open(t, onetime.Config{URL: server.URL})
	deeds, left, err := a.Counted(t.Context(), "n")
	wantCount(t, "before", 0, deeds, left, err)
	var all sync.WaitGroup
	seen := make(chan int, 100)
	for _, s := range []*onetime.Redis{a, b} {
		for range 50 {
			all.Go(func() {
				n, _, err := s.Count(t.Context(), "n", time.Minute)
				if err != nil {
					t.Error(err)
				}
				seen <- n
			})
		}
	}
	all.Wait()
	close(seen)
	once := map[int]bool{}
	for n := range seen {
		once[n] = true
	}
	if len(once) != 100 || !once[1] || !once[100] {
		t.Errorf("%d different counts of 100", len(once))
	}
	deeds, left, err = b.Counted(t.Context(), "n")
	wantCount(t, "after", 100, deeds, left, err)
	if _, _, err := a.Count(t.Context(), "n", 0); !errors.Is(err, onetime.ErrTTL) {
		t.Errorf("a window of nothing: %v", err)
	}
}

// A window begins with its first deed, is not made longer by any other, and ends.
func TestCountEnds(t *testing.T) {
	s := open(t, onetime.Config{URL: proctest.Redis(t).URL})
	const window = 400 * time.Millisecond
	begun := time.Now()
	for n := 1; time.Since(begun) < window/2; n++ {
		deeds, left, err := s.Count(t.Context(), "n", window)
		if err != nil || deeds != n || left > window-time.Since(begun)+10*time.Millisecond {
			t.Fatalf("%v after the first: %d, %v left, %v", time.Since(begun), deeds, left, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	time.Sleep(window + 50*time.Millisecond - time.Since(begun))
	if deeds, left, err := s.Count(t.Context(), "n", window); err != nil || deeds != 1 || left > window {
		t.Errorf("in the next window: %d, %v left, %v", deeds, left, err)
	}
}

// What was counted in an earlier run counts on, as far as Redis kept it: unlike a
// grant it can only be too strict.
func TestCountOutlivesARun(t *testing.T) {
	server := proctest.Redis(t)
	s := open(t, onetime.Config{URL: server.URL})
	deeds, left, err := s.Count(t.Context(), "n", time.Minute)
	wantCount(t, "before", 1, deeds, left, err)
	server.Restart()
	deeds, left, err = s.Count(t.Context(), "n", time.Minute)
	wantCount(t, "after", 2, deeds, left, err)
}

// A replica, which knows what was counted a while ago, is not asked.
func TestCountOfAReplica(t *testing.T) {
	a, b := proctest.Redis(t), proctest.Redis(t)
	s := openRedis(t, a.URL)
	if _, _, err := s.Count(t.Context(), "n", time.Minute); err != nil {
		t.Fatal(err)
	}
	follow(t, admin(t, a), b.Addr)
	if _, _, err := s.Counted(t.Context(), "n"); !unavailable(err) {
		t.Errorf("Counted: %v", err)
	}
	if _, _, err := s.Count(t.Context(), "n", time.Minute); !unavailable(err) {
		t.Errorf("Count: %v", err)
	}
}
