package quota_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/onetime/onetimetest"
	"github.com/pecete/pecete/quota"
)

var _ quota.Counter = (*onetime.Redis)(nil)

func redis(t *testing.T, server *proctest.RedisServer) *onetime.Redis {
	t.Helper()
	s, err := onetime.OpenRedis(t.Context(), onetime.Config{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// A deed is one question to a quota.
type deed struct {
	over  bool // asked, and not counted
	key   string
	waits bool
}

// TestShared asks quotas of three deeds the same things, wherever they count.
func TestShared(t *testing.T) {
	rows := []struct {
		name  string
		deeds []deed
	}{
		{"three may be done, and a fourth waits", []deed{{key: "a"}, {key: "a"}, {key: "a"}, {key: "a", waits: true}, {key: "a", waits: true}}},
		{"asking counts nothing", []deed{{key: "b", over: true}, {key: "b", over: true}, {key: "b", over: true}, {key: "b", over: true}, {key: "b"}}},
		{"after the third it is over", []deed{{key: "c"}, {key: "c"}, {key: "c", over: true}, {key: "c"}, {key: "c", over: true, waits: true}}},
		{"another key is counted apart", []deed{{key: "d"}, {key: "d"}, {key: "d"}, {key: "d", waits: true}, {key: "d "}, {key: "\x00d"}, {key: "D"}}},
	}
	for where, counter := range map[string]quota.Counter{"here": nil, "on Redis": redis(t, proctest.Redis(t))} {
		for _, row := range rows {
			t.Run(where+": "+row.name, func(t *testing.T) {
				q := quota.NewShared(counter, "test", 3, time.Minute, time.Now)
				for n, d := range row.deeds {
					ask := q.Count
					if d.over {
						ask = q.Over
					}
					wait, err := ask(t.Context(), d.key)
					if err != nil || (wait > 0) != d.waits || wait > time.Minute {
						t.Fatalf("deed %d: waits %v, %v", n+1, wait, err)
					}
				}
			})
		}
		t.Run(where+": the wait is exact", func(t *testing.T) { exact(t, counter) })
		t.Run(where+": who hangs up did it", func(t *testing.T) { hangsUp(t, counter) })
	}
}

// exact wants whoever waits as long as he was told to be let in, and whoever comes
// sooner to be told what is left.
func exact(t *testing.T, counter quota.Counter) {
	const window, tick = 700 * time.Millisecond, 2 * time.Millisecond
	q := quota.NewShared(counter, "exact", 1, window, time.Now)
	before := time.Now()
	_, err := q.Count(t.Context(), "a")
	begun := time.Now()
	if err != nil {
		t.Fatal(err)
	}
	for _, ask := range []func(context.Context, string) (time.Duration, error){q.Count, q.Over} {
		time.Sleep(window / 5)
		asked := time.Now()
		wait, err := ask(t.Context(), "a")
		least, most := window-time.Since(before)-tick, window-asked.Sub(begun)+tick
		if err != nil || wait < least || wait > most {
			t.Errorf("waits %v, %v; want between %v and %v", wait, err, least, most)
		}
	}
	wait, err := q.Over(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(wait + tick)
	if wait, err := q.Count(t.Context(), "a"); wait != 0 || err != nil {
		t.Errorf("who waited waits %v again, %v", wait, err)
	}
}

func hangsUp(t *testing.T, counter quota.Counter) {
	q := quota.NewShared(counter, "hanging up", 1, time.Minute, time.Now)
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	for range 2 {
		if _, err := q.Count(gone, "a"); err != nil {
			t.Fatal(err)
		}
	}
	if wait, err := q.Over(t.Context(), "a"); wait == 0 || err != nil {
		t.Errorf("waits %v, %v", wait, err)
	}
}

// Two processes allow together what one of them may, however they are asked at once.
func TestTwoProcessesCountTogether(t *testing.T) {
	server := proctest.Redis(t)
	const most, calls = 25, 60
	var all sync.WaitGroup
	var allowed atomic.Int64
	for range 2 {
		q := quota.NewShared(redis(t, server), "calls", most, time.Minute, time.Now)
		for range calls {
			all.Go(func() {
				wait, err := q.Count(t.Context(), "a")
				if err != nil {
					t.Error(err)
				}
				if wait == 0 {
					allowed.Add(1)
				}
			})
		}
	}
	all.Wait()
	if n := allowed.Load(); n != most {
		t.Errorf("%d of %d calls were allowed, want %d", n, 2*calls, most)
	}
}

// What two quotas count, and what else is kept in the same place, has nothing to do
// with each other, whatever strangers call themselves.
func TestCountsAreApart(t *testing.T) {
	store := redis(t, proctest.Redis(t))
	one := quota.NewShared(store, "calls", 1, time.Minute, time.Now)
	other := quota.NewShared(store, "calls of client", 1, time.Minute, time.Now)
	if err := store.Put(t.Context(), "calls\x00a", []byte("kept"), time.Minute); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a", " of client\x00a", "quota:a", "calls\x00a"} {
		for _, q := range []*quota.Shared{one, other} {
			if wait, err := q.Count(t.Context(), key); wait != 0 || err != nil {
				t.Errorf("%q waits %v, %v", key, wait, err)
			}
		}
	}
}

// While Redis is away nothing that has to be counted is let through; what only costs
// work is counted here.
func TestCounterAway(t *testing.T) {
	store := onetimetest.Gone(t)
	strict := quota.NewShared(store, "strict", 2, time.Minute, time.Now)
	lenient := quota.NewShared(store, "lenient", 2, time.Minute, time.Now).OrHere()
	var passing interface{ Unavailable() bool }
	for name, ask := range map[string]func(context.Context, string) (time.Duration, error){"Count": strict.Count, "Over": strict.Over} {
		if _, err := ask(t.Context(), "a"); !errors.As(err, &passing) || !passing.Unavailable() {
			t.Errorf("%s: %v", name, err)
		}
	}
	for n := range 4 {
		wait, err := lenient.Count(t.Context(), "a")
		if err != nil || (wait > 0) != (n >= 2) {
			t.Errorf("deed %d waits %v, %v", n+1, wait, err)
		}
	}
	if wait, err := lenient.Over(t.Context(), "a"); err != nil || wait == 0 {
		t.Errorf("then waits %v, %v", wait, err)
	}
}
