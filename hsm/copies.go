package hsm

import (
	"container/list"
	"sync"
	"time"
)

const (
	// hot is how many signatures of an epoch a key must have made to be copied.
	hot = 2
	// copyLife is how long a copy signs without its original. Then the original
	// signs once: a key that another process has destroyed signs no longer than
	// that, and the cost is nothing.
	copyLife = 10 * time.Second
	// rotation is how many times as many signatures as there are copies must have
	// been made without one of them before it gives way to another key's. With
	// more keys in use than copies, those that are there then stay, instead of
	// all being made and destroyed in turns.
	rotation = 8
)

// A duplicate is a copy of a private key that lives in a session: a device that
// keeps keys encrypted in files, or far away, need not read it again for each
// signature. It belongs to the standing session, and so is gone with the epoch.
type duplicate struct {
	key    objectKey
	object object    // its handle and epoch
	users  int       // signatures that are being made with it
	used   uint64    // number of the last signature with it
	proven time.Time // when the original last signed
	ended  bool      // nobody begins with it any more
}

// copies are the duplicates of an epoch, the one used last in front.
type copies struct {
	limit  int        // how many there may be, 0 for none
	making sync.Mutex // has the standing session, the only one that makes them

	mu     sync.Mutex
	idle   sync.Cond // a duplicate that has ended lost its last user
	life   time.Duration
	epoch  epoch
	of     map[objectKey]*list.Element // of *duplicate
	recent list.List
	signed uint64       // signatures asked for, with copies or not
	ended  []*duplicate // without users, to be destroyed
}

func (c *copies) open(limit int) {
	c.limit, c.life, c.of = limit, copyLife, map[objectKey]*list.Element{}
	c.idle.L = &c.mu
}

// borrow gives the copy of k if it may be used; giveBack ends that.
func (c *copies) borrow(k objectKey, now epoch) *duplicate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch != now { // with their session
		c.epoch, c.ended = now, nil
		clear(c.of)
		c.recent.Init()
	}
	c.signed++
	e := c.of[k]
	if e == nil {
		return nil
	}
	d := e.Value.(*duplicate)
	if time.Since(d.proven) >= c.life {
		return nil
	}
	d.users++
	d.used = c.signed
	c.recent.MoveToFront(e)
	return d
}

func (c *copies) giveBack(d *duplicate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d.users--; d.users == 0 && d.ended {
		c.ended = append(c.ended, d)
		c.idle.Broadcast()
	}
}

// prove says that the original of k has just signed, and whether k has a copy.
func (c *copies) prove(k objectKey) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.of[k]
	if e != nil {
		e.Value.(*duplicate).proven = time.Now()
	}
	return e != nil
}

// has reports whether k has a copy.
func (c *copies) has(k objectKey) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of[k] != nil
}

// add keeps the copy of a key that has none.
func (c *copies) add(k objectKey, made object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := &duplicate{key: k, object: made, used: c.signed, proven: time.Now()}
	c.of[k] = c.recent.PushFront(d)
}

// room reports whether there may be one more, and ends the one that was used
// longest ago if that is long enough.
func (c *copies) room() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.recent.Len() < c.limit {
		return true
	}
	last := c.recent.Back().Value.(*duplicate)
	if c.signed-last.used < uint64(rotation*c.limit) {
		return false
	}
	c.end(last.key)
	return true
}

// drop ends the copy of k, if there is one: whoever signs with it may finish.
func (c *copies) drop(k objectKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end(k)
}

func (c *copies) end(k objectKey) *duplicate {
	e := c.of[k]
	if e == nil {
		return nil
	}
	d := e.Value.(*duplicate)
	delete(c.of, k)
	c.recent.Remove(e)
	d.ended = true
	if d.users == 0 {
		c.ended = append(c.ended, d)
	}
	return d
}

// retire is drop for a key that is to be destroyed: it waits for whoever still
// signs with the copy, so that nothing is taken from under a running call.
func (c *copies) retire(k objectKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for d := c.end(k); d != nil && d.users > 0; {
		c.idle.Wait()
	}
}

// over gives what is to be destroyed, once.
func (c *copies) over() []*duplicate {
	c.mu.Lock()
	defer c.mu.Unlock()
	ended := c.ended
	c.ended = nil
	return ended
}
