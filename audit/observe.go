package audit

import "time"

// Stats is how a log stands.
type Stats struct {
	Records  uint64    // on the disk
	Bytes    int64     // size of the file
	Waiting  int       // records that are not yet on the disk
	Signed   time.Time // when this process last had a head kept; zero if it had none
	Unsigned time.Time // when the oldest record was written that no kept head covers; zero if there is none
	Failed   bool      // nothing can be written now
}

// Stats is for whoever watches the log.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	s := Stats{
		Records: l.tail.seq, Waiting: len(l.queue),
		Signed: l.heads.kept, Unsigned: l.heads.since, Failed: l.failed != nil,
	}
	l.mu.Unlock()
	if info, err := l.file.Stat(); err == nil { // it may be closed
		s.Bytes = info.Size()
	}
	return s
}

func (c *Config) appended(e Entry, begun time.Time, err *error) {
	if c.Appended != nil {
		c.Appended(e, time.Since(begun), *err)
	}
}

func (c *Config) synced(records int, begun time.Time, err error) {
	if c.Synced != nil {
		c.Synced(records, time.Since(begun), err)
	}
}
