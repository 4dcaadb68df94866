package sad

import (
	"context"
	"errors"
	"time"
)

// Extend returns the grant that takes g's place under another id, for so long from
// now, or the rule that u breaks. It is for as many signatures as are left, and for
// the hashes of u if there are any; what named its hashes goes on naming some. All
// extensions of a grant together last no longer than MaxLife, and none makes it
// shorter.
func (g Grant) Extend(u Use, id string, life time.Duration, now time.Time) (Grant, error) {
	if err := g.open(u, now); err != nil {
		return g, err
	}
	next := g
	next.ID, next.Count = id, g.Left
	if until := now.Add(min(life, g.Issued.Add(MaxLife).Sub(now))); until.After(g.Expires) {
		next.Expires = until
	}
	if len(u.Hashes) == 0 {
		return next, nil
	}
	if len(u.Hashes) != g.Left {
		return g, ErrCount
	}
	next.Bound, next.HashOID, next.Hashes = true, u.HashOID, nil
	for _, d := range u.Hashes {
		next.Hashes = append(next.Hashes, Agreed{Digest: d})
	}
	return next, nil
}

// Extend ends the grant behind the SAD id in s, of several the one for u's
// credential, and returns it with the one that is to take its place. Of any number
// who extend the same one, or spend it meanwhile, one wins and the others look
// again. The grant that takes its place is not kept yet: whoever gets a nil error
// records it, and puts it into s.
func Extend(ctx context.Context, s Store, id string, u Use, life time.Duration, nextID string, now time.Time) (old, next Grant, err error) {
	old, next, err = extend(ctx, s, id, u, life, nextID, now)
	if errors.Is(err, ErrUnknown) {
		return extend(ctx, s, Part(id, u.CredentialID), u, life, nextID, now)
	}
	return old, next, err
}

func extend(ctx context.Context, s Store, id string, u Use, life time.Duration, nextID string, now time.Time) (old, next Grant, err error) {
	for {
		g, err := s.Get(ctx, id)
		if err != nil {
			return Grant{}, Grant{}, err
		}
		next, err := g.Extend(u, nextID, life, now)
		if err != nil {
			return g, g, err
		}
		ended := g
		ended.Left = 0
		swapped, err := s.Swap(ctx, g, ended)
		if err != nil || swapped {
			return g, next, err
		}
		if err := ctx.Err(); err != nil {
			return Grant{}, Grant{}, err
		}
	}
}
