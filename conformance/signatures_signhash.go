package conformance

import (
	"context"
	"crypto/rand"
)

// viaAuthorize is what a case needs that signs after credentials/authorize.
var viaAuthorize = []Feature{Client, methodAuthorize, methodCredentialInfo}

func signing(more ...Feature) []Feature { return append(more, viaAuthorize...) }

// signHashCases are the requirements of signatures/signHash (v2.0.0.2 §11.10)
// towards a client with an access token and a SAD. Those on algorithms are in
// signHashAlgorithmCases.
var signHashCases = []Case{
	{ID: "signHash/one", Check: "CSC-HASH-001", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "with a SAD for it, one hash gets one signature",
		Run: func(ctx context.Context, t *Target) error {
			_, a, err := t.signed(ctx)
			if err != nil {
				return err
			}
			_, err = signatures(a, 1)
			return err
		}},
	{ID: "signHash/verifies", Check: "CSC-HASH-002", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "the signature is the certificate's key's over the hash",
		Run: func(ctx context.Context, t *Target) error {
			g, a, err := t.signed(ctx)
			if err != nil {
				return err
			}
			return t.verified(ctx, g, a, plainSHA256())
		}},
	{ID: "signHash/order", Check: "CSC-HASH-003", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "several hashes get their signatures in the order they came in",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.t.obtain(ctx, signerRole(t), newDigests(3)...)
			if err != nil {
				return err
			}
			return t.verified(ctx, g, t.ask(ctx, methodSignHash, g.body()), plainSHA256())
		}},
	{ID: "signHash/sad-missing", Check: "CSC-HASH-006", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "an access token of scope service alone signs nothing",
		Run:  signRefused("", missingString("SAD"), without("SAD"))},
	{ID: "signHash/sad-number", Check: "CSC-HASH-007", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "a SAD that is no string is refused",
		Run:  signRefused("", missingString("SAD"), with("SAD", 5))},
	{ID: "signHash/sad-unknown", Check: "CSC-HASH-008", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "a SAD the server did not make is refused",
		Run:  signRefused("", badSAD(), with("SAD", rand.Text()))},
	{ID: "signHash/sad-of-another-credential", Check: "CSC-HASH-009", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "a SAD for one credential signs with no other of the same signer",
		Run:  otherCredential(func(g *grant, h holding) bool { return h.User.ID == g.User.ID }, badSAD())},
	{ID: "signHash/sad-of-another-user", Check: "CSC-HASH-010", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "a SAD of one signer signs with no other's credential",
		Run:  otherCredential(func(g *grant, h holding) bool { return h.User.ID != g.User.ID }, refused())},
	{ID: "signHash/sad-of-another-client", Check: "CSC-HASH-010", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer, OtherClient),
		Says: "what one client was authorized to, another cannot use",
		Run:  otherClient},
	{ID: "signHash/sad-expired", Check: "CSC-HASH-011", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer, Patience),
		Says: "a SAD is refused once it has expired",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.t.obtain(ctx, signerRole(t), newDigests(1)...)
			if err != nil {
				return err
			}
			if err := t.outlast(ctx, "a SAD", g.life); err != nil {
				return err
			}
			return t.ask(ctx, methodSignHash, g.body()).want(expiredSAD())
		}},
	{ID: "signHash/id-missing", Check: "CSC-HASH-013", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "without credentialID the call is refused",
		Run:  signRefused("", missingString("credentialID"), without("credentialID"))},
	{ID: "signHash/id-unknown", Check: "CSC-HASH-014", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "a credentialID that is nobody's is refused",
		Run:  signRefused("", bad("Invalid parameter credentialID"), with("credentialID", rand.Text()))},
	{ID: "signHash/hashes-missing", Check: "CSC-HASH-015", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "without hashes the call is refused(), in words that still call them hash",
		Run:  signRefused("", missingHashes(), without("hashes"))},
	{ID: "signHash/hashes-string", Check: "CSC-HASH-016", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "hashes as a string are refused",
		Run:  signRefused("", missingHashes(), with("hashes", "text"))},
	{ID: "signHash/hashes-empty", Check: "CSC-HASH-017", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "no hash at all is refused",
		Run:  signRefused("", bad("Empty hash array"), with("hashes", []string{}))},
	{ID: "signHash/hash-not-base64", Check: "CSC-HASH-018", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "a hash that is not Base64 is refused",
		Run:  signRefused("", bad("Invalid Base64 hash string parameter"), with("hashes", []string{"***"}))},
	{ID: "signHash/hash-number", Check: "CSC-HASH-019", Ref: refTo(methodSignHash), Level: Doubt, Needs: signing(Signer),
		Says: "a hash that is no string is refused",
		Run:  signRefused("", refused(), with("hashes", []int{5}))},
	{ID: "signHash/hash-length", Check: "CSC-HASH-020", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "31 bytes are no SHA-256 hash",
		Run:  signRefused("", badLength(), with("hashes", encode(make([]byte, 31))))},
	{ID: "signHash/hash-length-of-another", Check: "CSC-HASH-021", Ref: refTo(methodSignHash), Level: Doubt, Needs: signing(Signer),
		Says: "nor are 48 bytes, though another hash has them",
		Run:  signRefused("", badLength(), with("hashes", encode(make([]byte, 48))))},
	{ID: "signHash/unauthorized-hash", Check: "CSC-HASH-022", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "at SCAL 2 a hash the SAD does not cover is refused",
		Run:  signRefused("", badHash(), with("hashes", encode(newDigests(1)...)))},
	{ID: "signHash/unauthorized-among-others", Check: "CSC-HASH-023", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "with one such hash among those covered, none is signed",
		Run: func(ctx context.Context, t *Target) error {
			return t.refusesSpare(ctx, "", func(g *grant) Object {
				return g.body().but(with("hashes", encode(g.digests[0], newDigests(1)[0])))
			}, badHash())
		}},
	{ID: "signHash/more-than-authorized", Check: "CSC-HASH-041", Ref: Ref{methodSignHash, "9"}, Level: Must, Needs: signing(RoleSCAL1),
		Says: "a SAD for one signature does not make two",
		Run: func(ctx context.Context, t *Target) error {
			return t.refusesSpare(ctx, roleSCAL1, func(g *grant) Object {
				return g.body().but(with("hashes", encode(newDigests(2)...)))
			}, refused())
		}},
	{ID: "signHash/sad-spent", Check: "CSC-HASH-042", Ref: Ref{methodSignHash, "9"}, Level: Must, Needs: signing(Signer),
		Says: "a SAD is dead after the last signature it was for",
		Run:  spentSAD},
	{ID: "signHash/one-by-one", Check: "CSC-HASH-043", Ref: Ref{methodSignHash, "9"}, Level: Must, Needs: signing(Signer),
		Says: "authorizing one hash and signing it works time and again",
		Run: func(ctx context.Context, t *Target) error {
			for range 2 {
				g, err := t.obtain(ctx, signerRole(t), newDigests(1)...)
				if err != nil {
					return err
				}
				if err := t.verified(ctx, g, t.ask(ctx, methodSignHash, g.body()), plainSHA256()); err != nil {
					return err
				}
			}
			return nil
		}},
	{ID: "signHash/several-calls", Check: "CSC-HASH-045", Ref: refTo(methodSignHash), Level: Doubt, Needs: signing(Signer),
		Says: "between two calls on one SAD it has to be renewed",
		Run:  severalCalls},
	{ID: "signHash/extended-between", Check: "CSC-HASH-044", Ref: refTo(methodSignHash), Level: Optional, Needs: append(extending(), methodExtend),
		Says: "between two signatures the authorization may be extended: both are made",
		Run: func(ctx context.Context, t *Target) error {
			s, err := t.extension(ctx)
			if err != nil {
				return err
			}
			_, err = s.newHash.WantOK()
			return err
		}},
	{ID: "signHash/hash-twice", Check: "CSC-HASH-046", Ref: refTo(methodSignHash), Level: Doubt, Needs: signing(Signer),
		Says: "a hash authorized once is not signed twice",
		Run: func(ctx context.Context, t *Target) error {
			return t.refusesSpare(ctx, "", func(g *grant) Object {
				return g.body().but(with("hashes", encode(g.digests[0], g.digests[0])))
			}, refused())
		}},
	{ID: "signHash/hash-twice-authorized", Check: "CSC-HASH-047", Ref: refTo(methodSignHash), Level: Doubt, Needs: signing(Signer),
		Says: "a hash authorized twice is",
		Run: func(ctx context.Context, t *Target) error {
			d := newDigests(1)[0]
			g, err := t.stock.t.obtain(ctx, signerRole(t), d, d)
			if err != nil {
				return err
			}
			return t.verified(ctx, g, t.ask(ctx, methodSignHash, g.body()), plainSHA256())
		}},
	{ID: "signHash/at-once", Check: "CSC-HASH-048", Ref: Ref{methodSignHash, "9"}, Level: Must, Needs: signing(Signer),
		Says: "of several calls at once with a SAD for one signature, one gets it",
		Run:  atOnce},
	{ID: "signHash/certificate-expired", Check: "CSC-HASH-049", Ref: refTo(methodSignHash), Level: Must, Needs: signing(RoleExpired, Signer),
		Says: "nothing is signed when the certificate has expired",
		Run:  expiredCertificate},
	{ID: "signHash/disabled-since", Check: "CSC-HASH-050", Ref: refTo(methodSignHash), Level: Must, Needs: signing(RoleDisposable, Disabling),
		Says: "nothing is signed when the key was disabled after the authorization",
		Run:  disabledSince},
	{ID: "signHash/client-data-number", Check: "CSC-HASH-051", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "clientData that is no string is refused",
		Run:  signRefused("", bad("Invalid parameter clientData"), with("clientData", 5))},
	{ID: "signHash/malformed-header", Check: "CSC-HASH-052", Ref: refTo(methodSignHash), Level: Must,
		Says: "an Authorization header that is none is refused",
		Run: func(ctx context.Context, t *Target) error {
			return malformed(ctx, t, methodSignHash).want(malformedHeader())
		}},
	{ID: "signHash/mode-s", Check: "CSC-HASH-053", Ref: refTo(methodSignHash), Level: Optional, Needs: signing(Signer),
		Says: "operationMode S, the default, brings the signatures at once",
		Run:  signs(signerRole, plainSHA256(), with("operationMode", "S"))},
	{ID: "signHash/mode-unknown", Check: "CSC-HASH-054", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "an operationMode other than A and S is refused",
		Run:  signRefused("", badMode(), with("operationMode", "X"))},
	{ID: "signHash/mode-a-unsupported", Check: "CSC-HASH-056", Ref: refTo(methodSignHash), Level: Doubt, Needs: signing(Signer, Synchronous),
		Says: "a server that only signs at once refuses operationMode A",
		Run:  signRefused("", badMode(), with("operationMode", "A"))},
	{ID: "signHash/validity-ignored", Check: "CSC-HASH-057", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "in mode S validity_period is ignored, whatever it is",
		Run:  signs(signerRole, plainSHA256(), with("operationMode", "S"), with("validity_period", -1))},
	{ID: "signHash/response-uri-ignored", Check: "CSC-HASH-058", Ref: refTo(methodSignHash), Level: Must, Needs: signing(Signer),
		Says: "so is response_uri",
		Run:  signs(signerRole, plainSHA256(), with("operationMode", "S"), with("response_uri", "not a uri"))},
	{ID: "signHash/v1-names", Check: "CSC-HASH-065", Ref: refTo(methodSignHash), Level: Doubt, Needs: signing(Signer),
		Says: "the names of v1, hash and hashAlgo, are not those of v2",
		Run: func(ctx context.Context, t *Target) error {
			return t.refusesSpare(ctx, "", func(g *grant) Object {
				return g.body().but(without("hashes"), with("hash", encode(g.digests[0])), with("hashAlgo", oidSHA256))
			}, refused())
		}},
}
