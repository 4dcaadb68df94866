package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pecete/pecete/conformance"
	"github.com/pecete/pecete/conformance/faults"
)

const indexPreface = `# Cases of the conformance suite

Made by ` + "`make clauses`" + ` from the sources; not to be edited. What each profile means
and how to run them stands in [cscheck.md](cscheck.md); ` + "`cscheck --explain ID`" + ` tells
more of each. A fault is a server made wrong on purpose that the case must notice.
`

// index is the document of all cases.
func index() string {
	var w strings.Builder
	w.WriteString(indexPreface)
	w.WriteString("\n| Profile | Must | Should | Optional | Doubt | Cases | About |\n|---|---|---|---|---|---|---|\n")
	for _, p := range conformance.Profiles() {
		fmt.Fprintf(&w, "| %s | %s | %s |\n", code(p.Name), counted(p.Cases()), p.Says)
	}
	fmt.Fprintf(&w, "| all | %s | |\n", counted(conformance.All()))
	methods := []string{}
	for _, c := range conformance.All() {
		if !slices.Contains(methods, c.Ref.Method) {
			methods = append(methods, c.Ref.Method)
		}
	}
	w.WriteString("\n| Method | Must | Should | Optional | Doubt | Cases |\n|---|---|---|---|---|---|\n")
	for _, m := range methods {
		fmt.Fprintf(&w, "| %s | %s |\n", m, counted(about(m)))
	}
	many := map[string]int{}
	for _, f := range slices.Concat(faults.All(), faults.V1()) {
		many[f.Case]++
	}
	for _, m := range methods {
		fmt.Fprintf(&w, "\n## %s\n\n| Case | Check | Level | Profiles | Requirement | Faults |\n|---|---|---|---|---|---|\n", m)
		for _, c := range about(m) {
			says := strings.ReplaceAll(c.Says, "|", `\|`)
			if guard := conformance.GuardOf(c.ID); guard != "" {
				says += fmt.Sprintf(" (safety: %s)", guard)
			}
			fmt.Fprintf(&w, "| %s | %s | %s | %s | %s | %d |\n", code(c.ID), c.Check, c.Level, strings.Join(profilesOf(c), ", "), says, many[c.ID])
		}
	}
	return w.String()
}

// counted are how many cases there are of each level, and of all.
func counted(cases []conformance.Case) string {
	var of [conformance.Doubt + 1]int
	for _, c := range cases {
		of[c.Level]++
	}
	return fmt.Sprintf("%d | %d | %d | %d | %d", of[conformance.Must], of[conformance.Should], of[conformance.Optional], of[conformance.Doubt], len(cases))
}

func about(method string) []conformance.Case {
	return slices.DeleteFunc(conformance.All(), func(c conformance.Case) bool { return c.Ref.Method != method })
}

func profilesOf(c conformance.Case) (names []string) {
	for _, p := range conformance.Profiles() {
		if slices.ContainsFunc(p.Cases(), func(one conformance.Case) bool { return one.ID == c.ID }) {
			names = append(names, p.Name)
		}
	}
	return names
}
