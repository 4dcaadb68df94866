package conformance

import (
	"context"
	"regexp"
	"slices"
)

// factorCases are the requirements of credentials/authorize (v2.0.0.2 §11.6) for
// credentials with other authentication objects than one that is answered at
// once.
var factorCases = []Case{
	{ID: "authorize/and-one-missing", Check: "CSC-AUTH-018", Ref: Ref{methodAuthorize, "11.4"}, Level: Must, Needs: viaRole(RoleAnd),
		Says: "of two objects joined by AND one is not enough",
		Run:  oneIsNotEnough(roleAnd)},
	{ID: "authorize/or-one", Check: "CSC-AUTH-019", Ref: Ref{methodAuthorize, "11.4"}, Level: Optional, Needs: viaRole(RoleOr),
		Says: "of two objects joined by OR one is enough",
		Run:  enough(roleOr, operands(" OR "), 0)},
	{ID: "authorize/xor-both", Check: "CSC-AUTH-020", Ref: Ref{methodAuthorize, "11.4"}, Level: Optional, Needs: viaRole(RoleXor),
		Says: "of two objects joined by XOR both are refused",
		Run:  notEnough(roleXor, operands(" XOR "), 0, 1)},
	{ID: "authorize/brackets", Check: "CSC-AUTH-021", Ref: Ref{methodAuthorize, "11.4"}, Level: Optional, Needs: viaRole(RoleBrackets),
		Says: "of (A OR B) AND C, A and C are enough",
		Run:  enough(roleBrackets, bracketed, 0, 2)},
	{ID: "authorize/brackets-missing", Check: "CSC-AUTH-021", Ref: Ref{methodAuthorize, "11.4"}, Level: Optional, Needs: append(viaRole(RoleBrackets), SentCodes),
		Says: "of (A OR B) AND C, A and B are not",
		Run:  notEnough(roleBrackets, bracketed, 0, 1)},
	{ID: "authorize/all-without-expression", Check: "CSC-AUTH-022", Ref: Ref{methodAuthorize, "11.4"}, Level: Must, Needs: viaRole(RoleAll),
		Says: "without an expression all objects are needed",
		Run: func(ctx context.Context, t *Target) error {
			h, err := t.stock.pick(roleAll)
			if err != nil {
				return err
			}
			if o, err := t.stock.describe(ctx, h.Credential.ID); err != nil || o.object("auth")["expression"] != nil {
				return worst(err, unprovided("the credential with role all has an expression"))
			}
			return oneIsNotEnough(roleAll)(ctx, t)
		}},
	{ID: "authorize/oauth2code", Check: "CSC-AUTH-033", Ref: refTo(methodAuthorize), Level: Must, Needs: []Feature{Client, RoleCode},
		Says: "a credential of mode oauth2code is not authorized here",
		Run: func(ctx context.Context, t *Target) error {
			return t.ask(ctx, methodAuthorize, bare(t.Fixtures.holders(roleCode)[0])).want(refused())
		}},
	{ID: "authorize/no-objects", Check: "CSC-AUTH-034", Ref: refTo(methodAuthorize), Level: Optional, Needs: []Feature{Client, RoleSeal},
		Says: "a credential without objects is authorized by the server's own means",
		Run: func(ctx context.Context, t *Target) error {
			return authorizedOrAsked(t.ask(ctx, methodAuthorize, bare(t.Fixtures.holders(roleSeal)[0])))
		}},
	{ID: "seal/list", Check: "CSC-SEAL-001", Ref: Ref{methodList, "8.5.2.2"}, Level: Optional, Needs: []Feature{Client, RoleSeal},
		Says: "a client that acts for itself lists the seals of a user by userID",
		Run: func(ctx context.Context, t *Target) error {
			h := t.Fixtures.holders(roleSeal)[0]
			a := t.ask(ctx, methodList, Object{"userID": h.User.ID})
			ids, err := listed(a)
			if err == nil && !contains(ids, h.Credential.ID) {
				return a.unlike("credentialIDs with the seal's")
			}
			return err
		}},
	{ID: "seal/no-objects", Check: "CSC-SEAL-004", Ref: Ref{methodAuthorize, "8.5.3"}, Level: Optional, Needs: []Feature{Client, RoleSeal, methodCredentialInfo, methodSignHash},
		Says: "a credential without objects signs without a factor",
		Run: func(ctx context.Context, t *Target) error {
			a := &asking{holding: t.Fixtures.holders(roleSeal)[0], role: roleSeal, digests: newDigests(1)}
			g, err := t.granted(ctx, a, t.ask(ctx, methodAuthorize, bare(a.holding).but(with("hashes", encode(a.digests...)))))
			if err != nil {
				return err
			}
			_, err = t.ask(ctx, methodSignHash, g.body()).WantOK()
			return err
		}},
	{ID: "seal/many", Check: "CSC-SEAL-005", Ref: Ref{methodSignHash, "8.5.3"}, Level: Optional, Needs: []Feature{Client, RoleSeal, methodCredentialInfo, methodAuthorize},
		Says: "one SAD is good for as many seals as multisign says, and for no more",
		Run:  manySeals},
	{ID: "authorize/apart", Check: "CSC-AUTH-035", Ref: refTo(methodAuthorize), Level: Optional, Needs: viaRole(RoleApart),
		Says: "where the signer approves apart, the answer is 202 with a handle, or 200 when he has",
		Run: func(ctx context.Context, t *Target) error {
			a, err := t.asking(ctx, roleApart, newDigests(1)...)
			if err != nil {
				return err
			}
			return authorizedOrAsked(t.authorize(ctx, a))
		}},
	{ID: "authorize/apart-unlisted", Check: "CSC-AUTH-036", Ref: Ref{methodAuthorize, "8.3.1.4"}, Level: Must, Needs: viaRole(RoleApart),
		Says: "the object that is approved apart is listed in authData all the same",
		Run: func(ctx context.Context, t *Target) error {
			return t.ask(ctx, methodAuthorize, bare(t.Fixtures.holders(roleApart)[0])).want(refused())
		}},
}

