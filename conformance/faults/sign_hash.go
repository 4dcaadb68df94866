package faults

import (
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"slices"
)

// signHashFaults are faults of signatures/signHash but for those with algorithms.
var signHashFaults = []Fault{
	{Case: "signHash/one", Says: "sends nothing", Answer: puts(methodSignHash, "signatures", []string{})},
	{Case: "signHash/one", Says: "calls it signature", Answer: renames(methodSignHash, "signatures", "signature")},
	{Case: "signHash/verifies", Says: "signs badly", Answer: alters(methodSignHash, "signatures", flipped)},
	{Case: "signHash/order", Says: "turns the order round", Answer: edits(methodSignHash, func(o object) { at(o, "signatures", reversed) })},
	{Case: "signHash/order", Says: "signs the first only", Answer: keepsFirst(methodSignHash, "signatures")},
	{Case: "signHash/order", Says: "signs the first for all", Answer: edits(methodSignHash, func(o object) {
		if all, ok := o["signatures"].([]any); ok {
			o["signatures"] = slices.Repeat(all[:1], len(all))
		}
	})},
	{Case: "signHash/sad-missing", Says: "needs no SAD", Answer: forgivesLack("SAD")},
	{Case: "signHash/sad-missing", Says: "calls it a bad token", Answer: misstates(to(methodSignHash, lacks("SAD")), 401, "invalid_token")},
	{Case: "signHash/sad-number", Says: "breaks on a number", Answer: breaks(to(methodSignHash, is("SAD", "5")))},
	{Case: "signHash/sad-unknown", Says: "takes any SAD", Answer: forgives(to(methodSignHash, noSuchSAD))},
	{Case: "signHash/sad-of-another-credential", Says: "takes a SAD for all credentials", Answer: forgives(to(methodSignHash, noSuchSAD))},
	{Case: "signHash/sad-of-another-user", Says: "takes a SAD for all users", Answer: forgives(to(methodSignHash))},
	{Case: "signHash/sad-of-another-client", Says: "takes a SAD from all clients", Answer: forgives(to(methodSignHash))},
	{Case: "signHash/sad-expired", Says: "takes a SAD for ever", Answer: forgives(to(methodSignHash))},
	{Case: "signHash/id-missing", Says: "knows the credential from the SAD", Answer: forgivesLack("credentialID")},
	{Case: "signHash/id-unknown", Says: "overlooks the credentialID", Answer: forgives(to(methodSignHash, described("Invalid parameter credentialID")))},
	{Case: "signHash/hashes-missing", Says: "signs nothing", Answer: forgivesLack("hashes")},
	{Case: "signHash/hashes-string", Says: "signs text", Answer: forgivesHashes(`"text"`)},
	{Case: "signHash/hashes-empty", Says: "signs nothing", Answer: forgivesHashes(`[]`)},
	{Case: "signHash/hash-not-base64", Says: "signs anything", Answer: forgivesHashes(`["***"]`)},
	{Case: "signHash/hash-number", Says: "breaks on a number", Answer: breaks(to(methodSignHash, is("hashes", "[5]")))},
	{Case: "signHash/hash-length", Says: "signs any length", Answer: forgives(to(methodSignHash, says("AAAAAAAA")))},
	{Case: "signHash/hash-length-of-another", Says: "signs any length", Answer: forgives(to(methodSignHash, says("AAAAAAAA")))},
	{Case: "signHash/unauthorized-hash", Says: "signs any hash", Answer: forgives(to(methodSignHash, described("Hash is not authorized by the SAD.")))},
	{Case: "signHash/unauthorized-hash", Says: "forbids it", Answer: misstates(to(methodSignHash, described("Hash is not authorized by the SAD.")), 403, "invalid_hash")},
	{Case: "signHash/unauthorized-among-others", Says: "looks at the first hash only", Answer: forgives(to(methodSignHash, described("Hash is not authorized by the SAD.")))},
	{Case: "signHash/more-than-authorized", Says: "does not count", Answer: forgives(to(methodSignHash))},
	{Case: "signHash/sad-spent", Says: "takes a SAD again", Answer: forgives(to(methodSignHash))},
	{Case: "signHash/one-by-one", Says: "signs once", afresh: func() answer { return turnsAfter(1, to(methodSignHash)) }},
	{Case: "signHash/one-by-one", Says: "repeats itself", afresh: func() answer { return repeats(methodSignHash) }},
	{Case: "signHash/extended-between", Says: "signs once, however it is extended", Answer: refuses(to(methodSignHash))},
	{Case: "signHash/several-calls", Says: "takes a SAD again", Answer: forgives(to(methodSignHash))},
	{Case: "signHash/hash-twice", Says: "signs twice what was authorized once", Answer: forgives(to(methodSignHash))},
	{Case: "signHash/hash-twice-authorized", Says: "counts equal hashes as one", Answer: keepsFirst(methodSignHash, "signatures")},
	{Case: "signHash/at-once", Says: "lets all win", Answer: forgives(to(methodSignHash))},
	{Case: "signHash/at-once", Says: "lets nobody win", Answer: refuses(to(methodSignHash))},
	{Case: "signHash/certificate-expired", Says: "signs for ever", Answer: forgives(to(methodSignHash))},
	{Case: "signHash/certificate-expired", Says: "breaks", Answer: breaks(to(methodSignHash))},
	{Case: "signHash/disabled-since", Says: "signs all the same", Answer: forgives(to(methodSignHash))},
	{Case: "signHash/client-data-number", Says: "takes a number", Answer: forgives(to(methodSignHash, is("clientData", "5")))},
	{Case: "signHash/malformed-header", Says: "takes it for a bad token", Answer: misstates(to(methodSignHash, authorization("Foo abc")), 401, "invalid_token")},
	{Case: "signHash/mode-s", Says: "knows no operationMode", Answer: refuses(to(methodSignHash, is("operationMode", `"S"`)))},
	{Case: "signHash/mode-unknown", Says: "overlooks operationMode", Answer: forgives(to(methodSignHash, is("operationMode", `"X"`)))},
	{Case: "signHash/mode-a-unsupported", Says: "overlooks operationMode", Answer: forgives(to(methodSignHash, is("operationMode", `"A"`)))},
	{Case: "signHash/validity-ignored", Says: "looks at validity_period", Answer: refuses(to(methodSignHash, has("validity_period")))},
	{Case: "signHash/response-uri-ignored", Says: "looks at response_uri", Answer: refuses(to(methodSignHash, has("response_uri")))},
	{Case: "signHash/v1-names", Says: "knows the names of v1", Answer: forgives(to(methodSignHash, has("hash")))},
}

