package soak_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/failpoint"
)

// jobDeeds are the ways to kill a process at a request in mode A: before its
// client is told the job's name, and afterwards.
func jobDeeds() []deed {
	return []deed{
		{"mode A: job kept, nothing spent (job-kept)", asking(failpoint.JobKept, 1, 1, "200"), 3},
		{"mode A: spent, nothing recorded (after-reserve)", asking(failpoint.AfterReserve, 0, 0, dead), 3},
		{"mode A: intent on the disk (intent-written)", asking(failpoint.IntentWritten, 0, 0, dead), 3},
		{"mode A: the job waits, nobody was told (job-accepted)", asking(failpoint.JobAccepted, 0, 1, dead), 3},
		{"mode A: before the device is asked (before-sign)", asking(failpoint.BeforeSign, 0, 0, dead), 3},
		{"mode A: the device has signed (after-sign)", asking(failpoint.AfterSign, 1, 1, dead), 3},
		{"mode A: outcome recorded, result in memory (before-answer)", asking(failpoint.BeforeAnswer, 1, 1, dead), 3},
		{"mode A: nothing left to do but to keep the result (job-signed)", asking(failpoint.JobSigned, 1, 1, dead), 3},
		{"mode A: some of a batch are signed (after-sign)", (*campaign).jobBatch, 3},
		{"mode A: the job has ended", (*campaign).jobDone, 3},
	}
}

// gaveUp is what a job answers that nobody will do any more.
const gaveUp = "500 The authorization server encountered an unexpected condition that prevented it from fulfilling the request."

// later asks for signatures in mode A, and gives the job's name.
func (p *process) later(c *campaign, s *signer, sad csc.Secret, digests ...csc.Digest) (id string, err error) {
	req := hashes(s, sad, digests...)
	req.OperationMode = csc.ModeAsynchronous
	got, err := p.api.SignHash(c.t.Context(), req)
	return got.ResponseID, err
}

// poll asks what came of a job.
func (p *process) poll(c *campaign, id string) (csc.SignPollingResponse, error) {
	return insist(c.t.Context(), func() (csc.SignPollingResponse, error) {
		return p.api.Poll(c.t.Context(), csc.SignPollingRequest{RequestID: id})
	})
}

// ended waits for the end of a job.
func (p *process) ended(c *campaign, id string) (csc.SignPollingResponse, error) {
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		got, err := p.poll(c, id)
		if !pending(err) {
			return got, err
		}
		if time.Since(begun) > patience {
			c.t.Fatal("a job does not end")
		}
	}
}

func pending(err error) bool { return strings.HasPrefix(outcome(err), "202 ") }

// asking has a process die at a point of a request in mode A. The device has then
// made so many signatures when both processes were asked again, of which the
// other one answers repeat, and the one that died that the SAD is spent. A job
// whose name its client knows is pending until its process is there again, and
// then it is lost: it is never done a second time.
func asking(point string, least, most int, repeat string) func(*campaign, *process) {
	return func(c *campaign, p *process) {
		t, s, digest := c.t, c.signer(), digestOf("job %s %d %p", point, c.round, c)
		defer c.crowd.leave(s)
		sad, err := c.other(p).ask(t, &c.judge, s, digest)
		fine(t, err)
		p.aimAt(t, point, 1)
		id, cut := p.later(c, s, sad, digest)
		p.died(t, point)
		if cut != nil && answered(cut) {
			t.Errorf("at %s the client was refused: %v", point, outcome(cut))
		}
		second, other := insist(t.Context(), func() (string, error) { return c.other(p).later(c, s, sad, digest) })
		if outcome(other) != repeat {
			t.Errorf("after %s the other process: %v, want %s", point, other, repeat)
		}
		if other == nil {
			got, err := c.other(p).ended(c, second)
			fine(t, err)
			good(t, s.public, digest, got.Signatures[0])
		}
		if cut == nil {
			if _, err := c.other(p).poll(c, id); !pending(err) {
				t.Errorf("after %s, before its process is there again, the job is answered %v", point, outcome(err))
			}
		}
		took := p.again(t)
		saw := []error{other}
		if cut == nil {
			saw = append(saw, c.jobLost(point, id))
		}
		_, same := insist(t.Context(), func() (string, error) { return p.later(c, s, sad, digest) })
		if outcome(same) != dead {
			t.Errorf("after %s the same process: %v, want %s", point, same, dead)
		}
		if got := c.judge.read(t, c.town).of(s, digest); got < least || got > most {
			t.Errorf("after %s there are %d signatures, want %d to %d", point, got, least, most)
		}
		word := "the authorization"
		if other == nil {
			word = "nothing"
		}
		c.rows.note(took, word, then(cut, append(saw, same)...))
	}
}

