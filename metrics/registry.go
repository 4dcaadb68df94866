package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// database measures the registry.
type database struct {
	took   *prometheus.HistogramVec
	errors *prometheus.CounterVec
}

func newDatabase(r prometheus.Registerer) database {
	return database{
		took:   durations(r, "pecete_registry_duration_seconds", "Time of a question to the registry, with the wait for a connection.", near, "lane"),
		errors: counters(r, "pecete_registry_errors_total", "Questions that the registry did not answer.", "lane"),
	}
}

// Registry measures a question to the registry in one of its lanes; err is nil
// unless it failed.
func (m *Meter) Registry(lane string, took time.Duration, err error) {
	m.database.took.WithLabelValues(lane).Observe(took.Seconds())
	failed := m.database.errors.WithLabelValues(lane)
	if err != nil {
		failed.Inc()
	}
}
