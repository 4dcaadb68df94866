package server

import (
	"context"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/csc/v1"
	"github.com/pecete/pecete/openapi"
)

// A facade is the API as v1.0.4.0 has it: it says a request in the words of v2,
// has the method of v2 do it, and says the answer in its own. It decides nothing.
type facade struct{ *Server }

func (f facade) judge() *openapi.Contract { return f.V1 }

// routes is the truth about which methods of v1 there are, as Server.routes is for
// v2.
func (f facade) routes() []route {
	all := []route{
		{csc.MethodInfo, func(*Server) gin.HandlerFunc { return open(f, csc.MethodInfo, f.info) }},
		{csc.MethodAuthLogin, func(*Server) gin.HandlerFunc { return loggingIn(f) }},
		{csc.MethodAuthRevoke, func(*Server) gin.HandlerFunc { return serve(f, csc.MethodAuthRevoke, f.authRevoke) }},
		{csc.MethodList, func(*Server) gin.HandlerFunc { return serve(f, csc.MethodList, f.credentialsList) }},
		{csc.MethodCredentialInfo, func(*Server) gin.HandlerFunc { return serve(f, csc.MethodCredentialInfo, f.credentialsInfo) }},
		{csc.MethodAuthorize, func(*Server) gin.HandlerFunc { return serve(f, csc.MethodAuthorize, f.credentialsAuthorize) }},
		{csc.MethodExtendTransaction, func(*Server) gin.HandlerFunc {
			return serve(f, csc.MethodExtendTransaction, f.credentialsExtendTransaction)
		}},
		{csc.MethodSendOTP, func(*Server) gin.HandlerFunc { return serve(f, csc.MethodSendOTP, f.credentialsSendOTP) }},
		{csc.MethodSignHash, func(*Server) gin.HandlerFunc { return serve(f, csc.MethodSignHash, f.signHash) }},
		{csc.MethodTimestamp, func(*Server) gin.HandlerFunc { return serve(f, csc.MethodTimestamp, f.timestamp) }},
	}
	return slices.DeleteFunc(all, func(r route) bool { return !f.offers(r.method) })
}

// HasV1 reports whether the server has a method of v1.
func (s *Server) HasV1(m csc.Method) bool {
	return s.V1 != nil && slices.ContainsFunc(facade{s}.routes(), func(r route) bool { return r.method == m })
}

// info implements info (v1.0.4.0 §11.1).
func (f facade) info(ctx context.Context, req csc.InfoRequest) (v1.InfoResponse, error) {
	told, err := f.Server.info(ctx, req)
	told.AuthType = f.About.AuthType // there is no auth/login here
	var methods []csc.Method
	for _, r := range f.routes() {
		methods = append(methods, r.method)
	}
	return v1.InfoOf(told, f.About.URL, methods), err
}

// mostListed is how many credentials a page has.
const mostListed = 100

// credentialsList implements credentials/list (v1.0.4.0 §11.4). A page is asked
// for by the last credential of the one before it.
func (f facade) credentialsList(ctx context.Context, who credentials.Caller, req v1.ListRequest) (v1.ListResponse, error) {
	told, err := f.Server.credentialsList(ctx, who, csc.ListRequest{UserID: req.UserID})
	if err != nil {
		return v1.ListResponse{}, err
	}
	rest := told.CredentialIDs
	if req.PageToken != "" {
		last := slices.Index(rest, req.PageToken)
		if last < 0 {
			return v1.ListResponse{}, csc.Invalid("pageToken")
		}
		rest = rest[last+1:]
	}
	most := mostListed
	if req.MaxResults > 0 {
		most = min(most, req.MaxResults)
	}
	if len(rest) <= most {
		return v1.ListResponse{CredentialIDs: rest}, nil
	}
	return v1.ListResponse{CredentialIDs: rest[:most], NextPageToken: rest[most-1]}, nil
}

// credentialsInfo implements credentials/info (v1.0.4.0 §11.5).
func (f facade) credentialsInfo(ctx context.Context, who credentials.Caller, req csc.CredentialInfoRequest) (v1.CredentialInfo, error) {
	asked := req.AuthInfo
	req.AuthInfo = true
	told, err := f.Server.credentialsInfo(ctx, who, req)
	if err != nil {
		return v1.CredentialInfo{}, err
	}
	flat, err := flatten(told.Auth)
	if err != nil {
		return v1.CredentialInfo{}, err
	}
	info := v1.CredentialOf(told)
	info.AuthMode = flat.mode
	if asked && flat.mode == v1.Explicit {
		info.PIN, info.OTP = flat.tellPIN(), flat.tellOTP()
	}
	return info, nil
}

// credentialsExtendTransaction implements credentials/extendTransaction (v1.0.4.0
// §11.7).
func (f facade) credentialsExtendTransaction(ctx context.Context, who credentials.Caller, req v1.ExtendRequest) (csc.AuthorizeResponse, error) {
	return f.Server.credentialsExtendTransaction(ctx, who, req.In())
}

// credentialsSendOTP implements credentials/sendOTP (v1.0.4.0 §11.8): the
// challenge of the object that OTP is.
func (f facade) credentialsSendOTP(ctx context.Context, who credentials.Caller, req v1.SendOTPRequest) (v1.SendOTPResponse, error) {
	flat, err := f.flat(ctx, who, req.CredentialID)
	if err != nil {
		return v1.SendOTPResponse{}, err
	}
	if flat.otp != nil && flat.otp.Type != csc.TypeChallenge {
		flat.otp = nil
	}
	asked := csc.ChallengeRequest{CredentialID: req.CredentialID, ClientData: req.ClientData}
	if flat.otp != nil {
		asked.AuthObjectID = flat.otp.ID
	}
	_, err = f.credentialsGetChallenge(ctx, who, asked)
	return v1.SendOTPResponse{}, err
}

// signHash implements signatures/signHash (v1.0.4.0 §11.9).
func (f facade) signHash(ctx context.Context, who credentials.Caller, req v1.SignHashRequest) (v1.SignHashResponse, error) {
	told, err := f.Server.signHash(ctx, who, req.In())
	return v1.SignHashResponse{Signatures: told.Signatures}, err
}
