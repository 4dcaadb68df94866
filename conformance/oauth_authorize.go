package conformance

import (
	"context"
	"crypto/rand"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// web is what a case needs that sends a signer to the server's pages.
func web(more ...Feature) []Feature { return append(more, Web, RoleCode, Client, methodCredentialInfo) }

// oddState is a state that a careless server garbles.
const oddState = "a b+c&d=e/é?%20\"'<>"

// oauthCases are the requirements of oauth2/authorize (v2.0.0.2 §8.4.2).
var oauthCases = []Case{
	{ID: "oauth/service", Check: "CSC-OAZ-001", Ref: refTo(methodOAuth), Level: Must, Needs: web(),
		Says: "a signer who logs in is sent back by 302, with a code and the state",
		Run: func(ctx context.Context, t *Target) error {
			p := t.entrance(ctx)
			if _, err := p.wantCode(); err != nil {
				return err
			}
			if !p.back.Has("state") {
				return p.told("the state")
			}
			return nil
		}},
	{ID: "oauth/state", Check: "CSC-OAZ-002", Ref: refTo(methodOAuth), Level: Must, Needs: web(),
		Says: "state comes back as it was",
		Run: func(ctx context.Context, t *Target) error {
			p := t.entrance(ctx)
			if err := p.wantBack("the state"); err != nil {
				return err
			}
			if p.back.Get("state") != oddState {
				return unmet("want the state %q, got %q", oddState, p.back.Get("state"))
			}
			return nil
		}},
	{ID: "oauth/no-state", Check: "CSC-OAZ-003", Ref: refTo(methodOAuth), Level: Must, Needs: web(),
		Says: "without a state none comes back",
		Run: func(ctx context.Context, t *Target) error {
			p := t.bareEntrance(ctx).page
			if _, err := p.wantCode(); err != nil {
				return err
			}
			if p.back.Has("state") {
				return p.told("no state")
			}
			return nil
		}},
	{ID: "oauth/default-scope", Check: "CSC-OAZ-004", Ref: refTo(methodOAuth), Level: Must, Needs: web(methodList),
		Says: "without a scope it is service that is asked for",
		Run: func(ctx context.Context, t *Target) error {
			e := t.bareEntrance(ctx)
			if e.visit == nil {
				return e.page.err
			}
			o, _, err := t.permitted(ctx, e.visit, e.page)
			if err != nil {
				return err
			}
			token, _ := o.str("access_token")
			_, err = t.post(ctx, methodList, token, Object{}).WantOK()
			return err
		}},
	{ID: "oauth/response-type-token", Check: "CSC-OAZ-005", Ref: refTo(methodOAuth), Level: Must, Needs: web(),
		Says: "response_type token is refused",
		Run:  askRefused([]string{"unsupported_response_type"}, wanting("response_type", "token"))},
	{ID: "oauth/implicit", Check: "CSC-OAZ-006", Ref: refTo(methodOAuth), Level: Must, Needs: web(),
		Says: "no token is in the way back, whatever response_type asks for",
		Run:  implicit},
	{ID: "oauth/response-type-missing", Check: "CSC-OAZ-007", Ref: refTo(methodOAuth), Level: Must, Needs: web(),
		Says: "a request without response_type is refused",
		Run:  askRefused(invalidRequest, notWanting("response_type"))},
	{ID: "oauth/scope-unknown", Check: "CSC-OAZ-008", Ref: refTo(methodOAuth), Level: Must, Needs: web(),
		Says: "a scope nobody defined is refused",
		Run:  askRefused([]string{"invalid_scope"}, wanting("scope", "foo"))},
	{ID: "oauth/challenge-missing", Check: "CSC-OAZ-009", Ref: refTo(methodOAuth), Level: Must, Needs: web(),
		Says: "a request without code_challenge is refused",
		Run:  askRefused(invalidRequest, notWanting("code_challenge"), notWanting("code_challenge_method"))},
	{ID: "oauth/s256", Check: "CSC-OAZ-010", Ref: refTo(methodOAuth), Level: Should, Needs: web(),
		Says: "code_challenge_method S256 is taken",
		Run: func(ctx context.Context, t *Target) error {
			_, err := t.entrance(ctx).wantCode()
			return err
		}},
	{ID: "oauth/plain", Check: "CSC-OAZ-011", Ref: refTo(methodOAuth), Level: Doubt, Needs: web(),
		Says: "a code_challenge without a method is plain, or refused",
		Run:  askTaken(invalidRequest, notWanting("code_challenge_method"))},
	{ID: "oauth/method-unknown", Check: "CSC-OAZ-012", Ref: refTo(methodOAuth), Level: Doubt, Needs: web(),
		Says: "a code_challenge_method nobody defined is refused",
		Run:  askRefused(invalidRequest, wanting("code_challenge_method", "S999"))},
	{ID: "oauth/redirect-path", Check: "CSC-OAZ-013", Ref: refTo(methodOAuth), Level: Must, Needs: web(),
		Says: "a redirect_uri with more of a path than the registered one leads nowhere",
		Run:  askStranded(func(q url.Values) { q.Set("redirect_uri", q.Get("redirect_uri")+"/more") })},
	{ID: "oauth/redirect-query", Check: "CSC-OAZ-013", Ref: refTo(methodOAuth), Level: Must, Needs: web(),
		Says: "a redirect_uri with a query the registered one has not leads nowhere",
		Run:  askStranded(func(q url.Values) { q.Set("redirect_uri", q.Get("redirect_uri")+"?more=1") })},
	{ID: "oauth/client-unknown", Check: "CSC-OAZ-014", Ref: refTo(methodOAuth), Level: Must, Needs: web(),
		Says: "a client nobody registered gets nobody anywhere",
		Run:  askStranded(wanting("client_id", rand.Text()))},
	{ID: "oauth/redirect-missing", Check: "CSC-OAZ-015", Ref: refTo(methodOAuth), Level: Doubt, Needs: web(),
		Says: "without redirect_uri the way back is the one registered",
		Run:  askRefused([]string{"invalid_scope"}, notWanting("redirect_uri"), wanting("scope", "foo"))},
	{ID: "oauth/declined", Check: "CSC-OAZ-016", Ref: refTo(methodOAuth), Level: Must, Needs: web(),
		Says: "a signer who declines is sent back with access_denied and the state",
		Run: func(ctx context.Context, t *Target) error {
			v, err := t.visitToSign(newDigests(1))
			if err != nil {
				return err
			}
			p := t.decline(ctx, v)
			if err := p.wantTold("access_denied"); err != nil {
				return err
			}
			if p.back.Get("state") != v.query.Get("state") {
				return p.told("the state")
			}
			return nil
		}},
	{ID: "oauth/hashes-missing", Check: "CSC-OAZ-017", Ref: refTo(methodOAuth), Level: Must, Needs: web(),
		Says: "for a credential of SCAL 2 a request without hashes is refused",
		Run:  signRequestRefused(1, invalidRequest, notWanting("hashes"))},
	{ID: "oauth/credential", Check: "CSC-OAZ-018", Ref: refTo(methodOAuth), Level: Must, Needs: web(),
		Says: "a signer who agrees to a hash is sent back with a code",
		Run: func(ctx context.Context, t *Target) error {
			v, err := t.visitToSign(newDigests(1))
			if err != nil {
				return err
			}
			_, err = t.agree(ctx, v).wantCode()
			return err
		}},
	{ID: "oauth/several-hashes", Check: "CSC-OAZ-019", Ref: refTo(methodOAuth), Level: Must, Needs: web(methodSignHash),
		Says: "several hashes may be agreed to, and signed",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.tokenToSign(ctx, newDigests(2)...)
			if err != nil {
				return err
			}
			return t.verified(ctx, g, t.post(ctx, methodSignHash, g.sad, g.bearer()), plainSHA256())
		}},
	{ID: "oauth/hashes-order", Check: "CSC-OAZ-020", Ref: refTo(methodOAuth), Level: Must, Needs: web(methodSignHash),
		Says: "they may be signed in another order",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.tokenToSign(ctx, newDigests(2)...)
			if err != nil {
				return err
			}
			slices.Reverse(g.digests)
			return t.verified(ctx, g, t.post(ctx, methodSignHash, g.sad, g.bearer()), plainSHA256())
		}},
	{ID: "oauth/hash-oid-missing", Check: "CSC-OAZ-021", Ref: refTo(methodOAuth), Level: Must, Needs: web(),
		Says: "hashes without hashAlgorithmOID are refused",
		Run:  signRequestRefused(1, invalidRequest, notWanting("hashAlgorithmOID"))},
	{ID: "oauth/count-missing", Check: "CSC-OAZ-022", Ref: refTo(methodOAuth), Level: Doubt, Needs: web(),
		Says: "scope credential without numSignatures is refused",
		Run:  signRequestRefused(1, invalidRequest, notWanting("numSignatures"))},
	{ID: "oauth/count-above", Check: "CSC-OAZ-023", Ref: refTo(methodOAuth), Level: Must, Needs: web(),
		Says: "more signatures than multisign are refused",
		Run:  askedAbove},
	{ID: "oauth/count-zero", Check: "CSC-OAZ-024", Ref: refTo(methodOAuth), Level: Doubt, Needs: web(),
		Says: "numSignatures 0 is refused",
		Run:  signRequestRefused(1, invalidRequest, wanting("numSignatures", "0"))},
	{ID: "oauth/count-negative", Check: "CSC-OAZ-024", Ref: refTo(methodOAuth), Level: Doubt, Needs: web(),
		Says: "so is a negative numSignatures",
		Run:  signRequestRefused(1, invalidRequest, wanting("numSignatures", "-1"))},
	{ID: "oauth/credential-unknown", Check: "CSC-OAZ-025", Ref: refTo(methodOAuth), Level: Must, Needs: web(),
		Says: "a credentialID that is nobody's is refused",
		Run:  signRequestRefused(1, []string{"invalid_request", "access_denied"}, wanting("credentialID", rand.Text()))},
	{ID: "oauth/credential-foreign", Check: "CSC-OAZ-026", Ref: Ref{methodOAuth, "8.2"}, Level: Must, Needs: web(CodeStranger),
		Says: "a credential of another signer's is refused",
		Run: func(ctx context.Context, t *Target) error {
			return signRequestRefused(1, nil, wanting("credentialID", t.Fixtures.Stranger.CodeCredential))(ctx, t)
		}},
	{ID: "oauth/qualifier-too", Check: "CSC-OAZ-027", Ref: refTo(methodOAuth), Level: Must, Needs: web(),
		Says: "signatureQualifier beside credentialID is refused or ignored",
		Run: func(ctx context.Context, t *Target) error {
			v, err := t.visitToSign(newDigests(1), wanting("signatureQualifier", "eu_eidas_qes"))
			if err != nil {
				return err
			}
			return t.begin(ctx, v).wantTaken(nil)
		}},
	{ID: "oauth/service-with-credential", Check: "CSC-OAZ-029", Ref: refTo(methodOAuth), Level: Must, Needs: web(methodSignHash),
		Says: "the parameters of a credential do not widen scope service",
		Run:  notWidened},
	{ID: "oauth/lang", Check: "CSC-OAZ-041", Ref: refTo(methodOAuth), Level: Should, Needs: web(TwoLanguages),
		Says: "the pages are in the language that lang asks for",
		Run: func(ctx context.Context, t *Target) error {
			for _, lang := range t.Fixtures.Languages[:2] {
				v, err := t.visit(wanting("lang", lang))
				if err != nil {
					return err
				}
				p := t.begin(ctx, v)
				if err := p.wantForm(); err != nil {
					return err
				}
				if got := language(p.Body); got != lang {
					return unmet("%s: want a page in %q, got one in %q", p.request, lang, got)
				}
			}
			return nil
		}},
	{ID: "oauth/long-uri", Check: "CSC-OAZ-045", Ref: refTo(methodOAuth), Level: Doubt, Needs: web(),
		Says: "a request of 2000 characters is taken",
		Run:  askTaken(nil, wanting("clientData", strings.Repeat("a", 1600)))},
	{ID: "oauth/long-state", Check: "CSC-OAZ-046", Ref: refTo(methodOAuth), Level: Doubt, Needs: web(),
		Says: "a state of 255 bytes comes back",
		Run: func(ctx context.Context, t *Target) error {
			state := strings.Repeat("s", 255)
			v, err := t.visit(wanting("state", state), wanting("scope", "foo"))
			if err != nil {
				return err
			}
			p := t.begin(ctx, v)
			if err := p.wantBack("the state"); err != nil {
				return err
			}
			if p.back.Get("state") != state {
				return p.told("the state")
			}
			return nil
		}},
	{ID: "oauth/long-description", Check: "CSC-OAZ-047", Ref: refTo(methodOAuth), Level: Doubt, Needs: web(),
		Says: "a description of 501 characters is refused or cut",
		Run: func(ctx context.Context, t *Target) error {
			v, err := t.visitToSign(newDigests(1), wanting("description", strings.Repeat("d", 501)))
			if err != nil {
				return err
			}
			return t.begin(ctx, v).wantTaken(nil)
		}},
}

