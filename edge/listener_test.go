package edge_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/edge"
)

// few lets in four connections, three of one network.
func few(h *house) { h.listener.Most, h.listener.MostEach = 4, 3 }

// idle opens a connection, is answered once on it, and keeps it.
func (h *house) idle(from string) *tls.Conn {
	h.t.Helper()
	c, err := h.dial(from)
	must(h.t, err)
	h.t.Cleanup(func() { _ = c.Close() })
	_, err = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	must(h.t, err)
	resp, err := io.ReadAtLeast(c, make([]byte, 4096), len("HTTP/1.1 200 OK"))
	if err != nil || resp == 0 {
		h.t.Fatalf("no answer: %v", err)
	}
	time.Sleep(20 * time.Millisecond) // the server notes that it is idle
	return c
}

// gone reports whether the server has closed a connection.
func gone(c *tls.Conn) bool {
	_ = c.SetReadDeadline(time.Now().Add(time.Second))
	_, err := c.Read(make([]byte, 4096))
	var timeout net.Error
	return err != nil && !(errors.As(err, &timeout) && timeout.Timeout())
}

func TestIdleConnectionsMakeRoom(t *testing.T) {
	h := newHouse(t, few)
	oldest := h.idle("127.0.0.2")
	younger := []*tls.Conn{h.idle("127.0.0.2"), h.idle("127.0.0.3"), h.idle("127.0.0.3")}
	h.alive()
	if !gone(oldest) {
		t.Error("the connection that was idle longest is still there")
	}
	for n, c := range younger {
		if gone(c) {
			t.Errorf("number %d of those that were idle shorter is gone", n)
		}
	}
}

// Connections that are busy are not closed for others.
func TestBusyConnectionsStay(t *testing.T) {
	hold := make(chan struct{})
	h := newHouse(t, few, func(h *house) {
		h.handler = func(w http.ResponseWriter, r *http.Request) {
			<-hold
			_, _ = io.WriteString(w, "yes")
		}
	})
	var busy []*tls.Conn
	for _, from := range []string{"127.0.0.2", "127.0.0.2", "127.0.0.3", "127.0.0.3"} {
		c, err := h.dial(from)
		must(t, err)
		defer c.Close()
		_, err = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
		must(t, err)
		busy = append(busy, c)
	}
	eventually(t, "all are served", func() bool { return h.served.Load() == 4 })
	if c, err := h.dial("127.0.0.9"); err == nil {
		_ = c.Close()
		t.Error("a fifth was let in")
	}
	close(hold)
	for n, c := range busy {
		if text, err := io.ReadAll(c); err != nil || !strings.HasSuffix(string(text), "yes") {
			t.Errorf("number %d: %q, %v", n, text, err)
		}
	}
	eventually(t, "all are uncounted", func() bool { open, turned := h.listener.Connections(); return open == 0 && turned == 1 })
	h.alive()
}

// One network cannot take all the connections.
func TestANetworkHasItsShare(t *testing.T) {
	h := newHouse(t, few)
	for range 3 {
		c, err := h.dial("127.0.0.2") // and says nothing
		must(t, err)
		defer c.Close()
	}
	if c, err := h.dial("127.0.0.2"); err == nil {
		_ = c.Close()
		t.Error("a fourth of the network was let in")
	}
	h.alive()
}

// Slow clients of every kind are ended in time, and their goroutines with them
// (TestMain would see them).
func TestSlowClients(t *testing.T) {
	for _, row := range []struct{ name, first, drop string }{
		{"who says nothing", "", ""},
		{"who sends a header byte by byte", "GET / HTTP/1.1\r\nHost: localhost\r\n", "X-A: b\r\n"},
		{"who sends a body byte by byte", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n", "a"},
		{"who sends chunks byte by byte", "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newHouse(t, func(h *house) {
				h.web.ReadHeaderTimeout, h.web.ReadTimeout, h.web.IdleTimeout = 300*time.Millisecond, 600*time.Millisecond, 300*time.Millisecond
			})
			for range 20 {
				c := h.connect()
				_, err := io.WriteString(c, row.first)
				must(t, err)
				go func() {
					for err := error(nil); err == nil; time.Sleep(20 * time.Millisecond) {
						_, err = io.WriteString(c, row.drop)
						if row.drop == "" {
							return
						}
					}
				}()
			}
			h.alive()
			eventually(t, "all are closed", func() bool { open, _ := h.listener.Connections(); return open == 0 })
		})
	}
}

// A client that never reads a large answer is ended too.
func TestAnswerThatIsNeverRead(t *testing.T) {
	ended := make(chan error, 1)
	h := newHouse(t, func(h *house) {
		h.web.WriteTimeout = 500 * time.Millisecond
		h.handler = func(w http.ResponseWriter, r *http.Request) {
			_, err := w.Write(make([]byte, 64<<20))
			ended <- err
		}
	})
	c := h.connect()
	_, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	must(t, err)
	select {
	case err := <-ended:
		if err == nil {
			t.Error("all was written to a client that reads nothing")
		}
	case <-time.After(patience):
		t.Fatal("the handler still writes")
	}
	eventually(t, "the connection is closed", func() bool { open, _ := h.listener.Connections(); return open == 0 })
}

// The settings that the tests above shorten are there.
func TestLimitsAreSet(t *testing.T) {
	web := edge.NewServer(http.NotFoundHandler(), &edge.Listener{}, nil)
	for name, set := range map[string]bool{
		"header time": web.ReadHeaderTimeout > 0 && web.ReadHeaderTimeout <= 10*time.Second,
		"read time":   web.ReadTimeout > 0 && web.ReadTimeout <= 30*time.Second,
		"write time":  web.WriteTimeout > 30*time.Second && web.WriteTimeout <= 2*time.Minute,
		"idle time":   web.IdleTimeout > 0 && web.IdleTimeout <= 2*time.Minute,
		"header size": web.MaxHeaderBytes > 0 && web.MaxHeaderBytes <= 64<<10,
		"streams":     web.HTTP2.MaxConcurrentStreams > 0 && web.HTTP2.MaxConcurrentStreams <= 250,
		"stalls":      web.HTTP2.WriteByteTimeout > 0 && web.HTTP2.PingTimeout > 0 && web.HTTP2.SendPingTimeout > 0,
	} {
		if !set {
			t.Errorf("the %s is not limited", name)
		}
	}
}

// Broken connections cannot fill the disk.
func TestLogOfConnectionsIsSparing(t *testing.T) {
	h := newHouse(t)
	for range 200 {
		c, err := net.Dial("tcp", h.addr)
		must(t, err)
		_, err = io.WriteString(c, "GET / HTTP/1.0\r\n\r\n") // without TLS
		must(t, err)
		_, _ = io.ReadAll(c)
		must(t, c.Close())
	}
	if n := strings.Count(h.log.String(), "\n"); n == 0 || n > 150 {
		t.Errorf("%d lines", n)
	}
}

func TestFiles(t *testing.T) {
	limit, err := edge.Files(1)
	must(t, err)
	if limit < 513 {
		t.Errorf("%d files", limit)
	}
	if _, err := edge.Files(int(min(limit, 1<<40))); err == nil || !strings.Contains(err.Error(), "limits.connections") {
		t.Errorf("as many connections as files: %v", err)
	}
}
