package conformance

import (
	"sync"
	"time"
)

// codes knows which one-time codes each user has left. A server takes a step
// once and steps only in ascending order, so what a user can do at once is the
// window, and then one authorization a step.
type codes struct {
	mu    sync.Mutex
	users map[string]*tally
}

func newCodes() *codes { return &codes{users: map[string]*tally{}} }

// tally is what one user has used up.
type tally struct {
	step   int64 // the highest step used
	shown  bool  // a code was sent that may or may not have been used
	used   int
	failed int // wrong codes since the last right one
}

// margin is how near the end of a step its code may still be sent as the one
// before: the server may read it when the next has begun. The same time after
// its beginning the code of the next is not sent either.
const margin = 3 * time.Second

// next is the lowest step of the user that a server with the window takes, and
// how long until it does.
func (c *codes) next(user string, window int64, now time.Time) (step int64, wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	current := totpStep(now)
	lowest, highest := current-window, current+window
	if window > 0 && totpStart(current+1).Sub(now) < margin {
		lowest++
	}
	if window > 0 && now.Sub(totpStart(current)) < margin {
		highest--
	}
	step = max(lowest, c.of(user).step+1)
	if step <= highest {
		return step, 0
	}
	ready := totpStart(step - window)
	if window > 0 {
		ready = ready.Add(margin)
	}
	return step, ready.Sub(now)
}

// of is the user's tally. The caller holds mu.
func (c *codes) of(user string) *tally {
	if c.users[user] == nil {
		c.users[user] = &tally{}
	}
	return c.users[user]
}

// spend notes that a step was used, rightly or in vain.
func (c *codes) spend(user string, step int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	u := c.of(user)
	u.step, u.shown, u.failed = max(u.step, step), false, 0
	u.used++
}

// show notes that a step's code was sent and the call refused for some other
// reason: the server may have used it or not.
func (c *codes) show(user string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of(user).shown = true
}

// fail notes a wrong proof.
func (c *codes) fail(user string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of(user).failed++
}

// doubtful reports whether a right code of the user may be refused because it
// was used before: by an earlier run, or by a call that was refused.
func (c *codes) doubtful(user string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	u := c.of(user)
	return u.used == 0 || u.shown
}

// skip passes over all steps anyone can have used by now.
func (c *codes) skip(user string, window int64, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	u := c.of(user)
	u.step = max(u.step, totpStep(now)+window)
	u.shown = false
	u.used++
}

func (c *codes) load(user string) (used, failed int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	u := c.of(user)
	return u.used, u.failed
}
