package credentials

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// shortNames are the attribute types that RFC 4514 §3 wants every reader to know,
// and two more that are registered for LDAP. Other types are written as OIDs, since
// who reads names knows the one or the other of their short names.
var shortNames = map[string]string{
	"2.5.4.3": "CN", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.6": "C", "2.5.4.9": "STREET",
	"0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID",
	"2.5.4.5": "SERIALNUMBER", "2.5.4.17": "POSTALCODE",
}

// attributeSET is a relative distinguished name, to package asn1.
type attributeSET []struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

// distinguishedName writes a DER name in the string form of RFC 4514, "" if it is
// no name: the last relative name first, and a value that has no text form, or
// whose type has no short name, as the hex of its DER.
func distinguishedName(der []byte) string {
	var name []attributeSET
	if rest, err := asn1.Unmarshal(der, &name); err != nil || len(rest) > 0 {
		return ""
	}
	var relative []string
	for _, set := range slices.Backward(name) {
		var parts []string
		for _, a := range set {
			parts = append(parts, attributeText(a.Type.String(), a.Value))
		}
		relative = append(relative, strings.Join(parts, "+"))
	}
	return strings.Join(relative, ",")
}

func attributeText(oid string, value asn1.RawValue) string {
	short, known := shortNames[oid]
	var text string
	rest, err := asn1.Unmarshal(value.FullBytes, &text)
	if !known || err != nil || len(rest) > 0 || !utf8.ValidString(text) {
		if known {
			oid = short
		}
		return oid + "=#" + hex.EncodeToString(value.FullBytes)
	}
	return short + "=" + escaped(text)
}

// escaped writes a value by RFC 4514 §2.4, and controls as hex too: what is shown
// in one line has none.
func escaped(text string) string {
	var b strings.Builder
	for i, r := range text {
		switch {
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\%02x`, r)
			continue
		case strings.ContainsRune(`"+,;<>\`, r), i == 0 && (r == '#' || r == ' '), i == len(text)-1 && r == ' ':
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

var oidQCStatements = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 3}

// qcStatements are the OIDs of the certificate's QC statements (RFC 3739
// §3.2.6).
func qcStatements(cert *x509.Certificate) []string {
	var oids []string
	for _, ext := range cert.Extensions {
		if !ext.Id.Equal(oidQCStatements) {
			continue
		}
		var statements []struct {
			ID   asn1.ObjectIdentifier
			Info asn1.RawValue `asn1:"optional"`
		}
		if _, err := asn1.Unmarshal(ext.Value, &statements); err != nil {
			return nil
		}
		for _, s := range statements {
			oids = append(oids, s.ID.String())
		}
	}
	return oids
}
