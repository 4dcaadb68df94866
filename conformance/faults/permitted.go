package faults

// codeFaults are faults of oauth2/token with authorization codes.
var codeFaults = []Fault{
	{Case: "token/code", Says: "takes no code", Answer: refuses(formWith("grant_type", "authorization_code"))},
	{Case: "token/code", Says: "makes tokens of no type", Answer: drops(methodToken, "token_type")},
	{Case: "token/bearer", Says: "calls it SAD", Answer: puts(methodToken, "token_type", "SAD")},
	{Case: "token/code-missing", Says: "needs no code", Answer: forgives(formWith("code", ""))},
	{Case: "token/code-missing", Says: "calls it an invalid grant", Answer: misstates(formWith("code", ""), 400, "invalid_grant")},
	{Case: "token/code-unknown", Says: "takes any code", Answer: forgives(to(methodToken))},
	{Case: "token/code-unknown", Says: "calls it an invalid request", Answer: misstates(to(methodToken), 400, "invalid_request")},
	{Case: "token/code-used", Says: "takes a code twice", Answer: forgives(to(methodToken))},
	{Case: "token/code-used", Says: "calls it an invalid request", Answer: misstates(to(methodToken), 400, "invalid_request")},
	{Case: "oauth/code-once", Says: "takes a code twice", Answer: forgives(to(methodToken))},
	{Case: "token/code-replayed", Says: "overlooks the thief", Answer: func(c *Call, r *Reply) {
		if c.Method == methodList && r.Status == 401 {
			r.put(200, invented(c))
		}
	}},
	{Case: "token/code-of-another-client", Says: "takes it from anybody", Answer: forgives(to(methodToken))},
	{Case: "token/code-of-another-client", Says: "denies access", Answer: misstates(to(methodToken), 403, "access_denied")},
	{Case: "token/redirect-of-another", Says: "does not compare", Answer: forgives(to(methodToken))},
	{Case: "token/redirect-of-another", Says: "calls it an invalid request", Answer: misstates(to(methodToken), 400, "invalid_request")},
	{Case: "token/redirect-missing", Says: "does not miss it", Answer: forgives(formWith("redirect_uri", ""))},
	{Case: "token/verifier-wrong", Says: "does not compare", Answer: forgives(to(methodToken))},
	{Case: "token/verifier-wrong", Says: "calls it an invalid request", Answer: misstates(to(methodToken), 400, "invalid_request")},
	{Case: "token/verifier-missing", Says: "does not miss it", Answer: forgives(formWith("code_verifier", ""))},
	{Case: "token/no-refresh-to-sign", Says: "lets it be renewed", Answer: puts(methodToken, "refresh_token", "again and again")},
}

// permittedFaults are faults of the API's methods towards tokens that a signer
// gave.
var permittedFaults = []Fault{
	{Case: "info/oauth2-locator-of-code", Says: "does not say where", Answer: edits(methodInfo, func(o object) {
		delete(o, "oauth2")
		delete(o, "oauth2Issuer")
		delete(o, "oauth2Servers")
	})},
	{Case: "info/rar", Says: "breaks", Answer: fails(consents)},
	{Case: "list/own", Says: "wants to know whose", Answer: turns(good, to(methodList), 400, "invalid_request")},
	{Case: "list/own", Says: "lists nothing", Answer: puts(methodList, "credentialIDs", []string{})},
	{Case: "list/own", Says: "lists numbers", Answer: puts(methodList, "credentialIDs", []int{1})},
	{Case: "list/user-not-null", Says: "overlooks the userID", Answer: forgives(to(methodList, has("userID")))},
	{Case: "list/user-not-null", Says: "forbids it", Answer: misstates(to(methodList, has("userID")), 403, "access_denied")},
	{Case: "list/token-to-sign", Says: "lists", Answer: func(c *Call, r *Reply) {
		if c.Method == methodList && refusal(c, r) {
			r.put(200, invented(c))
		}
	}},
	{Case: "credentialInfo/no-expression", Says: "has one", Answer: puts(methodCredentialInfo, "auth.expression", "OTP")},
	{Case: "credentialInfo/no-objects", Says: "has some", Answer: puts(methodCredentialInfo, "auth.objects", []any{object{"type": "Password", "id": "OTP"}})},
	{Case: "credentialInfo/token-to-sign", Says: "wants another token", Answer: turns(good, to(methodCredentialInfo), 403, "insufficient_scope")},
	{Case: "credentialInfo/token-to-sign-another", Says: "shows all", Answer: forgives(to(methodCredentialInfo))},
	{Case: "authorize/of-code", Says: "authorizes it", Answer: forgives(to(methodAuthorize))},
	{Case: "authorize/of-code", Says: "forbids it", Answer: misstates(to(methodAuthorize), 403, "access_denied")},
	{Case: "signHash/token-to-sign", Says: "wants a SAD", Answer: refuses(to(methodSignHash, lacks("SAD")))},
	{Case: "signHash/token-to-sign", Says: "signs badly", Answer: alters(methodSignHash, "signatures", flipped)},
	{Case: "signHash/token-as-sad", Says: "knows it in the header only", Answer: refuses(to(methodSignHash, has("SAD")))},
	{Case: "signHash/token-of-another-credential", Says: "signs with all", Answer: forgives(to(methodSignHash))},
	{Case: "signHash/token-and-sad", Says: "takes either", Answer: forgives(to(methodSignHash))},
}
