// Package edge is the door of the server: how many connections there are, how
// many requests are worked on at once, how long a client may take, and what the
// rest are told. It knows nothing of what is asked.
//
// Its one idea is that a server which is asked for more than it can do refuses
// early and cheaply, so that what it has begun is finished as fast as ever. A
// Gate counts requests; a Listener counts connections; NewServer sets the
// limits of HTTP itself.
package edge

// A Busy is why somebody was turned away. It passes by itself.
type Busy string

// What there was too much of.
const (
	ErrBusy   Busy = "edge: as many requests as can be worked on are under way"
	ErrBodies Busy = "edge: bodies of requests take all the memory that is for them"
)

func (b Busy) Error() string { return string(b) }

// Unavailable reports that it passes by itself.
func (b Busy) Unavailable() bool { return true }
