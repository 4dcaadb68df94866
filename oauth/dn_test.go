package oauth

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
)

// subject is the DER of a name of single entries, outermost first.
func subject(t testing.TB, pairs ...string) []byte {
	t.Helper()
	var seq pkix.RDNSequence
	for i := 0; i < len(pairs); i += 2 {
		var oid asn1.ObjectIdentifier
		for _, arc := range pkixOID(pairs[i]) {
			oid = append(oid, arc)
		}
		seq = append(seq, pkix.RelativeDistinguishedNameSET{{Type: oid, Value: pairs[i+1]}})
	}
	der, err := asn1.Marshal(seq)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func pkixOID(kind string) []int {
	return map[string][]int{"C": {2, 5, 4, 6}, "O": {2, 5, 4, 10}, "CN": {2, 5, 4, 3}, "OU": {2, 5, 4, 11}, "OI": {2, 5, 4, 97}}[kind]
}

func TestDN(t *testing.T) {
	bank := subject(t, "C", "RO", "O", "Banca, S.A.", "CN", "Aplicația #1")
	multi, _ := asn1.Marshal(pkix.RDNSequence{{{Type: []int{2, 5, 4, 3}, Value: "a"}, {Type: []int{2, 5, 4, 11}, Value: "b"}}})
	bmp, _ := asn1.Marshal([]entrySET{{{Type: []int{2, 5, 4, 3}, Value: asn1.RawValue{Tag: 30, Bytes: []byte{0x02, 0x1b}}}}}) // ț
	number, _ := asn1.Marshal([]entrySET{{{Type: []int{2, 5, 4, 3}, Value: asn1.RawValue{Tag: 2, Bytes: []byte{7}}}}})
	for _, tt := range []struct {
		says string
		der  []byte
		want string
		is   bool
	}{
		{"as it is written", bank, `CN=Aplicația #1,O=Banca\, S.A.,C=RO`, true},
		{"types in other case, and by number", bank, `cn=Aplicația #1,2.5.4.10=Banca\, S.A.,c=RO`, true},
		{"escapes by octets", bank, `CN=Aplica\C8\9Bia \#1,O=Banca\2c S.A.,C=RO`, true},
		{"a value by its DER", subject(t, "CN", "a"), `CN=#130161`, true},
		{"a value by the DER of another kind of string", subject(t, "CN", "a"), `CN=#0c0161`, false},
		{"a value that is no text, by its DER", number, `CN=#020107`, true},
		{"a value that is no text", number, `CN=7`, false},
		{"another kind of string", bmp, `CN=Ț`, false},
		{"the same in another kind of string", bmp, `CN=ț`, true},
		{"two attributes in an entry", multi, `CN=a+OU=b`, true},
		{"two attributes in an entry, turned", multi, `OU=b+CN=a`, true},
		{"two entries, not one of two", multi, `CN=a,OU=b`, false},
		{"one of two attributes", multi, `CN=a`, false},
		{"two of the same", multi, `CN=a+CN=a`, false},
		{"the other way round", bank, `C=RO,O=Banca\, S.A.,CN=Aplicația #1`, false},
		{"a value in other case", bank, `CN=aplicația #1,O=Banca\, S.A.,C=RO`, false},
		{"a letter that looks alike", bank, `CN=Aplicaţia #1,O=Banca\, S.A.,C=RO`, false},
		{"fewer entries", bank, `CN=Aplicația #1`, false},
		{"more entries", bank, `CN=x,CN=Aplicația #1,O=Banca\, S.A.,C=RO`, false},
		{"a comma that is one entry there and two here", subject(t, "CN", "a,O=b"), `CN=a,O=b`, false},
		{"the same, escaped", subject(t, "CN", "a,O=b"), `CN=a\,O=b`, true},
		{"a NUL in the certificate", subject(t, "CN", "a\x00b"), `CN=a`, false},
	} {
		t.Run(tt.says, func(t *testing.T) {
			want, err := parseDN(tt.want)
			if err != nil {
				t.Fatal(err)
			}
			got, err := parseSubject(tt.der)
			if err != nil {
				t.Fatal(err)
			}
			if want.is(got) != tt.is {
				t.Errorf("%q is %v: %v, want %v", tt.want, got, !tt.is, tt.is)
			}
		})
	}
	for _, bad := range []string{
		"", "CN", "CN=", "=a", "CN=a,", ",CN=a", "CN=a,,O=b", "CN=a, O=b", "CN= a", "CN=a ", "XX=a", "1=a", "01.2=a", "1.x=a", "1.-2=a",
		`CN=a\`, `CN=a\4`, `CN=a\zz`, `CN=a"b`, `CN="a"`, "CN=a;b", "CN=a<b", "CN=a\x00", `CN=\ff`, "CN=a+", "CN=#", "CN=#zz", "CN=#1301", "CN=#13016100",
	} {
		if n, err := parseDN(bad); err == nil {
			t.Errorf("%q is read as %v", bad, n)
		}
	}
	for _, bad := range [][]byte{nil, {0x30, 0}, append(subject(t, "CN", "a"), 0), {0x30, 2, 5, 0}} {
		if n, err := parseSubject(bad); err == nil {
			t.Errorf("%x is read as %v", bad, n)
		}
	}
}
