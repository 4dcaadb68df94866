package faults

import (
	"strings"
)

// credentialInfoFaults are faults of credentials/info.
var credentialInfoFaults = []Fault{
	{Case: "credentialInfo/own", Says: "keeps the key to itself", Answer: drops(methodCredentialInfo, "key")},
	{Case: "credentialInfo/own", Says: "keeps multisign to itself", Answer: drops(methodCredentialInfo, "multisign")},
	{Case: "credentialInfo/id-missing", Says: "describes no credential in particular", Answer: forgives(to(methodCredentialInfo, lacks("credentialID")))},
	{Case: "credentialInfo/id-number", Says: "breaks on a number", Answer: breaks(to(methodCredentialInfo, is("credentialID", "5")))},
	{Case: "credentialInfo/id-unknown", Says: "describes what does not exist", Answer: forgives(to(methodCredentialInfo, noSuchCredential))},
	{Case: "credentialInfo/id-unknown", Says: "says not found", Answer: misstates(to(methodCredentialInfo, noSuchCredential), 404, "invalid_request")},
	{Case: "credentialInfo/foreign", Says: "describes anybody's", Answer: forgives(to(methodCredentialInfo, noSuchCredential))},
	{Case: "credentialInfo/foreign", Says: "says that it is somebody's", afresh: func() answer { return everyOther(to(methodCredentialInfo, noSuchCredential)) }},
	{Case: "credentialInfo/certificates-invalid", Says: "takes any value", Answer: forgives(to(methodCredentialInfo, is("certificates", `"x"`)))},
	{Case: "credentialInfo/certificates-default", Says: "sends none", Answer: drops(methodCredentialInfo, "cert.certificates")},
	{Case: "credentialInfo/certificates-default", Says: "sends two", Answer: doubled(to(methodCredentialInfo, lacks("certificates")))},
	{Case: "credentialInfo/certificates-none", Says: "sends an empty array", Answer: puts(methodCredentialInfo, "cert.certificates", []any{})},
	{Case: "credentialInfo/certificates-chain", Says: "begins at the root", Answer: edits(methodCredentialInfo, func(o object) { at(o, "cert.certificates", reversed) })},
	{Case: "credentialInfo/certificates-chain", Says: "sends an authority that signed nothing", Answer: doubled(to(methodCredentialInfo, is("certificates", `"chain"`)))},
	{Case: "credentialInfo/certificates-der", Says: "breaks the lines", Answer: alters(methodCredentialInfo, "cert.certificates", broken)},
	{Case: "credentialInfo/certificates-der", Says: "sends something else", Answer: alters(methodCredentialInfo, "cert.certificates", func(string) string { return "AAAA" })},
	{Case: "credentialInfo/key-status", Says: "says active", Answer: puts(methodCredentialInfo, "key.status", "active")},
	{Case: "credentialInfo/key-algo", Says: "has no algorithm", Answer: puts(methodCredentialInfo, "key.algo", []string{})},
	{Case: "credentialInfo/key-algo", Says: "calls algorithms by name", Answer: puts(methodCredentialInfo, "key.algo", []string{"RSA"})},
	{Case: "credentialInfo/key-len", Says: "counts bytes", Answer: puts(methodCredentialInfo, "key.len", 32)},
	{Case: "credentialInfo/key-len", Says: "sends text", Answer: edits(methodCredentialInfo, func(o object) { at(o, "key.len", asText) })},
	{Case: "credentialInfo/key-curve", Says: "calls the curve by name", Answer: alters(methodCredentialInfo, "key.curve", func(string) string { return "P-256" })},
	{Case: "credentialInfo/key-curve", Says: "has a curve for every key", Answer: puts(methodCredentialInfo, "key.curve", "1.2.840.10045.3.1.7")},
	{Case: "credentialInfo/cert-status", Says: "says good", Answer: puts(methodCredentialInfo, "cert.status", "good")},
	{Case: "credentialInfo/cert-status-true", Says: "says valid of all", Answer: puts(methodCredentialInfo, "cert.status", "valid")},
	{Case: "credentialInfo/cert-status-true", Says: "says expired of all", Answer: puts(methodCredentialInfo, "cert.status", "expired")},
	{Case: "credentialInfo/cert-status-suspended", Says: "says valid of all", Answer: puts(methodCredentialInfo, "cert.status", "valid")},
	{Case: "credentialInfo/cert-status-suspended", Says: "says revoked of all", Answer: puts(methodCredentialInfo, "cert.status", "revoked")},
	{Case: "credentialInfo/cert-status-revoked", Says: "says valid of all", Answer: puts(methodCredentialInfo, "cert.status", "valid")},
	{Case: "credentialInfo/cert-status-revoked", Says: "says suspended of all", Answer: puts(methodCredentialInfo, "cert.status", "suspended")},
	{Case: "credentialInfo/names", Says: "writes names the other way round", Answer: alters(methodCredentialInfo, "cert.subjectDN", backwards)},
	{Case: "credentialInfo/names", Says: "writes names with slashes", Answer: alters(methodCredentialInfo, "cert.issuerDN", func(s string) string { return "/" + strings.ReplaceAll(s, ",", "/") })},
	{Case: "credentialInfo/names", Says: "encodes a value anew", Answer: alters(methodCredentialInfo, "cert.subjectDN", func(s string) string { return strings.ReplaceAll(s, "=#0c", "=#13") })},
	{Case: "credentialInfo/names", Says: "keeps the issuer to itself", Answer: drops(methodCredentialInfo, "cert.issuerDN")},
	{Case: "credentialInfo/serial-number", Says: "writes colons", Answer: alters(methodCredentialInfo, "cert.serialNumber", func(s string) string { return s[:2] + ":" + s[2:] })},
	{Case: "credentialInfo/serial-number", Says: "drops a byte", Answer: alters(methodCredentialInfo, "cert.serialNumber", func(s string) string { return s[2:] })},
	{Case: "credentialInfo/validity", Says: "writes dates with dashes", Answer: alters(methodCredentialInfo, "cert.validFrom", func(s string) string { return s[:4] + "-" + s[4:6] + "-" + s[6:8] })},
	{Case: "credentialInfo/validity", Says: "is a year off", Answer: puts(methodCredentialInfo, "cert.validTo", "19991231235959Z")},
	{Case: "credentialInfo/auth-mode", Says: "writes the mode in capitals", Answer: puts(methodCredentialInfo, "auth.mode", "EXPLICIT")},
	{Case: "credentialInfo/auth-objects", Says: "has no objects", Answer: drops(methodCredentialInfo, "auth.objects")},
	{Case: "credentialInfo/auth-ids", Says: "has an object twice", Answer: edits(methodCredentialInfo, func(o object) { at(o, "auth.objects", double) })},
	{Case: "credentialInfo/auth-ids", Says: "has an object without id", Answer: drops(methodCredentialInfo, "auth.objects.id")},
	{Case: "credentialInfo/auth-types", Says: "has a type of its own", Answer: puts(methodCredentialInfo, "auth.objects.type", "TOTP")},
	{Case: "credentialInfo/auth-format", Says: "has a format of its own", Answer: puts(methodCredentialInfo, "auth.objects.format", "D")},
	{Case: "credentialInfo/expression", Says: "speaks of objects nobody declared", Answer: puts(methodCredentialInfo, "auth.expression", "PIN AND FINGER")},
	{Case: "credentialInfo/scal", Says: "sends a number", Answer: puts(methodCredentialInfo, "SCAL", 2)},
	{Case: "credentialInfo/scal", Says: "has a third level", Answer: puts(methodCredentialInfo, "SCAL", "3")},
	{Case: "credentialInfo/multisign", Says: "sends text", Answer: puts(methodCredentialInfo, "multisign", "10")},
	{Case: "credentialInfo/multisign", Says: "allows no signature", Answer: puts(methodCredentialInfo, "multisign", 0)},
	{Case: "credentialInfo/description", Says: "describes at length", Answer: puts(methodCredentialInfo, "description", strings.Repeat("d", 256))},
	{Case: "credentialInfo/nothing-private", Says: "tells the PIN", Answer: puts(methodCredentialInfo, "auth.objects.PIN", "1234")},
	{Case: "credentialInfo/nothing-private", Says: "sends the key", Answer: puts(methodCredentialInfo, "key.material", "-----BEGIN PRIVATE KEY-----")},
	{Case: "credentialInfo/statements", Says: "has a policy the certificate does not have", Answer: puts(methodCredentialInfo, "cert.policy", []string{"1.2.3.4"})},
	{Case: "credentialInfo/statements", Says: "has a statement the certificate does not have", Answer: puts(methodCredentialInfo, "cert.qcStatements", []string{"0.4.0.1862.1.1"})},
}

// everyOther tells two refusals from each other that ought to be the same.
func everyOther(w when) answer {
	n := 0
	return func(c *Call, r *Reply) {
		if o := r.object(); refusal(c, r) && w(c, r) {
			if n++; n%2 == 0 {
				o["hint"] = "another user's"
				r.put(r.Status, o)
			}
		}
	}
}

func double(in object, name string) {
	if all, ok := in[name].([]any); ok {
		in[name] = append(all[:len(all):len(all)], all...)
	}
}

func doubled(w when) answer {
	return editsWhen(w, func(o object) { at(o, "cert.certificates", double) })
}

func asText(in object, name string) {
	if n, ok := in[name].(interface{ String() string }); ok {
		in[name] = n.String()
	}
}

// backwards turns the order of relative names round, and adds one should there
// be but one.
func backwards(name string) string {
	parts := strings.Split(name, ",")
	if len(parts) == 1 {
		return name + ",C=XX"
	}
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return strings.Join(parts, ",")
}

// noSuchCredential holds for the refusal of a credentialID.
func noSuchCredential(c *Call, r *Reply) bool {
	return described("Invalid parameter credentialID")(c, r)
}
