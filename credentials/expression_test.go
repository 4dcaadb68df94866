package credentials_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/credentials"
)

var declared = []string{"PIN", "OTP", "SMS", "fallback question", "fallback", "A AND B"}

func TestExpressions(t *testing.T) {
	tests := []struct {
		text  string
		given string // with commas between
		want  bool
	}{
		{"PIN", "PIN", true},
		{"PIN", "", false},
		{"PIN AND OTP", "PIN,OTP", true},
		{"PIN AND OTP", "OTP,PIN", true},
		{"PIN AND OTP", "PIN", false},
		{"PIN OR OTP", "OTP", true},
		{"PIN OR OTP", "PIN,OTP", true},
		{"PIN OR OTP", "", false},
		{"PIN XOR OTP", "PIN", true},
		{"PIN XOR OTP", "PIN,OTP", false},
		{"PIN XOR OTP", "", false},
		{"PIN XOR OTP XOR SMS", "PIN,OTP,SMS", false}, // exactly one, not an odd number
		{"PIN XOR OTP XOR SMS", "SMS", true},
		{"PIN AND OTP OR SMS", "SMS", true}, // AND binds first
		{"PIN AND OTP OR SMS", "PIN", false},
		{"PIN AND (OTP OR SMS)", "PIN,SMS", true},
		{"PIN AND (OTP OR SMS)", "SMS", false},
		{"SMS OR PIN XOR OTP", "SMS,PIN,OTP", true}, // XOR before OR
		{"(SMS OR PIN) XOR OTP", "SMS,PIN,OTP", false},
		{"PIN AND(OTP OR SMS)", "PIN,OTP", true},
		{"  ( PIN )  AND  ((OTP)) ", "PIN,OTP", true},
		{"fallback question", "fallback question", true},
		{"fallback question", "fallback", false},
		{"fallback OR fallback question", "fallback", true},
		{"A AND B AND PIN", "A AND B,PIN", true},
		{"PIN XOR (PIN AND OTP)", "PIN", true},
		{"PIN XOR (PIN AND OTP)", "PIN,OTP", false},
	}
	for _, tt := range tests {
		e, err := credentials.ParseExpression(tt.text, declared)
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		given := strings.Split(tt.given, ",")
		if got := e.Satisfied(given); got != tt.want {
			t.Errorf("%q with %q: %v, want %v", tt.text, tt.given, got, tt.want)
		}
	}
}

func TestNoExpressions(t *testing.T) {
	for _, text := range []string{
		"", " ", "PIN AND", "AND PIN", "PIN OTP", "PIN and OTP", "pin", "PINAND OTP", "PIN ANDOTP", "PIN & OTP", "NOT PIN",
		"(PIN", "PIN)", "()", "PIN AND ()", "PIN,OTP", "PIN\tAND OTP", "PIN\nAND OTP", "fallbackquestion", "XYZ", "(((", "PIN OR OR OTP",
		strings.Repeat("(", 33) + "PIN" + strings.Repeat(")", 33), strings.Repeat(" ", 500) + "PIN",
	} {
		if e, err := credentials.ParseExpression(text, declared); !errors.Is(err, credentials.ErrExpression) {
			t.Errorf("%.60q is taken for %q, %v", text, e, err)
		}
	}
}

func TestExpressionsAreWrittenOneWay(t *testing.T) {
	for text, want := range map[string]string{
		"PIN":                          "PIN",
		"((PIN))":                      "PIN",
		"PIN  AND OTP":                 "PIN AND OTP",
		"PIN AND OTP OR SMS":           "(PIN AND OTP) OR SMS",
		"PIN AND (OTP AND SMS)":        "PIN AND (OTP AND SMS)",
		"PIN AND(OTP XOR SMS) OR PIN ": "(PIN AND (OTP XOR SMS)) OR PIN",
	} {
		e, err := credentials.ParseExpression(text, declared)
		must(t, err)
		if e.String() != want {
			t.Errorf("%q is written %q, want %q", text, e, want)
		}
	}
}

