package faults

import "net/http"

// factorFaults are faults of credentials/authorize with several factors.
var factorFaults = []Fault{
	{Case: "authorize/and-one-missing", Says: "takes one of two", Answer: forgives(to(methodAuthorize, proofs(1)))},
	{Case: "authorize/or-one", Says: "wants both", Answer: refuses(to(methodAuthorize, proofs(1)))},
	{Case: "authorize/xor-both", Says: "takes XOR for OR", Answer: forgives(to(methodAuthorize, proofs(2)))},
	{Case: "authorize/brackets", Says: "wants all three", Answer: refuses(to(methodAuthorize, proofs(2)))},
	{Case: "authorize/brackets-missing", Says: "overlooks the brackets", Answer: forgives(to(methodAuthorize, proofs(2)))},
	{Case: "authorize/all-without-expression", Says: "takes any of them", Answer: forgives(to(methodAuthorize, proofs(1)))},
	{Case: "authorize/oauth2code", Says: "authorizes without the signer", Answer: forgives(to(methodAuthorize))},
	{Case: "authorize/no-objects", Says: "wants a factor all the same", Answer: refuses(to(methodAuthorize, lacks("authData")))},
	{Case: "authorize/no-objects", Says: "asks apart, and does not say how to go on", Answer: func(c *Call, r *Reply) {
		if c.Method == methodAuthorize && good(c, r) {
			r.put(http.StatusAccepted, object{})
		}
	}},
	{Case: "seal/list", Says: "lists nothing", Answer: puts(methodList, "credentialIDs", []string{})},
	{Case: "seal/many", Says: "makes one too many", Answer: forgives(to(methodSignHash))},
	{Case: "seal/many", Says: "makes one at a time", Answer: keepsFirst(methodSignHash, "signatures")},
	{Case: "seal/no-objects", Says: "gives a SAD that is none", Answer: puts(methodAuthorize, "SAD", "x")},
	{Case: "authorize/apart", Says: "calls the handle otherwise", Answer: afterwards(methodAuthorize, http.StatusAccepted, object{"ticket": "x"})},
	{Case: "authorize/apart", Says: "says 200", Answer: afterwards(methodAuthorize, http.StatusOK, object{"handle": "x"})},
	{Case: "authorize/apart-unlisted", Says: "asks the signer anyway", Answer: func(c *Call, r *Reply) {
		if to(methodAuthorize, lacks("authData"))(c, r) {
			r.put(http.StatusAccepted, object{"handle": "x"})
		}
	}},
}

// afterwards answers what is to be waited for in another way.
func afterwards(method string, status int, body object) answer {
	return func(c *Call, r *Reply) {
		if c.Method == method && r.Status == http.StatusAccepted {
			r.put(status, body)
		}
	}
}

// checkFaults are faults of credentials/authorizeCheck.
var checkFaults = []Fault{
	{Case: "check/pending", Says: "is over before it began", Answer: afterwards(methodAuthorizeCheck, http.StatusOK, object{"SAD": "x", "expiresIn": 300})},
	{Case: "check/pending", Says: "says 200", Answer: afterwards(methodAuthorizeCheck, http.StatusOK, object{"handle": "x"})},
	{Case: "check/pending", Says: "has no handle", Answer: afterwards(methodAuthorizeCheck, http.StatusAccepted, object{})},
	{Case: "check/approved", Says: "never knows", Answer: func(c *Call, r *Reply) {
		if c.Method == methodAuthorizeCheck && good(c, r) {
			r.put(http.StatusAccepted, object{"handle": "x"})
		}
	}},
	{Case: "check/approved", Says: "writes SAD small", Answer: renames(methodAuthorizeCheck, "SAD", "sad")},
	{Case: "check/approved-signs", Says: "gives a SAD that is none", Answer: puts(methodAuthorizeCheck, "SAD", "x")},
	{Case: "check/declined", Says: "takes no for yes", Answer: forgives(to(methodAuthorizeCheck))},
	{Case: "check/declined", Says: "calls it a bad request", Answer: misstates(to(methodAuthorizeCheck), 400, "invalid_request")},
	{Case: "check/handle-unknown", Says: "waits for nobody", Answer: func(c *Call, r *Reply) {
		if c.Method == methodAuthorizeCheck && refusal(c, r) {
			r.put(http.StatusAccepted, object{"handle": "x"})
		}
	}},
	{Case: "check/handle-unknown", Says: "has not found it", Answer: misstates(to(methodAuthorizeCheck), 404, "invalid_request")},
	{Case: "check/handle-missing", Says: "breaks", Answer: breaks(to(methodAuthorizeCheck, lacks("handle")))},
	{Case: "check/handle-of-another", Says: "tells whoever asks", Answer: forgives(to(methodAuthorizeCheck))},
	{Case: "check/once", Says: "has another SAD each time", Answer: forgives(to(methodAuthorizeCheck))},
	{Case: "check/handle-goes-on", Says: "forgets", Answer: afterwards(methodAuthorizeCheck, http.StatusBadRequest, failure("invalid_request"))},
	{Case: "check/malformed-header", Says: "takes it for a bad token", Answer: misstates(to(methodAuthorizeCheck, authorization("Foo abc")), 401, "invalid_token")},
}

