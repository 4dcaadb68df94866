package conformance

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"time"
)

// naming is what a case needs that names the signer.
func naming(more ...Feature) []Feature { return web(append(more, Account)...) }

// accountCases are the requirements of account_token (v2.0.0.2 §8.4.1). Whether a
// server demands one only its operator knows.
var accountCases = []Case{
	{ID: "account/accepted", Check: "CSC-ACT-001", Ref: Ref{methodOAuth, "8.4.1"}, Level: Optional, Needs: naming(),
		Says: "the signer an account_token names is let in",
		Run: func(ctx context.Context, t *Target) error {
			v, err := t.visitNamed(accountToken{})
			if err != nil {
				return err
			}
			_, err = t.enter(ctx, v).wantCode()
			return err
		}},
	{ID: "account/missing", Check: "CSC-ACT-002", Ref: Ref{methodOAuth, "8.4.1"}, Level: Optional, Needs: naming(Restricted),
		Says: "where one is demanded, a request without it is refused",
		Run: func(ctx context.Context, t *Target) error {
			v, err := t.visit(notWanting("account_token"))
			if err != nil {
				return err
			}
			return t.begin(ctx, v).wantNowhere()
		}},
	{ID: "account/key-hex", Check: "CSC-ACT-003", Ref: Ref{methodOAuth, "8.4.1"}, Level: Must, Needs: naming(),
		Says: "one signed with the hexadecimal digits of the secret's SHA-256 is refused",
		Run: accountRefused(accountToken{key: func(secret string) []byte {
			return []byte(hex.EncodeToString(accountKey(secret)))
		}})},
	{ID: "account/key-plain", Check: "CSC-ACT-003", Ref: Ref{methodOAuth, "8.4.1"}, Level: Must, Needs: naming(),
		Says: "so is one signed with the secret itself",
		Run:  accountRefused(accountToken{key: func(secret string) []byte { return []byte(secret) }})},
	{ID: "account/alg-none", Check: "CSC-ACT-004", Ref: Ref{methodOAuth, "8.4.1"}, Level: Must, Needs: naming(),
		Says: "one with alg none is refused",
		Run:  accountRefused(accountToken{header: Object{"alg": "none"}, unsigned: true})},
	{ID: "account/alg-other", Check: "CSC-ACT-005", Ref: Ref{methodOAuth, "8.4.1"}, Level: Must, Needs: naming(),
		Says: "one signed by HS512 is refused",
		Run:  accountRefused(accountToken{header: Object{"alg": "HS512"}, alg: sha512.New})},
	{ID: "account/altered", Check: "CSC-ACT-006", Ref: Ref{methodOAuth, "8.4.1"}, Level: Must, Needs: naming(),
		Says: "one whose claims were changed is refused",
		Run:  accountRefused(accountToken{altered: with("sub", "somebody else")})},
	{ID: "account/azp-other", Check: "CSC-ACT-007", Ref: Ref{methodOAuth, "8.4.1"}, Level: Must, Needs: naming(),
		Says: "one whose azp is another client is refused",
		Run:  accountRefused(accountToken{claims: with("azp", "another client")})},
	{ID: "account/sub-missing", Check: "CSC-ACT-008", Ref: Ref{methodOAuth, "8.4.1"}, Level: Must, Needs: naming(),
		Says: "one without sub is refused",
		Run:  accountRefused(accountToken{claims: without("sub")})},
	{ID: "account/iat-missing", Check: "CSC-ACT-008", Ref: Ref{methodOAuth, "8.4.1"}, Level: Must, Needs: naming(),
		Says: "one without iat is refused",
		Run:  accountRefused(accountToken{claims: without("iat")})},
	{ID: "account/jti-missing", Check: "CSC-ACT-008", Ref: Ref{methodOAuth, "8.4.1"}, Level: Must, Needs: naming(),
		Says: "one without jti is refused",
		Run:  accountRefused(accountToken{claims: without("jti")})},
	{ID: "account/azp-missing", Check: "CSC-ACT-008", Ref: Ref{methodOAuth, "8.4.1"}, Level: Must, Needs: naming(),
		Says: "one without azp is refused",
		Run:  accountRefused(accountToken{claims: without("azp")})},
	{ID: "account/iss-missing", Check: "CSC-ACT-009", Ref: Ref{methodOAuth, "8.4.1"}, Level: Must, Needs: naming(),
		Says: "one without iss is taken",
		Run: func(ctx context.Context, t *Target) error {
			v, err := t.visitNamed(accountToken{claims: without("iss")})
			if err != nil {
				return err
			}
			return t.begin(ctx, v).wantForm()
		}},
	{ID: "account/replayed", Check: "CSC-ACT-010", Ref: Ref{methodOAuth, "8.4.1"}, Level: Must, Needs: naming(),
		Says: "one that was used is refused",
		Run: func(ctx context.Context, t *Target) error {
			v, err := t.visitNamed(accountToken{})
			if err != nil {
				return err
			}
			beforehand := t.stock.t
			if v.browser, err = beforehand.browser(v.client.RedirectURI); err != nil {
				return err
			}
			if err := beforehand.begin(ctx, v).wantForm(); err != nil {
				return err
			}
			if v.browser, err = t.browser(v.client.RedirectURI); err != nil {
				return err
			}
			return t.begin(ctx, v).wantNowhere()
		}},
	{ID: "account/old", Check: "CSC-ACT-011", Ref: Ref{methodOAuth, "8.4.1"}, Level: Must, Needs: naming(),
		Says: "one made a year ago is refused",
		Run:  accountRefused(accountToken{age: 365 * 24 * time.Hour})},
	{ID: "account/future", Check: "CSC-ACT-012", Ref: Ref{methodOAuth, "8.4.1"}, Level: Doubt, Needs: naming(),
		Says: "so is one that will be made in an hour",
		Run:  accountRefused(accountToken{age: -time.Hour})},
	{ID: "account/unknown", Check: "CSC-ACT-013", Ref: Ref{methodOAuth, "8.4.1"}, Level: Optional, Needs: naming(),
		Says: "one that names nobody is refused",
		Run:  accountRefused(accountToken{claims: with("sub", "nobody "+rand.Text())})},
	{ID: "account/typ-other", Check: "CSC-ACT-014", Ref: Ref{methodOAuth, "8.4.1"}, Level: Doubt, Needs: naming(),
		Says: "one of another typ is refused",
		Run:  accountRefused(accountToken{header: Object{"alg": "HS256", "typ": "x"}})},
}

