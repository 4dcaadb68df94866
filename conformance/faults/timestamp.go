package faults

import (
	"encoding/asn1"
	"encoding/base64"
)

// timestampFaults are faults of signatures/timestamp.
var timestampFaults = []Fault{
	{Case: "timestamp/one", Says: "sends nothing", Answer: puts(methodTimestamp, "timestamp", "")},
	{Case: "timestamp/one", Says: "calls it timestampToken", Answer: renames(methodTimestamp, "timestamp", "timestampToken")},
	{Case: "timestamp/token", Says: "stamps something else", Request: asks("hash", base64.StdEncoding.EncodeToString(make([]byte, 32)))},
	{Case: "timestamp/token", Says: "stamps by another algorithm", Request: func(c *Call) {
		asks("hash", base64.StdEncoding.EncodeToString(make([]byte, 48)))(c)
		asks("hashAlgo", "2.16.840.1.101.3.4.2.2")(c)
	}},
	{Case: "timestamp/token", Says: "sends a TimeStampResp", Answer: alters(methodTimestamp, "timestamp", inReply)},
	{Case: "timestamp/verifies", Says: "signs badly", Answer: alters(methodTimestamp, "timestamp", flipped)},
	{Case: "timestamp/nonce", Says: "forgets the nonce", Request: drop(methodTimestamp, "nonce")},
	{Case: "timestamp/nonce", Says: "has a nonce of its own", Request: asks("nonce", "1")},
	{Case: "timestamp/no-nonce", Says: "demands one", Answer: refuses(to(methodTimestamp, lacks("nonce")))},
	{Case: "timestamp/hash-missing", Says: "stamps nothing", Answer: forgives(to(methodTimestamp, lacks("hash")))},
	{Case: "timestamp/hash-array", Says: "stamps a list", Answer: forgives(to(methodTimestamp, is("hash", "[]")))},
	{Case: "timestamp/hash-empty", Says: "stamps nothing", Answer: forgives(to(methodTimestamp, is("hash", `""`)))},
	{Case: "timestamp/hash-length", Says: "stamps any length", Answer: forgives(to(methodTimestamp, described("Invalid digest value length")))},
	{Case: "timestamp/hash-not-base64", Says: "stamps anything", Answer: forgives(to(methodTimestamp, is("hash", `"***"`)))},
	{Case: "timestamp/algo-unknown", Says: "overlooks what it does not know", Answer: forgives(to(methodTimestamp, is("hashAlgo", `"1.2.3"`)))},
	{Case: "timestamp/algo-missing", Says: "guesses the hash", Answer: forgives(to(methodTimestamp, lacks("hashAlgo")))},
	{Case: "timestamp/nonce-invalid", Says: "overlooks the nonce", Answer: forgives(to(methodTimestamp, is("nonce", `"xyz"`)))},
	{Case: "timestamp/nonce-hex", Says: "knows decimal digits only", Answer: refuses(to(methodTimestamp, is("nonce", `"a1b2"`)))},
	{Case: "timestamp/malformed-header", Says: "takes it for a bad token", Answer: misstates(to(methodTimestamp, authorization("Foo abc")), 401, "invalid_token")},
	{Case: "timestamp/v2-names", Says: "knows the new name", Answer: forgives(to(methodTimestamp, has("hashAlgorithmOID")))},
}

// asks puts a member into calls of the method before the server sees them.
func asks(name, value string) func(*Call) {
	return func(c *Call) {
		if o := c.object(); c.Method == methodTimestamp && o != nil {
			o[name] = value
			c.put(o)
		}
	}
}

// drop takes a member out of calls of a method.
func drop(method, name string) func(*Call) {
	return func(c *Call) {
		if o := c.object(); c.Method == method && o != nil {
			delete(o, name)
			c.put(o)
		}
	}
}

// inReply wraps a token in a granting TimeStampResp.
func inReply(text string) string {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return text
	}
	der, err := asn1.Marshal(struct {
		Status struct{ Status int }
		Token  asn1.RawValue
	}{Token: asn1.RawValue{FullBytes: raw}})
	if err != nil {
		return text
	}
	return base64.StdEncoding.EncodeToString(der)
}
