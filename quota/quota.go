package oauth

import (
	"net/netip"
	"sync"
	"time"
)

const (
	defaultFailures = 20
	defaultLoads    = 120
	// maxKeys bounds the memory strangers can make a limiter use. Who comes
	// when it is full is counted together with everyone else who does.
	maxKeys = 16384
)

// A limiter counts failures by key, each key's within a window that begins with
// its first. It counts what failed and never what succeeded, so nobody can
// lock out a client by failing in its name.
type limiter struct {
	most   int
	window time.Duration
	now    func() time.Time

	mu    sync.Mutex
	keys  map[string]counted
	swept time.Time
}

type counted struct {
	failures int
	until    time.Time
}

func newLimiter(most int, window time.Duration, now func() time.Time) *limiter {
	return &limiter{most: most, window: window, now: now, keys: make(map[string]counted)}
}

// fail counts a failure and returns how long to wait before another is judged,
// 0 if this one still may be.
func (l *limiter) fail(key string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if _, known := l.keys[key]; !known && len(l.keys) >= maxKeys {
		if l.sweep(now); len(l.keys) >= maxKeys {
			key = ""
		}
	}
	c := l.keys[key]
	if !now.Before(c.until) {
		c = counted{until: now.Add(l.window)}
	}
	c.failures = min(c.failures+1, l.most+1)
	l.keys[key] = c
	if c.failures > l.most {
		return c.until.Sub(now)
	}
	return 0
}

// sweep forgets the keys whose window is over, at most once a second.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Second {
		return
	}
	l.swept = now
	for key, c := range l.keys {
		if !now.Before(c.until) {
			delete(l.keys, key)
		}
	}
}

// network is what counts as one address: an IPv4 address, or the /64 of an
// IPv6 one, since whoever has one address of it has them all.
func network(remote string) string {
	addr, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	ip := addr.Addr().Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	prefix, err := ip.Prefix(64)
	if err != nil {
		return remote
	}
	return prefix.String()
}
