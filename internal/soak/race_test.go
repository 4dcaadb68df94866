package soak_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/soak"
)

var (
	sads    = flag.Int("sads", 20, "authorizations that many contend for")
	signers = flag.Int("signers", 0, "signers that give them; 0: a third as many, at most 2500")
)

// contenders is how many ask for one authorization at once, half of them each
// process.
const contenders = 8

// atOnce is how many authorizations are contended for at a time.
const atOnce = 6

// Each authorization is for one signature, and eight ask for it at once, half of
// them each of two processes: each with another digest, so that the counting
// module tells whose the device signed. One is answered with a signature, and
// it is the only one.
func TestEightContendForOne(t *testing.T) {
	w := settle(t, settling{signers: signersOf(*sads), profile: []string{"--scal", "1", "--multisign", "1"}})
	c := &contest{town: w}
	begun := time.Now()
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for n := c.begun.Add(1); n <= int64(*sads) && !t.Failed(); n = c.begun.Add(1) {
				c.contend(int(n))
			}
		})
	}
	stop := c.tell(begun)
	all.Wait()
	stop()
	v := c.judge.read(t, w)
	w.close()
	answered, lost := c.answered.Load(), int64(*sads)-c.answered.Load()
	t.Logf("%d authorizations, %d contenders each: %d answered, %d signatures, %d too many, %d lost, in %v",
		*sads, contenders, answered, v.sum, v.excess, lost, time.Since(begun).Round(time.Second))
	if int64(v.sum) != answered || lost != 0 {
		t.Errorf("%d signatures were made and %d answered, of %d authorizations", v.sum, answered, *sads)
	}
	record(t, soak.Row{
		Group: "race", Fault: fmt.Sprintf("%d contend for one authorization, over two processes", contenders), Tries: *sads,
		Saw:  "200 for one, 400 Invalid parameter SAD for the others",
		Lost: lostWord(lost), Excess: v.excess,
	})
}

func lostWord(n int64) string {
	if n == 0 {
		return "nothing"
	}
	return fmt.Sprintf("%d authorizations", n)
}

// signersOf is how many signers agree so often in time: three times at once,
// and then every thirty seconds. More of them slow a file-based token down.
func signersOf(sads int) int {
	if *signers > 0 {
		return *signers
	}
	return min((sads+2)/3+2, 2500)
}

// A contest is a town in which many ask for the same.
type contest struct {
	*town
	judge           judge
	begun, answered atomic.Int64
}

// contend has a signer agree to one signature, at one process or the other, and
// eight ask for it.
func (c *contest) contend(n int) {
	t := c.t
	s := c.crowd.take()
	if s == nil {
		t.Error("no signer can agree any more")
		return
	}
	defer c.crowd.leave(s)
	var digests []csc.Digest
	for i := range contenders {
		digests = append(digests, digestOf("contender %d of %d", i, n))
	}
	c.judge.agree(s, 1, digests...)
	got, err := c.authorize(c.two[n%2], s)
	if err != nil {
		t.Errorf("authorization %d: %v", n, err)
		return
	}
	var all sync.WaitGroup
	var won atomic.Int64
	for i, digest := range digests {
		all.Go(func() {
			if c.ask(c.two[i%2], s, got.SAD, digest) {
				won.Add(1)
			}
		})
	}
	all.Wait()
	switch won.Load() {
	case 0: // lost: the sum will tell
	case 1:
		c.answered.Add(1)
	default:
		t.Errorf("authorization %d: %d contenders have a signature", n, won.Load())
	}
}

// authorize has s agree to one signature, again with the next code if the server
// says "not now": whether the last one was used nobody can say.
func (c *contest) authorize(p *process, s *signer) (got csc.AuthorizeResponse, err error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for {
		got, err = p.api.Authorize(ctx, csc.AuthorizeRequest{
			CredentialID: s.Credential, NumSignatures: 1, AuthData: []csc.AuthData{{ID: "OTP", Value: s.code(c.t)}},
		})
		var told *client.Error
		if !errors.As(err, &told) || !told.Unavailable() || ctx.Err() != nil {
			return got, err
		}
		time.Sleep(told.RetryAfter)
	}
}

// ask is one contender's call, again if the server says "not now".
func (c *contest) ask(p *process, s *signer, sad csc.Secret, digest csc.Digest) bool {
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for {
		signature, err := p.api.SignHash(ctx, hashes(s, sad, digest))
		var told *client.Error
		switch {
		case err == nil:
			good(c.t, s.public, digest, signature.Signatures[0])
			return true
		case outcome(err) == dead:
			return false
		case !errors.As(err, &told) || !told.Unavailable():
			c.t.Errorf("a contender: %v", err)
			return false
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// tell says every minute how far it is.
func (c *contest) tell(begun time.Time) (stop func()) {
	done := make(chan struct{})
	ticker := time.NewTicker(time.Minute)
	go func() {
		for {
			select {
			case <-ticker.C:
				c.t.Logf("%v: %d authorizations", time.Since(begun).Round(time.Second), c.begun.Load())
			case <-done:
				return
			}
		}
	}()
	return func() { ticker.Stop(); close(done) }
}
