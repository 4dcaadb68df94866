package ca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
)

// A botch is a way to make a certificate wrong, and the rule that must notice.
type botch struct {
	says string
	do   func(*x509.Certificate)
	rule string
}

func extra(oid string, critical bool, der ...byte) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		parsed, err := x509.ParseOID(oid)
		if err != nil {
			panic(err)
		}
		var id asn1.ObjectIdentifier
		for part := range strings.SplitSeq(parsed.String(), ".") {
			n, _ := new(big.Int).SetString(part, 10)
			id = append(id, int(n.Int64()))
		}
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: id, Critical: critical, Value: der})
	}
}

// subject replaces the subject by attributes given as OID and value.
func subject(rdns ...pkix.RelativeDistinguishedNameSET) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		der, err := asn1.Marshal(pkix.RDNSequence(rdns))
		if err != nil {
			panic(err)
		}
		c.RawSubject = der
	}
}

func pair(tag int, value string, arc int) pkix.AttributeTypeAndValue {
	return pkix.AttributeTypeAndValue{
		Type: asn1.ObjectIdentifier{2, 5, 4, arc}, Value: asn1.RawValue{Tag: tag, Bytes: []byte(value)},
	}
}

func rdn(pairs ...pkix.AttributeTypeAndValue) pkix.RelativeDistinguishedNameSET { return pairs }

var (
	country = rdn(pair(asn1.TagPrintableString, "RO", 6))
	given   = rdn(pair(asn1.TagUTF8String, "Semnatar", 42))
	common  = rdn(pair(asn1.TagUTF8String, "Semnatar Demo", 3))
)

