package hsm

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

const (
	// visits is how often a token that is ill is asked whether it is well again,
	// and visit how long one may take.
	visits = 200 * time.Millisecond
	visit  = 2 * time.Second
)

// errIll says that the token could not be healed, and that nobody has to spend
// anything to find out whether it still is.
var errIll = errors.New("hsm: token is ill")

// ails has the token looked after until its canary signs; Admit lets nobody in
// meanwhile. A worker calls it.
func (t *Token) ails(fault error) {
	if !t.ill.CompareAndSwap(false, true) {
		return
	}
	t.conf.Logger.Error("hsm token is ill, nobody is let in until it signs again",
		slog.String("token", t.conf.Token), slog.String("code", codeOf(fault)))
	t.workers.Go(t.nurse)
}

// nurse ends when the token is well, or was closed. One that refused the PIN is
// never well again.
func (t *Token) nurse() {
	for begun := time.Now(); ; {
		time.Sleep(visits)
		ctx, cancel := context.WithTimeout(context.Background(), visit)
		err := t.Ready(ctx)
		cancel()
		switch {
		case err == nil:
			t.ill.Store(false)
			t.conf.Logger.Warn("hsm token is well again",
				slog.String("token", t.conf.Token), slog.Duration("after", time.Since(begun)))
			return
		case errors.Is(err, ErrPIN), errors.Is(err, ErrClosed):
			return
		}
	}
}
