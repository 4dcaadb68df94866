package faults

import "slices"

// laterFaults are faults of signatures/signHash in mode A.
var laterFaults = []Fault{
	{Case: "signHash/mode-a", Says: "knows no mode A", Answer: refuses(to(methodSignHash, is("operationMode", `"A"`)))},
	{Case: "signHash/mode-a", Says: "calls it requestID", Answer: renames(methodSignHash, "responseID", "requestID")},
	{Case: "signHash/mode-a", Says: "signs at once all the same", Answer: puts(methodSignHash, "signatures", []string{"AAAA"})},
	{Case: "signHash/validity-string", Says: "takes a text", Answer: forgives(to(methodSignHash, has("validity_period")))},
	{Case: "signHash/validity-huge", Says: "keeps it for ever", Answer: forgives(to(methodSignHash, has("validity_period")))},
	{Case: "signHash/response-uri-invalid", Says: "tells whomever", Answer: forgives(to(methodSignHash, has("response_uri")))},
	{Case: "signHash/response-uri-inside", Says: "tells whomever", Answer: forgives(to(methodSignHash, has("response_uri")))},
}

// forgivesDoc answers a signDoc that was refused for this as if it were good.
func forgivesDoc(description string) answer {
	return forgives(to(methodSignDoc, described(description)))
}