// algorithmFaults are faults of signatures/signHash with algorithms.
var algorithmFaults = []Fault{
	{Case: "signHash/algo-missing", Says: "picks an algorithm", Answer: forgives(to(methodSignHash, lacks("signAlgo")))},
	{Case: "signHash/algo-unknown", Says: "overlooks what it does not know", Answer: forgives(by("1.2.3"))},
	{Case: "signHash/algo-of-another-key", Says: "signs as it can", Answer: forgives(by(oidECSHA256))},
	{Case: "signHash/rsa-without-hash-oid", Says: "guesses the hash", Answer: forgives(by(oidRSA, lacks("hashAlgorithmOID")))},
	{Case: "signHash/rsa", Says: "signs with another DigestInfo", Answer: signsBadly(by(oidRSA))},
	{Case: "signHash/rsa-sha256", Says: "wants the hash said twice", Answer: refuses(by(oidRSASHA256, lacks("hashAlgorithmOID")))},
	{Case: "signHash/rsa-sha256-redundant", Says: "wants it said once", Answer: refuses(by(oidRSASHA256, has("hashAlgorithmOID")))},
	{Case: "signHash/rsa-sha256-contradicted", Says: "signs something", Answer: forgives(by(oidRSASHA256, has("hashAlgorithmOID")))},
	{Case: "signHash/ecdsa-sha256", Says: "wants the hash said twice", Answer: refuses(by(oidECSHA256, lacks("hashAlgorithmOID")))},
	{Case: "signHash/weak-hash", Says: "signs SHA-1", Answer: forgives(to(methodSignHash, is("hashAlgorithmOID", `"1.3.14.3.2.26"`)))},
	{Case: "signHash/unknown-hash-oid", Says: "overlooks what it does not know", Answer: forgives(to(methodSignHash, is("hashAlgorithmOID", `"1.2.3"`)))},
	{Case: "signHash/pss-without-params", Says: "guesses the parameters", Answer: forgives(by(oidPSS, lacks("signAlgoParams")))},
	{Case: "signHash/pss", Says: "does as it likes", Answer: signsBadly(by(oidPSS))},
	{Case: "signHash/pss-longest-salt", Says: "has its own salt", Answer: signsBadly(by(oidPSS))},
	{Case: "signHash/pss-without-null", Says: "wants the NULL", Answer: refuses(by(oidPSS))},
	{Case: "signHash/pss-garbage", Says: "overlooks parameters", Answer: forgives(to(methodSignHash, is("signAlgoParams", `"AAAA"`)))},
	{Case: "signHash/pss-contradicted", Says: "overlooks parameters", Answer: forgives(by(oidPSS))},
	{Case: "signHash/ecdsa-der", Says: "puts the numbers side by side", Answer: alters(methodSignHash, "signatures", sideBySide)},
}

