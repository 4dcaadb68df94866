package audit

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// A Config says where a log is and who signs its heads.
type Config struct {
	// Path is the file: made if there is none, continued if there is one. It is
	// this process's alone.
	Path string
	// Signer signs heads. It is called on a goroutine of the log's own and may be
	// called while Appends wait, never more than once at a time.
	Signer HeadSigner
	// Keys are those whose signatures on heads are believed, on P-256; the first
	// is the Signer's, the others are those it had before. A file that exists is
	// not opened without them.
	Keys []*ecdsa.PublicKey
	// Keeper keeps the last signed head.
	Keeper Keeper
	// Every is the time between signed heads, 60 s if zero; a log to which
	// nothing was added has none. Records is the number of records after which
	// one is signed early, 1000 if zero.
	Every   time.Duration
	Records int
	// Patience, if set, is asked before a write how long so many records may wait
	// for others to share it with, counted from when the last write began; not at
	// all if nil. It is the write that costs, and not what is in it: where others
	// are known to be about, some patience makes fewer of them.
	Patience func(records int) time.Duration
	// Now is the time of records, time.Now if nil. A clock that goes back makes
	// records of the latest time it showed, until it has caught up.
	Now func() time.Time
	// Logger is told of heads that could not be signed; nil for nobody.
	Logger *slog.Logger
	// Appended, if set, is told of every Append and how it ended, Synced of
	// every write to the disk and how many records it was of. They are called
	// in the middle of things, by many at once, and must not wait.
	Appended func(e Entry, took time.Duration, err error)
	Synced   func(records int, took time.Duration, err error)
}

// ErrClosed says that the log was closed.
var ErrClosed = errors.New("audit: log is closed")

// An UnavailableError says that a record was not kept, and that none will be
// before the disk works again.
type UnavailableError struct{ Cause error }

func (e *UnavailableError) Error() string { return "audit: log unavailable: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *UnavailableError) Unwrap() error { return e.Cause }

// Unavailable marks the error as one that passes.
func (e *UnavailableError) Unavailable() bool { return true }

// A Log is one process's audit log. It is safe for concurrent use.
type Log struct {
	cfg  Config
	file *os.File
	id   string

	mu      sync.Mutex
	queue   []*waiting
	closing bool  // no Append is taken any more
	failed  error // why nothing is written now
	tail    tail
	heads   heads

	end   end         // the writer's alone, as begun, text, mend and pause are
	begun time.Time   // the last write
	text  []byte      // memory for the next
	mend  *time.Timer // rings when the file is to be mended; set while failed is
	pause time.Duration

	wake    chan struct{} // there is something in the queue; closed when there never will be again
	written chan struct{} // closed when the writer has ended
	due     chan struct{} // enough records for a head
	stop    context.CancelFunc
	stopped chan struct{} // closed when nobody asks for heads any more
	signer  chan struct{} // held while Signer is called
	closed  chan struct{} // closed when the file is
}

// A tail is the last record on the disk, and the latest time of all.
type tail struct {
	seq  uint64
	hash sum
	time time.Time
}

// Open continues the log in a file, or begins one. It reads the whole file
// first and refuses it, with a *Fault in the error's chain, if it is not what
// was written or has not the head that was kept; only a last line that a crash
// left without its end is cut off, and told of in the audit.opened record.
// A file that another process writes to is refused too. What it reads is on the
// disk and not only in memory.
func Open(ctx context.Context, cfg Config) (*Log, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	file, err := openFile(cfg.Path)
	if err != nil {
		return nil, fmt.Errorf("audit: open log: %w", err)
	}
	l := &Log{
		cfg: cfg, file: file, wake: make(chan struct{}, 1), written: make(chan struct{}), due: make(chan struct{}, 1),
		stopped: make(chan struct{}), signer: make(chan struct{}, 1), closed: make(chan struct{}),
		mend: time.NewTimer(0),
	}
	l.mend.Stop()
	reason, err := l.resume(ctx)
	if err == nil {
		go l.write()
		if err = l.note(Entry{Event: LogOpened, Reason: reason}); err != nil {
			close(l.wake)
			<-l.written
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("audit: open %s: %w", cfg.Path, err), file.Close())
	}
	ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	go l.signHeads(ctx)
	return l, nil
}

// complete fills in what may be left out and refuses what may not.
func (c *Config) complete() error {
	if c.Path == "" || c.Signer == nil || c.Keeper == nil {
		return errors.New("audit: a log needs a path, a signer and a keeper")
	}
	if c.Every == 0 {
		c.Every = time.Minute
	}
	if c.Records == 0 {
		c.Records = 1000
	}
	if c.Every < 0 || c.Records < 0 || c.Records > window/2 {
		return fmt.Errorf("audit: a head every %v or %d records", c.Every, c.Records)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if len(c.Keys) == 0 {
		return nil // resume asks for them
	}
	return checkKeys(c.Keys)
}

// ID is the id of the log, under which its heads are kept.
func (l *Log) ID() string { return l.id }

// Append writes e and returns when it is on the disk. If it returns an error
// the deed that e tells of must not be done. The record may be in the log all
// the same: when the error is that of ctx, which ended while the record was
// being written, and when the process ends before the file was mended after a
// failure of the disk. An error of ErrEntry is a mistake in e; any other but
// that of ctx is an UnavailableError.
func (l *Log) Append(ctx context.Context, e Entry) (err error) {
	defer l.cfg.appended(e, time.Now(), &err)
	e = e.clean()
	if e.Request == "" {
		e.Request = requestOf(ctx)
	}
	if err := e.check(); err != nil {
		return err
	}
	text, err := encode(e)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrEntry, e.Event, err)
	}
	if len(text) > maxLine-512 {
		return fmt.Errorf("%w: %s of %d bytes", ErrEntry, e.Event, len(text))
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("audit: append %s: %w", e.Event, err)
	}
	w := &waiting{entry: text, done: make(chan error, 1)}
	if err := l.enqueue(w, false); err != nil {
		return err
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("audit: append %s: %w", e.Event, ctx.Err())
	}
}

