package conformance

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"slices"
	"testing"
)

// Parameters with and without NULL, computed apart from this code.
func TestNewPSS(t *testing.T) {
	for _, row := range []struct {
		hash string
		salt int
		null bool
		want string
	}{
		{oidSHA256, 32, true, "MDSgDzANBglghkgBZQMEAgEFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgEFAKIDAgEg"},
		{oidSHA256, 32, false, "MDCgDTALBglghkgBZQMEAgGhGjAYBgkqhkiG9w0BAQgwCwYJYIZIAWUDBAIBogMCASA="},
		{oidSHA384, 48, true, "MDSgDzANBglghkgBZQMEAgIFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgIFAKIDAgEw"},
		{oidSHA512, 64, false, "MDCgDTALBglghkgBZQMEAgOhGjAYBgkqhkiG9w0BAQgwCwYJYIZIAWUDBAIDogMCAUA="},
	} {
		if got := newPSS(row.hash, row.salt, row.null); got != row.want {
			t.Errorf("%s, NULL %v: %s", row.hash, row.null, got)
		}
		if err := checkPSS(row.want); err != nil {
			t.Errorf("%s, NULL %v: %v", row.hash, row.null, err)
		}
	}
	for says, text := range map[string]string{
		"not Base64":         "***",
		"not DER":            "AAAA",
		"no tag, and SHA-1":  "MCEwCwYJYIZIAWUDBAIBoRgwFgYJKoZIhvcNAQEIMAkGBSsOAwIaBQA=",
		"the defaults":       "MAA=",
		"something after it": "MDCgDTALBglghkgBZQMEAgGhGjAYBgkqhkiG9w0BAQgwCwYJYIZIAWUDBAIBogMCASAA",
		"SHA-1":              newPSS(oidSHA1, 20, true),
	} {
		if checkPSS(text) == nil {
			t.Errorf("%s is taken for parameters", says)
		}
	}
}

func FuzzCheckPSS(f *testing.F) {
	f.Add(newPSS(oidSHA256, 32, true))
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := decode(text); checkPSS(text) == nil && err != nil {
			t.Errorf("%q is not even Base64", text)
		}
	})
}

func TestVerify(t *testing.T) {
	digest := newDigests(1)[0]
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	modulus, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(key crypto.Signer, o crypto.SignerOpts) []byte {
		s, err := key.Sign(rand.Reader, digest, o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	der := sign(ec, crypto.SHA256)
	r, s, err := parseECDSA(der)
	if err != nil {
		t.Fatal(err)
	}
	apart := slices.Concat(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32)))
	salted := func(n int) []byte { return sign(modulus, &rsa.PSSOptions{SaltLength: n, Hash: crypto.SHA256}) }
	for _, row := range []struct {
		says      string
		scheme    scheme
		key       any
		signature []byte
		good      bool
	}{
		{"ECDSA", plainSHA256(), &ec.PublicKey, der, true},
		{"ECDSA, the numbers side by side", plainSHA256(), &ec.PublicKey, apart, true},
		{"ECDSA, a byte too many", plainSHA256(), &ec.PublicKey, append(slices.Clone(der), 0), false},
		{"ECDSA, a bit turned", plainSHA256(), &ec.PublicKey, turned(der), false},
		{"PKCS #1", plainSHA256(), &modulus.PublicKey, sign(modulus, crypto.SHA256), true},
		{"PKCS #1, a bit turned", plainSHA256(), &modulus.PublicKey, turned(sign(modulus, crypto.SHA256)), false},
		{"PKCS #1 for PSS", pssSHA256(), &modulus.PublicKey, sign(modulus, crypto.SHA256), false},
		{"PSS", pssSHA256(), &modulus.PublicKey, salted(32), true},
		{"PSS with another salt than agreed", pssSHA256(), &modulus.PublicKey, salted(222), false},
		{"PSS with the longest salt", scheme{crypto.SHA256, 222}, &modulus.PublicKey, salted(222), true},
		{"a key of another kind", plainSHA256(), "key", der, false},
	} {
		if err := row.scheme.verify(row.key, digest, row.signature); (err == nil) != row.good {
			t.Errorf("%s: %v", row.says, err)
		}
	}
}

func turned(signature []byte) []byte {
	other := slices.Clone(signature)
	other[len(other)-1] ^= 1
	return other
}

func TestParseECDSA(t *testing.T) {
	for says, signature := range map[string][]byte{
		"empty":              {},
		"a length too long":  {0x30, 0x81, 0x06, 2, 1, 1, 2, 1, 1},
		"a number too long":  {0x30, 0x07, 2, 2, 0, 1, 2, 1, 1},
		"three numbers":      {0x30, 0x09, 2, 1, 1, 2, 1, 1, 2, 1, 1},
		"something after it": {0x30, 0x06, 2, 1, 1, 2, 1, 1, 0},
	} {
		if _, _, err := parseECDSA(signature); err == nil {
			t.Errorf("%s is taken for a signature", says)
		}
	}
	if r, s, err := parseECDSA([]byte{0x30, 0x06, 2, 1, 5, 2, 1, 7}); err != nil || r.Cmp(big.NewInt(5)) != 0 || s.Cmp(big.NewInt(7)) != 0 {
		t.Errorf("%v %v %v", r, s, err)
	}
}

func TestDecode(t *testing.T) {
	const abc = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
	if _, err := decode(abc); err != nil {
		t.Error(err)
	}
	for says, text := range map[string]string{
		"the alphabet for URLs": "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0=",
		"no padding":            "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0",
		"a line break":          "ungWv48Bz+pBQUDe\nXa4iI7ADYaOWF3qctBD/YfIAFa0=",
		"a line break behind":   abc + "\n",
		"spare bits":            "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa1=",
	} {
		if _, err := decode(text); err == nil {
			t.Errorf("Base64 with %s is taken", says)
		}
	}
}

func TestUndeclared(t *testing.T) {
	ids := []string{"PIN", "OTP", "fallback question"}
	for expression, want := range map[string]string{
		"":                                    "",
		"PIN AND OTP":                         "",
		"(PIN XOR OTP) AND fallback question": "",
		"PIN OR FINGER":                       "FINGER",
		"fallback":                            "fallback",
	} {
		if got := undeclared(expression, ids); got != want {
			t.Errorf("%q: %q, want %q", expression, got, want)
		}
	}
}
