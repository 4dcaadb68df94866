package ca

import (
	"crypto/elliptic"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"
	"strings"
	"testing"
)

// goodNames may stand in a certificate as they are.
var goodNames = []string{
	"Semnatar Demo", "A", "Demo Signer 1", "Demo Signer 11", "Ștefan Țîrțăreanu", "Ionuț-Răzvan", "Anne-Marie",
	"O'Connor", "O’Connor", "D’Angelo", "Kaʻahumanu", "J. R. R. Demo", "Demo-Signer", "Demo St. John",
	"Łukasz Żółć", "Dvořák", "Ångström", "Søren Ærø", "Jürgen Groß", "Zoë", "Núñez", "João Gonçalves", "Çelik İpek",
	"Ğülşen Işık", "Þórdís Ðalur", "Nguyễn Thị Ánh", "Đặng Văn Ơn", "Ġorġ Ħaż-Żebbuġ", "Lluís Gal·la", "Kęstutis Ąžuolas",
	"Иван Петров", "Олексій Підʼярський", "Владимир Đoković", "Ђорђе Ђоковић", "Γιώργος Παπαδόπουλος", "Ἀριστοτέλης",
	"Հայկ Պետրոսյան", "გიორგი", "דוד כהן", "محمد علي", "प्रिया शर्मा", "রবীন্দ্রনাথ", "தமிழ்", "สมชาย", "ລາວ", "ကျော်",
	"田中 太郎", "田中さくら", "タナカ ハナコー", "김철수", "王小明", "አበበ", "Владимир Smith", "a b c d e f g h",
	strings.Repeat("a", 64), strings.Repeat("ț", 64), strings.Repeat("中", 64), "Q̣", "x̱x",
}

