package ades_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"strings"
	"testing"

	"github.com/smallstep/pkcs7"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/signing/ades"
	"github.com/pecete/pecete/signing/ades/adestest"
)

var content = []byte("what is signed\n")

func newCMS(t testing.TB, s *adestest.Signer) *ades.CMS {
	t.Helper()
	cms, err := ades.NewCMS(ades.CMSParams{Certificates: s.Certificates, Algorithm: s.Algorithm, ContentDigest: digestOf(s.Algorithm.Hash, content)})
	if err != nil {
		t.Fatal(err)
	}
	return cms
}

func digestOf(h crypto.Hash, data []byte) []byte {
	state := h.New()
	state.Write(data)
	return state.Sum(nil)
}

// Every algorithm, judged by OpenSSL as CAdES: the signature, the chain and the
// signing-certificate attribute.
func TestCMSByOpenSSL(t *testing.T) {
	ca := adestest.NewCA(t)
	for _, a := range adestest.Algorithms() {
		t.Run(a.Name(), func(t *testing.T) {
			signer := ca.Signer(t, a)
			cms := newCMS(t, signer)
			der, err := cms.Finish(signer.Sign(t, cms.Digest()))
			if err != nil {
				t.Fatal(err)
			}
			out, code := adestest.Run(t, "openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", adestest.File(t, "cms", der),
				"-content", adestest.File(t, "content", content), "-CAfile", adestest.PEM(t, ca.Cert), "-purpose", "any")
			if code != 0 || !strings.Contains(out, "CAdES Verification successful") {
				t.Errorf("openssl: %s", out)
			}
			out, code = adestest.Run(t, "openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", adestest.File(t, "cms", der),
				"-content", adestest.File(t, "content", []byte("something else")), "-CAfile", adestest.PEM(t, ca.Cert), "-purpose", "any")
			if code == 0 {
				t.Errorf("openssl took another content: %s", out)
			}
		})
	}
}

// Another library of others reads what is built, for the schemes it knows.
func TestCMSByAnotherLibrary(t *testing.T) {
	ca := adestest.NewCA(t)
	for _, a := range adestest.Algorithms() {
		if a.Scheme == csc.PSS {
			continue
		}
		signer := ca.Signer(t, a)
		cms := newCMS(t, signer)
		der, err := cms.Finish(signer.Sign(t, cms.Digest()))
		if err != nil {
			t.Fatal(err)
		}
		p7, err := pkcs7.Parse(der)
		if err != nil {
			t.Fatalf("%s: %v", a.Name(), err)
		}
		p7.Content = content
		if err := p7.Verify(); err != nil {
			t.Errorf("%s: %v", a.Name(), err)
		}
	}
}

func TestCMSHasNoSigningTime(t *testing.T) {
	signer := adestest.NewCA(t).Signer(t, adestest.ECDSA())
	cms := newCMS(t, signer)
	der, err := cms.Finish(signer.Sign(t, cms.Digest()))
	if err != nil {
		t.Fatal(err)
	}
	signingTime, err := asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(der, signingTime) {
		t.Error("a PAdES signature must not hold signing-time (EN 319 142-1 §6.3)")
	}
}

func TestCMSIsDeterministic(t *testing.T) {
	signer := adestest.NewCA(t).Signer(t, adestest.ECDSA())
	one, two := newCMS(t, signer), newCMS(t, signer)
	if !bytes.Equal(one.Digest(), two.Digest()) {
		t.Fatal("the same parameters gave two digests")
	}
	signature := signer.Sign(t, one.Digest())
	a, err := one.Finish(signature)
	if err != nil {
		t.Fatal(err)
	}
	b, err := two.Finish(signature)
	if err != nil || !bytes.Equal(a, b) {
		t.Error("the same signature gave two encodings", err)
	}
	one.Digest()[0] ^= 1
	if !bytes.Equal(one.Digest(), two.Digest()) {
		t.Error("a caller changed the digest")
	}
}

func TestCMSCarriesEachCertificateOnce(t *testing.T) {
	signer := adestest.NewCA(t).Signer(t, adestest.ECDSA())
	signer.Certificates = append(signer.Certificates, signer.Certificates...)
	cms := newCMS(t, signer)
	der, err := cms.Finish(signer.Sign(t, cms.Digest()))
	if err != nil {
		t.Fatal(err)
	}
	for i, cert := range signer.Certificates[:2] {
		if n := bytes.Count(der, cert); n != 1 {
			t.Errorf("certificate %d is there %d times", i+1, n)
		}
	}
}

func TestCMSCarriesUnsignedAttributes(t *testing.T) {
	ca := adestest.NewCA(t)
	signer := ca.Signer(t, adestest.ECDSA())
	cms := newCMS(t, signer)
	value := asn1.RawValue{FullBytes: []byte{asn1.TagOctetString, 3, 1, 2, 3}}
	der, err := cms.Finish(signer.Sign(t, cms.Digest()), ades.Attribute{Type: asn1.ObjectIdentifier{1, 2, 3, 4}, Values: []asn1.RawValue{value}})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(der, value.FullBytes) {
		t.Error("the attribute is not there")
	}
	out, code := adestest.Run(t, "openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", adestest.File(t, "cms", der),
		"-content", adestest.File(t, "content", content), "-CAfile", adestest.PEM(t, ca.Cert), "-purpose", "any")
	if code != 0 {
		t.Errorf("openssl: %s", out)
	}
}

