package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/signing"
)

// Device is how the HSM stands.
type Device struct {
	Sessions, Busy, Queued, Places int
	Epochs, Reloads                uint64
	PINRefused                     bool
}

// A Pool is how connections to the registry stand.
type Pool struct {
	Lane        string
	InUse, Most int
}

// Sources are asked how they stand at each scrape.
type Sources struct {
	Device func() Device
	Log    func() audit.Stats
	Pools  func() []Pool
	// Jobs are those of this process; nil if it takes none.
	Jobs func() signing.JobStats
	// Runs is how often the one-time store was found in another run.
	Runs func() uint64
	// Checks are what the server cannot work without, by name. They are asked
	// for real, and at most once in five seconds.
	Checks map[string]func(context.Context) error
	// Certificates are the ends of certificates by their use.
	Certificates map[string]time.Time
	// Folders are paths by what is kept there.
	Folders map[string]string
}

// Watch has scrapes tell of the sources too. It is called once.
func (m *Meter) Watch(s Sources) {
	m.registry.MustRegister(
		standing(s.readDevice), standing(s.readLog), standing(s.readStores), standing(s.readCertificates), standing(s.readFolders), standing(s.readJobs),
		standing((&readiness{checks: s.Checks}).read))
}

// A gauge says one number, a tally one that only grows, each with its labels'
// names and values in turn.
type (
	gauge func(name, help string, value float64, labels ...string)
	tally func(name, help string, value uint64, labels ...string)
)

// A standing reads what stands somewhere. It is a Collector that describes
// nothing beforehand.
type standing func(gauge, tally)

var _ prometheus.Collector = standing(nil)

// Describe is prometheus's.
func (standing) Describe(chan<- *prometheus.Desc) {}

// Collect is prometheus's.
func (read standing) Collect(metrics chan<- prometheus.Metric) {
	send := func(kind prometheus.ValueType, name, help string, value float64, labels []string) {
		var names, values []string
		for i := 0; i+1 < len(labels); i += 2 {
			names, values = append(names, labels[i]), append(values, labels[i+1])
		}
		metrics <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, names, nil), kind, value, values...)
	}
	read(func(name, help string, value float64, labels ...string) {
		send(prometheus.GaugeValue, name, help, value, labels)
	}, func(name, help string, value uint64, labels ...string) {
		send(prometheus.CounterValue, name, help, float64(value), labels)
	})
}

func (s Sources) readDevice(gauge gauge, tally tally) {
	d := s.Device()
	gauge("pecete_hsm_sessions", "Sessions that sign.", float64(d.Sessions))
	gauge("pecete_hsm_sessions_busy", "Sessions at work.", float64(d.Busy))
	gauge("pecete_hsm_queue_places", "Places in the device's queue.", float64(d.Places))
	gauge("pecete_hsm_queue_taken", "Places that are taken.", float64(d.Queued))
	tally("pecete_hsm_logins_total", "Logins to the device, the first at the start.", d.Epochs)
	tally("pecete_hsm_module_reloads_total", "Reloads of the device's library.", d.Reloads)
	gauge("pecete_hsm_pin_refused", "1 after the device refused the PIN, which is then not sent again.", flag(d.PINRefused))
}

func (s Sources) readLog(gauge gauge, _ tally) {
	l := s.Log()
	gauge("pecete_audit_log_records", "Records in the audit log.", float64(l.Records))
	gauge("pecete_audit_log_size_bytes", "Size of the audit log.", float64(l.Bytes))
	gauge("pecete_audit_queue_records", "Records that wait to be written.", float64(l.Waiting))
	gauge("pecete_audit_failed", "1 while the audit log cannot write: nothing is signed then.", flag(l.Failed))
	gauge("pecete_audit_head_timestamp_seconds", "When a signed head of the audit log was last kept, 0 if this process had none.", unix(l.Signed))
	age := 0.0
	if !l.Unsigned.IsZero() {
		age = max(0, time.Since(l.Unsigned).Seconds())
	}
	gauge("pecete_audit_unsigned_seconds", "Age of the oldest record that no signed and kept head covers, 0 if there is none.", age)
}

func (s Sources) readStores(gauge gauge, tally tally) {
	for _, p := range s.Pools() {
		gauge("pecete_registry_connections", "Connections that there can be to the registry.", float64(p.Most), "lane", p.Lane)
		gauge("pecete_registry_connections_in_use", "Connections to the registry at work.", float64(p.InUse), "lane", p.Lane)
	}
	tally("pecete_onetime_run_changes_total", "Changes of the run of Redis; each lost all grants, codes and tokens.", s.Runs())
}

func (s Sources) readCertificates(gauge gauge, _ tally) {
	for use, end := range s.Certificates {
		gauge("pecete_certificate_expiry_timestamp_seconds", "End of a certificate of the server.", unix(end), "certificate", use)
	}
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// unix is 0 for no time.
func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