// signDocFaults are faults of signatures/signDoc.
var signDocFaults = []Fault{
	{Case: "signDoc/digest", Says: "sends nothing", Answer: puts(methodSignDoc, "SignatureObject", []string{})},
	{Case: "signDoc/digest", Says: "spells it with a small letter", Answer: renames(methodSignDoc, "SignatureObject", "signatureObject")},
	{Case: "signDoc/document", Says: "puts it beside", Answer: renames(methodSignDoc, "DocumentWithSignature", "SignatureObject")},
	{Case: "signDoc/neither", Says: "signs nothing", Answer: forgivesDoc("Empty documentDigests and documents objects")},
	{Case: "signDoc/both", Says: "signs the first it sees", Answer: forgivesDoc("Both documentDigests and documents parameters passed")},
	{Case: "signDoc/digests-string", Says: "breaks on a text", Answer: breaks(to(methodSignDoc, is("documentDigests", `"text"`)))},
	{Case: "signDoc/documents-object", Says: "breaks on an object", Answer: breaks(to(methodSignDoc, is("documents", `{}`)))},
	{Case: "signDoc/nobody", Says: "knows the credential from the SAD", Answer: forgives(to(methodSignDoc, lacks("credentialID")))},
	{Case: "signDoc/qualifier", Says: "wants a credentialID", Answer: refuses(to(methodSignDoc, lacks("credentialID")))},
	{Case: "signDoc/qualifier-and-id", Says: "wants one of them", Answer: refuses(to(methodSignDoc, has("credentialID"), has("signatureQualifier")))},
	{Case: "signDoc/qualifier-of-another", Says: "overlooks it", Answer: forgives(to(methodSignDoc, has("signatureQualifier")))},
	{Case: "signDoc/sad-missing", Says: "needs no SAD", Answer: forgives(to(methodSignDoc, lacks("SAD")))},
	{Case: "signDoc/sad-unknown", Says: "takes any SAD", Answer: forgivesDoc("Invalid parameter SAD")},
	{Case: "signDoc/sad-expired", Says: "takes a SAD for ever", Answer: forgives(to(methodSignDoc))},
	{Case: "signDoc/unauthorized-digest", Says: "signs any hash", Answer: forgives(to(methodSignDoc))},
	{Case: "signDoc/unauthorized-digest", Says: "breaks", Answer: breaks(to(methodSignDoc))},
	{Case: "signDoc/unauthorized-document", Says: "signs any document", Answer: forgives(to(methodSignDoc))},
	{Case: "signDoc/one-byte", Says: "believes the client's hash", Answer: forgives(to(methodSignDoc))},
	{Case: "signDoc/more-than-authorized", Says: "does not count", Answer: forgives(to(methodSignDoc))},
	{Case: "signDoc/certificate-expired", Says: "signs for ever", Answer: forgives(to(methodSignDoc))},
	{Case: "signDoc/client-data-number", Says: "takes a number", Answer: forgives(to(methodSignDoc, is("clientData", "5")))},
	{Case: "signDoc/malformed-header", Says: "takes it for a bad token", Answer: misstates(to(methodSignDoc, authorization("Foo abc")), 401, "invalid_token")},
	{Case: "signDoc/digest-not-base64", Says: "signs anything", Answer: forgivesDoc("Invalid Base64 hashes string parameter")},
	{Case: "signDoc/document-not-base64", Says: "signs anything", Answer: forgivesDoc("Invalid Base64 documents string parameter")},
	{Case: "signDoc/algo-missing", Says: "picks an algorithm", Answer: forgivesDoc("Missing (or invalid type) string parameter signAlgo")},
	{Case: "signDoc/algo-unknown", Says: "overlooks what it does not know", Answer: forgivesDoc("Invalid parameter signAlgo")},
	{Case: "signDoc/hash-oid-contradicted", Says: "overlooks it", Answer: forgivesDoc("String parameter hashAlgorithmOID contradicts with signAlgo parameter")},
	{Case: "signDoc/hash-oid-unknown", Says: "overlooks what it does not know", Answer: forgivesDoc("Invalid parameter hashAlgorithmOID")},
	{Case: "signDoc/hash-length", Says: "signs any length", Answer: forgivesDoc("Invalid digest value length")},
	{Case: "signDoc/format-missing", Says: "picks a format", Answer: forgivesDoc("Missing (or invalid type) string parameter signature_format")},
	{Case: "signDoc/format-unknown", Says: "picks a format", Answer: forgivesDoc("Invalid parameter signature_format")},
	{Case: "signDoc/format-not-offered", Says: "can more than it says", Answer: forgivesDoc("Invalid parameter signature_format")},
	{Case: "signDoc/level-default", Says: "wants a level", Answer: refuses(to(methodSignDoc, mentions("conformance_level", false)))},
	{Case: "signDoc/level-spelling", Says: "knows one spelling", Answer: refuses(to(methodSignDoc, says("Ades-B-B")))},
	{Case: "signDoc/level-unknown", Says: "overlooks what it does not know", Answer: forgivesDoc("Invalid parameter conformance_level")},
	{Case: "signDoc/envelope-default", Says: "puts the signature beside", Answer: renames(methodSignDoc, "DocumentWithSignature", "SignatureObject")},
	{Case: "signDoc/envelope-of-another", Says: "overlooks it", Answer: forgivesDoc("Invalid parameter signed_envelope_property")},
	{Case: "signDoc/detached", Says: "attaches it", Answer: renames(methodSignDoc, "SignatureObject", "DocumentWithSignature")},
	{Case: "signDoc/attached", Says: "detaches it", Answer: renames(methodSignDoc, "DocumentWithSignature", "SignatureObject")},
	{Case: "signDoc/verifies", Says: "signs badly", Answer: alters(methodSignDoc, "SignatureObject", flipped)},
	{Case: "signDoc/verifies", Says: "sends something else", Answer: alters(methodSignDoc, "SignatureObject", func(string) string { return "AAAA" })},
	{Case: "signDoc/props-unknown", Says: "overlooks what it does not know", Answer: forgives(to(methodSignDoc, says("no-such-attribute")))},
	{Case: "signDoc/props-not-base64", Says: "overlooks it", Answer: forgives(to(methodSignDoc, says("***")))},
	{Case: "signDoc/no-validation-info", Says: "sends it always", Answer: puts(methodSignDoc, "validationInfo", object{})},
	{Case: "signDoc/mode-a", Says: "knows no mode A", Answer: refuses(to(methodSignDoc, is("operationMode", `"A"`)))},
	{Case: "signDoc/mode-a", Says: "signs at once all the same", Answer: puts(methodSignDoc, "SignatureObject", []string{"AAAA"})},
	{Case: "signDoc/several", Says: "turns the order round", Answer: edits(methodSignDoc, func(o object) { at(o, "SignatureObject", reversed) })},
	{Case: "signDoc/several", Says: "signs the first only", Answer: keepsFirst(methodSignDoc, "SignatureObject")},
	{Case: "signDoc/several", Says: "signs the first for all", Answer: edits(methodSignDoc, func(o object) {
		if all, ok := o["SignatureObject"].([]any); ok {
			o["SignatureObject"] = slices.Repeat(all[:1], len(all))
		}
	})},
	{Case: "signDoc/hashes-string", Says: "takes a text for a list", Answer: forgives(to(methodSignDoc))},
	{Case: "signDoc/creation-request", Says: "knows v2.0 only", Answer: refuses(to(methodSignDoc, has("signatureCreationRequest")))},
}

