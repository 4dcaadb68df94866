package client

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
)

// The secrets of these tests. None of them may show where it should not.
const (
	clientSecret = "secret:of+the/client %&"
	otp          = "471100"
	sad          = "canary-sad"
	tokenBody    = "canary-token"
)

// A server answers as its handlers say and keeps what it was asked.
type server struct {
	*httptest.Server
	t *testing.T

	mu       sync.Mutex
	tokens   int
	asked    []asked
	handlers map[string]http.HandlerFunc
}

type asked struct {
	path   string
	header http.Header
	body   string
}

// serve starts a server with the handlers of a good one.
func serve(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, handlers: map[string]http.HandlerFunc{}}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(s.ServeHTTP))
	t.Cleanup(s.Close)
	s.handlers["/csc/v2/info"] = answer(200, map[string]any{"specs": "2.2.0.0", "oauth2": s.URL + "/as"})
	s.handlers["/as/oauth2/token"] = func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		s.tokens++
		n := s.tokens
		s.mu.Unlock()
		write(w, 200, map[string]any{"access_token": fmt.Sprintf("%s-%d", tokenBody, n), "token_type": "Bearer", "expires_in": 600})
	}
	s.handlers["/csc/v2/credentials/list"] = answer(200, map[string]any{"credentialIDs": []string{"c_1"}})
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	s.mu.Lock()
	s.asked = append(s.asked, asked{r.URL.Path, r.Header.Clone(), string(body)})
	h, ok := s.handlers[r.URL.Path]
	s.mu.Unlock()
	if !ok {
		write(w, 501, map[string]any{"error": "invalid_request", "error_description": "The method is not implemented"})
		return
	}
	h(w, r)
}

// on replaces the handler of a path.
func (s *server) on(path string, h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handlers[path] = h
}

// last is the newest request to path.
func (s *server) last(path string) asked {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.asked) - 1; i >= 0; i-- {
		if s.asked[i].path == path {
			return s.asked[i]
		}
	}
	s.t.Fatalf("nobody asked for %s", path)
	return asked{}
}

func (s *server) count(path string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.asked {
		if a.path == path {
			n++
		}
	}
	return n
}

// client is one of the server's.
func (s *server) client() *Client {
	return &Client{BaseURL: s.URL + "/csc/v2", HTTP: s.Client(), ID: "app_1", Secret: clientSecret}
}

func answer(status int, body any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { write(w, status, body) }
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// raw answers bytes as they are.
func raw(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// discreet fails if a secret is in text.
func discreet(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{clientSecret, url.QueryEscape(clientSecret), otp, sad, tokenBody} {
		if strings.Contains(text, secret) {
			t.Errorf("the secret %q shows in %q", secret, text)
		}
	}
}

// A clock is moved by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

var signHash = csc.SignHashRequest{
	CredentialID: "c_1", SAD: sad, Hashes: []csc.Digest{{1, 2}, {3, 4}}, SignAlgo: "1.2.840.10045.4.3.2",
}

var authorize = csc.AuthorizeRequest{
	CredentialID: "c_1", NumSignatures: 1, Hashes: []csc.Digest{{1, 2}}, HashAlgorithmOID: csc.OIDSHA256,
	AuthData: []csc.AuthData{{ID: "OTP", Value: otp}},
}
