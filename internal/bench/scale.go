package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"github.com/pecete/pecete/csc"
)

// A size is how many signers a registry has, each with a credential, and how
// many of them have a key in the token.
type size struct {
	signers, keys, certificates int
}

// sizes are what is compared.
func (b *bench) sizes() []size {
	if b.short {
		return []size{{20, 20, 0}, {500, 40, 10}}
	}
	return []size{{100, 100, 0}, {100_000, 2_000, 1_000}}
}

// A growth is the time of one call, one at a time, at the two sizes.
type growth struct {
	Small float64 `json:"small_ms"`
	Large float64 `json:"large_ms"`
	Ratio float64 `json:"ratio"` // median over the rounds
}

// rest is what is written beside the cases.
type rest struct {
	Begin map[string]beginning `json:"begin,omitempty"` // by size
	Scale map[string]growth    `json:"scale,omitempty"` // by method
	OAuth map[string]charge    `json:"oauth,omitempty"` // by operation
}

func (r rest) write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// A contest is between registries of different sizes.
type contest struct {
	pace         pace
	lists, signs []variant
	closers      []func() error
	out          *rest
}

// scale compares a small registry with a large one.
func (b *bench) scale(ctx context.Context, out *rest) (err error) {
	c := contest{pace: pace{rounds: b.rounds, slice: 1500 * time.Millisecond, tries: 4, limit: 0.10}, out: out}
	out.Begin, out.Scale = map[string]beginning{}, map[string]growth{}
	if b.short {
		c.pace.slice, c.pace.tries = 300*time.Millisecond, 1
	}
	defer func() {
		for _, end := range c.closers {
			err = errors.Join(err, end())
		}
	}()
	for _, n := range b.sizes() {
		if err := b.enter(ctx, &c, n); err != nil {
			return err
		}
	}
	readings, err := c.pace.turns(ctx, append(c.lists, c.signs...))
	if err != nil {
		return err
	}
	c.tell(csc.MethodList, b.sizes(), grown(readings[0], readings[1]))
	c.tell(csc.MethodSignHash, b.sizes(), grown(readings[2], readings[3]))
	return nil
}

// enter makes a registry of a size, looks how its server starts, and lets it
// take part.
func (b *bench) enter(ctx context.Context, c *contest, n size) error {
	s, signers, err := b.populate(ctx, n)
	if err != nil {
		return err
	}
	c.closers = append(c.closers, s.close)
	name := fmt.Sprintf("%d signers, %d keys", n.signers, n.keys)
	begin, err := b.begin(ctx, s)
	if err != nil {
		return err
	}
	begin.print(name)
	c.out.Begin[name] = begin
	if err := s.serve(ctx); err != nil {
		return err
	}
	c.pace.ours = append(c.pace.ours, s.pids()...)
	p, k := &purse{server: s.memory, signers: &crowd{all: signers[:n.keys]}}, kinds()[0]
	k.slice = c.pace.slice
	fmt.Fprintf(os.Stderr, "using each of %d keys once\n", n.keys)
	began := time.Now()
	if err := p.prime(ctx, k.load(1, 1), n.keys); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%.1f ms each, authorization included\n", time.Since(began).Seconds()*1e3/float64(n.keys))
	c.lists = append(c.lists, listing(s.memory, signers))
	c.signs = append(c.signs, k.load(1, 1).variant(k, p, nil))
	return nil
}

func (c *contest) tell(method csc.Method, sizes []size, g growth) {
	c.out.Scale[string(method)] = g
	fmt.Printf("%-34s %d credentials %.3f ms, %d credentials %.3f ms, ratio %.2f\n", method,
		sizes[0].signers, g.Small, sizes[1].signers, g.Large, g.Ratio)
}

// populate makes a scene of a size.
func (b *bench) populate(ctx context.Context, n size) (*scene, []*signer, error) {
	fmt.Fprintf(os.Stderr, "making %d signers, %d of them with keys\n", n.signers, n.keys)
	s, err := raise(ctx, b.program, filepath.Join(b.folder, fmt.Sprint("scale-", n.signers)))
	if err != nil {
		return nil, nil, err
	}
	s.stage.Env = b.env
	signers, err := s.crowd(ctx, csc.P256, n.signers, n.keys, n.certificates)
	return s, signers, err
}

// listing asks for the credentials of signers drawn from all.
func listing(v *server, signers []*signer) variant {
	var w *wire
	return variant{
		name: "credentials/list", server: v,
		prepare: func(ctx context.Context) (err error) {
			if w != nil {
				w.close()
			}
			w, err = v.dial(ctx)
			return err
		},
		play: func(ctx context.Context, long time.Duration) (r run, err error) {
			for end := time.Now().Add(long); time.Now().Before(end) && ctx.Err() == nil; r.signatures++ {
				body := fmt.Appendf(nil, `{"userID":%q}`, signers[drawn(len(signers))].User)
				began := time.Now()
				status, reply, err := w.post(csc.BasePath+"/"+string(csc.MethodList), body)
				if err != nil || status != 200 {
					return r, fmt.Errorf("list: %d %s, %w", status, reply, err)
				}
				r.latencies = append(r.latencies, time.Since(began))
			}
			return r, ctx.Err()
		},
	}
}

// drawn is a number below n.
func drawn(n int) int {
	v, _ := rand.Int(rand.Reader, big.NewInt(int64(n))) // never fails
	return int(v.Int64())
}

// grown compares the medians of calls, round by round.
func grown(small, large []reading) growth {
	ms := func(r reading) float64 { return r.p50.Seconds() * 1e3 }
	var s, l, ratio []float64
	for i := range small {
		s, l = append(s, ms(small[i])), append(l, ms(large[i]))
		ratio = append(ratio, ms(large[i])/ms(small[i]))
	}
	return growth{median(s), median(l), median(ratio)}
}
