package ca

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOpenSSLVerifies(t *testing.T) {
	t.Parallel()
	keys := map[string]crypto.Signer{
		"P-256": ec(t, elliptic.P256()), "P-384": ec(t, elliptic.P384()), "P-521": ec(t, elliptic.P521()),
		"RSA-2048": rsaKey(t, 2048),
	}
	for name, key := range keys {
		t.Run("an authority of "+name, func(t *testing.T) {
			l := authority(t, key)
			root := pemFile(t, "root.pem", l.Certificate)
			for name, signer := range keys {
				if signer.Public() == key.Public() {
					continue
				}
				leaf := pemFile(t, "leaf.pem", issue(t, l, request(signer.Public())))
				out, err := openssl(t, "verify", "-x509_strict", "-check_ss_sig", "-purpose", "smimesign",
					"-attime", fmt.Sprint(noon.Unix()), "-CAfile", root, leaf)
				if err != nil || !strings.HasSuffix(out, ": OK\n") {
					t.Errorf("certificate of %s: %s", name, out)
				}
			}
		})
	}
}

func TestOpenSSLSays(t *testing.T) {
	t.Parallel()
	l := authority(t, ec(t, elliptic.P384()))
	r := request(ec(t, elliptic.P256()).Public())
	r.Subject.Organization, r.Subject.Email = "Demo Company, Ltd.", "demo.signer@example.org"
	r.Subject.FamilyName = "Șănț"
	show := []string{"x509", "-noout", "-text", "-nameopt", "RFC2253,utf8,-esc_msb", "-in"}
	leaf, err := openssl(t, append(show, pemFile(t, "leaf.pem", issue(t, l, r)))...)
	if err != nil {
		t.Fatal(leaf)
	}
	root, err := openssl(t, append(show, pemFile(t, "root.pem", l.Certificate))...)
	if err != nil {
		t.Fatal(root)
	}
	says(t, leaf, []string{
		"Version: 3 (0x2)", "Signature Algorithm: ecdsa-with-SHA384",
		`Issuer: CN=Demo CA\, no legal value,O=Demo & Sons,C=RO`,
		`Subject: CN=Semnatar Demo,SN=Șănț,GN=Semnatar,serialNumber=DEMO-1,O=Demo Company\, Ltd.,C=RO`,
		"Not Before: Jun 15 11:59:00 2030 GMT", "Not After : Jun 15 12:00:00 2032 GMT",
		"X509v3 Key Usage: critical\n                Non Repudiation\n",
		"X509v3 Extended Key Usage: \n                E-mail Protection, 1.3.6.1.5.5.7.3.36\n",
		"X509v3 Basic Constraints: critical\n                CA:FALSE\n",
		"Policy: 1.3.6.1.4.1.32473.1\n", "email:demo.signer@example.org\n",
	})
	says(t, root, []string{
		"X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign\n",
		"X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0\n",
	})
	_, after, _ := strings.Cut(root, "X509v3 Subject Key Identifier: \n")
	identifier, _, _ := strings.Cut(after, "\n")
	says(t, leaf, []string{"X509v3 Authority Key Identifier: \n" + identifier})
	for _, text := range []string{leaf, root} {
		if strings.Contains(text, "qcStatements") || strings.Contains(text, "emailAddress") {
			t.Errorf("there is more than there should be:\n%s", text)
		}
	}
}

func says(t *testing.T, text string, facts []string) {
	t.Helper()
	for _, fact := range facts {
		if !strings.Contains(text, fact) {
			t.Errorf("openssl does not say %q:\n%s", fact, text)
		}
	}
}

