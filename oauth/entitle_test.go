package oauth

import (
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
)

func TestEntitled(t *testing.T) {
	const grant = "client_credentials"
	service := Client{Verifiers: [][]byte{{1}}, Grants: []string{grant}, Scopes: []string{csc.ScopeService}}
	public, noGrant, noScope, both := service, service, service, service
	public.Verifiers = nil
	noGrant.Grants = []string{"authorization_code"}
	noScope.Scopes = []string{csc.ScopeCredential}
	both.Scopes = []string{csc.ScopeService, csc.ScopeCredential}
	for _, tt := range []struct {
		name         string
		client       Client
		grant, scope string
		want         csc.Code
	}{
		{"what it is registered for", service, grant, "service", ""},
		{"as a public client", public, grant, "service", csc.UnauthorizedClient},
		{"without the grant", noGrant, grant, "service", csc.UnauthorizedClient},
		{"a grant there is not", both, "password", "service", csc.UnauthorizedClient},
		{"without the scope", noScope, grant, "service", csc.UnauthorizedClient},
		{"scope credential, registered for it", both, grant, "credential", csc.InvalidScope},
		{"both scopes, registered for both", both, grant, "service credential", csc.InvalidScope},
		{"a scope twice", service, grant, "service service", csc.InvalidScope},
		{"no scope", service, grant, "", csc.InvalidScope},
		{"a space too many", service, grant, "service ", csc.InvalidScope},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := csc.Code("")
			if err := entitled(registered{tt.client}, tt.grant, tt.scope); err != nil {
				got = worded(err).says.Code
			}
			if got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// The engine sees a form without the secret, whatever became of it.
func TestSecretDoesNotReachTheEngine(t *testing.T) {
	e := newEndpoints(&Provider{Now: time.Now})
	for name, form := range map[string]url.Values{
		"refused before a look at the client": {"client_secret": {"s"}},
		"refused for the client":              {"client_secret": {"s"}, "client_id": {"no such"}},
	} {
		if _, err := e.authenticate(t.Context(), httptest.NewRequest("POST", "/", nil), form); err == nil {
			t.Errorf("%s: not refused", name)
		}
		if form.Has("client_secret") {
			t.Errorf("%s: the secret is still there", name)
		}
	}
}
