package metrics_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

const (
	rulesFile     = "../deploy/prometheus/alerts.yaml"
	ruleTestsFile = "../deploy/prometheus/alerts_test.yaml"
	dashboardFile = "../deploy/grafana/pecete.json"
	alertsPage    = "../docs/alerts.md"
)

// A rule is one of a file of rules; what is not here may not be there.
type rule struct {
	Alert       string
	Expr        string
	For         string
	Labels      struct{ Severity string }
	Annotations struct {
		Summary, Description string
		RunbookURL           string `yaml:"runbook_url"`
	}
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	decoder := yaml.NewDecoder(bytes.NewReader(file(t, path)))
	decoder.KnownFields(true)
	must(t, decoder.Decode(into))
}

func file(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return text
}

func rules(t *testing.T) (all []rule) {
	t.Helper()
	var f struct {
		Groups []struct {
			Name  string
			Rules []rule
		}
	}
	readYAML(t, rulesFile, &f)
	for _, g := range f.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) < 15 {
		t.Fatalf("%d rules", len(all))
	}
	return all
}

func TestRulesNameWhatThereIs(t *testing.T) {
	live(t)
	page, seen := string(file(t, alertsPage)), map[string]bool{}
	for _, r := range rules(t) {
		for _, fault := range lived.two.check(r.Expr) {
			t.Errorf("%s: %s", r.Alert, fault)
		}
		if seen[r.Alert] {
			t.Errorf("%s stands there twice", r.Alert)
		}
		seen[r.Alert] = true
		if !regexp.MustCompile(`^\d+[smh]$`).MatchString(r.For) || r.Labels.Severity != "page" && r.Labels.Severity != "ticket" {
			t.Errorf("%s: for %q, severity %q", r.Alert, r.For, r.Labels.Severity)
		}
		if r.Annotations.Summary == "" || r.Annotations.Description == "" {
			t.Errorf("%s says nothing", r.Alert)
		}
		has := append(grouped(r.Expr), "job", "instance", "end")
		for _, used := range template.FindAllStringSubmatch(r.Annotations.Summary+r.Annotations.Description, -1) {
			if name := used[1] + used[2]; !slices.Contains(has, name) {
				t.Errorf("%s speaks of the label %s and groups by %q", r.Alert, name, has)
			}
		}
		if want := "https://github.com/pecete/pecete/blob/main/docs/alerts.md#" + strings.ToLower(r.Alert); r.Annotations.RunbookURL != want {
			t.Errorf("%s: runbook %q, want %q", r.Alert, r.Annotations.RunbookURL, want)
		}
		if !strings.Contains(page, "\n## "+r.Alert+"\n") {
			t.Errorf("docs/alerts.md has no section %s", r.Alert)
		}
	}
	for _, heading := range regexp.MustCompile(`(?m)^## (\w+)$`).FindAllStringSubmatch(page, -1) {
		if !seen[heading[1]] {
			t.Errorf("docs/alerts.md has a section %s, and there is no such alert", heading[1])
		}
	}
}

