package verify_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/cms/cmstest"
	"github.com/pecete/pecete/signing/ades"
	"github.com/pecete/pecete/signing/ades/adestest"
	"github.com/pecete/pecete/verify"
)

var content = []byte("what is signed\n")

func options(ca *adestest.CA) verify.Options {
	return verify.Options{Roots: ca.Roots(), Now: time.Now()}
}

func newForge(s *adestest.Signer, content []byte) *cmstest.Forge {
	return cmstest.New(s.Cert, s.Key, s.Algorithm.Scheme, content)
}

func judge(t testing.TB, der []byte, o verify.Options) verify.Signature {
	t.Helper()
	s, err := verify.CMS(der, content, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What signing/ades builds is found good, for every algorithm.
func TestCMS(t *testing.T) {
	ca := adestest.NewCA(t)
	for _, a := range adestest.Algorithms() {
		signer := ca.Signer(t, a)
		state := a.Hash.New()
		state.Write(content)
		cms, err := ades.NewCMS(ades.CMSParams{Certificates: signer.Certificates, Algorithm: a.Algorithm, ContentDigest: state.Sum(nil)})
		if err != nil {
			t.Fatal(err)
		}
		der, err := cms.Finish(signer.Sign(t, cms.Digest()))
		if err != nil {
			t.Fatal(err)
		}
		s := judge(t, der, options(ca))
		if !s.OK() || len(s.Notes) > 0 || !s.Signer.Equal(signer.Cert) || len(s.Chain) != 2 {
			t.Errorf("%s: %+v", a.Name(), s)
		}
		if s.Algorithm.Scheme != a.Scheme || s.Algorithm.Hash != a.Hash || s.Algorithm.SaltLength != a.SaltLength {
			t.Errorf("%s: the algorithm is told as %+v", a.Name(), s.Algorithm)
		}
	}
}

type forgery struct {
	name   string
	change func(f *cmstest.Forge)
	want   string // the beginning of the problems; "" if there is none
}

func TestCMSForged(t *testing.T) {
	ca := adestest.NewCA(t)
	signer := ca.Signer(t, adestest.ECDSA())
	for _, rows := range [][]forgery{frameForgeries(signer), attributeForgeries(t, ca, signer)} {
		for _, row := range rows {
			f := newForge(signer, content)
			row.change(f)
			s := judge(t, f.Make(t), options(ca))
			if row.want == "" && !s.OK() {
				t.Errorf("%s: %v", row.name, s.Problems)
			}
			if row.want != "" && (s.OK() || !strings.HasPrefix(s.Problems.String(), row.want)) {
				t.Errorf("%s: OK is %v, problems are %q, want %q", row.name, s.OK(), s.Problems, row.want)
			}
		}
	}
}

func frameForgeries(signer *adestest.Signer) []forgery {
	sha1 := pkix.AlgorithmIdentifier{Algorithm: cmstest.SHA1}
	odd := pkix.AlgorithmIdentifier{Algorithm: cmstest.SHA256, Parameters: asn1.RawValue{FullBytes: cmstest.DER(7)}}
	null := pkix.AlgorithmIdentifier{Algorithm: cmstest.SHA256, Parameters: asn1.NullRawValue}
	sha512 := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}}
	return []forgery{
		{"an honest one", func(*cmstest.Forge) {}, ""},
		{"NULL beside the hash, as older writers put it", func(f *cmstest.Forge) { f.Digest, f.Hashes[0] = null, null }, ""},
		{"another version", func(f *cmstest.Forge) { f.Version = 3 }, "cms.version"},
		{"bytes behind it", func(f *cmstest.Forge) { f.After = []byte{0} }, "cms.trailing"},
		{"a content of its own", func(f *cmstest.Forge) { f.Content = content }, "attached"},
		{"a content of another type", func(f *cmstest.Forge) { f.ContentType = asn1.ObjectIdentifier{1, 2, 3} }, "cms.encoding"},
		{"no signer", func(f *cmstest.Forge) { f.Signers = 0 }, "cms.signers"},
		{"two signers", func(f *cmstest.Forge) { f.Signers = 2 }, "cms.signers"},
		{"no hash announced", func(f *cmstest.Forge) { f.Hashes = nil }, "cms.encoding"},
		{"another hash announced", func(f *cmstest.Forge) { f.Hashes[0] = sha512 }, "cms.encoding"},
		{"two hashes announced", func(f *cmstest.Forge) { f.Hashes = append(f.Hashes, sha512) }, "cms.encoding"},
		{"a hash announced with parameters", func(f *cmstest.Forge) { f.Hashes[0] = odd }, "cms.encoding"},
		{"a hash with parameters", func(f *cmstest.Forge) { f.Digest = odd }, "cms.hash"},
		{"SHA-1", func(f *cmstest.Forge) { f.Digest, f.Hashes[0] = sha1, sha1 }, "cms.hash"},
		{"two hashes that contradict", func(f *cmstest.Forge) { f.Digest, f.Hashes[0] = sha512, sha512 }, "cms.mismatch"},
		{"ECDSA with SHA-1", func(f *cmstest.Forge) { f.Algorithm.Algorithm = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1} }, "cms.algorithm"},
		{"ECDSA with parameters", func(f *cmstest.Forge) { f.Algorithm.Parameters = asn1.NullRawValue }, "cms.algorithm"},
		{"RSA said of an EC key", func(f *cmstest.Forge) { f.Algorithm.Algorithm = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11} }, "cms.key"},
		{"no certificate", func(f *cmstest.Forge) { f.Certificates = nil }, "cms.no-certificate"},
		{"a certificate that is none", func(f *cmstest.Forge) { f.Certificates = [][]byte{cmstest.Seq()} }, "cms.certificates"},
		{"another serial number", func(f *cmstest.Forge) { f.Serial = big.NewInt(1) }, "cms.no-certificate"},
		{"the certificate twice", func(f *cmstest.Forge) { f.Certificates = append(f.Certificates, signer.Cert.Raw) }, ""},
	}
}