func TestIssueRefuses(t *testing.T) {
	t.Parallel()
	authorityKey, signer := ec(t, elliptic.P384()), ec(t, elliptic.P256())
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	small := rsaKey(t, 1024)
	small3 := rsaKey(t, 2048).PublicKey
	small3.E = 3
	off := *signer
	off.PublicKey.X, off.PublicKey.Y = big.NewInt(1), big.NewInt(1) //nolint:staticcheck // a point off the curve cannot be made otherwise
	tests := []struct {
		says   string
		change func(*Request)
		want   error
	}{
		{"no key", func(r *Request) { r.Public = nil }, ErrKey},
		{"an Edwards key", func(r *Request) { r.Public = edwards }, ErrKey},
		{"an RSA key of 1024 bits", func(r *Request) { r.Public = small.Public() }, ErrKey},
		{"an RSA key with the exponent 3", func(r *Request) { r.Public = &small3 }, ErrKey},
		{"a key on P-224", func(r *Request) { r.Public = ec(t, elliptic.P224()).Public() }, ErrKey},
		{"a point that is not on its curve", func(r *Request) { r.Public = off.Public() }, ErrKey},
		{"the authority's own key", func(r *Request) { r.Public = authorityKey.Public() }, ErrLint},
		{"the end before the beginning", func(r *Request) { r.NotAfter = r.NotBefore.Add(-time.Second) }, ErrValidity},
		{"no time at all", func(r *Request) { r.NotAfter = r.NotBefore }, ErrValidity},
		{"less than a second", func(r *Request) { r.NotAfter = r.NotBefore.Add(999 * time.Millisecond) }, ErrValidity},
		{"a beginning before the authority's", func(r *Request) { r.NotBefore = noon.AddDate(-1, 0, 0).Add(-time.Second) }, ErrValidity},
		{"an end after the authority's", func(r *Request) { r.NotAfter = noon.AddDate(9, 0, 0).Add(time.Second) }, ErrValidity},
		{"a policy that is not an OID", func(r *Request) { r.Profile.Policy = "demo" }, ErrProfile},
		{"a policy with a leading zero", func(r *Request) { r.Profile.Policy = "1.3.06" }, ErrProfile},
		{"a policy with one arc", func(r *Request) { r.Profile.Policy = "1" }, ErrProfile},
		{"the policy QCP-n", func(r *Request) { r.Profile.Policy = "0.4.0.194112.1.0" }, ErrProfile},
		{"the policy QCP-n-qscd", func(r *Request) { r.Profile.Policy = "0.4.0.194112.1.2" }, ErrProfile},
		{"the policy QCP public + SSCD", func(r *Request) { r.Profile.Policy = "0.4.0.1456.1.1" }, ErrProfile},
		{"no country", func(r *Request) { r.Subject.Country = "" }, ErrSubject},
		{"no common name", func(r *Request) { r.Subject.CommonName = "" }, ErrSubject},
		{"neither given name nor family name", func(r *Request) { r.Subject.GivenName, r.Subject.FamilyName = "", "" }, ErrSubject},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			l := authority(t, authorityKey)
			signed := &counter{Signer: authorityKey}
			l.Signer = signed
			r := request(signer.Public())
			tt.change(&r)
			chain, err := l.Issue(t.Context(), r)
			if !errors.Is(err, tt.want) || chain != nil {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if signed.n != 0 {
				t.Errorf("the authority's key signed %d times", signed.n)
			}
		})
	}
}

func TestIssueTakes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		says   string
		change func(*Request)
	}{
		{"the whole of the authority's own validity", func(r *Request) { r.NotBefore, r.NotAfter = noon.AddDate(-1, 0, 0), noon.AddDate(9, 0, 0) }},
		{"one second", func(r *Request) { r.NotAfter = r.NotBefore.Add(time.Second) }},
		{"fractions of a second", func(r *Request) { r.NotBefore = r.NotBefore.Add(999 * time.Millisecond) }},
		{"another time zone", func(r *Request) { r.NotBefore = r.NotBefore.In(time.FixedZone("EET", 2*3600)) }},
		{"no policy", func(r *Request) { r.Profile.Policy = "" }},
		{"no serial number", func(r *Request) { r.Subject.SerialNumber = "" }},
		{"a family name alone", func(r *Request) { r.Subject.GivenName = "" }},
		{"a given name alone", func(r *Request) { r.Subject.FamilyName = "" }},
		{"an e-mail address", func(r *Request) { r.Subject.Email = "demo@example.org" }},
		{"a validity that is over", func(r *Request) { r.NotBefore, r.NotAfter = noon.AddDate(0, -2, 0), noon.AddDate(0, -1, 0) }},
	}
	key, signer := ec(t, elliptic.P256()), ec(t, elliptic.P384())
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			r := request(signer.Public())
			tt.change(&r)
			cert := issue(t, authority(t, key), r)
			if !cert.NotBefore.Equal(r.NotBefore.Truncate(time.Second)) || !cert.NotAfter.Equal(r.NotAfter.Truncate(time.Second)) {
				t.Errorf("valid from %v to %v", cert.NotBefore, cert.NotAfter)
			}
		})
	}
}

