package soak_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/servertest"
)

// A sluggard is a client that takes its time.
type sluggard struct {
	name  string
	first string        // sent at once
	drop  string        // sent again and again
	every time.Duration // between drops
	many  int
	ends  bool // the server is expected to end it within its time for a request
}

func (l *loadStage) sluggards() []sluggard {
	head := "POST " + csc.BasePath + "/signatures/signHash HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
	ask := "POST " + csc.BasePath + "/info HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
	return []sluggard{
		{"says nothing after the handshake", "", "", 0, 20, true},
		{"sends a header line by line", head, "X-A: b\r\n", 200 * time.Millisecond, 40, true},
		{"sends a body byte by byte", head + "Authorization: Bearer " + l.token + "\r\nContent-Length: 5000\r\n\r\n{", " ", 100 * time.Millisecond, 80, true},
		{"sends chunks byte by byte", head + "Authorization: Bearer " + l.token + "\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", 100 * time.Millisecond, 20, true},
		{"asks and never reads", ask, strings.Repeat(ask, 50), 10 * time.Millisecond, 10, false},
	}
}

// besideSlowClients has others sign while slow clients of every kind are there,
// more of them than there are places for requests, and waits until the server
// has ended them.
func (l *loadStage) besideSlowClients() {
	l.t.Helper()
	var there atomic.Int64
	var all sync.WaitGroup
	stop := make(chan struct{})
	for _, s := range l.sluggards() {
		for range s.many {
			conn, err := tls.Dial("tcp", strings.TrimPrefix(l.URL, "https://"), l.trust())
			fine(l.t, err)
			_, err = io.WriteString(conn, s.first)
			fine(l.t, err)
			there.Add(1)
			all.Go(func() { s.drip(conn, stop) })
			if s.ends {
				all.Go(func() {
					defer there.Add(-1)
					_, _ = io.Copy(io.Discard, conn) // until the server has had enough
					_ = conn.Close()
				})
			} else {
				there.Add(-1)
			}
		}
	}
	slow, half := int(there.Load()), l.halfOpen(20)
	r := l.fire(volley{connections: 8, length: 5 * time.Second, most: 200})
	l.t.Log("beside slow clients:", r)
	l.sane(r)
	if r.refused > 0 {
		l.t.Errorf("%d were refused for the sake of slow clients", r.refused)
	}
	l.eventually("slow clients are ended", func() bool { return there.Load() == 0 })
	close(stop)
	for _, conn := range half {
		_ = conn.Close()
	}
	all.Wait()
	l.tell("slow clients", slow+len(half), "others signed all the while, none of them refused; the slow were ended by the server")
}

// drip sends drops until the connection is closed.
func (s sluggard) drip(conn net.Conn, stop chan struct{}) {
	for s.drop != "" {
		select {
		case <-stop:
			_ = conn.Close()
			return
		case <-time.After(s.every):
		}
		if err := conn.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
			return
		}
		_, err := io.WriteString(conn, s.drop)
		var timeout net.Error
		if err != nil && !(errors.As(err, &timeout) && timeout.Timeout() && !s.ends) {
			return
		}
	}
}

// halfOpen opens connections that do not even begin a handshake.
func (l *loadStage) halfOpen(many int) (open []net.Conn) {
	l.t.Helper()
	for range many {
		conn, err := net.Dial("tcp", strings.TrimPrefix(l.URL, "https://"))
		fine(l.t, err)
		open = append(open, conn)
	}
	return open
}

// hangUp asks for signatures of some grants and hangs up, at every moment of a
// request: what was spent by then is signed all the same. What is left is spent
// afterwards, one by one; it says how many signatures that makes in all.
func (l *loadStage) hangUp(broken []*loadGrant) int {
	l.t.Helper()
	of := len(broken)
	var all sync.WaitGroup
	for n := range 60 {
		all.Go(func() {
			conn, err := tls.Dial("tcp", strings.TrimPrefix(l.URL, "https://"), l.trust())
			if err != nil {
				l.t.Errorf("connect: %v", err)
				return
			}
			_, _ = conn.Write(l.signHash(broken[n%of], randomDigest()))
			time.Sleep(time.Duration(n) * time.Millisecond)
			_ = conn.NetConn().Close() // without a word of TLS
		})
	}
	all.Wait()
	l.tell("clients that hang up", 60, "what was spent by then was signed; the rest could still be spent")
	return l.drain(broken)
}

// drain spends what is left of grants whose client does not know it: as much at
// a time as there may be, and half of that when it is too much.
func (l *loadStage) drain(grants []*loadGrant) int {
	l.t.Helper()
	ctx := servertest.Context(l.t)
	for _, g := range grants {
		for many := worth; many > 0; {
			_, err := l.api.SignHash(ctx, l.request(g, many))
			var told *client.Error
			switch errors.As(err, &told); {
			case err == nil:
			case told != nil && told.Status == http.StatusServiceUnavailable:
				time.Sleep(told.RetryAfter)
			case told != nil && told.Description == "Invalid parameter SAD":
				many /= 2
			default:
				l.t.Fatalf("drain: %v", err)
			}
		}
	}
	return worth * len(grants)
}
