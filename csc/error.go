package csc

import "fmt"

// A Code is the error member of an error answer (v2.0.0.2 §10.1, Table 3, and
// the tables of the methods).
type Code string

// The codes of Table 3 and of the methods' own tables.
const (
	InvalidRequest            Code = "invalid_request"
	UnauthorizedClient        Code = "unauthorized_client"
	AccessDenied              Code = "access_denied"
	UnsupportedResponseType   Code = "unsupported_response_type"
	InvalidScope              Code = "invalid_scope"
	ServerError               Code = "server_error"
	TemporarilyUnavailable    Code = "temporarily_unavailable"
	ExpiredToken              Code = "expired_token"
	InvalidToken              Code = "invalid_token"
	AuthenticationError       Code = "authentication_error" // auth/login
	InvalidAuthenticationData Code = "invalid_authentication_data"
	InvalidGrant              Code = "invalid_grant"
	InvalidClient             Code = "invalid_client"
	UnsupportedTokenType      Code = "unsupported_token_type"
	AcceptedRequest           Code = "accepted_request" // signPolling: not finished yet
	InvalidHash               Code = "invalid_hash"     // signDoc: nobody agreed to it

	InvalidAuthorizationDetails Code = "invalid_authorization_details" // RFC 9396 §5
)

// The codes of OAuth that no table of the text has.
const (
	InvalidRequestObject Code = "invalid_request_object" // RFC 9101 §7
	RequestNotSupported  Code = "request_not_supported"  // OpenID Connect Core 1.0 §3.1.2.6

	InvalidDPoPProof Code = "invalid_dpop_proof" // RFC 9449 §12.2
	UseDPoPNonce     Code = "use_dpop_nonce"

	InvalidRedirectURI          Code = "invalid_redirect_uri" // RFC 7591 §3.2.2, with all below
	InvalidClientMetadata       Code = "invalid_client_metadata"
	InvalidSoftwareStatement    Code = "invalid_software_statement"
	UnapprovedSoftwareStatement Code = "unapproved_software_statement"
)

// descriptions are the sentences of Table 3, and of a method's own table where a
// code has one sentence there.
var descriptions = map[Code]string{
	InvalidRequest:          "The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than once, or is otherwise malformed.",
	UnauthorizedClient:      "The client is not authorized to use this method.",
	AccessDenied:            "The user, authorization server or remote service denied the request.",
	UnsupportedResponseType: "The authorization server does not support obtaining an authorization code using this method.",
	InvalidScope:            "The requested scope is invalid, unknown, or malformed.",
	ServerError:             "The authorization server encountered an unexpected condition that prevented it from fulfilling the request.",
	TemporarilyUnavailable:  "The authorization server is currently unable to handle the request due to a temporary overloading or maintenance of the server.",
	ExpiredToken:            "The access or refresh token is expired or has been revoked.",
	InvalidToken:            "The token provided is not a valid OAuth access or refresh token.",
	AuthenticationError:     "An error occurred during authentication process",
	AcceptedRequest:         "The previous asynchronous signature request has been accepted for processing, but the processing has not yet been completed.",
	InvalidHash:             "Document or documentDigest does not match authroized hash",
}

// Description is the sentence the text gives c, or "" if it gives none.
func (c Code) Description() string { return descriptions[c] }

// An Error is a failure the client is told about, in the words of §10.1. Code
// and Description go on the wire; Cause never does.
type Error struct {
	Code        Code   `json:"error"`
	Description string `json:"error_description,omitempty"`
	Cause       error  `json:"-"`
}

// Error is for the log: it has the cause in it and must not be sent.
func (e *Error) Error() string {
	if e.Cause == nil {
		return fmt.Sprintf("%s: %s", e.Code, e.Description)
	}
	return fmt.Sprintf("%s: %s: %v", e.Code, e.Description, e.Cause)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Fail is the error with code c and the sentence it has in the text.
func Fail(c Code, cause error) *Error {
	return &Error{Code: c, Description: c.Description(), Cause: cause}
}

// Malformed is invalid_request with the sentence of Table 3, for bodies no
// method's table speaks of.
func Malformed(cause error) *Error { return Fail(InvalidRequest, cause) }

// Missing is the answer to an absent parameter, or one of another type:
// Missing("string", "SAD").
func Missing(kind, name string) *Error {
	return Refused(fmt.Sprintf("Missing (or invalid type) %s parameter %s", kind, name), nil)
}

// Invalid is the answer to a parameter with a value that cannot be.
func Invalid(name string) *Error { return Refused("Invalid parameter "+name, nil) }

// Refused is invalid_request in a sentence of the method's own table.
func Refused(sentence string, cause error) *Error {
	return &Error{Code: InvalidRequest, Description: sentence, Cause: cause}
}
