package mutants

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"text/tabwriter"

	"github.com/pecete/pecete/conformance"
	"github.com/pecete/pecete/conformance/faults"
)

// A Proof is what became of all mutants.
type Proof struct {
	Verdicts []Verdict
	// Unproven is how the cases ended that do not pass on the good server: their
	// mutants were not tried.
	Unproven map[string]string
}

// Prove tries the faults, side by side on as many houses of one version as there
// are. Progress, if not nil, is told each verdict as it comes.
func Prove(ctx context.Context, houses []*House, all []faults.Fault, progress func(Verdict)) (Proof, error) {
	p := &proving{verdicts: make([]*Verdict, len(all)), unproven: map[string]string{}, progress: progress}
	next := make(chan int)
	errs := make([]error, len(houses))
	var workers sync.WaitGroup
	for n, h := range houses {
		workers.Go(func() {
			for i := range next {
				if errs[n] == nil {
					v, err := h.Try(ctx, all[i])
					errs[n] = p.take(h, i, v, err)
				}
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	workers.Wait()
	return p.proof(), errors.Join(errs...)
}

// proving is a proof as far as it got.
type proving struct {
	progress func(Verdict)

	mu       sync.Mutex
	verdicts []*Verdict // nil if there is none
	unproven map[string]string
}

func (p *proving) take(h *House, i int, v Verdict, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case errors.Is(err, ErrNotPassing):
		p.unproven[v.Fault.Case] = h.Failing(v.Fault.Case)
		return nil
	case err != nil:
		return err
	}
	p.verdicts[i] = &v
	if p.progress != nil {
		p.progress(v)
	}
	return nil
}

func (p *proving) proof() Proof {
	whole := Proof{Unproven: p.unproven}
	for _, v := range p.verdicts {
		if v != nil {
			whole.Verdicts = append(whole.Verdicts, *v)
		}
	}
	return whole
}

// Holds reports whether each mutant was tried and killed, by exactly the cases named.
func (p Proof) Holds() bool {
	return len(p.Verdicts) > 0 && len(p.Unproven) == 0 && !slices.ContainsFunc(p.Verdicts, func(v Verdict) bool { return !v.Exact() })
}

// Survived is how many mutants their case did not notice.
func (p Proof) Survived() int { return p.count(func(v Verdict) bool { return !v.Killed }) }

func (p Proof) count(is func(Verdict) bool) (n int) {
	for _, v := range p.Verdicts {
		if is(v) {
			n++
		}
	}
	return n
}

// WriteInexact writes who noticed without being named, and who is named and did
// not. What is named is so for the server that has all there is.
func (p Proof) WriteInexact(w io.Writer) error {
	var err error
	for _, v := range p.Verdicts {
		for _, id := range v.Strays {
			_, e := fmt.Fprintf(w, "not named  %s noticed a server that %s, which is for %s\n", id, v.Fault.Says, v.Fault.Case)
			err = errors.Join(err, e)
		}
		for _, id := range v.Blind {
			_, e := fmt.Fprintf(w, "blind  %s did not notice a server that %s, and is named beside %s\n", id, v.Fault.Says, v.Fault.Case)
			err = errors.Join(err, e)
		}
	}
	return err
}

// WriteText writes which mutants survived, then a line for each method, then one
// for all.
func (p Proof) WriteText(w io.Writer) error {
	for _, v := range p.Verdicts {
		if !v.Killed {
			fmt.Fprintf(w, "survived  %s: a server that %s\n", v.Fault.Case, v.Fault.Says)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.Unproven)) {
		fmt.Fprintf(w, "not tried  %s does not pass on the good server: %s\n", id, p.Unproven[id])
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "method\tmutants\tkilled\tsurvived\tby their case alone\n")
	line := func(name string, of Proof) {
		survived := of.Survived()
		alone := of.count(func(v Verdict) bool { return v.Killed && len(v.Others) == 0 })
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\n", name, len(of.Verdicts), len(of.Verdicts)-survived, survived, alone)
	}
	for _, m := range p.methods() {
		line(m, p.of(func(v Verdict) bool { return v.Method == m }))
	}
	line("of a MUST", p.of(func(v Verdict) bool { return v.Level == conformance.Must }))
	line("mutants", p)
	return table.Flush()
}

func (p Proof) of(are func(Verdict) bool) Proof {
	return Proof{Verdicts: slices.DeleteFunc(slices.Clone(p.Verdicts), func(v Verdict) bool { return !are(v) })}
}

// methods are those of the verdicts, in their order.
func (p Proof) methods() (names []string) {
	for _, v := range p.Verdicts {
		if !slices.Contains(names, v.Method) {
			names = append(names, v.Method)
		}
	}
	return names
}