// badNames may not, and what is wrong with them.
var badNames = []struct{ says, name string }{
	{"a NUL in the middle", "Demo\x00Signer"}, {"a NUL at the end", "Demo\x00"}, {"only NUL", "\x00"},
	{"a line feed", "Demo\nSigner"}, {"a carriage return", "Demo\rSigner"}, {"a tab", "Demo\tSigner"},
	{"a bell", "Demo\aSigner"}, {"an escape sequence", "Demo\x1b[31mSigner"}, {"DEL", "Demo\x7f"}, {"a C1 control", "Demo\u0085Signer"},
	{"not UTF-8", "Demo\xff"}, {"half a character", "Demo\xc8"}, {"an overlong slash", "Demo\xc0\xafSigner"},
	{"a surrogate in UTF-8", "Demo\xed\xa0\x80"}, {"beyond Unicode", "Demo\xf4\x90\x80\x80"},
	{"the replacement character", "Demo\ufffd"}, {"a byte order mark", "\ufeffDemo"}, {"a noncharacter", "Demo\uffff"},
	{"a private character", "Demo\ue000"}, {"an unassigned character", "Demo\u0378"},
	{"another attribute by a plus", "Demo+CN=Other"}, {"another attribute by a comma", "Demo,CN=Other"},
	{"another attribute by a comma and space", "Demo, CN=Other"}, {"another attribute by a semicolon", "Demo;CN=Other"},
	{"another attribute by a slash", "Demo/CN=Other"}, {"an equals sign", "CN=Demo"}, {"a backslash", `Demo\Signer`},
	{"an escaped comma", `Demo\, CN`}, {"a quotation mark", `Demo "The" Signer`}, {"a number sign first", "#04024869"},
	{"a less-than sign", "Demo<Signer"}, {"HTML", "<script>alert(1)</script>"}, {"a format verb", "Demo %s"}, {"a shell", "$(id)"},
	{"a backtick", "`id`"}, {"a pipe", "Demo|Signer"}, {"an ampersand in a person", "Demo & Signer"}, {"an at sign", "demo@example.org"},
	{"an underscore", "Demo_Signer"}, {"an asterisk", "*"}, {"an exclamation mark", "Demo!"}, {"a question mark", "Demo?"},
	{"a colon in a person", "Demo: Signer"}, {"braces", "{{.}}"}, {"brackets", "[Demo]"}, {"a caret", "Demo^"}, {"a tilde", "~demo"},
	{"a space first", " Demo"}, {"a space last", "Demo "}, {"two spaces", "Demo  Signer"}, {"only a space", " "},
	{"a no-break space", "Demo\u00a0Signer"}, {"a thin space", "Demo\u2009Signer"}, {"an ideographic space", "田中\u3000太郎"},
	{"a line separator", "Demo\u2028Signer"}, {"a paragraph separator", "Demo\u2029Signer"}, {"a Mongolian separator", "Demo\u180eSigner"},
	{"a zero-width space", "Demo\u200bSigner"}, {"a zero-width joiner", "Demo\u200dSigner"}, {"a zero-width non-joiner", "Demo\u200cSigner"},
	{"a soft hyphen", "De\u00admo"}, {"a word joiner", "De\u2060mo"}, {"a right-to-left override", "Demo\u202eren"},
	{"a left-to-right mark", "Demo\u200e"}, {"an isolate", "\u2066Demo\u2069"}, {"a tag character", "Demo\U000e0041"},
	{"a variation selector on a space", "Demo \ufe0f"}, {"a Hangul filler", "Demo\u3164"},
	{"a combining grapheme joiner alone", "\u034f"},
	{"a combining grapheme joiner", "De\u034fmo"}, {"a Hangul vowel that is none", "De\u1160mo"},
	{"a variation selector on a letter", "Dem\ufe0fo"}, {"a Khmer vowel that is none", "ក\u17b4"}, {"a Mongolian selector", "ᠮ\u180b"},
	{"normal form D", "S\u0326tefan"}, {"a ligature", "Deﬁ"}, {"full-width letters", "Ｄｅｍｏ"}, {"half-width kana", "ﾀﾅｶ"},
	{"a superscript", "Demo²"}, {"a feminine ordinal", "Mª Demo"}, {"a long s", "Demo ſ"}, {"mathematical letters", "𝐃𝐞𝐦𝐨"},
	{"circled letters", "Ⓓⓔⓜⓞ"}, {"a Roman numeral", "Demo Ⅳ"}, {"a Kelvin sign", "\u212aelvin"}, {"an Arabic presentation form", "ﷴ"},
	{"a fraction", "Demo ½"}, {"an emoji", "Demo 😀"}, {"a trademark", "Demo™"}, {"a currency", "Demo €"}, {"a degree", "Demo°"},
	{"a copyright sign", "Demo ©"}, {"a bullet", "Demo • Signer"}, {"an en dash", "Demo–Signer"}, {"an ellipsis", "Demo…"},
	{"Arabic digits", "Demo ١"}, {"Devanagari digits", "Demo १"}, {"only digits", "12345"}, {"only punctuation", "-.'"}, {"only a dot", "."},
	{"an accent on nothing", "\u0301Demo"}, {"an accent on a space", "Demo \u0301"}, {"an accent on a digit", "D1\u0331"},
	{"a pile of accents", "Dx" + strings.Repeat("\u0331", 5)}, {"an enclosing circle", "x\u20dd"},
	{"a Cyrillic a among Latin letters", "Dаniel"}, {"a Latin e among Cyrillic letters", "Пeтров"}, {"a Greek omicron", "Demο"},
	{"an Armenian letter", "Հaյկ"}, {"a Cherokee letter", "Ꭰemo"}, {"a Latin letter after an apostrophe", "D'Аngelo"},
	{"Han among Latin letters", "Demo中"}, {"a Latin letter in kana", "タナkカ"}, {"a Cyrillic letter after a digit", "Demo1а"},
	{"65 characters", strings.Repeat("a", 65)}, {"65 characters of two bytes", strings.Repeat("ț", 65)}, {"a megabyte", strings.Repeat("a", 1<<20)},
}

// person is a subject with name in all its parts.
func person(name string) Subject {
	return Subject{GivenName: name, FamilyName: name, CommonName: name, Country: "RO"}
}

func TestNames(t *testing.T) {
	t.Parallel()
	if n := len(goodNames) + len(badNames); n < 150 {
		t.Fatalf("%d names are too few", n)
	}
	for _, name := range goodNames {
		der, err := person(name).name()
		if err != nil {
			t.Errorf("good: %v", err)
			continue
		}
		if got := namesIn(t, der); !slices.Equal(got, []string{"RO", name, name, name}) {
			t.Errorf("%q became %q", name, got)
		}
	}
	for _, tt := range badNames {
		for _, s := range []Subject{
			{GivenName: tt.name, FamilyName: "Demo", CommonName: "Demo", Country: "RO"},
			{GivenName: "Demo", FamilyName: tt.name, CommonName: "Demo", Country: "RO"},
			{GivenName: "Demo", CommonName: tt.name, Country: "RO"},
			{GivenName: "Demo", CommonName: "Demo", Organization: tt.name, Country: "RO"},
		} {
			if fine(tt.says, s) {
				continue
			}
			if der, err := s.name(); !errors.Is(err, ErrSubject) {
				t.Errorf("%s: %q was taken: %x", tt.says, tt.name, der)
			}
		}
	}
}

