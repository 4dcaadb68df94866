package main

import (
	_ "embed" // the examples
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pecete/pecete/conformance"
	"github.com/pecete/pecete/conformance/faults"
)

// listCases writes a line a case, of the methods asked for.
func listCases(out io.Writer, o options) int {
	for _, c := range conformance.All() {
		if len(o.methods) == 0 || slices.Contains(o.methods, c.Ref.Method) {
			fmt.Fprintf(out, "%-38s %-13s %-8s %s\n", c.ID, c.Check, c.Level, c.Says)
		}
	}
	return exitConformant
}

// listProfiles writes a line a profile.
func listProfiles(out io.Writer) int {
	for _, p := range conformance.Profiles() {
		fmt.Fprintf(out, "%-11s %4d cases  %s\n", p.Name, len(p.Cases()), p.Says)
	}
	return exitConformant
}

// explain writes all that is known of the cases with an id.
func explain(out io.Writer, id string) int {
	found := conformance.Find(id)
	if len(found) == 0 {
		fmt.Fprintf(out, "there is no case or check %s; --list has them all\n", id)
		return exitUsage
	}
	for i, c := range found {
		if i > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintf(out, "%s\n\n  %s.\n\n", c.ID, c.Says)
		fmt.Fprintf(out, "  check   %s\n", c.Check)
		fmt.Fprintf(out, "  clause  %s\n", clause(c.Ref))
		fmt.Fprintf(out, "  level   %s: %s\n", c.Level, weight[c.Level])
		fmt.Fprintf(out, "  needs   %s\n", needs(c))
		if guard := conformance.GuardOf(c.ID); guard != "" {
			fmt.Fprintf(out, "  safety  %s\n", guard)
		}
		explainExample(out, c.ID)
		explainFaults(out, c.ID)
	}
	return exitConformant
}

// examples are what was asked, and rightly answered, of each case; go run
// ./internal/conform -examples writes them.
//
//go:embed examples.json
var examples []byte

// An example is one of them.
type example struct {
	Request, Body, Answer string
	Status                int
}

func readExamples() (all map[string]example, err error) {
	err = json.Unmarshal(examples, &all)
	return all, err
}

// explainExample tells what a server was asked and how it answered that kept the
// requirement.
func explainExample(out io.Writer, id string) {
	all, err := readExamples()
	x, there := all[id]
	if err != nil || !there {
		return
	}
	fmt.Fprintf(out, "\n  A server that keeps it was asked\n\n    %s\n", x.Request)
	if x.Body != "" {
		fmt.Fprintf(out, "    %s\n", x.Body)
	}
	fmt.Fprintf(out, "\n  and answered\n\n    %d\n", x.Status)
	if x.Answer != "" {
		fmt.Fprintf(out, "    %s\n", x.Answer)
	}
}

// explainFaults tells the mistakes that the case notices: to mend a server is not
// to make them.
func explainFaults(out io.Writer, id string) {
	said := "\n  It notices a server that\n"
	for _, f := range slices.Concat(faults.All(), faults.V1()) {
		if f.Case == id {
			fmt.Fprintf(out, "%s    - %s\n", said, f.Says)
			said = ""
		}
	}
}

var weight = map[conformance.Level]string{
	conformance.Must:     "a server that does otherwise fails",
	conformance.Should:   "a server that does otherwise is warned; with --strict it fails",
	conformance.Optional: "a server that offers it and does otherwise fails",
	conformance.Doubt:    "the text is not clear; what the server does is reported",
}

func clause(r conformance.Ref) string {
	where := r.Clause + " of v2.0.0.2"
	if strings.ContainsAny(r.Clause, "v ") {
		where = r.Clause
	}
	if r.Method == conformance.General {
		return where
	}
	return r.Method + ", " + where
}

func needs(c conformance.Case) string {
	if len(c.Needs) == 0 {
		return "nothing more"
	}
	words := make([]string, len(c.Needs))
	for i, f := range c.Needs {
		words[i] = string(f)
	}
	return strings.Join(words, ", ")
}
