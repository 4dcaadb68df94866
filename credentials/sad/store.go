package sad

import (
	"context"
	"errors"
	"time"

	"github.com/pecete/pecete/internal/failpoint"
	"github.com/pecete/pecete/onetime"
)

// A Store keeps grants. Of any number of Swaps from the same old, one succeeds.
type Store interface {
	// Put keeps a new grant.
	Put(ctx context.Context, g Grant) error
	// Get returns what is left of a grant; ErrUnknown if nothing is.
	Get(ctx context.Context, id string) (Grant, error)
	// Swap replaces old by rest, or forgets it when rest has nothing left.
	Swap(ctx context.Context, old, rest Grant) (swapped bool, err error)
}

// Spend takes u from the grant behind the SAD id in s, of several from the one
// for u's credential, and returns what is left of it. Whoever gets a nil error,
// and nobody else, may make these signatures.
func Spend(ctx context.Context, s Store, id string, u Use, now time.Time) (Grant, error) {
	rest, err := spend(ctx, s, id, u, now)
	if errors.Is(err, ErrUnknown) {
		return spend(ctx, s, Part(id, u.CredentialID), u, now)
	}
	return rest, err
}

func spend(ctx context.Context, s Store, id string, u Use, now time.Time) (Grant, error) {
	for {
		g, err := s.Get(ctx, id)
		if err != nil {
			return Grant{}, err
		}
		rest, err := g.Spend(u, now)
		if err != nil {
			return g, err
		}
		failpoint.Hit(failpoint.BeforeReserve)
		swapped, err := s.Swap(ctx, g, rest)
		if err != nil || swapped {
			failpoint.Hit(failpoint.AfterReserve)
			return rest, err
		}
		if err := ctx.Err(); err != nil {
			return Grant{}, err
		}
	}
}

// grace is how long a store keeps a grant beyond its end, so that a late SAD is
// told "expired" and not "invalid".
const grace = 10 * time.Minute

// Grants keeps grants in a one-time store.
type Grants struct {
	Store onetime.Store
	Now   func() time.Time
}

var _ Store = Grants{}

// Put keeps g.
func (s Grants) Put(ctx context.Context, g Grant) error {
	return s.Store.Put(ctx, key(g.ID), g.encode(), s.ttl(g))
}

// Get returns what is left of the grant id.
func (s Grants) Get(ctx context.Context, id string) (Grant, error) {
	value, err := s.Store.Get(ctx, key(id))
	if errors.Is(err, onetime.ErrUnknown) {
		return Grant{}, ErrUnknown
	}
	if err != nil {
		return Grant{}, err
	}
	return decodeGrant(value)
}

// Swap replaces old by rest.
func (s Grants) Swap(ctx context.Context, old, rest Grant) (bool, error) {
	var after []byte
	if rest.Left > 0 {
		after = rest.encode()
	}
	return s.Store.Swap(ctx, key(old.ID), old.encode(), after, s.ttl(rest))
}

func (s Grants) ttl(g Grant) time.Duration { return g.Expires.Sub(s.Now()) + grace }

func key(id string) string { return "sad:" + id }
