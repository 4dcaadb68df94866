package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/pecete/pecete/callback"
	"github.com/pecete/pecete/metrics"
	"github.com/pecete/pecete/sandbox"
	"github.com/pecete/pecete/signing"
)

func TestJobsAndNotices(t *testing.T) {
	m := newMeter()
	ask(t, m).want(t, map[string]float64{
		`pecete_jobs_total{outcome="given_up"}`: 0, `pecete_jobs_total{outcome="lost"}`: 0, `pecete_notices_total{outcome="given_up"}`: 0,
		`pecete_documents_read_total{outcome="died"}`: 0,
	})
	for _, end := range append(signing.JobEnds(), signing.EndDone) {
		m.JobEnded(end, time.Second)
	}
	for _, outcome := range append(callback.Outcomes(), callback.Failed) {
		m.Noticed(outcome)
	}
	m.Watch(withJobs(sources()))
	s := ask(t, m)
	s.lint(t)
	s.want(t, map[string]float64{
		`pecete_jobs_total{outcome="done"}`: 2, `pecete_jobs_total{outcome="failed"}`: 1, `pecete_jobs_total{outcome="given_up"}`: 1, `pecete_jobs_total{outcome="lost"}`: 1,
		`pecete_job_duration_seconds`:            5,
		`pecete_notices_total{outcome="told"}`:   1,
		`pecete_notices_total{outcome="failed"}`: 2, `pecete_notices_total{outcome="given_up"}`: 1,
		`pecete_jobs_open`: 1, `pecete_jobs_places`: 2, `pecete_jobs_held_bytes`: 3, `pecete_jobs_most_bytes`: 4,
	})
}

func withJobs(s metrics.Sources) metrics.Sources {
	s.Jobs = func() signing.JobStats { return signing.JobStats{Taken: 1, Places: 2, Held: 3, Bytes: 4} }
	return s
}

// What came of a document is told by its error, however deep that is.
func TestDocumentsRead(t *testing.T) {
	for outcome, err := range map[string]error{
		"done": nil, "refused": fmt.Errorf("place: %w", &sandbox.Refusal{About: "document", Said: "no PDF"}), "died": fmt.Errorf("place: %w", &sandbox.DeathError{How: "took too long"}),
		"too_large": sandbox.ErrTooLarge, "busy": sandbox.BusyError{}, "cancelled": context.Canceled, "failed": errors.New("no such program"),
	} {
		m := newMeter()
		m.Read("pdf/place", time.Second, err)
		s := ask(t, m)
		s.lint(t)
		s.want(t, map[string]float64{fmt.Sprintf("pecete_documents_read_total{outcome=%q}", outcome): 1, "pecete_document_duration_seconds": 1})
		sum := 0.0
		for _, each := range s.families["pecete_documents_read_total"].GetMetric() {
			sum += each.GetCounter().GetValue()
		}
		if sum != 1 {
			t.Errorf("%s: counted %v times", outcome, sum)
		}
	}
}
