package faults

import (
	"net/http"
	"strings"
)

// loginFaults are faults of auth/login.
var loginFaults = []Fault{
	{Case: "login/password", Says: "logs nobody in", Answer: refuses(to(methodAuthLogin))},
	{Case: "login/password", Says: "calls the token something else", Answer: renames(methodAuthLogin, "access_token", "token")},
	{Case: "login/opens", Says: "makes tokens that open nothing", Answer: puts(methodAuthLogin, "access_token", "nothing")},
	{Case: "login/expires-in", Says: "sends the seconds as text", Answer: puts(methodAuthLogin, "expires_in", "600")},
	{Case: "login/expires-in", Says: "sends zero seconds", Answer: puts(methodAuthLogin, "expires_in", 0)},
	{Case: "login/no-refresh", Says: "remembers everybody", Answer: puts(methodAuthLogin, "refresh_token", "x")},
	{Case: "login/not-remembered", Says: "overlooks false", Answer: puts(methodAuthLogin, "refresh_token", "x")},
	{Case: "login/remembered", Says: "forgets", Answer: drops(methodAuthLogin, "refresh_token")},
	{Case: "login/refresh", Says: "knows it no more", Answer: refuses(to(methodAuthLogin))},
	{Case: "login/refresh", Says: "makes tokens that open nothing", Answer: puts(methodAuthLogin, "access_token", "nothing")},
	{Case: "login/refresh-and-password", Says: "breaks", Answer: breaks(to(methodAuthLogin))},
	{Case: "login/not-basic", Says: "asks for nothing", Answer: forgives(to(methodAuthLogin))},
	{Case: "login/not-basic", Says: "says 400", Answer: misstates(to(methodAuthLogin), 400, "invalid_request")},
	{Case: "login/basic-without-value", Says: "asks for nothing", Answer: forgives(to(methodAuthLogin))},
	{Case: "login/basic-without-value", Says: "says 400", Answer: misstates(to(methodAuthLogin), 400, "invalid_request")},
	{Case: "login/no-header", Says: "asks for nothing", Answer: forgives(to(methodAuthLogin))},
	{Case: "login/no-header", Says: "wants a token", Answer: misstates(to(methodAuthLogin), 401, "invalid_token")},
	{Case: "login/no-colon", Says: "takes it for a name", Answer: forgives(to(methodAuthLogin))},
	{Case: "login/no-colon", Says: "calls it a failed login", Answer: misstates(to(methodAuthLogin), 400, "authentication_error")},
	{Case: "login/refresh-number", Says: "overlooks it", Answer: forgives(to(methodAuthLogin))},
	{Case: "login/refresh-number", Says: "looks for a header", Answer: misstates(to(methodAuthLogin), 401, "invalid_request")},
	{Case: "login/refresh-unknown", Says: "takes any", Answer: forgives(to(methodAuthLogin))},
	{Case: "login/refresh-unknown", Says: "calls it an invalid grant", Answer: misstates(to(methodAuthLogin), 400, "invalid_grant")},
	{Case: "login/wrong-password", Says: "takes any", Answer: forgives(to(methodAuthLogin))},
	{Case: "login/wrong-password", Says: "says 401", Answer: misstates(to(methodAuthLogin), 401, "authentication_error")},
	{Case: "login/unknown-user", Says: "tells strangers who is a user", Answer: func(c *Call, r *Reply) {
		if name, _, _ := c.basic(); c.Method == methodAuthLogin && strings.HasPrefix(name, "nobody.") {
			r.put(http.StatusNotFound, failure("authentication_error"))
		}
	}},
	{Case: "login/colon", Says: "wants one colon", Answer: misstates(to(methodAuthLogin, func(c *Call, _ *Reply) bool {
		_, password, _ := c.basic()
		return strings.Contains(password, ":")
	}), 400, "invalid_request")},
	{Case: "login/remember-text", Says: "takes yes for true", Answer: forgives(to(methodAuthLogin))},
	{Case: "login/expired", Says: "takes tokens for ever", Answer: outlives},
	{Case: "login/refresh-of-oauth", Says: "takes any", Answer: forgives(to(methodAuthLogin))},
}

