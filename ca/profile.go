package ca

import (
	"crypto/x509"
	"fmt"
	"strings"
)

// A Profile is what may differ between the certificates of one authority.
type Profile struct {
	// Policy is the OID of the certificate policy, dotted; "" for none. A policy
	// of ETSI for qualified certificates is refused.
	Policy string
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
