package conformance

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
)

// authorizeCases are the requirements of credentials/authorize (v2.0.0.2
// §11.6) for credentials of mode explicit that are proved in one call.
var authorizeCases = []Case{
	{ID: "authorize/explicit", Check: "CSC-AUTH-001", Ref: refTo(methodAuthorize), Level: Must, Needs: viaSigner,
		Says: "the right proof gets an authorization",
		Run:  func(ctx context.Context, t *Target) error { _, err := t.firstGrant(ctx).WantOK(); return err }},
	{ID: "authorize/sad", Check: "CSC-AUTH-002", Ref: refTo(methodAuthorize), Level: Must, Needs: viaSigner,
		Says: "it comes as the string SAD",
		Run: func(ctx context.Context, t *Target) error {
			a := t.firstGrant(ctx)
			o, err := a.WantOK()
			if sad, _ := o.str("SAD"); err == nil && sad == "" {
				return a.unlike("a SAD")
			}
			return err
		}},
	{ID: "authorize/expires-in-name", Check: "CSC-AUTH-003", Ref: refTo(methodAuthorize), Level: Must, Needs: viaSigner,
		Says: "its life is in expiresIn or, unsaid, 3600 seconds; no other member speaks of it",
		Run: func(ctx context.Context, t *Target) error {
			a := t.firstGrant(ctx)
			o, err := a.WantOK()
			for name := range o {
				if folded := strings.ToLower(strings.ReplaceAll(name, "_", "")); folded == "expiresin" && name != "expiresIn" {
					return a.unlike("expiresIn, not %s", name)
				}
			}
			return err
		}},
	{ID: "authorize/expires-in", Check: "CSC-AUTH-004", Ref: refTo(methodAuthorize), Level: Must, Needs: viaSigner,
		Says: "expiresIn, where it is given, is a number of seconds greater than zero",
		Run: func(ctx context.Context, t *Target) error {
			a := t.firstGrant(ctx)
			o, err := a.WantOK()
			if n, ok := o.integer("expiresIn"); err == nil && o.has("expiresIn") && (!ok || n <= 0) {
				return a.unlike("expiresIn to be a number above zero")
			}
			return err
		}},
	{ID: "authorize/no-token", Check: "CSC-AUTH-005", Ref: refTo(methodAuthorize), Level: Must, Needs: viaSigner,
		Says: "without an access token nothing is authorized, however good the proof",
		Run: func(ctx context.Context, t *Target) error {
			a, err := t.asking(ctx, signerRole(t), newDigests(1)...)
			if err != nil {
				return err
			}
			answer := t.post(ctx, methodAuthorize, "", a.body)
			t.note(a, answer)
			return answer.want(refusal{status: []int{400, 401}})
		}},
	{ID: "authorize/id-missing", Check: "CSC-AUTH-006", Ref: refTo(methodAuthorize), Level: Must, Needs: viaSigner,
		Says: "without credentialID the call is refused",
		Run:  authorizeRefused("", missingString("credentialID"), without("credentialID"))},
	{ID: "authorize/id-unknown", Check: "CSC-AUTH-007", Ref: refTo(methodAuthorize), Level: Must, Needs: viaSigner,
		Says: "a credentialID that is nobody's is refused",
		Run:  authorizeRefused("", bad("Invalid parameter credentialID"), with("credentialID", rand.Text()))},
	{ID: "authorize/disabled", Check: "CSC-AUTH-008", Ref: refTo(methodAuthorize), Level: Must, Needs: []Feature{Client, RoleDisabled},
		Says: "a disabled credential authorizes nothing",
		Run:  authorizeRefused(roleDisabled, bad("The credential identified by credentialID is disabled"))},
	{ID: "authorize/count-missing", Check: "CSC-AUTH-009", Ref: refTo(methodAuthorize), Level: Must, Needs: viaSigner,
		Says: "without numSignatures the call is refused",
		Run:  authorizeRefused("", badCount(), without("numSignatures"))},
	{ID: "authorize/count-string", Check: "CSC-AUTH-010", Ref: refTo(methodAuthorize), Level: Must, Needs: viaSigner,
		Says: "numSignatures as a string is refused",
		Run:  authorizeRefused("", badCount(), with("numSignatures", "1"))},
	{ID: "authorize/count-fraction", Check: "CSC-AUTH-011", Ref: refTo(methodAuthorize), Level: Must, Needs: viaSigner,
		Says: "numSignatures with a fraction is refused",
		Run:  authorizeRefused("", badCount(), with("numSignatures", 1.5))},
	{ID: "authorize/count-zero", Check: "CSC-AUTH-012", Ref: refTo(methodAuthorize), Level: Must, Needs: viaSigner,
		Says: "no signatures at all cannot be authorized",
		Run:  authorizeRefused("", bad("Invalid value for parameter numSignatures"), with("numSignatures", 0))},
	{ID: "authorize/count-negative", Check: "CSC-AUTH-013", Ref: refTo(methodAuthorize), Level: Must, Needs: viaSigner,
		Says: "nor fewer than none",
		Run:  authorizeRefused("", bad("Invalid value for parameter numSignatures"), with("numSignatures", -1))},
	{ID: "authorize/count-above", Check: "CSC-AUTH-014", Ref: refTo(methodAuthorize), Level: Must, Needs: viaSigner,
		Says: "one signature more than multisign is refused",
		Run:  countAbove},
	{ID: "authorize/count-full", Check: "CSC-AUTH-015", Ref: refTo(methodAuthorize), Level: Must, Needs: viaSigner,
		Says: "as many signatures as multisign are authorized at once",
		Run: func(ctx context.Context, t *Target) error {
			_, answer, err := t.insist(ctx, signerRole(t), func(h holding) ([][]byte, error) {
				n, err := t.stock.multisign(ctx, h.Credential.ID)
				return newDigests(int(n)), err
			})
			if err != nil {
				return err
			}
			_, err = answer.WantOK()
			return err
		}},
	{ID: "authorize/wrong-proof", Check: "CSC-AUTH-016", Ref: refTo(methodAuthorize), Level: Must, Needs: viaSigner,
		Says: "a wrong value for a factor is refused",
		Run: func(ctx context.Context, t *Target) error {
			answer, _, err := t.wrongProof(ctx)
			if err != nil {
				return err
			}
			return answer.want(badProof())
		}},
	{ID: "authorize/no-proof", Check: "CSC-AUTH-017", Ref: refTo(methodAuthorize), Level: Must, Needs: viaSigner,
		Says: "without authData nothing is authorized",
		Run: badly("", without("authData"), refusal{status: []int{400}, code: []string{"invalid_authentication_data"},
			or: []refusal{refused()}})},
	{ID: "authorize/unknown-object", Check: "CSC-AUTH-023", Ref: Ref{methodAuthorize, "8.3.1.2"}, Level: Doubt, Needs: viaSigner,
		Says: "authData for an object the credential does not have is refused",
		Run:  badly("", alterProof(func(p []Object) []Object { return append(p, Object{"id": "zz", "value": "000000"}) }), refused())},
	{ID: "authorize/object-twice", Check: "CSC-AUTH-024", Ref: Ref{methodAuthorize, "8.3.1.2"}, Level: Doubt, Needs: viaSigner,
		Says: "authData with the same object twice is refused",
		Run:  badly("", alterProof(func(p []Object) []Object { return append(p, p[0]) }), refused())},
	{ID: "authorize/format", Check: "CSC-AUTH-025", Ref: Ref{methodAuthorize, "8.3.1.3"}, Level: Doubt, Needs: viaSigner,
		Says: "letters are no answer to an object of digits",
		Run:  badly("abcdef", func(Object) {}, refused())},
	{ID: "authorize/hashes-missing", Check: "CSC-AUTH-026", Ref: refTo(methodAuthorize), Level: Must, Needs: viaSigner,
		Says: "a credential of SCAL 2 authorizes nothing without hashes",
		Run:  authorizeRefused("", refused(), without("hashes"), without("hashAlgorithmOID"))},
	{ID: "authorize/hashes-fewer", Check: "CSC-AUTH-027", Ref: refTo(methodAuthorize), Level: Doubt, Needs: viaSigner,
		Says: "at SCAL 2 fewer hashes than numSignatures are refused or authorized, and nothing else",
		Run: func(ctx context.Context, t *Target) error {
			_, answer, err := t.insist(ctx, signerRole(t), these(newDigests(1)...), with("numSignatures", 2))
			if err != nil {
				return err
			}
			if answer.Status == 200 {
				return nil
			}
			return answer.want(refused())
		}},
	{ID: "authorize/scal1", Check: "CSC-AUTH-028", Ref: refTo(methodAuthorize), Level: Must, Needs: []Feature{Client, RoleSCAL1},
		Says: "a credential of SCAL 1 needs no hashes",
		Run: func(ctx context.Context, t *Target) error {
			_, err := t.obtain(ctx, roleSCAL1)
			return err
		}},
	{ID: "authorize/hash-oid-missing", Check: "CSC-AUTH-029", Ref: refTo(methodAuthorize), Level: Must, Needs: viaSigner,
		Says: "hashes without hashAlgorithmOID are refused",
		Run:  authorizeRefused("", refused(), without("hashAlgorithmOID"))},
	{ID: "authorize/hash-oid-weak", Check: "CSC-AUTH-030", Ref: Ref{methodAuthorize, "11.10"}, Level: Doubt, Needs: viaSigner,
		Says: "hashes of SHA-1 are refused",
		Run: authorizeRefused("", refused(), with("hashAlgorithmOID", oidSHA1),
			with("hashes", encode(make([]byte, 20))))},
	{ID: "authorize/hash-not-base64", Check: "CSC-AUTH-031", Ref: refTo(methodAuthorize), Level: Doubt, Needs: viaSigner,
		Says: "a hash that is not Base64 is refused",
		Run:  authorizeRefused("", refused(), with("hashes", []string{"***"}))},
	{ID: "authorize/hash-length", Check: "CSC-AUTH-032", Ref: refTo(methodAuthorize), Level: Doubt, Needs: viaSigner,
		Says: "a hash of another length than its algorithm's is refused",
		Run:  authorizeRefused("", refused(), with("hashes", encode(make([]byte, 31))))},
	{ID: "authorize/lock", Check: "CSC-AUTH-037", Ref: refTo(methodAuthorize), Level: Optional, Needs: []Feature{Client, RoleLockable},
		Says: "after wrong values enough no more are judged",
		Run:  locks},
	{ID: "authorize/description-long", Check: "CSC-AUTH-038", Ref: refTo(methodAuthorize), Level: Doubt, Needs: viaSigner,
		Says: "a description of more than 500 characters is refused or cut",
		Run: func(ctx context.Context, t *Target) error {
			_, answer, err := t.insist(ctx, signerRole(t), these(newDigests(1)...), with("description", strings.Repeat("x", 501)))
			if err != nil {
				return err
			}
			if answer.Status == 200 {
				return nil
			}
			return answer.want(refused())
		}},
	{ID: "authorize/malformed-header", Check: "CSC-AUTH-039", Ref: refTo(methodAuthorize), Level: Must,
		Says: "an Authorization header that is none is refused",
		Run: func(ctx context.Context, t *Target) error {
			return malformed(ctx, t, methodAuthorize).want(malformedHeader())
		}},
	{ID: "authorize/proof-not-echoed", Check: "CSC-AUTH-040", Ref: refTo(methodAuthorize), Level: Doubt, Needs: viaSigner,
		Says: "what the signer gave as proof is not in the answer",
		Run: func(ctx context.Context, t *Target) error {
			answer, value, err := t.wrongProof(ctx)
			if err != nil {
				return err
			}
			if strings.Contains(string(answer.Body), value) {
				return unmet("the refusal repeats the value it refuses")
			}
			return answer.Err()
		}},
	{ID: "authorize/code-once", Check: "CSC-AUTH-041", Ref: Ref{methodAuthorize, "8.2"}, Level: Doubt, Needs: viaSigner,
		Says: "a one-time code is good for one authorization",
		Run:  codeOnce},
}

