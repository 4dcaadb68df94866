package conformance

import (
	"bytes"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// parseOID reads a dotted object identifier.
func parseOID(dotted string) (asn1.ObjectIdentifier, error) {
	var oid asn1.ObjectIdentifier
	for _, arc := range strings.Split(dotted, ".") {
		n, err := strconv.Atoi(arc)
		if err != nil || n < 0 || arc != strconv.Itoa(n) {
			return nil, fmt.Errorf("%q is not a dotted object identifier", dotted)
		}
		oid = append(oid, n)
	}
	if len(oid) < 2 || oid[0] > 2 || oid[0] < 2 && oid[1] > 39 {
		return nil, fmt.Errorf("%q is not an object identifier", dotted)
	}
	return oid, nil
}

func isOID(dotted string) bool { _, err := parseOID(dotted); return err == nil }

// attribute is one assertion of a distinguished name: an attribute type and
// its value as text, or as the DER of it if it was written with "#".
type attribute struct {
	oid  string
	text string
	der  []byte
}

// attributeNames are the short names of RFC 4514 §3 and those that X.520 and
// common software give the attributes of natural persons' certificates.
var attributeNames = map[string]string{
	"CN": "2.5.4.3", "L": "2.5.4.7", "ST": "2.5.4.8", "O": "2.5.4.10", "OU": "2.5.4.11",
	"C": "2.5.4.6", "STREET": "2.5.4.9",
	"DC": "0.9.2342.19200300.100.1.25", "UID": "0.9.2342.19200300.100.1.1",
	"SN": "2.5.4.4", "SURNAME": "2.5.4.4", "SERIALNUMBER": "2.5.4.5", "T": "2.5.4.12", "TITLE": "2.5.4.12",
	"POSTALCODE": "2.5.4.17", "GN": "2.5.4.42", "GIVENNAME": "2.5.4.42", "INITIALS": "2.5.4.43",
	"PSEUDONYM": "2.5.4.65", "ORGANIZATIONIDENTIFIER": "2.5.4.97",
	"E": "1.2.840.113549.1.9.1", "EMAILADDRESS": "1.2.840.113549.1.9.1",
}

// parseDN reads the string form of a distinguished name (RFC 4514 §3): a list
// of relative names, the most specific first.
func parseDN(text string) ([][]attribute, error) {
	var name [][]attribute
	if text == "" {
		return name, nil
	}
	rdns, err := splitDN(text, ',')
	if err != nil {
		return nil, err
	}
	for _, rdn := range rdns {
		parts, err := splitDN(rdn, '+')
		if err != nil {
			return nil, err
		}
		var relative []attribute
		for _, part := range parts {
			a, err := parseAttribute(part)
			if err != nil {
				return nil, err
			}
			relative = append(relative, a)
		}
		name = append(name, relative)
	}
	return name, nil
}

// splitDN cuts text at each by that no backslash escapes.
func splitDN(text string, by byte) ([]string, error) {
	var parts []string
	from := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case by:
			parts, from = append(parts, text[from:i]), i+1
		}
	}
	if strings.HasSuffix(text, `\`) && len(text)-len(strings.TrimRight(text, `\`))%2 == 1 {
		return nil, errors.New("a backslash escapes nothing")
	}
	return append(parts, text[from:]), nil
}

func parseAttribute(part string) (attribute, error) {
	kind, value, ok := strings.Cut(part, "=")
	if !ok {
		return attribute{}, fmt.Errorf("%q is not type=value", part)
	}
	kind = strings.TrimLeft(kind, " ") // RFC 2253 allowed blanks around a comma
	oid, ok := attributeNames[strings.ToUpper(kind)]
	if !ok {
		if oid = kind; !isOID(oid) {
			return attribute{}, fmt.Errorf("%q is neither a known attribute type nor an OID", kind)
		}
	}
	if digits, ok := strings.CutPrefix(value, "#"); ok {
		der, err := hex.DecodeString(digits)
		if err != nil || len(der) == 0 {
			return attribute{}, fmt.Errorf("%q has a value that is not hex", part)
		}
		return attribute{oid: oid, der: der}, nil
	}
	text, err := unescapeDN(value)
	return attribute{oid: oid, text: text}, err
}

// unescapeDN takes the backslashes away (RFC 4514 §2.4).
func unescapeDN(value string) (string, error) {
	var out []byte
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case c == '\\' && i+2 < len(value) && isHex(value[i+1]) && isHex(value[i+2]):
			pair, err := hex.DecodeString(value[i+1 : i+3])
			if err != nil {
				return "", err
			}
			out = append(out, pair...)
			i += 2
		case c == '\\' && i+1 < len(value) && strings.IndexByte(` "#+,;<=>\`, value[i+1]) >= 0:
			out = append(out, value[i+1])
			i++
		case strings.IndexByte("\"+,;<>\\\x00", c) >= 0:
			return "", fmt.Errorf("%q has a %q that is not escaped", value, c)
		default:
			out = append(out, c)
		}
	}
	return string(out), nil
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// sameDN is nil if text is the string form of the encoded name der.
func sameDN(text string, der []byte) error {
	got, err := parseDN(text)
	if err != nil {
		return err
	}
	var want []relativeSET
	if _, err := asn1.Unmarshal(der, &want); err != nil {
		return fmt.Errorf("read the name in the certificate: %w", err)
	}
	slices.Reverse(want)
	if len(got) != len(want) {
		return fmt.Errorf("%q has %d relative names, the certificate's has %d", text, len(got), len(want))
	}
	for i, relative := range want {
		if len(got[i]) != len(relative) {
			return fmt.Errorf("%q differs from the certificate's name in its relative name %d", text, i+1)
		}
		for _, a := range relative {
			if !slices.ContainsFunc(got[i], func(g attribute) bool { return g.is(a) }) {
				return fmt.Errorf("%q lacks, or has elsewhere, the attribute %s of the certificate's name", text, a.Type)
			}
		}
	}
	return nil
}

// relativeSET is a relative name as a certificate has it, to package asn1.
type relativeSET []encoded

// encoded is an attribute with the DER of its value.
type encoded struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

// is reports whether g says what a does: the same text, or the same DER.
func (g attribute) is(a encoded) bool {
	if g.oid != a.Type.String() {
		return false
	}
	if g.der != nil {
		return bytes.Equal(g.der, a.Value.FullBytes)
	}
	var text string
	_, err := asn1.Unmarshal(a.Value.FullBytes, &text)
	return err == nil && g.text == text
}
