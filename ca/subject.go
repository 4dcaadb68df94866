package ca

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net/mail"
	"slices"
	"strings"
)

// An attribute is a kind of name in a subject.
type attribute struct {
	name  string
	oid   string
	marks string // punctuation it may hold beside letters, digits and spaces
	// printable attributes are PrintableString, the others UTF8String (RFC 5280
	// §4.1.2.4).
	printable bool
	check     func(attribute, string) error
}

// upperBound is the most characters of an attribute: ub-name, ub-common-name,
// ub-organization-name, ub-organizational-unit-name and ub-serial-number are
// all 64 (ITU-T X.520 Annex C, 2008).
const upperBound = 64

// The punctuation of names. What RFC 4514 §2.4 escapes is not among it, but for
// the comma of organizations and common names, which without an equals sign
// makes no attribute.
const (
	joiners           = "'’·ʻʼ" // stand within a word
	personMarks       = joiners + "-."
	commonMarks       = personMarks + ",()"
	organizationMarks = commonMarks + "&/:"
)

// attributes are what a subject may hold, in the order it is written.
var attributes = []attribute{
	{"country", "2.5.4.6", "", true, attribute.checkCountry},
	{"organization", "2.5.4.10", organizationMarks, false, attribute.checkText},
	{"organization identifier", "2.5.4.97", "", false, attribute.checkIdentifier},
	{"organizational unit", "2.5.4.11", organizationMarks, false, attribute.checkText},
	{"serial number", "2.5.4.5", "", true, attribute.checkPrintable},
	{"given name", "2.5.4.42", personMarks, false, attribute.checkText},
	{"family name", "2.5.4.4", personMarks, false, attribute.checkText},
	{"common name", "2.5.4.3", commonMarks, false, attribute.checkText},
}

func attributeByOID(oid string) (attribute, bool) {
	i := slices.IndexFunc(attributes, func(a attribute) bool { return a.oid == oid })
	if i < 0 {
		return attribute{}, false
	}
	return attributes[i], true
}

// values are the subject's texts by the name of the attribute.
func (s Subject) values() map[string]string {
	return map[string]string{
		"country": s.Country, "organization": s.Organization, "organization identifier": s.OrganizationIdentifier, "serial number": s.SerialNumber,
		"given name": s.GivenName, "family name": s.FamilyName, "common name": s.CommonName,
	}
}

// check returns why s cannot be certified.
func (s Subject) check() error {
	switch {
	case s.Country == "":
		return fmt.Errorf("%w: no country", ErrSubject)
	case s.CommonName == "":
		return fmt.Errorf("%w: no common name", ErrSubject)
	case s.GivenName == "" && s.FamilyName == "" && s.OrganizationIdentifier == "":
		return fmt.Errorf("%w: neither given name nor family name", ErrSubject)
	case s.OrganizationIdentifier != "" && s.Organization == "":
		return fmt.Errorf("%w: the identifier of no organization", ErrSubject)
	}
	if s.Email != "" {
		if err := checkEmail(s.Email); err != nil {
			return fmt.Errorf("%w: e-mail address: %w", ErrSubject, err)
		}
	}
	return nil
}

// Check returns why s cannot be certified, or nil.
func (s Subject) Check() error {
	_, err := s.name()
	return err
}

// name is the subject's distinguished name as DER, one attribute to each RDN.
func (s Subject) name() ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	var rdns pkix.RDNSequence
	values := s.values()
	for _, a := range attributes {
		if value := values[a.name]; value != "" {
			rdn, err := a.rdn(value)
			if err != nil {
				return nil, err
			}
			rdns = append(rdns, rdn)
		}
	}
	return marshalName(rdns)
}

// authorityName is name as DER, under the same rules. An authority has a common
// name, and no attribute twice.
func authorityName(name pkix.Name) ([]byte, error) {
	if name.CommonName == "" {
		return nil, fmt.Errorf("%w: no common name", ErrSubject)
	}
	var rdns pkix.RDNSequence
	seen := map[string]bool{}
	for _, set := range name.ToRDNSequence() {
		for _, pair := range set {
			a, known := attributeByOID(pair.Type.String())
			value, text := pair.Value.(string)
			if !known || !text || seen[a.name] {
				return nil, fmt.Errorf("%w: attribute %v is unknown, no text, or there twice", ErrSubject, pair.Type)
			}
			seen[a.name] = true
			rdn, err := a.rdn(value)
			if err != nil {
				return nil, err
			}
			rdns = append(rdns, rdn)
		}
	}
	return marshalName(rdns)
}

func (a attribute) rdn(value string) (pkix.RelativeDistinguishedNameSET, error) {
	if err := a.check(a, value); err != nil {
		return nil, fmt.Errorf("%w: %s %w", ErrSubject, a.name, err)
	}
	var oid asn1.ObjectIdentifier
	for part := range strings.SplitSeq(a.oid, ".") {
		var n int
		if _, err := fmt.Sscan(part, &n); err != nil {
			return nil, err
		}
		oid = append(oid, n)
	}
	text := asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte(value)}
	if a.printable {
		text.Tag = asn1.TagPrintableString
	}
	return pkix.RelativeDistinguishedNameSET{{Type: oid, Value: text}}, nil
}

func marshalName(rdns pkix.RDNSequence) ([]byte, error) {
	der, err := asn1.Marshal(rdns)
	if err != nil {
		return nil, fmt.Errorf("encode name: %w", err)
	}
	return der, nil
}

// checkEmail takes an address of RFC 5321 §4.1.2 in its plain form: a dot-atom
// before the @, a name of the DNS after it, ASCII throughout.
func checkEmail(address string) error {
	local, domain, at := strings.Cut(address, "@")
	switch parsed, err := mail.ParseAddress(address); {
	case err != nil || parsed.Name != "" || parsed.Address != address || !at:
		return fmt.Errorf("%.70q is not a plain address", address)
	case len(local) > 64 || len(address) > 254:
		return fmt.Errorf("%.70q is too long", address)
	case strings.Trim(local, emailAtoms) != "" || !strings.Contains(domain, "."):
		return fmt.Errorf("%.70q is not a plain address", address)
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, hostLetters) != "" ||
			label[0] == '-' || label[len(label)-1] == '-' {
			return fmt.Errorf("%.70q is not at a host name", address)
		}
	}
	return nil
}

const (
	hostLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
	emailAtoms  = hostLetters + "!#$%&'*+/=?^_`{|}~."
)