func botches() []botch {
	const names, usage, purpose, exts, pointers = "names are", "key usage is content", "extended key usage is", "extensions are", "CRL and OCSP are"
	return []botch{
		{"a serial number of 8 bits", func(c *x509.Certificate) { c.SerialNumber = big.NewInt(200) }, "serial number"},
		{"a serial number of 64 bits", func(c *x509.Certificate) { c.SerialNumber = new(big.Int).SetUint64(1 << 63) }, "serial number"},
		{"a serial number of 160 bits", func(c *x509.Certificate) { c.SerialNumber = new(big.Int).Lsh(big.NewInt(1), 159) }, "serial number"},
		{"an end before the beginning", func(c *x509.Certificate) { c.NotAfter = c.NotBefore.Add(-time.Hour) }, "times are"},
		{"an organization in T61String", subject(country, given, common, rdn(pair(asn1.TagT61String, "Demo", 10))), names},
		{"a country in UTF8String", subject(rdn(pair(asn1.TagUTF8String, "RO", 6)), given, common), names},
		{"a name of no characters", subject(country, given, rdn(pair(asn1.TagUTF8String, "", 3))), names},
		{"a name of 65 characters", subject(country, given, rdn(pair(asn1.TagUTF8String, strings.Repeat("a", 65), 3))), names},
		{"a NUL in a name", subject(country, given, rdn(pair(asn1.TagUTF8String, "Semnatar\x00Demo", 3))), names},
		{"two attributes in an RDN", subject(country, given, rdn(common[0], pair(asn1.TagUTF8String, "Demo", 10))), names},
		{"two common names", subject(country, given, common, rdn(pair(asn1.TagUTF8String, "Other", 3))), names},
		{"an attribute we do not write", subject(country, given, common, rdn(pair(asn1.TagUTF8String, "Cluj", 7))), names},
		{"no country", subject(given, common), "subject has"},
		{"no common name", subject(country, given), "subject has"},
		{"neither given nor family name", subject(country, common), "subject has"},
		{"another key's identifier", func(c *x509.Certificate) { c.SubjectKeyId = make([]byte, 20) }, "subject key identifier"},
		{"no key usage", func(c *x509.Certificate) { c.KeyUsage = 0 }, "key usage is there"},
		{"key usage that is not critical", func(c *x509.Certificate) { c.KeyUsage = 0; extra("2.5.29.15", false, 3, 2, 6, 0x40)(c) }, "key usage is there"},
		{"digital signature beside content commitment", func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageDigitalSignature }, usage},
		{"the right to sign certificates", func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageCertSign }, usage},
		{"an authority", func(c *x509.Certificate) { c.IsCA = true }, "basic constraints"},
		{"no basic constraints", func(c *x509.Certificate) { c.BasicConstraintsValid = false }, "basic constraints"},
		{"no extended key usage", func(c *x509.Certificate) { c.UnknownExtKeyUsage, c.ExtKeyUsage = nil, nil }, purpose},
		{"document signing without e-mail", func(c *x509.Certificate) { c.ExtKeyUsage = nil }, purpose},
		{"client authentication too", func(c *x509.Certificate) { c.ExtKeyUsage = append(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth) }, purpose},
		{"any purpose", func(c *x509.Certificate) { c.ExtKeyUsage = append(c.ExtKeyUsage, x509.ExtKeyUsageAny) }, purpose},
		{"an extension we do not know", extra("1.3.6.1.4.1.32473.9", false, 5, 0), exts},
		{"a critical extension we do not know", extra("1.3.6.1.4.1.32473.9", true, 5, 0), exts},
		{"QcCompliance", extra("1.3.6.1.5.5.7.1.3", false, 0x30, 10, 0x30, 8, 6, 6, 4, 0, 0x8e, 0x46, 1, 1), "no statement"},
		{"the policy of qualified certificates", policy("0.4.0.194112.1.2"), "no statement"},
		{"another policy than asked for", policy("1.3.6.1.4.1.32473.2"), "policy is"},
		{"no policy though one was asked for", policy(""), "policy is"},
		{"a host name", func(c *x509.Certificate) { c.DNSNames = []string{"example.org"} }, "alternative name"},
		{"two addresses", func(c *x509.Certificate) { c.EmailAddresses = []string{"a@example.org", "b@example.org"} }, "alternative name"},
		{"an address of spaces", func(c *x509.Certificate) { c.EmailAddresses = []string{"a b@example.org"} }, "alternative name"},
		{"a CRL elsewhere", func(c *x509.Certificate) { c.CRLDistributionPoints = []string{"http://other.example.org/ca/crl"} }, pointers},
		{"two CRLs", func(c *x509.Certificate) {
			c.CRLDistributionPoints = append(c.CRLDistributionPoints, "ldap://ca.example.org")
		}, pointers},
		{"no CRL", func(c *x509.Certificate) { c.CRLDistributionPoints = nil }, pointers},
		{"OCSP elsewhere", func(c *x509.Certificate) { c.OCSPServer = []string{"http://other.example.org"} }, pointers},
		{"no OCSP", func(c *x509.Certificate) { c.OCSPServer = nil }, pointers},
		{"no issuer's certificate", func(c *x509.Certificate) { c.IssuingCertificateURL = nil }, pointers},
		{"no way to ask that it was revoked", extra("1.3.6.1.5.5.7.48.1.5", false, 5, 0), exts},
		{"a beginning before the issuer's", func(c *x509.Certificate) { c.NotBefore = noon.AddDate(-2, 0, 0) }, "validity is"},
		{"an end after the issuer's", func(c *x509.Certificate) { c.NotAfter = noon.AddDate(20, 0, 0) }, "validity is"},
	}
}

func policy(oid string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.Policies = nil
		if oid != "" {
			parsed, err := x509.ParseOID(oid)
			if err != nil {
				panic(err)
			}
			c.Policies = []x509.OID{parsed}
		}
	}
}

// noticed is whether the rule that begins with name is among what err says.
func noticed(err error, name string) bool {
	return errors.Is(err, ErrLint) && strings.Contains(err.Error(), "breaks a rule: "+name)
}

func TestLintNotices(t *testing.T) {
	t.Parallel()
	key, signer := ec(t, elliptic.P384()), ec(t, elliptic.P256())
	l, r := authority(t, key), request(signer.Public())
	l.URL = "http://ca.example.org"
	for _, tt := range botches() {
		t.Run(tt.says, func(t *testing.T) {
			cert, err := build(l, r, key, tt.do)
			if err != nil {
				t.Fatal(err)
			}
			err = lint(leafRules, candidate{Certificate: cert, issuer: l.Certificate, asked: r.Profile, url: l.URL})
			if !noticed(err, tt.rule) {
				t.Errorf("rule %q did not notice: %v", tt.rule, err)
			}
		})
	}
	cert, err := build(l, r, key, func(*x509.Certificate) {})
	if err != nil {
		t.Fatal(err)
	}
	if err := lint(leafRules, candidate{Certificate: cert, issuer: l.Certificate, asked: r.Profile, url: l.URL}); err != nil {
		t.Errorf("a good certificate: %v", err)
	}
}

