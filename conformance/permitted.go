package conformance

import (
	"context"
	"net/http"
	"slices"
)

// permittedCases are the requirements of the API's methods towards tokens that
// a signer gave, by logging in or by agreeing to hashes.
var permittedCases = []Case{
	{ID: "info/oauth2-locator-of-code", Check: "CSC-INFO-015", Ref: refTo(methodInfo), Level: Must, Needs: web(),
		Says: "where a credential is authorized by OAuth, info says where",
		Run: func(ctx context.Context, t *Target) error {
			a := t.info(ctx)
			o, err := a.WantOK()
			if err == nil && !o.has("oauth2") && !o.has("oauth2Issuer") && !o.has("oauth2Servers") {
				return a.unlike("oauth2 or oauth2Issuer, since a credential has the mode oauth2code")
			}
			return err
		}},
	{ID: "info/rar", Check: "CSC-INFO-042", Ref: refTo(methodInfo), Level: Doubt, Needs: detailed(),
		Says: "a server that says supportsRar takes authorization_details",
		Run:  detailsTaken(nil, nil)},
	{ID: "list/own", Check: "CSC-LIST-001", Ref: refTo(methodList), Level: Must, Needs: web(),
		Says: "a signer's token lists the signer's credentials",
		Run: func(ctx context.Context, t *Target) error {
			token, who, err := t.stock.userToken(ctx)
			if err != nil {
				return err
			}
			a := t.post(ctx, methodList, token.value, Object{})
			o, err := a.WantOK()
			if err != nil {
				return err
			}
			if ids, ok := o.strings("credentialIDs"); !ok || !slices.Contains(ids, who.Credential.ID) {
				return a.unlike("credentialIDs with the signer's credential")
			}
			return nil
		}},
	{ID: "list/user-not-null", Check: "CSC-LIST-002", Ref: refTo(methodList), Level: Must, Needs: web(),
		Says: "a userID beside a signer's token is refused",
		Run: func(ctx context.Context, t *Target) error {
			token, _, err := t.stock.userToken(ctx)
			if err != nil {
				return err
			}
			return t.post(ctx, methodList, token.value, Object{"userID": "x"}).want(bad("userID parameter MUST be null"))
		}},
	{ID: "list/token-to-sign", Check: "CSC-LIST-027", Ref: Ref{methodList, "8.4"}, Level: Doubt, Needs: web(),
		Says: "a token of scope credential does not list",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.spareToken(ctx)
			if err != nil {
				return err
			}
			return t.post(ctx, methodList, g.sad, Object{}).WantStatus(http.StatusUnauthorized, http.StatusForbidden)
		}},
	{ID: "credentialInfo/no-expression", Check: "CSC-CINF-021", Ref: refTo(methodCredentialInfo), Level: Must, Needs: web(),
		Says: "only a credential of mode explicit has auth.expression",
		Run:  authWithout("expression")},
	{ID: "credentialInfo/no-objects", Check: "CSC-CINF-022", Ref: refTo(methodCredentialInfo), Level: Must, Needs: web(),
		Says: "only a credential of mode explicit has auth.objects",
		Run:  authWithout("objects")},
	{ID: "credentialInfo/token-to-sign", Check: "CSC-CINF-031", Ref: Ref{methodCredentialInfo, "8.4"}, Level: Must, Needs: web(),
		Says: "a token of scope credential shows its credential",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.spareToken(ctx)
			if err != nil {
				return err
			}
			_, err = t.post(ctx, methodCredentialInfo, g.sad, Object{"credentialID": g.Credential.ID}).WantOK()
			return err
		}},
	{ID: "credentialInfo/token-to-sign-another", Check: "CSC-CINF-032", Ref: Ref{methodCredentialInfo, "8.4"}, Level: Must, Needs: web(),
		Says: "and no other",
		Run: withAnother(func(ctx context.Context, t *Target, g *grant, other string) *Answer {
			return t.post(ctx, methodCredentialInfo, g.sad, Object{"credentialID": other})
		})},
	{ID: "authorize/of-code", Check: "CSC-AUTH-033", Ref: refTo(methodAuthorize), Level: Must, Needs: web(),
		Says: "a credential that is authorized by OAuth is not authorized here",
		Run: func(ctx context.Context, t *Target) error {
			id := t.Fixtures.holders(roleCode)[0].Credential.ID
			return t.ask(ctx, methodAuthorize, Object{
				"credentialID": id, "numSignatures": 1, "hashes": encode(newDigests(1)...), "hashAlgorithmOID": oidSHA256,
			}).want(refused())
		}},
	{ID: "signHash/token-to-sign", Check: "CSC-HASH-004", Ref: refTo(methodSignHash), Level: Must, Needs: web(),
		Says: "a token of scope credential signs without a SAD",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.freshToken(ctx)
			if err != nil {
				return err
			}
			return t.verified(ctx, g, t.post(ctx, methodSignHash, g.sad, g.bearer()), plainSHA256())
		}},
	{ID: "signHash/token-as-sad", Check: "CSC-HASH-005", Ref: refTo(methodSignHash), Level: Must, Needs: web(),
		Says: "beside a token of scope service it is a SAD",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.freshToken(ctx)
			if err != nil {
				return err
			}
			service, err := t.serviceOf(ctx, g)
			if err != nil {
				return err
			}
			return t.verified(ctx, g, t.post(ctx, methodSignHash, service, g.body()), plainSHA256())
		}},
	{ID: "signHash/token-of-another-credential", Check: "CSC-HASH-012", Ref: Ref{methodSignHash, "8.4"}, Level: Must, Needs: web(),
		Says: "a token of scope credential signs with no other credential",
		Run: withAnother(func(ctx context.Context, t *Target, g *grant, other string) *Answer {
			return t.post(ctx, methodSignHash, g.sad, g.bearer().but(with("credentialID", other)))
		})},
	{ID: "signHash/token-and-sad", Check: "CSC-HASH-067", Ref: refTo(methodSignHash), Level: Doubt, Needs: web(methodAuthorize, Signer),
		Says: "a token of scope credential beside another SAD is refused",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.spareToken(ctx)
			if err != nil {
				return err
			}
			other, err := t.stock.spare(ctx, signerRole(t))
			if err != nil {
				return err
			}
			return t.post(ctx, methodSignHash, g.sad, g.body().but(with("SAD", other.sad))).want(refusal{})
		}},
}

