package metrics_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"
)

// An expression of PromQL, looked at closely enough to know which metrics and
// labels it names.
var (
	variable = regexp.MustCompile(`\$__(rate_interval|range)`)
	grouping = regexp.MustCompile(`\b(by|without|on|ignoring)\s*\(([^)]*)\)`)
	selector = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)\s*\{([^}]*)\}`)
	matcher  = regexp.MustCompile(`^\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"([^"]*)"\s*$`)
	rest     = regexp.MustCompile(`\[[^\]]*\]|"[^"]*"|\b\d+(\.\d+)?\b`)
	word     = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*`)
	template = regexp.MustCompile(`\{\{ ?(?:\$labels\.)?(\w+) ?\}\}|\$labels\.(\w+)`)
)

// spoken are the words of the language that the expressions use.
var spoken = strings.Fields(`sum min max rate increase histogram_quantile predict_linear time absent and or by`)

// added are the labels that Prometheus adds to whatever it scrapes, and up is
// the metric it makes.
var added = []string{"job", "instance"}

// series are those a name in an expression stands for: of a histogram there are
// three.
func (s scrape) named(name string) []map[string]string {
	family, suffix := s.families[name], ""
	for _, end := range []string{"_bucket", "_sum", "_count"} {
		base, cut := strings.CutSuffix(name, end)
		kind := s.families[base].GetType()
		if cut && s.families[base] != nil && (kind == dto.MetricType_HISTOGRAM || kind == dto.MetricType_SUMMARY) {
			family, suffix = s.families[base], end
		}
	}
	var all []map[string]string
	for _, m := range family.GetMetric() {
		of := map[string]string{}
		for _, l := range m.GetLabel() {
			of[l.GetName()] = l.GetValue()
		}
		if suffix == "_bucket" {
			for _, b := range m.GetHistogram().GetBucket() {
				of["le"] = model.SampleValue(b.GetUpperBound()).String()
				all = append(all, maps.Clone(of))
			}
			continue
		}
		if family.GetType() == dto.MetricType_SUMMARY && suffix == "" {
			for _, q := range m.GetSummary().GetQuantile() {
				of["quantile"] = fmt.Sprint(q.GetQuantile())
				all = append(all, maps.Clone(of))
			}
			continue
		}
		all = append(all, of)
	}
	if name == "up" {
		all = append(all, map[string]string{})
	}
	return all
}

// check says what is wrong with an expression, as somebody would who has only
// this scrape to ask.
func (s scrape) check(expr string) (faults []string) {
	say := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	expr = variable.ReplaceAllString(expr, "5m")
	known := slices.Clone(added)
	look := func(name string, matchers ...string) {
		all := s.named(name)
		if len(all) == 0 {
			say("there is no metric %s", name)
			return
		}
		for _, of := range all {
			known = slices.AppendSeq(known, maps.Keys(of))
		}
		for _, text := range matchers {
			if fault := fits(all, text); fault != "" {
				say("%s%s", name, fault)
			}
		}
	}
	var groups []string
	bare := grouping.ReplaceAllStringFunc(expr, func(clause string) string {
		groups = append(groups, strings.Split(grouping.FindStringSubmatch(clause)[2], ",")...)
		return " "
	})
	bare = selector.ReplaceAllStringFunc(bare, func(text string) string {
		parts := selector.FindStringSubmatch(text)
		look(parts[1], strings.Split(parts[2], ",")...)
		return " "
	})
	for _, name := range word.FindAllString(rest.ReplaceAllString(bare, " "), -1) {
		if !slices.Contains(spoken, name) {
			look(name)
		}
	}
	for _, label := range groups {
		if label = strings.TrimSpace(label); !slices.Contains(known, label) {
			say("no metric in it has the label %s", label)
		}
	}
	if strings.Count(expr, "(") != strings.Count(expr, ")") {
		say("the parentheses are not closed")
	}
	return faults
}

// fits says why no series has what the matcher asks for: its label, and one of
// the values it names.
func fits(all []map[string]string, text string) string {
	parts := matcher.FindStringSubmatch(text)
	if parts == nil {
		return fmt.Sprintf(": %q is not a matcher", text)
	}
	label, value := parts[1], parts[3]
	if slices.Contains(added, label) {
		return ""
	}
	if !strings.HasSuffix(parts[2], "~") {
		value = regexp.QuoteMeta(value)
	}
	want, err := regexp.Compile("^(?:" + value + ")$")
	if err != nil {
		return ": " + err.Error()
	}
	if !slices.ContainsFunc(all, func(of map[string]string) bool { got, has := of[label]; return has && want.MatchString(got) }) {
		return fmt.Sprintf(" has no series with %s", strings.TrimSpace(text))
	}
	return ""
}

// grouped are the labels that the result of an expression has, if it was
// aggregated.
func grouped(expr string) (all []string) {
	for _, clause := range grouping.FindAllStringSubmatch(expr, -1) {
		for _, label := range strings.Split(clause[2], ",") {
			all = append(all, strings.TrimSpace(label))
		}
	}
	return all
}

// The look at expressions sees what it should.
func TestExpressionsAreLookedAt(t *testing.T) {
	live(t)
	for _, tt := range []struct {
		expr string
		want string // in the only fault, "" for none
	}{
		{`sum by (outcome) (rate(pecete_signatures_total{outcome!="done"}[5m])) > 0.5`, ""},
		{`histogram_quantile(0.99, sum by (le, what) (rate(pecete_hsm_duration_seconds_bucket[$__rate_interval])))`, ""},
		{`rate(pecete_signatures_totals[5m])`, "no metric pecete_signatures_totals"},
		{`rate(pecte_signatures_total{outcome="done"}[5m])`, "no metric pecte_signatures_total"},
		{`pecete_hsm_duration_seconds`, ""},
		{`pecete_audit_failed_count`, "no metric pecete_audit_failed_count"},
		{`pecete_signatures_total{result="done"}`, `no series with result="done"`},
		{`pecete_signatures_total{outcome="finished"}`, `no series with outcome="finished"`},
		{`pecete_signatures_total{outcome=~"fin.*"}`, `no series with outcome=~"fin.*"`},
		{`sum by (user) (pecete_signatures_total)`, "no metric in it has the label user"},
		{`median(pecete_audit_failed)`, "no metric median"},
		{`sum(rate(pecete_grants_total[5m])`, "parentheses"},
	} {
		faults := lived.two.check(tt.expr)
		if len(faults) > 1 || (tt.want == "") != (len(faults) == 0) || !strings.Contains(strings.Join(faults, ""), tt.want) {
			t.Errorf("%s: %q, want %q", tt.expr, faults, tt.want)
		}
	}
}
