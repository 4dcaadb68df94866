// Package adestest gives tests of signatures a certificate authority, signers
// with real keys, and the programs of others that judge what was signed. It is
// for tests only.
package adestest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/signing/ades"
)

// An Algorithm is a csc.Algorithm with the kind of key that makes it.
type Algorithm struct {
	csc.Algorithm
	Key csc.KeySpec
}

// Name tells an algorithm from the others in the name of a test.
func (a Algorithm) Name() string {
	return string(a.Key) + " " + string(a.Scheme) + " " + a.Hash.String()
}

// Algorithms are all that can be signed with.
func Algorithms() []Algorithm {
	var all []Algorithm
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		all = append(all,
			Algorithm{csc.Algorithm{Scheme: csc.PKCS1v15, Hash: h}, csc.RSA2048},
			Algorithm{csc.Algorithm{Scheme: csc.PSS, Hash: h, SaltLength: h.Size()}, csc.RSA2048})
	}
	return append(all,
		Algorithm{csc.Algorithm{Scheme: csc.PSS, Hash: crypto.SHA256, SaltLength: 222}, csc.RSA2048},
		Algorithm{csc.Algorithm{Scheme: csc.ECDSA, Hash: crypto.SHA256}, csc.P256},
		Algorithm{csc.Algorithm{Scheme: csc.ECDSA, Hash: crypto.SHA384}, csc.P384},
		Algorithm{csc.Algorithm{Scheme: csc.ECDSA, Hash: crypto.SHA512}, csc.P521})
}

// ECDSA is the cheapest of the algorithms.
func ECDSA() Algorithm {
	return Algorithm{csc.Algorithm{Scheme: csc.ECDSA, Hash: crypto.SHA256}, csc.P256}
}

// A CA issues certificates. Its own key is ECDSA: not every judge follows a chain
// signed with PSS.
type CA struct {
	Cert   *x509.Certificate
	key    crypto.Signer
	serial int64
}

// NewCA makes a root.
func NewCA(t testing.TB) *CA {
	t.Helper()
	ca := &CA{key: newKey(t, csc.P256), serial: 1000}
	ca.Cert = ca.issue(t, &x509.Certificate{
		Subject:               pkix.Name{CommonName: "Demo CA", Organization: []string{"Demo"}},
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}, ca.key.Public())
	return ca
}

// Roots is a pool of ca alone.
func (ca *CA) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.Cert)
	return pool
}

// Intermediate makes an authority below ca.
func (ca *CA) Intermediate(t testing.TB) *CA {
	t.Helper()
	sub := &CA{key: newKey(t, csc.P256), serial: 2000}
	sub.Cert = ca.issue(t, &x509.Certificate{
		Subject:               pkix.Name{CommonName: "Demo Issuing CA", Organization: []string{"Demo"}},
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}, sub.key.Public())
	return sub
}

func (ca *CA) issue(t testing.TB, template *x509.Certificate, key crypto.PublicKey) *x509.Certificate {
	t.Helper()
	ca.serial++
	template.SerialNumber = big.NewInt(ca.serial)
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().AddDate(5, 0, 0)
	parent := ca.Cert
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// CRL is a revocation list of ca.
func (ca *CA) CRL(t testing.TB, list *x509.RevocationList) *x509.RevocationList {
	t.Helper()
	list.Number = big.NewInt(1)
	der, err := x509.CreateRevocationList(rand.Reader, list, ca.Cert, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	if list, err = x509.ParseRevocationList(der); err != nil {
		t.Fatal(err)
	}
	return list
}

// A Signer has a key here, in memory, as only a test may.
type Signer struct {
	ades.Signer
	Cert *x509.Certificate
	Key  crypto.Signer
}

// Signer makes a key and a certificate for it. Changes are made to what the
// certificate says.
func (ca *CA) Signer(t testing.TB, a Algorithm, changes ...func(*x509.Certificate)) *Signer {
	t.Helper()
	return ca.SignerWith(t, a, newKey(t, a.Key), changes...)
}

// SignerWith makes a certificate for a key that is there.
func (ca *CA) SignerWith(t testing.TB, a Algorithm, key crypto.Signer, changes ...func(*x509.Certificate)) *Signer {
	t.Helper()
	template := &x509.Certificate{
		Subject:  pkix.Name{CommonName: "Demo Signer", SerialNumber: "DEMO-1", Country: []string{"RO"}},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
	}
	for _, change := range changes {
		change(template)
	}
	s := &Signer{Key: key, Cert: ca.issue(t, template, key.Public())}
	s.Signer = ades.Signer{Certificates: [][]byte{s.Cert.Raw, ca.Cert.Raw}, Algorithm: a.Algorithm}
	return s
}

// Reissue makes a second certificate for the key of s, under the same serial
// number, as no honest authority does.
func (ca *CA) Reissue(t testing.TB, s *Signer, changes ...func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	twin := *ca
	twin.serial = s.Cert.SerialNumber.Int64() - 1
	return twin.SignerWith(t, Algorithm{Algorithm: s.Algorithm}, s.Key, changes...).Cert
}

// Sign signs a digest as signatures/signHash would.
func (s *Signer) Sign(t testing.TB, digest csc.Digest) []byte {
	t.Helper()
	var options crypto.SignerOpts = s.Algorithm.Hash
	if s.Algorithm.Scheme == csc.PSS {
		options = &rsa.PSSOptions{SaltLength: s.Algorithm.SaltLength, Hash: s.Algorithm.Hash}
	}
	signature, err := s.Key.Sign(rand.Reader, digest, options)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

// SignPDF signs pdf from beginning to end.
func (s *Signer) SignPDF(t testing.TB, pdf []byte, o ades.PDFOptions) []byte {
	t.Helper()
	if o.Time.IsZero() {
		o.Time = time.Now()
	}
	prepared, err := ades.PreparePDF(pdf, s.Signer, o)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := prepared.Finish(s.Sign(t, prepared.Digest()))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// rsaKey is made once, since it costs a second.
//
//nolint:gochecknoglobals // a value made once, of which every test may have the same
var rsaKey = sync.OnceValues(func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func newKey(t testing.TB, spec csc.KeySpec) crypto.Signer {
	t.Helper()
	var key crypto.Signer
	var err error
	switch spec {
	case csc.P256:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case csc.P384:
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case csc.P521:
		key, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	default:
		key, err = rsaKey()
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// File writes data into a file of its own and gives its path.
func File(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// PEM writes certificates into a file.
func PEM(t testing.TB, certs ...*x509.Certificate) string {
	t.Helper()
	var out []byte
	for _, cert := range certs {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})...)
	}
	return File(t, "certs.pem", out)
}

// Run runs a program of others and gives what it says and its exit code. A
// program that is missing fails the test.
func Run(t testing.TB, name string, args ...string) (string, int) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("this test needs %s: install openssl, poppler-utils, qpdf and libnss3-tools", name)
	}
	command := exec.Command(name, args...)
	out, err := command.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), command.ProcessState.ExitCode()
}

// NSS makes an NSS database that trusts ca alone, and gives its folder, as
// pdfsig wants it.
func (ca *CA) NSS(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for _, args := range [][]string{
		{"-N", "-d", "sql:" + dir, "--empty-password"},
		{"-A", "-d", "sql:" + dir, "-n", "demo", "-t", "CT,C,C", "-i", PEM(t, ca.Cert)},
	} {
		if out, code := Run(t, "certutil", args...); code != 0 {
			t.Fatalf("certutil %v: %s", args, out)
		}
	}
	return dir
}
