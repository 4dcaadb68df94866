package conformance

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options narrow a run, or make it stricter.
type Options struct {
	// Methods are the methods to try, General among them; none: all that the
	// server claims.
	Methods []string
	// Profiles are the names of those whose cases are tried; none: all.
	Profiles []string
	// Only are ids or check numbers of cases; none: all.
	Only []string
	// Strict makes warnings failures: recommendations not followed, and
	// error_descriptions in other words than the text's.
	Strict bool
	// Parallel has the cases that wait for something to expire wait at the same
	// time, while the others are tried.
	Parallel bool
	// Progress, if not nil, is told each result as it comes, and how many of all
	// there are.
	Progress func(done, all int, r Result)
}

// ErrUnreachable says that the server did not answer at all.
var ErrUnreachable = errors.New("conformance: the server cannot be reached")

// Run tries the cases on t, one after the other unless they are to run side by
// side, and reports. It stops when ctx
// ends and returns what it has, with the error; with [ErrUnreachable] there is
// nothing.
func Run(ctx context.Context, t *Target, o Options) (Report, error) {
	t.ready()
	r := Report{Schema: Schema, Target: t.Base, V1: t.V1, Strict: o.Strict, Started: t.Now().UTC()}
	first, _ := recording(ctx) // for the cases that look at what it says
	if err := t.info(first).Err(); err != nil {
		return Report{}, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	claims := t.claims(ctx)
	r.Name, _ = claims.str("name")
	r.Specs, _ = claims.str("specs")
	cases := Cases()
	if t.V1 {
		cases = CasesV1()
	}
	cases = slices.DeleteFunc(cases, func(c Case) bool { return !o.Wants(c) })
	r.Results = t.tryAll(ctx, cases, o)
	r.Seconds = seconds(t.Now().Sub(r.Started))
	r.count()
	return r, ctx.Err()
}

// tryAll tries the cases, as far as there is time, and returns the results in
// their order.
func (t *Target) tryAll(ctx context.Context, cases []Case, o Options) []Result {
	results := make([]*Result, len(cases))
	var mu sync.Mutex
	done := 0
	try := func(i int) {
		if ctx.Err() != nil {
			return
		}
		r := t.try(ctx, cases[i], o.Strict)
		mu.Lock()
		defer mu.Unlock()
		results[i] = &r
		if done++; o.Progress != nil {
			o.Progress(done, len(cases), r)
		}
	}
	var waiting sync.WaitGroup
	for i, c := range cases {
		if o.Parallel && slices.Contains(c.Needs, Patience) {
			waiting.Go(func() { try(i) })
		}
	}
	for i, c := range cases {
		if slices.Contains(c.Needs, RateLimit) {
			waiting.Wait() // it leaves nothing for others
		}
		if !o.Parallel || !slices.Contains(c.Needs, Patience) {
			try(i)
		}
	}
	waiting.Wait()
	var all []Result
	for _, r := range results {
		if r != nil {
			all = append(all, *r)
		}
	}
	return all
}

// Wants reports whether o asks for the case.
func (o Options) Wants(c Case) bool {
	return (len(o.Methods) == 0 || slices.Contains(o.Methods, c.Ref.Method)) &&
		(len(o.Profiles) == 0 || slices.ContainsFunc(o.Profiles, func(name string) bool {
			p, known := FindProfile(name)
			return known && p.has(c.ID)
		})) &&
		(len(o.Only) == 0 || slices.Contains(o.Only, c.ID) || slices.Contains(o.Only, c.Check))
}

// try runs one case, if its needs are met, and judges.
func (t *Target) try(ctx context.Context, c Case, strict bool) Result {
	t.ready()
	began := t.Now()
	r := Result{ID: c.ID, Check: c.Check, Method: c.Ref.Method, Clause: c.Ref.Clause, Level: c.Level.String(), Says: c.Says, Guard: GuardOf(c.ID)}
	ctx, exchanges := recording(ctx)
	err := t.reach(ctx, c)
	if err == nil {
		err = guarded(ctx, t, c)
	}
	r.Outcome = judge(err, c.Level, strict)
	if err != nil {
		r.Detail = t.secrets.cut(err.Error())
	}
	r.Unprovided = kindOf(err) == notProvided
	if r.Outcome != Skip {
		r.Exchanges = exchanges.shown(t.secrets)
	}
	r.Seconds = seconds(t.Now().Sub(began))
	return r
}

// reach is the first of the needs of c that is not met.
func (t *Target) reach(ctx context.Context, c Case) error {
	for _, f := range c.needed() {
		if err := t.lacks(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// guarded runs a case; a mistake of the suite's own spoils one result, not the
// report.
func guarded(ctx context.Context, t *Target, c Case) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = unmet("the suite failed at this case: %v %s", v, where(debug.Stack()))
		}
	}()
	return c.Run(ctx, t)
}

// where is the place in a stack that panicked.
func where(stack []byte) string {
	lines := strings.Split(string(stack), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "panic(") && i+3 < len(lines) {
			return "at " + strings.TrimSpace(lines[i+3])
		}
	}
	return ""
}

// judge turns what a case returned into an outcome.
func judge(err error, l Level, strict bool) Outcome {
	if err == nil {
		return Pass
	}
	switch kind := kindOf(err); {
	case kind == notClaimed, kind == notProvided:
		return Skip
	case l == Doubt:
		return Doubtful
	case (kind == warned || l == Should) && !strict:
		return Warn
	}
	return Fail
}

func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }
