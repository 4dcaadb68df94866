package conformance

import (
	"context"
	"crypto/rand"
	"net/http"
)

// authRevokeCases are the requirements of auth/revoke (v2.0.0.2 §11.3).
var authRevokeCases = []Case{
	{ID: "authRevoke/access", Check: "CSC-AREV-001", Ref: refTo(methodAuthRevoke), Level: Must, Needs: web(),
		Says: "revoking an access token is answered by 204, without a body",
		Run: func(ctx context.Context, t *Target) error {
			return t.ended(ctx, "access_token").revoke.wantNothing()
		}},
	{ID: "authRevoke/at-once", Check: "CSC-AREV-002", Ref: refTo(methodAuthRevoke), Level: Must, Needs: web(methodList),
		Says: "the token is dead at once",
		Run: func(ctx context.Context, t *Target) error {
			return t.ended(ctx, "access_token").list.WantStatus(http.StatusUnauthorized)
		}},
	{ID: "authRevoke/keeps-refresh", Check: "CSC-AREV-003", Ref: refTo(methodAuthRevoke), Level: Must, Needs: web(),
		Says: "the refresh token that came with it lives on",
		Run: func(ctx context.Context, t *Target) error {
			_, err := t.ended(ctx, "access_token").refresh.WantOK()
			return err
		}},
	{ID: "authRevoke/refresh", Check: "CSC-AREV-004", Ref: refTo(methodAuthRevoke), Level: Must, Needs: web(),
		Says: "a revoked refresh token is dead",
		Run: func(ctx context.Context, t *Target) error {
			r := t.ended(ctx, "refresh_token")
			return worst(r.revoke.wantNothing(), r.refresh.want(badGrant("")))
		}},
	{ID: "authRevoke/refresh-and-access", Check: "CSC-AREV-005", Ref: refTo(methodAuthRevoke), Level: Must, Needs: web(methodList),
		Says: "and so are the access tokens of the same login",
		Run: func(ctx context.Context, t *Target) error {
			return t.ended(ctx, "refresh_token").list.WantStatus(http.StatusUnauthorized)
		}},
	{ID: "authRevoke/no-hint", Check: "CSC-AREV-006", Ref: refTo(methodAuthRevoke), Level: Must, Needs: []Feature{Client},
		Says: "a token is found without token_type_hint",
		Run: func(ctx context.Context, t *Target) error {
			return endOwn(ctx, t).wantNothing()
		}},
	{ID: "authRevoke/wrong-hint", Check: "CSC-AREV-007", Ref: refTo(methodAuthRevoke), Level: Should, Needs: []Feature{Client},
		Says: "and with the wrong one",
		Run: func(ctx context.Context, t *Target) error {
			return endOwn(ctx, t, with("token_type_hint", "refresh_token")).WantStatus(http.StatusNoContent)
		}},
	{ID: "authRevoke/token-missing", Check: "CSC-AREV-008", Ref: refTo(methodAuthRevoke), Level: Must, Needs: []Feature{Client},
		Says: "a request without a token is refused",
		Run: func(ctx context.Context, t *Target) error {
			return t.ask(ctx, methodAuthRevoke, Object{}).want(missingString("token"))
		}},
	{ID: "authRevoke/token-number", Check: "CSC-AREV-009", Ref: refTo(methodAuthRevoke), Level: Must, Needs: []Feature{Client},
		Says: "a token that is no string is refused",
		Run: func(ctx context.Context, t *Target) error {
			return t.ask(ctx, methodAuthRevoke, Object{"token": 1}).want(missingString("token"))
		}},
	{ID: "authRevoke/hint-unknown", Check: "CSC-AREV-010", Ref: refTo(methodAuthRevoke), Level: Must, Needs: []Feature{Client},
		Says: "a token_type_hint nobody defined is refused",
		Run: func(ctx context.Context, t *Target) error {
			return t.ask(ctx, methodAuthRevoke, Object{"token": rand.Text(), "token_type_hint": "x"}).want(bad("Invalid string parameter token_type_hint"))
		}},
	{ID: "authRevoke/token-unknown", Check: "CSC-AREV-011", Ref: refTo(methodAuthRevoke), Level: Must, Needs: []Feature{Client},
		Says: "a token the server did not make is refused",
		Run: func(ctx context.Context, t *Target) error {
			return t.ask(ctx, methodAuthRevoke, Object{"token": rand.Text()}).want(bad("Invalid string parameter token"))
		}},
	{ID: "authRevoke/malformed-header", Check: "CSC-AREV-012", Ref: refTo(methodAuthRevoke), Level: Must,
		Says: "an Authorization header that is none is refused",
		Run: func(ctx context.Context, t *Target) error {
			return malformed(ctx, t, methodAuthRevoke).want(malformedHeader())
		}},
	{ID: "authRevoke/credential-token", Check: "CSC-AREV-013", Ref: refTo(methodAuthRevoke), Level: Should, Needs: web(methodSignHash),
		Says: "a token of scope credential can be revoked before it is spent, and signs nothing then",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.freshToken(ctx)
			if err != nil {
				return err
			}
			service, err := t.serviceOf(ctx, g)
			if err != nil {
				return err
			}
			if err := t.post(ctx, methodAuthRevoke, service, Object{"token": g.sad}).WantStatus(http.StatusNoContent); err != nil {
				return err
			}
			return t.post(ctx, methodSignHash, g.sad, g.bearer()).WantStatus(http.StatusUnauthorized)
		}},
	{ID: "authRevoke/of-another-client", Check: "CSC-AREV-014", Ref: refTo(methodAuthRevoke), Level: Doubt, Needs: web(OtherClient, methodList),
		Says: "a token of another client is refused and lives on",
		Run: func(ctx context.Context, t *Target) error {
			token, _, err := t.stock.userToken(ctx)
			if err != nil {
				return err
			}
			other, err := t.stock.token(ctx, t.Fixtures.OtherClient)
			if err != nil {
				return err
			}
			if err := t.post(ctx, methodAuthRevoke, other, Object{"token": token.value}).WantStatus(http.StatusBadRequest); err != nil {
				return err
			}
			return t.post(ctx, methodList, token.value, Object{}).WantStatus(http.StatusOK)
		}},
}

