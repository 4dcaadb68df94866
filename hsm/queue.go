package hsm

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// The states of a job. Whoever takes it out of waiting decides: a worker, who
// then answers it, or its caller, who goes and is never signed for.
const (
	waiting = iota
	taken
	gone
)

// A job is what one request wants done with a session.
type job struct {
	errand
	ctx   context.Context // a job is a call that changes goroutines
	do    func(*session) error
	done  chan error // holds one, so that nobody need be there to take it
	state atomic.Int32
}

// begin is for the worker who does the job. It is false if the caller is gone.
func (j *job) begin() bool { return j.state.CompareAndSwap(waiting, taken) }

// wait waits for the job's end, or until its context is over: then a job that
// was not begun never is, and one that was is left behind if it may be.
func (j *job) wait(leave bool) error {
	select {
	case err := <-j.done:
		return err
	case <-j.ctx.Done():
	}
	if j.state.CompareAndSwap(waiting, gone) {
		return unavailable(fmt.Errorf("wait for a session: %w", j.ctx.Err()))
	}
	if leave {
		return unavailable(fmt.Errorf("wait for the device: %w", j.ctx.Err()))
	}
	return <-j.done
}

// A queue holds the jobs that no worker has taken yet. Its turns go round the
// keys: who has a thousand things signed with one key delays another key's only
// one by as long as one of them takes. Jobs about no key have a turn together.
type queue struct {
	mu     sync.Mutex
	some   sync.Cond // there is a job, or the end
	lines  map[objectKey]*line
	turns  []*line // of lines that are not empty, the next first
	closed bool
}

// A line is the jobs about one key, the oldest first.
type line struct {
	key  objectKey
	jobs []*job
}

func newQueue() *queue {
	q := &queue{lines: map[objectKey]*line{}}
	q.some.L = &q.mu
	return q
}

// put adds a job, ErrClosed after the end.
func (q *queue) put(j *job) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return unavailable(ErrClosed)
	}
	l := q.lines[j.key]
	if l == nil {
		l = &line{key: j.key}
		q.lines[j.key] = l
		q.turns = append(q.turns, l)
	}
	l.jobs = append(l.jobs, j)
	q.some.Signal()
	return nil
}

// take waits for the next job that is to be done, nil at the end.
func (q *queue) take() *job {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		for len(q.turns) == 0 && !q.closed {
			q.some.Wait()
		}
		if q.closed {
			return nil
		}
		if j := q.next(); j.begin() {
			return j
		}
	}
}

// next takes the oldest job of the line whose turn it is, and ends the turn.
func (q *queue) next() *job {
	l := q.turns[0]
	q.turns[0] = nil
	q.turns = q.turns[1:]
	j := l.jobs[0]
	l.jobs[0] = nil
	if l.jobs = l.jobs[1:]; len(l.jobs) == 0 {
		delete(q.lines, l.key)
	} else {
		q.turns = append(q.turns, l)
	}
	return j
}

// end sends away those who wait, and lets nobody in any more.
func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for len(q.turns) > 0 {
		if j := q.next(); j.begin() {
			j.done <- unavailable(ErrClosed)
		}
	}
	q.some.Broadcast()
}
