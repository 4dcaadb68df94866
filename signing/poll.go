package signing

import (
	"context"
	"errors"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
)

// Poll implements signatures/signPolling (v2.0.0.2 §11.12). A job of another
// client or signer does not exist, nor does one whose time is over; one that has
// not ended is ErrPending, and one that failed is the error it failed with.
func (s Signer) Poll(ctx context.Context, who credentials.Caller, req csc.SignPollingRequest) (Result, error) {
	unknown := csc.Invalid("requestID")
	if err := s.mayAsk(ctx, who, req.UserID); err != nil {
		return Result{}, err
	}
	if s.Jobs == nil {
		return Result{}, unknown
	}
	job, err := s.Jobs.Store.Job(ctx, jobID(req.RequestID))
	if errors.Is(err, ErrUnknownJob) {
		return Result{}, because(unknown, err)
	}
	if err != nil {
		return Result{}, err
	}
	theirs, err := s.owns(ctx, who, req.UserID, job)
	switch {
	case err != nil:
		return Result{}, err
	case !theirs, job.State.Ended() && !s.Now().Before(job.Until):
		return Result{}, unknown
	case !job.State.Ended():
		return Result{}, ErrPending
	}
	came, err := job.outcome(s.Jobs.Seal)
	if err != nil {
		return Result{}, err
	}
	if came.Error != nil {
		return Result{}, came.Error
	}
	return came.Result, nil
}

// mayAsk refuses a userID that is not the caller's to name.
func (s Signer) mayAsk(ctx context.Context, who credentials.Caller, userID string) error {
	switch {
	case userID == "":
		return nil
	case who.UserID != "":
		return csc.Refused("userID parameter SHALL be null", nil)
	}
	linked, err := s.Register.Store.Linked(ctx, who.ClientID, userID)
	if err == nil && !linked {
		err = csc.Invalid(`"userID"`)
	}
	return err
}

// owns reports whether the job is one that the caller may ask for.
func (s Signer) owns(ctx context.Context, who credentials.Caller, userID string, job Job) (bool, error) {
	switch {
	case who.ClientID != job.ClientID, userID != "" && userID != job.UserID:
		return false, nil
	case who.UserID != "":
		return who.UserID == job.UserID, nil
	}
	return s.Register.Store.Linked(ctx, who.ClientID, job.UserID)
}