// without takes an attribute out of a forgery.
func without(oid asn1.ObjectIdentifier) func(f *cmstest.Forge) {
	return func(f *cmstest.Forge) {
		f.Attributes = slices.DeleteFunc(f.Attributes, func(a []byte) bool { return bytes.Contains(a, cmstest.DER(oid)) })
	}
}

// with puts an attribute in, instead of the one of that kind.
func with(oid asn1.ObjectIdentifier, values ...[]byte) func(f *cmstest.Forge) {
	return func(f *cmstest.Forge) {
		without(oid)(f)
		f.Attributes = append(f.Attributes, cmstest.Attr(oid, values...))
	}
}

func attributeForgeries(t *testing.T, ca *adestest.CA, signer *adestest.Signer) []forgery {
	other := ca.Signer(t, adestest.ECDSA())
	now := cmstest.DER(time.Now().UTC())
	return []forgery{
		{"no attributes", func(f *cmstest.Forge) { f.Bare = true }, "cms.no-attributes"},
		{"no content-type", without(cmstest.ContentType), "cms.content-type"},
		{"another content-type", with(cmstest.ContentType, cmstest.DER(cmstest.SHA1)), "cms.content-type"},
		{"no message-digest", without(cmstest.MessageDigest), "cms.no-digest"},
		{"a message-digest of something else", with(cmstest.MessageDigest, cmstest.DER(make([]byte, 32))), "digest"},
		{"a message-digest that is a number", with(cmstest.MessageDigest, cmstest.DER(7)), "cms.no-digest"},
		{"two message-digests in one", with(cmstest.MessageDigest, cmstest.DER([]byte{1}), cmstest.DER([]byte{2})), "cms.attributes"},
		{"no value in one", with(cmstest.MessageDigest), "cms.attributes"},
		{"an attribute twice", func(f *cmstest.Forge) {
			f.Attributes = append(f.Attributes, cmstest.Attr(cmstest.ContentType, cmstest.DER(cmstest.SHA1)))
		}, "cms.twice"},
		{"not in the order of DER", func(f *cmstest.Forge) {
			f.Make(t)
			f.Attributes[0], f.Attributes[1], f.Unsorted = f.Attributes[1], f.Attributes[0], true
		}, "cms.order"},
		{"a signing-time", with(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}, now), "signing-time"},
		{"no signing-certificate-v2", without(cmstest.Certificate), "cms.no-binding"},
		{"signing-certificate-v2 of another", with(cmstest.Certificate, cmstest.ESSCert(other.Cert, crypto.SHA256)), "cms.binding"},
		{"signing-certificate-v2 by SHA-512", with(cmstest.Certificate, cmstest.ESSCert(signer.Cert, crypto.SHA512)), ""},
		{"signing-certificate-v2 by SHA-1", with(cmstest.Certificate, cmstest.ESSCert(signer.Cert, crypto.SHA1)), "cms.hash"},
		{"signing-certificate-v2 that names another issuer", with(cmstest.Certificate, cmstest.ESSNames(signer.Cert, other.Cert.RawSubject, signer.Cert.SerialNumber)), "cms.binding"},
		{"signing-certificate-v2 that names another number", with(cmstest.Certificate, cmstest.ESSNames(signer.Cert, signer.Cert.RawIssuer, other.Cert.SerialNumber)), "cms.binding"},
		{"signing-certificate-v2 of nothing", with(cmstest.Certificate, cmstest.Seq(cmstest.Seq())), "cms.no-binding"},
		{"an attribute nobody knows", with(asn1.ObjectIdentifier{1, 2, 3, 4}, cmstest.DER(1)), ""},
		{"an unsigned attribute", func(f *cmstest.Forge) {
			f.Unsigned = [][]byte{cmstest.Attr(asn1.ObjectIdentifier{1, 2, 3, 4}, cmstest.DER(1))}
		}, ""},
		{"an unsigned attribute that is none", func(f *cmstest.Forge) { f.Unsigned = [][]byte{cmstest.DER(1)} }, "cms.attributes"},
		{"an unsigned attribute without value", func(f *cmstest.Forge) { f.Unsigned = [][]byte{cmstest.Attr(asn1.ObjectIdentifier{1, 2, 3, 4})} }, "cms.attributes"},
		{"a signature by another key", func(f *cmstest.Forge) { f.Key = other.Key }, "key"},
	}
}

