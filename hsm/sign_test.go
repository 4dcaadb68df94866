package hsm_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/hsm/hsmtest"
)

var (
	keySpecs = []csc.KeySpec{csc.RSA2048, csc.RSA3072, csc.RSA4096, csc.P256, csc.P384, csc.P521}
	schemes  = []csc.Scheme{csc.PKCS1v15, csc.PSS, csc.ECDSA}
	hashes   = []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512}
)

// fits says what a key may sign with: written out, not computed.
var fits = map[csc.KeySpec]string{
	csc.RSA2048: "RSASSA-PKCS1-v1_5 RSASSA-PSS: SHA-256 SHA-384 SHA-512",
	csc.RSA3072: "RSASSA-PKCS1-v1_5 RSASSA-PSS: SHA-256 SHA-384 SHA-512",
	csc.RSA4096: "RSASSA-PKCS1-v1_5 RSASSA-PSS: SHA-256 SHA-384 SHA-512",
	csc.P256:    "ECDSA: SHA-256",
	csc.P384:    "ECDSA: SHA-256 SHA-384",
	csc.P521:    "ECDSA: SHA-256 SHA-384 SHA-512",
}

func mayUse(spec csc.KeySpec, scheme csc.Scheme, hash crypto.Hash) bool {
	s, h, _ := strings.Cut(fits[spec], ":")
	return strings.Contains(s, string(scheme)) && strings.Contains(h, hash.String())
}

// TestKeys is one test since keys take long to make: every kind of key, its
// attributes, and every algorithm.
func TestKeys(t *testing.T) {
	token := hsmtest.New(t, func(c *hsm.Config) { c.AllowRSA2048 = true })
	keys := map[csc.KeySpec]hsm.Key{}
	for _, spec := range keySpecs {
		key, err := token.Generate(t.Context(), spec, "Demo Signer "+string(spec))
		must(t, err)
		keys[spec] = key
	}
	t.Run("attributes", func(t *testing.T) { testAttributes(t, token, keys) })
	t.Run("found", func(t *testing.T) { testFound(t, token, keys) })
	t.Run("algorithms", func(t *testing.T) { testAlgorithms(t, token, keys) })
	t.Run("lengths", func(t *testing.T) { testLengths(t, token, keys) })
	t.Run("salts", func(t *testing.T) { testSalts(t, token, keys) })
	t.Run("signer", func(t *testing.T) { testSigner(t, token, keys) })
}

func testAttributes(t *testing.T, token *hsm.Token, keys map[csc.KeySpec]hsm.Key) {
	for spec, key := range keys {
		got, err := token.Attributes(t.Context(), key.ID)
		must(t, err)
		want := hsm.Attributes{
			ID: key.ID, Label: "Demo Signer " + string(spec), Spec: spec,
			Token: true, Private: true, Sensitive: true, AlwaysSensitive: true,
			NeverExtractable: true, Local: true, Sign: true,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", spec, diff)
		}
		if len(key.ID) != 16 {
			t.Errorf("%s: CKA_ID of %d bytes", spec, len(key.ID))
		}
	}
}

func testFound(t *testing.T, token *hsm.Token, keys map[csc.KeySpec]hsm.Key) {
	for spec, key := range keys {
		byLabel, err := token.Find(t.Context(), "Demo Signer "+string(spec))
		must(t, err)
		byID, err := token.Key(t.Context(), key.ID)
		must(t, err)
		for name, found := range map[string]hsm.Key{"by label": byLabel, "by id": byID} {
			if diff := cmp.Diff(key, found); diff != "" {
				t.Errorf("%s %s (-made +found):\n%s", spec, name, diff)
			}
		}
		bits := 0
		switch public := key.Public.(type) {
		case *rsa.PublicKey:
			bits = public.N.BitLen()
		case *ecdsa.PublicKey:
			bits = public.Curve.Params().BitSize
		}
		if bits != spec.Bits() {
			t.Errorf("%s has %d bits", spec, bits)
		}
	}
}

