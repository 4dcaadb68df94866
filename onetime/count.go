package onetime

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// Count counts one more under key and returns how many there are with it, and how
// long their window lasts, which began with the first of them.
//
// A count is no record: it is of no run. One that a run of Redis lost begins anew,
// and one that it kept goes on, since too high a count costs somebody a wait.
func (r *Redis) Count(ctx context.Context, key string, window time.Duration) (deeds int, left time.Duration, err error) {
	if err := check(ctx, window); err != nil {
		return 0, 0, err
	}
	return r.counted(ctx, key, func(ctx context.Context, p redis.Pipeliner) {
		p.SetArgs(ctx, key, 0, redis.SetArgs{Mode: "NX", TTL: whole(window)})
		p.Incr(ctx, key)
	})
}

// Counted returns what Count counted under key, and counts nothing.
func (r *Redis) Counted(ctx context.Context, key string) (deeds int, left time.Duration, err error) {
	return r.counted(ctx, key, func(context.Context, redis.Pipeliner) {})
}

// counted asks for a count after a change to it, in the same transaction. As all
// verbs do it asks what runs there as well: a replica knows what was counted once.
func (r *Redis) counted(ctx context.Context, key string, change func(context.Context, redis.Pipeliner)) (deeds int, left time.Duration, err error) {
	soon, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var count *redis.StringCmd
	var lasts *redis.DurationCmd
	var q question
	_, err = r.client.TxPipelined(soon, func(p redis.Pipeliner) error {
		change(soon, p)
		count, lasts, q = p.Get(soon, key), p.PTTL(soon, key), ask(soon, p)
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return 0, 0, unasked(ctx, err)
	}
	if _, err := r.epoch.answer(q); err != nil {
		return 0, 0, unasked(ctx, err)
	}
	deeds, err = count.Int()
	if errors.Is(err, redis.Nil) {
		return 0, 0, nil
	}
	if err == nil {
		left, err = lasts.Result()
	}
	if err != nil {
		return 0, 0, unasked(ctx, err)
	}
	return deeds, left, nil
}
