package metrics

import (
	"context"
	"sync"
	"time"
)

const (
	fresh   = 5 * time.Second // how long an answer counts
	waiting = 3 * time.Second // for an answer
)

// readiness asks the checks, and not again for every scrape: one of them is a
// signature.
type readiness struct {
	checks map[string]func(context.Context) error

	mu    sync.Mutex
	asked time.Time
	ready map[string]bool
}

func (r *readiness) read(gauge gauge, _ tally) {
	for name, ready := range r.now() {
		gauge("pecete_ready", "1 if the part could do its work when it was last asked.", flag(ready), "check", name)
	}
}

func (r *readiness) now() map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ready == nil || time.Since(r.asked) > fresh {
		r.ready = r.ask()
		r.asked = time.Now()
	}
	return r.ready
}

func (r *readiness) ask() map[string]bool {
	ctx, cancel := context.WithTimeout(context.Background(), waiting)
	defer cancel()
	var all sync.WaitGroup
	var mu sync.Mutex
	ready := make(map[string]bool, len(r.checks))
	for name, check := range r.checks {
		all.Go(func() {
			err := check(ctx)
			mu.Lock()
			defer mu.Unlock()
			ready[name] = err == nil
		})
	}
	all.Wait()
	return ready
}
