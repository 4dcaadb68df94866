package credentials

import (
	"context"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/failpoint"
	"github.com/pecete/pecete/users"
)

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
	// Challenges are what signers are sent.
	Challenges *Challenges
	// Extending lets authorizations of credentials that are Extendable go on.
	Extending bool
}

// A Prover judges what a signer proves.
type Prover interface {
	// Prove judges claims together and uses up what is good once; the errors are
	// those of package users. What fails counts against the credential too,
	// unless that is "".
	Prove(ctx context.Context, userID, credential string, claims ...users.Claim) (users.Proof, error)
	// Barred returns why no claim of a factor would be judged now, nil if one
	// would.
	Barred(ctx context.Context, userID, factor string) error
}

// A Log keeps the audit record; what it cannot keep is not done.
type Log interface {
	Append(ctx context.Context, e audit.Entry) error
}

// Authorize implements credentials/authorize (v2.0.0.2 §11.6). Everything else
// is judged before the proof, so that a request with another fault does not cost
// the signer a code.
func (a Authorizer) Authorize(ctx context.Context, who Caller, req csc.AuthorizeRequest) (csc.AuthorizeResponse, error) {
	c, err := a.explicit(ctx, who, req.CredentialID)
	if err != nil {
		return csc.AuthorizeResponse{}, err
	}
	agreed, err := c.agreed(req)
	if err != nil {
		return csc.AuthorizeResponse{}, err
	}
	given, err := c.given(who, req.AuthData)
	if err != nil {
		return csc.AuthorizeResponse{}, err
	}
	apart := given.apart()
	if apart != nil {
		if err := a.couldWait(ctx, who, c, *apart); err != nil {
			return csc.AuthorizeResponse{}, err
		}
	}
	proof, err := a.prove(ctx, who, c, given)
	if err != nil {
		return csc.AuthorizeResponse{}, err
	}
	if apart != nil {
		return a.pending(ctx, who, c, req, proof, *apart)
	}
	return a.issue(ctx, who, c, req, agreed, proof)
}

// issue records and keeps the grant: the record first, since a grant nobody
// recorded must not be spendable.
func (a Authorizer) issue(ctx context.Context, who Caller, c Credential, req csc.AuthorizeRequest, agreed []sad.Agreed, proof proof) (csc.AuthorizeResponse, error) {
	if c.Standing == users.Out {
		return csc.AuthorizeResponse{}, refusedProof(users.ErrLocked)
	}
	value, id := sad.New()
	life, now := a.life(), a.Now()
	grant := sad.Grant{
		ID: id, UserID: c.UserID, ClientID: who.ClientID, CredentialID: c.ID,
		Issued: now, Expires: now.Add(life), Count: req.NumSignatures, Left: req.NumSignatures,
		Bound: len(agreed) > 0, Hashes: agreed, HashOID: req.HashAlgorithmOID, Standing: c.Standing, Holder: who.Holder,
	}
	err := a.Audit.Append(ctx, audit.Entry{
		Event: audit.GrantIssued, Client: who.ClientID, User: c.UserID, Credential: c.ID,
		Certificate: c.Fingerprint(), Grant: id, Count: grant.Count, Bound: grant.Bound,
		Hashes: csc.Hex(req.Hashes), HashOID: req.HashAlgorithmOID,
		Factor: proof.factors, Step: proof.step, Reason: proof.reason,
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
