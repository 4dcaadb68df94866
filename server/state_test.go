package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/backup"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/registry"
)

// onBoth runs a test with one-time things in memory and in a Redis.
func onBoth(t *testing.T, run func(t *testing.T, change func(*house))) {
	t.Run("memory", func(t *testing.T) { run(t, func(*house) {}) })
	t.Run("redis", func(t *testing.T) {
		server := proctest.Redis(t, "--appendfsync", "no")
		run(t, func(h *house) { h.tickets = openRedis(t, server) })
	})
}

func openRedis(t *testing.T, server *proctest.RedisServer) onetime.Store {
	t.Helper()
	store, err := onetime.OpenRedis(t.Context(), onetime.Config{URL: server.URL})
	must(t, err)
	t.Cleanup(func() { store.Close() })
	return store
}

// A watched store remembers what was changed in it.
type watched struct {
	onetime.Store
	mu      sync.Mutex
	changes []string
}

func (w *watched) changed(verb, key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	kind, _, _ := strings.Cut(key, ":")
	w.changes = append(w.changes, verb+" "+kind)
}

func (w *watched) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	err := w.Store.Put(ctx, key, value, ttl)
	if err == nil {
		w.changed("Put", key)
	}
	return err
}

func (w *watched) Take(ctx context.Context, key string) ([]byte, error) {
	value, err := w.Store.Take(ctx, key)
	if err == nil {
		w.changed("Take", key)
	}
	return value, err
}

func (w *watched) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) (bool, error) {
	done, err := w.Store.Swap(ctx, key, old, new, ttl)
	if done {
		w.changed("Swap", key)
	}
	return done, err
}

// A state is all that a request could change.
type state struct {
	Registry []string // its rows but for the heads of logs, which come by themselves
	OneTime  []string // what was changed
	Records  []string // events of the audit log
	Signed   int      // by the device
}

// A seen is what was read of a house's state, and by what its reader knows that it
// is as it was: the registry writes in one lane alone, whose every use is observed,
// and the audit log only ever grows.
type seen struct {
	writes  atomic.Int64 // uses of that lane
	at      int64        // of them when rows were read; 0 for never
	rows    []string
	read    int64 // bytes of the audit log
	records []string
}

func (s *seen) asked(lane string, _ time.Duration, _ error) {
	if lane != registry.LaneRead {
		s.writes.Add(1)
	}
}

func (h *house) state(w *watched) state {
	h.t.Helper()
	h.readRows()
	h.readRecords()
	w.mu.Lock()
	defer w.mu.Unlock()
	return state{
		Registry: h.seen.rows, OneTime: slices.Clone(w.changes), Records: slices.Clip(h.seen.records), Signed: h.keys.count(),
	}
}

func (h *house) readRows() {
	h.t.Helper()
	writes := h.seen.writes.Load()
	if writes == h.seen.at {
		return
	}
	h.seen.at, h.seen.rows = writes, nil
	must(h.t, h.registry.Export(h.t.Context(), func(r backup.Row) error {
		if r.Table != "heads" {
			h.seen.rows = append(h.seen.rows, fmt.Sprint(r))
		}
		return nil
	}))
}

func (h *house) readRecords() {
	h.t.Helper()
	now, err := os.Stat(h.path)
	must(h.t, err)
	if now.Size() == h.seen.read {
		return
	}
	file, err := os.Open(h.path)
	must(h.t, err)
	defer file.Close()
	more := make([]byte, now.Size()-h.seen.read) // nobody cuts it
	_, err = file.ReadAt(more, h.seen.read)
	must(h.t, err)
	h.seen.read = now.Size()
	for line := range strings.Lines(string(more)) {
		var record struct{ Event string }
		must(h.t, json.Unmarshal([]byte(line), &record))
		if record.Event != "audit.head" {
			h.seen.records = append(h.seen.records, record.Event)
		}
	}
}

func (s state) same(other state) bool {
	return slices.Equal(s.Registry, other.Registry) && slices.Equal(s.OneTime, other.OneTime) &&
		slices.Equal(s.Records, other.Records) && s.Signed == other.Signed
}

// onlyRecorded demands that nothing changed between two states but for these
// records.
func onlyRecorded(t *testing.T, before, after state, records []string) {
	t.Helper()
	before.Records = append(before.Records, records...)
	if before.same(after) {
		return
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the refusal changed something:\n%s", diff)
	}
}