// mentions holds if the body of the request has the name in it, or has it not.
func mentions(name string, there bool) when {
	return func(c *Call, r *Reply) bool { return says(`"`+name+`"`)(c, r) == there }
}

// pollFaults are faults of signatures/signPolling.
var pollFaults = []Fault{
	{Case: "poll/pending", Says: "tells it as an error", afresh: func() answer { return early(400, failure("accepted_request")) }},
	{Case: "poll/pending", Says: "says nothing", afresh: func() answer { return early(202, object{}) }},
	{Case: "poll/signatures", Says: "turns the order round", Answer: edits(methodSignPolling, func(o object) { at(o, "signatures", reversed) })},
	{Case: "poll/signatures", Says: "sends nothing", Answer: drops(methodSignPolling, "signatures")},
	{Case: "poll/document", Says: "forgets documents", Answer: drops(methodSignPolling, "DocumentWithSignature")},
	{Case: "poll/document", Says: "signs badly", Answer: alters(methodSignPolling, "DocumentWithSignature", flipped)},
	{Case: "poll/id-missing", Says: "tells of the last", Answer: forgives(to(methodSignPolling, lacks("requestID")))},
	{Case: "poll/id-number", Says: "breaks on a number", Answer: breaks(to(methodSignPolling, is("requestID", "5")))},
	{Case: "poll/id-unknown", Says: "takes it for one on its way", Answer: turns(refusal, to(methodSignPolling), 202, "accepted_request")},
	{Case: "poll/of-another", Says: "tells everybody", Answer: forgives(to(methodSignPolling))},
	{Case: "poll/user-not-null", Says: "overlooks it", Answer: forgives(to(methodSignPolling, has("userID")))},
	{Case: "poll/user-unknown", Says: "overlooks it", Answer: forgives(to(methodSignPolling, has("userID")))},
	{Case: "poll/client-data-number", Says: "takes a number", Answer: forgives(to(methodSignPolling, is("clientData", "5")))},
	{Case: "poll/kept", Says: "forgets at once", Answer: refuses(to(methodSignPolling))},
	{Case: "poll/over", Says: "keeps it for ever", Answer: forgives(to(methodSignPolling))},
	{Case: "poll/malformed-header", Says: "takes it for a bad token", Answer: misstates(to(methodSignPolling, authorization("Foo abc")), 401, "invalid_token")},
	{Case: "poll/twice", Says: "tells once", afresh: func() answer { return turnsAfter(1, to(methodSignPolling)) }},
}

// early answers the first poll of each request, whatever came, in this way.
func early(status int, body object) answer {
	seen := map[any]bool{}
	return func(c *Call, r *Reply) {
		id, _ := c.member("requestID")
		if c.Method != methodSignPolling || seen[id] || r.Status != 200 && r.Status != 202 {
			return
		}
		seen[id] = true
		r.put(status, body)
	}
}
