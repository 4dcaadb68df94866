package quota

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// A Counter counts deeds by key for all processes that share it, each key's
// within a window that begins with its first; *onetime.Redis is one.
type Counter interface {
	// Count counts one more and returns how many there are with it, and how long
	// their window lasts.
	Count(ctx context.Context, key string, window time.Duration) (deeds int, left time.Duration, err error)
	// Counted returns the same, and counts nothing.
	Counted(ctx context.Context, key string) (deeds int, left time.Duration, err error)
}

// A Shared is a Quota that processes behind one name count together, if they have
// a Counter, and that this one counts alone if it has none.
//
// A Counter that cannot be asked is an error, and never leave to go on: so nobody
// may guess without end while it is away.
type Shared struct {
	counter Counter
	what    string
	here    *Quota
	orHere  bool
}

// NewShared makes a quota of so many deeds in a window; what tells it from all
// others that the counter counts. A nil counter is none.
func NewShared(counter Counter, what string, most int, window time.Duration, now func() time.Time) *Shared {
	return &Shared{counter: counter, what: what, here: New(most, window, now)}
}

// OrHere makes s count in this process while the counter cannot be asked: for
// deeds that cost work, and by which nothing can be guessed.
func (s *Shared) OrHere() *Shared {
	s.orHere = true
	return s
}

// Over returns how long key has to wait, and counts nothing.
func (s *Shared) Over(ctx context.Context, key string) (time.Duration, error) {
	if s.counter == nil {
		return s.here.Over(key), nil
	}
	deeds, left, err := s.counter.Counted(ctx, s.keyOf(key))
	switch {
	case err != nil && s.orHere && passes(err):
		return s.here.Over(key), nil
	case err != nil:
		return 0, fmt.Errorf("ask for %s: %w", s.what, err)
	}
	return wait(deeds >= s.here.most, left), nil
}

// Count counts a deed and returns how long to wait before another is judged,
// 0 if this one still may be. Who hangs up has done it all the same.
func (s *Shared) Count(ctx context.Context, key string) (time.Duration, error) {
	if s.counter == nil {
		return s.here.Count(key), nil
	}
	deeds, left, err := s.counter.Count(context.WithoutCancel(ctx), s.keyOf(key), s.here.window)
	switch {
	case err != nil && s.orHere && passes(err):
		return s.here.Count(key), nil
	case err != nil:
		return 0, fmt.Errorf("count %s: %w", s.what, err)
	}
	return wait(deeds > s.here.most, left), nil
}

// wait is what is left of a window: never nothing, at whose end it is still over.
func wait(over bool, left time.Duration) time.Duration {
	if !over {
		return 0
	}
	return max(left, time.Millisecond)
}

// keyOf is what a key is counted under: whatever strangers call themselves, no two
// are one, and none is anything else that is kept in the same place.
func (s *Shared) keyOf(key string) string {
	sum := sha256.Sum256([]byte(s.what + "\x00" + key))
	return "quota:" + hex.EncodeToString(sum[:])
}

// passes reports whether err says that the counter cannot be asked now.
func passes(err error) bool {
	var passing interface{ Unavailable() bool }
	return errors.As(err, &passing) && passing.Unavailable()
}