// wantNothing is nil if the answer is 204 and has no body.
func (a *Answer) wantNothing() error {
	if err := a.WantStatus(http.StatusNoContent); err != nil {
		return err
	}
	if len(a.Body) > 0 {
		return a.unlike("no body")
	}
	return nil
}

// endOwn has a fresh token of the suite's client revoke itself.
func endOwn(ctx context.Context, t *Target, changes ...change) *Answer {
	token, _, err := t.stock.freshToken(ctx, t.Fixtures.Client)
	if err != nil {
		return &Answer{request: "POST " + methodAuthRevoke, err: err}
	}
	return t.post(ctx, methodAuthRevoke, token, Object{"token": token}.but(changes...))
}

// ended is a revocation of each kind, by the access token of the same login,
// which several cases look at.
func (t *Target) ended(ctx context.Context, which string) revocation {
	return see(ctx, t, "an ended "+which, func() revocation {
		o, err := t.stock.t.renewable(ctx)
		if err != nil {
			none := &Answer{request: "POST " + methodAuthRevoke, err: err}
			return revocation{none, none, none}
		}
		token, _ := o.str(which)
		access, _ := o.str("access_token")
		refresh, _ := o.str("refresh_token")
		return revocation{
			revoke:  t.post(ctx, methodAuthRevoke, access, Object{"token": token, "token_type_hint": which}),
			list:    t.post(ctx, methodList, access, Object{}),
			refresh: t.refresh(ctx, refresh, nil),
		}
	})
}
