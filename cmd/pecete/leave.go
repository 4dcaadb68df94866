package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// A leave is how a server goes without a failed request: told to end, it says
// that it is not ready, goes on serving for a while so that balancers see it,
// and asks every client that still comes to come back on another connection.
type leave struct{ begun atomic.Bool }

var errLeaving = errors.New("told to end")

func (l *leave) ready(context.Context) error {
	if l.begun.Load() {
		return errLeaving
	}
	return nil
}

// handler has connections closed after their next answer once a leave has
// begun; over HTTP/2 the header becomes a GOAWAY.
func (l *leave) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.begun.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// begin begins the leave and returns when it has lasted.
func (l *leave) begin(linger time.Duration) {
	l.begun.Store(true)
	time.Sleep(linger)
}

// report tells the supervisor that started the program what it is at, if it
// wants to know: sd_notify(3).
func report(state string) error {
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return nil
	}
	conn, err := net.Dial("unixgram", socket)
	if err != nil {
		return fmt.Errorf("notify the supervisor: %w", err)
	}
	_, err = conn.Write([]byte(state))
	return errors.Join(err, conn.Close())
}
