package metrics

import (
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// requests measures HTTP.
type requests struct {
	total  *prometheus.CounterVec
	took   *prometheus.HistogramVec
	under  prometheus.Gauge
	barred *prometheus.CounterVec
}

func newRequests(r prometheus.Registerer) requests {
	under := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "pecete_http_requests_in_flight", Help: "Requests under way.",
	})
	r.MustRegister(under)
	return requests{
		total:  counters(r, "pecete_http_requests_total", "Requests answered, by route, verb and class of the status.", "route", "method", "code"),
		took:   durations(r, "pecete_http_request_duration_seconds", "Time from the head of a request to the end of its answer.", far, "route"),
		under:  under,
		barred: counters(r, "pecete_quota_refusals_total", "Requests that were not judged since their network had too many before.", "route"),
	}
}

// verbs are those that are told apart; a client can make up others.
var verbs = []string{http.MethodGet, http.MethodPost, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete}

// Request counts a request that begins, by the pattern of its route; what it
// returns is called at its end.
func (m *Meter) Request(route string) (ended func(verb string, status int)) {
	begun := time.Now()
	m.requests.under.Inc()
	m.requests.barred.WithLabelValues(route) // stands at 0
	return func(verb string, status int) {
		m.requests.under.Dec()
		m.requests.total.WithLabelValues(route, known(verb, verbs), fmt.Sprintf("%dxx", status/100)).Inc()
		m.requests.took.WithLabelValues(route).Observe(time.Since(begun).Seconds())
		if status == http.StatusTooManyRequests {
			m.Barred(route)
		}
	}
}

// Barred counts a request that was not judged since its network had failed too
// often. Request does so itself for those that were told 429.
func (m *Meter) Barred(route string) { m.requests.barred.WithLabelValues(route).Inc() }
