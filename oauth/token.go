package oauth

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/pecete/pecete/csc"
)

// tokenParams are the parameters that reach fosite. What is not among them it
// never sees, whatever it would have made of it.
var tokenParams = []string{
	"grant_type", "client_id", "client_secret", "client_assertion", "client_assertion_type", "scope",
	"code", "redirect_uri", "code_verifier", "authorization_details", "refresh_token",
}

// A tokenAnswer is the answer of oauth2/token (§8.4.4). ExpiresIn is in seconds
// and always stated.
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	Scope        string `json:"scope"`
	RefreshToken string `json:"refresh_token,omitempty"`
	CredentialID string `json:"credentialID,omitempty"` // chosen for a qualifier

	Details []any `json:"authorization_details,omitempty"` // as granted
}

// token implements oauth2/token (v2.0.0.2 §8.4.4). Its checks are in the order
// of the clause's table: up to grant_type here, the client's and all that comes
// after once fosite has called authenticate.
func (e *endpoints) token(r *http.Request, form url.Values) (any, error) {
	if _, err := e.presented(r, form); err != nil {
		return nil, err
	}
	grant := form.Get("grant_type")
	if grant == "" {
		return nil, missing("grant_type")
	}
	if !slices.Contains(e.grantTypes(), grant) {
		return nil, csc.Invalid("grant_type")
	}
	if form.Has("authorization_details") && grant != "authorization_code" { // §8.4.4: of no other grant
		return nil, errDetails("Invalid parameter authorization_details", errNotAsked)
	}
	switch {
	case grant == "authorization_code":
		form.Del("scope") // the code has it
	case !form.Has("scope"):
		form.Set("scope", csc.ScopeService)
	}
	if e.Changing == nil && form.Get("scope") == csc.ScopeDeletion {
		return nil, csc.Fail(csc.InvalidScope, errNoChanges)
	}
	asked, err := e.engine.NewAccessRequest(r.Context(), forFosite(r, form), &session{request: r})
	if err != nil {
		if asked == nil {
			return nil, err
		}
		if own, known := asked.GetClient().(registered); known {
			e.unheld(r, own.ID, err)
		}
		return nil, err
	}
	return e.issue(r.Context(), asked)
}

// grantTypes are the values of grant_type there are here.
func (e *endpoints) grantTypes() []string {
	all := []string{"client_credentials"}
	if e.interactive() {
		all = append(all, "authorization_code")
	}
	if e.refreshes() {
		all = append(all, "refresh_token")
	}
	return all
}

// forFosite is r as fosite is to see it.
func forFosite(r *http.Request, form url.Values) *http.Request {
	picked := url.Values{}
	for _, name := range tokenParams {
		if form.Has(name) {
			picked.Set(name, form.Get(name))
		}
	}
	inner := r.WithContext(r.Context())
	inner.Form, inner.PostForm = picked, picked
	return inner
}