// viaSigner is what a case needs that authorizes, or nearly.
var viaSigner = []Feature{Client, Signer, methodCredentialInfo}

// signerRole is the role cases use that need any credential that can sign.
func signerRole(t *Target) string {
	if t.Fixtures.has(roleEC) {
		return roleEC
	}
	return roleRSA
}

// firstGrant is the answer to one good request, which several cases look at.
func (t *Target) firstGrant(ctx context.Context) *Answer {
	return see(ctx, t, methodAuthorize, func() *Answer {
		_, answer, err := t.insist(ctx, signerRole(t), these(newDigests(1)...))
		if err != nil {
			return &Answer{request: "POST " + methodAuthorize, err: err}
		}
		return answer
	})
}

// authorizeRefused sends a right proof in a request that is wrong otherwise.
// The role "" stands for any credential that can sign.
func authorizeRefused(role string, w refusal, changes ...change) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		of := role
		if of == "" {
			of = signerRole(t)
		}
		_, answer, err := t.insist(ctx, of, these(newDigests(1)...), changes...)
		if err != nil {
			return err
		}
		return answer.want(w)
	}
}

func countAbove(ctx context.Context, t *Target) error {
	_, answer, err := t.insist(ctx, signerRole(t), func(h holding) ([][]byte, error) {
		n, err := t.stock.multisign(ctx, h.Credential.ID)
		return newDigests(int(n) + 1), err
	})
	if err != nil {
		return err
	}
	return answer.want(bad("Numbers of signatures is too high"))
}

