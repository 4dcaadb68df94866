package oauth

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pecete/pecete/csc"
)

const wellKnown = "/.well-known/oauth-authorization-server"

// metadataPath is where RFC 8414 §3.1 has the metadata: between the host and
// the path of the issuer.
func (p *Provider) metadataPath() string {
	u, err := url.Parse(p.Issuer)
	if err != nil {
		return wellKnown
	}
	return wellKnown + strings.TrimSuffix(u.EscapedPath(), "/")
}

// metadata announces what there is (RFC 8414), made from the same table as what
// is mounted.
func (e *endpoints) metadata(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		e.fail(w, r, errMethod("GET, HEAD"))
		return
	}
	write(w, http.StatusOK, e.announced())
}

func (e *endpoints) announced() map[string]any {
	methods := e.authMethods()
	proven := slices.DeleteFunc(slices.Clone(methods), func(method string) bool { return method == NoAuth })
	told := map[string]any{
		"issuer":                                                   e.Issuer,
		"grant_types_supported":                                    e.grantTypes(),
		"response_types_supported":                                 []string{},
		"scopes_supported":                                         []string{csc.ScopeService},
		"token_endpoint_auth_methods_supported":                    methods,
		"revocation_endpoint_auth_methods_supported":               methods,
		"introspection_endpoint_auth_methods_supported":            proven,
		"token_endpoint_auth_signing_alg_values_supported":         clientAlgs,
		"revocation_endpoint_auth_signing_alg_values_supported":    clientAlgs,
		"introspection_endpoint_auth_signing_alg_values_supported": clientAlgs,
		"dpop_signing_alg_values_supported":                        clientAlgs,
		"tls_client_certificate_bound_access_tokens":               e.MutualURL != "",
	}
	aliases := map[string]string{}
	for _, r := range e.routes() {
		if r.member == "" {
			continue
		}
		told[r.member] = e.Issuer + r.path
		if r.member != "authorization_endpoint" && r.member != "registration_endpoint" { // where nobody proves himself by a certificate
			aliases[r.member] = e.MutualURL + r.path
		}
	}
	if e.MutualURL != "" {
		told["mtls_endpoint_aliases"] = aliases
	}
	if e.interactive() {
		e.announceInteraction(told)
	}
	return told
}

// announceInteraction adds what there is for clients that send signers to the pages.
func (e *endpoints) announceInteraction(told map[string]any) {
	told["scopes_supported"] = []string{csc.ScopeService, csc.ScopeCredential}
	if e.Changing != nil {
		told["scopes_supported"] = csc.Scopes()
	}
	told["response_types_supported"] = []string{"code"}
	told["response_modes_supported"] = []string{"query"}
	told["code_challenge_methods_supported"] = []string{"S256"}
	told["authorization_response_iss_parameter_supported"] = true
	told["require_pushed_authorization_requests"] = false // of some clients, which know it
	told["authorization_details_types_supported"] = e.detailTypes()
	told["require_signed_request_object"] = false // likewise
	told["request_object_signing_alg_values_supported"] = clientAlgs
	told["ui_locales_supported"] = []string{"en", "ro"}
}

// authMethods are the methods of client authentication that can succeed here.
func (e *endpoints) authMethods() []string {
	all := []string{SecretBasic, SecretPost, PrivateKeyJWT}
	if e.MutualURL != "" {
		all = append(all, SelfSignedTLS)
		if e.ClientCAs != nil {
			all = append(all, TLSAuth)
		}
	}
	if e.interactive() { // public clients have no other grant
		all = append(all, NoAuth)
	}
	return all
}
