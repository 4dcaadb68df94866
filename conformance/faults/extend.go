package faults

import "net/http"

// extendFaults are faults of credentials/extendTransaction.
var extendFaults = []Fault{
	{Case: "extend/one", Says: "extends nothing", Answer: refuses(to(methodExtend))},
	{Case: "extend/one", Says: "writes SAD small", Answer: renames(methodExtend, "SAD", "sad")},
	{Case: "extend/new", Says: "gives the same SAD again", Answer: func(c *Call, r *Reply) {
		if before, _ := c.member("SAD"); c.Method == methodExtend && good(c, r) {
			r.put(http.StatusOK, object{"SAD": before, "expiresIn": 300})
		}
	}},
	{Case: "extend/signs", Says: "gives a SAD that is none", Answer: puts(methodExtend, "SAD", "x")},
	{Case: "extend/old-sad", Says: "lets the SAD before live", Answer: forgives(to(methodSignHash))},
	{Case: "extend/expired", Says: "extends it for ever", Answer: forgives(to(methodExtend))},
	{Case: "extend/used-up", Says: "begins anew", Answer: forgives(to(methodExtend))},
	{Case: "extend/scal2-without-hashes", Says: "extends to anything", Answer: forgives(to(methodExtend))},
	{Case: "extend/new-hash", Says: "keeps to the hashes before", Answer: refuses(to(methodSignHash))},
	{Case: "extend/old-hash", Says: "keeps the hashes before too", Answer: forgives(to(methodSignHash))},
	{Case: "extend/count", Says: "counts anew", Answer: forgives(to(methodSignHash))},
	{Case: "extend/another-credential", Says: "takes any SAD", Answer: forgives(to(methodExtend))},
	{Case: "extend/sad-unknown", Says: "takes any SAD", Answer: forgives(to(methodExtend))},
	{Case: "extend/no-hash-algorithm", Says: "guesses it", Answer: forgives(to(methodExtend))},
	{Case: "extend/expires-in", Says: "sends the seconds as text", Answer: puts(methodExtend, "expiresIn", "300")},
	{Case: "extend/expires-in", Says: "sends zero seconds", Answer: puts(methodExtend, "expiresIn", 0)},
	{Case: "extend/malformed-header", Says: "takes it for a bad token", Answer: misstates(to(methodExtend, authorization("Foo abc")), 401, "invalid_token")},
}
