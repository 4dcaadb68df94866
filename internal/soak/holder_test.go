package soak_test

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
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
)

// A holder has a key that tokens are bound to (RFC 9449).
type holder struct {
	t   *testing.T
	key jose.SigningKey
}

func newHolder(t *testing.T) *holder {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fine(t, err)
	return &holder{t, jose.SigningKey{Algorithm: jose.ES256, Key: key}}
}

// shows makes one proof for requests to an address, with a nonce if the server
// wants them, and puts it into each request that it is given: with a token, if it
// is of one.
func (h *holder) shows(p *process, path, token string) func(*http.Request) {
	h.t.Helper()
	claims := map[string]any{"jti": rand.Text(), "htm": http.MethodPost, "htu": p.URL + path, "iat": dated(time.Now())}
	if nonce := p.nonce(h.t); nonce != "" {
		claims["nonce"] = nonce
	}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	text, err := json.Marshal(claims)
	fine(h.t, err)
	signer, err := jose.NewSigner(h.key, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
	fine(h.t, err)
	object, err := signer.Sign(text)
	fine(h.t, err)
	proof, err := object.CompactSerialize()
	fine(h.t, err)
	return func(r *http.Request) {
		r.Header.Set("DPoP", proof)
		if token != "" {
			r.Header.Set("Authorization", "DPoP "+token)
		}
	}
}

// nonce is what a proof needs now, "" if nothing. Any answer of the authorization
// server tells it.
func (p *process) nonce(t *testing.T) string {
	t.Helper()
	resp, err := p.api.HTTP.Get(p.URL + "/oauth2/token")
	fine(t, err)
	fine(t, resp.Body.Close())
	return resp.Header.Get("DPoP-Nonce")
}

// listPath is where a signer's credentials are listed.
const listPath = csc.BasePath + "/" + string(csc.MethodList)

// lists asks for the credentials of a user, "" for who the token is of, with what
// prove shows.
func (p *process) lists(ctx context.Context, user string, prove func(*http.Request)) error {
	body, err := json.Marshal(csc.ListRequest{UserID: user})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+listPath, strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	prove(req)
	return p.answered(req, nil)
}

// inactive is what introspection says of a token that is good for nothing. It is
// no error of the protocol.
const inactive csc.Code = "inactive"

// introspect asks about a token. One that is not active is told as an error.
func (v *visitor) introspect(p *process, token string) error {
	var told struct {
		Active bool `json:"active"`
	}
	err := v.post(p, "/oauth2/introspect", url.Values{"token": {token}}, &told)
	if err == nil && !told.Active {
		err = &client.Error{Status: http.StatusOK, Code: inactive}
	}
	return err
}