// fine is whether what is wrong with a person's name is right in s.
func fine(says string, s Subject) bool {
	return s.Organization != "" && (says == "an ampersand in a person" || says == "a colon in a person")
}

// namesIn are the texts of a DER name, by a reader of its own.
func namesIn(t *testing.T, der []byte) (texts []string) {
	t.Helper()
	var rdns []asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &rdns); err != nil || len(rest) > 0 {
		t.Fatalf("not a name: %v, %x", err, rest)
	}
	for _, set := range rdns {
		var pair struct {
			Type  asn1.ObjectIdentifier
			Value asn1.RawValue
		}
		rest, err := asn1.Unmarshal(set.Bytes, &pair)
		if err != nil || len(rest) > 0 || set.Tag != asn1.TagSet {
			t.Fatalf("not one attribute: %v, %x", err, rest)
		}
		texts = append(texts, string(pair.Value.Bytes))
	}
	return texts
}

func TestBadNamesAreNotCertified(t *testing.T) {
	t.Parallel()
	l := authority(t, ec(t, elliptic.P256()))
	r := request(ec(t, elliptic.P256()).Public())
	for _, tt := range badNames {
		r.Subject = person(tt.name)
		if chain, err := l.Issue(t.Context(), r); !errors.Is(err, ErrSubject) || chain != nil {
			t.Errorf("%s: %v", tt.says, err)
		}
	}
}

func TestOtherAttributes(t *testing.T) {
	t.Parallel()
	const country, serial, email, organization = "Country", "SerialNumber", "Email", "Organization"
	for _, tt := range []struct {
		field, value string
		good         bool
	}{
		{country, "RO", true}, {country, "DE", true}, {country, "AX", true}, {country, "ZW", true},
		{country, "ro", false}, {country, "R", false}, {country, "ROU", false}, {country, "XX", false}, {country, "EU", false},
		{country, "UK", false}, {country, "D ", false}, {country, " A", false}, {country, "AĂ", false}, {country, "R\x00", false}, {country, "00", false},
		{serial, "PNORO-1234567890123", true}, {serial, "IDCRO-AB123456", true}, {serial, "u-0123456789abcdef", true},
		{serial, strings.Repeat("1", 64), true}, {serial, "12 34", true},
		{serial, strings.Repeat("1", 65), false}, {serial, "u_0123", false}, {serial, "A*B", false}, {serial, "A@B", false}, {serial, "A\x00B", false},
		{serial, " 1", false}, {serial, "1 ", false}, {serial, "1  2", false}, {serial, "ț", false}, {serial, "1,CN=Other", false}, {serial, "1+2", false},
		{organization, "Demo & Sons, Ltd.", true}, {organization, "S.C. Demo S.R.L.", true}, {organization, "Demo (Holding) A/S", true},
		{organization, "Demo, CN=Other", false}, {organization, "Demo\nSons", false}, {organization, strings.Repeat("o", 65), false},
		{email, "demo@example.org", true}, {email, "demo.signer+tag@mail.example.org", true}, {email, "d'emo@example.org", true},
		{email, "demo@xn--bcher-kva.example", true}, {email, strings.Repeat("a", 64) + "@example.org", true},
		{email, "demo", false}, {email, "@example.org", false}, {email, "demo@", false}, {email, "demo@localhost", false},
		{email, "a@b@example.org", false}, {email, `"a b"@example.org`, false}, {email, "Demo <demo@example.org>", false},
		{email, "<demo@example.org>", false}, {email, " demo@example.org", false}, {email, "demo@example.org ", false},
		{email, "demo@example.org\r\nBcc: x@example.org", false}, {email, "demo\x00@example.org", false}, {email, "demo@exa\x00mple.org", false},
		{email, "demo@example..org", false}, {email, "demo@.example.org", false}, {email, "demo@example.org.", false},
		{email, ".demo@example.org", false}, {email, "de..mo@example.org", false}, {email, "demo.@example.org", false},
		{email, "demo@-example.org", false}, {email, "demo@example-.org", false}, {email, "demo@exam_ple.org", false},
		{email, "demo@[192.0.2.1]", false}, {email, "demo@bücher.example", false}, {email, "dèmo@example.org", false},
		{email, "demo(comment)@example.org", false}, {email, "demo@example.org,x@example.org", false},
		{email, strings.Repeat("a", 65) + "@example.org", false}, {email, "a@" + strings.Repeat("b", 64) + ".org", false},
		{email, "a@" + strings.Repeat("b.", 130) + "org", false},
	} {
		s := person("Demo Signer")
		*map[string]*string{country: &s.Country, serial: &s.SerialNumber, email: &s.Email, organization: &s.Organization}[tt.field] = tt.value
		if _, err := s.name(); (err == nil) != tt.good || err != nil && !errors.Is(err, ErrSubject) {
			t.Errorf("%s %q: %v", tt.field, tt.value, err)
		}
	}
}

