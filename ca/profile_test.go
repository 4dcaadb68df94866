package ca

import (
	"crypto/elliptic"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
	"testing"
)

const demoNotice = "Demonstration certificate without legal value."

// A certificate for logins is one for TLS clients, to openssl too, and for nothing
// that is signed for its content.
func TestLoginCertificate(t *testing.T) {
	t.Parallel()
	l := authority(t, ec(t, elliptic.P384()))
	r := request(ec(t, elliptic.P256()).Public())
	r.Profile.Use = Login
	cert := issue(t, l, r)
	if cert.KeyUsage != x509.KeyUsageDigitalSignature || len(cert.ExtKeyUsage) != 1 || cert.ExtKeyUsage[0] != x509.ExtKeyUsageClientAuth || len(cert.UnknownExtKeyUsage) != 0 {
		t.Errorf("key usage %b, extended %v %v", cert.KeyUsage, cert.ExtKeyUsage, cert.UnknownExtKeyUsage)
	}
	root, leaf := pemFile(t, "root.pem", l.Certificate), pemFile(t, "leaf.pem", cert)
	for purpose, good := range map[string]bool{"sslclient": true, "sslserver": false, "smimesign": false, "timestampsign": false} {
		out, _ := openssl(t, "verify", "-x509_strict", "-purpose", purpose, "-attime", fmt.Sprint(noon.Unix()), "-CAfile", root, leaf)
		if strings.HasSuffix(out, ": OK\n") != good {
			t.Errorf("%s: %s", purpose, out)
		}
	}
	r.Profile.Use = Login + 1
	if _, err := l.Issue(t.Context(), r); !errors.Is(err, ErrProfile) {
		t.Errorf("another use: %v", err)
	}
}

func TestLintNoticesBadLogin(t *testing.T) {
	t.Parallel()
	key := ec(t, elliptic.P384())
	l, r := authority(t, key), request(ec(t, elliptic.P256()).Public())
	r.Profile.Use = Login
	const usage, purpose = "key usage is digital", "extended key usage is client"
	for _, tt := range []botch{
		{"a good one", func(*x509.Certificate) {}, ""},
		{"content commitment", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageContentCommitment }, usage},
		{"content commitment too", func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageContentCommitment }, usage},
		{"no purpose", func(c *x509.Certificate) { c.ExtKeyUsage = nil }, purpose},
		{"servers too", func(c *x509.Certificate) { c.ExtKeyUsage = append(c.ExtKeyUsage, x509.ExtKeyUsageServerAuth) }, purpose},
		{"documents too", func(c *x509.Certificate) { c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{oidDocumentSigning} }, purpose},
		{"no common name", subject(country, given), "subject has"},
		{"a host name", func(c *x509.Certificate) { c.DNSNames = []string{"example.org"} }, "alternative name"},
	} {
		cert, err := build(l, r, key, tt.do)
		if err != nil {
			t.Fatal(err)
		}
		err = lint(loginRules, candidate{Certificate: cert, issuer: l.Certificate, asked: r.Profile})
		if tt.rule == "" && err != nil || tt.rule != "" && !noticed(err, tt.rule) {
			t.Errorf("%s: rule %q: %v", tt.says, tt.rule, err)
		}
	}
}

// A notice stands beside the policy, as openssl shows it; one that was not asked
// for, or that cannot be shown, is in no certificate.
func TestNotice(t *testing.T) {
	t.Parallel()
	key := ec(t, elliptic.P384())
	l, r := authority(t, key), request(ec(t, elliptic.P256()).Public())
	plain, err := build(l, r, key, func(*x509.Certificate) {})
	if err != nil {
		t.Fatal(err)
	}
	r.Profile.Notice = demoNotice
	cert := issue(t, l, r)
	out, err := openssl(t, "x509", "-noout", "-ext", "certificatePolicies", "-in", pemFile(t, "leaf.pem", cert))
	if err != nil || !strings.Contains(out, "Policy: "+r.Profile.Policy+"\n") || !strings.Contains(out, "Explicit Text: "+demoNotice) {
		t.Errorf("openssl says %s", out)
	}
	if out, err = openssl(t, "verify", "-x509_strict", "-purpose", "smimesign", "-policy_check", "-attime", fmt.Sprint(noon.Unix()),
		"-CAfile", pemFile(t, "root.pem", l.Certificate), pemFile(t, "leaf.pem", cert)); err != nil {
		t.Errorf("openssl verify: %s", out)
	}
	for says, tt := range map[string]struct {
		cert  *x509.Certificate
		asked Profile
	}{
		"no notice though one was asked for": {plain, r.Profile},
		"one that nobody asked for":          {cert, Profile{Policy: r.Profile.Policy}},
		"another than asked for":             {cert, Profile{Policy: r.Profile.Policy, Notice: "Another."}},
	} {
		if err := lint(leafRules, candidate{Certificate: tt.cert, issuer: l.Certificate, asked: tt.asked}); !noticed(err, "policy is") {
			t.Errorf("%s: %v", says, err)
		}
	}
	for says, p := range map[string]Profile{
		"without a policy": {Notice: demoNotice}, "of 201 characters": {Policy: "1.2.3", Notice: strings.Repeat("ț", 201)},
		"of two lines": {Policy: "1.2.3", Notice: "One.\nTwo."}, "that is not UTF-8": {Policy: "1.2.3", Notice: "\xff"},
	} {
		r.Profile = p
		if _, err := l.Issue(t.Context(), r); !errors.Is(err, ErrProfile) {
			t.Errorf("a notice %s: %v", says, err)
		}
	}
	r.Profile = Profile{Policy: "1.2.3", Notice: strings.Repeat("ț", 200)}
	issue(t, l, r)
}
