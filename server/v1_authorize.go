package server

import (
	"context"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/csc/v1"
)

// v1 knows no handle: whoever asks for an authorization that its signer has to
// approve waits for it.
const (
	mostWaiting = 32                     // requests at once
	look        = 500 * time.Millisecond // how often it is looked whether he has
	farewell    = time.Second            // before the request's time is over
)

// credentialsAuthorize implements credentials/authorize (v1.0.4.0 §11.6).
func (f facade) credentialsAuthorize(ctx context.Context, who credentials.Caller, req v1.AuthorizeRequest) (csc.AuthorizeResponse, error) {
	flat, err := f.flat(ctx, who, req.CredentialID)
	if err != nil {
		return csc.AuthorizeResponse{}, err
	}
	in := req.In()
	in.AuthData = flat.data(req.PIN, req.OTP)
	if flat.waits(in.AuthData) {
		defer f.waiting.Add(-1)
		if f.waiting.Add(1) > mostWaiting {
			return csc.AuthorizeResponse{}, csc.Fail(csc.TemporarilyUnavailable, errWaiting)
		}
	}
	told, err := f.Server.credentialsAuthorize(ctx, who, in)
	if err != nil {
		return told, flat.words(req, err)
	}
	return f.await(ctx, who, told)
}

// await asks until the signer has decided, or there is no more time. One who
// declined has denied the request.
func (f facade) await(ctx context.Context, who credentials.Caller, told csc.AuthorizeResponse) (csc.AuthorizeResponse, error) {
	end := time.Now().Add(orDefault(f.Limits.Approval, defaultApproval) - farewell)
	for told.Pending != nil {
		if time.Now().Add(look).After(end) {
			return csc.AuthorizeResponse{}, csc.Fail(csc.AccessDenied, errUndecided)
		}
		select {
		case <-ctx.Done():
			return csc.AuthorizeResponse{}, ctx.Err()
		case <-time.After(look):
		}
		var err error
		if told, err = f.credentialsAuthorizeCheck(ctx, who, csc.AuthorizeCheckRequest{Handle: told.Pending.Handle}); err != nil {
			return csc.AuthorizeResponse{}, decidedWords(err)
		}
	}
	return told, nil
}