// RSA has its own ways to be wrong.
func TestCMSForgedRSA(t *testing.T) {
	ca := adestest.NewCA(t)
	signer := ca.Signer(t, adestest.Algorithms()[1])
	pss := func(parameters []byte) func(f *cmstest.Forge) {
		return func(f *cmstest.Forge) { f.Algorithm.Parameters = asn1.RawValue{FullBytes: parameters} }
	}
	mixed := cmstest.Seq(cmstest.Context(0, cmstest.Seq(cmstest.DER(cmstest.SHA256))), cmstest.Context(1, cmstest.Seq(cmstest.DER(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}), cmstest.Seq(cmstest.DER(cmstest.SHA1)))), cmstest.Context(2, cmstest.DER(32)))
	for _, row := range []forgery{
		{"an honest one", func(*cmstest.Forge) {}, ""},
		{"no parameters, which means SHA-1", func(f *cmstest.Forge) { f.Algorithm.Parameters = asn1.RawValue{} }, "cms.algorithm"},
		{"empty parameters, which mean SHA-1", pss(cmstest.Seq()), "cms.algorithm"},
		{"MGF1 with SHA-1", pss(mixed), "cms.algorithm"},
		{"another salt than said", pss(mustPSS(33)), "key"},
		{"a salt of none", pss(mustPSS(0)), "key"},
		{"said to be PKCS#1 v1.5", func(f *cmstest.Forge) {
			f.Algorithm = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, Parameters: asn1.NullRawValue}
		}, "key"},
		{"PKCS#1 v1.5 by the name of the key alone", func(f *cmstest.Forge) {
			f.Algorithm = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, Parameters: asn1.NullRawValue}
			f.Options = crypto.SHA256
		}, ""},
		{"PKCS#1 v1.5 with parameters", func(f *cmstest.Forge) {
			f.Algorithm = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, Parameters: asn1.RawValue{FullBytes: cmstest.DER(7)}}
			f.Options = crypto.SHA256
		}, "cms.algorithm"},
		{"MGF of another kind", pss(cmstest.Seq(cmstest.Context(0, cmstest.Seq(cmstest.DER(cmstest.SHA256))), cmstest.Context(1, cmstest.Seq(cmstest.DER(cmstest.SHA1), cmstest.Seq(cmstest.DER(cmstest.SHA256)))), cmstest.Context(2, cmstest.DER(32)))), "cms.algorithm"},
		{"said to be ECDSA", func(f *cmstest.Forge) { f.Algorithm = pkix.AlgorithmIdentifier{Algorithm: cmstest.ECDSASHA256} }, "cms.key"},
	} {
		f := newForge(signer, content)
		row.change(f)
		s := judge(t, f.Make(t), options(ca))
		if s.OK() != (row.want == "") || !strings.HasPrefix(s.Problems.String(), row.want) {
			t.Errorf("%s: OK is %v, problems are %q, want %q", row.name, s.OK(), s.Problems, row.want)
		}
	}
}

func mustPSS(salt int) []byte {
	mgf := cmstest.Seq(cmstest.DER(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}), cmstest.Seq(cmstest.DER(cmstest.SHA256)))
	return cmstest.Seq(cmstest.Context(0, cmstest.Seq(cmstest.DER(cmstest.SHA256))), cmstest.Context(1, mgf), cmstest.Context(2, cmstest.DER(salt)))
}

