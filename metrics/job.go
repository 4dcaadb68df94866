package metrics

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pecete/pecete/callback"
	"github.com/pecete/pecete/sandbox"
	"github.com/pecete/pecete/signing"
)

// jobs measures what is done while nobody waits for it, and documents that are
// read by children.
type jobs struct {
	ended   *prometheus.CounterVec
	took    prometheus.Observer
	notices *prometheus.CounterVec
	read    *prometheus.CounterVec
	reading prometheus.Observer
}

// readings are how the reading of a document ends.
var readings = []string{"done", "refused", "died", "too_large", "busy", "cancelled", "failed"}

// Seconds that a job may wait for its turn, and take.
var patient = []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 600}

func newJobs(r prometheus.Registerer) jobs {
	j := jobs{
		ended:   counters(r, "pecete_jobs_total", "Requests in mode A that have ended, by how.", "outcome"),
		took:    durations(r, "pecete_job_duration_seconds", "Time from the taking of a request in mode A to its end.", patient).WithLabelValues(),
		notices: counters(r, "pecete_notices_total", "Tries to tell applications of ends, and signers of what became of their certificates.", "outcome"),
		read:    counters(r, "pecete_documents_read_total", "Documents that were given to a child to read, by what came of it.", "outcome"),
		reading: durations(r, "pecete_document_duration_seconds", "Time that a document was read, with the wait for a child.", far).WithLabelValues(),
	}
	for _, end := range signing.JobEnds() {
		j.ended.WithLabelValues(string(end))
	}
	for _, outcome := range callback.Outcomes() {
		j.notices.WithLabelValues(string(outcome))
	}
	for _, outcome := range readings {
		j.read.WithLabelValues(outcome)
	}
	return j
}

// JobEnded counts a request in mode A that has ended.
func (m *Meter) JobEnded(end signing.JobEnd, took time.Duration) {
	m.jobs.ended.WithLabelValues(string(end)).Inc()
	m.jobs.took.Observe(took.Seconds())
}

// Noticed counts a try to tell of such an end.
func (m *Meter) Noticed(outcome callback.Outcome) {
	m.jobs.notices.WithLabelValues(string(outcome)).Inc()
}

// Read counts a document that a child was given.
func (m *Meter) Read(_ string, took time.Duration, err error) {
	m.jobs.read.WithLabelValues(reading(err)).Inc()
	m.jobs.reading.Observe(took.Seconds())
}

func reading(err error) string {
	var refused *sandbox.Refusal
	var died *sandbox.DeathError
	switch {
	case err == nil:
		return "done"
	case errors.As(err, &refused):
		return "refused"
	case errors.As(err, &died):
		return "died"
	case errors.Is(err, sandbox.ErrTooLarge):
		return "too_large"
	case passes(err):
		return "busy"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "cancelled"
	}
	return "failed"
}

func (s Sources) readJobs(gauge gauge, _ tally) {
	if s.Jobs == nil {
		return
	}
	j := s.Jobs()
	gauge("pecete_jobs_open", "Requests in mode A that this process has taken and not ended.", float64(j.Taken))
	gauge("pecete_jobs_places", "Requests in mode A that a process takes.", float64(j.Places))
	gauge("pecete_jobs_held_bytes", "Bytes of memory that they take.", float64(j.Held))
	gauge("pecete_jobs_most_bytes", "Bytes of memory that they may take.", float64(j.Bytes))
}
