package faults

import (
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"slices"
)

// signHash are faults of signatures/signHash but for those with algorithms.
func signHash() []Fault {
	const m = methodSignHash
	drop := func(name string) answer { return forgives(to(m, lacks(name))) }
	badSAD := described("Invalid parameter SAD")
	hashes := func(value string) answer { return forgives(to(m, is("hashes", value))) }
	return []Fault{
		{Case: "signHash/one", Says: "sends nothing", Answer: puts(m, "signatures", []string{})},
		{Case: "signHash/one", Says: "calls it signature", Answer: renames(m, "signatures", "signature")},
		{Case: "signHash/verifies", Says: "signs badly", Answer: alters(m, "signatures", flipped)},
		{Case: "signHash/order", Says: "turns the order round", Answer: edits(m, func(o object) { at(o, "signatures", reversed) })},
		{Case: "signHash/order", Says: "signs the first only", Answer: edits(m, func(o object) {
			if all, ok := o["signatures"].([]any); ok {
				o["signatures"] = all[:1]
			}
		})},
		{Case: "signHash/order", Says: "signs the first for all", Answer: edits(m, func(o object) {
			if all, ok := o["signatures"].([]any); ok {
				o["signatures"] = slices.Repeat(all[:1], len(all))
			}
		})},
		{Case: "signHash/sad-missing", Says: "needs no SAD", Answer: drop("SAD")},
		{Case: "signHash/sad-missing", Says: "calls it a bad token", Answer: misstates(to(m, lacks("SAD")), 401, "invalid_token")},
		{Case: "signHash/sad-number", Says: "breaks on a number", Answer: breaks(to(m, is("SAD", "5")))},
		{Case: "signHash/sad-unknown", Says: "takes any SAD", Answer: forgives(to(m, badSAD))},
		{Case: "signHash/sad-of-another-credential", Says: "takes a SAD for all credentials", Answer: forgives(to(m, badSAD))},
		{Case: "signHash/sad-of-another-user", Says: "takes a SAD for all users", Answer: forgives(to(m))},
		{Case: "signHash/sad-of-another-client", Says: "takes a SAD from all clients", Answer: forgives(to(m))},
		{Case: "signHash/sad-expired", Says: "takes a SAD for ever", Answer: forgives(to(m))},
		{Case: "signHash/id-missing", Says: "knows the credential from the SAD", Answer: drop("credentialID")},
		{Case: "signHash/id-unknown", Says: "overlooks the credentialID", Answer: forgives(to(m, described("Invalid parameter credentialID")))},
		{Case: "signHash/hashes-missing", Says: "signs nothing", Answer: drop("hashes")},
		{Case: "signHash/hashes-string", Says: "signs text", Answer: hashes(`"text"`)},
		{Case: "signHash/hashes-empty", Says: "signs nothing", Answer: hashes(`[]`)},
		{Case: "signHash/hash-not-base64", Says: "signs anything", Answer: hashes(`["***"]`)},
		{Case: "signHash/hash-number", Says: "breaks on a number", Answer: breaks(to(m, is("hashes", "[5]")))},
		{Case: "signHash/hash-length", Says: "signs any length", Answer: forgives(to(m, says("AAAAAAAA")))},
		{Case: "signHash/hash-length-of-another", Says: "signs any length", Answer: forgives(to(m, says("AAAAAAAA")))},
		{Case: "signHash/unauthorized-hash", Says: "signs any hash", Answer: forgives(to(m, described("Hash is not authorized by the SAD.")))},
		{Case: "signHash/unauthorized-hash", Says: "forbids it", Answer: misstates(to(m, described("Hash is not authorized by the SAD.")), 403, "invalid_hash")},
		{Case: "signHash/unauthorized-among-others", Says: "looks at the first hash only", Answer: forgives(to(m, described("Hash is not authorized by the SAD.")))},
		{Case: "signHash/more-than-authorized", Says: "does not count", Answer: forgives(to(m))},
		{Case: "signHash/sad-spent", Says: "takes a SAD again", Answer: forgives(to(m))},
		{Case: "signHash/one-by-one", Says: "signs once", Answer: turnsAfter(1, to(m))},
		{Case: "signHash/one-by-one", Says: "repeats itself", Answer: repeats(m)},
		{Case: "signHash/several-calls", Says: "takes a SAD again", Answer: forgives(to(m))},
		{Case: "signHash/hash-twice", Says: "signs twice what was authorized once", Answer: forgives(to(m))},
		{Case: "signHash/hash-twice-authorized", Says: "counts equal hashes as one", Answer: edits(m, func(o object) {
			if all, ok := o["signatures"].([]any); ok {
				o["signatures"] = all[:1]
			}
		})},
		{Case: "signHash/at-once", Says: "lets all win", Answer: forgives(to(m))},
		{Case: "signHash/at-once", Says: "lets nobody win", Answer: refuses(to(m))},
		{Case: "signHash/certificate-expired", Says: "signs for ever", Answer: forgives(to(m))},
		{Case: "signHash/certificate-expired", Says: "breaks", Answer: breaks(to(m))},
		{Case: "signHash/disabled-since", Says: "signs all the same", Answer: forgives(to(m))},
		{Case: "signHash/client-data-number", Says: "takes a number", Answer: forgives(to(m, is("clientData", "5")))},
		{Case: "signHash/malformed-header", Says: "takes it for a bad token", Answer: misstates(to(m, authorization("Foo abc")), 401, "invalid_token")},
		{Case: "signHash/mode-s", Says: "knows no operationMode", Answer: refuses(to(m, is("operationMode", `"S"`)))},
		{Case: "signHash/mode-unknown", Says: "overlooks operationMode", Answer: forgives(to(m, is("operationMode", `"X"`)))},
		{Case: "signHash/mode-a-unsupported", Says: "overlooks operationMode", Answer: forgives(to(m, is("operationMode", `"A"`)))},
		{Case: "signHash/validity-ignored", Says: "looks at validity_period", Answer: refuses(to(m, has("validity_period")))},
		{Case: "signHash/response-uri-ignored", Says: "looks at response_uri", Answer: refuses(to(m, has("response_uri")))},
		{Case: "signHash/v1-names", Says: "knows the names of v1", Answer: forgives(to(m, has("hash")))},
	}
}

