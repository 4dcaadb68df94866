package mutants

import (
	"strings"
	"testing"

	"github.com/pecete/pecete/conformance"
	"github.com/pecete/pecete/conformance/faults"
)

// A proof holds if each mutant was killed by exactly the named cases.
func TestProofHolds(t *testing.T) {
	f := faults.Fault{Case: "info/name", Says: "has no name"}
	good := Verdict{Fault: f, Method: "info", Level: conformance.Must, Killed: true, Others: []string{"info/lang"}}
	alive, stray, blind := good, good, good
	alive.Killed = false
	stray.Strays = []string{"info/lang"}
	blind.Blind = []string{"info/logo"}
	for _, row := range []struct {
		says     string
		verdicts []Verdict
		unproven map[string]string
		holds    bool
		line     string
	}{
		{"killed by the named cases", []Verdict{good}, nil, true, "mutants    1        1       0         0"},
		{"one of two survived", []Verdict{good, alive}, nil, false, "survived  info/name: a server that has no name"},
		{"somebody else noticed", []Verdict{stray}, nil, false, "not named  info/lang noticed a server that has no name, which is for info/name"},
		{"somebody named did not", []Verdict{blind}, nil, false, "blind  info/logo did not notice a server that has no name, and is named beside info/name"},
		{"another's case fails on the good server", []Verdict{good}, map[string]string{"info/lang": "fail: none"}, false, "not tried  info/lang does not pass on the good server: fail: none"},
		{"nothing was tried", nil, nil, false, "mutants    0        0       0         0"},
	} {
		p := Proof{Verdicts: row.verdicts, Unproven: row.unproven}
		if p.Holds() != row.holds {
			t.Errorf("%s: holds is %v", row.says, p.Holds())
		}
		var b strings.Builder
		if err := p.WriteInexact(&b); err != nil {
			t.Fatal(err)
		}
		if err := p.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), row.line+"\n") {
			t.Errorf("%s: want %q in\n%s", row.says, row.line, b.String())
		}
	}
}
