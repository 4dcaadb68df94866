package registry_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/users"
)

// tally counts what a registry tells whoever observes it.
type tally struct {
	mu            sync.Mutex
	asked, failed map[string]int
}

func (c *tally) observe(lane string, _ time.Duration, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked[lane]++
	if err != nil {
		c.failed[lane]++
	}
}

// What is not there, or there already, is an answer; a database that is closed
// is not.
func observed(t *testing.T, url string) {
	seen := &tally{asked: map[string]int{}, failed: map[string]int{}}
	r, err := registry.Open(t.Context(), registry.Config{URL: url, Observe: seen.observe})
	must(t, err)
	t.Cleanup(func() { _ = r.Close() })
	reads, writes, most := registry.LaneRead, registry.LaneWrite, map[string]int{registry.LaneRead: 4, registry.LaneWrite: 1}
	if len(r.Stats()) == 1 {
		reads, writes, most = registry.LaneBoth, registry.LaneBoth, map[string]int{registry.LaneBoth: 16}
	}
	must(t, r.AddUser(t.Context(), user(1)))
	wantErr(t, r.AddUser(t.Context(), user(1)), users.ErrExists)
	_, err = r.User(t.Context(), user(2).ID)
	wantErr(t, err, users.ErrUnknown)
	if seen.asked[writes] < 2 || seen.asked[reads] < 1 || len(seen.failed) != 0 {
		t.Errorf("asked %v, failed %v", seen.asked, seen.failed)
	}
	for _, lane := range r.Stats() {
		if lane.InUse != 0 || lane.Most != most[lane.Lane] {
			t.Errorf("%+v", lane)
		}
	}
	must(t, r.Close())
	if _, err := r.User(t.Context(), user(1).ID); err == nil || errors.Is(err, users.ErrUnknown) {
		t.Errorf("closed: %v", err)
	}
	if seen.failed[reads] != 1 {
		t.Errorf("failed %v, want 1 %s", seen.failed, reads)
	}
}

func (c *tally) total() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, asked := range c.asked {
		n += asked
	}
	return n
}
