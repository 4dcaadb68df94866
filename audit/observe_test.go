package audit_test

import (
	"errors"
	"sync"
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
