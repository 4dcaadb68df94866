// Package signing makes signatures: from a digest that a grant covers to bytes
// that verify with the credential's certificate.
//
// The order of things is the safety of the house. Every rule is judged before
// anything is written; then the device is asked for room, and whoever gets none
// has lost nothing; then the grant is spent; then the intent is recorded; then
// the device signs; then each signature is verified with the certificate's
// own key; then the outcome is recorded; and only then does anything leave. A
// failure after the spending is never retried and never refunded.
package signing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/failpoint"
)

// A Signer signs with credentials' keys.
type Signer struct {
	Register credentials.Register
	Grants   sad.Store
	Keys     Keys
	Audit    Log
	Now      func() time.Time
	// Patience bounds what follows the spending of a grant, which no client
	// that hangs up can interrupt, for each thousand digests that are begun.
	// 30 s if zero.
	Patience time.Duration
	// Parallel is how many digests of one request are with the device at once,
	// best twice as many as it signs at a time, so that it need not wait while
	// signatures are verified; 4 if zero.
	Parallel int
	// Observe, if set, is told how each call ended and how many digests it had.
	Observe func(o Outcome, digests int, err error)
}

// A Log keeps the record, and says before anything is spent whether it can.
type Log interface {
	credentials.Log
	Able() error
}

// SignHash implements signatures/signHash (v2.0.0.2 §11.10) for the SAD id.
func (s Signer) SignHash(ctx context.Context, who credentials.Caller, id string, req csc.SignHashRequest) (answer csc.SignHashResponse, err error) {
	defer s.observe(len(req.Hashes), &answer, &err)
	c, plan, err := s.plan(ctx, who, req)
	if err != nil {
		return csc.SignHashResponse{}, err
	}
	if err := s.Audit.Able(); err != nil {
		return csc.SignHashResponse{}, err
	}
	use := sad.Use{
		UserID: who.UserID, ClientID: who.ClientID, CredentialID: c.ID, Holder: who.Holder,
		Kind: csc.DTBSR, Hashes: req.Hashes, HashOID: csc.OIDOfHash(plan.Hash), Standing: c.Standing,
	}
	done, err := s.Keys.Admit(len(req.Hashes))
	if err != nil {
		return csc.SignHashResponse{}, busyError{err}
	}
	defer done()
	record := audit.Entry{
		Client: who.ClientID, User: c.UserID, Credential: c.ID, Certificate: c.Fingerprint(),
		Key: fmt.Sprintf("%x", c.KeyID), Count: len(req.Hashes),
		Hashes: csc.Hex(req.Hashes), HashOID: use.HashOID, SignAlgo: plan.OID,
	}
	if record.Grant, err = s.spend(ctx, id, use, record); err != nil {
		return csc.SignHashResponse{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.patience(len(req.Hashes)))
	defer cancel()
	signatures, err := s.sign(ctx, who, c, plan, req.Hashes, record)
	return csc.SignHashResponse{Signatures: signatures}, err
}

// plan judges everything that can be judged without writing.
func (s Signer) plan(ctx context.Context, who credentials.Caller, req csc.SignHashRequest) (credentials.Credential, csc.Algorithm, error) {
	c, err := s.Register.Owned(ctx, who, req.CredentialID)
	if errors.Is(err, credentials.ErrUnknown) {
		err = csc.Invalid("credentialID")
	}
	if err == nil {
		err = c.Usable(s.Now())
	}
	if err != nil {
		return c, csc.Algorithm{}, err
	}
	plan, err := c.Key.Plan(c.SignAlgos(), csc.SignAlgo{
		OID: req.SignAlgo, HashOID: req.HashAlgorithmOID, Params: req.SignAlgoParams,
	})
	if err != nil {
		return c, plan, err
	}
	for _, d := range req.Hashes {
		if len(d) != plan.Hash.Size() {
			return c, plan, csc.Refused("Invalid digest value length", nil)
		}
	}
	return c, plan, nil
}

// spend takes the use from the grant of the SAD, which it returns the id of, or
// words the rule it breaks. A rule broken by somebody who holds a real grant is
// recorded.
func (s Signer) spend(ctx context.Context, id string, use sad.Use, record audit.Entry) (string, error) {
	grant, err := sad.Spend(ctx, s.Grants, id, use, s.Now())
	refused := refusal(err)
	switch {
	case refused == nil:
		return grant.ID, err
	case errors.Is(err, sad.ErrUnknown):
		return "", refused
	}
	record.Event, record.Reason, record.Grant = audit.GrantRefused, err.Error(), grant.ID
	return "", errors.Join(refused, s.Audit.Append(ctx, record))
}

// refusal words an unspendable grant as signatures/signHash, v2.0.0.2 §11.10,
// does. It is nil if err is nil, or ours and not the client's.
func refusal(err error) *csc.Error {
	switch {
	case errors.Is(err, sad.ErrExpired):
		return csc.Refused("SAD expired", err)
	case errors.Is(err, sad.ErrHash):
		return csc.Refused("Hash is not authorized by the SAD.", err)
	case errors.Is(err, sad.ErrAlgorithm):
		invalid := csc.Invalid("hashAlgorithmOID")
		invalid.Cause = err
		return invalid
	case errors.Is(err, sad.ErrUnknown), errors.Is(err, sad.ErrForeign), errors.Is(err, sad.ErrHolder),
		errors.Is(err, sad.ErrCredential), errors.Is(err, sad.ErrSpent), errors.Is(err, sad.ErrOver):
		invalid := csc.Invalid("SAD")
		invalid.Cause = err
		return invalid
	}
	return nil
}

// sign does what follows the spending: intent, device, proof, outcome.
func (s Signer) sign(ctx context.Context, who credentials.Caller, c credentials.Credential, plan csc.Algorithm, digests []csc.Digest, record audit.Entry) ([][]byte, error) {
	record.Event = audit.SignIntent
	if err := s.Audit.Append(ctx, record); err != nil {
		return nil, err
	}
	failpoint.Hit(failpoint.IntentWritten)
	signatures, err := s.release(ctx, who, c, plan, digests)
	if err != nil {
		record.Event, record.Reason = audit.SignFailed, err.Error()
		// The device may have had all the time there was.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.patience(1))
		defer cancel()
		return nil, errors.Join(err, s.Audit.Append(ctx, record))
	}
	record.Event, record.Signatures = audit.SignDone, fingerprints(signatures)
	if err := s.Audit.Append(ctx, record); err != nil {
		return nil, err
	}
	failpoint.Hit(failpoint.BeforeAnswer)
	return signatures, nil
}

// release reads the credential once more, so that one disabled or revoked since
// the planning does not sign, nor one whose signer ended what he gave, and has
// the device sign.
func (s Signer) release(ctx context.Context, who credentials.Caller, c credentials.Credential, plan csc.Algorithm, digests []csc.Digest) ([][]byte, error) {
	again, err := s.Register.Owned(ctx, who, c.ID)
	if err != nil {
		return nil, err
	}
	if err := again.Usable(s.Now()); err != nil {
		return nil, err
	}
	if again.Standing != c.Standing {
		return nil, refusal(sad.ErrOver)
	}
	cert, err := again.Certificate()
	if err != nil {
		return nil, err
	}
	return ofDevice(s.signAll(ctx, again.KeyID, cert.PublicKey, plan, digests))
}

func (s Signer) patience(digests int) time.Duration {
	const thousand = 1000
	return cmp.Or(s.Patience, 30*time.Second) * time.Duration(1+(digests-1)/thousand)
}