// testAlgorithms tries the whole matrix: what fits is verified by Go and by
// openssl, what does not is refused.
func testAlgorithms(t *testing.T, token *hsm.Token, keys map[csc.KeySpec]hsm.Key) {
	for _, spec := range keySpecs {
		for _, scheme := range schemes {
			for _, hash := range hashes {
				alg := csc.Algorithm{Scheme: scheme, Hash: hash}
				if scheme == csc.PSS {
					alg.SaltLength = hash.Size()
				}
				t.Run(fmt.Sprintf("%s %s %v", spec, scheme, hash), func(t *testing.T) {
					digest := digestWith(hash, t.Name())
					signature, err := token.Sign(t.Context(), keys[spec].ID, alg, digest)
					if !mayUse(spec, scheme, hash) {
						if !errors.Is(err, hsm.ErrAlgorithm) || isUnavailable(err) {
							t.Errorf("%v, want ErrAlgorithm", err)
						}
						return
					}
					must(t, err)
					verify(t, keys[spec].Public, alg, digest, signature)
				})
			}
		}
	}
}

func digestWith(h crypto.Hash, text string) []byte {
	hash := h.New()
	hash.Write([]byte(text))
	return hash.Sum(nil)
}

func verify(t *testing.T, public crypto.PublicKey, alg csc.Algorithm, digest, signature []byte) {
	t.Helper()
	var err error
	switch key := public.(type) {
	case *rsa.PublicKey:
		if len(signature) != key.Size() {
			t.Errorf("%d bytes for a modulus of %d", len(signature), key.Size())
		}
		if alg.Scheme == csc.PSS {
			err = rsa.VerifyPSS(key, alg.Hash, digest, signature, &rsa.PSSOptions{SaltLength: alg.SaltLength, Hash: alg.Hash})
		} else {
			err = rsa.VerifyPKCS1v15(key, alg.Hash, digest, signature)
		}
	case *ecdsa.PublicKey:
		if !ecdsa.VerifyASN1(key, digest, signature) {
			err = errors.New("not a signature")
		}
	}
	if err != nil {
		t.Errorf("Go: %v", err)
	}
	openssl(t, public, alg, digest, signature)
}

func openssl(t *testing.T, public crypto.PublicKey, alg csc.Algorithm, digest, signature []byte) {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	must(t, err)
	folder := t.TempDir()
	for name, text := range map[string][]byte{
		"key": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "digest": digest, "signature": signature,
	} {
		must(t, os.WriteFile(filepath.Join(folder, name), text, 0o600))
	}
	name := strings.ToLower(strings.ReplaceAll(alg.Hash.String(), "-", ""))
	args := []string{"pkeyutl", "-verify", "-pubin", "-inkey", "key", "-in", "digest", "-sigfile", "signature", "-pkeyopt", "digest:" + name}
	switch alg.Scheme {
	case csc.PSS:
		args = append(args, "-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_mgf1_md:"+name,
			"-pkeyopt", fmt.Sprintf("rsa_pss_saltlen:%d", alg.SaltLength))
	case csc.PKCS1v15:
		args = append(args, "-pkeyopt", "rsa_padding_mode:pkcs1")
	case csc.ECDSA:
	}
	cmd := exec.Command("openssl", args...)
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("openssl (apt-get install openssl): %v\n%s", err, out)
	}
}

// testLengths: of 66 lengths a hash has one.
func testLengths(t *testing.T, token *hsm.Token, keys map[csc.KeySpec]hsm.Key) {
	for _, scheme := range schemes {
		for _, hash := range hashes {
			alg := csc.Algorithm{Scheme: scheme, Hash: hash, SaltLength: hash.Size()}
			spec := csc.RSA2048
			if scheme == csc.ECDSA {
				spec = csc.P521
			}
			for n := range 66 {
				_, err := token.Sign(t.Context(), keys[spec].ID, alg, make([]byte, n))
				if (err == nil) != (n == hash.Size()) || err != nil && !errors.Is(err, hsm.ErrDigest) {
					t.Errorf("%s %v with %d bytes: %v", scheme, hash, n, err)
				}
			}
		}
	}
	for _, hash := range []crypto.Hash{0, crypto.MD5, crypto.SHA1, crypto.SHA224, crypto.SHA512_256, crypto.SHA3_256, 99} {
		alg := csc.Algorithm{Scheme: csc.ECDSA, Hash: hash}
		if _, err := token.Sign(t.Context(), keys[csc.P256].ID, alg, make([]byte, 32)); !errors.Is(err, hsm.ErrAlgorithm) {
			t.Errorf("hash %d: %v, want ErrAlgorithm", hash, err)
		}
	}
}

