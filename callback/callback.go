// Package callback tells applications that what they asked for has come to its end:
// a request in mode A (v2.0.0.2 §11.10, response_uri), or the enrolment of a person
// whom they invited. Owners are told in the same way what became of their
// certificates, but by mail.
//
// A notice is a JWT (RFC 7519), signed by a key of the server in the device and
// posted as application/jwt to the URI that the request named, which is one of
// those registered for the client. It says what has ended and how; what came of it
// is asked for with signatures/signPolling, or at the enrolment. Whoever gets one verifies
// it with the keys of Path, wants typ, iss and aud to be what they are to be, and
// takes each jti once.
//
// It is told until somebody answers with 2xx, after growing pauses, so it may
// come more than once; nobody is told for longer than the result is kept. What is
// still to be told stands in the registry: any process of the server tells it,
// and a restart forgets nothing.
package callback

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/pecete/pecete/outbound"
)

// A Notice is what somebody is to be told.
type Notice struct {
	ID       string // the same whenever it is told again
	ClientID string
	URI      string
	Due      time.Time
	Tries    int
	Type     string // typ
	// Says are the claims of its own.
	Says func() (map[string]string, error)
	// Mail sends it, where it is no request to URI; nil where it is.
	Mail func(ctx context.Context) error
}

// A Source has who is to be told of what.
type Source interface {
	// DueNotices returns at most so many that somebody is to be told of by now.
	DueNotices(ctx context.Context, now time.Time, most int) ([]Notice, error)
	// SwapNotice replaces when somebody is told, if that still is old, and how often
	// it was tried; of any number of swaps from the same old one wins.
	SwapNotice(ctx context.Context, id string, old, due time.Time, tries int) (bool, error)
}

// An Outcome is how telling went, in a word for whoever counts.
type Outcome string

// The outcomes.
const (
	Told    Outcome = "told"
	Failed  Outcome = "failed"   // and will be tried again
	GivenUp Outcome = "given_up" // and will not
)

// Outcomes are all there are.
func Outcomes() []Outcome { return []Outcome{Told, Failed, GivenUp} }

// A Teller tells. Its fields are set before Start.
type Teller struct {
	Sources []Source
	Client  *outbound.Client
	Keys    Keys
	Issuer  string // https://host[:port], as clients know the server
	// May says whether the client may still have the URI told: it may have lost it
	// since it asked.
	May     func(ctx context.Context, clientID, uri string) (bool, error)
	Now     func() time.Time
	Logger  *slog.Logger
	Observe func(Outcome) // nil for nobody
	Every   time.Duration // how often it looks for what others left; 5 s if zero

	once sync.Once
	wake chan struct{}
	stop context.CancelFunc
	done chan struct{}
}

const (
	// together is how many are told at a time.
	together = 4
	// lease is how long a process has a notice to itself while it tells it; longer
	// than a host may take to answer.
	lease = time.Minute
)

// pauses are those between tries; after the last one nobody is told any more.
var pauses = [...]time.Duration{
	5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour,
	12 * time.Hour, 24 * time.Hour,
}

// posts is how many of the pauses a request to a URI has: nobody asks for its result
// later. A mail server may be away for longer.
const posts = 7

// pauses are those that a notice has.
func (n Notice) pauses() []time.Duration {
	if n.Mail != nil {
		return pauses[:]
	}
	return pauses[:posts]
}

func (t *Teller) open() {
	t.once.Do(func() { t.wake = make(chan struct{}, 1) })
}

// Kick has it look at once.
func (t *Teller) Kick() {
	t.open()
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// Start begins to tell, until Close.
func (t *Teller) Start(ctx context.Context) {
	t.open()
	ctx, t.stop = context.WithCancel(context.WithoutCancel(ctx))
	t.done = make(chan struct{})
	go func() {
		defer close(t.done)
		ticker := time.NewTicker(cmp.Or(t.Every, 5*time.Second))
		defer ticker.Stop()
		for ctx.Err() == nil {
			if t.round(ctx) {
				continue // there may be more
			}
			select {
			case <-ctx.Done():
			case <-ticker.C:
			case <-t.wake:
			}
		}
	}()
}

// Close waits for those that are being told, and tells no more.
func (t *Teller) Close() error {
	if t.stop != nil {
		t.stop()
		<-t.done
	}
	return nil
}

// round tells whoever is due, some at a time, and reports whether that were as
// many as it looks for.
func (t *Teller) round(ctx context.Context) (more bool) {
	for _, source := range t.Sources {
		due, err := source.DueNotices(ctx, t.Now(), together)
		if err != nil {
			if ctx.Err() == nil {
				t.Logger.LogAttrs(ctx, slog.LevelWarn, "notices cannot be looked for", slog.String("error", err.Error()))
			}
			continue
		}
		var all sync.WaitGroup
		for _, n := range due {
			all.Go(func() { t.tell(ctx, source, n) })
		}
		all.Wait()
		more = more || len(due) == together
	}
	return more
}

// tell tells of one job, if no other process does.
func (t *Teller) tell(ctx context.Context, source Source, n Notice) {
	mine := t.Now().Add(lease)
	tries := n.Tries + 1
	taken, err := source.SwapNotice(ctx, n.ID, n.Due, mine, tries)
	if err != nil || !taken {
		return // it is due for whoever can
	}
	status, err := 0, error(nil)
	if n.Mail != nil {
		err = n.Mail(ctx)
	} else {
		status, err = t.post(ctx, n)
	}
	next, outcome := time.Time{}, Told
	switch {
	case err == nil && (n.Mail != nil || status >= 200 && status <= 299):
	case err == nil && status == http.StatusGone, tries > len(n.pauses()), errors.Is(err, errNever):
		outcome = GivenUp
	default:
		next, outcome = t.Now().Add(pauses[tries-1]), Failed
	}
	if ctx.Err() != nil && outcome == Failed {
		next = t.Now() // it was we who hung up
	}
	attrs := []slog.Attr{slog.String("of", n.ID), slog.String("client", n.ClientID), slog.Int("status", status), slog.String("outcome", string(outcome))}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	level := slog.LevelInfo
	if outcome == GivenUp {
		level = slog.LevelWarn
	}
	t.Logger.LogAttrs(ctx, level, "notice", attrs...)
	if t.Observe != nil {
		t.Observe(outcome)
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if _, err := source.SwapNotice(late, n.ID, mine, next, tries); err != nil {
		t.Logger.LogAttrs(late, slog.LevelWarn, "it is not kept that a notice was told", slog.String("of", n.ID), slog.String("error", err.Error()))
	}
}

// post posts the notice of a job.
func (t *Teller) post(ctx context.Context, n Notice) (status int, err error) {
	may, err := t.May(ctx, n.ClientID, n.URI)
	if err != nil {
		return 0, err
	}
	if !may {
		return 0, errNever
	}
	body, err := t.token(ctx, n)
	if err != nil {
		return 0, err
	}
	answer, err := t.Client.Do(ctx, http.MethodPost, n.URI, http.Header{"Content-Type": {"application/jwt"}}, body)
	return answer.Status, err
}

// digest is what a key of the server signs.
func digest(text []byte) []byte {
	sum := sha256.Sum256(text)
	return sum[:]
}
