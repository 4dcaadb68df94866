package conformance

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
)

// revokeCases are the requirements of oauth2/revoke (v2.0.0.2 §8.4.5).
var revokeCases = []Case{
	{ID: "revoke/access", Check: "CSC-OREV-001", Ref: refTo(methodRevoke), Level: Must, Needs: web(),
		Says: "revoking an access token is answered by 204",
		Run: func(ctx context.Context, t *Target) error {
			switch a := t.accessRevoked(ctx).revoke; {
			case a.err == nil && a.Status == http.StatusOK:
				return warning("%s: want 204, got 200", a.request)
			default:
				return a.WantStatus(http.StatusNoContent)
			}
		}},
	{ID: "revoke/at-once", Check: "CSC-OREV-002", Ref: refTo(methodRevoke), Level: Must, Needs: web(methodList),
		Says: "the token is dead at once",
		Run: func(ctx context.Context, t *Target) error {
			return t.accessRevoked(ctx).list.WantStatus(http.StatusUnauthorized)
		}},
	{ID: "general/revoked-token", Check: "CSC-GEN-023", Ref: Ref{General, "11.3"}, Level: Must, Needs: web(methodList, Revocation),
		Says: "a revoked token opens nothing",
		Run: func(ctx context.Context, t *Target) error {
			token, _, err := t.stock.freshToken(ctx, t.Fixtures.Client)
			if err != nil {
				return err
			}
			if err := t.stock.t.revoke(ctx, t.Fixtures.Client, token, nil).WantStatus(200, 204); err != nil {
				return err
			}
			return listWith(ctx, t, "Bearer "+token).WantStatus(http.StatusUnauthorized)
		}},
	{ID: "revoke/keeps-refresh", Check: "CSC-OREV-003", Ref: refTo(methodRevoke), Level: Must, Needs: web(),
		Says: "the refresh token that came with it lives on",
		Run: func(ctx context.Context, t *Target) error {
			_, err := t.accessRevoked(ctx).refresh.WantOK()
			return err
		}},
	{ID: "revoke/refresh", Check: "CSC-OREV-004", Ref: refTo(methodRevoke), Level: Must, Needs: web(),
		Says: "a revoked refresh token is dead",
		Run: func(ctx context.Context, t *Target) error {
			r := t.refreshRevoked(ctx)
			return worst(r.revoke.WantStatus(200, 204), r.refresh.want(badGrant("")))
		}},
	{ID: "revoke/refresh-and-access", Check: "CSC-OREV-005", Ref: refTo(methodRevoke), Level: Should, Needs: web(methodList),
		Says: "and so is the access token that came with it",
		Run: func(ctx context.Context, t *Target) error {
			return t.refreshRevoked(ctx).list.WantStatus(http.StatusUnauthorized)
		}},
	{ID: "revoke/token-missing", Check: "CSC-OREV-006", Ref: refTo(methodRevoke), Level: Must, Needs: web(),
		Says: "a request without a token is refused",
		Run:  revokeRefused(bad("Missing parameter token"), func(f url.Values, _ http.Header, _ ClientKey) { f.Del("token") })},
	{ID: "revoke/hint-unknown", Check: "CSC-OREV-007", Ref: refTo(methodRevoke), Level: Must, Needs: web(),
		Says: "a token_type_hint nobody defined is refused",
		Run: revokeRefused(bad("Invalid parameter token_type_hint"), func(f url.Values, _ http.Header, _ ClientKey) {
			f.Set("token_type_hint", "x")
		})},
	{ID: "revoke/token-unknown", Check: "CSC-OREV-008", Ref: refTo(methodRevoke), Level: Must, Needs: web(),
		Says: "a token the server did not make is refused",
		Run: func(ctx context.Context, t *Target) error {
			a := t.revoke(ctx, t.Fixtures.WebClient.ClientKey, rand.Text(), nil)
			if a.err == nil && a.Status == http.StatusOK {
				return warning("%s: want 400, got 200 as RFC 7009 has it", a.request)
			}
			return a.want(bad("Invalid string parameter token"))
		}},
	{ID: "revoke/client-missing", Check: "CSC-OREV-009", Ref: refTo(methodRevoke), Level: Must, Needs: web(),
		Says: "a request that does not say which client asks is refused",
		Run: revokeRefused(eitherRefusal("Missing parameter client_id"), func(f url.Values, h http.Header, _ ClientKey) {
			f.Del("client_id")
			f.Del("client_secret")
			h.Del("Authorization")
		})},
	{ID: "revoke/client-unknown", Check: "CSC-OREV-010", Ref: refTo(methodRevoke), Level: Must, Needs: web(),
		Says: "a client nobody registered is refused",
		Run: revokeRefused(orInvalidClient(bad("Invalid parameter client_id")), func(f url.Values, h http.Header, c ClientKey) {
			h.Del("Authorization")
			f.Set("client_id", rand.Text())
			f.Set("client_secret", c.Secret)
		})},
	{ID: "revoke/client-unproven", Check: "CSC-OREV-011", Ref: refTo(methodRevoke), Level: Must, Needs: web(),
		Says: "a client that has a secret and does not show it is refused",
		Run: revokeRefused(orInvalidClient(eitherRefusal("Client authorization required")), func(f url.Values, h http.Header, _ ClientKey) {
			h.Del("Authorization")
			f.Del("client_secret")
		})},
	{ID: "revoke/wrong-secret", Check: "CSC-OREV-012", Ref: refTo(methodRevoke), Level: Must, Needs: web(),
		Says: "a wrong client_secret in the body is refused",
		Run: revokeRefused(orInvalidClient(bad("Invalid parameter client_secret")), func(f url.Values, h http.Header, c ClientKey) {
			h.Del("Authorization")
			f.Set("client_secret", flip(c.Secret))
		})},
	{ID: "revoke/malformed-header", Check: "CSC-OREV-013", Ref: refTo(methodRevoke), Level: Must, Needs: web(),
		Says: "an Authorization header that is none is refused",
		Run: revokeRefused(refusal{status: []int{401}, code: []string{"invalid_client"}, text: "Invalid authorization header"},
			func(f url.Values, h http.Header, _ ClientKey) {
				f.Del("client_secret")
				h.Set("Authorization", "Basic ###")
			})},
	{ID: "revoke/type-unsupported", Check: "CSC-OREV-014", Ref: refTo(methodRevoke), Level: Optional, Needs: web(),
		Says: "a server that revokes no access tokens says that the type is unsupported",
		Run: func(ctx context.Context, t *Target) error {
			a := t.accessRevoked(ctx).revoke
			if a.err == nil && a.Status >= 200 && a.Status <= 299 {
				return unclaimed("the server revokes access tokens")
			}
			return a.want(refusal{status: []int{400}, code: []string{"unsupported_token_type"}})
		}},
	{ID: "revoke/of-another-client", Check: "CSC-OREV-015", Ref: refTo(methodRevoke), Level: Doubt, Needs: web(OtherWeb, methodList),
		Says: "a token of another client is refused and lives on",
		Run: func(ctx context.Context, t *Target) error {
			token, _, err := t.stock.userToken(ctx)
			if err != nil {
				return err
			}
			a := t.revoke(ctx, t.Fixtures.OtherWebClient.ClientKey, token.value, nil)
			if err := a.WantStatus(400); err != nil {
				return err
			}
			return t.post(ctx, methodList, token.value, Object{}).WantStatus(200)
		}},
}

