package faults

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"net/http"
	"strings"
)

// generalFaults are faults in transport, format and errors.
var generalFaults = []Fault{
	{Case: "general/post-json", Says: "sends JSON as HTML", Answer: content(methodInfo, "text/html")},
	{Case: "general/not-json", Says: "processes a body of plain text", Answer: forgives(to(methodList, mediaType("text/plain")))},
	{Case: "general/json-charset", Says: "wants the media type bare", Answer: refuses(to(methodList, mediaType("charset")))},
	{Case: "general/base-uri", Says: "lives under another path", Path: "/csc/two"},
	{Case: "general/wrong-verb", Says: "answers GET", Answer: forgives(to(methodInfo))},
	{Case: "general/tls12", Says: "speaks TLS 1.3 only", TLS: func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }},
	{Case: "general/tls13", Says: "speaks TLS 1.2 only", TLS: func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }},
	{Case: "general/tls10", Says: "still speaks TLS 1.0", TLS: func(c *tls.Config) { c.MinVersion = tls.VersionTLS10 }},
	{Case: "general/tls11", Says: "still speaks TLS 1.1", TLS: func(c *tls.Config) { c.MinVersion = tls.VersionTLS11 }},
	{Case: "general/ssl3", Says: "still speaks SSL 3.0", SSL3: true},
	{Case: "general/http11", Says: "speaks HTTP/2 only", Answer: func(c *Call, r *Reply) {
		if c.Proto == "HTTP/1.1" {
			r.put(http.StatusHTTPVersionNotSupported, failure("server_error"))
		}
	}},
	{Case: "general/error-body", Says: "puts the error a level deeper", Answer: func(c *Call, r *Reply) {
		if refusal(c, r) {
			r.put(r.Status, object{"error": r.object()})
		}
	}},
	{Case: "general/error-body", Says: "sends errors as plain text", Answer: func(c *Call, r *Reply) {
		if refusal(c, r) {
			r.Header.Set("Content-Type", "text/plain")
		}
	}},
	{Case: "general/error-description", Says: "does not describe errors", Answer: func(c *Call, r *Reply) {
		if refusal(c, r) {
			r.put(r.Status, object{"error": r.object()["error"]})
		}
	}},
	{Case: "general/broken-json", Says: "reads as far as it can", Answer: forgives(to(methodList, unclosed))},
	{Case: "general/broken-json", Says: "breaks on a body that breaks off", Answer: breaks(to(methodList, unclosed))},
	{Case: "general/not-an-object", Says: "takes an array for an empty object", Answer: forgives(to(methodList, isBody(`[]`)))},
	{Case: "general/not-an-object", Says: "breaks on a string", Answer: breaks(to(methodList, isBody(`"x"`)))},
	{Case: "general/duplicate-member", Says: "takes the last of two", Answer: forgives(to(methodList, says(`"lang":"en","lang":`)))},
	{Case: "general/unimplemented", Says: "calls a method it does not have a bad request", Answer: func(_ *Call, r *Reply) {
		if r.Status == http.StatusNotImplemented || r.Status == http.StatusNotFound {
			r.put(http.StatusBadRequest, failure("invalid_request"))
		}
	}},
	{Case: "general/unimplemented", Says: "says so in HTML", Answer: func(_ *Call, r *Reply) {
		if r.Status == http.StatusNotImplemented || r.Status == http.StatusNotFound {
			r.Header.Set("Content-Type", "text/html")
		}
	}},
	{Case: "general/malformed-header", Says: "overlooks a header it cannot read", Answer: forgives(to(methodList, authorization("Foo abc")))},
	{Case: "general/malformed-header", Says: "takes it for a bad token", Answer: misstates(to(methodList, authorization("Foo abc")), 401, "invalid_token")},
	{Case: "general/no-token-in-header", Says: "overlooks that the token is missing", Answer: forgives(to(methodList, authorization("Bearer")))},
	{Case: "general/no-header", Says: "tells everybody", Answer: forgives(to(methodList, authorization("")))},
	{Case: "general/no-header", Says: "tells everybody beside the error", Answer: func(c *Call, r *Reply) {
		if to(methodList, authorization(""))(c, r) {
			o := r.object()
			o["credentialIDs"] = []string{"c_1"}
			r.put(r.Status, o)
		}
	}},
	{Case: "general/unknown-token", Says: "takes any token", Answer: forgives(to(methodList, status(401)))},
	{Case: "general/unknown-token", Says: "calls it a bad request", Answer: misstates(to(methodList, status(401)), 400, "invalid_token")},
	{Case: "general/bearer-case", Says: "wants Bearer with a capital", Answer: refuses(to(methodList, func(c *Call, _ *Reply) bool {
		return strings.HasPrefix(c.Header.Get("Authorization"), "bearer ")
	}))},
	{Case: "general/base64-out", Says: "breaks the lines of signatures", Answer: alters(methodSignHash, "signatures", broken)},
	{Case: "general/base64-out", Says: "sends certificates in the alphabet for URLs", Answer: alters(methodCredentialInfo, "cert.certificates", urlAlphabet)},
	{Case: "general/base64-line-breaks", Says: "overlooks line breaks", Answer: forgives(to(methodSignHash, says(`\n`)))},
	{Case: "general/base64url", Says: "takes both alphabets", Answer: forgives(to(methodSignHash, hashWith("-_")))},
	{Case: "general/unknown-member", Says: "wants no member it does not know", Answer: refuses(to(methodList, says("x-test")))},
	{Case: "general/unknown-member", Says: "wants none in info", Answer: refuses(to(methodInfo, says("x-test")))},
	{Case: "general/null-member", Says: "wants no null", Answer: refuses(to(methodInfo, says("null")))},
	{Case: "general/client-data", Says: "refuses long clientData", Answer: refuses(to(methodList, has("clientData")))},
	{Case: "general/client-data", Says: "is confused by it", Answer: editsWhen(to(methodList, has("clientData")), func(o object) { o["credentialIDs"] = []string{} })},
	{Case: "general/foreign-user", Says: "lists anybody's credentials", Answer: forgives(to(methodList, has("userID")))},
	{Case: "general/foreign-user", Says: "authorizes for anybody", Answer: forgives(to(methodAuthorize))},
	{Case: "general/expired-token", Says: "takes tokens for ever", Answer: forgives(to(methodList, status(401)))},
}