// challengeFaults are faults of credentials/getChallenge.
var challengeFaults = []Fault{
	{Case: "challenge/shown", Says: "sends it", Answer: func(c *Call, r *Reply) {
		if c.Method == methodGetChallenge && good(c, r) {
			r.Status, r.Body = http.StatusNoContent, nil
		}
	}},
	{Case: "challenge/shown", Says: "shows a number", Answer: puts(methodGetChallenge, "challenge", 4711)},
	{Case: "challenge/sent", Says: "says 200", Answer: sentWith(http.StatusOK, object{})},
	{Case: "challenge/sent", Says: "shows what was sent", Answer: sentWith(http.StatusOK, object{"challenge": "270391"})},
	{Case: "challenge/credential-unknown", Says: "sends to nobody", Answer: forgives(to(methodGetChallenge))},
	{Case: "challenge/credential-unknown", Says: "has not found it", Answer: misstates(to(methodGetChallenge), 404, "invalid_request")},
	{Case: "challenge/object-unknown", Says: "has one for anything", Answer: forgives(to(methodGetChallenge))},
	{Case: "challenge/object-unknown", Says: "breaks", Answer: breaks(to(methodGetChallenge))},
	{Case: "challenge/object-without", Says: "has one for anything", Answer: forgives(to(methodGetChallenge))},
	{Case: "challenge/fresh", Says: "has one challenge", Answer: puts(methodGetChallenge, "challenge", "4711")},
	{Case: "challenge/answered", Says: "does not know it again", Answer: refuses(to(methodAuthorize))},
	{Case: "challenge/once", Says: "takes it again", Answer: forgives(to(methodAuthorize, notProved))},
	{Case: "challenge/unasked", Says: "takes anything", Answer: forgives(to(methodAuthorize, notProved))},
	{Case: "challenge/malformed-header", Says: "takes it for a bad token", Answer: misstates(to(methodGetChallenge, authorization("Foo abc")), 401, "invalid_token")},
	{Case: "challenge/replaced", Says: "takes any of them", Answer: forgives(to(methodAuthorize, notProved))},
	{Case: "challenge/flood", Says: "goes on for ever", Answer: func(c *Call, r *Reply) {
		if c.Method == methodGetChallenge && refusal(c, r) {
			r.Status, r.Body = http.StatusNoContent, nil
		}
	}},
}

// sentWith answers with a body where there is none.
func sentWith(status int, body object) answer {
	return func(c *Call, r *Reply) {
		if c.Method == methodGetChallenge && r.Status == http.StatusNoContent {
			r.put(status, body)
		}
	}
}

// MostMessages is how many messages a Sparing server sends.
const MostMessages = 10

// Sparing is a server that has a signer sent few messages.
func Sparing() Fault {
	n := 0
	return Fault{Says: "sends few messages", Answer: func(c *Call, r *Reply) {
		if c.Method != methodGetChallenge || r.Status != http.StatusNoContent {
			return
		}
		if n++; n > MostMessages {
			r.put(http.StatusTooManyRequests, failure("invalid_request"))
		}
	}}
}
