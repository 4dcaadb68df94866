package conformance

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// bound is what a case needs that binds tokens to keys.
func bound(more ...Feature) []Feature { return append(more, DPoP, DPoPClient) }

func dpopRef(method, section string) Ref { return Ref{method, "RFC 9449 §" + section} }

// dpopCases are the requirements of RFC 9449 on oauth2/token.
var dpopCases = []Case{
	{ID: "dpop/algorithms", Check: "RFC9449-5.1", Ref: dpopRef(methodToken, "5.1"), Level: Must, Needs: []Feature{DPoP},
		Says: "the metadata name the algorithms of proofs, none of them symmetric and none of them none",
		Run:  proofAlgorithms},
	{ID: "dpop/token", Check: "RFC9449-5", Ref: dpopRef(methodToken, "5"), Level: Must, Needs: bound(),
		Says: "a request with a proof gets a token of token_type DPoP",
		Run:  boundAsked(func(*proof) {}, wantBound)},
	{ID: "dpop/token-unproven", Check: "RFC9449-5.2", Ref: dpopRef(methodToken, "5.2"), Level: Must, Needs: bound(),
		Says: "a client whose tokens must be bound gets none without a proof",
		Run:  boundAsked(func(p *proof) { p.none = true }, wantRefused)},
	{ID: "dpop/htm", Check: "RFC9449-4.3", Ref: dpopRef(methodToken, "4.3"), Level: Must, Needs: bound(),
		Says: "a proof for another HTTP method is refused",
		Run:  proofRefused(func(p *proof) { p.claims = with("htm", http.MethodGet) })},
	{ID: "dpop/htu", Check: "RFC9449-4.3", Ref: dpopRef(methodToken, "4.3"), Level: Must, Needs: bound(),
		Says: "a proof for another path is refused",
		Run:  proofRefused(func(p *proof) { p.claims = func(o Object) { at, _ := o.str("htu"); o["htu"] = at + "/more" } })},
	{ID: "dpop/htu-host", Check: "RFC9449-4.3", Ref: dpopRef(methodToken, "4.3"), Level: Must, Needs: bound(),
		Says: "a proof for another host is refused",
		Run:  proofRefused(func(p *proof) { p.claims = with("htu", "https://other.example/oauth2/token") })},
	{ID: "dpop/jti-missing", Check: "RFC9449-4.3", Ref: dpopRef(methodToken, "4.3"), Level: Must, Needs: bound(),
		Says: "a proof without jti is refused",
		Run:  proofRefused(func(p *proof) { p.claims = without("jti") })},
	{ID: "dpop/iat-missing", Check: "RFC9449-4.3", Ref: dpopRef(methodToken, "4.3"), Level: Must, Needs: bound(),
		Says: "a proof without iat is refused",
		Run:  proofRefused(func(p *proof) { p.claims = without("iat") })},
	{ID: "dpop/old", Check: "RFC9449-11.1", Ref: dpopRef(methodToken, "11.1"), Level: Must, Needs: bound(),
		Says: "a proof made a day ago is refused",
		Run: func(ctx context.Context, t *Target) error {
			then := t.Now().Add(-24 * time.Hour).Unix()
			return proofRefused(func(p *proof) { p.claims = with("iat", then) })(ctx, t)
		}},
	{ID: "dpop/typ", Check: "RFC9449-4.3", Ref: dpopRef(methodToken, "4.3"), Level: Must, Needs: bound(),
		Says: "a JWT of another typ is no proof",
		Run:  proofRefused(func(p *proof) { p.header = with("typ", "JWT") })},
	{ID: "dpop/jwk-missing", Check: "RFC9449-4.3", Ref: dpopRef(methodToken, "4.3"), Level: Must, Needs: bound(),
		Says: "a proof without its key is refused",
		Run:  proofRefused(func(p *proof) { p.header = without("jwk") })},
	{ID: "dpop/jwk-private", Check: "RFC9449-4.3", Ref: dpopRef(methodToken, "4.3"), Level: Must, Needs: bound(),
		Says: "so is one that has the private key in it",
		Run:  proofRefused(withPrivateKey)},
	{ID: "dpop/alg-none", Check: "RFC9449-4.3", Ref: dpopRef(methodToken, "4.3"), Level: Must, Needs: bound(),
		Says: "a proof with alg none is refused",
		Run: proofRefused(func(p *proof) {
			p.header = with("alg", "none")
			p.after = func(text string) string { return text[:strings.LastIndexByte(text, '.')+1] }
		})},
	{ID: "dpop/signature", Check: "RFC9449-4.3", Ref: dpopRef(methodToken, "4.3"), Level: Must, Needs: bound(),
		Says: "a proof signed by another key than it names is refused",
		Run:  proofRefused(func(p *proof) { p.signer = newProofKey().private })},
	{ID: "dpop/two", Check: "RFC9449-4.3", Ref: dpopRef(methodToken, "4.3"), Level: Must, Needs: bound(),
		Says: "two proofs at once are none",
		Run:  proofRefused(func(p *proof) { p.twice = true })},
	{ID: "dpop/replayed", Check: "RFC9449-11.1", Ref: dpopRef(methodToken, "11.1"), Level: Should, Needs: bound(),
		Says: "a proof is good once",
		Run:  proofReplayed},
	{ID: "dpop/nonce", Check: "RFC9449-8", Ref: dpopRef(methodToken, "8"), Level: Optional, Needs: bound(),
		Says: "a server that wants a nonce says so by use_dpop_nonce, and brings one",
		Run: whereNonces(func(p *proof) { p.bare = true }, func(a *Answer) error {
			if err := a.want(refusal{status: []int{400}, code: []string{"use_dpop_nonce"}}); err != nil {
				return err
			}
			if a.Header.Get("DPoP-Nonce") == "" {
				return unmet("%s: use_dpop_nonce, but no header DPoP-Nonce", a.request)
			}
			return nil
		})},
	{ID: "dpop/nonce-made-up", Check: "RFC9449-8", Ref: dpopRef(methodToken, "8"), Level: Must, Needs: bound(),
		Says: "a server that wants a nonce takes none but its own",
		Run: whereNonces(func(p *proof) { p.claims = with("nonce", rand.Text()) }, func(a *Answer) error {
			return a.want(refusal{status: []int{400}, code: []string{"use_dpop_nonce", "invalid_dpop_proof"}})
		})},
	{ID: "dpop/code", Check: "RFC9449-10", Ref: dpopRef(methodToken, "10"), Level: Must, Needs: web(DPoP, DPoPClient),
		Says: "a code bound by dpop_jkt is redeemed with the key, for a token bound to it",
		Run:  boundCode(func(*proof) {}, wantBound)},
	{ID: "dpop/code-of-another-key", Check: "RFC9449-10", Ref: dpopRef(methodToken, "10"), Level: Must, Needs: web(DPoP, DPoPClient),
		Says: "with another key it is refused",
		Run:  boundCode(func(p *proof) { p.key = newProofKey() }, wantRefused)},
	{ID: "dpop/code-unproven", Check: "RFC9449-10", Ref: dpopRef(methodToken, "10"), Level: Must, Needs: web(DPoP, DPoPClient),
		Says: "and so it is without a proof",
		Run:  boundCode(func(p *proof) { p.none = true }, wantRefused)},
	{ID: "dpop/pushed", Check: "RFC9449-10.1", Ref: dpopRef(methodToken, "10.1"), Level: Must, Needs: web(DPoP, DPoPClient),
		Says: "a proof beside a pushed request binds the code of that",
		Run:  boundByPush},
}