// manySeals authorizes all the seals that may be at once, makes them, and asks
// for one more.
func manySeals(ctx context.Context, t *Target) error {
	h := t.Fixtures.holders(roleSeal)[0]
	o, err := t.stock.describe(ctx, h.Credential.ID)
	if err != nil {
		return err
	}
	most, _ := o.integer("multisign")
	if most < 1 || most > 1000 {
		return unprovided("the multisign of the credential with role seal is not 1 to 1000")
	}
	a := &asking{holding: h, role: roleSeal, digests: newDigests(int(most))}
	g, err := t.granted(ctx, a, t.stock.t.ask(ctx, methodAuthorize, bare(h).but(with("hashes", encode(a.digests...)), with("numSignatures", most))))
	if err != nil {
		return err
	}
	if _, err := signatures(t.ask(ctx, methodSignHash, g.body()), len(a.digests)); err != nil {
		return err
	}
	return t.ask(ctx, methodSignHash, g.body().but(with("hashes", encode(a.digests[0])))).want(refused())
}

// viaRole is what a case needs that answers the objects of a role.
func viaRole(role Feature) []Feature { return []Feature{Client, role, methodCredentialInfo} }

// bare is a request for one signature without any proof.
func bare(h holding) Object {
	return Object{"credentialID": h.Credential.ID, "numSignatures": 1, "hashes": encode(newDigests(1)...), "hashAlgorithmOID": oidSHA256}
}

// authorizedOrAsked is nil for a SAD, and for a handle (§11.6).
func authorizedOrAsked(a *Answer) error {
	o, err := a.Object()
	if err != nil {
		return err
	}
	sad, _ := o.str("SAD")
	handle, _ := o.str("handle")
	if a.Status == 200 && sad != "" || a.Status == 202 && handle != "" {
		return nil
	}
	return a.unlike("200 with a SAD, or 202 with a handle")
}

// parts are the ids in an expression, nil if it is of another form.
type parts func(expression string) []string

func operands(operator string) parts {
	form := regexp.MustCompile(`^([^ ()]+)` + operator + `([^ ()]+)$`)
	return func(expression string) []string { return tail(form.FindStringSubmatch(expression)) }
}

var bracketForm = regexp.MustCompile(`^\(([^ ()]+) OR ([^ ()]+)\) AND ([^ ()]+)$`)

func bracketed(expression string) []string { return tail(bracketForm.FindStringSubmatch(expression)) }

func tail(all []string) []string {
	if len(all) == 0 {
		return nil
	}
	return all[1:]
}

// some makes a request of the role that answers some of its objects, rightly.
func (t *Target) some(ctx context.Context, role string, of parts, which ...int) (*asking, error) {
	h, err := t.stock.pick(role)
	if err != nil {
		return nil, err
	}
	o, err := t.stock.describe(ctx, h.Credential.ID)
	if err != nil {
		return nil, err
	}
	expression, _ := o.object("auth").str("expression")
	ids := of(expression)
	if ids == nil {
		return nil, unprovided("the expression of the credential with role " + role + " is of another form")
	}
	a := &asking{holding: h, role: role, digests: newDigests(1), only: []string{}}
	for _, n := range which {
		a.only = append(a.only, ids[n])
	}
	return t.askingOf(ctx, a, "")
}

// enough wants an authorization for some of the objects.
func enough(role string, of parts, which ...int) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		for {
			a, err := t.some(ctx, role, of, which...)
			if err != nil {
				return err
			}
			doubtful := a.step > 0 && t.stock.codes.doubtful(a.User.ID)
			answer := t.authorize(ctx, a)
			if o, _ := answer.Object(); doubtful && o["error"] == "invalid_authentication_data" {
				t.stock.codes.skip(a.User.ID, t.Fixtures.window(), t.Now())
				continue
			}
			_, err = answer.WantOK()
			return err
		}
	}
}

// notEnough wants the right answers to some of the objects refused.
func notEnough(role string, of parts, which ...int) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		a, err := t.some(ctx, role, of, which...)
		if err != nil {
			return err
		}
		a.failing = true
		return t.authorize(ctx, a).want(refused())
	}
}

// oneIsNotEnough gives the right answer to each object alone.
func oneIsNotEnough(role string) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		h, err := t.stock.pick(role)
		if err != nil {
			return err
		}
		o, err := t.stock.describe(ctx, h.Credential.ID)
		if err != nil {
			return err
		}
		objects, _ := o.object("auth").objects("objects")
		if len(objects) < 2 {
			return unprovided("the credential with role " + role + " has not two objects")
		}
		for _, object := range slices.Clone(objects) {
			id, _ := object.str("id")
			a, err := t.askingOf(ctx, &asking{holding: h, role: role, digests: newDigests(1), only: []string{id}, failing: true}, "")
			if err != nil {
				return err
			}
			if err := t.authorize(ctx, a).want(refused()); err != nil {
				return err
			}
		}
		return nil
	}
}
