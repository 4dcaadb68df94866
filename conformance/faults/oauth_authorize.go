package faults

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// oauthFaults are faults of oauth2/authorize and of the pages after it.
var oauthFaults = []Fault{
	{Case: "oauth/service", Says: "forgets the code", Answer: returns(always, func(q url.Values) { q.Del("code"); q.Set("ticket", "x") })},
	{Case: "oauth/service", Says: "forgets the state", Answer: returns(always, func(q url.Values) { q.Del("state") })},
	{Case: "oauth/service", Says: "sends the signer back by 307", Answer: func(_ *Call, r *Reply) {
		if _, ok := r.home(); ok {
			r.Status = http.StatusTemporaryRedirect
		}
	}},
	{Case: "oauth/service", Says: "takes nobody", Answer: tells(always, "access_denied")},
	{Case: "oauth/state", Says: "decodes the state once more", Answer: returns(always, func(q url.Values) {
		q.Set("state", strings.ReplaceAll(q.Get("state"), "%20", " "))
	})},
	{Case: "oauth/no-state", Says: "makes a state up", Answer: returns(always, func(q url.Values) { q.Set("state", rand.Text()) })},
	{Case: "oauth/default-scope", Says: "wants a scope", Answer: tells(always, "invalid_scope")},
	{Case: "oauth/default-scope", Says: "gives a token that opens nothing", Answer: turns(good, to(methodList), 403, "insufficient_scope")},
	{Case: "oauth/response-type-token", Says: "takes any response_type", Answer: permits(asked("response_type", "token"))},
	{Case: "oauth/response-type-token", Says: "calls it invalid", Answer: tells(asked("response_type", "token"), "invalid_request")},
	{Case: "oauth/response-type-token", Says: "shows a page", Answer: strands(asked("response_type", "token"))},
	{Case: "oauth/implicit", Says: "has the implicit grant", Answer: func(c *Call, r *Reply) {
		if u, ok := r.home(); ok && asked("response_type", "token")(c, r) {
			u.Fragment = "access_token=" + rand.Text()
			r.Header.Set("Location", u.String())
		}
	}},
	{Case: "oauth/implicit", Says: "sends an ID token", Answer: returns(asked("response_type", "id_token"), func(q url.Values) { q.Set("id_token", "x") })},
	{Case: "oauth/response-type-missing", Says: "guesses the response_type", Answer: permits(asked("response_type", ""))},
	{Case: "oauth/response-type-missing", Says: "calls it unsupported", Answer: tells(asked("response_type", ""), "unsupported_response_type")},
	{Case: "oauth/scope-unknown", Says: "grants any scope", Answer: permits(asked("scope", "foo"))},
	{Case: "oauth/scope-unknown", Says: "shows a page", Answer: strands(asked("scope", "foo"))},
	{Case: "oauth/challenge-missing", Says: "needs no PKCE", Answer: permits(asked("code_challenge", ""))},
	{Case: "oauth/challenge-missing", Says: "denies access", Answer: tells(asked("code_challenge", ""), "access_denied")},
	{Case: "oauth/s256", Says: "knows no S256", Answer: tells(always, "invalid_request")},
	{Case: "oauth/plain", Says: "breaks", Answer: fails(to(methodOAuth, asked("code_challenge_method", "")))},
	{Case: "oauth/method-unknown", Says: "takes any method", Answer: permits(asked("code_challenge_method", "S999"))},
	{Case: "oauth/redirect-path", Says: "compares the beginning", Answer: leads},
	{Case: "oauth/redirect-path", Says: "breaks", Answer: fails(to(methodOAuth))},
	{Case: "oauth/redirect-query", Says: "overlooks the query", Answer: leads},
	{Case: "oauth/client-unknown", Says: "sends anybody on", Answer: leads},
	{Case: "oauth/redirect-missing", Says: "wants it", Answer: strands(asked("redirect_uri", ""))},
	{Case: "oauth/declined", Says: "goes on all the same", Answer: permits(always)},
	{Case: "oauth/declined", Says: "calls it a bad request", Answer: tells(always, "invalid_request")},
	{Case: "oauth/declined", Says: "forgets the state", Answer: returns(always, func(q url.Values) { q.Del("state") })},
	{Case: "oauth/hashes-missing", Says: "needs no hashes", Answer: permits(always)},
	{Case: "oauth/hashes-missing", Says: "denies access", Answer: tells(always, "access_denied")},
	{Case: "oauth/credential", Says: "gives no code", Answer: tells(always, "server_error")},
	{Case: "oauth/credential", Says: "shows a page", Answer: strands(always)},
	{Case: "oauth/several-hashes", Says: "signs one only", Answer: keepsFirst(methodSignHash, "signatures")},
	{Case: "oauth/hashes-order", Says: "wants the same order", Answer: refuses(to(methodSignHash))},
	{Case: "oauth/hash-oid-missing", Says: "guesses the algorithm", Answer: permits(always)},
	{Case: "oauth/hash-oid-missing", Says: "shows a page", Answer: strands(always)},
	{Case: "oauth/count-missing", Says: "counts the hashes", Answer: permits(always)},
	{Case: "oauth/count-above", Says: "knows no limit", Answer: permits(always)},
	{Case: "oauth/count-above", Says: "denies access", Answer: tells(always, "access_denied")},
	{Case: "oauth/count-zero", Says: "takes zero", Answer: permits(always)},
	{Case: "oauth/count-negative", Says: "takes less than zero", Answer: permits(always)},
	{Case: "oauth/credential-unknown", Says: "overlooks the credentialID", Answer: permits(always)},
	{Case: "oauth/credential-unknown", Says: "says that it is broken", Answer: tells(always, "server_error")},
	{Case: "oauth/credential-foreign", Says: "lets anybody sign", Answer: permits(always)},
	{Case: "oauth/credential-foreign", Says: "breaks", Answer: fails(to(methodOAuth))},
	{Case: "oauth/qualifier-too", Says: "breaks", Answer: fails(to(methodOAuth))},
	{Case: "oauth/service-with-credential", Says: "signs with it", Answer: forgives(to(methodSignHash))},
	{Case: "oauth/lang", Says: "speaks one language", Answer: func(_ *Call, r *Reply) {
		r.Body = []byte(strings.Replace(string(r.Body), `<html lang="ro"`, `<html lang="en"`, 1))
	}},
	{Case: "oauth/long-uri", Says: "has no room", Answer: func(c *Call, r *Reply) {
		if len(c.Query) > 1500 {
			r.show(http.StatusRequestURITooLong)
		}
	}},
	{Case: "oauth/long-state", Says: "cuts the state", Answer: returns(always, func(q url.Values) { q.Set("state", fmt.Sprintf("%.128s", q.Get("state"))) })},
	{Case: "oauth/long-description", Says: "breaks", Answer: fails(to(methodOAuth))},
}
