package registry

import (
	"context"
	"sync"
	"time"
)

// longestGlance is how long a glance lasts at most: whoever was kept from asking
// on, by a store that is slow, asks what is so now.
const longestGlance = 50 * time.Millisecond

// A glance is the state of a file that several questions of one request are
// answered by.
type glance struct {
	of *answers

	mu    sync.Mutex
	known bool
	at    state
	until time.Time
}

type glanceKey struct{}

// AtOnce is a context in which a SQLite file is asked once whether anything was
// committed to it, and not at every question: what is answered from memory in it
// is what was so when the first was asked. It is for a request that asks several
// things before it answers, and changes nothing.
func (r *Registry) AtOnce(ctx context.Context) context.Context {
	if r.answers == nil {
		return ctx
	}
	return context.WithValue(ctx, glanceKey{}, &glance{of: r.answers})
}

// state is that of the file when the glance began, or now if ctx has none.
func (a *answers) state(ctx context.Context) (state, error) {
	m, ok := ctx.Value(glanceKey{}).(*glance)
	if !ok || m.of != a {
		return a.now(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known && time.Now().Before(m.until) {
		return m.at, nil
	}
	at, err := a.now(ctx)
	if err != nil {
		return at, err
	}
	m.known, m.at, m.until = true, at, time.Now().Add(longestGlance)
	return at, nil
}