// signHashAlgorithms are faults of signatures/signHash with algorithms.
func signHashAlgorithms() []Fault {
	const m = methodSignHash
	with := func(algo string, more ...when) when { return to(m, append(more, is("signAlgo", `"`+algo+`"`))...) }
	const (
		rsa       = "1.2.840.113549.1.1.1"
		pss       = "1.2.840.113549.1.1.10"
		rsaSHA256 = "1.2.840.113549.1.1.11"
		ecSHA256  = "1.2.840.10045.4.3.2"
	)
	badly := func(w when) answer {
		return editsWhen(w, func(o object) {
			at(o, "signatures", func(in object, name string) {
				all, _ := in[name].([]any)
				for i := range all {
					all[i] = flipped(all[i].(string))
				}
			})
		})
	}
	return []Fault{
		{Case: "signHash/algo-missing", Says: "picks an algorithm", Answer: forgives(to(m, lacks("signAlgo")))},
		{Case: "signHash/algo-unknown", Says: "overlooks what it does not know", Answer: forgives(with("1.2.3"))},
		{Case: "signHash/algo-of-another-key", Says: "signs as it can", Answer: forgives(with(ecSHA256))},
		{Case: "signHash/rsa-without-hash-oid", Says: "guesses the hash", Answer: forgives(with(rsa, lacks("hashAlgorithmOID")))},
		{Case: "signHash/rsa", Says: "signs with another DigestInfo", Answer: badly(with(rsa))},
		{Case: "signHash/rsa-sha256", Says: "wants the hash said twice", Answer: refuses(with(rsaSHA256, lacks("hashAlgorithmOID")))},
		{Case: "signHash/rsa-sha256-redundant", Says: "wants it said once", Answer: refuses(with(rsaSHA256, has("hashAlgorithmOID")))},
		{Case: "signHash/rsa-sha256-contradicted", Says: "signs something", Answer: forgives(with(rsaSHA256, has("hashAlgorithmOID")))},
		{Case: "signHash/ecdsa-sha256", Says: "wants the hash said twice", Answer: refuses(with(ecSHA256, lacks("hashAlgorithmOID")))},
		{Case: "signHash/weak-hash", Says: "signs SHA-1", Answer: forgives(to(m, is("hashAlgorithmOID", `"1.3.14.3.2.26"`)))},
		{Case: "signHash/unknown-hash-oid", Says: "overlooks what it does not know", Answer: forgives(to(m, is("hashAlgorithmOID", `"1.2.3"`)))},
		{Case: "signHash/pss-without-params", Says: "guesses the parameters", Answer: forgives(with(pss, lacks("signAlgoParams")))},
		{Case: "signHash/pss", Says: "does as it likes", Answer: badly(with(pss))},
		{Case: "signHash/pss-longest-salt", Says: "has its own salt", Answer: badly(with(pss))},
		{Case: "signHash/pss-without-null", Says: "wants the NULL", Answer: refuses(with(pss))},
		{Case: "signHash/pss-garbage", Says: "overlooks parameters", Answer: forgives(to(m, is("signAlgoParams", `"AAAA"`)))},
		{Case: "signHash/pss-contradicted", Says: "overlooks parameters", Answer: forgives(with(pss))},
		{Case: "signHash/ecdsa-der", Says: "puts the numbers side by side", Answer: alters(m, "signatures", sideBySide)},
	}
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
