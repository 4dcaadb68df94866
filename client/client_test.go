package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
)

// In mode A there is nothing yet but a name to ask by.
func TestModeA(t *testing.T) {
	t.Parallel()
	later := signHash
	later.OperationMode = csc.ModeAsynchronous
	for name, row := range map[string]struct {
		answer string
		want   string // "" for an error
	}{
		"a name":             {`{"responseID":"r_1"}`, "r_1"},
		"no name":            {`{}`, ""},
		"signatures instead": {`{"signatures":["AQI=","AwQ="]}`, ""},
	} {
		s := serve(t)
		s.on("/csc/v2/signatures/signHash", raw(200, row.answer))
		got, err := s.client().SignHash(t.Context(), later)
		if (err == nil) != (row.want != "") || err == nil && got.ResponseID != row.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	s := serve(t)
	s.on("/csc/v2/signatures/signPolling", raw(202, `{"error":"signature_pending"}`))
	_, err := s.client().Poll(t.Context(), csc.SignPollingRequest{RequestID: "r_1"})
	var told *Error
	if !errors.As(err, &told) || told.Status != 202 {
		t.Errorf("what has not ended: %v", err)
	}
}

// What each method puts on the wire, and takes from it.
func TestMethods(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for path, body := range map[string]string{
		"credentials/list":              `{"credentialIDs":["c_1"],"credentialInfos":[{"credentialID":"c_1","key":{"status":"enabled","algo":["1.2.840.10045.2.1"],"len":256},"cert":{},"auth":{"mode":"explicit"},"SCAL":"2","multisign":10}],"onlyValid":true}`,
		"credentials/info":              `{"key":{"status":"enabled","algo":["1.2.840.10045.2.1"],"len":256,"curve":"1.2.840.10045.3.1.7"},"cert":{"certificates":["MA=="]},"auth":{"mode":"explicit","objects":[{"type":"Password","id":"OTP"}]},"SCAL":"2","multisign":10}`,
		"credentials/authorize":         `{"SAD":"canary-sad","expiresIn":300}`,
		"credentials/extendTransaction": `{"SAD":"canary-sad","expiresIn":300}`,
		"signatures/signHash":           `{"signatures":["AQI=","AwQ="]}`,
		"signatures/timestamp":          `{"timestamp":"BQY="}`,
	} {
		s.on("/csc/v2/"+path, raw(200, body))
	}
	c := s.client()
	for path, tt := range map[string]struct {
		sent string
		want any
		do   func() (any, error)
	}{
		"info": {
			`{"lang":"ro"}`, csc.InfoResponse{Specs: "2.2.0.0", OAuth2: s.URL + "/as"},
			func() (any, error) { return c.Info(t.Context(), csc.InfoRequest{Lang: "ro"}) },
		},
		"credentials/list": {
			`{"userID":"u_1","credentialInfo":true,"certificates":"chain"}`,
			csc.ListResponse{CredentialIDs: []string{"c_1"}, OnlyValid: true, CredentialInfos: []csc.CredentialInfo{{
				CredentialID: "c_1", SCAL: csc.SCAL2, Multisign: 10, Auth: csc.AuthInfo{Mode: csc.Explicit},
				Key: csc.KeyInfo{Status: csc.KeyEnabled, Algo: []string{"1.2.840.10045.2.1"}, Len: 256},
			}}},
			func() (any, error) {
				return c.List(t.Context(), csc.ListRequest{UserID: "u_1", CredentialInfo: true, View: csc.View{Certificates: "chain"}})
			},
		},
		"credentials/info": {
			`{"credentialID":"c_1","certInfo":true}`,
			csc.CredentialInfo{
				SCAL: csc.SCAL2, Multisign: 10, Cert: csc.CertInfo{Certificates: []string{"MA=="}},
				Key:  csc.KeyInfo{Status: csc.KeyEnabled, Algo: []string{"1.2.840.10045.2.1"}, Len: 256, Curve: "1.2.840.10045.3.1.7"},
				Auth: csc.AuthInfo{Mode: csc.Explicit, Objects: &[]csc.AuthObject{{Type: "Password", ID: "OTP"}}},
			},
			func() (any, error) {
				return c.CredentialInfo(t.Context(), csc.CredentialInfoRequest{CredentialID: "c_1", View: csc.View{CertInfo: true}})
			},
		},
		"credentials/authorize": {
			`{"credentialID":"c_1","numSignatures":1,"hashes":["AQI="],"hashAlgorithmOID":"2.16.840.1.101.3.4.2.1","authData":[{"id":"OTP","value":"471100"}]}`,
			csc.AuthorizeResponse{SAD: sad, ExpiresIn: 300},
			func() (any, error) { return c.Authorize(t.Context(), authorize) },
		},
		"credentials/extendTransaction": {
			`{"credentialID":"c_1","hashes":["AQI="],"hashAlgorithmOID":"2.16.840.1.101.3.4.2.1","SAD":"canary-sad"}`,
			csc.AuthorizeResponse{SAD: sad, ExpiresIn: 300},
			func() (any, error) {
				return c.Extend(t.Context(), csc.ExtendRequest{CredentialID: "c_1", Hashes: []csc.Digest{{1, 2}}, HashAlgorithmOID: csc.OIDSHA256, SAD: sad})
			},
		},
		"signatures/signHash": {
			`{"credentialID":"c_1","SAD":"canary-sad","hashes":["AQI=","AwQ="],"signAlgo":"1.2.840.10045.4.3.2"}`,
			csc.SignHashResponse{Signatures: [][]byte{{1, 2}, {3, 4}}},
			func() (any, error) { return c.SignHash(t.Context(), signHash) },
		},
		"signatures/timestamp": {
			`{"hash":"AQI=","hashAlgo":"2.16.840.1.101.3.4.2.1","nonce":"a1"}`, csc.TimestampResponse{Timestamp: []byte{5, 6}},
			func() (any, error) {
				return c.Timestamp(t.Context(), csc.TimestampRequest{Hash: csc.Digest{1, 2}, HashAlgo: csc.OIDSHA256, Nonce: "a1"})
			},
		},
	} {
		got, err := tt.do()
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", path, err, diff)
		}
		req := s.last("/csc/v2/" + path)
		if diff := cmp.Diff(tt.sent, req.body); diff != "" {
			t.Errorf("%s: sent %s", path, diff)
		}
		bearer := "Bearer canary-token-1"
		if path == "info" {
			bearer = ""
		}
		if got := req.header.Get("Authorization"); got != bearer {
			t.Errorf("%s: Authorization is %q", path, got)
		}
		if got := req.header.Get("Content-Type"); got != "application/json" {
			t.Errorf("%s: Content-Type is %q", path, got)
		}
	}
	if n := s.count("/as/oauth2/token"); n != 1 {
		t.Errorf("%d tokens for five calls", n)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	told := func(code, description string) map[string]any {
		return map[string]any{"error": code, "error_description": description}
	}
	for says, tt := range map[string]struct {
		handler http.HandlerFunc
		want    Error
		passes  bool
	}{
		"a refusal": {answer(400, told("invalid_request", "Invalid parameter SAD")), Error{Status: 400, Code: csc.InvalidRequest, Description: "Invalid parameter SAD"}, false},
		"no words":  {answer(400, told("invalid_request", "")), Error{Status: 400, Code: csc.InvalidRequest}, false},
		"a pause in seconds": {
			paused("7", answer(503, told("temporarily_unavailable", "later"))),
			Error{Status: 503, Code: csc.TemporarilyUnavailable, Description: "later", RetryAfter: 7 * time.Second}, true,
		},
		"too many calls":        {paused("1", raw(429, "")), Error{Status: 429, RetryAfter: time.Second}, true},
		"a pause of nonsense":   {paused("-5", raw(503, "")), Error{Status: 503}, true},
		"a pause of a fraction": {paused("1.5", raw(503, "")), Error{Status: 503}, true},
		"HTML":                  {raw(502, "<h1>Bad gateway</h1>"), Error{Status: 502}, false},
		"nothing":               {raw(500, ""), Error{Status: 500}, false},
		"an array":              {raw(500, "[1]"), Error{Status: 500}, false},
		"half an error":         {raw(400, `{"error":"invalid_request","error_description":5}`), Error{Status: 400}, false},
		"another success":       {raw(202, `{"handle":"h"}`), Error{Status: 202}, false},
		"no content":            {raw(204, ""), Error{Status: 204}, false},
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			s.on("/csc/v2/signatures/signHash", tt.handler)
			_, err := s.client().SignHash(t.Context(), signHash)
			var got *Error
			if !errors.As(err, &got) {
				t.Fatalf("%v is no *Error", err)
			}
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Error(diff)
			}
			var known *csc.Error
			if errors.As(err, &known) != (tt.want.Code != "") || known != nil && known.Code != tt.want.Code {
				t.Errorf("the *csc.Error is %v", known)
			}
			if got.Unavailable() != tt.passes {
				t.Errorf("passes is %t", got.Unavailable())
			}
			discreet(t, err.Error())
		})
	}
}

