package ca

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/samplepdf"
	"github.com/pecete/pecete/signing/ades"
	"github.com/pecete/pecete/signing/ades/adestest"
)

// What a reader that trusts the root says is the reason for the key usages of
// the profile: NSS trusts no signer with document signing alone.
func TestReadersTrustTheProfile(t *testing.T) {
	t.Parallel()
	now := time.Now()
	key, signer := ec(t, elliptic.P384()), ec(t, elliptic.P256())
	root, err := SelfSign(key, pkix.Name{CommonName: "Demo CA, no legal value"}, now.Add(-time.Hour), now.AddDate(10, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	l := &Local{Signer: key, Certificate: root, Now: time.Now}
	r := request(signer.Public())
	r.NotBefore, r.NotAfter = now.Add(-time.Minute), now.AddDate(1, 0, 0)
	cert := issue(t, l, r)
	s := &adestest.Signer{Key: signer, Cert: cert, Signer: ades.Signer{
		Certificates: [][]byte{cert.Raw, root.Raw},
		Algorithm:    csc.Algorithm{OID: "1.2.840.10045.4.3.2", Scheme: csc.ECDSA, Hash: crypto.SHA256},
	}}
	sample := samplepdf.New("A document", "to sign")
	signed := s.SignPDF(t, sample, ades.PDFOptions{})
	if !bytes.HasPrefix(signed, sample) {
		t.Error("the document changed")
	}
	nss := (&adestest.CA{Cert: root}).NSS(t)
	out, _ := adestest.Run(t, "pdfsig", "-nssdir", "sql:"+nss, adestest.File(t, "signed.pdf", signed))
	for _, fact := range []string{"Signature is Valid.", "Certificate is Trusted.", "Total document signed", "CN=Semnatar Demo"} {
		if !strings.Contains(out, fact) {
			t.Errorf("pdfsig does not say %q:\n%s", fact, out)
		}
	}
	roots := x509.NewCertPool()
	roots.AddCert(root)
	if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}}); err != nil {
		t.Errorf("crypto/x509: %v", err)
	}
}
