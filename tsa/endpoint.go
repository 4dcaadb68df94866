package tsa

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/quota"
)

// Path is where an Endpoint is.
const Path = "/tsa"

// An Endpoint is an authority over HTTP (RFC 3161 §3.4). What the protocol can
// say it says in the protocol, with status 200; what passes by itself is 503
// beside that, and who may not ask is told in HTTP alone.
type Endpoint struct {
	Stamper Stamper
	// Token is what who asks must bring, as a bearer token or, for programs that
	// know nothing else, as the password of Basic; "" lets everybody ask.
	Token csc.Secret
	// Asked counts requests by network; nil counts none.
	Asked *quota.Quota
	// Failed counts wrong tokens by network.
	Failed *quota.Quota
	Logger *slog.Logger
}

// Mount adds the endpoint to a mux.
func (e *Endpoint) Mount(mux *http.ServeMux) { mux.Handle(Path, e) }

// ServeHTTP answers one TimeStampReq.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		tell(w, http.StatusMethodNotAllowed)
		return
	}
	if !e.admits(w, r) {
		return
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != queryType {
		tell(w, http.StatusUnsupportedMediaType)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxRequest+1))
	if err != nil {
		tell(w, http.StatusBadRequest)
		return
	}
	e.answer(w, r, body)
}

// admits looks at who asks, and how often.
func (e *Endpoint) admits(w http.ResponseWriter, r *http.Request) bool {
	network := quota.Network(r.RemoteAddr)
	if e.Token != "" {
		if wait := e.Failed.Over(network); wait > 0 {
			return tooMany(w, wait)
		}
		if subtle.ConstantTimeCompare(mark(brought(r)), mark(string(e.Token))) != 1 {
			e.Failed.Count(network)
			w.Header().Add("WWW-Authenticate", `Bearer realm="TSA"`)
			w.Header().Add("WWW-Authenticate", `Basic realm="TSA", charset="UTF-8"`)
			tell(w, http.StatusUnauthorized)
			return false
		}
	}
	if e.Asked != nil {
		if wait := e.Asked.Count(network); wait > 0 {
			return tooMany(w, wait)
		}
	}
	return true
}

// mark hides how long a token is from whoever takes the time.
func mark(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// brought is the token of a request, "" if it has none.
func brought(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

func tooMany(w http.ResponseWriter, wait time.Duration) bool {
	w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	tell(w, http.StatusTooManyRequests)
	return false
}

func tell(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, http.StatusText(status)) // a client that hung up
}

// answer grants a request or says in the protocol why not.
func (e *Endpoint) answer(w http.ResponseWriter, r *http.Request, query []byte) {
	request, err := ParseRequest(query)
	if err == nil {
		var token []byte
		if token, err = e.Stamper.Stamp(r.Context(), Asker{}, request); err == nil {
			write(w, http.StatusOK, Reply(token))
			return
		}
	}
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		write(w, http.StatusOK, refusal.Reply())
		return
	case passing(err):
		w.Header().Set("Retry-After", "2")
		write(w, http.StatusServiceUnavailable, refuse(SystemFailure, "the authority cannot answer now").Reply())
	case errors.Is(err, ErrExpired):
		write(w, http.StatusOK, refuse(TimeNotAvailable, "the authority gives no time-stamps now").Reply())
	default:
		write(w, http.StatusInternalServerError, refuse(SystemFailure, "the authority has failed").Reply())
	}
	e.Logger.LogAttrs(r.Context(), slog.LevelError, "time-stamp failed", slog.String("cause", err.Error()))
}

// passing reports whether it makes sense to ask again.
func passing(err error) bool {
	var away interface{ Unavailable() bool }
	return errors.As(err, &away) && away.Unavailable() || errors.Is(err, context.DeadlineExceeded)
}

func write(w http.ResponseWriter, status int, reply []byte) {
	w.Header().Set("Content-Type", replyType)
	w.Header().Set("Content-Length", strconv.Itoa(len(reply)))
	w.WriteHeader(status)
	_, _ = w.Write(reply) // a client that hung up
}
