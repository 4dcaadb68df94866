package ca

import (
	"context"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func stamper(key any, change ...func(*StamperRequest)) StamperRequest {
	r := StamperRequest{
		Public: key, Name: pkix.Name{CommonName: "Demo TSA, no legal value", Country: []string{"RO"}, Organization: []string{"Demo & Sons"}},
		NotBefore: noon.Add(-time.Minute), NotAfter: noon.AddDate(5, 0, 0),
	}
	for _, f := range change {
		f(&r)
	}
	return r
}

func TestStamperByOpenSSL(t *testing.T) {
	t.Parallel()
	l := authority(t, ec(t, elliptic.P384()))
	for name, key := range map[string]any{
		"P-256": ec(t, elliptic.P256()).Public(), "P-521": ec(t, elliptic.P521()).Public(), "RSA-2048": rsaKey(t, 2048).Public(),
	} {
		chain, err := l.IssueStamper(t.Context(), stamper(key))
		if err != nil || len(chain) != 2 {
			t.Fatalf("%s: %d certificates, %v", name, len(chain), err)
		}
		cert, err := x509.ParseCertificate(chain[0])
		if err != nil {
			t.Fatal(err)
		}
		leaf := pemFile(t, "tsa.pem", cert)
		out, err := openssl(t, "verify", "-x509_strict", "-check_ss_sig", "-purpose", "timestampsign",
			"-attime", fmt.Sprint(noon.Unix()), "-CAfile", pemFile(t, "root.pem", l.Certificate), leaf)
		if err != nil || !strings.HasSuffix(out, ": OK\n") {
			t.Errorf("%s: %s", name, out)
		}
		text, err := openssl(t, "x509", "-noout", "-text", "-nameopt", "RFC2253,utf8,-esc_msb", "-in", leaf)
		if err != nil {
			t.Fatal(text)
		}
		says(t, text, []string{
			`Subject: CN=Demo TSA\, no legal value,O=Demo & Sons,C=RO`,
			"X509v3 Key Usage: critical\n                Digital Signature\n",
			"X509v3 Extended Key Usage: critical\n                Time Stamping\n",
			"X509v3 Basic Constraints: critical\n                CA:FALSE\n",
		})
	}
}

func TestIssueStamperRefuses(t *testing.T) {
	t.Parallel()
	authorityKey, key := ec(t, elliptic.P384()), ec(t, elliptic.P256())
	for _, tt := range []struct {
		says   string
		change func(*StamperRequest)
		want   error
	}{
		{"no key", func(r *StamperRequest) { r.Public = nil }, ErrKey},
		{"a key on P-224", func(r *StamperRequest) { r.Public = ec(t, elliptic.P224()).Public() }, ErrKey},
		{"the authority's own key", func(r *StamperRequest) { r.Public = authorityKey.Public() }, ErrLint},
		{"the authority's own name", func(r *StamperRequest) {
			r.Name = pkix.Name{CommonName: "Demo CA, no legal value", Country: []string{"RO"}, Organization: []string{"Demo & Sons"}}
		}, ErrLint},
		{"no common name", func(r *StamperRequest) { r.Name.CommonName = "" }, ErrSubject},
		{"a name that hides another", func(r *StamperRequest) { r.Name.CommonName = "Demo\x00" }, ErrSubject},
		{"an end after the authority's", func(r *StamperRequest) { r.NotAfter = noon.AddDate(9, 0, 0).Add(time.Second) }, ErrValidity},
		{"no time at all", func(r *StamperRequest) { r.NotAfter = r.NotBefore }, ErrValidity},
		{"the policy QCP-l", func(r *StamperRequest) { r.Profile.Policy = "0.4.0.194112.1.1" }, ErrProfile},
	} {
		l := authority(t, authorityKey)
		signed := &counter{Signer: authorityKey}
		l.Signer = signed
		chain, err := l.IssueStamper(t.Context(), stamper(key.Public(), tt.change))
		if !errors.Is(err, tt.want) || chain != nil || signed.n != 0 {
			t.Errorf("%s: %v, want %v; signed %d times", tt.says, err, tt.want, signed.n)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := authority(t, authorityKey).IssueStamper(ctx, stamper(key.Public())); !errors.Is(err, context.Canceled) {
		t.Errorf("after its end: %v", err)
	}
}

func TestLintNoticesBadStamper(t *testing.T) {
	t.Parallel()
	key, public := ec(t, elliptic.P384()), ec(t, elliptic.P256()).Public()
	l := authority(t, key)
	purposes := func(critical bool, oids ...asn1.ObjectIdentifier) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			der, err := asn1.Marshal(oids)
			if err != nil {
				panic(err)
			}
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: critical, Value: der}}
		}
	}
	const usage, purpose, exts = "key usage is digital", "extended key usage is time", "extensions are"
	for _, tt := range []botch{
		{"a good one", func(*x509.Certificate) {}, ""},
		{"a purpose that is not critical", purposes(false, oidTimeStamping), purpose},
		{"the same, by the other rule", purposes(false, oidTimeStamping), exts},
		{"no purpose", func(c *x509.Certificate) { c.ExtraExtensions = nil }, purpose},
		{"document signing", purposes(true, oidDocumentSigning), purpose},
		{"document signing too", purposes(true, oidTimeStamping, oidDocumentSigning), purpose},
		{"e-mail too", purposes(true, oidTimeStamping, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 4}), purpose},
		{"content commitment", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageContentCommitment }, usage},
		{"the right to sign certificates", func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageCertSign }, usage},
		{"a host name", func(c *x509.Certificate) { c.DNSNames = []string{"example.org"} }, "it has no alternative"},
		{"the authority's name", func(c *x509.Certificate) { c.RawSubject = l.Certificate.RawSubject }, "subject is another"},
		{"an authority", func(c *x509.Certificate) { c.IsCA = true }, "basic constraints"},
		{"a policy nobody asked for", policy("1.3.6.1.4.1.32473.2"), "policy is"},
	} {
		template, err := l.stamperTemplate(stamper(public))
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
		err = lint(stamperRules, candidate{Certificate: cert, issuer: l.Certificate, kind: stamps})
		if tt.rule == "" && err != nil || tt.rule != "" && !noticed(err, tt.rule) {
			t.Errorf("%s: rule %q: %v", tt.says, tt.rule, err)
		}
	}
}
