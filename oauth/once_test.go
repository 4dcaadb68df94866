package oauth

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/onetime"
)

func TestOnce(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tick := func() time.Time { return now }
	p := &Provider{Tokens: onetime.NewMemory(tick), Now: tick}
	until := now.Add(time.Minute)
	began := now
	once := func(kind, owner, id string) error {
		return p.once(t.Context(), kind, owner, id, began, until)
	}
	for _, fresh := range [][3]string{
		{"assertion", "app_1", "x"}, {"assertion", "app_2", "x"}, {"dpop", "app_1", "x"}, {"assertion", "app_1", "y"},
		{"assertion", "app_1x", ""}, {"assertion", "app_", "1x"}, {"assertion", "", "app_1x"},
	} {
		if err := once(fresh[0], fresh[1], fresh[2]); err != nil {
			t.Errorf("%q for the first time: %v", fresh, err)
		}
		if err := once(fresh[0], fresh[1], fresh[2]); !errors.Is(err, errReplayed) {
			t.Errorf("%q for the second time: %v", fresh, err)
		}
	}
	now = until.Add(-1)
	if err := once("assertion", "app_1", "x"); !errors.Is(err, errReplayed) {
		t.Errorf("at the end: %v", err)
	}
	now = until
	if err := once("assertion", "app_1", "z"); !errors.Is(err, errReplayed) {
		t.Errorf("over: %v", err)
	}
	if err := p.once(t.Context(), "assertion", "app_1", "old", began.Add(-1), now.Add(time.Minute)); !errors.Is(err, errReplayed) {
		t.Errorf("made before the store: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.once(ended, "assertion", "app_1", "gone", now, now.Add(time.Minute)); errors.Is(err, errReplayed) || !passes(err) {
		t.Errorf("a client that hung up: %v", err)
	}
}

// Two servers share a Redis: of any number of uses of one proof at both one
// passes. After a restart what the files brought back, or lost, lets none in
// again, and while it is away nobody is told that a proof was used.
func TestOnceOnRedis(t *testing.T) {
	server := proctest.Redis(t)
	var two [2]*Provider
	for i := range two {
		store, err := onetime.OpenRedis(t.Context(), onetime.Config{URL: server.URL})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { store.Close() })
		two[i] = &Provider{Tokens: store, Now: time.Now}
	}
	made := time.Now()
	use := func(i int, id string, iat time.Time) error {
		return two[i%2].once(t.Context(), "assertion", "app_1", id, iat, iat.Add(10*time.Minute))
	}
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		var wait sync.WaitGroup
		var mu sync.Mutex
		passed := 0
		for i := range 16 {
			wait.Go(func() {
				err := use(i, id, made)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					passed++
				} else if !errors.Is(err, errReplayed) {
					t.Errorf("use: %v", err)
				}
			})
		}
		wait.Wait()
		if passed != 1 {
			t.Errorf("proof %s passed %d times", id, passed)
		}
	}
	server.Restart()
	for i := range two {
		for _, id := range []string{"a", "never seen"} {
			if err := use(i, id, made); !errors.Is(err, errReplayed) {
				t.Errorf("server %d after a restart, proof %q from before: %v", i, id, err)
			}
		}
		if err := use(i, "new", time.Now()); (err == nil) != (i == 0) {
			t.Errorf("server %d, a new proof: %v", i, err)
		}
	}
	server.Kill9()
	if err := use(0, "later", time.Now()); errors.Is(err, errReplayed) || !passes(err) {
		t.Errorf("without Redis: %v", err)
	}
}
