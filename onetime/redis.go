package onetime

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// limit bounds one call of a verb, everything included. Whoever waits for it
// has a client waiting, and a store that takes longer is not there.
const limit = 700 * time.Millisecond

// Redis keeps values in a Redis server, so that several servers of ours share
// them. No value outlives the run of Redis it was written in.
//
// The server must be reached directly: behind a proxy that changes servers
// under a connection, a change of run would go unseen. It must not evict (Open
// refuses one that may). Of its commands these are used: GET GETDEL SET DEL
// INCR PTTL WATCH UNWATCH MULTI EXEC INFO, and HELLO AUTH SELECT to connect.
type Redis struct {
	client *redis.Client
	epoch  *epoch
}

var _ Store = (*Redis)(nil)

// Run names the run of Redis that answered last and says since when it is known
// here, which is later than it began. What was kept to recognize a thing when
// it comes a second time is gone with an earlier run: whoever keeps proofs in a
// store asks for Run after the Put and refuses a proof made before since, with
// whatever difference of clocks it allows.
func (r *Redis) Run() (id string, since time.Time) {
	now := r.epoch.seen.Load()
	return now.id, now.since
}

// Changes is how often Redis was found in another run than before, since it was
// opened here: so often everything that was kept was lost.
func (r *Redis) Changes() uint64 { return r.epoch.changes.Load() }

// Put keeps value under a new key. A record of an earlier run does not count,
// here as elsewhere: it makes place.
func (r *Redis) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := check(ctx, ttl); err != nil {
		return err
	}
	soon, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		guess := r.epoch.seen.Load().id
		kept, run, err := r.create(soon, key, stamp(value, guess), ttl)
		switch {
		case err != nil:
			return unasked(ctx, err)
		case kept && run == guess:
			return nil
		case kept: // a new run: what was written counts nowhere, and is cleared below
		}
		counts, err := r.clear(soon, key)
		if err != nil {
			return unasked(ctx, err)
		}
		if counts {
			return ErrExists
		}
	}
}

// create writes a record under a key that nobody has, and says in which run.
func (r *Redis) create(ctx context.Context, key string, record []byte, ttl time.Duration) (kept bool, run string, err error) {
	var set *redis.StatusCmd
	var q question
	_, err = r.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		set = p.SetArgs(ctx, key, record, redis.SetArgs{Mode: "NX", TTL: whole(ttl)})
		q = ask(ctx, p)
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return false, "", err
	}
	run, err = r.epoch.answer(q)
	return set.Err() == nil, run, err
}

// clear removes the record under key unless it counts, and reports whether it
// does. It creates nothing: who Puts next is decided by SET NX, whoever cleared.
func (r *Redis) clear(ctx context.Context, key string) (counts bool, err error) {
	_, err = r.exchange(ctx, key, func(record []byte, run string) change {
		if _, counts = open(record, run); counts {
			return nil
		}
		return func(p redis.Pipeliner) { p.Del(ctx, key) }
	})
	return counts, err
}

// Get returns what is kept.
func (r *Redis) Get(ctx context.Context, key string) ([]byte, error) {
	return r.read(ctx, func(ctx context.Context, p redis.Pipeliner) *redis.StringCmd { return p.Get(ctx, key) })
}

// Take returns what is kept and forgets it.
func (r *Redis) Take(ctx context.Context, key string) ([]byte, error) {
	return r.read(ctx, func(ctx context.Context, p redis.Pipeliner) *redis.StringCmd { return p.GetDel(ctx, key) })
}

func (r *Redis) read(ctx context.Context, get func(context.Context, redis.Pipeliner) *redis.StringCmd) ([]byte, error) {
	soon, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var got *redis.StringCmd
	var q question
	_, err := r.client.TxPipelined(soon, func(p redis.Pipeliner) error {
		got, q = get(soon, p), ask(soon, p)
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, unasked(ctx, err)
	}
	run, err := r.epoch.answer(q)
	if err != nil {
		return nil, unasked(ctx, err)
	}
	record, err := got.Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, ErrUnknown
	}
	if err != nil {
		return nil, unasked(ctx, err)
	}
	value, counts := open(record, run)
	if !counts {
		return nil, ErrUnknown
	}
	return value, nil
}

// Swap replaces old by new.
func (r *Redis) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) (bool, error) {
	if new == nil {
		ttl = time.Millisecond // nothing is kept, so nothing is wrong with it
	}
	if err := check(ctx, ttl); err != nil {
		return false, err
	}
	soon, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	swapped, err := r.exchange(soon, key, func(record []byte, run string) change {
		value, counts := open(record, run)
		if !counts || !bytes.Equal(value, old) {
			return nil
		}
		return func(p redis.Pipeliner) {
			if new == nil {
				p.Del(soon, key)
				return
			}
			p.Set(soon, key, stamp(new, run), whole(ttl))
		}
	})
	if err != nil {
		return false, unasked(ctx, err)
	}
	return swapped, nil
}

// A change writes, inside a transaction. The nil change leaves all as it is.
type change func(redis.Pipeliner)

// exchange shows the record under key, if there is one, to decide, with the run
// it was read in, and makes the change it returns; false if there was none to
// make, or if the key was touched in between.
//
// All of it is one connection, and the key is watched from before the question:
// a server that was demoted and filled anew in between has touched every key.
func (r *Redis) exchange(ctx context.Context, key string, decide func(record []byte, run string) change) (bool, error) {
	changed := false
	err := r.client.Watch(ctx, func(tx *redis.Tx) error {
		var got *redis.StringCmd
		var q question
		_, err := tx.Pipelined(ctx, func(p redis.Pipeliner) error {
			got, q = p.Get(ctx, key), ask(ctx, p)
			return nil
		})
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		run, err := r.epoch.answer(q)
		if err != nil {
			return err
		}
		record, err := got.Bytes()
		if errors.Is(err, redis.Nil) {
			return nil
		}
		if err != nil {
			return err
		}
		write := decide(record, run)
		if write == nil {
			return nil
		}
		_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error { write(p); return nil })
		changed = err == nil
		return err
	}, key)
	if errors.Is(err, redis.TxFailedErr) {
		return false, nil
	}
	return changed, err
}

// Ready asks for what the verbs need most: that a write is accepted.
func (r *Redis) Ready(ctx context.Context) error {
	soon, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := r.client.Set(soon, "onetime:ready", strconv.FormatInt(time.Now().Unix(), 10), time.Second).Err(); err != nil {
		return unasked(ctx, err)
	}
	return nil
}

// errSlow stands for our own deadline, which is nobody else's context error.
var errSlow = errors.New("no answer in time")

// unasked tells the end of the caller's context from the absence of the store.
func unasked(ctx context.Context, err error) error {
	if gone := ctx.Err(); gone != nil {
		return gone
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		err = errSlow
	}
	return &UnavailableError{Cause: err}
}

// whole rounds up to milliseconds, which is as fine as Redis counts.
func whole(ttl time.Duration) time.Duration {
	return (ttl + time.Millisecond - 1).Truncate(time.Millisecond)
}
