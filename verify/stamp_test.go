package verify_test

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/cms/cmstest"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/signing/ades/adestest"
	"github.com/pecete/pecete/verify"
)

var (
	stampInfo = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	stampAttr = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}
)

// forStamps makes a certificate one for time-stamps.
func forStamps(c *x509.Certificate) {
	c.KeyUsage = x509.KeyUsageDigitalSignature
	c.ExtraExtensions = []pkix.Extension{{
		Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: cmstest.DER([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}}),
	}}
}

// token is a time-stamp of message.
func token(t testing.TB, authority *adestest.Signer, at time.Time, message []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(message)
	imprint := cmstest.Seq(cmstest.Seq(cmstest.DER(cmstest.SHA256)), cmstest.DER(sum[:]))
	info := cmstest.Seq(cmstest.DER(1), cmstest.DER(asn1.ObjectIdentifier{1, 2, 3}), imprint, cmstest.DER(7),
		cmstest.DER(asn1.RawValue{Tag: asn1.TagGeneralizedTime, Bytes: []byte(at.UTC().Format("20060102150405Z"))}))
	f := cmstest.New(authority.Cert, authority.Key, csc.ECDSA, info)
	f.Version, f.Content, f.ContentType = 3, info, stampInfo
	f.Attributes[0] = cmstest.Attr(cmstest.ContentType, cmstest.DER(stampInfo))
	return f.Make(t)
}

// A certificate has to be good when the signature was made, if a time-stamp says
// when; and now, if none does that can be believed.
func TestStamp(t *testing.T) {
	content := []byte("A contract")
	ca, others := adestest.NewCA(t), adestest.NewCA(t)
	authority, stranger := ca.Signer(t, adestest.ECDSA(), forStamps), others.Signer(t, adestest.ECDSA(), forStamps)
	later := func() verify.Options { // when the signer's certificate has expired
		o := options(ca)
		o.Now = o.Now.AddDate(6, 0, 0)
		return o
	}
	now := time.Now().UTC().Truncate(time.Second)
	for _, row := range []struct {
		name    string
		token   func(signature []byte) []byte // nil for none
		ok      bool
		stamped bool
		said    string
	}{
		{"no time-stamp", nil, false, false, "chain.time"},
		{"a time-stamp of the time it was valid", func(s []byte) []byte { return token(t, authority, now, s) }, true, true, ""},
		{"of before it was valid", func(s []byte) []byte { return token(t, authority, now.Add(-30*time.Minute).AddDate(-1, 0, 0), s) }, false, true, "chain.time"},
		{"of another signature", func([]byte) []byte { return token(t, authority, now, content) }, false, false, "stamp tsa.imprint"},
		{"of a time to come", func(s []byte) []byte { return token(t, authority, now.AddDate(7, 0, 0), s) }, false, false, "stamp-future"},
		{"of an authority that nobody trusts", func(s []byte) []byte { return token(t, stranger, now, s) }, false, true, "stamp-chain chain.issuer"},
		{"by a certificate for signing", func(s []byte) []byte { return token(t, ca.Signer(t, adestest.ECDSA()), now, s) }, false, false, "stamp tsa.purpose"},
		{"that is none", func([]byte) []byte { return cmstest.Seq() }, false, false, "stamp cms.encoding"},
	} {
		f := newForge(ca.Signer(t, adestest.ECDSA()), content)
		if row.token != nil {
			f.Countersign = func(s []byte) [][]byte { return [][]byte{cmstest.Attr(stampAttr, row.token(s))} }
		}
		s, err := verify.CMS(f.Make(t), content, later())
		if err != nil {
			t.Fatal(err)
		}
		said := s.Problems.String() + fmt.Sprint(s.Notes)
		if s.OK() != row.ok || (s.Stamp != nil) != row.stamped || !strings.Contains(said, row.said) {
			t.Errorf("%s: OK is %v, stamp %v, said %q", row.name, s.OK(), s.Stamp, said)
		}
	}
}

func TestRevocation(t *testing.T) {
	content := []byte("A contract")
	ca, others := adestest.NewCA(t), adestest.NewCA(t)
	authority := ca.Signer(t, adestest.ECDSA(), forStamps)
	now := time.Now().UTC().Truncate(time.Second)
	for _, row := range []struct {
		name    string
		revoked time.Duration // since then, 0 for not
		by      *adestest.CA
		until   time.Duration
		stamp   time.Duration // 0 for none
		want    verify.Revocation
		said    string
	}{
		{"not on the list", 0, ca, time.Hour, 0, verify.NotRevoked, ""},
		{"on the list", time.Minute, ca, time.Hour, 0, verify.WasRevoked, "revoked "},
		{"on the list of another", time.Minute, others, time.Hour, 0, verify.NotChecked, ""},
		{"on a list that is out of date", time.Minute, ca, -time.Second, 0, verify.NotChecked, ""},
		{"on the list, stamped before", time.Minute, ca, time.Hour, 5 * time.Minute, verify.RevokedThen, ""},
		{"on the list, stamped after", 5 * time.Minute, ca, time.Hour, time.Minute, verify.WasRevoked, "revoked "},
	} {
		signer := ca.Signer(t, adestest.ECDSA())
		f := newForge(signer, content)
		if row.stamp != 0 {
			f.Countersign = func(s []byte) [][]byte {
				return [][]byte{cmstest.Attr(stampAttr, token(t, authority, now.Add(-row.stamp), s))}
			}
		}
		list := &x509.RevocationList{ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(row.until)}
		if row.revoked != 0 {
			list.RevokedCertificateEntries = []x509.RevocationListEntry{{SerialNumber: signer.Cert.SerialNumber, RevocationTime: now.Add(-row.revoked)}}
		}
		o := options(ca)
		o.Now, o.CRLs = now, []*x509.RevocationList{row.by.CRL(t, list)}
		s, err := verify.CMS(f.Make(t), content, o)
		if err != nil {
			t.Fatal(err)
		}
		if s.Revocation != row.want || s.OK() != (row.said == "") || !strings.Contains(s.Problems.String(), row.said) {
			t.Errorf("%s: %q, OK is %v: %v", row.name, s.Revocation, s.OK(), s.Problems)
		}
	}
}
