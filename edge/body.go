package edge

import (
	"io"
	"sync/atomic"
	"time"
)

// dawdle is how long a body may take before its request steps aside. What comes
// in one go is there long before.
const dawdle = 100 * time.Millisecond

// A Shelf bounds the memory that the bodies of all requests take together,
// whatever each of them may take. It counts bytes as they come.
type Shelf struct {
	Most int64 // bytes

	held atomic.Int64
}

// Held is how many bytes there are now.
func (s *Shelf) Held() int64 { return s.held.Load() }

// A Body is a request's body. While a slow client is waited for its request has
// no place, so that those who send a byte a second keep nobody out; when all
// has come it needs one again, and Read ends in ErrBusy if there is none.
type Body struct {
	from  io.ReadCloser
	place *Place
	shelf *Shelf
	timer *time.Timer
	held  int64
}

// NewBody makes a Body; Done must be called when the request is over.
func NewBody(from io.ReadCloser, place *Place, shelf *Shelf) *Body {
	return &Body{from: from, place: place, shelf: shelf}
}

func (b *Body) Read(p []byte) (int, error) {
	if b.timer == nil {
		b.timer = time.AfterFunc(dawdle, b.place.Aside)
	}
	n, err := b.from.Read(p)
	b.held += int64(n)
	if b.shelf.held.Add(int64(n)) > b.shelf.Most {
		b.timer.Stop()
		return 0, ErrBodies
	}
	if err == nil {
		return n, nil
	}
	b.timer.Stop()
	if err == io.EOF {
		if busy := b.place.Back(); busy != nil {
			return 0, busy
		}
	}
	return n, err
}

// Close closes the body beneath.
func (b *Body) Close() error { return b.from.Close() }

// Done gives back what the body held.
func (b *Body) Done() {
	if b.timer != nil {
		b.timer.Stop()
	}
	b.shelf.held.Add(-b.held)
	b.held = 0
}
