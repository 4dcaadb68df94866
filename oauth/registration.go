package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/pecete/pecete/csc"
)

// A registration is what a client says of itself (RFC 7591 §2, with what RFC
// 8705, 9101, 9126 and 9449 add). All other members are ignored, as §2 demands.
type registration struct {
	Name          string          `json:"client_name,omitempty"`
	Logo          string          `json:"logo_uri,omitempty"`
	RedirectURIs  []string        `json:"redirect_uris,omitempty"`
	Method        string          `json:"token_endpoint_auth_method"`
	Grants        []string        `json:"grant_types"`
	ResponseTypes []string        `json:"response_types"`
	Scope         string          `json:"scope"`
	Keys          json.RawMessage `json:"jwks,omitempty"`
	SubjectDN     string          `json:"tls_client_auth_subject_dn,omitempty"`
	SANDNS        string          `json:"tls_client_auth_san_dns,omitempty"`
	SANURI        string          `json:"tls_client_auth_san_uri,omitempty"`
	SANIP         string          `json:"tls_client_auth_san_ip,omitempty"`
	SANEmail      string          `json:"tls_client_auth_san_email,omitempty"`
	RequirePAR    bool            `json:"require_pushed_authorization_requests"`
	RequireJAR    bool            `json:"require_signed_request_object"`
	BoundMTLS     bool            `json:"tls_client_certificate_bound_access_tokens"`
	BoundDPoP     bool            `json:"dpop_bound_access_tokens"`
}

// errMetadata is the answer to a registration that cannot be (RFC 7591 §3.2.2).
func errMetadata(err error) *csc.Error {
	code := csc.InvalidClientMetadata
	if fault := (redirectFault{}); errors.As(err, &fault) {
		code = csc.InvalidRedirectURI
	}
	return &csc.Error{Code: code, Description: tellable(err.Error()), Cause: err}
}

// tellable is text with nothing in it that an error_description cannot have (RFC
// 6749 §5.2), and not too long.
func tellable(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r < ' ' || r > '~' || r == '\\':
			return '?'
		}
		return r
	}, text)
	return text[:min(len(text), 300)]
}

// parseRegistration reads a registration. all are its members, also those that
// mean nothing here.
func parseRegistration(text []byte) (r registration, all map[string]json.RawMessage, err error) {
	if all, err = members(text); err != nil {
		return r, nil, errMetadata(err)
	}
	if err := refusedMember(all); err != nil {
		return r, nil, err
	}
	known := map[string]json.RawMessage{}
	for f := range reflect.TypeFor[registration]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if raw, has := all[name]; has && string(raw) != "null" {
			known[name] = raw
		}
	}
	exact, err := json.Marshal(known) // whose names are in no other case
	if err == nil {
		err = json.Unmarshal(exact, &r)
	}
	if other := (*json.UnmarshalTypeError)(nil); errors.As(err, &other) {
		err = fmt.Errorf("%s: a value of another type", other.Field)
		if strings.HasPrefix(other.Field, "redirect_uris") {
			err = redirectFault{err}
		}
	}
	if err != nil {
		return r, nil, errMetadata(err)
	}
	return r, all, nil
}

// refusedMember refuses the members whose effect a client relies on and would
// not get.
func refusedMember(all map[string]json.RawMessage) error {
	has := func(name string) bool { return all[name] != nil && string(all[name]) != "null" }
	switch {
	case has("software_statement") && strings.Count(textClaim(all, "software_statement"), ".") != 2:
		return &csc.Error{Code: csc.InvalidSoftwareStatement, Description: "software_statement: not a signed JWT"}
	case has("software_statement"):
		return &csc.Error{Code: csc.UnapprovedSoftwareStatement, Description: "software_statement: nobody's are approved here"}
	case has("jwks_uri"):
		return errMetadata(errors.New("jwks_uri: nothing is fetched here, register jwks"))
	}
	for _, name := range []string{"token_endpoint_auth_signing_alg", "request_object_signing_alg"} {
		if has(name) && !slices.Contains(clientAlgs, jose.SignatureAlgorithm(textClaim(all, name))) {
			return errMetadata(fmt.Errorf("%s: not one of %v", name, clientAlgs))
		}
	}
	return nil
}