// Prometheus's own tool takes the rules, and its tests of them hold.
func TestRulesByPromtool(t *testing.T) {
	for _, args := range [][]string{{"check", "rules", rulesFile}, {"test", "rules", ruleTestsFile}} {
		out, err := exec.CommandContext(t.Context(), "promtool", args...).CombinedOutput()
		if errors.Is(err, exec.ErrNotFound) {
			t.Fatal("promtool is missing: apt-get install prometheus")
		}
		if err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// Each alert is tried by promtool's test file, both ways, with series that there
// are. Whether they fire is promtool's to say, in the test above.
func TestRuleTestsNameWhatThereIs(t *testing.T) {
	live(t)
	var f struct {
		Files    []string `yaml:"rule_files"`
		Interval string   `yaml:"evaluation_interval"`
		Tests    []struct {
			Interval string
			Series   []struct{ Series, Values string } `yaml:"input_series"`
			Alerts   []struct {
				Time string `yaml:"eval_time"`
				Name string `yaml:"alertname"`
				Want []struct {
					Labels      map[string]string `yaml:"exp_labels"`
					Annotations map[string]string `yaml:"exp_annotations"`
				} `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	readYAML(t, ruleTestsFile, &f)
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, test := range f.Tests {
		for _, s := range test.Series {
			for _, fault := range lived.two.check(s.Series) {
				t.Errorf("%s: %s", s.Series, fault)
			}
		}
		for _, a := range test.Alerts {
			if len(a.Want) == 0 {
				silent[a.Name] = true
			} else {
				fires[a.Name] = true
			}
		}
	}
	for _, r := range rules(t) {
		if !fires[r.Alert] || !silent[r.Alert] && r.Alert != "PeceteDown" {
			t.Errorf("%s is not tried both ways", r.Alert)
		}
	}
}

// A panel of a dashboard, as far as Grafana 11 has to have it.
type panel struct {
	ID         int
	Type       string
	Title      string
	GridPos    struct{ H, W, X, Y int }
	Datasource map[string]string
	Targets    []struct {
		RefID        string
		Expr         string
		LegendFormat string
		Datasource   map[string]string
	}
	FieldConfig struct{ Defaults struct{ Unit string } }
	Options     json.RawMessage
}

type dashboard struct {
	ID            *int
	UID           string
	Title         string
	SchemaVersion int
	Panels        []panel
	Templating    struct {
		List []struct {
			Name, Type string
			Query      json.RawMessage
		}
	}
	Time struct{ From, To string }
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	must(t, json.Unmarshal(file(t, dashboardFile), &d))
	return d
}

func TestDashboardNamesWhatThereIs(t *testing.T) {
	live(t)
	d := readDashboard(t)
	variables := []string{"__rate_interval", "__range"}
	for _, v := range d.Templating.List {
		variables = append(variables, v.Name)
		if match := regexp.MustCompile(`label_values\((.+), (\w+)\)`).FindStringSubmatch(string(v.Query)); match != nil {
			for _, fault := range lived.two.check(strings.ReplaceAll(match[1], `\"`, `"`)) {
				t.Errorf("variable %s: %s", v.Name, fault)
			}
		}
	}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			for _, fault := range lived.two.check(target.Expr) {
				t.Errorf("%s: %s", p.Title, fault)
			}
			for _, used := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(target.Expr, -1) {
				if !slices.Contains(variables, used[1]) {
					t.Errorf("%s: there is no variable %s", p.Title, used[1])
				}
			}
			for _, used := range template.FindAllStringSubmatch(target.LegendFormat, -1) {
				if !slices.Contains(grouped(target.Expr), used[1]) {
					t.Errorf("%s: the legend has the label %s, the result has not", p.Title, used[1])
				}
			}
			for _, counter := range regexp.MustCompile(`\w+_total`).FindAllString(target.Expr, -1) {
				if !regexp.MustCompile(`(rate|increase)\(` + counter).MatchString(target.Expr) {
					t.Errorf("%s shows %s as it stands, not its growth", p.Title, counter)
				}
			}
		}
	}
}

func TestDashboardIsWellFormed(t *testing.T) {
	d := readDashboard(t)
	if d.ID != nil || len(d.UID) < 8 || len(d.UID) > 40 || d.Title == "" || d.SchemaVersion < 36 || d.SchemaVersion > 41 || d.Time.From == "" {
		t.Errorf("%+v", d)
	}
	var rows []string
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if p.ID <= 0 || ids[p.ID] || p.Title == "" {
			t.Errorf("panel %q has the id %d", p.Title, p.ID)
		}
		ids[p.ID] = true
		if p.Type == "row" {
			rows = append(rows, p.Title)
		} else {
			checkPanel(t, p)
		}
		g := p.GridPos
		if g.H < 1 || g.W < 1 || g.X < 0 || g.X+g.W > 24 {
			t.Errorf("%s stands at %+v", p.Title, g)
		}
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				if other, is := taken[[2]int{x, y}]; is {
					t.Fatalf("%s and %s overlap", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
	want := []string{"Overview", "Device", "Stores", "Audit", "Authentication", "Jobs and documents", "Process"}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
}

func checkPanel(t *testing.T, p panel) {
	t.Helper()
	source := map[string]string{"type": "prometheus", "uid": "${datasource}"}
	if !slices.Contains([]string{"stat", "timeseries"}, p.Type) || len(p.Targets) == 0 || len(p.Options) == 0 || p.FieldConfig.Defaults.Unit == "" {
		t.Errorf("%s is %s with %d targets in %q", p.Title, p.Type, len(p.Targets), p.FieldConfig.Defaults.Unit)
	}
	refs := map[string]bool{}
	for _, target := range p.Targets {
		if refs[target.RefID] || target.RefID == "" || !cmp.Equal(target.Datasource, source) || !cmp.Equal(p.Datasource, source) {
			t.Errorf("%s: target %q of %v", p.Title, target.RefID, target.Datasource)
		}
		refs[target.RefID] = true
	}
}

// The page about the figures has all of them, and none that is not.
func TestThePageHasEveryFigure(t *testing.T) {
	live(t)
	page := string(file(t, alertsPage))
	said := regexp.MustCompile(`\bpecete_[a-z_]+`).FindAllString(page, -1)
	for _, name := range said {
		if len(lived.two.named(name)) == 0 {
			t.Errorf("docs/alerts.md speaks of %s, which is not there", name)
		}
	}
	for name := range lived.two.families {
		if strings.HasPrefix(name, "pecete_") && !slices.Contains(said, name) {
			t.Errorf("docs/alerts.md does not say what %s is", name)
		}
	}
}