// Able says whether the log took a record now: an UnavailableError while the disk
// fails and after Close. Whoever has to spend something before his record asks
// first; to be told yes is no promise.
func (l *Log) Able() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil && l.closing {
		return &UnavailableError{ErrClosed}
	}
	return l.failed
}

// Close waits for the Appends under way, writes audit.closed and a last signed
// head, and lets go of the file. It does so also when ctx ends before the head
// is signed and kept, which is then the error.
func (l *Log) Close(ctx context.Context) error {
	l.mu.Lock()
	again := l.closing
	l.closing = true
	l.mu.Unlock()
	if again {
		<-l.closed
		return nil
	}
	defer close(l.closed)
	l.stop()
	<-l.stopped
	err := l.note(Entry{Event: LogClosed})
	if err == nil {
		err = l.signHead(ctx)
	}
	close(l.wake)
	<-l.written
	return errors.Join(err, l.file.Close())
}

// Ready says whether records can be kept, and whether heads are signed and kept
// as often as they should be: an UnavailableError while the disk fails, and when
// the oldest record that no kept head covers is older than three times
// Config.Every. Appends go on in the latter case.
func (l *Log) Ready(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.failed != nil:
		return l.failed
	case l.closing:
		return &UnavailableError{ErrClosed}
	case !l.heads.since.IsZero() && l.cfg.Now().Sub(l.heads.since) > 3*l.cfg.Every:
		cause := l.heads.failed
		if cause == nil {
			cause = errors.New("no answer yet")
		}
		return &UnavailableError{fmt.Errorf("no head signed and kept since %s: %w", l.heads.since.Format(time.RFC3339), cause)}
	}
	return nil
}

// note writes an entry of our own.
func (l *Log) note(e Entry) error {
	text, err := encode(e)
	if err != nil {
		return err
	}
	return l.put(&waiting{entry: text, done: make(chan error, 1)})
}
