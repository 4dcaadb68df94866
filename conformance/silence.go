package conformance

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
)

// How often a server may let the suite wait for nothing before it is not asked
// again: about one method, and at all.
const (
	mostSilent      = 3
	mostSilentInRow = 8
)

// errSilent is why nothing was asked.
var errSilent = errors.New("not asked: the server has let too many requests before it wait for nothing")

// A silence is what is known of a server that does not answer: a run of hundreds
// of cases has to end however long each of them would wait.
type silence struct {
	mu     sync.Mutex
	inRow  int
	of     map[string]int // by method, until it answers
	refuse bool           // 429 to the last tries of a request
}

// ask is nil unless the server is known not to answer about the method.
func (s *silence) ask(method string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inRow >= mostSilentInRow || s.of[method] >= mostSilent {
		return fmt.Errorf("%s: %w", method, errSilent)
	}
	return nil
}

// heard learns from an answer, or from none.
func (s *silence) heard(method string, a *Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case a.err == nil:
		s.inRow = 0
		delete(s.of, method)
		s.refuse = s.refuse && a.Status == http.StatusTooManyRequests
	case tooLate(a.err):
		if s.of == nil {
			s.of = map[string]int{}
		}
		s.inRow++
		s.of[method]++
	}
}

func tooLate(err error) bool {
	var timed interface{ Timeout() bool }
	return errors.As(err, &timed) && timed.Timeout()
}

// tired notes that a request was refused with 429 until it was not tried again.
func (s *silence) tired() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = true
}

// refuses reports whether the server answers 429 to all there is, so that
// waiting is no use.
func (s *silence) refuses() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refuse
}
