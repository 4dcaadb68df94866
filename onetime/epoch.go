package onetime

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// A run is one life of a Redis server, from its start to its end. What a run
// did last may be missing from the files or the replica that the next one
// starts from: a record that was taken would be there again. So a record counts
// only in the run it was written in.
type run struct {
	id    string    // run_id of INFO: 40 hexadecimal digits, new at every start
	since time.Time // by our clock, when this process first saw it
}

// An epoch knows the run that Redis is in. It asks on every new connection,
// which is enough: a connection ends with the server at its other end.
//
// Why the order of reading it matters, everywhere in redis.go:
//
// Before a write. A record is stamped with a run seen before it is sent. If
// Redis ends and starts in between, the record lands in the new run with the
// stamp of the old one and counts nowhere: somebody must try again. A stamp
// could not come from a later run than the one it lands in.
//
// After a read. The record is compared with the run seen after it has come. The
// connection that brought it asked for its server's run before it was used, so
// by then the epoch knows that run or a later one. A run seen before the read
// could be the old one, and an old record that came back from the files would
// match it.
type epoch struct {
	now  func() time.Time
	seen atomic.Pointer[run]
	// turn is held from before the question until its answer is noted. Two
	// connections made around a restart would else note their answers in the
	// wrong order, and the old run would stand.
	turn chan struct{}
}

func newEpoch(now func() time.Time) *epoch {
	e := &epoch{now: now, turn: make(chan struct{}, 1)}
	e.seen.Store(&run{})
	return e
}

var errNoRunID = errors.New("INFO server tells no run_id")

// ask notes the run of the server behind a new connection.
func (e *epoch) ask(ctx context.Context, conn *redis.Conn) error {
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	info, err := conn.Info(ctx, "server").Result()
	if err != nil {
		return err
	}
	id := field(info, "run_id")
	if id == "" {
		return errNoRunID
	}
	if e.seen.Load().id != id {
		e.seen.Store(&run{id: id, since: e.now()})
	}
	return nil
}

// A stamped record is the run's id, a separator that no id contains, and the
// value.
const separator = ' '

// stamp returns the record to write for value, and the run it is stamped with.
func (e *epoch) stamp(value []byte) (record []byte, in *run) {
	in = e.seen.Load()
	record = make([]byte, 0, len(in.id)+1+len(value))
	record = append(record, in.id...)
	record = append(record, separator)
	return append(record, value...), in
}

// open returns the value of a record that was read, and whether it counts.
func (e *epoch) open(record []byte) (value []byte, counts bool) {
	id, value, found := bytes.Cut(record, []byte{separator})
	return value, found && string(id) == e.seen.Load().id
}

// field finds a line "name:value" of INFO.
func field(info, name string) string {
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
