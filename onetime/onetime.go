// Package onetime keeps what may be lost, since losing it means "try again":
// grants behind SADs, authorization codes, request URIs, access tokens,
// handles, challenges, interactions, jobs in progress.
//
// A Store has four verbs. Each is atomic, and each fails closed: a store that
// cannot be asked answers an UnavailableError within a second, and never
// "unknown". Whether the verb was done is then open, so nothing is tried again
// here: the caller gives up, and the user starts anew.
//
// Memory is for a server that is alone, Redis for several that share what they
// keep. Package onetimetest holds what both promise.
package onetime

import (
	"context"
	"errors"
	"time"
)

// A Store keeps values by key until they are taken or their time is over. The
// TTL only tidies up: whoever relies on an end keeps it inside the value. It is
// longer than zero and counted in milliseconds, rounded up.
//
// Keys and values are any bytes, copied in and copied out. The end of a context
// is answered with the context's error.
type Store interface {
	// Put keeps value under a key nobody has; ErrExists if somebody has.
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Get returns what is kept; ErrUnknown if nothing is.
	Get(ctx context.Context, key string) ([]byte, error)
	// Take returns what is kept and forgets it; of any number of Takes one wins.
	Take(ctx context.Context, key string) ([]byte, error)
	// Swap replaces old by new, or forgets old if new is nil (ttl does not matter
	// then; empty is not nil), and reports
	// whether old was still there; of any number of Swaps from the same old one
	// wins.
	Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) (bool, error)
	// Run names the run of the store that answered last, and says since when it is
	// known here, which is not before it began. What was kept to recognize a thing
	// when it comes a second time is gone with an earlier run: whoever keeps proofs
	// asks for Run after the Put, and refuses a proof made before since.
	Run() (id string, since time.Time)
	// Ready says whether the store can be asked.
	Ready(ctx context.Context) error
}

var (
	// ErrUnknown says that the store has nothing under this key: it never had,
	// it was taken, its time is over, or it was of an earlier run of the store.
	ErrUnknown = errors.New("onetime: unknown key")
	// ErrExists says that a key is taken already.
	ErrExists = errors.New("onetime: key exists")
	// ErrTTL says that something was to be kept for no time.
	ErrTTL = errors.New("onetime: ttl is not positive")
)

// An UnavailableError says that the store could not be asked. It tells nothing
// about the key.
type UnavailableError struct{ Cause error }

func (e *UnavailableError) Error() string { return "onetime: store unavailable: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *UnavailableError) Unwrap() error { return e.Cause }

// Unavailable marks the error as one that passes.
func (e *UnavailableError) Unavailable() bool { return true }

func check(ctx context.Context, ttl time.Duration) error {
	if ttl <= 0 {
		return ErrTTL
	}
	return ctx.Err()
}