// The device is not asked: a closed one answers the same.
func TestRefusedBeforeTheDevice(t *testing.T) {
	token, err := hsm.Open(t.Context(), hsmtest.Config(t))
	must(t, err)
	must(t, token.Close())
	if _, err := token.Sign(t.Context(), []byte{1}, ecdsaSHA256, make([]byte, 20)); !errors.Is(err, hsm.ErrDigest) {
		t.Errorf("a short digest: %v, want ErrDigest", err)
	}
	alg := csc.Algorithm{Scheme: csc.PKCS1v15, Hash: crypto.SHA1}
	if _, err := token.Sign(t.Context(), []byte{1}, alg, make([]byte, 20)); !errors.Is(err, hsm.ErrAlgorithm) {
		t.Errorf("SHA-1: %v, want ErrAlgorithm", err)
	}
}

func testSalts(t *testing.T, token *hsm.Token, keys map[csc.KeySpec]hsm.Key) {
	key := keys[csc.RSA3072]
	for _, hash := range hashes {
		longest := 384 - hash.Size() - 2
		for salt, want := range map[int]bool{
			-1: false, 0: false, hash.Size() - 1: false, hash.Size(): true, hash.Size() + 1: true,
			longest: true, longest + 1: false, 1 << 40: false,
		} {
			alg := csc.Algorithm{Scheme: csc.PSS, Hash: hash, SaltLength: salt}
			digest := digestWith(hash, "salt")
			signature, err := token.Sign(t.Context(), key.ID, alg, digest)
			if !want {
				if !errors.Is(err, hsm.ErrAlgorithm) {
					t.Errorf("%v, salt %d: %v, want ErrAlgorithm", hash, salt, err)
				}
				continue
			}
			must(t, err)
			verify(t, key.Public, alg, digest, signature)
		}
	}
}

func testSigner(t *testing.T, token *hsm.Token, keys map[csc.KeySpec]hsm.Key) {
	tests := []struct {
		spec csc.KeySpec
		opts crypto.SignerOpts
		want csc.Algorithm // its zero is a refusal
	}{
		{csc.P256, crypto.SHA256, csc.Algorithm{Scheme: csc.ECDSA, Hash: crypto.SHA256}},
		{csc.P384, crypto.SHA384, csc.Algorithm{Scheme: csc.ECDSA, Hash: crypto.SHA384}},
		{csc.P521, crypto.SHA512, csc.Algorithm{Scheme: csc.ECDSA, Hash: crypto.SHA512}},
		{csc.RSA3072, crypto.SHA256, csc.Algorithm{Scheme: csc.PKCS1v15, Hash: crypto.SHA256}},
		{csc.RSA3072, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA384}, csc.Algorithm{Scheme: csc.PSS, Hash: crypto.SHA384, SaltLength: 48}},
		{csc.RSA3072, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto, Hash: crypto.SHA256}, csc.Algorithm{Scheme: csc.PSS, Hash: crypto.SHA256, SaltLength: 350}},
		{csc.RSA3072, &rsa.PSSOptions{SaltLength: 40, Hash: crypto.SHA256}, csc.Algorithm{Scheme: csc.PSS, Hash: crypto.SHA256, SaltLength: 40}},
		{csc.P256, nil, csc.Algorithm{}},
		{csc.P256, crypto.Hash(0), csc.Algorithm{}},
		{csc.P256, crypto.SHA512, csc.Algorithm{}},
		{csc.RSA3072, crypto.SHA1, csc.Algorithm{}},
		{csc.RSA3072, &rsa.PSSOptions{SaltLength: 20, Hash: crypto.SHA1}, csc.Algorithm{}},
		{csc.RSA3072, &rsa.PSSOptions{SaltLength: -7, Hash: crypto.SHA256}, csc.Algorithm{}},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%s %v", test.spec, test.opts), func(t *testing.T) {
			signer, err := token.Signer(t.Context(), keys[test.spec].ID)
			must(t, err)
			hash := test.want.Hash
			if hash == 0 {
				hash = crypto.SHA256
			}
			digest := digestWith(hash, t.Name())
			signature, err := signer.Sign(rand.Reader, digest, test.opts)
			if test.want.Hash == 0 {
				if err == nil {
					t.Error("it signed")
				}
				return
			}
			must(t, err)
			verify(t, signer.Public(), test.want, digest, signature)
		})
	}
	if _, err := token.Signer(t.Context(), make([]byte, 16)); !errors.Is(err, hsm.ErrNoKey) {
		t.Errorf("an unknown key: %v, want ErrNoKey", err)
	}
}

