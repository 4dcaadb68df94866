package conformance

import "context"

// signHashAlgorithmCases are those of signatures/signHash on signAlgo,
// signAlgoParams and hashAlgorithmOID.
var signHashAlgorithmCases = []Case{
	{ID: "signHash/algo-missing", Check: "CSC-HASH-024", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "without signAlgo the call is refused",
		Run:  signRefused("", missingString("signAlgo"), without("signAlgo"))},
	{ID: "signHash/algo-unknown", Check: "CSC-HASH-025", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "a signAlgo nobody knows is refused",
		Run:  signRefused("", badAlgo(), with("signAlgo", "1.2.3"))},
	{ID: "signHash/algo-of-another-key", Check: "CSC-HASH-026", Ref: refTo(methodSignHash), Level: Must, Needs: signing(RoleRSA),
		Says: "an RSA key does not sign by an algorithm of elliptic curves",
		Run:  signRefused(roleRSA, badAlgo(), with("signAlgo", oidECSHA256))},
	{ID: "signHash/rsa-without-hash-oid", Check: "CSC-HASH-027", Ref: refTo(methodSignHash), Level: Must, Needs: signing(RoleRSA),
		Says: "rsaEncryption fixes no hash, so hashAlgorithmOID must be there",
		Run:  signRefused(roleRSA, missingString("hashAlgorithmOID"), with("signAlgo", oidRSA))},
	{ID: "signHash/rsa", Check: "CSC-HASH-028", Ref: refTo(methodSignHash), Level: Must, Needs: signing(RoleRSA),
		Says: "rsaEncryption with a hash OID is PKCS #1 v1.5 over a DigestInfo with that hash",
		Run:  signs(just(roleRSA), plainSHA256(), with("signAlgo", oidRSA), with("hashAlgorithmOID", oidSHA256))},
	{ID: "signHash/rsa-sha256", Check: "CSC-HASH-029", Ref: refTo(methodSignHash), Level: Must, Needs: signing(RoleRSA),
		Says: "sha256WithRSAEncryption needs no hash OID",
		Run:  signs(just(roleRSA), plainSHA256(), with("signAlgo", oidRSASHA256))},
	{ID: "signHash/rsa-sha256-redundant", Check: "CSC-HASH-030", Ref: refTo(methodSignHash), Level: Must, Needs: signing(RoleRSA),
		Says: "and bears one that says the same",
		Run:  signs(just(roleRSA), plainSHA256(), with("signAlgo", oidRSASHA256), with("hashAlgorithmOID", oidSHA256))},
	{ID: "signHash/rsa-sha256-contradicted", Check: "CSC-HASH-031", Ref: refTo(methodSignHash), Level: Doubt, Needs: signing(RoleRSA),
		Says: "one that says otherwise is ignored or refused; nothing is signed by it",
		Run:  contradicted},
	{ID: "signHash/ecdsa-sha256", Check: "CSC-HASH-032", Ref: refTo(methodSignHash), Level: Must, Needs: signing(RoleEC),
		Says: "ecdsa-with-SHA256 needs no hash OID",
		Run:  signs(just(roleEC), plainSHA256(), with("signAlgo", oidECSHA256))},
	{ID: "signHash/weak-hash", Check: "CSC-HASH-033", Ref: refTo(methodSignHash), Level: Must, Needs: signing(RoleRSA),
		Says: "hashes of SHA-1 are not signed",
		Run: signRefused(roleRSA, badHashOID(), with("signAlgo", oidRSA), with("hashAlgorithmOID", oidSHA1),
			with("hashes", encode(make([]byte, 20))))},
	{ID: "signHash/unknown-hash-oid", Check: "CSC-HASH-034", Ref: refTo(methodSignHash), Level: Must, Needs: signing(RoleRSA),
		Says: "a hashAlgorithmOID nobody knows is refused",
		Run:  signRefused(roleRSA, badHashOID(), with("signAlgo", oidRSA), with("hashAlgorithmOID", "1.2.3"))},
	{ID: "signHash/pss-without-params", Check: "CSC-HASH-035", Ref: refTo(methodSignHash), Level: Must, Needs: signing(RoleRSA, PSS),
		Says: "RSASSA-PSS without its parameters is refused",
		Run:  signRefused(roleRSA, missingString("signAlgoParams"), with("signAlgo", oidPSS), with("hashAlgorithmOID", oidSHA256))},
	{ID: "signHash/pss", Check: "CSC-HASH-036", Ref: refTo(methodSignHash), Level: Optional, Needs: signing(RoleRSA, PSS),
		Says: "RSASSA-PSS obeys its parameters: hash, mask generation and a salt as long as the hash",
		Run:  signs(just(roleRSA), pssSHA256(), pss(newPSS(oidSHA256, 32, true))...)},
	{ID: "signHash/pss-longest-salt", Check: "CSC-HASH-036", Ref: refTo(methodSignHash), Level: Optional, Needs: signing(RoleRSA, PSS),
		Says: "and a salt as long as the key allows",
		Run:  longestSalt},
	{ID: "signHash/pss-without-null", Check: "CSC-HASH-037", Ref: refTo(methodSignHash), Level: Doubt, Needs: signing(RoleRSA, PSS),
		Says: "the parameters may leave out the NULL behind the hash's OID",
		Run:  signs(just(roleRSA), pssSHA256(), pss(newPSS(oidSHA256, 32, false))...)},
	{ID: "signHash/pss-garbage", Check: "CSC-HASH-038", Ref: refTo(methodSignHash), Level: Doubt, Needs: signing(RoleRSA, PSS),
		Says: "parameters that are none are refused",
		Run:  signRefused(roleRSA, refused(), pss("AAAA")...)},
	{ID: "signHash/pss-contradicted", Check: "CSC-HASH-039", Ref: refTo(methodSignHash), Level: Doubt, Needs: signing(RoleRSA, PSS),
		Says: "so are parameters with another hash than hashAlgorithmOID",
		Run:  signRefused(roleRSA, refused(), pss(newPSS(oidSHA384, 48, true))...)},
	{ID: "signHash/ecdsa-der", Check: "CSC-HASH-040", Ref: refTo(methodSignHash), Level: Doubt, Needs: signing(RoleEC),
		Says: "an ECDSA signature is a DER sequence of two integers",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.voucher(ctx, roleEC)
			if err != nil {
				return err
			}
			all, err := signatures(t.ask(ctx, methodSignHash, g.body()), 1)
			if err != nil {
				return err
			}
			if _, _, err := parseECDSA(all[0]); err != nil {
				return unmet("the signature is %v", err)
			}
			return nil
		}},
}

// pss are the changes that ask for RSASSA-PSS over SHA-256 hashes.
func pss(params string) []change {
	return []change{with("signAlgo", oidPSS), with("hashAlgorithmOID", oidSHA256), with("signAlgoParams", params)}
}

// just is a role that does not depend on the target.
func just(role string) func(*Target) string { return func(*Target) string { return role } }