// turnsAfter refuses all good calls but the first n.
func turnsAfter(n int, w when) answer {
	return func(c *Call, r *Reply) {
		if !good(c, r) || !w(c, r) {
			return
		}
		if n--; n < 0 {
			r.put(400, failure("invalid_request"))
		}
	}
}

// repeats answers every good call as it answered the first.
func repeats(method string) answer {
	var first []byte
	return func(c *Call, r *Reply) {
		if c.Method != method || !good(c, r) {
			return
		}
		if first == nil {
			first = r.Body
		}
		r.Body = first
	}
}

// flipped is a signature with a bit turned in its last byte.
func flipped(text string) string {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) == 0 {
		return text
	}
	raw[len(raw)-1] ^= 1
	return base64.StdEncoding.EncodeToString(raw)
}

// sideBySide is an ECDSA signature as r and s of 32 bytes each.
func sideBySide(text string) string {
	raw, err := base64.StdEncoding.DecodeString(text)
	var v struct{ R, S *big.Int }
	if _, e := asn1.Unmarshal(raw, &v); err != nil || e != nil {
		return text
	}
	out := make([]byte, 64)
	v.R.FillBytes(out[:32])
	v.S.FillBytes(out[32:])
	return base64.StdEncoding.EncodeToString(out)
}

// The algorithms faults tell apart.
const (
	oidRSA       = "1.2.840.113549.1.1.1"
	oidPSS       = "1.2.840.113549.1.1.10"
	oidRSASHA256 = "1.2.840.113549.1.1.11"
	oidECSHA256  = "1.2.840.10045.4.3.2"
)

// by holds for a signature by the algorithm.
func by(algo string, more ...when) when {
	return to(methodSignHash, append(more, is("signAlgo", `"`+algo+`"`))...)
}

// noSuchSAD holds for the refusal of a SAD.
func noSuchSAD(c *Call, r *Reply) bool { return described("Invalid parameter SAD")(c, r) }

func forgivesLack(name string) answer { return forgives(to(methodSignHash, lacks(name))) }

func forgivesHashes(value string) answer { return forgives(to(methodSignHash, is("hashes", value))) }

// signsBadly flips a bit of each signature.
func signsBadly(w when) answer {
	return editsWhen(w, func(o object) {
		at(o, "signatures", func(in object, name string) {
			all, _ := in[name].([]any)
			for i, v := range all {
				all[i] = flipped(text(v))
			}
		})
	})
}
