package credentials

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/onetime"
)

// makingLife is how long whoever used a permit may still be at it.
const makingLife = 30 * time.Second

// Permits notes which permits were used. It forgets a note when no token can bear
// the permit any more.
type Permits struct {
	Store onetime.Store
	Now   func() time.Time
}

// use notes that a permit is used, and reports whether nobody did so before: of any
// number who use it one is first. A makingError says that somebody did a moment ago.
func (p Permits) use(ctx context.Context, id string) (first bool, err error) {
	key := "permit:" + id
	err = p.Store.Put(ctx, key, []byte(p.Now().UTC().Format(time.RFC3339)), 2*sad.MaxLife)
	if err == nil {
		return true, nil
	}
	if !errors.Is(err, onetime.ErrExists) {
		return false, fmt.Errorf("use permit: %w", err)
	}
	text, err := p.Store.Get(ctx, key)
	if errors.Is(err, onetime.ErrUnknown) { // forgotten since, with the run it was of
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look up permit: %w", err)
	}
	if at, err := time.Parse(time.RFC3339, string(text)); err == nil && p.Now().Sub(at) < makingLife {
		return false, &makingError{}
	}
	return false, nil
}

// A makingError says that what a permit is for is just being done.
type makingError struct{}

func (*makingError) Error() string {
	return "the permit was used a moment ago, and nothing came of it yet"
}

// Unavailable is true: it passes.
func (*makingError) Unavailable() bool { return true }
