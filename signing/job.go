package signing

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pecete/pecete/csc"
)

// A Job is a request in mode A as it is kept: who asked, how far it is, and in
// the end its sealed result. What is to be signed is not in it.
type Job struct {
	ID       string // SHA-256 of the responseID, hex
	Owner    string // the process that has taken it; nobody else can do it
	Method   csc.Method
	ClientID string
	UserID   string // whose credential signs
	State    JobState
	Accepted time.Time
	Deadline time.Time     // when it is over if it has not ended by then
	Validity time.Duration // of the result, from when it is there
	Until    time.Time     // when it is forgotten; zero as long as it has not ended
	Result   []byte        // sealed
	Notice   Notice
}

// A Notice is who is told that a job has ended. URI is "" if nobody is.
type Notice struct {
	URI   string
	Name  []byte    // the responseID, sealed
	Due   time.Time // when to tell, or to try again; zero if there is nothing to tell, or not any more
	Tries int
}

// A JobState says how far a job is.
type JobState string

// The states, in their order. The last two are its ends.
const (
	JobAccepted JobState = "accepted" // spent and recorded; it waits for its turn
	JobBegun    JobState = "begun"    // the device is asked
	JobDone     JobState = "done"
	JobFailed   JobState = "failed"
)

// Ended reports whether nothing more comes.
func (s JobState) Ended() bool { return s == JobDone || s == JobFailed }

// A JobStore keeps jobs, durably.
type JobStore interface {
	// AddJob keeps a new job.
	AddJob(ctx context.Context, j Job) error
	// Job returns the job id; ErrUnknownJob if there is none.
	Job(ctx context.Context, id string) (Job, error)
	// MoveJob replaces State, Result, Until and Notice.Due of the job if its state
	// still is from, and reports whether it was; of any number of moves from one
	// state one wins.
	MoveJob(ctx context.Context, j Job, from JobState) (moved bool, err error)
	// RemoveJob forgets the job id, if there is one.
	RemoveJob(ctx context.Context, id string) error
	// OpenJobs returns the jobs that have not ended, of an owner, or if that is
	// "" those whose deadline is before a moment.
	OpenJobs(ctx context.Context, owner string, before time.Time) ([]Job, error)
	// ForgetJobs removes those whose Until is before a moment, and says how many.
	ForgetJobs(ctx context.Context, before time.Time) (int, error)
}

var (
	// ErrUnknownJob says that there is no such job.
	ErrUnknownJob = errors.New("signing: no such job")
	// ErrPending says that a job has not ended yet.
	ErrPending = errors.New("signing: the job has not ended yet")
)

// newResponseID makes a name of 256 random bits and the id it is kept under.
func newResponseID() (responseID, id string) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	responseID = base64.RawURLEncoding.EncodeToString(b[:])
	return responseID, jobID(responseID)
}

func jobID(responseID string) string {
	sum := sha256.Sum256([]byte(responseID))
	return hex.EncodeToString(sum[:])
}

// An outcome is what the sealed result of a job holds.
type outcome struct {
	Result Result     `json:"result"`
	Error  *csc.Error `json:"error,omitempty"`
}

// end moves j to its end, with what came of it. An error is told to the client in
// the words that mode S would have had; what the client learns nothing of is a
// server_error.
func (j *Job) end(seal *Seal, result Result, err error, now time.Time) error {
	came := outcome{Result: result}
	j.State = JobDone
	if err != nil {
		j.State = JobFailed
		if told, ok := errors.AsType[*csc.Error](err); ok {
			came.Error = told
		} else {
			came.Error = csc.Fail(csc.ServerError, nil)
		}
	}
	text, err := json.Marshal(came)
	if err != nil {
		return fmt.Errorf("encode result of job: %w", err)
	}
	j.Result = seal.close(j.aad("result"), text)
	j.Until = now.Add(j.Validity)
	if j.Notice.URI != "" {
		j.Notice.Due = now
	}
	return nil
}

// outcome opens the result of a job that has ended.
func (j *Job) outcome(seal *Seal) (outcome, error) {
	var came outcome
	text, err := seal.open(j.aad("result"), j.Result)
	if err != nil {
		return came, fmt.Errorf("result of job %s: %w", j.ID, err)
	}
	if err := json.Unmarshal(text, &came); err != nil {
		return came, fmt.Errorf("result of job %s: %w", j.ID, err)
	}
	return came, nil
}

// aad ties what is sealed to its job and to whom that belongs.
func (j *Job) aad(what string) []byte {
	text, _ := json.Marshal([]string{what, j.ID, j.ClientID, j.UserID}) // strings can be encoded
	return text
}

// ResponseID is the name that the client knows the job by, of one that somebody
// is told of.
func (j *Job) ResponseID(seal *Seal) (string, error) {
	name, err := seal.open(j.aad("name"), j.Notice.Name)
	if err != nil {
		return "", fmt.Errorf("name of job %s: %w", j.ID, err)
	}
	return string(name), nil
}
