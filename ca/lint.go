package ca

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
)

// A rule is one thing a certificate must be. It is held against every
// certificate before the authority signs it.
type rule struct {
	name   string
	source string // the text that demands it
	check  func(candidate) error
}

// A candidate is a certificate signed by a throw-away key, and what is known
// about how it came to be.
type candidate struct {
	*x509.Certificate
	issuer *x509.Certificate // nil: it is a root
	asked  Profile
	url    string // where the authority answers about it; "" if it does not
	kind   kind
}

// A kind is what a certificate is for, where that is not signing.
type kind int

const (
	ordinary kind = iota
	stamps        // time-stamps
	answers       // OCSP answers
)

// lint returns ErrLint with every rule of rules that c breaks.
func lint(rules []rule, c candidate) error {
	var broken []error
	for _, r := range rules {
		if err := r.check(c); err != nil {
			broken = append(broken, fmt.Errorf("%w: %s (%s): %w", ErrLint, r.name, r.source, err))
		}
	}
	return errors.Join(broken...)
}

// commonRules are those of every certificate.
var commonRules = []rule{
	{"version is 3", "RFC 5280 §4.1.2.1", candidate.version},
	{"serial number is positive, of 65 to 159 bits", "RFC 5280 §4.1.2.2; CA/Browser Forum Baseline Requirements §7.1", candidate.serial},
	{"signature algorithm is of SHA-2, the same twice", "RFC 5280 §4.1.1.2; TS 119 312 §6", candidate.algorithm},
	{"times are whole seconds and end after they begin", "RFC 5280 §4.1.2.5", candidate.times},
	{"names are UTF8String or PrintableString, one to an RDN, none twice, within bounds", "RFC 5280 §4.1.2.4 and §4.1.2.6; X.520 Annex C", candidate.names},
	{"key is of a kind and size that lasts", "TS 119 312 §6", func(c candidate) error { return checkKey(c.PublicKey) }},
	{"subject key identifier is of this key", "RFC 5280 §4.2.1.2; RFC 7093 §2", candidate.subjectKey},
	{"key usage is there and critical", "RFC 5280 §4.2.1.3", candidate.keyUsage},
	{"basic constraints are there and critical", "RFC 5280 §4.2.1.9", candidate.basicConstraints},
	{"extensions are known ones, critical where they must be", "RFC 5280 §4.2", candidate.extensions},
	{"no statement makes it qualified", "CSC API v2.0.0.2, Note 28: nothing is claimed that was not attested", candidate.unqualified},
}

// issuedRules are those of certificates that are not the authority's own.
var issuedRules = append(slices.Clone(commonRules), []rule{
	{"issuer is the authority's subject, byte for byte", "RFC 5280 §4.1.2.4 and §7.1", candidate.issuerName},
	{"authority key identifier is the issuer's", "RFC 5280 §4.2.1.1", candidate.authorityKey},
	{"validity is within the issuer's", "RFC 5280 §6.1 (shell model)", candidate.withinIssuer},
	{"subject key is not the issuer's", "RFC 5280 §3.2: a certificate binds a key to its own subject", candidate.ownKey},
	{"policy is the one asked for, with the notice asked for", "RFC 5280 §4.2.1.4", candidate.policies},
	{"CRL and OCSP are where the authority answers, or nowhere", "RFC 5280 §4.2.1.13 and §4.2.2.1", candidate.pointers},
}...)

// signersRules are those of signers' certificates, by their use.
var signersRules = map[Use][]rule{Signing: leafRules, Login: loginRules}

// personRules are those of certificates that name a signer.
var personRules = append(slices.Clone(issuedRules), []rule{
	{"subject has country, common name, and given or family name, or organization and its identifier", "EN 319 412-2 §4.2.4; EN 319 412-3 §4.2.1", candidate.person},
	{"alternative name is at most one e-mail address", "RFC 5280 §4.2.1.6", candidate.alternativeName},
}...)

// leafRules are those of certificates that documents are signed with.
var leafRules = append(slices.Clone(personRules), []rule{
	{"key usage is content commitment alone", "EN 319 412-2 §4.3.2, type A", candidate.commitsContent},
	{"extended key usage is document signing and e-mail protection alone", "RFC 9336 §3; RFC 5280 §4.2.1.12", candidate.documentSigning},
}...)

// loginRules are those of certificates that signers log in to sites with.
var loginRules = append(slices.Clone(personRules), []rule{
	{"key usage is digital signature alone", "EN 319 412-2 §4.3.2, type C; RFC 5280 §4.2.1.12", candidate.signsDigitally},
	{"extended key usage is client authentication alone", "RFC 5280 §4.2.1.12", candidate.logsIn},
}...)

// stamperRules are those of certificates for time-stamps.
var stamperRules = append(slices.Clone(issuedRules), []rule{
	{"key usage is digital signature alone", "EN 319 422 §6.1; RFC 3161 §2.3", candidate.signsDigitally},
	{"extended key usage is time-stamping alone, and critical", "RFC 3161 §2.3", candidate.timeStamping},
	{"subject is another than the issuer", "RFC 5280 §4.1.2.6: who is named by both would have issued it to himself", candidate.ownName},
	{"it has no alternative name", "RFC 3161 §2.3 knows the subject alone", candidate.noAlternativeName},
}...)

// responderRules are those of certificates for OCSP answers.
var responderRules = append(slices.Clone(issuedRules), []rule{
	{"key usage is digital signature alone", "RFC 5280 §4.2.1.12", candidate.signsDigitally},
	{"extended key usage is OCSP signing alone", "RFC 6960 §4.2.2.2", candidate.signsAnswers},
	{"nobody can ask about it, and it is short", "RFC 6960 §4.2.2.2.1", candidate.unchecked},
	{"subject is another than the issuer", "RFC 5280 §4.1.2.6", candidate.ownName},
	{"it has no alternative name", "RFC 6960 §4.2.2.3 knows the subject alone", candidate.noAlternativeName},
}...)

// rootRules are those of the authority's own certificate.
var rootRules = append(slices.Clone(commonRules), []rule{
	{"issuer is the subject", "RFC 5280 §3.2", candidate.selfIssued},
	{"key usage is signing certificates and CRLs", "RFC 5280 §4.2.1.3 and §4.2.1.9", candidate.signsCertificates},
	{"it is an authority with no other below it", "RFC 5280 §4.2.1.9", candidate.lastAuthority},
	{"it has no extended key usage and no policy", "RFC 5280 §4.2.1.4 and §4.2.1.12", candidate.unlimited},
}...)
