package sample

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"time"
)

// OIDs of algorithms.
const (
	oidSHA256      = "2.16.840.1.101.3.4.2.1"
	oidECDSASHA256 = "1.2.840.10045.4.3.2"
	oidRSA         = "1.2.840.113549.1.1.1"
	oidRSASHA256   = "1.2.840.113549.1.1.11"
	oidP256        = "1.2.840.10045.3.1.7"
)

// A credential is a key with its certificate.
type credential struct {
	id, user    string
	mode        string // "oauth2code" or "explicit"
	key         crypto.Signer
	algorithms  []string
	bits        int
	certificate *x509.Certificate
	authority   []byte
}

// newKeys makes the keys and an authority that vouches for them.
func newKeys(now time.Time) (map[string]*credential, error) {
	authority, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{Country: []string{"RO"}, CommonName: "Sample authority, of no value"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, authority.Public(), authority)
	if err != nil {
		return nil, err
	}
	keys := map[string]*credential{}
	for i, c := range []*credential{
		{id: CodeCredential, user: User, mode: "oauth2code", algorithms: []string{oidECDSASHA256}, bits: 256},
		{id: PINCredential, user: User, mode: "explicit", algorithms: []string{oidRSA, oidRSASHA256}, bits: 2048},
		{id: OthersCredential, user: other, mode: "explicit", algorithms: []string{oidECDSASHA256}, bits: 256},
	} {
		if c.key, err = newKey(c.bits); err != nil {
			return nil, err
		}
		leaf := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i) + 2), NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 6, 0),
			Subject:  pkix.Name{Country: []string{"RO"}, CommonName: "Demo Signer", SerialNumber: c.id},
			KeyUsage: x509.KeyUsageContentCommitment,
		}
		signed, err := x509.CreateCertificate(rand.Reader, leaf, root, c.key.Public(), authority)
		if err != nil {
			return nil, err
		}
		if c.certificate, err = x509.ParseCertificate(signed); err != nil {
			return nil, err
		}
		c.authority, keys[c.id] = der, c
	}
	return keys, nil
}

func newKey(bits int) (crypto.Signer, error) {
	if bits == 256 {
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	return rsa.GenerateKey(rand.Reader, bits)
}