// An accountToken is one in the making; the zero one is right.
type accountToken struct {
	header   Object
	claims   change
	altered  change // of the claims, after the signing
	age      time.Duration
	key      func(secret string) []byte
	alg      func() hash.Hash
	unsigned bool
}

func accountKey(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// written is the token of a client for a signer's account.
func (a accountToken) written(c ClientKey, account string, now time.Time) string {
	if a.header == nil {
		a.header = Object{"alg": "HS256", "typ": "JWT"}
	}
	if a.key == nil {
		a.key = accountKey
	}
	if a.alg == nil {
		a.alg = sha256.New
	}
	claims := Object{
		"sub": account, "iat": now.Add(-a.age).Unix(), "jti": rand.Text(), "azp": c.ID, "iss": "conformance suite",
	}
	if a.claims != nil {
		a.claims(claims)
	}
	start := jwtPart(a.header) + "."
	mac := hmac.New(a.alg, a.key(c.Secret))
	mac.Write([]byte(start + jwtPart(claims)))
	if a.altered != nil {
		a.altered(claims)
	}
	if a.unsigned {
		return start + jwtPart(claims) + "."
	}
	return start + jwtPart(claims) + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// visitNamed makes a request for scope service that names its signer.
func (t *Target) visitNamed(a accountToken) (*visit, error) {
	h, err := t.stock.pickNamed()
	if err != nil {
		return nil, err
	}
	token := a.written(t.Fixtures.WebClient.ClientKey, h.User.Account, t.Now())
	t.secrets.keep(token)
	return t.visitOf(h, wanting("account_token", token))
}

// pickNamed is one of those with an account who was asked least.
func (s *stock) pickNamed() (holding, error) {
	return s.least(roleCode, func(h holding) [3]int64 {
		used, _ := s.codes.load(h.User.ID)
		if h.named() {
			return [3]int64{0, int64(used)}
		}
		return [3]int64{1}
	})
}

// accountRefused sends a signer with an account_token that is not good, and
// wants nobody to be asked to log in.
func accountRefused(a accountToken) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		v, err := t.visitNamed(a)
		if err != nil {
			return err
		}
		return t.begin(ctx, v).wantNowhere()
	}
}
