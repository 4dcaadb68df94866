package server

import (
	"context"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/tsa"
)

// authRevoke implements auth/revoke (v2.0.0.2 §11.3).
func (s *Server) authRevoke(ctx context.Context, who credentials.Caller, req csc.RevokeRequest) (csc.RevokeResponse, error) {
	return csc.RevokeResponse{}, s.Callers.Revoke(ctx, who, req.Token)
}

// credentialsCreate implements credentials/create (v2.2 §11.4).
func (s *Server) credentialsCreate(ctx context.Context, who credentials.Caller, req csc.CreateRequest) (csc.CreateResponse, error) {
	return s.Creator.Create(ctx, who, req)
}

// credentialsDelete implements credentials/delete (v2.2 §11.5).
func (s *Server) credentialsDelete(ctx context.Context, who credentials.Caller, req csc.DeleteRequest) (csc.DeleteResponse, error) {
	return csc.DeleteResponse{}, s.Deleter.Delete(ctx, who, req.Request)
}

// credentialsList implements credentials/list (v2.0.0.2 §11.4).
func (s *Server) credentialsList(ctx context.Context, who credentials.Caller, req csc.ListRequest) (csc.ListResponse, error) {
	return s.Register.List(ctx, who, req)
}

// credentialsInfo implements credentials/info (v2.0.0.2 §11.5).
func (s *Server) credentialsInfo(ctx context.Context, who credentials.Caller, req csc.CredentialInfoRequest) (csc.CredentialInfo, error) {
	return s.Register.Info(ctx, who, req)
}

// credentialsAuthorize implements credentials/authorize (v2.0.0.2 §11.6).
func (s *Server) credentialsAuthorize(ctx context.Context, who credentials.Caller, req csc.AuthorizeRequest) (csc.AuthorizeResponse, error) {
	return s.Authorizer.Authorize(ctx, who, req)
}

// credentialsAuthorizeCheck implements credentials/authorizeCheck (v2.0.0.2
// §11.7).
func (s *Server) credentialsAuthorizeCheck(ctx context.Context, who credentials.Caller, req csc.AuthorizeCheckRequest) (csc.AuthorizeResponse, error) {
	return s.Authorizer.Check(ctx, who, req)
}

// credentialsGetChallenge implements credentials/getChallenge (v2.0.0.2 §11.8).
func (s *Server) credentialsGetChallenge(ctx context.Context, who credentials.Caller, req csc.ChallengeRequest) (csc.ChallengeResponse, error) {
	return s.Authorizer.Challenge(ctx, who, req)
}

// credentialsExtendTransaction implements credentials/extendTransaction (v2.0.0.2
// §11.9).
func (s *Server) credentialsExtendTransaction(ctx context.Context, who credentials.Caller, req csc.ExtendRequest) (csc.AuthorizeResponse, error) {
	return s.Authorizer.Extend(ctx, who, req)
}

// signHash implements signatures/signHash (v2.0.0.2 §11.10).
func (s *Server) signHash(ctx context.Context, who credentials.Caller, req csc.SignHashRequest) (csc.SignHashResponse, error) {
	grant, err := grantFor(who, req.SAD)
	if err != nil {
		return csc.SignHashResponse{}, err
	}
	return s.Signer.SignHash(ctx, who, grant, req)
}

// signDoc implements signatures/signDoc (v2.0.0.2 §11.11).
func (s *Server) signDoc(ctx context.Context, who credentials.Caller, req csc.SignDocRequest) (csc.SignDocResponse, error) {
	grant, err := grantFor(who, req.SAD)
	if err != nil {
		return csc.SignDocResponse{}, err
	}
	return s.Signer.SignDoc(ctx, who, grant, req)
}

// signPolling implements signatures/signPolling (v2.0.0.2 §11.12).
func (s *Server) signPolling(ctx context.Context, who credentials.Caller, req csc.SignPollingRequest) (csc.SignPollingResponse, error) {
	return s.Signer.Poll(ctx, who, req)
}

// timestamp implements signatures/timestamp (v2.0.0.2 §11.13).
func (s *Server) timestamp(ctx context.Context, who credentials.Caller, req csc.TimestampRequest) (csc.TimestampResponse, error) {
	return tsa.Timestamp(ctx, s.Stamper, tsa.Asker{ClientID: who.ClientID, UserID: who.UserID}, req)
}
