package signing_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/signing"
)

// ends remembers how jobs ended.
type ends struct {
	mu  sync.Mutex
	all []signing.JobEnd
}

func (e *ends) observe(end signing.JobEnd, _ time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, end)
}

// want waits until just these jobs have ended so.
func (e *ends) want(t *testing.T, want ...signing.JobEnd) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		e.mu.Lock()
		got := slices.Clone(e.all)
		e.mu.Unlock()
		if slices.Equal(got, want) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("ended %v, want %v", got, want)
		}
	}
}

// Whoever counts jobs is told of each end once, and of which it was.
func TestEndsAreTold(t *testing.T) {
	for says, test := range map[string]struct {
		change func(h *house)
		want   signing.JobEnd
	}{
		"signed":           {func(*house) {}, signing.EndDone},
		"the device fails": {func(h *house) { h.keys.signing = func(context.Context, int) error { return errDevice } }, signing.EndFailed},
		"refused in the time": {func(h *house) { h.keys.admitting = func(int) error { h.status(true, false); return nil } },
			signing.EndFailed},
	} {
		t.Run(says, func(t *testing.T) {
			h, e := newHouse(t, csc.P256), &ends{}
			j := h.jobs("log_a")
			j.Observe = e.observe
			h.open(j)
			test.change(h)
			_, _ = h.poll(h.accept(h.grant(1), h.later(digest(0))))
			e.want(t, test.want)
		})
	}
}

// A job whose process is gone is told of by the one that ends it, and not by the
// one that was only asleep.
func TestGivenUpIsToldOnce(t *testing.T) {
	h, first, second := newHouse(t, csc.P256), &ends{}, &ends{}
	asked, release := h.held()
	defer release()
	j := h.jobs("log_a")
	j.Observe = first.observe
	must(t, j.Start(t.Context()))
	h.signer.Jobs = j
	h.accept(h.grant(1), h.later(digest(0)))
	<-asked
	if got := j.Stats(); got.Taken != 1 || got.Places != 258 || got.Bytes != 128<<20 {
		t.Errorf("%+v", got)
	}
	next := h.jobs("log_a")
	next.Observe = second.observe
	h.open(next)
	second.want(t, signing.EndGivenUp)
	release()
	must(t, j.Close(t.Context()))
	first.want(t)
}

// unkept is a registry that takes no ends of jobs.
type unkept struct{ *registry.Registry }

func (u unkept) MoveJob(ctx context.Context, j signing.Job, from signing.JobState) (bool, error) {
	if j.State.Ended() {
		return false, errors.New("no room")
	}
	return u.Registry.MoveJob(ctx, j, from)
}

// What could not be kept is lost, and told as that when it is certain.
func TestALostEndIsTold(t *testing.T) {
	h, e := newHouse(t, csc.P256), &ends{}
	j := h.jobs("log_a")
	j.Store, j.Observe, j.Keeping = unkept{h.registry}, e.observe, 50*time.Millisecond
	h.open(j)
	h.accept(h.grant(1), h.later(digest(0)))
	e.want(t, signing.EndLost)
	if events := strings.Join(asStrings(h), " "); !strings.HasSuffix(events, "sign.done") {
		t.Errorf("the log has %s", events)
	}
}

func asStrings(h *house) (all []string) {
	for _, event := range h.events() {
		all = append(all, string(event))
	}
	return all
}