func wantRefused(a *Answer) error { return a.want(refused()) }

func wantBound(a *Answer) error {
	o, err := a.WantOK()
	if kind, _ := o.str("token_type"); err == nil && !strings.EqualFold(kind, "DPoP") {
		return a.unlike("token_type DPoP")
	}
	return err
}

func proofAlgorithms(ctx context.Context, t *Target) error {
	m, err := t.announced(ctx)
	if err != nil {
		return err
	}
	all, ok := m.strings("dpop_signing_alg_values_supported")
	if !ok || len(all) == 0 {
		return unmet("dpop_signing_alg_values_supported is %v, not an array of names", m["dpop_signing_alg_values_supported"])
	}
	for _, alg := range all {
		if strings.EqualFold(alg, "none") || strings.HasPrefix(alg, "HS") {
			return unmet("dpop_signing_alg_values_supported has %q", alg)
		}
	}
	return nil
}

// boundAsked asks for a token with a proof by a new key, spoilt, and judges the
// answer. That the server takes proofs, and its nonce, is found out around a
// mutant.
func boundAsked(spoil func(*proof), judge func(*Answer) error) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		if _, err := t.stock.boundToken(ctx); err != nil {
			return err
		}
		p := proof{key: newProofKey()}
		spoil(&p)
		return judge(t.boundCall(ctx, p))
	}
}

