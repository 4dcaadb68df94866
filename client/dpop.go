package client

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/pecete/pecete/csc"
)

// A DPoP is a key that access tokens are bound to (RFC 9449): who has a token and
// not the key has nothing. It may be used by many at once.
type DPoP struct {
	key        crypto.Signer
	jwk        json.RawMessage
	thumbprint string

	mu     sync.Mutex
	nonces map[string]string // the newest of each server, by scheme and host
}

var errCurve = errors.New("client: the key of DPoP is not an ECDSA key of P-256")

// NewDPoP takes a key of P-256, which may be in a device, or makes one if key is
// nil. Proofs are signed with ES256.
func NewDPoP(key crypto.Signer) (*DPoP, error) {
	if key == nil {
		own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("make a key for DPoP: %w", err)
		}
		key = own
	}
	public, ok := key.Public().(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return nil, errCurve
	}
	point, err := public.Bytes() // 4, x and y
	if err != nil {
		return nil, fmt.Errorf("key of DPoP: %w", err)
	}
	d := &DPoP{key: key, nonces: map[string]string{}}
	// The members in the order of RFC 7638 §3, and no space: so it is hashed.
	d.jwk = fmt.Appendf(nil, `{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}`, encoded(point[1:33]), encoded(point[33:]))
	sum := sha256.Sum256(d.jwk)
	d.thumbprint = encoded(sum[:])
	return d, nil
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Thumbprint names the key (RFC 7638): it is what dpop_jkt of an authorization
// request is, and what cnf.jkt of the tokens will be.
func (d *DPoP) Thumbprint() string { return d.thumbprint }

// A proofClaims is what a proof says (RFC 9449 §4.2).
type proofClaims struct {
	ID     string `json:"jti"`
	Method string `json:"htm"`
	URI    string `json:"htu"`
	Made   int64  `json:"iat"`
	Token  string `json:"ath,omitempty"`
	Nonce  string `json:"nonce,omitempty"`
}

// Proof is a proof for one request: by method (HTTP's), to an address, with an
// access token or, at the token endpoint, without one.
func (d *DPoP) Proof(method, address string, token csc.Secret, now time.Time) (string, error) {
	to, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("address of a DPoP proof: %w", err)
	}
	claims := proofClaims{ID: rand.Text(), Method: method, Made: now.Unix(), Nonce: d.nonce(to)}
	to.RawQuery, to.ForceQuery, to.Fragment, to.RawFragment = "", false, "", ""
	claims.URI = to.String()
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims.Token = encoded(sum[:])
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode DPoP proof: %w", err)
	}
	header := fmt.Appendf(nil, `{"typ":"dpop+jwt","alg":"ES256","jwk":%s}`, d.jwk)
	said := encoded(header) + "." + encoded(payload)
	signature, err := d.sign(said)
	if err != nil {
		return "", fmt.Errorf("sign DPoP proof: %w", err)
	}
	return said + "." + encoded(signature), nil
}

// sign is ES256 (RFC 7518 §3.4): r and s side by side.
func (d *DPoP) sign(said string) ([]byte, error) {
	digest := sha256.Sum256([]byte(said))
	der, err := d.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	var both struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &both); err != nil || len(rest) > 0 {
		return nil, errors.Join(errors.New("not a signature of ECDSA"), err)
	}
	out := make([]byte, 64)
	both.R.FillBytes(out[:32])
	both.S.FillBytes(out[32:])
	return out, nil
}

func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }

func (d *DPoP) nonce(to *url.URL) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.nonces[origin(to)]
}

// Learn keeps the nonce that an answer brings (RFC 9449 §8), for the next proof to
// the same server. The answers to a Client it learns by itself.
func (d *DPoP) Learn(from *url.URL, header http.Header) {
	nonce := header.Get("DPoP-Nonce")
	if nonce == "" || len(nonce) > maxNonce {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.nonces[origin(from)] = nonce
}

const maxNonce = 1024 // bytes

// prove puts a proof into a request, and the access token, if there is one, into
// the scheme that goes with it.
func (d *DPoP) prove(req *http.Request, token csc.Secret, now time.Time) error {
	proof, err := d.Proof(req.Method, req.URL.String(), token, now)
	if err != nil {
		return err
	}
	req.Header.Set("DPoP", proof)
	if token != "" {
		req.Header.Set("Authorization", "DPoP "+string(token))
	}
	return nil
}

// exchangeProven is exchange with a proof of possession, if c has a key: and once
// more, if the server wants a nonce in it that c could not know.
func (c *Client) exchangeProven(req *http.Request, token csc.Secret, answer any) error {
	if c.DPoP == nil {
		return c.exchange(req, answer)
	}
	for again := false; ; again = true {
		if err := c.DPoP.prove(req, token, c.now()); err != nil {
			return err
		}
		err := c.exchange(req, answer)
		var told *Error
		if again || !errors.As(err, &told) || told.Code != csc.UseDPoPNonce {
			return err
		}
		if req.Body, err = req.GetBody(); err != nil {
			return err
		}
	}
}
