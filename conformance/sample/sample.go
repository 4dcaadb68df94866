// Package sample is a small server of the CSC API v2 with throw-away keys, for
// those who write clients of it and want to see them meet a server: a right one,
// or, with one rule after the other turned off, the wrong ones that there are.
//
// It keeps everything in memory, has one signer, one client and two credentials,
// whose secrets are constants, and is no example of how to keep keys. Nothing in
// it is shared with any other server.
package sample

import (
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
	"time"
)

// What a client tells the server.
const (
	ClientID     = "app"
	ClientSecret = "app-secret"
	// OtherClientID is another client, with the secret OtherClientSecret.
	OtherClientID     = "other-app"
	OtherClientSecret = "other-secret"
	RedirectURI       = "https://app.example/callback"
	User              = "demo"
	Password          = "demo-password"
	PIN               = "1234"
	// TOTPSecret is the authenticator's, in Base32.
	TOTPSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	// CodeCredential is agreed to on the server's page, PINCredential by a PIN in
	// a call; OthersCredential is another signer's.
	CodeCredential   = "demo-code"
	PINCredential    = "demo-pin"
	OthersCredential = "others-pin"
	other            = "other"
)

// base is where the API lives.
const base = "/csc/v2"

// A Server is the server. It may be used by many at once.
type Server struct {
	origin  string // https://host:port
	off     map[Rule]bool
	now     func() time.Time
	keys    map[string]*credential // by credentialID
	methods map[string]method      // by name

	mu     sync.Mutex
	tokens map[string]*grant // access tokens and SADs
	codes  map[string]*code
	steps  map[int64]bool // of the authenticator, used
	made   int            // by rule CreatesOnList
}

// New makes a server that is reached under the origin, goes by the clock, and
// does not keep some rules.
func New(origin string, now func() time.Time, off ...Rule) (*Server, error) {
	s := &Server{
		origin: origin, off: map[Rule]bool{}, now: now,
		tokens: map[string]*grant{}, codes: map[string]*code{}, steps: map[int64]bool{},
	}
	for _, rule := range off {
		s.off[rule] = true
	}
	var err error
	if s.keys, err = newKeys(s.now()); err != nil {
		return nil, err
	}
	s.methods = map[string]method{
		"info": s.info, "credentials/list": s.list, "credentials/info": s.describe, "credentials/authorize": s.authorize, "signatures/signHash": s.sign,
	}
	return s, nil
}

// lives are how long things are good for.
const (
	tokenLife = 10 * time.Minute
	sadLife   = 5 * time.Minute
	codeLife  = time.Minute
)

// A grant is what an access token or a SAD stands for.
type grant struct {
	client, user string
	credential   string   // "" for a token that signs nothing
	hashes       []string // in Base64, as agreed on
	count        int      // of signatures that are left
	until        time.Time
}

// ServeHTTP answers.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	switch path := r.URL.Path; {
	case path == "/logo.png":
		logo(w)
	case path == "/oauth2/authorize":
		s.agree(w, r)
	case path == "/oauth2/token":
		s.token(w, r)
	case path == base+"/oauth2/authorize" || path == base+"/oauth2/token":
		http.NotFound(w, r)
	default:
		name, ours := strings.CutPrefix(path, base+"/")
		if s.off[Misspells] && name == "credentials/authorise" {
			name = "credentials/authorize"
		} else if s.off[Misspells] && name == "credentials/authorize" {
			name = ""
		}
		if !ours || s.methods[name] == nil {
			s.fail(w, &fault{http.StatusNotImplemented, "invalid_request", "The method is not supported"})
			return
		}
		s.call(w, r, name)
	}
}

// put keeps a grant under a new name.
func (s *Server) put(g *grant) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := rand.Text()
	s.tokens[name] = g
	return name
}

// look is the grant with the name that is still good; nil if there is none.
func (s *Server) look(name string) *grant {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.tokens[name]
	if g == nil || !s.off[NeverExpires] && s.now().After(g.until) {
		return nil
	}
	return g
}

// known reports whether there ever was a grant with the name.
func (s *Server) known(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens[name] != nil
}