func paused(wait string, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", wait)
		h(w, r)
	}
}

func TestRetryAfterDate(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"Tue, 01 Jan 2030 12:00:30 GMT": 30 * time.Second, "Tue, 01 Jan 2030 11:00:00 GMT": 0,
		"120": 2 * time.Minute, "0": 0, "": 0, "soon": 0, "1h": 0, "99999999999999999999": 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

func TestUnexpectedAnswers(t *testing.T) {
	t.Parallel()
	for says, body := range map[string]string{
		"not JSON":               `canary-sad`,
		"nothing":                ``,
		"cut off":                `{"signatures":["AQI="`,
		"a number":               `{"signatures":[1]}`,
		"too few signatures":     `{"signatures":["AQI="]}`,
		"too many signatures":    `{"signatures":["AQI=","AQI=","AQI="]}`,
		"no signatures":          `{}`,
		"a signature of nothing": `{"signatures":["canary-sad","AQI="]}`,
		"two values":             `{"signatures":["AQI=","AQI="]} {}`,
		"too much":               `{"signatures":["AQI=","AQI="],"x":"` + strings.Repeat("x", maxAnswer) + `"}`,
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			s.on("/csc/v2/signatures/signHash", raw(200, body))
			_, err := s.client().SignHash(t.Context(), signHash)
			if !errors.Is(err, ErrAnswer) {
				t.Fatalf("got %v", err)
			}
			discreet(t, err.Error())
		})
	}
	for says, body := range map[string]string{
		"no SAD": `{"expiresIn":300}`, "a code for a time": `{"SAD":"canary-sad","expiresIn":471100.5}`, "a number": `{"SAD":471100}`,
	} {
		s := serve(t)
		s.on("/csc/v2/credentials/authorize", raw(200, body))
		_, err := s.client().Authorize(t.Context(), authorize)
		if !errors.Is(err, ErrAnswer) {
			t.Fatalf("%s: %v", says, err)
		}
		discreet(t, err.Error())
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		elsewhere, s := serve(t), serve(t)
		redirect := func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+r.URL.Path, status)
		}
		for _, path := range []string{"/as/oauth2/token", "/csc/v2/credentials/authorize"} {
			s.on(path, redirect)
			c := s.client()
			if path != "/as/oauth2/token" {
				c.Token = func(context.Context) (csc.Secret, error) { return tokenBody, nil }
			}
			var told *Error
			if _, err := c.Authorize(t.Context(), authorize); !errors.As(err, &told) || told.Status != status {
				t.Errorf("%d at %s: %v", status, path, err)
			}
		}
		if len(elsewhere.asked) != 0 {
			t.Errorf("%d was followed", status)
		}
	}
}