func proofRefused(spoil func(*proof)) func(context.Context, *Target) error {
	return boundAsked(spoil, wantNoProof)
}

func wantNoProof(a *Answer) error {
	return a.want(refusal{status: []int{400}, code: []string{"invalid_dpop_proof"}})
}

// whereNonces is boundAsked at a server that wants nonces.
func whereNonces(spoil func(*proof), judge func(*Answer) error) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		bare := see(ctx, t.stock.t, "a proof without a nonce", func() *Answer {
			return t.stock.t.boundCall(ctx, proof{key: newProofKey(), bare: true})
		})
		if bare.Status == http.StatusOK {
			return unclaimed("the server wants no nonce")
		}
		return boundAsked(spoil, judge)(ctx, t)
	}
}

func withPrivateKey(p *proof) {
	scalar, err := p.key.private.Bytes()
	if err != nil {
		panic(err) // it was generated
	}
	p.header = with("jwk", p.key.public().but(with("d", base64.RawURLEncoding.EncodeToString(scalar))))
}

// proofReplayed shows one proof twice.
func proofReplayed(ctx context.Context, t *Target) error {
	endpoint, err := t.oauthURL(ctx, methodToken)
	if err != nil {
		return err
	}
	if _, err := t.stock.boundToken(ctx); err != nil {
		return err
	}
	text, err := t.written(proof{key: newProofKey()}, http.MethodPost, endpoint, "")
	if err != nil {
		return err
	}
	if _, err := t.boundCall(ctx, proof{text: text}).WantOK(); err != nil {
		return err
	}
	return wantNoProof(t.boundCall(ctx, proof{text: text}))
}

// boundCode redeems a code that is bound by dpop_jkt, with a proof by its key,
// spoilt.
func boundCode(spoil func(*proof), judge func(*Answer) error) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		p := proof{key: newProofKey()}
		around := t.stock.t
		v, err := around.visit(wanting("dpop_jkt", p.key.thumbprint()))
		if err != nil {
			return err
		}
		code, err := around.enter(ctx, v).wantCode()
		if err != nil {
			return err
		}
		if _, err := t.stock.boundToken(ctx); err != nil { // which brings the nonce
			return err
		}
		spoil(&p)
		return judge(t.exchangeProven(ctx, v, code, p))
	}
}

// exchangeProven is exchange with a proof.
func (t *Target) exchangeProven(ctx context.Context, v *visit, code string, p proof) *Answer {
	endpoint, err := t.oauthURL(ctx, methodToken)
	if err != nil {
		return &Answer{request: "POST " + methodToken, err: err}
	}
	return nonced(func() *Answer {
		return t.exchange(ctx, v, code, func(_ url.Values, h http.Header) {
			err = t.show(h, p, http.MethodPost, endpoint, "")
		})
	})
}

// boundByPush redeems a code without the proof that its request was pushed
// with.
func boundByPush(ctx context.Context, t *Target) error {
	around := t.stock.t
	v, err := around.visit()
	if err != nil {
		return err
	}
	form := v.query
	a := nonced(func() *Answer {
		return around.clientProof(ctx, methodPush, v.client.ClientKey, form, proof{key: newProofKey()})
	})
	o, err := a.Object()
	if err != nil {
		return err
	}
	uri, _ := o.str("request_uri")
	if uri == "" {
		return a.unlike("a request_uri")
	}
	v.query = url.Values{"client_id": {v.client.ID}, "request_uri": {uri}}
	code, err := around.enter(ctx, v).wantCode()
	if err != nil {
		return err
	}
	return wantRefused(t.exchange(ctx, v, code, nil))
}
