package audit

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

const (
	// maxQueue and maxBatch bound how many records, and how many bytes of them,
	// may wait and be written at once.
	maxQueue = 1 << 14
	maxBatch = 8 << 20
	// maxText is how much memory the writer keeps from one batch to the next.
	maxText = 256 << 10
)

// A waiting record is one that is not yet on the disk.
type waiting struct {
	entry []byte     // encoded
	head  *Head      // of an audit.head record
	done  chan error // takes one error
}

// errLate says that too much was written since a head was taken.
var errLate = errors.New("head taken too long ago")

// put has w written, closing or not, and waits.
func (l *Log) put(w *waiting) error {
	if err := l.enqueue(w, true); err != nil {
		return err
	}
	return <-w.done
}

func (l *Log) enqueue(w *waiting, ours bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.failed != nil:
		return l.failed
	case l.closing && !ours:
		return &UnavailableError{ErrClosed}
	case len(l.queue) >= maxQueue:
		return &UnavailableError{fmt.Errorf("%d records wait to be written", len(l.queue))}
	}
	l.queue = append(l.queue, w)
	select {
	case l.wake <- struct{}{}:
	default: // the writer will come anyway
	}
	return nil
}

// write writes what waits, all that waits at once: the slower the disk, the
// more records share one sync. While the disk fails nothing waits, and the file
// is mended.
func (l *Log) write() {
	defer close(l.written)
	defer l.mend.Stop()
	for {
		select {
		case _, more := <-l.wake:
			if !more {
				return
			}
			for l.gather(); ; l.gather() {
				batch := l.take()
				if len(batch) == 0 {
					break
				}
				l.commit(batch)
			}
		case <-l.mend.C:
			l.recover()
		}
	}
}

// gather waits for more records, as long as those that are there have patience.
func (l *Log) gather() {
	if l.cfg.Patience == nil {
		return
	}
	for left := l.patience(); left > 0; left = l.patience() {
		end := time.NewTimer(left)
		select {
		case <-end.C:
		case <-l.wake: // one more, or the end, which comes when nothing waits
			end.Stop()
		}
	}
}

// patience is how long what waits may go on waiting.
func (l *Log) patience() time.Duration {
	l.mu.Lock()
	n := len(l.queue)
	l.mu.Unlock()
	if n == 0 {
		return 0
	}
	return l.cfg.Patience(n) - time.Since(l.begun)
}

// take takes the head of the queue.
func (l *Log) take() []*waiting {
	l.mu.Lock()
	defer l.mu.Unlock()
	size, n := 0, 0
	for n < len(l.queue) && (n == 0 || size+len(l.queue[n].entry) <= maxBatch) {
		size += len(l.queue[n].entry)
		n++
	}
	batch := l.queue[:n:n]
	if l.queue = l.queue[n:]; len(l.queue) == 0 {
		l.queue = nil
	}
	return batch
}

// commit writes and syncs a batch and tells everybody in it, and if the disk
// failed everybody behind it too.
func (l *Log) commit(batch []*waiting) {
	text, next, kept := l.lines(l.text[:0], batch)
	l.begun = time.Now()
	err := l.store(text)
	if l.text = text; cap(text) > maxText {
		l.text = nil
	}
	l.cfg.synced(len(kept), l.begun, err)
	l.mu.Lock()
	if err == nil {
		l.tail = next
		l.count(kept)
	} else {
		l.failed = &UnavailableError{err}
		kept, l.queue = append(kept, l.queue...), nil
	}
	err = l.failed
	l.mu.Unlock()
	if err != nil {
		l.broke(err)
	}
	for _, w := range kept {
		w.done <- err
	}
}

// lines appends the lines of a batch to text and returns those of it that are in
// them.
func (l *Log) lines(text []byte, batch []*waiting) (_ []byte, next tail, kept []*waiting) {
	next = l.tail // only the writer changes it
	for _, w := range batch {
		at := l.cfg.Now().UTC().Truncate(time.Microsecond)
		if w.head != nil {
			at = w.head.Time
		} else if at.Before(next.time) {
			at = next.time
		}
		if w.head != nil && next.seq-w.head.Seq >= window {
			w.done <- errLate
			continue
		}
		begin := len(text)
		text = appendLine(text, l.id, next.seq+1, at, next.hash, w.entry)
		next.seq, next.hash = next.seq+1, sha256.Sum256(text[begin:])
		if at.After(next.time) {
			next.time = at
		}
		text = append(text, '\n')
		kept = append(kept, w)
	}
	return text, next, kept
}
