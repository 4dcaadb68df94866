package credentials_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"testing"

	"github.com/pecete/pecete/credentials"
)

// Many certificates, more than are kept, each asked for twice in turn: what
// comes is always the one that was asked for, and it comes again.
func TestParsedCertificatesAreTheirs(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ders := make([][]byte, 1500)
	for n := range ders {
		template := &x509.Certificate{SerialNumber: big.NewInt(int64(n + 1))}
		if ders[n], err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key); err != nil {
			t.Fatal(err)
		}
	}
	var p credentials.Parsed
	for range 2 {
		for n, der := range ders {
			first, err := p.Certificate(der)
			if err != nil || first.SerialNumber.Int64() != int64(n+1) {
				t.Fatalf("certificate %d: %v, %v", n+1, first, err)
			}
			if again, err := p.Certificate(der); err != nil || again != first {
				t.Fatalf("certificate %d is parsed again: %v", n+1, err)
			}
		}
	}
	for range 2 {
		if _, err := p.Certificate(ders[0][:20]); err == nil {
			t.Error("half a certificate is one")
		}
	}
	var none *credentials.Parsed
	if cert, err := none.Certificate(ders[0]); err != nil || cert.SerialNumber.Int64() != 1 {
		t.Errorf("without a memory: %v", err)
	}
}
