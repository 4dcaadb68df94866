// Package server is the CSC API over HTTP. A method here is a function from a
// request to a response or an error; everything about HTTP — who calls, whether
// the body is one, what an error looks like — happens around it, once, in
// serve.
package server

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/singleflight"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/csc/v1"
	"github.com/pecete/pecete/openapi"
	"github.com/pecete/pecete/signing"
	"github.com/pecete/pecete/tsa"
)

// A Server answers the CSC API at csc.BasePath, and beside it the contract, the
// logo and the two health pages.
type Server struct {
	Contract *openapi.Contract
	V1       *openapi.Contract // of API v1.0.4.0, at v1.BasePath; nil: it is not served
	Callers  Callers
	// Mux has what is served beside the API: the authorization server and its
	// pages. Handler adds the API to it, and may be called once.
	Mux        *http.ServeMux
	Register   credentials.Register
	Authorizer credentials.Authorizer
	Creator    *credentials.Creator // nil: credentials are neither made nor deleted
	Deleter    *credentials.Deleter
	Signer     signing.Signer
	Stamper    tsa.Stamper // nil: there is no signatures/timestamp
	Logins     Logins      // nil: there is no auth/login
	Authority  *Authority  // nil: nobody invites over HTTP
	About      About
	Checks     []Check
	Limits     Limits
	// DeviceFull reports that the device's queue takes no more; nil if nobody
	// knows.
	DeviceFull func() bool
	// Later tells a browser to come again, with 503 and Retry-After; JSON does if
	// nil.
	Later  http.HandlerFunc
	Logger *slog.Logger
	Now    func() time.Time
	// Observe, if set, is told of each request as it begins, by the pattern of
	// its route and never by its path; what it returns is called at the end.
	Observe func(route string) (ended func(verb string, status int))

	strangers buckets
	door      door
	checking  singleflight.Group
	waiting   atomic.Int64 // requests of v1 whose signers have to approve
}

// Callers knows who calls, and by what tokens; *oauth.Provider does.
type Callers interface {
	// Caller says who stands behind the access token that r brings by the scheme
	// DPoP, or by Bearer. A *csc.Error is for the client.
	Caller(r *http.Request, token csc.Secret, dpop bool) (credentials.Caller, error)
	// TellNonce puts into an answer's header what the next proof of possession
	// needs.
	TellNonce(header http.Header)
	// Revoke ends a token of the caller's; a *csc.Error if there is no such token.
	Revoke(ctx context.Context, who credentials.Caller, token csc.Secret) error
}

// Handler is the server's whole HTTP surface.
func (s *Server) Handler() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	_ = engine.SetTrustedProxies(nil) // nil cannot be refused
	for _, r := range s.routes() {
		engine.POST(csc.BasePath+"/"+string(r.method), r.handler(s))
	}
	if s.V1 != nil {
		for _, r := range (facade{s}).routes() {
			engine.POST(v1.BasePath+"/"+string(r.method), r.handler(s))
		}
		engine.GET("/openapi-v1.yaml", contract(s.V1.Served(s.About.URL, s.HasV1)))
	}
	engine.GET("/healthz", s.healthz)
	engine.GET("/readyz", s.readyz)
	engine.GET("/openapi.yaml", contract(s.Contract.Served(s.About.URL, s.Has)))
	engine.GET(logoPath, serveLogo)
	engine.NoMethod(s.noMethod)
	engine.NoRoute(s.noRoute)

	s.mountAuthority()
	s.Mux.Handle("/", engine)
	s.openDoor()
	inside := s.begun(s.clean(s.Mux))
	return s.observed(patterns(s.Mux, engine.Routes()), s.admitted(inside))
}

// clean refuses paths that are not in their shortest form: the mux would
// redirect them, and a redirected POST may lose or repeat its body.
func (s *Server) clean(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if tidy := path.Clean("/" + r.URL.Path); tidy != strings.TrimSuffix(r.URL.Path, "/") && r.URL.Path != "/" {
			s.fail(w, r, nothingHere(r))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// contract answers with the contract as this server keeps it.
func contract(served []byte) gin.HandlerFunc {
	return func(c *gin.Context) { c.Data(http.StatusOK, "application/yaml; charset=utf-8", served) }
}
