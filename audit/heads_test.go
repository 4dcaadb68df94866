package audit_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/audit/audittest"
)

// A gate is a signer and a keeper that the test can shut.
type gate struct {
	key    *audittest.Key
	keeper *audittest.Keeper
	sign   atomic.Pointer[func(context.Context) error] // before signing; nil for nothing
	keep   atomic.Pointer[func(context.Context) error] // before keeping
}

func (g *gate) SignHead(ctx context.Context, digest []byte) ([]byte, error) {
	if before := g.sign.Load(); before != nil {
		if err := (*before)(ctx); err != nil {
			return nil, err
		}
	}
	return g.key.SignHead(ctx, digest)
}

func (g *gate) KeepHead(ctx context.Context, h audit.Head) error {
	if before := g.keep.Load(); before != nil {
		if err := (*before)(ctx); err != nil {
			return err
		}
	}
	return g.keeper.KeepHead(ctx, h)
}

func (g *gate) LastHead(ctx context.Context, log string) (audit.Head, bool, error) {
	return g.keeper.LastHead(ctx, log)
}

func gated(t *testing.T) (*house, *gate) {
	h := newHouse(t)
	g := &gate{key: h.key, keeper: h.keeper}
	h.Signer, h.Keeper = g, g
	return h, g
}

// eventually waits for what goroutines of a log do.
func eventually(t *testing.T, says string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never: %s", says)
}

func (h *house) keptSeq() uint64 {
	for _, head := range h.keeper.Heads() {
		return head.Seq
	}
	return 0
}

func TestHeadEveryPeriod(t *testing.T) {
	h := newHouse(t)
	h.Every = 20 * time.Millisecond
	l := h.open(t)
	eventually(t, "a head of record 1", func() bool { return h.keptSeq() == 1 })
	time.Sleep(5 * h.Every)
	if seq := h.keptSeq(); seq != 1 {
		t.Errorf("a log to which nothing was added got a head of record %d", seq)
	}
	must(t, l.Append(t.Context(), user(1)))
	eventually(t, "a head of record 3", func() bool { return h.keptSeq() == 3 })
	must(t, l.Close(t.Context()))
	_, records := h.verify(t)
	if got, want := events(records), "audit.opened audit.head user.added audit.head audit.closed audit.head"; got != want {
		t.Errorf("events %s, want %s", got, want)
	}
}

func TestHeadEverySoManyRecords(t *testing.T) {
	h := newHouse(t)
	h.Records = 10
	l := h.open(t)
	for n := range 9 {
		must(t, l.Append(t.Context(), user(n)))
	}
	eventually(t, "a head of record 10", func() bool { return h.keptSeq() == 10 })
	must(t, l.Close(t.Context()))
	h.verify(t)
}

// A device that does not sign costs heads and never an Append; Ready tells.
func TestHeadNotSigned(t *testing.T) {
	refuse := func(context.Context) error { return errors.New("device error") }
	ignore := make(chan struct{})
	t.Cleanup(func() { close(ignore) })
	tests := []struct {
		says string
		shut func(*gate)
		want string
	}{
		{"the device refuses", func(g *gate) { g.sign.Store(&refuse) }, "device error"},
		{"the keeper refuses", func(g *gate) { g.keep.Store(&refuse) }, "device error"},
		{"the device hangs", func(g *gate) {
			hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
			g.sign.Store(&hang)
		}, "no answer yet"},
		{"the device hangs and does not look at its context", func(g *gate) {
			hang := func(context.Context) error { <-ignore; return nil }
			g.sign.Store(&hang)
		}, "no answer yet"},
		{"the device signs with another key", func(g *gate) { g.key = audittest.NewKey(t) }, "not the key's"},
	}
	for _, test := range tests {
		t.Run(test.says, func(t *testing.T) {
			h, g := gated(t)
			var now atomic.Int64
			now.Store(time.Now().UnixNano())
			h.Every, h.Records = 10*time.Millisecond, 2
			h.Now = func() time.Time { return time.Unix(0, now.Load()) }
			test.shut(g)
			l := h.open(t)
			for n := range 20 {
				must(t, l.Append(t.Context(), user(n)))
			}
			must(t, l.Ready(t.Context()))
			now.Add(int64(3*h.Every + 1))
			eventually(t, "not ready: "+test.want, func() bool {
				err := l.Ready(t.Context())
				return err != nil && unavailable(err) && strings.Contains(err.Error(), test.want)
			})
			must(t, l.Append(t.Context(), user(20)))
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if err := l.Close(ctx); err == nil {
				t.Error("close says nothing of the head")
			}
			g.key = h.key
			g.sign.Store(nil)
			g.keep.Store(nil)
			must(t, h.open(t).Close(t.Context()))
			if report, _ := h.verify(t); report.Unsigned != 0 || !report.Closed {
				t.Errorf("report %+v", report)
			}
		})
	}
}

