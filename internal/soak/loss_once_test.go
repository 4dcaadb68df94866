package soak_test

import (
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/browser"
	"github.com/pecete/pecete/internal/soak"
)

// A halt is how far a flow had come when Redis was killed: what its next request
// is, and how that one ends for good.
type halt struct {
	name  string
	next  func(p *process) error
	after ending
}

// An ending is an answer that is no success.
type ending struct {
	status int
	code   csc.Code // "" for a page
}

// Redis is killed while flows stand at each of their steps. Each next request is
// told 503, at both processes, and nothing is granted; and with Redis back, and
// its file with all its records, none of them goes on. What is not in Redis, a
// login's refresh token, is as it was.
func TestRedisKilledInTheMiddle(t *testing.T) {
	w := settle(t, settling{signers: 1, nonces: true})
	var j judge
	v, prover, digest := w.visitor("halted"), w.prover("Prover", "--redirect-uri", home), digestOf("never signed")
	w.account(v, "account of old")
	login := v.seeing(w.two[0], w.two[1])
	halts := slices.Concat(w.halts(v, digest), w.asked(v), w.shown(v, prover))
	j.agree(v.signer, 0, digest)
	w.redis.Kill9()
	for _, p := range w.two {
		for _, h := range slices.Concat(halts, w.fresh(v, prover)) {
			w.ends(h.name+", Redis away", p, h, ending{status: http.StatusServiceUnavailable})
		}
		if _, err := v.refresh(p, login.Refresh); answered(err) {
			t.Errorf("a refresh token, Redis away: %v", err)
		}
	}
	w.redis.Restart()
	for _, p := range w.two {
		p.ready(t)
		for _, h := range halts {
			w.ends(h.name+", Redis back", p, h, h.after)
		}
	}
	if _, err := v.refresh(w.two[0], login.Refresh); err != nil {
		t.Errorf("a refresh token, Redis back: %v", err)
	}
	verdict := j.read(t, w)
	if verdict.excess != 0 {
		t.Errorf("%d signatures that nobody was granted", verdict.excess)
	}
	w.close()
	record(t, soak.Row{
		Group: "loss", Fault: "Redis killed in the middle of authorizations, and started again with its file", Tries: len(halts),
		Saw:  "503 at every step; then 400 or 401, and nothing goes on",
		Lost: "the authorizations under way", Excess: verdict.excess,
	})
}

// ends demands of a request how it ends.
func (w *town) ends(what string, p *process, h halt, want ending) {
	w.t.Helper()
	err := h.next(p)
	var told *client.Error
	if !errors.As(err, &told) || told.Status != want.status || want.code != "" && told.Code != want.code {
		w.t.Errorf("%s, at process %s: %v, want %d %s", what, p.Name, err, want.status, want.code)
	}
}

// halts brings flows to each of their steps.
func (w *town) halts(v *visitor, digest csc.Digest) []halt {
	w.t.Helper()
	ctx, a := w.t.Context(), w.two[0]
	pushed := v.address(v.push(a, v.toSign(digest)))
	asked := browser.New(home, browser.Always(a.api.HTTP))
	login, err := asked.Open(ctx, v.address(v.push(a, v.toSign(digest))))
	fine(w.t, err)
	known := browser.New(home, browser.Always(a.api.HTTP))
	consent, err := known.Open(ctx, v.address(v.push(a, v.toSign(digest))))
	fine(w.t, err)
	consent, err = known.Submit(ctx, consent, url.Values{"email": {v.email}, "password": {v.password}})
	fine(w.t, err)
	if !consent.Fields.Has("code") {
		w.t.Fatalf("the login leads to %s", consent.At.Path)
	}
	code := v.authorize(v.toSign(digest), a)
	service := v.seeing(a)
	credential, err := v.redeem(a, v.authorize(v.toSign(digest), a))
	fine(w.t, err)
	over := ending{http.StatusBadRequest, ""}
	return []halt{
		{"a pushed request", page(ctx, browser.New(home, nil), http.MethodGet, pushed, nil), over},
		{"a login page", page(ctx, asked, http.MethodPost, login.At.String(), url.Values{"email": {v.email}, "password": {v.password}, "token": login.Fields["token"]}), over},
		{"a reload of it", page(ctx, asked, http.MethodGet, login.At.String(), nil), over},
		{"a consent page", page(ctx, known, http.MethodGet, consent.At.String(), nil), over},
		{"an agreement", func(p *process) error {
			form := url.Values{"code": {string(v.codeOf(v.t, time.Now().Unix()/period))}, "decision": {"sign"}}
			for _, name := range []string{"token", "shown", "credential"} {
				form[name] = consent.Fields[name]
			}
			return page(ctx, known, http.MethodPost, consent.At.String(), form)(p)
		}, over},
		{"a code", func(p *process) error { _, err := v.redeem(p, code); return err }, ending{http.StatusBadRequest, csc.InvalidGrant}},
		{"a service token", func(p *process) error {
			_, err := v.api(p, service.Access).List(ctx, csc.ListRequest{})
			return err
		}, ending{http.StatusUnauthorized, csc.InvalidToken}},
		{"a credential token", func(p *process) error {
			_, err := v.api(p, credential.Access).SignHash(ctx, hashes(v.signer, "", digest))
			return err
		}, ending{http.StatusUnauthorized, csc.InvalidToken}},
		{"a revocation", func(p *process) error { return v.revoke(p, service.Access) }, ending{http.StatusBadRequest, csc.InvalidRequest}},
	}
}

