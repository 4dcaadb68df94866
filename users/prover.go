package users

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/failpoint"
)

// The factors, as audit records and counters name them.
const (
	FactorCode     = "totp"
	FactorPassword = "password"
	FactorPIN      = "pin"
	FactorEmail    = "email" // a code that was sent there
	FactorSMS      = "sms"
	FactorMatch    = "match" // a number that an application shows
)

var (
	// ErrWrong says that a factor was judged and was not right.
	ErrWrong = errors.New("users: wrong")
	// ErrUsed says that a code was right, and that its step was used before.
	ErrUsed = errors.New("users: code was used before")
	// ErrDisabled says that the user proved who he is, and is disabled.
	ErrDisabled = errors.New("users: user is disabled")
)

// A RefusedError says that a code was not accepted: it is ErrWrong or ErrUsed.
type RefusedError struct {
	Left int  // codes that would be judged now, before a pause or a lock
	Used bool // the code was right, and its step was used before
}

func (e *RefusedError) Error() string { return fmt.Sprintf("%v, %d tries left", e.Unwrap(), e.Left) }

// Unwrap returns ErrWrong or ErrUsed.
func (e *RefusedError) Unwrap() error {
	if e.Used {
		return ErrUsed
	}
	return ErrWrong
}

// A Proof is that a code was right and nobody used its step before.
type Proof struct {
	Step int64 // the TOTP step spent
	Left int   // codes that would be judged from now on, before a pause or a lock
}

// A Log keeps the audit record; what it cannot keep does not count.
type Log interface {
	Append(ctx context.Context, e audit.Entry) error
	// Able says beforehand whether Append could: an attempt that nobody can
	// record must not count against the user.
	Able() error
}

// A Sealer encrypts secrets with a key in the HSM. What was sealed with one aad
// opens with that one only.
type Sealer interface {
	Seal(ctx context.Context, plaintext, aad []byte) ([]byte, error)
	Open(ctx context.Context, sealed, aad []byte) ([]byte, error)
}

// A Prover judges what signers prove. Every judgement is in the audit record
// before its result counts: without the record there is neither a proof nor a
// refusal, but the log's error. An error that is none of this package's tells
// nothing about the factor.
type Prover struct {
	Store  Store
	Sealer Sealer
	Audit  Log
	Now    func() time.Time
	// Passwords judges passwords and PINs; nil for a Prover that judges codes only.
	Passwords *Hasher
	// CodeLimits, which are those of everything but passwords, and PasswordLimits
	// are what the functions of these names return, if zero.
	CodeLimits, PasswordLimits Limits
	// Floor is how long Password and LogIn take at least to refuse: longer than
	// what they do, so that nobody can tell from the time what they found.
	Floor time.Duration

	sealing sync.Mutex
	sealed  []byte // the decoy, once there is one
}

// Code judges a code of the user's authenticator and spends its step: each step
// is good once, for everything, and only after those before it.
//
// Every code of six digits counts as a failure before it is looked at, also a
// right one whose step was used before; what is no code at all is refused
// uncounted, as it cannot be a guess. The errors are a *RefusedError, ErrLocked,
// ErrPaused and ErrUnknown. A user who is disabled or has no authenticator is
// refused as if the code were wrong.
func (p *Prover) Code(ctx context.Context, userID string, code csc.Secret) (Proof, error) {
	return p.Prove(ctx, userID, "", ClaimCode(code))
}

// secret opens the secret of the user's authenticator, or says why no code of
// this user is judged.
func (p *Prover) secret(ctx context.Context, user User) (secret []byte, why string, err error) {
	if len(user.Secret) == 0 {
		return nil, "no authenticator", nil
	}
	if secret, err = p.Sealer.Open(ctx, user.Secret, sealedFor(user.ID)); err == nil {
		err = checkSecret(secret)
	}
	if err != nil {
		return nil, "", fmt.Errorf("open secret of %s: %w", user.ID, err)
	}
	return secret, "", nil
}

// useStep uses a step up, and reports whether it is later than every one used.
func (p *Prover) useStep(ctx context.Context, userID string, step int64) (bool, error) {
	later, err := p.Store.UseStep(ctx, userID, step)
	if err != nil {
		return false, fmt.Errorf("use step: %w", err)
	}
	if later {
		failpoint.Hit(failpoint.StepUsed)
	}
	return later, nil
}

// begin counts an attempt, which may then be judged.
func (p *Prover) begin(ctx context.Context, userID, factor string, l Limits) (Attempts, error) {
	if err := p.Audit.Able(); err != nil {
		return Attempts{}, err
	}
	begun, err := change(ctx, p.Store, userID, factor, func(a Attempts) (Attempts, error) {
		return a.Begin(p.Now(), l)
	})
	if why := barred(err); why != "" {
		err = p.refuse(ctx, userID, factor, why, Attempts{}, err)
	}
	return begun, err
}

// Barred returns why no claim of a factor would be judged now: ErrLocked, a
// PausedError, or nil.
func (p *Prover) Barred(ctx context.Context, userID, factor string) error {
	now, err := p.Store.Attempts(ctx, userID, factor)
	if err != nil {
		return fmt.Errorf("read attempts: %w", err)
	}
	_, err = now.Begin(p.Now(), p.CodeLimits.or(CodeLimits()))
	return err
}

// barred says in a word why an attempt is not judged.
func barred(err error) string {
	switch {
	case errors.Is(err, ErrLocked):
		return "locked"
	case errors.Is(err, ErrPaused):
		return "paused"
	}
	return ""
}

// refuse records a refusal, and the lock that the attempt begun reached, and
// returns the refusal.
func (p *Prover) refuse(ctx context.Context, userID, factor, why string, begun Attempts, refusal error) error {
	err := p.Audit.Append(ctx, audit.Entry{Event: audit.FactorRefused, User: userID, Factor: factor, Reason: why})
	if err == nil && begun.Locked {
		err = p.Audit.Append(ctx, audit.Entry{
			Event: audit.FactorLocked, User: userID, Factor: factor, Reason: fmt.Sprintf("%d failures in a row", begun.InRow),
		})
	}
	if err != nil {
		return err
	}
	return refusal
}

// succeed records a proof and takes the counts away.
func (p *Prover) succeed(ctx context.Context, e audit.Entry, begun Attempts) (Attempts, error) {
	e.Event = audit.FactorVerified
	if err := p.Audit.Append(ctx, e); err != nil {
		return Attempts{}, err
	}
	return p.forgive(ctx, e.User, e.Factor, begun)
}

// forgive takes the counts away after an attempt that was right.
func (p *Prover) forgive(ctx context.Context, userID, factor string, begun Attempts) (Attempts, error) {
	return change(ctx, p.Store, userID, factor, func(a Attempts) (Attempts, error) { return a.Succeed(begun), nil })
}
