package oauth

import (
	"net/http"
	"net/url"
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
	methods := []string{"client_secret_basic", "client_secret_post"}
	if e.interactive() { // public clients have no other grant
		methods = append(methods, "none")
	}
	told := map[string]any{
		"issuer":                                     e.Issuer,
		"grant_types_supported":                      e.grantTypes(),
		"response_types_supported":                   []string{},
		"scopes_supported":                           []string{csc.ScopeService},
		"token_endpoint_auth_methods_supported":      methods,
		"revocation_endpoint_auth_methods_supported": methods,
	}
	for _, r := range e.routes() {
		if r.member != "" {
			told[r.member] = e.Issuer + r.path
		}
	}
	if e.interactive() {
		told["scopes_supported"] = []string{csc.ScopeService, csc.ScopeCredential}
		told["response_types_supported"] = []string{"code"}
		told["response_modes_supported"] = []string{"query"}
		told["code_challenge_methods_supported"] = []string{"S256"}
		told["authorization_response_iss_parameter_supported"] = true
		told["require_pushed_authorization_requests"] = false
		told["ui_locales_supported"] = []string{"en", "ro"}
	}
	return told
}