func TestWhatExpressionsNeed(t *testing.T) {
	for text, want := range map[string]string{
		"PIN": "PIN", "PIN AND OTP": "PIN OTP", "PIN OR OTP": "", "PIN AND (OTP OR SMS)": "PIN",
		"(PIN AND OTP) OR (PIN AND SMS)": "PIN", "PIN XOR OTP": "",
	} {
		e, err := credentials.ParseExpression(text, declared)
		must(t, err)
		var needed []string
		for _, id := range e.IDs() {
			if e.Needs(id) {
				needed = append(needed, id)
			}
		}
		if got := strings.Join(needed, " "); got != want || !e.Possible() {
			t.Errorf("%q needs %q, want %q; possible: %v", text, got, want, e.Possible())
		}
	}
	for _, text := range []string{"PIN XOR PIN", "OTP AND (PIN XOR PIN)"} {
		e, err := credentials.ParseExpression(text, declared)
		must(t, err)
		if e.Possible() {
			t.Errorf("%q is said to be possible", text)
		}
	}
}

// A tree is an expression that was never a text: the model.
type tree struct {
	id    int    // of a leaf
	how   string // "" for a leaf
	parts []tree
}

// grow makes a tree of bytes, some of them anybody's.
func grow(seed *[]byte, depth int) tree {
	next := func() int {
		if len(*seed) == 0 {
			return 0
		}
		b := (*seed)[0]
		*seed = (*seed)[1:]
		return int(b)
	}
	if kind := next(); depth < 4 && kind%4 != 0 {
		t := tree{how: []string{"AND", "OR", "XOR"}[kind%3]}
		for range 2 + next()%2 {
			t.parts = append(t.parts, grow(seed, depth+1))
		}
		return t
	}
	return tree{id: next() % 4}
}

func (t tree) String() string {
	if t.how == "" {
		return declared[t.id]
	}
	var parts []string
	for _, part := range t.parts {
		parts = append(parts, "("+part.String()+")")
	}
	return strings.Join(parts, "  "+t.how+" ")
}

// holds counts in another way than the package does.
func (t tree) holds(given int) bool {
	if t.how == "" {
		return given>>t.id&1 == 1
	}
	all, some, one := true, false, false
	for _, part := range t.parts {
		holds := part.holds(given)
		one = holds && !some || one && !holds
		all, some = all && holds, some || holds
	}
	return map[string]bool{"AND": all, "OR": some, "XOR": one}[t.how]
}

// What was made of a tree means what the tree does, for every proof, and so does
// what it is written as.
func FuzzExpressionMeans(f *testing.F) {
	f.Add([]byte{1, 0, 0, 1, 0, 2})
	f.Add([]byte{2, 1, 5, 0, 0, 1, 0, 2, 0, 3, 7, 9, 0, 1})
	f.Fuzz(func(t *testing.T, seed []byte) {
		model := grow(&seed, 0)
		e, err := credentials.ParseExpression(model.String(), declared)
		if len(model.String()) > 500 {
			return
		}
		must(t, err)
		again, err := credentials.ParseExpression(e.String(), declared)
		must(t, err)
		for given := range 16 {
			var ids []string
			for n := range 4 {
				if given>>n&1 == 1 {
					ids = append(ids, declared[n])
				}
			}
			if e.Satisfied(ids) != model.holds(given) || again.Satisfied(ids) != model.holds(given) {
				t.Fatalf("%q with %q: %v, written anew %v, want %v", model, ids, e.Satisfied(ids), again.Satisfied(ids), model.holds(given))
			}
		}
	})
}

// Whatever is taken is written in a way that is taken for the same.
func FuzzExpression(f *testing.F) {
	for _, text := range []string{"PIN AND OTP", "PIN AND (OTP OR SMS)", "fallback question XOR A AND B", "((", ")", "PIN AND(OTP)"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := credentials.ParseExpression(text, declared)
		if err != nil {
			if !errors.Is(err, credentials.ErrExpression) {
				t.Fatal(err)
			}
			return
		}
		again, err := credentials.ParseExpression(e.String(), declared)
		if len(e.String()) > 500 {
			return
		}
		if err != nil || again.String() != e.String() {
			t.Fatalf("%q is written %q, which is %q, %v", text, e, again, err)
		}
		if diff := cmp.Diff(e.IDs(), again.IDs()); diff != "" || len(e.IDs()) == 0 {
			t.Fatal(diff)
		}
		if !slices.ContainsFunc(declared, func(id string) bool { return strings.Contains(fmt.Sprint(e), id) }) {
			t.Fatalf("%q mentions nothing", e)
		}
	})
}
