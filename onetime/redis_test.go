package onetime_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/onetime/onetimetest"
)

func TestMemory(t *testing.T) {
	onetimetest.Run(t, func(*testing.T) onetime.Store { return onetime.NewMemory(time.Now) })
}

// TestRedis runs the suite against two clients of one server, as two servers of
// ours would use it: every call goes to one of them by chance.
func TestRedis(t *testing.T) {
	server := proctest.Redis(t)
	db := 0
	onetimetest.Run(t, func(t *testing.T) onetime.Store {
		db = (db + 1) % 16
		flush(t, server, db)
		url := fmt.Sprintf("%s/%d", server.URL, db)
		return &pair{open(t, onetime.Config{URL: url}), open(t, onetime.Config{URL: url})}
	})
}

// A pair is two stores that share what they keep.
type pair [2]onetime.Store

func (p *pair) one() onetime.Store { return p[rand.IntN(2)] }

func (p *pair) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return p.one().Put(ctx, key, value, ttl)
}
func (p *pair) Get(ctx context.Context, key string) ([]byte, error)  { return p.one().Get(ctx, key) }
func (p *pair) Take(ctx context.Context, key string) ([]byte, error) { return p.one().Take(ctx, key) }
func (p *pair) Run() (string, time.Time)                             { return p.one().Run() }
func (p *pair) Ready(ctx context.Context) error                      { return p.one().Ready(ctx) }
func (p *pair) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) (bool, error) {
	return p.one().Swap(ctx, key, old, new, ttl)
}

const long = time.Hour

// TestRecordsOfAnEarlierRunAreUnknown: they come back from the append-only file,
// and count nowhere.
func TestRecordsOfAnEarlierRunAreUnknown(t *testing.T) {
	server := proctest.Redis(t)
	before := open(t, onetime.Config{URL: server.URL})
	for _, key := range []string{"get", "take", "swap", "put", "jti"} {
		put(t, before, key, "one")
	}
	server.Restart()
	if n := stored(t, server); n != 5 {
		t.Fatalf("%d records survived the restart: want all 5, or this test shows nothing", n)
	}

	fresh := open(t, onetime.Config{URL: server.URL}) // as another process would be
	for name, s := range map[string]*onetime.Redis{"the same client": before, "a new client": fresh} {
		if _, err := s.Get(t.Context(), "get"); !errors.Is(err, onetime.ErrUnknown) {
			t.Errorf("%s: Get: %v, want unknown", name, err)
		}
		if swapped, err := s.Swap(t.Context(), "swap", []byte("one"), []byte("two"), long); swapped || err != nil {
			t.Errorf("%s: Swap = %t, %v", name, swapped, err)
		}
		if _, err := s.Take(t.Context(), "take"); !errors.Is(err, onetime.ErrUnknown) {
			t.Errorf("%s: Take: %v, want unknown", name, err)
		}
	}
	put(t, before, "put", "two") // what does not count is in nobody's way
	if err := fresh.Put(t.Context(), "put", []byte("three"), long); !errors.Is(err, onetime.ErrExists) {
		t.Errorf("second Put: %v, want exists", err)
	}
	if got, err := fresh.Take(t.Context(), "put"); err != nil || string(got) != "two" {
		t.Errorf("Take = %q, %v", got, err)
	}
}

// TestPutOverALeftoverHasOneWinner races for keys that hold records of the run
// before.
func TestPutOverALeftoverHasOneWinner(t *testing.T) {
	server := proctest.Redis(t)
	s := &pair{open(t, onetime.Config{URL: server.URL}), open(t, onetime.Config{URL: server.URL})}
	const keys, contenders = 40, 50
	for i := range keys {
		if err := s.Put(t.Context(), fmt.Sprint(i), []byte("before"), long); err != nil {
			t.Fatal(err)
		}
	}
	server.Restart()
	for i := range keys {
		key := fmt.Sprint(i)
		var wins atomic.Int64
		var winner atomic.Value
		var all sync.WaitGroup
		for c := range contenders {
			all.Go(func() {
				value := fmt.Sprint("after", c)
				err := s.Put(t.Context(), key, []byte(value), long)
				switch {
				case err == nil:
					wins.Add(1)
					winner.Store(value)
				case !errors.Is(err, onetime.ErrExists):
					t.Errorf("Put: %v", err)
				}
			})
		}
		all.Wait()
		if n := wins.Load(); n != 1 {
			t.Fatalf("key %s: %d puts won", key, n)
		}
		if got, err := s.Take(t.Context(), key); err != nil || string(got) != winner.Load() {
			t.Fatalf("key %s: Take = %q, %v; want %q", key, got, err, winner.Load())
		}
	}
}

