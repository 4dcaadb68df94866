package edge_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// A peer speaks HTTP/2 frame by frame.
type peer struct {
	t      *testing.T
	conn   *tls.Conn
	frames *http2.Framer
	mu     sync.Mutex // of what was heard
	heard  []http2.Frame
	codes  map[http2.ErrCode]int // of streams that were reset
	goAway *http2.ErrCode
	over   chan struct{} // closed when the server has closed
}

// speak opens a connection of HTTP/2 and listens; settings are ours.
func (h *house) speak(settings ...http2.Setting) *peer {
	h.t.Helper()
	c := h.connect("h2")
	if got := c.ConnectionState().NegotiatedProtocol; got != "h2" {
		h.t.Fatalf("the server speaks %q", got)
	}
	p := &peer{t: h.t, conn: c, frames: http2.NewFramer(c, c), codes: map[http2.ErrCode]int{}, over: make(chan struct{})}
	_, err := io.WriteString(c, http2.ClientPreface)
	must(h.t, err)
	must(h.t, p.frames.WriteSettings(settings...))
	go p.listen()
	return p
}

func (p *peer) listen() {
	defer close(p.over)
	for {
		f, err := p.frames.ReadFrame()
		if err != nil {
			return
		}
		p.mu.Lock()
		switch f := f.(type) {
		case *http2.RSTStreamFrame:
			p.codes[f.ErrCode]++
		case *http2.GoAwayFrame:
			code := f.ErrCode
			p.goAway = &code
		}
		p.mu.Unlock()
	}
}

func header(path string, more ...string) []byte {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	fields := append([]string{":method", "POST", ":scheme", "https", ":authority", "localhost", ":path", path}, more...)
	for n := 0; n < len(fields); n += 2 {
		_ = e.WriteField(hpack.HeaderField{Name: fields[n], Value: fields[n+1]}) // into memory
	}
	return b.Bytes()
}

// open opens a stream whose body is yet to come.
func (p *peer) open(id uint32) error {
	return p.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: header("/"), EndHeaders: true})
}

// closed waits until the server has closed the connection and says with which
// code; nil if it said nothing.
func (p *peer) closed() *http2.ErrCode {
	p.t.Helper()
	select {
	case <-p.over:
	case <-time.After(patience):
		p.t.Fatal("the connection was not closed")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.goAway
}

// A flood is sent until the server has had enough: it closes, or takes no more.
func (p *peer) flood(most int, frame func(n uint32) error) {
	p.t.Helper()
	for n := range most {
		must(p.t, p.conn.SetWriteDeadline(time.Now().Add(5*time.Second)))
		if err := frame(uint32(n)); err != nil {
			return
		}
	}
}

// CVE-2023-44487: streams that are opened and reset at once begin no more
// handlers than may be open at once, and end the connection.
func TestRapidReset(t *testing.T) {
	var inside, most atomic.Int64
	hold := make(chan struct{})
	h := newHouse(t, func(h *house) {
		h.handler = func(http.ResponseWriter, *http.Request) {
			n := inside.Add(1)
			defer inside.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			<-hold
		}
	})
	p := h.speak()
	p.flood(20000, func(n uint32) error {
		if err := p.open(2*n + 1); err != nil {
			return err
		}
		return p.frames.WriteRSTStream(2*n+1, http2.ErrCodeCancel)
	})
	if code := p.closed(); code == nil || *code != http2.ErrCodeEnhanceYourCalm {
		t.Errorf("closed with %v", code)
	}
	if n := most.Load(); n > 64 {
		t.Errorf("%d handlers at once", n)
	}
	close(hold)
	eventually(t, "handlers end", func() bool { return inside.Load() == 0 })
	h.handler = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "yes") }
	h.alive()
}

// A connection has so many streams and no more.
func TestStreamsAreLimited(t *testing.T) {
	hold := make(chan struct{})
	h := newHouse(t, func(h *house) { h.handler = func(http.ResponseWriter, *http.Request) { <-hold } })
	defer close(hold)
	p := h.speak()
	for n := range uint32(80) {
		must(t, p.open(2*n+1))
	}
	eventually(t, "16 streams are refused", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.codes[http2.ErrCodeRefusedStream] == 16 || p.codes[http2.ErrCodeProtocol] == 16
	})
	eventually(t, "64 are served", func() bool { return h.served.Load() == 64 })
}

// CVE-2023-45288: a header without an end is not read for ever, and a stream is
// not begun for it.
func TestContinuationFlood(t *testing.T) {
	h := newHouse(t)
	p := h.speak()
	must(t, p.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: header("/", "x-a", "b"), EndHeaders: false}))
	more := hpackLiteral("x-flood", strings.Repeat("a", 1000))
	sent := 0
	p.flood(100000, func(uint32) error {
		sent += len(more)
		return p.frames.WriteContinuation(1, false, more)
	})
	p.closed()
	if h.served.Load() != 0 || sent > 50<<20 {
		t.Errorf("%d handlers, %d bytes sent", h.served.Load(), sent)
	}
	h.alive()
}

