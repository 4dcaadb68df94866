package servertest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/servertest"
)

// A signer's name and password open the list of his credentials where the operator
// allowed that, and auth/revoke ends it; a new server has no auth/login.
func TestDirectLogin(t *testing.T) {
	ctx := servertest.Context(t)
	s := servertest.Raise(t)
	signer, err := s.AddSigner(ctx, "demo.signer@example.org", "Demo", "Signer")
	must(t, err)
	must(t, s.SetPassword(ctx, signer.ID, password))
	web, err := s.HTTP()
	must(t, err)
	t.Cleanup(web.CloseIdleConnections)
	api := &client.Client{BaseURL: s.URL + csc.BasePath, HTTP: web}
	must(t, s.Serve(ctx))
	var told *client.Error
	if _, err := api.LogIn(ctx, "demo.signer@example.org", password, csc.LoginRequest{}); !errors.As(err, &told) || told.Status != 501 {
		t.Errorf("on a new server: %v", err)
	}
	must(t, s.Stop())
	must(t, s.AllowLogins(ctx))
	servertest.Serve(t, s)
	login, err := api.LogIn(ctx, "demo.signer@example.org", password, csc.LoginRequest{RememberMe: true})
	must(t, err)
	next, err := api.LogIn(ctx, "", "", csc.LoginRequest{RefreshToken: login.RefreshToken})
	must(t, err)
	api = &client.Client{BaseURL: s.URL + csc.BasePath, HTTP: web, Token: tokenOf(next.AccessToken)}
	list, err := api.List(ctx, csc.ListRequest{})
	if err != nil || len(list.CredentialIDs) != 1 || list.CredentialIDs[0] != signer.Credentials[0] {
		t.Errorf("%v, %v", list.CredentialIDs, err)
	}
	must(t, api.Revoke(ctx, csc.RevokeRequest{Token: next.RefreshToken}))
	for name, token := range map[string]csc.Secret{"the first": login.AccessToken, "the second": next.AccessToken} {
		again := &client.Client{BaseURL: s.URL + csc.BasePath, HTTP: web, Token: tokenOf(token)}
		if _, err := again.List(ctx, csc.ListRequest{}); !errors.As(err, &told) || told.Status != 401 {
			t.Errorf("%s token after its login was revoked: %v", name, err)
		}
	}
	if out, err := s.Run(ctx, "audit", "verify"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// tokenOf is a client's Token that is always the same.
func tokenOf(token csc.Secret) func(context.Context) (csc.Secret, error) {
	return func(context.Context) (csc.Secret, error) { return token, nil }
}
