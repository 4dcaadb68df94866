package soak_test

import (
	"math/rand/v2"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/failpoint"
)

// signing has a process die at a point of a signature. The device has then made
// so many signatures when both processes were asked again, of which the other
// one answers repeat, and the one that died that the SAD is spent.
func signing(point string, made int, repeat string) func(*campaign, *process) {
	return func(c *campaign, p *process) {
		t, s, digest := c.t, c.signer(), digestOf("%s %d %p", point, c.round, c)
		defer c.crowd.leave(s)
		sad, err := c.other(p).ask(t, &c.judge, s, digest)
		fine(t, err)
		p.aimAt(t, point, 1)
		_, cut := p.sign(t, s, sad, digest)
		if answered(cut) {
			t.Errorf("at %s the client was answered: %v", point, outcome(cut))
		}
		p.died(t, point)
		signature, other := insist(t.Context(), func() ([]byte, error) { return c.other(p).sign(t, s, sad, digest) })
		if outcome(other) != repeat {
			t.Errorf("after %s the other process: %v, want %s", point, other, repeat)
		}
		if other == nil {
			good(t, s.public, digest, signature)
		}
		took := p.again(t)
		_, same := insist(t.Context(), func() ([]byte, error) { return p.sign(t, s, sad, digest) })
		if outcome(same) != dead {
			t.Errorf("after %s the same process: %v, want %s", point, same, dead)
		}
		if got := c.judge.read(t, c.town).of(s, digest); got != made {
			t.Errorf("after %s there are %d signatures, want %d", point, got, made)
		}
		lost := "the authorization"
		if other == nil {
			lost = "nothing"
		}
		c.rows.note(took, lost, then(cut, other, same))
	}
}

// batch has a process die when some of several signatures are made. Of the rest
// none is made afterwards.
func (c *campaign) batch(p *process) {
	t, s := c.t, c.signer()
	defer c.crowd.leave(s)
	var digests []csc.Digest
	for i := range 6 {
		digests = append(digests, digestOf("batch %d %d %p", c.round, i, c))
	}
	sad, err := c.other(p).ask(t, &c.judge, s, digests...)
	fine(t, err)
	p.aimAt(t, failpoint.AfterSign, 1+rand.IntN(len(digests)))
	_, cut := p.api.SignHash(t.Context(), hashes(s, sad, digests...))
	if answered(cut) {
		t.Errorf("the client was answered: %v", outcome(cut))
	}
	p.died(t, failpoint.AfterSign)
	before := c.judge.read(t, c.town).of(s, digests...)
	if before < 1 || before > len(digests) {
		t.Errorf("%d signatures were made when the process died", before)
	}
	repeat := func(p *process, digests ...csc.Digest) error {
		_, err := insist(t.Context(), func() (csc.SignHashResponse, error) {
			return p.api.SignHash(t.Context(), hashes(s, sad, digests...))
		})
		if outcome(err) != dead {
			t.Errorf("the repeat: %v, want %s", err, dead)
		}
		return err
	}
	other, single := repeat(c.other(p), digests...), repeat(c.other(p), digests[len(digests)-1])
	took := p.again(t)
	same := repeat(p, digests...)
	if after := c.judge.read(t, c.town).of(s, digests...); after != before {
		t.Errorf("%d signatures, and after the repeats %d", before, after)
	}
	c.rows.note(took, "the authorization", then(cut, other, single, same))
}

// authorizing has a process die at a point of an authorization. The code is
// used, and what came of it can be spent by nobody.
func authorizing(point string) func(*campaign, *process) {
	return func(c *campaign, p *process) {
		const used = "400 The authentication data is invalid"
		t, s, digest := c.t, c.signer(), digestOf("%s %d %p", point, c.round, c)
		c.judge.agree(s, 0, digest)
		asked := request(s, s.code(t), digest)
		p.aimAt(t, point, 1)
		_, cut := p.api.Authorize(t.Context(), asked)
		if answered(cut) {
			t.Errorf("at %s the client was answered: %v", point, outcome(cut))
		}
		p.died(t, point)
		repeat := func(p *process) error {
			_, err := insist(t.Context(), func() (csc.AuthorizeResponse, error) { return p.api.Authorize(t.Context(), asked) })
			if outcome(err) != used {
				t.Errorf("after %s, the same code again: %v, want %s", point, err, used)
			}
			return err
		}
		other := repeat(c.other(p))
		took := p.again(t)
		same := repeat(p)
		c.rows.note(took, "the code", then(cut, other, same))
		c.afterwards(s)
	}
}

// afterwards has a signer agree with the next code, as soon as there is one: he
// is not locked out. Until then he is not taken.
func (c *campaign) afterwards(s *signer) {
	do := func() {
		defer c.crowd.leave(s)
		digest := digestOf("afterwards %s %d", s.User, s.last)
		sad, err := c.two[0].ask(c.t, &c.judge, s, digest)
		fine(c.t, err)
		signature, err := c.two[1].sign(c.t, s, sad, digest)
		fine(c.t, err)
		good(c.t, s.public, digest, signature)
	}
	c.later = append(c.later, do)
	if len(c.later) > 10 { // his next code has come meanwhile
		c.later[0]()
		c.later = c.later[1:]
	}
}

// stopping has a process die when it ends in good order, at a point of the last
// head of its audit log.
func stopping(point string) func(*campaign, *process) {
	return func(c *campaign, p *process) {
		p.aimAt(c.t, point, 1)
		err := p.Stop()
		if !killed(err) {
			c.t.Errorf("at %s the process was not killed: %v", point, err)
		}
		p.disarm(c.t)
		c.whole()
		c.rows.note(p.again(c.t), "nothing", "nothing: no request was under way")
	}
}
