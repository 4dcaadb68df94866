package credentials

import (
	"context"
	"errors"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/failpoint"
	"github.com/pecete/pecete/users"
)

// FactorCode is the id of the factor every signer has: the code of the
// authenticator.
const FactorCode = "OTP"

// An Authorizer turns what a signer proves into a grant.
type Authorizer struct {
	Register Register
	Prover   Prover
	Grants   sad.Store
	Audit    Log
	Now      func() time.Time
	// Life is how long a SAD can be spent; sad.DefaultLife if zero, and never
	// more than sad.MaxLife.
	Life time.Duration
}

// A Prover judges a signer's code.
type Prover interface {
	// Code spends the code; the errors are those of package users.
	Code(ctx context.Context, userID string, code csc.Secret) (users.Proof, error)
}

// A Log keeps the audit record; what it cannot keep is not done.
type Log interface {
	Append(ctx context.Context, e audit.Entry) error
}

// Authorize implements credentials/authorize (v2.0.0.2 §11.6). Everything else
// is judged before the code, so that a request with another fault does not cost
// the signer one.
func (a Authorizer) Authorize(ctx context.Context, who Caller, req csc.AuthorizeRequest) (csc.AuthorizeResponse, error) {
	c, err := a.Register.find(ctx, who, req.CredentialID)
	if err != nil {
		return csc.AuthorizeResponse{}, err
	}
	if err := c.Usable(a.Now()); err != nil {
		return csc.AuthorizeResponse{}, err
	}
	if c.Mode != csc.Explicit {
		return csc.AuthorizeResponse{}, csc.Refused("The credential identified by credentialID is authorized with OAuth 2.0", nil)
	}
	agreed, err := c.agreed(req)
	if err != nil {
		return csc.AuthorizeResponse{}, err
	}
	code, err := onlyCode(req.AuthData)
	if err != nil {
		return csc.AuthorizeResponse{}, err
	}
	proof, err := a.Prover.Code(ctx, c.UserID, code)
	if err != nil {
		return csc.AuthorizeResponse{}, refusedProof(err)
	}
	return a.issue(ctx, who, c, req, agreed, proof)
}

// issue records and keeps the grant: the record first, since a grant nobody
// recorded must not be spendable.
func (a Authorizer) issue(ctx context.Context, who Caller, c Credential, req csc.AuthorizeRequest, agreed []sad.Agreed, proof users.Proof) (csc.AuthorizeResponse, error) {
	value, id := sad.New()
	life, now := a.life(), a.Now()
	grant := sad.Grant{
		ID: id, UserID: c.UserID, ClientID: who.ClientID, CredentialID: c.ID,
		Issued: now, Expires: now.Add(life), Count: req.NumSignatures, Left: req.NumSignatures,
		Bound: len(agreed) > 0, Hashes: agreed, HashOID: req.HashAlgorithmOID,
	}
	err := a.Audit.Append(ctx, audit.Entry{
		Event: audit.GrantIssued, Client: who.ClientID, User: c.UserID, Credential: c.ID,
		Certificate: c.Fingerprint(), Grant: id, Count: grant.Count, Bound: grant.Bound,
		Hashes: csc.Hex(req.Hashes), HashOID: req.HashAlgorithmOID,
		Factor: FactorCode, Step: proof.Step,
	})
	if err != nil {
		return csc.AuthorizeResponse{}, err
	}
	failpoint.Hit(failpoint.GrantRecorded)
	if err := a.Grants.Put(ctx, grant); err != nil {
		return csc.AuthorizeResponse{}, err
	}
	failpoint.Hit(failpoint.GrantKept)
	return csc.AuthorizeResponse{SAD: value, ExpiresIn: int(life.Seconds())}, nil
}

func (a Authorizer) life() time.Duration {
	if a.Life == 0 {
		return sad.DefaultLife
	}
	return min(a.Life, sad.MaxLife)
}

// agreed is what the request asks the signer to agree to: as many hashes as
// signatures, or at SCAL 1 a bare number.
func (c Credential) agreed(req csc.AuthorizeRequest) ([]sad.Agreed, error) {
	switch {
	case req.NumSignatures < 1:
		return nil, csc.Refused("Invalid value for parameter numSignatures", nil)
	case req.NumSignatures > c.Multisign:
		return nil, csc.Refused("Numbers of signatures is too high", nil)
	case len(req.Hashes) == 0 && c.SCAL == csc.SCAL2:
		return nil, csc.Missing("array", "hashes")
	case len(req.Hashes) == 0:
		return nil, nil
	case len(req.Hashes) != req.NumSignatures:
		return nil, csc.Refused("Invalid value for parameter numSignatures", nil)
	case req.HashAlgorithmOID == "":
		return nil, csc.Missing("string", "hashAlgorithmOID")
	}
	hash, ok := csc.HashByOID(req.HashAlgorithmOID)
	if !ok {
		return nil, csc.Invalid("hashAlgorithmOID")
	}
	var agreed []sad.Agreed
	for _, d := range req.Hashes {
		if len(d) != hash.Size() {
			return nil, csc.Refused("Invalid digest value length", nil)
		}
		agreed = append(agreed, sad.Agreed{Digest: d})
	}
	return agreed, nil
}

// onlyCode takes the code from authData, which must hold it once and nothing
// else.
func onlyCode(data []csc.AuthData) (csc.Secret, error) {
	if len(data) != 1 || data[0].ID != FactorCode || data[0].Value == "" {
		return "", invalidProof(nil)
	}
	return data[0].Value, nil
}

func invalidProof(cause error) error {
	return &csc.Error{
		Code:        csc.InvalidAuthenticationData,
		Description: "The authentication data is invalid",
		Cause:       cause,
	}
}

// refusedProof words a refused factor as §11.6 does.
func refusedProof(err error) error {
	var refused *users.RefusedError
	switch {
	case errors.Is(err, users.ErrLocked), errors.Is(err, users.ErrPaused):
		return csc.Refused("Credential locked", err)
	case errors.As(err, &refused), errors.Is(err, users.ErrDisabled):
		return invalidProof(err)
	}
	return err
}
