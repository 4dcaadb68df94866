package credentials_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// credential has a certificate with everything that info can tell.
func credential(t *testing.T) credentials.Credential {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	statements, err := asn1.Marshal([]struct{ ID asn1.ObjectIdentifier }{
		{asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 1}}, {asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 4}},
	})
	must(t, err)
	policy, err := x509.OIDFromInts([]uint64{1, 3, 6, 1, 4, 1, 99999, 1})
	must(t, err)
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Root, of tests", Country: []string{"RO"}}}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(0x0abc), NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(time.Hour),
		Subject:  pkix.Name{CommonName: "Semnatar Demo", Organization: []string{"Demo + Fiii"}, Country: []string{"RO"}},
		Policies: []x509.OID{policy},
		ExtraExtensions: []pkix.Extension{{
			Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 3}, Value: statements,
		}},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, root, key.Public(), key)
	must(t, err)
	return credentials.Credential{
		ID: "c_1", UserID: "u_1", Description: "Contracts", Key: csc.P256, Certificates: [][]byte{der, der},
		SCAL: csc.SCAL2, Multisign: 10, Mode: csc.Explicit,
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// What is told is compared as JSON, which is what clients see.
func TestInfo(t *testing.T) {
	const key = `"key":{"status":"enabled","algo":["1.2.840.10045.2.1","1.2.840.10045.4.3.2"],"len":256,"curve":"1.2.840.10045.3.1.7"}`
	const rest = `"SCAL":"2","multisign":10,"lang":"en"`
	tests := []struct {
		name   string
		view   csc.View
		change func(*credentials.Credential)
		now    time.Time
		want   string
	}{
		{"as little as can be", csc.View{Certificates: csc.CertificatesNone}, nil, noon,
			`{"description":"Contracts",` + key + `,"cert":{"status":"valid"},"auth":{"mode":"explicit"},` + rest + `}`},
		{"with the certificate's data", csc.View{Certificates: csc.CertificatesNone, CertInfo: true}, nil, noon,
			`{"description":"Contracts",` + key + `,"cert":{"status":"valid","issuerDN":"CN=Root\\, of tests,C=RO","serialNumber":"0abc",` +
				`"subjectDN":"CN=Semnatar Demo,O=Demo \\+ Fiii,C=RO","validFrom":"20260601110000Z","validTo":"20260601130000Z",` +
				`"qcStatements":["0.4.0.1862.1.1","0.4.0.1862.1.4"],"policy":["1.3.6.1.4.1.99999.1"]},"auth":{"mode":"explicit"},` + rest + `}`},
		{"with the factors", csc.View{Certificates: csc.CertificatesNone, AuthInfo: true}, nil, noon,
			`{"description":"Contracts",` + key + `,"cert":{"status":"valid"},"auth":{"mode":"explicit","objects":[{"type":"Password","id":"OTP",` +
				`"format":"N","generator":"totp","label":"Code","description":"The six digits your authenticator app shows now"}]},` + rest + `}`},
		{"with the factors of the pages: none", csc.View{Certificates: csc.CertificatesNone, AuthInfo: true},
			func(c *credentials.Credential) { c.Mode = csc.OAuth2Code }, noon,
			`{"description":"Contracts",` + key + `,"cert":{"status":"valid"},"auth":{"mode":"oauth2code"},` + rest + `}`},
		{"expired", csc.View{Certificates: csc.CertificatesNone}, nil, noon.Add(2 * time.Hour),
			`{"description":"Contracts",` + key + `,"cert":{"status":"expired"},"auth":{"mode":"explicit"},` + rest + `}`},
		{"revoked", csc.View{Certificates: csc.CertificatesNone}, func(c *credentials.Credential) { c.Revoked = true }, noon,
			`{"description":"Contracts",` + key + `,"cert":{"status":"revoked"},"auth":{"mode":"explicit"},` + rest + `}`},
		{"suspended", csc.View{Certificates: csc.CertificatesNone}, func(c *credentials.Credential) { c.Suspended = true }, noon,
			`{"description":"Contracts",` + key + `,"cert":{"status":"suspended"},"auth":{"mode":"explicit"},` + rest + `}`},
		{"suspended and expired", csc.View{Certificates: csc.CertificatesNone}, func(c *credentials.Credential) { c.Suspended = true }, noon.Add(2 * time.Hour),
			`{"description":"Contracts",` + key + `,"cert":{"status":"expired"},"auth":{"mode":"explicit"},` + rest + `}`},
		{"suspended and revoked", csc.View{Certificates: csc.CertificatesNone}, func(c *credentials.Credential) { c.Suspended, c.Revoked = true, true }, noon,
			`{"description":"Contracts",` + key + `,"cert":{"status":"revoked"},"auth":{"mode":"explicit"},` + rest + `}`},
		{"not yet valid, for which there is no word", csc.View{Certificates: csc.CertificatesNone}, nil, noon.Add(-2 * time.Hour),
			`{"description":"Contracts",` + key + `,"cert":{},"auth":{"mode":"explicit"},` + rest + `}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := credential(t)
			if tt.change != nil {
				tt.change(&c)
			}
			info, err := c.Info(tt.view, tt.now)
			must(t, err)
			got, err := json.Marshal(info)
			must(t, err)
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestCertificatesTold(t *testing.T) {
	for which, want := range map[string]int{"": 1, csc.CertificatesSingle: 1, csc.CertificatesChain: 2, csc.CertificatesNone: 0} {
		info, err := credential(t).Info(csc.View{Certificates: which}, noon)
		must(t, err)
		if len(info.Cert.Certificates) != want {
			t.Errorf("certificates=%q: %d, want %d", which, len(info.Cert.Certificates), want)
		}
	}
}

func TestFactorsInRomanian(t *testing.T) {
	for lang, want := range map[string]string{"ro": "Cod", "ro-RO": "Cod", "ron": "Code", "en": "Code", "": "Code"} {
		info, err := credential(t).Info(csc.View{AuthInfo: true, Lang: lang}, noon)
		must(t, err)
		if got := (*info.Auth.Objects)[0].Label; got != want {
			t.Errorf("lang=%q: %q, want %q", lang, got, want)
		}
	}
}

func TestProfilesThatCannotBe(t *testing.T) {
	good := credentials.Profile{Key: csc.P256, SCAL: csc.SCAL2, Mode: csc.Explicit, Multisign: 1, NotBefore: noon, NotAfter: noon.Add(time.Hour)}
	must(t, good.Check(false))
	for name, change := range map[string]func(*credentials.Profile){
		"an unknown key":            func(p *credentials.Profile) { p.Key = "P-224" },
		"SCAL 3":                    func(p *credentials.Profile) { p.SCAL = "3" },
		"mode implicit":             func(p *credentials.Profile) { p.Mode = "implicit" },
		"no signature":              func(p *credentials.Profile) { p.Multisign = 0 },
		"more than a person may":    func(p *credentials.Profile) { p.Multisign = credentials.MaxMultisign + 1 },
		"an end before the begin":   func(p *credentials.Profile) { p.NotAfter = noon },
		"a description without end": func(p *credentials.Profile) { p.Description = string(make([]byte, 256)) },
	} {
		p := good
		change(&p)
		if p.Check(false) == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// A seal may be for more, and is authorized by what machines have.
func TestSealsThatCannotBe(t *testing.T) {
	good := credentials.Profile{Key: csc.P256, SCAL: csc.SCAL2, Mode: csc.Explicit, Multisign: credentials.MaxSealed, Factors: "PIN", NotBefore: noon, NotAfter: noon.Add(time.Hour)}
	must(t, good.Check(true))
	if good.Check(false) == nil {
		t.Error("a person may have what a seal may")
	}
	for name, change := range map[string]func(*credentials.Profile){
		"more than a seal may": func(p *credentials.Profile) { p.Multisign++ },
		"the pages":            func(p *credentials.Profile) { p.Mode, p.Factors = csc.OAuth2Code, "" },
		"an authenticator":     func(p *credentials.Profile) { p.Factors = "" },
		"a code beside a PIN":  func(p *credentials.Profile) { p.Factors = "PIN OR OTP" },
		"a message":            func(p *credentials.Profile) { p.Factors = "EMAIL" },
		"an approval":          func(p *credentials.Profile) { p.Factors = "APPROVAL" },
	} {
		p := good
		change(&p)
		if p.Check(true) == nil {
			t.Errorf("%s was taken", name)
		}
	}
	nothing := good
	nothing.Factors = credentials.NoFactors
	must(t, nothing.Check(true))
}
