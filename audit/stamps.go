package audit

// A stamping is what was recorded of one serial number. There may be millions: it
// keeps of a number that was used as it should be what log has its intent, and no
// more.
type stamping struct {
	log    string // of the intent; "" if there is none yet
	done   bool
	faults []Finding
	lone   []Record // outcomes that no log has told the intent of yet
}

// stamp takes a record about a time-stamp.
func (l *Ledger) stamp(r Record) {
	s, ok := l.stamps[r.Serial]
	if !ok {
		s = &stamping{}
		l.stamps[r.Serial] = s
	}
	switch {
	case r.Event == StampIntent && s.log != "":
		s.faults = append(s.faults, finding(r, "serial number %s was given before", r.Serial))
	case r.Event == StampIntent:
		s.log = r.Log
	case s.log != r.Log:
		s.lone = append(s.lone, r)
	case s.done:
		s.faults = append(s.faults, finding(r, "time-stamp %s was released before", r.Serial))
	default:
		s.done = true
	}
}

// judge finds what is wrong with one serial number.
func (s *stamping) judge() []Finding {
	all := s.faults
	for _, r := range s.lone {
		all = append(all, finding(r, "time-stamp %s without an intent", r.Serial))
	}
	return all
}
