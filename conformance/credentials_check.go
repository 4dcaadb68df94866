package conformance

import (
	"context"
	"crypto/rand"
)

// checkCases are the requirements of credentials/authorizeCheck (v2.0.0.2
// §11.7).
var checkCases = []Case{
	{ID: "check/pending", Check: "CSC-CHK-001", Ref: refTo(methodAuthorizeCheck), Level: Optional, Needs: viaPage(RoleApart),
		Says: "before the signer decides the answer is 202 with a handle",
		Run: func(ctx context.Context, t *Target) error {
			_, handle, err := t.pending(ctx, roleApart)
			if err != nil {
				return err
			}
			_, err = wantPending(t.check(ctx, handle))
			return err
		}},
	{ID: "check/approved", Check: "CSC-CHK-002", Ref: refTo(methodAuthorizeCheck), Level: Optional, Needs: viaPage(RoleApart),
		Says: "after he approved it is 200 with a SAD",
		Run: func(ctx context.Context, t *Target) error {
			_, answer, err := t.approved(ctx, roleApart)
			if err != nil {
				return err
			}
			o, err := answer.WantOK()
			if sad, _ := o.str("SAD"); err == nil && sad == "" {
				return answer.unlike("a SAD")
			}
			return err
		}},
	{ID: "check/approved-signs", Check: "CSC-CHK-002", Ref: refTo(methodAuthorizeCheck), Level: Optional, Needs: append(viaPage(RoleMatch), methodSignHash),
		Says: "the SAD signs what was approved, with the number that the client showed",
		Run: func(ctx context.Context, t *Target) error {
			a, answer, err := t.approved(ctx, roleMatch)
			if err != nil {
				return err
			}
			g, err := t.granted(ctx, a, answer)
			if err != nil {
				return err
			}
			_, err = t.ask(ctx, methodSignHash, g.body()).WantOK()
			return err
		}},
	{ID: "check/declined", Check: "CSC-CHK-003", Ref: refTo(methodAuthorizeCheck), Level: Optional, Needs: viaPage(RoleApart),
		Says: "after he declined it is a refusal",
		Run: func(ctx context.Context, t *Target) error {
			a, handle, err := t.pending(ctx, roleApart)
			if err != nil {
				return err
			}
			if err := t.decide(ctx, a, false); err != nil {
				return err
			}
			return t.check(ctx, handle).want(badProof())
		}},
	{ID: "check/handle-unknown", Check: "CSC-CHK-004", Ref: refTo(methodAuthorizeCheck), Level: Must, Needs: []Feature{Client},
		Says: "a handle that is nobody's is refused",
		Run: func(ctx context.Context, t *Target) error {
			return t.check(ctx, rand.Text()+rand.Text()).want(badHandle())
		}},
	{ID: "check/handle-missing", Check: "CSC-CHK-005", Ref: refTo(methodAuthorizeCheck), Level: Doubt, Needs: []Feature{Client},
		Says: "without a handle the call is refused",
		Run: func(ctx context.Context, t *Target) error {
			return t.ask(ctx, methodAuthorizeCheck, Object{}).want(badHandle())
		}},
	{ID: "check/handle-of-another", Check: "CSC-CHK-006", Ref: refTo(methodAuthorizeCheck), Level: Doubt, Needs: append(viaPage(RoleApart), OtherClient),
		Says: "another client's handle is refused",
		Run: func(ctx context.Context, t *Target) error {
			_, handle, err := t.pending(ctx, roleApart)
			if err != nil {
				return err
			}
			token, err := t.stock.token(ctx, t.Fixtures.OtherClient)
			if err != nil {
				return err
			}
			return t.post(ctx, methodAuthorizeCheck, token, Object{"handle": handle}).want(refused())
		}},
	{ID: "check/once", Check: "CSC-CHK-008", Ref: refTo(methodAuthorizeCheck), Level: Doubt, Needs: viaPage(RoleApart),
		Says: "the SAD is told once, or always the same one",
		Run: func(ctx context.Context, t *Target) error {
			a, first, err := t.approved(ctx, roleApart)
			if err != nil {
				return err
			}
			o, err := first.WantOK()
			if err != nil {
				return err
			}
			again := t.check(ctx, a.handle)
			if twice, err := again.WantOK(); err == nil && twice["SAD"] == o["SAD"] {
				return nil
			}
			return again.want(refused())
		}},
	{ID: "check/handle-goes-on", Check: "CSC-CHK-009", Ref: refTo(methodAuthorizeCheck), Level: Doubt, Needs: viaPage(RoleApart),
		Says: "the handle of a 202 can be asked with again",
		Run: func(ctx context.Context, t *Target) error {
			_, handle, err := t.pending(ctx, roleApart)
			for range 2 {
				if err != nil {
					return err
				}
				handle, err = wantPending(t.check(ctx, handle))
			}
			return err
		}},
	{ID: "check/malformed-header", Check: "CSC-CHK-010", Ref: refTo(methodAuthorizeCheck), Level: Must,
		Says: "an Authorization header that is none is refused",
		Run: func(ctx context.Context, t *Target) error {
			return malformed(ctx, t, methodAuthorizeCheck).want(malformedHeader())
		}},
}

