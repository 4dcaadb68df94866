package conformance

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A proofKey is a key that tokens are bound to (RFC 9449).
type proofKey struct {
	private *ecdsa.PrivateKey
	x, y    string // of its point, base64url
}

func newProofKey() proofKey {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // it never fails
	}
	point, err := private.PublicKey.Bytes() // 4, x, y
	if err != nil {
		panic(err) // it is on the curve
	}
	encode := base64.RawURLEncoding.EncodeToString
	return proofKey{private, encode(point[1:33]), encode(point[33:])}
}

// public is the key as a JWK (RFC 7518 §6.2.1).
func (k proofKey) public() Object { return Object{"kty": "EC", "crv": "P-256", "x": k.x, "y": k.y} }

// thumbprint is what tokens bound to the key name it by (RFC 7638 §3).
func (k proofKey) thumbprint() string {
	return hashOf(`{"crv":"P-256","kty":"EC","x":"` + k.x + `","y":"` + k.y + `"}`)
}

// hashOf is the SHA-256 of a text in base64url.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// A proof is a DPoP proof in the making (RFC 9449 §4.2): one by the key, right
// but for the changes.
type proof struct {
	key    proofKey
	signer *ecdsa.PrivateKey // who signs it; the key, if nil
	header change
	claims change
	after  func(string) string // the signing

	none  bool   // there is no proof
	twice bool   // there are two
	bare  bool   // it has no nonce, though the server may want one
	text  string // it was written before
}

// written is the proof for a call; token is "" where there is none yet.
func (t *Target) written(p proof, verb, at, token string) (string, error) {
	if p.text != "" {
		return p.text, nil
	}
	at = t.knownAs(at)
	header := Object{"typ": "dpop+jwt", "alg": "ES256", "jwk": p.key.public()}
	claims := Object{"jti": rand.Text(), "htm": verb, "htu": at, "iat": t.Now().Unix()}
	if token != "" {
		claims["ath"] = hashOf(token)
	}
	if nonce := t.stock.nonce(originOf(at)); nonce != "" && !p.bare {
		claims["nonce"] = nonce
	}
	if p.signer == nil {
		p.signer = p.key.private
	}
	if p.header != nil {
		p.header(header)
	}
	if p.claims != nil {
		p.claims(claims)
	}
	text, err := signed(p.signer, header, claims)
	if p.after != nil {
		text = p.after(text)
	}
	return text, err
}

// show puts the proof for a call into its header.
func (t *Target) show(h http.Header, p proof, verb, at, token string) error {
	if p.none {
		return nil
	}
	text, err := t.written(p, verb, at, token)
	h.Set("DPoP", text)
	if p.twice && err == nil {
		text, err = t.written(p, verb, at, token)
		h.Add("DPoP", text)
	}
	return err
}

// knownAs is an address of the server as its clients know it, where the suite
// comes by another.
func (t *Target) knownAs(at string) string {
	rest, own := strings.CutPrefix(at, originOf(t.Base))
	if t.Fixtures.Origin == "" || !own {
		return at
	}
	return t.Fixtures.Origin + rest
}

// originOf is scheme, host and port of a URL.
func originOf(at string) string {
	u, err := url.Parse(at)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// learn keeps the nonce that an answer brought for the next proof (RFC 9449 §8).
func (s *stock) learn(origin, nonce string) {
	if nonce == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nonces[origin] = nonce
}

func (s *stock) nonce(origin string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nonces[origin]
}

// nonced sends a call, and where the server wants a newer nonce once more.
func nonced(send func() *Answer) *Answer {
	a := send()
	if o, err := a.Object(); err == nil && o["error"] == "use_dpop_nonce" {
		return send()
	}
	return a
}

// boundCall asks for a token of scope service with a proof.
func (t *Target) boundCall(ctx context.Context, p proof) *Answer {
	form := func() url.Values { return url.Values{"grant_type": {"client_credentials"}, "scope": {"service"}} }
	send := func() *Answer { return t.clientProof(ctx, methodToken, t.Fixtures.DPoPClient, form(), p) }
	if p.bare {
		return send()
	}
	return nonced(send)
}

// clientProof is clientCall with a proof.
func (t *Target) clientProof(ctx context.Context, method string, c ClientKey, form url.Values, p proof) *Answer {
	endpoint, err := t.oauthURL(ctx, method)
	if err != nil {
		return &Answer{request: "POST " + method, err: err}
	}
	var wrong error
	a := t.clientCall(ctx, method, c, form, func(_ url.Values, h http.Header) {
		wrong = t.show(h, p, http.MethodPost, endpoint, "")
	})
	if wrong != nil {
		a.err = wrong
	}
	return a
}

// A showing is how a token is shown to the API.
type showing struct {
	scheme, token string
	proof         proof
}

// shown calls a method of the API so.
func (t *Target) shown(ctx context.Context, method string, body Object, s showing) *Answer {
	text, err := json.Marshal(body)
	if err != nil {
		return &Answer{request: "POST " + method, err: err}
	}
	return nonced(func() *Answer {
		h := headers("")
		h.Set("Authorization", s.scheme+" "+s.token)
		if err := t.show(h, s.proof, http.MethodPost, t.Base+"/"+method, s.token); err != nil {
			return &Answer{request: "POST " + method, err: err}
		}
		return t.do(ctx, call{method: method, header: h, body: text})
	})
}

// A boundToken is an access token and the key that it is bound to.
type boundToken struct {
	held
	key proofKey
}

// boundToken is a living access token of scope service that is bound to a key.
func (s *stock) boundToken(ctx context.Context) (boundToken, error) {
	s.mu.Lock()
	b := s.bound
	s.mu.Unlock()
	if b.value != "" && s.t.Now().Before(b.until) {
		return b, nil
	}
	key := newProofKey()
	a := s.t.boundCall(ctx, proof{key: key})
	if o, err := a.Object(); err == nil && o["error"] == "invalid_dpop_proof" {
		// A server that has just begun knows no proofs of before, to the second.
		if err := s.t.Sleep(ctx, 2*time.Second); err != nil {
			return b, err
		}
		a = s.t.boundCall(ctx, proof{key: key})
	}
	o, err := a.WantOK()
	if err != nil {
		return b, err
	}
	token, _ := o.str("access_token")
	if kind, _ := o.str("token_type"); token == "" || !strings.EqualFold(kind, "DPoP") {
		return b, a.unlike("an access_token of token_type DPoP")
	}
	life, ok := o.integer("expires_in")
	if !ok {
		life = 3600 // §8.4.4
	}
	b = boundToken{held{token, usable(s.t.Now(), life)}, key}
	s.mu.Lock()
	s.bound = b
	s.mu.Unlock()
	return b, nil
}
