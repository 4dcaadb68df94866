package onetime

import (
	"bytes"
	"container/heap"
	"context"
	"crypto/rand"
	"encoding/hex"
	"sync"
	"time"
)

// Memory keeps values in this process: the store of a server that is alone.
// What it holds ends with the process. The zero Memory is not ready; use
// NewMemory.
type Memory struct {
	now   func() time.Time
	run   string
	since time.Time

	mu     sync.Mutex
	byKey  map[string]*item
	byTime timeline
	last   time.Time     // that was read
	behind time.Duration // how far the clock went back in all
}

var _ Store = (*Memory)(nil)

// NewMemory makes an empty Memory that lives by the clock now.
func NewMemory(now func() time.Time) *Memory {
	var id [20]byte
	_, _ = rand.Read(id[:]) // never fails
	return &Memory{now: now, run: hex.EncodeToString(id[:]), since: now(), byKey: make(map[string]*item)}
}

// Run names this store and says when it began, as Redis.Run does.
func (m *Memory) Run() (id string, since time.Time) { return m.run, m.since }

// Put keeps value under a new key.
func (m *Memory) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := check(ctx, ttl); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep()
	if m.live(key) != nil {
		return ErrExists
	}
	m.keep(key, value, ttl)
	return nil
}

// Get returns what is kept.
func (m *Memory) Get(ctx context.Context, key string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.live(key)
	if i == nil {
		return nil, ErrUnknown
	}
	return bytes.Clone(i.value), nil
}

// Take returns what is kept and forgets it.
func (m *Memory) Take(ctx context.Context, key string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.live(key)
	if i == nil {
		return nil, ErrUnknown
	}
	m.forget(i)
	return i.value, nil
}

// Swap replaces old by new.
func (m *Memory) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) (bool, error) {
	if new == nil {
		ttl = time.Millisecond // nothing is kept, so nothing is wrong with it
	}
	if err := check(ctx, ttl); err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.live(key)
	if i == nil || !bytes.Equal(i.value, old) {
		return false, nil
	}
	m.forget(i)
	if new != nil {
		m.keep(key, new, ttl)
	}
	return true, nil
}

// Ready says that memory is always there.
func (m *Memory) Ready(ctx context.Context) error { return ctx.Err() }

// time is that of a clock that goes on where now goes back: a TTL is counted
// from when it was given, as Redis does.
func (m *Memory) time() time.Time {
	now := m.now().Add(m.behind)
	if back := m.last.Sub(now); back > 0 {
		m.behind += back
		now = m.last
	}
	m.last = now
	return now
}

// live returns the item under key whose time is not over, or nil.
func (m *Memory) live(key string) *item {
	i := m.byKey[key]
	if i == nil {
		return nil
	}
	if !m.time().Before(i.end) {
		m.forget(i)
		return nil
	}
	return i
}

// keep copies value: the caller may write over it.
func (m *Memory) keep(key string, value []byte, ttl time.Duration) {
	i := &item{key: key, value: append([]byte{}, value...), end: m.time().Add(ttl)}
	m.byKey[key] = i
	heap.Push(&m.byTime, i)
}

func (m *Memory) forget(i *item) {
	delete(m.byKey, i.key)
	heap.Remove(&m.byTime, i.place)
}

// sweep forgets a few items whose time is over. Every Put adds one item and
// sweeps more than one, so what nobody asks for again does not pile up, and no
// Put pays for all the others.
func (m *Memory) sweep() {
	const few = 16
	now := m.time()
	for range few {
		if len(m.byTime) == 0 || now.Before(m.byTime[0].end) {
			return
		}
		m.forget(m.byTime[0])
	}
}

// An item is one kept value.
type item struct {
	key   string
	value []byte
	end   time.Time
	place int // in the timeline
}

// A timeline is a heap of items, the one that ends first at the top.
type timeline []*item

func (t timeline) Len() int           { return len(t) }
func (t timeline) Less(i, j int) bool { return t[i].end.Before(t[j].end) }

func (t timeline) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].place, t[j].place = i, j
}

// Push is heap's: it adds an item at the end.
func (t *timeline) Push(x any) {
	i := x.(*item)
	i.place = len(*t)
	*t = append(*t, i)
}

// Pop is heap's: it removes the item at the end.
func (t *timeline) Pop() any {
	last := len(*t) - 1
	i := (*t)[last]
	(*t)[last] = nil
	*t = (*t)[:last]
	return i
}