// limitFaults are faults in how the server defends itself.
var limitFaults = []Fault{
	{Case: "general/rate-limit", Says: "calls too many requests bad ones", Answer: func(_ *Call, r *Reply) {
		if r.Status == http.StatusTooManyRequests {
			r.put(http.StatusBadRequest, failure("invalid_request"))
		}
	}},
	{Case: "general/rate-limit", Says: "has no limit", Answer: func(_ *Call, r *Reply) {
		if r.Status == http.StatusTooManyRequests {
			r.put(http.StatusUnauthorized, failure("invalid_token"))
		}
	}},
}

func status(code int) when { return func(_ *Call, r *Reply) bool { return r.Status == code } }

func mediaType(part string) when {
	return func(c *Call, _ *Reply) bool { return strings.Contains(c.Header.Get("Content-Type"), part) }
}

func isBody(text string) when {
	return func(c *Call, _ *Reply) bool { return string(c.Body) == text }
}

func unclosed(c *Call, _ *Reply) bool {
	return bytes.HasPrefix(c.Body, []byte("{")) && !bytes.HasSuffix(c.Body, []byte("}"))
}

// hashWith holds if a hash has one of the characters in it.
func hashWith(characters string) when {
	return func(c *Call, _ *Reply) bool {
		v, _ := c.member("hashes")
		list, _ := v.([]any)
		for _, h := range list {
			if text, ok := h.(string); ok && strings.ContainsAny(text, characters) {
				return true
			}
		}
		return false
	}
}

func broken(text string) string { return text[:10] + "\r\n" + text[10:] }

func urlAlphabet(text string) string {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return text
	}
	return base64.URLEncoding.EncodeToString(raw)
}
