package hsm

import (
	"context"
	"sync"
	"time"
)

const (
	minRest = 50 * time.Millisecond // between two reloads
	maxRest = 3 * time.Second       // between two reloads that did not help
	// patience is how long a request waits for the next one: all its waits
	// together are less than a second.
	patience = 400 * time.Millisecond
)

// A rest keeps reloads apart: every token of the module loses its sessions by
// one. The pause doubles until one has helped.
type rest struct {
	turn chan struct{} // holds the one who reloads

	mu    sync.Mutex
	last  time.Time
	pause time.Duration
}

// left is how long the module must still be left alone.
func (r *rest) left() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Until(r.last.Add(r.pause))
}

func (r *rest) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if now.Sub(r.last) < 2*maxRest { // still the same trouble
		r.pause = min(2*r.pause, maxRest)
	} else {
		r.pause = minRest
	}
	r.last = now
}

// helped says that the last reload was worth it.
func (r *rest) helped() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pause = minRest
}

// reload finalises and initialises the library unless somebody did since
// generation seen. It waits for the pause to end, but not longer than patience:
// errResting.
func (m *module) reload(ctx context.Context, seen uint64) error {
	select {
	case m.rest.turn <- struct{}{}:
		defer func() { <-m.rest.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if m.generation.Load() != seen {
		return nil
	}
	wait := m.rest.left()
	if wait > patience {
		return errResting
	}
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		return ctx.Err()
	}
	return m.alone(ctx, func() error {
		m.rest.begin()
		if err := m.finalise(); err != nil {
			return err
		}
		if err := m.initialise(); err != nil {
			return err
		}
		m.reloads.Add(1)
		return nil
	})
}
