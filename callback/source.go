package callback

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/signing"
)

// The typ of notices.
const (
	TypeJob       = "csc-response+jwt"
	TypeEnrolment = "enrolment+jwt"
)

// Jobs are notices of requests in mode A. They say responseID, which is that of the
// answer to the request, method, signatures/signHash or signatures/signDoc, and
// state, done or failed.
type Jobs struct {
	Store interface {
		DueNotices(ctx context.Context, now time.Time, most int) ([]signing.Job, error)
		SwapNotice(ctx context.Context, id string, old, due time.Time, tries int) (bool, error)
	}
	Seal *signing.Seal
}

// DueNotices implements Source.
func (j Jobs) DueNotices(ctx context.Context, now time.Time, most int) ([]Notice, error) {
	due, err := j.Store.DueNotices(ctx, now, most)
	all := make([]Notice, len(due))
	for i, job := range due {
		all[i] = Notice{
			ID: job.ID, ClientID: job.ClientID, URI: job.Notice.URI, Due: job.Notice.Due, Tries: job.Notice.Tries, Type: TypeJob,
			Says: func() (map[string]string, error) {
				responseID, err := job.ResponseID(j.Seal)
				return map[string]string{"responseID": responseID, "method": string(job.Method), "state": string(job.State)}, err
			},
		}
	}
	return all, err
}

// SwapNotice implements Source.
func (j Jobs) SwapNotice(ctx context.Context, id string, old, due time.Time, tries int) (bool, error) {
	return j.Store.SwapNotice(ctx, id, old, due, tries)
}

// Enrolments are notices of people who came to a certificate. They say enrolmentID
// and state, and nothing of the person.
type Enrolments struct {
	Store interface {
		DueEnrolments(ctx context.Context, now time.Time, most int) ([]enrolment.Enrolment, error)
		SwapEnrolmentNotice(ctx context.Context, id string, old, due time.Time, tries int) (bool, error)
	}
}

// DueNotices implements Source.
func (e Enrolments) DueNotices(ctx context.Context, now time.Time, most int) ([]Notice, error) {
	due, err := e.Store.DueEnrolments(ctx, now, most)
	all := make([]Notice, len(due))
	for i, one := range due {
		all[i] = Notice{
			ID: one.ID, ClientID: one.Inviter, URI: one.Notice.URI, Due: one.Notice.Due, Tries: one.Notice.Tries, Type: TypeEnrolment,
			Says: func() (map[string]string, error) {
				return map[string]string{"enrolmentID": one.ID, "state": string(one.State)}, nil
			},
		}
	}
	return all, err
}

// SwapNotice implements Source.
func (e Enrolments) SwapNotice(ctx context.Context, id string, old, due time.Time, tries int) (bool, error) {
	return e.Store.SwapEnrolmentNotice(ctx, id, old, due, tries)
}

// Fates are notices to owners of what became of their certificates, by mail.
type Fates struct {
	Store interface {
		DueCredentialNotices(ctx context.Context, now time.Time, most int) ([]credentials.Notice, error)
		SwapCredentialNotice(ctx context.Context, id string, old, due time.Time, tries int) (bool, error)
	}
	Teller credentials.Teller
}

// DueNotices implements Source.
func (f Fates) DueNotices(ctx context.Context, now time.Time, most int) ([]Notice, error) {
	due, err := f.Store.DueCredentialNotices(ctx, now, most)
	all := make([]Notice, len(due))
	for i, n := range due {
		all[i] = Notice{ID: n.ID, ClientID: n.ClientID, Due: n.Due, Tries: n.Tries, Mail: func(ctx context.Context) error {
			err := f.Teller.Tell(ctx, n)
			if errors.Is(err, credentials.ErrUntold) {
				return fmt.Errorf("%w: %w", errNever, err)
			}
			return err
		}}
	}
	return all, err
}

// SwapNotice implements Source.
func (f Fates) SwapNotice(ctx context.Context, id string, old, due time.Time, tries int) (bool, error) {
	return f.Store.SwapCredentialNotice(ctx, id, old, due, tries)
}
