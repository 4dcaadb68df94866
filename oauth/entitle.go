package oauth

import (
	"context"
	"slices"

	"github.com/ory/fosite"

	"github.com/pecete/pecete/csc"
)

// ScopeEnrolment is of registration authorities, which invite people; it opens
// nothing of the API.
const ScopeEnrolment = "enrolment"

// ScopeLogins is of clients that may have hashes signed by credentials for logins to
// sites. No token has it: it is the client's, for all its tokens.
const ScopeLogins = "logins"

// scopes are all that a client may be registered for by an operator.
func scopes() []string { return append(csc.Scopes(), ScopeEnrolment, ScopeLogins) }

// grants are the values of grant_type there can be, with the scopes that can be
// asked by each (§8.4.4: all but codes are for service authorization only; v2.2: and
// for a deletion by a client that acts for itself).
var grants = map[string][]string{
	"client_credentials": {csc.ScopeService, csc.ScopeDeletion, ScopeEnrolment},
	"authorization_code": {csc.ScopeService, csc.ScopeCredential, csc.ScopeCreation, csc.ScopeDeletion},
	"refresh_token":      {csc.ScopeService},
}

// entitled holds what an authenticated client asks against what there is and
// what it is registered for. Both grant and scope are as sent.
func entitled(c fosite.Client, grant, scope string) error {
	if c.IsPublic() && grant == "client_credentials" || !c.GetGrantTypes().Has(grant) {
		return csc.Fail(csc.UnauthorizedClient, nil)
	}
	if grant == "authorization_code" { // its scope was asked, and judged, before the code was made
		return nil
	}
	if !slices.Contains(grants[grant], scope) { // one: a token is for one thing
		return csc.Fail(csc.InvalidScope, nil)
	}
	if !c.GetScopes().Has(scope) {
		return csc.Fail(csc.UnauthorizedClient, nil)
	}
	return nil
}

// entitlement is entitled as the first of fosite's handlers. It claims no
// request, so that one of the handlers after it must.
type entitlement struct{}

var _ fosite.TokenEndpointHandler = entitlement{}

// CanHandleTokenEndpointRequest is true: the rule is for every grant.
func (entitlement) CanHandleTokenEndpointRequest(context.Context, fosite.AccessRequester) bool {
	return true
}

// CanSkipClientAuth is false: the rule is about an authenticated client.
func (entitlement) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

// HandleTokenEndpointRequest refuses what the client is not entitled to.
func (entitlement) HandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) error {
	form := r.GetRequestForm()
	if err := entitled(r.GetClient(), form.Get("grant_type"), form.Get("scope")); err != nil {
		return err
	}
	return fosite.ErrUnknownRequest
}

// PopulateTokenEndpointResponse adds nothing.
func (entitlement) PopulateTokenEndpointResponse(context.Context, fosite.AccessRequester, fosite.AccessResponder) error {
	return fosite.ErrUnknownRequest
}
