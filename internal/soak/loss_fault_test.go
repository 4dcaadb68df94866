package soak

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pecete/pecete/csc"
)

// The bounds that fail a test are for a machine that is busy with other tests;
// what was measured stands in the row.
const (
	mostWait    = 8 * time.Second  // for an answer, in a fault that promises less than a second
	mostRecover = 25 * time.Second // from the end of the fault
)

// A fault is something that is taken away and comes back.
type fault struct {
	name string
	do   func(w *town) (undo func())
	hold time.Duration // how long it lasts; 2 s if zero
	// loses says that the server may forget grants and tokens: as soon as undo
	// is called, or already when do is.
	loses, losesAtOnce bool
	// bites are the deeds that are refused meanwhile.
	bites []string
	// says are answers, beside a good one and "not now", that are right.
	says map[string]func(s sight) bool
	// waits is how long an answer may take; mostWait if zero.
	waits time.Duration
	// essential faults are in the short form too.
	essential bool
	tries     int // in the long form; 3 if zero
}

// A span is when a fault began and ended.
type span struct{ begun, done, undoing, undone time.Time }

// suffer has the town suffer a fault while it is watched, and keeps the row.
func (w *town) suffer(f fault) {
	w.t.Helper()
	tries := 1
	switch {
	case !*long && !f.essential:
		return
	case *long:
		tries = cmp.Or(f.tries, 3)
	}
	total := row{fault: f.name}
	for range tries {
		total.add(w.once(f))
	}
	must(w.t, Record(filepath.Join("..", "..", "build", "soak"), total.row()))
	w.t.Logf("%s: %s; recovered in %v; lost: %s; excess %d", f.name, total.saw(), total.recovered.Round(time.Millisecond), total.lost(), total.excess)
}

// once is one suffering.
func (w *town) once(f fault) row {
	w.t.Helper()
	v := w.look()
	var at span
	at.begun = time.Now()
	undo := f.do(w)
	at.done = time.Now()
	time.Sleep(cmp.Or(f.hold, 2*time.Second))
	at.undoing = time.Now()
	undo()
	at.undone = time.Now()
	last, well := v.well(at.undone)
	v.end()
	r := row{fault: f.name, tries: 1, recovered: last.Sub(at.undone)}
	switch {
	case !well:
		w.t.Errorf("%s: the server does not recover: %v", f.name, v.complaints(at.undone))
	case r.recovered > mostRecover:
		w.t.Errorf("%s: recovered after %v", f.name, r.recovered)
	}
	v.judge(f, at, &r)
	v.settle(f, &r)
	w.verified()
	return r
}

// judge looks at every answer.
func (v *watch) judge(f fault, at span, r *row) {
	t := v.w.t
	t.Helper()
	bitten, wrong := map[string]bool{}, map[string]int{}
	for _, s := range v.since(time.Time{}) {
		hurt := s.ended.After(at.begun)
		took := s.ended.Sub(s.begun)
		lost := f.losesAtOnce && hurt || f.loses && s.ended.After(at.undoing)
		if hurt {
			r.see(s)
			if r.slowest = max(r.slowest, took); took > cmp.Or(f.waits, mostWait) {
				t.Errorf("%s: %s took %v: %d %s %v", f.name, s.deed, took, s.status, s.words, s.err)
			}
		}
		switch {
		case s.good():
		case hurt && s.passes(), lost && s.over(), hurt && f.says[s.deed] != nil && f.says[s.deed](s):
			if s.begun.After(at.begun) && s.begun.Before(at.undoing) {
				bitten[s.deed] = true
			}
		default:
			if what := fmt.Sprintf("%s: %d %q", s.deed, s.status, s.words); wrong[what] == 0 {
				t.Errorf("%s: %s retry=%t, %v after the beginning and %v after the end: %v", f.name, what, s.retry,
					s.begun.Sub(at.begun), s.ended.Sub(at.undone), s.err)
			}
			wrong[fmt.Sprintf("%s: %d %q", s.deed, s.status, s.words)]++
		}
	}
	if len(wrong) > 0 {
		t.Errorf("%s: wrong answers: %v", f.name, wrong)
	}
	for _, deed := range f.bites {
		if !bitten[deed] {
			t.Errorf("%s: no %s was refused meanwhile", f.name, deed)
		}
	}
}

