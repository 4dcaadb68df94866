package conformance

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"regexp"
	"slices"
)

// signDocCases are the requirements of signatures/signDoc (v2.0.0.2 §11.11) on
// who signs what. Those on how it is signed are in signDocParameterCases.
var signDocCases = []Case{
	{ID: "signDoc/digest", Check: "CSC-DOC-001", Ref: refTo(methodSignDoc), Level: Optional, Needs: signing(Signer, FormatC),
		Says: "the hash of a document gets a signature beside it",
		Run:  signsDoc(false, beside)},
	{ID: "signDoc/document", Check: "CSC-DOC-002", Ref: refTo(methodSignDoc), Level: Optional, Needs: signing(Signer, FormatC),
		Says: "a document gets a signature with it inside",
		Run:  signsDoc(true, inside, in("documents", with("signed_envelope_property", "Attached")))},
	{ID: "signDoc/neither", Check: "CSC-DOC-003", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "without documents and hashes the call is refused",
		Run:  docRefused("", bad("Empty documentDigests and documents objects"), without("documentDigests"))},
	{ID: "signDoc/both", Check: "CSC-DOC-004", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "with both it is refused too",
		Run: func(ctx context.Context, t *Target) error {
			return t.refusesSpareOf(ctx, methodSignDoc, "", func(g *grant) Object {
				one := g.ofOne()
				return one.byDigests(with("documents", t.stock.byDocuments(one)["documents"]))
			}, bad("Both documentDigests and documents parameters passed"))
		}},
	{ID: "signDoc/digests-string", Check: "CSC-DOC-005", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "documentDigests as a string are refused",
		Run:  docRefused("", bad("Invalid object parameter documentDigests"), with("documentDigests", "text"))},
	{ID: "signDoc/documents-object", Check: "CSC-DOC-006", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "documents as an object are refused",
		Run:  documentRefused(bad("Invalid array parameter documents"), with("documents", Object{}))},
	{ID: "signDoc/nobody", Check: "CSC-DOC-007", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "with neither credentialID nor signatureQualifier the call is refused",
		Run:  docRefused("", refused(), without("credentialID"))},
	{ID: "signDoc/qualifier", Check: "CSC-DOC-008", Ref: refTo(methodSignDoc), Level: Optional, Needs: web(Qualified, FormatC),
		Says: "a signatureQualifier stands for the credential that was authorized for it",
		Run:  byQualifier(func(own string) []change { return []change{without("credentialID"), with("signatureQualifier", own)} })},
	{ID: "signDoc/qualifier-and-id", Check: "CSC-DOC-009", Ref: refTo(methodSignDoc), Level: Must, Needs: web(Qualified, FormatC),
		Says: "both may be there, if they agree",
		Run:  byQualifier(func(own string) []change { return []change{with("signatureQualifier", own)} })},
	{ID: "signDoc/qualifier-of-another", Check: "CSC-DOC-010", Ref: refTo(methodSignDoc), Level: Doubt, Needs: signing(Signer, FormatC),
		Says: "a signatureQualifier that is not the credential's is refused",
		Run:  docRefused("", refused(), with("signatureQualifier", "eu_eidas_aeseal"))},
	{ID: "signDoc/sad-missing", Check: "CSC-DOC-011", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "an access token of scope service alone signs nothing",
		Run:  docRefused("", missingString("SAD"), without("SAD"))},
	{ID: "signDoc/sad-unknown", Check: "CSC-DOC-012", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "a SAD the server did not make is refused",
		Run:  docRefused("", badSAD(), with("SAD", rand.Text()))},
	{ID: "signDoc/sad-expired", Check: "CSC-DOC-013", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC, Patience),
		Says: "a SAD is refused once it has expired",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.t.obtain(ctx, signerRole(t), t.stock.digests(1)...)
			if err != nil {
				return err
			}
			if err := t.outlast(ctx, "a SAD", g.life); err != nil {
				return err
			}
			return t.ask(ctx, methodSignDoc, g.byDigests()).want(expiredSAD())
		}},
	{ID: "signDoc/unauthorized-digest", Check: "CSC-DOC-016", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "at SCAL 2 a hash the SAD does not cover is refused",
		Run:  docRefused("", notAgreed(), in("documentDigests", with("hashes", encode(newDigests(1)...))))},
	{ID: "signDoc/unauthorized-document", Check: "CSC-DOC-017", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "so is a document",
		Run:  documentRefused(notAgreed(), in("documents", with("document", base64.StdEncoding.EncodeToString([]byte(rand.Text())))))},
	{ID: "signDoc/one-byte", Check: "CSC-DOC-018", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "the server hashes documents itself: with one byte changed it is another",
		Run: func(ctx context.Context, t *Target) error {
			return t.refusesSpareOf(ctx, methodSignDoc, "", func(g *grant) Object {
				one := g.ofOne()
				text := slices.Clone(t.stock.document(one.digests[0]))
				text[len(text)-1] ^= 1
				return t.stock.byDocuments(one, in("documents", with("document", base64.StdEncoding.EncodeToString(text))))
			}, notAgreed())
		}},
	{ID: "signDoc/more-than-authorized", Check: "CSC-DOC-053", Ref: Ref{methodSignDoc, "9"}, Level: Must, Needs: signing(Signer, FormatC),
		Says: "more hashes than were authorized are refused",
		Run: func(ctx context.Context, t *Target) error {
			return t.refusesSpareOf(ctx, methodSignDoc, "", func(g *grant) Object {
				more := *g
				more.digests = append(slices.Clone(g.digests), g.digests[0])
				return more.byDigests()
			}, notAgreed())
		}},
	{ID: "signDoc/certificate-expired", Check: "CSC-DOC-054", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(RoleExpired, Signer, FormatC),
		Says: "nothing is signed when the certificate has expired",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.late(ctx)
			if err != nil {
				return err
			}
			id := t.Fixtures.holders(roleExpired)[0].Credential.ID
			algo, err := t.stock.algorithm(ctx, id)
			if err != nil {
				return err
			}
			return t.ask(ctx, methodSignDoc, g.ofOne().byDigests(with("credentialID", id), in("documentDigests", with("signAlgo", algo)))).want(expiredKey())
		}},
	{ID: "signDoc/client-data-number", Check: "CSC-DOC-055", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "clientData that is no string is refused",
		Run:  docRefused("", bad("Invalid parameter clientData"), with("clientData", 5))},
	{ID: "signDoc/malformed-header", Check: "CSC-DOC-056", Ref: refTo(methodSignDoc), Level: Must,
		Says: "an Authorization header that is none is refused",
		Run: func(ctx context.Context, t *Target) error {
			return malformed(ctx, t, methodSignDoc).want(malformedHeader())
		}},
}

