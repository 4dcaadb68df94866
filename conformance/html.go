package conformance

import (
	"embed"
	"html/template"
	"io"
	"slices"
	"strings"
)

//go:embed report.html
var pages embed.FS

var htmlReport = template.Must(template.New("report.html").Funcs(template.FuncMap{
	"outcome": func(o Outcome) string { return outcomeWords[o] },
	"begins":  strings.HasPrefix,
	"many":    func(outcome string, of map[Outcome]int) int { return of[Outcome(outcome)] },
	"headers": headerLines,
}).ParseFS(pages, "report.html"))

var outcomeWords = map[Outcome]string{Pass: "passed", Warn: "warned", Fail: "failed", Skip: "skipped", Doubtful: "doubt"}

// WriteHTML writes r as one page that needs nothing else and asks nobody: to be
// read, printed, or sent to whoever made the server.
func (r Report) WriteHTML(w io.Writer) error {
	_, words := r.verdict()
	return htmlReport.Execute(w, struct {
		Report
		Verdict  string
		Sections []section
		Safe     []guardCount
		Order    []Outcome
	}{r, words, r.sections(), r.guardCounts(), []Outcome{Fail, Warn, Doubtful, Pass, Skip}})
}

// A section is a method's results.
type section struct {
	Method  string
	Counts  map[Outcome]int
	Results []Result
}

func (r Report) sections() []section {
	var all []section
	for _, one := range r.Results {
		i := slices.IndexFunc(all, func(s section) bool { return s.Method == one.Method })
		if i < 0 {
			i = len(all)
			all = append(all, section{Method: one.Method})
		}
		all[i].Results = append(all[i].Results, one)
	}
	for i := range all {
		all[i].Counts = counts(all[i].Results)
	}
	return all
}

// A guardCount is what became of the cases of a guard.
type guardCount struct {
	Guard  Guard
	Counts map[Outcome]int
	Failed []Result
}

func (r Report) guardCounts() []guardCount {
	var all []guardCount
	for _, g := range Guards() {
		of := slices.DeleteFunc(slices.Clone(r.Results), func(one Result) bool { return one.Guard != g })
		if len(of) == 0 {
			continue
		}
		failed := slices.DeleteFunc(slices.Clone(of), func(one Result) bool { return one.Outcome != Fail })
		all = append(all, guardCount{g, counts(of), failed})
	}
	return all
}

// headerLines are headers as a request has them, in order.
func headerLines(header map[string]string) string {
	lines := make([]string, 0, len(header))
	for name, value := range header {
		lines = append(lines, name+": "+value)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
