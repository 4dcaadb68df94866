package audit

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// window is how many records may come between a record and the head that signs
// it: signing takes time, and writing goes on meanwhile.
const window = 1 << 16

// A chain is a log as far as it was read and found whole.
type chain struct {
	keys []*ecdsa.PublicKey
	find func(log string) (*Head, error) // the head that was kept, or nil
	kept *Head                           // what find found
	met  bool                            // the log has it

	id     string
	seq    uint64
	hash   sum
	began  time.Time
	time   time.Time // the latest of all records
	event  Event     // of the last record but heads
	signed uint64    // the last record with a head
	recent []mark    // what a head can still sign, from record first on
	first  uint64    // later than signed
}

// A mark is what a head has to agree with.
type mark struct {
	hash sum
	time time.Time
}

// A broken link is a record that does not follow the one before it. Which of
// the two was changed is for others to say.
type broken struct {
	hash   sum  // of the record
	signed bool // it is a head that signs what it follows
}

func (*broken) Error() string { return "does not follow the record before it" }

// A displaced record stands in the place of another.
type displaced struct {
	hash      sum
	got, want uint64
}

func (d *displaced) Error() string {
	return fmt.Sprintf("record %d stands in the place of record %d", d.got, d.want)
}

// add takes the next line. Its errors are for a Fault to place.
func (c *chain) add(text []byte) (Record, error) {
	l, at, err := decode(text)
	if err != nil {
		return Record{}, err
	}
	hash := sum(sha256.Sum256(text))
	rec := Record{Log: l.Log, Line: int(l.Seq), Seq: l.Seq, Time: at, Entry: l.Entry}
	if l.Head != nil {
		rec.Head = &Head{Log: l.Log, Seq: l.Head.Seq, Hash: l.Head.Hash, Time: at, Signature: l.Head.Signature}
	}
	switch {
	case c.seq > 0 && l.Log != c.id:
		return rec, fmt.Errorf("a record of %s", l.Log)
	case l.Seq != c.seq+1:
		return rec, &displaced{hash, l.Seq, c.seq + 1}
	case l.Prev != c.hash.String():
		return rec, &broken{hash, rec.Head != nil && rec.Head.Hash == l.Prev && rec.Head.signedBy(c.keys)}
	}
	if err := c.allows(rec); err != nil {
		return rec, err
	}
	c.extend(rec, hash)
	return rec, nil
}

// allows says why a record cannot be the next, whatever the links say.
func (c *chain) allows(rec Record) error {
	switch {
	case (rec.Event == LogHead) != (rec.Head != nil):
		return errors.New("a head belongs in an audit.head record, and nowhere else")
	case rec.Head != nil:
		return c.allowsHead(rec)
	case c.seq == 0 && rec.Event != LogOpened:
		return fmt.Errorf("begins with %s", rec.Event)
	case c.event == LogClosed && rec.Event != LogOpened:
		return fmt.Errorf("%s after the log was closed", rec.Event)
	case rec.Time.Before(c.time):
		return fmt.Errorf("time goes back from %s", c.time.Format(timeLayout))
	}
	return nil
}

func (c *chain) allowsHead(rec Record) error {
	h := rec.Head
	if !reflect.DeepEqual(rec.Entry, Entry{Event: LogHead}) {
		return errors.New("a head with something beside it")
	}
	if h.Seq < c.first || h.Seq > c.seq {
		return fmt.Errorf("head of record %d, where one of records %d to %d belongs", h.Seq, c.first, c.seq)
	}
	signed := c.recent[h.Seq-c.first]
	switch {
	case !h.signedBy(c.keys):
		return fmt.Errorf("the signature over record %d is not good", h.Seq)
	case h.Hash != signed.hash.String():
		return fmt.Errorf("records were changed after record %d and before %d: the head of record %d is of another", c.signed, h.Seq+1, h.Seq)
	case rec.Time.Before(signed.time):
		return fmt.Errorf("head taken before the record it signs")
	}
	return nil
}

// extend makes the record the last of the chain.
func (c *chain) extend(rec Record, hash sum) {
	if c.seq == 0 {
		c.id, c.began, c.first = rec.Log, rec.Time, 1
	}
	c.seq, c.hash = rec.Seq, hash
	if c.recent = append(c.recent, mark{hash, rec.Time}); len(c.recent) >= 2*window {
		c.forget(c.seq - window)
	}
	if rec.Time.After(c.time) {
		c.time = rec.Time
	}
	if rec.Head == nil {
		c.event = rec.Event
		return
	}
	c.signed = rec.Head.Seq
	if c.signed >= c.first {
		c.forget(c.signed)
	}
}

// forget drops the marks up to that of record seq.
func (c *chain) forget(seq uint64) {
	c.recent = append(c.recent[:0], c.recent[seq-c.first+1:]...)
	c.first = seq + 1
}

// meet compares the chain with the kept head.
func (c *chain) meet(rec Record) error {
	switch {
	case c.kept == nil:
		return nil
	case c.kept.Log != c.id:
		return fmt.Errorf("the kept head is of %s, this is %s", c.kept.Log, c.id)
	case rec.Seq == c.kept.Seq && c.hash.String() != c.kept.Hash:
		return errors.New("not the record whose head was kept")
	case rec.Head != nil && rec.Head.Seq == c.kept.Seq:
		c.met = rec.Head.Hash == c.kept.Hash
	}
	return nil
}

// end says whether the log may end here: not before the kept head, which was
// kept after its record was on the disk.
func (c *chain) end() error {
	switch {
	case c.seq == 0:
		return errors.New("there is no record")
	case c.kept != nil && !c.met:
		return fmt.Errorf("the log was cut: a head of record %d was kept", c.kept.Seq)
	}
	return nil
}

func (c *chain) report() Report {
	r := Report{
		Log: c.id, Records: c.seq, Signed: c.signed, Unsigned: c.seq - c.signed,
		Began: c.began, Ended: c.time, Closed: c.event == LogClosed,
	}
	if c.signed > 0 {
		r.Unsigned-- // its head
	}
	return r
}