// eitherRefusal is 400 or 401 invalid_request in these words.
func eitherRefusal(text string) refusal {
	return refusal{status: []int{400, 401}, code: invalidRequest, text: text}
}

// orInvalidClient is w or what RFC 6749 §5.2 has instead, with a warning.
func orInvalidClient(w refusal) refusal {
	w.or = []refusal{{status: []int{400, 401}, code: []string{"invalid_client"}}}
	return w
}

// revoke asks for a token's end; alter, if not nil, spoils the request.
func (t *Target) revoke(ctx context.Context, c ClientKey, token string, alter func(url.Values, http.Header)) *Answer {
	return t.clientCall(ctx, methodRevoke, c, url.Values{"token": {token}}, alter)
}

func revokeRefused(w refusal, alter func(url.Values, http.Header, ClientKey)) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		c := t.Fixtures.WebClient.ClientKey
		return t.revoke(ctx, c, rand.Text(), func(f url.Values, h http.Header) { alter(f, h, c) }).want(w)
	}
}

// A revocation is what became of a login's two tokens when one was revoked.
type revocation struct{ revoke, list, refresh *Answer }

func (t *Target) accessRevoked(ctx context.Context) revocation { return t.revoked(ctx, "access_token") }
func (t *Target) refreshRevoked(ctx context.Context) revocation {
	return t.revoked(ctx, "refresh_token")
}

// revoked is one revocation of each kind, which several cases look at.
func (t *Target) revoked(ctx context.Context, which string) revocation {
	return see(ctx, t, "a revoked "+which, func() revocation {
		o, err := t.stock.t.renewable(ctx)
		if err != nil {
			none := &Answer{request: "POST " + methodRevoke, err: err}
			return revocation{none, none, none}
		}
		token, _ := o.str(which)
		access, _ := o.str("access_token")
		refresh, _ := o.str("refresh_token")
		return revocation{
			revoke:  t.revoke(ctx, t.Fixtures.WebClient.ClientKey, token, nil),
			list:    t.post(ctx, methodList, access, Object{}),
			refresh: t.refresh(ctx, refresh, nil),
		}
	})
}
