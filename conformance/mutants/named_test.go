package mutants

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/conformance"
	"github.com/pecete/pecete/conformance/faults"
)

// named.txt speaks of faults and cases that there are.
func TestNamed(t *testing.T) {
	all := map[string]faults.Fault{}
	for _, f := range slices.Concat(faults.All(), faults.V1()) {
		if _, twice := all[key(f)]; twice {
			t.Errorf("two faults are called %q", key(f))
		}
		all[key(f)] = f
	}
	for k, ids := range readNames() {
		f, known := all[k]
		if !known {
			t.Errorf("there is no fault %q", k)
		}
		for _, id := range ids {
			id := strings.TrimSuffix(id, perhaps)
			if cases := conformance.Find(id); len(cases) != 1 || cases[0].Ref.Method != conformance.Find(f.Case)[0].Ref.Method {
				t.Errorf("%q: %s is no case of the method", k, id)
			}
		}
	}
	if d := cmp.Diff(namedText, NamedAnew(nil)); d != "" {
		t.Errorf("written anew it is another text: %s", d)
	}
}