// build makes the certificate of r with what botch does to it, unchecked.
func build(l *Local, r Request, key *ecdsa.PrivateKey, botch func(*x509.Certificate)) (*x509.Certificate, error) {
	template, err := l.template(r)
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serialNumber()
	if template.SubjectKeyId, err = keyIdentifier(r.Public); err != nil {
		return nil, err
	}
	botch(template)
	der, err := frame{parent: l.Certificate}.create(template, r.Public, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func TestLintNoticesAnotherIssuer(t *testing.T) {
	t.Parallel()
	key := ec(t, elliptic.P384())
	l, r := authority(t, key), request(ec(t, elliptic.P256()).Public())
	cert, err := build(l, r, key, func(*x509.Certificate) {})
	if err != nil {
		t.Fatal(err)
	}
	root, err := SelfSign(ec(t, elliptic.P256()), pkix.Name{CommonName: "Other CA"}, noon, noon.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	err = lint(leafRules, candidate{Certificate: cert, issuer: root, asked: r.Profile})
	for _, name := range []string{"issuer is", "authority key identifier", "validity is"} {
		if !noticed(err, name) {
			t.Errorf("rule %q did not notice: %v", name, err)
		}
	}
	err = lint(leafRules, candidate{Certificate: l.Certificate, issuer: l.Certificate})
	if !noticed(err, "subject key is not") {
		t.Errorf("the issuer's own key was not noticed: %v", err)
	}
}

func TestLintNoticesWeakAuthority(t *testing.T) {
	t.Parallel()
	for says, tt := range map[string]struct {
		do   func(*x509.Certificate)
		rule string
	}{
		"no path length":         {func(c *x509.Certificate) { c.MaxPathLenZero = false }, "it is an authority"},
		"a path length of one":   {func(c *x509.Certificate) { c.MaxPathLenZero, c.MaxPathLen = false, 1 }, "it is an authority"},
		"an end entity":          {func(c *x509.Certificate) { c.IsCA, c.MaxPathLenZero = false, false }, "basic constraints"},
		"content commitment too": {func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageContentCommitment }, "key usage is signing"},
		"no CRLs":                {func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign }, "key usage is signing"},
		"a purpose":              {func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} }, "it has no extended"},
		"a policy":               {policy("1.3.6.1.4.1.32473.1"), "it has no extended"},
		"another issuer":         {func(c *x509.Certificate) { c.RawIssuer = nil }, "issuer is"},
	} {
		t.Run(says, func(t *testing.T) {
			key := ec(t, elliptic.P384())
			l := authority(t, key)
			template := *l.Certificate
			template.Extensions, template.ExtraExtensions = nil, nil
			template.NotBefore, template.NotAfter = noon.AddDate(-1, 0, 0), noon.AddDate(8, 0, 0)
			parent := &template
			if says == "another issuer" {
				parent = authority(t, key).Certificate
				der, err := Subject{CommonName: "Other", GivenName: "Other", Country: "RO"}.name()
				if err != nil {
					t.Fatal(err)
				}
				template.RawSubject = der
			} else {
				tt.do(&template)
			}
			der, err := frame{parent: parent}.create(&template, key.Public(), key)
			if err != nil {
				t.Fatal(err)
			}
			cert, err := x509.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			if err := lint(rootRules, candidate{Certificate: cert}); !noticed(err, tt.rule) {
				t.Errorf("rule %q did not notice: %v", tt.rule, err)
			}
		})
	}
}

func TestRulesCiteTheirSource(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range slices.Concat(leafRules, rootRules[len(commonRules):], stamperRules[len(issuedRules):]) {
		if r.source == "" || r.check == nil || seen[r.name] {
			t.Errorf("rule %q has no source, no check, or is there twice", r.name)
		}
		seen[r.name] = true
	}
}
