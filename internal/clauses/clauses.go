// Command clauses writes docs/clauses.md: for each clause of the CSC API the
// method, the files that say they implement it, the tests that speak of it, and
// for each requirement the case of the conformance suite that tries it; and
// docs/cases.md, the cases themselves.
//
// The clauses and the requirements are in the two lists beside this file; all else
// is read from the sources. A requirement that is a must and has neither a case
// nor a test nor a word in the documents fails the build, and so does a document
// that is no longer what this program would write.
package main

import (
	_ "embed" // the lists
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
)

//go:embed clauses.txt
var clauseList string

//go:embed checks.txt
var checkList string

func main() {
	root := flag.String("root", ".", "the `FOLDER` of the sources")
	flag.Parse()
	if err := run(*root); err != nil {
		fmt.Fprintln(os.Stderr, "clauses:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	b, err := newBook(root)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(root+"/docs/clauses.md", []byte(b.text()), 0o644),
		os.WriteFile(root+"/docs/cases.md", []byte(index()), 0o644),
	)
}

// A clause is a line of clauses.txt. Its key is the number in v2.0.0.2, or v2.2:
// or v1: and the number there.
type clause struct{ key, later, method, subject string }

// A check is a line of checks.txt.
type check struct{ id, level, clause, about, by string }

// number is the version that a clause is of, and its number there.
func (c clause) number() (version, number string) {
	version, number, other := strings.Cut(c.key, ":")
	if !other {
		return "v2.0.0.2", c.key
	}
	return map[string]string{"v1": "v1.0.4.0", "v2.2": "v2.2.0.0"}[version], number
}

// rows are the lines of a list that are none of its comments.
func rows(list string) (all []string) {
	for line := range strings.Lines(list) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	return all
}

func readClauses(list string) (all []clause, err error) {
	for _, row := range rows(list) {
		words := strings.Fields(row)
		if len(words) < 4 {
			return nil, fmt.Errorf("no clause: %q", row)
		}
		all = append(all, clause{words[0], dashless(words[1]), dashless(words[2]), strings.Join(words[3:], " ")})
	}
	return all, nil
}

func readChecks(list string) (all []check, err error) {
	for _, row := range rows(list) {
		parts := strings.Split(row, " : ")
		words := strings.Fields(parts[0])
		if len(words) != 3 || len(parts) != 1 && len(parts) != 3 || levels[words[1]] == "" {
			return nil, fmt.Errorf("no requirement: %q", row)
		}
		c := check{id: words[0], level: words[1], clause: words[2]}
		if len(parts) == 3 {
			c.about, c.by = parts[1], parts[2]
		}
		all = append(all, c)
	}
	return all, nil
}

func dashless(word string) string { return strings.TrimPrefix(word, "-") }

// levels are what the text insists on.
var levels = map[string]string{"M": "must", "S": "should", "O": "may", "D": "in doubt"}
