package audit_test

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
)

// A watcher writes down what the log tells whoever observes it.
type watcher struct {
	mu       sync.Mutex
	appended []audit.Event
	failed   int
	synced   int
}

func (w *watcher) watch(c *audit.Config) {
	c.Appended = func(e audit.Entry, _ time.Duration, err error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if err != nil {
			w.failed++
			return
		}
		w.appended = append(w.appended, e.Event)
	}
	c.Synced = func(records int, _ time.Duration, err error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if err == nil {
			w.synced += records
		}
	}
}

func TestALogTellsWhatItDoes(t *testing.T) {
	h := newHouse(t)
	w := &watcher{}
	w.watch(&h.Config)
	l := h.open(t)
	must(t, l.Append(t.Context(), user(1)))
	must(t, l.Append(t.Context(), audit.Entry{Event: audit.ClientAdded, Client: "app"}))
	if err := l.Append(t.Context(), audit.Entry{Event: "nonsense"}); !errors.Is(err, audit.ErrEntry) {
		t.Fatalf("got %v", err)
	}
	w.mu.Lock()
	if len(w.appended) != 2 || w.appended[0] != audit.UserAdded || w.appended[1] != audit.ClientAdded || w.failed != 1 {
		t.Errorf("told of %v and %d failures", w.appended, w.failed)
	}
	if w.synced != 3 { // audit.opened is one
		t.Errorf("told of %d records on the disk, want 3", w.synced)
	}
	w.mu.Unlock()
	s := l.Stats()
	if s.Records != 3 || s.Bytes != int64(len(h.text(t))) || s.Waiting != 0 || s.Failed || !s.Signed.IsZero() || s.Unsigned.IsZero() {
		t.Errorf("%+v", s)
	}
	must(t, l.Close(t.Context()))
	if s := l.Stats(); s.Signed.IsZero() || !s.Unsigned.IsZero() {
		t.Errorf("after its last head: %+v", s)
	}
}

// Records that have the patience share a write with those that come, and are
// written when it is over whoever comes.
func TestPatience(t *testing.T) {
	h := newHouse(t)
	var writes []int
	var long atomic.Int64
	h.Config.Synced = func(records int, _ time.Duration, _ error) { writes = append(writes, records) } // by the writer alone
	h.Config.Patience = func(records int) time.Duration {
		if records >= 3 {
			return 0
		}
		return time.Duration(long.Load())
	}
	l := h.open(t)
	long.Store(int64(time.Hour))
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if err := l.Append(t.Context(), user(1)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	begun := time.Now()
	const patience = 50 * time.Millisecond
	long.Store(int64(patience))
	must(t, l.Append(t.Context(), user(1)))
	if took := time.Since(begun); took < patience/2 || took > 10*time.Second {
		t.Errorf("alone it was written after %v", took)
	}
	long.Store(0)
	must(t, l.Close(t.Context()))
	if want := []int{1, 3, 1}; !slices.Equal(writes[:3], want) {
		t.Errorf("written together: %v, want %v", writes, want)
	}
}