// settle asks once more for every signature that was not given, and counts what
// the device made.
func (v *watch) settle(f fault, r *row) {
	t := v.w.t
	t.Helper()
	for _, one := range v.signings {
		if one.unproved {
			t.Errorf("%s: a signature over %s does not verify", f.name, one.digest)
		}
		if one.sad == "" || one.signed || one.refused || one.tries == 0 {
			continue
		}
		s := v.try("settling", one)
		switch {
		case s.good():
			r.saved++
		case s.over():
			r.void++
		case s.status/100 == 4: // the grant lives, and this of it was spent
			r.spent++
		default:
			t.Errorf("%s: afterwards %d %s %v", f.name, s.status, s.words, s.err)
		}
	}
	r.excess += v.w.excess(f.name, v.signings)
}

// excess counts the signatures that the device made beyond what was agreed to:
// of a digest that a grant names one, of another as many as were asked for, of
// a grant as many as it is for, and none that nobody asked for.
func (w *town) excess(name string, signings []*signing) (excess int) {
	w.t.Helper()
	made, spent := w.made(), map[csc.Secret]int{}
	for _, one := range signings {
		n, most := made[one.signer.named(one.digest)], one.tries
		if one.bound {
			most = min(most, 1)
		}
		if n > most {
			w.t.Errorf("%s: %d signatures over %s", name, n, one.digest)
			excess += n - most
		}
		if spent[one.sad] += n; one.sad != "" && spent[one.sad] == perGrant+1 {
			w.t.Errorf("%s: more signatures than a grant is for", name)
			excess++
		}
		if one.signed && n == 0 {
			w.t.Errorf("%s: a signature over %s that nobody counted", name, one.digest)
		}
		w.known(one.signer.named(one.digest))
	}
	for what, n := range made {
		if !w.agreed[what] {
			w.t.Errorf("%s: %d signatures that nobody agreed to: %s", name, n, what)
			excess += n
		}
	}
	return excess
}

// complaints are the last bad answers.
func (v *watch) complaints(since time.Time) []string {
	last := map[string]sight{}
	for _, s := range v.since(since) {
		last[s.deed] = s
	}
	var all []string
	for _, deed := range slices.Sorted(maps.Keys(last)) {
		if s := last[deed]; !s.good() {
			all = append(all, fmt.Sprintf("%s: %d %s %v", deed, s.status, s.words, s.err))
		}
	}
	return all
}

// A row is a Row in the making.
type row struct {
	fault              string
	tries              int
	answers            map[string]int
	slowest            time.Duration // of all answers
	refused            time.Duration // of those that say "not now"
	recovered          time.Duration
	spent, void, saved int  // signatures that were not given: spent for nothing, of a forgotten grant, given later
	forgot             bool // grants and tokens
	excess             int
}

// see counts an answer.
func (r *row) see(s sight) {
	if r.answers == nil {
		r.answers = map[string]int{}
	}
	what := fmt.Sprint(s.status)
	switch {
	case s.good():
		what = "well"
	case s.status == 0:
		what = "no answer"
	}
	r.answers[what]++
	r.forgot = r.forgot || s.over()
	if s.passes() {
		r.refused = max(r.refused, s.ended.Sub(s.begun))
	}
}

func (r *row) add(o row) {
	if r.answers == nil {
		r.answers = map[string]int{}
	}
	for what, n := range o.answers {
		r.answers[what] += n
	}
	r.tries += o.tries
	r.forgot = r.forgot || o.forgot
	r.slowest, r.refused, r.recovered = max(r.slowest, o.slowest), max(r.refused, o.refused), max(r.recovered, o.recovered)
	r.spent, r.void, r.saved, r.excess = r.spent+o.spent, r.void+o.void, r.saved+o.saved, r.excess+o.excess
}

// saw is what the client saw, in words.
func (r *row) saw() string {
	var all []string
	for _, what := range slices.Sorted(maps.Keys(r.answers)) {
		all = append(all, fmt.Sprintf("%d %s", r.answers[what], what))
	}
	return fmt.Sprintf("%s; 503 within %v, any answer within %v", strings.Join(all, ", "),
		r.refused.Round(10*time.Millisecond), r.slowest.Round(10*time.Millisecond))
}

func (r *row) lost() string {
	var all []string
	if r.forgot {
		all = append(all, fmt.Sprintf("the open grants and tokens, %d signatures of them asked for meanwhile", r.void))
	}
	if r.spent > 0 {
		all = append(all, fmt.Sprintf("%d signatures that were spent and not given", r.spent))
	}
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Join(all, "; ")
}

func (r *row) row() Row {
	return Row{Group: "loss", Fault: r.fault, Tries: r.tries, Saw: r.saw(), Recovered: r.recovered, Lost: r.lost(), Excess: r.excess}
}
