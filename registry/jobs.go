package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/signing"
)

var _ signing.JobStore = (*Registry)(nil)

// A jobRow is a signing.Job in the table. 0 stands for a moment that is not
// there.
type jobRow struct {
	bun.BaseModel `bun:"table:jobs,alias:j"`

	ID          string `bun:"id,pk"`
	Owner       string `bun:"owner"`
	Method      string `bun:"method"`
	ClientID    string `bun:"client_id"`
	UserID      string `bun:"user_id"`
	State       string `bun:"state"`
	Accepted    int64  `bun:"accepted"`
	Deadline    int64  `bun:"deadline"`
	Validity    int64  `bun:"validity"`
	Until       int64  `bun:"until"`
	Result      []byte `bun:"result"`
	ResponseURI string `bun:"response_uri"`
	Name        []byte `bun:"name"`
	Due         int64  `bun:"due"`
	Tries       int64  `bun:"tries"`
}

func orZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return micros(t)
}

func zeroOr(at int64) time.Time {
	if at == 0 {
		return time.Time{}
	}
	return moment(at)
}

func rowOfJob(j signing.Job) (*jobRow, error) {
	if !plain(j.ID, j.Owner, string(j.Method), j.ClientID, j.UserID, string(j.State), j.Notice.URI) {
		return nil, errText
	}
	return &jobRow{
		ID: j.ID, Owner: j.Owner, Method: string(j.Method), ClientID: j.ClientID, UserID: j.UserID, State: string(j.State),
		Accepted: micros(j.Accepted), Deadline: micros(j.Deadline), Validity: j.Validity.Microseconds(), Until: orZero(j.Until), Result: j.Result,
		ResponseURI: j.Notice.URI, Name: j.Notice.Name, Due: orZero(j.Notice.Due), Tries: int64(j.Notice.Tries),
	}, nil
}

func (r jobRow) job() signing.Job {
	return signing.Job{
		ID: r.ID, Owner: r.Owner, Method: csc.Method(r.Method), ClientID: r.ClientID, UserID: r.UserID, State: signing.JobState(r.State),
		Accepted: moment(r.Accepted), Deadline: moment(r.Deadline), Validity: time.Duration(r.Validity) * time.Microsecond, Until: zeroOr(r.Until), Result: r.Result,
		Notice: signing.Notice{URI: r.ResponseURI, Name: r.Name, Due: zeroOr(r.Due), Tries: int(r.Tries)},
	}
}

// AddJob keeps a new job.
func (r *Registry) AddJob(ctx context.Context, j signing.Job) error {
	row, err := rowOfJob(j)
	if err != nil {
		return fmt.Errorf("add job: %w", err)
	}
	return doing("add job", r.write.insert(ctx, row))
}

// Job returns the job id; signing.ErrUnknownJob if there is none.
func (r *Registry) Job(ctx context.Context, id string) (signing.Job, error) {
	if !plain(id) {
		return signing.Job{}, signing.ErrUnknownJob
	}
	row, err := one[jobRow](ctx, r.read, "job", signing.ErrUnknownJob, where("id = ?", id))
	if err != nil {
		return signing.Job{}, err
	}
	return row.job(), nil
}

// MoveJob replaces the state of a job, with what comes with it, if it still is
// from.
func (r *Registry) MoveJob(ctx context.Context, j signing.Job, from signing.JobState) (bool, error) {
	if !plain(j.ID, string(j.State)) {
		return false, nil
	}
	rows, err := r.write.count(ctx,
		`UPDATE jobs SET state = ?, result = ?, until = ?, due = ? WHERE id = ? AND state = ?`,
		string(j.State), j.Result, orZero(j.Until), orZero(j.Notice.Due), j.ID, string(from))
	return rows == 1, doing("move job", err)
}

// RemoveJob forgets the job id, if there is one.
func (r *Registry) RemoveJob(ctx context.Context, id string) error {
	if !plain(id) {
		return nil
	}
	_, err := r.write.count(ctx, `DELETE FROM jobs WHERE id = ?`, id)
	return doing("remove job", err)
}

// OpenJobs returns the jobs of an owner that have not ended, or if that is ""
// those of all whose deadline is before a moment.
func (r *Registry) OpenJobs(ctx context.Context, owner string, before time.Time) ([]signing.Job, error) {
	return r.jobs(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		q = q.Where("until = 0")
		if owner != "" {
			return q.Where("owner = ?", owner)
		}
		return q.Where("deadline < ?", micros(before))
	})
}

// DueNotices returns the jobs that somebody is to be told of by now, those first
// that are due longest.
func (r *Registry) DueNotices(ctx context.Context, now time.Time, most int) ([]signing.Job, error) {
	return r.jobs(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("due > 0").Where("due <= ?", micros(now)).Order("due").Limit(int64(most))
	})
}

// jobs returns the jobs that a query finds, without their results.
func (r *Registry) jobs(ctx context.Context, which which) ([]signing.Job, error) {
	return some(ctx, r.read, "jobs", func(q *bun.SelectQuery) *bun.SelectQuery { return which(q.ExcludeColumn("result")) }, sure(jobRow.job))
}

// SwapNotice replaces when somebody is told of the job, if that still is old, and
// how often it was tried; of any number of swaps from the same old one wins.
func (r *Registry) SwapNotice(ctx context.Context, id string, old, due time.Time, tries int) (bool, error) {
	if !plain(id) {
		return false, nil
	}
	rows, err := r.write.count(ctx,
		`UPDATE jobs SET due = ?, tries = ? WHERE id = ? AND due = ?`, orZero(due), tries, id, orZero(old))
	return rows == 1, doing("swap notice", err)
}

// ForgetJobs removes the jobs whose time ended before a moment, and says how
// many those were.
func (r *Registry) ForgetJobs(ctx context.Context, before time.Time) (int, error) {
	rows, err := r.write.count(ctx, `DELETE FROM jobs WHERE until > 0 AND until < ?`, micros(before))
	return int(rows), doing("forget jobs", err)
}
