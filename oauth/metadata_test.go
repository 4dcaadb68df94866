package oauth_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func get(r *http.Request) { r.Method = http.MethodGet }

func TestMetadata(t *testing.T) {
	const path = "/.well-known/oauth-authorization-server"
	w := newTown(t)
	basics := []any{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"}
	algs := []any{"ES256", "PS256", "EdDSA"}
	want := map[string]any{
		"issuer":                                        issuer,
		"authorization_endpoint":                        issuer + "/oauth2/authorize",
		"token_endpoint":                                issuer + "/oauth2/token",
		"revocation_endpoint":                           issuer + "/oauth2/revoke",
		"pushed_authorization_request_endpoint":         issuer + "/oauth2/pushed_authorize",
		"introspection_endpoint":                        issuer + "/oauth2/introspect",
		"introspection_endpoint_auth_methods_supported": []any{"client_secret_basic", "client_secret_post", "private_key_jwt"},
		"introspection_endpoint_auth_signing_alg_values_supported": algs,
		"dpop_signing_alg_values_supported":                        algs,
		"tls_client_certificate_bound_access_tokens":               false,
		"grant_types_supported":                                    []any{"client_credentials", "authorization_code", "refresh_token"},
		"response_types_supported":                                 []any{"code"},
		"response_modes_supported":                                 []any{"query"},
		"scopes_supported":                                         []any{"service", "credential"},
		"code_challenge_methods_supported":                         []any{"S256"},
		"token_endpoint_auth_methods_supported":                    basics,
		"revocation_endpoint_auth_methods_supported":               basics,
		"token_endpoint_auth_signing_alg_values_supported":         algs,
		"revocation_endpoint_auth_signing_alg_values_supported":    algs,
		"authorization_response_iss_parameter_supported":           true,
		"require_pushed_authorization_requests":                    false,
		"ui_locales_supported":                                     []any{"en", "ro"},
		"authorization_details_types_supported":                    []any{"credential", "https://cloudsignatureconsortium.org/2025/credential"},
		"registration_endpoint":                                    issuer + "/oauth2/register",
		"request_object_signing_alg_values_supported":              algs,
		"require_signed_request_object":                            false,
	}
	a := w.post(path, nil, get)
	if diff := cmp.Diff(want, a.body); a.status != 200 || diff != "" {
		t.Error(a.status, diff)
	}
	// What is announced is there: not found is what the others are.
	for name, value := range a.body {
		if uri, ok := value.(string); ok && strings.HasSuffix(name, "_endpoint") {
			if got := w.browser().open(strings.TrimPrefix(uri, issuer)); got.status == 404 {
				t.Errorf("%s is not there", name)
			}
		}
	}
	w.post(path, nil).want(t, 405, "invalid_request", "The HTTP method is not allowed here")

	h := newHouse(t)
	a = h.post(path, nil, get)
	if diff := cmp.Diff([]any{"client_credentials"}, a.body["grant_types_supported"]); diff != "" || a.body["authorization_endpoint"] != nil || a.body["code_challenge_methods_supported"] != nil {
		t.Errorf("without pages: %s %s", a.text, diff)
	}
	noRefresh := newTown(t, func(h *house) { h.provider.Refresh = nil })
	a = noRefresh.post(path, nil, get)
	if diff := cmp.Diff([]any{"client_credentials", "authorization_code"}, a.body["grant_types_supported"]); diff != "" {
		t.Error(diff)
	}
	if a := noRefresh.redeem(noRefresh.code(noRefresh.asking())); a.is("refresh_token") != "" {
		t.Errorf("a refresh token nobody keeps: %s", a.text)
	}
}

// The issuer's path comes after the well-known one (RFC 8414 §3.1).
func TestMetadataOfIssuerWithPath(t *testing.T) {
	h := newHouse(t, func(h *house) { h.provider.Issuer = issuer + "/demo" })
	a := h.post("/.well-known/oauth-authorization-server/demo", nil, get)
	if a.body["issuer"] != issuer+"/demo" || a.body["token_endpoint"] != issuer+"/demo/oauth2/token" {
		t.Errorf("got %s", a.text)
	}
}
