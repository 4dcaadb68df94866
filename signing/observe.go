package signing

import (
	"context"
	"errors"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
)

// An Outcome is how a request for signatures ended, in a word for whoever counts.
type Outcome string

// The outcomes. After Done there are signatures, after every other none left
// the server.
const (
	Done           Outcome = "done"
	Refused        Outcome = "refused"         // by a rule, which the client was told
	Cancelled      Outcome = "cancelled"       // the client hung up before anything was spent
	Busy           Outcome = "busy"            // the device's queue had no place; nothing was spent
	Unavailable    Outcome = "unavailable"     // a store was away, or it took too long
	DeviceFailed   Outcome = "device_failed"   // spent, and the device gave no signature
	WrongSignature Outcome = "wrong_signature" // spent, and what the device gave does not verify
	AuditFailed    Outcome = "audit_failed"    // what had to be recorded could not be
	Failed         Outcome = "failed"          // a fault of ours
)

// Outcomes are all there are.
func Outcomes() []Outcome {
	return []Outcome{Done, Refused, Cancelled, Busy, Unavailable, DeviceFailed, WrongSignature, AuditFailed, Failed}
}

// A deviceError is an error of the device after the spending.
type deviceError struct{ error }

func (e deviceError) Unwrap() error { return e.error }

// A busyError is an error of the device's queue.
type busyError struct{ error }

func (e busyError) Unwrap() error { return e.error }

func (s Signer) observe(digests int, err error) {
	if s.Observe != nil {
		s.Observe(outcomeOf(err), digests, err)
	}
}

// outcomeOf judges by what an operator has to do: of several faults in one
// error the worst counts.
func outcomeOf(err error) Outcome {
	var (
		device  deviceError
		busy    busyError
		unkept  *audit.UnavailableError
		told    *csc.Error
		passing interface{ Unavailable() bool }
	)
	switch {
	case err == nil:
		return Done
	case errors.Is(err, ErrWrongSignature):
		return WrongSignature
	case errors.As(err, &unkept), errors.Is(err, audit.ErrEntry):
		return AuditFailed
	case errors.As(err, &device):
		return DeviceFailed
	case errors.As(err, &busy):
		return Busy
	case errors.As(err, &told):
		return Refused
	case errors.Is(err, context.Canceled):
		return Cancelled
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &passing) && passing.Unavailable():
		return Unavailable
	}
	return Failed
}

// A JobEnd is how a job ended, in a word for whoever counts.
type JobEnd string

// The ends of jobs. What of a job was signed is counted by its Outcome.
const (
	EndDone    JobEnd = "done"
	EndFailed  JobEnd = "failed"   // with an error that its client is told
	EndGivenUp JobEnd = "given_up" // its turn never came, or its process died
	EndLost    JobEnd = "lost"     // what came of it could not be kept
)

// JobEnds are all there are.
func JobEnds() []JobEnd { return []JobEnd{EndDone, EndFailed, EndGivenUp, EndLost} }

func (j *Jobs) observe(job Job, end JobEnd) {
	if j.Observe != nil {
		j.Observe(end, j.Now().Sub(job.Accepted))
	}
}

// endOf is the end of a job that was kept.
func endOf(came error) JobEnd {
	switch {
	case came == nil:
		return EndDone
	case errors.Is(came, errInterrupted):
		return EndGivenUp
	}
	return EndFailed
}