func TestNothingIsEverQualified(t *testing.T) {
	t.Parallel()
	l := authority(t, ec(t, elliptic.P256()))
	r := request(ec(t, elliptic.P256()).Public())
	for _, arc := range []string{"0.4.0.194112.1.", "0.4.0.1456.1."} {
		for _, last := range []string{"0", "1", "2", "3", "4", "5", "9.9"} {
			r.Profile.Policy = arc + last
			if _, err := l.Issue(t.Context(), r); !errors.Is(err, ErrProfile) {
				t.Errorf("policy %s: %v", r.Profile.Policy, err)
			}
		}
	}
	r.Profile.Policy = "0.4.0.1941120.1.2" // not an arc of ETSI's, though it begins like one
	for _, e := range issue(t, l, r).Extensions {
		if e.Id.String() == "1.3.6.1.5.5.7.1.3" {
			t.Error("there are QC statements")
		}
	}
}

// FuzzSubject holds two things against any text: the subject does not break
// out of its attribute, and what is signed is what was asked for.
func FuzzSubject(f *testing.F) {
	for _, name := range goodNames {
		f.Add(name)
	}
	for _, tt := range badNames[:len(badNames)-1] {
		f.Add(tt.name)
	}
	l := authority(f, ec(f, elliptic.P256()))
	public := ec(f, elliptic.P256()).Public()
	f.Fuzz(func(t *testing.T, name string) {
		r := request(public)
		r.Subject = person(name)
		chain, err := l.Issue(t.Context(), r)
		if err != nil {
			if !errors.Is(err, ErrSubject) {
				t.Errorf("%q: neither refused nor certified: %v", name, err)
			}
			return
		}
		cert, err := x509.ParseCertificate(chain[0])
		if err != nil {
			t.Fatal(err)
		}
		if got := namesIn(t, cert.RawSubject); !slices.Equal(got, []string{"RO", name, name, name}) {
			t.Errorf("%q became %q", name, got)
		}
	})
}

// A legal person is named by what it is called and what it is registered as.
func TestOrganizations(t *testing.T) {
	t.Parallel()
	good := Subject{CommonName: "Demo S.R.L.", Organization: "Demo & Fii S.R.L.", OrganizationIdentifier: "VATRO-12345678", SerialNumber: "1", Country: "RO"}
	der, err := good.name()
	if err != nil {
		t.Fatal(err)
	}
	if got := namesIn(t, der); !slices.Equal(got, []string{"RO", "Demo & Fii S.R.L.", "VATRO-12345678", "1", "Demo S.R.L."}) {
		t.Errorf("it became %q", got)
	}
	for says, change := range map[string]func(*Subject){
		"nobody":                      func(s *Subject) { s.OrganizationIdentifier = "" },
		"an identifier of nobody":     func(s *Subject) { s.Organization = "" },
		"an identifier of no country": func(s *Subject) { s.OrganizationIdentifier = "VAT-12345678" },
		"an identifier with a comma":  func(s *Subject) { s.OrganizationIdentifier = "VATRO-12,CN" },
		"an identifier in small":      func(s *Subject) { s.OrganizationIdentifier = "vatro-12345678" },
		"a long identifier":           func(s *Subject) { s.OrganizationIdentifier = "VATRO-" + strings.Repeat("1", 51) },
	} {
		s := good
		change(&s)
		if der, err := s.name(); !errors.Is(err, ErrSubject) {
			t.Errorf("%s was taken: %x, %v", says, der, err)
		}
	}
	l := authority(t, ec(t, elliptic.P384()))
	r := request(ec(t, elliptic.P256()).Public())
	r.Subject = good
	out, err := openssl(t, "x509", "-noout", "-subject", "-nameopt", "RFC2253,utf8,-esc_msb", "-in", pemFile(t, "leaf.pem", issue(t, l, r)))
	if want := "subject=CN=Demo S.R.L.,serialNumber=1,organizationIdentifier=VATRO-12345678,O=Demo & Fii S.R.L.,C=RO\n"; err != nil || out != want {
		t.Errorf("openssl says %q, want %q", out, want)
	}
}
