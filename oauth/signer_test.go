package oauth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pecete/pecete/oauth"
)

// A signature application that signs: one key for each algorithm, whose kids are
// a, b and c. What it says and how it signs is written by hand, so that it can
// be anything.
type application struct {
	t   testing.TB
	id  string
	ec  *ecdsa.PrivateKey
	rsa *rsa.PrivateKey
	ed  ed25519.PrivateKey
	now func() time.Time
}

func newApplication(t testing.TB, now func() time.Time) *application {
	t.Helper()
	a := &application{t: t, now: now}
	var errs [3]error
	a.ec, errs[0] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	a.rsa, errs[1] = rsa.GenerateKey(rand.Reader, 2048)
	_, a.ed, errs[2] = ed25519.GenerateKey(rand.Reader)
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func (a *application) keys() []byte {
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{KeyID: "a", Key: a.ec.Public()}, {KeyID: "b", Key: a.rsa.Public()}, {KeyID: "c", Key: a.ed.Public()},
	}})
	if err != nil {
		a.t.Fatal(err)
	}
	return text
}

// register makes the application a client that proves itself by method.
func (a *application) register(h *house, method string, change ...func(*oauth.Client)) {
	h.t.Helper()
	a.id, _ = h.addClient(append([]func(*oauth.Client){func(c *oauth.Client) {
		c.AuthMethod, c.Verifiers, c.Keys = method, nil, a.keys()
	}}, change...)...)
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// An assertion is what one is made of; "" is what a good one has.
type assertion struct {
	Header, Claims, Key string
	Form                *string // of $H, $P and $S
}

var moment = regexp.MustCompile(`\$NOW([+-]\d+)?`)

func (a *application) fill(text, alg string) string {
	text = moment.ReplaceAllStringFunc(text, func(m string) string {
		away, _ := strconv.Atoi(strings.TrimPrefix(m, "$NOW"))
		return strconv.FormatInt(a.now().Unix()+int64(away), 10)
	})
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	return strings.NewReplacer("$ALG", alg, "$KID", map[string]string{"PS256": "b", "EdDSA": "c"}[alg]+map[string]string{"ES256": "a"}[alg],
		"$CLIENT", a.id, "$OTHER", oauth.NewClientID(), "$ISSUER", issuer, "$JTI", hex.EncodeToString(id), "$BAD", "\xff", "$NONE", "",
		"$STRANGER", a.strangerJWK()).Replace(text)
}

func (a *application) strangerJWK() string {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	text, err := json.Marshal(jose.JSONWebKey{Key: key.Public()})
	if err != nil {
		a.t.Fatal(err)
	}
	return string(text)
}

const (
	goodHeader = `{"alg":"$ALG","kid":"$KID","typ":"JWT"}`
	goodClaims = `{"iss":"$CLIENT","sub":"$CLIENT","aud":"$ISSUER","exp":$NOW+60,"iat":$NOW,"jti":"$JTI"}`
)

// assert writes an assertion.
func (a *application) assert(what assertion) string {
	alg, _, _ := strings.Cut(what.Key, " ")
	if alg != "PS256" && alg != "EdDSA" && alg != "HS256" && alg != "RS256" {
		alg = "ES256"
	}
	orElse := func(s, otherwise string) string {
		if s == "" {
			return otherwise
		}
		return s
	}
	h := base64.RawURLEncoding.EncodeToString([]byte(a.fill(orElse(what.Header, goodHeader), alg)))
	p := base64.RawURLEncoding.EncodeToString([]byte(a.fill(orElse(what.Claims, goodClaims), alg)))
	s := base64.RawURLEncoding.EncodeToString(a.sign(what.Key, h, p))
	form := "$H.$P.$S"
	if what.Form != nil {
		form = *what.Form
	}
	return strings.NewReplacer("$H", h, "$P", p, "$S", s).Replace(form)
}

// sign makes the signature of a good assertion, or one that is not.
func (a *application) sign(how, header, payload string) []byte {
	input := []byte(header + "." + payload)
	digest := sha256.Sum256(input)
	stranger := func(key *ecdsa.PrivateKey) []byte { return joined(key, digest[:]) }
	switch how {
	case "", "ES256":
		return joined(a.ec, digest[:])
	case "ES256 as DER":
		der, _ := ecdsa.SignASN1(rand.Reader, a.ec, digest[:])
		return der
	case "ES256 and more":
		return append(joined(a.ec, digest[:]), 0)
	case "ES256 and less":
		return joined(a.ec, digest[:])[:63]
	case "ES256 of the header":
		only := sha256.Sum256([]byte(header))
		return joined(a.ec, only[:])
	case "zeros":
		return make([]byte, 64)
	case "nothing":
		return nil
	case "PS256":
		s, _ := rsa.SignPSS(rand.Reader, a.rsa, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: 32})
		return s
	case "RS256":
		s, _ := rsa.SignPKCS1v15(rand.Reader, a.rsa, crypto.SHA256, digest[:])
		return s
	case "EdDSA":
		return ed25519.Sign(a.ed, input)
	case "stranger", "other":
		key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		return stranger(key)
	}
	of, isMAC := strings.CutPrefix(how, "HS256 with ")
	if !isMAC {
		a.t.Fatalf("nobody signs by %q", how)
	}
	mac := hmac.New(sha256.New, a.publicAs(of))
	mac.Write(input)
	return mac.Sum(nil)
}

// publicAs is the EC key as something one could take for a secret.
func (a *application) publicAs(what string) []byte {
	der, _ := x509.MarshalPKIXPublicKey(a.ec.Public())
	jwk, _ := json.Marshal(jose.JSONWebKey{KeyID: "a", Key: a.ec.Public()})
	point, _ := a.ec.PublicKey.Bytes()
	return map[string][]byte{
		"the PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
		"the JWK": jwk, "the JWK set": a.keys(), "the point": point, "nothing": {},
	}[what]
}

// joined is an ECDSA signature as JWS has it: r and s side by side.
func joined(key *ecdsa.PrivateKey, digest []byte) []byte {
	r, s, _ := ecdsa.Sign(rand.Reader, key, digest)
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out
}

// proving is form with an assertion.
func (a *application) proving(form url.Values, what assertion) url.Values {
	form = with(with(form, "client_secret"), "client_id", a.id)
	return with(with(form, "client_assertion_type", assertionType), "client_assertion", a.assert(what))
}
