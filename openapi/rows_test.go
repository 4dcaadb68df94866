package openapi_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pecete/pecete/csc"
)

const (
	hashABC = `"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="`
	credID  = `"c_9a1be7730d5f42c8b6e0f1a2c3d4e5f6"`

	noCredentialID = "Missing (or invalid type) string parameter credentialID"
	badCredential  = "Invalid parameter credentialID"
	badLang        = "Invalid parameter lang"
	badClientData  = "Invalid parameter clientData"
	badCertificate = "Invalid parameter certificates"
	noCertInfo     = "Missing (or invalid type) boolean parameter certInfo"
	noAuthInfo     = "Missing (or invalid type) boolean parameter authInfo"
	notBase64      = "Invalid Base64 hash string parameter"
	noHash         = "Missing (or invalid type) array parameter hash"
	noHashes       = "Missing (or invalid type) array parameter hashes"
	noNumber       = "Missing (or invalid type) integer parameter numSignatures"
	badNumber      = "Invalid value for parameter numSignatures"
	noAuthData     = "Missing (or invalid type) array parameter authData"
	badAuthData    = "Invalid parameter authData"
	noStampHash    = "Missing (or invalid type) string parameter hash"
	badHashAlgo    = "Invalid parameter hashAlgo"
	badNonce       = "Invalid parameter nonce"
	badHandle      = "Invalid parameter handle"
	badObject      = "Invalid parameter authObjectID"
	noHashOID      = "Missing (or invalid type) string parameter hashAlgorithmOID"
	badMode        = "Invalid parameter operationMode"
	badValidity    = "Invalid parameter validity_period"
	outOfBounds    = "Out of bounds parameter validity_period"
	badResponse    = "Invalid parameter response_uri"
	badFormat      = "Invalid parameter signature_format"
	badLevel       = "Invalid parameter conformance_level"
	badEnvelope    = "Invalid parameter signed_envelope_property"
	badProps       = "Invalid parameter signed_props"
	badDigests     = "Invalid object parameter documentDigests"
	badDocuments   = "Invalid array parameter documents"
	noDigest       = "Invalid Base64 hashes string parameter"
	noDocument     = "Invalid Base64 documents string parameter"
	noSAD          = "Missing (or invalid type) string parameter SAD"
	noToken        = "Missing (or invalid type) string parameter token"
	badToken       = "Invalid string parameter token"
	badRefresh     = "Invalid string parameter: refresh_token"
	badCreating    = "Invalid parameter credentialCreationRequest"
	badPolicy      = "Invalid parameter certificatePolicy"
	badSubject     = "Invalid parameter subjectData"
	noDeletion     = "Missing (or invalid type) object parameter credentialDeletionRequest"
	noReason       = "Missing (or invalid type) integer parameter revocationReason"
	badHint        = "Invalid string parameter token_type_hint"
	noRequestID    = "Missing (or invalid type) string parameter requestID"
)

// A member is a name and its value as JSON.
type member struct{ name, value string }

type body []member

