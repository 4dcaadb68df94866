package conformance

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Schema names the form of a report in JSON. It changes when a member changes
// its meaning or goes away.
const Schema = "cscheck/1"

// An Outcome is how a case ended.
type Outcome string

// The outcomes.
const (
	Pass     Outcome = "pass"
	Warn     Outcome = "warn"  // kept, but not as recommended or worded
	Fail     Outcome = "fail"  // not kept
	Skip     Outcome = "skip"  // not tried; Detail says why
	Doubtful Outcome = "doubt" // the text is not clear; Detail says what the server does
)

// A Result is what became of one case.
type Result struct {
	ID      string  `json:"id"`
	Check   string  `json:"check"`
	Method  string  `json:"method"`
	Clause  string  `json:"clause"` // of v2.0.0.2 unless it says otherwise
	Level   string  `json:"level"`
	Says    string  `json:"says"`
	Outcome Outcome `json:"outcome"`
	// Guard is what keeps signers safe that the case tries; "" if it is about the
	// form of the API alone.
	Guard Guard `json:"guard,omitempty"`
	// Detail is what was seen, or why nothing was tried. No secret is in it.
	Detail string `json:"detail,omitempty"`
	// Unprovided says that a skipped case lacked fixtures or patience; else it
	// was the server that does not claim what it is about.
	Unprovided bool    `json:"unprovided,omitempty"`
	Seconds    float64 `json:"seconds"`
	// Exchanges are what was said, the last of it if it was much.
	Exchanges []Exchange `json:"exchanges,omitempty"`
}

// A Report is the outcome of a run. Its JSON form is versioned by Schema.
type Report struct {
	Schema  string          `json:"schema"`
	Target  string          `json:"target"`
	Name    string          `json:"name"`         // info.name
	Specs   string          `json:"specs"`        // info.specs
	V1      bool            `json:"v1,omitempty"` // tried as a server of v1.0.4.0
	Strict  bool            `json:"strict"`
	Started time.Time       `json:"started"`
	Seconds float64         `json:"seconds"`
	Counts  map[Outcome]int `json:"counts"`
	// Safety counts the results that have a Guard, apart from the text's other
	// requirements.
	Safety   map[Outcome]int `json:"safety"`
	Profiles []ProfileCount  `json:"profiles"`
	// Conformant says that something was tried and nothing failed.
	Conformant bool `json:"conformant"`
	// Complete says that nothing was skipped for want of fixtures or patience.
	Complete bool     `json:"complete"`
	Results  []Result `json:"results"`
}

// count fills in what follows from the results.
func (r *Report) count() {
	r.Counts, r.Profiles = counts(r.Results), profileCounts(r.Results, r.V1)
	r.Safety = counts(slices.DeleteFunc(slices.Clone(r.Results), func(one Result) bool { return one.Guard == "" }))
	r.Complete = !slices.ContainsFunc(r.Results, func(one Result) bool { return one.Unprovided })
	r.Conformant = r.Counts[Fail] == 0 && len(r.Results) > r.Counts[Skip]
}

func counts(results []Result) map[Outcome]int {
	sum := map[Outcome]int{Pass: 0, Warn: 0, Fail: 0, Skip: 0, Doubtful: 0}
	for _, one := range results {
		sum[one.Outcome]++
	}
	return sum
}

// WriteJSON writes r with schema [Schema].
func (r Report) WriteJSON(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(r)
}

// A Style is how outcomes look in a text report.
type Style func(Outcome, string) string

// Plain is a Style without colours.
func Plain(_ Outcome, text string) string { return text }

// Colour is a Style for terminals.
func Colour(o Outcome, text string) string {
	codes := map[Outcome]string{Pass: "32", Warn: "33", Fail: "31;1", Skip: "2", Doubtful: "36"}
	return "\x1b[" + codes[o] + "m" + text + "\x1b[0m"
}

// WriteText writes r for people: method by method, each case in a line, what
// was seen below it, and the sums at the end. Quietly, what passed and what was
// skipped is in the sums alone.
func (r Report) WriteText(w io.Writer, style Style, quiet bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s, specs %s\n", r.Target, orNone(r.Name), orNone(r.Specs))
	method := ""
	for _, one := range r.Results {
		if quiet && (one.Outcome == Pass || one.Outcome == Skip) {
			continue
		}
		if one.Method != method {
			method = one.Method
			fmt.Fprintf(&b, "\n%s\n", method)
		}
		fmt.Fprintf(&b, "  %s  %-38s %s\n", style(one.Outcome, fmt.Sprintf("%-5s", one.Outcome)), one.ID, one.Says)
		if one.Detail != "" {
			fmt.Fprintf(&b, "         %s\n", style(one.Outcome, one.Detail))
		}
	}
	b.WriteString("\n" + r.table())
	fmt.Fprintf(&b, "\n%s\n", style(r.verdict()))
	_, err := io.WriteString(w, b.String())
	return err
}

// table has a line for each profile, and one for what keeps signers safe.
func (r Report) table() string {
	var b strings.Builder
	line := func(name string, c map[Outcome]int) {
		fmt.Fprintf(&b, "%-11s %6d passed %4d warned %4d failed %4d doubts %4d skipped\n", name, c[Pass], c[Warn], c[Fail], c[Doubtful], c[Skip])
	}
	for _, p := range r.Profiles {
		line(p.Name, p.Counts)
	}
	line("safety", r.Safety)
	return b.String()
}

// verdict is the last line of a text report, and what it looks like.
func (r Report) verdict() (Outcome, string) {
	sum := fmt.Sprintf("%d passed, %d warnings, %d failed, %d doubts, %d skipped in %.1f s",
		r.Counts[Pass], r.Counts[Warn], r.Counts[Fail], r.Counts[Doubtful], r.Counts[Skip], r.Seconds)
	switch {
	case !r.Conformant && r.Counts[Fail] == 0:
		return Skip, "nothing was tried: " + sum
	case !r.Conformant:
		return Fail, "not conformant: " + sum
	case !r.Complete:
		return Warn, "conformant as far as tried: " + sum
	}
	return Pass, "conformant: " + sum
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}
