package mutants

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pecete/pecete/conformance"
	"github.com/pecete/pecete/conformance/faults"
)

// A Verdict is what the cases of its method made of a mutant.
type Verdict struct {
	Fault  faults.Fault
	Level  conformance.Level // of the fault's case
	Method string            // of that case
	Killed bool              // by its case
	// Others noticed it too.
	Others []string
	// Strays are those of the others that are not named for it, and Blind those
	// that are and did not notice.
	Strays, Blind []string
}

// Exact reports whether exactly the named cases noticed.
func (v Verdict) Exact() bool { return v.Killed && len(v.Strays) == 0 && len(v.Blind) == 0 }

// Try tries the cases of the fault's method on the server that commits it, where its
// case needs it: those to which that server would look any different. The fault of a
// case that needs a variant meets that case alone.
func (h *House) Try(ctx context.Context, f faults.Fault) (Verdict, error) {
	found := conformance.Find(f.Case)
	if len(found) != 1 {
		return Verdict{}, fmt.Errorf("there is no case %s", f.Case)
	}
	v := Verdict{Fault: f, Level: found[0].Level, Method: found[0].Ref.Method}
	passing, err := h.passingWith(ctx, found[0])
	if err != nil {
		return v, err
	}
	i := slices.IndexFunc(passing, func(p passed) bool { return p.id == f.Case })
	if i < 0 {
		return v, ErrNotPassing
	}
	if err := h.notice(ctx, f.Narrowed(passing[i].said), passing, &v); err != nil {
		return v, err
	}
	named := h.named[key(f)]
	v.Strays = slices.DeleteFunc(slices.Clone(v.Others), func(id string) bool {
		return slices.Contains(named, id) || slices.Contains(named, id+perhaps)
	})
	for _, p := range passing {
		if slices.Contains(named, p.id) && !slices.Contains(v.Others, p.id) {
			v.Blind = append(v.Blind, p.id)
		}
	}
	return v, nil
}

// perhaps stands in named.txt behind a case that may notice or not, since that is a
// matter of time.
const perhaps = "?"

// ErrNotPassing says that a fault's case does not pass on the good server, so that
// it could prove nothing on a worse one.
var ErrNotPassing = errors.New("does not pass on the good server")

// notice says in v which of the cases do not pass on the mutant.
func (h *House) notice(ctx context.Context, f faults.Fault, passing []passed, v *Verdict) (err error) {
	t, door, err := h.Mutant(f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, door.Close()) }()
	var ids []string
	for _, p := range passing {
		if p.id == f.Case || f.Touches(p.said) {
			ids = append(ids, p.id)
		}
	}
	results, err := try(ctx, t, ids...)
	if err != nil {
		return fmt.Errorf("%s, by a server that %s: %w", f.Case, f.Says, err)
	}
	for _, id := range ids {
		switch noticed := results[id].Outcome != conformance.Pass && results[id].Outcome != conformance.Skip; {
		case noticed && id == f.Case:
			v.Killed = true
		case noticed:
			v.Others = append(v.Others, id)
		}
	}
	return nil
}

//go:embed named.txt
var namedText string

// names are the cases beside each fault's own that must notice it, by its key: one
// broken rule may be several cases' business.
type names map[string][]string

func readNames() names {
	all := names{}
	for line := range strings.Lines(namedText) {
		if key, others, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); ok {
			all[key] = strings.Fields(others)
		}
	}
	return all
}

// key is what a fault is called in named.txt.
func key(f faults.Fault) string { return f.Case + ", a server that " + f.Says }

// NamedAnew is the text of named.txt as the verdicts would have it; what is said
// there of other faults that there are stays.
func NamedAnew(verdicts []Verdict) string {
	all, named := names{}, readNames()
	for _, f := range slices.Concat(faults.All(), faults.V1()) {
		all[key(f)] = named[key(f)]
	}
	for _, v := range verdicts {
		k := key(v.Fault)
		all[k] = slices.DeleteFunc(all[k], func(id string) bool { return !strings.HasSuffix(id, perhaps) })
		for _, id := range v.Others {
			if !slices.Contains(all[k], id+perhaps) {
				all[k] = append(all[k], id)
			}
		}
	}
	var text strings.Builder
	for _, k := range slices.Sorted(maps.Keys(all)) {
		if others := all[k]; len(others) > 0 {
			fmt.Fprintf(&text, "%s: %s\n", k, strings.Join(others, " "))
		}
	}
	return text.String()
}
