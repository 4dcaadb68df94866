package signing

import (
	"context"
	"errors"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
)

// SignHash implements signatures/signHash (v2.0.0.2 §11.10) for the SAD id.
func (s Signer) SignHash(ctx context.Context, who credentials.Caller, id string, req csc.SignHashRequest) (csc.SignHashResponse, error) {
	b, err := s.hashes(ctx, who, id, req)
	if err != nil {
		s.observe(len(req.Hashes), err)
		return csc.SignHashResponse{}, err
	}
	result, responseID, err := s.do(ctx, b, req.Operation)
	return csc.SignHashResponse{Signatures: result.Signatures, ResponseID: responseID}, err
}

// hashes judges everything that can be judged without writing.
func (s Signer) hashes(ctx context.Context, who credentials.Caller, id string, req csc.SignHashRequest) (*batch, error) {
	c, err := s.usable(ctx, who, req.CredentialID)
	if err == nil {
		err = c.ForHashes(who)
	}
	if err != nil {
		return nil, err
	}
	plan, err := c.Key.Plan(c.SignAlgos(), csc.SignAlgo{
		OID: req.SignAlgo, HashOID: req.HashAlgorithmOID, Params: req.SignAlgoParams,
	})
	if err != nil {
		return nil, err
	}
	b := &batch{
		method: csc.MethodSignHash, who: who, credential: c, sad: id, words: wordHash,
		use: sad.Use{
			UserID: who.UserID, ClientID: who.ClientID, CredentialID: c.ID, Holder: who.Holder, Standing: c.Standing,
			Kind: csc.DTBSR, Hashes: req.Hashes, HashOID: csc.OIDOfHash(plan.Hash),
		},
		assemble: func(signatures [][]byte) (Result, error) { return Result{Signatures: signatures}, nil },
	}
	for _, d := range req.Hashes {
		if len(d) != plan.Hash.Size() {
			return nil, csc.Refused("Invalid digest value length", nil)
		}
		b.items = append(b.items, item{plan, d})
	}
	return b, nil
}

// usable is the caller's credential, if it can sign now.
func (s Signer) usable(ctx context.Context, who credentials.Caller, id string) (credentials.Credential, error) {
	c, err := s.Register.Owned(ctx, who, id)
	if errors.Is(err, credentials.ErrUnknown) {
		err = csc.Invalid("credentialID")
	}
	if err == nil {
		err = c.Usable(s.Now())
	}
	return c, err
}

// wordHash words an unspendable grant as signatures/signHash, v2.0.0.2 §11.10,
// does. It is nil if err is ours and not the client's.
func wordHash(err error) *csc.Error {
	switch {
	case errors.Is(err, sad.ErrExpired):
		return csc.Refused("SAD expired", err)
	case errors.Is(err, sad.ErrHash):
		return csc.Refused("Hash is not authorized by the SAD.", err)
	case errors.Is(err, sad.ErrAlgorithm):
		return because(csc.Invalid("hashAlgorithmOID"), err)
	case errors.Is(err, sad.ErrUnknown), errors.Is(err, sad.ErrForeign), errors.Is(err, sad.ErrHolder),
		errors.Is(err, sad.ErrCredential), errors.Is(err, sad.ErrSpent), errors.Is(err, sad.ErrOver):
		return because(csc.Invalid("SAD"), err)
	}
	return nil
}

func because(told *csc.Error, cause error) *csc.Error {
	told.Cause = cause
	return told
}
