package client

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
)

// The password goes into the header of this one call and nowhere else.
func TestLogIn(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.on("/csc/v2/auth/login", raw(200, `{"access_token":"canary-access","refresh_token":"canary-refresh","expires_in":600}`))
	got, err := s.client().LogIn(t.Context(), "demo.signer@example.org", "canary:password ă", csc.LoginRequest{RememberMe: true})
	if err != nil || got != (csc.LoginResponse{AccessToken: "canary-access", RefreshToken: "canary-refresh", ExpiresIn: 600}) {
		t.Errorf("%+v, %v", got, err)
	}
	sent := s.last("/csc/v2/auth/login")
	name, password, ok := (&http.Request{Header: sent.header}).BasicAuth()
	if !ok || name != "demo.signer@example.org" || password != "canary:password ă" || sent.body != `{"rememberMe":true}` {
		t.Errorf("sent %q, %s", name, sent.body)
	}
	if _, err := s.client().LogIn(t.Context(), "", "", csc.LoginRequest{RefreshToken: "canary-refresh"}); err != nil {
		t.Error(err)
	}
	sent = s.last("/csc/v2/auth/login")
	if got := sent.header.Get("Authorization"); got != "" || sent.body != `{"refresh_token":"canary-refresh"}` {
		t.Errorf("sent %q, %s", got, sent.body)
	}
	for _, answer := range []http.HandlerFunc{raw(200, `{"expires_in":600}`), raw(200, `{`), raw(204, ``), answer(400, map[string]any{"error": "authentication_error"})} {
		s.on("/csc/v2/auth/login", answer)
		if _, err := s.client().LogIn(t.Context(), "demo.signer@example.org", "canary", csc.LoginRequest{}); err == nil || strings.Contains(err.Error(), "canary") {
			t.Error(err)
		}
	}
}

// A method without an answer is done when the server says 204, and only then.
func TestRevoke(t *testing.T) {
	t.Parallel()
	for status, good := range map[int]bool{204: true, 200: false, 202: false, 400: false} {
		s := serve(t)
		s.on("/csc/v2/auth/revoke", raw(status, ""))
		err := s.client().Revoke(t.Context(), csc.RevokeRequest{Token: "canary-other", TokenTypeHint: "access_token"})
		var told *Error
		if good != (err == nil) || !good && (!errors.As(err, &told) || told.Status != status) {
			t.Errorf("%d: %v", status, err)
		}
		if got := s.last("/csc/v2/auth/revoke"); got.body != `{"token":"canary-other","token_type_hint":"access_token"}` || got.header.Get("Authorization") != "Bearer canary-token-1" {
			t.Errorf("sent %s", got.body)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Error(err)
		}
	}
}
