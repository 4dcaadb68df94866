package conformance

import "slices"

// A Guard is what keeps others from signing in a signer's name: a server may
// break other rules and be a nuisance, but one that breaks these is not safe.
type Guard string

// The guards.
const (
	Replay   Guard = "an authorization is good once"
	Count    Guard = "for as many signatures as were agreed on"
	Binding  Guard = "for the hashes that were agreed on"
	Proofs   Guard = "nothing is authorized without the signer's proof"
	Signers  Guard = "no signer reaches what is another's"
	Clients  Guard = "no client uses what another was given"
	Ends     Guard = "what has expired, was revoked or disabled signs no more"
	Codes    Guard = "an authorization code is good once, for who asked for it"
	PKCE     Guard = "a code is good for nobody who does not know its verifier"
	Pushed   Guard = "a pushed request is good once, for who pushed it"
	Redirect Guard = "signers are sent to no address that is not registered"
	Sender   Guard = "a bound token is good only with its key"
	Named    Guard = "an account_token is good once, from who shares the secret"
)

// Guards are all guards, as reports order them.
func Guards() []Guard {
	return []Guard{Replay, Count, Binding, Proofs, Signers, Clients, Ends, Codes, PKCE, Pushed, Redirect, Sender, Named}
}

// guardCases are the cases of each guard, by id.
var guardCases = map[Guard][]string{
	Replay: {
		"signHash/sad-spent", "signHash/at-once", "authorize/code-once", "check/once", "extend/old-sad", "extend/used-up", "challenge/once", "signHash/several-calls",
		"v1/sad-spent",
	},
	Count: {
		"signHash/more-than-authorized", "signDoc/more-than-authorized", "authorize/count-above", "oauth/count-above", "extend/count", "authorize/hashes-fewer",
	},
	Binding: {
		"signHash/unauthorized-hash", "signHash/unauthorized-among-others", "signHash/hash-length-of-another", "signDoc/unauthorized-digest",
		"signDoc/unauthorized-document", "signDoc/one-byte", "extend/new-hash", "extend/scal2-without-hashes", "authorize/hashes-missing",
		"oauth/hashes-missing", "token/details-widened", "oauth/details-digests-missing", "v1/hash-unauthorized", "v1/hash-missing",
	},
	Proofs: {
		"authorize/wrong-proof", "authorize/no-proof", "authorize/and-one-missing", "authorize/xor-both", "authorize/brackets-missing",
		"authorize/all-without-expression", "authorize/lock", "authorize/apart-unlisted", "check/pending", "check/declined", "oauth/declined",
		"signHash/sad-missing", "signHash/sad-unknown", "signDoc/sad-missing", "signDoc/sad-unknown", "extend/sad-unknown", "signHash/token-as-sad",
		"login/wrong-password", "challenge/unasked", "v1/wrong-proof", "v1/lock", "v1/sad-required", "v1/sad-unknown", "v1/token-as-sad", "v1/otp-locked",
		"create/service-token", "create/credential-token", "create/not-to-sign", "delete/service-token",
	},
	Signers: {
		"general/foreign-user", "list/foreign-user", "credentialInfo/foreign", "oauth/credential-foreign", "signHash/sad-of-another-user",
		"signHash/sad-of-another-credential", "signHash/token-of-another-credential", "credentialInfo/token-to-sign-another", "extend/another-credential",
		"signDoc/qualifier-of-another", "delete/another",
	},
	Clients: {
		"signHash/sad-of-another-client", "check/handle-of-another", "poll/of-another", "revoke/of-another-client", "authRevoke/of-another-client",
		"introspect/of-another-client", "token/client-unproven", "token/wrong-secret", "push/client-unproven", "revoke/client-unproven", "introspect/unproven",
		"general/unknown-token", "general/no-header",
	},
	Ends: {
		"general/expired-token", "general/revoked-token", "revoke/at-once", "revoke/refresh-and-access", "authRevoke/at-once", "signHash/sad-expired",
		"signDoc/sad-expired", "extend/expired", "signHash/certificate-expired", "signDoc/certificate-expired", "signHash/disabled-since", "authorize/disabled",
		"token/refresh-replaced", "token/refresh-expired", "token/no-refresh-to-sign", "login/expired", "introspect/revoked", "delete/gone", "v1/refresh-revoked",
		"v1/sad-expired",
	},
	Codes: {
		"token/code-used", "oauth/code-once", "token/code-replayed", "token/code-of-another-client", "oauth/code-expired", "token/redirect-of-another",
		"token/redirect-missing",
	},
	PKCE:     {"oauth/challenge-missing", "oauth/plain", "token/verifier-wrong", "token/verifier-missing", "push/challenge-missing", "oauth/implicit", "oauth/response-type-token"},
	Pushed:   {"push/replayed", "push/expired", "push/another-client", "push/request-uri"},
	Redirect: {"oauth/redirect-path", "oauth/redirect-query", "oauth/redirect-missing", "oauth/client-unknown"},
	Sender: {
		"dpop/token-unproven", "dpop/htm", "dpop/htu", "dpop/htu-host", "dpop/old", "dpop/alg-none", "dpop/signature", "dpop/replayed", "dpop/nonce-made-up",
		"dpop/code-of-another-key", "dpop/code-unproven", "dpop/api-bearer", "dpop/api-bearer-proven", "dpop/api-unproven", "dpop/api-ath-missing", "dpop/api-ath-other",
		"dpop/api-another-key", "dpop/api-htm", "dpop/api-htu", "dpop/api-replayed", "mtls/no-certificate", "mtls/unknown-certificate",
		"mtls/api-no-certificate", "mtls/api-another-certificate", "mtls/api-elsewhere",
	},
	Named: {
		"account/key-hex", "account/key-plain", "account/alg-none", "account/alg-other", "account/altered", "account/azp-other", "account/replayed", "account/old",
		"account/missing",
	},
}

// GuardOf is the guard that the case with the id tries; "" for none.
func GuardOf(id string) Guard {
	for guard, cases := range guardCases {
		if slices.Contains(cases, id) {
			return guard
		}
	}
	return ""
}
