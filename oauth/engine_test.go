package oauth

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/ory/fosite"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/onetime"
)

// What of docs/engine.md can only be seen from inside.

// registeredCodes are the errors that clients may be told by any endpoint (RFC
// 6749 §4.1.2.1 and §5.2, RFC 7009 §2.2.1, RFC 9101 §7, RFC 9396 §5, RFC 9449 §12.2,
// RFC 7591 §3.2.2).
var registeredCodes = []csc.Code{
	"invalid_request", "unauthorized_client", "access_denied", "unsupported_response_type", "invalid_scope", "server_error",
	"temporarily_unavailable", "invalid_client", "invalid_grant", "unsupported_grant_type", "unsupported_token_type",
	"invalid_request_uri", "invalid_request_object", "request_not_supported", "request_uri_not_supported",
	"invalid_authorization_details", "invalid_dpop_proof", "use_dpop_nonce", "invalid_redirect_uri",
	"invalid_client_metadata", "invalid_software_statement", "unapproved_software_statement", "invalid_token",
}

// The engine has codes of its own, as invalid_state, jti_known and error. None of
// them leaves, nor do its hints.
func TestCodesOfTheEngineDoNotLeave(t *testing.T) {
	for _, err := range []error{
		fosite.ErrInvalidatedAuthorizeCode, fosite.ErrSerializationFailure, fosite.ErrUnknownRequest, fosite.ErrRequestForbidden,
		fosite.ErrInvalidRequest, fosite.ErrUnauthorizedClient, fosite.ErrAccessDenied, fosite.ErrUnsupportedResponseType,
		fosite.ErrUnsupportedResponseMode, fosite.ErrInvalidScope, fosite.ErrServerError, fosite.ErrTemporarilyUnavailable,
		fosite.ErrUnsupportedGrantType, fosite.ErrInvalidGrant, fosite.ErrInvalidClient, fosite.ErrInvalidState,
		fosite.ErrMisconfiguration, fosite.ErrInsufficientEntropy, fosite.ErrNotFound, fosite.ErrRequestUnauthorized,
		fosite.ErrTokenSignatureMismatch, fosite.ErrInvalidTokenFormat, fosite.ErrTokenExpired, fosite.ErrScopeNotGranted,
		fosite.ErrTokenClaim, fosite.ErrInactiveToken, fosite.ErrLoginRequired, fosite.ErrInteractionRequired,
		fosite.ErrConsentRequired, fosite.ErrRequestNotSupported, fosite.ErrRequestURINotSupported,
		fosite.ErrRegistrationNotSupported, fosite.ErrInvalidRequestURI, fosite.ErrInvalidRequestObject, fosite.ErrJTIKnown,
	} {
		const hint = "a hint of the engine"
		if known := (*fosite.RFC6749Error)(nil); errors.As(err, &known) {
			err = known.WithHint(hint).WithDebug(hint)
		}
		said := worded(fmt.Errorf("issue access token: %w", err))
		if !slices.Contains(registeredCodes, said.says.Code) {
			t.Errorf("%v: code %q", err, said.says.Code)
		}
		if said.says.Description == hint || said.says.Description != said.says.Code.Description() {
			t.Errorf("%v: %q is told", err, said.says.Description)
		}
	}
}

// wholeProvider offers every grant.
func wholeProvider() *Provider {
	tokens := onetime.NewMemory(time.Now)
	return &Provider{
		Issuer: "https://sign.example.test", Tokens: tokens, Now: time.Now, StepKey: make([]byte, 32),
		Register: credentials.Register{Store: struct{ credentials.Store }{}, Now: time.Now},
		Grants:   sad.Grants{Store: tokens, Now: time.Now}, Permissions: struct{ PermissionStore }{}, Refresh: struct{ RefreshStore }{},
	}
}

// What the engine would fill in by itself, at the first request that needs it,
// it fills in without a lock: all of it is set.
func TestEngineFillsNothingIn(t *testing.T) {
	c := newEndpoints(wholeProvider()).config()
	for name, set := range map[string]bool{
		"ClientSecretsHasher": c.ClientSecretsHasher != nil, "ScopeStrategy": c.ScopeStrategy != nil,
		"AudienceMatchingStrategy": c.AudienceMatchingStrategy != nil, "JWKSFetcherStrategy": c.JWKSFetcherStrategy != nil,
		"ClientAuthenticationStrategy": c.ClientAuthenticationStrategy != nil,
	} {
		if !set {
			t.Errorf("%s is left to the engine", name)
		}
	}
}

// The engine drops the second handler of one type, and takes nil from a handler
// for the word of who grants: only those whose grant it is may return it.
func TestHandlersStandBesideEachOther(t *testing.T) {
	e := newEndpoints(wholeProvider())
	var types []reflect.Type
	for _, h := range e.config().TokenEndpointHandlers {
		if kind := reflect.TypeOf(h); slices.Contains(types, kind) {
			t.Errorf("%v stands there twice", kind)
		} else {
			types = append(types, kind)
		}
	}
	for grant := range grants {
		r := fosite.NewAccessRequest(&session{request: httptest.NewRequest(http.MethodPost, "/oauth2/token", nil)})
		r.GrantTypes, r.Form = fosite.Arguments{grant}, map[string][]string{"grant_type": {grant}, "scope": {csc.ScopeService}}
		r.Client = registered{Client{Grants: []string{grant}, Scopes: []string{csc.ScopeService}, Verifiers: [][]byte{{1}}}}
		claimed := 0
		for _, h := range e.config().TokenEndpointHandlers {
			_, entitles := h.(entitlement)
			_, binds := h.(binding)
			if entitles || binds {
				if err := h.HandleTokenEndpointRequest(t.Context(), r); !errors.Is(err, fosite.ErrUnknownRequest) {
					t.Errorf("%s: a rule for all grants claims it: %v", grant, err)
				}
			} else if h.CanHandleTokenEndpointRequest(t.Context(), r) {
				claimed++
			}
		}
		if claimed != 1 {
			t.Errorf("%s is the grant of %d handlers", grant, claimed)
		}
	}
}

// No handler of the engine's that looks first and deletes later is composed, nor
// one of a grant there is not.
func TestEngineIsComposedByHand(t *testing.T) {
	c := newEndpoints(wholeProvider()).config()
	if n := len(c.AuthorizeEndpointHandlers) + len(c.TokenIntrospectionHandlers) + len(c.RevocationHandlers) + len(c.PushedAuthorizeEndpointHandlers); n > 0 {
		t.Errorf("%d handlers of endpoints that are ours", n)
	}
	for _, h := range c.TokenEndpointHandlers {
		kind := reflect.TypeOf(h)
		for kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		if kind.PkgPath() != reflect.TypeFor[Provider]().PkgPath() && kind.Name() != "ClientCredentialsGrantHandler" {
			t.Errorf("%v is composed", kind)
		}
	}
}