func TestOnlyHTTPS(t *testing.T) {
	t.Parallel()
	s := serve(t)
	plain := s.client()
	plain.BaseURL = "http" + strings.TrimPrefix(s.URL, "https") + "/csc/v2"
	user := s.client()
	user.BaseURL = strings.Replace(s.URL, "https://", "https://user:"+otp+"@", 1) + "/csc/v2"
	for _, c := range []*Client{plain, user, {BaseURL: "/csc/v2"}, {BaseURL: "ftp://example.org/csc/v2"}, {BaseURL: "https:///csc/v2"}} {
		_, err := c.Info(t.Context(), csc.InfoRequest{})
		if !errors.Is(err, errPlain) {
			t.Errorf("%s: %v", c.BaseURL, err)
			continue
		}
		discreet(t, err.Error())
	}
	for _, oauth2 := range []string{"http" + strings.TrimPrefix(s.URL, "https"), "", "as"} {
		s.on("/csc/v2/info", answer(200, map[string]any{"oauth2": oauth2}))
		if err := s.client().Authenticate(t.Context()); err == nil {
			t.Errorf("a secret went to %q", oauth2)
		}
	}
	if n := s.count("/as/oauth2/token"); n != 0 {
		t.Errorf("the secret was sent %d times", n)
	}
}

func TestUntrustedServer(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.client()
	c.HTTP = nil
	var seen []Exchange
	c.Trace = func(e Exchange) { seen = append(seen, e) }
	if _, err := c.Info(t.Context(), csc.InfoRequest{}); err == nil || len(s.asked) != 0 {
		t.Errorf("spoke to a server nobody trusts: %v", err)
	}
	if len(seen) != 1 || seen[0].Status != 0 {
		t.Errorf("the trace is %+v", seen)
	}
}

func TestTrace(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.on("/csc/v2/signatures/signHash", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(20 * time.Millisecond)
		write(w, 400, map[string]any{"error": "invalid_request"})
	})
	c := s.client()
	var seen []string
	c.Trace = func(e Exchange) {
		seen = append(seen, fmt.Sprintf("%s %s %d", e.Method, e.Path, e.Status))
		if e.Duration <= 0 || strings.HasSuffix(e.Path, "signHash") && e.Duration < 20*time.Millisecond {
			t.Errorf("%s took %v", e.Path, e.Duration)
		}
		discreet(t, fmt.Sprintf("%+v", e))
	}
	if _, err := c.SignHash(t.Context(), signHash); err == nil {
		t.Error("the refusal was lost")
	}
	want := []string{"POST /csc/v2/info 200", "POST /as/oauth2/token 200", "POST /csc/v2/signatures/signHash 400"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}

func TestContextEndsCalls(t *testing.T) {
	t.Parallel()
	s, hold := serve(t), make(chan struct{})
	defer close(hold)
	s.on("/as/oauth2/token", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	})
	c := s.client()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	ends := make(chan error, 2)
	for range cap(ends) { // one waits for the server, the other for the first
		go func() {
			_, err := c.List(ctx, csc.ListRequest{})
			ends <- err
		}()
	}
	for range cap(ends) {
		if err := <-ends; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	}
}
