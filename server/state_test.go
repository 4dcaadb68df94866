package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/backup"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/onetime"
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

func (h *house) state(w *watched) (s state) {
	h.t.Helper()
	must(h.t, h.registry.Export(h.t.Context(), func(r backup.Row) error {
		if r.Table != "heads" {
			s.Registry = append(s.Registry, fmt.Sprint(r))
		}
		return nil
	}))
	w.mu.Lock()
	s.OneTime = append(s.OneTime, w.changes...)
	w.mu.Unlock()
	text, err := os.ReadFile(h.path)
	must(h.t, err)
	for line := range strings.Lines(string(text)) {
		var record struct{ Event string }
		must(h.t, json.Unmarshal([]byte(line), &record))
		if record.Event != "audit.head" {
			s.Records = append(s.Records, record.Event)
		}
	}
	s.Signed = h.keys.count()
	return s
}

// onlyRecorded demands that nothing changed between two states but for these
// records.
func onlyRecorded(t *testing.T, before, after state, records []string) {
	t.Helper()
	before.Records = append(before.Records, records...)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the refusal changed something:\n%s", diff)
	}
}