// viaPage is what a case needs whose signer decides on a page.
func viaPage(role Feature) []Feature {
	return []Feature{Client, role, SentLinks, methodCredentialInfo, methodAuthorize}
}

func badHandle() refusal { return bad("Invalid parameter handle") }

func (t *Target) check(ctx context.Context, handle string) *Answer {
	return t.ask(ctx, methodAuthorizeCheck, Object{"handle": handle})
}

// wantPending is the handle of a 202.
func wantPending(a *Answer) (string, error) {
	o, err := a.Object()
	if err != nil {
		return "", err
	}
	handle, _ := o.str("handle")
	if a.Status != 202 || handle == "" {
		return "", a.unlike("202 with a handle")
	}
	return handle, nil
}

// pending is an authorization that waits for its signer.
func (t *Target) pending(ctx context.Context, role string) (*asking, string, error) {
	good := t.stock.t
	a, err := good.asking(ctx, role, newDigests(1)...)
	if err != nil {
		return nil, "", err
	}
	answer := good.authorize(ctx, a)
	if answer.Status == 200 {
		return nil, "", unclaimed("the server waits for the signer and answers 200")
	}
	a.handle, err = wantPending(answer)
	return a, a.handle, err
}

// approved is what the poll is answered with after the signer approved.
func (t *Target) approved(ctx context.Context, role string) (*asking, *Answer, error) {
	a, handle, err := t.pending(ctx, role)
	if err != nil {
		return nil, nil, err
	}
	if err := t.decide(ctx, a, true); err != nil {
		return nil, nil, err
	}
	return a, t.check(ctx, handle), nil
}

// mostDecisions is how often a signer tries to approve: a code in it may have
// been used before.
const mostDecisions = 3

// decide opens the page that the signer was sent a link to, and approves or
// declines there.
func (t *Target) decide(ctx context.Context, a *asking, approve bool) error {
	link, err := runCommand(ctx, t.Fixtures.Commands.Link, a.User.ID)
	if err != nil {
		return err
	}
	t.secrets.keep(link)
	b, err := t.stock.t.browser("http://nobody.invalid/")
	if err != nil {
		return err
	}
	l := t.Fixtures.Login.orUsual()
	p := b.open(ctx, link)
	for range mostDecisions {
		switch {
		case p.err != nil:
			return p.err
		case !p.offers(l.Code, l.Decision+"="+l.Agree, l.Decision+"="+l.Decline):
			return unmet("%s: the page has no form to approve with", p.request)
		}
		if !approve {
			return b.submit(ctx, p, map[string]string{l.Decision: l.Decline}).WantStatus(200)
		}
		in, err := t.approval(ctx, a)
		if err != nil {
			return err
		}
		p = b.submit(ctx, p, in)
		t.stock.codes.spend(a.User.ID, a.step)
		if p.err != nil || !p.offers(l.Code) {
			return p.WantStatus(200)
		}
		t.stock.codes.skip(a.User.ID, t.Fixtures.window(), t.Now())
	}
	return unmet("%s: the page goes on asking", p.request)
}

// approval is what the signer types to approve.
func (t *Target) approval(ctx context.Context, a *asking) (map[string]string, error) {
	code, err := t.value(ctx, a, "")
	t.secrets.keep(code)
	l := t.Fixtures.Login.orUsual()
	in := map[string]string{l.Code: code, l.Decision: l.Agree}
	if a.number != "" {
		in[l.Number] = a.number
	}
	return in, err
}
