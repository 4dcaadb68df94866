package conformance

import (
	"slices"
	"strings"
	"testing"
)

// TestProfiles holds the profiles to the cases there are: each case is in one at
// least, and nothing in a profile is about no case.
func TestProfiles(t *testing.T) {
	for _, c := range Cases() {
		if !slices.ContainsFunc(profiles, func(p Profile) bool { return !p.V1 && p.has(c.ID) }) {
			t.Errorf("%s is in no profile", c.ID)
		}
	}
	for _, p := range profiles {
		for _, begin := range p.of {
			if !slices.ContainsFunc(All(), func(c Case) bool { return strings.HasPrefix(c.ID, begin) }) {
				t.Errorf("profile %s: no case begins with %s", p.Name, begin)
			}
		}
		if len(p.Cases()) == 0 {
			t.Errorf("profile %s has no cases", p.Name)
		}
	}
}

// TestGuards holds the guards to the cases there are.
func TestGuards(t *testing.T) {
	of := map[string]Guard{}
	for guard, cases := range guardCases {
		if !slices.Contains(Guards(), guard) {
			t.Errorf("%q is not listed", guard)
		}
		for _, id := range cases {
			switch {
			case of[id] != "":
				t.Errorf("%s is of two guards", id)
			case !slices.ContainsFunc(All(), func(c Case) bool { return c.ID == id }):
				t.Errorf("%q: there is no case %s", guard, id)
			}
			of[id] = guard
		}
	}
	for _, guard := range Guards() {
		if len(guardCases[guard]) == 0 {
			t.Errorf("no case tries %q", guard)
		}
	}
}
