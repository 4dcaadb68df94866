package soak_test

import (
	"flag"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/soak"
)

var overload = flag.Duration("overload", 0, "measure the server under 1 and 10 times its capacity, each for so long; 0: not at all")

// At ten times what the server can do, what it begins it finishes, and what it
// refuses has cost nobody anything. Neither do slow clients, nor those who hang
// up. Nothing is measured here: the program has the race detector in it.
func TestOverload(t *testing.T) {
	l := raiseLoad(t, csc.P256, 5, true)
	open := l.open()
	broken := l.grants[:3] // for those who hang up
	l.grants = l.grants[3:]
	nominal := l.fire(volley{connections: 16, length: 3 * time.Second, most: 200})
	t.Log("alone:", nominal)
	l.sane(nominal)
	health := l.askHealth()
	storm := l.fire(volley{connections: 200, rate: 10 * nominal.perSecond(), length: 4 * time.Second, most: 500})
	t.Log("ten times as much:", storm, "health:", health())
	l.sane(storm)
	if storm.refused == 0 {
		t.Error("nobody was refused: that was no overload")
	}
	l.besideSlowClients()
	broke := l.hangUp(broken)
	l.eventually("the connections are closed", func() bool { return l.open() <= open })
	authorized := l.settle(servertest.Context(t)) + broke
	if made := l.made(); made != authorized {
		t.Errorf("the device made %d signatures, %d were authorized and asked for", made, authorized)
	}
	if _, peak := l.memory(); peak > 1024 {
		t.Errorf("the server took %d MiB", peak)
	}
	if out, err := l.Run(servertest.Context(t), "audit", "verify"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// sane checks that there were signatures and refusals and nothing else.
func (l *loadStage) sane(r result) {
	l.t.Helper()
	for n, s := range r.odd {
		if n < 5 {
			l.t.Errorf("neither a signature that verifies nor a refusal: %d, Retry-After %q, %s", s.status, s.retry, s.body)
		}
	}
	if r.signed == 0 {
		l.t.Error("nothing was signed")
	}
}

// askHealth asks for the server's health all the while, as a supervisor does,
// and says how often it was well and how long the longest answer took.
func (l *loadStage) askHealth() (told func() string) {
	l.t.Helper()
	asker, err := l.HTTP()
	fine(l.t, err)
	stop, done, asked, longest := make(chan struct{}), make(chan struct{}), 0, time.Duration(0)
	go func() {
		defer close(done)
		for {
			for _, path := range []string{"/healthz", "/readyz"} {
				begun := time.Now()
				resp, err := asker.Get(l.URL + path)
				if err != nil {
					l.t.Errorf("%s: %v", path, err)
					continue
				}
				if _ = resp.Body.Close(); resp.StatusCode != http.StatusOK {
					l.t.Errorf("%s: %s", path, resp.Status)
				}
				asker.CloseIdleConnections() // a new connection each time
				asked, longest = asked+1, max(longest, time.Since(begun))
			}
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return func() string {
		close(stop)
		<-done
		return fmt.Sprintf("%d answers, the longest after %v", asked, longest.Round(time.Millisecond))
	}
}

func (l *loadStage) eventually(what string, is func() bool) {
	l.t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			l.t.Errorf("not within a minute: %s", what)
			return
		}
	}
}

// Under ten times the load the server answers those it lets in within at most
// twice the time it takes alone; the others know at once. The time is that from
// the request to the answer: where the client shares the machine's cores, it may
// come late to a request that is due, and that is told beside it.
func TestOverloadFigures(t *testing.T) {
	if *overload == 0 {
		return
	}
	for key, most := range map[csc.KeySpec]float64{csc.P256: 2000, csc.RSA3072: 600} { // a second
		t.Run(string(key), func(t *testing.T) {
			l := raiseLoad(t, key, int(most*4*overload.Seconds()/3/worth), false)
			l.fire(volley{connections: 16, length: *overload / 4}) // until all is warm
			alone := l.fire(volley{connections: 16, length: *overload})
			t.Log("alone, 16 connections:", alone)
			l.sane(alone)
			for _, times := range []float64{1, 10} {
				health := l.askHealth()
				r := l.fire(volley{connections: 400, rate: times * alone.perSecond(), length: *overload})
				_, peak := l.memory()
				t.Logf("%g times %.0f/s: %v, memory at most %d MiB; health: %s", times, alone.perSecond(), r, peak, health())
				l.sane(r)
				l.tell(fmt.Sprintf("%g times the capacity, %s", times, key), len(r.shots), figures(alone, r, peak))
				if was, is := at(alone.answered, 0.99), at(r.answered, 0.99); times > 1 && is > 2*was {
					t.Errorf("p99 of what was let in is %v, alone it was %v", is, was)
				}
				if peak > 256 {
					t.Errorf("the server took %d MiB", peak)
				}
			}
		})
	}
}

// tell leaves a row of what was done so often and what was seen.
func (l *loadStage) tell(fault string, tries int, saw string) {
	l.t.Helper()
	fine(l.t, soak.Record(filepath.Join("..", "..", "build", "soak"), soak.Row{
		Group: "overload", Fault: fault, Tries: tries, Saw: saw, Lost: "nothing",
	}))
}

// figures are what is told of a volley.
func figures(alone, r result, peak int) string {
	return fmt.Sprintf("%.0f signatures/s (alone %.0f), p99 %v (alone %v); %d refused with 503 and Retry-After, p99 %v; at most %d MiB",
		r.perSecond(), alone.perSecond(), at(r.answered, 0.99), at(alone.answered, 0.99), r.refused, at(r.refusedTook, 0.99), peak)
}
