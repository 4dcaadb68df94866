package conformance

import (
	"encoding/xml"
	"fmt"
	"io"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string     `xml:"classname,attr"`
	Name    string     `xml:"name,attr"`
	Time    string     `xml:"time,attr"`
	Failure *junitText `xml:"failure"`
	Skipped *junitText `xml:"skipped"`
	Out     string     `xml:"system-out,omitempty"`
}

type junitText struct {
	Message string `xml:"message,attr"`
}

// WriteJUnit writes r as JUnit XML, a suite a method. Warnings and doubts pass;
// their detail is in system-out.
func (r Report) WriteJUnit(w io.Writer) error {
	all := junitSuites{Name: r.Target, Tests: len(r.Results), Failures: r.Counts[Fail], Skipped: r.Counts[Skip], Time: fmt.Sprintf("%.3f", r.Seconds)}
	for _, one := range r.Results {
		if n := len(all.Suites); n == 0 || all.Suites[n-1].Name != one.Method {
			all.Suites = append(all.Suites, junitSuite{Name: one.Method})
		}
		all.Suites[len(all.Suites)-1].add(one)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	out := xml.NewEncoder(w)
	out.Indent("", "  ")
	if err := out.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *junitSuite) add(one Result) {
	c := junitCase{Class: one.Check, Name: one.ID, Time: fmt.Sprintf("%.3f", one.Seconds)}
	s.Tests++
	switch one.Outcome {
	case Fail:
		s.Failures++
		c.Failure = &junitText{one.Says + " — " + one.Detail}
	case Skip:
		s.Skipped++
		c.Skipped = &junitText{one.Detail}
	case Pass:
	case Warn, Doubtful:
		c.Out = string(one.Outcome) + ": " + one.Detail
	}
	s.Cases = append(s.Cases, c)
}
