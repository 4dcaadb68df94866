package conformance

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func aReport() Report {
	r := Report{
		Schema: Schema, Target: "https://host/csc/v2", Name: "Demo", Specs: "2.2.0.0", Seconds: 1.5,
		Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Results: []Result{
			{ID: "info/name", Check: "CSC-INFO-006", Method: "info", Clause: "11.1", Level: "must", Says: "there is a name", Outcome: Pass, Seconds: 0.25},
			{ID: "info/lang", Check: "CSC-INFO-010", Method: "info", Clause: "11.1", Level: "must", Says: "there is a lang", Outcome: Fail, Detail: `lang is "<x>"`},
			{ID: "list/user", Check: "CSC-LIST-004", Method: "credentials/list", Clause: "11.4", Level: "optional", Says: "a user has a list", Outcome: Skip, Detail: "no fixtures", Unprovided: true},
			{ID: "list/empty", Check: "CSC-LIST-023", Method: "credentials/list", Clause: "11.4", Level: "doubt", Says: "a list may be empty", Outcome: Doubtful, Detail: "it may not"},
		},
	}
	r.count()
	return r
}

func TestWriteText(t *testing.T) {
	var b bytes.Buffer
	if err := aReport().WriteText(&b, Plain, false); err != nil {
		t.Fatal(err)
	}
	want := `https://host/csc/v2  Demo, specs 2.2.0.0

info
  pass   info/name                              there is a name
  fail   info/lang                              there is a lang
         lang is "<x>"

credentials/list
  skip   list/user                              a user has a list
         no fixtures
  doubt  list/empty                             a list may be empty
         it may not

core             1 passed    0 warned    1 failed    1 doubts    1 skipped
safety           0 passed    0 warned    0 failed    0 doubts    0 skipped

not conformant: 1 passed, 0 warnings, 1 failed, 1 doubts, 1 skipped in 1.5 s
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
	b.Reset()
	if err := aReport().WriteText(&b, Colour, false); err != nil || !strings.Contains(b.String(), "\x1b[31;1mfail \x1b[0m") {
		t.Errorf("%q %v", b.String(), err)
	}
}

// Quietly, what passed is a number.
func TestWriteTextQuietly(t *testing.T) {
	var b bytes.Buffer
	if err := aReport().WriteText(&b, Plain, true); err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(b.String(), "\ncore ")
	want := `https://host/csc/v2  Demo, specs 2.2.0.0

info
  fail   info/lang                              there is a lang
         lang is "<x>"

credentials/list
  doubt  list/empty                             a list may be empty
         it may not
`
	if d := cmp.Diff(want, text); d != "" {
		t.Error(d)
	}
}

func TestWriteBadge(t *testing.T) {
	passed, v1, partly := aReport(), aReport(), aReport()
	passed.Results = passed.Results[:1]
	passed.count()
	v1.V1 = true
	partly.Results[1].Outcome = Pass
	partly.count()
	for _, row := range []struct {
		says   string
		report Report
		want   string
	}{
		{"all passed", passed, "CSC API v2: conformant, 1 passed"},
		{"one failed", v1, "CSC API v1: 1 failed, 1 passed"},
		{"nothing tried", Report{}, "CSC API v2: not tried"},
		{"fixtures were missing", partly, "CSC API v2: tried in part, 2 passed"},
	} {
		var b bytes.Buffer
		if err := row.report.WriteBadge(&b); err != nil {
			t.Fatal(err)
		}
		if err := xml.Unmarshal(b.Bytes(), new(struct{})); err != nil || !strings.Contains(b.String(), "<title>"+row.want+"</title>") {
			t.Errorf("%s: %v, want %s in\n%s", row.says, err, row.want, b.String())
		}
	}
}

// The form of a report in JSON is a promise to other programs.
func TestWriteJSON(t *testing.T) {
	var b bytes.Buffer
	if err := aReport().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	of := `{"pass":1,"warn":0,"fail":1,"skip":1,"doubt":1}`
	text := `{"schema":"cscheck/1","target":"https://host/csc/v2","name":"Demo","specs":"2.2.0.0","strict":false,
	"started":"2026-01-02T03:04:05Z","seconds":1.5,"counts":` + of + `,
	"safety":{"pass":0,"warn":0,"fail":0,"skip":0,"doubt":0},"profiles":[{"name":"core","counts":` + of + `}],
	"conformant":false,"complete":false,"results":[
	{"id":"info/name","check":"CSC-INFO-006","method":"info","clause":"11.1","level":"must","says":"there is a name","outcome":"pass","seconds":0.25},
	{"id":"info/lang","check":"CSC-INFO-010","method":"info","clause":"11.1","level":"must","says":"there is a lang","outcome":"fail","detail":"lang is \"<x>\"","seconds":0},
	{"id":"list/user","check":"CSC-LIST-004","method":"credentials/list","clause":"11.4","level":"optional","says":"a user has a list","outcome":"skip","detail":"no fixtures","unprovided":true,"seconds":0},
	{"id":"list/empty","check":"CSC-LIST-023","method":"credentials/list","clause":"11.4","level":"doubt","says":"a list may be empty","outcome":"doubt","detail":"it may not","seconds":0}]}`
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestWriteJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := aReport().WriteJUnit(&b); err != nil {
		t.Fatal(err)
	}
	want := `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="https://host/csc/v2" tests="4" failures="1" skipped="1" time="1.500">
  <testsuite name="info" tests="2" failures="1" skipped="0">
    <testcase classname="CSC-INFO-006" name="info/name" time="0.250"></testcase>
    <testcase classname="CSC-INFO-010" name="info/lang" time="0.000">
      <failure message="there is a lang — lang is &#34;&lt;x&gt;&#34;"></failure>
    </testcase>
  </testsuite>
  <testsuite name="credentials/list" tests="2" failures="0" skipped="1">
    <testcase classname="CSC-LIST-004" name="list/user" time="0.000">
      <skipped message="no fixtures"></skipped>
    </testcase>
    <testcase classname="CSC-LIST-023" name="list/empty" time="0.000">
      <system-out>doubt: it may not</system-out>
    </testcase>
  </testsuite>
</testsuites>
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

func TestCount(t *testing.T) {
	of := func(outcomes ...Outcome) Report {
		var r Report
		for _, o := range outcomes {
			r.Results = append(r.Results, Result{Outcome: o})
		}
		r.count()
		return r
	}
	for _, row := range []struct {
		says       string
		report     Report
		conformant bool
	}{
		{"all passed", of(Pass, Warn, Doubtful, Skip), true},
		{"one failed", of(Pass, Fail), false},
		{"nothing", of(), false},
		{"nothing tried", of(Skip, Skip), false},
	} {
		if row.report.Conformant != row.conformant {
			t.Errorf("%s: conformant is %v", row.says, row.report.Conformant)
		}
	}
}
