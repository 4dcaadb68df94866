package metrics

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pecete/pecete/audit"
)

// records measures the audit log, and counts what it has records of.
type records struct {
	appends *prometheus.CounterVec
	took    prometheus.Observer
	synced  prometheus.Observer
	batch   prometheus.Histogram
	unkept  *prometheus.CounterVec

	grants, agreed           prometheus.Counter
	issued, revoked          *prometheus.CounterVec
	verified, refused, locks *prometheus.CounterVec
}

// The values of labels, as the records have them. What else a record may say
// one day is "other".
var (
	outcomes = []string{"kept", "refused", "cancelled", "failed"}
	scopes   = []string{"service", "credential", "other"}
	factors  = []string{"totp", "password", "other"}
	refusals = []string{
		"wrong", "used_before", "not_six_digits", "locked", "paused", "disabled", "no_authenticator", "unknown_address", "other",
	}
	revocations = []string{"access_token", "refresh_token", "refresh_token_used_again", "authorization_code_used_again", "other"}
)

func newRecords(r prometheus.Registerer) records {
	batch := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "pecete_audit_sync_records", Help: "Records that one sync of the audit log wrote.",
		Buckets: []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024},
	})
	r.MustRegister(batch)
	c := func(name, help string) prometheus.Counter { return counters(r, name, help).WithLabelValues() }
	n := records{
		appends: counters(r, "pecete_audit_appends_total", "Records given to the audit log, by whether it kept them.", "outcome"),
		took:    durations(r, "pecete_audit_append_duration_seconds", "Time until a record was on the disk, with its wait for others.", near).WithLabelValues(),
		synced:  durations(r, "pecete_audit_sync_duration_seconds", "Time of one write of the audit log with its sync.", near).WithLabelValues(),
		batch:   batch,
		unkept:  counters(r, "pecete_audit_sync_errors_total", "Writes of the audit log that failed, not counting the tries to mend it."),

		grants:   c("pecete_grants_total", "Grants that signers made."),
		agreed:   c("pecete_grant_signatures_total", "Signatures that signers agreed to in them."),
		issued:   counters(r, "pecete_tokens_issued_total", "Access tokens handed out, by scope.", "scope"),
		revoked:  counters(r, "pecete_tokens_revoked_total", "Tokens revoked, by kind or by what they were misused for.", "kind"),
		verified: counters(r, "pecete_factor_verifications_total", "Codes and passwords that were right.", "factor"),
		refused:  counters(r, "pecete_factor_refusals_total", "Codes and passwords that were not accepted, and why.", "factor", "reason"),
		locks:    counters(r, "pecete_factor_lockouts_total", "Factors of signers that were locked after too many failures in a row.", "factor"),
	}
	n.begin()
	return n
}

// begin has every series stand at 0.
func (n *records) begin() {
	n.unkept.WithLabelValues()
	for _, o := range outcomes {
		n.appends.WithLabelValues(o)
	}
	for _, s := range scopes {
		n.issued.WithLabelValues(s)
	}
	for _, k := range revocations {
		n.revoked.WithLabelValues(k)
	}
	for _, f := range factors[:2] {
		n.verified.WithLabelValues(f)
		n.locks.WithLabelValues(f)
		for _, why := range refusals {
			n.refused.WithLabelValues(f, why)
		}
	}
}

// Appended measures an append to the audit log and counts what it records. What
// could not be recorded was not done.
func (m *Meter) Appended(e audit.Entry, took time.Duration, err error) {
	n := &m.records
	n.took.Observe(took.Seconds())
	switch {
	case errors.Is(err, audit.ErrEntry):
		n.appends.WithLabelValues("refused").Inc()
		return
	case errors.Is(err, context.Canceled): // nobody waits for it any more
		n.appends.WithLabelValues("cancelled").Inc()
		return
	case err != nil:
		n.appends.WithLabelValues("failed").Inc()
		return
	}
	n.appends.WithLabelValues("kept").Inc()
	factor := known(e.Factor, factors)
	switch e.Event {
	case audit.GrantIssued:
		n.grants.Inc()
		n.agreed.Add(float64(e.Count))
	case audit.TokenIssued:
		n.issued.WithLabelValues(known(strings.TrimPrefix(e.Reason, "scope "), scopes)).Inc()
	case audit.TokenRevoked:
		n.revoked.WithLabelValues(word(e.Reason, revocations)).Inc()
	case audit.FactorVerified:
		n.verified.WithLabelValues(factor).Inc()
	case audit.FactorRefused:
		n.refused.WithLabelValues(factor, word(e.Reason, refusals)).Inc()
	case audit.FactorLocked:
		n.locks.WithLabelValues(factor).Inc()
	default: // is counted by nobody
	}
}

// word is a reason as a label's value.
func word(reason string, of []string) string { return known(strings.ReplaceAll(reason, " ", "_"), of) }

// Synced measures a write to the disk.
func (m *Meter) Synced(records int, took time.Duration, err error) {
	m.records.synced.Observe(took.Seconds())
	m.records.batch.Observe(float64(records))
	if err != nil {
		m.records.unkept.WithLabelValues().Inc()
	}
}
