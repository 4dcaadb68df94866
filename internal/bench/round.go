package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// A variant is one of the things that take turns.
type variant struct {
	name    string
	server  *server // nil for what runs in this process
	prepare func(ctx context.Context) error
	play    func(ctx context.Context, long time.Duration) (run, error)
}

// A reading is one slice of a variant.
type reading struct {
	rate      float64 // signatures a second
	cpu       float64 // µs of a signature, in the server or, without one, here
	client    float64 // µs of a signature, here, beside a server
	p50, p99  time.Duration
	strangers float64
}

// A pace says how the slices are made.
type pace struct {
	rounds int
	slice  time.Duration
	tries  int     // of a slice that strangers disturb
	limit  float64 // of what strangers may take of the machine
	begun  func()  // called when the first calls are over; may be nil
	ours   []int   // pids of the programs of this run
}

// turns has the variants take turns and returns the readings of each, round by
// round.
func (p pace) turns(ctx context.Context, variants []variant) ([][]reading, error) {
	for _, v := range variants { // the first calls find keys and grow heaps
		if _, err := p.once(ctx, v, p.slice/4); err != nil {
			return nil, fmt.Errorf("%s: %w", v.name, err)
		}
	}
	if p.begun != nil {
		p.begun()
	}
	readings := make([][]reading, len(variants))
	for round := range p.rounds {
		for _, i := range shuffled(len(variants)) {
			r, err := p.quietest(ctx, variants[i])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", variants[i].name, err)
			}
			readings[i] = append(readings[i], r)
		}
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, p.rounds)
	}
	return readings, nil
}

// quietest measures until strangers leave the machine alone, or keeps the slice
// in which they did most.
func (p pace) quietest(ctx context.Context, v variant) (best reading, err error) {
	for try := range max(1, p.tries) {
		r, err := p.once(ctx, v, p.slice)
		if err != nil {
			return r, err
		}
		if try == 0 || r.strangers < best.strangers {
			best = r
		}
		if best.strangers <= p.limit {
			break
		}
	}
	return best, nil
}

func (p pace) once(ctx context.Context, v variant, long time.Duration) (reading, error) {
	if v.prepare != nil {
		if err := v.prepare(ctx); err != nil {
			return reading{}, err
		}
	}
	g := &gauge{ours: p.ours}
	if v.server != nil {
		g.server = v.server.pid()
	}
	if err := g.start(); err != nil {
		return reading{}, err
	}
	r, err := v.play(ctx, long)
	if err != nil {
		return reading{}, err
	}
	s, err := g.stop()
	if err != nil {
		return reading{}, err
	}
	if r.signatures == 0 {
		return reading{}, fmt.Errorf("nothing was signed in %v", s.took)
	}
	each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 / float64(r.signatures) }
	out := reading{
		rate: float64(r.signatures) / s.took.Seconds(), cpu: each(s.here), strangers: s.strangers,
		p50: percentile(r.latencies, 0.50), p99: percentile(r.latencies, 0.99),
	}
	if v.server != nil {
		out.cpu, out.client = each(s.server), each(s.here)
	}
	return out, nil
}

// shuffled is 0…n−1 in an order drawn anew.
func shuffled(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := drawn(i + 1)
		order[i], order[j] = order[j], order[i]
	}
	return order
}
