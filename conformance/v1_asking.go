package conformance

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// What the suite has of a server of v1 before a case begins: authorizations by PIN
// and OTP, and those of signers who agreed on the server's pages.

// old is a right signatures/signHash of v1 for all digests.
func (g *grant) old() Object {
	return Object{
		"credentialID": g.Credential.ID, "SAD": g.sad, "hash": encode(g.digests...), "hashAlgo": oidSHA256, "signAlgo": g.algo,
	}
}

// oldAsking makes a right credentials/authorize of v1.
func (t *Target) oldAsking(ctx context.Context, role string, digests ...[]byte) (*asking, error) {
	h, err := t.stock.pick(role)
	if err != nil {
		return nil, err
	}
	a := &asking{holding: h, role: role, digests: digests}
	a.body = Object{"credentialID": h.Credential.ID, "numSignatures": len(digests), "hash": encode(digests...)}
	o, err := t.stock.describe(ctx, h.Credential.ID)
	if err != nil {
		return nil, err
	}
	if is, _ := o.object("PIN").str("presence"); is == "true" {
		if a.body["PIN"], err = t.value(ctx, a, "PIN"); err != nil {
			return nil, err
		}
	}
	otp := o.object("OTP")
	if is, _ := otp.str("presence"); is == "true" {
		if a.body["OTP"], err = t.oldOTP(ctx, a, otp); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"PIN", "OTP"} {
		if value, _ := a.body.str(name); value != "" {
			t.secrets.keep(value)
		}
	}
	return a, nil
}

// oldOTP is what answers the OTP of a credential.
func (t *Target) oldOTP(ctx context.Context, a *asking, otp Object) (string, error) {
	id, _ := otp.str("ID")
	if kind, _ := otp.str("type"); kind != "online" {
		return t.value(ctx, a, id)
	}
	if len(t.Fixtures.Commands.OTP) == 0 {
		return "", unprovided("the fixtures lack commands.otp")
	}
	asked := Object{"credentialID": a.Credential.ID}
	if err := t.stock.t.ask(ctx, methodSendOTP, asked).WantStatus(http.StatusNoContent, http.StatusOK); err != nil {
		return "", err
	}
	return runCommand(ctx, t.Fixtures.Commands.OTP, a.User.ID, id)
}

// oldInsist is insist for v1: an authorization of one signature, tried again where
// the code in it may have been used before.
func (t *Target) oldInsist(ctx context.Context, role string) (*asking, *Answer, error) {
	for {
		a, err := t.oldAsking(ctx, role, newDigests(1)...)
		if err != nil {
			return nil, nil, err
		}
		doubtful := a.step > 0 && t.stock.codes.doubtful(a.User.ID)
		answer := t.ask(ctx, methodAuthorize, a.body)
		t.stock.codes.spend(a.User.ID, a.step)
		if o, _ := answer.Object(); !doubtful || o["error"] != "invalid_otp" {
			return a, answer, nil
		}
		t.stock.codes.skip(a.User.ID, t.Fixtures.window(), t.Now())
	}
}

// authorizedIn is nil for an answer with a SAD.
func authorizedIn(a *Answer) error {
	o, err := a.WantOK()
	if sad, _ := o.str("SAD"); err == nil && sad == "" {
		return a.unlike("a SAD")
	}
	return err
}

// oldGrant is a fresh authorization of one signature.
func (t *Target) oldGrant(ctx context.Context, role string) (*grant, error) {
	a, answer, err := t.stock.t.oldInsist(ctx, role)
	if err != nil {
		return nil, err
	}
	return t.stock.t.granted(ctx, a, answer)
}

// oldSpare is one for calls that ought to be refused, which cases share.
func (t *Target) oldSpare(ctx context.Context, role string) (*grant, error) {
	s := t.stock
	s.mu.Lock()
	g := s.spares[role]
	s.mu.Unlock()
	if g != nil && t.Now().Before(g.until) {
		return g, nil
	}
	g, err := t.oldGrant(ctx, role)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.spares[role] = g
	s.mu.Unlock()
	return g, nil
}

// oldRefused signs with a good SAD and a body that is not, and wants w.
func oldRefused(w refusal, changes ...change) func(context.Context, *Target) error {
	return oldRefusedOf("", w, changes...)
}

