package credentials

import (
	"encoding/asn1"
	"strings"
	"testing"
	"unicode"
)

// one is a relative name of one attribute.
func one(oid string, tag int, value string) attributeSET {
	return attributeSET{{Type: dotted(oid), Value: asn1.RawValue{Tag: tag, Bytes: []byte(value)}}}
}

func dotted(text string) (oid asn1.ObjectIdentifier) {
	for _, arc := range strings.Split(text, ".") {
		n := 0
		for _, digit := range arc {
			n = 10*n + int(digit-'0')
		}
		oid = append(oid, n)
	}
	return oid
}

func encodeName(t testing.TB, sets ...attributeSET) []byte {
	t.Helper()
	der, err := asn1.Marshal(sets)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// names are names and what RFC 4514 makes of them.
func names(t testing.TB) []struct {
	says string
	der  []byte
	want string
} {
	const cn, givenName, mail = "2.5.4.3", "2.5.4.42", "1.2.840.113549.1.9.1"
	utf8 := asn1.TagUTF8String
	return []struct {
		says string
		der  []byte
		want string
	}{
		{"the last comes first", encodeName(t, one("2.5.4.6", asn1.TagPrintableString, "RO"), one(cn, utf8, "Semnatar Demo")), "CN=Semnatar Demo,C=RO"},
		{"two in one", encodeName(t, append(one(cn, utf8, "Demo"), one("2.5.4.5", asn1.TagPrintableString, "12")...)), "SERIALNUMBER=12+CN=Demo"},
		{"what separates", encodeName(t, one(cn, utf8, `a,b+c;d"e<f>g\h`)), `CN=a\,b\+c\;d\"e\<f\>g\\h`},
		{"a # that begins, and one that does not", encodeName(t, one(cn, utf8, "#1#")), `CN=\#1#`},
		{"blanks around", encodeName(t, one(cn, utf8, "  Demo  ")), `CN=\  Demo \ `},
		{"a blank alone", encodeName(t, one(cn, utf8, " ")), `CN=\ `},
		{"nothing", encodeName(t, one(cn, utf8, "")), `CN=`},
		{"what no line has", encodeName(t, one(cn, utf8, "a\x00b\r\nc\x7f")), `CN=a\00b\0d\0ac\7f`},
		{"letters of Romanian", encodeName(t, one(cn, utf8, "Șerban Țuțea")), "CN=Șerban Țuțea"},
		{"a type without a short name keeps its own encoding", encodeName(t, one(givenName, utf8, "Demo")), "2.5.4.42=#0c0444656d6f"},
		{"also another", encodeName(t, one(mail, asn1.TagIA5String, "a@b.ro")), "1.2.840.113549.1.9.1=#16066140622e726f"},
		{"domains", encodeName(t, one("0.9.2342.19200300.100.1.25", asn1.TagIA5String, "ro"), one("0.9.2342.19200300.100.1.25", asn1.TagIA5String, "demo")), "DC=demo,DC=ro"},
		{"two bytes a letter", encodeName(t, one(cn, asn1.TagBMPString, "\x00D\x02\x18")), "CN=DȘ"},
		{"what is no text", encodeName(t, one(cn, asn1.TagOctetString, "\x01")), "CN=#040101"},
		{"letters of Latin-1", encodeName(t, one(cn, asn1.TagT61String, "\xff")), "CN=ÿ"},
		{"no name at all", []byte{0x30, 0x00}, ""},
		{"bytes behind it", []byte{0x30, 0x00, 0x00}, ""},
		{"bytes that are none", []byte("CN=x"), ""},
	}
}

// The string form of RFC 4514, in which a value stands as the certificate has it.
func TestDistinguishedNames(t *testing.T) {
	for _, tt := range names(t) {
		if got := distinguishedName(tt.der); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.says, got, tt.want)
		}
	}
}

// Whatever stands in a certificate, its name is one line in which just the right
// commas separate.
func FuzzDistinguishedName(f *testing.F) {
	for _, tt := range names(f) {
		f.Add(tt.der)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		got := distinguishedName(der)
		if i := strings.IndexFunc(got, unicode.IsControl); i >= 0 && got[i] < 0x80 {
			t.Errorf("%x has a control in %q", der, got)
		}
		var name []attributeSET
		if _, err := asn1.Unmarshal(der, &name); err != nil || got == "" {
			return
		}
		commas, escape := 0, false
		for _, r := range got {
			if r == ',' && !escape {
				commas++
			}
			escape = r == '\\' && !escape
		}
		if commas != len(name)-1 {
			t.Errorf("%x, a name of %d, is %q", der, len(name), got)
		}
	})
}
