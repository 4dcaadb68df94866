package metrics_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/metrics"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/signing"
)

// A scrape is what Prometheus reads.
type scrape struct {
	text     []byte
	families map[string]*dto.MetricFamily
}

func read(t *testing.T, text []byte) scrape {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	must(t, err)
	return scrape{text, families}
}

// of is the value of a series, written as "name{label="value",…}" with the
// labels in order; a histogram's is how much was observed.
func (s scrape) of(t *testing.T, series string) float64 {
	t.Helper()
	name, _, _ := strings.Cut(series, "{")
	for _, m := range s.families[name].GetMetric() {
		if series != name+labels(m) {
			continue
		}
		switch s.families[name].GetType() {
		case dto.MetricType_COUNTER:
			return m.GetCounter().GetValue()
		case dto.MetricType_HISTOGRAM:
			return float64(m.GetHistogram().GetSampleCount())
		default:
			return m.GetGauge().GetValue()
		}
	}
	t.Fatalf("there is no %s", series)
	return 0
}

func labels(m *dto.Metric) string {
	var all []string
	for _, l := range m.GetLabel() {
		all = append(all, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
	}
	if len(all) == 0 {
		return ""
	}
	slices.Sort(all)
	return "{" + strings.Join(all, ",") + "}"
}

// series are all there are of our own.
func (s scrape) series() (all []string) {
	for name, family := range s.families {
		if !strings.HasPrefix(name, "pecete_") {
			continue
		}
		for _, m := range family.GetMetric() {
			all = append(all, name+labels(m))
		}
	}
	slices.Sort(all)
	return all
}

// want compares the values of series.
func (s scrape) want(t *testing.T, want map[string]float64) {
	t.Helper()
	for series, value := range want {
		if got := s.of(t, series); got != value {
			t.Errorf("%s is %v, want %v", series, got, value)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newMeter() *metrics.Meter { return metrics.New(slog.New(slog.DiscardHandler)) }

func ask(t *testing.T, m *metrics.Meter) scrape {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return read(t, w.Body.Bytes())
}

// lint is what Prometheus's own linter finds wrong.
func (s scrape) lint(t *testing.T) {
	t.Helper()
	problems, err := promlint.New(bytes.NewReader(s.text)).Lint()
	must(t, err)
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// away is what passes by itself.
type away struct{}

func (away) Error() string     { return "away" }
func (away) Unavailable() bool { return true }

func sources() metrics.Sources {
	return metrics.Sources{
		Device: func() metrics.Device {
			return metrics.Device{Sessions: 2, Busy: 1, Queued: 3, Places: 64, Epochs: 4, Reloads: 5, PINRefused: true}
		},
		Log: func() audit.Stats {
			return audit.Stats{Records: 7, Bytes: 8, Waiting: 9, Signed: time.Unix(10, 0), Unsigned: time.Now().Add(-time.Hour), Failed: true}
		},
		Pools:        func() []metrics.Pool { return []metrics.Pool{{Lane: "read", InUse: 1, Most: 4}} },
		Runs:         func() uint64 { return 2 },
		Certificates: map[string]time.Time{"tls": time.Unix(1e9, 0)},
		Folders:      map[string]string{"audit": ".", "gone": "/nowhere"},
		Checks: map[string]func(context.Context) error{
			"hsm": func(context.Context) error { return nil }, "audit": func(context.Context) error { return away{} },
		},
	}
}

func TestSourcesAreRead(t *testing.T) {
	m := newMeter()
	m.Watch(sources())
	s := ask(t, m)
	s.lint(t)
	s.want(t, map[string]float64{
		`pecete_hsm_sessions`: 2, `pecete_hsm_sessions_busy`: 1, `pecete_hsm_queue_taken`: 3, `pecete_hsm_queue_places`: 64,
		`pecete_hsm_logins_total`: 4, `pecete_hsm_module_reloads_total`: 5, `pecete_hsm_pin_refused`: 1,
		`pecete_audit_log_records`: 7, `pecete_audit_log_size_bytes`: 8, `pecete_audit_queue_records`: 9,
		`pecete_audit_head_timestamp_seconds`: 10, `pecete_audit_failed`: 1,
		`pecete_registry_connections{lane="read"}`: 4, `pecete_registry_connections_in_use{lane="read"}`: 1,
		`pecete_onetime_run_changes_total`: 2, `pecete_certificate_expiry_timestamp_seconds{certificate="tls"}`: 1e9,
		`pecete_ready{check="hsm"}`: 1, `pecete_ready{check="audit"}`: 0,
	})
	if age := s.of(t, "pecete_audit_unsigned_seconds"); age < 3600 || age > 4000 {
		t.Errorf("the oldest unsigned record is %v s old, want an hour", age)
	}
	size, left := s.of(t, `pecete_disk_size_bytes{folder="audit"}`), s.of(t, `pecete_disk_available_bytes{folder="audit"}`)
	if left <= 0 || size < left {
		t.Errorf("%v of %v bytes are left", left, size)
	}
	if strings.Contains(string(s.text), `"gone"`) {
		t.Error("a folder that is not there has figures")
	}
}

// What stands nowhere yet is 0, so that its first increase is one.
func TestCountersStandAtZero(t *testing.T) {
	s := ask(t, newMeter())
	s.want(t, map[string]float64{
		`pecete_signatures_total{outcome="wrong_signature",reason=""}`:      0,
		`pecete_signatures_total{outcome="refused",reason="expired"}`:       0,
		`pecete_spends_refused_total{reason="spent"}`:                       0,
		`pecete_audit_appends_total{outcome="failed"}`:                      0,
		`pecete_audit_sync_errors_total`:                                    0,
		`pecete_factor_lockouts_total{factor="totp"}`:                       0,
		`pecete_hsm_recoveries_total{outcome="failed",step="module"}`:       0,
		`pecete_hsm_errors_total{kind="unavailable",what="sign"}`:           0,
		`pecete_tokens_revoked_total{kind="authorization_code_used_again"}`: 0,
	})
}

func TestSigned(t *testing.T) {
	told := csc.Invalid("SAD")
	told.Cause = sad.ErrSpent
	for _, tt := range []struct {
		says    string
		outcome signing.Outcome
		err     error
		series  string
		spends  string // rule
	}{
		{"a signature", signing.Done, nil, `{outcome="done",reason=""}`, ""},
		{"a spent grant", signing.Refused, told, `{outcome="refused",reason="spent"}`, "spent"},
		{"a request that is wrong", signing.Refused, csc.Invalid("credentialID"), `{outcome="refused",reason="request"}`, ""},
		{"a refusal that could not be recorded", signing.AuditFailed, errors.Join(told, away{}), `{outcome="audit_failed",reason=""}`, "spent"},
		{"a wrong signature", signing.WrongSignature, signing.ErrWrongSignature, `{outcome="wrong_signature",reason=""}`, ""},
	} {
		t.Run(tt.says, func(t *testing.T) {
			m := newMeter()
			m.Signed(tt.outcome, 3, tt.err)
			s := ask(t, m)
			want := map[string]float64{"pecete_signatures_total" + tt.series: 3, "pecete_signature_request_digests": 1}
			for _, rule := range []string{"unknown", "foreign", "credential", "expired", "spent", "hash", "algorithm"} {
				want[fmt.Sprintf("pecete_spends_refused_total{reason=%q}", rule)] = 0
			}
			if tt.spends != "" {
				want[fmt.Sprintf("pecete_spends_refused_total{reason=%q}", tt.spends)] = 1
			}
			s.want(t, want)
		})
	}
}

// What is counted from a record is what was recorded.
func TestAppended(t *testing.T) {
	for _, tt := range []struct {
		entry  audit.Entry
		err    error
		series string
		want   float64
	}{
		{audit.Entry{Event: audit.GrantIssued, Count: 5}, nil, `pecete_grant_signatures_total`, 5},
		{audit.Entry{Event: audit.GrantIssued, Count: 5}, nil, `pecete_grants_total`, 1},
		{audit.Entry{Event: audit.GrantIssued, Count: 5}, away{}, `pecete_grants_total`, 0},
		{audit.Entry{Event: audit.GrantIssued, Count: 5}, away{}, `pecete_audit_appends_total{outcome="failed"}`, 1},
		{audit.Entry{Event: audit.GrantIssued, Count: 5}, context.Canceled, `pecete_audit_appends_total{outcome="cancelled"}`, 1},
		{audit.Entry{Event: "nonsense"}, audit.ErrEntry, `pecete_audit_appends_total{outcome="refused"}`, 1},
		{audit.Entry{Event: audit.SignDone}, nil, `pecete_audit_appends_total{outcome="kept"}`, 1},
		{audit.Entry{Event: audit.TokenIssued, Reason: "scope credential"}, nil, `pecete_tokens_issued_total{scope="credential"}`, 1},
		{audit.Entry{Event: audit.TokenIssued, Reason: "scope u_1"}, nil, `pecete_tokens_issued_total{scope="other"}`, 1},
		{audit.Entry{Event: audit.TokenRevoked, Reason: "refresh token used again"}, nil, `pecete_tokens_revoked_total{kind="refresh_token_used_again"}`, 1},
		{audit.Entry{Event: audit.TokenRevoked, Reason: "u_1"}, nil, `pecete_tokens_revoked_total{kind="other"}`, 1},
		{audit.Entry{Event: audit.FactorVerified, Factor: "totp"}, nil, `pecete_factor_verifications_total{factor="totp"}`, 1},
		{audit.Entry{Event: audit.FactorRefused, Factor: "password", Reason: "paused"}, nil, `pecete_factor_refusals_total{factor="password",reason="paused"}`, 1},
		{audit.Entry{Event: audit.FactorRefused, Factor: "totp", Reason: "of u_1"}, nil, `pecete_factor_refusals_total{factor="totp",reason="other"}`, 1},
		{audit.Entry{Event: audit.FactorLocked, Factor: "totp"}, nil, `pecete_factor_lockouts_total{factor="totp"}`, 1},
	} {
		m := newMeter()
		m.Appended(tt.entry, time.Millisecond, tt.err)
		ask(t, m).want(t, map[string]float64{tt.series: tt.want, "pecete_audit_append_duration_seconds": 1})
	}
}

func TestRequestsDeviceAndStores(t *testing.T) {
	m := newMeter()
	m.Request("/csc/v2/info")(http.MethodPost, 200)
	m.Request("/oauth2/token")("BREW", 429)
	m.Request("other")
	m.Barred("/login")
	m.Device("sign", time.Millisecond, nil)
	m.Device("sign", time.Millisecond, away{})
	m.Device("sign", time.Millisecond, fmt.Errorf("%w: %w", away{}, context.Canceled))
	m.Device("find", time.Millisecond, errors.New("no such key"))
	m.Device("u_1", time.Millisecond, nil)
	m.Recovered("module", nil)
	m.Recovered("session", away{})
	m.Registry("read", time.Millisecond, nil)
	m.Registry("write", time.Millisecond, away{})
	m.Synced(3, time.Millisecond, nil)
	m.Synced(1, time.Millisecond, away{})
	s := ask(t, m)
	s.lint(t)
	s.want(t, map[string]float64{
		`pecete_http_requests_total{code="2xx",method="POST",route="/csc/v2/info"}`:   1,
		`pecete_http_requests_total{code="4xx",method="other",route="/oauth2/token"}`: 1,
		`pecete_http_request_duration_seconds{route="/csc/v2/info"}`:                  1,
		`pecete_http_requests_in_flight`:                                              1,
		`pecete_quota_refusals_total{route="/oauth2/token"}`:                          1,
		`pecete_quota_refusals_total{route="/login"}`:                                 1,
		`pecete_quota_refusals_total{route="/csc/v2/info"}`:                           0,
		`pecete_hsm_duration_seconds{what="sign"}`:                                    3,
		`pecete_hsm_duration_seconds{what="other"}`:                                   1,
		`pecete_hsm_errors_total{kind="unavailable",what="sign"}`:                     1,
		`pecete_hsm_errors_total{kind="cancelled",what="sign"}`:                       1,
		`pecete_hsm_errors_total{kind="refused",what="find"}`:                         1,
		`pecete_hsm_recoveries_total{outcome="held",step="module"}`:                   1,
		`pecete_hsm_recoveries_total{outcome="failed",step="session"}`:                1,
		`pecete_registry_errors_total{lane="read"}`:                                   0,
		`pecete_registry_errors_total{lane="write"}`:                                  1,
		`pecete_registry_duration_seconds{lane="write"}`:                              1,
		`pecete_audit_sync_duration_seconds`:                                          2,
		`pecete_audit_sync_records`:                                                   2,
		`pecete_audit_sync_errors_total`:                                              1,
	})
}

// brokenStore answers nothing.
type brokenStore struct{ onetime.Store }

func (brokenStore) Take(context.Context, string) ([]byte, error) { return nil, away{} }

// The store behind keeps its promises, and what it has not is no error.
func TestOneTime(t *testing.T) {
	m := newMeter()
	s := m.OneTime(brokenStore{onetime.NewMemory(time.Now)})
	must(t, s.Put(t.Context(), "a", []byte("one"), time.Minute))
	if err := s.Put(t.Context(), "a", []byte("one"), time.Minute); !errors.Is(err, onetime.ErrExists) {
		t.Error(err)
	}
	if got, err := s.Get(t.Context(), "a"); err != nil || string(got) != "one" {
		t.Errorf("%q, %v", got, err)
	}
	if swapped, err := s.Swap(t.Context(), "a", []byte("one"), nil, 0); err != nil || !swapped {
		t.Errorf("%t, %v", swapped, err)
	}
	if _, err := s.Get(t.Context(), "a"); !errors.Is(err, onetime.ErrUnknown) {
		t.Error(err)
	}
	if _, err := s.Take(t.Context(), "a"); !errors.Is(err, away{}) {
		t.Error(err)
	}
	must(t, s.Ready(t.Context()))
	want := map[string]float64{}
	for verb, n := range map[string]float64{"put": 2, "get": 2, "swap": 1, "take": 1, "ready": 1} {
		want[fmt.Sprintf("pecete_onetime_duration_seconds{verb=%q}", verb)] = n
		want[fmt.Sprintf("pecete_onetime_errors_total{verb=%q}", verb)] = 0
	}
	want[`pecete_onetime_errors_total{verb="take"}`] = 1
	ask(t, m).want(t, want)
}

// Counts are questions to the one-time store too.
func TestCounter(t *testing.T) {
	m := newMeter()
	server := proctest.Redis(t)
	redis, err := onetime.OpenRedis(t.Context(), onetime.Config{URL: server.URL})
	must(t, err)
	t.Cleanup(func() { _ = redis.Close() })
	c := m.Counter(redis)
	if deeds, left, err := c.Count(t.Context(), "a", time.Minute); err != nil || deeds != 1 || left <= 0 {
		t.Errorf("%d, %v, %v", deeds, left, err)
	}
	if deeds, left, err := c.Counted(t.Context(), "a"); err != nil || deeds != 1 || left <= 0 {
		t.Errorf("%d, %v, %v", deeds, left, err)
	}
	server.Kill9()
	if _, _, err := c.Counted(t.Context(), "a"); err == nil {
		t.Error("counted by nobody")
	}
	ask(t, m).want(t, map[string]float64{
		`pecete_onetime_duration_seconds{verb="count"}`: 1, `pecete_onetime_duration_seconds{verb="counted"}`: 2,
		`pecete_onetime_errors_total{verb="count"}`: 0, `pecete_onetime_errors_total{verb="counted"}`: 1,
	})
}

// However often somebody scrapes, the device does not sign for each.
func TestChecksAreNotAskedForEveryScrape(t *testing.T) {
	var asked atomic.Int32
	m, s := newMeter(), sources()
	s.Checks = map[string]func(context.Context) error{"hsm": func(ctx context.Context) error {
		asked.Add(1)
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("a check may take for ever")
		}
		return nil
	}}
	m.Watch(s)
	begun := time.Now()
	for range 50 {
		ask(t, m)
	}
	if most := 1 + time.Since(begun)/(5*time.Second); asked.Load() < 1 || int(asked.Load()) > int(most) {
		t.Errorf("asked %d times, want at most %d", asked.Load(), most)
	}
	if diff := cmp.Diff(1.0, ask(t, m).of(t, `pecete_ready{check="hsm"}`)); diff != "" {
		t.Error(diff)
	}
}