func TestAuthorityOutOfDate(t *testing.T) {
	t.Parallel()
	key := ec(t, elliptic.P256())
	for _, now := range []time.Time{noon.AddDate(-1, 0, 0).Add(-time.Second), noon.AddDate(9, 0, 0).Add(time.Second)} {
		l := authority(t, key)
		l.Now = func() time.Time { return now }
		if _, err := l.Issue(t.Context(), request(ec(t, elliptic.P256()).Public())); !errors.Is(err, ErrValidity) {
			t.Errorf("at %v: %v", now, err)
		}
	}
}

func TestChainIsEndEntityFirst(t *testing.T) {
	t.Parallel()
	l := authority(t, ec(t, elliptic.P384()))
	chain, err := l.Issue(t.Context(), request(ec(t, elliptic.P256()).Public()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(l.Roots()[0].Raw, chain[len(chain)-1]); len(chain) != 2 || diff != "" {
		t.Errorf("%d certificates, the last is not the root: %s", len(chain), diff)
	}
}

// A counter counts what the authority's key is asked to sign.
type counter struct {
	crypto.Signer
	n int
}

func (c *counter) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	c.n++
	return c.Signer.Sign(rand, digest, opts)
}

func TestAuthorityKeySignsOnce(t *testing.T) {
	t.Parallel()
	key := ec(t, elliptic.P384())
	l := authority(t, key)
	signed := &counter{Signer: key}
	l.Signer = signed
	issue(t, l, request(ec(t, elliptic.P256()).Public()))
	if signed.n != 1 {
		t.Errorf("the authority's key signed %d times for one certificate", signed.n)
	}
}

// A liar signs something else than it is asked to.
type liar struct{ crypto.Signer }

func (l liar) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	digest = append([]byte{}, digest...)
	digest[0] ^= 1
	return l.Signer.Sign(rand, digest, opts)
}

// A broken device is away.
type broken struct{ crypto.Signer }

var errAway = errors.New("device is away")

func (broken) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, errAway }

func TestBadDevice(t *testing.T) {
	t.Parallel()
	key := ec(t, elliptic.P384())
	r := request(ec(t, elliptic.P256()).Public())
	name := pkix.Name{CommonName: "Demo CA"}
	l := authority(t, key)
	l.Signer = liar{key}
	if chain, err := l.Issue(t.Context(), r); err == nil {
		t.Errorf("a certificate with a wrong signature was released: %x", chain)
	}
	if _, err := SelfSign(liar{key}, name, noon, noon.AddDate(1, 0, 0)); err == nil {
		t.Error("a root with a wrong signature was released")
	}
	l.Signer = broken{key}
	if _, err := l.Issue(t.Context(), r); !errors.Is(err, errAway) {
		t.Errorf("the device's error is not in %v", err)
	}
	l.Signer = ec(t, elliptic.P384())
	if _, err := l.Issue(t.Context(), r); err == nil {
		t.Error("a key that is not the certificate's signed")
	}
}

// Nothing is signed whose number is not kept before, and what is refused has none.
func TestNumberBeforeSignature(t *testing.T) {
	t.Parallel()
	key := ec(t, elliptic.P384())
	l, signed := authority(t, key), &counter{Signer: key}
	l.Signer = signed
	r := request(ec(t, elliptic.P256()).Public())
	var told []*big.Int
	r.Intend = func(_ context.Context, serial *big.Int) error {
		if signed.n > 0 {
			t.Error("it was signed before anybody knew its number")
		}
		told = append(told, serial)
		return nil
	}
	if cert := issue(t, l, r); len(told) != 1 || cert.SerialNumber.Cmp(told[0]) != 0 {
		t.Errorf("told %x, the certificate has %x", told, cert.SerialNumber)
	}
	refused := r
	refused.Subject.CommonName = ""
	if _, err := l.Issue(t.Context(), refused); err == nil || len(told) != 1 {
		t.Errorf("what is refused has a number: %x, %v", told, err)
	}
	signed.n = 0
	for _, intend := range []func(context.Context, *big.Int) error{nil, func(context.Context, *big.Int) error { return errAway }} {
		r.Intend = intend
		if _, err := l.Issue(t.Context(), r); !errors.Is(err, ErrIntend) || intend != nil && !errors.Is(err, errAway) || signed.n > 0 {
			t.Errorf("signed %d times without a number that is kept: %v", signed.n, err)
		}
	}
}