var invalidRequest = []string{"invalid_request"}

// An arrival is a visit and where it ended.
type arrival struct {
	visit *visit
	page  *page
}

// entrance is where one good request for scope service ended, which several
// cases look at.
func (t *Target) entrance(ctx context.Context) *page {
	return see(ctx, t, methodOAuth, func() *page { return t.arrive(ctx, wanting("state", oddState)).page })
}

// bareEntrance is that of a request without scope and state.
func (t *Target) bareEntrance(ctx context.Context) arrival {
	return see(ctx, t, "a bare "+methodOAuth, func() arrival { return t.arrive(ctx, notWanting("state"), notWanting("scope")) })
}

func (t *Target) arrive(ctx context.Context, changes ...asks) arrival {
	v, err := t.visit(changes...)
	if err != nil {
		return arrival{nil, &page{Answer: &Answer{err: err}}}
	}
	return arrival{v, t.enter(ctx, v)}
}

// askRefused makes a request for scope service with changes and wants the
// application to be told one of the errors, and the state.
func askRefused(codes []string, changes ...asks) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		v, err := t.visit(changes...)
		if err != nil {
			return err
		}
		return t.begin(ctx, v).wantTold(codes...)
	}
}

// askTaken wants a request to be taken or refused with one of the errors.
func askTaken(codes []string, changes ...asks) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		v, err := t.visit(changes...)
		if err != nil {
			return err
		}
		if p := t.begin(ctx, v); len(codes) == 0 {
			return p.wantForm()
		} else {
			return p.wantTaken(codes)
		}
	}
}