// basic is the name and the password in a call's header.
func (c *Call) basic() (name, password string, ok bool) {
	return (&http.Request{Header: c.Header}).BasicAuth()
}

// authRevokeFaults are faults of auth/revoke.
var authRevokeFaults = []Fault{
	{Case: "authRevoke/access", Says: "says 200", Answer: endsWith(http.StatusOK)},
	{Case: "authRevoke/access", Says: "answers a body", Answer: func(c *Call, r *Reply) {
		if c.Method == methodAuthRevoke && r.Status == http.StatusNoContent {
			r.put(http.StatusOK, object{})
		}
	}},
	{Case: "authRevoke/at-once", Says: "takes its time", Answer: outlives},
	{Case: "authRevoke/keeps-refresh", Says: "kills both", Answer: refuses(formWith("grant_type", "refresh_token"))},
	{Case: "authRevoke/refresh", Says: "lets it live", Answer: forgives(formWith("grant_type", "refresh_token"))},
	{Case: "authRevoke/refresh", Says: "knows no refresh tokens", Answer: endsWith(http.StatusBadRequest)},
	{Case: "authRevoke/refresh-and-access", Says: "lets the access token live", Answer: outlives},
	{Case: "authRevoke/no-hint", Says: "wants the hint", Answer: func(c *Call, r *Reply) {
		if to(methodAuthRevoke, lacks("token_type_hint"))(c, r) {
			r.put(http.StatusBadRequest, failure("invalid_request"))
		}
	}},
	{Case: "authRevoke/wrong-hint", Says: "believes the hint", Answer: endsWith(http.StatusBadRequest)},
	{Case: "authRevoke/token-missing", Says: "revokes nothing", Answer: forgives(to(methodAuthRevoke))},
	{Case: "authRevoke/token-missing", Says: "calls it an invalid token", Answer: misstates(to(methodAuthRevoke), 401, "invalid_token")},
	{Case: "authRevoke/token-number", Says: "takes numbers", Answer: forgives(to(methodAuthRevoke))},
	{Case: "authRevoke/hint-unknown", Says: "overlooks the hint", Answer: forgives(to(methodAuthRevoke))},
	{Case: "authRevoke/hint-unknown", Says: "calls the type unsupported", Answer: misstates(to(methodAuthRevoke), 400, "unsupported_token_type")},
	{Case: "authRevoke/token-unknown", Says: "answers 204", Answer: func(c *Call, r *Reply) {
		if c.Method == methodAuthRevoke && refusal(c, r) {
			r.Status, r.Body = http.StatusNoContent, nil
		}
	}},
	{Case: "authRevoke/token-unknown", Says: "calls it an invalid token", Answer: misstates(to(methodAuthRevoke), 401, "invalid_token")},
	{Case: "authRevoke/malformed-header", Says: "takes it for a bad token", Answer: misstates(to(methodAuthRevoke, authorization("Foo abc")), 401, "invalid_token")},
	{Case: "authRevoke/credential-token", Says: "lets it be spent", Answer: endsWith(http.StatusBadRequest)},
	{Case: "authRevoke/credential-token", Says: "signs with it", Answer: forgives(to(methodSignHash))},
	{Case: "authRevoke/of-another-client", Says: "lets anybody revoke", Answer: func(c *Call, r *Reply) {
		if c.Method == methodAuthRevoke {
			r.Status, r.Body = http.StatusNoContent, nil
		}
	}},
}

// endsWith answers with the status where a token was ended.
func endsWith(status int) answer {
	return func(c *Call, r *Reply) {
		if c.Method == methodAuthRevoke && r.Status == http.StatusNoContent {
			r.put(status, failure("invalid_request"))
		}
	}
}
