// Package quota counts what strangers do too often, by who they are, in memory
// that they cannot fill.
package quota

import (
	"net/netip"
	"sync"
	"time"
)

// maxKeys bounds the memory strangers can make a Quota use. Who comes when it is
// full is counted together with everyone else who does.
const maxKeys = 16384

// A Quota counts deeds by key, each key's within a window that begins with its
// first. Who counts failures and never what succeeded lets nobody lock out
// another by failing in that name.
type Quota struct {
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

// New makes a quota of so many deeds in a window.
func New(most int, window time.Duration, now func() time.Time) *Quota {
	return &Quota{most: most, window: window, now: now, keys: make(map[string]counted)}
}

// Over returns how long key has to wait, and counts nothing.
func (l *Quota) Over(key string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, known := l.keys[key]
	if !known && len(l.keys) >= maxKeys {
		c = l.keys[""]
	}
	if now := l.now(); c.failures >= l.most && !l.over(c, now) {
		return c.until.Sub(now)
	}
	return 0
}

// over reports whether the window of c has ended; one that ends later than any
// that begins now does was there before the clock went back, and nobody waits
// for it.
func (l *Quota) over(c counted, now time.Time) bool {
	left := c.until.Sub(now)
	return left <= 0 || left > l.window
}

// Count counts a deed and returns how long to wait before another is judged,
// 0 if this one still may be.
func (l *Quota) Count(key string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if _, known := l.keys[key]; !known && len(l.keys) >= maxKeys {
		if l.sweep(now); len(l.keys) >= maxKeys {
			key = ""
		}
	}
	c := l.keys[key]
	if l.over(c, now) {
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
func (l *Quota) sweep(now time.Time) {
	if since := now.Sub(l.swept); since >= 0 && since < time.Second {
		return
	}
	l.swept = now
	for key, c := range l.keys {
		if l.over(c, now) {
			delete(l.keys, key)
		}
	}
}

// Network is what counts as one address: an IPv4 address, or the /64 of an
// IPv6 one, since whoever has one address of it has them all.
func Network(remote string) string {
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
