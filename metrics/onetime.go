package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/quota"
)

// store measures the one-time store.
type store struct {
	took   map[string]prometheus.Observer // by verb
	errors map[string]prometheus.Counter
}

func newStore(r prometheus.Registerer) store {
	took := durations(r, "pecete_onetime_duration_seconds", "Time of a question to the one-time store.", near, "verb")
	errors := counters(r, "pecete_onetime_errors_total", "Questions that the one-time store did not answer.", "verb")
	s := store{took: map[string]prometheus.Observer{}, errors: map[string]prometheus.Counter{}}
	for _, verb := range []string{"put", "get", "take", "swap", "count", "counted", "ready"} {
		s.took[verb], s.errors[verb] = took.WithLabelValues(verb), errors.WithLabelValues(verb)
	}
	return s
}

// OneTime is s, measured.
func (m *Meter) OneTime(s onetime.Store) onetime.Store { return measured{s, &m.onetime} }

type measured struct {
	store onetime.Store
	in    *store
}

var _ onetime.Store = measured{}

func (s *store) end(verb string, begun time.Time, err *error) {
	s.took[verb].Observe(time.Since(begun).Seconds())
	if passes(*err) {
		s.errors[verb].Inc()
	}
}

// Put is the store's.
func (s measured) Put(ctx context.Context, key string, value []byte, ttl time.Duration) (err error) {
	defer s.in.end("put", time.Now(), &err)
	return s.store.Put(ctx, key, value, ttl)
}

// Get is the store's.
func (s measured) Get(ctx context.Context, key string) (_ []byte, err error) {
	defer s.in.end("get", time.Now(), &err)
	return s.store.Get(ctx, key)
}

// Take is the store's.
func (s measured) Take(ctx context.Context, key string) (_ []byte, err error) {
	defer s.in.end("take", time.Now(), &err)
	return s.store.Take(ctx, key)
}

// Swap is the store's.
func (s measured) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) (_ bool, err error) {
	defer s.in.end("swap", time.Now(), &err)
	return s.store.Swap(ctx, key, old, new, ttl)
}

// Run is the store's.
func (s measured) Run() (id string, since time.Time) { return s.store.Run() }

// Ready is the store's.
func (s measured) Ready(ctx context.Context) (err error) {
	defer s.in.end("ready", time.Now(), &err)
	return s.store.Ready(ctx)
}

// Counter is c, measured as part of the one-time store that it is in.
func (m *Meter) Counter(c quota.Counter) quota.Counter { return counted{c, &m.onetime} }

type counted struct {
	counter quota.Counter
	in      *store
}

// Count is the counter's.
func (c counted) Count(ctx context.Context, key string, window time.Duration) (deeds int, left time.Duration, err error) {
	defer c.in.end("count", time.Now(), &err)
	return c.counter.Count(ctx, key, window)
}

// Counted is the counter's.
func (c counted) Counted(ctx context.Context, key string) (deeds int, left time.Duration, err error) {
	defer c.in.end("counted", time.Now(), &err)
	return c.counter.Counted(ctx, key)
}
