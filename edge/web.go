package edge

import (
	"log"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// What a client may take, and send. A stream is a request of HTTP/2.
const (
	headerTime   = 5 * time.Second  // for TLS, and for the header
	readTime     = 15 * time.Second // for header and body
	writeTime    = 60 * time.Second // from the header to the end of the answer
	idleTime     = 60 * time.Second
	stallTime    = 20 * time.Second // in which HTTP/2 takes not a byte of an answer
	headerBytes  = 16 << 10
	streams      = 64 // of a connection, at once
	windowConn   = 256 << 10
	windowStream = 64 << 10
)

// NewServer is a server for a Listener, with all the limits there are. The log
// hears of broken connections, but of no more than ten in a second.
func NewServer(handler http.Handler, l *Listener, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:                      unambiguous(handler),
		ReadHeaderTimeout:            headerTime,
		ReadTimeout:                  readTime,
		WriteTimeout:                 writeTime,
		IdleTimeout:                  idleTime,
		MaxHeaderBytes:               headerBytes,
		DisableGeneralOptionsHandler: true,
		ConnState:                    l.State,
		ErrorLog:                     log.New(&sparing{logger: logger, now: time.Now}, "", 0),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          streams,
			MaxReceiveBufferPerConnection: windowConn,
			MaxReceiveBufferPerStream:     windowStream,
			SendPingTimeout:               idleTime / 2,
			PingTimeout:                   idleTime / 4,
			WriteByteTimeout:              stallTime,
		},
	}
}

// unambiguous ends a connection after a body in chunks, and after anything in
// HTTP/1.0. Transfer-Encoding beside Content-Length, or in HTTP/1.0, is how one
// request is smuggled behind another past a proxy that reads the end elsewhere,
// and the connection must be closed (RFC 9112 §6.1, §6.3); what net/http hands on
// no longer tells whether it was so.
func unambiguous(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 1 && (r.ProtoMinor == 0 || len(r.TransferEncoding) > 0) {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// mostLines is how many lines about connections are logged in a second.
const mostLines = 10

// A sparing writer logs so many lines a second, and how many it left out.
type sparing struct {
	logger *slog.Logger
	now    func() time.Time

	mu      sync.Mutex
	since   time.Time
	lines   int
	leftOut int
}

func (s *sparing) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.now(); now.Sub(s.since) >= time.Second {
		if s.leftOut > 0 {
			s.logger.Warn("connections", slog.Int("left out", s.leftOut))
		}
		s.since, s.lines, s.leftOut = now, 0, 0
	}
	if s.lines++; s.lines > mostLines {
		s.leftOut++
		return len(line), nil
	}
	s.logger.Warn("connection", slog.String("said", string(line[:max(0, len(line)-1)])))
	return len(line), nil
}
