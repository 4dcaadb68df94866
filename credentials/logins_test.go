package credentials_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
)

// A credential for logins is made where there are such, by who certifies those,
// and of a person.
func TestLogins(t *testing.T) {
	h := newHouse(t)
	e := h.creator.Enroller
	p := h.creator.Profile(h.now())
	p.Login, p.Mode = true, csc.Explicit
	if _, err := e.Enroll(t.Context(), h.signer, p); !errors.Is(err, credentials.ErrNoLogins) || len(h.device.keys(t)) != 0 {
		t.Errorf("where there are none: %v, %d keys", err, len(h.device.keys(t)))
	}
	e.Logins, e.Issuer = e.Issuer, nil
	c, err := e.Enroll(t.Context(), h.signer, p)
	if err != nil || len(c.Certificates) != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	p.Qualifier = "eu_eidas_aes"
	if p.Check(false) == nil {
		t.Error("a login claims to sign")
	}
	p.Qualifier, p.Factors = "", "PIN"
	if p.Check(true) == nil {
		t.Error("an organization logs in")
	}
	must(t, p.Check(false))
	for _, factors := range []credentials.Factors{"EMAIL", "PIN AND SMS", "PIN OR APPROVAL", "OTP AND MATCH", credentials.NoFactors} {
		p.Factors = factors
		if err := p.Check(false); !errors.Is(err, credentials.ErrTyped) {
			t.Errorf("a login is authorized by %s, where signers are told that they sign: %v", factors, err)
		}
	}
	p.Mode, p.Factors = csc.OAuth2Code, ""
	if err := p.Check(false); !errors.Is(err, credentials.ErrTyped) {
		t.Errorf("a login is authorized on pages that speak of documents: %v", err)
	}
}

// What is for logins is told by the certificate, whoever made it: no document is signed
// with it, and hashes are for clients that may, of credentials that are authorized
// without a word about signing.
func TestForLogins(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	login, content := x509.KeyUsageDigitalSignature, x509.KeyUsageContentCommitment
	for _, test := range []struct {
		says              string
		usage             x509.KeyUsage
		purposes          []x509.ExtKeyUsage
		mode              csc.AuthMode
		factors           credentials.Factors
		documents         bool
		hashes, hashesMay bool // of a client that may not use those for logins, and of one that may
	}{
		{"for signing", content, []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}, csc.OAuth2Code, "", true, true, true},
		{"of another authority, for everything", login | content, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, csc.Explicit, "", true, true, true},
		{"of another authority, for signatures", login, nil, csc.Explicit, "", true, true, true},
		{"of no authority", 0, nil, csc.Explicit, "", true, true, true},
		{"for logins", login, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, csc.Explicit, "", false, false, true},
		{"for logins, with a PIN", login, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, csc.Explicit, "PIN AND OTP", false, false, true},
		{"for logins, on our pages", login, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, csc.OAuth2Code, "", false, false, false},
		{"for logins, approved on our pages", login, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, csc.Explicit, "PIN AND APPROVAL", false, false, false},
		{"for logins, with a code that is sent", login, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, csc.Explicit, "SMS", false, false, false},
		{"for logins, with nothing", login, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, csc.Explicit, credentials.NoFactors, false, false, false},
	} {
		leaf := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), KeyUsage: test.usage, ExtKeyUsage: test.purposes}
		der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
		must(t, err)
		c := credentials.Credential{ID: "c_1", Certificates: [][]byte{der}, Mode: test.mode, Factors: test.factors}
		for what, err := range map[string]error{
			fmt.Sprint("documents ", test.documents): c.ForDocuments(),
			fmt.Sprint("hashes ", test.hashes):       c.ForHashes(credentials.Caller{}),
			fmt.Sprint("may ", test.hashesMay):       c.ForHashes(credentials.Caller{Logins: true}),
		} {
			var told *csc.Error
			if good := strings.HasSuffix(what, "true"); good && err != nil || !good && (!errors.As(err, &told) || told.Description != "Invalid parameter credentialID") {
				t.Errorf("%s: %s: %v", test.says, what, err)
			}
		}
	}
}
