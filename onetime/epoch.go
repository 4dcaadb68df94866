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

// A run is one reign of a Redis server: from its start, or from its promotion
// to master, to its end or demotion. What a run did last may be missing from the
// files or the replica that the next one starts from: a record that was taken
// would be there again. So a record counts only in the run it was written in.
type run struct {
	// id is run_id of INFO, new at every start, and master_replid, new at every
	// promotion, 40 hexadecimal digits each.
	id    string
	since time.Time // by our clock, when this process first saw it
}

// An epoch knows the run that Redis was last seen in.
//
// What it knows is only what a record is stamped with. Whether a record counts
// is never judged by it: every verb asks the server for its run in the same
// transaction, or under the same WATCH, as it reads or writes the record, and a
// record counts if its stamp is that run. A stamp of another run, seen too
// early or too late, makes a record that counts nowhere, and somebody must try
// again.
type epoch struct {
	now     func() time.Time
	seen    atomic.Pointer[run]
	changes atomic.Uint64 // of the run
}

func newEpoch(now func() time.Time) *epoch {
	e := &epoch{now: now}
	e.seen.Store(&run{})
	return e
}

var (
	errNoRun   = errors.New("INFO tells no run_id and master_replid")
	errReplica = errors.New("the server is not a master")
)

// A question asks a server for its run, among other commands.
type question struct{ server, replication *redis.StringCmd }

func ask(ctx context.Context, p redis.Cmdable) question {
	return question{server: p.Info(ctx, "server"), replication: p.Info(ctx, "replication")}
}

// answer is the run the server is in, and no run if it is a replica: what a
// replica has is what some master had a while ago.
func (e *epoch) answer(q question) (id string, err error) {
	server, err := q.server.Result()
	if err != nil {
		return "", err
	}
	replication, err := q.replication.Result()
	if err != nil {
		return "", err
	}
	if field(replication, "role") != "master" {
		return "", errReplica
	}
	start, reign := field(server, "run_id"), field(replication, "master_replid")
	if start == "" || reign == "" {
		return "", errNoRun
	}
	id = start + reign
	if old := e.seen.Load(); old.id != id && e.seen.CompareAndSwap(old, &run{id: id, since: e.now()}) && old.id != "" {
		e.changes.Add(1)
	}
	return id, nil
}

// greet notes the run of the server behind a new connection.
func (e *epoch) greet(ctx context.Context, conn *redis.Conn) error {
	_, err := e.answer(ask(ctx, conn))
	return err
}

// A stamped record is the run's id, a separator that no id contains, and the
// value.
const separator = ' '

// stamp returns the record to write for value in a run.
func stamp(value []byte, run string) []byte {
	record := make([]byte, 0, len(run)+1+len(value))
	record = append(record, run...)
	record = append(record, separator)
	return append(record, value...)
}

// open returns the value of a record that was read in a run, and whether it
// counts there.
func open(record []byte, run string) (value []byte, counts bool) {
	id, value, found := bytes.Cut(record, []byte{separator})
	return value, found && string(id) == run
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