// fresh are requests that begin something.
func (w *town) fresh(v *visitor, prover *prover) []halt {
	ctx, held := w.t.Context(), newHolder(w.t)
	return []halt{
		{name: "a push", next: func(p *process) error {
			return v.post(p, "/oauth2/pushed_authorize", v.asking(v.toSee()), nil)
		}},
		{name: "a service token by a secret", next: func(p *process) error {
			return v.post(p, "/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, nil)
		}},
		{name: "one by an assertion", next: func(p *process) error {
			return p.post(ctx, "/oauth2/token", prover.proving(url.Values{"grant_type": {"client_credentials"}}), nil)
		}},
		{name: "one that is bound to a key", next: func(p *process) error {
			return v.post(p, "/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, nil, held.shows(p, "/oauth2/token", ""))
		}},
		{name: "a push of a signed request", next: func(p *process) error {
			return p.post(ctx, pushPath, prover.proving(url.Values{"request": {prover.request(v.asking(v.toSee()))}}), nil)
		}},
		{name: "a push for an account", next: func(p *process) error {
			form := v.asking(v.toSee())
			form.Set("account_token", v.accountToken("account of old"))
			return v.post(p, pushPath, form, nil)
		}},
		{name: "an introspection of what nobody issued", next: func(p *process) error {
			return v.introspect(p, base64.RawURLEncoding.EncodeToString(make([]byte, 32)))
		}},
	}
}

const pushPath = "/oauth2/pushed_authorize"

// asked are introspections of tokens that are active.
func (w *town) asked(v *visitor) []halt {
	w.t.Helper()
	a, held := w.two[0], newHolder(w.t)
	bound, err := v.redeem(a, v.authorize(v.toSee(), a), held.shows(a, "/oauth2/token", ""))
	fine(w.t, err)
	plain := v.seeing(a)
	for _, p := range w.two {
		fine(w.t, errors.Join(v.introspect(p, bound.Access), v.introspect(p, plain.Access), p.lists(w.t.Context(), "", held.shows(p, listPath, bound.Access))))
	}
	none := ending{http.StatusOK, inactive}
	return []halt{
		{"an introspection", func(p *process) error { return v.introspect(p, plain.Access) }, none},
		{"an introspection of a bound token", func(p *process) error { return v.introspect(p, bound.Access) }, none},
		{"a bound token with a new proof", func(p *process) error {
			return p.lists(w.t.Context(), "", held.shows(p, listPath, bound.Access))
		}, ending{http.StatusUnauthorized, csc.InvalidToken}},
	}
}

// shown are things that are good once: each was used, and its twin was not. With
// the store they are known in neither is good any more.
func (w *town) shown(v *visitor, prover *prover) (all []halt) {
	w.t.Helper()
	ctx, a, held := w.t.Context(), w.two[0], newHolder(w.t)
	service := url.Values{"grant_type": {"client_credentials"}}
	for _, one := range []struct {
		name string
		make func() func(p *process) error
		end  ending
	}{
		{"an assertion", func() func(p *process) error {
			form := prover.proving(service)
			return func(p *process) error { return p.post(ctx, "/oauth2/token", form, nil) }
		}, ending{http.StatusUnauthorized, csc.InvalidClient}},
		{"a signed request", func() func(p *process) error {
			object := prover.request(v.asking(v.toSee()))
			return func(p *process) error {
				return p.post(ctx, pushPath, prover.proving(url.Values{"request": {object}}), nil)
			}
		}, ending{http.StatusBadRequest, csc.InvalidRequestObject}},
		{"an account token", func() func(p *process) error {
			form := v.asking(v.toSee())
			form.Set("account_token", v.accountToken("account of old"))
			return func(p *process) error { return v.post(p, pushPath, maps.Clone(form), nil) }
		}, ending{http.StatusBadRequest, csc.InvalidRequest}},
		{"a proof of possession", func() func(p *process) error {
			proof := held.shows(a, "/oauth2/token", "")
			return func(p *process) error { return v.post(p, "/oauth2/token", maps.Clone(service), nil, proof) }
		}, ending{http.StatusBadRequest, csc.InvalidDPoPProof}},
	} {
		used, twin := one.make(), one.make()
		fine(w.t, used(a))
		all = append(all, halt{one.name + " that was used", used, one.end}, halt{one.name + " that was not", twin, one.end})
	}
	return all
}

// page makes one request as a browser, whose answer is an error by its status.
func page(ctx context.Context, b *browser.Browser, method, address string, form url.Values) func(p *process) error {
	return func(p *process) error {
		resp, err := b.By(browser.Always(p.api.HTTP)).Do(ctx, method, address, form)
		if err != nil {
			return err
		}
		if err := resp.Body.Close(); err != nil || resp.StatusCode < http.StatusBadRequest {
			return errors.Join(err, errAlive)
		}
		return &client.Error{Status: resp.StatusCode}
	}
}
