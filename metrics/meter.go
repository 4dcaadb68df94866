// Package metrics counts and times what a server does and tells Prometheus, on
// a listener of its own that is not the public one.
//
// It is the only package that knows the Prometheus library, and nobody of whom
// it tells knows it: each of them calls a function that it was given, or
// answers when it is asked how it stands, and cmd/pecete ties the two together.
// What the audit log keeps a record of (grants, tokens, codes and passwords) is
// counted from the record, so that both always say the same.
//
// Labels have few values, all known beforehand: never an id, a name, an address
// or a path. Counters that an alert looks at stand at 0 from the start, since
// Prometheus sees no increase in a series that begins at 1.
package metrics

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// A Meter measures one server. Many may use it at a time; none of its methods
// waits for anybody.
type Meter struct {
	registry *prometheus.Registry
	logger   *slog.Logger

	requests   requests
	signatures signatures
	records    records
	device     device
	onetime    store
	database   database
	jobs       jobs
}

// New makes a Meter that has measured nothing yet. What cannot be told of is
// told the logger.
func New(logger *slog.Logger) *Meter {
	r := prometheus.NewRegistry()
	m := &Meter{
		registry: r, logger: logger,
		requests: newRequests(r), signatures: newSignatures(r), records: newRecords(r),
		device: newDevice(r), onetime: newStore(r), database: newDatabase(r), jobs: newJobs(r),
	}
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), buildInfo())
	return m
}

// Handler answers a scrape.
func (m *Meter) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(m.logger.Handler(), slog.LevelWarn),
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: 8,
	})
}

// counters makes and registers a family of counters.
func counters(r prometheus.Registerer, name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	r.MustRegister(v)
	return v
}

// durations makes and registers a family of histograms of seconds.
func durations(r prometheus.Registerer, name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	r.MustRegister(v)
	return v
}

// Seconds of what goes over the network to a client, and of what stays near.
var (
	far  = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	near = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
)

// known is value if it is one of those that are told apart, else "other".
func known(value string, of []string) string {
	if slices.Contains(of, value) {
		return value
	}
	return "other"
}

// passes reports whether err says that it passes by itself.
func passes(err error) bool {
	var passing interface{ Unavailable() bool }
	return errors.As(err, &passing) && passing.Unavailable()
}
