package faults

import (
	"html"
	"net/http"
	"strings"
)

// detailsFaults are faults of authorization_details, and of what stands for a
// credential.
var detailsFaults = []Fault{
	{Case: "oauth/details", Says: "gives no code", Answer: tells(always, "server_error")},
	{Case: "oauth/details", Says: "signs one only", Answer: keepsFirst(methodSignHash, "signatures")},
	{Case: "oauth/details-2025", Says: "knows v2.0 only", Answer: fails(consents)},
	{Case: "oauth/details-type-unknown", Says: "takes any type", Answer: permits(always)},
	{Case: "oauth/details-type-unknown", Says: "denies access", Answer: tells(always, "access_denied")},
	{Case: "oauth/details-digests-missing", Says: "needs no documents", Answer: permits(always)},
	{Case: "oauth/details-digests-missing", Says: "shows a page", Answer: strands(always)},
	{Case: "oauth/details-hash-oid-missing", Says: "guesses the algorithm", Answer: permits(always)},
	{Case: "oauth/details-hash-oid-missing", Says: "shows a page", Answer: strands(always)},
	{Case: "oauth/details-credential-missing", Says: "takes whichever there is", Answer: permits(always)},
	{Case: "oauth/details-credential-missing", Says: "shows a page", Answer: strands(always)},
	{Case: "oauth/details-hash-not-base64", Says: "takes what it is given", Answer: permits(always)},
	{Case: "oauth/details-hash-not-base64", Says: "shows a page", Answer: strands(always)},
	{Case: "oauth/details-object", Says: "takes one for an array", Answer: permits(always)},
	{Case: "oauth/details-object", Says: "breaks", Answer: fails(to(methodOAuth))},
	{Case: "oauth/details-text", Says: "overlooks it", Answer: permits(always)},
	{Case: "oauth/details-text", Says: "breaks", Answer: fails(to(methodOAuth))},
	{Case: "oauth/details-beside-scope", Says: "breaks", Answer: fails(to(methodOAuth))},
	{Case: "oauth/details-beside-parameters", Says: "overlooks the credentialID", Answer: permits(always)},
	{Case: "oauth/details-beside-parameters", Says: "denies access", Answer: tells(always, "access_denied")},
	{Case: "oauth/details-labels", Says: "shows no labels", Answer: unnames},
	{Case: "oauth/details-labels", Says: "takes a label for HTML", Answer: func(_ *Call, r *Reply) {
		r.Body = []byte(html.UnescapeString(string(r.Body)))
	}},
	{Case: "push/details", Says: "cannot be pushed them", Answer: func(c *Call, r *Reply) {
		if c.Method == methodPush {
			r.put(http.StatusBadRequest, failure("invalid_request"))
		}
	}},
	{Case: "push/details", Says: "forgets the labels", Answer: unnames},
	{Case: "oauth/qualifier", Says: "wants a credential", Answer: fails(consents)},
	{Case: "token/qualifier", Says: "keeps to itself which it was", Answer: drops(methodToken, "credentialID")},
	{Case: "token/qualifier", Says: "names another", Answer: puts(methodToken, "credentialID", "c_other")},
	{Case: "token/details", Says: "does not repeat them", Answer: drops(methodToken, "authorization_details")},
	{Case: "token/details", Says: "leaves the qualifier", Answer: drops(methodToken, "authorization_details.credentialID")},
	{Case: "token/details", Says: "tells other hashes", Answer: puts(methodToken, "authorization_details.documentDigests.hash", "AA==")},
	{Case: "token/details-missing", Says: "needs no repeating", Answer: forgives(to(methodToken))},
	{Case: "token/details-missing", Says: "calls it an invalid client", Answer: misstates(to(methodToken), 401, "invalid_client")},
	{Case: "token/details-widened", Says: "believes the second", Answer: forgives(to(methodToken))},
	{Case: "token/details-widened", Says: "calls it an invalid client", Answer: misstates(to(methodToken), 401, "invalid_client")},
}

// consents holds for the page where the signer agrees.
func consents(c *Call, _ *Reply) bool { return c.Method == "consent" }

// unnames takes the suite's labels off a page.
func unnames(_ *Call, r *Reply) {
	r.Body = []byte(strings.ReplaceAll(string(r.Body), "Contract", "Document"))
}

// accountFaults are faults of account_token.
var accountFaults = []Fault{
	{Case: "account/accepted", Says: "knows no accounts", Answer: tells(always, "invalid_request")},
	{Case: "account/missing", Says: "lets anybody in", Answer: welcomes},
	{Case: "account/key-hex", Says: "computes in hex", Answer: welcomes},
	{Case: "account/key-hex", Says: "breaks", Answer: fails(to(methodOAuth))},
	{Case: "account/key-plain", Says: "uses the secret", Answer: welcomes},
	{Case: "account/alg-none", Says: "needs no signature", Answer: welcomes},
	{Case: "account/alg-other", Says: "takes any alg", Answer: welcomes},
	{Case: "account/altered", Says: "does not look at the signature", Answer: welcomes},
	{Case: "account/azp-other", Says: "does not look at azp", Answer: welcomes},
	{Case: "account/sub-missing", Says: "lets anybody in", Answer: welcomes},
	{Case: "account/iat-missing", Says: "has time", Answer: welcomes},
	{Case: "account/jti-missing", Says: "needs no jti", Answer: welcomes},
	{Case: "account/azp-missing", Says: "needs no azp", Answer: welcomes},
	{Case: "account/iss-missing", Says: "wants iss", Answer: fails(to("login"))},
	{Case: "account/replayed", Says: "forgets what it saw", Answer: welcomes},
	{Case: "account/old", Says: "takes it for ever", Answer: welcomes},
	{Case: "account/future", Says: "takes it early", Answer: welcomes},
	{Case: "account/unknown", Says: "lets anybody in", Answer: welcomes},
	{Case: "account/typ-other", Says: "does not look at typ", Answer: welcomes},
}

// welcomes shows a login page where the application should be told an error.
func welcomes(_ *Call, r *Reply) {
	if u, ok := r.home(); ok && u.Query().Has("error") {
		r.show(http.StatusOK)
		r.Body = []byte(`<!DOCTYPE html><html><form method="post" action="/login"><input name="email"><input name="password"></form>`)
	}
}