// hpackLiteral is a header field that no table keeps.
func hpackLiteral(name, value string) []byte {
	var b bytes.Buffer
	_ = hpack.NewEncoder(&b).WriteField(hpack.HeaderField{Name: name, Value: value, Sensitive: true})
	return b.Bytes()
}

// What must be answered and is not read ends the connection (CVE-2019-9512,
// 9514): the answers do not pile up.
func TestFloodsOfControlFrames(t *testing.T) {
	for name, frame := range map[string]func(*peer, uint32) error{
		"ping": func(p *peer, n uint32) error { return p.frames.WritePing(false, [8]byte{byte(n)}) },
		"streams that must be reset": func(p *peer, n uint32) error {
			return p.frames.WriteHeaders(http2.HeadersFrameParam{
				StreamID: 2*n + 1, BlockFragment: header("/", "connection", "bad"), EndHeaders: true, EndStream: true,
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, func(h *house) { h.listener.Listener = terse{h.listener.Listener} })
			p := h.deaf()
			sent := 0
			p.flood(2_000_000, func(n uint32) error { sent++; return frame(p, n) })
			if sent == 2_000_000 {
				t.Error("there is no end to what the server takes")
			}
			must(t, p.conn.NetConn().Close())
			eventually(t, "the connection is gone", func() bool { open, _ := h.listener.Connections(); return open == 0 })
			h.alive()
		})
	}
}

// Settings are acknowledged once for however many (CVE-2019-9515): they take no
// memory, and no time from others.
func TestFloodOfSettings(t *testing.T) {
	h := newHouse(t)
	p := h.deaf()
	p.flood(50_000, func(uint32) error { return p.frames.WriteSettings() })
	h.alive()
}

// deaf opens a connection of HTTP/2 on which nothing is read.
func (h *house) deaf() *peer {
	h.t.Helper()
	c := h.connect("h2")
	p := &peer{t: h.t, conn: c, frames: http2.NewFramer(bufio.NewWriterSize(c, 16<<10), c)}
	_, err := io.WriteString(c, http2.ClientPreface)
	must(h.t, err)
	must(h.t, p.frames.WriteSettings())
	return p
}

// A terse listener's connections keep little of what is written on them.
type terse struct{ net.Listener }

func (l terse) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if plain, ok := c.(*net.TCPConn); ok {
		err = plain.SetWriteBuffer(8 << 10)
	}
	return c, err
}

// An answer that is never read does not hold its handler for ever.
func TestHTTP2AnswerThatIsNeverRead(t *testing.T) {
	ended := make(chan error, 1)
	h := newHouse(t, func(h *house) {
		h.web.WriteTimeout = 300 * time.Millisecond
		h.handler = func(w http.ResponseWriter, r *http.Request) {
			_, err := w.Write(make([]byte, 8<<20))
			ended <- err
		}
	})
	p := h.speak(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	must(t, p.open(1))
	select {
	case err := <-ended:
		if err == nil {
			t.Error("all was written to a client with no window")
		}
	case <-time.After(patience):
		t.Fatal("the handler still writes")
	}
}

// A body larger than the window is a fault of the client's and ends its stream.
func TestHTTP2Window(t *testing.T) {
	hold := make(chan struct{})
	h := newHouse(t, func(h *house) { h.handler = func(http.ResponseWriter, *http.Request) { <-hold } })
	defer close(hold)
	p := h.speak()
	must(t, p.open(1))
	p.flood(64, func(uint32) error { return p.frames.WriteData(1, false, make([]byte, 16<<10)) })
	eventually(t, "the stream or the connection is ended", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.codes[http2.ErrCodeFlowControl] == 1 || p.goAway != nil && *p.goAway == http2.ErrCodeFlowControl
	})
}

// Headers beyond the limit are refused, also when they are small on the wire.
func TestHTTP2HeaderBomb(t *testing.T) {
	h := newHouse(t)
	p := h.speak()
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	_, _ = b.Write(header("/"))
	for range 5000 { // after the first each is a byte
		must(t, e.WriteField(hpack.HeaderField{Name: "x-bomb", Value: strings.Repeat("a", 3000)}))
	}
	must(t, p.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: b.Bytes(), EndHeaders: true, EndStream: true}))
	time.Sleep(50 * time.Millisecond)
	if h.served.Load() != 0 {
		t.Error("it was served")
	}
	h.alive()
}
