package oauth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"encoding/base64"
	"net"
	"net/url"
	"reflect"
	"slices"
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

// FuzzRedirect: what is taken for a redirect URI is one every parser reads alike,
// leads to a host by TLS or to this machine, and is found again as it is.
func FuzzRedirect(f *testing.F) {
	for _, uri := range []string{
		"https://app.example.com/cb?a=b", "http://127.0.0.1:8080/cb", "http://[::1]/", "https://127.0.0.1/", "http://app.example.com/",
		`https:\\app.example.com@evil.example/`, "https://app.example.com/%2e%2e/", "javascript:alert(1)", "https://app.example.com:0443/",
	} {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		if checkRedirect(uri) != nil {
			return
		}
		u, err := url.Parse(uri)
		rest := strings.TrimPrefix(strings.TrimPrefix(uri, "https://"), "http://")
		if host, _, _ := strings.Cut(strings.Split(rest, "?")[0], "/"); err != nil || u.Host != host || u.User != nil || u.Fragment != "" || u.Opaque != "" || host == "" || strings.ContainsAny(uri, "\\ \t\r\n#@\"<>") && !strings.Contains(u.Path+u.RawQuery, "@") {
			t.Fatalf("%q is taken", uri)
		}
		ip := net.ParseIP(u.Hostname())
		if u.Scheme == "http" && (ip == nil || !ip.IsLoopback()) || u.Scheme == "https" && ip.IsLoopback() || u.Scheme != "http" && u.Scheme != "https" {
			t.Errorf("%q leads elsewhere", uri)
		}
		c := Client{RedirectURIs: []string{uri}}
		if got, err := redirectOf(c, uri); err != nil || got != uri {
			t.Errorf("%q is not found again: %q, %v", uri, got, err)
		}
		if _, err := redirectOf(c, uri+"x"); err == nil && u.Port() == "" && !ip.IsLoopback() {
			t.Errorf("%q is found by another", uri)
		}
		if c.Name = "x"; c.checkRedirects() != nil {
			t.Errorf("%q cannot be registered", uri)
		}
	})
}

// FuzzRequestObject: whatever is sent in its stead, nothing is asked but what the
// client signed, and that once.
func FuzzRequestObject(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tick := func() time.Time { return now }
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "a"}},
		(&jose.SignerOptions{}).WithType(requestType))
	if err != nil {
		f.Fatal(err)
	}
	claims := `{"iss":"app_1","client_id":"app_1","aud":"https://sign.example.test","exp":1772366460,"jti":"x","state":"s","numSignatures":2}`
	signed, err := signer.Sign([]byte(claims))
	if err != nil {
		f.Fatal(err)
	}
	good, err := signed.CompactSerialize()
	if err != nil {
		f.Fatal(err)
	}
	said, signature := good[:strings.LastIndexByte(good, '.')], good[strings.LastIndexByte(good, '.'):]
	for _, seed := range []string{good, said + ".", "eyJhbGciOiJub25lIn0." + strings.Split(good, ".")[1] + ".", "..", claims, `{"numSignatures":"`} {
		f.Add(seed)
	}
	c := Client{ID: "app_1", Keys: keySet(f, []string{"a"}, key.Public())}
	e := newEndpoints(&Provider{Issuer: "https://sign.example.test", Tokens: onetime.NewMemory(tick), Now: tick})
	want := url.Values{"state": {"s"}, "numSignatures": {"2"}}
	if o, err := e.openObject(c, good); err != nil || !reflect.DeepEqual(o.form, want) {
		f.Fatalf("the good one: %+v, %v", o, err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if o, err := e.openObject(c, text); err == nil && (!strings.HasPrefix(text, said+".") || !reflect.DeepEqual(o.form, want)) {
			t.Errorf("%q passes as %v", text, o.form)
		}
		forged := strings.SplitN(good, ".", 2)[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(text)) + signature
		if _, err := e.openObject(c, forged); err == nil && text != claims {
			t.Errorf("%q passes as claims", text)
		}
		if all, err := members([]byte(text)); err == nil {
			form, err := parameters(all)
			for name, values := range form {
				if err == nil && (len(values) != 1 || values[0] == "" || !slices.Contains(requestClaims, name)) {
					t.Errorf("%q becomes %v", text, form)
				}
			}
		}
	})
}