// notAgreed is what the text has two answers for: 400, and 403 with invalid_hash.
func notAgreed() refusal {
	return refusal{status: []int{400, 403}, code: []string{"invalid_request", "invalid_hash"}}
}

// byQualifier signs with a token for a credential that has a qualifier.
func byQualifier(changes func(own string) []change) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		g, err := t.stock.t.tokenToSign(ctx, t.stock.digests(1)...)
		if err != nil {
			return err
		}
		o, err := t.stock.describe(ctx, g.Credential.ID)
		if err != nil {
			return err
		}
		own, _ := o.str("signatureQualifier")
		if own == "" {
			return unprovided("the credential with role code has no signatureQualifier")
		}
		body := g.byDigests(append(changes(own), without("SAD"))...)
		_, err = t.envelopes(ctx, g, t.post(ctx, methodSignDoc, g.sad, body), beside)
		return err
	}
}

// signDocParameterCases are the requirements of signatures/signDoc on formats,
// levels and algorithms.
var signDocParameterCases = []Case{
	{ID: "signDoc/digest-not-base64", Check: "CSC-DOC-014", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "a hash that is not Base64 is refused",
		Run:  docRefused("", bad("Invalid Base64 hashes string parameter"), in("documentDigests", with("hashes", []string{"***"})))},
	{ID: "signDoc/document-not-base64", Check: "CSC-DOC-015", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "so is a document",
		Run:  documentRefused(bad("Invalid Base64 documents string parameter"), in("documents", with("document", "***")))},
	{ID: "signDoc/algo-missing", Check: "CSC-DOC-019", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "without signAlgo the call is refused",
		Run:  docRefused("", missingString("signAlgo"), in("documentDigests", without("signAlgo")))},
	{ID: "signDoc/algo-unknown", Check: "CSC-DOC-020", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "a signAlgo that is none is refused",
		Run:  docRefused("", badAlgo(), in("documentDigests", with("signAlgo", "1.2.3")))},
	{ID: "signDoc/hash-oid-contradicted", Check: "CSC-DOC-021", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "a hashAlgorithmOID that contradicts signAlgo is refused",
		Run: docRefused("", bad("String parameter hashAlgorithmOID contradicts with signAlgo parameter"),
			in("documentDigests", with("hashAlgorithmOID", oidSHA512), with("hashes", encode(make([]byte, 64)))))},
	{ID: "signDoc/hash-oid-unknown", Check: "CSC-DOC-022", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "a hashAlgorithmOID that is none is refused",
		Run:  docRefused("", badHashOID(), in("documentDigests", with("hashAlgorithmOID", "1.2.3")))},
	{ID: "signDoc/hash-length", Check: "CSC-DOC-023", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "31 bytes are no SHA-256 hash",
		Run:  docRefused("", badLength(), in("documentDigests", with("hashes", encode(make([]byte, 31)))))},
	{ID: "signDoc/format-missing", Check: "CSC-DOC-024", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "a document without signature_format is refused",
		Run:  documentRefused(missingString("signature_format"), in("documents", without("signature_format")))},
	{ID: "signDoc/format-unknown", Check: "CSC-DOC-025", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "a signature_format that is none is refused",
		Run:  docRefused("", badFormat(), in("documentDigests", with("signature_format", "Z")))},
	{ID: "signDoc/format-not-offered", Check: "CSC-DOC-026", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "so is one that info does not name",
		Run: func(ctx context.Context, t *Target) error {
			offered, _ := t.claims(ctx).object("signature_formats").strings("formats")
			i := slices.IndexFunc(formats, func(f string) bool { return !slices.Contains(offered, f) })
			if i < 0 {
				return unclaimed("info names all formats")
			}
			return docRefused("", badFormat(), in("documentDigests", with("signature_format", formats[i]), without("signed_envelope_property")))(ctx, t)
		}},
	{ID: "signDoc/level-default", Check: "CSC-DOC-027", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "without conformance_level it is the baseline's B: no time-stamp",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.voucher(ctx, signerRole(t))
			if err != nil {
				return err
			}
			a := t.ask(ctx, methodSignDoc, g.byDigests(in("documentDigests", without("conformance_level"))))
			all, err := t.envelopes(ctx, g, a, beside)
			if err == nil && stamped(all[0]) {
				return unmet("the signature has a time-stamp nobody asked for")
			}
			return err
		}},
	{ID: "signDoc/level-spelling", Check: "CSC-DOC-028", Ref: refTo(methodSignDoc), Level: Doubt, Needs: signing(Signer, FormatC),
		Says: "the level is spelt as in the table, Ades-B-B, too",
		Run:  signsDoc(false, beside, in("documentDigests", with("conformance_level", "Ades-B-B")))},
	{ID: "signDoc/level-unknown", Check: "CSC-DOC-029", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "a conformance_level that is none is refused",
		Run:  docRefused("", bad("Invalid parameter conformance_level"), in("documentDigests", with("conformance_level", "B-XX")))},
	{ID: "signDoc/envelope-default", Check: "CSC-DOC-032", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "without signed_envelope_property the document of a CAdES signature is attached",
		Run:  signsDoc(true, inside)},
	{ID: "signDoc/envelope-of-another", Check: "CSC-DOC-033", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "a signed_envelope_property of another format is refused",
		Run:  docRefused("", bad("Invalid parameter signed_envelope_property"), in("documentDigests", with("signed_envelope_property", "Enveloped")))},
	{ID: "signDoc/detached", Check: "CSC-DOC-034", Ref: refTo(methodSignDoc), Level: Optional, Needs: signing(Signer, FormatC),
		Says: "a detached CAdES signature has no content",
		Run:  signsDoc(true, beside, in("documents", with("signed_envelope_property", "Detached")))},
	{ID: "signDoc/attached", Check: "CSC-DOC-035", Ref: refTo(methodSignDoc), Level: Optional, Needs: signing(Signer, FormatC),
		Says: "an attached one has the document",
		Run:  signsDoc(true, inside, in("documents", with("signed_envelope_property", "Attached")))},
	{ID: "signDoc/verifies", Check: "CSC-DOC-040", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "the signature verifies with the credential's certificate, which stands in what is signed",
		Run:  signsDoc(false, beside)},
	{ID: "signDoc/props-unknown", Check: "CSC-DOC-043", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "a signed attribute that is none is refused, and named",
		Run: docRefused("", refusal{status: []int{400}, code: []string{"invalid_request"}, pattern: regexp.MustCompile(`^Invalid parameter signed_props \(.*no-such-attribute.*\)$`)},
			in("documentDigests", with("signed_props", []Object{{"attribute_name": "no-such-attribute"}})))},
	{ID: "signDoc/props-not-base64", Check: "CSC-DOC-044", Ref: refTo(methodSignDoc), Level: Doubt, Needs: signing(Signer, FormatC),
		Says: "the value of one that is not Base64 is refused",
		Run: docRefused("", refused(),
			in("documentDigests", with("signed_props", []Object{{"attribute_name": "mime-type", "attribute_value": "***"}})))},
	{ID: "signDoc/no-validation-info", Check: "CSC-DOC-045", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "validationInfo is not sent unless it is asked for",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.voucher(ctx, signerRole(t))
			if err != nil {
				return err
			}
			a := t.ask(ctx, methodSignDoc, g.byDigests())
			o, err := a.WantOK()
			if err == nil && o.has("validationInfo") {
				return a.unlike("no validationInfo")
			}
			return err
		}},
	{ID: "signDoc/mode-a", Check: "CSC-DOC-050", Ref: refTo(methodSignDoc), Level: Optional, Needs: signing(Signer, FormatC, Asynchronous),
		Says: "operationMode A brings a responseID, and no signature",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.voucher(ctx, signerRole(t))
			if err != nil {
				return err
			}
			a := t.ask(ctx, methodSignDoc, g.byDigests(later()))
			if o, _ := a.Object(); o.has(beside) {
				return a.unlike("no signature in mode A")
			}
			_, err = responseID(a)
			return err
		}},
	{ID: "signDoc/several", Check: "CSC-DOC-052", Ref: refTo(methodSignDoc), Level: Must, Needs: signing(Signer, FormatC),
		Says: "several hashes alike get a signature each, in their order",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.t.obtain(ctx, signerRole(t), t.stock.digests(2)...)
			if err != nil {
				return err
			}
			_, err = t.envelopes(ctx, g, t.ask(ctx, methodSignDoc, g.byDigests()), beside)
			return err
		}},
	{ID: "signDoc/hashes-string", Check: "CSC-DOC-057", Ref: refTo(methodSignDoc), Level: Doubt, Needs: signing(Signer, FormatC),
		Says: "hashes as a string, as the text's sample has them, are refused",
		Run: func(ctx context.Context, t *Target) error {
			return t.refusesSpareOf(ctx, methodSignDoc, "", func(g *grant) Object {
				one := g.ofOne()
				return one.byDigests(in("documentDigests", with("hashes", encode(one.digests...)[0])))
			}, refused())
		}},
	{ID: "signDoc/creation-request", Check: "CSC-DOC-058", Ref: refTo(methodSignDoc), Level: Doubt, Needs: signing(Signer, FormatC),
		Says: "the form of v2.2, a signatureCreationRequest with adesParameters, is taken",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.voucher(ctx, signerRole(t))
			if err != nil {
				return err
			}
			body := g.byDigests(without("documentDigests"), with("signatureCreationRequest", Object{
				"hashes": encode(g.digests...), "hashAlgorithmOID": oidSHA256,
				"adesParameters":   Object{"signature_format": "C", "conformance_level": "AdES-B-B", "signed_envelope_property": "Detached"},
				"signingAlgorithm": Object{"signAlgo": g.algo},
			}))
			_, err = t.envelopes(ctx, g, t.ask(ctx, methodSignDoc, body), beside)
			return err
		}},
}

func badFormat() refusal { return bad("Invalid parameter signature_format") }