// Two certificates for one key under one name and number: only the one that was
// named in what was signed is taken.
func TestCMSWithAnotherCertificate(t *testing.T) {
	ca := adestest.NewCA(t)
	signer := ca.Signer(t, adestest.ECDSA())
	swapped := ca.Reissue(t, signer, func(c *x509.Certificate) { c.Subject.CommonName = "Semnatar Demo" })
	f := newForge(signer, content)
	f.Certificates = [][]byte{swapped.Raw}
	if s := judge(t, f.Make(t), options(ca)); s.OK() || s.CertificateBound || !s.SignatureValid {
		t.Errorf("a certificate was exchanged: %+v", s)
	}
	f.Certificates = [][]byte{swapped.Raw, signer.Cert.Raw}
	if s := judge(t, f.Make(t), options(ca)); s.OK() || !strings.HasPrefix(string(s.Problems[0].Code), "cms.ambiguous") {
		t.Errorf("a certificate was added: %+v", s)
	}
}

func TestTrust(t *testing.T) {
	ca := adestest.NewCA(t)
	t.Setenv("SSL_CERT_FILE", adestest.PEM(t, ca.Cert)) // what the machine trusts is nothing to us
	sub := ca.Intermediate(t)
	signer, below := ca.Signer(t, adestest.ECDSA()), sub.Signer(t, adestest.ECDSA())
	encipher := ca.Signer(t, adestest.ECDSA(), func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement })
	unknown := []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
	critical := ca.Signer(t, adestest.ECDSA(), func(c *x509.Certificate) { c.ExtraExtensions = unknown })
	carrying := func(s *adestest.Signer, certificates ...[]byte) []byte {
		f := newForge(s, content)
		f.Certificates = append(f.Certificates, certificates...)
		return f.Make(t)
	}
	now := time.Now()
	for _, row := range []struct {
		name    string
		der     []byte
		options verify.Options
		chain   int
		problem string
	}{
		{"a known root", carrying(signer), options(ca), 2, ""},
		{"a known root, carried along", carrying(signer, ca.Cert.Raw), options(ca), 2, ""},
		{"an authority between", carrying(below, sub.Cert.Raw), options(ca), 3, ""},
		{"an authority between that is missing", carrying(below), options(ca), 0, "chain chain.issuer"},
		{"no roots at all", carrying(signer, ca.Cert.Raw), verify.Options{Now: now}, 0, "chain chain.issuer"},
		{"other roots", carrying(signer, ca.Cert.Raw), verify.Options{Roots: adestest.NewCA(t).Roots(), Now: now}, 0, "chain chain.issuer"},
		{"expired", carrying(signer), verify.Options{Roots: ca.Roots(), Now: now.AddDate(6, 0, 0)}, 0, "chain chain.time"},
		{"not yet valid", carrying(signer), verify.Options{Roots: ca.Roots(), Now: now.AddDate(-1, 0, 0)}, 0, "chain chain.time"},
		{"a key that is not for signing", carrying(encipher), options(ca), 2, "usage"},
		{"a critical extension nobody knows", carrying(critical), options(ca), 0, "chain chain.extension"},
	} {
		s := judge(t, row.der, row.options)
		if s.OK() != (row.problem == "") || len(s.Chain) != row.chain || !strings.Contains(s.Problems.String(), row.problem) {
			t.Errorf("%s: OK is %v, chain has %d, problems are %q", row.name, s.OK(), len(s.Chain), s.Problems)
		}
		if !s.Intact() {
			t.Errorf("%s: trust was confused with intactness", row.name)
		}
	}
}

func TestShortKeyIsRefused(t *testing.T) {
	ca := adestest.NewCA(t)
	key, err := rsa.GenerateKey(rand.Reader, 1536)
	if err != nil {
		t.Fatal(err)
	}
	signer := ca.SignerWith(t, adestest.Algorithms()[1], key)
	s := judge(t, newForge(signer, content).Make(t), options(ca))
	if s.OK() || !strings.Contains(s.Problems.String(), "cms.weak") {
		t.Errorf("an RSA key of 1536 bits was taken: %+v", s)
	}
}

func TestTimeIsRequired(t *testing.T) {
	if _, err := verify.CMS(nil, nil, verify.Options{}); err != verify.ErrNoTime {
		t.Errorf("got %v", err)
	}
	if _, err := verify.PDF(nil, verify.Options{}); err != verify.ErrNoTime {
		t.Errorf("got %v", err)
	}
}

// FuzzCMS: whatever comes, no panic, and nothing is found good unless the content
// that was signed is what was given.
func FuzzCMS(f *testing.F) {
	ca := adestest.NewCA(f)
	f.Add(newForge(ca.Signer(f, adestest.ECDSA()), content).Make(f))
	f.Add(newForge(ca.Signer(f, adestest.Algorithms()[1]), content).Make(f))
	f.Fuzz(func(t *testing.T, der []byte) {
		s, err := verify.CMS(der, []byte("something else"), options(ca))
		if err != nil || s.OK() || s.DigestIntact {
			t.Errorf("found good: %+v %v", s, err)
		}
	})
}
