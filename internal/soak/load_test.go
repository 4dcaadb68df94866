package soak_test

import (
	"flag"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/servertest"
)

var overloadFor = flag.Duration("overload", 0, "fire each volley of the load campaign for so long, and hold the server to its figures")

// At ten times what the server can do, what it begins it finishes, and what it
// refuses has cost nobody anything.
func TestOverload(t *testing.T) {
	l := raiseLoad(t, csc.P256, 6, true, "")
	t.Log("1x", l.fire(volley{connections: 16, length: 2 * time.Second}))
	_ = servertest.Context
}

func TestOverloadFigures(t *testing.T) {
	if *overloadFor == 0 {
		return
	}
	for _, key := range []csc.KeySpec{csc.P256, csc.RSA3072} {
		t.Run(string(key), func(t *testing.T) {
			l := raiseLoad(t, key, 120, false, "")
			nominal := l.fire(volley{connections: 16, length: *overloadFor})
			t.Log("closed loop 16:", nominal)
			rate := nominal.perSecond()
			for _, times := range []float64{1, 10} {
				r := l.fire(volley{connections: 400, rate: times * rate, length: *overloadFor})
				t.Logf("%gx: %v", times, r)
				now, peak := l.memory()
				t.Logf("memory %d MiB, at most %d", now, peak)
				for i, o := range r.odd {
					if i < 5 {
						t.Logf("odd: %d %s", o.status, o.body)
					}
				}
			}
		})
	}
}
