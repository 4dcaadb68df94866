package faults

import "net/http"

// proofFaults are faults of oauth2/token with assertions, and with what is over.
var proofFaults = []Fault{
	{Case: "token/assertion", Says: "knows no assertions", Answer: refuses(formWith("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"))},
	{Case: "token/assertion", Says: "answers without a token", Answer: drops(methodToken, "access_token")},
	{Case: "oauth/code-expired", Says: "takes a code for ever", Answer: forgives(to(methodToken))},
	{Case: "oauth/code-expired", Says: "calls it an invalid request", Answer: misstates(to(methodToken), 400, "invalid_request")},
	{Case: "token/refresh-expired", Says: "takes a refresh token for ever", Answer: forgives(to(methodToken))},
	{Case: "token/refresh-expired", Says: "calls it an invalid token", Answer: misstates(to(methodToken), 401, "invalid_token")},
}

// refreshFaults are faults of oauth2/token with refresh tokens.
var refreshFaults = []Fault{
	{Case: "token/refresh", Says: "renews nothing", Answer: refuses(formWith("grant_type", "refresh_token"))},
	{Case: "token/refresh", Says: "makes tokens that open nothing", Answer: alters(methodToken, "access_token", func(string) string { return "nothing" })},
	{Case: "token/refresh-missing", Says: "needs none", Answer: forgives(formWith("refresh_token", ""))},
	{Case: "token/refresh-missing", Says: "calls it an invalid grant", Answer: misstates(formWith("refresh_token", ""), 400, "invalid_grant")},
	{Case: "token/refresh-unknown", Says: "takes any", Answer: forgives(to(methodToken))},
	{Case: "token/refresh-unknown", Says: "calls it an invalid request", Answer: misstates(to(methodToken), 400, "invalid_request")},
	{Case: "token/refresh-replaced", Says: "takes it again", Answer: forgives(to(methodToken))},
	{Case: "token/refresh-misspelt", Says: "takes both names", Answer: forgives(to(methodToken))},
}

// revokeFaults are faults of oauth2/revoke.
var revokeFaults = []Fault{
	{Case: "revoke/access", Says: "revokes none", Answer: revokesNot(400)},
	{Case: "revoke/access", Says: "answers 202", Answer: revokesNot(http.StatusAccepted)},
	{Case: "revoke/at-once", Says: "takes its time", Answer: outlives},
	{Case: "general/revoked-token", Says: "takes it all the same", Answer: outlives},
	{Case: "revoke/keeps-refresh", Says: "kills both", Answer: refuses(formWith("grant_type", "refresh_token"))},
	{Case: "revoke/refresh", Says: "lets it live", Answer: forgives(formWith("grant_type", "refresh_token"))},
	{Case: "revoke/refresh", Says: "revokes none", Answer: revokesNot(400)},
	{Case: "revoke/refresh-and-access", Says: "lets the access token live", Answer: outlives},
	{Case: "revoke/token-missing", Says: "revokes nothing", Answer: forgives(to(methodRevoke))},
	{Case: "revoke/token-missing", Says: "calls it an invalid grant", Answer: misstates(to(methodRevoke), 400, "invalid_grant")},
	{Case: "revoke/hint-unknown", Says: "overlooks the hint", Answer: forgives(to(methodRevoke))},
	{Case: "revoke/hint-unknown", Says: "calls the type unsupported", Answer: misstates(to(methodRevoke), 400, "unsupported_token_type")},
	{Case: "revoke/token-unknown", Says: "answers 204", Answer: revokesNot(http.StatusNoContent)},
	{Case: "revoke/token-unknown", Says: "calls it an invalid grant", Answer: misstates(to(methodRevoke), 400, "invalid_grant")},
	{Case: "revoke/client-missing", Says: "asks nobody", Answer: forgives(to(methodRevoke))},
	{Case: "revoke/client-missing", Says: "denies access", Answer: misstates(to(methodRevoke), 403, "access_denied")},
	{Case: "revoke/client-unknown", Says: "takes anybody", Answer: forgives(to(methodRevoke))},
	{Case: "revoke/client-unknown", Says: "denies access", Answer: misstates(to(methodRevoke), 403, "access_denied")},
	{Case: "revoke/client-unproven", Says: "takes a client at its word", Answer: forgives(to(methodRevoke))},
	{Case: "revoke/client-unproven", Says: "denies access", Answer: misstates(to(methodRevoke), 403, "access_denied")},
	{Case: "revoke/wrong-secret", Says: "takes any secret", Answer: forgives(to(methodRevoke))},
	{Case: "revoke/wrong-secret", Says: "denies access", Answer: misstates(to(methodRevoke), 403, "access_denied")},
	{Case: "revoke/malformed-header", Says: "overlooks it", Answer: forgives(to(methodRevoke))},
	{Case: "revoke/malformed-header", Says: "calls it an invalid request", Answer: misstates(to(methodRevoke), 400, "invalid_request")},
	{Case: "revoke/type-unsupported", Says: "calls it an invalid request", Answer: misstates(to(methodRevoke), 400, "invalid_request")},
	{Case: "revoke/type-unsupported", Says: "answers 401", Answer: revokesNot(http.StatusUnauthorized)},
	{Case: "revoke/of-another-client", Says: "lets anybody revoke", Answer: revokesNot(http.StatusNoContent)},
}

// revokesNot answers with the status whatever comes of it.
func revokesNot(status int) answer {
	return func(c *Call, r *Reply) {
		if c.Method == methodRevoke {
			r.Status = status
		}
	}
}

// outlives opens the API to a token that is dead.
func outlives(c *Call, r *Reply) {
	if c.Method == methodList && r.Status == http.StatusUnauthorized {
		r.put(http.StatusOK, invented(c))
	}
}