// alterProof changes the authData of a request.
func alterProof(alter func([]Object) []Object) change {
	return func(o Object) {
		if proof, _ := o["authData"].([]Object); len(proof) > 0 {
			o["authData"] = alter(append([]Object(nil), proof...))
		}
	}
}

// badly sends a wrong proof: a guess, or a right one changed.
func badly(guess string, c change, w refusal) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		a, err := t.askingToFail(ctx, signerRole(t), guess)
		if err != nil {
			return err
		}
		return t.authorize(ctx, a, c).want(w)
	}
}

// wrongProof is the answer to a wrong value.
func (t *Target) wrongProof(ctx context.Context) (answer *Answer, value string, err error) {
	a, err := t.askingToFail(ctx, signerRole(t), aWrongCode)
	if err != nil {
		return nil, "", err
	}
	proof, _ := a.body["authData"].([]Object)
	if len(proof) == 0 {
		return nil, "", unprovided("the credential asks for no proof")
	}
	value, _ = proof[len(proof)-1].str("value")
	return t.authorize(ctx, a), value, nil
}

// mostFailures is how often the suite lets a signer fail before it says that
// the server does not lock.
const mostFailures = 15

// locks fails until the server has had enough; a server that was brought there
// by an earlier run says so at once.
func locks(ctx context.Context, t *Target) error {
	for range mostFailures {
		a, err := t.askingToFail(ctx, roleLockable, aWrongCode)
		if err != nil {
			return err
		}
		answer := t.authorize(ctx, a)
		if o, _ := answer.Object(); o["error"] != "invalid_authentication_data" {
			return answer.want(bad("Credential locked"))
		}
	}
	return unclaimed(fmt.Sprintf("the server does not lock within %d failures", mostFailures))
}

// codeOnce gives the proof of a good request a second time, at once.
func codeOnce(ctx context.Context, t *Target) error {
	a, answer, err := t.insist(ctx, signerRole(t), these(newDigests(1)...))
	if err != nil {
		return err
	}
	if a.step == 0 {
		return unprovided("the signers prove themselves without one-time codes")
	}
	if _, err := answer.WantOK(); err != nil {
		return err
	}
	a.failing = true
	return t.authorize(ctx, a).want(refused())
}