// authWithout looks at auth of a credential of mode oauth2code.
func authWithout(name string) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		a := t.ask(ctx, methodCredentialInfo, everythingOf(t.Fixtures.holders(roleCode)[0].Credential.ID))
		o, err := a.WantOK()
		if err != nil {
			return err
		}
		auth := o.object("auth")
		if mode, _ := auth.str("mode"); mode != "oauth2code" {
			return unprovided("the credential with role code is not of mode oauth2code")
		}
		if auth.has(name) {
			return a.unlike("no auth.%s in mode oauth2code", name)
		}
		return nil
	}
}

// withAnother uses a token of scope credential with another signer's
// credential, which is to be refused.
func withAnother(send func(context.Context, *Target, *grant, string) *Answer) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		g, err := t.stock.spareToken(ctx)
		if err != nil {
			return err
		}
		all := t.Fixtures.holders(roleCode)
		i := slices.IndexFunc(all, func(h holding) bool { return h.Credential.ID != g.Credential.ID })
		if i < 0 {
			return unprovided("the fixtures lack a second credential with role code")
		}
		return send(ctx, t, g, all[i].Credential.ID).want(refusal{})
	}
}

// freshToken is a token of scope credential for one digest, got around a
// mutant.
func (t *Target) freshToken(ctx context.Context) (*grant, error) {
	t.ready()
	return t.stock.t.tokenToSign(ctx, newDigests(1)...)
}

// serviceOf is a token of scope service of the same signer and client.
func (t *Target) serviceOf(ctx context.Context, g *grant) (string, error) {
	v, err := t.stock.t.visitOf(g.holding)
	if err != nil {
		return "", err
	}
	o, _, err := t.stock.t.permitted(ctx, v, t.stock.t.enter(ctx, v))
	token, _ := o.str("access_token")
	return token, err
}
