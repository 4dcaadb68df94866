package audit

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// A Ledger finds signatures that nobody agreed to. It is given the records of
// all logs that share grants, each log's in order, and judges when it has them
// all. The zero Ledger is empty.
//
// What it finds: an intent without a grant, or before it in the same log; more
// hashes than the grant's Count; a hash that a Bound grant does not have, or
// not so often, or another HashOID; another client, user or credential than the
// grant's; an outcome without an intent, or with more signatures than the
// intent has hashes; a grant issued twice; an extension of no grant, of one that
// was extended before, or for more than was left of it; a step of a user's authenticator
// verified twice, or standing behind two grants or permits that are not of one
// SAD, or behind one without having been verified; a serial number given to two
// time-stamps, or a time-stamp released that was not intended.
type Ledger struct {
	grants map[string]*account
	steps  map[step]*spending
	stamps map[string]*stamping
}

// A Finding is a record that should not be.
type Finding struct {
	Log  string
	Line int
	Seq  uint64
	Time time.Time
	// Grant and User are whose the record is, where it says so.
	Grant, User string
	What        string
}

func (f Finding) String() string {
	return fmt.Sprintf("%s: line %d, record %d: %s", f.Log, f.Line, f.Seq, f.What)
}

// An account is what was recorded of one grant.
type account struct{ issued, extended, intents, outcomes []Record }

// A step is one code of a user's authenticator.
type step struct {
	user string
	step int64
}

// A spending is what a step was used for.
type spending struct{ verified, issued []Record }

// Add takes the next record of a log.
func (l *Ledger) Add(r Record) {
	if l.grants == nil {
		l.grants, l.steps, l.stamps = make(map[string]*account), make(map[step]*spending), make(map[string]*stamping)
	}
	r.Reason = "" // never judged, and long
	switch r.Event {
	case GrantIssued:
		a := l.account(r.Grant)
		a.issued = append(a.issued, r)
		if r.Step != 0 {
			s := l.step(r)
			s.issued = append(s.issued, r)
		}
	case GrantExtended:
		a := l.account(r.Grant)
		a.issued = append(a.issued, r)
		a = l.account(r.From)
		a.extended = append(a.extended, r)
	case PermitIssued:
		if r.Step != 0 {
			s := l.step(r)
			s.issued = append(s.issued, r)
		}
	case SignIntent:
		a := l.account(r.Grant)
		a.intents = append(a.intents, r)
	case SignDone, SignFailed:
		r.Hashes = nil // the intent has them
		a := l.account(r.Grant)
		a.outcomes = append(a.outcomes, r)
	case FactorVerified:
		if r.Step != 0 {
			s := l.step(r)
			s.verified = append(s.verified, r)
		}
	case StampIntent, StampDone:
		l.stamp(r)
	default: // tells of no signature
	}
}

func (l *Ledger) account(grant string) *account {
	a, ok := l.grants[grant]
	if !ok {
		a = &account{}
		l.grants[grant] = a
	}
	return a
}

func (l *Ledger) step(r Record) *spending {
	key := step{r.User, r.Step}
	s, ok := l.steps[key]
	if !ok {
		s = &spending{}
		l.steps[key] = s
	}
	return s
}

// Findings judges all that was added and returns what should not be, by log
// and line.
func (l *Ledger) Findings() []Finding {
	var all []Finding
	for _, a := range l.grants {
		all = append(all, a.judge()...)
	}
	for _, s := range l.steps {
		all = append(all, s.judge()...)
	}
	for _, s := range l.stamps {
		all = append(all, s.judge()...)
	}
	return ordered(all)
}

// Unfinished returns the intents that have no outcome: of a process that was
// killed, or one still at it. The signatures may have been made; they were
// hardly released.
func (l *Ledger) Unfinished() []Finding {
	var all []Finding
	for _, a := range l.grants {
		open, _ := a.settle()
		for _, r := range open {
			all = append(all, finding(r, "an intent without an outcome"))
		}
	}
	return ordered(all)
}

func finding(r Record, format string, args ...any) Finding {
	return Finding{r.Log, r.Line, r.Seq, r.Time, r.Grant, r.User, fmt.Sprintf(format, args...)}
}

func ordered(all []Finding) []Finding {
	slices.SortFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Log, b.Log), cmp.Compare(a.Line, b.Line), cmp.Compare(a.What, b.What))
	})
	return all
}

// byTime orders records of several logs; those of one log keep their order,
// since its time does not go back.
func byTime(records []Record) []Record {
	slices.SortFunc(records, func(a, b Record) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Log, b.Log), cmp.Compare(a.Seq, b.Seq))
	})
	return records
}