// client is c as r wants it, with the secret it is to be told if it needs one and
// had none.
func (r registration) client(c Client, allows Allowance, pepper []byte) (Client, csc.Secret, error) {
	c.Name, c.Logo, c.RedirectURIs, c.Profile = r.Name, r.Logo, r.RedirectURIs, allows.Profile
	c.AuthMethod, c.RequirePAR, c.RequireJAR, c.Keys = r.Method, r.RequirePAR, r.RequireJAR, r.Keys
	c.TLS = TLSName{SubjectDN: r.SubjectDN, SANDNS: r.SANDNS, SANURI: r.SANURI, SANIP: r.SANIP, SANEmail: r.SANEmail}
	if c.Profile != ProfileFAPI2 { // whose clients have others
		c.AuthMethod = either(c.AuthMethod, SecretBasic)
	}
	c.Bound = ""
	switch {
	case r.BoundDPoP && r.BoundMTLS:
		return c, "", errMetadata(errors.New("tokens bound to both DPoP and mTLS"))
	case r.BoundDPoP:
		c.Bound = BoundDPoP
	case r.BoundMTLS:
		c.Bound = BoundMTLS
	}
	if err := r.ask(&c, allows); err != nil {
		return c, "", errMetadata(err)
	}
	c = c.Completed()
	var secret csc.Secret
	switch {
	case !c.HasSecret():
		c.Verifiers = nil
	case len(c.Verifiers) == 0:
		var verifier []byte
		secret, verifier = NewSecret(pepper)
		c.Verifiers = [][]byte{verifier}
	}
	if err := c.sound(); err != nil {
		return c, "", errMetadata(err)
	}
	return c, secret, nil
}

// ask fills in the grants and scopes r asks for, which must be allowed.
func (r registration) ask(c *Client, allows Allowance) error {
	if c.Grants = r.Grants; len(c.Grants) == 0 {
		c.Grants = allows.Grants
		if slices.Contains(allows.Grants, "authorization_code") { // what is meant by none (RFC 7591 §2)
			c.Grants = []string{"authorization_code"}
		}
	}
	if c.Scopes = allows.Scopes; r.Scope != "" {
		c.Scopes = strings.Split(r.Scope, " ")
	}
	for _, g := range c.Grants {
		if !slices.Contains(allows.Grants, g) {
			return fmt.Errorf("grant_types: %q is not allowed", g)
		}
	}
	for _, s := range c.Scopes {
		if !slices.Contains(allows.Scopes, s) {
			return fmt.Errorf("scope: %q is not allowed", s)
		}
	}
	if r.ResponseTypes != nil && !slices.Equal(r.ResponseTypes, c.responseTypes()) {
		return errors.New("response_types: code if and only if authorization_code is among grant_types")
	}
	return nil
}

// responseTypes are the values of response_type c may ask by.
func (c Client) responseTypes() []string {
	if slices.Contains(c.Grants, "authorization_code") {
		return []string{"code"}
	}
	return []string{}
}

// registrationOf is what c would have to say to become what it is.
func registrationOf(c Client) registration {
	return registration{
		Name: c.Name, Logo: c.Logo, RedirectURIs: c.RedirectURIs, Method: c.AuthMethod, Grants: c.Grants,
		ResponseTypes: c.responseTypes(), Scope: strings.Join(c.Scopes, " "), Keys: c.Keys,
		SubjectDN: c.TLS.SubjectDN, SANDNS: c.TLS.SANDNS, SANURI: c.TLS.SANURI, SANIP: c.TLS.SANIP, SANEmail: c.TLS.SANEmail,
		RequirePAR: c.RequirePAR, RequireJAR: c.RequireJAR, BoundMTLS: c.Bound == BoundMTLS, BoundDPoP: c.Bound == BoundDPoP,
	}
}
