package signing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pecete/pecete/internal/failpoint"
)

// errInterrupted ends jobs that will not be done.
var errInterrupted = errors.New("signing: the job was not done")

// run does a task when it is its turn: whoever moves the job from accepted to
// begun, and nobody else. ctx ends when the server must.
func (j *Jobs) run(ctx context.Context, t *task) {
	defer j.release(t.size)
	mine, done := withEnd(t.request, ctx)
	defer done()
	if ctx.Err() != nil || !j.Now().Before(t.job.Deadline) {
		t.abandon(t.request, errInterrupted)
		j.conclude(t, JobAccepted, Result{}, errInterrupted)
		return
	}
	begun := t.job
	begun.State = JobBegun
	moved, err := j.Store.MoveJob(mine, begun, JobAccepted)
	if err != nil || !moved {
		// Somebody has ended it, or might: it must not be signed.
		t.abandon(t.request, errors.Join(errInterrupted, err))
		j.conclude(t, JobAccepted, Result{}, errInterrupted)
		return
	}
	t.job = begun
	result, err := t.do(mine)
	failpoint.Hit(failpoint.JobSigned)
	j.conclude(t, JobBegun, result, err)
}

// withEnd is the request's context, with its values, that ends with another, which
// holds it until done is called.
func withEnd(request, end context.Context) (_ context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(request)
	stop := context.AfterFunc(end, func() { cancel(context.Cause(end)) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// conclude keeps what came of a task. A store that is away is asked again: what
// was signed is in memory only.
func (j *Jobs) conclude(t *task, from JobState, result Result, came error) {
	log := func(level slog.Level, what string, err error) {
		j.Logger.LogAttrs(t.request, level, "job", slog.String("id", t.job.ID), slog.String("method", string(t.job.Method)),
			slog.String("client", t.job.ClientID), slog.String("user", t.job.UserID), slog.String("state", what), slog.String("cause", causeOf(err)))
	}
	job := t.job
	if err := job.end(j.Seal, result, came, j.Now()); err != nil {
		log(slog.LevelError, "lost", err)
		j.observe(job, EndLost)
		return
	}
	ctx, cancel := context.WithTimeout(t.request, j.keeping())
	defer cancel()
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		moved, err := j.Store.MoveJob(ctx, job, from)
		switch {
		case err == nil && moved:
			level := slog.LevelInfo
			if job.State == JobFailed {
				level = slog.LevelError
			}
			log(level, string(job.State), came)
			j.observe(job, endOf(came))
			j.tell(job)
			return
		case err == nil:
			log(slog.LevelWarn, "ended by another", came)
			return
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			log(slog.LevelError, "lost", errors.Join(came, err))
			j.observe(job, EndLost)
			return
		}
	}
}

func causeOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func (j *Jobs) tell(job Job) {
	if j.Tell != nil && !job.Notice.Due.IsZero() {
		j.Tell()
	}
}

// giveUp ends a job that nobody will do. Whether it was signed is not known, and
// it is never signed again.
func (j *Jobs) giveUp(ctx context.Context, job Job, why string) error {
	from := job.State
	if err := job.end(j.Seal, Result{}, errInterrupted, j.Now()); err != nil {
		return err
	}
	moved, err := j.Store.MoveJob(ctx, job, from)
	if err != nil {
		return fmt.Errorf("end job %s: %w", job.ID, err)
	}
	if moved {
		j.Logger.LogAttrs(ctx, slog.LevelWarn, "job given up", slog.String("id", job.ID), slog.String("was", string(from)), slog.String("cause", why))
		j.observe(job, EndGivenUp)
		j.tell(job)
	}
	return nil
}

// sweep ends jobs of processes that are gone for good and forgets those whose
// time is over, now and then.
func (j *Jobs) sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		if err := j.Sweep(ctx); err != nil && ctx.Err() == nil {
			j.Logger.LogAttrs(ctx, slog.LevelWarn, "jobs are not swept", slog.String("error", err.Error()))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Sweep does so once. Others' jobs have a grace beyond their deadline in which
// their own process would have ended them.
func (j *Jobs) Sweep(ctx context.Context) error {
	const grace = 15 * time.Minute
	now := j.Now()
	left, err := j.Store.OpenJobs(ctx, "", now.Add(-grace))
	if err != nil {
		return err
	}
	for _, job := range left {
		if err := j.giveUp(ctx, job, "its time is over"); err != nil {
			return err
		}
	}
	_, err = j.Store.ForgetJobs(ctx, now)
	return err
}
