package hsm_test

import (
	"crypto"
	"fmt"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/hsm/hsmtest"
)

// BenchmarkSign compares Sign by 16 callers with a bare loop of miekg/pkcs11's
// C_SignInit and C_Sign on as many sessions, in slices that take turns. ratio is
// the median of the rounds' ratios: the machine's mood is the same on both sides
// of each. cpu-ratio is that of CPU time, which is less sensitive still to what
// else runs, and µs and raw-µs are the CPU time of one signature in the quietest
// slice. The bare loop signs with the token's key, copies or not.
func BenchmarkSign(b *testing.B) {
	for name, copies := range map[string]int{"keys": 0, "copies": 8} {
		b.Run(name, func(b *testing.B) {
			token := hsmtest.New(b, func(c *hsm.Config) { c.AllowRSA2048, c.Copies = true, copies })
			for _, spec := range []csc.KeySpec{csc.P256, csc.P384, csc.RSA2048, csc.RSA3072} {
				b.Run(string(spec), func(b *testing.B) { compare(b, token, spec) })
			}
		})
	}
}

// rounds is how often the two take turns.
const rounds = 7

func compare(b *testing.B, token *hsm.Token, spec csc.KeySpec) {
	alg := csc.Algorithm{Scheme: csc.ECDSA, Hash: crypto.SHA256}
	if spec.RSA() {
		alg.Scheme = csc.PKCS1v15
	}
	key, err := token.Generate(b.Context(), spec, "Demo Signer "+string(spec))
	must(b, err)
	var ratios, raws, cpus, rawUS, oursUS []float64
	for b.Loop() {
		for range rounds {
			raw, rawCPU := slice(b, func(stop *atomic.Bool) int64 { return rawSigner(b, token, key, alg, stop) })
			ours, oursCPU := slice(b, func(stop *atomic.Bool) int64 { return callers(b, token, key, alg, stop) })
			ratios, raws, cpus = append(ratios, ours/raw), append(raws, raw), append(cpus, oursCPU/rawCPU)
			rawUS, oursUS = append(rawUS, rawCPU), append(oursUS, oursCPU)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(median(cpus), "cpu-ratio")
	b.ReportMetric(median(raws), "raw/s")
	b.ReportMetric(slices.Min(rawUS), "raw-µs")
	b.ReportMetric(slices.Min(oursUS), "µs")
}

const sliceTime = 400 * time.Millisecond

// slice lets sign run for a while: signatures a second, and CPU µs of each.
func slice(b *testing.B, sign func(stop *atomic.Bool) int64) (rate, cpu float64) {
	b.Helper()
	var stop atomic.Bool
	before, begin := used(b), time.Now()
	time.AfterFunc(sliceTime, func() { stop.Store(true) })
	n := float64(sign(&stop))
	return n / time.Since(begin).Seconds(), float64((used(b) - before).Microseconds()) / n
}

func used(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func rawSigner(b *testing.B, token *hsm.Token, key hsm.Key, alg csc.Algorithm, stop *atomic.Bool) int64 {
	b.Helper()
	_, err := token.Sign(b.Context(), key.ID, alg, digestOf("warm"))
	must(b, err)
	n, err := token.RawLoop(key.ID, alg, digestOf("raw"), token.Workers(), stop)
	must(b, err)
	return n
}

func callers(b *testing.B, token *hsm.Token, key hsm.Key, alg csc.Algorithm, stop *atomic.Bool) int64 {
	b.Helper()
	var (
		all sync.WaitGroup
		n   atomic.Int64
	)
	for caller := range 16 {
		all.Go(func() {
			digest := digestOf(fmt.Sprint(caller))
			for !stop.Load() {
				if _, err := token.Sign(b.Context(), key.ID, alg, digest); err != nil {
					b.Error(err)
					return
				}
				n.Add(1)
			}
		})
	}
	all.Wait()
	return n.Load()
}

func median(values []float64) float64 {
	sort.Float64s(values)
	return values[len(values)/2]
}
