package main

import (
	"context"
	"crypto"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/internal/freeport"
)

func main() {
	b := bench{}
	flag.StringVar(&b.program, "pecete", "build/bench/pecete", "the server's `PROGRAM`, built with the tag crowd")
	flag.StringVar(&b.folder, "folder", "build/bench", "`FOLDER` for the servers' files")
	flag.StringVar(&b.out, "out", "build/bench.json", "`FILE` for the figures")
	flag.BoolVar(&b.short, "short", false, "a quick try, whose figures say little")
	flag.StringVar(&b.only, "only", "", "`PATTERN` of the cases to measure (default all)")
	flag.BoolVar(&b.redis, "redis", true, "measure with one-time things in Redis too")
	flag.StringVar(&b.other, "other", "", "another `PROGRAM` to be measured in turns with the first, for what a change brings")
	flag.IntVar(&b.rounds, "rounds", 5, "`NUMBER` of rounds")
	flag.StringVar(&b.profile, "profile", "", "`FILE` for a processor profile of the first server, taken during the first rounds")
	flag.Func("env", "`NAME=VALUE` in the environment of the servers; can be given several times", func(v string) error {
		b.env = append(b.env, v)
		return nil
	})
	bare := flag.String("bare", "", "be the server that does nothing, at this `ADDRESS`, with the certificate in the folder")
	flag.Parse()
	if *bare != "" {
		fmt.Fprintln(os.Stderr, "bench:", serveBare(*bare, b.folder))
		os.Exit(1)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	if b.short {
		b.rounds = min(b.rounds, 2)
	}
	if err := b.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// A bench is what is asked for.
type bench struct {
	program, folder, out string
	other                string // program
	short, redis         bool
	only, profile        string
	rounds               int
	pattern              *regexp.Regexp
	env                  []string
	profiler             string // where the server tells its profile
}

// A kind is one sort of key, and how much of it is needed.
type kind struct {
	name    string
	key     csc.KeySpec
	alg     csc.Algorithm
	signers int
	most    float64 // signatures a second, more than there can be at first
	slice   time.Duration
}

func kinds() []kind {
	rsa := csc.Algorithm{Scheme: csc.PKCS1v15, Hash: crypto.SHA256, OID: csc.OIDRSAEncryption}
	return []kind{
		{"p256", csc.P256, csc.Algorithm{Scheme: csc.ECDSA, Hash: crypto.SHA256, OID: csc.OIDECPublicKey}, 300, 6_000, 1500 * time.Millisecond},
		{"rsa2048", csc.RSA2048, rsa, 80, 1_200, 2 * time.Second},
		{"rsa3072", csc.RSA3072, rsa, 40, 500, 3 * time.Second},
	}
}

// loads are how each kind of key is asked for.
func loads() []load {
	return []load{{conns: 16, batch: 1}, {conns: 64, batch: 1}, {conns: 1, batch: 100}, {conns: 4, batch: 100}, {conns: 16, batch: 100}}
}

func (b *bench) run(ctx context.Context) (err error) {
	if b.pattern, err = regexp.Compile(b.only); err != nil {
		return err
	}
	if len(b.kinds()) > 0 {
		if err := b.cases(ctx); err != nil {
			return err
		}
	}
	var more rest
	if b.pattern.MatchString("scale") {
		if err := b.scale(ctx, &more); err != nil {
			return err
		}
	}
	if b.wants() {
		if more.OAuth, err = b.oauth(ctx); err != nil {
			return err
		}
	}
	return more.write(filepath.Join(filepath.Dir(b.out), "bench-rest.json"))
}

// cases measures what has a reference.
func (b *bench) cases(ctx context.Context) (err error) {
	s, err := raise(ctx, b.program, filepath.Join(b.folder, "data"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if b.redis {
		if err := s.addRedis(ctx); err != nil {
			return err
		}
	}
	if b.other != "" {
		if err := s.addOther(b.other); err != nil {
			return err
		}
	}
	crowds := map[string][]*signer{}
	for _, k := range b.kinds() {
		fmt.Fprintf(os.Stderr, "making %d signers with %s\n", k.signers, k.key)
		if crowds[k.name], err = s.crowd(ctx, k.key, k.signers, k.signers, 0); err != nil {
			return err
		}
	}
	token, err := b.stand(ctx, s)
	if err != nil {
		return err
	}
	var results []result
	printHeader(os.Stdout)
	for _, k := range b.kinds() {
		some, err := b.measure(ctx, s, token, k, crowds[k.name])
		if err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		for _, r := range some {
			r.print(os.Stdout)
		}
		results = append(results, some...)
	}
	return write(b.out, results)
}

// stand opens the token here and starts the servers.
func (b *bench) stand(ctx context.Context, s *scene) (token *hsm.Token, err error) {
	if token, err = s.open(ctx); err != nil {
		return nil, err
	}
	return token, b.serve(ctx, s)
}

// serve starts the servers in the environment that is asked for.
func (b *bench) serve(ctx context.Context, s *scene) (err error) {
	s.stage.Env = b.env
	if b.profile != "" {
		if b.profiler, err = freeport.Address(); err != nil {
			return err
		}
		s.stage.Env = append(slices.Clone(b.env), "PECETE_PROFILE="+b.profiler)
	}
	return s.serve(ctx)
}

// kinds are those with a case that is asked for.
func (b *bench) kinds() (some []kind) {
	for _, k := range kinds() {
		if b.short {
			k.signers, k.slice = max(8, k.signers/3), k.slice/5
		}
		if len(b.loads(k)) > 0 {
			some = append(some, k)
		}
	}
	return some
}

// loads are those of the cases of a kind that are asked for.
func (b *bench) loads(k kind) (some []load) {
	for _, l := range loads() {
		l = k.load(l.conns, l.batch)
		if b.pattern.MatchString(l.name(k)) {
			some = append(some, l)
		}
	}
	return some
}

func (b *bench) pace(s *scene, k kind) pace {
	p := pace{rounds: b.rounds, slice: k.slice, tries: 4, limit: 0.10, ours: s.pids()}
	if b.short {
		p.tries = 1
	}
	if b.profile != "" {
		p.begun = func() { go b.keepProfile() }
	}
	return p
}

// measure has all variants of a kind of key take turns.
func (b *bench) measure(ctx context.Context, s *scene, token *hsm.Token, k kind, signers []*signer) ([]result, error) {
	ref, err := newReference(ctx, token, signers, k.alg)
	if err != nil {
		return nil, err
	}
	variants := ref.variants()
	all := &crowd{all: signers}
	for _, v := range s.servers() {
		p := &purse{server: v, signers: all}
		if err := p.prime(ctx, k.load(1, 1), len(signers)); err != nil {
			return nil, err
		}
		for _, l := range b.loads(k) {
			variants = append(variants, l.variant(k, p, ref))
		}
	}
	readings, err := b.pace(s, k).turns(ctx, variants)
	if err != nil {
		return nil, err
	}
	var results []result
	for i, v := range variants[2:] {
		name := v.name + s.suffix(v.server)
		results = append(results, compare(name, readings[0], readings[1], readings[2+i]))
	}
	return results, nil
}

// variants are the reference, and the reference without verification.
func (r *reference) variants() []variant {
	return []variant{
		{name: "raw", play: func(ctx context.Context, long time.Duration) (run, error) { return r.play(ctx, true, long) }},
		{name: "sign", play: func(ctx context.Context, long time.Duration) (run, error) { return r.play(ctx, false, long) }},
	}
}

// load is one with this kind of key.
func (k kind) load(conns, batch int) load {
	return load{conns: conns, batch: batch, algo: k.alg.OID, hash: csc.OIDOfHash(k.alg.Hash)}
}

// name is the case's.
func (l load) name(k kind) string {
	if l.batch == 1 {
		return fmt.Sprintf("%s-single-c%d", k.name, l.conns)
	}
	return fmt.Sprintf("%s-batch%d-c%d", k.name, l.batch, l.conns)
}

// variant is the load on the server that gave the purse's grants. What it
// samples is verified if there is a reference.
func (l load) variant(k kind, p *purse, ref *reference) variant {
	most := k.most
	var wires []*wire
	return variant{
		name: l.name(k), server: p.server,
		prepare: func(ctx context.Context) (err error) {
			if err := p.fill(ctx, l, int(1.5*most*k.slice.Seconds())); err != nil {
				return err
			}
			hangUp(wires) // those of the last slice may have been idle too long
			wires, err = dials(ctx, p.server, l.conns)
			return err
		},
		play: func(ctx context.Context, long time.Duration) (run, error) {
			began := time.Now()
			r, err := l.play(ctx, p, wires, long)
			if err != nil {
				return r, err
			}
			most = max(most, float64(r.signatures)/time.Since(began).Seconds())
			if ref == nil {
				return r, nil
			}
			return r, ref.check(r.sample)
		},
	}
}

// profileSeconds is how long a profile is taken.
const profileSeconds = 12

// keepProfile asks the server for a profile. One that cannot be had is missed
// by a person only.
func (b *bench) keepProfile() {
	resp, err := http.Get(fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", b.profiler, profileSeconds))
	if err == nil {
		var text []byte
		text, err = io.ReadAll(resp.Body)
		err = errors.Join(err, resp.Body.Close(), os.WriteFile(b.profile, text, 0o644))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "profile:", err)
	}
}