func TestNewCMSRefuses(t *testing.T) {
	ca := adestest.NewCA(t)
	ec := ca.Signer(t, adestest.ECDSA())
	rsa := ca.Signer(t, adestest.Algorithms()[0])
	digest := make([]byte, 32)
	for _, row := range []struct {
		name   string
		params ades.CMSParams
		want   error
	}{
		{"no certificate", ades.CMSParams{Algorithm: ec.Algorithm, ContentDigest: digest}, ades.ErrCertificate},
		{"a certificate that is not one", ades.CMSParams{Certificates: [][]byte{{1, 2}}, Algorithm: ec.Algorithm, ContentDigest: digest}, ades.ErrCertificate},
		{"a chain with rubbish in it", ades.CMSParams{Certificates: [][]byte{ec.Cert.Raw, {1}}, Algorithm: ec.Algorithm, ContentDigest: digest}, ades.ErrCertificate},
		{"RSA with an EC key", ades.CMSParams{Certificates: ec.Certificates, Algorithm: rsa.Algorithm, ContentDigest: digest}, ades.ErrAlgorithm},
		{"ECDSA with an RSA key", ades.CMSParams{Certificates: rsa.Certificates, Algorithm: ec.Algorithm, ContentDigest: digest}, ades.ErrAlgorithm},
		{"an unknown scheme", ades.CMSParams{Certificates: ec.Certificates, Algorithm: csc.Algorithm{Scheme: "DSA", Hash: crypto.SHA256}, ContentDigest: digest}, ades.ErrAlgorithm},
		{"no hash", ades.CMSParams{Certificates: ec.Certificates, Algorithm: csc.Algorithm{Scheme: csc.ECDSA}, ContentDigest: digest}, ades.ErrAlgorithm},
		{"SHA-1", ades.CMSParams{Certificates: ec.Certificates, Algorithm: csc.Algorithm{Scheme: csc.ECDSA, Hash: crypto.SHA1}, ContentDigest: digest[:20]}, ades.ErrAlgorithm},
		{"PSS with a short salt", ades.CMSParams{Certificates: rsa.Certificates, Algorithm: csc.Algorithm{Scheme: csc.PSS, Hash: crypto.SHA256, SaltLength: 31}, ContentDigest: digest}, ades.ErrAlgorithm},
		{"PSS with a salt that does not fit", ades.CMSParams{Certificates: rsa.Certificates, Algorithm: csc.Algorithm{Scheme: csc.PSS, Hash: crypto.SHA256, SaltLength: 223}, ContentDigest: digest}, ades.ErrAlgorithm},
		{"a digest of another hash", ades.CMSParams{Certificates: ec.Certificates, Algorithm: ec.Algorithm, ContentDigest: make([]byte, 48)}, ades.ErrDigest},
		{"no digest", ades.CMSParams{Certificates: ec.Certificates, Algorithm: ec.Algorithm}, ades.ErrDigest},
	} {
		if _, err := ades.NewCMS(row.params); !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", row.name, err, row.want)
		}
	}
}

func TestFinishRefusesAnotherSignature(t *testing.T) {
	ca := adestest.NewCA(t)
	for _, a := range adestest.Algorithms() {
		signer := ca.Signer(t, a)
		cms := newCMS(t, signer)
		good := signer.Sign(t, cms.Digest())
		over := signer.Sign(t, digestOf(a.Hash, []byte("something else")))
		for name, signature := range map[string][]byte{"none": nil, "over another digest": over, "one bit off": flip(good), "longer": append(good[:len(good):len(good)], 0)} {
			if _, err := cms.Finish(signature); !errors.Is(err, ades.ErrSignature) {
				t.Errorf("%s, signature %s: got %v, want %v", a.Name(), name, err, ades.ErrSignature)
			}
		}
	}
}

func flip(b []byte) []byte {
	out := bytes.Clone(b)
	out[len(out)/2] ^= 1
	return out
}

// FuzzCertificates: a certificate comes from a server over the network.
func FuzzCertificates(f *testing.F) {
	signer := adestest.NewCA(f).Signer(f, adestest.ECDSA())
	f.Add(signer.Cert.Raw)
	f.Fuzz(func(t *testing.T, der []byte) {
		cms, err := ades.NewCMS(ades.CMSParams{Certificates: [][]byte{der}, Algorithm: signer.Algorithm, ContentDigest: make([]byte, 32)})
		if err != nil {
			return
		}
		if _, err := x509.ParseCertificate(der); err != nil || len(cms.Digest()) != 32 {
			t.Errorf("a digest of %d bytes for a certificate that gives %v", len(cms.Digest()), err)
		}
	})
}
