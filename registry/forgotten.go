package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/enrolment"
)

// EndedEnrolments returns those that were over before a moment and are not
// forgotten, those first that are over longest. Whoever is to be told of an end is
// told first.
func (r *Registry) EndedEnrolments(ctx context.Context, before time.Time, most int) ([]enrolment.Enrolment, error) {
	at := micros(before)
	return r.enrolmentRows(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where(remembered).Where("changed < ? AND due = 0", at).
			Where("(state IN (?, ?) OR state IN (?, ?) AND pair_until < ? AND active_until < ?)",
				string(enrolment.Issued), string(enrolment.Cancelled), string(enrolment.Invited), string(enrolment.Paired), at, at).
			Order("changed", "id").Limit(int64(most))
	})
}

// ForgetEnrolment takes out of the enrolment that has e's Revision all that is of
// the person, and what he was asked for by; enrolment.ErrChanged if nothing has it
// any more. What stays is who invited whom, and what came of it.
func (r *Registry) ForgetEnrolment(ctx context.Context, e enrolment.Enrolment) error {
	if !plain(e.ID) {
		return enrolment.ErrChanged
	}
	rows, err := r.write.count(ctx, `UPDATE enrolments SET identity = ?, request = '', progress = '{}', notice_uri = '', due = 0, tries = 0,
		state = CASE WHEN state = ? THEN state ELSE ? END, revision = revision + 1 WHERE id = ? AND revision = ?`,
		enrolment.NoIdentity, string(enrolment.Issued), string(enrolment.Cancelled), e.ID, e.Revision)
	if err == nil && rows == 0 {
		return enrolment.ErrChanged
	}
	return doing("forget enrolment", err)
}

// remembered is the condition of an enrolment that was not forgotten.
const remembered = `e.identity <> '` + enrolment.NoIdentity + `'`

// onlyInvited is the condition of a user u who came by an invitation, had nothing
// then, got no certificate, and is nothing else: all that is known of his
// enrolments is forgotten. Who is disabled stays, and stays barred.
const onlyInvited = `u.organization = '' AND NOT u.disabled
	AND EXISTS (SELECT 1 FROM enrolments e WHERE e.user_id = u.id AND NOT e.replaces)
	AND NOT EXISTS (SELECT 1 FROM enrolments e WHERE e.user_id = u.id AND (e.state = 'issued' OR ` + remembered + `))
	AND NOT EXISTS (SELECT 1 FROM credentials o WHERE o.user_id = u.id)
	AND NOT EXISTS (SELECT 1 FROM issuances o WHERE o.user_id = u.id)
	AND NOT EXISTS (SELECT 1 FROM links o WHERE o.user_id = u.id)
	AND NOT EXISTS (SELECT 1 FROM accounts o WHERE o.user_id = u.id)
	AND NOT EXISTS (SELECT 1 FROM permissions o WHERE o.user_id = u.id)
	AND NOT EXISTS (SELECT 1 FROM documents o WHERE o.user_id = u.id)
	AND NOT EXISTS (SELECT 1 FROM receipts o WHERE o.user_id = u.id)`

// OnlyInvited returns users who never were more than invited, at most so many.
func (r *Registry) OnlyInvited(ctx context.Context, most int) (ids []string, err error) {
	err = r.read.do(ctx, func(ctx context.Context, db *bun.DB) error {
		return db.NewSelect().Model((*userRow)(nil)).Column("u.id").Where(onlyInvited).Order("u.created", "u.id").Limit(int64(most)).Scan(ctx, &ids)
	})
	return ids, doing("look for who was only invited", err)
}

// RemoveOnlyInvited removes a user with his enrolments, if he still never was more
// than invited.
func (r *Registry) RemoveOnlyInvited(ctx context.Context, userID string) error {
	if !plain(userID) {
		return nil
	}
	err := r.write.do(ctx, func(ctx context.Context, db *bun.DB) error {
		return db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			if err := r.lockUser(ctx, tx, userID); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, `DELETE FROM users AS u WHERE u.id = ? AND `+onlyInvited, userID)
			return err
		})
	})
	return doing("remove user", err)
}

// lockUser keeps others from referring to a user until the end of a transaction, as
// one of SQLite does anyway.
func (r *Registry) lockUser(ctx context.Context, tx bun.Tx, userID string) error {
	if !r.postgres() {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `SELECT id FROM users WHERE id = ? FOR UPDATE`, userID); err != nil {
		return fmt.Errorf("lock user: %w", err)
	}
	return nil
}
