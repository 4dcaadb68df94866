package hsm

import (
	"fmt"
	"sync"
)

const (
	// burst is how many places there are for each session if the configuration
	// does not say: whoever is let in last waits for as many signatures.
	burst = 32
	// lane is how many signatures of one request each session may have before
	// it: one that is made, and one that follows.
	lane = 2
	// share is how many signatures of one request a place stands for in the
	// long run, so that all who are let in are done in a time that has a bound.
	share = 25
)

// places is the bounded queue before the device: who has none is sent away
// before anything is spent for him.
type places struct {
	mu    sync.Mutex
	size  int
	taken int
}

// take takes n places, if so many are free.
func (p *places) take(n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken+n > p.size {
		return false
	}
	p.taken += n
	return true
}

func (p *places) give(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken -= n
}

func (p *places) now() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}

// cost is how many places a request of n signatures takes: one for each that it
// can have with the device at a time, or one for every 25 that it is to have in
// all if that is more, but never more than half of the queue. So a large request
// gets in when half of the queue is free, whatever its size, and a small one
// always finds places that no large one can take.
func (t *Token) cost(n int) int {
	return max(1, min(max(min(n, t.Lane()), (n+share-1)/share), t.places.size/2))
}

// Lane is how many signatures of one request should be with the device at a
// time: twice the sessions.
func (t *Token) Lane() int { return lane * t.width }

// Admit takes places in the device's queue for a request of n signatures, or is
// ErrBusy: it never waits. While the token is ill it lets nobody in. A request
// has at most Lane signatures with the device at a time, and release gives its
// places back when it has ended; to call that again does nothing.
//
// Sign asks for no place: what the house signs for itself, certificates and
// heads of audit logs, is little, and must not be kept out by the signers.
func (t *Token) Admit(n int) (release func(), err error) {
	if t.ill.Load() {
		return nil, unavailable(fmt.Errorf("%d signatures: %w", n, errIll))
	}
	cost := t.cost(n)
	if !t.places.take(cost) {
		return nil, fmt.Errorf("%d signatures: %w", n, ErrBusy)
	}
	return sync.OnceFunc(func() { t.places.give(cost) }), nil
}

// Stats are what a token is doing.
type Stats struct {
	Sessions int // that sign
	Busy     int // of them, at work
	Queued   int // places that are taken, of those at work too
	Places   int // in the queue
	Epochs   uint64
	Reloads  uint64 // of the module, since it was loaded
	// PINRefused says that the token refused the PIN, which is then not sent
	// again: the token is of no use until it is opened anew.
	PINRefused bool
}

// Stats reads them; it costs next to nothing.
func (t *Token) Stats() Stats {
	return Stats{
		Sessions: t.width, Busy: int(t.busy.Load()), Queued: t.places.now(), Places: t.places.size,
		Epochs: t.logins.Load(), Reloads: t.module.reloads.Load(), PINRefused: t.refused.Load(),
	}
}
