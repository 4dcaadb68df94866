package callback

import (
	"context"
	"crypto/ecdsa"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"time"
)

// Path is where the keys are that notices are verified with, a JWK set.
const Path = "/callbacks/jwks.json"

// lasts is how long a notice may be taken for one.
const lasts = 10 * time.Minute

var errNever = errors.New("callback: nobody is to be told any more")

// Keys are those of the server, P-256: the first one signs, and all are told.
type Keys interface {
	// Sign signs a SHA-256 with the first key; the signature is DER.
	Sign(ctx context.Context, digest []byte) ([]byte, error)
	Public() []*ecdsa.PublicKey
}

// token is a notice as it is posted: beside what it says of its own, iss, aud, which
// is the client_id, iat, exp, and jti, which is the same whenever it is told again.
func (t *Teller) token(ctx context.Context, n Notice) ([]byte, error) {
	says, err := n.Says()
	if err != nil {
		return nil, err
	}
	now := t.Now()
	claims := map[string]any{"iss": t.Issuer, "aud": n.ClientID, "iat": now.Unix(), "exp": now.Add(lasts).Unix(), "jti": n.ID}
	for name, value := range says {
		claims[name] = value
	}
	text, err := unsigned(map[string]string{"alg": "ES256", "typ": n.Type, "kid": keyID(t.Keys.Public()[0])}, claims)
	if err != nil {
		return nil, err
	}
	der, err := t.Keys.Sign(ctx, digest(text))
	if err != nil {
		return nil, fmt.Errorf("sign notice: %w", err)
	}
	signature, err := joined(der)
	if err != nil {
		return nil, err
	}
	return base64.RawURLEncoding.AppendEncode(append(text, '.'), signature), nil
}

// unsigned is a JWS but for its signature (RFC 7515 §5.1).
func unsigned(header, claims any) ([]byte, error) {
	var text []byte
	for i, part := range []any{header, claims} {
		encoded, err := json.Marshal(part)
		if err != nil {
			return nil, fmt.Errorf("encode notice: %w", err)
		}
		if i > 0 {
			text = append(text, '.')
		}
		text = base64.RawURLEncoding.AppendEncode(text, encoded)
	}
	return text, nil
}

// joined is an ECDSA signature with P-256 as JWS has it, r and s one after the
// other (RFC 7518 §3.4).
func joined(der []byte) ([]byte, error) {
	var pair struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &pair); err != nil || len(rest) > 0 || pair.R.Sign() <= 0 || pair.S.Sign() <= 0 || pair.R.BitLen() > 256 || pair.S.BitLen() > 256 {
		return nil, errors.New("callback: the device's signature is none")
	}
	signature := make([]byte, 64)
	pair.R.FillBytes(signature[:32])
	pair.S.FillBytes(signature[32:])
	return signature, nil
}

// A jwk is a public key (RFC 7517, RFC 7518 §6.2).
type jwk struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y"`
	Kid string `json:"kid,omitempty"`
	Use string `json:"use,omitempty"`
	Alg string `json:"alg,omitempty"`
}

func newJWK(key *ecdsa.PublicKey) jwk {
	point, err := key.Bytes() // 4, X, Y
	if err != nil || len(point) != 65 {
		return jwk{}
	}
	encode := base64.RawURLEncoding.EncodeToString
	return jwk{Kty: "EC", Crv: "P-256", X: encode(point[1:33]), Y: encode(point[33:])}
}

// keyID is the key's thumbprint (RFC 7638).
func keyID(key *ecdsa.PublicKey) string {
	k := newJWK(key)
	text := fmt.Sprintf(`{"crv":%q,"kty":%q,"x":%q,"y":%q}`, k.Crv, k.Kty, k.X, k.Y)
	return base64.RawURLEncoding.EncodeToString(digest([]byte(text)))
}

// Handler answers with the keys.
func (t *Teller) Handler() (http.Handler, error) {
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	for _, key := range t.Keys.Public() {
		k := newJWK(key)
		k.Kid, k.Use, k.Alg = keyID(key), "sig", "ES256"
		set.Keys = append(set.Keys, k)
	}
	text, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("encode keys: %w", err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jwk-set+json")
		w.Header().Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(text) // a client that hung up
	}), nil
}
