package stage

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pecete/pecete/internal/freeport"
)

type fixtureMutual struct {
	ID          string `json:"id"`
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
	Base        string `json:"base"`
}

// fixtureBound makes clients whose tokens are bound: to a key, with proofs that
// need a nonce, and to a certificate, which a second listener asks for.
func (s *Stage) fixtureBound(ctx context.Context, f *fixtures, linked []string) error {
	listen, err := freeport.Address()
	if err != nil {
		return err
	}
	url := "https://localhost" + listen[strings.LastIndexByte(listen, ':'):]
	authority := filepath.Join(s.Folder, "clients.pem")
	const name = "conformance"
	if f.Mutual, err = certified(authority, name); err != nil {
		return err
	}
	err = s.Configure(fmt.Sprintf("oauth2:\n  dpop_nonce: true\nmtls:\n  listen: %s\n  url: %s\n  ca: %s\n", listen, url, authority))
	if err != nil {
		return err
	}
	var signers []string
	for _, id := range linked {
		signers = append(signers, "--signer", id)
	}
	var added Client
	args := append([]string{"client", "add", "Conformance with proofs", "--bound", "dpop"}, signers...)
	if err := s.runJSON(ctx, &added, args...); err != nil {
		return err
	}
	f.DPoP = fixtureClient(added)
	args = append([]string{
		"client", "add", "Conformance with a certificate", "--bound", "mtls",
		"--auth-method", "tls_client_auth", "--tls-subject-dn", "CN=" + name,
	}, signers...)
	err = s.runJSON(ctx, &added, args...)
	f.Mutual.ID, f.Mutual.Base = added.ID, url+"/csc/v2"
	return err
}

// certified is a client's certificate with that name, by an authority whose own
// goes to a file.
func certified(file, name string) (fixtureMutual, error) {
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fixtureMutual{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fixtureMutual{}, err
	}
	ca := &x509.Certificate{
		Subject: pkix.Name{CommonName: "Demo clients"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	authority, err := issued(ca, ca, root.Public(), root)
	if err != nil {
		return fixtureMutual{}, err
	}
	leaf := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	certificate, err := issued(leaf, ca, key.Public(), root)
	if err != nil {
		return fixtureMutual{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fixtureMutual{}, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return fixtureMutual{Certificate: string(certificate), Key: string(text)}, os.WriteFile(file, authority, 0o600)
}

// issued is a certificate in PEM, good for a day.
func issued(template, by *x509.Certificate, key, signer crypto.PrivateKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, err
	}
	template.SerialNumber, template.NotBefore, template.NotAfter = serial, time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, template, by, key, signer)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), err
}
