package hsm_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/hsm/hsmtest"
)

// Of two sessions and a queue of sixteen: what a request of so many costs, and
// whether it still gets in.
func TestAdmit(t *testing.T) {
	token := hsmtest.New(t, func(c *hsm.Config) { c.Sessions, c.Queue = 2, 16 })
	tests := []struct {
		name   string
		before []int // requests that are in
		n      int
		takes  int // places, 0 for ErrBusy
	}{
		{"one", nil, 1, 1},
		{"as many as can be with the device", nil, 4, 4},
		{"more than can be with the device", nil, 100, 4},
		{"more than four times that, for the time it takes", nil, 101, 5},
		{"more than the queue: half of it", nil, 10_000, 8},
		{"the same beside as much", []int{10_000}, 10_000, 8},
		{"one beside a full queue", []int{10_000, 10_000}, 1, 0},
		{"the largest when half is free", []int{4, 4}, 10_000, 8},
		{"the largest when less than half is free", []int{4, 4, 1}, 10_000, 0},
		{"a small one then", []int{4, 4, 1}, 1, 1},
		{"the last place", []int{4, 4, 4, 3}, 1, 1},
		{"four where there are three", []int{4, 4, 4, 1}, 4, 0},
		{"nothing", nil, 0, 1},
	}
	for _, test := range tests {
		var releases []func()
		for _, n := range test.before {
			release, err := token.Admit(n)
			must(t, err)
			releases = append(releases, release)
		}
		before := token.Stats().Queued
		release, err := token.Admit(test.n)
		if (err == nil) != (test.takes > 0) || err != nil && (!errors.Is(err, hsm.ErrBusy) || !isUnavailable(err)) {
			t.Errorf("%s: %v", test.name, err)
		}
		if took := token.Stats().Queued - before; took != test.takes {
			t.Errorf("%s: takes %d places, want %d", test.name, took, test.takes)
		}
		if err == nil {
			releases = append(releases, release, release) // the second time is no time
		}
		for _, release := range releases {
			release()
		}
		if left := token.Stats().Queued; left != 0 {
			t.Fatalf("%s: %d places are not given back", test.name, left)
		}
	}
}

// However many come at once, never more are in than there are places, and all
// places are free again.
func TestAdmitRace(t *testing.T) {
	token := hsmtest.New(t, func(c *hsm.Config) { c.Sessions, c.Queue = 1, 8 })
	var in, most, let atomic.Int64
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for range 200 {
				release, err := token.Admit(1)
				if err != nil {
					continue
				}
				let.Add(1)
				now := in.Add(1)
				for was := most.Load(); now > was && !most.CompareAndSwap(was, now); was = most.Load() {
				}
				in.Add(-1)
				release()
			}
		})
	}
	all.Wait()
	if most.Load() > 8 || let.Load() == 0 {
		t.Errorf("%d were in at once, %d in all; want at most 8 and some", most.Load(), let.Load())
	}
	if s := token.Stats(); s.Queued != 0 || s.Places != 8 || s.Sessions != 1 {
		t.Errorf("%+v", s)
	}
}

func TestStats(t *testing.T) {
	token := hsmtest.New(t, func(c *hsm.Config) { c.Sessions = 3 })
	rest := token.Stats()
	if rest.Places != 96 || rest.Busy != 0 || rest.Epochs != 1 {
		t.Errorf("at rest: %+v", rest)
	}
	release, _ := token.Occupy()
	if s := token.Stats(); s.Busy != 3 {
		t.Errorf("%d sessions are at work, want 3", s.Busy)
	}
	release()
	must(t, token.Reload(t.Context()))
	if s := token.Stats(); s.Epochs != 2 || s.Reloads != rest.Reloads+1 {
		t.Errorf("after a reload: %+v", s)
	}
}

// Whoever observes hears of each request once, with what its caller was told.
func TestObserve(t *testing.T) {
	var mu sync.Mutex
	heard := map[string]int{}
	token := hsmtest.New(t, func(c *hsm.Config) {
		c.Observe = func(what string, took time.Duration, err error) {
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, hsm.ErrNoKey) {
				what += ": no key"
			}
			if took < 0 {
				what += ": in the past"
			}
			heard[what]++
		}
	})
	heard = map[string]int{} // opening signs with the canary
	key := keysOf(t, token, 1)[0]
	for range 3 {
		must(t, signsWith(t.Context(), token, key, "a"))
	}
	must(t, token.Destroy(t.Context(), key.ID))
	if err := signsWith(t.Context(), token, key, "a"); !errors.Is(err, hsm.ErrNoKey) {
		t.Errorf("Sign: %v", err)
	}
	must(t, token.Ready(t.Context()))
	want := map[string]int{"generate": 1, "sign": 3, "sign: no key": 1, "destroy": 1, "canary": 1}
	for what, n := range want {
		if heard[what] != n {
			t.Errorf("%q was heard %d times, want %d", what, heard[what], n)
		}
	}
	if len(heard) != len(want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
}