func oldRefusedOf(role string, w refusal, changes ...change) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		if role == "" {
			role := signerRole(t)
			return oldRefusedOf(role, w, changes...)(ctx, t)
		}
		g, err := t.oldSpare(ctx, role)
		if err != nil {
			return err
		}
		return t.ask(ctx, methodSignHash, g.old().but(changes...)).want(w)
	}
}

// wrongFactor answers what the credential asks for wrongly.
func wrongFactor(ctx context.Context, t *Target) error {
	h, err := t.stock.pickToFail(signerRole(t))
	if err != nil {
		return err
	}
	o, err := t.stock.describe(ctx, h.Credential.ID)
	if err != nil {
		return err
	}
	body := Object{"credentialID": h.Credential.ID, "numSignatures": 1, "hash": encode(newDigests(1)...)}
	w := refusal{status: []int{400}}
	for factor, code := range map[string]string{"PIN": "invalid_pin", "OTP": "invalid_otp"} {
		if is, _ := o.object(factor).str("presence"); is == "true" {
			body[factor] = t.wrong(h.User)
			w.code, w.text = append(w.code, code), fmt.Sprintf("The %s is invalid", factor)
		}
	}
	if len(w.code) > 1 {
		w.text = "" // of the one or of the other
	}
	a := t.ask(ctx, methodAuthorize, body)
	t.stock.codes.fail(h.User.ID)
	return a.want(w)
}

// oldVisit makes a request without what v1 does not have.
func (t *Target) oldVisit(h holding, changes ...asks) (*visit, error) {
	v, err := t.visitOf(h, append(changes, notWanting("code_challenge"), notWanting("code_challenge_method"))...)
	if err == nil {
		v.verifier = ""
	}
	return v, err
}

// oldPermitted is what the signer of v gave.
func (t *Target) oldPermitted(ctx context.Context, v *visit, p *page) (Object, *Answer, error) {
	code, err := p.wantCode()
	if err != nil {
		return nil, nil, err
	}
	a := t.exchange(ctx, v, code, func(f url.Values, _ http.Header) { f.Del("code_verifier") })
	o, err := a.WantOK()
	if token, _ := o.str("access_token"); err == nil && token == "" {
		err = a.unlike("an access_token")
	}
	return o, a, err
}

// oldService is a token of scope service that a signer gave.
func (t *Target) oldService(ctx context.Context) (Object, *Answer, error) {
	t.ready()
	h, err := t.stock.pickVisitor()
	if err != nil {
		return nil, nil, err
	}
	return t.oldServiceOf(ctx, h)
}

func (t *Target) oldServiceOf(ctx context.Context, h holding) (Object, *Answer, error) {
	v, err := t.oldVisit(h)
	if err != nil {
		return nil, nil, err
	}
	return t.oldPermitted(ctx, v, t.enter(ctx, v))
}

// A permission is what a signer gave for a credential, and the digests he saw.
type permission struct {
	object  Object
	holding holding
	digests [][]byte
	err     error
}

// oldAgreed is what a signer agreed to on the pages, which several cases look at.
func (t *Target) oldAgreed(ctx context.Context) permission {
	return see(ctx, t, "an agreement of v1", func() permission { return t.oldAgree(ctx) })
}

func (t *Target) oldAgree(ctx context.Context) permission {
	h, err := t.stock.pick(roleCode)
	if err != nil {
		return permission{err: err}
	}
	digests := newDigests(1)
	v, err := t.oldVisit(h, wanting("scope", "credential"), wanting("credentialID", h.Credential.ID), wanting("numSignatures", "1"),
		wanting("hash", strings.Join([]string{base64.RawURLEncoding.EncodeToString(digests[0])}, ",")))
	if err != nil {
		return permission{err: err}
	}
	o, _, err := t.oldPermitted(ctx, v, t.agree(ctx, v))
	return permission{o, h, digests, err}
}

// oldAgreement is an authorization of that kind, and a token of scope service of
// the same application to come with, both got around a mutant.
func (t *Target) oldAgreement(ctx context.Context) (g *grant, token string, err error) {
	t.ready()
	p := t.stock.t.oldAgree(ctx)
	if p.err != nil {
		return nil, "", p.err
	}
	o, _, err := t.stock.t.oldServiceOf(ctx, p.holding)
	if err != nil {
		return nil, "", err
	}
	sad, _ := p.object.str("access_token")
	token, _ = o.str("access_token")
	algo, err := t.stock.algorithm(ctx, p.holding.Credential.ID)
	return &grant{holding: p.holding, role: roleCode, sad: sad, algo: algo, digests: p.digests}, token, err
}
