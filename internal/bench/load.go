package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/pecete/pecete/csc"
)

// A load is how signHash is called: by so many connections at once, each of
// which waits for its answer before it calls again, with so many hashes.
type load struct {
	conns int
	batch int
	algo  string // OID
	hash  string // OID, where algo does not say
}

// A run is what came of a load.
type run struct {
	signatures int
	latencies  []time.Duration
	sample     []sample
}

// A sample is a signature to be verified once the clock is stopped.
type sample struct {
	credential string
	digest     string
	signature  []byte
}

// sampleEvery is how many answers go by before one is looked into.
const sampleEvery = 50

// play calls for a time; what was begun is waited for and counts.
func (l load) play(ctx context.Context, p *purse, wires []*wire, long time.Duration) (run, error) {
	end := time.Now().Add(long)
	runs, faults := make([]run, l.conns), make([]error, l.conns)
	var all sync.WaitGroup
	for i := range l.conns {
		all.Go(func() { runs[i], faults[i] = l.caller(ctx, p, wires[i], end) })
	}
	all.Wait()
	var sum run
	for _, r := range runs {
		sum.signatures += r.signatures
		sum.latencies = append(sum.latencies, r.latencies...)
		sum.sample = append(sum.sample, r.sample...)
	}
	if sum.signatures == 0 {
		faults = append(faults, errors.New("the purse was empty"))
	}
	return sum, errors.Join(faults...)
}

// caller is one connection of a load.
func (l load) caller(ctx context.Context, p *purse, w *wire, end time.Time) (r run, err error) {
	var g *grant
	var body []byte
	defer func() { p.put(g) }()
	for ctx.Err() == nil {
		began := time.Now()
		if !began.Before(end) {
			break
		}
		if g == nil || g.left(l.batch) == 0 {
			if g = p.take(); g == nil {
				break // faster than was expected: what was measured counts
			}
		}
		hashes := g.hashes[g.spent : g.spent+l.batch]
		g.spent += l.batch
		body = l.body(body[:0], g, hashes)
		began = time.Now()
		status, reply, err := w.post(csc.BasePath+"/"+string(csc.MethodSignHash), body)
		if err != nil || status != 200 {
			return r, fmt.Errorf("signHash: %d %s, %w", status, reply, err)
		}
		r.latencies = append(r.latencies, time.Since(began))
		r.signatures += l.batch
		if len(r.latencies)%sampleEvery == 1 {
			var answer csc.SignHashResponse
			if err := json.Unmarshal(reply, &answer); err != nil || len(answer.Signatures) != l.batch {
				return r, fmt.Errorf("signHash answers %d signatures for %d, %w", len(answer.Signatures), l.batch, err)
			}
			r.sample = append(r.sample, sample{g.credential, hashes[l.batch-1], answer.Signatures[l.batch-1]})
		}
	}
	return r, ctx.Err()
}

// body is a request of signatures/signHash. Nothing in it needs escaping.
func (l load) body(b []byte, g *grant, hashes []string) []byte {
	b = append(append(b, `{"credentialID":"`...), g.credential...)
	b = append(append(b, `","SAD":"`...), string(g.sad)...)
	b = append(append(b, `","signAlgo":"`...), l.algo...)
	b = append(append(b, `","hashAlgorithmOID":"`...), l.hash...)
	b = append(b, `","hashes":[`...)
	for i, h := range hashes {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendQuote(b, h)
	}
	return append(b, `]}`...)
}

// dials opens n connections.
func dials(ctx context.Context, s *server, n int) (wires []*wire, err error) {
	for range n {
		w, err := s.dial(ctx)
		if err == nil && !w.secured() {
			err = errors.New("the connection is not TLS 1.3")
		}
		if err != nil {
			hangUp(wires)
			return nil, err
		}
		wires = append(wires, w)
	}
	return wires, nil
}

func hangUp(wires []*wire) {
	for _, w := range wires {
		w.close()
	}
}

// percentile is the value that a share of the values does not exceed.
func percentile(values []time.Duration, share float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[min(len(values)-1, int(share*float64(len(values))))]
}

// median of the values, which are put in order.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	if n := len(values); n%2 == 0 {
		return (values[n/2-1] + values[n/2]) / 2
	}
	return values[len(values)/2]
}
