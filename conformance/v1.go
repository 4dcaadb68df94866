package conformance

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
)

// basePathV1 is what the base URI of a server of v1.0.4.0 ends in (§7.2). Clauses
// in this file are those of that version.
const basePathV1 = "/csc/v1"

// methodSendOTP is v1's alone.
const methodSendOTP = "credentials/sendOTP"

// oldClauses are where the methods' tables stand.
var oldClauses = map[string]string{
	methodOAuth: "8.3.2", methodToken: "8.3.3", methodRevoke: "8.3.4", methodInfo: "11.1", methodList: "11.4",
	methodCredentialInfo: "11.5", methodAuthorize: "11.6", methodSendOTP: "11.8", methodSignHash: "11.9",
}

// old is the clause of a method's own in v1.0.4.0.
func old(method string) Ref { return Ref{method, oldClauses[method] + " of v1.0.4.0"} }

// bothVersions are the cases that ask of a server of v1 what they ask of one of v2.
var bothVersions = []string{
	"general/post-json", "general/not-json", "general/json-charset", "general/wrong-verb", "general/tls12", "general/tls13",
	"general/tls10", "general/tls11", "general/ssl3", "general/http11", "general/error-body", "general/error-description",
	"general/broken-json", "general/not-an-object", "general/duplicate-member", "general/no-token-in-header", "general/no-header",
	"general/unknown-token", "general/bearer-case",
	"list/user-unknown", "credentialInfo/id-missing", "credentialInfo/id-unknown", "credentialInfo/certificates-invalid",
	"authorize/id-missing", "authorize/id-unknown",
	"timestamp/token", "timestamp/hash-missing", "timestamp/hash-empty", "timestamp/hash-length", "timestamp/hash-not-base64",
	"timestamp/algo-unknown", "timestamp/nonce-invalid",
}

// CasesV1 returns the cases for a server of v1.0.4.0: those of v2 that stand there
// too, and v1's own.
func CasesV1() []Case {
	shared := slices.DeleteFunc(Cases(), func(c Case) bool { return !slices.Contains(bothVersions, c.ID) })
	return slices.Concat(shared, oldCases)
}

// viaOld is what a case of v1 needs that signs; viaOldWeb, one whose signer goes to
// the server's pages.
var (
	viaOld    = []Feature{methodCredentialInfo, methodAuthorize, methodSignHash, Client, Signer}
	viaOldWeb = []Feature{Web, RoleCode, Client, methodCredentialInfo}
)

// All returns the cases of both versions, each once.
func All() []Case { return slices.Concat(Cases(), oldCases) }

// sendOTPCases are about v1's method on a server of v2.
var sendOTPCases = []Case{
	{ID: "info/send-otp", Check: "CSC-OTP-006", Ref: refTo(methodInfo), Level: Doubt,
		Says: "credentials/sendOTP, which has no clause in v2.0.0.2, is not announced",
		Run: func(ctx context.Context, t *Target) error {
			if t.lacksMethod(ctx, methodSendOTP) == nil {
				return unmet("info.methods names %s", methodSendOTP)
			}
			return t.info(ctx).Err()
		}},
}

