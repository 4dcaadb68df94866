package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pecete/pecete/conformance"
)

// text is the document.
func (b *book) text() string {
	var w strings.Builder
	w.WriteString(preface)
	w.WriteString("\n| Clause | 2.2 | Method | Subject | Musts | Tried |\n|---|---|---|---|---|---|\n")
	for _, c := range b.clauses {
		musts, tried := 0, 0
		for _, k := range b.of(c) {
			if k.level == "M" {
				musts++
			}
			if k.by != "" || len(b.cases[k.id]) > 0 {
				tried++
			}
		}
		fmt.Fprintf(&w, "| [%s](#%s) | %s | %s | %s | %d | %d of %d |\n", title(c), anchor(c), c.later, code(c.method), c.subject, musts, tried, len(b.of(c)))
	}
	for _, c := range b.clauses {
		b.section(&w, c)
	}
	b.others(&w)
	return w.String()
}

// others are the cases of other standards, to which the text of the API leads.
func (b *book) others(w *strings.Builder) {
	w.WriteString("\n## Other standards\n\n| Clause | Level | Requirement | Tried by |\n|---|---|---|---|\n")
	for _, c := range conformance.All() {
		if standard, number, other := strings.Cut(c.Check, "-"); other && strings.HasPrefix(standard, "RFC") {
			fmt.Fprintf(w, "| RFC %s §%s | %s | %s | %s |\n", standard[3:], number, c.Level, strings.ReplaceAll(c.Says, "|", `\|`), code(c.ID))
		}
	}
}

const preface = `# Clauses

Made by ` + "`make clauses`" + ` from the sources; not to be edited. For each clause of
the CSC API: the files that say they implement it, the tests that name it or call
its method, and its requirements, each with what tries it: a case of the
conformance suite (` + "`cscheck --only ID`" + `), a Go test, or the document that says why
it is not kept. Clauses are numbered as in v2.0.0.2, with those of v2.2 beside;
those that only v2.2 or v1.0.4.0 has are marked so. A must without any of them
fails the tests.
`

// of are the requirements of a clause.
func (b *book) of(c clause) (all []check) {
	for _, k := range b.checks {
		if k.clause == c.key {
			all = append(all, k)
		}
	}
	return all
}

func (b *book) section(w *strings.Builder, c clause) {
	fmt.Fprintf(w, "\n## %s\n\n", title(c))
	if c.method != "" {
		fmt.Fprintf(w, "%s: ", code(c.method))
	}
	fmt.Fprintf(w, "%s.", c.subject)
	if c.later != "" && c.later != c.key {
		fmt.Fprintf(w, " In 2.2: §%s.", c.later)
	}
	fmt.Fprintf(w, "\n\n* Code: %s\n* Tests: %s\n", codes(b.files(c.key)), codes(b.tests(c)))
	if len(b.of(c)) == 0 {
		return
	}
	w.WriteString("\n| Id | Level | Requirement | Tried by |\n|---|---|---|---|\n")
	var left []string
	for _, k := range b.of(c) {
		about, by := b.tried(c, k)
		if by == "" {
			left = append(left, k.id)
			continue
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", k.id, levels[k.level], about, by)
	}
	if len(left) > 0 {
		fmt.Fprintf(w, "\nNo musts, and not tried: %s.\n", strings.Join(left, ", "))
	}
}

// tried says what a requirement is about and what tries it, "" if nothing does.
func (b *book) tried(c clause, k check) (about, by string) {
	var says, ids []string
	for _, one := range b.cases[k.id] {
		says, ids = append(says, one.Says), append(ids, code(one.ID))
	}
	if k.by != "" {
		says, ids = append(says, k.about), append(ids, k.by)
	}
	if len(ids) == 0 && k.level == "M" {
		return "", b.absent(c)
	}
	return strings.ReplaceAll(strings.Join(says, "; "), "|", `\|`), strings.Join(ids, ", ")
}

func title(c clause) string {
	version, number := c.number()
	if version == "v2.0.0.2" {
		return "§" + number
	}
	return version + " §" + number
}

// anchor is what a heading is called in links.
func anchor(c clause) string {
	keep := func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case strings.ContainsRune("§.", r):
			return -1
		}
		return r
	}
	return strings.Map(keep, title(c))
}

func code(word string) string {
	if word == "" {
		return ""
	}
	return "`" + word + "`"
}

func codes(words []string) string {
	if len(words) == 0 {
		return "–"
	}
	words = slices.Clone(words)
	for i := range words {
		words[i] = code(words[i])
	}
	return strings.Join(words, ", ")
}
