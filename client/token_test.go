package client

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
)

func TestTokenRequest(t *testing.T) {
	t.Parallel()
	s := serve(t)
	if err := s.client().Authenticate(t.Context()); err != nil {
		t.Fatal(err)
	}
	req := s.last("/as/oauth2/token")
	form, err := url.ParseQuery(req.body)
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{"grant_type": {"client_credentials"}, "scope": {"service"}, "client_id": {"app_1"}}
	if diff := cmp.Diff(want, form); diff != "" {
		t.Error(diff)
	}
	header := "Basic " + base64.StdEncoding.EncodeToString([]byte("app_1:secret%3Aof%2Bthe%2Fclient+%25%26"))
	if got := req.header.Get("Authorization"); got != header {
		t.Errorf("Authorization is %q", got)
	}
	if got := req.header.Get("Content-Type"); got != "application/x-www-form-urlencoded" {
		t.Errorf("Content-Type is %q", got)
	}
}

func TestTokenTrouble(t *testing.T) {
	t.Parallel()
	for says, h := range map[string]http.HandlerFunc{
		"no token":           raw(200, `{"token_type":"Bearer"}`),
		"another type":       raw(200, `{"access_token":"canary-token","token_type":"DPoP"}`),
		"a header in it":     raw(200, `{"access_token":"canary-token\r\nX: y","token_type":"Bearer"}`),
		"not JSON":           raw(200, `canary-token`),
		"a number":           raw(200, `{"access_token":5,"token_type":"Bearer"}`),
		"a refusal":          raw(400, `{"error":"invalid_request","error_description":"Invalid parameter client_secret"}`),
		"an unworded answer": raw(401, ``),
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			s.on("/as/oauth2/token", h)
			_, err := s.client().List(t.Context(), csc.ListRequest{})
			if err == nil || s.count("/csc/v2/credentials/list") != 0 {
				t.Fatalf("called without a token: %v", err)
			}
			discreet(t, err.Error())
		})
	}
}

func TestTokenIsRenewedInTime(t *testing.T) {
	t.Parallel()
	s, c, clock := serve(t), (*Client)(nil), &clock{at: time.Unix(1e9, 0)}
	c = s.client()
	c.Now = clock.now
	for _, tt := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {589 * time.Second, 1}, {time.Second, 2}, {time.Second, 2}, {time.Hour, 3}} {
		clock.pass(tt.after)
		if _, err := c.List(t.Context(), csc.ListRequest{}); err != nil {
			t.Fatal(err)
		}
		if n := s.count("/as/oauth2/token"); n != tt.want {
			t.Errorf("%v later: %d tokens, want %d", tt.after, n, tt.want)
		}
	}
}

func TestDeadTokenIsRenewedOnce(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.client()
	if err := c.Authenticate(t.Context()); err != nil {
		t.Fatal(err)
	}
	good := "Bearer " + tokenBody + "-2"
	s.on("/csc/v2/credentials/list", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != good {
			write(w, 401, map[string]any{"error": "invalid_token"})
			return
		}
		write(w, 200, map[string]any{"credentialIDs": []string{"c_1"}})
	})
	if _, err := c.List(t.Context(), csc.ListRequest{}); err != nil {
		t.Errorf("the dead token was not renewed: %v", err)
	}
	good = "none is"
	calls, tokens := s.count("/csc/v2/credentials/list"), s.count("/as/oauth2/token")
	var told *Error
	if _, err := c.List(t.Context(), csc.ListRequest{}); !errors.As(err, &told) || told.Status != 401 {
		t.Errorf("got %v", err)
	}
	calls, tokens = s.count("/csc/v2/credentials/list")-calls, s.count("/as/oauth2/token")-tokens
	if calls != 2 || tokens != 1 {
		t.Errorf("%d calls with %d new tokens, want 2 with 1", calls, tokens)
	}
}

func TestRefusedCallIsNotRepeated(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 403, 429, 500, 503} {
		s := serve(t)
		s.on("/csc/v2/signatures/signHash", answer(status, map[string]any{"error": "invalid_request"}))
		c := s.client()
		if err := c.Authenticate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.SignHash(t.Context(), signHash); err == nil || s.count("/csc/v2/signatures/signHash") != 1 {
			t.Errorf("%d: %d calls, %v", status, s.count("/csc/v2/signatures/signHash"), err)
		}
	}
}

func TestGivenToken(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.client()
	c.Token = func(context.Context) (csc.Secret, error) { return "signers-own", nil }
	if _, err := c.List(t.Context(), csc.ListRequest{}); err != nil {
		t.Fatal(err)
	}
	if got := s.last("/csc/v2/credentials/list").header.Get("Authorization"); got != "Bearer signers-own" {
		t.Errorf("Authorization is %q", got)
	}
	s.on("/csc/v2/credentials/list", answer(401, map[string]any{"error": "expired_token"}))
	var told *Error
	if _, err := c.List(t.Context(), csc.ListRequest{}); !errors.As(err, &told) || told.Code != csc.ExpiredToken {
		t.Errorf("got %v", err)
	}
	if n := s.count("/as/oauth2/token"); n != 0 {
		t.Errorf("%d tokens were got though one was given", n)
	}
	away := errors.New("no session")
	c.Token = func(context.Context) (csc.Secret, error) { return "", away }
	if _, err := c.List(t.Context(), csc.ListRequest{}); !errors.Is(err, away) {
		t.Errorf("got %v", err)
	}
}

func TestManyCallsOneToken(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.client()
	ends := make(chan error, 50)
	for range cap(ends) {
		go func() {
			_, err := c.List(t.Context(), csc.ListRequest{})
			ends <- err
		}()
	}
	for range cap(ends) {
		if err := <-ends; err != nil {
			t.Error(err)
		}
	}
	if n := s.count("/as/oauth2/token"); n != 1 {
		t.Errorf("%d tokens for %d calls", n, cap(ends))
	}
}

func TestManyCallsRenewOnce(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.client()
	if err := c.Authenticate(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := make(chan error, 30)
	var begun sync.WaitGroup
	begun.Add(cap(all))
	s.on("/csc/v2/credentials/list", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+tokenBody+"-1" {
			write(w, 200, map[string]any{"credentialIDs": []string{"c_1"}})
			return
		}
		begun.Done()
		begun.Wait() // until everybody has come with the dead token
		write(w, 401, map[string]any{"error": "invalid_token"})
	})
	for range cap(all) {
		go func() {
			_, err := c.List(t.Context(), csc.ListRequest{})
			all <- err
		}()
	}
	for range cap(all) {
		if err := <-all; err != nil {
			t.Error(err)
		}
	}
	if n := s.count("/as/oauth2/token"); n != 2 {
		t.Errorf("%d tokens, want the dead one and one more", n)
	}
}