func (b body) String() string {
	var parts []string
	for _, m := range b {
		parts = append(parts, fmt.Sprintf("%q:%s", m.name, m.value))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func (b body) without(name string) body {
	return slices.DeleteFunc(slices.Clone(b), func(m member) bool { return m.name == name })
}

func (b body) with(name, value string) body {
	return append(b.without(name), member{name, value})
}

// full has every parameter of every method, each right.
var full = map[csc.Method]body{
	csc.MethodInfo:       {{"lang", `"ro"`}},
	csc.MethodAuthLogin:  {{"refresh_token", `"t_1"`}, {"rememberMe", `true`}, {"clientData", `"order 1"`}},
	csc.MethodAuthRevoke: {{"token", `"t_1"`}, {"token_type_hint", `"refresh_token"`}, {"clientData", `"order 1"`}},
	csc.MethodCreate: {
		{"credentialCreationRequest", `{"certificatePolicy":"1.2.3","subjectData":{"given_name":"Demo","address":{"country":"RO"}}}`}, {"credentialInfo", `true`}, {"certificates", `"chain"`},
		{"certInfo", `true`}, {"authInfo", `true`}, {"lang", `"ro"`}, {"clientData", `"order 1"`},
	},
	csc.MethodDelete: {{"credentialDeletionRequest", `{"credentialID":` + credID + `,"revoke":true,"revocationReason":5}`}, {"clientData", `"order 1"`}},
	csc.MethodList: {
		{"userID", `"u_1"`}, {"credentialInfo", `true`}, {"certificates", `"chain"`}, {"certInfo", `true`},
		{"authInfo", `true`}, {"onlyValid", `true`}, {"lang", `"ro"`}, {"clientData", `"order 1"`},
	},
	csc.MethodCredentialInfo: {
		{"credentialID", credID}, {"certificates", `"none"`}, {"certInfo", `true`}, {"authInfo", `true`},
		{"lang", `"ro"`}, {"clientData", `"order 1"`},
	},
	csc.MethodAuthorize: {
		{"credentialID", credID}, {"numSignatures", `2`}, {"hashes", `[` + hashABC + `]`},
		{"hashAlgorithmOID", `"2.16.840.1.101.3.4.2.1"`}, {"authData", `[{"id":"OTP","value":"123456"}]`},
		{"description", `"A contract"`}, {"clientData", `"order 1"`},
	},
	csc.MethodAuthorizeCheck: {{"handle", `"opaque"`}},
	csc.MethodGetChallenge:   {{"credentialID", credID}, {"authObjectID", `"SMS"`}, {"clientData", `"order 1"`}},
	csc.MethodExtendTransaction: {
		{"credentialID", credID}, {"hashes", `[` + hashABC + `]`}, {"hashAlgorithmOID", `"2.16.840.1.101.3.4.2.1"`}, {"SAD", `"x"`}, {"clientData", `"order 1"`},
	},
	csc.MethodSignHash: {
		{"credentialID", credID}, {"SAD", `"opaque"`}, {"hashes", `[` + hashABC + `]`},
		{"hashAlgorithmOID", `"2.16.840.1.101.3.4.2.1"`}, {"signAlgo", `"1.2.840.113549.1.1.10"`},
		{"signAlgoParams", `"MDCg"`}, {"operationMode", `"S"`}, {"validity_period", `1000`},
		{"response_uri", `"https://client.example.org/done"`}, {"clientData", `"order 1"`},
	},
	csc.MethodTimestamp: {
		{"hash", hashABC}, {"hashAlgo", `"2.16.840.1.101.3.4.2.1"`}, {"nonce", `"5f1c9ad2e4b07731"`}, {"clientData", `"order 1"`},
	},
	csc.MethodSignDoc: {
		{"credentialID", credID}, {"signatureQualifier", `"eu_eidas_qes"`}, {"SAD", `"opaque"`},
		{"documentDigests", `[` + aDigest.String() + `]`}, {"documents", `[` + aDocument.String() + `]`}, {"signatureCreationRequest", aCreation.String()},
		{"operationMode", `"A"`}, {"validity_period", `1000`}, {"response_uri", `"https://client.example.org/done"`},
		{"returnValidationInfo", `true`}, {"clientData", `"order 1"`},
	},
	csc.MethodSignPolling: {{"requestID", `"r_1"`}, {"userID", `"u_1"`}, {"clientData", `"order 1"`}},
}

// Parts of a signDoc, each right.
var (
	alike = body{
		{"signature_format", `"C"`}, {"conformance_level", `"AdES-B-B"`}, {"signed_props", `[{"attribute_name":"mime-type","attribute_value":"DAF4"}]`},
		{"signed_envelope_property", `"Detached"`}, {"signAlgo", `"1.2.840.10045.4.3.2"`}, {"signAlgoParams", `"BQA="`},
	}
	aDigest   = append(body{{"hashes", `[` + hashABC + `]`}, {"hashAlgorithmOID", `"2.16.840.1.101.3.4.2.1"`}}, alike...)
	aDocument = append(body{{"document", `"YWJj"`}}, alike...)
	aCreation = append(body{{"label", `"A contract"`}, {"document", `"YWJj"`}, {"documentType", `"sod"`}}, alike...)
)

// badParts are what is told of faults in an element of documentDigests or
// documents: of its own members made from good, and of what is no element.
func badParts(good body, itself string, more map[string]string) map[string]string {
	bad := map[string]string{`[null]`: itself, `["x"]`: itself, `[5]`: itself, `[[]]`: itself, `[` + good.String() + `,true]`: itself}
	for _, row := range []struct{ name, value, told string }{
		{"signature_format", `null`, "Missing (or invalid type) string parameter signature_format"},
		{"signature_format", `5`, "Missing (or invalid type) string parameter signature_format"},
		{"signature_format", `"Z"`, badFormat}, {"signature_format", `"X"`, badFormat}, {"signature_format", `"J"`, badFormat}, {"signature_format", `"c"`, badFormat}, {"signature_format", `""`, badFormat},
		{"conformance_level", `"AdES-B-T"`, badLevel}, {"conformance_level", `"AdES-B-LT"`, badLevel}, {"conformance_level", `"AdES-B"`, badLevel}, {"conformance_level", `"B-XX"`, badLevel}, {"conformance_level", `5`, badLevel}, {"conformance_level", `""`, badLevel},
		{"signed_envelope_property", `"Enveloped"`, badEnvelope}, {"signed_envelope_property", `"Parallel"`, badEnvelope}, {"signed_envelope_property", `"detached"`, badEnvelope}, {"signed_envelope_property", `true`, badEnvelope},
		{"signed_props", `{}`, badProps}, {"signed_props", `["x"]`, badProps}, {"signed_props", `[{}]`, badProps}, {"signed_props", `[{"attribute_name":5}]`, badProps}, {"signed_props", `[{"attribute_name":"mime-type","attribute_value":"***"}]`, badProps},
		{"signAlgo", `null`, "Missing (or invalid type) string parameter signAlgo"}, {"signAlgo", `[]`, "Missing (or invalid type) string parameter signAlgo"},
		{"signAlgoParams", `5`, "Missing (or invalid type) string parameter signAlgoParams"},
	} {
		bad[`[`+good.with(row.name, row.value).String()+`]`] = row.told
		bad[`[`+good.String()+`,`+good.with(row.name, row.value).String()+`]`] = row.told
	}
	for element, told := range more {
		bad[`[`+element+`]`] = told
	}
	return bad
}

// badCreations are the same for the form of v2.2.
func badCreations() map[string]string {
	bad := map[string]string{}
	for _, row := range []struct{ name, value, told string }{
		{"label", `5`, "Invalid parameter label"},
		{"document", `5`, badDocuments}, {"document", `"***"`, noDocument},
		{"documentType", `"sfd"`, "Invalid parameter documentType"}, {"documentType", `5`, "Invalid parameter documentType"},
		{"hashes", `"x"`, badDigests}, {"hashes", `[]`, badDigests}, {"hashes", `["***"]`, noDigest},
		{"hashAlgorithmOID", `5`, noHashOID},
		{"adesParameters", `5`, "Invalid parameter adesParameters"}, {"adesParameters", `{}`, "Missing (or invalid type) string parameter signature_format"},
		{"adesParameters", `{"signature_format":"C","conformance_level":"AdES-T"}`, badLevel},
		{"signingAlgorithm", `5`, "Invalid parameter signingAlgorithm"}, {"signingAlgorithm", `{}`, "Missing (or invalid type) string parameter signAlgo"},
		{"signature_format", `"X"`, badFormat}, {"conformance_level", `"AdES-LT"`, badLevel}, {"signed_envelope_property", `"x"`, badEnvelope}, {"signed_props", `5`, badProps},
	} {
		bad[aCreation.with(row.name, row.value).String()] = row.told
	}
	return bad
}

// A field is a parameter of a method and every sentence it can bring about.
type field struct {
	method csc.Method
	name   string
	takes  string            // the JSON type it takes; "any" if it is ignored
	absent string            // told when it is missing or null
	wrong  string            // told when it is of another type
	bad    map[string]string // a value of the right type: what is told
	good   []string
	beside body // is in the request in the stead of what full has
}

// base is a request whose only fault the parameter can be.
func (f field) base(full map[csc.Method]body) body {
	b := full[f.method]
	for _, m := range f.beside {
		b = b.with(m.name, m.value)
	}
	return b
}

var overlong = strings.Repeat("x", 256)

// badNames are values of a credentialID or userID that no store should see.
func badNames(told string) map[string]string {
	return map[string]string{
		`""`: told, `"a b"`: told, `"a\u0000b"`: told, `"\n"`: told, `"c_é"`: told, `"` + overlong + `"`: told,
		`"` + strings.Repeat("x", 1<<20) + `"`: told,
	}
}

func badHashes(told string) map[string]string {
	bad := map[string]string{`[]`: "Empty hash array"}
	for _, element := range []string{
		`5`, `null`, `true`, `[]`, `{}`, `[` + hashABC + `]`, `"***"`, `"YR=="`, `"YQ"`, `"YQ="`,
		`"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0="`, `"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"`,
		`"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=\n"`, `" YQ=="`, `"YQ==\r\nYQ=="`, `"YQ\u003d"`, `"\u0000"`,
	} {
		bad[`[`+element+`]`] = told
		bad[`[`+hashABC+`,`+element+`]`] = told
	}
	return bad
}

var (
	strings1MiB = `"` + strings.Repeat("ă", 1<<19) + `"`
	goodTexts   = []string{`""`, `"x"`, `"\u0000"`, `"\ud83d\ude00"`, `"😀"`, strings1MiB}
	goodHashes  = []string{`[` + hashABC + `,` + hashABC + `]`, `["YQ=="]`, `["YQ\u003d\u003d"]`, `[""]`, `["\/\/\/\/"]`}
	notIntegers = map[string]string{
		`1.0`: noNumber, `1e0`: noNumber, `1E+0`: noNumber, `1.5`: noNumber, `10e-1`: noNumber, `1e400`: noNumber, `-1e400`: noNumber,
		`9007199254740992`: noNumber, `9007199254740993`: noNumber, `-9007199254740992`: noNumber,
		`18446744073709551617`: noNumber, `123456789012345678901234567890`: noNumber,
		`0`: badNumber, `-0`: badNumber, `-1`: badNumber, `-9007199254740991`: badNumber,
	}
)

var fields = []field{
	{method: csc.MethodInfo, name: "lang", takes: "string", wrong: badLang, good: goodTexts},

	{method: csc.MethodAuthLogin, name: "refresh_token", takes: "string", wrong: badRefresh, bad: map[string]string{`""`: badRefresh, strings1MiB: badRefresh}, good: []string{`"x"`, `"\u0000"`, `"ă"`}},
	{method: csc.MethodAuthLogin, name: "rememberMe", takes: "boolean", wrong: "Missing (or invalid type) boolean parameter rememberMe"},
	{method: csc.MethodAuthLogin, name: "clientData", takes: "string", wrong: badClientData, good: goodTexts},

	{method: csc.MethodAuthRevoke, name: "token", takes: "string", absent: noToken, wrong: noToken, bad: map[string]string{`""`: badToken, strings1MiB: badToken}, good: []string{`"x"`, `"\u0000"`, `"ă"`}},
	{method: csc.MethodAuthRevoke, name: "token_type_hint", takes: "string", wrong: badHint, bad: map[string]string{`""`: badHint, `"x"`: badHint, `"Access_token"`: badHint, `"access_token "`: badHint}, good: []string{`"access_token"`, `"refresh_token"`}},
	{method: csc.MethodAuthRevoke, name: "clientData", takes: "string", wrong: badClientData, good: goodTexts},

	{method: csc.MethodCreate, name: "credentialCreationRequest", takes: "object", wrong: badCreating, bad: map[string]string{
		`{"certificatePolicy":5}`: badPolicy, `{"subjectData":5}`: badSubject, `{"subjectData":{"given_name":5}}`: badSubject, `{"subjectData":{"address":"x"}}`: badSubject,
		`{"subjectData":{"address":{"country":[]}}}`: badSubject, `{"subjectData":{"sub":{}}}`: badSubject,
	}, good: []string{`{}`, `{"certificatePolicy":"1.2.3"}`, `{"subjectData":{}}`, `{"subjectData":{"sub":"1","given_name":"a","family_name":"b","gender":"c","birthdate":"d","email":"e","address":{"locality":"f","region":"g"},"more":1}}`}},
	{method: csc.MethodCreate, name: "credentialInfo", takes: "boolean", wrong: "Missing (or invalid type) boolean parameter credentialInfo"},
	{method: csc.MethodCreate, name: "certificates", takes: "string", wrong: badCertificate, bad: map[string]string{`"x"`: badCertificate, `""`: badCertificate}, good: []string{`"none"`, `"single"`, `"chain"`}},
	{method: csc.MethodCreate, name: "certInfo", takes: "boolean", wrong: noCertInfo},
	{method: csc.MethodCreate, name: "authInfo", takes: "boolean", wrong: noAuthInfo},
	{method: csc.MethodCreate, name: "lang", takes: "string", wrong: badLang, good: goodTexts},
	{method: csc.MethodCreate, name: "clientData", takes: "string", wrong: badClientData, good: goodTexts},

	{method: csc.MethodDelete, name: "credentialDeletionRequest", takes: "object", absent: noDeletion, wrong: noDeletion, bad: map[string]string{
		`{}`: noCredentialID, `{"credentialID":5}`: noCredentialID, `{"credentialID":""}`: badCredential, `{"credentialID":"a b"}`: badCredential,
		`{"credentialID":"c","revoke":"true"}`: "Missing (or invalid type) boolean parameter revoke", `{"credentialID":"c","revocationReason":"5"}`: noReason, `{"credentialID":"c","revocationReason":1.5}`: noReason,
	}, good: []string{`{"credentialID":"c"}`, `{"credentialID":"c","revoke":false}`, `{"credentialID":"c","revocationReason":-1}`, `{"credentialID":"c","revoke":null,"revocationReason":11,"more":[]}`}},
	{method: csc.MethodDelete, name: "clientData", takes: "string", wrong: badClientData, good: goodTexts},

	{method: csc.MethodList, name: "userID", takes: "string", wrong: "Invalid parameter userID", bad: badNames("Invalid parameter userID"), good: []string{`"signer@example.org"`}},
	{method: csc.MethodList, name: "credentialInfo", takes: "boolean", wrong: "Missing (or invalid type) boolean parameter credentialInfo"},
	{method: csc.MethodList, name: "certificates", takes: "string", wrong: badCertificate, bad: map[string]string{`"x"`: badCertificate, `""`: badCertificate, `"Single"`: badCertificate, `"single "`: badCertificate}, good: []string{`"none"`, `"single"`, `"chain"`, `"ch\u0061in"`}},
	{method: csc.MethodList, name: "certInfo", takes: "boolean", wrong: noCertInfo},
	{method: csc.MethodList, name: "authInfo", takes: "boolean", wrong: noAuthInfo},
	{method: csc.MethodList, name: "onlyValid", takes: "boolean", wrong: "Missing (or invalid type) boolean parameter onlyValid"},
	{method: csc.MethodList, name: "lang", takes: "string", wrong: badLang, good: goodTexts},
	{method: csc.MethodList, name: "clientData", takes: "string", wrong: badClientData, good: goodTexts},

	{method: csc.MethodCredentialInfo, name: "credentialID", takes: "string", absent: noCredentialID, wrong: noCredentialID, bad: badNames(badCredential)},
	{method: csc.MethodCredentialInfo, name: "certificates", takes: "string", wrong: badCertificate, bad: map[string]string{`"x"`: badCertificate, `""`: badCertificate}, good: []string{`"none"`, `"single"`, `"chain"`}},
	{method: csc.MethodCredentialInfo, name: "certInfo", takes: "boolean", wrong: noCertInfo},
	{method: csc.MethodCredentialInfo, name: "authInfo", takes: "boolean", wrong: noAuthInfo},
	{method: csc.MethodCredentialInfo, name: "lang", takes: "string", wrong: badLang, good: goodTexts},
	{method: csc.MethodCredentialInfo, name: "clientData", takes: "string", wrong: badClientData, good: goodTexts},

	{method: csc.MethodAuthorize, name: "credentialID", takes: "string", absent: noCredentialID, wrong: noCredentialID, bad: badNames(badCredential)},
	{method: csc.MethodAuthorize, name: "numSignatures", takes: "integer", absent: noNumber, wrong: noNumber, bad: notIntegers, good: []string{`1`, `10`, `2147483648`, `9007199254740991`}},
	{method: csc.MethodAuthorize, name: "hashes", takes: "array", wrong: noHashes, bad: badHashes(notBase64), good: goodHashes},
	{method: csc.MethodAuthorize, name: "hashAlgorithmOID", takes: "string", wrong: noHashOID, good: goodTexts},
	{
		method: csc.MethodAuthorize, name: "authData", takes: "array", wrong: noAuthData,
		bad: map[string]string{
			`[null]`: badAuthData, `["OTP"]`: badAuthData, `[5]`: badAuthData, `[[]]`: badAuthData, `[{}]`: badAuthData,
			`[{"value":"1"}]`: badAuthData, `[{"id":null}]`: badAuthData, `[{"id":5}]`: badAuthData, `[{"ID":"OTP"}]`: badAuthData,
			`[{"id":"OTP","value":123456}]`: badAuthData, `[{"id":"OTP","value":["1"]}]`: badAuthData,
			`[{"id":"OTP","value":"1"},{"id":{}}]`: badAuthData,
		},
		good: []string{`[]`, `[{"id":"OTP"}]`, `[{"id":"OTP","value":null}]`, `[{"id":"PIN","value":"1"},{"id":"OTP","value":"2","more":[{}]}]`},
	},
	{method: csc.MethodAuthorize, name: "description", takes: "string", wrong: "Invalid parameter description", bad: map[string]string{
		`"` + strings.Repeat("x", 501) + `"`: "Invalid parameter description", `"` + strings.Repeat("ă", 501) + `"`: "Invalid parameter description", strings1MiB: "Invalid parameter description",
	}, good: []string{`""`, `"` + strings.Repeat("ă", 500) + `"`, `"` + strings.Repeat("😀", 500) + `"`, `"` + strings.Repeat(`\u0103`, 500) + `"`}},
	{method: csc.MethodAuthorize, name: "clientData", takes: "string", wrong: badClientData, good: goodTexts},

	{method: csc.MethodAuthorizeCheck, name: "handle", takes: "string", absent: badHandle, wrong: badHandle, bad: map[string]string{`"` + overlong + `"`: badHandle}, good: []string{`""`, `"\u0000"`}},

	{method: csc.MethodGetChallenge, name: "credentialID", takes: "string", absent: noCredentialID, wrong: noCredentialID, bad: badNames(badCredential)},
	{method: csc.MethodGetChallenge, name: "authObjectID", takes: "string", absent: badObject, wrong: badObject, bad: map[string]string{`"` + overlong + `"`: badObject}, good: []string{`""`, `"fallback question"`, `"\u0000"`}},
	{method: csc.MethodGetChallenge, name: "clientData", takes: "string", wrong: badClientData, good: goodTexts},

	{method: csc.MethodExtendTransaction, name: "credentialID", takes: "string", absent: noCredentialID, wrong: noCredentialID, bad: badNames(badCredential)},
	{method: csc.MethodExtendTransaction, name: "hashes", takes: "array", wrong: noHashes, bad: badHashes(notBase64), good: goodHashes},
	{method: csc.MethodExtendTransaction, name: "hashAlgorithmOID", takes: "string", wrong: noHashOID, good: goodTexts},
	{method: csc.MethodExtendTransaction, name: "SAD", takes: "string", absent: noSAD, wrong: noSAD, good: goodTexts},
	{method: csc.MethodExtendTransaction, name: "clientData", takes: "string", wrong: badClientData, good: goodTexts},

	{method: csc.MethodSignHash, name: "credentialID", takes: "string", absent: noCredentialID, wrong: noCredentialID, bad: badNames(badCredential)},
	{method: csc.MethodSignHash, name: "SAD", takes: "string", wrong: "Missing (or invalid type) string parameter SAD", good: goodTexts},
	{method: csc.MethodSignHash, name: "hashes", takes: "array", absent: noHash, wrong: noHash, bad: badHashes(notBase64), good: goodHashes},
	{method: csc.MethodSignHash, name: "hashAlgorithmOID", takes: "string", wrong: noHashOID, good: goodTexts},
	{method: csc.MethodSignHash, name: "signAlgo", takes: "string", absent: "Missing (or invalid type) string parameter signAlgo", wrong: "Missing (or invalid type) string parameter signAlgo", good: goodTexts},
	{method: csc.MethodSignHash, name: "signAlgoParams", takes: "string", wrong: "Missing (or invalid type) string parameter signAlgoParams", good: goodTexts},
	{method: csc.MethodSignHash, name: "operationMode", takes: "string", wrong: "Invalid parameter operationMode", bad: map[string]string{`"a"`: "Invalid parameter operationMode", `"X"`: "Invalid parameter operationMode", `"s"`: "Invalid parameter operationMode", `""`: "Invalid parameter operationMode"}, good: []string{`"S"`, `"A"`, `"\u0041"`}},
	{method: csc.MethodSignHash, name: "validity_period", takes: "any", good: []string{`-1`, `1e400`, `"x"`, `9007199254740993`}},
	{method: csc.MethodSignHash, name: "response_uri", takes: "any", good: []string{`"not a uri"`, `"::"`, `"http://127.0.0.1"`, `""`}},
	{method: csc.MethodSignHash, name: "validity_period", takes: "integer", wrong: badValidity, bad: badPeriods, good: []string{`1`, `86400000`, `9007199254740991`}, beside: body{{"operationMode", `"A"`}}},
	{method: csc.MethodSignHash, name: "validity_period", takes: "integer", wrong: badValidity, bad: badPeriods, beside: body{{"operationMode", `"\u0041"`}}},
	{method: csc.MethodSignHash, name: "response_uri", takes: "string", wrong: badResponse, good: goodTexts, beside: body{{"operationMode", `"A"`}}},
	{method: csc.MethodSignHash, name: "clientData", takes: "string", wrong: badClientData, good: goodTexts},

	{method: csc.MethodTimestamp, name: "hash", takes: "string", absent: noStampHash, wrong: noStampHash, bad: map[string]string{
		`""`: "Empty hash parameter", `"***"`: notBase64, `" "`: notBase64, `"\u0000"`: notBase64, `"YR=="`: notBase64, `"YQ"`: notBase64, `"YQ="`: notBase64,
		`"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0="`: notBase64, `"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=\n"`: notBase64, strings1MiB: notBase64,
	}, good: []string{`"YQ=="`, `"YQ\u003d\u003d"`, `"\/\/\/\/"`}},
	{method: csc.MethodTimestamp, name: "hashAlgo", takes: "string", absent: badHashAlgo, wrong: badHashAlgo, bad: map[string]string{
		`""`: badHashAlgo, `"1.2.3"`: badHashAlgo, `"1.3.14.3.2.26"`: badHashAlgo, `"SHA-256"`: badHashAlgo, `"2.16.840.1.101.3.4.2.1 "`: badHashAlgo,
		`"2.16.840.1.101.3.4.2.8"`: badHashAlgo, `"02.16.840.1.101.3.4.2.1"`: badHashAlgo, strings1MiB: badHashAlgo,
	}, good: []string{`"2.16.840.1.101.3.4.2.1"`, `"2.16.840.1.101.3.4.2.2"`, `"2.16.840.1.101.3.4.2.3"`}},
	{method: csc.MethodTimestamp, name: "nonce", takes: "string", wrong: badNonce, bad: map[string]string{
		`""`: badNonce, `"xyz"`: badNonce, `"0x1"`: badNonce, `"-1"`: badNonce, `" 1"`: badNonce, `"1\n"`: badNonce, `"1.5"`: badNonce, `"١"`: badNonce,
		`"` + strings.Repeat("f", 129) + `"`: badNonce, strings1MiB: badNonce,
	}, good: []string{`"0"`, `"00"`, `"a1b2"`, `"A1B2"`, `"12345678901234567890"`, `"` + strings.Repeat("f", 128) + `"`}},
	{method: csc.MethodTimestamp, name: "clientData", takes: "string", wrong: badClientData, good: goodTexts},

	{method: csc.MethodSignDoc, name: "credentialID", takes: "string", wrong: noCredentialID, bad: badNames(badCredential)},
	{method: csc.MethodSignDoc, name: "signatureQualifier", takes: "string", wrong: "Invalid parameter signatureQualifier", bad: badNames("Invalid parameter signatureQualifier"), good: []string{`"za_ecta_aes"`}},
	{method: csc.MethodSignDoc, name: "SAD", takes: "string", wrong: noSAD, good: goodTexts},
	{method: csc.MethodSignDoc, name: "documentDigests", takes: "array", wrong: badDigests, bad: badParts(aDigest, badDigests, map[string]string{
		aDigest.without("hashes").String(): badDigests, aDigest.with("hashes", `"`+strings.Trim(hashABC, `"`)+`"`).String(): badDigests, aDigest.with("hashes", `[]`).String(): badDigests,
		aDigest.with("hashes", `["***"]`).String(): noDigest, aDigest.with("hashes", `[5]`).String(): noDigest, aDigest.with("hashAlgorithmOID", `5`).String(): noHashOID,
	}), good: []string{`[]`, `[` + aDigest.String() + `,` + aDigest.with("signature_format", `"P"`).String() + `]`, `[` + aDigest.with("conformance_level", `"ades-b-b"`).without("signed_props").String() + `]`}},
	{method: csc.MethodSignDoc, name: "documents", takes: "array", wrong: badDocuments, bad: badParts(aDocument, badDocuments, map[string]string{
		aDocument.without("document").String(): badDocuments, aDocument.with("document", `5`).String(): badDocuments, aDocument.with("document", `"***"`).String(): noDocument,
		aDocument.with("document", `"YWJj\n"`).String(): noDocument, aDocument.with("document", `"YR=="`).String(): noDocument,
	}), good: []string{`[]`, `[` + aDocument.String() + `,` + aDocument.with("signed_envelope_property", `"Attached"`).String() + `]`, `[` + aDocument.with("document", `"\/\/\/\/"`).String() + `]`}},
	{method: csc.MethodSignDoc, name: "signatureCreationRequest", takes: "object", wrong: "Invalid parameter signatureCreationRequest", bad: badCreations(), good: []string{
		`{}`, aCreation.with("conformance_level", `"AdES-B"`).String(), `{"hashes":[` + hashABC + `],"adesParameters":{"signature_format":"P"},"signingAlgorithm":{"signAlgo":"x","signAlgoParams":"y"}}`,
	}},
	{method: csc.MethodSignDoc, name: "operationMode", takes: "string", wrong: badMode, bad: map[string]string{`"a"`: badMode, `"X"`: badMode, `""`: badMode}, good: []string{`"S"`, `"A"`}},
	{method: csc.MethodSignDoc, name: "validity_period", takes: "integer", wrong: badValidity, bad: badPeriods, good: []string{`1`, `86400000`}},
	{method: csc.MethodSignDoc, name: "response_uri", takes: "string", wrong: badResponse, good: goodTexts},
	{method: csc.MethodSignDoc, name: "returnValidationInfo", takes: "boolean", wrong: "Missing (or invalid type) boolean parameter returnValidationInfo"},
	{method: csc.MethodSignDoc, name: "clientData", takes: "string", wrong: badClientData, good: goodTexts},

	{method: csc.MethodSignPolling, name: "requestID", takes: "string", absent: noRequestID, wrong: noRequestID, bad: badNames("Invalid parameter requestID")},
	{method: csc.MethodSignPolling, name: "userID", takes: "string", wrong: `Invalid parameter "userID"`, bad: badNames(`Invalid parameter "userID"`)},
	{method: csc.MethodSignPolling, name: "clientData", takes: "string", wrong: badClientData, good: goodTexts},
}

// badPeriods are validity periods that cannot be.
var badPeriods = map[string]string{
	`0`: outOfBounds, `-1`: outOfBounds, `-9007199254740991`: outOfBounds, `9007199254740992`: badValidity, `1e400`: badValidity, `1.0`: badValidity, `1e3`: badValidity,
}
