package server

import (
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/edge"
	"github.com/pecete/pecete/tsa"
)

// A kind is requests that share a gate, so that more of one than can be worked
// on keeps nobody of another out.
type kind string

const (
	kindSigning     kind = "signing"     // asks the device
	kindStamping    kind = "stamping"    // asks it too, or another server
	kindAuthorizing kind = "authorizing" // asks it too, and writes
	kindLogin       kind = "login"       // hashes passwords
	kindOAuth       kind = "oauth"
	kindOther       kind = "other"
	// kindHealth has no gate: whoever asks how the server does is answered.
	kindHealth kind = "health"
)

// methodKinds are told by the beginning of the method, and kinds by that of any
// other path; what stands nowhere is other.
var methodKinds = []beginning{
	{string(csc.MethodTimestamp), kindStamping},
	{"signatures/", kindSigning},
	{string(csc.MethodAuthorize), kindAuthorizing}, // and authorizeCheck
	{string(csc.MethodGetChallenge), kindAuthorizing},
	{string(csc.MethodSendOTP), kindAuthorizing},
	{string(csc.MethodExtendTransaction), kindAuthorizing},
	{string(csc.MethodCreate), kindAuthorizing},
	{string(csc.MethodDelete), kindAuthorizing},
	{string(csc.MethodAuthLogin), kindLogin},
	{string(csc.MethodAuthRevoke), kindOAuth},
}

var kinds = []beginning{
	{tsa.Path, kindStamping},
	{"/oauth2/", kindOAuth},
	{"/login", kindLogin},
	{"/consent", kindLogin},
	{"/approve", kindLogin},
	{"/portal/", kindLogin},
	{"/healthz", kindHealth},
	{"/readyz", kindHealth},
	{"/metrics", kindHealth},
}

type beginning struct {
	prefix string
	kind   kind
}

func kindOf(path string) kind {
	kinds := kinds
	if m, is := methodAt(path); is {
		path, kinds = string(m), methodKinds
	}
	for _, k := range kinds {
		if strings.HasPrefix(path, k.prefix) {
			return k.kind
		}
	}
	return kindOther
}

const (
	defaultSigning = 128
	defaultBodies  = 64 << 20
	// largeBody is how much of a refused request's body is read for the sake of
	// the connection; one with a larger body is closed.
	largeBody = 64 << 10
)

// A door is the gates of a server.
type door struct {
	gates map[kind]*edge.Gate
	shelf edge.Shelf
	turns atomic.Uint64 // refusals, for Retry-After

	mu     sync.Mutex
	told   time.Time // when the log last heard of refusals
	untold map[kind]int
}

func (s *Server) openDoor() {
	gate := func(most, least int) *edge.Gate { return &edge.Gate{Most: most, Least: least, Now: s.Now} }
	signing := orDefault(s.Limits.Signing, defaultSigning)
	s.door.gates = map[kind]*edge.Gate{
		kindSigning: gate(signing, max(1, signing/8)), kindAuthorizing: gate(64, 16), kindStamping: gate(64, 16),
		kindLogin: gate(128, 96), kindOAuth: gate(128, 32), kindOther: gate(128, 32),
	}
	s.door.shelf.Most = orDefault(s.Limits.Bodies, defaultBodies)
	s.door.untold = map[kind]int{}
}

// admitted lets in as many requests of a kind as can be worked on. The others
// are told to come again before anything of them was looked at but the header's
// first line: that is what lets the server do as much under ten times the load
// as under its own.
func (s *Server) admitted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind := kindOf(r.URL.Path)
		gate, gated := s.door.gates[kind]
		if !gated {
			next.ServeHTTP(w, r)
			return
		}
		if kind == kindSigning && s.DeviceFull != nil && s.DeviceFull() {
			gate.Refuse()
			s.turnAway(w, r, kind)
			return
		}
		place, err := gate.Enter()
		if err != nil {
			s.turnAway(w, r, kind)
			return
		}
		defer place.Leave()
		body := edge.NewBody(r.Body, place, &s.door.shelf)
		defer body.Done()
		r.Body = body
		next.ServeHTTP(&leaving{ResponseWriter: w, place: place}, r)
	})
}

// turnAway answers a request that there is no place for.
func (s *Server) turnAway(w http.ResponseWriter, r *http.Request, k kind) {
	s.tellOfRefusals(r, k)
	if r.ProtoMajor == 1 {
		defer dismiss(w, r)()
	}
	if _, is := methodAt(r.URL.Path); s.Later != nil && !is && strings.Contains(r.Header.Get("Accept"), "text/html") {
		s.Later(w, r)
		return
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Retry-After", s.door.wait())
	w.Header().Set("Content-Length", strconv.Itoa(len(busyBody)))
	writeJSON(w, http.StatusServiceUnavailable, busyBody)
}

// dismiss has the answer leave before the body has come, and the connection go
// on after it: net/http would wait for the body first. A connection with a large
// one is closed.
func dismiss(w http.ResponseWriter, r *http.Request) (after func()) {
	control := http.NewResponseController(w)
	switch {
	case r.ContentLength == 0:
	case r.ContentLength < 0 || r.ContentLength > largeBody:
		w.Header().Set("Connection", "close")
	case control.EnableFullDuplex() == nil:
		return func() {
			_ = control.Flush()                // the client is gone
			_, _ = io.Copy(io.Discard, r.Body) // or slow: its connection ends in time
		}
	}
	return func() {}
}

// busyBody is what turnAway answers, made once.
var busyBody = []byte(`{"error":"` + string(csc.TemporarilyUnavailable) + `","error_description":"` + csc.TemporarilyUnavailable.Description() + `"}`)

// wait is the Retry-After of the next refusal: 1 to 4 seconds in turn, so that
// those who were refused together do not come back together.
func (d *door) wait() string { return strconv.FormatUint(1+d.turns.Add(1)%4, 10) }

// tellOfRefusals logs how many were turned away, once a second: a line for each
// would cost more than the refusal.
func (s *Server) tellOfRefusals(r *http.Request, k kind) {
	d := &s.door
	d.mu.Lock()
	defer d.mu.Unlock()
	d.untold[k]++
	now := s.Now()
	if now.Sub(d.told) < time.Second {
		return
	}
	var attrs []slog.Attr
	for kind, n := range d.untold {
		attrs = append(attrs, slog.Int(string(kind), n))
	}
	d.told, d.untold = now, map[kind]int{}
	s.Logger.LogAttrs(r.Context(), slog.LevelWarn, "turned away", attrs...)
}

// leaving gives the request's place back when its answer begins: a client that
// reads it slowly keeps nobody out.
type leaving struct {
	http.ResponseWriter
	place *edge.Place
}

func (l *leaving) WriteHeader(status int) {
	if status >= http.StatusOK {
		l.place.Leave()
	}
	l.ResponseWriter.WriteHeader(status)
}

func (l *leaving) Write(b []byte) (int, error) {
	l.place.Leave()
	return l.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (l *leaving) Unwrap() http.ResponseWriter { return l.ResponseWriter }