// TestNothingIsTakenTwiceOverRestarts puts and takes while the server is killed
// and comes back: nobody gets a value twice, whatever the files brought back.
func TestNothingIsTakenTwiceOverRestarts(t *testing.T) {
	server := proctest.Redis(t)
	s := &pair{open(t, onetime.Config{URL: server.URL}), open(t, onetime.Config{URL: server.URL})}
	ctx, stop := context.WithCancel(t.Context())
	var takes sync.Map // value → *atomic.Int64
	var taken atomic.Int64
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				key := fmt.Sprintf("%d-%d", g, i)
				if s.Put(ctx, key, []byte(key), long) != nil {
					continue
				}
				contest(func() { // all of them try again
					if value, err := s.Take(ctx, key); err == nil {
						n, _ := takes.LoadOrStore(string(value), new(atomic.Int64))
						n.(*atomic.Int64).Add(1)
						taken.Add(1)
					}
				})
			}
		})
	}
	for restart := range 6 {
		if restart > 0 {
			server.Restart()
		}
		before := taken.Load()
		waitFor(t, "values to be taken", func() bool { return taken.Load() >= before+20 })
	}
	stop()
	all.Wait()
	takes.Range(func(key, n any) bool {
		if n := n.(*atomic.Int64).Load(); n != 1 {
			t.Errorf("%s was taken %d times", key, n)
		}
		return true
	})
}

// contest has four do the same three times.
func contest(do func()) {
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 3 {
				do()
			}
		})
	}
	all.Wait()
}

func TestRunChangesWithTheServer(t *testing.T) {
	server := proctest.Redis(t)
	s := open(t, onetime.Config{URL: server.URL})
	first, since := s.Run()
	if first == "" || time.Since(since) > time.Minute {
		t.Fatalf("Run = %q, %s", first, since)
	}
	put(t, s, "a", "one")
	if id, at := s.Run(); id != first || at != since {
		t.Errorf("without a restart: run %q since %s, want %q since %s", id, at, first, since)
	}
	if n := s.Changes(); n != 0 {
		t.Errorf("without a restart: %d changes", n)
	}
	server.Restart()
	restarted := time.Now()
	put(t, s, "b", "one") // the first the client hears of it
	if got, err := s.Get(t.Context(), "b"); err != nil || string(got) != "one" {
		t.Errorf("what was put after a restart: %q, %v", got, err)
	}
	if id, at := s.Run(); id == first || at.Before(restarted) {
		t.Errorf("after a restart at %s: run %q since %s, before it was %q", restarted, id, at, first)
	}
	if n := s.Changes(); n != 1 {
		t.Errorf("after a restart: %d changes", n)
	}
}

// TestRedisAway: within a second every verb says that the store cannot be
// asked, and it recovers by itself.
func TestRedisAway(t *testing.T) {
	for _, test := range []struct {
		name       string
		away, back func(*proctest.RedisServer)
	}{
		{"killed", (*proctest.RedisServer).Kill9, (*proctest.RedisServer).Restart},
		{"frozen", (*proctest.RedisServer).Freeze, (*proctest.RedisServer).Thaw},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := proctest.Redis(t)
			s := open(t, onetime.Config{URL: server.URL})
			put(t, s, "a", "one")
			test.away(server)
			wantUnavailable(t, s)
			wantUnavailableAtOnce(t, s)
			test.back(server)
			awaitReady(t, s)
			put(t, s, "c", "one")
		})
	}
}

// awaitReady: after many failures in a row the client looks only once a second.
func awaitReady(t *testing.T, s onetime.Store) {
	t.Helper()
	var err error
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if err = s.Ready(t.Context()); err == nil {
			return
		}
	}
	t.Errorf("three seconds after it came back: %v", err)
}

func verbs(ctx context.Context, s *onetime.Redis) map[string]func() error {
	return map[string]func() error{
		"Put":     func() error { return s.Put(ctx, "b", []byte("one"), long) },
		"Get":     func() error { _, err := s.Get(ctx, "a"); return err },
		"Take":    func() error { _, err := s.Take(ctx, "a"); return err },
		"Swap":    func() error { _, err := s.Swap(ctx, "a", []byte("one"), []byte("two"), long); return err },
		"Ready":   func() error { return s.Ready(ctx) },
		"Count":   func() error { _, _, err := s.Count(ctx, "n", long); return err },
		"Counted": func() error { _, _, err := s.Counted(ctx, "n"); return err },
	}
}

