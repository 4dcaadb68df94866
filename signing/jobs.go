package signing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/failpoint"
)

// Jobs does what nobody waits for, a few requests at a time and so many waiting.
// Its fields are set before Start.
type Jobs struct {
	Store JobStore
	Seal  *Seal
	// Owner names this process, and nobody else at the same time: jobs that an
	// earlier process of that name left open are ended by Start.
	Owner string
	// Recipient says whether a client may have its jobs' ends told to a URI.
	Recipient func(ctx context.Context, clientID, uri string) (bool, error)
	// Tell, if set, is called when there is somebody to be told.
	Tell func()
	// Observe, if set, is told how each job ended, and how long after it was taken.
	Observe func(end JobEnd, took time.Duration)
	Now     func() time.Time
	Logger  *slog.Logger
	Workers int // requests that are signed at a time; 2 if zero
	Waiting int // requests that may wait; 256 if zero
	// Bytes bounds what all that wait and are signed take together; 128 MiB if
	// zero.
	Bytes int64
	// Patience is how long a job may wait for its turn; 10 minutes if zero.
	Patience time.Duration
	// Keeping is how long it is tried to keep what came of a job; a minute if zero.
	Keeping time.Duration
	// MaxValidity bounds how long a result is kept, an hour if nothing is asked
	// for; 24 hours if zero.
	MaxValidity time.Duration

	mu     sync.Mutex
	closed bool
	taken  int   // places
	held   int64 // bytes
	queue  chan *task
	stop   context.CancelFunc
	ended  sync.WaitGroup
}

// A task is a job with what is to be done for it.
type task struct {
	job     Job
	size    int64
	digests int
	request context.Context // has the request's id, and no end
	do      func(ctx context.Context) (Result, error)
	abandon func(ctx context.Context, err error) // it is not to be done
}

const (
	minValidity     = time.Second
	defaultValidity = time.Hour
	sweepEvery      = 30 * time.Second
)

func (j *Jobs) workers() int               { return cmp.Or(j.Workers, 2) }
func (j *Jobs) waiting() int               { return cmp.Or(j.Waiting, 256) }
func (j *Jobs) bytes() int64               { return cmp.Or(j.Bytes, 128<<20) }
func (j *Jobs) patience() time.Duration    { return cmp.Or(j.Patience, 10*time.Minute) }
func (j *Jobs) keeping() time.Duration     { return cmp.Or(j.Keeping, time.Minute) }
func (j *Jobs) maxValidity() time.Duration { return cmp.Or(j.MaxValidity, 24*time.Hour) }

// Start ends the jobs that an earlier process left open, and begins to work.
func (j *Jobs) Start(ctx context.Context) error {
	left, err := j.Store.OpenJobs(ctx, j.Owner, time.Time{})
	if err != nil {
		return fmt.Errorf("look for jobs left open: %w", err)
	}
	for _, job := range left {
		if err := j.giveUp(ctx, job, "the process that had it has ended"); err != nil {
			return err
		}
	}
	j.queue = make(chan *task, j.workers()+j.waiting())
	ctx, j.stop = context.WithCancel(context.WithoutCancel(ctx))
	for range j.workers() {
		j.ended.Go(func() {
			for t := range j.queue {
				j.run(ctx, t)
			}
		})
	}
	j.ended.Go(func() { j.sweep(ctx) })
	return nil
}

// Close takes no more jobs, does those that wait until ctx ends, and ends the
// others as failed.
func (j *Jobs) Close(ctx context.Context) error {
	j.mu.Lock()
	again := j.closed
	j.closed = true
	j.mu.Unlock()
	if again || j.queue == nil {
		return nil
	}
	close(j.queue) // whoever has a place puts his task in before it is closed
	done := make(chan struct{})
	go func() {
		defer close(done)
		for j.busy() && ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		j.stop()
		j.ended.Wait()
	}()
	<-done
	return ctx.Err()
}

// busy reports whether there is anything to be done.
func (j *Jobs) busy() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.taken > 0
}

// JobStats is how jobs stand: how many are in memory and how many there may be,
// and the same of the bytes that they take.
type JobStats struct {
	Taken, Places int
	Held, Bytes   int64
}

// Stats says how they stand.
func (j *Jobs) Stats() JobStats {
	j.mu.Lock()
	defer j.mu.Unlock()
	return JobStats{Taken: j.taken, Places: j.workers() + j.waiting(), Held: j.held, Bytes: j.bytes()}
}

// A fullError says that no more jobs are taken now.
type fullError struct{}

func (fullError) Error() string { return "signing: too many jobs wait" }

// Unavailable marks the error as one that passes.
func (fullError) Unavailable() bool { return true }

// reserve takes a place for a job of so many bytes. With it goes the right to
// enqueue, until release.
func (j *Jobs) reserve(size int64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed || j.queue == nil || j.taken >= j.workers()+j.waiting() || j.held > 0 && j.held+size > j.bytes() {
		return fullError{}
	}
	j.taken++
	j.held += size
	return nil
}

