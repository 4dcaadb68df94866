package ca

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

func unless(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

func (c candidate) version() error { return unless(c.Version == 3, "it is %d", c.Version) }

func (c candidate) serial() error {
	bits := c.SerialNumber.BitLen()
	return unless(c.SerialNumber.Sign() > 0 && bits > 64 && bits < 160, "it has %d bits and sign %d", bits, c.SerialNumber.Sign())
}

func (c candidate) algorithm() error {
	var outer struct {
		TBS       asn1.RawValue
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(c.Raw, &outer); err != nil {
		return err
	}
	ok := slices.Contains([]x509.SignatureAlgorithm{
		x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
		x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512,
	}, c.SignatureAlgorithm)
	return unless(ok && bytes.Contains(c.RawTBSCertificate, outer.Algorithm.FullBytes), "it is %v", c.SignatureAlgorithm)
}

func (c candidate) times() error {
	return unless(c.NotAfter.After(c.NotBefore) && c.NotBefore.Nanosecond() == 0 && c.NotAfter.Nanosecond() == 0,
		"%v to %v", c.NotBefore, c.NotAfter)
}

func (c candidate) names() error {
	var rdns []asn1.RawValue
	if rest, err := asn1.Unmarshal(c.RawSubject, &rdns); err != nil || len(rest) > 0 || len(rdns) == 0 {
		return errors.New("the subject is no sequence of names")
	}
	seen := map[string]bool{}
	for _, rdn := range rdns {
		var pair struct {
			Type  asn1.ObjectIdentifier
			Value asn1.RawValue
		}
		rest, err := asn1.Unmarshal(rdn.Bytes, &pair)
		if err != nil || len(rest) > 0 {
			return errors.New("an RDN has not one attribute")
		}
		a, known := attributeByOID(pair.Type.String())
		if !known || seen[a.name] {
			return fmt.Errorf("attribute %v is unknown or there twice", pair.Type)
		}
		seen[a.name] = true
		if err := a.lint(pair.Value); err != nil {
			return err
		}
	}
	return nil
}

func (a attribute) lint(value asn1.RawValue) error {
	tag := asn1.TagUTF8String
	if a.printable {
		tag = asn1.TagPrintableString
	}
	n := utf8.RuneCount(value.Bytes)
	if value.Class != asn1.ClassUniversal || value.Tag != tag || n < 1 || n > upperBound {
		return fmt.Errorf("%s has tag %d and %d characters", a.name, value.Tag, n)
	}
	return a.check(a, string(value.Bytes))
}

func (c candidate) subjectKey() error {
	want, err := keyIdentifier(c.PublicKey)
	if err != nil {
		return err
	}
	return unless(bytes.Equal(c.SubjectKeyId, want), "it is %x, of the key %x", c.SubjectKeyId, want)
}

// extensions are those a certificate may have, and whether each must be
// critical or must not; the extended key usage of a certificate for time-stamps
// must be.
var extensions = map[string]bool{
	"2.5.29.14": false, // subject key identifier
	"2.5.29.15": true,  // key usage
	"2.5.29.17": false, // subject alternative name, beside a subject
	"2.5.29.19": true,  // basic constraints
	"2.5.29.32": false, // certificate policies
	"2.5.29.35": false, // authority key identifier

	oidExtendedKeyUsage: false,

	"2.5.29.31":         false, // CRL distribution points
	"1.3.6.1.5.5.7.1.1": false, // authority information access
}

const oidExtendedKeyUsage = "2.5.29.37"

func (c candidate) extensions() error {
	seen := map[string]bool{}
	for _, e := range c.Extensions {
		oid := e.Id.String()
		critical, known := extensions[oid]
		critical = critical || c.kind == stamps && oid == oidExtendedKeyUsage
		known = known || c.kind == answers && e.Id.Equal(oidNoCheck)
		if !known || seen[oid] || e.Critical != critical {
			return fmt.Errorf("%s, critical %t", oid, e.Critical)
		}
		seen[oid] = true
	}
	return nil
}

func (c candidate) has(oid string) (pkix.Extension, bool) {
	i := slices.IndexFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.String() == oid })
	if i < 0 {
		return pkix.Extension{}, false
	}
	return c.Extensions[i], true
}

func (c candidate) keyUsage() error {
	e, there := c.has("2.5.29.15")
	return unless(there && e.Critical, "there %t, critical %t", there, e.Critical)
}

func (c candidate) basicConstraints() error {
	e, there := c.has("2.5.29.19")
	return unless(there && e.Critical && c.IsCA == (c.issuer == nil), "authority is %t", c.IsCA)
}

func (c candidate) unqualified() error {
	if _, there := c.has("1.3.6.1.5.5.7.1.3"); there {
		return errors.New("it has QC statements")
	}
	for _, p := range c.Policies {
		if claimsQualified(p.String()) {
			return fmt.Errorf("its policy is %v", p)
		}
	}
	return nil
}

func (c candidate) issuerName() error {
	return unless(c.issuer != nil && bytes.Equal(c.RawIssuer, c.issuer.RawSubject), "it is %v", c.Issuer)
}

func (c candidate) authorityKey() error {
	return unless(len(c.AuthorityKeyId) > 0 && bytes.Equal(c.AuthorityKeyId, c.issuer.SubjectKeyId), "it is %x", c.AuthorityKeyId)
}

