package edge_test

import (
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/pecete/pecete/edge"
)

// A clock is turned by hand.
type clock struct{ now atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Unix(1_700_000_000, c.now.Load()) }
func (c *clock) advance(d time.Duration) { c.now.Add(int64(d)) }

func newGate(most, least int) (*edge.Gate, *clock) {
	c := &clock{}
	return &edge.Gate{Most: most, Least: least, Now: c.Now}, c
}

// fill enters until nobody is let in.
func fill(t *testing.T, g *edge.Gate) (inside []*edge.Place) {
	t.Helper()
	for range 1000 {
		p, err := g.Enter()
		if errors.Is(err, edge.ErrBusy) {
			return inside
		}
		must(t, err)
		inside = append(inside, p)
	}
	t.Fatal("the gate has no end")
	return nil
}

func TestGate(t *testing.T) {
	g, c := newGate(40, 10)
	all := fill(t, g)
	if len(all) != 40 || g.Inside() != 40 || g.Turned() != 1 {
		t.Fatalf("%d inside, %d by its count, %d turned away", len(all), g.Inside(), g.Turned())
	}
	for _, p := range all {
		p.Leave()
		p.Leave() // and once more, which is nothing
	}
	for _, row := range []struct {
		quiet time.Duration // since somebody was refused
		want  int
	}{
		{0, 10}, {200 * time.Millisecond, 13}, {time.Second, 25}, {2 * time.Second, 40}, {time.Hour, 40},
	} {
		c.advance(row.quiet)
		all := fill(t, g)
		if len(all) != row.want {
			t.Errorf("after %v without a refusal %d come in, want %d", row.quiet, len(all), row.want)
		}
		for _, p := range all {
			p.Leave()
		}
	}
	g.Refuse()
	if all := fill(t, g); len(all) != 10 {
		t.Errorf("after a refusal elsewhere %d come in, want 10", len(all))
	}
}

func TestGateAtOnce(t *testing.T) {
	g := &edge.Gate{Most: 8, Least: 8, Now: time.Now}
	var inside, most, entered atomic.Int64
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for range 200 {
				p, err := g.Enter()
				if err != nil {
					continue
				}
				entered.Add(1)
				n := inside.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				inside.Add(-1)
				p.Leave()
			}
		})
	}
	all.Wait()
	if most.Load() > 8 || g.Inside() != 0 || entered.Load() == 0 {
		t.Errorf("%d at once of %d, %d are left", most.Load(), entered.Load(), g.Inside())
	}
}

func TestSteppingAside(t *testing.T) {
	g, _ := newGate(1, 1)
	slow, err := g.Enter()
	must(t, err)
	slow.Aside()
	slow.Aside()
	other, err := g.Enter()
	must(t, err)
	if err := slow.Back(); !errors.Is(err, edge.ErrBusy) {
		t.Errorf("two in one place: %v", err)
	}
	other.Leave()
	must(t, slow.Back())
	must(t, slow.Back())
	if g.Inside() != 1 {
		t.Errorf("%d inside", g.Inside())
	}
	slow.Leave()
	slow.Aside()
	must(t, slow.Back())
	if g.Inside() != 0 {
		t.Errorf("%d inside after all have left", g.Inside())
	}
}

// A body that does not come keeps nobody out; when it has come there must be a
// place again.
func TestSlowBody(t *testing.T) {
	for _, full := range []bool{false, true} {
		g := &edge.Gate{Most: 1, Least: 1, Now: time.Now}
		shelf := &edge.Shelf{Most: 100}
		place, err := g.Enter()
		must(t, err)
		from, to := io.Pipe()
		body := edge.NewBody(from, place, shelf)
		read := make(chan error, 1)
		go func() {
			_, err := io.ReadAll(body)
			read <- err
		}()
		_, err = to.Write([]byte("some"))
		must(t, err)
		eventually(t, "it steps aside", func() bool { return g.Inside() == 0 })
		if full {
			_, err := g.Enter()
			must(t, err)
		}
		must(t, to.Close())
		err = <-read
		var passing interface{ Unavailable() bool }
		if full != errors.Is(err, edge.ErrBusy) || full && (!errors.As(err, &passing) || !passing.Unavailable()) {
			t.Errorf("with no place left %t: %v", full, err)
		}
		if g.Inside() != 1 || shelf.Held() != 4 {
			t.Errorf("%d inside, %d bytes held", g.Inside(), shelf.Held())
		}
		body.Done()
		body.Done()
		must(t, body.Close())
		if shelf.Held() != 0 {
			t.Errorf("%d bytes held at the end", shelf.Held())
		}
	}
}

func TestBodiesTakeSoMuchTogether(t *testing.T) {
	shelf := &edge.Shelf{Most: 100}
	g := &edge.Gate{Most: 9, Least: 9, Now: time.Now}
	read := func(size int) (*edge.Body, error) {
		place, err := g.Enter()
		must(t, err)
		b := edge.NewBody(io.NopCloser(iotest.HalfReader(strings.NewReader(strings.Repeat("x", size)))), place, shelf)
		text, err := io.ReadAll(b)
		if err == nil && len(text) != size {
			t.Errorf("%d of %d bytes", len(text), size)
		}
		return b, err
	}
	first, err := read(70)
	must(t, err)
	second, err := read(31)
	if !errors.Is(err, edge.ErrBodies) {
		t.Errorf("%v", err)
	}
	second.Done()
	third, err := read(30)
	must(t, err)
	first.Done()
	third.Done()
	if shelf.Held() != 0 {
		t.Errorf("%d bytes held at the end", shelf.Held())
	}
}

func TestBodyThatBreaks(t *testing.T) {
	g, _ := newGate(1, 1)
	place, err := g.Enter()
	must(t, err)
	b := edge.NewBody(io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF)), place, &edge.Shelf{Most: 1})
	if _, err := io.ReadAll(b); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
	b.Done()
}