func TestAuthorityThatIsNone(t *testing.T) {
	t.Parallel()
	signer := ec(t, elliptic.P256())
	leaf := issue(t, authority(t, ec(t, elliptic.P384())), request(signer.Public()))
	l := &Local{Signer: signer, Certificate: leaf, Now: func() time.Time { return noon }}
	r := request(ec(t, elliptic.P256()).Public())
	r.Subject.CommonName, r.NotAfter = "Other Demo", noon.AddDate(1, 0, 0)
	if chain, err := l.Issue(t.Context(), r); err == nil {
		t.Errorf("a signer certified another: %x", chain)
	}
}

func TestIssueHonoursContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l := authority(t, ec(t, elliptic.P256()))
	if _, err := l.Issue(ctx, request(ec(t, elliptic.P256()).Public())); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestSerialNumbers(t *testing.T) {
	t.Parallel()
	seen, ones := map[string]bool{}, big.NewInt(0)
	for range 2000 {
		n := serialNumber()
		if n.Sign() <= 0 || n.BitLen() > 159 || seen[n.String()] {
			t.Fatalf("serial number %v", n)
		}
		seen[n.String()] = true
		ones.Or(ones, n)
	}
	if ones.BitLen() != 159 || new(big.Int).Add(ones, big.NewInt(1)).BitLen() != 160 {
		t.Errorf("not all of 159 bits are ever set: %x", ones)
	}
}

func TestSelfSignRefuses(t *testing.T) {
	t.Parallel()
	key := ec(t, elliptic.P384())
	tests := []struct {
		says  string
		key   crypto.Signer
		name  pkix.Name
		years int
		want  error
	}{
		{"no common name", key, pkix.Name{Organization: []string{"Demo"}}, 1, ErrSubject},
		{"two organizations", key, pkix.Name{CommonName: "Demo CA", Organization: []string{"A", "B"}}, 1, ErrSubject},
		{"an attribute we do not know", key, pkix.Name{CommonName: "Demo CA", Locality: []string{"Cluj"}}, 1, ErrSubject},
		{"a country that is none", key, pkix.Name{CommonName: "Demo CA", Country: []string{"ZZ"}}, 1, ErrSubject},
		{"a name that hides another", key, pkix.Name{CommonName: "Demo CA\x00"}, 1, ErrSubject},
		{"an end at the beginning", key, pkix.Name{CommonName: "Demo CA"}, 0, ErrValidity},
		{"a weak key", ec(t, elliptic.P224()), pkix.Name{CommonName: "Demo CA"}, 1, ErrKey},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			if _, err := SelfSign(tt.key, tt.name, noon, noon.AddDate(tt.years, 0, 0)); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestIssueAtOnce(t *testing.T) {
	t.Parallel()
	l := authority(t, ec(t, elliptic.P256()))
	serials := make(chan string, 32)
	var all sync.WaitGroup
	for range cap(serials) {
		key := ec(t, elliptic.P256())
		all.Go(func() {
			chain, err := l.Issue(context.WithoutCancel(t.Context()), request(key.Public()))
			if err != nil {
				t.Error(err)
				return
			}
			cert, err := x509.ParseCertificate(chain[0])
			if err != nil || !cert.PublicKey.(*ecdsa.PublicKey).Equal(key.Public()) {
				t.Errorf("not the key that was asked for: %v", err)
				return
			}
			serials <- cert.SerialNumber.String()
		})
	}
	all.Wait()
	close(serials)
	seen := map[string]bool{}
	for s := range serials {
		seen[s] = true
	}
	if len(seen) != cap(serials) {
		t.Errorf("%d serial numbers for %d certificates", len(seen), cap(serials))
	}
}
