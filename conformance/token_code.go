package conformance

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
)

// codeCases are the requirements of oauth2/token on authorization codes
// (v2.0.0.2 §8.4.4).
var codeCases = []Case{
	{ID: "token/code", Check: "CSC-TOK-001", Ref: refTo(methodToken), Level: Must, Needs: web(),
		Says: "a code gets an access_token with its token_type",
		Run: func(ctx context.Context, t *Target) error {
			a := t.redeemed(ctx).first
			o, err := a.WantOK()
			token, _ := o.str("access_token")
			if kind, _ := o.str("token_type"); err == nil && (token == "" || kind == "") {
				return a.unlike("an access_token and its token_type")
			}
			return err
		}},
	{ID: "token/bearer", Check: "CSC-TOK-002", Ref: refTo(methodToken), Level: Must, Needs: web(),
		Says: "its token_type is Bearer",
		Run: func(ctx context.Context, t *Target) error {
			a := t.redeemed(ctx).first
			o, err := a.WantOK()
			if kind, _ := o.str("token_type"); err == nil && !strings.EqualFold(kind, "Bearer") {
				return a.unlike("token_type Bearer")
			}
			return err
		}},
	{ID: "token/code-missing", Check: "CSC-TOK-009", Ref: refTo(methodToken), Level: Must, Needs: web(),
		Says: "a request for a token without the code is refused",
		Run:  madeUpRefused(bad("Missing parameter code"), func(f url.Values) { f.Del("code") })},
	{ID: "token/code-unknown", Check: "CSC-TOK-010", Ref: refTo(methodToken), Level: Must, Needs: web(),
		Says: "a code the server did not make is refused",
		Run:  madeUpRefused(badGrant("Invalid parameter code"), func(url.Values) {})},
	{ID: "token/code-used", Check: "CSC-TOK-011", Ref: refTo(methodToken), Level: Must, Needs: web(),
		Says: "a code is refused the second time",
		Run: func(ctx context.Context, t *Target) error {
			return t.redeemed(ctx).second.want(badGrant("Authorization code is invalid or expired"))
		}},
	{ID: "oauth/code-once", Check: "CSC-OAZ-043", Ref: refTo(methodOAuth), Level: Must, Needs: web(),
		Says: "a code is good once",
		Run: func(ctx context.Context, t *Target) error {
			r := t.redeemed(ctx)
			if _, err := r.first.WantOK(); err != nil {
				return err
			}
			return r.second.want(badGrant(""))
		}},
	{ID: "token/code-replayed", Check: "CSC-TOK-012", Ref: refTo(methodToken), Level: Should, Needs: web(methodList),
		Says: "a code used again kills the token it gave",
		Run: func(ctx context.Context, t *Target) error {
			a := t.redeemed(ctx).first
			o, err := a.WantOK()
			if err != nil {
				return err
			}
			token, _ := o.str("access_token")
			return t.post(ctx, methodList, token, Object{}).WantStatus(http.StatusUnauthorized)
		}},
	{ID: "token/code-of-another-client", Check: "CSC-TOK-013", Ref: refTo(methodToken), Level: Must, Needs: web(OtherWeb),
		Says: "a code given to one client is refused to another",
		Run: func(ctx context.Context, t *Target) error {
			v, code, err := t.freshCode(ctx)
			if err != nil {
				return err
			}
			v.client.ClientKey = t.Fixtures.OtherWebClient.ClientKey
			return t.exchange(ctx, v, code, nil).want(badGrant(""))
		}},
	{ID: "token/redirect-of-another", Check: "CSC-TOK-014", Ref: refTo(methodToken), Level: Must, Needs: web(),
		Says: "a redirect_uri that is not the one of the authorization request is refused",
		Run: codeRefused(badGrant("redirect_uri parameter does not match redirect_uri parameter of authorization request"),
			func(f url.Values) { f.Set("redirect_uri", f.Get("redirect_uri")+"/more") })},
	{ID: "token/redirect-missing", Check: "CSC-TOK-015", Ref: refTo(methodToken), Level: Must, Needs: web(),
		Says: "so is none where the authorization request had one",
		Run:  codeRefused(refused(), func(f url.Values) { f.Del("redirect_uri") })},
	{ID: "token/verifier-wrong", Check: "CSC-TOK-016", Ref: Ref{methodToken, "8.4.2"}, Level: Must, Needs: web(),
		Says: "a code_verifier that is not that of the code_challenge is refused",
		Run:  codeRefused(badGrant(""), func(f url.Values) { f.Set("code_verifier", flip(f.Get("code_verifier"))) })},
	{ID: "token/verifier-missing", Check: "CSC-TOK-017", Ref: Ref{methodToken, "8.4.2"}, Level: Must, Needs: web(),
		Says: "a code without the code_verifier is refused",
		Run:  codeRefused(refused(), func(f url.Values) { f.Del("code_verifier") })},
	{ID: "token/no-refresh-to-sign", Check: "CSC-TOK-029", Ref: refTo(methodToken), Level: Must, Needs: web(),
		Says: "a token of scope credential comes without a refresh_token",
		Run: func(ctx context.Context, t *Target) error {
			around := t.stock.t
			v, err := around.visitToSign(newDigests(1))
			if err != nil {
				return err
			}
			o, a, err := t.permitted(ctx, v, around.agree(ctx, v))
			if err == nil && o.has("refresh_token") {
				return a.unlike("no refresh_token")
			}
			return err
		}},
}

// badGrant is 400 invalid_grant; "" for words of the server's choice.
func badGrant(text string) refusal {
	return refusal{status: []int{400}, code: []string{"invalid_grant"}, text: text}
}

// A redemption is what the server said to a code, and to the same again.
type redemption struct{ first, second *Answer }

// redeemed is one redemption, which several cases look at.
func (t *Target) redeemed(ctx context.Context) redemption {
	return see(ctx, t, "a redemption", func() redemption {
		v, code, err := t.freshCode(ctx)
		if err != nil {
			none := &Answer{request: "POST " + methodToken, err: err}
			return redemption{none, none}
		}
		return redemption{t.exchange(ctx, v, code, nil), t.exchange(ctx, v, code, nil)}
	})
}

// freshCode is a code nobody has redeemed, got around a mutant.
func (t *Target) freshCode(ctx context.Context) (*visit, string, error) {
	t.ready()
	v, err := t.stock.t.visit()
	if err != nil {
		return nil, "", err
	}
	code, err := t.stock.t.enter(ctx, v).wantCode()
	return v, code, err
}

// codeRefused redeems a good code in a request that is not, and wants w.
func codeRefused(w refusal, alter func(url.Values)) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		v, code, err := t.freshCode(ctx)
		if err != nil {
			return err
		}
		return t.exchange(ctx, v, code, func(f url.Values, _ http.Header) { alter(f) }).want(w)
	}
}

// madeUpRefused redeems a code nobody made, and wants w.
func madeUpRefused(w refusal, alter func(url.Values)) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		v, err := t.visit()
		if err != nil {
			return err
		}
		return t.exchange(ctx, v, rand.Text(), func(f url.Values, _ http.Header) { alter(f) }).want(w)
	}
}
