package users

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Attempts counts a user's failures with one factor. An attempt is counted as
// a failure before it is judged, and a success takes the counts away: so no
// number of attempts at once is judged more often than the limit allows.
type Attempts struct {
	// Window begins with the first failure counted in it; Failures are those.
	Window   time.Time
	Failures int
	// InRow are the failures since the last success, whenever they were.
	InRow int
	// Locked says that InRow reached the lock limit; only an operator ends it.
	Locked bool
}

// Limits say how often a factor may fail.
type Limits struct {
	// Failures are allowed in a Window that begins with the first of them; then
	// the factor pauses until the Window is over.
	Failures int
	Window   time.Duration
	// InRow failures without a success lock the factor; none do if zero.
	InRow int
}

// or returns l, or other in place of the zero Limits.
func (l Limits) or(other Limits) Limits {
	if l == (Limits{}) {
		return other
	}
	return l
}

// CodeLimits are those of the authenticator's code.
func CodeLimits() Limits { return Limits{Failures: 5, Window: 15 * time.Minute, InRow: 10} }

// PasswordLimits are those of the password. Anybody who knows an address can
// make it fail, so that it only ever pauses: a lock would be a stranger's to
// close and an operator's to open.
func PasswordLimits() Limits { return Limits{Failures: 10, Window: 15 * time.Minute} }

// ErrLocked says that a factor failed too often in a row, and that an operator
// has to look at it.
var ErrLocked = errors.New("users: factor locked")

// ErrPaused says that a factor failed too often of late.
var ErrPaused = errors.New("users: too many attempts")

// A PausedError is ErrPaused until a time.
type PausedError struct{ Until time.Time }

func (e *PausedError) Error() string {
	return fmt.Sprintf("%v until %s", ErrPaused, e.Until.UTC().Format(time.RFC3339))
}

// Unwrap returns ErrPaused.
func (e *PausedError) Unwrap() error { return ErrPaused }

// Begin counts an attempt at now as a failure, or says why it must not be
// judged: ErrLocked or a PausedError. The attempt that reaches l.InRow is still
// judged, with the factor locked behind it.
func (a Attempts) Begin(now time.Time, l Limits) (Attempts, error) {
	if a.Locked {
		return a, ErrLocked
	}
	// Without a monotonic clock and in whole microseconds, so that a store gives
	// back what it was given.
	now = now.UTC().Truncate(time.Microsecond)
	end := a.Window.Add(l.Window)
	switch {
	case a.Failures == 0 || !now.Before(end):
		a.Window, a.Failures = now, 0
	case a.Failures >= l.Failures:
		return a, &PausedError{end}
	}
	a.Failures++
	a.InRow++
	a.Locked = l.InRow > 0 && a.InRow >= l.InRow
	return a, nil
}

// Succeed takes the counts away after an attempt that Begin counted as begun
// was right. A lock that another attempt reached meanwhile stays.
func (a Attempts) Succeed(begun Attempts) Attempts {
	if a.Locked && !begun.Locked {
		return a
	}
	return Attempts{}
}

// Left is how many attempts more would be judged before a pause or a lock.
func (a Attempts) Left(l Limits) int {
	if a.Locked {
		return 0
	}
	left := l.Failures - a.Failures
	if l.InRow > 0 {
		left = min(left, l.InRow-a.InRow)
	}
	return max(0, left)
}

// change replaces a user's counts by what rule makes of them, however many do
// so at once.
func change(ctx context.Context, s Store, userID, factor string, rule func(Attempts) (Attempts, error)) (Attempts, error) {
	for {
		old, err := s.Attempts(ctx, userID, factor)
		if err != nil {
			return Attempts{}, fmt.Errorf("read attempts: %w", err)
		}
		next, err := rule(old)
		if err != nil || next == old {
			return next, err
		}
		swapped, err := s.SwapAttempts(ctx, userID, factor, old, next)
		if err != nil {
			return Attempts{}, fmt.Errorf("count attempt: %w", err)
		}
		if swapped {
			return next, nil
		}
		if err := ctx.Err(); err != nil {
			return Attempts{}, fmt.Errorf("count attempt: %w", err)
		}
	}
}
