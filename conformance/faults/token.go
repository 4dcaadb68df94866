package faults

import "net/url"

// tokenFaults are faults of oauth2/token.
var tokenFaults = []Fault{
	{Case: "token/expires-in", Says: "sends the seconds as text", Answer: puts(methodToken, "expires_in", "600")},
	{Case: "token/expires-in", Says: "sends zero seconds", Answer: puts(methodToken, "expires_in", 0)},
	{Case: "token/form-encoded", Says: "wants JSON", Answer: turns(good, to(methodToken), 415, "invalid_request")},
	{Case: "token/form-encoded", Says: "calls the token something else", Answer: renames(methodToken, "access_token", "token")},
	{Case: "token/client-id-missing", Says: "guesses the client", Answer: forgives(formWith("client_id", ""))},
	{Case: "token/client-id-missing", Says: "calls it an invalid client", Answer: misstates(formWith("client_id", ""), 401, "invalid_client")},
	{Case: "token/grant-type-missing", Says: "guesses the grant", Answer: forgives(formWith("grant_type", ""))},
	{Case: "token/grant-type-missing", Says: "calls it an invalid grant", Answer: misstates(formWith("grant_type", ""), 400, "invalid_grant")},
	{Case: "token/grant-type-unknown", Says: "takes any grant", Answer: forgives(formWith("grant_type", "foo"))},
	{Case: "token/grant-type-unknown", Says: "breaks", Answer: breaks(formWith("grant_type", "foo"))},
	{Case: "token/password-grant", Says: "has the password grant", Answer: forgives(formWith("grant_type", "password"))},
	{Case: "token/client-unproven", Says: "takes a client at its word", Answer: forgives(formWith("client_secret", ""))},
	{Case: "token/wrong-secret", Says: "takes any secret", Answer: forgives(to(methodToken, described("Invalid parameter client_secret")))},
	{Case: "token/wrong-secret", Says: "says that access is denied", Answer: misstates(to(methodToken, described("Invalid parameter client_secret")), 403, "access_denied")},
	{Case: "token/basic", Says: "knows no Basic", Answer: refuses(to(methodToken, func(c *Call, _ *Reply) bool { return c.Header.Get("Authorization") != "" }))},
	{Case: "token/client-credentials", Says: "makes tokens that open nothing", Answer: alters(methodToken, "access_token", func(string) string { return "nothing" })},
	{Case: "token/client-credentials", Says: "makes tokens of no type", Answer: drops(methodToken, "token_type")},
	{Case: "token/credential-scope", Says: "grants any scope", Answer: forgives(formWith("scope", "credential"))},
	{Case: "token/not-cached", Says: "lets tokens be kept", Answer: func(c *Call, r *Reply) {
		if c.Method == methodToken {
			r.Header.Set("Cache-Control", "private, max-age=600")
		}
	}},
}

// formWith holds for a request for a token whose form has the value, "" for a
// field that is not there.
func formWith(name, value string) when {
	return to(methodToken, func(c *Call, _ *Reply) bool {
		f, err := url.ParseQuery(string(c.Body))
		return err == nil && f.Get(name) == value
	})
}
