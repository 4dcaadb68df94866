package soak_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pecete/pecete/csc"
)

// underLoad kills a process at any moment while several clients sign.
func (c *campaign) underLoad(p *process) {
	c.load(func() time.Duration {
		if err := p.Kill(); err != nil {
			c.t.Errorf("kill process %s: %v", p.Name, err)
		}
		return p.again(c.t)
	})
}

// redisKilled kills Redis, whose next run knows nothing that was agreed to
// before.
func (c *campaign) redisKilled(*process) {
	c.load(func() time.Duration { return c.back(c.redis.Restart) })
}

// postgresKilled kills PostgreSQL.
func (c *campaign) postgresKilled(*process) {
	c.load(func() time.Duration { return c.back(c.postgres.Restart) })
}

// back restarts a store, and says how long after that both processes are ready.
func (c *campaign) back(restart func()) time.Duration {
	restart()
	begun := time.Now()
	for _, p := range c.two {
		p.ready(c.t)
	}
	return time.Since(begun)
}

// A busy client signs as fast as it can until it is told to stop, or codes get
// scarce. Whatever is not answered it asks again, of the other process.
type busy struct {
	c    *campaign
	n    int
	stop *atomic.Bool
	got  *atomic.Int64 // signatures, of all clients
	saw  []string
	lost int
}

// load has something done to the town while clients are busy.
func (c *campaign) load(hurt func() time.Duration) {
	var stop atomic.Bool
	var got atomic.Int64
	var all sync.WaitGroup
	clients := make([]*busy, 3)
	for n := range clients {
		clients[n] = &busy{c: c, n: n, stop: &stop, got: &got}
		all.Go(clients[n].work)
	}
	for begun := time.Now(); got.Load() == 0; time.Sleep(time.Millisecond) {
		if c.t.Failed() || time.Since(begun) > patience {
			c.t.Fatal("nothing was signed")
		}
	}
	time.Sleep(time.Duration(rand.IntN(250)) * time.Millisecond)
	took := hurt()
	stop.Store(true)
	all.Wait()
	lost, saw := 0, []string(nil)
	for _, b := range clients {
		lost += b.lost
		saw = append(saw, b.saw...)
	}
	word := "nothing"
	if lost > 0 {
		word = "signatures under way: agreed to, not received"
	}
	c.rows.note(took, word, saw...)
}

func (b *busy) work() {
	for round := 0; round < 3 && !b.stop.Load() && !b.c.t.Failed(); round++ {
		s := b.c.crowd.take()
		if s == nil {
			b.c.t.Error("no signer can agree any more")
			return
		}
		b.agree(s, round)
		b.c.crowd.leave(s)
	}
}

// either is one process, and at the next call the other.
func (b *busy) either() func() *process {
	turn := rand.IntN(2)
	return func() *process { turn++; return b.c.two[turn%2] }
}

// agree has a signer agree to a few digests and signs them, one at a time.
func (b *busy) agree(s *signer, round int) {
	t, next := b.c.t, b.either()
	var digests []csc.Digest
	for i := range 8 {
		digests = append(digests, digestOf("load %d %d %d %d %p", b.c.round, b.n, round, i, b.c))
	}
	b.c.judge.agree(s, len(digests), digests...)
	asked := request(s, s.code(t), digests...)
	got, err := insist(t.Context(), func() (csc.AuthorizeResponse, error) { return next().api.Authorize(t.Context(), asked) })
	switch outcome(err) {
	case "200":
	case "400 The authentication data is invalid": // the call before was cut, and the code is used
		b.see("authorize: "+outcome(err), len(digests))
		return
	default:
		t.Errorf("authorize under load: %v", err)
		return
	}
	for _, digest := range digests {
		b.sign(s, got.SAD, digest, next)
	}
}

func (b *busy) sign(s *signer, sad csc.Secret, digest csc.Digest, next func() *process) {
	t := b.c.t
	signature, err := insist(t.Context(), func() ([]byte, error) { return next().sign(t, s, sad, digest) })
	switch outcome(err) {
	case "200":
		good(t, s.public, digest, signature)
		b.got.Add(1)
	case dead, "400 Hash is not authorized by the SAD.":
		b.see("signHash: "+outcome(err), 1)
	default:
		t.Errorf("sign under load: %v", err)
	}
}

func (b *busy) see(what string, lost int) {
	b.saw = append(b.saw, what)
	b.lost += lost
}
