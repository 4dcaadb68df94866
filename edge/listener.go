package edge

import (
	"container/list"
	"net"
	"net/http"
	"sync"

	"github.com/pecete/pecete/quota"
)

// A Listener accepts no more connections than it may hold, in all and of one
// network. When all are taken, the one that has been idle longest is closed for
// the next that comes; if none is idle, or its network has its share, the one
// that comes is closed at once, before anything is spent on its handshake. Left
// in the kernel's queue it would wait for an answer that does not come, and so
// would all behind it, health checks among them.
type Listener struct {
	net.Listener
	// Most is how many connections there may be, MostEach how many of one
	// network (an IPv4 address, an IPv6 /64).
	Most, MostEach int

	mu     sync.Mutex
	open   int
	of     map[string]int
	idle   list.List // of *conn, the longest idle first
	turned uint64
}

// Accept waits for a connection that may stay.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if held := l.admit(c); held != nil {
			return held, nil
		}
		_ = c.Close() // nothing was said on it
	}
}

// admit counts a connection; nil if it may not stay.
func (l *Listener) admit(c net.Conn) net.Conn {
	network := quota.Network(c.RemoteAddr().String())
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[network] >= l.MostEach || l.open >= l.Most && !l.evict() {
		l.turned++
		return nil
	}
	if l.of == nil {
		l.of = map[string]int{}
	}
	l.of[network]++
	l.open++
	return &conn{Conn: c, listener: l, network: network}
}

// evict closes the connection that has been idle longest.
func (l *Listener) evict() bool {
	oldest := l.idle.Front()
	if oldest == nil {
		return false
	}
	c, ok := oldest.Value.(*conn)
	if !ok {
		return false
	}
	l.forget(c)
	_ = c.Conn.Close() // its goroutine finds out
	return true
}

// forget uncounts a connection; the lock is held.
func (l *Listener) forget(c *conn) {
	if c.gone {
		return
	}
	c.gone = true
	l.busy(c)
	l.open--
	if l.of[c.network]--; l.of[c.network] == 0 {
		delete(l.of, c.network)
	}
}

// busy takes a connection from those that are idle; the lock is held.
func (l *Listener) busy(c *conn) {
	if c.idle != nil {
		l.idle.Remove(c.idle)
		c.idle = nil
	}
}

// State is for http.Server.ConnState: it learns here who is idle.
func (l *Listener) State(at net.Conn, state http.ConnState) {
	for wrapped, ok := at.(interface{ NetConn() net.Conn }); ok; wrapped, ok = at.(interface{ NetConn() net.Conn }) {
		at = wrapped.NetConn() // TLS, and what a balancer passed on
	}
	c, ok := at.(*conn)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy(c)
	if state == http.StateIdle && !c.gone {
		c.idle = l.idle.PushBack(c)
	}
}

// Connections is how many are open and how many were turned away ever.
func (l *Listener) Connections() (open int, turned uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open, l.turned
}

// A conn is a connection that is counted.
type conn struct {
	net.Conn
	listener *Listener
	network  string
	idle     *list.Element // in listener.idle, nil when busy
	gone     bool
}

// Close closes the connection and uncounts it.
func (c *conn) Close() error {
	c.listener.mu.Lock()
	c.listener.forget(c)
	c.listener.mu.Unlock()
	return c.Conn.Close()
}