// Certificates and requests, which is what a Signer is for.
func TestSignerCertifies(t *testing.T) {
	token := hsmtest.New(t)
	key, err := token.Generate(t.Context(), csc.P256, "Demo Signer")
	must(t, err)
	signer, err := token.Signer(t.Context(), key.ID)
	must(t, err)
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, signer)
	must(t, err)
	request, err := x509.ParseCertificateRequest(der)
	must(t, err)
	must(t, request.CheckSignature())
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true}
	der, err = x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	must(t, err)
	certificate, err := x509.ParseCertificate(der)
	must(t, err)
	must(t, certificate.CheckSignatureFrom(certificate))
}

func TestEncodeECDSA(t *testing.T) {
	order := elliptic.P256().Params().N
	number := func(n *big.Int) []byte { return n.FillBytes(make([]byte, 32)) }
	one, last := number(big.NewInt(1)), number(new(big.Int).Sub(order, big.NewInt(1)))
	tests := []struct {
		name string
		raw  []byte
		want []byte // nil for a refusal
	}{
		{"the smallest", join(one, one), []byte{0x30, 6, 2, 1, 1, 2, 1, 1}},
		{"a high bit", join(number(big.NewInt(0x80)), one), []byte{0x30, 7, 2, 2, 0, 0x80, 2, 1, 1}},
		{"the largest", join(last, last), nil},
		{"r is zero", join(number(new(big.Int)), one), nil},
		{"s is zero", join(one, number(new(big.Int))), nil},
		{"r is the order", join(number(order), one), nil},
		{"s is the order", join(one, number(order)), nil},
		{"nothing", nil, nil},
		{"a byte short", join(one, one)[1:], nil},
		{"a byte long", join(one, one, []byte{1}), nil},
		{"of another curve", make([]byte, 96), nil},
	}
	for _, test := range tests {
		got, err := hsm.EncodeECDSA(csc.P256, test.raw)
		if test.name == "the largest" {
			if err != nil || len(got) != 2+2*35 {
				t.Errorf("%s: %x, %v", test.name, got, err)
			}
			continue
		}
		if (err == nil) != (test.want != nil) || !bytes.Equal(got, test.want) {
			t.Errorf("%s: %x, %v; want %x", test.name, got, err, test.want)
		}
	}
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// Whatever a device answers is refused, or is the DER of the same two numbers.
func FuzzEncodeECDSA(f *testing.F) {
	f.Add(uint8(0), bytes.Repeat([]byte{1}, 64))
	f.Add(uint8(1), bytes.Repeat([]byte{0xff}, 96))
	f.Add(uint8(2), append(make([]byte, 131), 1))
	curves := []csc.KeySpec{csc.P256, csc.P384, csc.P521}
	f.Fuzz(func(t *testing.T, curve uint8, raw []byte) {
		spec := curves[int(curve)%len(curves)]
		der, err := hsm.EncodeECDSA(spec, raw)
		if err != nil {
			return
		}
		var got struct{ R, S *big.Int }
		rest, err := asn1.Unmarshal(der, &got)
		if err != nil || len(rest) > 0 || got.R.Sign() <= 0 || got.S.Sign() <= 0 {
			t.Fatalf("%x is no signature: %v", der, err)
		}
		size := (spec.Bits() + 7) / 8
		if !bytes.Equal(join(got.R.FillBytes(make([]byte, size)), got.S.FillBytes(make([]byte, size))), raw) {
			t.Fatalf("%x became %x", raw, der)
		}
	})
}
