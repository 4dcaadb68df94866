package registry

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/enrolment"
)

// EnrolmentsBy returns those of an inviter, oldest first and at most so many: from
// the first on, or after another of his, which is named by its Place, wherever it is
// now, or by its ID, as long as something is left of it; else enrolment.ErrUnknown.
func (r *Registry) EnrolmentsBy(ctx context.Context, inviter, after string, most int) ([]enrolment.Enrolment, error) {
	if !plain(inviter, after) {
		return nil, enrolment.ErrUnknown
	}
	created, id, placed := enrolment.PlaceOf(after)
	if after != "" && !placed {
		var err error
		if created, err = r.invited(ctx, inviter, after); err != nil {
			return nil, err
		}
		id = after
	}
	return r.enrolmentRows(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		if after != "" {
			q = q.Where("(created, id) > (?, ?)", micros(created), id)
		}
		return q.Where(remembered).Where("inviter = ?", inviter).Order("created", "id").Limit(int64(most))
	})
}

// invited is when an inviter invited, also if that was forgotten.
func (r *Registry) invited(ctx context.Context, inviter, id string) (time.Time, error) {
	var created int64
	err := r.read.row(ctx, `SELECT created FROM enrolments WHERE id = ? AND inviter = ?`, []any{id, inviter}, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, enrolment.ErrUnknown
	}
	return moment(created), doing("find enrolment", err)
}

// DueEnrolments returns those that their inviters are to be told of by now, those
// first that are due longest.
func (r *Registry) DueEnrolments(ctx context.Context, now time.Time, most int) ([]enrolment.Enrolment, error) {
	return r.enrolmentRows(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("due > 0").Where("due <= ?", micros(now)).Order("due").Limit(int64(most))
	})
}

// SwapEnrolmentNotice replaces when an inviter is told, if that still is old, and
// how often it was tried; of any number of swaps from the same old one wins.
func (r *Registry) SwapEnrolmentNotice(ctx context.Context, id string, old, due time.Time, tries int) (bool, error) {
	if !plain(id) {
		return false, nil
	}
	rows, err := r.write.count(ctx, `UPDATE enrolments SET due = ?, tries = ?, revision = revision + 1 WHERE id = ? AND due = ?`,
		orZero(due), tries, id, orZero(old))
	return rows == 1, doing("swap notice", err)
}