// jobLost demands that both processes say of a job that it failed, and nothing
// else.
func (c *campaign) jobLost(point, id string) (err error) {
	for _, p := range c.two {
		if _, err = p.ended(c, id); outcome(err) != gaveUp {
			c.t.Errorf("after %s the job is answered %v, want %s", point, outcome(err), gaveUp)
		}
	}
	return err
}

// jobBatch has a process die when some signatures of a job are made. None is made
// afterwards.
func (c *campaign) jobBatch(p *process) {
	t, s := c.t, c.signer()
	defer c.crowd.leave(s)
	var digests []csc.Digest
	for i := range 6 {
		digests = append(digests, digestOf("job batch %d %d %p", c.round, i, c))
	}
	sad, err := c.other(p).ask(t, &c.judge, s, digests...)
	fine(t, err)
	p.aimAt(t, failpoint.AfterSign, 1+rand.IntN(len(digests)))
	id, cut := p.later(c, s, sad, digests...)
	p.died(t, failpoint.AfterSign)
	before := c.judge.read(t, c.town).of(s, digests...)
	if before < 1 || before > len(digests) {
		t.Errorf("%d signatures were made when the process died", before)
	}
	took := p.again(t)
	_, other := insist(t.Context(), func() (string, error) { return c.other(p).later(c, s, sad, digests[len(digests)-1]) })
	if outcome(other) != dead {
		t.Errorf("the repeat: %v, want %s", other, dead)
	}
	saw := []error{other}
	if cut == nil {
		saw = append(saw, c.jobLost("some of a batch", id))
	}
	if after := c.judge.read(t, c.town).of(s, digests...); after != before {
		t.Errorf("%d signatures, and after the repeats %d", before, after)
	}
	c.rows.note(took, "the authorization", then(cut, saw...))
}

// jobDone kills a process that has done a job. What came of it is there at both
// processes, to the byte, before and after its return.
func (c *campaign) jobDone(p *process) {
	t, s, digest := c.t, c.signer(), digestOf("job done %d %p", c.round, c)
	defer c.crowd.leave(s)
	sad, err := c.other(p).ask(t, &c.judge, s, digest)
	fine(t, err)
	id, err := p.later(c, s, sad, digest)
	fine(t, err)
	first, err := p.ended(c, id)
	fine(t, err)
	good(t, s.public, digest, first.Signatures[0])
	fine(t, p.Kill())
	same := func(p *process) {
		got, err := p.poll(c, id)
		if err != nil || len(got.Signatures) != 1 || !bytes.Equal(got.Signatures[0], first.Signatures[0]) {
			t.Errorf("a job that was done is answered %v, with %d signatures", outcome(err), len(got.Signatures))
		}
	}
	same(c.other(p))
	took := p.again(t)
	same(p)
	same(c.other(p))
	_, err = insist(t.Context(), func() (string, error) { return p.later(c, s, sad, digest) })
	if outcome(err) != dead {
		t.Errorf("the repeat: %v, want %s", err, dead)
	}
	if got := c.judge.read(t, c.town).of(s, digest); got != 1 {
		t.Errorf("%d signatures", got)
	}
	c.rows.note(took, "nothing", "200 at every poll")
}
