// Package signing makes signatures: from a digest or a document that a grant
// covers to bytes that verify with the credential's certificate.
//
// The order of things is the safety of the house. Every rule is judged before
// anything is written; then the device is asked for room, and whoever gets none
// has lost nothing; then the grant is spent; then the intent is recorded; then
// the device signs; then each signature is verified with the certificate's
// own key; then the outcome is recorded; and only then does anything leave. A
// failure after the spending is never retried and never refunded.
//
// In mode A the same happens in two parts. Up to the intent it is the request's,
// which then ends with the name of a Job; the rest is done by Jobs, in its turn,
// and the result is kept until its time is over. What of a job is to be signed is
// in memory and nowhere else: a job that a crash interrupts can be ended and
// cannot be done again.
package signing

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/failpoint"
	"github.com/pecete/pecete/sandbox/pdf"
)

// A Signer signs with credentials' keys.
type Signer struct {
	Register credentials.Register
	Grants   sad.Store
	Keys     Keys
	Audit    Log
	Now      func() time.Time
	// Jobs takes requests of mode A; they are refused if nil.
	Jobs *Jobs
	// Documents reads documents where they can hurt nobody; none are taken but
	// those that need not be read if nil.
	Documents pdf.Sandbox
	// Patience bounds what follows the spending of a grant, which no client
	// that hangs up can interrupt, for each thousand digests that are begun.
	// 30 s if zero.
	Patience time.Duration
	// Parallel is how many digests of one request are with the device at once,
	// best twice as many as it signs at a time, so that it need not wait while
	// signatures are verified; 4 if zero.
	Parallel int
	// Observe, if set, is told how each request ended and how many digests it
	// had; of one in mode A that was taken, when its job has ended.
	Observe func(o Outcome, digests int, err error)
}

// A Log keeps the record, and says before anything is spent whether it can.
type Log interface {
	credentials.Log
	Able() error
}

// A batch is what one request wants signed, decided to the last byte: of it
// nothing is written or spent yet.
type batch struct {
	method     csc.Method
	who        credentials.Caller
	credential credentials.Credential
	sad        string // id of the SAD, behind which is the grant
	use        sad.Use
	items      []item
	size       int64                  // bytes of memory that it takes while it waits
	words      func(error) *csc.Error // of the method for what a grant does not allow; nil if the fault is ours
	// assemble makes the answer of signatures, which are in the order of the
	// items.
	assemble func(signatures [][]byte) (Result, error)
}

// An item is one signature: what the key signs, and how.
type item struct {
	algorithm csc.Algorithm
	digest    csc.Digest
}

// A Result is what comes of a request in the end, in mode A of its job.
type Result = csc.SignPollingResponse

// do makes the signatures of b, or in mode A has them made and gives the name to
// ask for them by.
func (s Signer) do(ctx context.Context, b *batch, op csc.Operation) (result Result, responseID string, err error) {
	if op.Asynchronous() {
		if responseID, err = s.accept(ctx, b, op); err != nil {
			s.observe(len(b.items), err)
		}
		return Result{}, responseID, err
	}
	ended := false
	defer func() {
		if !ended { // a panic is on its way
			err = errors.Join(err, errPanic)
		}
		s.observe(len(b.items), err)
	}()
	result, err = s.make(ctx, b)
	ended = true
	return result, "", err
}

var errPanic = errors.New("signing: a panic")

