package openapi_test

import (
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
)

func TestCheckResponse(t *testing.T) {
	const (
		key  = `"key":{"status":"enabled","algo":["1.2.840.10045.2.1"],"len":256,"curve":"1.2.840.10045.3.1.7"}`
		cred = `{` + key + `,"cert":{},"auth":{"mode":"explicit"},"SCAL":"2","multisign":10}`
	)
	tests := []struct {
		says   string
		method csc.Method
		status int
		body   string
		want   string // a word of the error, "" if there is none
	}{
		{"a SAD", csc.MethodAuthorize, 200, `{"SAD":"x","expiresIn":300}`, ""},
		{"a SAD without its life", csc.MethodAuthorize, 200, `{"SAD":"x"}`, "expiresIn"},
		{"an empty SAD", csc.MethodAuthorize, 200, `{"SAD":"","expiresIn":300}`, "length"},
		{"a SAD that lives no time", csc.MethodAuthorize, 200, `{"SAD":"x","expiresIn":0}`, "at least 1"},
		{"a life of a fraction", csc.MethodAuthorize, 200, `{"SAD":"x","expiresIn":1.5}`, "integer"},
		{"OAuth's spelling", csc.MethodAuthorize, 200, `{"SAD":"x","expires_in":300}`, "expiresIn"},
		{"a member nobody named", csc.MethodAuthorize, 200, `{"SAD":"x","expiresIn":300,"handle":"h"}`, "does not name /handle"},
		{"a handle", csc.MethodAuthorize, 202, `{"handle":"h"}`, ""},
		{"a handle that is a SAD", csc.MethodAuthorize, 202, `{"SAD":"x","expiresIn":300}`, "handle"},
		{"a status nobody named", csc.MethodSignHash, 201, `{"signatures":["YQ=="]}`, "no status 201"},
		{"no JSON", csc.MethodAuthorize, 200, `{"SAD":"x"`, "not JSON"},
		{"a member twice", csc.MethodAuthorize, 200, `{"SAD":"x","SAD":"x","expiresIn":300}`, "not JSON"},
		{"something after the end", csc.MethodAuthorize, 200, `{"SAD":"x","expiresIn":300}{}`, "not JSON"},
		{"nothing", csc.MethodAuthorize, 200, ``, "not JSON"},
		{"a method nobody named", csc.MethodSendOTP, 200, `{}`, "no method"},
		{"a challenge", csc.MethodGetChallenge, 200, `{"challenge":"4711"}`, ""},
		{"a challenge that was sent", csc.MethodGetChallenge, 204, ``, ""},
		{"a challenge that was sent and told", csc.MethodGetChallenge, 204, `{"challenge":"4711"}`, "no body"},
		{"signatures", csc.MethodSignHash, 200, `{"signatures":["YQ=="]}`, ""},
		{"no signatures", csc.MethodSignHash, 200, `{"signatures":[]}`, "minimum number of items is 1"},
		{"an empty signature", csc.MethodSignHash, 200, `{"signatures":[""]}`, "minimum string length"},
		{"a signature with a line break", csc.MethodSignHash, 200, `{"signatures":["YQ==\n"]}`, "not strict base64"},
		{"a signature with spare bits", csc.MethodSignHash, 200, `{"signatures":["YR=="]}`, "not strict base64"},
		{"a signature in the url alphabet", csc.MethodSignHash, 200, `{"signatures":["_-__"]}`, "not strict base64"},
		{"a null signature", csc.MethodSignHash, 200, `{"signatures":[null]}`, "not nullable"},
		{"no credentials", csc.MethodList, 200, `{"credentialIDs":[]}`, ""},
		{"null credentials", csc.MethodList, 200, `{"credentialIDs":null}`, "not nullable"},
		{"a described credential without its name", csc.MethodList, 200, `{"credentialIDs":["c"],"credentialInfos":[` + cred + `]}`, "credentialID"},
		{"a described credential", csc.MethodList, 200, `{"credentialIDs":["c"],"credentialInfos":[` + strings.Replace(cred, "{", `{"credentialID":"c",`, 1) + `]}`, ""},
		{"a credential", csc.MethodCredentialInfo, 200, cred, ""},
		{"a credential that names itself", csc.MethodCredentialInfo, 200, strings.Replace(cred, "{", `{"credentialID":"c",`, 1), "does not name /credentialID"},
		{"a member nobody named, deep inside", csc.MethodCredentialInfo, 200, strings.Replace(cred, `"mode"`, `"PIN":{},"mode"`, 1), "does not name /auth/PIN"},
		{"a number for SCAL", csc.MethodCredentialInfo, 200, strings.Replace(cred, `"2"`, `2`, 1), "string"},
		{"a key of no kind", csc.MethodCredentialInfo, 200, strings.Replace(cred, `enabled`, `active`, 1), "allowed values"},
		{"a name for an OID", csc.MethodCredentialInfo, 200, strings.Replace(cred, `1.2.840.10045.3.1.7`, `P-256`, 1), "regular expression"},
		{"no signature at all", csc.MethodCredentialInfo, 200, strings.Replace(cred, `10}`, `0}`, 1), "at least 1"},
		{"a null in a credential", csc.MethodCredentialInfo, 200, strings.Replace(cred, `"cert":{}`, `"cert":{"issuerDN":null}`, 1), "not nullable"},
		{"a refusal", csc.MethodCredentialInfo, 400, `{"error":"invalid_request","error_description":"Invalid parameter credentialID"}`, ""},
		{"a refusal without a word", csc.MethodCredentialInfo, 400, `{"error":"invalid_request"}`, ""},
		{"a refusal of no code", csc.MethodCredentialInfo, 400, `{"error_description":"x"}`, "error"},
		{"a refusal with its cause", csc.MethodCredentialInfo, 400, `{"error":"invalid_request","cause":"x"}`, "does not name /cause"},
		{"a code nobody knows", csc.MethodCredentialInfo, 400, `{"error":"oops"}`, "allowed values"},
		{"a dead token", csc.MethodCredentialInfo, 401, `{"error":"invalid_token"}`, ""},
		{"too many calls", csc.MethodCredentialInfo, 429, `{"error":"temporarily_unavailable"}`, ""},
		{"trouble of ours", csc.MethodInfo, 500, `{"error":"server_error"}`, ""},
		{"a refusal with status 200", csc.MethodCredentialInfo, 200, `{"error":"invalid_request"}`, "missing"},
		{"a redirect", csc.MethodCredentialInfo, 302, `{"error":"invalid_request"}`, "no status 302"},
		{"an answer with status 400", csc.MethodCredentialInfo, 400, cred, "error"},
	}
	c := contract(t)
	for _, test := range tests {
		t.Run(test.says, func(t *testing.T) {
			err := c.CheckResponse(test.method, test.status, []byte(test.body))
			switch {
			case test.want == "" && err != nil:
				t.Errorf("%s: %v", test.body, err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("%s: %v; want a word about %q", test.body, err, test.want)
			}
		})
	}
}
