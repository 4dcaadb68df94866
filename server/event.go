package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
)

// An event is the one log line of a request, filled by whoever knows something
// and written at its end.
type event struct {
	mu    sync.Mutex
	attrs []slog.Attr
}

type eventKey struct{}

// note adds what is known to the request's line; nothing if there is no value.
func note(ctx context.Context, name, value string) {
	e, ok := ctx.Value(eventKey{}).(*event)
	if !ok || value == "" {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.attrs = append(e.attrs, slog.String(name, value))
}

// begun gives a request its id, its time and the bounds of its body, turns a
// panic into a server_error, and writes the line at the end.
func (s *Server) begun(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, id, e := s.Now(), requestID(), &event{}
		body, long := s.Limits.bounds(r)
		ctx, cancel := context.WithTimeout(audit.WithRequest(context.WithValue(r.Context(), eventKey{}, e), id), long)
		defer cancel()
		w.Header().Set("X-Request-Id", id)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		out := &watched{ResponseWriter: w}
		r = r.WithContext(ctx)
		r.Body = http.MaxBytesReader(out, r.Body, body)
		s.guarded(next, out, r)
		s.line(ctx, e, out.status, start, slog.String("id", id), slog.String("from", address(r)),
			slog.String("verb", r.Method), slog.String("path", r.URL.Path))
	})
}

// line writes the line. It names no place in the code, which slog would look up
// for each and tell nobody.
func (s *Server) line(ctx context.Context, e *event, status int, start time.Time, what ...slog.Attr) {
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	if !s.Logger.Enabled(ctx, level) {
		return
	}
	end := s.Now()
	line := slog.NewRecord(end, level, "request", 0)
	line.AddAttrs(what...)
	line.AddAttrs(slog.Int("status", status), slog.Float64("ms", float64(end.Sub(start).Microseconds())/1000))
	e.mu.Lock()
	defer e.mu.Unlock()
	line.AddAttrs(e.attrs...)
	_ = s.Logger.Handler().Handle(ctx, line) // as slog does: there is nobody to tell
}

func (s *Server) guarded(next http.Handler, w *watched, r *http.Request) {
	defer func() {
		if p := recover(); p != nil {
			note(r.Context(), "stack", string(debug.Stack()))
			if w.status == 0 {
				s.fail(w, r, csc.Fail(csc.ServerError, fmt.Errorf("panic: %v", p)))
			}
		}
	}()
	next.ServeHTTP(w, r)
}

// watched remembers the status of an answer.
type watched struct {
	http.ResponseWriter
	status int
}

func (w *watched) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func requestID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// address is the peer's, without its port. No header is believed.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