func (c candidate) withinIssuer() error {
	return unless(!c.NotBefore.Before(c.issuer.NotBefore) && !c.NotAfter.After(c.issuer.NotAfter),
		"%v to %v", c.NotBefore, c.NotAfter)
}

func (c candidate) commitsContent() error {
	return unless(c.KeyUsage == x509.KeyUsageContentCommitment, "it is %b", c.KeyUsage)
}

func (c candidate) documentSigning() error {
	return unless(slices.Equal(c.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}) &&
		len(c.UnknownExtKeyUsage) == 1 && c.UnknownExtKeyUsage[0].Equal(oidDocumentSigning),
		"it is %v %v", c.ExtKeyUsage, c.UnknownExtKeyUsage)
}

func (c candidate) logsIn() error {
	return unless(len(c.UnknownExtKeyUsage) == 0 && slices.Equal(c.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}),
		"it is %v %v", c.ExtKeyUsage, c.UnknownExtKeyUsage)
}

func (c candidate) signsDigitally() error {
	return unless(c.KeyUsage == x509.KeyUsageDigitalSignature, "it is %b", c.KeyUsage)
}

func (c candidate) timeStamping() error {
	e, there := c.has(oidExtendedKeyUsage)
	return unless(there && e.Critical && len(c.UnknownExtKeyUsage) == 0 &&
		slices.Equal(c.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}),
		"it is %v %v, critical %t", c.ExtKeyUsage, c.UnknownExtKeyUsage, e.Critical)
}

func (c candidate) ownName() error {
	return unless(!bytes.Equal(c.RawSubject, c.issuer.RawSubject), "it is %v", c.Subject)
}

func (c candidate) noAlternativeName() error {
	_, there := c.has("2.5.29.17")
	return unless(!there, "it has")
}

func (c candidate) person() error {
	there := map[string]bool{}
	for _, pair := range c.Subject.Names {
		a, _ := attributeByOID(pair.Type.String())
		there[a.name] = true
	}
	natural, legal := there["given name"] || there["family name"], there["organization"] && there["organization identifier"]
	return unless(there["country"] && there["common name"] && (natural || legal),
		"it is %v", c.Subject)
}

func (c candidate) ownKey() error {
	public, ok := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	return unless(ok && !public.Equal(c.issuer.PublicKey), "it is")
}

func (c candidate) policies() error {
	var want []string
	if c.asked.Policy != "" {
		want = []string{c.asked.Policy}
	}
	var got []string
	for _, p := range c.Policies {
		got = append(got, p.String())
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("%v, asked for was %v", got, want)
	}
	if c.asked.Policy == "" {
		return nil
	}
	e, _ := c.has(oidPolicies.String())
	der, err := c.asked.encoded()
	return unless(err == nil && bytes.Equal(e.Value, der), "it is not with the notice %q", c.asked.Notice)
}

func (c candidate) alternativeName() error {
	e, there := c.has("2.5.29.17")
	if !there {
		return nil
	}
	var names []asn1.RawValue
	if rest, err := asn1.Unmarshal(e.Value, &names); err != nil || len(rest) > 0 || len(names) != 1 || len(c.EmailAddresses) != 1 {
		return fmt.Errorf("it has %d names", len(names))
	}
	return checkEmail(c.EmailAddresses[0])
}

func (c candidate) selfIssued() error {
	return unless(bytes.Equal(c.RawIssuer, c.RawSubject), "it is %v", c.Issuer)
}

func (c candidate) signsCertificates() error {
	return unless(c.KeyUsage == x509.KeyUsageCertSign|x509.KeyUsageCRLSign, "it is %b", c.KeyUsage)
}

func (c candidate) lastAuthority() error {
	return unless(c.IsCA && c.MaxPathLen == 0 && c.MaxPathLenZero, "path length is %d", c.MaxPathLen)
}

func (c candidate) unlimited() error {
	return unless(len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage)+len(c.Policies) == 0, "it has")
}

// pointers compares with what follows from the authority's URL alone.
func (c candidate) pointers() error {
	var crl, ocsp, issuers []string
	if c.url != "" {
		crl, ocsp, issuers = []string{c.url + crlPath}, []string{c.url + ocspPath}, []string{c.url + certificatePath}
	}
	_, points := c.has("2.5.29.31")
	_, access := c.has("1.3.6.1.5.5.7.1.1")
	return unless(points == (c.url != "") && access == (c.url != "") &&
		slices.Equal(c.CRLDistributionPoints, crl) && slices.Equal(c.OCSPServer, ocsp) && slices.Equal(c.IssuingCertificateURL, issuers),
		"CRL at %q, OCSP at %q, issuer at %q", c.CRLDistributionPoints, c.OCSPServer, c.IssuingCertificateURL)
}

func (c candidate) signsAnswers() error {
	return unless(len(c.UnknownExtKeyUsage) == 0 && slices.Equal(c.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}),
		"it is %v %v", c.ExtKeyUsage, c.UnknownExtKeyUsage)
}

func (c candidate) unchecked() error {
	e, there := c.has(oidNoCheck.String())
	return unless(there && bytes.Equal(e.Value, asn1.NullBytes) && c.NotAfter.Sub(c.NotBefore) <= responderLife+time.Hour,
		"there %t, value %x, for %v", there, e.Value, c.NotAfter.Sub(c.NotBefore))
}
