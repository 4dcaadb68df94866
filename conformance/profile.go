package conformance

import (
	"slices"
	"strings"
)

// A Profile is a part of the API that a server may offer, with the cases about
// it. A case may be in several.
type Profile struct {
	Name string
	// Says is what a server of the profile offers.
	Says string
	// V1 says that it is a profile of v1.0.4.0.
	V1 bool
	of []string // what the ids of the cases begin with; none: of all
}

// Profiles are all profiles.
func Profiles() []Profile { return slices.Clone(profiles) }

var profiles = []Profile{
	{Name: "core", Says: "info, the list of credentials, what each is, and a hash signed with an authorization", of: []string{
		"general/", "info/", "list/", "credentialInfo/", "signHash/", "token/client-credentials", "token/expires-in", "token/form-encoded",
	}},
	{Name: "oauth2code", Says: "signers log in and agree on the server's own pages (OAuth 2.0, code flow with PKCE)", of: []string{
		"oauth/", "token/", "revoke/", "account/", "push/", "introspect/", "authorize/oauth2code", "authorize/of-code",
		"signHash/token-", "list/token-to-sign", "credentialInfo/token-to-sign", "info/oauth2-",
	}},
	{Name: "explicit", Says: "the application asks the signer for PIN, code or answer, and seals need nobody", of: []string{
		"authorize/", "check/", "challenge/", "extend/", "login/", "authRevoke/", "seal/", "info/send-otp", "credentialInfo/auth-", "credentialInfo/expression",
	}},
	{Name: "scal2", Says: "an authorization is for the very hashes that are signed (EN 419 241-1, SCAL 2)", of: []string{
		"credentialInfo/scal", "authorize/hash", "authorize/scal1", "oauth/hash", "oauth/several-hashes", "oauth/details-digests-missing",
		"oauth/details-hash", "token/details-widened", "signHash/unauthorized-", "signHash/order", "signHash/hash-twice", "signHash/one-by-one",
		"signDoc/unauthorized-", "signDoc/one-byte", "extend/scal2-", "extend/new-hash", "extend/old-hash", "extend/no-hash-algorithm",
	}},
	{Name: "signdoc", Says: "whole documents, or their digests, become AdES signatures", of: []string{"signDoc/", "info/formats", "info/envelopes", "info/levels"}},
	{Name: "async", Says: "a request is answered at once, and its signatures are fetched later", of: []string{
		"poll/", "info/async-", "signHash/mode-", "signHash/validity-", "signHash/response-uri-", "signDoc/mode-",
	}},
	{Name: "timestamp", Says: "time-stamps of RFC 3161", of: []string{"timestamp/"}},
	{Name: "fapi2", Says: "what FAPI 2.0 asks of an authorization server: pushed requests, tokens bound to a key or a certificate, no secrets", of: []string{
		"push/", "dpop/", "mtls/", "introspect/", "token/assertion", "token/details", "oauth/details", "info/fapi-", "info/rar", "oauth/s256", "oauth/plain",
	}},
	{Name: "ts119432", Says: "what ETSI TS 119 432 adds: credentials made and deleted, authorization_details, policies of certificates", of: []string{
		"create/", "delete/", "credentialInfo/statements", "credentialInfo/key-", "oauth/details", "token/details", "push/", "dpop/", "signDoc/", "timestamp/",
	}},
	{Name: "v1", Says: "v1.0.4.0, for clients in the field", V1: true},
}

// FindProfile returns the profile with that name.
func FindProfile(name string) (Profile, bool) {
	i := slices.IndexFunc(profiles, func(p Profile) bool { return p.Name == name })
	if i < 0 {
		return Profile{}, false
	}
	return profiles[i], true
}

// Cases are the cases of p.
func (p Profile) Cases() []Case {
	all := Cases()
	if p.V1 {
		all = CasesV1()
	}
	return slices.DeleteFunc(all, func(c Case) bool { return !p.has(c.ID) })
}

// has reports whether p has the case with the id, of those for its version.
func (p Profile) has(id string) bool {
	return len(p.of) == 0 || slices.ContainsFunc(p.of, func(begin string) bool { return strings.HasPrefix(id, begin) })
}

// A ProfileCount is what became of the cases of a profile.
type ProfileCount struct {
	Name   string          `json:"name"`
	Counts map[Outcome]int `json:"counts"`
}

// profileCounts are those of the profiles of the version that any of the results
// is of.
func profileCounts(results []Result, v1 bool) []ProfileCount {
	all := []ProfileCount{}
	for _, p := range profiles {
		of := slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return p.V1 != v1 || !p.has(r.ID) })
		if len(of) > 0 {
			all = append(all, ProfileCount{p.Name, counts(of)})
		}
	}
	return all
}
