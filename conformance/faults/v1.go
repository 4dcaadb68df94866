package faults

import (
	"net/http"
	"net/url"
	"slices"
)

// basePathV1 is what the base URI of a server of v1.0.4.0 ends in.
const basePathV1 = "/csc/v1"

const methodSendOTP = "credentials/sendOTP"

// V1 returns the faults of servers of v1.0.4.0, in the order of the cases.
func V1() []Fault { return slices.Clone(oldFaults) }

var oldFaults = []Fault{
	{Case: "v1/base-uri", Says: "lives under another path", Path: "/csc/one"},
	{Case: "v1/specs", Says: "says that it is of v2", Answer: puts(methodInfo, "specs", "2.2.0.0")},
	{Case: "v1/list-page", Says: "gives all at once", Request: drop(methodList, "maxResults")},
	{Case: "v1/list-page", Says: "does not say that there are more", Answer: drops(methodList, "nextPageToken")},
	{Case: "v1/list-next-page", Says: "begins anew on each page", Request: drop(methodList, "pageToken")},
	{Case: "v1/list-page-token", Says: "takes any pageToken", Answer: forgives(to(methodList))},
	{Case: "v1/list-many", Says: "refuses what is too large", Answer: refuses(to(methodList, is("maxResults", "1000000000")))},
	{Case: "v1/info-mode", Says: "tells auth as v2 does", Answer: edits(methodCredentialInfo, func(o object) {
		o["auth"] = object{"mode": o["authMode"]}
		delete(o, "authMode")
	})},
	{Case: "v1/info-mode", Says: "tells presence as a boolean", Answer: puts(methodCredentialInfo, "OTP.presence", true)},
	{Case: "v1/info-factors", Says: "does not say what a code is made of", Answer: drops(methodCredentialInfo, "OTP.format")},
	{Case: "v1/info-factors", Says: "does not say what kind of OTP it is", Answer: drops(methodCredentialInfo, "OTP.type")},
	{Case: "v1/info-factors", Says: "gives the OTP no name", Answer: drops(methodCredentialInfo, "OTP.ID")},
	{Case: "v1/header", Says: "takes any header", Answer: forgives(to(methodList))},
	{Case: "v1/signed", Says: "signs badly", Answer: alters(methodSignHash, "signatures", flipped)},
	{Case: "v1/signed", Says: "knows the names of v2 only", Answer: turns(good, to(methodSignHash, lacks("hashes")), 400, "invalid_request")},
	{Case: "v1/pin-and-otp", Says: "wants authData", Answer: refuses(to(methodAuthorize, lacks("authData")))},
	{Case: "v1/wrong-proof", Says: "calls it as v2 does", Answer: misstates(to(methodAuthorize), 400, "invalid_authentication_data")},
	{Case: "v1/wrong-proof", Says: "takes any proof", Answer: forgives(to(methodAuthorize))},
	{Case: "v1/lock", Says: "forbids instead", Answer: misstates(to(methodAuthorize, described("OTP locked")), 403, "access_denied")},
	{Case: "v1/lock", Says: "lets a locked signer go on", Answer: forgives(to(methodAuthorize))},
	{Case: "v1/hash-missing", Says: "authorizes any hash", Answer: forgives(to(methodAuthorize))},
	{Case: "v1/sad-required", Says: "needs no SAD", Answer: forgives(to(methodSignHash, lacks("SAD")))},
	{Case: "v1/sad-unknown", Says: "takes any SAD", Answer: forgives(to(methodSignHash))},
	{Case: "v1/sad-spent", Says: "takes a SAD again", Answer: forgives(to(methodSignHash))},
	{Case: "v1/sad-expired", Says: "takes a SAD for ever", Answer: forgives(to(methodSignHash))},
	{Case: "v1/hash-names", Says: "signs nothing", Answer: forgives(to(methodSignHash, lacks("hash")))},
	{Case: "v1/hash-unauthorized", Says: "signs any hash", Answer: forgives(to(methodSignHash))},
	{Case: "v1/hash-algo-missing", Says: "guesses the hash function", Answer: forgives(to(methodSignHash))},
	{Case: "v1/hash-algo-invalid", Says: "overlooks hashAlgo", Answer: forgives(to(methodSignHash))},
	{Case: "v1/without-pkce", Says: "wants PKCE", Answer: returns(asked("code_challenge", ""), func(q url.Values) {
		q.Set("error", "invalid_request")
		q.Del("code")
	})},
	{Case: "v1/without-pkce", Says: "wants a code_verifier", Answer: refuses(formWith("code_verifier", ""))},
	{Case: "v1/token-type", Says: "calls a SAD a bearer token", Answer: puts(methodToken, "token_type", "Bearer")},
	{Case: "v1/token-as-sad", Says: "wants a SAD of its own", Answer: refuses(to(methodSignHash))},
	{Case: "v1/hash-parameter", Says: "signs any hash", Answer: forgives(to(methodSignHash))},
	{Case: "v1/refresh-revoked", Says: "lets access tokens live", Answer: forgives(to(methodList))},
	{Case: "v1/refresh-revoked", Says: "does not revoke", Answer: turns(func(_ *Call, r *Reply) bool { return r.Status < 300 }, to(methodRevoke), 400, "invalid_request")},
	{Case: "v1/same-credential", Says: "has another key", Answer: editsWhen(to(methodCredentialInfo), func(o object) {
		if _, v1 := o["authMode"]; v1 {
			at(o, "key.len", func(in object, name string) { in[name] = 1 })
		}
	})},
	{Case: "v1/methods-of-v2", Says: "has signDoc", Answer: func(c *Call, r *Reply) {
		if c.Method == "signatures/signDoc" {
			r.put(http.StatusBadRequest, failure("invalid_request"))
		}
	}},
	{Case: "v1/otp-sent", Says: "says 200", Answer: sends(http.StatusOK)},
	{Case: "v1/otp-204", Says: "obeys", Answer: sends(http.StatusOK)},
	{Case: "v1/otp-authorizes", Says: "takes no code", Answer: refuses(to(methodAuthorize))},
	{Case: "v1/otp-id-missing", Says: "sends one to somebody", Answer: forgives(to(methodSendOTP))},
	{Case: "v1/otp-id-unknown", Says: "sends one to nobody", Answer: forgives(to(methodSendOTP))},
	{Case: "v1/otp-locked", Says: "goes on sending", Answer: forgives(to(methodSendOTP))},
	{Case: "v1/otp-offline", Says: "sends one all the same", Answer: forgives(to(methodSendOTP))},
}

// sendOTPFaults are faults of servers of v2 with v1's method.
var sendOTPFaults = []Fault{
	{Case: "info/send-otp", Says: "announces it", Answer: grows(methodInfo, "methods", methodSendOTP)},
}

// sends answers an OTP that was sent with another status.
func sends(status int) answer {
	return func(c *Call, r *Reply) {
		if c.Method == methodSendOTP && r.Status == http.StatusNoContent {
			r.put(status, object{})
		}
	}
}
