package oauth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pecete/pecete/onetime"
)

// FuzzAssertion: whatever is sent in its stead, nothing passes but what the
// client signed, and that once.
func FuzzAssertion(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tick := func() time.Time { return now }
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "a"}}, nil)
	if err != nil {
		f.Fatal(err)
	}
	signed, err := signer.Sign([]byte(`{"iss":"app_1","sub":"app_1","aud":"https://sign.example.test","jti":"x","iat":1772366400,"exp":1772366460}`))
	if err != nil {
		f.Fatal(err)
	}
	good, err := signed.CompactSerialize()
	if err != nil {
		f.Fatal(err)
	}
	said, signature := good[:strings.LastIndexByte(good, '.')], good[strings.LastIndexByte(good, '.'):]
	f.Add(good)
	f.Add(said + ".")
	f.Add("eyJhbGciOiJub25lIn0." + strings.Split(good, ".")[1] + ".")
	f.Add("..")
	f.Add(`{"payload":""}`)
	c := Client{ID: "app_1", AuthMethod: PrivateKeyJWT, Keys: keySet(f, []string{"a"}, key.Public())}
	fresh := func() *endpoints {
		return newEndpoints(&Provider{Issuer: "https://sign.example.test", Tokens: onetime.NewMemory(tick), Now: tick})
	}
	if err := fresh().asserted(f.Context(), c, good); err != nil {
		f.Fatalf("the good one: %v", err)
	}
	f.Fuzz(func(t *testing.T, token string) {
		e := fresh()
		_, _ = subjectOf(token)
		err := e.asserted(t.Context(), c, token)
		if err == nil && !strings.HasPrefix(token, said+".") {
			t.Errorf("%q passes", token)
		}
		if again := e.asserted(t.Context(), c, token); again == nil {
			t.Errorf("%q passes twice", token)
		}
		// The same bytes as payload under our own header and signature.
		forged := strings.SplitN(good, ".", 2)[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(token)) + signature
		if e.asserted(t.Context(), c, forged) == nil {
			t.Errorf("%q passes as claims", token)
		}
	})
}

// FuzzKeys: what is taken for a set of public keys has none but such.
func FuzzKeys(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(keySet(f, []string{"a"}, key.Public()))
	f.Add(keySet(f, []string{"a"}, key))
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AA"}]}`))
	f.Fuzz(func(t *testing.T, set []byte) {
		keys, err := parseKeys(set)
		if err != nil {
			return
		}
		for _, k := range keys {
			if _, err := algOf(k.Key); err != nil || !k.IsPublic() {
				t.Errorf("%s has a key that is none: %v", set, err)
			}
		}
	})
}

// FuzzDN: a name is read alike from both of its forms. The value, escaped, is
// the value in the certificate, and no other text is.
func FuzzDN(f *testing.F) {
	f.Add("CN=app,O=Bank", "app", []byte{0x30, 0})
	f.Add(`CN=a\,b+OU=\C8\99`, `a,b`, subject(f, "CN", "a,b"))
	f.Add("2.5.4.97=#0c0161", " #a\x00 ", subject(f, "OI", "a", "C", "RO"))
	f.Fuzz(func(t *testing.T, text, value string, der []byte) {
		n, err := parseDN(text)
		other, otherErr := parseSubject(der)
		if err == nil && otherErr == nil && n.is(other) && len(n) != len(other) {
			t.Errorf("%q is %v", text, other)
		}
		if value == "" || strings.ToValidUTF8(value, "") != value {
			return
		}
		cert, err := asn1.Marshal([]entrySET{{{Type: []int{2, 5, 4, 3}, Value: asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte(value)}}}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseSubject(cert)
		if err != nil {
			t.Fatal(err)
		}
		own, err := parseDN("CN=" + escaped(value))
		if err != nil || !own.is(got) {
			t.Errorf("%q escaped is not itself: %v", value, err)
		}
		if n, err := parseDN("CN=" + escaped(value+"x")); err != nil || n.is(got) {
			t.Errorf("%q is another: %v", value, err)
		}
	})
}

// escaped writes a value with each of its bytes escaped.
func escaped(value string) string {
	var b strings.Builder
	for i := range len(value) {
		const digits = "0123456789abcdef"
		b.WriteByte('\\')
		b.WriteByte(digits[value[i]>>4])
		b.WriteByte(digits[value[i]&15])
	}
	return b.String()
}
