package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/users"
)

var _ enrolment.Store = (*Registry)(nil)

// An enrolmentRow is an enrolment.Enrolment in the table.
type enrolmentRow struct {
	bun.BaseModel `bun:"table:enrolments,alias:e"`

	ID           string `bun:"id,pk"`
	UserID       string `bun:"user_id"`
	Identity     string `bun:"identity"`
	Inviter      string `bun:"inviter"`
	Request      string `bun:"request"`
	State        string `bun:"state"`
	Replaces     bool   `bun:"replaces"`
	CredentialID string `bun:"credential_id"`
	Created      int64  `bun:"created"`
	Changed      int64  `bun:"changed"`
	Revision     int64  `bun:"revision"`
	PairHash     string `bun:"pair_hash"`
	PairUntil    int64  `bun:"pair_until"`
	PairUsed     bool   `bun:"pair_used"`
	ActiveHash   string `bun:"active_hash"`
	ActiveUntil  int64  `bun:"active_until"`
	ActiveUsed   bool   `bun:"active_used"`
	Progress     string `bun:"progress"`
	NoticeURI    string `bun:"notice_uri"`
	Due          int64  `bun:"due"`
	Tries        int64  `bun:"tries"`
}

func rowOfEnrolment(e enrolment.Enrolment) (*enrolmentRow, error) {
	identity, err := json.Marshal(e.Identity)
	progress, failed := json.Marshal(e.Progress)
	if err := errors.Join(err, failed); err != nil {
		return nil, err
	}
	row := &enrolmentRow{
		ID: e.ID, UserID: e.UserID, Identity: string(identity), Inviter: e.Inviter, Request: e.Request,
		State: string(e.State), Replaces: e.Replaces, CredentialID: e.CredentialID,
		Created: micros(e.Created), Changed: micros(e.Changed), Revision: e.Revision,
		PairHash: e.Pair.Hash, PairUntil: micros(e.Pair.Expires), PairUsed: e.Pair.Used,
		ActiveHash: e.Activate.Hash, ActiveUntil: micros(e.Activate.Expires), ActiveUsed: e.Activate.Used,
		Progress: string(progress), NoticeURI: e.Notice.URI, Due: orZero(e.Notice.Due), Tries: int64(e.Notice.Tries),
	}
	if !plain(row.ID, row.UserID, row.Identity, row.Inviter, row.Request, row.State, row.CredentialID, row.PairHash, row.ActiveHash, row.Progress, row.NoticeURI) {
		return nil, errText
	}
	return row, nil
}

func (r enrolmentRow) enrolment() (enrolment.Enrolment, error) {
	e := enrolment.Enrolment{
		ID: r.ID, UserID: r.UserID, Inviter: r.Inviter, Request: r.Request, State: enrolment.State(r.State),
		Replaces: r.Replaces, CredentialID: r.CredentialID,
		Created: moment(r.Created), Changed: moment(r.Changed), Revision: r.Revision,
		Pair:     enrolment.Sent{Hash: r.PairHash, Expires: moment(r.PairUntil), Used: r.PairUsed},
		Activate: enrolment.Sent{Hash: r.ActiveHash, Expires: moment(r.ActiveUntil), Used: r.ActiveUsed},
		Notice:   enrolment.Notice{URI: r.NoticeURI, Tries: int(r.Tries)},
	}
	if r.Due > 0 {
		e.Notice.Due = moment(r.Due)
	}
	if err := errors.Join(decodeOne(r.Identity, &e.Identity), decodeOne(r.Progress, &e.Progress)); err != nil {
		return e, fmt.Errorf("read enrolment %s: %w", r.ID, err)
	}
	return e, nil
}

// AddEnrolment keeps a new enrolment; enrolment.ErrExists if its user has one that
// is open, or its inviter one of that request, users.ErrUnknown if its user is not
// there.
func (r *Registry) AddEnrolment(ctx context.Context, e enrolment.Enrolment) error {
	row, err := rowOfEnrolment(e)
	if err != nil {
		return fmt.Errorf("add enrolment: %w", err)
	}
	err = r.write.insert(ctx, row)
	switch {
	case errors.Is(err, errUnique):
		return enrolment.ErrExists
	case errors.Is(err, errForeign):
		return users.ErrUnknown
	}
	return doing("add enrolment", err)
}

