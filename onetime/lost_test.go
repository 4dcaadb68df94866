package onetime_test

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/onetime"
)

// TestLostAnswers: when the connection ends between a verb and its answer, the
// verb may be done. It is not tried again, where it would meet its own deed:
// nobody is told "exists" about his own record or "unknown" about what he took.
func TestLostAnswers(t *testing.T) {
	server := proctest.Redis(t)
	line := newLine(t, server.Addr)
	s := open(t, onetime.Config{URL: "redis://" + line.addr})
	direct := open(t, onetime.Config{URL: server.URL})
	for _, test := range []struct {
		verb string
		do   func(ctx context.Context) error
	}{
		{"Put", func(ctx context.Context) error { return s.Put(ctx, "new", []byte("one"), long) }},
		{"Get", func(ctx context.Context) error { _, err := s.Get(ctx, "a"); return err }},
		{"Take", func(ctx context.Context) error { _, err := s.Take(ctx, "a"); return err }},
	} {
		t.Run(test.verb, func(t *testing.T) {
			_, _ = direct.Take(t.Context(), "a")
			put(t, direct, "a", "one")
			if err := s.Ready(t.Context()); err != nil { // a connection is there
				t.Fatal(err)
			}
			line.cut.Store(true)
			if err := test.do(t.Context()); !unavailable(err) {
				t.Errorf("%s with its answer lost: %v, want an UnavailableError", test.verb, err)
			}
			if line.cut.Load() {
				t.Error("the line was not cut")
			}
			if err := s.Ready(t.Context()); err != nil {
				t.Errorf("after the line was cut: %v", err)
			}
		})
	}
	if _, err := direct.Take(t.Context(), "new"); err != nil {
		t.Errorf("the Put whose answer was lost was done: %v", err)
	}
	if _, err := direct.Take(t.Context(), "a"); err == nil {
		t.Error("the Take whose answer was lost was not done")
	}
}

// A line passes connections on, and ends one instead of passing an answer back
// when it is told to cut.
type line struct {
	addr, to string
	cut      atomic.Bool
}

func newLine(t *testing.T, to string) *line {
	t.Helper()
	in, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close() })
	l := &line{addr: in.Addr().String(), to: to}
	go func() {
		for {
			c, err := in.Accept()
			if err != nil {
				return
			}
			go l.pass(c)
		}
	}()
	return l
}

func (l *line) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", l.to)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	for answer := make([]byte, 4096); ; {
		n, err := server.Read(answer)
		if err != nil || l.cut.CompareAndSwap(true, false) {
			return
		}
		if _, err := client.Write(answer[:n]); err != nil {
			return
		}
	}
}
