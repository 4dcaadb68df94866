package ca

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// noon is when these tests are.
var noon = time.Date(2030, 6, 15, 12, 0, 0, 0, time.UTC)

func ec(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// authority is a local authority valid from a year before noon to nine years
// after it.
func authority(t testing.TB, key crypto.Signer) *Local {
	t.Helper()
	name := pkix.Name{CommonName: "Demo CA, no legal value", Organization: []string{"Demo & Sons"}, Country: []string{"RO"}}
	root, err := SelfSign(key, name, noon.AddDate(-1, 0, 0), noon.AddDate(9, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return &Local{Signer: key, Certificate: root, Now: func() time.Time { return noon }}
}

// request is one that is granted.
func request(public crypto.PublicKey) Request {
	return Request{
		Public: public,
		Subject: Subject{
			GivenName: "Semnatar", FamilyName: "Demo", CommonName: "Semnatar Demo",
			SerialNumber: "DEMO-1", Country: "RO",
		},
		Profile:   Profile{Policy: "1.3.6.1.4.1.32473.1"},
		NotBefore: noon.Add(-time.Minute), NotAfter: noon.AddDate(2, 0, 0),
		Intend: func(context.Context, *big.Int) error { return nil },
	}
}

func issue(t testing.TB, l *Local, r Request) *x509.Certificate {
	t.Helper()
	chain, err := l.Issue(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(chain[0])
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// pemFile writes a certificate where other programs can read it.
func pemFile(t testing.TB, name string, cert *x509.Certificate) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// openssl runs openssl, which must be there, and gives what it said.
func openssl(t testing.TB, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Fatal("this test needs openssl: install it")
	}
	out, err := exec.Command("openssl", args...).CombinedOutput()
	return string(out), err
}