// Enrolment returns the enrolment id; enrolment.ErrUnknown if there is none.
func (r *Registry) Enrolment(ctx context.Context, id string) (enrolment.Enrolment, error) {
	return r.enrolment(ctx, "id = ?", id)
}

// EnrolmentByLink returns that whose link has the hash; enrolment.ErrUnknown.
func (r *Registry) EnrolmentByLink(ctx context.Context, link enrolment.Link, hash string) (enrolment.Enrolment, error) {
	if link == enrolment.LinkPair {
		return r.enrolment(ctx, "pair_hash = ?", hash)
	}
	return r.enrolment(ctx, "active_hash = ?", hash)
}

// EnrolmentByRequest returns that which an inviter asked for;
// enrolment.ErrUnknown.
func (r *Registry) EnrolmentByRequest(ctx context.Context, inviter, request string) (enrolment.Enrolment, error) {
	if request == "" {
		return enrolment.Enrolment{}, enrolment.ErrUnknown
	}
	return r.enrolment(ctx, "inviter = ? AND request = ?", inviter, request)
}

func (r *Registry) enrolment(ctx context.Context, where string, args ...string) (enrolment.Enrolment, error) {
	all, err := r.enrolments(ctx, remembered+" AND "+where, args...)
	if err == nil && len(all) == 0 {
		return enrolment.Enrolment{}, enrolment.ErrUnknown
	}
	if err != nil {
		return enrolment.Enrolment{}, err
	}
	return all[0], nil
}

// EnrolmentsOf returns those of a user, oldest first, with what is left of those
// that were forgotten.
func (r *Registry) EnrolmentsOf(ctx context.Context, userID string) ([]enrolment.Enrolment, error) {
	return r.enrolments(ctx, "user_id = ?", userID)
}

// Enrolments returns all, oldest first.
func (r *Registry) Enrolments(ctx context.Context) ([]enrolment.Enrolment, error) {
	return r.enrolments(ctx, remembered)
}

func (r *Registry) enrolments(ctx context.Context, where string, args ...string) ([]enrolment.Enrolment, error) {
	if !plain(args...) {
		return nil, nil
	}
	var values []any
	for _, a := range args {
		values = append(values, a)
	}
	return r.enrolmentRows(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where(where, values...).Order("created", "id")
	})
}

// enrolmentRows returns the enrolments that a query finds.
func (r *Registry) enrolmentRows(ctx context.Context, which which) ([]enrolment.Enrolment, error) {
	return some(ctx, r.read, "enrolments", which, enrolmentRow.enrolment)
}

// SwapEnrolment keeps e in the place of what has e's Revision, and counts it up;
// enrolment.ErrChanged if nothing has it any more.
func (r *Registry) SwapEnrolment(ctx context.Context, e enrolment.Enrolment) error {
	return r.swapEnrolment(ctx, e, func(context.Context, bun.Tx) error { return nil })
}

// FinishEnrolment is SwapEnrolment and AddCredential, both or neither.
func (r *Registry) FinishEnrolment(ctx context.Context, e enrolment.Enrolment, c credentials.Credential) error {
	row, err := rowOfCredential(c)
	if err != nil {
		return fmt.Errorf("add credential: %w", err)
	}
	return r.swapEnrolment(ctx, e, func(ctx context.Context, tx bun.Tx) error { return keepCredential(ctx, tx, row) })
}

// swapEnrolment does more within the same transaction, if e is swapped.
func (r *Registry) swapEnrolment(ctx context.Context, e enrolment.Enrolment, more func(context.Context, bun.Tx) error) error {
	row, err := rowOfEnrolment(e)
	if err != nil {
		return fmt.Errorf("change enrolment: %w", err)
	}
	row.Revision++
	swapped := false
	err = r.write.do(ctx, func(ctx context.Context, db *bun.DB) error {
		return db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			result, err := tx.NewUpdate().Model(row).WherePK().Where("revision = ?", e.Revision).Exec(ctx)
			if err != nil {
				return err
			}
			rows, err := result.RowsAffected()
			if swapped = rows == 1; err != nil || !swapped {
				return err
			}
			return more(ctx, tx)
		})
	})
	if err == nil && !swapped {
		return enrolment.ErrChanged
	}
	return doing("change enrolment", kept(err))
}
