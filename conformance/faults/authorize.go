package faults

import (
	"encoding/json"
	"net/http"
	"strings"
)

// authorizeFaults are faults of credentials/authorize.
var authorizeFaults = []Fault{
	{Case: "authorize/explicit", Says: "refuses the right proof", Answer: refuses(to(methodAuthorize))},
	{Case: "authorize/sad", Says: "writes SAD small", Answer: renames(methodAuthorize, "SAD", "sad")},
	{Case: "authorize/sad", Says: "sends an object", Answer: puts(methodAuthorize, "SAD", object{})},
	{Case: "authorize/expires-in-name", Says: "spells expiresIn as OAuth does", Answer: renames(methodAuthorize, "expiresIn", "expires_in")},
	{Case: "authorize/expires-in", Says: "sends the seconds as text", Answer: puts(methodAuthorize, "expiresIn", "300")},
	{Case: "authorize/expires-in", Says: "has no time to lose", Answer: puts(methodAuthorize, "expiresIn", 0)},
	{Case: "authorize/no-token", Says: "needs no token", Answer: forgives(to(methodAuthorize, authorization("")))},
	{Case: "authorize/id-missing", Says: "picks a credential", Answer: forgives(to(methodAuthorize, lacks("credentialID")))},
	{Case: "authorize/id-missing", Says: "breaks", Answer: breaks(to(methodAuthorize, lacks("credentialID")))},
	{Case: "authorize/id-unknown", Says: "authorizes what does not exist", Answer: forgives(to(methodAuthorize, described("Invalid parameter credentialID")))},
	{Case: "authorize/disabled", Says: "authorizes all the same", Answer: forgives(to(methodAuthorize))},
	{Case: "authorize/disabled", Says: "says that access is denied", Answer: misstates(to(methodAuthorize), 403, "access_denied")},
	{Case: "authorize/count-missing", Says: "takes none for one", Answer: forgives(to(methodAuthorize, lacks("numSignatures")))},
	{Case: "authorize/count-string", Says: "reads text", Answer: forgives(to(methodAuthorize, is("numSignatures", `"1"`)))},
	{Case: "authorize/count-string", Says: "breaks", Answer: breaks(to(methodAuthorize, is("numSignatures", `"1"`)))},
	{Case: "authorize/count-fraction", Says: "rounds", Answer: forgives(to(methodAuthorize, is("numSignatures", "1.5")))},
	{Case: "authorize/count-zero", Says: "authorizes nothing", Answer: forgives(to(methodAuthorize, is("numSignatures", "0")))},
	{Case: "authorize/count-negative", Says: "authorizes less than nothing", Answer: forgives(to(methodAuthorize, is("numSignatures", "-1")))},
	{Case: "authorize/count-above", Says: "knows no most", Answer: forgives(to(methodAuthorize, described("Numbers of signatures is too high")))},
	{Case: "authorize/count-full", Says: "counts one off", Answer: refuses(to(methodAuthorize, moreThan(2)))},
	{Case: "authorize/wrong-proof", Says: "takes any code", Answer: forgives(to(methodAuthorize, notProved))},
	{Case: "authorize/wrong-proof", Says: "calls it a bad request", Answer: misstates(to(methodAuthorize, notProved), 400, "invalid_request")},
	{Case: "authorize/wrong-proof", Says: "calls it unauthorized", Answer: misstates(to(methodAuthorize, notProved), 401, "invalid_authentication_data")},
	{Case: "authorize/no-proof", Says: "needs no proof", Answer: forgives(to(methodAuthorize, lacks("authData")))},
	{Case: "authorize/unknown-object", Says: "overlooks objects it does not know", Answer: forgives(to(methodAuthorize, says(`"zz"`)))},
	{Case: "authorize/object-twice", Says: "takes the last of two", Answer: forgives(to(methodAuthorize, proofs(2)))},
	{Case: "authorize/format", Says: "takes letters", Answer: forgives(to(methodAuthorize, says("abcdef")))},
	{Case: "authorize/hashes-missing", Says: "authorizes whatever comes", Answer: forgives(to(methodAuthorize, lacks("hashes")))},
	{Case: "authorize/hashes-fewer", Says: "breaks", Answer: breaks(to(methodAuthorize, is("numSignatures", "2")))},
	{Case: "authorize/scal1", Says: "wants hashes always", Answer: refuses(to(methodAuthorize, lacks("hashes")))},
	{Case: "authorize/hash-oid-missing", Says: "guesses the hash", Answer: forgives(to(methodAuthorize, lacks("hashAlgorithmOID")))},
	{Case: "authorize/hash-oid-weak", Says: "authorizes SHA-1", Answer: forgives(to(methodAuthorize, is("hashAlgorithmOID", `"1.3.14.3.2.26"`)))},
	{Case: "authorize/hash-not-base64", Says: "authorizes anything", Answer: forgives(to(methodAuthorize, says("***")))},
	{Case: "authorize/hash-length", Says: "authorizes any length", Answer: forgives(to(methodAuthorize, says("AAAAAAAA")))},
	{Case: "authorize/lock", Says: "forbids instead", Answer: misstates(to(methodAuthorize, described("Credential locked")), 403, "access_denied")},
	{Case: "authorize/description-long", Says: "breaks", Answer: breaks(to(methodAuthorize, has("description")))},
	{Case: "authorize/malformed-header", Says: "takes it for a bad token", Answer: misstates(to(methodAuthorize, authorization("Foo abc")), 401, "invalid_token")},
	{Case: "authorize/proof-not-echoed", Says: "repeats what it refuses", Answer: func(c *Call, r *Reply) {
		if refusal(c, r) && c.Method == methodAuthorize {
			v, _ := c.member("authData")
			r.put(r.Status, object{"error": "invalid_authentication_data", "error_description": "The authentication data is invalid", "got": v})
		}
	}},
	{Case: "authorize/code-once", Says: "takes a code again", Answer: forgives(to(methodAuthorize, notProved))},
}

// moreThan holds for a numSignatures above n.
func moreThan(n float64) when {
	return func(c *Call, _ *Reply) bool {
		v, _ := c.member("numSignatures")
		count, ok := v.(float64)
		return ok && count > n
	}
}

// proofs holds for authData of n objects.
func proofs(n int) when {
	return func(c *Call, _ *Reply) bool {
		v, _ := c.member("authData")
		list, _ := v.([]any)
		return len(list) == n
	}
}

// reworded refuses everything rightly, but in its own words.
func reworded(c *Call, r *Reply) {
	var o object
	if refusal(c, r) && json.Unmarshal(r.Body, &o) == nil && strings.Contains(r.Header.Get("Content-Type"), "json") {
		o["error_description"] = "no: " + http.StatusText(r.Status)
		r.put(r.Status, o)
	}
}

// Reworded is a server that words all its errors itself. It keeps the API, but
// not the sentences the tables prescribe.
func Reworded() Fault {
	return Fault{Says: "words its errors itself", Answer: reworded}
}

// notProved holds for the refusal of a proof.
func notProved(c *Call, r *Reply) bool { return described("The authentication data is invalid")(c, r) }
