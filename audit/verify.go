package audit

import (
	"bufio"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"io"
	"time"
)

// VerifyOptions is what a reader knows about a log from elsewhere.
type VerifyOptions struct {
	// Keys are those whose signatures on heads are good, on P-256; at least one.
	Keys []*ecdsa.PublicKey
	// Last is the head that was kept; nil for none. The log must have it.
	Last *Head
	// Live says that the log is being written to: a last line without its end is
	// then no fault.
	Live bool
	// Each is given every record in order; nil for nobody. When Verify finds a
	// fault after all, what it was given is worth nothing.
	Each func(Record)
}

// A Report is what there is to say about a log that is whole.
type Report struct {
	Log     string // id
	Records uint64 // which is also the seq of the last
	// Signed is the last record whose head is signed; 0 if none is. Unsigned are
	// the records after it, its head not counted: whoever could write to the
	// file could have written them.
	Signed, Unsigned uint64
	Began, Ended     time.Time // of the first and the last record
	Closed           bool      // and not killed, or still open
}

// A Fault is a place where a log is not what was written.
type Fault struct {
	// Line counts from 1; 0 if the fault is in the kept head and not in the log.
	// Of a log that was cut it is the first line missing.
	Line int
	// Seq is the record that belongs at Line.
	Seq  uint64
	What string
}

func (f *Fault) Error() string {
	return fmt.Sprintf("audit: line %d, record %d: %s", f.Line, f.Seq, f.What)
}

// Verify reads a log from its beginning. If the log was tampered with, or cut
// before the kept head, the error is the first Fault and the Report tells of
// what precedes it. Any other error is the reader's, or a mistake in opts.
//
// A fault is placed at the record that was changed, put in, moved or taken out
// wherever the chain alone tells; only when somebody changed a record and
// computed all later hashes anew is it at the next head, whose signature they
// could not make, and between it and the head before.
func Verify(r io.Reader, opts VerifyOptions) (Report, error) {
	if err := checkKeys(opts.Keys); err != nil {
		return Report{}, err
	}
	c := &chain{keys: opts.Keys, find: func(string) (*Head, error) { return opts.Last, nil }}
	each := opts.Each
	if each == nil {
		each = func(Record) {}
	}
	err := c.verify(r, opts.Live, each)
	return c.report(), err
}

// verify reads a whole log.
func (c *chain) verify(r io.Reader, live bool, each func(Record)) error {
	torn, err := c.read(&scanner{r: bufio.NewReaderSize(r, 64<<10)}, each)
	switch {
	case err != nil:
		return err
	case torn > 0 && !live:
		return c.fault(0, "the line has no end")
	}
	return c.whole()
}

// read adds all lines and hands the records out. It returns the length of what
// follows the last line.
func (c *chain) read(s *scanner, each func(Record)) (torn int, err error) {
	for {
		text, err := s.next()
		switch {
		case errors.Is(err, errLong):
			return 0, c.fault(0, err.Error())
		case errors.Is(err, io.EOF):
			return len(text), nil
		case err != nil:
			return 0, err
		}
		rec, err := c.add(text)
		if err != nil {
			return 0, c.place(err, rec, s)
		}
		if err := c.expect(rec); err != nil {
			return 0, err
		}
		if err := c.meet(rec); err != nil {
			return 0, c.fault(-1, err.Error())
		}
		each(rec)
	}
}

// expect finds the kept head of the log that begins with rec.
func (c *chain) expect(rec Record) (err error) {
	if rec.Seq > 1 {
		return nil
	}
	if c.kept, err = c.find(rec.Log); err != nil {
		return fmt.Errorf("last head of %s: %w", rec.Log, err)
	}
	if c.kept != nil && !c.kept.signedBy(c.keys) {
		return &Fault{What: "the signature of the kept head is not good"}
	}
	return nil
}

func (c *chain) whole() error {
	if err := c.end(); err != nil {
		return c.fault(0, err.Error())
	}
	return nil
}

// fault is one so many lines after the first that is not in the chain.
func (c *chain) fault(after int, what string) *Fault {
	line := int(c.seq) + 1 + after
	return &Fault{Line: line, Seq: uint64(line), What: what}
}

// place finds out which record an error of add is about. The record after the
// one that was refused knows what it followed when it was written.
func (c *chain) place(err error, rec Record, s *scanner) error {
	next, known := s.peek()
	var link *broken
	if errors.As(err, &link) {
		self := known && next.Prev != link.hash.String() || !known && rec.Head != nil && !link.signed
		if self || c.seq == 0 {
			return c.fault(0, "the record was changed")
		}
		return c.fault(-1, "the record was changed")
	}
	var place *displaced
	if !errors.As(err, &place) {
		return c.fault(0, err.Error())
	}
	switch {
	case place.got == c.seq && place.hash == c.hash:
		return c.fault(0, "the record before it stands here again")
	case place.got == c.seq && known && next.Prev == place.hash.String():
		return c.fault(-1, "the record was put in")
	case place.got > place.want && !(known && next.Seq < place.got):
		return c.fault(0, fmt.Sprintf("records %d to %d are missing", place.want, place.got-1))
	}
	return c.fault(0, place.Error())
}

// A scanner reads lines.
type scanner struct {
	r    *bufio.Reader
	long []byte
}

var errLong = fmt.Errorf("a line of more than %d bytes", maxLine)

// next returns the next line without its newline, until the next call; with
// io.EOF it returns what follows the last newline.
func (s *scanner) next() ([]byte, error) {
	s.long = s.long[:0]
	for {
		part, err := s.r.ReadSlice('\n')
		switch {
		case err == nil && len(s.long) == 0:
			return part[:len(part)-1], nil
		case len(s.long)+len(part) > maxLine:
			return nil, errLong
		}
		s.long = append(s.long, part...)
		if err == nil {
			return s.long[:len(s.long)-1], nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return s.long, err
		}
	}
}

// peek returns the next line if it is a record.
func (s *scanner) peek() (line, bool) {
	text, err := s.next()
	if err != nil {
		return line{}, false
	}
	l, _, err := decode(text)
	return l, err == nil
}
