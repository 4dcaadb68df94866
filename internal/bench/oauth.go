package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/pecete/pecete/csc"
)

// A charge is what one operation of the authorization server costs.
type charge struct {
	Rate   float64 `json:"per_s"`
	CPU    float64 `json:"server_us"` // of the server's processor time
	P50    float64 `json:"p50_ms"`
	P99    float64 `json:"p99_ms"`
	OfSign float64 `json:"of_signhash"` // of the processor time of a P-256 signHash in the same round
}

// An operation is one thing that the authorization server does, called by so
// many connections at once.
type operation struct {
	name  string
	conns int
	// visits makes the callers of a slice, one a connection. What they say is
	// done once is one operation.
	visits func(ctx context.Context, v *server, n int) ([]visit, error)
}

// A visit does an operation once; errUsedUp says that there is nothing left to do
// it with.
type visit struct {
	do    func(ctx context.Context) error
	close func()
}

var errUsedUp = errors.New("nothing is left to do it with")

// operations are what is measured, in the order in which it is told.
func (d *doorway) operations() []operation {
	return []operation{
		{"oauth-token-secret", 16, d.post("/oauth2/token", d.bySecret)},
		{"oauth-token-assertion", 16, d.post("/oauth2/token", d.byAssertion)},
		{"oauth-push", 16, d.post("/oauth2/pushed_authorize", d.pushing)},
		{"oauth-introspect", 16, d.introspection(false)},
		{"oauth-introspect-own", 16, d.introspection(true)},
		{"oauth-sign-on-pages", 4, d.signing},
	}
}

// variant is an operation at a server.
func (o operation) variant(v *server) variant {
	var callers []visit
	hangUp := func() {
		for _, c := range callers {
			c.close()
		}
	}
	return variant{
		name: o.name, server: v,
		prepare: func(ctx context.Context) (err error) {
			hangUp()
			callers, err = o.visits(ctx, v, o.conns)
			return err
		},
		play: func(ctx context.Context, long time.Duration) (run, error) { return o.play(ctx, callers, long) },
	}
}

func (o operation) play(ctx context.Context, callers []visit, long time.Duration) (run, error) {
	end := time.Now().Add(long)
	runs, faults := make([]run, len(callers)), make([]error, len(callers))
	var all sync.WaitGroup
	for i, c := range callers {
		all.Go(func() {
			for ctx.Err() == nil && time.Now().Before(end) {
				began := time.Now()
				if err := c.do(ctx); err != nil {
					if !errors.Is(err, errUsedUp) {
						faults[i] = err
					}
					return
				}
				runs[i].signatures++
				runs[i].latencies = append(runs[i].latencies, time.Since(began))
			}
		})
	}
	all.Wait()
	var sum run
	for _, r := range runs {
		sum.signatures += r.signatures
		sum.latencies = append(sum.latencies, r.latencies...)
	}
	return sum, errors.Join(faults...)
}

// oauth measures the authorization server, beside signHash of the same servers,
// all of which take turns.
func (b *bench) oauth(ctx context.Context) (charges map[string]charge, err error) {
	d, err := b.doorway(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.scene.close()) }()
	k := kinds()[0]
	if b.short {
		k.slice /= 5
	}
	var asked []operation
	for _, o := range d.operations() {
		if b.pattern.MatchString(o.name) {
			asked = append(asked, o)
		}
	}
	variants, err := d.variants(ctx, k, asked)
	if err != nil {
		return nil, err
	}
	readings, err := b.pace(d.scene, k).turns(ctx, variants)
	if err != nil {
		return nil, err
	}
	charges = map[string]charge{bareName: charged(readings[0], readings[len(readings)-1])}
	charges[bareName].print(bareName)
	for n, v := range d.scene.servers() {
		own := readings[n*(1+len(asked)):]
		for i, o := range asked {
			name := o.name + d.scene.suffix(v)
			charges[name] = charged(own[0], own[1+i])
			charges[name].print(name)
		}
	}
	return charges, nil
}

// variants are, of each server, signHash and then the operations; at the end the
// question to the server that does nothing.
func (d *doorway) variants(ctx context.Context, k kind, asked []operation) (all []variant, err error) {
	for _, v := range d.scene.servers() {
		p := &purse{server: v, signers: d.signers}
		if err := p.prime(ctx, k.load(1, 1), len(d.signers.all)); err != nil {
			return nil, err
		}
		all = append(all, k.load(16, 1).variant(k, p, nil))
		for _, o := range asked {
			all = append(all, o.variant(v))
		}
	}
	bare := operation{bareName, 16, d.introspection(false)}
	return append(all, bare.variant(d.scene.bare)), nil
}

func (c charge) print(name string) {
	fmt.Printf("%-34s %8.1f/s, server %7.0f µs, p50 %6.2f ms, p99 %6.2f ms; processor time of %.3f signHash\n",
		name, c.Rate, c.CPU, c.P50, c.P99, c.OfSign)
}

// charged makes a charge of the readings of its rounds.
func charged(sign, own []reading) charge {
	var rate, cpu, p50, p99, share []float64
	for i, r := range own {
		rate, cpu = append(rate, r.rate), append(cpu, r.cpu)
		p50, p99 = append(p50, r.p50.Seconds()*1e3), append(p99, r.p99.Seconds()*1e3)
		share = append(share, r.cpu/sign[i].cpu)
	}
	return charge{Rate: median(rate), CPU: median(cpu), P50: median(p50), P99: median(p99), OfSign: median(share)}
}

// wants reports whether any operation is asked for.
func (b *bench) wants() bool {
	for _, o := range (&doorway{}).operations() {
		if b.pattern.MatchString(o.name) {
			return true
		}
	}
	return false
}

// doorway lays a folder with applications of every kind and two crowds: signers
// whose codes go to the API, and visitors who log in on the pages.
func (b *bench) doorway(ctx context.Context) (*doorway, error) {
	s, err := raise(ctx, b.program, filepath.Join(b.folder, "oauth"))
	if err != nil {
		return nil, err
	}
	d := &doorway{scene: s}
	if b.redis {
		if err := s.addRedis(ctx); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	if b.other != "" {
		if err := s.addOther(b.other); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	if err := s.addBare(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if err := d.furnish(ctx, b.short); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if err := b.serve(ctx, s); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return d, nil
}

// furnish makes who comes.
func (d *doorway) furnish(ctx context.Context, short bool) error {
	signers, visitors := 200, 150
	if short {
		signers, visitors = 60, 30
	}
	fmt.Fprintf(os.Stderr, "making %d signers and %d visitors\n", signers, visitors)
	all, err := d.scene.crowd(ctx, csc.P256, signers, signers, 0)
	if err != nil {
		return err
	}
	d.signers = &crowd{all: all}
	if d.visitors, err = d.scene.visitors(ctx, visitors); err != nil {
		return err
	}
	return d.register(ctx)
}
