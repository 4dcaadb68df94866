package oauth

import (
	"bytes"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// attributeTypes are the short names that are read, in capitals: those of RFC
// 4514 §3 and what certificates of persons at law have beside them.
var attributeTypes = map[string]string{
	"CN": "2.5.4.3", "L": "2.5.4.7", "ST": "2.5.4.8", "O": "2.5.4.10", "OU": "2.5.4.11", "C": "2.5.4.6", "STREET": "2.5.4.9",
	"DC": "0.9.2342.19200300.100.1.25", "UID": "0.9.2342.19200300.100.1.1",
	"SERIALNUMBER": "2.5.4.5", "SN": "2.5.4.4", "SURNAME": "2.5.4.4", "GN": "2.5.4.42", "GIVENNAME": "2.5.4.42",
	"TITLE": "2.5.4.12", "POSTALCODE": "2.5.4.17", "BUSINESSCATEGORY": "2.5.4.15", "DNQUALIFIER": "2.5.4.46",
	"ORGANIZATIONIDENTIFIER": "2.5.4.97", "EMAILADDRESS": "1.2.840.113549.1.9.1",
}

// An attribute is one type and value of a name. The value is text, or the DER
// of whatever it is.
type attribute struct {
	oid  string
	text string
	der  []byte // nil if the value is text
}

// A name is a distinguished name, the outermost entry first.
type name [][]attribute

var errDN = errors.New("not a distinguished name of RFC 4514")

// parseDN reads a name as RFC 4514 writes it, which is the innermost entry first.
func parseDN(text string) (name, error) {
	var n name
	var entry []attribute
	for rest := text; ; {
		one, end, err := parseAttribute(rest)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errDN, err)
		}
		entry = append(entry, one)
		if end == len(rest) || rest[end] == ',' {
			n, entry = append(n, entry), nil
		}
		if end == len(rest) {
			slices.Reverse(n)
			return n, nil
		}
		rest = rest[end+1:]
	}
}

// parseAttribute reads the attribute text begins with, and says where it ends.
func parseAttribute(text string) (one attribute, end int, err error) {
	kind, value, found := strings.Cut(text, "=")
	if !found {
		return one, 0, errors.New("an attribute without a value")
	}
	if one.oid = attributeTypes[strings.ToUpper(kind)]; one.oid == "" {
		if one.oid = kind; !isOID(kind) {
			return one, 0, fmt.Errorf("there is no attribute %q", kind)
		}
	}
	end = valueEnd(value)
	if digits, binary := strings.CutPrefix(value[:end], "#"); binary {
		var rest []byte
		one.der, err = hex.DecodeString(digits)
		if err == nil {
			rest, err = asn1.Unmarshal(one.der, new(asn1.RawValue))
		}
		if err != nil || len(rest) > 0 {
			return one, 0, errors.New("hexadecimal digits that are not DER")
		}
	} else if one.text, err = unescape(value[:end]); err != nil {
		return one, 0, err
	}
	return one, len(kind) + 1 + end, nil
}

// valueEnd is where an unescaped comma or plus sign ends the value.
func valueEnd(text string) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case ',', '+':
			return i
		}
	}
	return len(text)
}

// unescape reads a value (RFC 4514 §2.4).
func unescape(text string) (string, error) {
	if strings.HasPrefix(text, " ") || strings.HasSuffix(text, " ") && !strings.HasSuffix(text, `\ `) {
		return "", errors.New("a space that is not escaped before or after a value")
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case strings.IndexByte("\"+,;<>\x00", c) >= 0:
			return "", fmt.Errorf("%q must be escaped", c)
		case c != '\\':
			b.WriteByte(c)
		case i+1 < len(text) && strings.IndexByte(" \"#+,;<=>\\", text[i+1]) >= 0:
			i++
			b.WriteByte(text[i])
		case i+2 < len(text):
			octet, err := strconv.ParseUint(text[i+1:i+3], 16, 8)
			if err != nil {
				return "", errors.New("an escape that is none")
			}
			b.WriteByte(byte(octet))
			i += 2
		default:
			return "", errors.New("an escape that is none")
		}
	}
	if b.Len() == 0 || !utf8.ValidString(b.String()) {
		return "", errors.New("a value that is empty or not UTF-8")
	}
	return b.String(), nil
}

func isOID(text string) bool {
	arcs := strings.Split(text, ".")
	for _, arc := range arcs {
		n, err := strconv.ParseUint(arc, 10, 31)
		if err != nil || strconv.FormatUint(n, 10) != arc {
			return false
		}
	}
	return len(arcs) > 1
}

type rawAttribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

type entrySET []rawAttribute

// parseSubject reads the name in a certificate.
func parseSubject(der []byte) (name, error) {
	var raw []entrySET
	rest, err := asn1.Unmarshal(der, &raw)
	if err != nil || len(rest) > 0 || len(raw) == 0 {
		return nil, errDN
	}
	n := make(name, len(raw))
	for i, entry := range raw {
		for _, a := range entry {
			one := attribute{oid: a.Type.String(), der: a.Value.FullBytes}
			if _, err := asn1.Unmarshal(one.der, &one.text); err != nil {
				one.text = ""
			}
			n[i] = append(n[i], one)
		}
	}
	return n, nil
}

// is reports whether a certificate's name is n: entry by entry the same
// attributes with the very same values.
func (n name) is(certificate name) bool {
	return slices.EqualFunc(n, certificate, func(want, got []attribute) bool {
		got = slices.Clone(got)
		for _, w := range want {
			i := slices.IndexFunc(got, w.matches)
			if i < 0 {
				return false
			}
			got = slices.Delete(got, i, i+1)
		}
		return len(got) == 0
	})
}

// matches compares DER with DER, and text with the text in whatever kind of
// string.
func (a attribute) matches(certificate attribute) bool {
	if a.oid != certificate.oid {
		return false
	}
	if a.der != nil {
		return bytes.Equal(a.der, certificate.der)
	}
	return certificate.text != "" && a.text == certificate.text
}
