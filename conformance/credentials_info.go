package conformance

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"slices"
	"unicode/utf8"
)

// credentialInfoCases are the requirements of credentials/info (v2.0.0.2
// §11.5).
var credentialInfoCases = []Case{
	{ID: "credentialInfo/own", Check: "CSC-CINF-001", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client, Signer},
		Says: "a credential of a user the client may act for is described, with key and multisign",
		Run: describes(func(o Object) error {
			if o.object("key") == nil || !o.has("multisign") {
				return unmet("key or multisign is not there")
			}
			return nil
		})},
	{ID: "credentialInfo/id-missing", Check: "CSC-CINF-002", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client},
		Says: "without credentialID the call is refused",
		Run:  infoRefused(missingString("credentialID"), without("credentialID"))},
	{ID: "credentialInfo/id-number", Check: "CSC-CINF-003", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client},
		Says: "a credentialID that is no string is refused",
		Run:  infoRefused(missingString("credentialID"), with("credentialID", 5))},
	{ID: "credentialInfo/id-unknown", Check: "CSC-CINF-004", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client},
		Says: "a credentialID that is nobody's is refused",
		Run: func(ctx context.Context, t *Target) error {
			return t.ask(ctx, methodCredentialInfo, Object{"credentialID": rand.Text()}).
				want(bad("Invalid parameter credentialID"))
		}},
	{ID: "credentialInfo/foreign", Check: "CSC-CINF-005", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client, Stranger},
		Says: "another user's credential is refused like one that does not exist",
		Run:  foreignLikeUnknown},
	{ID: "credentialInfo/certificates-invalid", Check: "CSC-CINF-006", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client, Signer},
		Says: "a value of certificates the API does not know is refused",
		Run:  infoRefused(bad("Invalid parameter certificates"), with("certificates", "x"))},
	{ID: "credentialInfo/certificates-default", Check: "CSC-CINF-007", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client, Signer},
		Says: "unless asked otherwise, the signer's certificate comes alone",
		Run: infoOf(func(o Object) error {
			all, err := certificates(o)
			if err == nil && len(all) != 1 {
				return unmet("there are %d certificates, want one", len(all))
			}
			return err
		}, without("certificates"))},
	{ID: "credentialInfo/certificates-none", Check: "CSC-CINF-008", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client, Signer},
		Says: "certificates none keeps them out",
		Run:  infoOf(noCertificates, with("certificates", "none"))},
	{ID: "credentialInfo/certificates-chain", Check: "CSC-CINF-009", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client, Signer},
		Says: "certificates chain brings the whole chain, the signer's certificate first, each signed by the next",
		Run: describes(func(o Object) error {
			all, err := certificates(o)
			return worst(err, chained(all))
		})},
	{ID: "credentialInfo/certificates-der", Check: "CSC-CINF-010", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client, Signer},
		Says: "certificates are X.509 v3 in DER in Base64",
		Run: describes(func(o Object) error {
			all, err := certificates(o)
			if err == nil && len(all) == 0 {
				return unmet("there is no certificate")
			}
			return err
		})},
	{ID: "credentialInfo/key-status", Check: "CSC-CINF-011", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client, Signer},
		Says: "key.status is enabled or disabled",
		Run:  describes(oneOf("key", "status", "enabled", "disabled"))},
	{ID: "credentialInfo/key-algo", Check: "CSC-CINF-012", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client, Signer},
		Says: "key.algo has at least one algorithm, as dotted OIDs",
		Run: describes(func(o Object) error {
			algos, _ := o.object("key").strings("algo")
			if len(algos) == 0 || slices.ContainsFunc(algos, func(a string) bool { return !isOID(a) }) {
				return unmet("key.algo is %v", o.object("key")["algo"])
			}
			return nil
		})},
	{ID: "credentialInfo/key-len", Check: "CSC-CINF-013", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client, Signer},
		Says: "key.len is the size of the key in the certificate, in bits",
		Run: describes(compared(func(o Object, c *x509.Certificate) error {
			bits, _ := keyShape(c)
			if n, ok := o.object("key").integer("len"); !ok || n != int64(bits) {
				return unmet("key.len is %v, the certificate's key has %d bits", o.object("key")["len"], bits)
			}
			return nil
		}))},
	{ID: "credentialInfo/key-curve", Check: "CSC-CINF-014", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client, Signer},
		Says: "key.curve is the curve of an EC key, and is left out for others",
		Run: describes(compared(func(o Object, c *x509.Certificate) error {
			_, want := keyShape(c)
			if got, _ := o.object("key").str("curve"); got != want || want == "" && o.object("key").has("curve") {
				return unmet("key.curve is %v, want %q", o.object("key")["curve"], want)
			}
			return nil
		}))},
	{ID: "credentialInfo/cert-status", Check: "CSC-CINF-015", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client, Signer},
		Says: "cert.status, where given, is valid, expired, revoked or suspended",
		Run: describes(func(o Object) error {
			if !o.object("cert").has("status") {
				return nil
			}
			return oneOf("cert", "status", "valid", "expired", "revoked", "suspended")(o)
		})},
	{ID: "credentialInfo/cert-status-true", Check: "CSC-CINF-016", Ref: refTo(methodCredentialInfo), Level: Should, Needs: []Feature{Client, Signer, RoleExpired},
		Says: "cert.status, where given, is true: expired from the last day on and not before",
		Run:  statusTrue},
	{ID: "credentialInfo/cert-status-suspended", Check: "CSC-CINF-016", Ref: refTo(methodCredentialInfo), Level: Should, Needs: []Feature{Client, RoleSuspended},
		Says: "cert.status of a suspended certificate, where given, is suspended",
		Run:  statusIs(roleSuspended, "suspended")},
	{ID: "credentialInfo/cert-status-revoked", Check: "CSC-CINF-016", Ref: refTo(methodCredentialInfo), Level: Should, Needs: []Feature{Client, RoleRevoked},
		Says: "cert.status of a revoked certificate, where given, is revoked",
		Run:  statusIs(roleRevoked, "revoked")},
	{ID: "credentialInfo/names", Check: "CSC-CINF-017", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client, Signer},
		Says: "subjectDN and issuerDN are the names in the certificate in the string form of RFC 4514",
		Run: describes(compared(func(o Object, c *x509.Certificate) error {
			subject, _ := o.object("cert").str("subjectDN")
			issuer, _ := o.object("cert").str("issuerDN")
			if err := sameDN(subject, c.RawSubject); err != nil {
				return unmet("subjectDN: %v", err)
			}
			if err := sameDN(issuer, c.RawIssuer); err != nil {
				return unmet("issuerDN: %v", err)
			}
			return nil
		}))},
	{ID: "credentialInfo/serial-number", Check: "CSC-CINF-018", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client, Signer},
		Says: "serialNumber is the certificate's in hex",
		Run: describes(compared(func(o Object, c *x509.Certificate) error {
			text, _ := o.object("cert").str("serialNumber")
			if n, ok := new(big.Int).SetString(text, 16); !ok || n.Cmp(c.SerialNumber) != 0 {
				return unmet("serialNumber is %q, the certificate has %x", text, c.SerialNumber)
			}
			return nil
		}))},
	{ID: "credentialInfo/validity", Check: "CSC-CINF-019", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client, Signer},
		Says: "validFrom and validTo are the certificate's, as YYYYMMDDHHMMSSZ",
		Run: describes(compared(func(o Object, c *x509.Certificate) error {
			const form = "20060102150405Z"
			from, _ := o.object("cert").str("validFrom")
			to, _ := o.object("cert").str("validTo")
			if from != c.NotBefore.UTC().Format(form) || to != c.NotAfter.UTC().Format(form) {
				return unmet("validFrom and validTo are %q and %q, the certificate has %s and %s", from, to,
					c.NotBefore.UTC().Format(form), c.NotAfter.UTC().Format(form))
			}
			return nil
		}))},
	{ID: "credentialInfo/auth-mode", Check: "CSC-CINF-020", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client, Signer},
		Says: "auth.mode is explicit or oauth2code",
		Run:  describes(oneOf("auth", "mode", "explicit", "oauth2code"))},
	{ID: "credentialInfo/auth-objects", Check: "CSC-CINF-023", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client, Signer},
		Says: "an explicit credential has the array auth.objects, be it empty",
		Run:  describes(func(o Object) error { _, err := authObjects(o); return err })},
	{ID: "credentialInfo/auth-ids", Check: "CSC-CINF-024", Ref: Ref{methodCredentialInfo, "8.3.1.2"}, Level: Must, Needs: []Feature{Client, Signer},
		Says: "each authentication object has an id of its own",
		Run:  describes(func(o Object) error { _, err := objectIDs(o); return err })},
	{ID: "credentialInfo/auth-types", Check: "CSC-CINF-025", Ref: Ref{methodCredentialInfo, "8.3.1"}, Level: Must, Needs: []Feature{Client, Signer},
		Says: "authentication objects are of the four types there are",
		Run: describes(eachObject(func(object Object) error {
			return oneOf("", "type", "Password", "PasswordOOB", "ChallengeResponse", "ChallengeResponseOOB")(object)
		}))},
	{ID: "credentialInfo/auth-format", Check: "CSC-CINF-026", Ref: Ref{methodCredentialInfo, "8.3.1.3"}, Level: Must, Needs: []Feature{Client, Signer},
		Says: "the format of an authentication object, where given, is A or N",
		Run: describes(eachObject(func(object Object) error {
			if !object.has("format") {
				return nil
			}
			return oneOf("", "format", "A", "N")(object)
		}))},
	{ID: "credentialInfo/expression", Check: "CSC-CINF-027", Ref: Ref{methodCredentialInfo, "11.4"}, Level: Must, Needs: []Feature{Client, Signer},
		Says: "auth.expression speaks of declared objects only",
		Run: describes(func(o Object) error {
			ids, err := objectIDs(o)
			text, _ := o.object("auth").str("expression")
			if rest := undeclared(text, ids); err == nil && rest != "" {
				return unmet("auth.expression has %q, which no object is called", rest)
			}
			return err
		})},
	{ID: "credentialInfo/scal", Check: "CSC-CINF-028", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client, Signer},
		Says: "SCAL, where given, is the string 1 or 2",
		Run: describes(func(o Object) error {
			if !o.has("SCAL") {
				return nil
			}
			return oneOf("", "SCAL", "1", "2")(o)
		})},
	{ID: "credentialInfo/multisign", Check: "CSC-CINF-029", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client, Signer},
		Says: "multisign is a whole number, one or more",
		Run: describes(func(o Object) error {
			if n, ok := o.integer("multisign"); !ok || n < 1 {
				return unmet("multisign is %v", o["multisign"])
			}
			return nil
		})},
	{ID: "credentialInfo/description", Check: "CSC-CINF-030", Ref: refTo(methodCredentialInfo), Level: Must, Needs: []Feature{Client, Signer},
		Says: "description, where given, is a string of at most 255 characters",
		Run: describes(func(o Object) error {
			text, ok := o.str("description")
			if o.has("description") && (!ok || utf8.RuneCountInString(text) > 255) {
				return unmet("description is no string or too long")
			}
			return nil
		})},
	{ID: "credentialInfo/nothing-private", Check: "CSC-CINF-033", Ref: refTo(methodCredentialInfo), Level: Doubt, Needs: []Feature{Client, Signer},
		Says: "nothing that has to stay secret is told",
		Run:  describes(func(o Object) error { return nothingPrivate("", map[string]any(o)) })},
	{ID: "credentialInfo/statements", Check: "CSC-CINF-036", Ref: Ref{methodCredentialInfo, "11.7 of v2.2"}, Level: Doubt, Needs: []Feature{Client, Signer},
		Says: "cert.qcStatements and cert.policy, where given, are the certificate's",
		Run:  describes(compared(statementsTrue))},
}
