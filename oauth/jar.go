package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pecete/pecete/csc"
)

// requestType is the typ of a request object (RFC 9101 §10.8). It must be
// there: it tells a request from whatever else a client signs for us.
const requestType = "oauth-authz-req+jwt"

// requestClaims are the parameters a request object can bring, in the order
// they are read in.
var requestClaims = []string{
	"response_type", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method", "response_mode",
	"lang", "credentialID", "signatureQualifier", "numSignatures", "hashes", "hashAlgorithmOID", "description",
	"clientData", "account_token", "authorization_details", "dpop_jkt",
}

var (
	errBesideObject = errors.New("parameters beside request")
	errNoKeys       = errors.New("client has no keys to sign requests with")
	errNested       = errors.New("a request within the request")
	errClaim        = errors.New("a parameter of another type")
)

// errRequestObject is the answer to a request object that is not good (RFC 9101
// §7).
func errRequestObject(cause error) *csc.Error {
	return &csc.Error{Code: csc.InvalidRequestObject, Description: "Invalid parameter request", Cause: cause}
}

// A requestObject is a request its client signed (RFC 9101).
type requestObject struct {
	form      url.Values // its parameters, as a form would have them
	jti       string
	made, exp time.Time
}

// requestObject reads what a client signed, nil if it signed nothing. Then
// nothing else of the form counts, and anything else in it is refused (RFC 9126
// §3): the client has proven itself, and its proof is no longer there.
func (e *endpoints) requestObject(c Client, form url.Values) (*requestObject, error) {
	if !form.Has("request") {
		if c.RequireJAR {
			return nil, csc.Refused("The request must be signed", nil)
		}
		return nil, nil
	}
	for name := range form {
		if name != "request" && name != "client_id" {
			return nil, csc.Malformed(errBesideObject)
		}
	}
	o, err := e.openObject(c, form.Get("request"))
	if err != nil && !errors.Is(err, errStoredKeys) {
		return nil, errRequestObject(err)
	}
	return o, err
}

// openObject holds a request object against the keys and the name of its client.
func (e *endpoints) openObject(c Client, text string) (*requestObject, error) {
	signed, claims, err := readJWS(text, clientAlgs, requestType)
	if err != nil {
		return nil, err
	}
	if c.Keys == nil {
		return nil, errNoKeys
	}
	keys, err := c.keys()
	if err != nil {
		return nil, err
	}
	if err := signedBy(signed, keys); err != nil {
		return nil, err
	}
	if err := e.ofClient(claims, c.ID); err != nil {
		return nil, err
	}
	o := &requestObject{jti: textClaim(claims, "jti")}
	if o.made, o.exp, err = e.timely(claims); err != nil {
		return nil, err
	}
	if _, named := claims["jti"]; named && (o.jti == "" || len(o.jti) > maxJTI) {
		return nil, errors.New("no usable jti")
	}
	o.form, err = parameters(claims)
	return o, err
}

// ofClient demands that a request is of the client, for us alone, and whole.
func (e *endpoints) ofClient(claims map[string]json.RawMessage, clientID string) error {
	_, object := claims["request"]
	_, uri := claims["request_uri"]
	switch {
	case textClaim(claims, "iss") != clientID || textClaim(claims, "client_id") != clientID:
		return errors.New("iss and client_id are not the client")
	case textClaim(claims, "aud") != e.Issuer:
		return errors.New("aud is not our issuer")
	case object || uri:
		return errNested
	}
	return nil
}

// parameters are the claims that are parameters, as a form would have them.
// What has no value there is left out here.
func parameters(claims map[string]json.RawMessage) (url.Values, error) {
	form := url.Values{}
	for _, name := range requestClaims {
		raw, has := claims[name]
		if !has || string(raw) == "null" {
			continue
		}
		value, ok := parameter(name, raw)
		if !ok {
			return nil, fmt.Errorf("%w: %s", errClaim, name)
		}
		if value != "" {
			form.Set(name, value)
		}
	}
	return form, nil
}

// parameter is a claim as text: authorization_details is an array and stays as
// it is written, numSignatures may be a number, all others are texts.
func parameter(name string, raw json.RawMessage) (string, bool) {
	switch {
	case name == "authorization_details":
		return string(raw), bytes.HasPrefix(raw, []byte("["))
	case name == "numSignatures" && strings.IndexByte("-0123456789", raw[0]) >= 0:
		return string(raw), true
	}
	var text string
	err := json.Unmarshal(raw, &text)
	return text, err == nil && !strings.Contains(text, "\x00")
}

// spendObject lets a request object that names itself pass one time.
func (e *endpoints) spendObject(ctx context.Context, c Client, o *requestObject) error {
	if o == nil || o.jti == "" {
		return nil
	}
	err := e.once(ctx, "request", c.ID, o.jti, o.made, o.exp)
	if errors.Is(err, errReplayed) {
		return errRequestObject(err)
	}
	return err
}
