package backup

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/pecete/pecete/audit"
)

// wholeLines is how far a file has whole lines, from a point where a line
// begins.
func wholeLines(file *os.File, from int64) (int64, error) {
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	const step = 64 << 10
	for end := info.Size(); end > from; {
		begin := max(from, end-step)
		block := make([]byte, end-begin)
		if _, err := file.ReadAt(block, begin); err != nil {
			return 0, err
		}
		if at := bytes.LastIndexByte(block, '\n'); at >= 0 {
			return begin + int64(at) + 1, nil
		}
		end = begin
	}
	return from, nil
}

// Facts are what records of other logs depend on.
type facts struct {
	grants map[string]bool
	steps  map[userStep]bool
}

type userStep struct {
	user string
	step int64
}

func (f *facts) learn(e audit.Entry) {
	switch {
	case e.Event == audit.GrantIssued, e.Event == audit.GrantExtended:
		f.grants[e.Grant] = true
	case e.Event == audit.FactorVerified && e.Step != 0:
		f.steps[userStep{e.User, e.Step}] = true
	}
}

// rests reports whether e would be a finding of the audit without the facts.
func (f *facts) rests(e audit.Entry) bool {
	switch {
	case e.Event == audit.SignIntent:
		return f.grants[e.Grant]
	case e.Event == audit.GrantExtended:
		return f.grants[e.From]
	case e.Event == audit.GrantIssued && e.Step != 0:
		return f.steps[userStep{e.User, e.Step}]
	}
	return false
}

// cut shortens the copies of logs until no record in one of them rests on a
// record that is in none of them, because it was written after its log was
// looked at. It takes nothing that was there before the registry was copied:
// what that rested on was there too.
func cut(logs []*source) error {
	late := &facts{grants: map[string]bool{}, steps: map[userStep]bool{}}
	for _, l := range logs {
		end, err := wholeLines(l.file, l.size)
		if err != nil {
			return fmt.Errorf("read %s: %w", l.path, err)
		}
		if err := l.each(l.size, end, func(_ int64, e audit.Entry) { late.learn(e) }); err != nil {
			return err
		}
	}
	for again := true; again; {
		again = false
		for _, l := range logs {
			end := l.size
			err := l.each(l.before, end, func(at int64, e audit.Entry) {
				if l.size == end && late.rests(e) {
					l.size, again = at, true
				}
				if l.size < end {
					late.learn(e)
				}
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// each reads the entries of the lines that begin at from and end before to. A
// line that is none, in a log that is not whole, tells nothing.
func (s *source) each(from, to int64, do func(at int64, e audit.Entry)) error {
	lines := bufio.NewReader(io.NewSectionReader(s.file, from, to-from))
	for at := from; ; {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", s.path, err)
		}
		var e audit.Entry
		if json.Unmarshal(line, &e) == nil {
			do(at, e)
		}
		at += int64(len(line))
	}
}
