package edge

import (
	"sync"
	"sync/atomic"
	"time"
)

// calm is how long after a refusal a Gate takes to open wholly again.
const calm = 2 * time.Second

// A Gate counts the requests of one kind that are worked on. Nobody waits
// before it: there is a place or there is none.
//
// As long as nobody was refused there are Most places, so that a burst is
// worked off. Whoever is refused narrows the gate to Least, and it takes two
// quiet seconds to open again: under more load than can be done, those who are
// inside would otherwise all wait behind each other as long as the longest
// queue lasts, and no more would be done for it. Least is as many as keep the
// device and the disk busy.
type Gate struct {
	Most, Least int
	Now         func() time.Time

	inside  atomic.Int64
	refused atomic.Int64 // when last, in ns; 0 for never
	turned  atomic.Uint64
}

// Enter takes a place, or says ErrBusy.
func (g *Gate) Enter() (*Place, error) {
	if err := g.take(); err != nil {
		return nil, err
	}
	return &Place{gate: g}, nil
}

// Refuse narrows the gate for a request that was turned away elsewhere for the
// same reason.
func (g *Gate) Refuse() {
	g.turned.Add(1)
	g.refused.Store(g.Now().UnixNano())
}

// Inside is how many are worked on, and Turned how many were turned away ever.
func (g *Gate) Inside() int { return int(g.inside.Load()) }

// Turned is how many were turned away since the start.
func (g *Gate) Turned() uint64 { return g.turned.Load() }

func (g *Gate) take() error {
	if g.inside.Add(1) <= g.width() {
		return nil
	}
	g.inside.Add(-1)
	g.Refuse()
	return ErrBusy
}

// width is how many may be inside now.
func (g *Gate) width() int64 {
	last := g.refused.Load()
	if last == 0 {
		return int64(g.Most)
	}
	quiet := min(calm, max(0, time.Duration(g.Now().UnixNano()-last)))
	return int64(g.Least) + int64(float64(g.Most-g.Least)*quiet.Seconds()/calm.Seconds())
}

// A Place is one request's place inside a Gate.
type Place struct {
	gate  *Gate
	mu    sync.Mutex
	aside bool
	left  bool
}

// Leave gives the place back for good. It may be called again.
func (p *Place) Leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.left && !p.aside {
		p.gate.inside.Add(-1)
	}
	p.left = true
}

// Aside gives the place back while the client is waited for.
func (p *Place) Aside() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.left && !p.aside {
		p.aside = true
		p.gate.inside.Add(-1)
	}
}

// Back takes the place again after Aside, if there is one: else ErrBusy. It is
// nothing for who did not step aside.
func (p *Place) Back() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left || !p.aside {
		return nil
	}
	if err := p.gate.take(); err != nil {
		return err
	}
	p.aside = false
	return nil
}
