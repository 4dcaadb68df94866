package conformance

import (
	"context"
	"net/url"
	"slices"
	"strings"
)

// infoCases are the requirements of info (v2.0.0.2 §11.1), and what v2.1 and
// v2.2 added as far as it is known.
var infoCases = []Case{
	{ID: "info/exists", Check: "CSC-INFO-001", Ref: refTo(methodInfo), Level: Must,
		Says: "info answers a POST with an empty object",
		Run:  func(ctx context.Context, t *Target) error { _, err := t.info(ctx).WantOK(); return err }},
	{ID: "info/no-authorization", Check: "CSC-INFO-002", Ref: refTo(methodInfo), Level: Must,
		Says: "info is for everybody: it needs no Authorization header, and a language is all it asks",
		Run: func(ctx context.Context, t *Target) error {
			_, err := t.post(ctx, methodInfo, "", Object{"lang": "en"}).WantOK()
			return err
		}},
	{ID: "info/empty-body", Check: "CSC-INFO-003", Ref: refTo(methodInfo), Level: Doubt,
		Says: "info without a body is answered or refused(), and breaks nothing",
		Run: func(ctx context.Context, t *Target) error {
			return t.send(ctx, methodInfo, "", nil).WantStatus(200, 400)
		}},
	{ID: "info/specs", Check: "CSC-INFO-004", Ref: refTo(methodInfo), Level: Must,
		Says: "specs has the form Major.Minor.x.y",
		Run:  inspect(matches("specs", specsForm))},
	{ID: "info/specs-and-path", Check: "CSC-INFO-005", Ref: refTo(methodInfo), Level: Must,
		Says: "the major version in specs is the one in the path",
		Run: func(ctx context.Context, t *Target) error {
			o, err := t.info(ctx).WantOK()
			if err != nil {
				return err
			}
			specs, _ := o.str("specs")
			major, _, _ := strings.Cut(specs, ".")
			if !strings.HasSuffix(t.Base, "/csc/v"+major) {
				return unmet("specs is %q at a base URI that ends otherwise: %s", specs, t.Base)
			}
			return nil
		}},
	{ID: "info/name", Check: "CSC-INFO-006", Ref: refTo(methodInfo), Level: Must,
		Says: "name is a string of at most 255 characters",
		Run:  inspect(shortText("name"))},
	{ID: "info/logo-uri", Check: "CSC-INFO-007", Ref: refTo(methodInfo), Level: Must,
		Says: "logo is an absolute URI",
		Run: inspect(func(o Object) error {
			logo, _ := o.str("logo")
			if u, err := url.Parse(logo); err != nil || !u.IsAbs() || u.Host == "" {
				return unmet("logo is %q", logo)
			}
			return nil
		})},
	{ID: "info/logo", Check: "CSC-INFO-008", Ref: refTo(methodInfo), Level: Must,
		Says: "logo leads to a JPEG or PNG of at most 256 by 256 pixels",
		Run:  logoIsThere},
	{ID: "info/region", Check: "CSC-INFO-009", Ref: refTo(methodInfo), Level: Must,
		Says: "region is a country code of ISO 3166-1 alpha-2",
		Run: inspect(func(o Object) error {
			if region, _ := o.str("region"); len(region) != 2 || !contains(countries, region) {
				return unmet("region is %q", region)
			}
			return nil
		})},
	{ID: "info/lang", Check: "CSC-INFO-010", Ref: refTo(methodInfo), Level: Must,
		Says: "lang is a language tag",
		Run:  inspect(matches("lang", langForm))},
	{ID: "info/description", Check: "CSC-INFO-011", Ref: refTo(methodInfo), Level: Must,
		Says: "description is a string of at most 255 characters",
		Run:  inspect(shortText("description"))},
	{ID: "info/auth-type", Check: "CSC-INFO-012", Ref: refTo(methodInfo), Level: Must,
		Says: "authType names at least one way in, and none the API does not know",
		Run: inspect(func(o Object) error {
			// The letters of TLS are another case's.
			return someOf(o, "authType", authTypes, strings.ToLower)
		})},
	{ID: "info/auth-type-tls", Check: "CSC-INFO-013", Ref: refTo(methodInfo), Level: Must,
		Says: "the values of authType are written as the API writes them: TLS in capitals, the others not",
		Run:  inspect(func(o Object) error { return someOf(o, "authType", authTypes, nil) })},
	{ID: "info/oauth2-locator", Check: "CSC-INFO-014", Ref: refTo(methodInfo), Level: Must,
		Says: "a server with an OAuth authType says where its authorization server is",
		Run: inspect(func(o Object) error {
			if types, _ := o.strings("authType"); containsAny(types, oauthTypes) && len(locators(o)) == 0 {
				return unmet("authType names OAuth, and neither oauth2 nor oauth2Issuer nor oauth2Servers is there")
			}
			return nil
		})},
	{ID: "info/oauth2-locators", Check: "CSC-INFO-016", Ref: refTo(methodInfo), Level: Must,
		Says: "oauth2 and oauth2Issuer are not both given",
		Run: inspect(func(o Object) error {
			if o.has("oauth2") && o.has("oauth2Issuer") {
				return unmet("oauth2 and oauth2Issuer are both there")
			}
			return nil
		})},
	{ID: "info/oauth2-issuer", Check: "CSC-INFO-017", Ref: refTo(methodInfo), Level: Must, Needs: []Feature{OAuth2Issuer},
		Says: "oauth2Issuer leads to authorization server metadata that names the same issuer and its endpoints",
		Run:  issuerResolves},
	{ID: "info/methods", Check: "CSC-INFO-018", Ref: refTo(methodInfo), Level: Must,
		Says: "methods is an array of strings",
		Run: inspect(func(o Object) error {
			if _, ok := o.strings("methods"); !ok {
				return unmet("methods is %v", o["methods"])
			}
			return nil
		})},
	{ID: "info/methods-answer", Check: "CSC-INFO-019", Ref: refTo(methodInfo), Level: Must, Needs: []Feature{Client},
		Says: "every method in methods is there",
		Run:  methodsAnswer},
	{ID: "info/methods-complete", Check: "CSC-INFO-020", Ref: refTo(methodInfo), Level: Doubt, Needs: []Feature{Client},
		Says: "no method works that methods leaves out",
		Run:  othersDoNot},
	{ID: "info/methods-known", Check: "CSC-INFO-021", Ref: refTo(methodInfo), Level: Must,
		Says: "methods has names of the API only",
		Run: inspect(func(o Object) error {
			for _, m := range must(o.strings("methods")) {
				if !contains(knownMethods, m) {
					return unmet("methods has %q", m)
				}
			}
			return nil
		})},
	{ID: "info/algos", Check: "CSC-INFO-022", Ref: refTo(methodInfo), Level: Must,
		Says: "signAlgorithms.algos has at least one algorithm, as dotted OIDs",
		Run: inspect(func(o Object) error {
			algos, ok := o.object("signAlgorithms").strings("algos")
			if !ok || len(algos) == 0 {
				return unmet("signAlgorithms.algos is not an array with a string in it")
			}
			if i := slices.IndexFunc(algos, func(a string) bool { return !isOID(a) }); i >= 0 {
				return unmet("signAlgorithms.algos has %q", algos[i])
			}
			return nil
		})},
	{ID: "info/algos-strong", Check: "CSC-INFO-023", Ref: refTo(methodInfo), Level: Must,
		Says: "signAlgorithms.algos has nothing with a hash weaker than SHA-256",
		Run: inspect(func(o Object) error {
			for _, a := range must(o.object("signAlgorithms").strings("algos")) {
				if contains(weakAlgorithms, a) {
					return unmet("signAlgorithms.algos has %s", a)
				}
			}
			return nil
		})},
	{ID: "info/algo-params", Check: "CSC-INFO-024", Ref: refTo(methodInfo), Level: Doubt,
		Says: "signAlgorithms.algoParams is read place by place against algos, or is Base64 of DER throughout",
		Run:  inspect(algoParamsFit)},
	{ID: "info/algo-params-pss", Check: "CSC-INFO-025", Ref: refTo(methodInfo), Level: Must,
		Says: "algoParams at the place of RSASSA-PSS are its parameters in DER, with a hash of SHA-256 or better",
		Run:  inspect(algoParamsPSS)},
	{ID: "info/formats", Check: "CSC-INFO-026", Ref: refTo(methodInfo), Level: Must,
		Says: "signature_formats.formats has the letters C, X, P, J only",
		Run: inspect(func(o Object) error {
			return onlyOf(o.object("signature_formats"), "formats", formats, nil)
		})},
	{ID: "info/envelopes", Check: "CSC-INFO-027", Ref: refTo(methodInfo), Level: Must,
		Says: "envelope_properties, where given, has a place for each format",
		Run:  inspect(func(o Object) error { _, _, err := envelopes(o); return err })},
	{ID: "info/envelopes-known", Check: "CSC-INFO-028", Ref: refTo(methodInfo), Level: Must,
		Says: "each of envelope_properties belongs to the format at its place",
		Run:  inspect(envelopesFit)},
	{ID: "info/levels", Check: "CSC-INFO-029", Ref: refTo(methodInfo), Level: Must,
		Says: "conformance_levels has known levels only, in whatever case",
		Run:  inspect(func(o Object) error { return onlyOf(o, "conformance_levels", levels, strings.ToLower) })},
	{ID: "info/async-boolean", Check: "CSC-INFO-030", Ref: refTo(methodInfo), Level: Must,
		Says: "asynchronousOperationMode, where given, is a boolean",
		Run:  inspect(boolean("asynchronousOperationMode"))},
	{ID: "info/async-polling", Check: "CSC-INFO-031", Ref: refTo(methodInfo), Level: Doubt,
		Says: "a server that signs asynchronously lets its clients poll",
		Run: inspect(func(o Object) error {
			methods, _ := o.strings("methods")
			if o["asynchronousOperationMode"] == true && !contains(methods, methodSignPolling) {
				return unmet("asynchronousOperationMode is true and methods lacks signatures/signPolling")
			}
			return nil
		})},
	{ID: "info/validation-boolean", Check: "CSC-INFO-032", Ref: refTo(methodInfo), Level: Must,
		Says: "validationInfo, where given, is a boolean",
		Run:  inspect(boolean("validationInfo"))},
	{ID: "info/lang-honoured", Check: "CSC-INFO-033", Ref: refTo(methodInfo), Level: Must, Needs: []Feature{TwoLanguages},
		Says: "asked for a language it has, the server answers in it",
		Run:  speaks},
	{ID: "info/lang-unknown", Check: "CSC-INFO-034", Ref: refTo(methodInfo), Level: Must,
		Says: "asked for a language it has not, the server answers in another and says which",
		Run: func(ctx context.Context, t *Target) error {
			a := t.post(ctx, methodInfo, "", Object{"lang": "tlh"})
			o, err := a.WantOK()
			lang, _ := o.str("lang")
			if err == nil && (!langForm.MatchString(lang) || strings.HasPrefix(strings.ToLower(lang), "tlh")) {
				return unmet("asked for Klingon, info answers with lang %q", lang)
			}
			return err
		}},
	{ID: "info/lang-number", Check: "CSC-INFO-035", Ref: refTo(methodInfo), Level: Doubt,
		Says: "a lang that is no string is refused or ignored, and breaks nothing",
		Run: func(ctx context.Context, t *Target) error {
			return t.post(ctx, methodInfo, "", Object{"lang": 5}).WantStatus(200, 400)
		}},
	{ID: "info/no-nulls", Check: "CSC-INFO-036", Ref: refTo(methodInfo), Level: Doubt,
		Says: "what the server does not have is left out, not null",
		Run: inspect(func(o Object) error {
			for name, v := range o {
				if v == nil {
					return unmet("%s is null", name)
				}
			}
			return nil
		})},
	{ID: "info/hash-types", Check: "CSC-INFO-037", Ref: Ref{methodInfo, "11.1 of v2.2"}, Level: Must,
		Says: "a server of v2.1 or later says in supportedHashTypes what kinds of hash it takes",
		Run: inspect(func(o Object) error {
			if specs, _ := o.str("specs"); strings.HasPrefix(specs, "2.0.") {
				return unclaimed("the server is of v2.0")
			}
			return someOf(o, "supportedHashTypes", hashTypes, nil)
		})},
	{ID: "info/one-locator", Check: "CSC-INFO-038", Ref: Ref{methodInfo, "11.1 of v2.2"}, Level: Doubt,
		Says: "the authorization server is named in one way, not in two",
		Run: inspect(func(o Object) error {
			if l := locators(o); len(l) > 1 {
				return unmet("%s are all there", strings.Join(l, ", "))
			}
			return nil
		})},
	{ID: "info/servers", Check: "CSC-INFO-039", Ref: Ref{methodInfo, "11.1 of v2.2"}, Level: Doubt, Needs: []Feature{OAuth2Servers},
		Says: "each of oauth2Servers has OAuth types and one of baseUri and issuerIdentifier",
		Run:  inspect(func(o Object) error { _, err := servers(o); return err })},
	{ID: "info/servers-cover", Check: "CSC-INFO-040", Ref: Ref{methodInfo, "11.1 of v2.2"}, Level: Doubt, Needs: []Feature{OAuth2Servers},
		Says: "oauth2Servers together serve every OAuth type of authType",
		Run: inspect(func(o Object) error {
			covered, err := servers(o)
			for _, kind := range must(o.strings("authType")) {
				if contains(oauthTypes, kind) && !contains(covered, kind) {
					return unmet("none of oauth2Servers is for %s", kind)
				}
			}
			return err
		})},
	{ID: "info/servers-rar", Check: "CSC-INFO-041", Ref: Ref{methodInfo, "11.1 of v2.2"}, Level: Doubt, Needs: []Feature{OAuth2Servers},
		Says: "beside oauth2Servers there is no supportsRar: each of them has its own",
		Run: inspect(func(o Object) error {
			if o.has("supportsRar") {
				return unmet("supportsRar is %v beside oauth2Servers", o["supportsRar"])
			}
			return nil
		})},
	{ID: "info/fapi-boolean", Check: "CSC-INFO-043", Ref: Ref{methodInfo, "TS 119 432 7.2.3.1"}, Level: Doubt,
		Says: "oauth2FAPIsupport, where given, is a boolean",
		Run:  inspect(boolean("oauth2FAPIsupport"))},
}