// askStranded wants a request to end on a page that leads nowhere.
func askStranded(changes ...asks) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		v, err := t.visit(changes...)
		if err != nil {
			return err
		}
		return t.begin(ctx, v).wantPage()
	}
}

// signRequestRefused asks for n signatures, with changes. A server may refuse
// before it knows the signer or after that.
func signRequestRefused(n int, codes []string, changes ...asks) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		v, err := t.visitToSign(newDigests(n), changes...)
		if err != nil {
			return err
		}
		return t.enter(ctx, v).wantTold(codes...)
	}
}

func implicit(ctx context.Context, t *Target) error {
	for _, kind := range []string{"token", "id_token", "code token"} {
		v, err := t.visit(wanting("response_type", kind))
		if err != nil {
			return err
		}
		p := t.enter(ctx, v)
		if p.err != nil {
			return p.err
		}
		fragment, _ := url.ParseQuery(p.at.Fragment)
		for _, name := range []string{"access_token", "id_token"} {
			if fragment.Has(name) || p.back.Has(name) {
				return unmet("%s: response_type=%s brings an %s", p.request, kind, name)
			}
		}
	}
	return nil
}

func askedAbove(ctx context.Context, t *Target) error {
	h, err := t.stock.pick(roleCode)
	if err != nil {
		return err
	}
	n, err := t.stock.multisign(ctx, h.Credential.ID)
	if err != nil {
		return err
	}
	return signRequestRefused(int(n)+1, invalidRequest, wanting("numSignatures", strconv.FormatInt(n+1, 10)))(ctx, t)
}

func notWidened(ctx context.Context, t *Target) error {
	v, err := t.visitToSign(newDigests(1), wanting("scope", "service"))
	if err != nil {
		return err
	}
	p := t.enter(ctx, v)
	if p.err == nil && p.back.Has("error") {
		return nil
	}
	g, err := t.grantOf(ctx, v, p)
	if err != nil {
		return err
	}
	return worst(
		t.post(ctx, methodSignHash, g.sad, g.bearer()).want(refusal{}),
		t.post(ctx, methodSignHash, g.sad, g.body()).want(refusal{}),
	)
}

// wantForm is nil if the page asks the signer something.
func (p *page) wantForm() error {
	switch {
	case p.err != nil:
		return p.err
	case p.back != nil:
		return p.told("a page that asks the signer to log in")
	case p.Status != 200 || p.form == nil:
		return unmet("%s: want a page that asks the signer to log in, got status %d", p.request, p.Status)
	}
	return nil
}

// wantTaken is nil if the page asks the signer something or tells the
// application one of the errors.
func (p *page) wantTaken(codes []string) error {
	if p.err == nil && p.back != nil {
		return p.wantTold(codes...)
	}
	return p.wantForm()
}