func wantUnavailable(t *testing.T, s *onetime.Redis) {
	t.Helper()
	for verb, do := range verbs(t.Context(), s) {
		start := time.Now()
		err := do()
		if took := time.Since(start); took >= time.Second {
			t.Errorf("%s took %s", verb, took)
		}
		if !unavailable(err) {
			t.Errorf("%s: %v, want an UnavailableError", verb, err)
		}
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v is not the caller's context's", verb, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	<-ctx.Done()
	if err := s.Put(ctx, "b", nil, long); !errors.Is(err, context.DeadlineExceeded) || unavailable(err) {
		t.Errorf("the caller's deadline while away: %v", err)
	}
}

// wantUnavailableAtOnce asks from many goroutines: none waits for the others.
func wantUnavailableAtOnce(t *testing.T, s *onetime.Redis) {
	t.Helper()
	start := time.Now()
	var all sync.WaitGroup
	for range 20 {
		for verb, do := range verbs(t.Context(), s) {
			all.Go(func() {
				if err := do(); !unavailable(err) {
					t.Errorf("%s: %v, want an UnavailableError", verb, err)
				}
			})
		}
	}
	all.Wait()
	if took := time.Since(start); took > 1500*time.Millisecond {
		t.Errorf("that many calls at once took %s", took)
	}
}

func unavailable(err error) bool {
	e, is := errors.AsType[*onetime.UnavailableError](err)
	return is && e.Unavailable()
}

func TestOpenRedisRefuses(t *testing.T) {
	locked := proctest.Redis(t, "--requirepass", "parola-demo")
	keeping := proctest.Redis(t, "--user", "default", "on", "nopass", "~*", "+@all", "-incr")
	evicting := proctest.Redis(t, "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
	gone := proctest.Redis(t)
	gone.Kill9()
	for _, test := range []struct {
		name   string
		config onetime.Config
		says   string
		passes bool // an UnavailableError
	}{
		{"nobody there", onetime.Config{URL: gone.URL}, "unavailable", true},
		{"no password where one is needed", onetime.Config{URL: locked.URL}, "NOAUTH", true},
		{"a wrong password", onetime.Config{URL: locked.URL, Password: "parola-rea"}, "WRONGPASS", true},
		{"a server that evicts", onetime.Config{URL: evicting.URL}, "noeviction", false},
		{"a user who may not count", onetime.Config{URL: keeping.URL}, "INCR", true},
		{"another scheme", onetime.Config{URL: "http://:parola-rea@" + gone.Addr}, "URL", false},
		{"no URL", onetime.Config{URL: "://:parola-rea@"}, "URL", false},
		{"a port that is none", onetime.Config{URL: "redis://:parola-rea@localhost:x"}, "URL", false},
		{"half a password", onetime.Config{URL: "redis://:1/parola-rea@localhost"}, "URL", false},
		{"a wrong escape in the password", onetime.Config{URL: "redis://:parola-rea%@localhost"}, "URL", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := onetime.OpenRedis(t.Context(), test.config)
			if err == nil {
				_ = s.Close()
				t.Fatal("no error")
			}
			if unavailable(err) != test.passes || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v; want one with %q, unavailable %t", err, test.says, test.passes)
			}
			if strings.Contains(err.Error(), "parola-rea") {
				t.Errorf("the password is in the error: %v", err)
			}
		})
	}
	open(t, onetime.Config{URL: locked.URL, Password: "parola-demo"})
	open(t, onetime.Config{URL: "redis://:parola-demo@" + locked.Addr})
}

// TestRedisNeedsNoOtherCommands uses every verb as a user that may do nothing
// but what the package doc lists.
func TestRedisNeedsNoOtherCommands(t *testing.T) {
	server := proctest.Redis(t, "--user", "default", "off",
		"--user", "demo", "on", ">parola", "~*", "-@all", "+get", "+getdel", "+set", "+del",
		"+incr", "+pttl", "+watch", "+unwatch", "+multi", "+exec", "+info", "+hello", "+auth", "+select")
	s := open(t, onetime.Config{URL: "redis://demo@" + server.Addr + "/1", Password: "parola"})
	put(t, s, "a", "one")
	server.Restart()
	for _, err := range []error{
		s.Ready(t.Context()),
		s.Put(t.Context(), "a", []byte("two"), long),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, new := range [][]byte{[]byte("three"), nil} {
		if ok, err := s.Swap(t.Context(), "a", []byte("two"), new, long); err != nil || ok != (new != nil) {
			t.Errorf("Swap = %t, %v", ok, err)
		}
	}
	if _, err := s.Get(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	if _, err := s.Take(t.Context(), "a"); err != nil {
		t.Error(err)
	}
}

func open(t *testing.T, c onetime.Config) *onetime.Redis {
	t.Helper()
	s, err := onetime.OpenRedis(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func put(t *testing.T, s onetime.Store, key, value string) {
	t.Helper()
	if err := s.Put(t.Context(), key, []byte(value), long); err != nil {
		t.Fatalf("Put(%q): %v", key, err)
	}
}
