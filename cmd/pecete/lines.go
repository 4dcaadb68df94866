package main

import (
	"io"
	"sync"
	"time"
)

const (
	// gathering is how long lines of the log are gathered after some were written.
	// It is longer than nothing, so that a busy server writes a few hundred times a
	// second and not for each request, and shorter than anybody notices.
	gathering = 5 * time.Millisecond
	// mostGathered is how many bytes of them wait. Whoever has more to say waits for
	// the log, as everybody would without this.
	mostGathered = 1 << 20
)

// A lines writes to a log what is written to it: at once if there was nothing
// lately, and then together with what comes in a few milliseconds.
type lines struct {
	to io.Writer

	mu      sync.Mutex
	changed sync.Cond // by whoever writes them
	waiting []byte
	writing bool // somebody does
	err     error
}

func newLines(to io.Writer) *lines {
	l := &lines{to: to}
	l.changed.L = &l.mu
	return l
}

// Write takes a line; what it returns is of lines before.
func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.waiting) >= mostGathered && l.writing {
		l.changed.Wait()
	}
	l.waiting = append(l.waiting, line...)
	if !l.writing {
		l.writing = true
		go l.write()
	}
	return len(line), l.err
}

// write writes until there is nothing more.
func (l *lines) write() {
	var spare []byte
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.waiting) > 0 {
		some := l.waiting
		l.waiting = spare[:0]
		l.mu.Unlock()
		_, err := l.to.Write(some)
		time.Sleep(gathering)
		l.mu.Lock()
		spare, l.err = some, err
		l.changed.Broadcast()
	}
	l.writing = false
	l.changed.Broadcast()
}

// flush waits until all that was written before has been written.
func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.writing {
		l.changed.Wait()
	}
}
