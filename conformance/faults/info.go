package faults

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"strings"
)

// infoFaults are faults of info.
var infoFaults = []Fault{
	{Case: "info/exists", Says: "has no info", Answer: turns(good, to(methodInfo), 404, "invalid_request")},
	{Case: "info/no-authorization", Says: "wants a token for info", Answer: turns(good, to(methodInfo, has("lang"), authorization("")), 401, "invalid_token")},
	{Case: "info/empty-body", Says: "breaks without a body", Answer: breaks(to(methodInfo, isBody("")))},
	{Case: "info/specs", Says: "leaves out the last number", Answer: putsInfo("specs", "2.2.0")},
	{Case: "info/specs", Says: "sends a number", Answer: putsInfo("specs", 2.2)},
	{Case: "info/specs-and-path", Says: "is of another version than its path", Answer: putsInfo("specs", "1.0.4.0")},
	{Case: "info/name", Says: "has no name", Answer: drops(methodInfo, "name")},
	{Case: "info/name", Says: "has a very long name", Answer: putsInfo("name", strings.Repeat("n", 256))},
	{Case: "info/logo-uri", Says: "gives a path for a URI", Answer: putsInfo("logo", "/logo.png")},
	{Case: "info/logo-uri", Says: "has no logo", Answer: drops(methodInfo, "logo")},
	{Case: "info/logo", Says: "leads nowhere", Answer: onLogo(func(r *Reply) { r.put(404, failure("invalid_request")) })},
	{Case: "info/logo", Says: "has a huge logo", Answer: onLogo(func(r *Reply) { r.Body = picture(257) })},
	{Case: "info/logo", Says: "sends something else for a picture", Answer: onLogo(func(r *Reply) { r.Body = []byte("<svg/>") })},
	{Case: "info/logo", Says: "sends the logo as a stream of bytes", Answer: onLogo(func(r *Reply) { r.Header.Set("Content-Type", "application/octet-stream") })},
	{Case: "info/region", Says: "gives a name for a code", Answer: putsInfo("region", "Romania")},
	{Case: "info/region", Says: "writes the code small", Answer: putsInfo("region", "ro")},
	{Case: "info/region", Says: "gives a code no country has", Answer: putsInfo("region", "XX")},
	{Case: "info/lang", Says: "names the language in words", Answer: putsInfo("lang", "English (US)")},
	{Case: "info/description", Says: "describes itself at length", Answer: putsInfo("description", strings.Repeat("ș", 256))},
	{Case: "info/auth-type", Says: "lets nobody in", Answer: putsInfo("authType", []string{})},
	{Case: "info/auth-type", Says: "has a way in of its own", Answer: grows(methodInfo, "authType", "oauth2")},
	{Case: "info/auth-type-tls", Says: "writes tls small", Answer: grows(methodInfo, "authType", "tls")},
	{Case: "info/oauth2-locator", Says: "does not say where to get tokens", Answer: edits(methodInfo, func(o object) {
		o["authType"] = []string{"oauth2client"}
		delete(o, "oauth2")
		delete(o, "oauth2Issuer")
		delete(o, "oauth2Servers")
	})},
	{Case: "info/oauth2-locators", Says: "says it twice", Answer: edits(methodInfo, func(o object) {
		o["oauth2"], o["oauth2Issuer"] = "https://as.example", "https://as.example"
	})},
	{Case: "info/oauth2-issuer", Says: "names another issuer in the metadata", Answer: metadata("issuer", "https://as.example")},
	{Case: "info/oauth2-issuer", Says: "has no token endpoint in the metadata", Answer: metadata("token_endpoint", nil)},
	{Case: "info/methods", Says: "lists its methods in a string", Answer: putsInfo("methods", "credentials/list credentials/info")},
	{Case: "info/methods-answer", Says: "lists a method it does not have", Answer: grows(methodInfo, "methods", "signatures/none")},
	{Case: "info/methods-complete", Says: "has a method it does not list", Answer: func(_ *Call, r *Reply) {
		if r.Status == http.StatusNotImplemented || r.Status == http.StatusNotFound {
			r.put(http.StatusBadRequest, failure("invalid_request"))
		}
	}},
	{Case: "info/methods-known", Says: "misspells a method", Answer: grows(methodInfo, "methods", "credential/list")},
	{Case: "info/algos", Says: "has no algorithms", Answer: putsInfo("signAlgorithms.algos", []string{})},
	{Case: "info/algos", Says: "calls algorithms by name", Answer: grows(methodInfo, "signAlgorithms.algos", "sha256WithRSA")},
	{Case: "info/algos-strong", Says: "signs with SHA-1", Answer: grows(methodInfo, "signAlgorithms.algos", "1.2.840.113549.1.1.5")},
	{Case: "info/algo-params", Says: "has parameters for no algorithm", Answer: edits(methodInfo, func(o object) {
		at(o, "signAlgorithms.algos", func(in object, name string) {
			algos, _ := in[name].([]any)
			in["algoParams"] = make([]any, len(algos)+1)
		})
	})},
	{Case: "info/algo-params-pss", Says: "has PSS parameters that lack a tag", Answer: putsInfo("signAlgorithms", pssOnly("MCEwCwYJYIZIAWUDBAIBoRgwFgYJKoZIhvcNAQEIMAkGBSsOAwIaBQA="))},
	{Case: "info/algo-params-pss", Says: "has PSS parameters with SHA-1", Answer: putsInfo("signAlgorithms", pssOnly("MCagCzAJBgUrDgMCGgUAoRgwFgYJKoZIhvcNAQEIMAkGBSsOAwIaBQA="))},
	{Case: "info/formats", Says: "spells the formats out", Answer: putsInfo("signature_formats", object{"formats": []string{"PAdES"}})},
	{Case: "info/envelopes", Says: "has envelopes for no format", Answer: putsInfo("signature_formats", object{"formats": []string{"P"}, "envelope_properties": []any{}})},
	{Case: "info/envelopes-known", Says: "has an envelope of another format", Answer: putsInfo("signature_formats", object{"formats": []string{"P"}, "envelope_properties": []any{[]string{"Detached"}}})},
	{Case: "info/levels", Says: "has a level of its own", Answer: putsInfo("conformance_levels", []string{"AdES-B-X"})},
	{Case: "info/async-boolean", Says: "says yes for true", Answer: putsInfo("asynchronousOperationMode", "yes")},
	{Case: "info/async-polling", Says: "signs asynchronously and has no signPolling", Answer: edits(methodInfo, func(o object) {
		o["asynchronousOperationMode"], o["methods"] = true, []string{methodSignHash}
	})},
	{Case: "info/validation-boolean", Says: "says 0 for false", Answer: putsInfo("validationInfo", 0)},
	{Case: "info/lang-honoured", Says: "speaks its own language only", Answer: edits(methodInfo, func(o object) { o["lang"] = "en" })},
	{Case: "info/lang-honoured", Says: "names the language and does not speak it", Answer: putsInfo("description", "A server")},
	{Case: "info/lang-unknown", Says: "pretends to speak it", Answer: editsWhen(speaking("tlh"), func(o object) { o["lang"] = "tlh" })},
	{Case: "info/lang-unknown", Says: "refuses", Answer: refuses(speaking("tlh"))},
	{Case: "info/lang-number", Says: "breaks on a number", Answer: breaks(to(methodInfo, is("lang", "5")))},
	{Case: "info/no-nulls", Says: "sends null for what it does not have", Answer: putsInfo("oauth2Issuer", nil)},
	{Case: "info/hash-types", Says: "does not say what hashes it takes", Answer: drops(methodInfo, "supportedHashTypes")},
	{Case: "info/hash-types", Says: "takes hash algorithms for kinds of hash", Answer: putsInfo("supportedHashTypes", []string{"SHA-256"})},
	{Case: "info/one-locator", Says: "has servers beside its own", Answer: edits(methodInfo, func(o object) {
		o["oauth2"], o["oauth2Servers"] = "https://as.example", []any{}
	})},
	{Case: "info/servers", Says: "says of a server two places", Answer: edits(methodInfo, func(o object) {
		at(o, "oauth2Servers.baseUri", func(in object, _ string) { in["baseUri"], in["issuerIdentifier"] = "https://a", "https://a" })
	})},
	{Case: "info/servers", Says: "has a server without types", Answer: drops(methodInfo, "oauth2Servers.authType")},
	{Case: "info/servers-cover", Says: "has no server for a type", Answer: putsInfo("oauth2Servers", []any{object{"baseUri": "https://a", "authType": []string{"oauth2code"}}})},
	{Case: "info/servers-rar", Says: "says supportsRar for all servers", Answer: putsInfo("supportsRar", true)},
	{Case: "info/fapi-boolean", Says: "says which FAPI it supports", Answer: putsInfo("oauth2FAPIsupport", "2.0")},
}

// metadata changes the document of the authorization server.
func metadata(name string, value any) answer {
	return func(c *Call, r *Reply) {
		if o := r.object(); strings.HasPrefix(c.Method, ".well-known/") && o != nil {
			o[name] = value
			r.put(r.Status, o)
		}
	}
}

func pssOnly(params string) object {
	return object{"algos": []string{"1.2.840.113549.1.1.10"}, "algoParams": []string{params}}
}

func picture(side int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
		panic(err) // memory does not fail
	}
	return b.Bytes()
}

// speaking holds for info asked in a language.
func speaking(tag string) when { return to(methodInfo, is("lang", `"`+tag+`"`)) }

func putsInfo(path string, value any) answer { return puts(methodInfo, path, value) }

// onLogo changes the picture info leads to.
func onLogo(do func(*Reply)) answer {
	return func(c *Call, r *Reply) {
		if c.Verb == http.MethodGet && c.Method != methodInfo && strings.HasPrefix(r.Header.Get("Content-Type"), "image/") {
			do(r)
		}
	}
}
