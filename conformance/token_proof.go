package conformance

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
)

// proofCases are the requirements of oauth2/token on clients that prove
// themselves otherwise than by a secret, and on what is over (v2.0.0.2 §8.4.2,
// §8.4.4).
var proofCases = []Case{
	{ID: "token/assertion", Check: "CSC-TOK-021", Ref: refTo(methodToken), Level: Optional, Needs: []Feature{AssertionKey},
		Says: "a client may prove itself by an assertion that it signs",
		Run: func(ctx context.Context, t *Target) error {
			a, err := t.assertionCall(ctx)
			if err != nil {
				return err
			}
			o, err := a.WantOK()
			if token, _ := o.str("access_token"); err == nil && token == "" {
				return a.unlike("an access_token")
			}
			return err
		}},
	{ID: "oauth/code-expired", Check: "CSC-OAZ-044", Ref: refTo(methodOAuth), Level: Must, Needs: web(Patience),
		Says: "an authorization code is refused once it has expired, which is within ten minutes",
		Run: func(ctx context.Context, t *Target) error {
			v, code, err := t.freshCode(ctx)
			if err != nil {
				return err
			}
			if err := t.outlast(ctx, "an authorization code", cmp.Or(t.Fixtures.CodeLife, 600)); err != nil {
				return err
			}
			return t.exchange(ctx, v, code, nil).want(badGrant("Authorization code is invalid or expired"))
		}},
	{ID: "token/refresh-expired", Check: "CSC-TOK-028", Ref: refTo(methodToken), Level: Must, Needs: web(Patience, RefreshLife),
		Says: "a refresh token is refused once it has expired",
		Run: func(ctx context.Context, t *Target) error {
			o, err := t.stock.t.renewable(ctx)
			if err != nil {
				return err
			}
			token, _ := o.str("refresh_token")
			if err := t.outlast(ctx, "a refresh token", t.Fixtures.RefreshLife); err != nil {
				return err
			}
			return t.refresh(ctx, token, nil).want(badGrant("Refresh token expired"))
		}},
}

// An AssertionClient is a client and the key it signs its assertions with.
type AssertionClient struct {
	ID  string `json:"id"`
	Key string `json:"key"` // PKCS#8, PEM, on P-256
	Kid string `json:"kid"`
	// Audience is what its assertions are for: the issuer, if "".
	Audience string `json:"audience"`
}

var errKey = errors.New("assertionClient.key is no PKCS#8 key on P-256 in PEM")

func (c AssertionClient) key() (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(c.Key))
	if block == nil {
		return nil, errKey
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.Join(errKey, err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve.Params().BitSize != 256 {
		return nil, errKey
	}
	return key, nil
}

// assertionCall asks for a token of scope service by an assertion (RFC 7523 §2.2).
func (t *Target) assertionCall(ctx context.Context) (*Answer, error) {
	c := t.Fixtures.AssertionClient
	if c.Audience == "" {
		issuer, err := t.issuer(ctx)
		if err != nil {
			return nil, err
		}
		c.Audience = issuer
	}
	now := t.Now().Unix()
	assertion, err := c.signed(Object{
		"iss": c.ID, "sub": c.ID, "aud": c.Audience, "jti": rand.Text(), "iat": now, "exp": now + 60,
	})
	if err != nil {
		return nil, err
	}
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"service"}}
	return t.clientCall(ctx, methodToken, ClientKey{ID: c.ID}, form, func(form url.Values, h http.Header) {
		h.Del("Authorization")
		form.Del("client_secret")
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", assertion)
	}), nil
}

// signed is a JWT of the client's with the claims.
func (c AssertionClient) signed(claims Object) (string, error) {
	key, err := c.key()
	if err != nil {
		return "", err
	}
	header := Object{"alg": "ES256", "typ": "JWT"}
	if c.Kid != "" {
		header["kid"] = c.Kid
	}
	return signed(key, header, claims)
}

// issuer is who the metadata of the authorization server says that it is.
func (t *Target) issuer(ctx context.Context) (string, error) {
	m, err := t.announced(ctx)
	issuer, _ := m.str("issuer")
	return issuer, err
}

// announced is the metadata of the authorization server that info names, asked
// once.
func (t *Target) announced(ctx context.Context) (Object, error) {
	o, err := t.info(ctx).WantOK()
	if err != nil {
		return nil, err
	}
	at, _ := o.str("oauth2Issuer")
	if at == "" {
		at, _ = o.str("oauth2")
	}
	servers, _ := o.objects("oauth2Servers")
	for _, s := range servers {
		if at == "" {
			at, _ = s.str("issuerIdentifier")
		}
		if at == "" {
			at, _ = s.str("baseUri")
		}
	}
	type told struct {
		metadata Object
		err      error
	}
	m := see(ctx, t, "the issuer's metadata", func() told {
		m, err := t.metadata(ctx, at)
		return told{m, err}
	})
	return m.metadata, m.err
}
