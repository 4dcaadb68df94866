package conformance

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// Options narrow a run, or make it stricter.
type Options struct {
	// Methods are the methods to try, General among them; none: all that the
	// server claims.
	Methods []string
	// Only are ids or check numbers of cases; none: all.
	Only []string
	// Strict makes warnings failures: recommendations not followed, and
	// error_descriptions in other words than the text's.
	Strict bool
	// Progress, if not nil, is told each result as it comes.
	Progress func(Result)
}

// ErrUnreachable says that the server did not answer at all.
var ErrUnreachable = errors.New("conformance: the server cannot be reached")

// Run tries the cases on t, one after the other, and reports. It stops when ctx
// ends and returns what it has, with the error; with [ErrUnreachable] there is
// nothing.
func Run(ctx context.Context, t *Target, o Options) (Report, error) {
	t.ready()
	r := Report{Schema: Schema, Target: t.Base, Strict: o.Strict, Started: t.Now().UTC()}
	if err := t.info(ctx).Err(); err != nil {
		return Report{}, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	claims := t.claims(ctx)
	r.Name, _ = claims.str("name")
	r.Specs, _ = claims.str("specs")
	cases := Cases()
	if t.V1 {
		cases = CasesV1()
	}
	for _, c := range cases {
		if !o.wants(c) {
			continue
		}
		if ctx.Err() != nil {
			break
		}
		result := t.try(ctx, c, o.Strict)
		r.Results = append(r.Results, result)
		if o.Progress != nil {
			o.Progress(result)
		}
	}
	r.Seconds = seconds(t.Now().Sub(r.Started))
	r.count()
	return r, ctx.Err()
}

func (o Options) wants(c Case) bool {
	return (len(o.Methods) == 0 || slices.Contains(o.Methods, c.Ref.Method)) &&
		(len(o.Only) == 0 || slices.Contains(o.Only, c.ID) || slices.Contains(o.Only, c.Check))
}

// try runs one case, if its needs are met, and judges.
func (t *Target) try(ctx context.Context, c Case, strict bool) Result {
	began := t.Now()
	r := Result{ID: c.ID, Check: c.Check, Method: c.Ref.Method, Clause: c.Ref.Clause, Level: c.Level.String(), Says: c.Says}
	err := t.reach(ctx, c)
	if err == nil {
		err = guarded(ctx, t, c)
	}
	r.Outcome = judge(err, c.Level, strict)
	if err != nil {
		r.Detail = t.secrets.cut(err.Error())
	}
	r.Unprovided = kindOf(err) == notProvided
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
