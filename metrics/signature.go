package metrics

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/signing"
)

// signatures measures what is signed and what is not.
type signatures struct {
	total   *prometheus.CounterVec
	digests prometheus.Histogram
	spends  *prometheus.CounterVec
}

// rules are those of spending a grant, by their label.
var rules = []struct {
	err  error
	name string
}{
	{sad.ErrUnknown, "unknown"},
	{sad.ErrForeign, "foreign"},
	{sad.ErrCredential, "credential"},
	{sad.ErrExpired, "expired"},
	{sad.ErrSpent, "spent"},
	{sad.ErrHash, "hash"},
	{sad.ErrAlgorithm, "algorithm"},
}

// notAGrants is the reason of refusals that no grant was asked about.
const notAGrants = "request"

func newSignatures(r prometheus.Registerer) signatures {
	digests := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "pecete_signature_request_digests", Help: "Digests in a request for signatures.",
		Buckets: []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000},
	})
	r.MustRegister(digests)
	s := signatures{
		total:   counters(r, "pecete_signatures_total", "Digests that signatures were asked for, by what came of them; refused ones by the rule.", "outcome", "reason"),
		digests: digests,
		spends:  counters(r, "pecete_spends_refused_total", "Requests that a grant did not allow, by the rule.", "reason"),
	}
	for _, o := range signing.Outcomes() {
		if o != signing.Refused {
			s.total.WithLabelValues(string(o), "")
		}
	}
	s.total.WithLabelValues(string(signing.Refused), notAGrants)
	for _, rule := range rules {
		s.total.WithLabelValues(string(signing.Refused), rule.name)
		s.spends.WithLabelValues(rule.name)
	}
	return s
}

// Signed counts a request for signatures that has ended.
func (m *Meter) Signed(o signing.Outcome, digests int, err error) {
	reason := ""
	if o == signing.Refused {
		if reason = broken(err); reason == "" {
			reason = notAGrants
		}
	}
	m.signatures.total.WithLabelValues(string(o), reason).Add(float64(digests))
	m.signatures.digests.Observe(float64(digests))
	if rule := broken(err); rule != "" {
		m.signatures.spends.WithLabelValues(rule).Inc()
	}
}

// broken is the rule of spending that err says was broken, "" if none.
func broken(err error) string {
	for _, rule := range rules {
		if errors.Is(err, rule.err) {
			return rule.name
		}
	}
	return ""
}