// make makes the signatures while the client waits.
func (s Signer) make(ctx context.Context, b *batch) (Result, error) {
	if err := s.Audit.Able(); err != nil {
		return Result{}, err
	}
	done, err := s.Keys.Admit(len(b.items))
	if err != nil {
		return Result{}, busyError{err}
	}
	defer done()
	record, err := s.spend(ctx, b)
	if err != nil {
		return Result{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.patience(len(b.items)))
	defer cancel()
	if err := s.intend(ctx, record); err != nil {
		return Result{}, err
	}
	return s.sign(ctx, b, record)
}

// record is what the audit log has of b. Where the key does not sign the agreed
// hashes themselves it has what the key does sign beside them.
func (b *batch) record() audit.Entry {
	var algorithms []string
	var signs []csc.Digest
	for _, i := range b.items {
		if len(algorithms) == 0 || algorithms[len(algorithms)-1] != i.algorithm.OID {
			algorithms = append(algorithms, i.algorithm.OID)
		}
		signs = append(signs, i.digest)
	}
	record := audit.Entry{
		Client: b.who.ClientID, User: b.credential.UserID, Credential: b.credential.ID, Certificate: b.credential.Fingerprint(),
		Key: hexOf(b.credential.KeyID), Count: len(b.use.Hashes),
		Hashes: csc.Hex(b.use.Hashes), HashOID: b.use.HashOID, SignAlgo: strings.Join(algorithms, " "),
	}
	if b.use.Kind != csc.DTBSR {
		record.Signs = csc.Hex(signs) // none as long as nothing is prepared
	}
	return record
}

// spend takes the use from the grant of the SAD, or words the rule it breaks. It
// returns what the audit log has of it.
func (s Signer) spend(ctx context.Context, b *batch) (audit.Entry, error) {
	grant, err := sad.Spend(ctx, s.Grants, b.sad, b.use, s.Now())
	record := b.record()
	record.Grant = grant.ID
	return record, s.refused(ctx, b, record, err)
}

// refused is err in the words of the method. What a real grant does not allow is
// recorded.
func (s Signer) refused(ctx context.Context, b *batch, record audit.Entry, err error) error {
	if err == nil {
		return nil
	}
	worded := b.words(err)
	switch {
	case worded == nil:
		return err
	case errors.Is(err, sad.ErrUnknown):
		return worded
	}
	record.Event, record.Reason = audit.GrantRefused, err.Error()
	return errors.Join(worded, s.Audit.Append(ctx, record))
}

// intend records what will be signed.
func (s Signer) intend(ctx context.Context, record audit.Entry) error {
	record.Event = audit.SignIntent
	if err := s.Audit.Append(ctx, record); err != nil {
		return err
	}
	failpoint.Hit(failpoint.IntentWritten)
	return nil
}

// sign does what follows the intent: device, proof, outcome.
func (s Signer) sign(ctx context.Context, b *batch, record audit.Entry) (Result, error) {
	signatures, result, err := s.release(ctx, b)
	if err != nil {
		return Result{}, s.failed(ctx, record, err)
	}
	record.Event, record.Signatures = audit.SignDone, fingerprints(signatures)
	if err := s.Audit.Append(ctx, record); err != nil {
		return Result{}, err
	}
	failpoint.Hit(failpoint.BeforeAnswer)
	return result, nil
}

// failed records that nothing was released, and returns why.
func (s Signer) failed(ctx context.Context, record audit.Entry, err error) error {
	record.Event, record.Reason = audit.SignFailed, err.Error()
	// The device may have had all the time there was.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.patience(1))
	defer cancel()
	return errors.Join(err, s.Audit.Append(ctx, record))
}

// release reads the credential once more, so that one disabled or revoked since
// the planning does not sign, nor one whose signer ended what he gave, has the
// device sign, and puts the signatures where they belong.
func (s Signer) release(ctx context.Context, b *batch) ([][]byte, Result, error) {
	again, err := s.Register.Owned(ctx, b.who, b.credential.ID)
	if err != nil {
		return nil, Result{}, err
	}
	if err := again.Usable(s.Now()); err != nil {
		return nil, Result{}, err
	}
	if again.Standing != b.credential.Standing {
		return nil, Result{}, b.words(sad.ErrOver)
	}
	cert, err := again.Certificate()
	if err != nil {
		return nil, Result{}, err
	}
	signatures, err := s.signAll(ctx, again.KeyID, cert.PublicKey, b.items)
	if err != nil {
		return nil, Result{}, deviceError{err}
	}
	result, err := b.assemble(signatures)
	return signatures, result, err
}

func (s Signer) patience(digests int) time.Duration {
	const thousand = 1000
	return cmp.Or(s.Patience, 30*time.Second) * time.Duration(1+(digests-1)/thousand)
}
