package credentials

import (
	"context"
	"errors"
	"fmt"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/failpoint"
)

// Extend implements credentials/extendTransaction (v2.0.0.2 §11.9): what is left of
// an authorization goes on under another SAD, perhaps for other hashes, and the SAD
// before is dead. The signer never sees those hashes: so it is for credentials that
// an operator allowed it for, at SCAL 1 only, and for no more signatures than he
// agreed to.
//
// The grant before is ended first, then its extension is recorded, then kept: who
// dies in between leaves no SAD at all.
func (a Authorizer) Extend(ctx context.Context, who Caller, req csc.ExtendRequest) (csc.AuthorizeResponse, error) {
	c, err := a.Register.find(ctx, who, req.CredentialID)
	if err == nil {
		err = c.extendable(a.Extending, req)
	}
	if err == nil {
		err = c.ForHashes(who)
	}
	if err == nil {
		err = c.Usable(a.Now())
	}
	if err != nil {
		return csc.AuthorizeResponse{}, err
	}
	value, id := sad.New()
	old, next, err := sad.Extend(ctx, a.Grants, sad.ID(req.SAD), sad.Use{
		UserID: who.UserID, ClientID: who.ClientID, CredentialID: c.ID, Holder: who.Holder, Standing: c.Standing,
		Hashes: req.Hashes, HashOID: req.HashAlgorithmOID,
	}, a.life(), id, a.Now())
	if err != nil {
		return csc.AuthorizeResponse{}, notExtended(err)
	}
	failpoint.Hit(failpoint.GrantEnded)
	if err := a.putExtended(context.WithoutCancel(ctx), c, old, next); err != nil {
		return csc.AuthorizeResponse{}, err
	}
	return csc.AuthorizeResponse{SAD: value, ExpiresIn: max(1, int(next.Expires.Sub(a.Now()).Seconds()))}, nil
}

// extendable refuses a credential whose authorizations do not go on, and hashes
// that cannot be any.
func (c Credential) extendable(extending bool, req csc.ExtendRequest) error {
	if !extending || !c.Extendable || c.SCAL != csc.SCAL1 {
		return csc.Refused("The authorizations of the credential identified by credentialID cannot be extended", nil)
	}
	if len(req.Hashes) == 0 {
		return nil
	}
	if req.HashAlgorithmOID == "" {
		return csc.Missing("string", "hashAlgorithmOID")
	}
	hash, ok := csc.HashByOID(req.HashAlgorithmOID)
	if !ok {
		return csc.Invalid("hashAlgorithmOID")
	}
	for _, d := range req.Hashes {
		if len(d) != hash.Size() {
			return csc.Refused("Invalid digest value length", nil)
		}
	}
	return nil
}

// putExtended records and keeps the grant that takes another's place.
func (a Authorizer) putExtended(ctx context.Context, c Credential, old, next sad.Grant) error {
	var hashes []string
	for _, one := range next.Hashes {
		hashes = append(hashes, one.Digest.String())
	}
	err := a.Audit.Append(ctx, audit.Entry{
		Event: audit.GrantExtended, Client: next.ClientID, User: next.UserID, Credential: next.CredentialID,
		Certificate: c.Fingerprint(), Grant: next.ID, From: old.ID, Count: next.Count, Bound: next.Bound,
		Hashes: hashes, HashOID: next.HashOID,
	})
	if err != nil {
		return err
	}
	failpoint.Hit(failpoint.ExtensionRecorded)
	if err := a.Grants.Put(ctx, next); err != nil {
		return fmt.Errorf("keep extended grant: %w", err)
	}
	return nil
}

// notExtended words what no grant was extended for, as signHash would.
func notExtended(err error) error {
	var told *csc.Error
	switch {
	case errors.Is(err, sad.ErrExpired):
		told = csc.Refused("SAD expired", nil)
	case errors.Is(err, sad.ErrCount):
		told = csc.Invalid("hashes")
	case errors.Is(err, sad.ErrUnknown), errors.Is(err, sad.ErrForeign), errors.Is(err, sad.ErrHolder),
		errors.Is(err, sad.ErrCredential), errors.Is(err, sad.ErrOver):
		told = csc.Invalid("SAD")
	default:
		return err
	}
	told.Cause = err
	return told
}
