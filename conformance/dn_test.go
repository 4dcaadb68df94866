package conformance

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"
	"unicode/utf8"
)

func named(t testing.TB, parts ...[]pkix.AttributeTypeAndValue) []byte {
	t.Helper()
	var name pkix.RDNSequence
	for _, p := range parts {
		name = append(name, p)
	}
	der, err := asn1.Marshal(name)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func rdn(pairs ...string) []pkix.AttributeTypeAndValue {
	var all []pkix.AttributeTypeAndValue
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, pkix.AttributeTypeAndValue{Type: oidOf(pairs[i]), Value: pairs[i+1]})
	}
	return all
}

func TestSameDN(t *testing.T) {
	const c, o, cn, serial, given = "2.5.4.6", "2.5.4.10", "2.5.4.3", "2.5.4.5", "2.5.4.42"
	plain := [][]pkix.AttributeTypeAndValue{rdn(c, "RO"), rdn(o, "Demo, S.R.L."), rdn(cn, "Semnatar Demo")}
	for _, row := range []struct {
		says string
		text string
		name [][]pkix.AttributeTypeAndValue
		same bool
	}{
		{"the last relative name first", `CN=Semnatar Demo,O=Demo\, S.R.L.,C=RO`, plain, true},
		{"types in any case, or as OIDs", `cn=Semnatar Demo,2.5.4.10=Demo\2C S.R.L.,c=RO`, plain, true},
		{"blanks behind the commas, as RFC 2253 readers allow", `CN=Semnatar Demo, O=Demo\, S.R.L., C=RO`, plain, true},
		{"a value in DER", `CN=#130d53656d6e617461722044656d6f,O=Demo\, S.R.L.,C=RO`, plain, true},
		{"two attributes in one relative name, in any order", `SERIALNUMBER=1+CN=Demo`, [][]pkix.AttributeTypeAndValue{rdn(cn, "Demo", serial, "1")}, true},
		{"text beyond ASCII", `GIVENNAME=Ștefan`, [][]pkix.AttributeTypeAndValue{rdn(given, "Ștefan")}, true},
		{"and escaped by bytes", `GN=\C8\98tefan`, [][]pkix.AttributeTypeAndValue{rdn(given, "Ștefan")}, true},
		{"no name at all", ``, nil, true},

		{"the order of the certificate", `C=RO,O=Demo\, S.R.L.,CN=Semnatar Demo`, plain, false},
		{"a comma that is not escaped", `CN=Semnatar Demo,O=Demo, S.R.L.,C=RO`, plain, false},
		{"slashes", `/C=RO/O=Demo, S.R.L./CN=Semnatar Demo`, plain, false},
		{"a part missing", `CN=Semnatar Demo,C=RO`, plain, false},
		{"a value in another DER", `CN=#0c0d53656d6e617461722044656d6f,O=Demo\, S.R.L.,C=RO`, plain, false},
		{"another value", `CN=Semnatar,O=Demo\, S.R.L.,C=RO`, plain, false},
		{"another type", `OU=Semnatar Demo,O=Demo\, S.R.L.,C=RO`, plain, false},
		{"one relative name for two", `CN=Semnatar Demo+O=Demo\, S.R.L.,C=RO`, plain, false},
		{"a type nobody knows", `NAME=Semnatar Demo,O=Demo\, S.R.L.,C=RO`, plain, false},
		{"a backslash at the end", `CN=Semnatar Demo\`, [][]pkix.AttributeTypeAndValue{rdn(cn, "Semnatar Demo")}, false},
		{"a value that is not hex", `CN=#0`, [][]pkix.AttributeTypeAndValue{rdn(cn, "0")}, false},
		{"a quotation mark", `CN="Semnatar Demo"`, [][]pkix.AttributeTypeAndValue{rdn(cn, "Semnatar Demo")}, false},
	} {
		if err := sameDN(row.text, named(t, row.name...)); (err == nil) != row.same {
			t.Errorf("%s: %q: %v", row.says, row.text, err)
		}
	}
}

func FuzzParseDN(f *testing.F) {
	f.Add(`CN=Demo \+ Signer,2.5.4.42=#0c0144+O=\2C,C=RO`)
	f.Fuzz(func(t *testing.T, text string) {
		name, err := parseDN(text)
		for _, relative := range name {
			for _, a := range relative {
				if err == nil && !isOID(a.oid) {
					t.Errorf("%q has the type %q", text, a.oid)
				}
			}
		}
	})
}

// Whatever the standard library writes of a name is that name.
func FuzzSameDN(f *testing.F) {
	f.Add("Demo, Signer", " #1")
	f.Fuzz(func(t *testing.T, common, organization string) {
		for _, s := range []string{common, organization} {
			if s == "" || !utf8.ValidString(s) || strings.Contains(s, "\x00") {
				return
			}
		}
		name := pkix.RDNSequence{rdn("2.5.4.10", organization), rdn("2.5.4.3", common)}
		if err := sameDN(name.String(), named(t, name[0], name[1])); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
}
