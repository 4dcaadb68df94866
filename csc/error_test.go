package csc_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"testing"

	"github.com/pecete/pecete/csc"
)

func TestErrorSentences(t *testing.T) {
	cause := errors.New("token c3 is gone")
	tests := []struct {
		says string
		err  *csc.Error
		wire string
		log  string
	}{
		{
			"a missing string", csc.Missing("string", "SAD"),
			`{"error":"invalid_request","error_description":"Missing (or invalid type) string parameter SAD"}`,
			"invalid_request: Missing (or invalid type) string parameter SAD",
		},
		{
			"an invalid value", csc.Invalid("credentialID"),
			`{"error":"invalid_request","error_description":"Invalid parameter credentialID"}`,
			"invalid_request: Invalid parameter credentialID",
		},
		{
			"a sentence with a cause", csc.Refused("SAD expired", cause),
			`{"error":"invalid_request","error_description":"SAD expired"}`,
			"invalid_request: SAD expired: token c3 is gone",
		},
		{
			"a malformed body", csc.Malformed(cause),
			`{"error":"invalid_request","error_description":"The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than once, or is otherwise malformed."}`,
			"invalid_request: The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than once, or is otherwise malformed.: token c3 is gone",
		},
		{
			"a code of Table 3", csc.Fail(csc.ExpiredToken, cause),
			`{"error":"expired_token","error_description":"The access or refresh token is expired or has been revoked."}`,
			"expired_token: The access or refresh token is expired or has been revoked.: token c3 is gone",
		},
		{
			"a code without a sentence", csc.Fail(csc.InvalidGrant, nil),
			`{"error":"invalid_grant"}`,
			"invalid_grant: ",
		},
	}
	for _, test := range tests {
		t.Run(test.says, func(t *testing.T) {
			wire, err := json.Marshal(test.err)
			if err != nil || string(wire) != test.wire {
				t.Errorf("on the wire: %s, %v; want %s", wire, err, test.wire)
			}
			if got := test.err.Error(); got != test.log {
				t.Errorf("in the log: %s; want %s", got, test.log)
			}
		})
	}
}

func TestErrorCause(t *testing.T) {
	err := error(csc.Refused("Invalid parameter SAD", fs.ErrNotExist))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error("the cause is not found through the error")
	}
	if refusal, ok := errors.AsType[*csc.Error](errors.Join(errors.New("x"), err)); !ok || refusal.Code != csc.InvalidRequest {
		t.Errorf("the error is not found through another: %v", refusal)
	}
	if errors.Unwrap(csc.Invalid("SAD")) != nil {
		t.Error("an error without a cause has one")
	}
}

// Table 3 of §10.1 and the codes of auth/login, signPolling and signDoc, typed from the text.
func TestDescriptions(t *testing.T) {
	table := map[csc.Code]string{
		"invalid_request":             "The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than once, or is otherwise malformed.",
		"unauthorized_client":         "The client is not authorized to use this method.",
		"access_denied":               "The user, authorization server or remote service denied the request.",
		"unsupported_response_type":   "The authorization server does not support obtaining an authorization code using this method.",
		"invalid_scope":               "The requested scope is invalid, unknown, or malformed.",
		"server_error":                "The authorization server encountered an unexpected condition that prevented it from fulfilling the request.",
		"temporarily_unavailable":     "The authorization server is currently unable to handle the request due to a temporary overloading or maintenance of the server.",
		"expired_token":               "The access or refresh token is expired or has been revoked.",
		"invalid_token":               "The token provided is not a valid OAuth access or refresh token.",
		"authentication_error":        "An error occurred during authentication process",
		"invalid_authentication_data": "",
		"invalid_grant":               "",
		"invalid_client":              "",
		"unsupported_token_type":      "",
		"accepted_request":            "The previous asynchronous signature request has been accepted for processing, but the processing has not yet been completed.",
		"invalid_hash":                "Document or documentDigest does not match authroized hash",

		"invalid_authorization_details": "", // of RFC 9396
		"invalid_request_object":        "", // of RFC 9101
		"request_not_supported":         "",
		"invalid_dpop_proof":            "", // of RFC 9449
		"use_dpop_nonce":                "",
		"invalid_redirect_uri":          "", // of RFC 7591
		"invalid_client_metadata":       "",
		"invalid_software_statement":    "",
		"unapproved_software_statement": "",
	}
	for _, code := range constants(t, "error.go", "Code") {
		want, ok := table[csc.Code(code)]
		if !ok {
			t.Errorf("%s is in no table", code)
		}
		if got := csc.Code(code).Description(); got != want {
			t.Errorf("%s: %s; want %s", code, got, want)
		}
		delete(table, csc.Code(code))
	}
	for code := range table {
		t.Errorf("%s is missing", code)
	}
}