func (j *Jobs) release(size int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.taken--
	j.held -= size
}

// enqueue hands over a task that has a place. After Close it is too late.
func (j *Jobs) enqueue(t *task) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return false
	}
	j.queue <- t // there is room for all who have a place
	return true
}

// draft is the job that a request becomes, with its name, if what the request
// says of it can be.
func (j *Jobs) draft(ctx context.Context, b *batch, op csc.Operation) (job Job, responseID string, err error) {
	validity := defaultValidity
	if op.ValidityPeriod != 0 {
		validity = time.Duration(min(op.ValidityPeriod, 1<<40)) * time.Millisecond
	}
	if validity < minValidity || validity > j.maxValidity() {
		return Job{}, "", csc.Refused("Out of bounds parameter validity_period", nil)
	}
	if op.ResponseURI != "" {
		may, err := j.Recipient(ctx, b.who.ClientID, op.ResponseURI)
		if err != nil {
			return Job{}, "", err
		}
		if !may {
			return Job{}, "", csc.Invalid("response_uri")
		}
	}
	now := j.Now()
	job = Job{
		Owner: j.Owner, Method: b.method, ClientID: b.who.ClientID, UserID: b.credential.UserID,
		State: JobAccepted, Accepted: now, Deadline: now.Add(j.patience()), Validity: validity, Notice: Notice{URI: op.ResponseURI},
	}
	responseID, job.ID = newResponseID()
	if op.ResponseURI != "" {
		job.Notice.Name = j.Seal.close(job.aad("name"), []byte(responseID))
	}
	return job, responseID, nil
}

// accept takes a request in mode A: it is spent and recorded, and will be done
// once, or never.
func (s Signer) accept(ctx context.Context, b *batch, op csc.Operation) (responseID string, err error) {
	if s.Jobs == nil {
		return "", csc.Invalid("operationMode")
	}
	job, responseID, err := s.Jobs.draft(ctx, b, op)
	if err != nil {
		return "", err
	}
	if err := s.Audit.Able(); err != nil {
		return "", err
	}
	if err := s.Jobs.reserve(b.size); err != nil {
		return "", busyError{err}
	}
	t := &task{job: job, size: b.size, digests: len(b.items), request: context.WithoutCancel(ctx)}
	if err := s.admit(ctx, b, t); err != nil {
		s.Jobs.release(b.size)
		return "", err
	}
	return responseID, nil
}

// admit keeps the job, spends the grant and records the intent, in this order,
// and hands the task over. The job is forgotten if it comes to nothing.
func (s Signer) admit(ctx context.Context, b *batch, t *task) error {
	if err := s.Jobs.Store.AddJob(ctx, t.job); err != nil {
		return err
	}
	failpoint.Hit(failpoint.JobKept)
	record, err := s.spend(ctx, b)
	if err == nil {
		soon, cancel := context.WithTimeout(t.request, s.patience(1))
		defer cancel()
		err = s.intend(soon, record)
	}
	if err != nil {
		return errors.Join(err, s.Jobs.forget(t))
	}
	t.do = func(ctx context.Context) (Result, error) { return s.doJob(ctx, b, record) }
	t.abandon = func(ctx context.Context, err error) { s.observe(len(b.items), s.failed(ctx, record, err)) }
	if !s.Jobs.enqueue(t) {
		return errors.Join(s.failed(t.request, record, fullError{}), s.Jobs.forget(t))
	}
	failpoint.Hit(failpoint.JobAccepted)
	return nil
}

// forget removes a job that nobody knows of. If it cannot, the job is ended by
// and by.
func (j *Jobs) forget(t *task) error {
	ctx, cancel := context.WithTimeout(t.request, 5*time.Second)
	defer cancel()
	if err := j.Store.RemoveJob(ctx, t.job.ID); err != nil {
		j.Logger.LogAttrs(ctx, slog.LevelWarn, "a job that came to nothing is kept", slog.String("error", err.Error()))
	}
	return nil
}

// doJob is what follows the intent, when it is the job's turn.
func (s Signer) doJob(ctx context.Context, b *batch, record audit.Entry) (Result, error) {
	room, cancel := context.WithTimeout(ctx, s.Jobs.patience())
	defer cancel()
	done, err := s.room(room, len(b.items))
	if err != nil {
		err = s.failed(ctx, record, err)
		s.observe(len(b.items), err)
		return Result{}, err
	}
	defer done()
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.patience(len(b.items)))
	defer cancel()
	result, err := s.sign(within, b, record)
	s.observe(len(b.items), err)
	return result, err
}

// room waits until the device has room for n signatures.
func (s Signer) room(ctx context.Context, n int) (release func(), err error) {
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 250*time.Millisecond) {
		if release, err = s.Keys.Admit(n); err == nil {
			return release, nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, busyError{err}
		}
	}
}
