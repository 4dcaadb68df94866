package ca

import (
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
	"time"
)

func TestLintNoticesBadResponder(t *testing.T) {
	t.Parallel()
	key, public := ec(t, elliptic.P384()), ec(t, elliptic.P256()).Public()
	l := authority(t, key)
	l.URL = "http://ca.example.org" // which it does not say
	const usage, purpose, alone, exts = "key usage is digital", "extended key usage is OCSP", "nobody can ask", "extensions are"
	noCheck := func(critical bool, value ...byte) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: oidNoCheck, Critical: critical, Value: value}}
		}
	}
	for _, tt := range []botch{
		{"a good one", func(*x509.Certificate) {}, ""},
		{"a way to ask about it", func(c *x509.Certificate) { c.OCSPServer = []string{"http://ca.example.org/ca/ocsp"} }, "CRL and OCSP are"},
		{"no word that there is none", func(c *x509.Certificate) { c.ExtraExtensions = nil }, alone},
		{"that word and something in it", noCheck(false, 4, 1, 0), alone},
		{"that word, critical", noCheck(true, 5, 0), exts},
		{"a month", func(c *x509.Certificate) { c.NotAfter = c.NotBefore.AddDate(0, 1, 0) }, alone},
		{"no purpose", func(c *x509.Certificate) { c.ExtKeyUsage = nil }, purpose},
		{"time-stamps too", func(c *x509.Certificate) { c.ExtKeyUsage = append(c.ExtKeyUsage, x509.ExtKeyUsageTimeStamping) }, purpose},
		{"document signing too", func(c *x509.Certificate) { c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{oidDocumentSigning} }, purpose},
		{"content commitment", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageContentCommitment }, usage},
		{"the right to sign CRLs", func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageCRLSign }, usage},
		{"a host name", func(c *x509.Certificate) { c.DNSNames = []string{"example.org"} }, "it has no alternative"},
		{"the authority's name", func(c *x509.Certificate) { c.RawSubject = l.Certificate.RawSubject }, "subject is another"},
		{"an authority", func(c *x509.Certificate) { c.IsCA = true }, "basic constraints"},
		{"a policy", policy("1.3.6.1.4.1.32473.2"), "policy is"},
	} {
		template, err := l.responderTemplate(public, noon)
		if err != nil {
			t.Fatal(err)
		}
		template.SerialNumber = serialNumber()
		if template.SubjectKeyId, err = keyIdentifier(public); err != nil {
			t.Fatal(err)
		}
		tt.do(template)
		der, err := frame{parent: l.Certificate}.create(template, public, key)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		err = lint(responderRules, candidate{Certificate: cert, issuer: l.Certificate, kind: answers})
		if tt.rule == "" && err != nil || tt.rule != "" && !noticed(err, tt.rule) {
			t.Errorf("%s: rule %q: %v", tt.says, tt.rule, err)
		}
	}
}

// A responder's certificate ends with the authority's at the latest.
func TestResponderWithinAuthority(t *testing.T) {
	t.Parallel()
	l := authority(t, ec(t, elliptic.P256()))
	public := ec(t, elliptic.P256()).Public()
	for _, at := range []time.Time{l.Certificate.NotBefore, noon, l.Certificate.NotAfter.Add(-time.Hour)} {
		l.Now = func() time.Time { return at }
		der, err := l.issueResponder(t.Context(), public, at)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		if at.Before(cert.NotBefore) || at.After(cert.NotAfter) || cert.NotAfter.After(l.Certificate.NotAfter) {
			t.Errorf("at %v: %v to %v", at, cert.NotBefore, cert.NotAfter)
		}
	}
	after := l.Certificate.NotAfter.Add(time.Second)
	l.Now = func() time.Time { return after }
	if der, err := l.issueResponder(t.Context(), public, after); err == nil {
		t.Errorf("after the authority's end: %x", der)
	}
}