// oldCases are the requirements that v1.0.4.0 has alone, or in other words.
var oldCases = []Case{
	{ID: "v1/base-uri", Check: "CSC-V1-001", Ref: Ref{General, "7.2 of v1.0.4.0"}, Level: Must,
		Says: "the base URI ends in /csc/v1, and info is there",
		Run: func(ctx context.Context, t *Target) error {
			if !strings.HasSuffix(t.Base, basePathV1) {
				return unmet("the base URI is %s", t.Base)
			}
			_, err := t.info(ctx).WantOK()
			return err
		}},
	{ID: "v1/specs", Check: "CSC-V1-002", Ref: old(methodInfo), Level: Must,
		Says: "specs is 1.0.3.0, which the text of v1.0.4.0 prints, or 1.0.4.0",
		Run: func(ctx context.Context, t *Target) error {
			o, err := t.info(ctx).WantOK()
			if specs, _ := o.str("specs"); err == nil && specs != "1.0.3.0" && specs != "1.0.4.0" {
				return t.info(ctx).unlike("specs 1.0.3.0 or 1.0.4.0")
			}
			return err
		}},
	{ID: "v1/list-page", Check: "CSC-LIST-029", Ref: old(methodList), Level: Must, Needs: viaList,
		Says: "maxResults bounds a page, and nextPageToken says that there is another",
		Run: func(ctx context.Context, t *Target) error {
			p := t.firstPage(ctx)
			ids, err := listed(p)
			if o, _ := p.Object(); err == nil && (len(ids) != 1 || !o.has("nextPageToken")) {
				return p.unlike("one of several credentials, and a nextPageToken")
			}
			return err
		}},
	{ID: "v1/list-next-page", Check: "CSC-LIST-030", Ref: old(methodList), Level: Must, Needs: viaList,
		Says: "pageToken gives the rest, none twice and none left out",
		Run:  pagesAreTheList},
	{ID: "v1/list-page-token", Check: "CSC-LIST-031", Ref: old(methodList), Level: Must, Needs: viaList,
		Says: "a pageToken the server did not give is refused",
		Run: func(ctx context.Context, t *Target) error {
			return t.page(ctx, Object{"pageToken": rand.Text()}).want(bad("Invalid parameter pageToken"))
		}},
	{ID: "v1/list-many", Check: "CSC-LIST-032", Ref: old(methodList), Level: Must, Needs: viaList,
		Says: "of a maxResults that is too large the server makes its own",
		Run: func(ctx context.Context, t *Target) error {
			_, err := listed(t.page(ctx, Object{"maxResults": 1_000_000_000}))
			return err
		}},
	{ID: "v1/info-mode", Check: "CSC-CINF-034", Ref: old(methodCredentialInfo), Level: Must, Needs: viaList,
		Says: "authMode is told at top level, with PIN and OTP on request where it is explicit",
		Run:  tellsMode},
	{ID: "v1/info-factors", Check: "CSC-CINF-035", Ref: old(methodCredentialInfo), Level: Must, Needs: viaList,
		Says: "PIN and OTP that may be asked for tell their format, and an OTP its type and ID",
		Run:  tellsFactors},
	{ID: "v1/header", Check: "CSC-GEN-018", Ref: Ref{methodList, "10.1 of v1.0.4.0"}, Level: Must, Needs: viaList,
		Says: "an Authorization header of another form than Bearer and a token is refused",
		Run: func(ctx context.Context, t *Target) error {
			return malformed(ctx, t, methodList).want(bad(longWords))
		}},
	{ID: "v1/signed", Check: "CSC-HASH-066", Ref: old(methodSignHash), Level: Must, Needs: viaOld,
		Says: "what PIN and OTP authorize is signed, under the names of v1",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.oldGrant(ctx, signerRole(t))
			if err != nil {
				return err
			}
			return t.verified(ctx, g, t.ask(ctx, methodSignHash, g.old()), plainSHA256())
		}},
	{ID: "v1/pin-and-otp", Check: "CSC-V1-010", Ref: old(methodAuthorize), Level: Must, Needs: append(viaRole(RoleAnd), methodAuthorize),
		Says: "a PIN and an OTP, as texts, authorize together",
		Run: func(ctx context.Context, t *Target) error {
			_, answer, err := t.oldInsist(ctx, roleAnd)
			if err != nil {
				return err
			}
			return authorizedIn(answer)
		}},
	{ID: "v1/wrong-proof", Check: "CSC-AUTH-043", Ref: old(methodAuthorize), Level: Must, Needs: viaOld,
		Says: "a wrong PIN is an invalid_pin, a wrong OTP an invalid_otp",
		Run:  wrongFactor},
	{ID: "v1/lock", Check: "CSC-AUTH-044", Ref: old(methodAuthorize), Level: Optional, Needs: []Feature{Client, RoleLockable, methodCredentialInfo},
		Says: "after many failures PIN or OTP is locked, and that is told",
		Run:  oldLocks},
	{ID: "v1/hash-missing", Check: "CSC-AUTH-008", Ref: old(methodAuthorize), Level: Must, Needs: viaOld,
		Says: "an authorization of SCAL 2 without hash is refused",
		Run: func(ctx context.Context, t *Target) error {
			a, err := t.oldAsking(ctx, signerRole(t), newDigests(1)...)
			if err != nil {
				return err
			}
			t.stock.codes.show(a.User.ID)
			return t.ask(ctx, methodAuthorize, a.body.but(without("hash"))).want(refused())
		}},
	{ID: "v1/sad-required", Check: "CSC-V1-003", Ref: old(methodSignHash), Level: Must, Needs: viaOld,
		Says: "a signature without SAD is refused",
		Run:  oldRefused(missingString("SAD"), without("SAD"))},
	{ID: "v1/sad-unknown", Check: "CSC-HASH-012", Ref: old(methodSignHash), Level: Must, Needs: viaOld,
		Says: "a SAD the server did not make is refused",
		Run:  oldRefused(badSAD(), with("SAD", "none"))},
	{ID: "v1/sad-spent", Check: "CSC-HASH-042", Ref: old(methodSignHash), Level: Must, Needs: viaOld,
		Says: "a SAD is dead after the last signature it was for",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.t.oldGrant(ctx, signerRole(t))
			if err != nil {
				return err
			}
			if _, err := t.stock.t.ask(ctx, methodSignHash, g.old()).WantOK(); err != nil {
				return err
			}
			return t.ask(ctx, methodSignHash, g.old()).want(refused())
		}},
	{ID: "v1/sad-expired", Check: "CSC-HASH-011", Ref: old(methodSignHash), Level: Must, Needs: append(slices.Clone(viaOld), Patience),
		Says: "a SAD is refused once it has expired",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.t.oldGrant(ctx, signerRole(t))
			if err != nil {
				return err
			}
			if err := t.outlast(ctx, "a SAD", g.life); err != nil {
				return err
			}
			return t.ask(ctx, methodSignHash, g.old()).want(expiredSAD())
		}},
	{ID: "v1/hash-names", Check: "CSC-HASH-016", Ref: old(methodSignHash), Level: Must, Needs: viaOld,
		Says: "a signature without hash is refused, in the name of v1",
		Run:  oldRefused(missingHashes(), without("hash"))},
	{ID: "v1/hash-unauthorized", Check: "CSC-HASH-022", Ref: old(methodSignHash), Level: Must, Needs: viaOld,
		Says: "a hash that the SAD does not cover is refused",
		Run:  oldRefused(badHash(), with("hash", encode(newDigests(1)...)))},
	{ID: "v1/hash-algo-missing", Check: "CSC-V1-008", Ref: old(methodSignHash), Level: Must, Needs: append(slices.Clone(viaOld), RoleRSA),
		Says: "rsaEncryption without hashAlgo is refused",
		Run:  oldRefusedOf(roleRSA, missingString("hashAlgo"), with("signAlgo", oidRSA), without("hashAlgo"))},
	{ID: "v1/hash-algo-invalid", Check: "CSC-V1-009", Ref: old(methodSignHash), Level: Must, Needs: append(slices.Clone(viaOld), RoleRSA),
		Says: "a hashAlgo that is none is refused",
		Run:  oldRefusedOf(roleRSA, bad("Invalid parameter hashAlgo"), with("signAlgo", oidRSA), with("hashAlgo", "1.2.3"))},
	{ID: "v1/without-pkce", Check: "CSC-V1-006", Ref: old(methodOAuth), Level: Must, Needs: viaOldWeb,
		Says: "a code is had without code_challenge",
		Run: func(ctx context.Context, t *Target) error {
			_, _, err := t.oldService(ctx)
			return err
		}},
	{ID: "v1/token-type", Check: "CSC-V1-005", Ref: old(methodToken), Level: Must, Needs: viaOldWeb,
		Says: "the token_type of a token of scope credential is SAD",
		Run: func(ctx context.Context, t *Target) error {
			s := t.oldAgreed(ctx)
			if kind, _ := s.object.str("token_type"); s.err == nil && kind != "SAD" {
				return unmet("the token_type is %q", kind)
			}
			return s.err
		}},
	{ID: "v1/token-as-sad", Check: "CSC-V1-004", Ref: old(methodSignHash), Level: Must, Needs: append(slices.Clone(viaOldWeb), methodSignHash),
		Says: "that token is a SAD: what was agreed to as the parameter hash is signed",
		Run: func(ctx context.Context, t *Target) error {
			g, token, err := t.oldAgreement(ctx)
			if err != nil {
				return err
			}
			return t.verified(ctx, g, t.post(ctx, methodSignHash, token, g.old()), plainSHA256())
		}},
	{ID: "v1/hash-parameter", Check: "CSC-V1-007", Ref: old(methodOAuth), Level: Must, Needs: append(slices.Clone(viaOldWeb), methodSignHash),
		Says: "the parameter hash binds: another hash is refused",
		Run: func(ctx context.Context, t *Target) error {
			g, token, err := t.oldAgreement(ctx)
			if err != nil {
				return err
			}
			return t.post(ctx, methodSignHash, token, g.old().but(with("hash", encode(newDigests(1)...)))).want(badHash())
		}},
	{ID: "v1/refresh-revoked", Check: "CSC-V1-012", Ref: old(methodRevoke), Level: Must, Needs: append(slices.Clone(viaOldWeb), methodList),
		Says: "a refresh token that is revoked takes its access tokens along",
		Run:  refreshTakesAlong},
	{ID: "v1/same-credential", Check: "CSC-V1-014", Ref: old(methodCredentialInfo), Level: Doubt, Needs: viaList,
		Says: "a credential has the same key and certificates under v1 and v2",
		Run:  sameCredential},
	{ID: "v1/methods-of-v2", Check: "CSC-V1-013", Ref: Ref{General, "11 of v1.0.4.0"}, Level: Doubt, Needs: viaList,
		Says: "the methods of v2 are not under the path of v1",
		Run: func(ctx context.Context, t *Target) error {
			return t.ask(ctx, "signatures/signDoc", Object{}).WantStatus(http.StatusNotImplemented, http.StatusNotFound)
		}},
	{ID: "v1/otp-sent", Check: "CSC-OTP-001", Ref: old(methodSendOTP), Level: Optional, Needs: []Feature{methodSendOTP, Client, RoleChallenge},
		Says: "an online OTP is sent, and the answer is 204 without a body",
		Run: func(ctx context.Context, t *Target) error {
			a := t.sendOTP(ctx, roleChallenge)
			if err := a.WantStatus(http.StatusNoContent); err != nil || len(a.Body) > 0 {
				return worst(err, a.unlike("204 without a body"))
			}
			return nil
		}},
	{ID: "v1/otp-204", Check: "CSC-V1-011", Ref: old(methodSendOTP), Level: Doubt, Needs: []Feature{methodSendOTP, Client, RoleChallenge},
		Says: "applications that want 200 are not obeyed: 204 stays right",
		Run: func(ctx context.Context, t *Target) error {
			return t.sendOTP(ctx, roleChallenge).WantStatus(http.StatusNoContent)
		}},
	{ID: "v1/otp-authorizes", Check: "CSC-OTP-001", Ref: old(methodSendOTP), Level: Optional,
		Needs: []Feature{methodSendOTP, methodAuthorize, methodCredentialInfo, Client, RoleChallenge, SentCodes},
		Says:  "the code that was sent authorizes, as OTP",
		Run: func(ctx context.Context, t *Target) error {
			_, answer, err := t.oldInsist(ctx, roleChallenge)
			if err != nil {
				return err
			}
			return authorizedIn(answer)
		}},
	{ID: "v1/otp-id-missing", Check: "CSC-OTP-002", Ref: old(methodSendOTP), Level: Must, Needs: []Feature{methodSendOTP, Client},
		Says: "an OTP for no credential is refused",
		Run: func(ctx context.Context, t *Target) error {
			return t.ask(ctx, methodSendOTP, Object{}).want(missingString("credentialID"))
		}},
	{ID: "v1/otp-id-unknown", Check: "CSC-OTP-003", Ref: old(methodSendOTP), Level: Must, Needs: []Feature{methodSendOTP, Client},
		Says: "an OTP for a credential of nobody is refused",
		Run: func(ctx context.Context, t *Target) error {
			return t.ask(ctx, methodSendOTP, Object{"credentialID": rand.Text()}).want(bad("Invalid parameter credentialID"))
		}},
	{ID: "v1/otp-locked", Check: "CSC-OTP-004", Ref: old(methodSendOTP), Level: Optional,
		Needs: []Feature{methodSendOTP, methodAuthorize, methodCredentialInfo, Client, RoleSendLock},
		Says:  "an OTP that is locked is not sent",
		Run:   otpLocks},
	{ID: "v1/otp-offline", Check: "CSC-OTP-005", Ref: old(methodSendOTP), Level: Doubt, Needs: []Feature{methodSendOTP, Client, Signer},
		Says: "an OTP that the signer makes himself is not sent",
		Run: func(ctx context.Context, t *Target) error {
			return t.sendOTP(ctx, signerRole(t)).want(refused())
		}},
}

// longWords are those of Table 3 for invalid_request.
const longWords = "The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than once, or is otherwise malformed."
