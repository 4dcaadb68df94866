package onetime

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
)

// Config says where Redis is.
type Config struct {
	// URL is redis://[user[:password]@]host[:port][/db], rediss:// for TLS, or
	// unix://[user[:password]@]/path/to/socket[?db=n].
	URL string
	// Password, if set, stands for the one in URL, so that it can come from a
	// file.
	Password string
	// TLS, if set, is used with rediss:// instead of the system's defaults.
	TLS *tls.Config
	// Now is the clock of Run; time.Now if nil.
	Now func() time.Time
}

// OpenRedis connects to a Redis server; an UnavailableError if there is none.
func OpenRedis(ctx context.Context, c Config) (*Redis, error) {
	o, err := c.options()
	if err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	r := &Redis{epoch: newEpoch(c.Now)}
	o.OnConnect = r.epoch.greet
	logging.Disable() // what it would print is in the errors that it returns
	r.client = redis.NewClient(o)
	if err := r.inspect(ctx); err != nil {
		_ = r.client.Close()
		return nil, fmt.Errorf("open Redis at %s: %w", o.Addr, err)
	}
	return r, nil
}

var errURL = errors.New("onetime: the URL of Redis is not of a form that Config names")

func (c Config) options() (*redis.Options, error) {
	o, err := redis.ParseURL(c.URL)
	if err != nil {
		return nil, errURL // err repeats the URL, and with it the password
	}
	if c.Password != "" {
		o.Password = c.Password
	}
	if c.TLS != nil && o.TLSConfig != nil {
		o.TLSConfig = c.TLS
	}
	// Never send anything twice: a Take whose answer was lost would find the key
	// unknown, and a Put would find its own record and lose to itself.
	o.MaxRetries = -1
	o.DialerRetries = 1
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = limit, limit, limit, limit
	o.ContextTimeoutEnabled = true
	o.DisableIdentity = true
	o.PipelinePoolSize = -1
	o.Protocol = 2
	return o, nil
}

// inspect learns the run and looks at what would break the promise of a Store
// without a word.
func (r *Redis) inspect(ctx context.Context) error {
	soon, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	info, err := r.client.Info(soon, "memory").Result()
	if err != nil {
		return unasked(ctx, err)
	}
	if policy := field(info, "maxmemory_policy"); field(info, "maxmemory") != "0" && policy != "noeviction" {
		return fmt.Errorf("maxmemory-policy is %q: it forgets before the time, set noeviction", policy)
	}
	if _, _, err := r.Count(ctx, "onetime:open", time.Millisecond); err != nil { // a user who may keep, and not count
		return fmt.Errorf("count with SET, INCR, GET and PTTL: %w", err)
	}
	return nil
}

// Close ends all connections.
func (r *Redis) Close() error { return r.client.Close() }
