package oauth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// plainClient is what can be registered: a confidential client with two secrets.
func plainClient() Client {
	_, verifier := NewSecret([]byte("pepper"))
	return Client{
		ID: NewClientID(), Name: "Aplicație de semnare", Verifiers: [][]byte{verifier, verifier}, AuthMethod: SecretBasic,
		RedirectURIs: []string{"https://app.example.com/cb?x=1", "http://127.0.0.1/cb", "http://[::1]:8080/"},
		Grants:       []string{"authorization_code", "client_credentials", "refresh_token"},
		Scopes:       []string{"service", "credential"}, Logo: "https://app.example.com/logo.png",
		ResponseURIs: []string{"https://app.example.com/signed?x=1", "https://app.example.com:8443/"},
	}
}

// keySet is a JWK set of public keys; kids may be fewer than keys.
func keySet(t testing.TB, kids []string, keys ...any) []byte {
	t.Helper()
	var set jose.JSONWebKeySet
	for i, key := range keys {
		k := jose.JSONWebKey{Key: key}
		if i < len(kids) {
			k.KeyID = kids[i]
		}
		set.Keys = append(set.Keys, k)
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestClientCheck(t *testing.T) {
	good := plainClient()
	verifier := good.Verifiers[0]
	if err := good.Check(); err != nil {
		t.Errorf("a good client: %v", err)
	}
	for name, spoil := range map[string]func(*Client){
		"no id":                        func(c *Client) { c.ID = "" },
		"an id of people":              func(c *Client) { c.ID = "demo" },
		"an id with more":              func(c *Client) { c.ID += "0" },
		"no name":                      func(c *Client) { c.Name = " " },
		"a long name":                  func(c *Client) { c.Name = strings.Repeat("ș", 101) },
		"a name that turns around":     func(c *Client) { c.Name = "a\u202eb" },
		"a name with nothing in it":    func(c *Client) { c.Name = "a\u200bb" },
		"a name of two lines":          func(c *Client) { c.Name = "a\nb" },
		"a name with a strange space":  func(c *Client) { c.Name = "a\u00a0b" },
		"a name that is not UTF-8":     func(c *Client) { c.Name = "a\xff" },
		"a short verifier":             func(c *Client) { c.Verifiers = [][]byte{verifier, verifier[:31]} },
		"a grant there is not":         func(c *Client) { c.Grants = []string{"password"} },
		"nowhere to be answered":       func(c *Client) { c.RedirectURIs = nil },
		"a scope there is not":         func(c *Client) { c.Scopes = []string{"openid"} },
		"a redirect without a scheme":  redirect("//app.example.com/"),
		"a redirect by http":           redirect("http://app.example.com/cb"),
		"a redirect to a scheme":       redirect("com.example.app:/cb"),
		"a redirect to javascript":     redirect("javascript:alert(1)"),
		"a redirect to localhost":      redirect("http://localhost/cb"),
		"a redirect to loopback TLS":   redirect("https://127.0.0.1/cb"),
		"a redirect with a fragment":   redirect("https://app.example.com/cb#"),
		"a redirect with a user":       redirect("https://a@app.example.com/"),
		"a redirect with a backslash":  redirect(`https://app.example.com\@evil.example/`),
		"a redirect with a tab":        redirect("https://app.example.com/\tcb"),
		"a redirect not in ASCII":      redirect("https://аpp.example.com/"),
		"a redirect to no host":        redirect("https:///cb"),
		"a redirect to nothing at all": redirect(""),
		"spaces before a name":         func(c *Client) { c.Name = " a" },
		"two spaces in a name":         func(c *Client) { c.Name = "a  b" },
		"a name with a filler":         func(c *Client) { c.Name = "a\u3164b" },
		"a name with an empty pattern": func(c *Client) { c.Name = "a\u2800b" },
		"a name with a selector":       func(c *Client) { c.Name = "a\ufe0fb" },
		"a redirect twice":             redirect("https://app.example.com/"),
		"too many redirects":           func(c *Client) { c.RedirectURIs = make([]string, 21) },
		"a third secret":               func(c *Client) { c.Verifiers = [][]byte{verifier, verifier, verifier} },
		"refresh tokens from nowhere":  func(c *Client) { c.Grants = []string{"refresh_token"} },
		"no method and no secret":      func(c *Client) { c.AuthMethod, c.Verifiers = "", nil },
		"a method there is not":        func(c *Client) { c.AuthMethod = "client_secret_jwt" },
		"a secret that is not used":    func(c *Client) { c.AuthMethod, c.Grants = NoAuth, []string{"authorization_code"} },
		"a secret that is missing":     func(c *Client) { c.Verifiers = nil },
		"a name that is not used":      func(c *Client) { c.TLS.SANDNS = "app.example.com" },
		"a profile there is not":       func(c *Client) { c.Profile = "CSC" },
		"bound to what there is not":   func(c *Client) { c.Bound = "tls" },
		"a logo by http":               func(c *Client) { c.Logo = "http://app.example.com/l.png" },
		"a logo on this machine":       func(c *Client) { c.Logo = "http://127.0.0.1/l.png" },
		"a logo at an address":         func(c *Client) { c.Logo = "https://192.0.2.1/l.png" },
		"a logo in itself":             func(c *Client) { c.Logo = "data:image/png;base64,AA==" },
		"keys that are none":           func(c *Client) { c.Keys = []byte("{}") },
		"too many responses":           func(c *Client) { c.ResponseURIs = make([]string, 21) },
		"a response twice":             func(c *Client) { c.ResponseURIs = append(c.ResponseURIs, c.ResponseURIs[0]) },
		"a response in plain HTTP":     func(c *Client) { c.ResponseURIs[0] = "http://app.example.com/signed" },
		"a response to a number":       func(c *Client) { c.ResponseURIs[0] = "https://2130706433/" },
		"a response that is nothing":   func(c *Client) { c.ResponseURIs[0] = "" },
		"a redirect that is long":      redirect("https://app.example.com/" + strings.Repeat("a", 2048)),
	} {
		t.Run(name, func(t *testing.T) {
			c := good
			c.ResponseURIs = slices.Clone(good.ResponseURIs)
			if spoil(&c); c.Check() == nil {
				t.Errorf("accepted: %+v", c)
			}
		})
	}
}

func redirect(uri string) func(*Client) {
	return func(c *Client) { c.RedirectURIs = []string{"https://app.example.com/", uri} }
}

// bare is a client that proves itself by method with nothing registered for it.
func bare(method string) Client {
	c := plainClient()
	c.AuthMethod, c.Verifiers = method, nil
	return c
}

func TestClientCheckMethods(t *testing.T) {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	keys := keySet(t, nil, key.Public())
	jwt, self, public, name := bare(PrivateKeyJWT), bare(SelfSignedTLS), bare(NoAuth), bare(TLSAuth)
	jwt.Keys, self.Keys, public.Grants = keys, keys, []string{"authorization_code"}
	named := func(n TLSName) Client { c := name; c.TLS = n; return c }
	post := plainClient()
	post.AuthMethod = SecretPost
	either := plainClient()
	either.AuthMethod = ""
	fapi := func(change ...func(*Client)) Client {
		c := jwt
		c.Profile, c.Bound, c.RequirePAR = ProfileFAPI2, BoundDPoP, true
		for _, f := range change {
			f(&c)
		}
		return c
	}
	v1 := plainClient()
	v1.Profile = ProfileCSCv1
	v1dpop := v1
	v1dpop.Bound = BoundDPoP
	publicService := public
	publicService.Grants = []string{"authorization_code", "client_credentials"}
	secretKeys := plainClient()
	secretKeys.Keys = keys
	for _, tt := range []struct {
		name string
		c    Client
		ok   bool
	}{
		{"a secret in the form", post, true},
		{"a secret in either place", either, true},
		{"a secret, and keys for requests", secretKeys, true},
		{"assertions", jwt, true},
		{"assertions without keys", bare(PrivateKeyJWT), false},
		{"a self-signed certificate", self, true},
		{"a self-signed certificate without keys", bare(SelfSignedTLS), false},
		{"nothing to prove", public, true},
		{"nothing to prove and client_credentials", publicService, false},
		{"no name of a certificate", name, false},
		{"two names", named(TLSName{SANDNS: "a.example.com", SANIP: "192.0.2.1"}), false},
		{"a subject", named(TLSName{SubjectDN: "CN=app,O=Bank,C=RO"}), true},
		{"a subject with a space after the comma", named(TLSName{SubjectDN: "CN=app, O=Bank"}), false},
		{"a subject that is none", named(TLSName{SubjectDN: "app"}), false},
		{"a DNS name", named(TLSName{SANDNS: "app.example.com"}), true},
		{"a DNS name for many", named(TLSName{SANDNS: "*.example.com"}), false},
		{"a DNS name in capitals", named(TLSName{SANDNS: "App.example.com"}), false},
		{"an address", named(TLSName{SANIP: "2001:db8::1"}), true},
		{"an address written otherwise", named(TLSName{SANIP: "2001:DB8::1"}), false},
		{"an address in an address", named(TLSName{SANIP: "::ffff:192.0.2.1"}), false},
		{"a network", named(TLSName{SANIP: "192.0.2.0/24"}), false},
		{"a URI", named(TLSName{SANURI: "urn:app:1"}), true},
		{"a URI that is none", named(TLSName{SANURI: "app"}), false},
		{"an e-mail address", named(TLSName{SANEmail: "app@example.com"}), true},
		{"an e-mail address that is none", named(TLSName{SANEmail: "@example.com"}), false},
		{"fapi2", fapi(), true},
		{"fapi2 with a secret", fapi(func(c *Client) { c.AuthMethod, c.Verifiers = SecretBasic, v1.Verifiers }), false},
		{"fapi2 with a secret in either place", fapi(func(c *Client) { c.AuthMethod, c.Verifiers = "", v1.Verifiers }), false},
		{"fapi2 and nothing to prove", fapi(func(c *Client) { c.AuthMethod, c.Grants = NoAuth, []string{"authorization_code"} }), false},
		{"fapi2 unbound", fapi(func(c *Client) { c.Bound = "" }), false},
		{"fapi2 without pushing", fapi(func(c *Client) { c.RequirePAR = false }), false},
		{"fapi2 without codes", fapi(func(c *Client) { c.RequirePAR, c.Grants = false, []string{"client_credentials"} }), true},
		{"csc-v1", v1, true},
		{"csc-v1 with DPoP", v1dpop, false},
	} {
		if err := tt.c.Check(); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestParseKeys(t *testing.T) {
	p256, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	rsa2048, _ := rsa.GenerateKey(rand.Reader, 2048)
	small, _ := rsa.GenerateKey(rand.Reader, 1024)
	edPublic, edPrivate, _ := ed25519.GenerateKey(rand.Reader)
	all := keySet(t, []string{"a", "b", "c"}, p256.Public(), rsa2048.Public(), edPublic)
	one := string(keySet(t, []string{"a"}, p256.Public()))
	key := strings.TrimSuffix(strings.TrimPrefix(one, `{"keys":[`), `]}`)
	many := `{"keys":[` + strings.TrimSuffix(strings.Repeat(key+",", 17), ",") + `]}`
	for _, tt := range []struct {
		name, set string
		ok        bool
	}{
		{"each kind of key", string(all), true},
		{"one key without a kid", string(keySet(t, nil, p256.Public())), true},
		{"a member nobody knows", strings.Replace(one, `{"kty"`, `{"nobody":1,"kty"`, 1), true},
		{"alg as the key is", strings.Replace(one, `{`+key[1:], `{"alg":"ES256","use":"sig",`+key[1:], 1), true},
		{"two keys without a kid", string(keySet(t, nil, p256.Public(), edPublic)), false},
		{"two keys of one kid", string(keySet(t, []string{"a", "a"}, p256.Public(), edPublic)), false},
		{"another alg", strings.Replace(one, key, `{"alg":"RS256",`+key[1:], 1), false},
		{"for encryption", strings.Replace(one, key, `{"use":"enc",`+key[1:], 1), false},
		{"a private EC key", string(keySet(t, nil, p256)), false},
		{"a private RSA key", string(keySet(t, nil, rsa2048)), false},
		{"a private Ed25519 key", string(keySet(t, nil, edPrivate)), false},
		{"a symmetric key", string(keySet(t, nil, []byte("secret"))), false},
		{"a public key with a stray private part", strings.Replace(one, key, `{"p":"AQAB",`+key[1:], 1), false},
		{"a private key hidden by a double", `{"keys":[{"d":"AA"}],"keys":[` + key + `]}`, false},
		{"a private part hidden by a double", strings.Replace(one, key, `{"kid":"b",`+key[1:], 1), false},
		{"the curve P-384", string(keySet(t, nil, p384.Public())), false},
		{"RSA of 1024 bits", string(keySet(t, nil, small.Public())), false},
		{"a point off its curve", strings.Replace(one, `"x":"`, `"x":"AAAA`, 1), false},
		{"no key", `{"keys":[]}`, false},
		{"too many keys", many, false},
		{"a key that is no object", `{"keys":[1]}`, false},
		{"a key and no set", key, false},
		{"in other case", strings.Replace(one, "keys", "Keys", 1), false},
		{"something after it", one + "{}", false},
		{"not JSON", "keys", false},
		{"long", one + strings.Repeat(" ", maxKeySet), false},
	} {
		if _, err := parseKeys([]byte(tt.set)); (err == nil) != tt.ok {
			t.Errorf("%s: %v\n%s", tt.name, err, tt.set)
		}
	}
}
