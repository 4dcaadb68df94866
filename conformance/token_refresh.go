package conformance

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
)

// refreshCases are the requirements of oauth2/token on refresh tokens
// (v2.0.0.2 §8.4.4).
var refreshCases = []Case{
	{ID: "token/refresh", Check: "CSC-TOK-025", Ref: refTo(methodToken), Level: Optional, Needs: web(methodList),
		Says: "a refresh token gets a new access token that opens the API",
		Run: func(ctx context.Context, t *Target) error {
			a := t.renewed(ctx).first
			o, err := a.WantOK()
			if err != nil {
				return err
			}
			token, _ := o.str("access_token")
			if token == "" || token == t.renewed(ctx).before {
				return a.unlike("a new access_token")
			}
			return t.renewed(ctx).list.WantStatus(http.StatusOK)
		}},
	{ID: "token/refresh-missing", Check: "CSC-TOK-026", Ref: refTo(methodToken), Level: Must, Needs: web(),
		Says: "a request to renew without the refresh_token is refused",
		Run: func(ctx context.Context, t *Target) error {
			if err := t.refreshes(ctx); err != nil {
				return err
			}
			return t.refresh(ctx, "", func(f url.Values, _ http.Header) { f.Del("refresh_token") }).want(bad("Missing parameter refresh_token"))
		}},
	{ID: "token/refresh-unknown", Check: "CSC-TOK-027", Ref: refTo(methodToken), Level: Must, Needs: web(),
		Says: "a refresh_token the server did not make is refused",
		Run: func(ctx context.Context, t *Target) error {
			if err := t.refreshes(ctx); err != nil {
				return err
			}
			return t.refresh(ctx, rand.Text(), nil).want(badGrant("Invalid parameter refresh_token"))
		}},
	{ID: "token/refresh-replaced", Check: "CSC-TOK-030", Ref: refTo(methodToken), Level: Optional, Needs: web(),
		Says: "a refresh token that was replaced is dead",
		Run: func(ctx context.Context, t *Target) error {
			o, err := t.renewed(ctx).first.WantOK()
			if err != nil {
				return err
			}
			if !o.has("refresh_token") {
				return unclaimed("the server does not replace refresh tokens")
			}
			return t.renewed(ctx).second.want(badGrant(""))
		}},
	{ID: "token/refresh-misspelt", Check: "CSC-TOK-036", Ref: refTo(methodToken), Level: Doubt, Needs: web(),
		Says: "refreshToken, as the samples have it, is not a name for it",
		Run: func(ctx context.Context, t *Target) error {
			o, err := t.stock.t.renewable(ctx)
			if err != nil {
				return err
			}
			token, _ := o.str("refresh_token")
			return t.refresh(ctx, "", func(f url.Values, _ http.Header) {
				f.Del("refresh_token")
				f.Set("refreshToken", token)
			}).want(refused())
		}},
}

// renewable is what a login gives where that includes a refresh token.
func (t *Target) renewable(ctx context.Context) (Object, error) {
	t.ready()
	v, err := t.visit()
	if err != nil {
		return nil, err
	}
	o, _, err := t.permitted(ctx, v, t.enter(ctx, v))
	if err == nil && !o.has("refresh_token") {
		err = unclaimed("the server gives no refresh tokens")
	}
	return o, err
}

// refreshes says why nothing can be asked about refresh tokens; nil if it can.
func (t *Target) refreshes(ctx context.Context) error {
	if err := t.renewed(ctx).first.err; kindOf(err) == notClaimed {
		return err
	}
	return nil
}

// refresh renews a token; alter, if not nil, spoils the request.
func (t *Target) refresh(ctx context.Context, token string, alter func(url.Values, http.Header)) *Answer {
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
	return t.clientCall(ctx, methodToken, t.Fixtures.WebClient.ClientKey, form, alter)
}

// A renewal is what the server said to a refresh token, what the new access
// token opened, and what it said to the same refresh token again.
type renewal struct {
	before              string // the access token that was replaced
	first, list, second *Answer
}

// renewed is one renewal, which several cases look at.
func (t *Target) renewed(ctx context.Context) renewal {
	return see(ctx, t, "a renewal", func() renewal {
		o, err := t.stock.t.renewable(ctx)
		if err != nil {
			none := &Answer{request: "POST " + methodToken, err: err}
			return renewal{"", none, none, none}
		}
		old, _ := o.str("refresh_token")
		r := renewal{first: t.refresh(ctx, old, nil)}
		r.before, _ = o.str("access_token")
		next, _ := r.first.Object()
		token, _ := next.str("access_token")
		r.list = t.post(ctx, methodList, token, Object{})
		r.second = t.refresh(ctx, old, nil)
		return r
	})
}
