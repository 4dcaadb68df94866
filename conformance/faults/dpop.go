package faults

import "net/http"

// unproven forgives a proof, whatever is wrong with it.
func unproven(c *Call, r *Reply) { forgives(to(methodToken))(c, r) }

// calledInvalid calls what is wrong with a proof an invalid request.
func calledInvalid(c *Call, r *Reply) {
	misstates(to(methodToken), 400, "invalid_request")(c, r)
}

// opens opens the API to a token that is not its sender's.
func opens(c *Call, r *Reply) { forgives(to(methodList))(c, r) }

// announces changes the metadata of the authorization server.
func announces(edit func(object)) answer {
	return func(c *Call, r *Reply) {
		if o := r.object(); c.Verb == http.MethodGet && o["token_endpoint"] != nil {
			edit(o)
			r.put(r.Status, o)
		}
	}
}

// dpopFaults are faults with proofs of possession.
var dpopFaults = []Fault{
	{Case: "dpop/algorithms", Says: "names none", Answer: announces(func(o object) { o["dpop_signing_alg_values_supported"] = []string{} })},
	{Case: "dpop/algorithms", Says: "takes symmetric ones", Answer: announces(func(o object) { o["dpop_signing_alg_values_supported"] = []string{"ES256", "HS256"} })},
	{Case: "dpop/algorithms", Says: "takes none", Answer: announces(func(o object) { o["dpop_signing_alg_values_supported"] = []string{"none"} })},
	{Case: "dpop/token", Says: "binds nothing", Answer: puts(methodToken, "token_type", "Bearer")},
	{Case: "dpop/token", Says: "knows no proofs", Answer: turns(good, to(methodToken), 400, "invalid_dpop_proof")},
	{Case: "dpop/token-unproven", Says: "gives bearer tokens", Answer: unproven},
	{Case: "dpop/token-unproven", Says: "forbids it", Answer: misstates(to(methodToken), 403, "access_denied")},
	{Case: "dpop/htm", Says: "does not look at htm", Answer: unproven},
	{Case: "dpop/htm", Says: "calls it an invalid request", Answer: calledInvalid},
	{Case: "dpop/htu", Says: "does not look at htu", Answer: unproven},
	{Case: "dpop/htu-host", Says: "looks at the path alone", Answer: unproven},
	{Case: "dpop/jti-missing", Says: "needs no jti", Answer: unproven},
	{Case: "dpop/iat-missing", Says: "needs no iat", Answer: unproven},
	{Case: "dpop/old", Says: "takes a proof for ever", Answer: unproven},
	{Case: "dpop/typ", Says: "does not look at typ", Answer: unproven},
	{Case: "dpop/jwk-missing", Says: "needs no key", Answer: unproven},
	{Case: "dpop/jwk-private", Says: "keeps the secret", Answer: unproven},
	{Case: "dpop/alg-none", Says: "needs no signature", Answer: unproven},
	{Case: "dpop/signature", Says: "does not look at the signature", Answer: unproven},
	{Case: "dpop/two", Says: "takes the first", Answer: unproven},
	{Case: "dpop/replayed", Says: "forgets what it saw", Answer: unproven},
	{Case: "dpop/nonce", Says: "keeps the nonce to itself", Answer: func(_ *Call, r *Reply) { r.Header.Del("DPoP-Nonce") }},
	{Case: "dpop/nonce", Says: "says only that the proof is wrong", Answer: misstates(to(methodToken), 400, "invalid_dpop_proof")},
	{Case: "dpop/nonce-made-up", Says: "takes any nonce", Answer: unproven},
	{Case: "dpop/code", Says: "gives a bearer token", Answer: puts(methodToken, "token_type", "Bearer")},
	{Case: "dpop/code", Says: "refuses the key", Answer: turns(good, to(methodToken), 400, "invalid_grant")},
	{Case: "dpop/code-of-another-key", Says: "does not compare", Answer: unproven},
	{Case: "dpop/code-unproven", Says: "needs no proof", Answer: unproven},
	{Case: "dpop/pushed", Says: "forgets the proof", Answer: unproven},
}

// dpopAPIFaults are faults with bound tokens at the API.
var dpopAPIFaults = []Fault{
	{Case: "dpop/api", Says: "knows no proofs", Answer: turns(good, to(methodList), 401, "invalid_token")},
	{Case: "dpop/api-bearer", Says: "takes it for a bearer token", Answer: opens},
	{Case: "dpop/api-bearer", Says: "calls it a bad request", Answer: misstates(to(methodList), 400, "invalid_request")},
	{Case: "dpop/api-bearer-proven", Says: "takes both schemes", Answer: opens},
	{Case: "dpop/api-unproven", Says: "needs no proof", Answer: opens},
	{Case: "dpop/api-ath-missing", Says: "needs no ath", Answer: opens},
	{Case: "dpop/api-ath-other", Says: "does not look at ath", Answer: opens},
	{Case: "dpop/api-another-key", Says: "does not compare", Answer: opens},
	{Case: "dpop/api-htm", Says: "does not look at htm", Answer: opens},
	{Case: "dpop/api-htu", Says: "does not look at htu", Answer: opens},
	{Case: "dpop/api-replayed", Says: "forgets what it saw", Answer: opens},
	{Case: "dpop/api-unbound", Says: "takes it all the same", Answer: opens},
	{Case: "dpop/api-challenge", Says: "says nothing of DPoP", Answer: func(_ *Call, r *Reply) {
		r.Header.Set("WWW-Authenticate", `Bearer realm="a fault"`)
	}},
	{Case: "dpop/api-challenge", Says: "opens", Answer: opens},
}

// introspectFaults are faults of introspection.
var introspectFaults = []Fault{
	{Case: "introspect/active", Says: "knows nothing of it", Answer: puts(methodIntrospect, "active", false)},
	{Case: "introspect/active", Says: "says it in a word", Answer: puts(methodIntrospect, "active", "true")},
	{Case: "introspect/describes", Says: "names another client", Answer: puts(methodIntrospect, "client_id", "another")},
	{Case: "introspect/describes", Says: "names another scope", Answer: puts(methodIntrospect, "scope", "credential")},
	{Case: "introspect/describes", Says: "says that it is over", Answer: puts(methodIntrospect, "exp", 1)},
	{Case: "introspect/unknown", Says: "knows every token", Answer: puts(methodIntrospect, "active", true)},
	{Case: "introspect/unknown", Says: "calls it an error", Answer: turns(good, to(methodIntrospect), 400, "invalid_request")},
	{Case: "introspect/inactive-alone", Says: "says why", Answer: puts(methodIntrospect, "reason", "unknown")},
	{Case: "introspect/revoked", Says: "has not heard of it", Answer: puts(methodIntrospect, "active", true)},
	{Case: "introspect/unproven", Says: "tells anybody", Answer: forgives(to(methodIntrospect))},
	{Case: "introspect/unproven", Says: "breaks", Answer: breaks(to(methodIntrospect))},
	{Case: "introspect/token-missing", Says: "answers all the same", Answer: forgives(to(methodIntrospect))},
	{Case: "introspect/of-another-client", Says: "tells every client of all", Answer: puts(methodIntrospect, "active", true)},
	{Case: "introspect/bound-to-key", Says: "does not say to which", Answer: drops(methodIntrospect, "cnf")},
	{Case: "introspect/bound-to-key", Says: "names another key", Answer: puts(methodIntrospect, "cnf", object{"jkt": "another"})},
}