func TestReadyAgainWhenHeadsAreSigned(t *testing.T) {
	h, g := gated(t)
	refuse := func(context.Context) error { return errors.New("device error") }
	g.sign.Store(&refuse)
	h.Every = 5 * time.Millisecond
	var text safeText
	h.Logger = slog.New(slog.NewTextHandler(&text, nil))
	l := h.open(t)
	eventually(t, "not ready", func() bool { return l.Ready(t.Context()) != nil })
	if !strings.Contains(text.String(), "device error") {
		t.Errorf("logged %q", text.String())
	}
	g.sign.Store(nil)
	eventually(t, "ready", func() bool { return l.Ready(t.Context()) == nil })
	must(t, l.Close(t.Context()))
	h.verify(t)
}

// While a head is being signed writing goes on, and the head still fits.
func TestHeadComesLate(t *testing.T) {
	h, g := gated(t)
	h.Records = 3
	started, finish := make(chan struct{}, 1), make(chan struct{})
	slow := func(context.Context) error {
		started <- struct{}{}
		<-finish
		return nil
	}
	l := h.open(t)
	g.sign.Store(&slow)
	must(t, l.Append(t.Context(), user(0)))
	must(t, l.Append(t.Context(), user(1)))
	<-started
	for n := range 100 {
		must(t, l.Append(t.Context(), user(n)))
	}
	g.sign.Store(nil)
	close(finish)
	eventually(t, "a head of record 3", func() bool { return h.keptSeq() >= 3 })
	must(t, l.Close(t.Context()))
	_, records := h.verify(t)
	late := records[103]
	if late.Head == nil || late.Head.Seq != 3 || late.Time.After(records[102].Time) {
		t.Errorf("record 104 is %+v", late)
	}
}

// A head that comes so late that nobody could check it without holding all of
// the log in memory is not written; the next one is.
func TestHeadComesTooLate(t *testing.T) {
	h, g := gated(t)
	h.Records = 2
	started, finish := make(chan struct{}, 1), make(chan struct{})
	slow := func(context.Context) error {
		started <- struct{}{}
		<-finish
		return nil
	}
	g.sign.Store(&slow)
	l := h.open(t)
	must(t, l.Append(t.Context(), user(0)))
	<-started
	h.fill(t, l, 1<<16)
	g.sign.Store(nil)
	close(finish)
	eventually(t, "a head of a later record", func() bool { return h.keptSeq() > 1<<16 })
	must(t, l.Close(t.Context()))
	report, records := h.verify(t)
	if report.Unsigned != 0 || report.Records < 1<<16 {
		t.Errorf("report %+v", report)
	}
	for _, r := range records {
		if r.Head != nil && r.Head.Seq == 2 {
			t.Error("the late head was written")
		}
	}
}

// fill writes n records, many at once.
func (h *house) fill(t *testing.T, l *audit.Log, n int) {
	t.Helper()
	var wait sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(n))
	for range 256 {
		wait.Go(func() {
			for left.Add(-1) >= 0 {
				if err := l.Append(t.Context(), audit.Entry{Event: audit.TokenIssued}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
}

func TestOpenRefusesAnotherLogsHead(t *testing.T) {
	h := newHouse(t)
	must(t, h.open(t).Close(t.Context()))
	head := h.keeper.Heads()[0]
	tests := []struct {
		says   string
		change func(*audit.Head)
	}{
		{"of a later record", func(h *audit.Head) { h.Seq += 10 }},
		{"of another hash", func(h *audit.Head) { h.Hash = strings.Repeat("00", 32) }},
		{"whose signature is cut", func(h *audit.Head) { h.Signature = h.Signature[:8] }},
		{"of another time", func(h *audit.Head) { h.Time = h.Time.Add(time.Second) }},
	}
	for _, test := range tests {
		kept := head
		test.change(&kept)
		h.Keeper = &oneHead{kept}
		var fault *audit.Fault
		if _, err := audit.Open(t.Context(), h.Config); !errors.As(err, &fault) {
			t.Errorf("%s: %v", test.says, err)
		}
	}
}

// A oneHead has one head for every log.
type oneHead struct{ head audit.Head }

func (k *oneHead) KeepHead(context.Context, audit.Head) error { return nil }
func (k *oneHead) LastHead(context.Context, string) (audit.Head, bool, error) {
	return k.head, true, nil
}

// safeText is a buffer for a logger.
type safeText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *safeText) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *safeText) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}
