package metrics

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// device measures the HSM.
type device struct {
	took       *prometheus.HistogramVec
	errors     *prometheus.CounterVec
	recoveries *prometheus.CounterVec
}

var (
	errands = []string{"sign", "seal", "open", "find", "generate", "wrap", "destroy", "canary", "other"}
	steps   = []string{"session", "handle", "login", "module", "other"}
)

func newDevice(r prometheus.Registerer) device {
	d := device{
		took:       durations(r, "pecete_hsm_duration_seconds", "Time that a caller waited for the device, with the wait for a session.", near, "what"),
		errors:     counters(r, "pecete_hsm_errors_total", "What was asked of the device and not done: since it was away, by its rule, or because nobody waited.", "what", "kind"),
		recoveries: counters(r, "pecete_hsm_recoveries_total", "Steps taken to recover the device, by whether they held.", "step", "outcome"),
	}
	for _, what := range errands {
		for _, kind := range []string{"unavailable", "refused", "cancelled"} {
			d.errors.WithLabelValues(what, kind)
		}
	}
	for _, step := range steps {
		d.recoveries.WithLabelValues(step, "held")
		d.recoveries.WithLabelValues(step, "failed")
	}
	return d
}

// Device measures a request to the device: what it wanted, how long its caller
// waited, and what he was told.
func (m *Meter) Device(what string, took time.Duration, err error) {
	what = known(what, errands)
	m.device.took.WithLabelValues(what).Observe(took.Seconds())
	switch {
	case err == nil:
	case errors.Is(err, context.Canceled):
		m.device.errors.WithLabelValues(what, "cancelled").Inc()
	case passes(err):
		m.device.errors.WithLabelValues(what, "unavailable").Inc()
	default:
		m.device.errors.WithLabelValues(what, "refused").Inc()
	}
}

// Recovered counts a step of a recovery, and whether it held.
func (m *Meter) Recovered(step string, err error) {
	outcome := "held"
	if err != nil {
		outcome = "failed"
	}
	m.device.recoveries.WithLabelValues(known(step, steps), outcome).Inc()
}
