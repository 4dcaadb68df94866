package oauth

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pecete/pecete/csc"
)

// A request is an authorization request that was found to be one. It is what is
// kept: what the client sent beside it is forgotten.
type request struct {
	Client      string   `json:"client"`
	RedirectURI string   `json:"redirect"`
	Given       bool     `json:"given,omitempty"` // the client named RedirectURI
	State       string   `json:"state,omitempty"`
	Scope       string   `json:"scope"`
	Challenge   string   `json:"challenge,omitempty"` // "" only where the client may leave it out
	Key         string   `json:"key,omitempty"`       // the code is bound to: thumbprint (RFC 9449 §10), "" for none
	Profile     string   `json:"profile"`             // of the client, when it asked
	Lang        string   `json:"lang,omitempty"`
	Account     string   `json:"account,omitempty"` // user who has to log in; "" for any
	Details     []Detail `json:"details,omitempty"` // of scope credential, one at least
	Change      *Change  `json:"change,omitempty"`  // of the scopes that change credentials
	Description string   `json:"description,omitempty"`
	ClientData  string   `json:"clientData,omitempty"`
}

// requestLengths are the longest values of the parameters of a request, in
// bytes, in the order they are checked in.
var requestLengths = []struct {
	name string
	most int
}{
	{"response_type", 64}, {"scope", 256}, {"state", 1024}, {"code_challenge", 43},
	{"code_challenge_method", 16}, {"dpop_jkt", 43}, {"response_mode", 64}, {"lang", 35},
	{"credentialID", 128}, {"signatureQualifier", 128}, {"numSignatures", 9},
	{"hashAlgorithmOID", 64}, {"authorization_details", maxDetails}, {"description", 4 * maxDescription},
	{"clientData", 8192}, {"account_token", 4096},
}

// maxDescription is the longest description, in characters (§8.4.2).
const maxDescription = 500

// fill reads the rest of a request whose client and redirect URI are known. The
// state is first: it goes into the answer, whatever is wrong with the rest.
func (q *request) fill(c Client, form url.Values, twice []string) error {
	q.Profile = c.profile()
	if state := form.Get("state"); len(state) <= 1024 && !slices.Contains(twice, "state") {
		q.State = state
	}
	if len(twice) > 0 {
		return csc.Malformed(errTwice)
	}
	for _, l := range requestLengths {
		if len(form.Get(l.name)) > l.most {
			return csc.Invalid(l.name)
		}
	}
	if form.Has("request") { // which is to be pushed
		return &csc.Error{Code: csc.RequestNotSupported, Description: "The parameter request must be pushed"}
	}
	if err := responseType(form); err != nil {
		return err
	}
	if err := q.scope(c, form); err != nil {
		return err
	}
	if err := q.challenge(c, form.Get("code_challenge"), form.Get("code_challenge_method")); err != nil {
		return err
	}
	if err := q.bindTo(c, form.Get("dpop_jkt")); err != nil {
		return err
	}
	if q.Lang = form.Get("lang"); !plainName(q.Lang) {
		return csc.Invalid("lang")
	}
	switch {
	case q.Scope == csc.ScopeCredential:
		return q.describe(form)
	case changeScope(q.Scope):
		return q.change(form)
	}
	return nil // the parameters of a credential mean nothing here
}

// describe reads what there is to say of a credential authorization, and without
// authorization_details what it is.
func (q *request) describe(form url.Values) error {
	q.Description, q.ClientData = form.Get("description"), form.Get("clientData")
	if utf8.RuneCountInString(q.Description) > maxDescription {
		return csc.Invalid("description")
	}
	if q.Details != nil {
		return nil
	}
	var err error
	if q.Profile == ProfileCSCv1 {
		if form, err = ofV1(form); err != nil {
			return err
		}
	}
	d, err := flatDetail(form)
	q.Details = []Detail{d}
	return err
}

func responseType(form url.Values) error {
	switch kind := form.Get("response_type"); {
	case kind == "":
		return missing("response_type")
	case kind != "code":
		return csc.Fail(csc.UnsupportedResponseType, nil)
	case form.Has("response_mode") && form.Get("response_mode") != "query":
		return csc.Invalid("response_mode")
	}
	return nil
}

// scope is service if nothing is asked; never both (§8.4.1). That of
// authorization_details their types say: §8.4.2 wants them without, but clients
// send it along.
func (q *request) scope(c Client, form url.Values) (err error) {
	q.Scope = either(form.Get("scope"), csc.ScopeService)
	if text := form.Get("authorization_details"); text != "" {
		for _, name := range flatParams {
			if form.Get(name) != "" {
				return csc.Refused("The parameter "+name+" cannot stand beside authorization_details", nil)
			}
		}
		asked := form.Get("scope")
		if q.Details, q.Change, q.Scope, err = readDetails([]byte(text)); err != nil {
			return err
		}
		if asked != "" && asked != q.Scope {
			return csc.Fail(csc.InvalidScope, nil)
		}
	}
	if !slices.Contains(grants["authorization_code"], q.Scope) {
		return csc.Fail(csc.InvalidScope, nil)
	}
	if !slices.Contains(c.Grants, "authorization_code") || !slices.Contains(c.Scopes, q.Scope) {
		return csc.Fail(csc.UnauthorizedClient, nil)
	}
	return nil
}

// challenge takes S256 and nothing else (RFC 9700 §2.1.1); no method means
// plain (RFC 7636 §4.3).
func (q *request) challenge(c Client, value, method string) error {
	switch {
	case value == "" && method == "" && c.mayOmitPKCE():
		return nil
	case value == "":
		return missing("code_challenge")
	case method == "":
		return missing("code_challenge_method")
	case method != "S256":
		return csc.Invalid("code_challenge_method")
	case !isDigest(value):
		return csc.Invalid("code_challenge")
	}
	q.Challenge = value
	return nil
}

// bindTo binds the code to a key, if one is named (RFC 9449 §10): by its
// thumbprint, by the proof of a push, or by both as the same.
func (q *request) bindTo(c Client, key string) error {
	switch {
	case key == "":
		return nil
	case c.profile() == ProfileCSCv1:
		return errNoDPoPInV1()
	case !isDigest(key) || q.Key != "" && q.Key != key:
		return csc.Invalid("dpop_jkt")
	}
	q.Key = key
	return nil
}

// consent reports whether the signer is asked to agree to something, with a code.
func (q request) consent() bool { return len(q.Details) > 0 || q.Change != nil }

// mayOmitPKCE reports whether c may ask for codes without a challenge: v1 knows
// none. A client without a secret would have nothing in its stead.
func (c Client) mayOmitPKCE() bool {
	return c.profile() == ProfileCSCv1 && c.confidential()
}

// isDigest reports whether s is base64url of 32 bytes.
func isDigest(s string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(b) == 32 && len(s) == 43
}

// answerURL is where the client is told, with whom it is told by (RFC 9207).
func (q request) answerURL(issuer string, told url.Values) string {
	if q.State != "" {
		told.Set("state", q.State)
	}
	told.Set("iss", issuer)
	joint := "?"
	if strings.Contains(q.RedirectURI, "?") {
		joint = "&"
	}
	return q.RedirectURI + joint + told.Encode()
}
