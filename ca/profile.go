package ca

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Use is what a signer's certificate is for. A key that signs documents is for
// nothing else, so that nobody is made to sign one by logging in.
type Use int

// The uses: signing documents, and showing a site who is there.
const (
	Signing Use = iota
	Login
)

// A Profile is what may differ between the certificates of one authority.
type Profile struct {
	// Policy is the OID of the certificate policy, dotted; "" for none. A policy
	// of ETSI for qualified certificates is refused.
	Policy string
	// Notice is what whoever relies on the certificate shall be shown, beside the
	// policy; "" for nothing.
	Notice string
	// Use is of signers' certificates alone.
	Use Use
}

// qualifiedPolicies are the arcs of ETSI's policies for qualified certificates:
// EN 319 411-2 §5.3 and its forerunner TS 101 456.
const qualifiedPolicies = " 0.4.0.194112.1. 0.4.0.1456.1. "

func claimsQualified(policy string) bool {
	for arc := range strings.FieldsSeq(qualifiedPolicies) {
		if strings.HasPrefix(policy, arc) {
			return true
		}
	}
	return false
}

// maxNotice is the most characters of a notice (RFC 5280 §4.2.1.4).
const maxNotice = 200

var (
	oidPolicies   = asn1.ObjectIdentifier{2, 5, 29, 32}
	oidUserNotice = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 2, 2}
)

// notice is the extension of certificate policies with the profile's notice; none
// if it has no notice: then the library writes the policy.
func (p Profile) notice() ([]pkix.Extension, error) {
	if p.Notice == "" {
		return nil, nil
	}
	if p.Policy == "" || utf8.RuneCountInString(p.Notice) > maxNotice || !utf8.ValidString(p.Notice) ||
		strings.ContainsFunc(p.Notice, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return nil, fmt.Errorf("%w: a notice stands beside a policy and has at most %d characters that can be seen", ErrProfile, maxNotice)
	}
	der, err := p.encoded()
	if err != nil {
		return nil, fmt.Errorf("%w: policy %q: %w", ErrProfile, p.Policy, err)
	}
	return []pkix.Extension{{Id: oidPolicies, Value: der}}, nil
}

// encoded is CertificatePolicies of the policy, with a user notice if there is one.
func (p Profile) encoded() ([]byte, error) {
	oid, err := x509.ParseOID(p.Policy)
	if err != nil {
		return nil, err
	}
	arcs, err := oid.MarshalBinary()
	if err != nil {
		return nil, err
	}
	type userNotice struct {
		Text string `asn1:"utf8"`
	}
	type qualifier struct {
		ID     asn1.ObjectIdentifier
		Notice userNotice
	}
	type policy struct {
		ID         asn1.RawValue
		Qualifiers []qualifier `asn1:"optional"`
	}
	one := policy{ID: asn1.RawValue{Tag: asn1.TagOID, Bytes: arcs}}
	if p.Notice != "" {
		one.Qualifiers = []qualifier{{oidUserNotice, userNotice{p.Notice}}}
	}
	return asn1.Marshal([]policy{one})
}

// policies is the profile's policy as the certificate has it.
func (p Profile) policies() ([]x509.OID, error) {
	if p.Policy == "" {
		return nil, nil
	}
	oid, err := x509.ParseOID(p.Policy)
	if err != nil || oid.String() != p.Policy {
		return nil, fmt.Errorf("%w: policy %q is not an OID", ErrProfile, p.Policy)
	}
	if claimsQualified(p.Policy) {
		return nil, fmt.Errorf("%w: policy %s is of qualified certificates", ErrProfile, p.Policy)
	}
	return []x509.OID{oid}, nil
}
