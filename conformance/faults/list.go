package faults

import "slices"

// listFaults are faults of credentials/list.
var listFaults = []Fault{
	{Case: "list/foreign-user", Says: "lists anybody's credentials", Answer: forgives(to(methodList, has("userID")))},
	{Case: "list/user", Says: "forgets a credential", Answer: edits(methodList, func(o object) { o["credentialIDs"] = []string{} })},
	{Case: "list/user", Says: "calls the ids something else", Answer: renames(methodList, "credentialIDs", "credentialIds")},
	{Case: "list/user-unknown", Says: "has an empty list for nobody", Answer: forgives(to(methodList, has("userID")))},
	{Case: "list/user-unknown", Says: "says not found", Answer: misstates(to(methodList, has("userID")), 404, "invalid_request")},
	{Case: "list/user-missing", Says: "breaks without a user", Answer: breaks(to(methodList, lacks("userID")))},
	{Case: "list/no-infos-by-default", Says: "tells all", Answer: ignoresDefault},
	{Case: "list/no-infos", Says: "tells all", Answer: editsWhen(to(methodList, is("credentialInfo", "false")), func(o object) { o["credentialInfos"] = []any{} })},
	{Case: "list/infos", Says: "tells nothing", Answer: drops(methodList, "credentialInfos")},
	{Case: "list/infos", Says: "leaves one out", Answer: edits(methodList, func(o object) {
		if all, ok := o["credentialInfos"].([]any); ok {
			o["credentialInfos"] = all[1:]
		}
	})},
	{Case: "list/infos", Says: "does not say of which", Answer: drops(methodList, "credentialInfos.credentialID")},
	{Case: "list/certificates-default", Says: "sends none", Answer: drops(methodList, "credentialInfos.cert.certificates")},
	{Case: "list/certificates-default", Says: "sends two", Answer: edits(methodList, func(o object) {
		at(o, "credentialInfos.cert.certificates", func(in object, name string) {
			all, _ := in[name].([]any)
			in[name] = append(slices.Clone(all), all...)
		})
	})},
	{Case: "list/certificates-none", Says: "sends an empty array", Answer: putsInfos("cert.certificates", []any{})},
	{Case: "list/certificates-chain", Says: "begins at the root", Answer: edits(methodList, func(o object) { at(o, "credentialInfos.cert.certificates", reversed) })},
	{Case: "list/certificates-chain", Says: "breaks the lines of certificates", Answer: alters(methodList, "credentialInfos.cert.certificates", broken)},
	{Case: "list/certificates-invalid", Says: "takes any value", Answer: forgives(to(methodList, is("certificates", `"x"`)))},
	{Case: "list/certificates-invalid", Says: "breaks", Answer: breaks(to(methodList, is("certificates", `"x"`)))},
	{Case: "list/certificates-ignored", Says: "breaks", Answer: breaks(to(methodList, is("certificates", `"x"`)))},
	{Case: "list/cert-info-default", Says: "tells the subject unasked", Answer: putsInfos("cert.subjectDN", "CN=x")},
	{Case: "list/cert-info", Says: "keeps the serial number to itself", Answer: drops(methodList, "credentialInfos.cert.serialNumber")},
	{Case: "list/cert-info-ignored", Says: "takes certInfo for credentialInfo", Answer: mistakes("certInfo")},
	{Case: "list/auth-info-ignored", Says: "takes authInfo for credentialInfo", Answer: mistakes("authInfo")},
	{Case: "list/auth-info", Says: "does not say how to authorize", Answer: drops(methodList, "credentialInfos.auth")},
	{Case: "list/auth-info", Says: "does not say by what", Answer: drops(methodList, "credentialInfos.auth.objects")},
	{Case: "list/only-valid", Says: "lists what it says it does not", Request: forgetful, Answer: saysOnlyValid},
	{Case: "list/only-valid", Says: "says onlyValid in words", Answer: puts(methodList, "onlyValid", "true")},
	{Case: "list/only-valid-unsupported", Says: "says so and lists them all", Request: forgetful, Answer: saysOnlyValid},
	{Case: "list/only-valid-unasked", Says: "always says onlyValid", Answer: puts(methodList, "onlyValid", true)},
	{Case: "list/empty", Says: "finds no user there", Answer: turns(good, to(methodList), 404, "invalid_request")},
	{Case: "list/empty", Says: "invents a credential", Answer: puts(methodList, "credentialIDs", []string{"c_1"})},
	{Case: "list/ids-resolve", Says: "lists what does not exist", Answer: grows(methodList, "credentialIDs", "c_gone")},
	{Case: "list/agrees-with-info", Says: "says another multisign", Answer: putsInfos("multisign", 99)},
	{Case: "list/agrees-with-info", Says: "leaves out SCAL", Answer: drops(methodList, "credentialInfos.SCAL")},
	{Case: "list/malformed-header", Says: "takes it for a bad token", Answer: misstates(to(methodList, authorization("Foo abc")), 401, "invalid_token")},
	{Case: "list/wrong-type", Says: "breaks", Answer: breaks(to(methodList, is("credentialInfo", `"true"`)))},
}

func ignoresDefault(c *Call, r *Reply) {
	editsWhen(to(methodList, lacks("credentialInfo")), func(o object) { o["credentialInfos"] = []any{} })(c, r)
}

func reversed(in object, name string) {
	if all, ok := in[name].([]any); ok {
		all = slices.Clone(all)
		slices.Reverse(all)
		in[name] = all
	}
}

// forgetful keeps from the server that only valid credentials are wanted.
func forgetful(c *Call) {
	if o := (&Reply{Body: c.Body}).object(); c.Method == methodList && o != nil {
		delete(o, "onlyValid")
		c.put(o)
	}
}

func saysOnlyValid(c *Call, r *Reply) {
	editsWhen(to(methodList, has("onlyValid")), func(o object) { o["onlyValid"] = true })(c, r)
}

// putsInfos gives a member of each of credentialInfos another value.
func putsInfos(path string, value any) answer {
	return puts(methodList, "credentialInfos."+path, value)
}

// mistakes a parameter for credentialInfo.
func mistakes(name string) answer {
	return editsWhen(to(methodList, has(name), lacks("credentialInfo")), func(o object) { o["credentialInfos"] = []any{} })
}
