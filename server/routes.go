package server

import (
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/pecete/pecete/csc"
)

// A route is a method of the API and the function that is it.
type route struct {
	method  csc.Method
	handler func(*Server) gin.HandlerFunc
}

// opens reports whether a token of the scope opens a method: one of scope
// credential three, for its credential (§8.4), those that change credentials one
// each (v2.2 §11.4, §11.5), and scope service all the others.
func opens(scope string, m csc.Method) bool {
	switch m {
	case csc.MethodCreate:
		return scope == csc.ScopeCreation
	case csc.MethodDelete:
		return scope == csc.ScopeDeletion
	case csc.MethodCredentialInfo, csc.MethodSignHash, csc.MethodSignDoc:
		return scope == csc.ScopeService || scope == csc.ScopeCredential
	default:
		return scope == csc.ScopeService
	}
}

// routes is the truth about which methods there are: the router and
// info.methods are both read from it. It is a function because info, which is
// in it, reads it. A method that is not configured is not there.
func (s *Server) routes() []route {
	all := []route{
		{csc.MethodInfo, func(s *Server) gin.HandlerFunc { return open(s, csc.MethodInfo, s.info) }},
		{csc.MethodAuthLogin, func(s *Server) gin.HandlerFunc { return loggingIn(s) }},
		{csc.MethodAuthRevoke, func(s *Server) gin.HandlerFunc { return serve(s, csc.MethodAuthRevoke, s.authRevoke) }},
		{csc.MethodCreate, func(s *Server) gin.HandlerFunc { return serve(s, csc.MethodCreate, s.credentialsCreate) }},
		{csc.MethodDelete, func(s *Server) gin.HandlerFunc { return serve(s, csc.MethodDelete, s.credentialsDelete) }},
		{csc.MethodList, func(s *Server) gin.HandlerFunc { return serve(s, csc.MethodList, s.credentialsList) }},
		{csc.MethodCredentialInfo, func(s *Server) gin.HandlerFunc { return serve(s, csc.MethodCredentialInfo, s.credentialsInfo) }},
		{csc.MethodAuthorize, func(s *Server) gin.HandlerFunc { return serve(s, csc.MethodAuthorize, s.credentialsAuthorize) }},
		{csc.MethodAuthorizeCheck, func(s *Server) gin.HandlerFunc {
			return serve(s, csc.MethodAuthorizeCheck, s.credentialsAuthorizeCheck)
		}},
		{csc.MethodGetChallenge, func(s *Server) gin.HandlerFunc { return serve(s, csc.MethodGetChallenge, s.credentialsGetChallenge) }},
		{csc.MethodExtendTransaction, func(s *Server) gin.HandlerFunc {
			return serve(s, csc.MethodExtendTransaction, s.credentialsExtendTransaction)
		}},
		{csc.MethodSignHash, func(s *Server) gin.HandlerFunc { return serve(s, csc.MethodSignHash, s.signHash) }},
		{csc.MethodSignDoc, func(s *Server) gin.HandlerFunc { return serve(s, csc.MethodSignDoc, s.signDoc) }},
		{csc.MethodSignPolling, func(s *Server) gin.HandlerFunc { return serve(s, csc.MethodSignPolling, s.signPolling) }},
		{csc.MethodTimestamp, func(s *Server) gin.HandlerFunc { return serve(s, csc.MethodTimestamp, s.timestamp) }},
	}
	return slices.DeleteFunc(all, func(r route) bool { return !s.offers(r.method) })
}

// offers reports whether a method that needs to be configured is.
func (s *Server) offers(m csc.Method) bool {
	switch m {
	case csc.MethodAuthLogin:
		return s.Logins != nil
	case csc.MethodCreate, csc.MethodDelete:
		return s.Creator != nil && s.Deleter != nil
	case csc.MethodExtendTransaction:
		return s.Authorizer.Extending
	case csc.MethodTimestamp:
		return s.Stamper != nil
	default:
		return true
	}
}

// Has reports whether the server has a method.
func (s *Server) Has(m csc.Method) bool {
	return slices.ContainsFunc(s.routes(), func(r route) bool { return r.method == m })
}
